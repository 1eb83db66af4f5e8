//! Event types: searches of eventtypes.conf, each a name for the events that it finds.

use std::collections::BTreeMap;

use super::conf::{Origin, Stanza};

/// The event types by name.
pub type Eventtypes = BTreeMap<String, Eventtype>;

/// One event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eventtype {
    /// The search that finds its events; byte `n` of it stands at byte `n` of the origin's range.
    pub search: String,
    /// The file and the range of the search.
    pub origin: Origin,
    /// `tags`: what its events are tagged with.
    pub tags: Vec<String>,
}

/// The event type that `stanza` defines; none where it is disabled, or has no search.
pub(super) fn define(stanza: &Stanza) -> Option<Eventtype> {
    let search = stanza.settings.get("search")?;
    if search.value.value.is_empty() || stanza.is_true("disabled") {
        return None;
    }
    let tags = stanza.value("tags").unwrap_or_default().split([' ', ',', '\t']);
    Some(Eventtype {
        search: search.value.value.clone(),
        origin: search.origin(),
        tags: tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
    })
}

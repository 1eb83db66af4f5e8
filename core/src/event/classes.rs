//! Keeps what the knowledge says of each kind of event, so that it is found out once and not for each event.
//!
//! Whoever writes events chooses their channel and host, and may choose new ones for ever. So the table is bounded: when
//! it is full it is emptied before the next event, and counted. An event whose names are too long to be kept costs the
//! tests of all stanzas, as it would without a table.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
};

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{
    mapping::{Class, Mapping},
    selector::Metadata,
};
use crate::{
    expr::{
        search::Facts,
        terms::{Route, Terms},
    },
    names::Names,
};

/// How many kinds of events are remembered by their names.
const MAX_KINDS: usize = 4096;
/// Kinds whose names are longer, together, are not remembered.
const MAX_NAMES_BYTES: usize = 1024;
/// How many sets of stanzas are remembered with what they say.
const MAX_CLASSES: usize = 256;
/// How many routes are remembered.
const MAX_ROUTES: usize = 1024;

/// What the knowledge says of the kinds of events that were met; one for each engine.
#[derive(Debug)]
pub struct Classes {
    kinds: RefCell<BTreeMap<Box<[u8]>, Kind>>,
    places: RefCell<BTreeMap<Box<[usize]>, usize>>,
    classes: Box<[OnceCell<Class>]>,
    places_of_routes: RefCell<BTreeMap<Route, usize>>,
    routes: Box<[OnceCell<Route>]>,
}

/// What decides what is said of an event.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What decides which stanzas hold.
    pub metadata: Metadata<'a>,
    /// The field `Channel`, where it is sure.
    pub channel: Option<&'a [u8]>,
    /// The event id, where the text names no other one as rules do.
    pub event_id: Option<&'a [u8]>,
    /// Whether the field `EventID` is sure to hold it, and the text to have no other field of this name and none called `EventCode`.
    pub leads: bool,
}

/// Events of the same source, sourcetype and, where it matters, host.
#[derive(Clone, Copy, Debug)]
struct Kind {
    /// The stanza that gives their sourcetype.
    sourcetype_setter: Option<usize>,
    /// Their place in [`Classes::classes`].
    class: usize,
    /// Their place in [`Classes::routes`].
    route: usize,
}

/// What the knowledge says of one event.
#[derive(Clone, Copy, Debug)]
pub struct Known<'e> {
    /// Its sourcetype, given or found out.
    pub sourcetype: Option<&'e [u8]>,
    /// What makes its fields.
    pub class: &'e Class,
    /// What rules say of events like it.
    pub route: &'e Route,
}

impl Default for Classes {
    fn default() -> Self {
        Self {
            kinds: RefCell::default(),
            places: RefCell::default(),
            classes: (0..MAX_CLASSES).map(|_| OnceCell::new()).collect(),
            places_of_routes: RefCell::default(),
            routes: (0..MAX_ROUTES).map(|_| OnceCell::new()).collect(),
        }
    }
}

impl Classes {
    /// Makes room for the next event; whether it was full and had to be emptied. To be called before it, since what is
    /// forgotten must not be in use.
    pub fn make_room(&mut self) -> bool {
        let has_room = self.places.get_mut().len() < MAX_CLASSES
            && self.places_of_routes.get_mut().len() < MAX_ROUTES;
        if !has_room {
            self.forget();
            return true;
        }
        let is_full = self.kinds.get_mut().len() >= MAX_KINDS;
        if is_full {
            self.kinds.get_mut().clear();
        }
        is_full
    }

    /// Forgets everything, for what the knowledge says is to change.
    pub fn forget(&mut self) {
        self.classes.iter_mut().for_each(|class| _ = class.take());
        self.places.get_mut().clear();
        self.routes.iter_mut().for_each(|route| _ = route.take());
        self.places_of_routes.get_mut().clear();
        self.kinds.get_mut().clear();
    }

    /// What `mapping` and `terms` say of an event. Allocates only for an event of a kind that is new.
    #[must_use]
    pub fn find<'e>(
        &'e self,
        mapping: &'e Mapping,
        terms: &Terms,
        asked: &Asked<'e>,
        bump: &'e Bump,
    ) -> Known<'e> {
        let metadata = &asked.metadata;
        let names = names(asked, mapping.has_hosts, bump);
        let known = self.kinds.borrow().get(names).copied();
        let kind = known.unwrap_or_else(|| {
            let kind = self.find_kind(mapping, terms, asked, bump);
            if names.len() <= MAX_NAMES_BYTES {
                self.kinds.borrow_mut().insert(names.into(), kind);
            }
            kind
        });
        let class = self.classes[kind.class].get();
        let route = self.routes[kind.route].get();
        Known {
            sourcetype: set_sourcetype(mapping, kind.sourcetype_setter).or(metadata.sourcetype),
            class: class.expect("a kind names a class that was made"),
            route: route.expect("a kind names a route that was made"),
        }
    }

    fn find_kind(&self, mapping: &Mapping, terms: &Terms, asked: &Asked<'_>, bump: &Bump) -> Kind {
        let metadata = &asked.metadata;
        let sourcetype_setter = match metadata.sourcetype {
            Some(_) => None,
            None => mapping.sourcetype_setter(metadata),
        };
        let sourcetype = set_sourcetype(mapping, sourcetype_setter).or(metadata.sourcetype);
        let metadata = Metadata { sourcetype, ..*metadata };
        let stanzas = BumpVec::from_iter_in(mapping.holding(&metadata), bump);
        let mut places = self.places.borrow_mut();
        let class = places.get(stanzas.as_slice()).copied().unwrap_or_else(|| {
            let place = places.len();
            places.insert(stanzas.as_slice().into(), place);
            place
        });
        let made = self.classes[class].get_or_init(|| mapping.class(&stanzas));
        let route =
            self.place_route(terms.route(&facts(mapping, made, &Asked { metadata, ..*asked })));
        Kind { sourcetype_setter, class, route }
    }

    fn place_route(&self, route: Route) -> usize {
        let mut places = self.places_of_routes.borrow_mut();
        let next = places.len();
        let place = *places.entry(route.clone()).or_insert(next);
        self.routes[place].get_or_init(|| route);
        place
    }
}

/// What is known of the fields of such events: nothing of a field that the knowledge makes, nor of metadata that nobody gives, for
/// then the event may hold a field of that name.
fn facts<'a>(mapping: &Mapping, class: &Class, asked: &Asked<'a>) -> Facts<'a> {
    let Asked { metadata, channel, event_id, leads } = *asked;
    let is_no_label = |field| mapping.labels.label(field).is_none();
    let is_own = |field| is_no_label(field) && class.only_extracts(field);
    let is_kept = |field| is_no_label(field) && class.keeps(field, mapping);
    let finds_none = class.extractions_of_any().is_empty();
    let event_id_field = event_id.filter(|_| leads && is_kept(Names::EVENT_ID));
    let is_event_code = is_no_label(Names::EVENT_CODE)
        && class.renames(Names::EVENT_ID, Names::EVENT_CODE, mapping);
    Facts {
        source: metadata.sources[0].filter(|_| is_own(Names::SOURCE)),
        sourcetype: metadata.sourcetype.filter(|_| is_own(Names::SOURCETYPE)),
        channel: channel.filter(|_| finds_none && is_kept(Names::CHANNEL)),
        event_id: event_id.filter(|_| is_own(Names::RAW)),
        event_id_field,
        event_code: event_id_field.filter(|_| is_event_code),
    }
}

fn set_sourcetype(mapping: &Mapping, setter: Option<usize>) -> Option<&[u8]> {
    mapping.stanzas[setter?].sourcetype.as_deref().map(str::as_bytes)
}

/// What decides which stanzas hold, one name behind the other, each with its length.
fn names<'e>(asked: &Asked<'_>, has_hosts: bool, bump: &'e Bump) -> &'e [u8] {
    let metadata = &asked.metadata;
    let [source, channel_source] = metadata.sources;
    let host = metadata.host.filter(|_| has_hosts);
    let mut names = BumpVec::new_in(bump);
    let id_field = asked.event_id.filter(|_| asked.leads);
    let of_event = [asked.channel, asked.event_id, id_field];
    for name in [source, channel_source, metadata.sourcetype, host].into_iter().chain(of_event) {
        // An absent name is no empty one.
        let length = name.map_or(usize::MAX, <[u8]>::len);
        names.extend_from_slice(&length.to_le_bytes());
        names.extend_from_slice(name.unwrap_or_default());
    }
    names.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{
            mapping::Stanza,
            selector::{Pattern, Selector, Wild},
        },
        knowledge,
        ruleset::{BuildOptions, RuleSetBuilder},
    };

    fn stanza(selector: Selector, sourcetype: Option<&str>) -> Stanza {
        Stanza {
            selector,
            sourcetype: sourcetype.map(Into::into),
            reads_pairs: Some(false),
            extractions: Vec::new(),
            reports: Vec::new(),
            aliases: Vec::new(),
            calculations: Vec::new(),
            lookups: Vec::new(),
        }
    }

    fn literal(name: &str) -> Pattern {
        Pattern::Literal(name.into())
    }

    fn of_source(source: &[u8]) -> Asked<'_> {
        let metadata = Metadata { sources: [Some(source), None], ..Metadata::default() };
        Asked { metadata, channel: None, event_id: None, leads: false }
    }

    #[test]
    fn a_source_gives_a_sourcetype_and_that_a_class() {
        let stanzas = vec![
            stanza(Selector::Source(literal("/var/log/secure")), Some("linux_secure")),
            stanza(Selector::Sourcetype(literal("linux_secure")), None),
        ];
        let mapping = Mapping { stanzas, ..Mapping::default() };
        let (classes, bump) = (Classes::default(), Bump::new());
        for _ in 0..2 {
            let known = classes.find(&mapping, Terms::NONE, &of_source(b"/var/log/secure"), &bump);
            assert_eq!(known.sourcetype, Some(&b"linux_secure"[..]));
            assert!(!known.class.reads_pairs());
            let other = classes.find(&mapping, Terms::NONE, &of_source(b"/var/log/other"), &bump);
            assert_eq!(other.sourcetype, None);
            assert!(other.class.reads_pairs());
        }
        let mut given = of_source(b"/var/log/secure");
        given.metadata.sourcetype = Some(b"mine");
        let known = classes.find(&mapping, Terms::NONE, &given, &bump);
        assert_eq!(known.sourcetype, Some(&b"mine"[..]), "the caller knows better");
        assert_eq!(classes.places.borrow().len(), 3);
    }

    #[test]
    fn channel_and_ids_of_a_windows_event_are_facts() {
        let built = RuleSetBuilder::new(knowledge::Knowledge::builtin(), BuildOptions::default());
        let mapping = built.build().rules.mapping;
        let (classes, bump) = (Classes::default(), Bump::new());
        let source = Some(b"XmlWinEventLog:Security".as_slice());
        let metadata =
            Metadata { sources: [source, source], sourcetype: source, ..Metadata::default() };
        let channel = Some(b"Security".as_slice());
        let asked = Asked { metadata, channel, event_id: Some(b"4688"), leads: true };
        let class = classes.find(&mapping, Terms::NONE, &asked, &bump).class;
        let found = facts(&mapping, class, &asked);
        assert_eq!((found.source, found.sourcetype, found.channel), (source, source, channel));
        let ids = [found.event_id, found.event_id_field, found.event_code];
        assert_eq!(ids, [Some(b"4688".as_slice()); 3]);
        let sysmon = Some(b"XmlWinEventLog:Microsoft-Windows-Sysmon/Operational".as_slice());
        let metadata =
            Metadata { sources: [sysmon, sysmon], sourcetype: sysmon, ..Metadata::default() };
        let sysmon = Asked { metadata, ..asked };
        let class = classes.find(&mapping, Terms::NONE, &sysmon, &bump).class;
        assert_eq!(facts(&mapping, class, &sysmon).event_code, Some(b"4688".as_slice()));
        let found = facts(&mapping, class, &Asked { leads: false, ..asked });
        assert_eq!([found.event_id_field, found.event_code], [None; 2]);
    }

    #[test]
    fn hostile_names_do_not_make_it_grow() {
        let mut classes = Classes::default();
        let mapping = Mapping::default();
        let long = vec![b'x'; 2 * MAX_NAMES_BYTES];
        let mut resets = 0;
        for number in 0..3 * MAX_KINDS {
            resets += usize::from(classes.make_room());
            let bump = Bump::new();
            let _ = classes.find(
                &mapping,
                Terms::NONE,
                &of_source(number.to_string().as_bytes()),
                &bump,
            );
            let _ = classes.find(&mapping, Terms::NONE, &of_source(&long), &bump);
            assert!(classes.kinds.borrow().len() <= MAX_KINDS);
            assert_eq!(classes.places.borrow().len(), 1);
        }
        assert_eq!(resets, 2);
    }

    #[test]
    fn classes_are_forgotten_when_there_are_too_many() {
        let names: Vec<String> = (0..9).map(|bit| format!("source{bit}")).collect();
        let pattern = |bit: usize| {
            let regex = format!("{bit}");
            Pattern::Wild(Wild::compile(&regex).unwrap())
        };
        let stanzas = (0..9).map(|bit| stanza(Selector::Source(pattern(bit)), None)).collect();
        let mapping = Mapping { stanzas, ..Mapping::default() };
        let (mut classes, mut resets) = (Classes::default(), 0);
        for number in 0..1_usize << 9 {
            resets += usize::from(classes.make_room());
            let chosen = names.iter().enumerate().filter(|(bit, _)| number >> bit & 1 == 1);
            let source: String = chosen.map(|(_, name)| name.as_str()).collect();
            let bump = Bump::new();
            let known = classes.find(&mapping, Terms::NONE, &of_source(source.as_bytes()), &bump);
            assert_eq!(known.class.reads_pairs(), number == 0);
        }
        assert_eq!(resets, 1);
    }
}

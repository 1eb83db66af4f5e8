//! Settings of the knowledge whose names are almost those that mean something.
//!
//! Splunk has hundreds of settings that do not matter here (how lines are broken, how times are read), so one that is not
//! known is taken without a word, unless it looks like a slip.

use super::suggest::closest;
use crate::{
    diag::{Code, Diagnostic},
    knowledge::{Knowledge, conf::Setting},
};

/// The settings of props.conf that are a kind and a class.
const KINDS: &[&str] = &["EVAL", "EXTRACT", "FIELDALIAS", "LOOKUP", "REPORT"];
/// Those that Splunk has besides.
const OTHER_KINDS: &[&str] = &["SEDCMD", "TRANSFORMS", "RULESET", "METRICS"];
const PROPS: &[&str] = &["KV_MODE", "sourcetype"];
const TRANSFORMS: &[&str] = &[
    "CLEAN_KEYS",
    "DELIMS",
    "FIELDS",
    "FORMAT",
    "KEEP_EMPTY_VALS",
    "MV_ADD",
    "REGEX",
    "SOURCE_KEY",
    "case_sensitive_match",
    "default_match",
    "filename",
    "match_type",
    "max_matches",
    "min_matches",
];
/// Settings of Splunk's that look like one of the above.
const LOOKALIKES: &[&str] = &[
    "FIELD_NAMES",
    "FIELD_HEADER_REGEX",
    "KV_TRIM_SPACES",
    "fields_list",
    "filter",
    "index_fields_list",
    "max_ext_batch",
    "reverse_lookup_honor_case_sensitive_match",
];

/// The misspelt settings: the file, and a diagnostic that points into it.
pub(super) fn misspelt(knowledge: &Knowledge) -> Vec<(String, Diagnostic)> {
    let of_props = knowledge.prop_settings().filter_map(|(key, setting)| {
        let meant = match key.split_once('-') {
            Some((kind, class)) => {
                slip(kind, KINDS, OTHER_KINDS).map(|kind| format!("{kind}-{class}"))
            }
            None => slip(key, PROPS, LOOKALIKES).map(str::to_owned),
        };
        Some(misspelling(key, &meant?, setting))
    });
    let of_transforms = knowledge.transform_settings().filter_map(|(key, setting)| {
        Some(misspelling(key, slip(key, TRANSFORMS, LOOKALIKES)?, setting))
    });
    of_props.chain(of_transforms).collect()
}

/// The one of `known` that `name` is a slip of.
fn slip(name: &str, known: &[&'static str], lookalikes: &[&str]) -> Option<&'static str> {
    if known.contains(&name) || lookalikes.contains(&name) {
        return None;
    }
    let same = known.iter().find(|other| other.eq_ignore_ascii_case(name)).copied();
    same.or_else(|| closest(name, known.iter().copied()))
}

fn misspelling(key: &str, meant: &str, setting: &Setting) -> (String, Diagnostic) {
    let message = format!("`{key}` is no setting");
    let diagnostic = Diagnostic::warning(Code::UnknownSetting, setting.key, message)
        .label("has no effect")
        .help(format!("write `{meant}`"));
    (setting.file.to_string(), diagnostic)
}

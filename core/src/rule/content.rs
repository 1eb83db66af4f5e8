//! The YAML of Splunk's security_content: one detection a file, its SPL under `search`.
//!
//! What its build adds to each detection belongs to the rule here: the macro `NAME_filter`, which passes every row until the
//! operator defines it otherwise, and the schedule of every detection that names no other.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{RuleSource, Schedule, bad_yaml, no_search, stem};
use crate::{
    diag::{Code, Diagnostic, Span},
    knowledge::macros::{MacroDefinition, Macros},
    yaml::{self, Texts},
};

/// Hourly, over the hour that ended ten minutes ago.
const CRON: &str = "0 * * * *";
const EARLIEST: &str = "-70m@m";
const LATEST: &str = "-10m@m";

/// What the macro `NAME_filter` does until it is defined otherwise.
const PASSES_ALL: &str = "search *";

/// The keys of the file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Keys {
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    search: Option<Spanned<String>>,
    data_source: Texts,
    references: Texts,
    tags: Tags,
}

/// What stands under `tags`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Tags {
    mitre_attack_id: Texts,
}

/// Reads the rule of the file at `path`.
pub(super) fn parse(path: &str, text: &str) -> Result<RuleSource, Diagnostic> {
    let keys: Keys = yaml::read(text).map_err(bad_yaml)?;
    let Some(search) = keys.search else {
        let error = Diagnostic::error(Code::MissingKey, Span::at(0), "the rule has no `search`");
        return Err(error.help("write the SPL under the key `search`"));
    };
    if search.value.trim().is_empty() {
        return Err(no_search(Span::at(yaml::start(text, &search))));
    }
    let title = keys.name.unwrap_or_else(|| stem(path));
    Ok(RuleSource {
        path: path.to_owned(),
        id: keys.id.unwrap_or_else(|| stem(path)),
        description: keys.description.unwrap_or_default(),
        technique_ids: keys.tags.mitre_attack_id.0,
        data_categories: keys.data_source.0,
        references: keys.references.0,
        map: yaml::map(text, &search),
        spl: search.value,
        macros: filters([stem(path), file_name(&title)]),
        schedule: Schedule {
            cron: Some(CRON.to_owned()),
            earliest: Some(EARLIEST.to_owned()),
            latest: Some(LATEST.to_owned()),
        },
        title,
        ..RuleSource::default()
    })
}

/// The macros `NAME_filter` for each of `names`, which mostly are one.
fn filters(names: [String; 2]) -> Macros {
    let passes_all =
        MacroDefinition { definition: PASSES_ALL.to_owned(), ..MacroDefinition::default() };
    names.map(|name| ((format!("{name}_filter"), 0), passes_all.clone())).into()
}

/// The name of the file that the catalog keeps a detection called `title` in, without its extension.
fn file_name(title: &str) -> String {
    title.to_lowercase().replace([' ', '-', '.', '/'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DETECTION: &str = "name: Odd Child - of Word
id: 0a1b
version: 3
type: TTP
description: a test
data_source: [Sysmon EventID 1]
search: '`sysmon` EventCode=1
  | `odd_child___of_word_filter`'
tags:
  analytic_story: [None]
  mitre_attack_id:
  - T1059.001
  risk_score: 2.5
";

    #[test]
    fn a_detection_says_what_a_rule_needs() {
        let rule = parse("detections/endpoint/odd_child.yml", DETECTION).unwrap();
        assert_eq!((rule.id.as_str(), rule.title.as_str()), ("0a1b", "Odd Child - of Word"));
        assert_eq!(rule.spl, "`sysmon` EventCode=1 | `odd_child___of_word_filter`");
        assert_eq!(rule.technique_ids, ["T1059.001"]);
        assert_eq!(rule.data_categories, ["Sysmon EventID 1"]);
        let at = rule.spl.find("EventCode").unwrap();
        assert_eq!(rule.file_span(Span::new(at, at + 9)).text(DETECTION), "EventCode");
    }

    #[test]
    fn a_detection_brings_the_macro_that_filters_it_by_either_name() {
        let rule = parse("a/odd_child.yml", DETECTION).unwrap();
        let names: Vec<_> =
            rule.macros.keys().map(|(name, arity)| (name.as_str(), *arity)).collect();
        assert_eq!(names, [("odd_child___of_word_filter", 0), ("odd_child_filter", 0)]);
    }

    #[test]
    fn the_windows_are_those_of_the_catalogs_own_schedule() {
        let windows = parse("a.yml", DETECTION).unwrap().schedule.windows().unwrap();
        assert_eq!((windows.length_s, windows.offset_s), (3600, 50 * 60));
        assert!(!windows.overlap);
    }

    #[test]
    fn a_detection_without_a_search_is_refused() {
        for (text, message) in [
            ("name: x\nhow_to_implement: y\n", "the rule has no `search`"),
            ("name: x\nsearch: ' '\n", "the rule holds no search"),
        ] {
            let error = parse("a.yml", text).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (Code::MissingKey, message));
        }
    }
}

//! Splunk's `savedsearches.conf`: a rule for each stanza that has a `search`.
//!
//! A stanza that is `disabled` does not run in Splunk, so it is no rule here either; it is counted, so that nobody looks for
//! it in vain. What a stanza says of alerts that go out (mails, summary indexing) is the embedder's business.

use super::{Parsed, RuleSource, Schedule, Skip};
use crate::{
    diag::{Code, Diagnostic, Origin, SourceMap},
    knowledge::conf::{self, Conf, DEFAULT, Setting, Stanza},
};

/// Files of an app that are named `*.conf`, hold settings under `search` or others like it, and hold no rules.
const KNOWLEDGE_FILES: &[&str] = &[
    "app.conf",
    "collections.conf",
    "eventtypes.conf",
    "macros.conf",
    "props.conf",
    "tags.conf",
    "transforms.conf",
];

/// Where Enterprise Security keeps the techniques of a search: JSON.
const ANNOTATIONS: &str = "action.correlationsearch.annotations";

/// Reads the rules of the file at `path`.
pub(super) fn parse(path: &str, text: &str) -> Parsed {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    if KNOWLEDGE_FILES.contains(&name.as_str()) {
        return Parsed { skipped: vec![Skip::Knowledge], ..Parsed::default() };
    }
    let (mut conf, problems) = conf::parse(path, text);
    let mut parsed =
        Parsed { diagnostics: problems.into_iter().map(bad_line).collect(), ..Parsed::default() };
    let defaults = conf.stanzas.remove(DEFAULT).unwrap_or_default();
    for (name, stanza) in with_defaults(conf, &defaults) {
        match stanza.settings.get("search").filter(|search| !search.value.value.is_empty()) {
            None => {}
            Some(_) if stanza.is_true("disabled") => parsed.skipped.push(Skip::Disabled),
            Some(search) => parsed.rules.push(rule(path, &name, &stanza, search)),
        }
    }
    if parsed.rules.is_empty() && parsed.skipped.is_empty() && parsed.diagnostics.is_empty() {
        parsed.skipped.push(Skip::NoSearch);
    }
    parsed
}

/// Every stanza, with the settings of `[default]` that it does not set itself.
fn with_defaults(conf: Conf, defaults: &Stanza) -> impl Iterator<Item = (String, Stanza)> {
    conf.stanzas.into_iter().map(|(name, own)| {
        let mut stanza = defaults.clone();
        stanza.settings.extend(own.settings);
        (name, stanza)
    })
}

fn rule(path: &str, name: &str, stanza: &Stanza, search: &Setting) -> RuleSource {
    let text = |key| stanza.value(key).filter(|text| !text.is_empty()).map(str::to_owned);
    // The value is byte for byte as long as its place.
    let mut map = SourceMap::default();
    map.push(0, search.value.span, Origin::Copy);
    RuleSource {
        path: path.to_owned(),
        stanza: Some(name.to_owned()),
        id: name.to_owned(),
        title: text("action.correlationsearch.label").unwrap_or_else(|| name.to_owned()),
        description: text("description").unwrap_or_default(),
        technique_ids: stanza.value(ANNOTATIONS).map(technique_ids).unwrap_or_default(),
        spl: search.value.value.clone(),
        map,
        schedule: Schedule {
            cron: text("cron_schedule").filter(|_| stanza.is_true("enableSched")),
            earliest: text("dispatch.earliest_time"),
            latest: text("dispatch.latest_time"),
        },
        ..RuleSource::default()
    }
}

/// The techniques in `annotations`: whatever in it looks like the id of one, such as `"T1059.001"`, in the order of the text.
fn technique_ids(annotations: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for text in annotations.split('"').skip(1).step_by(2) {
        if is_technique_id(text) && !ids.iter().any(|id| id == text) {
            ids.push(text.to_owned());
        }
    }
    ids
}

fn is_technique_id(text: &str) -> bool {
    let Some((technique, sub)) =
        text.strip_prefix('T').map(|id| id.split_once('.').unwrap_or((id, "000")))
    else {
        return false;
    };
    let is_number =
        |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(technique, 4) && is_number(sub, 3)
}

/// The reader of `.conf` files says what is wrong with knowledge; here it is a rule file.
fn bad_line(problem: Diagnostic) -> Diagnostic {
    Diagnostic { code: Code::BadConf, ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;

    const SAVED: &str = r#"[default]
dispatch.latest_time = now

[Failed logons]
action.correlationsearch.annotations = {"mitre_attack": ["T1110.001", "T1110"], "cis20": ["CIS 16"]}
action.correlationsearch.label = Many failed logons
description = more than ten
cron_schedule = 5 * * * *
enableSched = 1
dispatch.earliest_time = -65m@m
search = index=auth action=failure \
| stats count by user \
| where count > 10

[Old one]
disabled = true
search = error

[A dashboard's]
display.general.type = statistics
"#;

    #[test]
    fn every_stanza_with_a_search_is_a_rule() {
        let parsed = parse("app/default/savedsearches.conf", SAVED);
        assert_eq!((parsed.rules.len(), parsed.diagnostics.len()), (1, 0));
        assert_eq!(parsed.skipped, [Skip::Disabled]);
        let rule = &parsed.rules[0];
        assert_eq!(rule.identity(), "app/default/savedsearches.conf[Failed logons]");
        assert_eq!(
            (rule.id.as_str(), rule.title.as_str()),
            ("Failed logons", "Many failed logons")
        );
        assert_eq!(rule.description, "more than ten");
        assert_eq!(rule.technique_ids, ["T1110.001", "T1110"]);
        let expected = Schedule {
            cron: Some("5 * * * *".to_owned()),
            earliest: Some("-65m@m".to_owned()),
            latest: Some("now".to_owned()),
        };
        assert_eq!(rule.schedule, expected);
    }

    #[test]
    fn places_behind_a_continued_line_map_to_the_file() {
        let rule = parse("savedsearches.conf", SAVED).rules.remove(0);
        for part in ["index=auth", "| stats count", "count > 10"] {
            let at = rule.spl.find(part).unwrap();
            assert_eq!(rule.file_span(Span::new(at, at + part.len())).text(SAVED), part);
        }
    }

    #[test]
    fn a_search_that_is_not_scheduled_has_no_windows_of_its_own() {
        let text = "[a]\nsearch = error\ncron_schedule = 5 * * * *\n";
        assert_eq!(parse("savedsearches.conf", text).rules[0].schedule, Schedule::default());
    }

    #[test]
    fn files_of_knowledge_and_files_without_searches_are_passed_over() {
        for (path, text, expected) in [
            ("app/default/eventtypes.conf", "[x]\nsearch = error\n", Skip::Knowledge),
            ("app/default/macros.conf", "[x]\ndefinition = error\n", Skip::Knowledge),
            ("savedsearches.conf", "", Skip::NoSearch),
            ("nav.conf", "[x]\nlabel = y\n", Skip::NoSearch),
        ] {
            let parsed = parse(path, text);
            assert_eq!((parsed.rules, parsed.skipped), (Vec::new(), vec![expected]), "{path}");
        }
    }

    #[test]
    fn a_line_that_is_no_setting_is_told_and_the_rest_counts() {
        let parsed = parse("mine.conf", "[a]\nsearch = error\nnonsense\n");
        assert_eq!(parsed.rules.len(), 1);
        assert_eq!(parsed.diagnostics[0].code, Code::BadConf);
    }
}

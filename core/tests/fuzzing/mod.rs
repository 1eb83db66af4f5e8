//! What the fuzz targets do with their bytes. The fuzzer runs it under `fuzz/`, an ordinary test over its old finds.
#![allow(dead_code, reason = "each target is a crate of its own and uses its part")]

use std::sync::Arc;

use caltrop_core::{
    compiled::RuleSet,
    config::{Input, Mode, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
    spl,
};

/// SPL parses without a panic, and what it is printed as means the same.
pub(crate) fn spl(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (pipeline, diagnostics) = spl::parse(text);
    if diagnostics.is_empty() {
        let printed = spl::print(&pipeline);
        let (again, diagnostics) = spl::parse(&printed);
        assert!(diagnostics.is_empty(), "{text:?} prints as {printed:?}");
        assert_eq!(spl::print(&again), printed, "{text:?}");
    }
}

/// Rule files are read without a panic, and what they hold is compiled or refused.
pub(crate) fn rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut builder = RuleSetBuilder::new(Knowledge::default(), BuildOptions::default());
    builder.add_file("a.yml", text);
    builder.add_file("b.spl", text);
    let built = builder.build();
    for report in &built.reports {
        assert!(!report.is_refused() || !report.diagnostics.is_empty(), "{}", report.path);
    }
}

/// The files of an app are read without a panic. Zeros separate them.
pub(crate) fn knowledge(data: &[u8]) {
    const NAMES: [&str; 5] =
        ["props.conf", "transforms.conf", "macros.conf", "eventtypes.conf", "tags.conf"];
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files: Vec<(&str, &str)> = NAMES.into_iter().zip(text.split('\0')).collect();
    let mut knowledge = Knowledge::default();
    let problems = knowledge.overlay(&files);
    for (path, diagnostic) in &problems {
        let file = files.iter().find(|(name, _)| name == path).expect("it names a file of the app");
        assert!(diagnostic.primary.span.end <= file.1.len(), "{diagnostic:?} is outside of {path}");
    }
    let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
    builder.add_spl("rule", "`m` eventtype=* tag=* | table *");
    let set = Arc::new(builder.build().rules);
    push(&set, Input::Auto, b"a=b type=c user=d\n", &[]);
}

/// Events of any form: the alerts are the same with the scan and without.
pub(crate) fn event_auto(data: &[u8]) {
    event(Input::Auto, b"", data);
}

pub(crate) fn event_xml(data: &[u8]) {
    event(Input::Xml, b"", data);
}

pub(crate) fn event_text(data: &[u8]) {
    event(Input::Text, b"", data);
}

pub(crate) fn event_json(data: &[u8]) {
    event(Input::Json, b"", data);
}

pub(crate) fn event_kv(data: &[u8]) {
    event(Input::Kv, b"", data);
}

pub(crate) fn event_syslog(data: &[u8]) {
    event(Input::Syslog, b"", data);
}

pub(crate) fn event_audit(data: &[u8]) {
    event(Input::Auto, b"type=EXECVE msg=audit(1364481363.243:24287): ", data);
}

pub(crate) fn rows(data: &[u8]) {
    event(Input::Rows, b"", data);
}

/// One rule on one event, under some knowledge.
pub(crate) fn prefilter(rule: &str, raw: &[u8], props: &str) {
    let mut knowledge = Knowledge::builtin();
    knowledge.overlay(&[("local/props.conf", props)]);
    let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
    builder.add_spl("rule", rule);
    let set = Arc::new(builder.build().rules);
    assert_eq!(
        alerts(&set, Input::Auto, true, &[raw]),
        alerts(&set, Input::Auto, false, &[raw]),
        "{rule}\n{}",
        raw.escape_ascii()
    );
}

/// Rules that look at everything: raw text, every field, derived fields, groups by what the event says.
const CURIOUS: &[&str] = &[
    "evil",
    "TERM(evil) OR \"EventCode=1\" | bin span=1s | stats count values(*) AS * BY _time, host",
    "* | regex process_name=\"(?i)evil$\" | table *",
    "process=*evil* OR Image=*\\\\evil.exe OR a.b=evil OR user=evil",
    "* | where match(_raw, \"(a|b)*c\") AND isnotnull(process) | stats dc(host) BY sourcetype",
];

fn event(input: Input, before: &[u8], data: &[u8]) {
    thread_local! {
        static RULES: Arc<RuleSet> = {
            let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
            for (index, search) in CURIOUS.iter().enumerate() {
                builder.add_spl(&index.to_string(), search);
            }
            Arc::new(builder.build().rules)
        };
    }
    let raw = [before, data].concat();
    RULES.with(|rules| push(rules, input, &raw, b"evil"));
}

/// The event, and the same with a word that the rules look for behind it: the scan must change nothing.
fn push(rules: &Arc<RuleSet>, input: Input, raw: &[u8], word: &[u8]) {
    let with_word = [raw, word].concat();
    let events = [raw, &with_word];
    let with = alerts(rules, input, true, &events);
    let without = alerts(rules, input, false, &events);
    assert_eq!(with, without, "{}", raw.escape_ascii());
}

fn alerts(rules: &Arc<RuleSet>, input: Input, prefilter: bool, events: &[&[u8]]) -> Vec<String> {
    let options = Options {
        input,
        prefilter,
        mode: Mode::Stream,
        window: Window::Rule,
        lateness_ns: SECOND_NS,
        ..Options::default()
    };
    let mut engine = Engine::new(Arc::clone(rules), options);
    let mut alerts = Vec::new();
    let mut keep = |alert: &caltrop_core::alert::Alert<'_>| {
        let mut text = Vec::new();
        alert.write_json(&mut text).expect("a Vec takes everything");
        alerts.push(String::from_utf8(text).expect("JSON is UTF-8"));
    };
    for (raw, offset) in events.iter().zip(0..) {
        engine.push(raw, &Head { offset, ..Head::default() }, &mut keep);
    }
    engine.finish(&mut keep);
    alerts
}

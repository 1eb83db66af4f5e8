//! What the fuzz targets do with their bytes. The fuzzer runs it under `fuzz/`, an ordinary test over its old finds.
#![allow(dead_code, reason = "each target is a crate of its own and uses its part")]

use std::sync::Arc;

use caltrop_core::{
    codec::VERSION,
    compiled::{FILE_VERSION, RuleSet, checksum},
    config::{Input, Mode, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
    spl,
};
use sha2::{Digest, Sha256};

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

/// What an enemy saved: it is refused, or taken up by an engine that goes on and can be saved in turn. The first byte chooses
/// the options; the head before the rest is right.
pub(crate) fn state(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let mode = if choice & 1 == 0 { Mode::Stream } else { Mode::Batch };
    let window = if choice & 2 == 0 { Window::Rule } else { Window::All };
    let options = Options { mode, window, lateness_ns: SECOND_NS, ..Options::default() };
    CURIOUS_RULES.with(|rules| {
        let load = |bytes: &[u8]| Engine::load(Arc::clone(rules), options.clone(), bytes);
        let Ok((mut engine, _)) = load(&with_head(body)) else { return };
        for second in 0..3 {
            let raw = b"<Event><System><Computer>a</Computer></System></Event>evil";
            engine.push(raw, Head { offset: 9, ..Head::default() }, &mut |_| {});
            engine.advance(second * 60 * SECOND_NS, second * 60 * SECOND_NS, &mut |_| {});
        }
        let saved = engine.save();
        let (again, restored) = load(&saved).expect("it was saved just now");
        assert_eq!(restored.left_out, []);
        assert!(again.save() == saved, "what was taken up is not what was saved");
        engine.swap(Arc::clone(rules), &mut |_| {});
        engine.finish(&mut |_| {});
        assert_eq!(engine.counters().state_bytes, 0);
    });
}

/// What [`state`] takes, from an engine that has seen some events.
pub(crate) fn saved_state() -> Vec<u8> {
    let options = Options { mode: Mode::Stream, window: Window::Rule, ..Options::default() };
    let mut engine = CURIOUS_RULES.with(|rules| Engine::new(Arc::clone(rules), options));
    // The second closes windows of the first, the third revises one.
    for (second, offset) in [(1, 0), (40, 1), (29, 2)] {
        let raw = format!(
            "{{\"@timestamp\":\"2026-03-02T09:30:{second:02}Z\",\"host\":\"a\",\"user\":\"evil\"}}"
        );
        engine.push(raw.as_bytes(), Head { offset, ..Head::default() }, &mut |_| {});
    }
    let counters = engine.counters();
    assert!(counters.late > 0 && counters.state_bytes > 0, "{counters:?}");
    let saved = engine.save();
    [&[0], &saved[with_head(b"").len()..]].concat()
}

/// A saved state of that body, with the head that it must have.
pub(crate) fn with_head(body: &[u8]) -> Vec<u8> {
    let sum = Sha256::digest(body);
    [b"caltrop state\n", &VERSION.to_le_bytes()[..], &sum[..16], body].concat()
}

/// What an enemy compiled: it is refused, or runs, and is written again as it was. The head before it is right.
pub(crate) fn compiled(body: &[u8]) {
    let Ok(rules) = RuleSet::from_bytes(&with_file_head(body), None) else { return };
    let written = rules.to_bytes();
    let again = RuleSet::from_bytes(&written, None).expect("it was written just now");
    assert!(again.to_bytes() == written, "what was loaded is written otherwise");
    let rules = Arc::new(rules);
    let events: [&[u8]; 2] = [b"{\"user\":\"evil\",\"host\":\"a\",\"a\":1}", b"evil a=1 b=x"];
    alerts(&rules, Input::Auto, true, &events);
    alerts(&rules, Input::Auto, false, &events);
}

/// What [`compiled`] takes, of rules that have something of everything.
pub(crate) fn compiled_rules() -> Vec<u8> {
    const SEARCHES: &[&str] = &[
        "evil | bin span=1s | stats count values(*) AS * p95(a) BY _time, host | where count>0",
        "evil user=e* | eval b=if(a=1, replace(user, \"e\", \"f\"), lower(user)) | regex b=\"(?i)f\" | table b, *",
        "evil | foreach * [eval x='<<FIELD>>'] | sort - a | dedup host | top user | transaction host maxspan=5m",
        "evil | streamstats window=2 count | timechart span=1m count BY host | rename a* AS b* | mvexpand user",
        "evil | lookup t user OUTPUT what | inputlookup append=t t where what=1 | head 3",
    ];
    let mut knowledge = Knowledge::default();
    let files = [
        ("lookups/t.csv", "user,what\nevil,1\n"),
        ("transforms.conf", "[t]\nfilename = t.csv\nmatch_type = WILDCARD(user)\n"),
        ("props.conf", "[source::x*]\nEXTRACT-a = a=(?<c>\\d)\nEVAL-d = lower(a)\n"),
        ("eventtypes.conf", "[bad]\nsearch = evil\n"),
    ];
    assert_eq!(knowledge.overlay(&files), []);
    let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
    for (index, search) in SEARCHES.iter().enumerate() {
        builder.add_spl(&index.to_string(), search);
    }
    let built = builder.build();
    assert_eq!(built.rules.len(), SEARCHES.len(), "{:?}", built.reports);
    built.rules.to_bytes().split_off(FILE_HEAD_BYTES)
}

/// The magic, the version and the checksum of a compiled file.
const FILE_HEAD_BYTES: usize = 14 + 4 + 8;

fn with_file_head(body: &[u8]) -> Vec<u8> {
    let (version, sum) = (FILE_VERSION.to_le_bytes(), checksum(body).to_le_bytes());
    [b"caltrop rules\n", &version[..], &sum, body].concat()
}

/// One rule on one event, under the files of an app alone: with what caltrop knows of itself, which the property test has,
/// a thousandth as many pairs would be tried.
pub(crate) fn prefilter(rule: &str, raw: &[u8], app: &[(&str, &str)]) {
    let mut knowledge = Knowledge::default();
    knowledge.overlay(app);
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
    "* | stats count list(_raw) avg(EventCode) mode(user) p95(a) BY host | stats sum(count) BY host",
    "* | head 3 | table *",
];

thread_local! {
    static CURIOUS_RULES: Arc<RuleSet> = {
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        for (index, search) in CURIOUS.iter().enumerate() {
            builder.add_spl(&index.to_string(), search);
        }
        Arc::new(builder.build().rules)
    };
}

fn event(input: Input, before: &[u8], data: &[u8]) {
    let raw = [before, data].concat();
    CURIOUS_RULES.with(|rules| push(rules, input, &raw, b"evil"));
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
        engine.push(raw, Head { offset, ..Head::default() }, &mut keep);
    }
    engine.finish(&mut keep);
    alerts
}

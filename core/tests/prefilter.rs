//! The law of the scan: **no false negatives**. Whatever the rule and whatever the event, the alerts are the same with the
//! scan and without it.

mod common;
#[path = "prefilter/events.rs"]
mod events;
#[path = "prefilter/json.rs"]
mod json;
#[path = "prefilter/law.rs"]
mod law;
#[path = "prefilter/rules.rs"]
mod rules;
#[path = "prefilter/words.rs"]
mod words;

use std::sync::Arc;

use caltrop_core::{
    config::Options,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{run, stream, without_prefilter};

#[test]
fn the_scan_changes_no_alert() {
    let apps = [
        [
            ("local/props.conf", events::KNOWLEDGE),
            ("local/transforms.conf", events::TRANSFORMS),
            ("lookups/kinds.csv", events::KINDS),
        ]
        .as_slice(),
        events::NAMES_FROM_EVENTS,
    ];
    law::holds_for(events::event, &apps);
}

/// What is certain of a kind of events is what no event of it can contradict.
#[test]
fn what_an_event_says_of_other_kinds_misleads_nobody() {
    let misleading = events::misleading();
    for app in [&[], events::NAMES_FROM_EVENTS, events::CUT_IDS] {
        let mut knowledge = Knowledge::builtin();
        assert_eq!(knowledge.overlay(app), []);
        let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
        for (index, rule) in rules::OF_KIND.iter().enumerate() {
            builder.add_spl(&format!("{index:02}"), rule);
            builder
                .add_spl(&format!("{index:02} again"), &format!("{rule} | where isnotnull(host)"));
        }
        let rules = Arc::new(builder.build().rules);
        assert_eq!(rules.len(), 2 * rules::OF_KIND.len());
        let options = Options::default();
        let mut candidates = 0;
        for event in &misleading {
            let with = run(&rules, &options, [event.as_bytes()]);
            let without = run(&rules, &without_prefilter(&options), [event.as_bytes()]);
            assert_eq!(with.alerts, without.alerts, "{event}");
            candidates += with.counters.candidates;
        }
        let pairs = (rules.len() * misleading.len()) as u64;
        assert!(candidates * 4 < pairs * 3, "{candidates} candidates of {pairs}");
    }
}

/// An event that the scan lets go is not even dated, so without the scan it must not make others late.
#[test]
fn a_stream_that_waits_for_nothing_hears_only_what_a_rule_takes() {
    let rules = common::searches(&["TERM(evil) | bin span=1s | stats count by _time, host"]);
    let event = |second: u32, word: &str| {
        format!(
            "<Event><System><TimeCreated SystemTime='2026-03-02T09:30:{second:02}Z'/><Computer>h</Computer>\
             </System><EventData><Data Name='a'>{word}</Data></EventData></Event>"
        )
    };
    let events = [event(30, "good"), event(10, "evil"), event(40, "good"), event(20, "evil")];
    let options = stream(1);
    let with = run(&rules, &options, events.iter().map(String::as_bytes));
    let without = run(&rules, &without_prefilter(&options), events.iter().map(String::as_bytes));
    assert_eq!(with.alerts, without.alerts);
    // The window of second 10 was open when second 40 was heard, so second 20 is late.
    assert_eq!((with.alerts.len(), with.counters.late_dropped), (1, 1));
    assert_eq!(without.counters.late_dropped, 1);
}

/// The whole is too large to compile, so that the quoted part runs, and is what must be looked for.
#[test]
fn a_pattern_with_text_outside_its_quotes_is_scanned_for_as_it_runs() {
    let rules = common::searches(&["* | regex Image=\"evil\"zzzz(.{1000}){1000}"]);
    let raw = b"<Event><EventData><Data Name='Image'>evil</Data></EventData></Event>".as_slice();
    let options = Options::default();
    for options in [without_prefilter(&options), options] {
        assert_eq!(run(&rules, &options, [raw]).alerts.len(), 1, "{}", options.prefilter);
    }
}

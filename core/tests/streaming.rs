//! Streaming time: windows, lateness, silence, late rows and their revisions, against an oracle.
//!
//! The oracle is as plain as can be: it keeps every event, looks at all of them each time, and shares no code with the
//! engine. Thousands of small streams are made from seeds; what the engine sends must be what the oracle sends, alert by
//! alert and in the same order. `CALTROP_STREAMS=100000` runs more of them.

mod common;
#[path = "streaming/oracle.rs"]
mod oracle;
#[path = "streaming/streams.rs"]
mod streams;

use std::{collections::BTreeMap, sync::Arc};

use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Input, Mode, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
};
use common::Random;
use oracle::{Oracle, Row, Rule, Settings, Step};
use streams::{options, settings, steps};

const STREAMS: u64 = 500;

/// Each rule as SPL, and as the oracle knows it.
fn rules() -> Vec<(&'static str, Rule)> {
    let rule = |span_s, by: &'static [&'static str], least, most, totals| Rule {
        span_s,
        by,
        least,
        most,
        totals,
    };
    let any = usize::MAX;
    vec![
        (
            "take=1 | bin span=2s | stats count by _time, host",
            rule(Some(2), &["host"], 1, any, false),
        ),
        (
            "take=1 | bin span=3s | stats count by _time, host, user | where count>=2",
            rule(Some(3), &["host", "user"], 2, any, false),
        ),
        (
            "take=1 | bin span=2s | stats count by _time, user | where count<2",
            rule(Some(2), &["user"], 1, 1, false),
        ),
        (
            "take=1 | stats count by host, user | where count<2",
            rule(None, &["host", "user"], 1, 1, false),
        ),
        ("take=1 | stats count by user", rule(None, &["user"], 1, any, false)),
        (
            "take=1 | stats count by host, user | where count>=2 | stats sum(count) as count by host",
            rule(None, &["host", "user"], 2, any, true),
        ),
    ]
}

/// What the engine makes of a stream: each alert with the number of the step that caused it.
fn engine_rows(rules: &Arc<RuleSet>, options: &Options, steps: &[Step]) -> (Vec<Row>, Counters) {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut rows = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let mut sink = |alert: &caltrop_core::alert::Alert<'_>| rows.push(row(number, alert));
        match step {
            Step::Advance { wall_s, mono_s } => {
                engine.advance(wall_s * SECOND_NS, mono_s * SECOND_NS, &mut sink);
            }
            Step::Event(event) => {
                let text = streams::text(event);
                let head = Head { offset: event.offset, ..Head::default() };
                engine.push(text.as_bytes(), &head, &mut sink);
            }
        }
    }
    engine.finish(&mut |alert| rows.push(row(steps.len(), alert)));
    (rows, *engine.counters())
}

fn row(step: usize, alert: &caltrop_core::alert::Alert<'_>) -> Row {
    let mut text = Vec::new();
    alert.write_json(&mut text).expect("a Vec takes everything");
    let json: serde_json::Value = serde_json::from_slice(&text).expect("an alert is JSON");
    let columns = json["row"].as_object().expect("a row").iter();
    let columns: BTreeMap<String, String> = columns
        .map(|(name, value)| (name.clone(), value.to_string().trim_matches('"').to_owned()))
        .collect();
    let seconds = |name: &str| json["window"][name].as_i64().expect("a window of whole seconds");
    Row {
        step,
        rule: alert.rule_id.index(),
        start_s: seconds("start"),
        end_s: seconds("end"),
        columns,
        revision: alert.revision,
        is_late: alert.late,
        is_retracted: alert.retracted,
    }
}

#[test]
fn the_engine_agrees_with_the_oracle() {
    let streams = std::env::var("CALTROP_STREAMS").ok();
    let streams = streams.map_or(STREAMS, |text| text.parse().expect("a number"));
    let all = rules();
    let (mut late, mut retracted, mut dropped, mut alerts) = (0, 0, 0, 0);
    for seed in 0..streams {
        let random = &mut Random(seed);
        let some: Vec<_> = all.iter().filter(|_| random.once_in(2)).collect();
        let searches: Vec<&str> = some.iter().map(|(spl, _)| *spl).collect();
        let rules = common::searches(&searches);
        let known: Vec<Rule> = some.iter().map(|(_, rule)| *rule).collect();
        let mut settings = settings(random);
        settings.always_listens = known.iter().any(|rule| !rule.by.contains(&"host"));
        let steps = steps(random, &settings);
        let (found, counters) = engine_rows(&rules, &options(&settings), &steps);
        let mut oracle = Oracle::new(known, settings);
        let expected = oracle.run(&steps);
        if found != expected {
            accuse(seed, &searches, &settings, &steps, &found, &expected);
        }
        assert_eq!(
            (counters.late, counters.late_dropped),
            (oracle.late, oracle.late_dropped),
            "seed {seed}"
        );
        late += counters.late;
        retracted += counters.retracted;
        dropped += counters.late_dropped;
        alerts += counters.alerts;
    }
    common::say(&format!("{alerts} alerts, {late} late, {retracted} retracted, {dropped} dropped"));
    assert!(late > streams / 2 && dropped > streams / 2 && retracted > streams / 100);
}

/// Fails, with the stream up to the first difference.
fn accuse(
    seed: u64,
    searches: &[&str],
    settings: &Settings,
    steps: &[Step],
    found: &[Row],
    expected: &[Row],
) {
    let at = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
    let (found, expected) = (found.get(at), expected.get(at));
    let last = found.into_iter().chain(expected).map(|row| row.step).max().unwrap_or(0);
    let steps: Vec<String> =
        steps[..steps.len().min(last + 1)].iter().map(|step| format!("{step:?}")).collect();
    panic!(
        "seed {seed}, {searches:#?} {settings:?}\n{}\nfound {found:?}\nexpected {expected:?}",
        steps.join("\n")
    );
}

/// Rule, window and group of a row.
type Identity = (usize, i64, i64, Vec<String>);

/// Rows without what differs between a batch and a stream: when they came, and the bounds of early buckets.
fn last_rows(rows: &[Row]) -> BTreeMap<Identity, BTreeMap<String, String>> {
    let mut last = BTreeMap::new();
    for row in rows {
        let by = row.columns.iter().filter(|(name, _)| *name != "count");
        let group: Vec<String> = by.map(|(_, text)| text.clone()).collect();
        let key = (row.rule, row.start_s, row.end_s, group);
        match row.is_retracted {
            true => drop(last.remove(&key)),
            false => drop(last.insert(key, row.columns.clone())),
        }
    }
    last
}

/// What rules and columns are left of rows, in an order of their own.
fn contents(rows: &[Row]) -> Vec<(usize, BTreeMap<String, String>)> {
    let last = last_rows(rows).into_iter().map(|((rule, ..), columns)| (rule, columns));
    let mut contents: Vec<_> = last.collect();
    contents.sort();
    contents
}

/// Events of one window length whose disorder is known.
fn disordered(random: &mut Random, disorder_s: i64) -> Vec<Step> {
    let event = |offset: u64, random: &mut Random| oracle::Event {
        time_s: 1_000 + i64::try_from(offset).expect("it fits") / 2,
        host: random.pick(&["a", "b", "c"]),
        user: random.pick(&["x", "y", "z"]),
        is_taken: !random.once_in(3),
        offset,
    };
    let events: Vec<oracle::Event> = (0..60).map(|offset| event(offset, random)).collect();
    let delays_s: Vec<i64> = (0..=disorder_s).collect();
    let delay_s = |random: &mut Random| delays_s[random.below(delays_s.len())];
    let mut arrival: Vec<(i64, usize)> =
        events.iter().map(|event| event.time_s + delay_s(random)).zip(0..).collect();
    arrival.sort_unstable();
    arrival.into_iter().map(|(_, index)| Step::Event(events[index])).collect()
}

#[test]
fn a_batch_of_windows_and_a_stream_give_the_same_rows() {
    let all = rules();
    let searches: Vec<&str> = all.iter().map(|(spl, _)| *spl).collect();
    let rules = common::searches(&searches);
    for seed in 0..80 {
        let random = &mut Random(seed);
        let disorder_s = [0, 2, 7][random.below(3)];
        let steps = disordered(random, disorder_s);
        let settings = Settings { lateness_s: disorder_s, ..settings(random) };
        let stream = options(&settings);
        let batch = Options { mode: Mode::Batch, ..stream.clone() };
        let (of_batch, _) = engine_rows(&rules, &batch, &steps);
        let (of_stream, counters) = engine_rows(&rules, &stream, &steps);
        assert!(of_stream.iter().all(|row| !row.is_late), "seed {seed}");
        assert_eq!((counters.late, counters.late_dropped), (0, 0), "seed {seed}");
        assert_eq!(contents(&of_stream), contents(&of_batch), "seed {seed}");
        // With less lateness, what is kept long enough ends up as the same rows.
        let hasty = Options { lateness_ns: 0, retain_ns: Some(100 * SECOND_NS), ..stream.clone() };
        let (of_hasty, counters) = engine_rows(&rules, &hasty, &steps);
        assert_eq!(counters.late_dropped, 0, "seed {seed}");
        assert_eq!(contents(&of_hasty), contents(&of_batch), "seed {seed}");
        // What is not kept is counted, each row once.
        let strict = Options { lateness_ns: 0, retain_ns: Some(0), ..stream };
        let (of_strict, counters) = engine_rows(&rules, &strict, &steps);
        if contents(&of_strict) != contents(&of_batch) {
            assert!(counters.late_dropped > 0, "seed {seed}");
        }
    }
}

#[test]
fn disorder_within_lateness_changes_no_byte() {
    // One watermark closes these, so that even the order of the alerts is the same.
    let of_all = [
        "take=1 | bin span=2s | stats count list(n) first(n) by _time, user",
        "take=1 | stats count dc(host) by user",
    ];
    let of_hosts = [
        "take=1 | bin span=2s | stats count list(n) latest(n) by _time, host",
        "take=1 | stats values(user) by host",
    ];
    let [of_all, of_hosts] = [of_all, of_hosts].map(|searches| common::searches(&searches));
    let options =
        Options { input: Input::Rows, window: Window::Fixed(10 * SECOND_NS), ..common::stream(5) };
    let sent = |rules: &Arc<RuleSet>, steps: &[Step]| {
        let mut engine = Engine::new(Arc::clone(rules), options.clone());
        let mut alerts = Vec::new();
        for step in steps {
            let Step::Event(event) = step else { continue };
            let text = streams::text(&oracle::Event { is_taken: true, ..*event });
            let head = Head { offset: event.offset, ..Head::default() };
            engine.push(text.as_bytes(), &head, &mut |alert| alerts.push(common::json(alert)));
        }
        engine.finish(&mut |alert| alerts.push(common::json(alert)));
        alerts
    };
    let sorted = |mut alerts: Vec<String>| {
        alerts.sort();
        alerts
    };
    for seed in 0..50 {
        let mut in_order = disordered(&mut Random(seed), 0);
        in_order.sort_by_key(|step| if let Step::Event(event) = step { event.offset } else { 0 });
        let shuffled = disordered(&mut Random(seed), 5);
        assert_eq!(sent(&of_all, &shuffled), sent(&of_all, &in_order), "seed {seed}");
        assert_eq!(
            sorted(sent(&of_hosts, &shuffled)),
            sorted(sent(&of_hosts, &in_order)),
            "seed {seed}"
        );
    }
}

/// An engine whose windows all belong to one host each dates only what it must while no window is open. A rule that waits
/// for all hosts makes it date everything: what that one keeps, the other keeps too.
#[test]
fn what_is_not_dated_makes_nothing_late() {
    let of_hosts =
        ["take=1 | bin span=2s | stats count by _time, host", "take=1 | stats count by host, user"];
    let listening = [of_hosts[0], of_hosts[1], "take=2 | stats count by user"];
    let (of_hosts, listening) = (common::searches(&of_hosts), common::searches(&listening));
    let (mut kept_more, mut dropped) = (0, 0);
    for seed in 0..300 {
        let random = &mut Random(seed);
        let settings = settings(random);
        let mut steps = steps(random, &settings);
        // Long stretches without a window.
        for step in &mut steps {
            if let Step::Event(event) = step {
                event.is_taken &= event.offset % 13 < 4;
            }
        }
        let (_, some) = engine_rows(&of_hosts, &options(&settings), &steps);
        let (_, every) = engine_rows(&listening, &options(&settings), &steps);
        assert!(some.late_dropped <= every.late_dropped, "seed {seed}: {some:?} {every:?}");
        kept_more += u64::from(some.late_dropped < every.late_dropped);
        dropped += every.late_dropped;
    }
    assert!(kept_more > 0 && dropped > 0, "{kept_more} {dropped}: the streams would prove nothing");
}

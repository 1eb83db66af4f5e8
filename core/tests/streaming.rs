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

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Input, Mode, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
};
use common::Random;
use oracle::{Behind, Oracle, Row, Rule, Settings, Step};
use streams::{MANY_HOSTS, options, settings, steps};

const STREAMS: u64 = 500;

/// Each rule as SPL, and as the oracle knows it.
fn rules() -> Vec<(&'static str, Rule)> {
    let rule = |span_s, by: &'static [&'static str], least, most, behind| Rule {
        span_s,
        by,
        least,
        most,
        behind,
    };
    let any = usize::MAX;
    vec![
        (
            "take=1 | bin span=2s | stats count by _time, host",
            rule(Some(2), &["host"], 1, any, Behind::Nothing),
        ),
        (
            "take=1 | bin span=3s | stats count by _time, host, user | where count>=2",
            rule(Some(3), &["host", "user"], 2, any, Behind::Nothing),
        ),
        (
            "take=1 | bin span=2s | stats count by _time, user | where count<2",
            rule(Some(2), &["user"], 1, 1, Behind::Nothing),
        ),
        (
            "take=1 | stats count by host, user | where count<2",
            rule(None, &["host", "user"], 1, 1, Behind::Nothing),
        ),
        ("take=1 | stats count by user", rule(None, &["user"], 1, any, Behind::Nothing)),
        (
            "take=1 | stats count by host, user | where count>=2 | stats sum(count) as count by host",
            rule(None, &["host", "user"], 2, any, Behind::Totals),
        ),
        (
            "take=1 | stats count by host, user | eventstats sum(count) as all by host",
            rule(None, &["host", "user"], 1, any, Behind::OfAll),
        ),
        (
            "take=1 | stats count by user | where count>=2 | eventstats sum(count) as all | sort 0 user",
            rule(None, &["user"], 2, any, Behind::OfAll),
        ),
        (
            "take=1 | bin span=3s | stats count by _time, host, user | sort 0 _time, host, user | streamstats sum(count) as sofar by _time, host",
            rule(Some(3), &["host", "user"], 1, any, Behind::SoFar),
        ),
        (
            "take=1 | stats count by user | sort 0 user | streamstats sum(count) as sofar",
            rule(None, &["user"], 1, any, Behind::SoFar),
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
                engine.push(text.as_bytes(), head, &mut sink);
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
        is_partial: json["partial"].as_bool().expect("yes or no"),
    }
}

#[test]
fn the_engine_agrees_with_the_oracle() {
    let streams = std::env::var("CALTROP_STREAMS").ok();
    let streams = streams.map_or(STREAMS, |text| text.parse().expect("a number"));
    let all = rules();
    let (mut late, mut retracted, mut dropped, mut alerts) = (0, 0, 0, 0);
    let (mut went, mut partial, mut unkept) = (0, 0, 0);
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
            (counters.late, counters.late_dropped, counters.retained_dropped),
            (oracle.late, oracle.late_dropped, oracle.retained_dropped),
            "seed {seed}"
        );
        assert_nothing_is_sent_anew(seed, &found);
        went += oracle.went;
        partial += found.iter().filter(|row| row.is_partial).count();
        late += counters.late;
        retracted += counters.retracted;
        dropped += counters.late_dropped;
        unkept += counters.retained_dropped;
        alerts += counters.alerts;
    }
    common::say(&format!(
        "{alerts} alerts, {late} late, {retracted} retracted, {dropped} dropped, {went} hosts went, {partial} partial, \
         {unkept} not kept"
    ));
    assert!(late > streams / 2 && dropped > streams / 2 && retracted > streams / 100);
    assert!(went > streams && partial > 10 && unkept > 0);
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

/// Rule, window and group of a row: what its key stands for.
type Identity = (usize, i64, i64, Vec<String>);

fn identity(row: &Row) -> Identity {
    let sums = ["count", "all", "sofar"];
    let by = row.columns.iter().filter(|(name, _)| !sums.contains(&name.as_str()));
    (row.rule, row.start_s, row.end_s, by.map(|(_, text)| text.clone()).collect())
}

/// A key comes with each revision once; but a row that says that it is partial may come beside another one.
fn assert_nothing_is_sent_anew(seed: u64, rows: &[Row]) {
    let mut sent = BTreeSet::new();
    for row in rows {
        let is_new = sent.insert((identity(row), row.revision));
        assert!(is_new || row.is_partial, "seed {seed}: {row:?}");
    }
}

/// Rows without what differs between a batch and a stream: when they came, and the bounds of early buckets.
fn last_rows(rows: &[Row]) -> BTreeMap<Identity, BTreeMap<String, String>> {
    let mut last = BTreeMap::new();
    for row in rows {
        match row.is_retracted {
            true => drop(last.remove(&identity(row))),
            false => drop(last.insert(identity(row), row.columns.clone())),
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
    let can_be_revised = |(_, rule): &&(&str, Rule)| rule.behind != Behind::SoFar;
    let revised: Vec<&str> = all.iter().filter(can_be_revised).map(|(spl, _)| *spl).collect();
    let revised = common::searches(&revised);
    for seed in 0..80 {
        let random = &mut Random(seed);
        let disorder_s = [0, 2, 7][random.below(3)];
        let steps = disordered(random, disorder_s);
        let settings =
            Settings { lateness_s: disorder_s, max_hosts: MANY_HOSTS, ..settings(random) };
        let stream = options(&settings);
        let batch = Options { mode: Mode::Batch, ..stream.clone() };
        let (of_batch, _) = engine_rows(&rules, &batch, &steps);
        let (of_stream, counters) = engine_rows(&rules, &stream, &steps);
        assert!(of_stream.iter().all(|row| !row.is_late), "seed {seed}");
        assert_eq!((counters.late, counters.late_dropped), (0, 0), "seed {seed}");
        assert_eq!(contents(&of_stream), contents(&of_batch), "seed {seed}");
        // With less lateness, what is kept long enough ends up as the same rows.
        let hasty = Options { lateness_ns: 0, retain_ns: Some(100 * SECOND_NS), ..stream.clone() };
        let (of_revised, _) = engine_rows(&revised, &batch, &steps);
        let (of_hasty, counters) = engine_rows(&revised, &hasty, &steps);
        assert_eq!(counters.late_dropped, 0, "seed {seed}");
        assert_eq!(contents(&of_hasty), contents(&of_revised), "seed {seed}");
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
            engine.push(text.as_bytes(), head, &mut |alert| alerts.push(common::json(alert)));
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

/// How many rows the last revisions of all rows count. A row of revision 0 is another one beside those of its key before it.
fn counted(rows: &[Row]) -> u64 {
    let mut counted = 0;
    let mut last: BTreeMap<Identity, u64> = BTreeMap::new();
    for row in rows {
        let count: u64 = row.columns["count"].parse().expect("a count");
        let before = last.insert(identity(row), count).unwrap_or(0);
        counted += count;
        if row.revision > 0 {
            counted -= before;
        }
    }
    counted
}

/// A bound of a few windows, many of which are kept: where they are let go, rows may be missing, but they are counted, and no
/// row takes the place of one that was sent.
#[test]
fn what_is_let_go_for_memory_is_missed_by_the_counters_alone() {
    let searches = [
        "take=1 | bin span=2s | stats count by _time, host",
        "take=1 | bin span=2s | stats count by _time, user",
        "take=1 | stats count by host, user",
        "take=1 | stats count by user",
    ];
    let sets = searches.map(|search| common::searches(&[search]));
    let (mut unkept, mut dropped, mut early) = (0, 0, 0);
    for seed in 0..STREAMS {
        let random = &mut Random(seed);
        let settings = settings(random);
        let steps = steps(random, &settings);
        let bound_bytes = [1_500, 3_000, 6_000, 12_000][random.below(4)];
        let options = Options {
            max_rule_state_bytes: Some(bound_bytes),
            retain_ns: Some(1_000 * SECOND_NS),
            ..options(&settings)
        };
        let (rows, counters) = engine_rows(&sets[random.below(4)], &options, &steps);
        assert_nothing_is_sent_anew(seed, &rows);
        let is_taken = |step: &&Step| matches!(step, Step::Event(event) if event.is_taken);
        let taken = steps.iter().filter(is_taken).count() as u64;
        assert_eq!(counted(&rows) + counters.late_dropped, taken, "seed {seed} {rows:#?}");
        unkept += counters.retained_dropped;
        dropped += counters.late_dropped;
        early += counters.partial_groups;
    }
    let found = format!("{unkept} not kept, {dropped} rows dropped, {early} groups sent early");
    common::say(&found);
    assert!(unkept > STREAMS && dropped > STREAMS / 2 && early > STREAMS, "{found}");
}

fn row_of(time_s: i64, host: &'static str, user: &'static str, offset: u64) -> Step {
    Step::Event(oracle::Event { time_s, host, user, is_taken: true, offset })
}

/// Windows of six seconds that are kept for long.
fn long_kept() -> Options {
    Options {
        input: Input::Rows,
        window: Window::Fixed(6 * SECOND_NS),
        retain_ns: Some(10_000 * SECOND_NS),
        ..common::stream(0)
    }
}

#[test]
fn a_window_that_was_let_go_for_memory_is_not_made_anew() {
    let rules = common::searches(&["take=1 | stats count by user"]);
    let options = Options { max_rule_state_bytes: Some(3_000), ..long_kept() };
    let in_time = (0..10).map(|window| row_of(1_000 + 6 * window, "a", "x", 0));
    let late = [row_of(1_001, "a", "x", 1), row_of(1_001, "a", "y", 2)];
    let steps: Vec<Step> = in_time.chain(late).collect();
    let (rows, counters) = engine_rows(&rules, &options, &steps);
    assert_eq!((rows.len(), counters.late, counters.late_dropped), (10, 0, 2));
    assert!(counters.retained_dropped > 5 && rows.iter().all(|row| row.revision == 0));
    // What was let go of one host says nothing of a slower one.
    let rules = common::searches(&["take=1 | stats count by user, host"]);
    let in_time = (0..10).map(|window| row_of(1_000 + 6 * window, "a", "x", 0));
    let slower = [row_of(1_001, "b", "x", 1), row_of(995, "b", "x", 2), row_of(1_007, "b", "x", 3)];
    let steps: Vec<Step> = in_time.chain(slower).collect();
    let (rows, counters) = engine_rows(&rules, &options, &steps);
    assert_eq!((rows.len(), counters.late, counters.late_dropped), (13, 1, 0));
    assert!(rows.iter().all(|row| !row.is_partial), "{rows:#?}");
}

#[test]
fn what_comes_to_an_open_window_that_was_sent_early_is_partial_too() {
    let rules = common::searches(&["take=1 | stats count by user"]);
    let options = Options { max_rule_state_bytes: Some(1_000), ..long_kept() };
    let steps: Vec<Step> = (0..3).map(|offset| row_of(1_002, "a", "x", offset)).collect();
    let (rows, counters) = engine_rows(&rules, &options, &steps);
    assert_eq!((counted(&rows), counters.partial_groups), (3, 3));
    assert!(rows.iter().all(|row| row.is_partial), "{rows:#?}");
}

#[test]
fn the_windows_of_a_host_that_went_are_let_go_when_its_time_has_come() {
    let rules = common::searches(&["take=1 | stats count by host"]);
    let options = Options { max_hosts: 1, retain_ns: Some(20 * SECOND_NS), ..long_kept() };
    let mut engine = Engine::new(rules, options);
    let mut sent = Vec::new();
    let mut at = |engine: &mut Engine, steps: &[Step]| {
        for step in steps {
            let mut sink = |alert: &caltrop_core::alert::Alert<'_>| sent.push(row(0, alert));
            match step {
                Step::Advance { wall_s, mono_s } => {
                    engine.advance(wall_s * SECOND_NS, mono_s * SECOND_NS, &mut sink);
                }
                Step::Event(event) => {
                    let text = streams::text(event);
                    engine.push(text.as_bytes(), Head::default(), &mut sink);
                }
            }
        }
        (sent.len(), engine.counters().state_bytes > 0)
    };
    let clock = |second: i64| Step::Advance { wall_s: 1_003 + second, mono_s: second };
    // `a` goes for `b`, and comes back to a window that was sent.
    let came_back =
        [clock(0), row_of(1_003, "a", "", 0), row_of(1_003, "b", "", 0), row_of(1_004, "a", "", 0)];
    assert_eq!(at(&mut engine, &came_back), (3, true));
    // Silence closes both windows at 1,008, and after 20 seconds more they are no longer kept.
    assert_eq!(at(&mut engine, &[clock(30 + 3 + 19)]), (3, true));
    assert_eq!(at(&mut engine, &[clock(30 + 5 + 20)]), (3, false));
    // Then `b`, which went, is forgotten: what comes of it may lack what was sent.
    assert_eq!(at(&mut engine, &[row_of(1_003, "b", "", 1)]), (3, true));
    engine.finish(&mut |alert| sent.push(row(0, alert)));
    let versions: Vec<_> = sent.iter().map(|row| (row.revision, row.is_partial)).collect();
    assert_eq!(versions, [(0, false), (0, false), (1, false), (0, true)]);
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
        let settings = Settings { max_hosts: MANY_HOSTS, ..settings(random) };
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

//! An engine that is saved and loaded, or given other rules, sends what an undisturbed one sends: the same alerts, at the same
//! steps of the stream, with the same revisions.

mod common;
#[path = "streaming/oracle.rs"]
#[allow(dead_code, reason = "of the oracle only its events and settings are of use here")]
mod oracle;
#[path = "streaming/streams.rs"]
mod streams;

use std::sync::Arc;

use caltrop_core::{
    alert::Alert,
    compiled::RuleSet,
    config::{Counters, Input, Mode, Options, RuleCounters, SECOND_NS, Window},
    engine::{Ended, Engine, Reason, Swapped},
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{Random, json};
use oracle::{Event, Step};
use streams::{options, settings, steps};

const STREAMS: u64 = 300;

/// Of every kind: buckets, windows of one host and of all, rows that later commands take together, rows that are kept, and none.
const RULES: &[&str] = &[
    "take=1 | bin span=2s | stats count by _time, host",
    "take=1 | bin span=3s | stats count values(n) as n by _time, host, user | where count>=2",
    "take=1 | bin span=2s | stats count by _time, user | where count<2",
    "take=1 | stats count list(n) latest(user) by host",
    "take=1 | stats values(*) as * by user",
    "take=1 | stats count by host, n | stats sum(count) as count by host",
    "take=1 | head 4",
    "take=1 | eval m=n*2 | head 5 | stats sum(m) as m by host",
    "take=1 n=1* | table host user",
    "take=1 | stats count by host | append [search take=1 n=1* | stats values(n) as n by user]",
    "take=1 [search n=1* | table user] | table host n",
];

/// Builds rules by path.
fn built<'r>(rules: impl IntoIterator<Item = (&'r str, &'r str)>) -> Arc<RuleSet> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    rules.into_iter().for_each(|(path, spl)| builder.add_spl(path, spl));
    common::compiled(builder.build())
}

fn paths() -> Vec<String> {
    (0..RULES.len()).map(|number| format!("rule {number}")).collect()
}

/// The rules, some of them, or behind others that find nothing but shift every id of a rule and of a field.
fn rules(behind: &[&str]) -> Arc<RuleSet> {
    let (others, own) = (["a 0", "a 1", "a 2"], paths());
    let others = others.into_iter().zip(behind.iter().copied());
    built(others.chain(own.iter().map(String::as_str).zip(RULES.iter().copied())))
}

const OTHERS: &[&str] =
    &["TERM(nothing) | stats count(zzz) by n, m, user, yyy", "xxx=nothing | stats values(www)"];

/// What runs a stream, and how it is disturbed.
struct Run {
    engine: Engine,
    /// What the clocks say, in seconds, once they say anything.
    time_s: Option<(i64, i64)>,
    /// By how much the monotonic clock is another one than that of the stream.
    mono_shift_s: i64,
    /// The step and the alert.
    alerts: Vec<(usize, String)>,
}

impl Run {
    fn new(rules: &Arc<RuleSet>, options: &Options) -> Self {
        let engine = Engine::new(Arc::clone(rules), options.clone());
        Self { engine, time_s: None, mono_shift_s: 0, alerts: Vec::new() }
    }

    fn step(&mut self, number: usize, step: &Step) {
        match step {
            Step::Advance { wall_s, mono_s } => {
                self.time_s = Some((*wall_s, *mono_s));
                self.tell_time(number);
            }
            Step::Event(event) => {
                let head = Head { offset: event.offset, ..Head::default() };
                let Self { engine, alerts, .. } = self;
                let mut sink = |alert: &Alert<'_>| alerts.push((number, json(alert)));
                engine.push(streams::text(event).as_bytes(), head, &mut sink);
            }
        }
    }

    fn tell_time(&mut self, number: usize) {
        let Self { engine, alerts, .. } = self;
        let Some((wall_s, mono_s)) = self.time_s else { return };
        let mono_ns = (mono_s + self.mono_shift_s) * SECOND_NS;
        engine.advance(wall_s * SECOND_NS, mono_ns, &mut |alert| {
            alerts.push((number, json(alert)));
        });
    }

    fn finish(mut self, number: usize) -> (Vec<(usize, String)>, Counters) {
        let Self { engine, alerts, .. } = &mut self;
        engine.finish(&mut |alert| alerts.push((number, json(alert))));
        (self.alerts, *self.engine.counters())
    }

    /// Goes on under `rules` with what is saved; how many closed windows may still be revised.
    fn restart(&mut self, rules: &Arc<RuleSet>, options: &Options, number: usize) -> usize {
        let saved = self.engine.save();
        let loaded = Engine::load(Arc::clone(rules), options.clone(), &saved);
        let (engine, restored) = loaded.expect("it was saved just now");
        assert_eq!(restored.left_out, []);
        assert!(engine.save() == saved, "what was taken up is not what was saved");
        self.engine = engine;
        // The monotonic clock of another boot.
        self.mono_shift_s -= 12_345;
        self.tell_time(number);
        restored.retained
    }

    fn swap(&mut self, rules: &Arc<RuleSet>, number: usize) -> Swapped {
        let Self { engine, alerts, .. } = self;
        engine.swap(Arc::clone(rules), &mut |alert| alerts.push((number, json(alert))))
    }
}

fn undisturbed(
    rules: &Arc<RuleSet>,
    options: &Options,
    steps: &[Step],
) -> (Vec<(usize, String)>, Counters) {
    let mut run = Run::new(rules, options);
    steps.iter().enumerate().for_each(|(number, step)| run.step(number, step));
    run.finish(steps.len())
}

/// Any options, those of a stream mostly, and what happens.
fn any_stream(random: &mut Random) -> (Options, Vec<Step>) {
    let settings = settings(random);
    let mode = if random.once_in(6) { Mode::Batch } else { Mode::Stream };
    (Options { mode, ..options(&settings) }, steps(random, &settings))
}

#[test]
fn a_stream_may_be_stopped_and_taken_up_again_anywhere() {
    let sets = [rules(&[]), rules(OTHERS)];
    let (mut retained, mut late) = (0, 0);
    for seed in 0..STREAMS {
        let random = &mut Random(seed);
        let (options, steps) = any_stream(random);
        let (expected, counters) = undisturbed(&sets[0], &options, &steps);
        late += counters.revised + counters.retracted;
        let mut run = Run::new(&sets[0], &options);
        for (number, step) in steps.iter().enumerate() {
            run.step(number, step);
            if random.once_in(8) {
                retained += run.restart(&sets[random.below(2)], &options, number);
            }
        }
        assert_eq!(run.finish(steps.len()).0, expected, "seed {seed} {options:?}");
    }
    assert!(retained > 100 && late > 100, "{retained} {late}: the streams would prove nothing");
}

#[test]
fn a_swap_to_rules_that_mean_the_same_is_not_seen() {
    let sets = [rules(&[]), rules(OTHERS)];
    let (mut windows, mut retained) = (0, 0);
    for seed in 0..STREAMS {
        let random = &mut Random(seed);
        let (options, steps) = any_stream(random);
        let (expected, counters) = undisturbed(&sets[0], &options, &steps);
        let mut run = Run::new(&sets[0], &options);
        for (number, step) in steps.iter().enumerate() {
            run.step(number, step);
            if random.once_in(8) {
                let swapped = run.swap(&sets[random.below(2)], number);
                assert!(swapped.ended.iter().all(|ended| ended.path.starts_with("a ")));
                assert!(swapped.rules >= RULES.len(), "{swapped:?}");
                windows += swapped.windows;
                retained += swapped.retained;
            }
        }
        run.swap(&sets[0], steps.len());
        let bytes = run.engine.counters().state_bytes;
        let (alerts, found) = run.finish(steps.len());
        assert_eq!(alerts, expected, "seed {seed} {options:?}");
        // The other rules are candidates, too, and names of fields are as long in both sets.
        let Counters { state_bytes_peak, .. } = found;
        assert!(state_bytes_peak >= bytes);
        let compared = |counters| Counters { candidates: 0, state_bytes_peak: 0, ..counters };
        assert_eq!(compared(found), compared(counters), "seed {seed}");
    }
    assert!(windows > 100 && retained > 100, "{windows} {retained}");
}

fn event(time_s: i64, offset: u64) -> Step {
    Step::Event(Event { time_s, host: "a", user: "x", is_taken: true, offset })
}

/// A window of six seconds that has closed with more groups than are finished anew for each late row, and late rows to it.
fn waiting_late_rows() -> Vec<Step> {
    let in_time = (0..150).map(|offset| event(1_002, offset));
    let behind = (200..203).map(|offset| event(1_003, offset));
    in_time.chain([event(1_010, 190)]).chain(behind).collect()
}

fn slow_retain() -> Options {
    Options {
        input: Input::Rows,
        window: Window::Fixed(6 * SECOND_NS),
        retain_ns: Some(1_000 * SECOND_NS),
        ..common::stream(0)
    }
}

#[test]
fn late_rows_that_wait_for_each_other_are_saved() {
    let rules = rules(&[]);
    let steps = waiting_late_rows();
    let (expected, counters) = undisturbed(&rules, &slow_retain(), &steps);
    assert!(counters.late > 0);
    let of_rule_5 = |alerts: &[(usize, String)]| {
        let is_of = |alert: &&(usize, String)| alert.1.contains("\"path\":\"rule 5\"");
        alerts
            .iter()
            .filter(is_of)
            .map(|(step, alert)| (*step, alert.contains("\"late\":true")))
            .collect::<Vec<_>>()
    };
    // The last row of 1,002 is sent in time, and revised once when all is over.
    let last = steps.len();
    assert_eq!(of_rule_5(&expected), [(150, false), (last, true), (last, false)]);
    let mut run = Run::new(&rules, &slow_retain());
    for (number, step) in steps.iter().enumerate() {
        run.step(number, step);
        run.restart(&rules, &slow_retain(), number);
    }
    assert_eq!(run.finish(last).0, expected);
}

#[test]
fn what_late_rows_have_changed_is_sent_before_an_engine_stops() {
    let rules = rules(&[]);
    let mut run = Run::new(&rules, &slow_retain());
    let steps = waiting_late_rows();
    steps.iter().enumerate().for_each(|(number, step)| run.step(number, step));
    let Run { engine, alerts, .. } = &mut run;
    alerts.clear();
    engine.interrupt(caltrop_core::alert::Partial::Shutdown, &mut |alert| {
        alerts.push((usize::from(alert.late), json(alert)));
    });
    let of_rule_5: Vec<(bool, bool)> = alerts
        .iter()
        .filter(|(_, alert)| alert.contains("\"path\":\"rule 5\""))
        .map(|(late, alert)| (*late == 1, alert.contains("\"reason\":\"shutdown\"")))
        .collect();
    assert_eq!(of_rule_5, [(true, false), (false, true)]);
    assert_eq!(engine.counters().state_bytes, 0);
}

#[test]
fn what_a_rule_kept_that_changes_or_goes_is_sent_once_as_partial() {
    let count = "take=1 | stats count by host";
    let before = built([("b", count), ("c", count), ("d", count), ("e", "take=1 | table host")]);
    let after = built([
        ("a", count),
        ("c", "take=1 | stats count by host, user"),
        ("d", count),
        ("e", "take=1 | table host"),
    ]);
    let mut run = Run::new(&before, &slow_retain());
    // One window has closed and may be revised, one is open.
    run.step(0, &event(1_000, 0));
    run.step(1, &event(1_010, 1));
    run.step(2, &event(1_011, 2));
    run.alerts.clear();
    let swapped = run.swap(&after, 3);
    let ended = |path: &str, reason| Ended { path: path.into(), windows: 1, retained: 1, reason };
    let expected = Swapped {
        rules: 2,
        windows: 1,
        retained: 1,
        ended: vec![ended("b", Reason::UnknownRule), ended("c", Reason::ChangedRule)],
    };
    assert_eq!(swapped, expected);
    assert_eq!(sent(&run.alerts), [("b", "2", true), ("c", "2", true)]);
    assert_eq!(run.engine.counters().retained_dropped, 2);
    let counters = |index| run.engine.rule_counters(caltrop_core::ids::RuleId::new(index));
    let three = RuleCounters { candidates: 3, passed: 3 };
    let none = RuleCounters::default();
    assert_eq!([0, 1, 2, 3].map(counters), [none, none, three, three]);

    run.alerts.clear();
    run.step(4, &event(1_012, 3));
    let (alerts, _) = run.finish(5);
    // The new rules start empty; that of the old id 2, now also 2 but behind another, has seen everything.
    assert_eq!(
        sent(&alerts),
        [("e", "", false), ("a", "1", false), ("c", "1", false), ("d", "3", false)]
    );
}

/// Path, count and whether it is marked as sent because of other rules.
fn sent(alerts: &[(usize, String)]) -> Vec<(&str, &str, bool)> {
    alerts
        .iter()
        .map(|(_, alert)| {
            let path = text_behind(alert, "\"path\":\"");
            let count = text_behind(alert, "\"count\":\"");
            (
                path,
                count,
                alert.contains("\"partial\":true") && alert.contains("\"reason\":\"reload\""),
            )
        })
        .collect()
}

fn text_behind<'a>(alert: &'a str, name: &str) -> &'a str {
    let Some((_, rest)) = alert.split_once(name) else { return "" };
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn a_rule_that_was_put_back_starts_empty() {
    let count = "take=1 | stats count by host";
    let (with, without) = (built([("a", count)]), built([]));
    let mut run = Run::new(&with, &slow_retain());
    run.step(0, &event(1_000, 0));
    assert_eq!(run.swap(&without, 1).ended.len(), 1);
    run.step(2, &event(1_001, 1));
    assert_eq!(run.swap(&with, 3), Swapped::default());
    run.step(4, &event(1_001, 2));
    let (alerts, _) = run.finish(5);
    assert_eq!(sent(&alerts), [("a", "1", true), ("a", "1", false)]);
}

#[test]
fn what_was_let_go_is_not_made_anew_under_a_state_or_rules_that_go_on() {
    let count = "take=1 | stats count by host, user";
    let sets = [built([("b", count)]), built([("a", "xxx=nothing | stats count"), ("b", count)])];
    let options = Options { max_rule_state_bytes: Some(3_000), ..slow_retain() };
    let mut run = Run::new(&sets[0], &options);
    for window in 0..10 {
        run.step(0, &event(1_000 + 6 * window, 0));
    }
    assert!(run.engine.counters().retained_dropped > 5);
    run.restart(&sets[1], &options, 1);
    run.step(2, &event(1_000, 1));
    assert_eq!(run.engine.counters().late_dropped, 1);
    run.swap(&sets[0], 3);
    run.step(4, &event(1_000, 2));
    assert_eq!(run.engine.counters().late_dropped, 2);
    // Of a rule that ends nothing goes on.
    let ended = run.swap(&built([("b", "take=1 | stats count by user, host")]), 5).ended;
    assert_eq!(ended[0].reason, Reason::ChangedRule);
    run.alerts.clear();
    run.step(6, &event(1_000, 3));
    let Counters { late, late_dropped, .. } = *run.engine.counters();
    assert_eq!((late, late_dropped, run.alerts.len()), (1, 2, 1));
}

#[test]
fn what_comes_behind_an_interruption_is_marked_as_a_part() {
    let rules = built([("a", "take=1 | stats count by host")]);
    let mut run = Run::new(&rules, &slow_retain());
    run.step(0, &event(1_000, 0));
    run.step(1, &event(1_003, 1));
    let Run { engine, alerts, .. } = &mut run;
    engine.interrupt(caltrop_core::alert::Partial::Shutdown, &mut |alert| {
        alerts.push((2, json(alert)));
    });
    // One of these comes late to what was let go, one to what was open.
    run.step(3, &event(1_000, 2));
    run.step(4, &event(1_004, 3));
    let (alerts, counters) = run.finish(5);
    assert_eq!(counters.late_dropped, 1);
    let parts: Vec<_> =
        alerts.iter().map(|(step, alert)| (*step, text_behind(alert, "\"reason\":\""))).collect();
    assert_eq!(parts, [(1, ""), (2, "shutdown"), (5, "memory")]);
}

#[test]
fn what_memory_has_cut_stays_cut_when_it_is_taken_up() {
    let rules = built([("a", "* | stats values(n) as n by user")]);
    let options = Options { max_rule_state_bytes: Some(100_000), ..slow_retain() };
    let mut run = Run::new(&rules, &options);
    let is_cut = |run: &Run| {
        let counters = run.engine.counters();
        counters.truncated_groups > 0 && counters.partial_groups > 0
    };
    for offset in 0..10_000 {
        let user = format!("u{}", offset / 20);
        let text =
            format!("{{\"_time\":1000,\"user\":\"{user}\",\"n\":\"{offset}{}\"}}", "n".repeat(99));
        let head = Head { offset, ..Head::default() };
        run.engine.push(text.as_bytes(), head, &mut |_| {});
        if is_cut(&run) {
            break;
        }
    }
    assert!(is_cut(&run));
    let saved = run.engine.save();
    let loaded = Engine::load(Arc::clone(&rules), options, &saved);
    let (engine, restored) = loaded.expect("it was saved just now");
    assert_eq!(restored.windows, 1);
    assert!(engine.save() == saved, "what was taken up is not what was saved");
    let loaded = Run { engine, ..Run::new(&rules, &Options::default()) };
    let expected = run.finish(0).0;
    let marks = "\"partial\":true,\"truncated\":true";
    assert!(expected.iter().any(|(_, alert)| alert.contains(marks)), "{expected:?}");
    assert_eq!(loaded.finish(0).0, expected);
}

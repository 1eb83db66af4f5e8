//! Engines that saw parts of an input, merged, give what one engine gives over all of it, byte for byte.

mod common;

use std::sync::Arc;

use caltrop_benches::generator::{Generator, Rendering};
use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
};
use common::{Outcome, Random, json, searches};

/// Every function, patterns, buckets, rows that are kept as they are, rules that reduce nothing and rules over nothing.
const RULES: &[&str] = &[
    "TERM(WmiPrvSE) | bin span=1s | stats values(*) as * by _time, host",
    "* | stats count dc(process) values(*) as * by host user",
    "TERM(exe) | stats list(process_name) mode(user) first(*) as first_* last(process) earliest(user) by host",
    "\"<EventID>1<\" | bin span=5s | stats sum(process_id) avg(process_id) median(process_id) stdev(process_id) by _time",
    "* | stats min(process_id) max(process) range(process_id) p95(process_id) rate(process_id) latest_time(user) by host",
    "process_name=*.exe | stats latest(*) as * by host | head 2",
    "TERM(exe) | head 7",
    "TERM(exe) | head 50 | eval n=process_id*2 | stats sum(n) list(process_name) by host",
    "NOT TERM(exe) | stats count by EventCode | where count > 3",
    "EventCode=1 | table _time host process",
    "TERM(exe) | stats count by host | append [search EventCode=3 | stats dc(user) values(process_name) by host]",
    "EventCode=1 [search EventCode=3 | fields host user] | stats count by user",
    "EventCode=1 | table host process | join host [search EventCode=3 | table host user]",
    "TERM(nowhere) | stats count",
    "TERM(nowhere) | stats count by host",
];

/// The alerts of rules that reduce nothing, which come at once, and those of the finish.
struct Run {
    at_once: Vec<String>,
    at_the_end: Outcome,
}

fn finished(mut engine: Engine, mut at_once: Vec<String>) -> Run {
    let mut alerts = Vec::new();
    engine.finish(&mut |alert| alerts.push(json(alert)));
    at_once.sort_unstable();
    Run { at_once, at_the_end: Outcome { alerts, counters: *engine.counters() } }
}

/// Gives each event to one of so many engines, then merges these in any order.
fn run_split(
    rules: &Arc<RuleSet>,
    options: &Options,
    events: &[&[u8]],
    engines: usize,
    random: &mut Random,
) -> Run {
    let new = || Engine::new(Arc::clone(rules), options.clone());
    let mut engines: Vec<Engine> = (0..engines).map(|_| new()).collect();
    let mut at_once = Vec::new();
    for (raw, offset) in events.iter().zip(0..) {
        let engine = random.below(engines.len());
        let head = Head { offset, ..Head::default() };
        engines[engine].push(raw, head, &mut |alert| at_once.push(json(alert)));
    }
    while engines.len() > 1 {
        let engine = engines.swap_remove(random.below(engines.len()));
        let into = random.below(engines.len());
        engines[into].merge(engine);
    }
    finished(engines.remove(0), at_once)
}

/// All counters but for the bytes of state, of which several engines need more than one.
fn without_bytes(counters: Counters) -> Counters {
    Counters { state_bytes: 0, state_bytes_peak: 0, ..counters }
}

fn check(events: &[&[u8]], seed: u64) {
    let rules = searches(RULES);
    let random = &mut Random(seed);
    for window in [Window::All, Window::Rule, Window::Fixed(7 * SECOND_NS)] {
        let options = Options { window, ..Options::default() };
        let whole = run_split(&rules, &options, events, 1, random);
        assert!(whole.at_the_end.alerts.len() > 10, "{window:?}");
        for engines in 2..=5 {
            let split = run_split(&rules, &options, events, engines, random);
            assert_eq!(split.at_once, whole.at_once, "{window:?}, {engines} engines");
            assert_eq!(split.at_the_end.alerts, whole.at_the_end.alerts, "{window:?}, {engines}");
            let [split, whole] = [&split, &whole].map(|run| without_bytes(run.at_the_end.counters));
            assert_eq!(split, whole, "{window:?}, {engines} engines");
        }
    }
}

#[test]
fn generated_events_may_be_split_in_any_way() {
    let text = Generator { rows: 15, hosts: 4, ..Generator::demo() }.text(Rendering::Xml);
    let events: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    (0..2).for_each(|seed| check(&events, seed));
}

#[test]
fn real_events_may_be_split_in_any_way() {
    let events = common::real_events(300);
    let events: Vec<&[u8]> = events.iter().map(Vec::as_slice).collect();
    if !events.is_empty() {
        check(&events, 1);
    }
}

#[test]
fn the_rule_that_outgrows_the_state_is_named_whoever_takes_in_whom() {
    let rules = searches(&["* | stats values(x) as x", "* | stats count"]);
    let options = |max_state_bytes| Options {
        max_state_bytes,
        max_rule_state_bytes: Some(max_state_bytes),
        ..Options::default()
    };
    let engine = |max_state_bytes, letter: char| {
        let mut engine = Engine::new(Arc::clone(&rules), options(max_state_bytes));
        let text = format!("{{\"x\":\"{}\"}}", letter.to_string().repeat(30_000));
        engine.push_fields(None, &[(b"x", text.as_bytes())], &Head::default(), &mut |_| {});
        engine
    };
    let alone = engine(usize::MAX, 'a').counters().state_bytes;
    for (max_state_bytes, is_exhausted) in [(alone + 20_000, true), (usize::MAX, false)] {
        let mut merged = engine(max_state_bytes, 'a');
        assert_eq!(merged.exhausted(), None);
        merged.merge(engine(max_state_bytes, 'b'));
        let exhausted = merged.exhausted().map(|rule| rules.rule(rule).meta.path.clone());
        assert_eq!(exhausted, is_exhausted.then(|| "0000".to_owned()));
    }
}

#[test]
#[should_panic(expected = "engines that merge share a rule set")]
fn engines_of_two_rule_sets_do_not_merge() {
    let engine = || Engine::new(searches(RULES), Options::default());
    engine().merge(engine());
}

#[test]
#[should_panic(expected = "a stream has one engine")]
fn streams_do_not_merge() {
    let rules = searches(RULES);
    let engine = || Engine::new(Arc::clone(&rules), common::stream(1));
    engine().merge(engine());
}

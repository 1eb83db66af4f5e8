//! Subsearches, `append` and `join` over the events of a window, against code that is obviously right and slow.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use caltrop_core::config::{Mode, Options, Window};
use common::{Random, run, searches, without_prefilter};
use serde_json::{Map, Value};

const STREAMS: u64 = 200;

/// Rules that look at `alpha` for themselves and at `beta` in brackets.
const RULES: &[&str] = &[
    "kind=alpha [search kind=beta | table user, port] | table n",
    "kind=alpha NOT [search kind=beta | table user, port | format] | table n",
    "kind=alpha | table user n | join type=left user [search kind=beta | table user port]",
    "kind=alpha | table user n | join max=0 user [search kind=beta | table user port]",
    "kind=alpha | stats count | append [search kind=beta | stats count by user]",
];

/// One event: a field that is not there is `None`.
#[derive(Clone, Debug)]
struct Event {
    kind: &'static str,
    user: Option<&'static str>,
    port: Option<&'static str>,
    n: usize,
}

type Row = Vec<(&'static str, String)>;

fn events(random: &mut Random) -> Vec<Event> {
    let users = [None, Some("bob"), Some("BOB"), Some("amy"), Some("e*")];
    let ports = [None, Some("22"), Some("80")];
    let mut event = |n| Event {
        kind: random.pick(&["alpha", "beta", "gamma"]),
        user: users[random.below(users.len())],
        port: ports[random.below(ports.len())],
        n,
    };
    (0..12).map(&mut event).collect()
}

fn line(event: &Event) -> Vec<u8> {
    let mut fields = Map::new();
    let time = format!("2026-01-01T00:00:{:02}Z", event.n);
    fields.insert("@timestamp".into(), time.into());
    fields.insert("kind".into(), event.kind.into());
    fields.insert("n".into(), event.n.to_string().into());
    for (name, value) in [("user", event.user), ("port", event.port)] {
        if let Some(value) = value {
            fields.insert(name.into(), value.into());
        }
    }
    Value::Object(fields).to_string().into_bytes()
}

/// The rows of each rule.
fn expected(events: &[Event]) -> Vec<Vec<Row>> {
    let of = |kind: &'static str| events.iter().rev().filter(move |event| event.kind == kind);
    let is_same = |wanted: Option<&str>, found: Option<&str>| {
        wanted.is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
    };
    let is_found = |event: &Event| {
        of("beta").any(|other| {
            (other.user.is_some() || other.port.is_some())
                && is_same(other.user, event.user)
                && is_same(other.port, event.port)
        })
    };
    let number = |event: &Event| vec![("n", event.n.to_string())];
    let filtered = |wanted| of("alpha").filter(|e| is_found(e) == wanted).map(number).collect();
    let own = |event: &Event| {
        let mut row = number(event);
        row.extend(event.user.map(|user| ("user", user.to_owned())));
        row
    };
    let pairs = |event: &Event| -> Vec<Row> {
        let partners = of("beta").filter(|other| other.user.is_some() && other.user == event.user);
        let pair = |other: &Event| {
            let mut row = own(event);
            row.extend(other.port.map(|port| ("port", port.to_owned())));
            row
        };
        partners.map(pair).collect()
    };
    let left = of("alpha").map(|event| pairs(event).into_iter().next().unwrap_or(own(event)));
    let inner = of("alpha").flat_map(pairs);
    let mut appended = vec![vec![("count", of("alpha").count().to_string())]];
    let mut users: Vec<&str> = of("beta").filter_map(|event| event.user).collect();
    users.sort_unstable();
    users.dedup();
    appended.extend(users.into_iter().map(|user| {
        let count = of("beta").filter(|event| event.user == Some(user)).count();
        vec![("user", user.to_owned()), ("count", count.to_string())]
    }));
    vec![filtered(true), filtered(false), left.collect(), inner.collect(), appended]
}

fn shown(rows: Vec<Vec<Row>>) -> Vec<(String, Map<String, Value>)> {
    let of_rule = |(rule, rows): (usize, Vec<Row>)| {
        let row = |row: Row| row.into_iter().map(|(name, text)| (name.into(), text.into()));
        rows.into_iter().map(move |fields| (format!("{rule:04}"), row(fields).collect()))
    };
    rows.into_iter().enumerate().flat_map(of_rule).collect()
}

fn found(alert: &str) -> (String, Map<String, Value>) {
    let alert: Value = serde_json::from_str(alert).unwrap();
    let rule = alert["rule"]["path"].as_str().unwrap().to_owned();
    (rule, alert["row"].as_object().unwrap().clone())
}

#[test]
fn they_give_the_rows_that_slow_code_gives_with_the_scan_and_without() {
    let rules = searches(RULES);
    let options = Options { mode: Mode::Batch, window: Window::All, ..Options::default() };
    for seed in 0..STREAMS {
        let events = events(&mut Random(seed));
        let lines: Vec<Vec<u8>> = events.iter().map(line).collect();
        let lines = || lines.iter().map(Vec::as_slice);
        let outcome = run(&rules, &options, lines());
        let rows: Vec<_> = outcome.alerts.iter().map(|alert| found(alert)).collect();
        assert_eq!(rows, shown(expected(&events)), "seed {seed}: {events:?}");
        let unscanned = run(&rules, &without_prefilter(&options), lines());
        assert_eq!(unscanned.alerts, outcome.alerts, "seed {seed}");
        assert!(keys(&outcome.alerts).is_sorted_by(|left, right| left < right), "seed {seed}");
    }
}

/// What tells the alerts apart, sorted.
fn keys(alerts: &[String]) -> Vec<String> {
    let key = |alert: &String| serde_json::from_str::<Value>(alert).unwrap()["key"].to_string();
    let mut keys: Vec<String> = alerts.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn what_a_subsearch_finds_beyond_its_limit_is_counted() {
    let rules = searches(&["kind=alpha | stats count | append maxout=3 [search kind=beta]"]);
    let options = Options { mode: Mode::Batch, window: Window::All, ..Options::default() };
    let event = |n| Event { kind: "beta", user: None, port: None, n };
    let lines: Vec<Vec<u8>> = (0..5).map(|n| line(&event(n))).collect();
    let outcome = run(&rules, &options, lines.iter().map(Vec::as_slice));
    assert_eq!(outcome.alerts.len(), 4);
    assert_eq!(outcome.counters.cut_rows, 2);
}

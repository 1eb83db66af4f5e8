//! A stream that is killed, and what the next run makes of the state that it had saved.
//!
//! The law: of the alerts of a stream that nobody disturbs none is missing, and where their rows lack events, they came after the
//! last checkpoint. Followed files are read again from there, so that nothing is missing at all, and alerts come at least once.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod running;

use std::collections::{BTreeMap, BTreeSet};

use running::{Ended, Running, append};
use serde_json::Value;

/// One rule that tells some events, and one that gathers all events of a minute, which closes early.
const RULES: [(&str, &str); 2] = [
    ("each.spl", "marker"),
    ("gather.spl", "* | bin span=1m | stats count values(n) as n by _time, host"),
];

/// Silence closes no window while a slow machine runs the test.
const PATIENT: [&str; 4] = ["--idle", "1h", "--retain", "2m"];

fn event(number: usize, minute: usize, marker: &str) -> String {
    let (hour, minute, host) = (9 + minute / 60, minute % 60, number % 3);
    format!(
        "{{\"@timestamp\":\"2026-03-02T{hour:02}:{minute:02}:{:02}Z\",\"host\":\"h{host}\",\"n\":\"n{number:03}\",\"m\":\"{marker}\"}}\n",
        number % 60
    )
}

/// The events of a stream in three parts, each with a marker at its end: twelve a minute, some late, and at last one of each host
/// that closes all that was open.
fn parts() -> [String; 3] {
    let minute = |number: usize| if number % 10 == 7 { number / 12 - 1 } else { number / 12 };
    let part = |numbers: std::ops::Range<usize>, marker: &str| {
        let last = numbers.end - 1;
        let marker_of = |number| if number == last { marker } else { "" };
        numbers.map(|number| event(number, minute(number), marker_of(number))).collect::<String>()
    };
    let closing: String = (300..303)
        .map(|number| event(number, 400, if number == 302 { "marker" } else { "" }))
        .collect();
    [part(12..100, "marker"), part(100..200, "marker"), part(200..280, "") + &closing]
}

fn last_line(part: &str) -> &str {
    part.lines().last().unwrap()
}

/// Alerts by rule, key and revision.
fn by_key(alerts: &[Value]) -> BTreeMap<String, &Value> {
    let key =
        |alert: &Value| format!("{} {} {}", alert["rule"]["path"], alert["key"], alert["revision"]);
    let mut found = BTreeMap::new();
    for alert in alerts {
        if let Some(other) = found.insert(key(alert), alert) {
            assert_eq!(other, alert, "what comes again is the same");
        }
    }
    found
}

/// The events that a row has gathered.
fn gathered(alert: &Value) -> BTreeSet<&str> {
    match &alert["row"]["n"] {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

fn follow(folder: tempfile::TempDir, checkpoint: &str) -> Running {
    let state = ["--state", "state", "--checkpoint", checkpoint, "--follow", "app.log"];
    Running::start(folder, &[&PATIENT[..], &state].concat())
}

/// All parts, and nobody disturbs it.
fn undisturbed() -> Vec<Value> {
    let folder = running::folder(&RULES);
    let parts = parts();
    append(folder.path(), &parts.concat());
    let mut running = follow(folder, "1h");
    running.wait_for(last_line(&parts[2]));
    let alerts = running.stop("TERM").alerts;
    let gathered: Vec<_> = alerts.iter().flat_map(gathered).collect();
    assert!(gathered.len() > 268 && alerts.iter().any(|alert| alert["late"] == true));
    alerts
}

/// With a checkpoint an hour there is one at the beginning only: all of the second part comes after it.
#[test]
fn a_followed_file_gives_all_alerts_at_least_once_when_the_program_is_killed() {
    let expected = undisturbed();
    for checkpoint in ["1h", "1s", "0s"] {
        let [first, second, third] = parts();
        let folder = running::folder(&RULES);
        append(folder.path(), &first);
        let mut running = follow(folder, checkpoint);
        running.wait_for(last_line(&first));
        running.wait_for_state("n099");
        running.append(&second);
        running.wait_for(last_line(&second));
        let killed = running.kill();
        append(killed.folder.path(), &third);
        let mut running = follow(killed.folder, checkpoint);
        running.wait_for(last_line(&third));
        let ended = running.stop("TERM");
        let alerts = [&killed.alerts[..], &ended.alerts].concat();
        assert_eq!(by_key(&alerts), by_key(&expected), "--checkpoint {checkpoint}");
        let is_twice = alerts.len() > expected.len();
        assert!(is_twice || checkpoint != "1h", "the second part is read again");
        assert!(says(&ended, "what followed files have got since then is read again"));
    }
}

/// A pipe cannot be read again.
#[test]
fn a_pipe_lacks_what_came_between_the_last_checkpoint_and_the_kill() {
    let expected = undisturbed();
    let [first, second, third] = parts();
    let state = ["--state", "state", "--checkpoint", "1s", "--stream", "-"];
    let start = |folder| Running::start(folder, &[&PATIENT[..], &state].concat());
    let mut running = start(running::folder(&RULES));
    running.pipe(&first);
    running.wait_for_state("n099");
    running.pipe(&second);
    running.wait_for(last_line(&second));
    let killed = running.kill();
    let mut running = start(killed.folder);
    running.pipe(&third);
    running.wait_for(last_line(&third));
    let ended = running.stop("TERM");
    assert!(says(&ended, "open windows lack the events that it took after that"));
    let alerts = [killed.alerts, ended.alerts].concat();
    for alert in expected.iter().filter(|alert| alert["rule"]["id"] == "gather") {
        let same = alerts.iter().filter(|other| other["key"] == alert["key"]);
        let seen: BTreeSet<_> = same.flat_map(gathered).collect();
        let lacking: Vec<_> = gathered(alert).difference(&seen).copied().collect();
        assert!(lacking.iter().all(|n| ("n100".."n200").contains(n)), "{alert}: {lacking:?}");
    }
}

/// Whether a program that goes on with a checkpoint has said of when it is, and what became of later events.
fn says(ended: &Ended, what: &str) -> bool {
    let mut lines = ended.stderr.lines();
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or_default();
    first.starts_with("state: going on with ")
        && first.contains(", as of 2")
        && second.contains("did not end in order")
        && second.contains(what)
}

/// The program notices that nobody reads when it prints the next alert, so that one has not been read.
#[test]
fn an_alert_that_nobody_has_read_comes_again() {
    let mut running = follow(running::folder(&RULES), "0s");
    running.append("first marker\n");
    running.wait_for("first marker");
    running.wait_for_state("app.log");
    running.turn_away();
    running.append("second marker\n");
    let ended = running.end();
    let mut running = follow(ended.folder, "0s");
    running.wait_for("second marker");
    running.stop("TERM");
}

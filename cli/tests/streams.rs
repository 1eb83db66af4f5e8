//! Streams that do not end by themselves: what they print while they run, and what they keep when they are stopped.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod running;

use std::fs;

use running::{Running, append};
use serde_json::{Value, json};

/// One rule that tells each event, and one that counts them in a window without an end.
fn folder() -> tempfile::TempDir {
    running::folder(&[("each.spl", "error"), ("count.spl", "warning | stats count")])
}

fn follow(folder: tempfile::TempDir, more: &[&str]) -> Running {
    Running::start(folder, &[&["--window", "all", "--follow", "app.log"], more].concat())
}

/// What `count.spl` has told: the counts, and why they are partial.
fn counts(alerts: &[Value]) -> Vec<(&Value, &Value)> {
    let of_count = alerts.iter().filter(|alert| alert["rule"]["id"] == "count");
    of_count
        .map(|alert| {
            assert_eq!(alert["partial"], !alert["reason"].is_null(), "{alert}");
            (&alert["row"]["count"], &alert["reason"])
        })
        .collect()
}

#[test]
fn an_alert_comes_while_the_file_grows_and_what_is_open_at_the_end_is_partial() {
    for signal in ["TERM", "INT"] {
        let mut running = follow(folder(), &[]);
        running.append("warning\none error\n");
        running.wait_for("one error");
        let log = running.path().join("app.log");
        fs::rename(&log, running.path().join("app.log.1")).unwrap();
        fs::write(&log, "warning\nanother error\n").unwrap();
        running.wait_for("another error");
        let ended = running.stop(signal);
        assert_eq!(counts(&ended.alerts), [(&json!("2"), &json!("shutdown"))]);
        assert!(ended.stderr.contains("4 events"), "{}", ended.stderr);
    }
}

#[test]
fn a_stream_whose_events_have_come_to_their_end_is_not_partial() {
    let mut running = Running::start(folder(), &["--window", "all", "--stream", "-"]);
    running.pipe("warning\nwarning\none error\n");
    running.wait_for("one error");
    assert_eq!(counts(&running.end().alerts), [(&json!("2"), &Value::Null)]);
}

#[test]
fn with_a_state_file_a_stream_goes_on_where_it_was_stopped() {
    let state = ["--state", "state"];
    let mut running = follow(folder(), &state);
    running.append("warning\none error\n");
    running.wait_for("one error");
    let ended = running.stop("INT");
    assert_eq!(counts(&ended.alerts), [], "windows stay open");
    append(ended.folder.path(), "warning\nanother error\n");
    let mut running = follow(ended.folder, &state);
    running.wait_for("another error");
    let ended = running.stop("TERM");
    assert!(ended.stderr.starts_with("state: going on with 1 open window, as of 2"));
    assert!(!ended.stderr.contains("in order"), "{}", ended.stderr);
    fs::write(ended.folder.path().join("rules/count.spl"), "warning | stats count as many")
        .unwrap();
    append(ended.folder.path(), "a third error\n");
    let mut running = follow(ended.folder, &state);
    running.wait_for("a third error");
    let stderr = running.stop("TERM").stderr;
    assert!(stderr.contains("the rule or its knowledge has changed"), "{stderr}");
}

/// The engine knows the time before it sees the first event.
#[test]
fn an_event_of_the_far_future_moves_no_watermark_even_when_it_comes_first() {
    let rules =
        [("each.spl", "error"), ("count.spl", "* | bin span=1m | stats count by _time, host")];
    let mut running =
        Running::start(running::folder(&rules), &["--stats", "figures", "--follow", "app.log"]);
    let event =
        |time: &str| format!("{{\"@timestamp\":\"{time}\",\"host\":\"h\",\"x\":\"error\"}}\n");
    running.append(&event("2099-01-01T00:00:00Z"));
    running.append(&event("2026-03-02T09:00:00Z"));
    running.next_alert();
    running.next_alert();
    let ended = running.stop("TERM");
    let figures = fs::read(ended.folder.path().join("figures")).unwrap();
    let figures: Value = serde_json::from_slice(&figures).unwrap();
    assert_eq!([&figures["future_events"], &figures["late_dropped"]], [1, 0], "{figures}");
    assert_eq!(counts(&ended.alerts).len(), 2);
}

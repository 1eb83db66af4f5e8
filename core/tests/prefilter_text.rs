//! The law of the scan for events that are lines of text: `name=value` pairs, syslog, and records of the audit log, whose
//! values may be hexadecimal digits, pieces of one value or joined by the reader.

mod common;
#[path = "prefilter/law.rs"]
mod law;
#[path = "prefilter/rules.rs"]
mod rules;
#[path = "prefilter/text_events.rs"]
mod text_events;
#[path = "prefilter/words.rs"]
mod words;

#[test]
fn the_scan_changes_no_alert_of_pairs() {
    law::holds_for(text_events::pairs, &[&[("local/props.conf", text_events::KNOWLEDGE)]]);
}

#[test]
fn the_scan_changes_no_alert_of_the_audit_log() {
    law::holds_for(text_events::audit, &[&[("local/props.conf", text_events::KNOWLEDGE)]]);
}

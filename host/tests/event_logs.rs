//! Event logs of Windows, read as their XML.

#![cfg(feature = "evtx")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::cast_possible_truncation, reason = "what is written here is small")]

mod support;

use std::io::{Cursor, Write};
use std::path::Path;

use caltrop_core::config::Input as Written;
use caltrop_host::{Input, InputCounters, InputLimits};
use support::{Content, Element, element, event_log};

/// An event of this id that holds `text`.
fn event<'a>(id: &'a str, text: &'a str) -> Element<'a> {
    let data = Element {
        name: "Data",
        attributes: vec![("Name", "CommandLine")],
        content: Content::Text(text),
    };
    let system = vec![element("EventID", Content::Text(id))];
    element(
        "Event",
        Content::Children(vec![
            element("System", Content::Children(system)),
            element("EventData", Content::Children(vec![data])),
        ]),
    )
}

fn read(bytes: Vec<u8>) -> (Vec<String>, InputCounters) {
    let reader = Box::new(Cursor::new(bytes));
    let mut input =
        Input::from_reader(Path::new("log"), reader, Written::Auto, InputLimits::default())
            .unwrap();
    let mut events = Vec::new();
    while let Some(event) = input.next_event().unwrap() {
        events.push(String::from_utf8(event.to_vec()).unwrap());
    }
    (events, input.counters())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_record_is_one_line_of_xml_compressed_or_not() {
    let log = event_log(&[event("1", "a.exe <x> & \"y\""), event("2", "one\r\ntwo</Event>\u{e9}")]);
    for bytes in [log.clone(), gzip(&log), zstd::encode_all(log.as_slice(), 3).unwrap()] {
        let (events, counters) = read(bytes);
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(events[0].starts_with("<Event>") && events[0].ends_with("</Event>"), "{events:?}");
        assert!(events[0].contains("<EventID>1</EventID>"), "{events:?}");
        assert!(events[0].contains("a.exe &lt;x&gt; &amp; \"y\""), "{events:?}");
        assert!(events[1].contains("one&#13;&#10;two&lt;/Event&gt;\u{e9}"), "{events:?}");
        assert_eq!((counters.events, counters.bad_records, counters.complaint()), (2, 0, None));
    }
}

#[test]
fn guids_are_written_in_capitals_where_they_stand_alone() {
    const GUID: &str = "{ab12cd34-0000-1111-2222-abcdefabcdef}";
    let quoted = format!("/x:=\"{GUID}\" {GUID}");
    let mut with_attribute = event("1", &quoted);
    with_attribute.attributes.push(("Guid", GUID));
    let log = event_log(&[event("1", GUID), with_attribute]);
    let (events, _) = read(log);
    let capitals = GUID.to_uppercase();
    assert!(events[0].contains(&format!(">{capitals}<")), "{events:?}");
    assert!(events[1].contains(&format!("Guid='{capitals}'")), "{events:?}");
    assert!(events[1].contains(&quoted), "{events:?}");
}

#[test]
fn attributes_stand_between_single_quotes_as_windows_writes_them() {
    let named = |name| {
        let mut named = event("1", "a \"quoted\" text");
        named.attributes.push(("Name", name));
        named
    };
    let (events, _) = read(event_log(&[named("ShareName"), named("it's")]));
    assert!(events[0].contains("Name='ShareName'"), "{events:?}");
    assert!(events[0].contains("a \"quoted\" text"), "{events:?}");
    assert!(
        events[1].contains("Name=\"it's\"") || events[1].contains("Name='it&apos;s'"),
        "{events:?}"
    );
}

#[test]
fn a_damaged_record_is_left_out_and_told_and_the_others_are_read() {
    let mut log = event_log(&[event("1", "first"), event("2", "second"), event("3", "third")]);
    let second = memchr::memmem::find(&log, b"s\0e\0c\0o\0n\0d\0").unwrap();
    // What says that a text follows.
    log[second - 4] = 0x3f;
    let (events, counters) = read(log);
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0].contains("first") && events[1].contains("third"));
    assert_eq!(counters.bad_records, 1);
    let complaint = counters.complaint().unwrap();
    assert!(complaint.starts_with("1 damaged records left out (first: "), "{complaint}");
}

#[test]
fn a_log_that_is_cut_off_anywhere_gives_what_is_whole_and_never_panics() {
    let log = event_log(&[event("1", "first"), event("2", "second")]);
    for end in (8..log.len()).step_by(1_777).chain([4095, 4096, 4097]) {
        let (events, counters) = read(log[..end].to_vec());
        assert!(events.len() <= 2);
        assert!(end == 4096 || counters.bad_records > 0, "cut at {end}");
    }
}

#[test]
fn changed_bytes_never_panic() {
    let log = event_log(&[event("1", "first"), event("2", "second")]);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    for _ in 0..300 {
        let mut changed = log.clone();
        for _ in 0..=next(4) {
            // The records and their headers.
            let at = 4096 + next(1_500);
            changed[at] = next(256) as u8;
        }
        let (events, _) = read(changed);
        assert!(events.len() < 1_000);
    }
}

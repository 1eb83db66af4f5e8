//! Events and rows that no honest machine writes: nothing panics, and the counters say what became of them.

mod common;

use std::sync::Arc;

use caltrop_core::{
    compiled::RuleSet,
    config::{Input, Options},
    engine::Engine,
    event::Head,
};
use common::{run, stream, without_prefilter};

/// Rules that look at everything: raw text, every field, derived fields, groups by what the event says.
const CURIOUS: &[&str] = &[
    "* | stats count values(*) as * by host",
    "TERM(evil) OR \"<EventID>1<\" OR Image=*\\\\evil.exe | bin span=1s | stats values(*) as * by _time, host",
    "* | regex parent_process_name=\"(?i)evil$\" | table *",
    "* | regex \"(<[^>]*>)+x\" | where match(process, \"(a|b)*c\") OR like(_raw, \"%a%b%c%\")",
    "*a*b*c*d* \"e*v*i*l\" | eval x=split(Image, \"\\\\\"), y=mvindex(x, -1), z=len(_raw) | stats count by y",
    "Image!=x NOT user=y source=*Event* | rename * as a_* | fields - a_a*",
];

fn event(time: &str, data: &str) -> Vec<u8> {
    format!(
        "<Event><System><EventID>1</EventID><TimeCreated SystemTime='{time}'/>\
         <Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>h</Computer></System>\
         <EventData>{data}</EventData></Event>"
    )
    .into_bytes()
}

const TIME: &str = "2026-03-02T09:30:00Z";

fn object(data: &str) -> Vec<u8> {
    format!(
        "{{\"winlog\":{{\"event_id\":1,\"channel\":\"Microsoft-Windows-Sysmon/Operational\",\
         \"computer_name\":\"h\",\"event_data\":{{\"UtcTime\":\"{TIME}\",{data}"
    )
    .into_bytes()
}

fn hostile_objects() -> Vec<(&'static str, Vec<u8>)> {
    let filled = |open: &str, piece: &str| {
        object(&format!("{open}{}", piece.repeat(((1 << 20) - 400) / piece.len())))
    };
    let long_names = format!("\"{}\":[", "n".repeat(900));
    vec![
        ("objects in objects", filled("", "\"evil\":{")),
        ("arrays in arrays", filled("\"Image\":", "[")),
        ("one long array", filled("\"Image\":[", "1,")),
        ("one long array behind a long name", filled(&long_names, "1,")),
        ("arrays of objects behind a long name", filled(&long_names, "{\"evil\":1},")),
        ("one key a hundred thousand times", filled("", "\"a\":1,")),
        ("quotes", filled("", "\"")),
        ("backslashes", filled("\"Image\":\"", "\\")),
        ("escaped quotes", filled("\"Image\":\"", "\\\"")),
        ("escapes by number", filled("\"Image\":\"", "\\u0065")),
        ("halves of pairs", filled("\"Image\":\"", "\\ud83d")),
        ("closing braces", filled("", "}")),
        ("colons", filled("\"Image\"", ":")),
        ("a wrapper without an end", [b"{\"Records\":".as_slice(), &b"[".repeat(1 << 20)].concat()),
    ]
}

fn hostile_events() -> Vec<(&'static str, Vec<u8>)> {
    let full = 1 << 20;
    let in_event = |piece: &str| event(TIME, &piece.repeat((full - 400) / piece.len()));
    vec![
        ("nothing", Vec::new()),
        ("white space", b" \t\r ".to_vec()),
        ("opening brackets", vec![b'<'; full]),
        ("an event of opening brackets", in_event("<")),
        ("an event of start tags", in_event("<a>")),
        ("an event of ampersands", in_event("&#")),
        ("an event of comments", in_event("<!-- evil")),
        ("an event of quotes", in_event("<Data Name='\"")),
        ("one long value", in_event("<Data Name='Image'>\\evil")),
        ("a million references", in_event("&#101;")),
        ("percent codes", in_event("%2526")),
        ("zeros", vec![0; full]),
        ("all bytes", (0..=255).cycle().take(full).collect()),
        (
            "bytes that are not UTF-8",
            event(TIME, "<Data Name='Image'>\\evil.exe\u{1}</Data>")
                .iter()
                .map(|&byte| if byte == 1 { 0xff } else { byte })
                .collect(),
        ),
        (
            "names that are not UTF-8",
            [
                b"<Event><EventData><Data Name='".as_slice(),
                &[0xff; 99],
                b"'>evil</Data></EventData></Event>",
            ]
            .concat(),
        ),
        (
            "a year before times begin",
            event("1601-01-01T00:00:00Z", "<Data Name='Image'>evil</Data>"),
        ),
        (
            "a year after times end",
            event("9999-12-31T23:59:59.9999999Z", "<Data Name='Image'>evil</Data>"),
        ),
        ("no time at all", event("yesterday", "<Data Name='Image'>evil</Data>")),
        (
            "a time at the edge",
            event("2262-04-11T23:47:16.854775807Z", "<Data Name='Image'>evil</Data>"),
        ),
        (
            "a time at the other edge",
            event("1677-09-21T00:12:43.145224193Z", "<Data Name='Image'>evil</Data>"),
        ),
        ("deep nesting", in_event("<Event><System><EventData>")),
    ]
}

/// A hostile value must not hide the event, nor one that is cut off.
#[test]
fn what_stands_before_the_damage_is_seen_by_rules() {
    let rules = common::searches(&["EventCode=1 Image=*evil* | table Image host"]);
    for data in [
        r#""Image":"evil","x":"#,
        r#""Image":"evil"#,
        r#""x":[[[[{"y":{}]]}]],"Image":["evil"#,
        r#""Image":"good","Image":"evil"}"#,
        r#""Image":"\u0065vil\ud800"#,
    ] {
        for options in ways() {
            let outcome = run(&rules, &options, [object(data).as_slice()]);
            assert_eq!(outcome.alerts.len(), 1, "{data} {options:?}");
        }
    }
}

/// A wrapper that were one event would hide all but the first of its records.
#[test]
fn records_that_are_pushed_in_their_wrapper_are_events_of_their_own() {
    let rules = common::searches(&["eventName=GetObject | table user", "* | stats count"]);
    let raw = br#"{"Records":[{"eventName":"GetObject","user":"a"},{"eventName":"PutObject"},{"eventName":"GetObject","user":"b"}]}"#;
    for options in [Options::default(), without_prefilter(&Options::default())] {
        let outcome = run(&rules, &options, [raw.as_slice(), raw]);
        assert_eq!((outcome.alerts.len(), outcome.counters.events), (5, 6), "{outcome:#?}");
        let key = |alert: &str| alert.split("\"key\":").nth(1).map(|key| key[..18].to_owned());
        let mut keys: Vec<_> = outcome.alerts.iter().map(|alert| key(alert)).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 5, "each record has a key of its own: {keys:?}");
    }
}

/// Every way of running.
fn ways() -> Vec<Options> {
    let ways = [Options::default(), stream(10)];
    ways.iter().flat_map(|options| [options.clone(), without_prefilter(options)]).collect()
}

#[test]
fn no_event_makes_the_engine_fail_and_the_scan_still_changes_nothing() {
    let curious = common::searches(CURIOUS);
    for rules in [common::seed(), curious] {
        for (name, raw) in hostile_events().into_iter().chain(hostile_objects()) {
            let outcomes: Vec<_> =
                ways().iter().map(|options| run(&rules, options, [raw.as_slice()])).collect();
            assert_eq!(outcomes[0].alerts, outcomes[1].alerts, "{name}");
            assert_eq!(outcomes[2].alerts, outcomes[3].alerts, "{name}");
            assert!(outcomes.iter().all(|outcome| outcome.counters.events == 1), "{name}");
        }
    }
}

#[test]
fn an_event_whose_year_does_not_exist_has_no_time() {
    let rules =
        common::searches(&["evil | bin span=1s | stats count by _time, host", "evil | table host"]);
    let events = [
        event("1601-01-01T00:00:00Z", "<Data>evil</Data>"),
        event("9999-12-31T23:59:59Z", "<Data>evil</Data>"),
    ];
    let raws = || events.iter().map(Vec::as_slice);
    let batch = run(&rules, &Options::default(), raws());
    // The rule that asks for no time sees both; the caller's time would count for the other.
    assert_eq!(batch.alerts.len(), 2);
    let outcome = run(&rules, &stream(10), raws());
    assert_eq!((outcome.alerts.len(), outcome.counters.timeless_dropped), (2, 2));
}

#[test]
fn of_ten_thousand_fields_the_first_five_hundred_are_seen() {
    let data: String =
        (0..10_000).map(|field| format!("<Data Name='f{field}'>{field}</Data>")).collect();
    let rules = common::searches(&["TERM(9999) | table f*", "TERM(9999) | where f9999=9999"]);
    let outcome = run(&rules, &Options::default(), [event(TIME, &data).as_slice()]);
    let row: serde_json::Value = serde_json::from_str(&outcome.alerts[0]).expect("alerts are JSON");
    let seen = row["row"].as_object().expect("a row").len();
    assert!((500..=caltrop_core::event::MAX_FIELDS).contains(&seen), "{seen}");
    assert_eq!(outcome.alerts.len(), 1, "no test of a field that is not seen can pass");
    assert!(outcome.counters.lost_fields >= 10_000 - 512, "{:?}", outcome.counters);
}

#[test]
fn the_first_of_two_fields_of_one_name_counts() {
    let data = "<Data Name='a'>1</Data><Data Name='a'>2</Data><Data Name='b'></Data><Data Name='b'>3</Data>";
    let rules = common::searches(&["* | table a b"]);
    let outcome = run(&rules, &Options::default(), [event(TIME, data).as_slice()]);
    assert!(
        outcome.alerts[0].ends_with("\"row\":{\"a\":\"1\",\"b\":\"3\"}}"),
        "{}",
        outcome.alerts[0]
    );
}

#[test]
fn an_event_that_is_too_long_is_cut_and_its_first_part_is_looked_at() {
    let options = Options { max_event_bytes: 1000, ..Options::default() };
    let rules =
        common::searches(&["TERM(early) | table CommandLine", "TERM(late) | table CommandLine"]);
    let data = format!("<Data Name='CommandLine'>early {} late</Data>", "x".repeat(2000));
    for options in [options.clone(), without_prefilter(&options)] {
        let outcome = run(&rules, &options, [event(TIME, &data).as_slice()]);
        assert_eq!((outcome.alerts.len(), outcome.counters.cut_events), (1, 1));
    }
}

/// An event that looked at the windows of every host would make this a matter of minutes.
#[test]
fn ten_thousand_hosts_with_open_windows_do_not_slow_each_other() {
    const HOSTS: usize = 10_000;
    let rules = common::searches(&[
        "TERM(evil) | stats count by host",
        "TERM(evil) | bin span=1s | stats count by _time, host",
        "TERM(evil) | stats count by Image",
    ]);
    let events: Vec<String> = (0..3 * HOSTS)
        .map(|event| {
            let (word, minute) = [("evil", 0), ("good", 30), ("good", 59)][event / HOSTS];
            format!(
                "<Event><System><TimeCreated SystemTime='2026-03-02T09:{minute:02}:01Z'/>\
                 <Computer>h{}</Computer></System><EventData><Data Name='Image'>{word}</Data>\
                 </EventData></Event>",
                event % HOSTS
            )
        })
        .collect();
    let outcome = run(&rules, &stream(10), events.iter().map(String::as_bytes));
    assert_eq!(outcome.alerts.len(), 2 * HOSTS + 1);
    assert_eq!(outcome.counters.late_dropped, 0);
}

fn numbered_rows(count: usize) -> Vec<String> {
    (0..count)
        .map(|row| format!("{{\"_time\":{},\"user\":\"u{row}\"}}", 1_772_443_800 + row % 600))
        .collect()
}

fn counted(rules: &Arc<RuleSet>, options: &Options, rows: &[String]) -> (usize, Engine) {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut alerts = 0;
    for row in rows {
        engine.push(row.as_bytes(), &Head::default(), &mut |_| alerts += 1);
    }
    engine.finish(&mut |_| alerts += 1);
    (alerts, engine)
}

#[test]
fn a_hundred_thousand_groups_come_out_as_so_many_rows() {
    let rules = common::searches(&["* | stats count by user"]);
    let rows = numbered_rows(100_000);
    let options = Options { input: Input::Rows, ..Options::default() };
    let (alerts, engine) = counted(&rules, &options, &rows);
    assert_eq!((alerts, engine.exhausted()), (100_000, None));
    assert!(engine.counters().state_bytes_peak > 100_000 && engine.counters().state_bytes == 0);
}

#[test]
fn state_beyond_its_bound_stops_a_batch_and_is_sent_early_by_a_stream() {
    let rules = common::searches(&["* | stats count by user"]);
    let rows = numbered_rows(20_000);
    let bounded =
        |options: Options| Options { input: Input::Rows, max_state_bytes: 1 << 18, ..options };
    let (_, engine) = counted(&rules, &bounded(Options::default()), &rows);
    assert!(engine.exhausted().is_some());
    let (alerts, engine) = counted(&rules, &bounded(stream(3600)), &rows);
    assert_eq!((alerts, engine.exhausted()), (20_000, None));
    let counters = engine.counters();
    assert!(counters.partial_groups > 1, "{counters:?}");
    // An arena grows in steps, so the bound is passed by one of them at most.
    assert!(counters.state_bytes_peak < 1 << 20, "{counters:?}");
}

#[test]
fn hostile_rows_are_counted_or_survived() {
    let rules = common::searches(&[
        "* | stats count values(*) as * by host",
        "* | bin span=1s | stats count by _time",
    ]);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!(
        "{{{}\"z\":1}}",
        (0..50_000).map(|name| format!("\"n{name}\":{name},")).collect::<String>()
    );
    let many = format!("{{\"host\":[{}\"h\"]}}", "\"h\",".repeat(50_000));
    let rows = [
        deep.as_str(),
        &wide,
        &many,
        "",
        "{",
        "null",
        "{\"a\":1e999,\"b\":-0,\"c\":\"\\ud800\",\"_time\":1e300}",
        "{\"_time\":[1,2],\"host\":{}}",
        "{\"_time\":\"\",\"host\":\"\"}",
        "{\"_time\":9223372036.854775808,\"host\":\"h\"}",
        "{\"_time\":-9223372036.9,\"host\":\"h\"}",
        "{\"a\":1,\"a\":2,\"host\":\"h\"}",
    ];
    for options in ways() {
        let options = Options { input: Input::Rows, ..options };
        let outcome = run(&rules, &options, rows.iter().map(|row| row.as_bytes()));
        assert_eq!(outcome.counters.events, 12);
        // Too deep, empty, cut off, and no object.
        assert_eq!(outcome.counters.malformed_rows, 4);
    }
}

#[test]
fn a_search_that_backtracks_without_end_is_given_up_and_counted() {
    let rules =
        common::searches(&["* | regex CommandLine=\"(?=x)(x+x+)+\\1y\" | table CommandLine"]);
    let of = |command: &str| event(TIME, &format!("<Data Name='CommandLine'>{command}</Data>"));
    let (hostile, honest) = (of(&"x".repeat(2000)), of("xxxxy"));
    let outcome = run(&rules, &Options::default(), [&*hostile, &*honest, &*hostile]);
    assert_eq!(outcome.alerts.len(), 1);
    assert_eq!(outcome.counters.given_up_searches, 2);
}

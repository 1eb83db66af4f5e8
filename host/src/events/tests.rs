use super::*;

/// Gives `bytes` in pieces of at most `piece`.
struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.min(out.len());
        self.bytes.read(&mut out[..count])
    }
}

/// Position, line and text of an event.
type Found = (u64, u64, String);

/// The events, and how many were cut.
fn events_of(mut reader: impl Read, events: &mut Events) -> (Vec<Found>, u64) {
    let (mut found, mut truncated) = (Vec::new(), 0);
    let mut more = More::MayCome;
    loop {
        if events.find_next(more) {
            let text = String::from_utf8(events.event().to_vec()).unwrap();
            found.push((events.event_position(), events.event_line(), text));
            truncated += u64::from(events.is_cut());
        } else if more == More::Ended {
            return (found, truncated);
        } else if events.fill(&mut reader).unwrap() == 0 {
            more = More::Ended;
        }
    }
}

fn by_pieces(bytes: &[u8], piece: usize, written: Written, max: usize) -> (Vec<Found>, u64) {
    let mut events = Events::new(written, max);
    let found = events_of(Pieces { bytes, piece }, &mut events);
    assert_eq!(events.position(), bytes.len() as u64, "every byte is given out or passed over");
    found
}

/// The events with positions, lines and how many were cut, which must be the same however the bytes come.
fn all(text: &str, written: Written, max: usize) -> (Vec<Found>, u64) {
    let whole = by_pieces(text.as_bytes(), usize::MAX, written, max);
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(by_pieces(text.as_bytes(), piece, written, max), whole, "{text:?} by {piece}");
    }
    whole
}

fn texts_of(text: &str, written: Written) -> Vec<String> {
    all(text, written, 1 << 20).0.into_iter().map(|(.., text)| text).collect()
}

fn texts(text: &str) -> Vec<String> {
    texts_of(text, Written::Auto)
}

#[test]
fn lines_come_out_without_their_ends_and_blank_ones_not_at_all() {
    type Case = (&'static str, &'static [(u64, u64, &'static str)], u64);
    let cases: [Case; 16] = [
        ("", &[], 0),
        ("\n\r\n \n\t", &[], 0),
        ("ab", &[(0, 1, "ab")], 0),
        ("ab\n", &[(0, 1, "ab")], 0),
        ("ab\r\ncd\r\n", &[(0, 1, "ab"), (4, 2, "cd")], 0),
        ("ab\n\n\ncd", &[(0, 1, "ab"), (5, 4, "cd")], 0),
        ("a\rb\n", &[(0, 1, "a\rb")], 0),
        ("  ab \n", &[(0, 1, "  ab ")], 0),
        ("\u{feff}ab\n", &[(3, 1, "ab")], 0),
        ("\u{feff}\nab", &[(4, 2, "ab")], 0),
        ("12345\n", &[(0, 1, "12345")], 0),
        ("12345\r\n6", &[(0, 1, "12345"), (7, 2, "6")], 0),
        ("123456\n7", &[(0, 1, "12345"), (7, 2, "7")], 1),
        ("12345678901\r\n\nb\n", &[(0, 1, "12345"), (14, 3, "b")], 1),
        ("1234567\n1234567", &[(0, 1, "12345"), (8, 2, "12345")], 2),
        ("a\0b\n\0\n", &[(0, 1, "a\0b"), (4, 2, "\0")], 0),
    ];
    for (text, expected, truncated) in cases {
        let expected: Vec<Found> =
            expected.iter().map(|(at, line, text)| (*at, *line, (*text).to_owned())).collect();
        assert_eq!(all(text, Written::Auto, 5), (expected, truncated), "{text:?}");
    }
}

#[test]
fn many_lines_longer_than_a_read_come_out_whole() {
    let expected: Vec<String> = (0..40).map(|n| "x".repeat(n * 7_919 % 150_000 + 1)).collect();
    let text = expected.join("\r\n");
    for piece in [1_000, 65_536, 1_000_000] {
        let (found, truncated) = by_pieces(text.as_bytes(), piece, Written::Auto, 1 << 20);
        assert!(found.iter().map(|(.., line)| line).eq(&expected), "by {piece}");
        assert_eq!(truncated, 0);
    }
}

const EVENT: &str = "<Event xmlns='x'><System/><Data>a</Data></Event>";
const PRETTY: &str =
    "<Event xmlns='x'>\r\n  <EventData>\r\n<EventID>1</EventID>\r\n  </EventData>\r\n</Event>";

#[test]
fn xml_events_end_with_their_element_on_one_line_or_over_many() {
    let plain = format!("{EVENT}\n{EVENT}\r\n\n{EVENT}");
    assert_eq!(texts(&plain), [EVENT; 3]);
    let pretty = format!("{PRETTY}\r\n{EVENT}\n  {PRETTY}\n");
    assert_eq!(texts(&pretty), [PRETTY, EVENT, PRETTY]);
    let in_a_row = format!("{EVENT}{EVENT} {PRETTY},{EVENT}");
    assert_eq!(texts(&in_a_row), [EVENT, EVENT, PRETTY, EVENT]);
}

#[test]
fn declarations_and_tags_around_xml_events_are_no_events() {
    let text = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Events xmlns='y'>\n{EVENT}\n{EVENT}</Events>\n"
    );
    assert_eq!(texts(&text), [EVENT; 2]);
    let of_each = format!("<?xml version='1.0'?>{EVENT}\n<?xml version='1.0'?>\n{PRETTY}\n");
    assert_eq!(texts(&of_each), [EVENT, PRETTY]);
    let other = "<?xml version='1.0'?><book/>";
    assert_eq!(texts(&format!("{other}\n{EVENT}")), [other, EVENT]);
}

#[test]
fn an_element_that_is_never_closed_costs_the_next_ones_nothing() {
    let open = "<Event xmlns='x'><Data>cut";
    assert_eq!(texts(&format!("{open}\n{EVENT}\n{open}\n{PRETTY}")), [open, EVENT, open, PRETTY]);
    let long = format!("{open}\n{}\n{EVENT}", "x".repeat(100));
    let (found, truncated) = all(&long, Written::Auto, 60);
    assert_eq!(found.last().map(|(.., text)| text.as_str()), Some(EVENT));
    assert_eq!(truncated, 1);
    let long = format!("<Event>{}</Event>{EVENT}{EVENT}\nline", "x".repeat(200));
    let (found, truncated) = all(&long, Written::Auto, 60);
    let found: Vec<&str> = found[1..].iter().map(|(.., text)| text.as_str()).collect();
    assert_eq!((found, truncated), (vec![EVENT, EVENT, "line"], 1));
}

#[test]
fn what_stands_behind_an_event_on_its_line_belongs_to_it() {
    assert_eq!(texts(&format!("{EVENT} tail\nx")), [format!("{EVENT} tail").as_str(), "x"]);
    assert_eq!(texts("{\"a\":1} tail\nx"), ["{\"a\":1} tail", "x"]);
    assert_eq!(texts("{\"a\":1}}\n{\"b\":2}"), ["{\"a\":1}}", "{\"b\":2}"]);
}

const CLASSIC: &str = "03/25/2026 08:15:00 PM\nLogName=Security\nEventCode=4104\nMessage=Text:\n\n03/25/2026 08:15:01 PM\nfree text\n{\n\nPath:";

#[test]
fn classic_text_goes_on_to_the_next_header() {
    let text = format!("{CLASSIC}\n\n{CLASSIC}\n{EVENT}\n{CLASSIC}");
    assert_eq!(texts(&text), [CLASSIC, CLASSIC, EVENT, CLASSIC]);
    let windows = text.replace('\n', "\r\n");
    let expected = CLASSIC.replace('\n', "\r\n");
    assert_eq!(texts(&windows), [expected.as_str(), &expected, EVENT, &expected]);
    let lines: Vec<u64> =
        all(&text, Written::Text, 1 << 20).0.iter().map(|found| found.1).collect();
    assert_eq!(lines, [1, 12, 22, 23]);
}

#[test]
fn a_date_without_a_setting_behind_it_is_a_line() {
    let header = "12/31/2026 11:59:59.123 AM";
    assert_eq!(texts(&format!("{header}\nrest\n")), [header, "rest"]);
    assert_eq!(texts(&format!("{header}\nName=1\nrest\n")), [format!("{header}\nName=1\nrest")]);
    for other in ["12/31/2026 11:59:59", "12/31/2026 11:59:59 XM", "1/1/2026 1:00:00 AM"] {
        assert_eq!(texts(&format!("{other}\nName=1")), [other, "Name=1"]);
    }
}

const PRETTY_JSON: &str =
    "{\n  \"a\": {\n    \"b\": [1, {}, \"}\\\"\"\n    ]\n  },\n  \"c\":\n  {\"d\": null}\n}";

#[test]
fn json_ends_with_its_bracket_on_one_line_or_over_many() {
    assert_eq!(texts("{\"a\":1}\n{\"b\":\"{\"}\r\n{}\n"), ["{\"a\":1}", "{\"b\":\"{\"}", "{}"]);
    let text = format!("{PRETTY_JSON}\n{PRETTY_JSON}{{\"x\":1}} {{\"y\":2}},{{}}\n");
    assert_eq!(texts(&text), [PRETTY_JSON, PRETTY_JSON, "{\"x\":1}", "{\"y\":2}", "{}"]);
}

#[test]
fn elements_of_arrays_and_wrappers_are_events() {
    let elements = ["{\"a\":[{\"Records\":[{}]}]}", "{\"b\":2}"];
    for text in [
        "[{\"a\":[{\"Records\":[{}]}]},{\"b\":2}]",
        "[\n  {\"a\":[{\"Records\":[{}]}]},\n  {\"b\":2}\n]\n",
        "{\"Records\":[{\"a\":[{\"Records\":[{}]}]},{\"b\":2}]}",
        "{ \"records\" : [\n{\"a\":[{\"Records\":[{}]}]}\n,\n{\"b\":2} ],\n \"next\": {\"x\":[1]}}\n",
    ] {
        assert_eq!(texts(text), elements, "{text}");
        let twice = format!("{text}{text}");
        assert_eq!(texts(&twice), [elements, elements].concat(), "{twice}");
        assert_eq!(texts(&format!("{text}\nline")), [&elements[..], &["line"]].concat());
    }
    assert_eq!(texts("{\"Records\":[]}\n{\"Records\":1}"), ["{\"Records\":1}"]);
}

#[test]
fn brackets_that_open_no_json_open_lines() {
    let lines = [
        "{main} failed",
        "[2026-01-01] {\"a\":1}",
        "[{x}] y",
        "{",
        "[",
        "<34>1 - host",
        "<",
        "{ }x",
    ];
    assert_eq!(texts(&lines.join("\n")), lines);
}

#[test]
fn json_that_is_cut_off_does_not_swallow_what_follows() {
    let next = "{\"next\":1}";
    for broken in [
        "{\"a\":\"in a string",
        "{\"a\":\"x\\",
        "{\"a\":{\"b\":1}",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":[1,{\"b\":2}",
        "{\"a\"",
    ] {
        let text = format!("{broken}\n{next}\nMar 27 host text\n{EVENT}\n06/07 text\n");
        assert_eq!(texts(&text), [broken, next, "Mar 27 host text", EVENT, "06/07 text"]);
    }
    let broken = format!("{{\"a\":{}", "[".repeat(1_000_000));
    assert_eq!(texts(&format!("{broken}\n{next}")), [broken.as_str(), next]);
}

#[test]
fn a_long_element_costs_the_next_ones_nothing() {
    let long = format!("{{\"long\":[{}]}}", "\"}\",".repeat(100));
    let text = format!("[{long},{{\"a\":1}},\n{long},\n{{\"b\":2}}]\nline");
    let (found, truncated) = all(&text, Written::Auto, 50);
    let found: Vec<&str> = found.iter().map(|(.., text)| text.as_str()).collect();
    assert_eq!(found, [&long[..50], "{\"a\":1}", &long[..50], "{\"b\":2}", "line"]);
    assert_eq!(truncated, 2);
}

fn record(kind: &str, serial: u32) -> String {
    format!("type={kind} msg=audit(1767225600.123:{serial}): arch=c000003e")
}

#[test]
fn audit_records_of_one_event_are_joined_also_when_others_stand_between() {
    let (a, b) = (|kind| record(kind, 1), |kind| record(kind, 2));
    let lines = [a("SYSCALL"), b("SYSCALL"), a("EXECVE"), b("CWD"), a("EOE"), b("EOE")];
    let text = lines.join("\n");
    let first = [a("SYSCALL"), a("EXECVE"), a("EOE")].join("\n");
    let second = [b("SYSCALL"), b("CWD"), b("EOE")].join("\n");
    assert_eq!(texts(&text), [first.as_str(), &second]);
    let (found, _) = all(&text, Written::Auto, 1 << 20);
    assert_eq!((found[1].0, found[1].1), (lines[0].len() as u64 + 1, 2));
}

#[test]
fn audit_records_of_two_nodes_are_two_events() {
    let lines = ["a", "b"].map(|node| format!("node={node} {}", record("USER_LOGIN", 7)));
    assert_eq!(texts(&lines.join("\n")), lines);
}

#[test]
fn audit_events_without_an_end_wait_for_few_others_and_never_for_another_kind_of_line() {
    let records: Vec<String> = (0..30).map(|serial| record("USER_START", serial)).collect();
    let text = format!("{}\nMar 27 host text\n{}\n", records.join("\n"), records.join("\r\n"));
    let expected: Vec<&str> = records.iter().map(String::as_str).collect();
    assert_eq!(texts(&text), [&expected[..], &["Mar 27 host text"], &expected].concat());
    let no_records =
        ["type=x", "node=a type=b", "type=A msg=audit(x): y", "type=A msg=audit(1.2:3"];
    assert_eq!(texts(&no_records.join("\n")), no_records);
}

#[test]
fn a_flood_of_audit_records_is_cut_and_counted() {
    let text = [record("EXECVE", 1), record("EXECVE", 1), record("EXECVE", 1)].join("\n");
    for max in [1, 20, 60, 100] {
        let (found, truncated) = all(&text, Written::Auto, max);
        let shown: usize = found.iter().map(|(.., text)| text.len()).max().unwrap_or(0);
        assert!(shown <= max && truncated > 0, "{max}");
    }
}

#[test]
fn a_forced_format_reads_only_that_one() {
    let text = format!("{EVENT}{EVENT}\n{{\"a\":1}}{{}}\n{}\n", record("EOE", 1));
    let lines: Vec<&str> = text.lines().collect();
    for written in [Written::Kv, Written::Syslog, Written::Rows, Written::Text] {
        assert_eq!(texts_of(&text, written), lines);
    }
    assert_eq!(texts_of(&text, Written::Xml), [&[EVENT, EVENT], &lines[1..]].concat());
    assert_eq!(
        texts_of(&text, Written::Json),
        [&[lines[0], "{\"a\":1}", "{}"], &lines[2..]].concat()
    );
}

#[test]
fn what_may_be_complete_is_given_out_when_nothing_comes() {
    let flushed = |text: &str| {
        let mut events = Events::new(Written::Auto, 1 << 20);
        events.fill(&mut text.as_bytes()).unwrap();
        assert!(!events.find_next(More::MayCome), "{text:?} may go on");
        let is_given = events.find_next(More::Quiet);
        is_given.then(|| String::from_utf8(events.event().to_vec()).unwrap())
    };
    assert_eq!(flushed(EVENT).as_deref(), Some(EVENT));
    assert_eq!(flushed("{\"a\":1}").as_deref(), Some("{\"a\":1}"));
    assert_eq!(flushed(&format!("{CLASSIC}\n")).as_deref(), Some(CLASSIC));
    let record = record("SYSCALL", 1);
    assert_eq!(flushed(&format!("{record}\n")), Some(record));
    for half in ["half a line", "<Event><Data>\n", "{\"a\":\n", "03/25/2026 08:15:00 PM\n", CLASSIC]
    {
        assert_eq!(flushed(half), None, "{half:?} is not complete");
    }
}

/// Memory stays near the limit, and the time to read twice as much is twice as long at most: here, the test ends.
#[test]
fn endless_events_take_bounded_memory() {
    let endless: [(&str, &str); 8] = [
        ("", "x"),
        ("", " "),
        ("", "\0"),
        ("<Event>", "<Data>"),
        ("<Event>", "\n"),
        ("03/25/2026 08:15:00 PM\nName=\n", "03/25/2026 08:15:00 PM\n"),
        ("{\"a\":", "["),
        ("{\"a\":\"", "\\\\"),
    ];
    for (start, unit) in endless {
        let text = format!("{start}{}\nlast line", unit.repeat(4_000_000 / unit.len()));
        let mut events = Events::new(Written::Auto, 100_000);
        let (found, _) = events_of(text.as_bytes(), &mut events);
        assert!(found.iter().all(|(.., text)| text.len() <= 100_000), "{start}{unit}");
        assert_eq!(
            found.last().map(|(.., text)| text.as_str()),
            Some("last line"),
            "{start}{unit}"
        );
        let held = events.held_bytes();
        assert!(held < 500_000, "{held} bytes held for {start}{unit}");
    }
}

#[test]
fn an_error_comes_after_the_events_before_it_and_loses_nothing() {
    struct FailsOnce(u32);
    impl Read for FailsOnce {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::Error::other("gone")),
                2 => b"f\n".as_slice().read(out),
                _ => Ok(0),
            }
        }
    }
    let mut events = Events::new(Written::Auto, 100);
    let mut reader = b"ab\ncd".chain(FailsOnce(0));
    events.fill(&mut reader).unwrap();
    assert!(events.find_next(More::MayCome) && events.event() == b"ab");
    assert_eq!(events.fill(&mut reader).unwrap_err().to_string(), "gone");
    events.fill(&mut reader).unwrap();
    assert!(events.find_next(More::MayCome) && events.event() == b"cdf");
}

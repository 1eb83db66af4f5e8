//! The classic text of Windows events, `WinEventLog`: a header of `name=value` lines, then the message as a person reads it.
//!
//! | field | where it comes from |
//! | --- | --- |
//! | `LogName`, `SourceName`, `EventCode`, `ComputerName`, `RecordNumber` | the header, and nothing else: a message cannot say what the event is |
//! | `Message` | what follows `Message=`, to the end |
//! | `New_Process_Name`, `Account_Name`, ... | `New Process Name:` and its like in the message; a key that comes again makes a multivalue |
//! | `Image`, `CommandLine`, `User`, ... | `Image:` and its like in the message of Sysmon: the names are those of the XML |
//! | `ScriptBlockText`, `MessageNumber`, `MessageTotal`, `ScriptBlock_ID`, `Path` | the parts of PowerShell's event 4104 |
//! | `Payload`, `ContextInfo`, `UserData` | the parts of PowerShell's event 4103 |
//! | `HostApplication`, `EngineVersion`, ... | `HostApplication=` and its like in the events 400, 403, 600 and 800 of Windows PowerShell; of 800 also `Details` |
//! | `Type`, `User`, `Sid`, `TaskCategory`, `Keywords`, ... | the other lines of the header, where the message has no such key |
//! | `Channel`, `EventID`, `Computer`, `EventRecordID`, `UserID`, `Name` | hidden second names of `LogName`, `EventCode`, `ComputerName`, `RecordNumber`, `Sid` and `SourceName`: what the XML calls them |
//! | `Subject.Account_Name`, `New_Logon.Security_ID`, ... | hidden: a key of the message with the section that it stands in |
//!
//! Hidden fields can be named, but no wildcard shows them. `Name` gives way to a key `Name` of the message.
//!
//! Every value is a contiguous piece of the event between two breakers, so a scan of the raw text misses none.

mod date;
mod lines;
mod ordered;
mod powershell;
mod sections;
mod templates;

use jiff::tz::TimeZone;
use memchr::memmem;

use super::{Natives, Told, detect::BYTE_ORDER_MARK, time};
use crate::{row::Env, value::Value};
use date::Date;
use lines::Lines;

/// The header's keys that a first line or the line behind the date may have.
const OPENING_KEYS: [&[u8]; 7] = [
    b"LogName=",
    b"SourceName=",
    b"EventCode=",
    b"EventType=",
    b"Type=",
    b"ComputerName=",
    b"Category=",
];

/// What the header alone may say.
const IDENTITY: [&[u8]; 5] =
    [b"LogName", b"SourceName", b"EventCode", b"ComputerName", b"RecordNumber"];

/// What the XML calls that which only the header may say.
const XML_IDENTITY: [(&[u8], &[u8]); 4] = [
    (b"LogName", b"Channel"),
    (b"EventCode", b"EventID"),
    (b"ComputerName", b"Computer"),
    (b"RecordNumber", b"EventRecordID"),
];

/// What the XML calls the rest of the header.
const XML_NAMES: [(&[u8], &[u8]); 2] = [(b"Sid", b"UserID"), (b"SourceName", b"Name")];

/// Whether `raw` is one: a date and a line of the header or, where the date is missing, two lines of the header.
pub(super) fn is_windows_text(raw: &[u8]) -> bool {
    const LONGEST_LINE_BYTES: usize = 128;
    let start = opening(raw);
    if !start.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'L') {
        return false;
    }
    let window = &start[..start.len().min(2 * LONGEST_LINE_BYTES)];
    let mut lines = Lines::new(window).map(|line| line.text);
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    let opens_header = |line: &[u8]| OPENING_KEYS.iter().any(|key| line.starts_with(key));
    opens_header(second) && (first.starts_with(b"LogName=") || Date::read(first).is_some())
}

/// When and where it happened, and from which log it is.
pub(super) fn told<'e>(raw: &'e [u8], env: Env<'e>) -> Told<'e> {
    let parts = Parts::of(raw);
    let mut told = Told { time_ns: parts.message.and_then(utc_time), ..Told::default() };
    for (key, value) in parts.header_fields() {
        let slot = match key {
            b"LogName" => &mut told.channel,
            b"EventCode" => &mut told.event_id,
            b"ComputerName" => &mut told.host,
            _ => continue,
        };
        slot.get_or_insert(value);
    }
    Told { time_ns: told.time_ns.or_else(|| parts.date()?.time_ns(env.zone)), ..told }
}

/// Finds the fields of header and message; those of the message win, but for what says which event it is.
pub(super) fn find<'e>(raw: &'e [u8], natives: &mut Natives<'e>) {
    let parts = Parts::of(raw);
    let is_identity = |key: &[u8]| IDENTITY.contains(&key);
    for (key, value) in parts.header_fields().filter(|(key, _)| is_identity(key)) {
        natives.add(key, Value::Text(value));
    }
    parts.add_second_names(&XML_IDENTITY, natives);
    if let Some(message) = parts.message.filter(|message| !message.is_empty()) {
        natives.add(b"Message", Value::Text(message));
        find_in_message(message, natives);
    }
    for (key, value) in parts.header_fields() {
        natives.add(key, Value::Text(value));
    }
    parts.add_second_names(&XML_NAMES, natives);
}

/// Finds the fields of a message alone: other formats carry it as a value.
pub(super) fn find_in_message<'e>(message: &'e [u8], natives: &mut Natives<'e>) {
    let is_found = ordered::find(message, natives) || powershell::find(message, natives);
    if !is_found {
        sections::find(message, natives);
    }
}

/// An event, cut where its message starts.
#[derive(Clone, Copy)]
struct Parts<'e> {
    header: &'e [u8],
    message: Option<&'e [u8]>,
}

impl<'e> Parts<'e> {
    fn of(raw: &'e [u8]) -> Self {
        const MARK: &[u8] = b"\nMessage=";
        match memmem::find(raw, MARK) {
            Some(at) => {
                let message = trim_line_breaks(&raw[at + MARK.len()..]);
                Self { header: &raw[..at], message: Some(message) }
            }
            None => Self { header: raw, message: None },
        }
    }

    /// The `name=value` lines that have a value, in their order.
    fn header_fields(self) -> impl Iterator<Item = (&'e [u8], &'e [u8])> {
        Lines::new(opening(self.header)).filter_map(|line| {
            let equals = line.text.iter().position(|&byte| byte == b'=')?;
            let (key, value) = (&line.text[..equals], line.text[equals + 1..].trim_ascii());
            (lines::is_word(key) && !value.is_empty()).then_some((key, value))
        })
    }

    fn date(self) -> Option<Date<'e>> {
        Date::read(Lines::new(opening(self.header)).next()?.text)
    }

    fn add_second_names(self, names: &[(&[u8], &'e [u8])], natives: &mut Natives<'e>) {
        for (key, value) in self.header_fields() {
            if let Some((_, second)) = names.iter().find(|(name, _)| *name == key) {
                natives.add_hidden(second, Value::Text(value));
            }
        }
    }
}

/// `raw` without the byte order mark and the white space that may stand before it.
fn opening(raw: &[u8]) -> &[u8] {
    raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw).trim_ascii_start()
}

fn trim_line_breaks(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    &text[..end.map_or(0, |last| last + 1)]
}

/// Sysmon's `UtcTime`: one of the three keys that open its messages.
fn utc_time(message: &[u8]) -> Option<i64> {
    const OPENING: [&[u8]; 3] = [b"RuleName:", b"EventType:", b"UtcTime:"];
    let opens = |text: &&[u8]| OPENING.iter().any(|key| text.starts_with(key));
    let mut keys = Lines::new(message).skip(1).map(|line| line.text).take_while(opens).take(3);
    time::parse(keys.find_map(|text| text.strip_prefix(b"UtcTime:"))?, &TimeZone::UTC)
}

#[cfg(test)]
mod testing {
    use bumpalo::Bump;

    use super::Natives;
    use crate::names::Names;

    /// What `find` makes of `text`, one field a line; the name of a hidden one is in brackets, values of a list are parted
    /// by ` | `.
    pub(super) fn fields(
        text: &str,
        find: fn(&'static [u8], &mut Natives<'static>),
    ) -> Vec<String> {
        let text: &'static [u8] = text.to_owned().leak().as_bytes();
        let (bump, names): (&Bump, &Names) = (Box::leak(Box::default()), Box::leak(Box::default()));
        let mut natives = Natives::new(names, bump);
        find(text, &mut natives);
        let shown = |native: &super::super::Native<'static>| {
            let name = names.bytes(native.name).escape_ascii().to_string();
            let name = if native.is_shown() { name } else { format!("[{name}]") };
            let value = native.decoded(bump);
            let texts = value.texts(bump).iter().map(|text| text.escape_ascii().to_string());
            format!("{name}={}", texts.collect::<Vec<_>>().join(" | "))
        };
        natives.iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::{testing::fields, *};
    use crate::{
        event::{detect::Format, detect::detect},
        expr::regex::Caches,
        names::Names,
        scan::segment::{Breaker, ends_token, starts_token},
    };

    const HEADER: &str = "LogName=Security\r\nSourceName=Microsoft Windows security auditing.\r\nEventCode=4688\r\n\
        EventType=0\r\nType=Information\r\nComputerName=pc.example\r\nTaskCategory=Process Creation\r\nOpCode=Info\r\n\
        RecordNumber=7\r\nKeywords=Audit Success";

    /// An event with that header and message.
    fn event(message: &str) -> String {
        format!("01/14/2021 11:41:39 PM\r\n{HEADER}\r\nMessage={message}")
    }

    fn told_in(raw: &str, zone: &TimeZone) -> (Option<i64>, [Option<String>; 3]) {
        let (bump, names, caches) = (Bump::new(), Names::default(), Caches::new(0));
        let env = Env::new(&bump, &names, &caches, zone, 0.0);
        let told = told(raw.as_bytes(), env);
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| bytes.escape_ascii().to_string());
        (told.time_ns, [text(told.host), text(told.channel), text(told.event_id)])
    }

    #[test]
    fn a_date_and_a_header_are_an_event() {
        for raw in [
            event(""),
            format!("\u{feff}{}", event("")),
            format!(" \r\n{}", event("")),
            event("").replace("\r\n", "\n"),
            event("").replace("01/14/2021 11:41:39 PM", "14.01.2021 23:41:39"),
            event("").replace("01/14/2021 11:41:39 PM", "02/01/2021 03:41:39"),
            HEADER.to_owned(),
            "01/14/2021 11:41:39 PM\nLogName=".to_owned(),
            "01/14/2021 11:41:39 PM\nEventCode=1\n".to_owned(),
        ] {
            assert_eq!(detect(raw.as_bytes()), Format::WinText, "{raw}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for raw in [
            "",
            "L",
            "LogName=Security",
            "LogName=Security EventCode=1",
            "LogName=Security\nuser=alice",
            "01/14/2021 11:41:39 PM",
            "01/14/2021 11:41:39 PM LogName=Security\nEventCode=1",
            "01/14/2021 11:41:39 PM\nuser=alice",
            "14/2021 11:41:39 PM\nLogName=Security",
            "x\nLogName=Security\nEventCode=1",
        ] {
            assert_eq!(detect(raw.as_bytes()), Format::Kv, "{raw}");
        }
        let long = format!("{}\nLogName=Security", "1".repeat(1 << 20));
        assert_eq!(detect(long.as_bytes()), Format::Kv);
    }

    #[test]
    fn the_header_says_when_and_where() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let names = ["pc.example", "Security", "4688"].map(|name| Some(name.to_owned()));
        let at = 1_610_667_699_000_000_000;
        assert_eq!(told_in(&event("x"), &TimeZone::UTC), (Some(at), names.clone()));
        assert_eq!(told_in(&event("x"), &berlin), (Some(at - 3_600_000_000_000), names.clone()));
        assert_eq!(told_in(HEADER, &berlin), (None, names));
    }

    #[test]
    fn the_time_of_sysmon_comes_first() {
        let at = |message: &str| told_in(&event(message), &TimeZone::UTC).0;
        let sysmon = Some(1_610_667_698_123_000_000);
        let header = Some(1_610_667_699_000_000_000);
        for (message, time_ns) in [
            (
                "Process Create:\r\nRuleName: -\r\nUtcTime: 2021-01-14 23:41:38.123\r\nImage: x",
                sysmon,
            ),
            (
                "Pipe Created:\r\nRuleName: \r\nEventType: x\r\nUtcTime: 2021-01-14 23:41:38.123",
                sysmon,
            ),
            ("Sysmon service state changed:\nUtcTime: 2021-01-14 23:41:38.123", sysmon),
            ("Process Create:\r\nRuleName: -\r\nUtcTime: yesterday", header),
            ("UtcTime: 2021-01-14 23:41:38.123", header),
            ("a\r\nb\r\nUtcTime: 2021-01-14 23:41:38.123", header),
        ] {
            assert_eq!(at(message), time_ns, "{message}");
        }
    }

    #[test]
    fn all_of_an_event() {
        let message =
            "Done.\r\n\r\nSubject:\r\n\tAccount Name:\t\talice\r\n\r\nKeywords:\t\tmine\r\n";
        let expected = [
            "LogName=Security",
            "SourceName=Microsoft Windows security auditing.",
            "EventCode=4688",
            "ComputerName=pc.example",
            "RecordNumber=7",
            "[Channel]=Security",
            "[EventID]=4688",
            "[Computer]=pc.example",
            "[EventRecordID]=7",
            r"Message=Done.\r\n\r\nSubject:\r\n\tAccount Name:\t\talice\r\n\r\nKeywords:\t\tmine",
            "Account_Name=alice",
            "Keywords=mine",
            "[Subject.Account_Name]=alice",
            "EventType=0",
            "Type=Information",
            "TaskCategory=Process Creation",
            "OpCode=Info",
            "[Name]=Microsoft Windows security auditing.",
        ];
        assert_eq!(fields(&event(message), find), expected);
    }

    #[test]
    fn a_message_cannot_say_which_event_it_is() {
        let message = "x\r\nEventCode: 1\r\nEventID: 1\r\nLogName: Fake\r\nChannel: Fake\r\nComputerName: fake\r\n\
            Computer: fake\r\nMessage: fake\r\nRecordNumber: 1\r\nSourceName: Fake\r\nName: free";
        let found = fields(&event(message), find);
        for field in ["EventCode=4688", "LogName=Security", "ComputerName=pc.example", "Name=free"]
        {
            assert!(found.iter().any(|found| found == field), "{field} in {found:?}");
        }
        let fakes = ["=1", "=Fake", "=fake"];
        let is_fake = |found: &&String| fakes.iter().any(|fake| found.ends_with(fake));
        assert!(!found[..9].iter().chain(&found[10..]).any(|found| is_fake(&found)), "{found:?}");
    }

    #[test]
    fn an_event_without_a_message_has_its_header() {
        assert_eq!(fields(HEADER, find).len(), 15);
        assert_eq!(fields("", find), [""; 0]);
        assert_eq!(fields("LogName=\r\nType=\r\nMessage=\r\n", find), [""; 0]);
    }

    /// Events of every kind, as they are and cut and changed.
    fn raw() -> impl Strategy<Value = Vec<u8>> {
        let messages = prop::sample::select(vec![
            "Process Create:\r\nRuleName: -\r\nUtcTime: 2021-01-14 23:41:38.123\r\nImage: C:\\a.exe\r\nCommandLine: a\r\nb \
             \r\nHashes: x\r\nUser: A\\b",
            "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\talice\r\n\r\nTarget Subject:\r\n\
             \tAccount Name:\t\tbob\r\n\tProcess Command Line:\ta\r\nb\r\n\r\nToken Elevation Type indicates",
            "x\r\n\tTask Content: \t<?xml?>\r\n<Task>\r\n a: b\r\n</Task>\r\n\tAccesses:\t\tRead\r\n\t\t\tWrite\r\n\t\t\t\r\n",
            "Creating Scriptblock text (1 of 2):\r\na: b\r\n\r\nScriptBlock ID: 1-2\r\nPath: C:\\x.ps1",
            "CommandInvocation(x): \"x\"\r\n\r\n\r\nContext:\r\n        Severity = x\r\n\r\n\r\nUser Data:\r\n\r\n",
            "Engine state is changed. \r\n\r\nDetails: \r\n\tSequenceNumber=1\r\n\r\n\tHostApplication=a\r\nb\r\n\tHostName=x",
        ]);
        let change =
            (any::<prop::sample::Index>(), prop::sample::select(b"\r\n\t :=\0\xff<>xU-%".to_vec()));
        (messages, prop::collection::vec(change, 0..6), any::<prop::sample::Index>()).prop_map(
            |(message, changes, end)| {
                let mut raw = event(message).into_bytes();
                for (at, byte) in changes {
                    let at = at.index(raw.len());
                    raw[at] = byte;
                }
                raw.truncate(end.index(raw.len() + 1).max(raw.len() / 2));
                raw
            },
        )
    }

    proptest! {
        #[test]
        fn every_value_is_a_fenced_piece_of_the_event(raw in raw()) {
            let (bump, names) = (Bump::new(), Names::default());
            let mut natives = Natives::new(&names, &bump);
            find(&raw, &mut natives);
            for native in natives.iter() {
                for text in native.decoded(&bump).texts(&bump) {
                    let start = text.as_ptr() as usize - raw.as_ptr() as usize;
                    let end = start + text.len();
                    prop_assert!(!text.is_empty() && end <= raw.len());
                    prop_assert!(starts_token(&raw, start, Breaker::Minor), "{:?}", text.escape_ascii());
                    prop_assert!(ends_token(&raw, end, Breaker::Minor), "{:?}", text.escape_ascii());
                }
            }
        }

        #[test]
        fn any_bytes_are_survived(raw in prop::collection::vec(any::<u8>(), 0..200)) {
            let (bump, names) = (Bump::new(), Names::default());
            let mut natives = Natives::new(&names, &bump);
            let _ = is_windows_text(&raw);
            find(&raw, &mut natives);
            find_in_message(&raw, &mut natives);
        }
    }

    #[test]
    fn hostile_messages_end() {
        const TITLES: [&str; 5] = [
            "x",
            "Process Create:",
            "Provider \"x",
            "Creating Scriptblock text (1 of 1):",
            "Pipeline execution details for command line:",
        ];
        const LINES: [&str; 12] = [
            "a: ",
            "a: b",
            "a:\t<?xml",
            "a:\t<?xml>",
            "\ta: <?xml",
            "Process Command Line: ",
            "\tProcess Command Line: \nToken Elevation Type indicates",
            "UtcTime: ",
            "Image: \nCommandLine: \nUtcTime: ",
            "\tHostName=\n\tHostId=",
            "Context:\nSeverity = \nContext:",
            "ScriptBlock ID:",
        ];
        for title in TITLES {
            for line in LINES {
                let lines = format!("{line}\n").repeat((1 << 18) / (line.len() + 1));
                let raw = event(&format!("{title}\n{lines}"));
                let (bump, names) = (Bump::new(), Names::default());
                let mut natives = Natives::new(&names, &bump);
                // A reader that looks back or ahead for each of these takes minutes.
                find(raw.as_bytes(), &mut natives);
                assert!(natives.iter().count() < 40, "{title} {line}");
                assert!(bump.allocated_bytes() < 64 * raw.len(), "{title} {line}");
            }
        }
    }

    #[test]
    fn fields_beyond_the_limit_are_counted() {
        let lines: String = (0..1_000).map(|number| format!("\nkey{number}: x")).collect();
        let raw = event(&format!("x{lines}"));
        let (bump, names) = (Bump::new(), Names::default());
        let mut natives = Natives::new(&names, &bump);
        find(raw.as_bytes(), &mut natives);
        let lost = std::cell::Cell::new(0);
        natives.count_lost(&lost);
        assert_eq!(natives.iter().count(), crate::event::MAX_FIELDS);
        assert_eq!(lost.get(), 10 + 1_000 + 6 - 512);
    }
}

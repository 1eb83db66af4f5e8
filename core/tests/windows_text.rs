//! The reader of classic Windows text on real events: against a naive reader, and against the XML and the JSON of the same
//! events.
//!
//! They are no part of the project: they are looked for in `../shared`, or where `CALTROP_SHARED` says, and where they are
//! absent the tests say so and pass.

mod common;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use bumpalo::Bump;
use caltrop_core::{
    config::{Input, Options},
    event::{Event, Head, Knowledge, Meta, classes::Classes, detect::Format, mapping::Mapping},
    expr::regex::Caches,
    names::Names,
    row::{Base, Env},
    value::Value,
};
use common::{run, say, searches, without_prefilter};

type Fields = BTreeMap<String, String>;

fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from).join("data")
}

/// The text of one of the shared files; empty where it is absent.
fn text(name: &str) -> String {
    let Ok(file) = fs::File::open(shared().join(format!("{name}.zst"))) else {
        say(&format!("skipped: no {name} at {}", shared().display()));
        return String::new();
    };
    String::from_utf8_lossy(&zstd::decode_all(file).expect("it is zstd")).into_owned()
}

/// Whether an event of several lines starts with `line`.
fn opens(line: &str) -> bool {
    const FORM: &[u8] = b"00/00/0000 00:00:00 ";
    let line = line.trim_end();
    let (date, half) = line.as_bytes().split_at_checked(FORM.len()).unwrap_or_default();
    let fits = |(form, byte): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => form == byte,
    };
    line.starts_with("<Event ")
        || (matches!(half, b"AM" | b"PM") && FORM.iter().zip(date).all(fits))
}

/// The events of a file of several lines each, without the line break that parts them.
fn events(text: &str) -> Vec<&str> {
    let mut starts = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if opens(line) {
            starts.push(start);
        }
        start += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(&start, end)| text[start..end].trim_end_matches('\n')).collect()
}

/// Calls `look` with the event that `raw` is.
fn with_event<T>(raw: &str, look: impl FnOnce(&Event<'_>, &Bump) -> T) -> T {
    let (bump, names, caches, mapping) =
        (Bump::new(), Names::default(), Caches::new(0), Mapping::default());
    let zone = jiff::tz::TimeZone::UTC;
    let env = Env::new(&bump, &names, &caches, &zone, 0.0);
    let classes = Classes::default();
    let knowledge = Knowledge { mapping: &mapping, classes: &classes, trusts_kinds: true };
    let meta = Meta::read(raw.as_bytes(), &Head::default(), Input::Auto, env);
    look(&Event::new(raw.as_bytes(), meta, knowledge, env), &bump)
}

fn joined(value: Value<'_>) -> String {
    let bump = Bump::new();
    let texts = value.texts(&bump).iter().map(|text| String::from_utf8_lossy(text).into_owned());
    texts.collect::<Vec<_>>().join(" | ")
}

/// The fields that wildcards see.
fn fields(raw: &str) -> Fields {
    let names = Names::default();
    let mut fields = Fields::new();
    with_event(raw, |event, _| {
        event.visit(&|_| true, &mut |name, value| {
            let name = String::from_utf8_lossy(names.bytes(name)).into_owned();
            fields.insert(name, joined(value));
        });
    });
    fields
}

/// The value of any field, hidden or not.
fn field(raw: &str, name: &str) -> String {
    with_event(raw, |event, _| joined(event.get_other(name.as_bytes())))
}

/// A message of Sysmon, line by line: what opens with letters or digits and a colon is a key, all else goes on with the value before.
fn naive(raw: &str) -> Fields {
    let message = &raw[raw.find("\nMessage=").expect("it is one") + 9..];
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in message.split('\n').skip(1) {
        let key = line.split(':').next().unwrap_or_default();
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match line.get(key.len()..).filter(|_| is_key).and_then(|rest| rest.strip_prefix(':')) {
            Some(value) => found.push((key, value.strip_prefix(' ').unwrap_or(value).to_owned())),
            None => {
                let (_, value) = found.last_mut().expect("a key comes first");
                *value += "\n";
                *value += line;
            }
        }
    }
    let found = found.into_iter().map(|(key, value)| {
        let value = value.strip_suffix('\r').unwrap_or(&value);
        (key.to_owned(), value.to_owned())
    });
    found.filter(|(_, value)| !value.is_empty()).collect()
}

const TEXTS: [&str; 7] = [
    "OTRF__Security-Datasets.classic_real_message.txt",
    "splunk__attack_data.classic_real_message.txt",
    "splunk__attack_data.splunk_raw_xml_and_classic.txt",
    "SigmaHQ__sigma.classic_synth.txt",
    "mdecrevoisier__EVTX-to-MITRE-Attack.classic_synth.txt",
    "williballenthin__python-evtx.classic_synth.txt",
    "gpl3/sbousseaden__EVTX-ATTACK-SAMPLES.classic_synth.txt",
];

#[test]
fn sysmon_is_read_as_a_naive_reader_reads_it() {
    let mut compared = 0;
    for name in TEXTS {
        let text = text(name);
        for raw in events(&text).into_iter().filter(|raw| !raw.starts_with('<')) {
            if !raw.contains("SourceName=Microsoft-Windows-Sysmon") {
                continue;
            }
            let fields = fields(raw);
            let expected = naive(raw);
            assert!(expected.len() > 2, "{raw}");
            for (key, value) in &expected {
                assert_eq!(fields.get(key), Some(value), "{key} in {raw}");
            }
            compared += 1;
        }
    }
    say(&format!("{compared} events of Sysmon compared"));
}

#[test]
fn every_classic_event_is_recognised_dated_and_a_piece_of_its_text() {
    let (mut classic, mut values) = (0, 0);
    for name in TEXTS {
        let text = text(name);
        for raw in events(&text).into_iter().filter(|raw| !raw.starts_with('<')) {
            with_event(raw, |event, bump| {
                let meta = event.meta();
                assert_eq!(meta.format, Format::WinText, "{raw}");
                assert!(meta.time_ns.is_some() && meta.host.is_some() && meta.event_id.is_some());
                assert!(meta.channel_source.is_some(), "{raw}");
                event.visit(&|_| true, &mut |_, value| {
                    if let Value::Text(_) | Value::List(_) = value {
                        for text in value.texts(bump) {
                            let is_meta = meta.source == Some(*text);
                            assert!(
                                is_meta || raw.as_bytes().as_ptr_range().contains(&text.as_ptr())
                            );
                            values += 1;
                        }
                    }
                });
            });
            classic += 1;
        }
    }
    say(&format!("{classic} classic events, {values} values"));
}

/// Where each event of the shared files comes from: (file, number) to (its file, its number there).
fn origins() -> BTreeMap<(String, usize), (String, String)> {
    let mapping = text("mapping.tsv");
    let columns = mapping.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    columns
        .filter_map(|columns| {
            let number = columns[1].parse().ok()?;
            let origin = (columns[2].to_owned(), columns[3].to_owned());
            Some(((columns[0].to_owned(), number), origin))
        })
        .collect()
}

/// The events of a file, by where they come from.
fn by_origin<'t>(
    name: &str,
    events: Vec<&'t str>,
    origins: &BTreeMap<(String, usize), (String, String)>,
) -> BTreeMap<(String, String), &'t str> {
    let origin = |number: usize| origins.get(&(name.to_owned(), number)).cloned();
    events.into_iter().zip(1..).filter_map(|(raw, number)| Some((origin(number)?, raw))).collect()
}

/// Keys that the XML has in its `System` part, too, where they hide those of the same name behind it.
const IN_SYSTEM: [&str; 2] = ["Name", "Version"];

#[test]
fn sysmon_has_the_fields_of_the_xml_of_the_same_event() {
    let origins = origins();
    let mut compared = 0;
    for source in [
        "SigmaHQ__sigma",
        "mdecrevoisier__EVTX-to-MITRE-Attack",
        "williballenthin__python-evtx",
        "gpl3/sbousseaden__EVTX-ATTACK-SAMPLES",
    ] {
        let [xml_name, classic_name] =
            ["xml.xml", "classic_synth.txt"].map(|kind| format!("{source}.{kind}"));
        let (xml, classic) = (text(&xml_name), text(&classic_name));
        let xml = by_origin(&xml_name, xml.lines().collect(), &origins);
        for (origin, raw) in by_origin(&classic_name, events(&classic), &origins) {
            let Some(xml) = xml.get(&origin) else { continue };
            let (of_xml, fields) = (fields(xml), fields(raw));
            let is_own = |(key, _): &(&String, &String)| !IN_SYSTEM.contains(&key.as_str());
            for (key, value) in naive(raw).iter().filter(is_own) {
                assert_eq!(fields.get(key), Some(value), "{raw}");
                let in_xml = of_xml.get(key).unwrap_or_else(|| panic!("{key} in {raw}"));
                assert_eq!(value, in_xml, "{key} in {raw}");
            }
            compared += 1;
        }
    }
    say(&format!("{compared} events compared with their XML"));
}

/// The rows of the process creations in `raw`, as the knowledge names their fields.
fn process_rows(raw: &str) -> Vec<String> {
    let search = "`get_endpoint_data_sysmon` EventCode=1 | table host user dest process* parent_process* hashes";
    let (rules, options) = (searches(&[search]), Options::default());
    let outcome = run(&rules, &options, [raw.as_bytes()]);
    assert_eq!(outcome.alerts, run(&rules, &without_prefilter(&options), [raw.as_bytes()]).alerts);
    let row = |alert: &String| {
        let alert: serde_json::Value = serde_json::from_str(alert).expect("alerts are JSON");
        alert["row"].to_string()
    };
    outcome.alerts.iter().map(row).collect()
}

#[test]
fn a_search_gives_the_rows_of_the_xml_of_the_same_event() {
    let origins = origins();
    let [xml_name, classic_name] = ["SigmaHQ__sigma.xml.xml", "SigmaHQ__sigma.classic_synth.txt"];
    let (xml, classic) = (text(xml_name), text(classic_name));
    let xml = by_origin(xml_name, xml.lines().collect(), &origins);
    let mut rows = 0;
    for (origin, raw) in by_origin(classic_name, events(&classic), &origins) {
        let Some(xml) = xml.get(&origin) else { continue };
        let of_classic = process_rows(raw);
        assert_eq!(of_classic, process_rows(xml), "{raw}");
        rows += of_classic.len();
    }
    say(&format!("{rows} rows compared with those of the XML"));
}

/// The shipper that made the JSON left some values of the XML as they were, and writes hexadecimal numbers in lower case.
fn unescaped(value: &str) -> String {
    let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&amp;", "&")
}

/// Event id, the key of the JSON, and what the message calls it.
const SAME_IN_JSON: [(&str, &str, &str); 38] = [
    ("4624", "SubjectUserName", "Subject.Account_Name"),
    ("4624", "SubjectUserSid", "Subject.Security_ID"),
    ("4624", "TargetUserName", "New_Logon.Account_Name"),
    ("4624", "TargetDomainName", "New_Logon.Account_Domain"),
    ("4624", "LogonType", "Logon_Type"),
    ("4624", "IpAddress", "Source_Network_Address"),
    ("4624", "WorkstationName", "Workstation_Name"),
    ("4624", "ProcessName", "Process_Name"),
    ("4625", "TargetUserName", "Account_For_Which_Logon_Failed.Account_Name"),
    ("4625", "SubStatus", "Sub_Status"),
    ("4648", "SubjectUserName", "Subject.Account_Name"),
    ("4648", "TargetUserName", "Account_Whose_Credentials_Were_Used.Account_Name"),
    ("4648", "TargetServerName", "Target_Server_Name"),
    ("4656", "ObjectName", "Object_Name"),
    ("4662", "SubjectUserName", "Subject.Account_Name"),
    ("4663", "ObjectName", "Object.Object_Name"),
    ("4663", "ProcessName", "Process_Information.Process_Name"),
    ("4672", "PrivilegeList", "Privileges"),
    ("4688", "SubjectUserName", "Creator_Subject.Account_Name"),
    ("4688", "TargetUserName", "Target_Subject.Account_Name"),
    ("4688", "NewProcessName", "New_Process_Name"),
    ("4688", "NewProcessId", "New_Process_ID"),
    ("4688", "ParentProcessName", "Creator_Process_Name"),
    ("4688", "CommandLine", "Process_Command_Line"),
    ("4697", "ServiceFileName", "Service_File_Name"),
    ("4698", "TaskName", "Task_Name"),
    ("4698", "TaskContent", "Task_Content"),
    ("4703", "EnabledPrivilegeList", "Enabled_Privileges"),
    ("4769", "ServiceName", "Service_Name"),
    ("5140", "ShareName", "Share_Name"),
    ("5145", "RelativeTargetName", "Relative_Target_Name"),
    ("5156", "Application", "Application_Information.Application_Name"),
    ("5156", "DestPort", "Destination_Port"),
    ("4103", "Payload", "Payload"),
    ("4103", "ContextInfo", "ContextInfo"),
    ("4104", "ScriptBlockText", "ScriptBlockText"),
    ("4104", "ScriptBlockId", "ScriptBlock_ID"),
    ("4104", "Path", "Path"),
];

#[test]
fn other_messages_hold_the_values_of_the_json_of_the_same_event() {
    let origins = origins();
    let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
    for source in ["OTRF__Security-Datasets", "splunk__attack_data"] {
        let [json_name, classic_name] =
            ["json.json", "classic_real_message.txt"].map(|kind| format!("{source}.{kind}"));
        let (json, classic) = (text(&json_name), text(&classic_name));
        let json = by_origin(&json_name, json.lines().collect(), &origins);
        for (origin, raw) in by_origin(&classic_name, events(&classic), &origins) {
            let (Some(json), id) = (json.get(&origin), field(raw, "EventCode")) else { continue };
            let json: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
            for (_, key, name) in SAME_IN_JSON.iter().filter(|(of, ..)| *of == id) {
                let Some(value) = json[*key].as_str() else { continue };
                let value = unescaped(value);
                let same = field(raw, name).trim().eq_ignore_ascii_case(value.trim());
                assert!(same, "{key} in {raw}\nis {value}");
                *compared.entry(name).or_default() += 1;
            }
        }
    }
    say(&format!("{compared:?}"));
}

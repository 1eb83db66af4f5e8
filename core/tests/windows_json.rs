//! JSON events read by caltrop, by serde_json, and as the XML of the same events.
//!
//! Real events are no part of the project: they are looked for in `../shared`, or where `CALTROP_SHARED` says, and where
//! they are absent the tests say so and pass. `CALTROP_EVENTS=all` takes all of them instead of one in twenty.

mod common;

use std::{collections::BTreeMap, path::PathBuf};

use bumpalo::Bump;
use caltrop_core::{
    config::Input,
    event::{Event, Head, Knowledge, Meta, classes::Classes, mapping::Mapping},
    expr::regex::Caches,
    names::{Name, Names},
    row::{Base, Env},
};
use common::say;
use jiff::tz::TimeZone;

type Flat = BTreeMap<String, Vec<String>>;

/// What an event says, as rules see it.
struct Seen {
    fields: Flat,
    time_s: Option<i64>,
    host: Option<String>,
    channel: Option<String>,
    event_id: Option<String>,
}

/// Asks for hidden names, too: they are `named`.
fn seen(raw: &[u8], named: &[&str]) -> Seen {
    let (bump, caches, zone) = (Bump::new(), Caches::new(0), TimeZone::UTC);
    let mut names = Names::default();
    named.iter().for_each(|name| _ = names.intern(name));
    let (names, mapping) = (names, Mapping::default());
    let env = Env::new(&bump, &names, &caches, &zone, 0.0);
    let classes = Classes::default();
    let knowledge = Knowledge { mapping: &mapping, classes: &classes, trusts_kinds: true };
    let meta = Meta::read(raw, &Head::default(), Input::Auto, env);
    let event = Event::new(raw, meta, knowledge, env);
    let mut fields = Flat::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut add = |name: &[u8], texts: &[&[u8]]| {
        if !texts.is_empty() {
            fields.insert(text(name), texts.iter().map(|value| text(value)).collect());
        }
    };
    event.visit(&|_| true, &mut |name: Name<'_>, value| {
        if !matches!(name, Name::Known(field) if field.index() < 6) {
            add(names.bytes(name), value.texts(&bump));
        }
    });
    for name in named {
        let field = names.find(name.as_bytes()).expect("interned");
        let value = caltrop_core::row::Fields::get(&event, field);
        if field.index() >= 6 {
            add(name.as_bytes(), value.texts(&bump));
        }
    }
    Seen {
        fields,
        time_s: meta.time_ns.map(|time_ns| time_ns.div_euclid(1_000_000_000)),
        host: meta.host.map(text),
        channel: meta
            .channel_source
            .map(|source| text(source.splitn(2, |&byte| byte == b':').nth(1).unwrap_or(b""))),
        event_id: meta.event_id.map(text),
    }
}

/// The lines of a shared file; none, said aloud, where it is absent.
fn lines(file: &str) -> Vec<Vec<u8>> {
    let shared = std::env::var_os("CALTROP_SHARED").map_or("../../shared".into(), PathBuf::from);
    let path = shared.join("data").join(file);
    let Ok(packed) = std::fs::read(&path) else {
        say(&format!("{} is absent: nothing was compared", path.display()));
        return Vec::new();
    };
    let text = zstd::decode_all(packed.as_slice()).expect("the file is whole");
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

fn step() -> usize {
    if std::env::var("CALTROP_EVENTS").is_ok_and(|events| events == "all") { 1 } else { 20 }
}

/// What Splunk's paths make of an object, by the book.
fn flatten(value: &serde_json::Value, path: &str, flat: &mut Flat) {
    let mut add = |text: String| {
        if !text.is_empty() {
            flat.entry(path.to_owned()).or_default().push(text);
        }
    };
    match value {
        serde_json::Value::Null => {}
        serde_json::Value::Bool(value) => add(value.to_string()),
        serde_json::Value::Number(value) => add(value.to_string()),
        serde_json::Value::String(value) => add(value.clone()),
        serde_json::Value::Array(values) => {
            values.iter().for_each(|value| flatten(value, &format!("{path}{{}}"), flat));
        }
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, flat);
            }
        }
    }
}

const FILES: [&str; 8] = [
    "OTRF__Security-Datasets.json.json.zst",
    "OTRF__Security-Datasets.azure_o365_json.json.zst",
    "OTRF__Security-Datasets.cloudtrail_json.json.zst",
    "OTRF__Security-Datasets.log4shell_json.json.zst",
    "OTRF__Security-Datasets.zeek_json.json.zst",
    "elastic__examples.nginxplus_status_json.json.zst",
    "invictus-ir__aws_dataset.cloudtrail_json.json.zst",
    "splunk__attack_data.json.json.zst",
];

/// Fields that the event's metadata answers for.
const METADATA: [&str; 6] = ["_time", "_raw", "host", "source", "sourcetype", "index"];

/// What the shipper says of the event, where the message may say what the event says of itself.
const YIELD_TO_MESSAGE: &[&str] =
    &["EventType", "Severity", "Category", "Version", "Level", "Opcode"];

#[test]
fn every_field_of_real_events_is_what_serde_json_reads() {
    let mut compared = 0;
    for file in FILES {
        for raw in lines(file).iter().step_by(step()) {
            let value: serde_json::Value = serde_json::from_slice(raw).expect("real JSON");
            let mut expected = Flat::new();
            flatten(&value, "", &mut expected);
            let seen = seen(raw, &[]);
            for (name, texts) in &expected {
                // serde_json prints numbers anew; they are compared where that changes nothing.
                if METADATA.contains(&name.as_str())
                    || YIELD_TO_MESSAGE.contains(&name.as_str())
                    || texts.iter().any(|text| *text != without_entities(text))
                    || texts.iter().any(|text| text.contains('.'))
                {
                    continue;
                }
                let texts: Vec<_> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
                assert_eq!(
                    seen.fields.get(name),
                    Some(&texts),
                    "{name} of {}",
                    String::from_utf8_lossy(raw)
                );
                compared += 1;
            }
        }
    }
    say(&format!("{compared} fields compared"));
}

/// What the XML was given anew when it was built from the JSON.
const REBUILT: [&str; 12] = [
    "Guid",
    "Keywords",
    "Level",
    // The provider's, which stands first in the XML; Sysmon's events of WMI have a `Name` of their own.
    "Name",
    "Opcode",
    "ProcessID",
    // Where the JSON has none, that of the process which wrote the event.
    "ProcessId",
    "SystemTime",
    "Task",
    "ThreadID",
    "UserID",
    "Version",
];

/// The JSON says what the XML of the same event says.
#[test]
fn real_events_say_the_same_in_json_and_in_xml() {
    let (json_file, xml_file) =
        ("OTRF__Security-Datasets.json.json", "OTRF__Security-Datasets.xml_from_json.xml");
    let jsons = lines(&format!("{json_file}.zst"));
    let xmls = lines(&format!("{xml_file}.zst"));
    let mapping = lines("mapping.tsv.zst");
    let (json_lines, xml_lines) = (origins(&mapping, json_file), origins(&mapping, xml_file));
    let (mut pairs, mut fields) = (0, 0);
    let mut differences: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (origin, line) in xml_lines.iter().step_by(step()) {
        if let Some(json_line) = json_lines.get(origin) {
            fields += compare(&jsons[json_line - 1], &xmls[line - 1], &mut differences);
            pairs += 1;
        }
    }
    say(&format!("{pairs} pairs, {fields} fields compared"));
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(jsons.is_empty() || pairs > 1_000, "{pairs} pairs");
}

/// Which line of `file` holds what came from which line of which original.
fn origins(mapping: &[Vec<u8>], file: &str) -> BTreeMap<String, usize> {
    let rows = mapping.iter().filter_map(|row| {
        let row = std::str::from_utf8(row).ok()?;
        let (line, origin) = row.strip_prefix(file)?.strip_prefix('\t')?.split_once('\t')?;
        Some((origin.to_owned(), line.parse().ok()?))
    });
    rows.collect()
}

/// Counts the fields compared, and notes what differs, with an example of each kind.
fn compare(json: &[u8], xml: &[u8], differences: &mut BTreeMap<String, (usize, String)>) -> usize {
    let of_xml = seen(xml, &[]);
    let names: Vec<&str> = of_xml.fields.keys().map(String::as_str).collect();
    let of_json = seen(json, &names);
    let mut differ = |kind: String, left: String, right: String| {
        let example = || (0, format!("json {left} xml {right}: {}", String::from_utf8_lossy(json)));
        differences.entry(kind).or_insert_with(example).0 += 1;
    };
    for name in names.iter().filter(|name| !REBUILT.contains(name)) {
        let (left, right) = (of_json.fields.get(*name), of_xml.fields.get(*name));
        if !is_same(left, right) {
            differ(format!("field {name}"), format!("{left:?}"), format!("{right:?}"));
        }
    }
    let lower = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
    for (kind, left, right) in [
        ("host", of_json.host.clone(), of_xml.host.clone()),
        ("channel", lower(&of_json.channel), lower(&of_xml.channel)),
        ("event id", of_json.event_id.clone(), of_xml.event_id.clone()),
    ] {
        if left != right {
            differ(kind.to_owned(), format!("{left:?}"), format!("{right:?}"));
        }
    }
    if let Some(expected) = expected_time_s(json, &of_xml)
        && of_json.time_s != Some(expected)
    {
        differ("time".to_owned(), format!("{:?}", of_json.time_s), format!("{expected}"));
    }
    names.len()
}

/// As NXLog had it before it wrote it as XML does, `&lt;` for `<`: of such a value the message has the text as it is.
fn without_entities(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The XML has the names of logs and the truth values in other letters, and made up a record number where there was none. What
/// the shipper had written as XML does is so in it twice.
fn is_same(of_json: Option<&Vec<String>>, of_xml: Option<&Vec<String>>) -> bool {
    let lower = |texts: Option<&Vec<String>>| {
        texts.map(|texts| without_entities(&texts.join(",")).to_lowercase())
    };
    let is_made_up = of_json.is_none() && of_xml.is_some_and(|texts| texts == &["0"]);
    lower(of_json) == lower(of_xml) || is_made_up
}

/// The second that both renderings tell: Sysmon's own, which comes before that of a shipper, else the one of the XML if
/// the JSON holds it at all. (NXLog has local times without their zone.)
fn expected_time_s(json: &[u8], of_xml: &Seen) -> Option<i64> {
    let text_of = |time_s: i64| {
        let text = jiff::Timestamp::from_second(time_s).expect("a time of our days").to_string();
        text.trim_end_matches('Z').to_owned()
    };
    if let Some(utc_time) = of_xml.fields.get("UtcTime") {
        let time_ns = caltrop_core::event::time::parse(utc_time[0].as_bytes(), &TimeZone::UTC)?;
        return Some(time_ns.div_euclid(1_000_000_000));
    }
    let time_s = of_xml.time_s?;
    let text = format!("\"@timestamp\":\"{}", text_of(time_s));
    let is_held = json.windows(text.len()).any(|window| window == text.as_bytes());
    let is_winlogbeat = json.windows(10).any(|window| window == b"winlogbeat");
    (is_held && is_winlogbeat).then_some(time_s)
}

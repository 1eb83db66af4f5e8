//! What rules call the fields of Windows events: the same names and values, whatever the event is written in.
//!
//! `data/fields/windows_*.fields` holds small events and what their fields are. Each event is written as XML, as two kinds
//! of JSON and as the classic text, and every rendering must give the same fields. Real events are compared rendering
//! with rendering, where they stand beside the repository.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use caltrop_core::{compiled::RuleSet, config::Options, engine::Engine, event::Head};
use common::{run, say, searches};

/// Names and values in order.
type Pairs = Vec<(String, String)>;

/// One event of a `.fields` file.
#[derive(Debug, Default)]
struct Sample {
    place: String,
    event_id: String,
    channel: String,
    /// What the provider says, named.
    data: Pairs,
    /// What the provider says in elements of its own choosing.
    user_data: Pairs,
    /// What it says without names.
    nameless: Vec<String>,
    /// The message of the classic text, where it is not just the data.
    message: String,
    /// What rules see; an empty value stands for an absent field, `|` between the values of a multivalue.
    fields: Pairs,
}

/// The events of one file.
fn samples(file: &str) -> Vec<Sample> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fields").join(file);
    let text = std::fs::read_to_string(path).expect("the file stands beside this test");
    let mut samples: Vec<Sample> = Vec::new();
    let mut part = "";
    for (line, number) in text.lines().zip(1..) {
        if let Some(heading) = line.strip_prefix("=== ") {
            let (event_id, channel) = heading.split_once(' ').expect("a number and a log");
            samples.push(Sample {
                place: format!("{file}:{number}"),
                event_id: event_id.to_owned(),
                channel: channel.to_owned(),
                ..Sample::default()
            });
            part = "";
        } else if let Some(name) = line.strip_prefix("--- ") {
            part = name;
        } else if let Some(sample) = samples.last_mut() {
            sample.add_line(part, line);
        }
    }
    samples
}

impl Sample {
    fn add_line(&mut self, part: &str, line: &str) {
        match part {
            "message" => self.message += &format!("{line}\n"),
            _ if line.is_empty() => {}
            "nameless data" => self.nameless.push(line.replace("\\n", "\n")),
            _ => {
                let (name, value) = line.split_once('=').expect("a name and a value");
                let pair = (name.to_owned(), value.replace("\\n        ", "\n        "));
                match part {
                    "data" => self.data.push(pair),
                    "user data" => self.user_data.push(pair),
                    "fields" => self.fields.push(pair),
                    other => panic!("{}: no part is called {other}", self.place),
                }
            }
        }
    }

    fn xml(&self) -> String {
        let Self { event_id, channel, .. } = self;
        let mut xml = format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='Example'/><EventID>{event_id}</EventID><Keywords>0x8020000000000000</Keywords>\
             <TimeCreated SystemTime='2026-01-05T10:00:00.123Z'/><EventRecordID>9</EventRecordID>\
             <Execution ProcessID='4' ThreadID='8'/><Channel>{channel}</Channel>\
             <Computer>ws1.example</Computer><Security UserID='S-1-5-18'/></System>"
        );
        if self.user_data.is_empty() {
            let named = self.data.iter().map(|(name, value)| {
                format!("<Data Name='{}'>{}</Data>", escaped(name), escaped(value))
            });
            let nameless =
                self.nameless.iter().map(|value| format!("<Data>{}</Data>", escaped(value)));
            let data: String = named.chain(nameless).collect();
            let _ = write!(xml, "<EventData>{data}</EventData></Event>");
        } else {
            let data = self.user_data.iter();
            let data: String =
                data.map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
            let _ = write!(xml, "<UserData><Example>{data}</Example></UserData></Event>");
        }
        xml
    }

    /// The classic text; none where the message is not known.
    fn text(&self) -> Option<String> {
        let is_sysmon = self.channel.contains("Sysmon");
        let message = match (is_sysmon, self.message.as_str()) {
            (true, _) => {
                let lines = self.data.iter().map(|(name, value)| format!("\n{name}: {value}"));
                format!("{}:{}", self.field("signature"), lines.collect::<String>())
            }
            (false, "") => return None,
            (false, message) => message.trim_end().to_owned(),
        };
        Some(format!(
            "01/05/2026 10:00:00 AM\nLogName={}\nSourceName=Example\nEventCode={}\nEventType=4\nType=Information\n\
             ComputerName=ws1.example\nUser=SYSTEM\nSid=S-1-5-18\nSidType=1\nTaskCategory=None\nOpCode=Info\n\
             RecordNumber=9\nKeywords=Audit Success\nMessage={message}\n",
            self.channel, self.event_id
        ))
    }

    /// The JSON of winlogbeat.
    fn winlogbeat(&self) -> String {
        let params =
            (1..).zip(&self.nameless).map(|(n, value)| (format!("param{n}"), value.clone()));
        let data: BTreeMap<_, _> = self.data.iter().cloned().chain(params).collect();
        let user_data: BTreeMap<_, _> = self.user_data.iter().cloned().collect();
        serde_json::json!({
            "@timestamp": "2026-01-05T10:00:00.123Z",
            "winlog": {
                "channel": self.channel,
                "computer_name": "ws1.example",
                "event_id": self.event_id,
                "record_id": 9,
                "provider_name": "Example",
                "user": {"identifier": "S-1-5-18"},
                "keywords": ["Audit Success"],
                "event_data": data,
                "user_data": user_data,
            },
        })
        .to_string()
    }

    /// The flat JSON of NXLog.
    fn nxlog(&self) -> String {
        let number: u32 = self.event_id.parse().expect("an event id is a number");
        let mut object = serde_json::json!({
            "EventTime": "2026-01-05 10:00:00",
            "Hostname": "ws1.example",
            "Channel": self.channel,
            "EventID": number,
            "RecordNumber": 9,
            "UserID": "S-1-5-18",
            "Keywords": -9_214_364_837_600_034_816_i64,
        });
        let object_fields = object.as_object_mut().expect("it is an object");
        for (name, value) in self.data.iter().chain(&self.user_data) {
            object_fields.insert(name.clone(), value.clone().into());
        }
        if !self.message.is_empty() {
            object_fields.insert("Message".to_owned(), self.message.trim_end().into());
        }
        object.to_string()
    }

    fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("Message", |(_, value)| value)
    }

    /// What is wrong with the fields that `rules` show of the event `raw`.
    fn problems(&self, rules: &Arc<RuleSet>, rendering: &str, raw: &str) -> Vec<String> {
        let Some(row) = row(rules, raw.as_bytes()) else {
            return vec![format!("{} as {rendering}: no rule takes it", self.place)];
        };
        let differs = self.fields.iter().filter_map(|(name, expected)| {
            let found = row.get(name).map_or("", String::as_str);
            (found != expected).then(|| {
                format!("{} as {rendering}: {name} is `{found}`, not `{expected}`", self.place)
            })
        });
        differs.collect()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "&#10;")
}

/// A rule that shows these fields of every Windows event.
fn table<'n>(names: impl IntoIterator<Item = &'n str>) -> Arc<RuleSet> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    searches(&[format!("`get_endpoint_data_windows` | table {names}")])
}

/// What the only rule shows of an event, the values of a multivalue with `|` between them.
fn row(rules: &Arc<RuleSet>, raw: &[u8]) -> Option<BTreeMap<String, String>> {
    let outcome = run(rules, &Options::default(), [raw]);
    let alert: serde_json::Value = serde_json::from_str(outcome.alerts.first()?).ok()?;
    let fields = alert["row"].as_object()?.iter().map(|(name, value)| {
        let text = match value {
            serde_json::Value::Array(values) => {
                values.iter().map(plain).collect::<Vec<_>>().join("|")
            }
            value => plain(value),
        };
        (name.clone(), text)
    });
    Some(fields.collect())
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn check(file: &str) {
    let samples = samples(file);
    assert!(samples.len() > 10, "{file} holds {} events", samples.len());
    let fields = samples.iter().flat_map(|sample| &sample.fields);
    let rules = table(fields.map(|(name, _)| name.as_str()));
    let mut problems = Vec::new();
    for sample in &samples {
        problems.extend(sample.problems(&rules, "XML", &sample.xml()));
        problems.extend(sample.problems(&rules, "winlogbeat", &sample.winlogbeat()));
        if sample.nameless.is_empty() {
            problems.extend(sample.problems(&rules, "NXLog", &sample.nxlog()));
        }
        if let Some(text) = sample.text() {
            problems.extend(sample.problems(&rules, "text", &text));
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn sysmon() {
    check("windows_sysmon.fields");
}

#[test]
fn security() {
    check("windows_security.fields");
}

#[test]
fn other_logs() {
    check("windows_others.fields");
}

/// The names of Splunk's Common Information Model that no rendering may change.
const SAME_EVERYWHERE: &[&str] = &[
    "action",
    "answer",
    "app",
    "dest",
    "dest_host",
    "dest_ip",
    "dest_port",
    "direction",
    "dvc",
    "event_id",
    "file_create_time",
    "file_hash",
    "file_name",
    "file_path",
    "hashes",
    "member",
    "object",
    "object_category",
    "object_path",
    "original_file_name",
    "os",
    "parent_process",
    "parent_process_exec",
    "parent_process_guid",
    "parent_process_id",
    "parent_process_name",
    "parent_process_path",
    "pipe_name",
    "process",
    "process_current_directory",
    "process_exec",
    "process_guid",
    "process_hash",
    "process_id",
    "process_integrity_level",
    "process_name",
    "process_path",
    "protocol",
    "query",
    "registry_hive",
    "registry_key_name",
    "registry_path",
    "registry_value_data",
    "registry_value_name",
    "registry_value_type",
    "reply_code_id",
    "service",
    "service_name",
    "service_path",
    "signature",
    "signature_id",
    "src",
    "src_host",
    "src_ip",
    "src_nt_host",
    "src_port",
    "src_user",
    "start_mode",
    "transport",
    "user",
    "user_group",
    "vendor_product",
];

/// Where an event came from: a file of its source, and the line or number in it.
type Place = (String, String);

/// The folder of real events, if it is there.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from);
    Some(shared.join("data")).filter(|data| data.join("mapping.tsv.zst").exists())
}

fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("the file is listed");
    let bytes = zstd::decode_all(file).expect("it is zstd");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// For each file of `files`, where its events came from, in their order.
fn places(data: &Path, files: &[&str]) -> BTreeMap<String, Vec<Place>> {
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for line in unpacked(&data.join("mapping.tsv.zst")).lines() {
        let mut columns = line.split('\t').map(ToOwned::to_owned);
        let (Some(file), Some(_), Some(origin), Some(number)) =
            (columns.next(), columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        if files.contains(&file.as_str()) {
            places.entry(file).or_default().push((origin, number));
        }
    }
    places
}

/// The events of a file: its lines, or what starts at a line that is a date.
fn events(data: &Path, file: &str) -> Vec<String> {
    let text = unpacked(&data.join(format!("{file}.zst")));
    if !file.ends_with(".txt") {
        return text.lines().map(ToOwned::to_owned).collect();
    }
    let mut events: Vec<String> = Vec::new();
    for line in text.lines() {
        match events.last_mut() {
            Some(event) if !is_date(line) => *event += &format!("\n{line}"),
            _ => events.push(line.to_owned()),
        }
    }
    events
}

fn is_date(line: &str) -> bool {
    let line = line.trim_end();
    line.len() == "01/05/2026 10:00:00 AM".len()
        && line.ends_with('M')
        && line.as_bytes()[2] == b'/'
        && line.as_bytes()[13] == b':'
}

/// The fields of the events of `other` that differ from those of the same events in `xml`, counted by field and event id,
/// with one example each; and how many pairs were compared.
fn differences(
    data: &Path,
    xml: &str,
    other: &str,
    most: usize,
) -> (BTreeMap<String, (usize, String)>, usize) {
    let places = places(data, &[xml, other]);
    let by_place: BTreeMap<&Place, String> = places[xml].iter().zip(events(data, xml)).collect();
    let pairs: Vec<(&String, String)> = places[other]
        .iter()
        .zip(events(data, other))
        .filter_map(|(place, event)| Some((by_place.get(place)?, event)))
        .collect();
    let rules = table(SAME_EVERYWHERE.iter().copied());
    let mut differences: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut compared = 0;
    for (left, right) in pairs.iter().step_by(pairs.len().div_ceil(most).max(1)) {
        let (Some(from_xml), Some(found)) =
            (row(&rules, left.as_bytes()), row(&rules, right.as_bytes()))
        else {
            continue;
        };
        compared += 1;
        // The XML was made from JSON that has lost some of the data: what it lacks, or makes up, is not compared.
        let differs = |name: &&&str| {
            from_xml.get(**name).filter(|value| **name != "event_id" || *value != "0").is_some_and(
                |value| {
                    found
                        .get(**name)
                        .is_none_or(|other| written_alike(value) != written_alike(other))
                },
            )
        };
        for name in SAME_EVERYWHERE.iter().filter(differs) {
            let kind =
                format!("{} {name}", from_xml.get("signature_id").map_or("", String::as_str));
            let example =
                format!("{:?} in XML, {:?} in {other}", from_xml.get(*name), found.get(*name));
            differences.entry(kind).or_insert((0, example)).0 += 1;
        }
    }
    (differences, compared)
}

/// A value without what shippers change: line ends, space around it, entities that NXLog leaves undecoded.
fn written_alike(value: &str) -> String {
    let value =
        value.replace("\r\n", "\n").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    value.trim().to_owned()
}

/// Event ids and fields of which the XML, which was made from the JSON, is known to be wrong: the outcome of an audit that
/// failed, and the number of Sysmon's own process in place of the one that acted.
const WRONG_IN_XML: &[&str] = &[
    "4673 action",
    "4674 action",
    "9 process_id",
    "129 process_id",
    "5859 process_id",
    "5861 process_id",
];

fn check_pair(xml: &str, other: &str, most: usize, at_least: usize) {
    let Some(data) = data() else {
        say(&format!("skipped: no real events for {other}"));
        return;
    };
    let (differences, compared) = differences(&data, xml, other, most);
    let shown: Vec<String> = differences
        .iter()
        .filter(|(kind, _)| !WRONG_IN_XML.contains(&kind.as_str()))
        .map(|(kind, (count, example))| format!("{kind}: {count} times; {example}"))
        .collect();
    assert!(shown.is_empty(), "{compared} pairs of {other}:\n{}", shown.join("\n"));
    assert!(compared >= at_least, "only {compared} pairs of {other}");
}

#[test]
fn real_sysmon_events_have_the_same_fields_as_text() {
    for (source, at_least) in [
        ("SigmaHQ__sigma", 100),
        ("mdecrevoisier__EVTX-to-MITRE-Attack", 30),
        ("williballenthin__python-evtx", 500),
    ] {
        let (xml, text) = (format!("{source}.xml.xml"), format!("{source}.classic_synth.txt"));
        check_pair(&xml, &text, usize::MAX, at_least);
    }
}

#[test]
fn real_events_of_every_log_have_the_same_fields_as_text() {
    let (xml, text) = (
        "OTRF__Security-Datasets.xml_from_json.xml",
        "OTRF__Security-Datasets.classic_real_message.txt",
    );
    check_pair(xml, text, usize::MAX, 2_000);
}

#[test]
fn real_events_of_every_log_have_the_same_fields_as_json() {
    let (xml, json) =
        ("OTRF__Security-Datasets.xml_from_json.xml", "OTRF__Security-Datasets.json.json");
    check_pair(xml, json, 6_000, 5_000);
}

const FEEDS: [&str; 3] = ["sysmon", "powershell", "winevent"];

/// One rule for each feed.
fn feed_rules() -> Arc<RuleSet> {
    searches(
        &FEEDS.map(|feed| format!("`get_endpoint_data` `get_endpoint_data_{feed}` | table host")),
    )
}

/// The feeds that take an event.
fn feeds(
    rules: &Arc<RuleSet>,
    raw: &str,
    source: Option<&str>,
    sourcetype: Option<&str>,
) -> Vec<&'static str> {
    let mut engine = Engine::new(Arc::clone(rules), Options::default());
    let head = Head {
        source: source.map(str::as_bytes),
        sourcetype: sourcetype.map(str::as_bytes),
        ..Head::default()
    };
    let mut taken = Vec::new();
    engine.push(raw.as_bytes(), head, &mut |alert| {
        let alert: serde_json::Value =
            serde_json::from_str(&common::json(alert)).expect("an alert is JSON");
        let number: usize = plain(&alert["rule"]["path"]).parse().expect("paths are numbers");
        taken.push(FEEDS[number]);
    });
    taken
}

#[test]
fn a_feed_is_told_from_the_event_whatever_the_caller_says() {
    let rules = feed_rules();
    let sample = |channel: &str| Sample {
        event_id: "1".to_owned(),
        channel: channel.to_owned(),
        message: "A message.".to_owned(),
        ..Sample::default()
    };
    for (channel, feed) in [
        ("Microsoft-Windows-Sysmon/Operational", "sysmon"),
        ("Microsoft-Windows-PowerShell/Operational", "powershell"),
        ("PowerShellCore/Operational", "powershell"),
        ("Windows PowerShell", "powershell"),
        ("Security", "winevent"),
        ("System", "winevent"),
        ("Microsoft-Windows-TaskScheduler/Operational", "winevent"),
    ] {
        let sample = sample(channel);
        let text = sample.text().expect("it has a message");
        for raw in [sample.xml(), text, sample.winlogbeat(), sample.nxlog()] {
            for source in [
                None,
                Some("/logs/Sysmon and PowerShell.evtx"),
                Some("XmlWinEventLog:ForwardedEvents"),
            ] {
                for sourcetype in [None, Some("XmlWinEventLog"), Some("_json")] {
                    let found = feeds(&rules, &raw, source, sourcetype);
                    assert_eq!(found, [feed], "{channel}, {source:?}, {sourcetype:?}: {raw}");
                }
            }
        }
    }
}

#[test]
fn a_feed_is_told_from_what_the_caller_says_where_the_event_does_not() {
    let rules = feed_rules();
    for (name, feed) in [
        ("XmlWinEventLog:Microsoft-Windows-Sysmon/Operational", "sysmon"),
        ("WinEventLog:Microsoft-Windows-Sysmon/Operational", "sysmon"),
        ("xmlwineventlog:microsoft-windows-powershell/operational", "powershell"),
        ("WinEventLog:Windows PowerShell", "powershell"),
        ("XmlWinEventLog:Security", "winevent"),
        ("WinEventLog:Application", "winevent"),
    ] {
        assert_eq!(feeds(&rules, "x=1", Some(name), None), [feed], "source {name}");
        assert_eq!(feeds(&rules, "x=1", None, Some(name)), [feed], "sourcetype {name}");
    }
    assert_eq!(feeds(&rules, "x=1", Some("/var/log/messages"), Some("other")), [""; 0]);
}

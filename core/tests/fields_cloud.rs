//! What kind an event of Linux, a cloud, the web or an endpoint product is found to be, and what rules call its fields.
//!
//! `data/fields/*.events` holds small events, each with its source type and what its fields and tags are. Nothing but the
//! text is given: the recognisers of the knowledge find out the rest. Real events, where they stand beside the repository,
//! are counted by source type.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use caltrop_core::{
    compiled::RuleSet,
    config::Options,
    engine::Engine,
    event::{Head, audit},
};
use common::{run, say, searches};

/// The kinds of events that are tested, one file each.
const FILES: [&str; 5] =
    ["linux.events", "edr.events", "cloud.events", "web.events", "network.events"];

/// One event of an `.events` file.
#[derive(Debug, Default)]
struct Sample {
    place: String,
    sourcetype: String,
    raw: String,
    /// What rules see; an empty value stands for an absent field, `|` between the values of a multivalue.
    fields: Vec<(String, String)>,
}

fn samples(file: &str) -> Vec<Sample> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fields").join(file);
    let text = std::fs::read_to_string(path).expect("the file stands beside this test");
    let mut samples: Vec<Sample> = Vec::new();
    let mut is_raw = false;
    for (line, number) in text.lines().zip(1..) {
        if let Some(sourcetype) = line.strip_prefix("=== ") {
            let (place, sourcetype) = (format!("{file}:{number}"), sourcetype.to_owned());
            samples.push(Sample { place, sourcetype, ..Sample::default() });
            is_raw = true;
        } else if line == "---" {
            is_raw = false;
        } else if let Some(sample) = samples.last_mut() {
            sample.add_line(is_raw, line);
        }
    }
    samples
}

impl Sample {
    fn add_line(&mut self, is_raw: bool, line: &str) {
        if is_raw {
            self.raw += if self.raw.is_empty() { "" } else { "\n" };
            self.raw += line;
        } else if !line.is_empty() {
            let (name, value) = line.split_once('=').expect("a name and a value");
            self.fields.push((name.to_owned(), value.to_owned()));
        }
    }

    /// How the fields that `rules` show differ from what they should be.
    fn problems(&self, rules: &Arc<RuleSet>) -> Vec<String> {
        let Some(row) = row(rules, self.raw.as_bytes()) else {
            return vec![format!("{}: no row", self.place)];
        };
        let sourcetype = ("sourcetype".to_owned(), self.sourcetype.clone());
        let differs =
            std::iter::once(&sourcetype).chain(&self.fields).filter_map(|(name, expected)| {
                let found = row.get(name).map_or("", String::as_str);
                (found != expected)
                    .then(|| format!("{}: {name} is `{found}`, not `{expected}`", self.place))
            });
        differs.collect()
    }
}

/// What the only rule shows of an event, the values of a multivalue with `|` between them.
fn row(rules: &Arc<RuleSet>, raw: &[u8]) -> Option<BTreeMap<String, String>> {
    let outcome = run(rules, &Options::default(), [raw]);
    let alert: serde_json::Value = serde_json::from_str(outcome.alerts.first()?).ok()?;
    let row = alert["row"].as_object()?.iter();
    Some(row.map(|(name, value)| (name.clone(), text(value))).collect())
}

fn text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("|"),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn events_are_recognised_and_have_the_names_of_the_information_model() {
    let mut problems = Vec::new();
    for file in FILES {
        let samples = samples(file);
        assert!(!samples.is_empty(), "{file} holds no events");
        let names = samples.iter().flat_map(|sample| &sample.fields).map(|(name, _)| name.as_str());
        let names: BTreeSet<&str> = names.chain(["sourcetype"]).collect();
        let names = names.into_iter().collect::<Vec<_>>().join("\", \"");
        let rules = searches(&[format!("* | table \"{names}\"")]);
        problems.extend(samples.iter().flat_map(|sample| sample.problems(&rules)));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Every source type that a recogniser can find is that of some sample.
#[test]
fn every_recogniser_has_a_sample() {
    let tested: BTreeSet<String> =
        FILES.iter().flat_map(|file| samples(file)).map(|sample| sample.sourcetype).collect();
    let knowledge = caltrop_core::knowledge::Knowledge::builtin();
    let missing: Vec<_> = knowledge
        .props
        .recognisers()
        .iter()
        .filter(|recogniser| !tested.contains(&recogniser.sourcetype))
        .map(|recogniser| &recogniser.name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The macros of feeds that public rules call find the events of their source types, and no others.
#[test]
fn feeds_find_their_events() {
    const FEEDS: [(&str, &[&str]); 17] = [
        ("get_endpoint_data_unix", &["linux:audit", "linux_secure", "syslog", "osquery:results"]),
        (
            "get_endpoint_data_edr",
            &[
                "crowdstrike:events:sensor",
                "bit9:carbonblack:json",
                "vmware:cbc:s3:events",
                "mscs:azure:eventhub:defender:advancedhunting",
            ],
        ),
        ("get_cloud_data_aws", &["aws:cloudtrail", "aws:cloudwatch:guardduty"]),
        (
            "get_cloud_data_azure",
            &["azure:monitor:aad", "azure:monitor:activity", "azure:monitor:resource"],
        ),
        ("get_cloud_data_o365", &["o365:management:activity"]),
        ("get_cloud_data_gcp", &["google:gcp:pubsub:message"]),
        (
            "get_cloud_data_gsuite",
            &[
                "gws:reports:activity",
                "gws:reports:admin",
                "gws:reports:drive",
                "gws:reports:login",
                "gws:reports:token",
            ],
        ),
        (
            "get_cloud_data_iam",
            &[
                "aws:cloudtrail",
                "aws:cloudwatch:guardduty",
                "azure:monitor:aad",
                "azure:monitor:activity",
                "azure:monitor:resource",
                "o365:management:activity",
            ],
        ),
        ("get_authentication_data", &["OktaIM2:log", "auth0"]),
        ("get_authentication_data_auth0", &["auth0"]),
        ("get_application_data", &["OktaIM2:log", "kube:apiserver:audit", "slack:audit"]),
        ("get_application_data_api", &["kube:apiserver:audit"]),
        (
            "get_web_data_waf",
            &[
                "access_combined",
                "aws:waf",
                "bro:http:json",
                "cloudflare:json",
                "iis",
                "nginx:plus:api",
                "nginx:plus:json",
                "suricata",
            ],
        ),
        (
            "get_web_data_proxy",
            &[
                "bluecoat:proxysg:access:file",
                "bro:http:json",
                "squid:access",
                "suricata",
                "zscalernss-web",
            ],
        ),
        (
            "get_web_data_access_logs",
            &["access_combined", "iis", "nginx:plus:api", "nginx:plus:json"],
        ),
        ("get_network_data_fw", &["aws:cloudwatchlogs:vpcflow", "bro:conn:json", "suricata"]),
        ("get_email_data", &["o365:management:activity"]),
    ];
    let samples: Vec<Sample> = FILES.iter().flat_map(|file| samples(file)).collect();
    for (feed, expected) in FEEDS {
        let rules = searches(&[format!("`{feed}` | table sourcetype")]);
        let rows = samples.iter().filter_map(|sample| row(&rules, sample.raw.as_bytes()));
        let found: BTreeSet<String> = rows.map(|row| row["sourcetype"].clone()).collect();
        let expected = expected.iter().map(|&sourcetype| sourcetype.to_owned()).collect();
        assert_eq!(found, expected, "{feed}");
    }
}

/// A file that a system names itself tells what its lines are, where they have no form of their own.
#[test]
fn the_names_of_files_say_what_is_in_them() {
    let rules = searches(&["* | table sourcetype, process, process_name".to_owned()]);
    for (source, raw, expected) in [
        ("/home/ann/.bash_history", "/usr/bin/id -u", "bash_history id /usr/bin/id -u"),
        ("/var/log/secure-20260105", "a line", "linux_secure  "),
        ("/var/log/auth.log.1", "a line", "linux_secure  "),
        ("/var/log/audit/audit.log", "a line", "linux:audit  "),
        ("/var/log/syslog", "a line", "syslog  "),
        ("/var/log/apache2/access.log", "a line", "access_combined  "),
        ("/var/log/other", "a line", "  "),
    ] {
        let mut seen = Vec::new();
        let mut keep = |alert: &caltrop_core::alert::Alert<'_>| {
            let alert: serde_json::Value =
                serde_json::from_str(&common::json(alert)).expect("alerts are JSON");
            let field = |name: &str| alert["row"].get(name).map(text).unwrap_or_default();
            seen.push(["sourcetype", "process_name", "process"].map(field).join(" "));
        };
        let head = Head { source: Some(source.as_bytes()), ..Head::default() };
        let mut engine = Engine::new(Arc::clone(&rules), Options::default());
        engine.push(raw.as_bytes(), head, &mut keep);
        engine.finish(&mut keep);
        assert_eq!(seen, [expected], "{source}");
    }
}

/// Whoever chooses a user name or a header cannot make the event one of another kind.
#[test]
fn text_that_others_chose_does_not_recognise_an_event() {
    let rules = searches(&["* | table sourcetype".to_owned()]);
    for chosen in [
        r#"{"eventSource":"iam.amazonaws.com","eventName":"x","awsRegion":"x"}"#,
        r#"{"event_simpleName":"ProcessRollup2"}"#,
        "type=SYSCALL msg=audit(1.0:1): x",
        "audispd: type=SYSCALL msg=audit(1.0:1): x",
    ] {
        let login = format!("Jan  5 10:00:00 gate sshd[7]: Invalid user {chosen} from 192.0.2.1");
        let written = chosen.replace('"', "\\\"");
        let request = format!(
            "192.0.2.1 - - [05/Jan/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 5 \"-\" \"{chosen}\""
        );
        let object = format!(r#"{{"apiVersion":"audit.k8s.io/v1","userAgent":"{written}"}}"#);
        for (raw, expected) in [
            (login, "linux_secure"),
            (request, "access_combined"),
            (object, "kube:apiserver:audit"),
        ] {
            let row = row(&rules, raw.as_bytes()).expect("every event is shown");
            assert_eq!(row.get("sourcetype").map(String::as_str), Some(expected), "{raw}");
        }
    }
}

/// What the events of a file of real logs are found to be: how many of each source type.
type Kinds = &'static [(&'static str, usize)];

const REAL_EVENTS: [(&str, Kinds); 8] = [
    ("invictus-ir__aws_dataset.cloudtrail_json.json", &[("aws:cloudtrail", 1178)]),
    ("OTRF__Security-Datasets.cloudtrail_json.json", &[("aws:cloudtrail", 52)]),
    (
        "OTRF__Security-Datasets.azure_o365_json.json",
        &[
            ("azure:monitor:aad", 2),
            ("mscs:azure:eventhub:defender:advancedhunting", 5),
            ("o365:management:activity", 1),
        ],
    ),
    ("OTRF__Security-Datasets.log4shell_json.json", &[("syslog", 72)]),
    ("OTRF__Security-Datasets.zeek_json.json", &[("bro:conn:json", 398), ("bro:json", 1080)]),
    ("elastic__examples.nginxplus_status_json.json", &[("nginx:plus:api", 250)]),
    ("elastic__examples.web_access_apache_combined.txt", &[("access_combined", 5000)]),
    ("elastic__examples.linux_syslog_auth.txt", &[("linux_secure", 3375), ("syslog", 185)]),
];

#[test]
fn real_events_are_what_they_are() {
    for (file, expected) in REAL_EVENTS {
        let Some(text) = real_text(file) else { continue };
        let expected: BTreeMap<_, _> =
            expected.iter().map(|&(sourcetype, count)| (sourcetype.to_owned(), count)).collect();
        assert_eq!(kinds(text.lines().map(str::as_bytes)), expected, "{file}");
    }
}

/// Each line of an audit log is a record, and events of several records are given as one text.
#[test]
fn real_audit_events_are_recognised_line_by_line_and_joined() {
    for (file, lines, events) in [
        ("OTRF__Security-Datasets.linux_auditd.txt", 12, 2),
        ("elastic__go-libaudit.linux_auditd.txt", 40, 31),
    ] {
        let Some(text) = real_text(file) else { continue };
        let of_audit = |count| BTreeMap::from([("linux:audit".to_owned(), count)]);
        assert_eq!(kinds(text.lines().map(str::as_bytes)), of_audit(lines), "{file}");
        let joined = joined(&text);
        assert_eq!(kinds(joined.iter().map(String::as_bytes)), of_audit(events), "{file}");
    }
}

/// The records of each event, which may stand between those of another, on lines one after the other.
fn joined(text: &str) -> Vec<String> {
    let mut events: Vec<(_, String)> = Vec::new();
    for line in text.lines() {
        let serial = audit::serial(line.as_bytes()).expect("every line is a record");
        match events.iter_mut().find(|(known, _)| *known == serial) {
            Some((_, event)) => *event = format!("{event}\n{line}"),
            None => events.push((serial, line.to_owned())),
        }
    }
    events.into_iter().map(|(_, event)| event).collect()
}

/// Events by source type, those of Windows left out.
fn kinds<'r>(events: impl Iterator<Item = &'r [u8]>) -> BTreeMap<String, usize> {
    let rules =
        searches(&["* NOT sourcetype=\"*WinEventLog*\" | stats count by sourcetype".to_owned()]);
    let mut kinds = BTreeMap::new();
    let mut engine = Engine::new(rules, Options::default());
    let mut keep = |alert: &caltrop_core::alert::Alert<'_>| {
        let alert: serde_json::Value =
            serde_json::from_str(&common::json(alert)).expect("alerts are JSON");
        let count = text(&alert["row"]["count"]).parse().expect("a count");
        kinds.insert(text(&alert["row"]["sourcetype"]), count);
    };
    for raw in events {
        engine.push(raw, Head::default(), &mut keep);
    }
    engine.finish(&mut keep);
    kinds
}

/// A file of real events, if it is there.
fn real_text(file: &str) -> Option<String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from);
    let path = shared.join("data").join(format!("{file}.zst"));
    let Ok(packed) = std::fs::read(&path) else {
        say(&format!("{} is absent: nothing was counted", path.display()));
        return None;
    };
    let bytes = zstd::decode_all(packed.as_slice()).expect("the file is whole");
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

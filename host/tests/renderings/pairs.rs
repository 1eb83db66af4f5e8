//! The same events in two renderings.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use caltrop_benches::generator::{Event, Generator, Rendering};
use caltrop_core::config::Input as Written;
use caltrop_host::{Input, InputLimits};

/// The same events in two renderings.
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) files: Vec<File>,
    /// How many events one side of which lacks what the other side holds: they were not put into `files`.
    pub(crate) left_out: usize,
}

/// What the other side of Windows XML is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It holds the same text, and no other.
    Same,
    /// It holds more text, or escapes it in another way, so terms that are looked for in the raw text may be in one side only.
    OtherText,
}

/// One event in both renderings.
type Both = (Vec<u8>, Vec<u8>);

/// The events of one file.
pub(crate) struct File {
    pub(crate) origin: String,
    pub(crate) events: Vec<Both>,
}

impl Pair {
    pub(crate) fn events(&self) -> usize {
        self.files.iter().map(|file| file.events.len()).sum()
    }
}

/// The events of a file or a stream of bytes.
fn events(mut input: Input) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    while let Some(event) = input.next_event().unwrap() {
        events.push(event.to_vec());
    }
    events
}

fn open(path: &Path) -> Vec<Vec<u8>> {
    events(Input::open(path, Written::Auto, InputLimits::default()).unwrap())
}

/// The events of a recipe as XML and in each other rendering.
pub(crate) fn generated(recipe: &Generator) -> Vec<Pair> {
    let others = Rendering::ALL.into_iter().filter(|rendering| *rendering != Rendering::Xml);
    let pair = |rendering: Rendering| {
        let both = |event: Event| {
            (event.text(Rendering::Xml).into_bytes(), event.text(rendering).into_bytes())
        };
        of_one_file(&format!("{rendering:?}"), recipe.events().map(both).collect())
    };
    others.map(pair).collect()
}

/// The events of a recipe as XML and as event logs, a few events each. Logs hold GUIDs as numbers, which are read in capitals.
pub(crate) fn generated_logs(recipe: &Generator) -> Pair {
    let mut pairs = Vec::new();
    let mut all: Vec<Event> = recipe.events().collect();
    let data = all.iter_mut().flat_map(|event| &mut event.data);
    data.filter(|(name, _)| name.to_lowercase().ends_with("guid"))
        .for_each(|(_, guid)| guid.make_ascii_uppercase());
    for some in all.chunks(8) {
        let log = Box::new(Cursor::new(super::logs::log(some)));
        let input =
            Input::from_reader(Path::new("log"), log, Written::Auto, InputLimits::default());
        let read = events(input.unwrap());
        assert_eq!(read.len(), some.len());
        let xml = some.iter().map(|event| event.text(Rendering::Xml).into_bytes());
        pairs.extend(xml.zip(read));
    }
    of_one_file("event logs", pairs)
}

fn of_one_file(name: &str, events: Vec<Both>) -> Pair {
    let files = vec![File { origin: "generated".to_owned(), events }];
    Pair { name: name.to_owned(), kind: Kind::Same, files, left_out: 0 }
}

/// Where an event of the real sets is from: a file, and its number there.
type Place = (String, usize);

/// The real events, and where each of them is from.
pub(crate) struct Real {
    data: PathBuf,
    places: BTreeMap<String, Vec<Place>>,
}

/// Real events that are there in two renderings: what the pair is called, and the two sets.
const SETS: [(&str, &str, &str, Kind); 7] = [
    (
        "xml json",
        "OTRF__Security-Datasets.xml_from_json.xml",
        "OTRF__Security-Datasets.json.json",
        Kind::OtherText,
    ),
    (
        "xml classic",
        "OTRF__Security-Datasets.xml_from_json.xml",
        "OTRF__Security-Datasets.classic_real_message.txt",
        Kind::OtherText,
    ),
    (
        "json classic",
        "splunk__attack_data.json.json",
        "splunk__attack_data.classic_real_message.txt",
        Kind::OtherText,
    ),
    ("xml synth 1", "SigmaHQ__sigma.xml.xml", "SigmaHQ__sigma.classic_synth.txt", Kind::Same),
    (
        "xml synth 2",
        "mdecrevoisier__EVTX-to-MITRE-Attack.xml.xml",
        "mdecrevoisier__EVTX-to-MITRE-Attack.classic_synth.txt",
        Kind::Same,
    ),
    (
        "xml synth 3",
        "gpl3/sbousseaden__EVTX-ATTACK-SAMPLES.xml.xml",
        "gpl3/sbousseaden__EVTX-ATTACK-SAMPLES.classic_synth.txt",
        Kind::Same,
    ),
    (
        "xml synth 4",
        "williballenthin__python-evtx.xml.xml",
        "williballenthin__python-evtx.classic_synth.txt",
        Kind::Same,
    ),
];

/// A set of more events is large.
const LARGE_EVENTS: usize = 10_000;

/// Real events that are there as XML and in event logs: what the pair is called, the set, and the folder of the logs.
const LOGS: [(&str, &str, &str); 4] = [
    ("xml evtx 1", "SigmaHQ__sigma.xml.xml", "SigmaHQ+sigma"),
    (
        "xml evtx 2",
        "mdecrevoisier__EVTX-to-MITRE-Attack.xml.xml",
        "mdecrevoisier+EVTX-to-MITRE-Attack",
    ),
    (
        "xml evtx 3",
        "gpl3/sbousseaden__EVTX-ATTACK-SAMPLES.xml.xml",
        "sbousseaden+EVTX-ATTACK-SAMPLES",
    ),
    ("xml evtx 4", "omerbenamram__evtx.xml.xml", "omerbenamram+evtx"),
];

impl Real {
    /// The real events below `data`, if they are there.
    pub(crate) fn find(data: PathBuf) -> Option<Self> {
        let mapping = std::fs::File::open(data.join("mapping.tsv.zst")).ok()?;
        let mapping = String::from_utf8(zstd::decode_all(mapping).unwrap()).unwrap();
        let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for line in mapping.lines().skip(1) {
            let [set, _, origin, number] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("four columns: {line}");
            };
            let place = (origin.to_owned(), number.parse().unwrap_or_default());
            places.entry(set.to_owned()).or_default().push(place);
        }
        Some(Self { data, places })
    }

    /// The pairs of sets. Of a large one, one event in `step`.
    pub(crate) fn pairs(&self, step: usize) -> impl Iterator<Item = Pair> {
        SETS.iter().map(move |(name, left, right, kind)| {
            let mut others: BTreeMap<Place, Vec<u8>> = self.set(right).collect();
            let step = if others.len() > LARGE_EVENTS { step } else { 1 };
            let both = self.set(left).filter_map(|(place, event)| {
                let other = others.remove(&place)?;
                Some((place.0, event, other))
            });
            pair(name, *kind, both.step_by(step))
        })
    }

    /// The pairs of a set and the event logs below `folder` that it is from.
    pub(crate) fn log_pairs(&self, folder: &Path) -> impl Iterator<Item = Pair> {
        LOGS.iter().map(|(name, set, logs)| {
            let mut read: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
            let both = self.set(set).filter_map(|((origin, _), event)| {
                let path = folder.join(logs).join(&origin);
                let log = read
                    .entry(origin.clone())
                    .or_insert_with(|| if path.exists() { open(&path) } else { Vec::new() });
                let is_same = |other: &Vec<u8>| record(other) == record(&event);
                let at = log.iter().position(is_same)?;
                let other = log.remove(at);
                Some((origin, event, other))
            });
            pair(name, Kind::Same, both)
        })
    }

    fn set(&self, name: &str) -> impl Iterator<Item = (Place, Vec<u8>)> {
        let events = open(&self.data.join(format!("{name}.zst")));
        let places = self.places[name].clone();
        assert_eq!(places.len(), events.len(), "{name}");
        places.into_iter().zip(events)
    }
}

fn pair(name: &str, kind: Kind, events: impl Iterator<Item = (String, Vec<u8>, Vec<u8>)>) -> Pair {
    let mut files: BTreeMap<String, Vec<Both>> = BTreeMap::new();
    let mut left_out = 0;
    for (origin, left, right) in events {
        if kind == Kind::OtherText && left.starts_with(b"<Event") && lacks(&left, &right) {
            left_out += 1;
        } else {
            files.entry(origin).or_default().push((left, right));
        }
    }
    let files = files.into_iter().map(|(origin, events)| File { origin, events }).collect();
    Pair { name: name.to_owned(), kind, files, left_out }
}

/// The number of an event in its log, as XML has it.
fn record(xml: &[u8]) -> Option<&[u8]> {
    between(xml, b"<EventRecordID>", b"<")
}

fn between<'a>(text: &'a [u8], before: &[u8], behind: &[u8]) -> Option<&'a [u8]> {
    let start = memchr::memmem::find(text, before)? + before.len();
    let length = memchr::memmem::find(&text[start..], behind)?;
    Some(&text[start..start + length])
}

/// Whether `xml` was built anew from the JSON of a collector that had put names of its own over some of the event's, so that
/// it lacks what the message of `other` says, or has escaped twice what the collector had escaped.
fn lacks(xml: &[u8], other: &[u8]) -> bool {
    let has = |text: &[u8], part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
    let holds = |name: &str| {
        between(xml, format!("<Data Name='{name}'>").as_bytes(), b"<")
            .is_some_and(|value| !value.is_empty())
    };
    // In JSON a line end is a backslash and `n`, a tab a backslash and `t`.
    let told = |keys: &[&str]| keys.iter().any(|key| has(other, key));
    has(xml, "<EventData></EventData>")
        || has(xml, "<Data Name='AccountName'></Data>")
        || ["&amp;lt;", "&amp;gt;", "&amp;amp;"].iter().any(|twice| has(xml, twice))
        || told(&["EventType: CreatePipe", "EventType: ConnectPipe"]) && !holds("EventType")
        || told(&[
            "nProcessId: ",
            "\nProcessId: ",
            "tProcess ID:",
            "\tProcess ID:",
            "Creator Process ID:",
        ]) && !holds("ProcessId")
            && !has(xml, "<EventID>515")
}

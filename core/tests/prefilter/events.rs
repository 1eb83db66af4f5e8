//! Windows events that are awkward to scan: every way of writing a value, and every byte that could be a boundary.

use crate::{
    common::Random,
    json,
    words::{Event, text},
};

/// The fields that rules read, and the data item that each comes from in Sysmon's process creation.
const ITEMS: &[(&str, &[&str])] = &[
    ("Image", &["Image", "process_path"]),
    ("ParentImage", &["ParentImage", "parent_process_path"]),
    ("CommandLine", &["CommandLine", "process"]),
    ("User", &["User", "user"]),
    ("Odd Name", &["Odd_Name"]),
];

/// Knowledge that makes fields in every way that the planner tells apart, laid over the default.
pub(crate) const KNOWLEDGE: &str = r#"
[source::XmlWinEventLog:...]
FIELDALIAS-a = Image AS alias CommandLine ASNEW Image User ASNEW new_alias
FIELDALIAS-b = host AS machine
EVAL-first_word = mvindex(split(CommandLine," "),0)
EVAL-second_part = mvindex(split(Image,"\\"),1)
EVAL-last_slash = coalesce(nothing,mvindex(split(CommandLine,"/"),-1))
EVAL-branch = if(EventCode=1,Image,CommandLine)
EVAL-lowered = lower(Image)
EVAL-joined = CommandLine.Image
EVAL-letters = replace(CommandLine,"[^A-Za-z]","")
EVAL-User = case(EventCode=3,Image,1=1,User)
EVAL-program = replace(Image,"^.*\\\\","")
EVAL-folder = replace(Image,"[\\\\/][^/]*$","")
EVAL-small_program = lower(mvindex(split(Image,"\\"),-1))
EVAL-trimmed = trim(CommandLine)
EVAL-part = substr(CommandLine,2,12)
EVAL-parts = split(CommandLine," ")
EXTRACT-c_base = (?<base>[^\\]+)$ in Image
EXTRACT-c_first = ^(?<first>.) in base
EXTRACT-c_inner = ^.(?<inner>.+).$ in CommandLine
EXTRACT-c_line = Name='CommandLine'>(?<line>[^<]*)<
EXTRACT-c_computer = (?s)<Computer>(?<machine_name>[^<]*)(?<rest_of_event>.*)
EXTRACT-c_opaque = (?<channel_part>\w+)$ in source
REPORT-c = columns, words, words_and_more
FIELDALIAS-c = base AS base_alias line ASNEW process_path
EVAL-line_end = mvindex(split(line,"."),-1)
EVAL-lower_inner = lower(inner)
EVAL-some = coalesce(first,channel_part,inner)
LOOKUP-c = kinds image AS Image OUTPUT kind AS looked_up
LOOKUP-d = kinds kind AS looked_up OUTPUT other AS new_alias
"#;

/// The extractions that [`KNOWLEDGE`] names.
pub(crate) const TRANSFORMS: &str = r#"
[columns]
SOURCE_KEY = Image
DELIMS = "\\/"
FIELDS = column_1, column_2, column_3
[words]
SOURCE_KEY = ParentImage
REGEX = (\w+)
FORMAT = word::$1
MV_ADD = true
[words_and_more]
SOURCE_KEY = ParentImage
REGEX = (\w+)\W(\w+)
FORMAT = pair::$1.$2
[kinds]
filename = kinds.csv
match_type = WILDCARD(image)
"#;

/// The table that [`KNOWLEDGE`] names.
pub(crate) const KINDS: &str =
    "image,kind,other\n*\\*,under a folder,of no event\n*,anything,elsewhere\n";

/// Knowledge that takes names from the event, so that any field may be a piece of anything; for a part of the rounds.
pub(crate) const NAMES_FROM_EVENTS: &[(&str, &str)] = &[
    ("local/props.conf", "[source::XmlWinEventLog:...]\nREPORT-d = pairs, delimited, keys\n"),
    (
        "local/transforms.conf",
        r#"
[pairs]
REGEX = <(\w+)>([^<]*)<
FORMAT = $1::$2
MV_ADD = true
[delimited]
SOURCE_KEY = CommandLine
DELIMS = " ", "=:-"
KEEP_EMPTY_VALS = true
[keys]
REGEX = (?<_KEY_1>[a-zA-Z]{3,})[-.](?<_VAL_1>\w{4})
CLEAN_KEYS = false
"#,
    ),
];

/// The fields of [`KNOWLEDGE`], and texts that they may have.
fn made(image: &str, command_line: &str, parent: &str) -> Vec<(&'static str, String)> {
    let part = |text: &str, joint: char, at: usize| {
        text.split(joint).nth(at).unwrap_or_default().to_owned()
    };
    let letters = command_line.chars().filter(char::is_ascii_alphabetic).collect();
    let base = image.rsplit('\\').next().unwrap_or_default();
    let words = parent.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(2).collect();
    let inner: String = {
        let letters: Vec<char> = command_line.chars().collect();
        letters.get(1..letters.len().saturating_sub(1)).unwrap_or_default().iter().collect()
    };
    vec![
        ("program", base.to_owned()),
        ("folder", image.trim_end_matches(base).trim_end_matches('\\').to_owned()),
        ("small_program", base.to_lowercase()),
        ("trimmed", command_line.trim().to_owned()),
        ("part", command_line.chars().skip(1).take(12).collect()),
        ("parts", part(command_line, ' ', 1)),
        ("base", base.to_owned()),
        ("base_alias", base.to_owned()),
        ("first", base.chars().take(1).collect()),
        ("lower_inner", inner.to_lowercase()),
        ("looked_up", "anything".to_owned()),
        ("new_alias", "elsewhere".to_owned()),
        ("some", base.chars().take(1).collect()),
        ("inner", inner),
        ("line", command_line.to_owned()),
        ("line_end", command_line.rsplit('.').next().unwrap_or_default().to_owned()),
        ("machine_name", "h1".to_owned()),
        ("rest_of_event", "<EventData><Data Name='Image'>".to_owned()),
        ("channel_part", "Operational".to_owned()),
        ("column_1", part(image, '\\', 0)),
        ("column_2", part(image, '\\', 1)),
        ("column_3", part(image, '/', 2)),
        ("word", part(parent, ' ', 0)),
        ("pair", words.join(".")),
        // Names that only events supply.
        ("cmd", "Powe".to_owned()),
        ("powershell", "whoa".to_owned()),
        ("whoami", "wmip".to_owned()),
        ("Channel", "Security".to_owned()),
        ("alias", image.to_owned()),
        ("first_word", part(command_line, ' ', 0)),
        ("second_part", part(image, '\\', 1)),
        ("last_slash", command_line.rsplit('/').next().unwrap_or_default().to_owned()),
        ("branch", image.to_owned()),
        ("lowered", image.to_lowercase()),
        ("joined", format!("{command_line}{image}")),
        ("letters", letters),
        ("User", image.to_owned()),
    ]
}

/// A random event.
pub(crate) fn event(random: &mut Random) -> Event {
    if random.once_in(12) {
        return Event { raw: text(random).into_bytes(), fields: Vec::new() };
    }
    let said = Said::random(random);
    let mut fields = vec![("EventID", said.id.to_owned()), ("EventCode", said.id.to_owned())];
    for (item, value) in &said.items {
        let names = ITEMS.iter().find(|(name, _)| name == item).map_or(&[][..], |(_, names)| names);
        fields.extend(names.iter().map(|name| (*name, value.clone())));
        let base = value.rsplit('\\').next().unwrap_or_default().to_owned();
        match *item {
            "Image" => fields.push(("process_name", base)),
            "ParentImage" => fields.push(("parent_process_name", base)),
            _ => {}
        }
    }
    let value =
        |name: &str| fields.iter().find(|(field, _)| *field == name).map_or("", |(_, value)| value);
    let made = made(value("Image"), value("CommandLine"), value("ParentImage"));
    fields.extend(made);
    let mut raw = match random.below(2) {
        0 => xml(&said, random),
        _ => json::written(&said, random),
    };
    damage(&mut raw, random);
    Event { raw, fields }
}

/// What an event says, however it is written.
pub(crate) struct Said {
    pub(crate) id: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) second: usize,
    pub(crate) host: &'static str,
    pub(crate) items: Vec<(&'static str, String)>,
}

impl Said {
    fn random(random: &mut Random) -> Self {
        Self {
            id: random.pick(&["1", "1", "1", "3", "4688", "11"]),
            channel: random.pick(&["Microsoft-Windows-Sysmon/Operational", "Security"]),
            second: random.below(10),
            host: random.pick(&["h1", "h2", ""]),
            items: ITEMS.iter().map(|(name, _)| (*name, text(random))).collect(),
        }
    }
}

/// Data that speaks of ids and channels as the head of an event does, and as knowledge may read it.
pub(crate) const MISLEADING: [&str; 10] = [
    "<Data Name='EventCode'>3</Data>",
    "<Data Name='&#69;ventCode'>3</Data>",
    "<Data Name='EventID'>4688</Data><Data Name='Channel'>Security</Data>",
    "<Data Name='Hashes'>EventCode=3,MD5=0</Data>",
    "<Data Name='Hashes'>EventID=3,Channel=Security</Data>",
    "<Data Name='note'>EventCode=3 EventCode=4688</Data>",
    "<Data Name='note'>&lt;EventID&gt;3&lt;</Data>",
    "<Data Name='Type'>Process</Data>",
    "<Data Name='Ty&#112;e'>Process</Data>",
    "<Data Name='.Type'>Process</Data>",
];

/// Events of some kinds that speak of others.
pub(crate) fn misleading() -> Vec<String> {
    let mut events = Vec::new();
    for id in ["1", "3", "11", "4688"] {
        for channel in ["Microsoft-Windows-Sysmon/Operational", "Security"] {
            for data in MISLEADING.iter().chain(&[""]) {
                for before in ["", BEFORE_SYSTEM] {
                    events.push(format!(
                        "<Event xmlns='urn:x'>{before}<System><EventID>{id}</EventID><Channel>{channel}</Channel>\
                         <Computer>h</Computer></System><EventData>{data}<Data Name='CommandLine'>cmd</Data>\
                         </EventData></Event>"
                    ));
                }
            }
        }
    }
    events
}

/// Fields that stand before those of the head, and have their names.
const BEFORE_SYSTEM: &str = "<Channel>Microsoft-Windows-Sysmon/Operational</Channel>";

/// Knowledge that finds the first digit of the event id under its name.
pub(crate) const CUT_IDS: &[(&str, &str)] = &[
    ("local/props.conf", "[source::XmlWinEventLog:...]\nREPORT-e = digits\n"),
    ("local/transforms.conf", "[digits]\nREGEX = <(\\w+)>(\\d)\nFORMAT = $1::$2\n"),
];

fn xml(said: &Said, random: &mut Random) -> Vec<u8> {
    let Said { id, channel, second, host, items } = said;
    // Most data is written so oddly that nothing can be told of an event without reading it.
    let items = if random.once_in(3) { &[] } else { items.as_slice() };
    let data: String = items.iter().map(|(name, value)| item_of(name, value, random)).collect();
    let qualifiers = random.pick(&["", "", " Qualifiers='0'"]);
    let before = if random.once_in(20) { BEFORE_SYSTEM } else { "" };
    let more = match random.below(2) {
        0 => random.pick(&MISLEADING),
        _ => "",
    };
    format!(
        "<Event xmlns='urn:x'>{before}<System><Provider Name='p'/><EventID{qualifiers}>{id}</EventID>\
         <TimeCreated SystemTime='2026-03-02T09:30:0{second}.5Z'/><Channel>{channel}</Channel>\
         <Computer>{host}</Computer></System><EventData>{more}{data}</EventData></Event>"
    )
    .into_bytes()
}

/// A data item as XML.
fn item_of(name: &str, value: &str, random: &mut Random) -> String {
    let value = written(value, random);
    match random.below(12) {
        0 => format!("<Data Name=\"{name}\">{value}</Data>"),
        1 => format!("<Data Odd='<!--' Name='{name}'>{value}</Data>"),
        2 => format!("<!-- Name='{name}' --><Data Name = '{name}' >{value}</Data >"),
        _ => format!("<Data Name='{name}'>{value}</Data>"),
    }
}

/// `value` as XML may write it.
fn written(value: &str, random: &mut Random) -> String {
    if random.once_in(12) && !value.contains("]]>") {
        return format!("<![CDATA[{value}]]>");
    }
    let references = random.once_in(3);
    let mut out = String::new();
    for letter in value.chars() {
        if random.once_in(60) {
            out.push_str(random.pick(&["<!-- x -->", "<?x y?>", "<![CDATA[]]>"]));
        }
        out.push_str(&written_letter(letter, references, random));
    }
    out
}

fn written_letter(letter: char, references: bool, random: &mut Random) -> String {
    let number = u32::from(letter);
    if letter.is_control() || (references && random.once_in(8)) {
        return match random.below(2) {
            0 => format!("&#{number};"),
            _ => format!("&#x{number:X};"),
        };
    }
    match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' if random.once_in(2) => "&gt;".to_owned(),
        '"' if random.once_in(2) => "&quot;".to_owned(),
        '\'' if random.once_in(2) => "&apos;".to_owned(),
        letter => letter.to_string(),
    }
}

/// Cuts some events off, and breaks some bytes of others.
fn damage(raw: &mut Vec<u8>, random: &mut Random) {
    match random.below(30) {
        0 => raw.truncate(random.below(raw.len())),
        1 => {
            let at = random.below(raw.len());
            raw[at] = *random.pick(&[&0_u8, &0xff, &b'<', &b'&', &b'\'', &b'\\', &b'"', &b'}']);
        }
        _ => {}
    }
}

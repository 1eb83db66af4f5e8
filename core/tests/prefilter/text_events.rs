//! Lines of text that are awkward to scan.

use crate::{
    common::Random,
    words::{self, Event},
};

/// Aliases and calculations over the fields of these events.
pub(crate) const KNOWLEDGE: &str = r#"
[default]
FIELDALIAS-a = exe AS process_path comm ASNEW exe
EVAL-process_name = mvindex(split(exe,"/"),-1)
EVAL-first_word = mvindex(split(cmd," "),0)
EVAL-lowered = lower(cmd)
EVAL-process = coalesce(execve_command,cmd)
"#;

const HEADERS: &[&str] = &[
    "",
    "",
    "<86>Mar  2 09:30:05 h1 app[7]: ",
    "Mar  2 09:30:06 h2 app: ",
    "<86>1 2026-03-02T09:30:07Z h1 app 7 m [x@1 q=\"1\"] ",
    "2026-03-02 09:30:08 ",
];

/// A line of `name=value` pairs, perhaps behind a header of syslog.
pub(crate) fn pairs(random: &mut Random) -> Event {
    let mut fields = Vec::new();
    let mut raw = random.pick(HEADERS).to_owned();
    for name in ["exe", "cmd", "comm", "odd-name", "host"] {
        let value = words::text(random);
        let written = random.pick(&["\"?\"", "\"?\"", "?", "(?)", "\" ? \""]).replace('?', &value);
        raw.push_str(&format!("{name}={written}"));
        raw.push_str(random.pick(&[" ", ", ", ";", "&", "|", "\n", "\t", "\u{c}", ""]));
        let name = if name == "odd-name" { "odd_name" } else { name };
        add(name, &value, &mut fields);
    }
    let mut raw = raw.into_bytes();
    damage(&mut raw, random);
    Event { raw, fields }
}

/// The records of one event of the audit log, perhaps behind a header of syslog.
pub(crate) fn audit(random: &mut Random) -> Event {
    let mut fields = Vec::new();
    let mut raw = random
        .pick(&["", "", "Mar  2 09:30:06 h2 audispd: ", "<13>Mar  2 09:30:06 h2 audispd: "])
        .to_owned();
    raw.push_str(&record("SYSCALL", random));
    for name in ["exe", "comm", "key", "odd-name"] {
        let value = words::text(random);
        raw.push_str(&pair(name, &value, random));
        add(name, &value, &mut fields);
    }
    raw.push('\n');
    raw.push_str(&record("EXECVE", random));
    let arguments: Vec<String> = (0..random.below(4)).map(|_| words::text(random)).collect();
    for (name, argument) in ["a0", "a1", "a2"].into_iter().zip(&arguments) {
        raw.push_str(&argument_of(name, argument, random));
        add(name, argument, &mut fields);
    }
    add("execve_command", &arguments.join(" "), &mut fields);
    raw.push('\n');
    raw.push_str(&record("USER_CMD", random));
    let value = words::text(random);
    let nested = pair("cmd", &value, random);
    raw.push_str(&format!("msg='op=x {nested}res=success'"));
    add("cmd", &value, &mut fields);
    raw.push_str(random.pick(&["", "\u{1d}UID=\"root\"", "\u{1d}UID=\"whoami\""]));
    let mut raw = raw.into_bytes();
    damage(&mut raw, random);
    Event { raw, fields }
}

fn record(kind: &str, random: &mut Random) -> String {
    let node = random.pick(&["", "", "node=h1 "]);
    format!("{node}type={kind} msg=audit(177244380{}.500:42): ", random.below(10))
}

/// A pair as the kernel writes it, or as a careless program does.
fn pair(name: &str, value: &str, random: &mut Random) -> String {
    let end = random.pick(&[" ", " ", " ", "\u{1d}"]);
    match random.below(4) {
        0 => format!("{name}=\"{value}\"{end}"),
        1 => format!("{name}={value}{end}"),
        _ => format!("{name}={}{end}", digits(value.as_bytes())),
    }
}

/// An argument of EXECVE, whole or in two pieces.
fn argument_of(name: &str, value: &str, random: &mut Random) -> String {
    if random.below(3) > 0 {
        return pair(name, value, random);
    }
    let (first, second) = value.as_bytes().split_at(random.below(value.len() + 1));
    format!("{name}_len={} {name}[0]={} {name}[1]={} ", value.len(), digits(first), digits(second))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A field and what [`KNOWLEDGE`] makes of it.
fn add(name: &'static str, value: &str, fields: &mut Vec<(&'static str, String)>) {
    let made: &[(&'static str, String)] = match name {
        "exe" => &[
            ("process_path", value.to_owned()),
            ("process_name", value.rsplit('/').next().unwrap_or_default().to_owned()),
        ],
        "cmd" => &[
            ("first_word", value.split(' ').next().unwrap_or_default().to_owned()),
            ("lowered", value.to_lowercase()),
            ("process", value.to_owned()),
        ],
        "execve_command" => &[("process", value.to_owned())],
        _ => &[],
    };
    fields.push((name, value.to_owned()));
    fields.extend_from_slice(made);
}

/// Cuts some events off, and breaks some bytes of others.
fn damage(raw: &mut Vec<u8>, random: &mut Random) {
    match random.below(20) {
        0 => raw.truncate(random.below(raw.len())),
        1 => {
            let at = random.below(raw.len());
            raw[at] = *random.pick(&[&0_u8, &0xff, &b'=', &b'"', &b'\'', &0x1d, &b'\n']);
        }
        _ => {}
    }
}

//! Rules that have something to do with a given event, though they may well not match it.

use crate::{
    common::Random,
    words::{self, Event},
};

/// What takes rows together; in a stream, the middle two close early.
const TAILS: &[&str] = &[
    " | stats count values(*) as * by host",
    " | bin span=1s | stats count values(*) as * by _time, host",
    " | bin span=2s | stats count dc(process) by _time",
    " | head 2",
];

const NEVER: &str = "nothing-of-the-kind";

/// A random rule: a search, then up to two stages that look at one row; now and then a subpipeline over events, or what takes rows together.
pub(crate) fn rule(event: &Event, random: &mut Random) -> String {
    let mut rule = match random.below(8) {
        0 => "*".to_owned(),
        1 => random.pick(&OF_KIND).to_owned(),
        2 => format!("{} {}", random.pick(&OF_KIND), expression(event, 1, random)),
        _ => expression(event, 2, random),
    };
    for _ in 0..random.below(3) {
        rule.push_str(" | ");
        rule.push_str(&stage(event, random));
    }
    if random.once_in(10) {
        rule = branched(&rule, event, random);
    }
    if random.once_in(4) {
        rule.push_str(random.pick(TAILS));
    }
    rule
}

/// The same rule with a subpipeline that selects events of its own.
fn branched(rule: &str, event: &Event, random: &mut Random) -> String {
    let mut branch = format!("search {}", expression(event, 1, random));
    if random.once_in(2) {
        branch.push_str(" | ");
        branch.push_str(&stage(event, random));
    }
    random
        .pick(&[
            "RULE | search [BRANCH | fields host, F]",
            "RULE | search NOT [BRANCH | fields F]",
            "RULE | append [BRANCH | stats count BY host]",
            "RULE | append [BRANCH | table _time, host, F]",
            "RULE | join type=left host [BRANCH | stats count AS joined BY host]",
            "RULE | join F [BRANCH]",
        ])
        .replace('F', &field(event, random).0)
        .replace("RULE", "\u{1}")
        .replace("BRANCH", &branch)
        .replace('\u{1}', rule)
}

fn expression(event: &Event, depth: usize, random: &mut Random) -> String {
    if depth == 0 || random.once_in(3) {
        return test(event, random);
    }
    let (left, right) =
        (expression(event, depth - 1, random), expression(event, depth - 1, random));
    match random.below(4) {
        0 => format!("({left} OR {right})"),
        1 => format!("NOT ({left}) {right}"),
        2 => format!("{left} OR {right}"),
        _ => format!("{left} {right}"),
    }
}

/// One test of a search.
fn test(event: &Event, random: &mut Random) -> String {
    match random.below(15) {
        12.. => random.pick(&OF_KIND).to_owned(),
        0 | 1 => format!("TERM({})", token(event, random)),
        2 => quoted(&wildcards(&fragment(event, random), random)),
        3 => quoted(&fragment(event, random)),
        4 => format!("CASE({})", token(event, random)),
        5 => bare(event, random),
        6 => random
            .pick(&["EventCode=1", "\"<EventID>1<\"", "TERM(EventCode=4688)", "\"EventID>3<\""])
            .to_owned(),
        7 => {
            let (field, value) = field(event, random);
            let (value, other) = (wildcards(&value, random), fragment(event, random));
            format!("{field} IN ({}, {})", quoted(&value), quoted(&other))
        }
        8 => {
            let (field, value) = field(event, random);
            format!("{field}!={}", quoted(&value))
        }
        9 => {
            let (field, value) = field(event, random);
            format!("NOT {field}={}", quoted(&value))
        }
        _ => {
            let (field, value) = field(event, random);
            format!("{field}={}", quoted(&wildcards(&value, random)))
        }
    }
}

/// Tests of what all events of a kind have in common; few, so that rules share them.
pub(crate) const OF_KIND: [&str; 15] = [
    "EventCode=1",
    "EventCode=3",
    "EventID=4688",
    "EventCode IN (1, 11)",
    "(EventCode=1 OR Type=Process)",
    "NOT EventCode=3",
    "(\"EventCode=1\" OR \"<EventID>1<\")",
    "((TERM(EventCode=4688) OR \"<EventID>4688<\") \"cmd\")",
    "Channel=Security",
    "NOT Channel=\"Microsoft-Windows-Sysmon/*\"",
    "(Channel=\"*Sysmon*\" OR source=\"*Sysmon*\" OR sourcetype=\"*Sysmon*\")",
    "sourcetype=\"XmlWinEventLog:*\"",
    "source=\"*Security\"",
    "NOT sourcetype=pan*",
    "sourcetype IN (auditd, \"pan:*\")",
];

/// One stage that looks at one row.
fn stage(event: &Event, random: &mut Random) -> String {
    let (field, value) = field(event, random);
    match random.below(14) {
        0..=2 => format!("regex {field}={}", quoted(&pattern(&piece(&value, random), random))),
        3 => format!("regex {}", quoted(&pattern(&fragment(event, random), random))),
        4 => format!("regex {field}!={}", quoted(&pattern(&piece(&value, random), random))),
        5 | 6 => format!("where {}", predicate(&field, &value, event, random)),
        7 => format!(
            "where {} OR {}",
            predicate(&field, &value, event, random),
            predicate(&field, &value, event, random)
        ),
        8 => format!("search {}", test(event, random)),
        9 => {
            let (other, _) = self::field(event, random);
            random
                .pick(&[
                    "eval F=O",
                    "eval F=lower(O)",
                    "eval F=O.\"x\"",
                    "rename O as F",
                    "rename F as O",
                    "fields F O _raw",
                    "table F O host",
                ])
                .replace('F', "\u{1}")
                .replace('O', &other)
                .replace('\u{1}', &field)
        }
        10 => format!("search {field}={}", quoted(&wildcards(&value, random))),
        11 | 12 => writer(&field, event, random),
        _ => "bin span=1s".to_owned(),
    }
}

/// A stage that gives fields other values than the event's own.
fn writer(field: &str, event: &Event, random: &mut Random) -> String {
    let (other, value) = self::field(event, random);
    random
        .pick(&[
            "addtotals fieldname=F",
            "avlbase64 type=decode field=F",
            "convert rmunit(F), num(O) AS F",
            "extract",
            "extract pairdelim=\";\" kvdelim=\":\" mv_add=t",
            "fillnull value=V F",
            "iplocation F",
            "makemv delim=\"e\" F",
            "mvexpand F",
            "nomv F",
            "replace V WITH \"x\" IN F, O",
            "replace \"*e*\" WITH \"*x*\"",
            "spath",
            "spath input=F",
            "strcat O V F",
            "xmlkv F",
        ])
        .replace('F', "\u{1}")
        .replace('O', "\u{2}")
        .replace('V', &quoted(&value))
        .replace('\u{1}', field)
        .replace('\u{2}', &other)
}

fn predicate(field: &str, value: &str, event: &Event, random: &mut Random) -> String {
    let piece = piece(value, random);
    let like = format!("%{}%", piece.replace('_', random.pick(&["_", "%"])));
    match random.below(8) {
        0 => format!("match({field}, {})", quoted(&pattern(&piece, random))),
        1 => format!("like({field}, {})", quoted(&like)),
        2 => format!("{field} LIKE {}", quoted(&like)),
        3 => format!("{field}={}", quoted(value)),
        4 => format!("{} = {field}", quoted(value)),
        5 => format!("in({field}, {}, {})", quoted(value), quoted(&fragment(event, random))),
        6 => format!(
            "NOT match({field}, {}) AND like({field}, {})",
            quoted(&pattern(&piece, random)),
            quoted(&like)
        ),
        _ => format!("{field} IN ({})", quoted(value)),
    }
}

/// A field of the event and its value, or something else.
fn field(event: &Event, random: &mut Random) -> (String, String) {
    if event.fields.is_empty() || random.once_in(10) {
        let name = random.pick(&["Image", "process", "nothing", "_raw", "host", "source"]);
        return (name.to_owned(), words::text(random));
    }
    let (name, value) = &event.fields[random.below(event.fields.len())];
    (name.to_string(), value.clone())
}

/// A piece of the raw text, or of a value, or something else.
fn fragment(event: &Event, random: &mut Random) -> String {
    match random.below(8) {
        0 => words::text(random),
        1 => String::from_utf8_lossy(&event.raw).into_owned(),
        2 => NEVER.to_owned(),
        _ => piece(&field(event, random).1, random),
    }
    .chars()
    .skip(random.below(2))
    .take(1 + random.below(24))
    .collect()
}

fn piece(text: &str, random: &mut Random) -> String {
    let letters: Vec<char> = text.chars().collect();
    let start = random.below(letters.len().min(8) + 1);
    let end = letters.len().saturating_sub(random.below(4)).max(start);
    words::cased(&letters[start..end].iter().collect::<String>(), random)
}

/// A run of bytes that TERM() and CASE() take: no space, quote or parenthesis.
fn token(event: &Event, random: &mut Random) -> String {
    let text = fragment(event, random);
    let inner = |letter: char| {
        !letter.is_whitespace() && !letter.is_control() && !"\"'()[]|`,<>".contains(letter)
    };
    let tokens: Vec<&str> =
        text.split(|letter| !inner(letter)).filter(|token| !token.is_empty()).collect();
    match tokens.as_slice() {
        [] => "WmiPrvSE".to_owned(),
        tokens if random.once_in(4) => wildcards(tokens[random.below(tokens.len())], random),
        tokens => tokens[random.below(tokens.len())].to_owned(),
    }
}

/// A bare word with a wildcard or two.
fn bare(event: &Event, random: &mut Random) -> String {
    let word: String =
        token(event, random).chars().filter(|letter| letter.is_alphanumeric()).collect();
    match word.as_str() {
        "" => "cmd*".to_owned(),
        _ if word.chars().all(|letter| letter.is_ascii_digit()) => format!("{word}*"),
        _ => match random.below(4) {
            0 => word,
            1 => format!("*{word}"),
            2 => format!("{word}*"),
            _ => format!("*{word}*"),
        },
    }
}

/// `text` with some of its runs behind a `*`.
fn wildcards(text: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if random.once_in(2) && !letters.is_empty() {
        let start = random.below(letters.len());
        let end = (start + random.below(4)).min(letters.len());
        letters.splice(start..end, ['*']);
    }
    let edge = |random: &mut Random| if random.once_in(3) { "*" } else { "" };
    format!("{}{}{}", edge(random), letters.iter().collect::<String>(), edge(random))
}

/// A regex that finds `text`, mostly.
fn pattern(text: &str, random: &mut Random) -> String {
    let mut pattern = random.pick(&["", "(?i)", "(?i)", "^", "(?i)^(", "\\b"]).to_owned();
    let open = pattern.ends_with('(');
    for letter in text.chars() {
        let written = match letter {
            letter if letter.is_ascii_alphanumeric() => letter.to_string(),
            '\t' => "\\t".to_owned(),
            '\r' => "\\r".to_owned(),
            '\n' => "\\n".to_owned(),
            letter if letter.is_ascii() => format!("\\{letter}"),
            letter => letter.to_string(),
        };
        pattern.push_str(&match random.below(24) {
            0 => ".".to_owned(),
            1 => format!("(?:{written}|Z)"),
            2 => format!("{written}+"),
            3 => format!("{written}?"),
            4 if letter.is_ascii_alphabetic() => format!("[{letter}x]"),
            5 => ".*".to_owned(),
            6 => format!("({written}){{1,2}}"),
            7 if letter.is_ascii_alphabetic() => {
                format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase())
            }
            _ => written,
        });
    }
    if open {
        pattern.push_str(random.pick(&[")", "|whoami)", "|\\x41cmd)"]));
    }
    pattern.push_str(random.pick(&["", "", "", "$", "\\b", ".*x?"]));
    pattern
}

/// `text` as a string of SPL.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

//! The same events as JSON: as winlogbeat, NXLog and programs that turn the XML to JSON write them.

use crate::{common::Random, events::Said};

/// An event as one of the three writes it.
pub(crate) fn written(said: &Said, random: &mut Random) -> Vec<u8> {
    match random.below(3) {
        0 => winlogbeat(said, random),
        1 => nxlog(said, random),
        _ => rendered(said, random),
    }
    .into_bytes()
}

fn winlogbeat(said: &Said, random: &mut Random) -> String {
    let Said { id, channel, second, host, .. } = said;
    format!(
        r#"{{"@timestamp":"2026-03-02T09:30:0{second}.5Z","winlog":{{"channel":"{channel}","event_id":{id},"computer_name":"{host}","event_data":{{{}}}}}}}"#,
        members(said, random)
    )
}

/// With the text of the event, as Sysmon writes it, and sometimes without the fields that it holds.
fn nxlog(said: &Said, random: &mut Random) -> String {
    let Said { id, channel, second, host, items } = said;
    let mut message = format!("Process Create:\r\nUtcTime: 2026-03-02 09:30:0{second}.500");
    for (name, value) in items {
        message.push_str(&format!("\r\n{name}: {}", value.replace(['\r', '\n'], " ")));
    }
    let members = match random.below(2) {
        0 => String::new(),
        _ => format!(",{}", members(said, random)),
    };
    format!(
        r#"{{"EventTime":"2026-03-02 10:30:00","Hostname":"{host}","EventID":{id},"Channel":"{channel}","Message":{}{members}}}"#,
        string(&message, random)
    )
}

fn rendered(said: &Said, random: &mut Random) -> String {
    let Said { id, channel, second, host, .. } = said;
    let system = format!(
        r##""EventID":{id},"TimeCreated":{{"#attributes":{{"SystemTime":"2026-03-02T09:30:0{second}.5Z"}}}},"Channel":"{channel}","Computer":"{host}""##
    );
    let data = members(said, random);
    format!(r#"{{"Event":{{"System":{{{system}}},"EventData":{{{data}}}}}}}"#)
}

/// The data items; now and then one is said twice, or is an array.
fn members(said: &Said, random: &mut Random) -> String {
    let member = |(name, value): &(&str, String)| {
        let value = match random.below(12) {
            0 => format!("[{},\"other\"]", string(value, random)),
            1 => format!("\"other\", \"{name}\" :\t{}", string(value, random)),
            _ => string(value, random),
        };
        format!("\"{name}\":{value}")
    };
    said.items.iter().map(member).collect::<Vec<_>>().join(random_comma(said.second))
}

fn random_comma(second: usize) -> &'static str {
    [",", ", ", " ,\r\n\t"][second % 3]
}

/// `value` as JSON may write it.
fn string(value: &str, random: &mut Random) -> String {
    let numbers = random.once_in(3);
    let letters: String =
        value.chars().map(|letter| written_letter(letter, numbers, random)).collect();
    format!("\"{letters}\"")
}

fn written_letter(letter: char, numbers: bool, random: &mut Random) -> String {
    let by_number = |letter: char| {
        let units = letter.encode_utf16(&mut [0; 2]).to_vec();
        units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
    };
    match letter {
        letter if numbers && random.once_in(8) => by_number(letter),
        '"' | '\\' => format!("\\{letter}"),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '/' if random.once_in(2) => "\\/".to_owned(),
        '<' | '>' | '&' | '\'' if random.once_in(4) => by_number(letter),
        letter if letter.is_control() => by_number(letter),
        letter => letter.to_string(),
    }
}

//! Tags: words that tags.conf attaches to values of fields.

use std::collections::BTreeMap;

use super::conf::{Setting, Stanza};
use crate::diag::{Code, Diagnostic};

/// By field and value, each tag and whether it is on.
pub type Tags = BTreeMap<(String, Vec<u8>), BTreeMap<String, bool>>;

/// The field and the value that a stanza's name means; none for the stanza `[default]`, which could mean no value.
pub(super) fn key(name: &str) -> Option<(String, Vec<u8>)> {
    let (field, value) = name.split_once('=')?;
    Some((field.trim().to_owned(), decoded(value.trim())))
}

/// The tags of one stanza, and what is wrong with it.
pub(super) fn read(stanza: &Stanza) -> (BTreeMap<String, bool>, Vec<Diagnostic>) {
    let (mut tags, mut diagnostics) = (BTreeMap::new(), Vec::new());
    for (tag, setting) in &stanza.settings {
        match setting.value.value.to_ascii_lowercase().as_str() {
            "enabled" => _ = tags.insert(tag.clone(), true),
            "disabled" | "" => _ = tags.insert(tag.clone(), false),
            _ => diagnostics.push(neither(tag, setting)),
        }
    }
    (tags, diagnostics)
}

fn neither(tag: &str, setting: &Setting) -> Diagnostic {
    let message = format!("the tag `{tag}` is neither `enabled` nor `disabled`");
    Diagnostic::error(Code::BadKnowledge, setting.value.span, message)
        .label("expected `enabled` or `disabled`")
}

/// `text` with its `%41` resolved.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%').then(|| hexadecimal(after)).flatten();
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_with_percent_codes() {
        for (name, field, value) in [
            ("eventtype=windows_login", "eventtype", "windows_login"),
            ("source=%2Fvar%2flog%3A1", "source", "/var/log:1"),
            ("host=a%b%4", "host", "a%b%4"),
            ("f=%%41=", "f", "%A="),
        ] {
            let expected = (field.to_owned(), value.as_bytes().to_vec());
            assert_eq!(key(name), Some(expected), "{name}");
        }
        assert_eq!(key("default"), None);
    }
}

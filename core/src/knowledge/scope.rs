//! For which events a stanza of props.conf holds: what its name says.
//!
//! In patterns `...` is any text and `*` any text within one path component, the rest is a regular expression in which a
//! dot is a dot; they match the whole name and heed case, unless they start with `(?i)`.

use super::conf;
use crate::event::selector::{Pattern, Selector, Wild};

/// The priority of a stanza that names one source, host or source type, unless it sets one.
pub(super) const LITERAL_PRIORITY: i64 = 100;
/// That of a stanza that names many.
const PATTERN_PRIORITY: i64 = 0;
/// A regex that matches nothing, at nothing: what makes Splunk read a source type's name as a pattern.
const PATTERN_MARK: &str = "(?::){0}";

/// The scope that a stanza's name means, and the priority that it has unless one is set.
pub(super) fn read(name: &str) -> Result<(Selector, i64), String> {
    if name == conf::DEFAULT {
        return Ok((Selector::Everything, LITERAL_PRIORITY));
    }
    let (flags, kind) = match name.strip_prefix("(?i)") {
        Some(kind) => ("(?i)", kind),
        None => ("", name),
    };
    if let Some(source) = kind.strip_prefix("source::") {
        return read_pattern(flags, source)
            .map(|(pattern, rank)| (Selector::Source(pattern), rank));
    }
    if let Some(host) = kind.strip_prefix("host::") {
        return read_pattern(flags, host).map(|(pattern, rank)| (Selector::Host(pattern), rank));
    }
    if let Some(sourcetype) = kind.strip_prefix(PATTERN_MARK) {
        let (pattern, rank) = read_pattern(flags, sourcetype)?;
        return Ok((Selector::Sourcetype(pattern), rank));
    }
    Ok((literal_sourcetype(name), LITERAL_PRIORITY))
}

pub(super) fn literal_sourcetype(name: &str) -> Selector {
    Selector::Sourcetype(Pattern::Literal(name.into()))
}

fn read_pattern(flags: &str, text: &str) -> Result<(Pattern, i64), String> {
    let is_wild = text.contains("...") || text.contains(['*', '|', '(', '[']);
    if !is_wild && !text.contains('\\') && flags.is_empty() {
        return Ok((Pattern::Literal(text.into()), LITERAL_PRIORITY));
    }
    let wild = Wild::compile(&format!("{flags}(?s-u)\\A(?:{})\\z", regex_text(text)))?;
    Ok((Pattern::Wild(wild), if is_wild { PATTERN_PRIORITY } else { LITERAL_PRIORITY }))
}

/// The regular expression that a pattern of a stanza's name means.
fn regex_text(pattern: &str) -> String {
    let mut regex = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("...") {
            regex.push_str(".*");
            rest = after;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            '*' => regex.push_str(r"[^/\\]*"),
            '.' => regex.push_str(r"\."),
            '\\' => {
                regex.push('\\');
                let escaped = rest.chars().next();
                regex.extend(escaped);
                rest = &rest[escaped.map_or(0, char::len_utf8)..];
            }
            other => regex.push(other),
        }
    }
    regex
}

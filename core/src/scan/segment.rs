//! Splunk's breakers: where a token starts and ends.
//!
//! Splunk cuts `_raw` at major breakers into major segments and those at minor breakers into minor segments; a token is
//! one or the other. The planner and the scan ask the same questions here, so they can never disagree about a boundary.
//! Bytes of 0x80 and above, `^`, `~` and the backtick are not breakers.

use std::ops::Range;

/// How strongly a byte breaks the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breaker {
    /// It is part of a token.
    None,
    /// It splits a major segment into minor ones.
    Minor,
    /// It splits the text into major segments.
    Major,
}

/// The single bytes that are major breakers, by segmenters.conf.
const MAJOR_BYTES: &[u8] = b"[]<>(){}|!;,'\"*\n\r \t&?+";
/// The single bytes that are minor breakers.
const MINOR_BYTES: &[u8] = b"/:=@.-$#%\\_";
/// The strings that are major breakers though their bytes are not.
const MAJOR_STRINGS: [&[u8]; 17] = [
    b"--", b"%21", b"%26", b"%3B", b"%7C", b"%20", b"%2B", b"%3D", b"%5D", b"%5B", b"%3A", b"%0A",
    b"%2C", b"%28", b"%29", b"%2526", b"%2520",
];

/// What each byte alone is.
const CLASSES: [Breaker; 256] = {
    let mut classes = [Breaker::None; 256];
    let mut index = 0;
    while index < MAJOR_BYTES.len() {
        classes[MAJOR_BYTES[index] as usize] = Breaker::Major;
        index += 1;
    }
    index = 0;
    while index < MINOR_BYTES.len() {
        classes[MINOR_BYTES[index] as usize] = Breaker::Minor;
        index += 1;
    }
    classes
};

/// How strongly `byte` alone breaks the text.
#[must_use]
pub const fn class(byte: u8) -> Breaker {
    CLASSES[byte as usize]
}

/// Whether `text` holds a breaker of at least `level`, alone or as a string.
///
/// A percent code does not count as major here: read as `%`, it may stand inside a token.
#[must_use]
pub fn contains(text: &[u8], level: Breaker) -> bool {
    text.iter().any(|&byte| class(byte) >= level) || text.windows(2).any(|pair| pair == b"--")
}

/// Whether a token may start at `at`: the edge, or behind a breaker of at least `level`.
#[must_use]
pub fn starts_token(raw: &[u8], at: usize, level: Breaker) -> bool {
    let before = &raw[..at];
    match before.last() {
        None => true,
        Some(&byte) => class(byte) >= level || ends_with_major_string(before),
    }
}

/// Whether a token may end before `at`: the edge, or in front of a breaker of at least `level`.
#[must_use]
pub fn ends_token(raw: &[u8], at: usize, level: Breaker) -> bool {
    let after = &raw[at..];
    match after.first() {
        None => true,
        Some(&byte) => class(byte) >= level || major_string_at(after).is_some(),
    }
}

/// The length of the major string that `text` starts with.
fn major_string_at(text: &[u8]) -> Option<usize> {
    if !matches!(text.first(), Some(b'%' | b'-')) {
        return None;
    }
    // `%2526` and `%2520` stand last: the longest reading is the one that cuts most.
    MAJOR_STRINGS
        .iter()
        .rev()
        .find(|breaker| text.starts_with(breaker))
        .map(|breaker| breaker.len())
}

fn ends_with_major_string(text: &[u8]) -> bool {
    MAJOR_STRINGS.iter().any(|breaker| text.ends_with(breaker))
}

/// Visits every token of `raw` (major segments, then the minor segments in each) until `visit` says true.
///
/// A percent code is read both ways: as a major breaker, and as `%` followed by text.
pub fn any_token(raw: &[u8], mut visit: impl FnMut(&[u8]) -> bool) -> bool {
    any_token_reading(raw, Reading::PercentCodesBreak, &mut visit)
        || (memchr::memchr(b'%', raw).is_some()
            && any_token_reading(raw, Reading::PercentIsMinor, &mut visit))
}

/// How a percent code is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    PercentCodesBreak,
    PercentIsMinor,
}

fn any_token_reading(raw: &[u8], reading: Reading, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut start = 0;
    while start < raw.len() {
        let (segment, next) = major_segment(raw, start, reading);
        let segment = &raw[segment];
        if !segment.is_empty() && (visit(segment) || any_minor_segment(segment, visit)) {
            return true;
        }
        start = next;
    }
    false
}

/// The major segment that starts at `start`, and where the next one may start.
fn major_segment(raw: &[u8], start: usize, reading: Reading) -> (Range<usize>, usize) {
    let mut at = start;
    while at < raw.len() {
        if class(raw[at]) == Breaker::Major {
            return (start..at, at + 1);
        }
        if let Some(length) = major_string_at(&raw[at..])
            && (reading == Reading::PercentCodesBreak || raw[at] != b'%')
        {
            return (start..at, at + length);
        }
        at += 1;
    }
    (start..raw.len(), raw.len())
}

fn any_minor_segment(segment: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut pieces = segment.split(|&byte| class(byte) == Breaker::Minor).peekable();
    let first = pieces.next();
    // A segment without minor breakers was visited whole.
    pieces.peek().is_some()
        && first.into_iter().chain(pieces).any(|piece| !piece.is_empty() && visit(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(raw: &str) -> Vec<String> {
        let mut all = Vec::new();
        any_token(raw.as_bytes(), |token| {
            all.push(String::from_utf8_lossy(token).into_owned());
            false
        });
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn a_path_is_one_major_segment_and_its_parts() {
        let path = r"C:\Windows\System32\wbem\WmiPrvSE.exe";
        assert_eq!(
            tokens(path),
            ["C", path, "System32", "Windows", "WmiPrvSE", "exe", "wbem"]
                .iter()
                .map(ToString::to_string)
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn xml_tags_break_at_angle_brackets() {
        assert_eq!(tokens("<EventID>1</EventID>"), ["/EventID", "1", "EventID"]);
    }

    #[test]
    fn double_dashes_and_percent_codes_are_major() {
        assert_eq!(tokens("x--abc--y"), ["abc", "x", "y"]);
        assert!(tokens("x%20abc%20y").contains(&"abc".to_string()));
        assert!(
            tokens("x%20abc%20y").contains(&"20abc".to_string()),
            "the other reading counts too"
        );
        assert!(tokens("x%2526abc").contains(&"abc".to_string()));
    }

    #[test]
    fn high_bytes_caret_tilde_and_backtick_break_nothing() {
        assert_eq!(tokens("a^b~c`d\u{e9}e"), ["a^b~c`d\u{e9}e"]);
    }

    #[test]
    fn boundaries_agree_with_the_tokens() {
        for raw in
            ["ip=127.0.0.1 - user=admin", "x%20abc%20y", "x--abc--y", "a_b_c_d", "%2526x%3Ay"]
        {
            let raw = raw.as_bytes();
            any_token(raw, |token| {
                let start = token.as_ptr().addr() - raw.as_ptr().addr();
                let end = start + token.len();
                assert!(starts_token(raw, start, Breaker::Minor), "{raw:?} {token:?}");
                assert!(ends_token(raw, end, Breaker::Minor), "{raw:?} {token:?}");
                false
            });
        }
    }
}

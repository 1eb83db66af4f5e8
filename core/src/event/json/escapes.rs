//! What the escapes of JSON strings stand for.
//!
//! What is no escape stays as it is written: an event is evidence, and a value that was altered by guessing is none.

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::{memchr, memmem};

/// The text of a JSON string, without its quotes, whose escapes are resolved.
///
/// Borrows `text` where it holds none. Half a surrogate pair is no character: it becomes U+FFFD.
///
/// ```
/// use caltrop_core::event::json::unescape;
///
/// let bump = bumpalo::Bump::new();
/// assert_eq!(unescape(br"C:\\Temp\u003e", &bump), br"C:\Temp>");
/// ```
#[must_use]
pub fn unescape<'e>(text: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let Some(first) = memchr(b'\\', text) else { return text };
    let mut plain = BumpVec::with_capacity_in(text.len(), bump);
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        plain.extend_from_slice(&rest[..at]);
        rest = resolve_one(&rest[at..], &mut plain);
        next = memchr(b'\\', rest);
    }
    plain.extend_from_slice(rest);
    plain.into_bump_slice()
}

/// Whether `text` holds an escape that may stand for any character: only these can hide a word.
pub(super) fn hides_characters(text: &[u8]) -> bool {
    let mut seen = 0;
    memmem::find_iter(text, b"\\u").any(|at| {
        let backslashes = text[seen..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
        seen = at + 1;
        backslashes % 2 == 0
    })
}

/// Resolves what stands at the start of `escaped`, which begins with a backslash, and returns what follows it.
fn resolve_one<'e>(escaped: &'e [u8], plain: &mut BumpVec<'_, u8>) -> &'e [u8] {
    let byte = match escaped.get(1) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
        Some(b'u') => {
            if let Some((character, rest)) = character(&escaped[2..]) {
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return rest;
            }
            b'\\'
        }
        _ => b'\\',
    };
    plain.push(byte);
    // A backslash that starts no escape stands for itself, and so does what follows it.
    let is_alone = byte == b'\\' && escaped.get(1) != Some(&b'\\');
    &escaped[if is_alone { 1 } else { 2 }..]
}

/// The character whose `\u` was just passed, perhaps as the first half of a surrogate pair, and what follows it.
fn character(digits: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = code_unit(digits)?;
    if (0xD800..0xDC00).contains(&first)
        && let Some((second @ 0xDC00..0xE000, behind)) =
            rest.strip_prefix(b"\\u").and_then(code_unit)
    {
        let number = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER), behind));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

/// The number of four hexadecimal digits, and what follows them.
fn code_unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let unit = digits
        .iter()
        .try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))?;
    Some((unit, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> String {
        let bump = Bump::new();
        String::from_utf8(unescape(text.as_bytes(), &bump).to_vec()).unwrap()
    }

    #[test]
    fn escapes_are_resolved() {
        for (text, expected) in [
            (r#"\"\\\/"#, "\"\\/"),
            (r"a\tb\r\n\b\f", "a\tb\r\n\u{8}\u{c}"),
            (r"\u0041\u00e9\u212A", "A\u{e9}\u{212a}"),
            (r"\ud83d\ude00!", "\u{1f600}!"),
            (r"C:\\users\\u0041", r"C:\users\u0041"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn half_a_pair_is_replaced() {
        for (text, expected) in [
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (r"\ud83d\n", "\u{fffd}\n"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays_as_written() {
        for text in [r"\", r"\q", r"\u", r"\u12", r"\u12g4", r"\x41", r"\U0041"] {
            assert_eq!(unescaped(text), text);
        }
    }

    #[test]
    fn plain_text_is_borrowed() {
        let bump = Bump::new();
        let text = b"/usr/bin/env".as_slice();
        assert!(std::ptr::eq(unescape(text, &bump), text));
        assert_eq!(bump.allocated_bytes(), 0);
    }

    #[test]
    fn only_an_escape_by_number_hides_characters() {
        for (text, hides) in [
            (r"\u0041", true),
            (r"\\\u0041", true),
            (r"C:\\users", false),
            (r"C:\\users\u0041", true),
            (r"\n\\\\u", false),
            (r"\u \\u", true),
            ("u", false),
        ] {
            assert_eq!(hides_characters(text.as_bytes()), hides, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_string_of_serde_json_is_read_as_it_was(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescaped(&written[1..written.len() - 1]), text);
        }

        #[test]
        fn any_text_is_survived(text in r#"[\\u"nqdD8eE0 ]{0,40}"#) {
            let unescaped = unescaped(&text);
            if let Ok(read) = serde_json::from_str::<String>(&format!("\"{text}\"")) {
                prop_assert_eq!(unescaped, read);
            }
        }
    }
}

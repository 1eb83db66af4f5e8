//! Turns XML character data into the text that it stands for.
//!
//! The scanner hands values out as they were written; a predicate that reads one pays for its decoding, and only if there
//! is something to decode. What is no reference stays as it is: an event is evidence, and a value that was altered by
//! guessing is none. Known are the five entities of XML and character references; a DTD's own entities are not.

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::{memchr2, memmem};

const CDATA_OPEN: &[u8] = b"<![CDATA[";
const CDATA_CLOSE: &[u8] = b"]]>";
const COMMENT_OPEN: &[u8] = b"<!--";
const COMMENT_CLOSE: &[u8] = b"-->";
const INSTRUCTION_OPEN: &[u8] = b"<?";
const INSTRUCTION_CLOSE: &[u8] = b"?>";

/// The text of `data`: references replaced, CDATA sections opened, comments and processing instructions dropped.
///
/// Borrows `data` where it says what it means, which is nearly always. `&#0;`, surrogates, numbers beyond Unicode and
/// unknown names stay as written.
#[must_use]
pub fn decode<'e>(data: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    if memchr2(b'&', b'<', data).is_none() {
        return data;
    }
    let mut text = BumpVec::with_capacity_in(data.len(), bump);
    let mut rest = data;
    while let Some(at) = memchr2(b'&', b'<', rest) {
        let (plain, markup) = rest.split_at(at);
        text.extend_from_slice(plain);
        rest = decode_one(markup, &mut text);
    }
    text.extend_from_slice(rest);
    text.into_bump_slice()
}

/// Decodes what stands at the start of `markup`, which begins with `&` or `<`, and returns what follows it.
fn decode_one<'e>(markup: &'e [u8], text: &mut BumpVec<'_, u8>) -> &'e [u8] {
    if let Some(section) = markup.strip_prefix(CDATA_OPEN) {
        let (content, rest) = split_once(section, CDATA_CLOSE);
        text.extend_from_slice(content);
        return rest;
    }
    if let Some(comment) = markup.strip_prefix(COMMENT_OPEN) {
        return split_once(comment, COMMENT_CLOSE).1;
    }
    if let Some(instruction) = markup.strip_prefix(INSTRUCTION_OPEN) {
        return split_once(instruction, INSTRUCTION_CLOSE).1;
    }
    if let Some((character, rest)) = reference(markup) {
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        return rest;
    }
    let (literal, rest) = markup.split_at(1);
    text.extend_from_slice(literal);
    rest
}

/// What stands before `close`, and after it; an event that was cut off has nothing after it.
fn split_once<'e>(data: &'e [u8], close: &[u8]) -> (&'e [u8], &'e [u8]) {
    match memmem::find(data, close) {
        Some(at) => (&data[..at], &data[at + close.len()..]),
        None => (data, &[]),
    }
}

/// The character that the reference at the start of `markup` names, and what follows the reference.
fn reference(markup: &[u8]) -> Option<(char, &[u8])> {
    const NAMED: [(&[u8], char); 5] =
        [(b"&amp;", '&'), (b"&lt;", '<'), (b"&gt;", '>'), (b"&quot;", '"'), (b"&apos;", '\'')];
    for (name, character) in NAMED {
        if let Some(rest) = markup.strip_prefix(name) {
            return Some((character, rest));
        }
    }
    let number = markup.strip_prefix(b"&#")?;
    let (digits, radix) = match number.strip_prefix(b"x") {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (number, 10),
    };
    character_reference(digits, radix)
}

/// The character whose number opens `digits`. It stops at the first byte that is no digit, so a run of `&#` costs no
/// more than its own length.
fn character_reference(digits: &[u8], radix: u32) -> Option<(char, &[u8])> {
    let digit = |byte: u8| char::from(byte).to_digit(radix);
    let length = digits.iter().take_while(|&&byte| digit(byte).is_some()).count();
    let (digits, rest) = digits.split_at(length);
    let rest = rest.strip_prefix(b";")?;
    let number = digits
        .iter()
        .try_fold(0_u32, |number, &byte| number.checked_mul(radix)?.checked_add(digit(byte)?))?;
    // No digits make the number 0, which is no character either.
    let character = char::from_u32(number).filter(|&character| character != '\0')?;
    Some((character, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(data: &str) -> String {
        let bump = Bump::new();
        String::from_utf8(decode(data.as_bytes(), &bump).to_vec()).unwrap()
    }

    #[test]
    fn references_become_characters() {
        for (data, text) in [
            ("a &amp; b &lt;c&gt; &quot;d&quot; &apos;", "a & b <c> \"d\" '"),
            ("&#65;&#x42;&#x00000043;", "ABC"),
            ("line&#13;&#10;feed", "line\r\nfeed"),
            ("&#x1F600;", "\u{1F600}"),
            ("&amp;amp;", "&amp;"),
            ("&amp;#65;", "&#65;"),
        ] {
            assert_eq!(decoded(data), text, "{data}");
        }
    }

    #[test]
    fn what_is_no_reference_stays_as_written() {
        for data in [
            "&",
            "&&",
            "& ",
            "&;",
            "&#",
            "&#;",
            "&#x;",
            "&#0;",
            "&#x0;",
            "&#xD800;",
            "&#1114112;",
            "&#99999999999999999999;",
            "&#x110000;",
            "&#65",
            "&#-1;",
            "&#X41;",
            "&nbsp;",
            "&AMP;",
            "&amp",
            "a < b",
            "<",
        ] {
            assert_eq!(decoded(data), data, "{data}");
        }
    }

    #[test]
    fn cdata_is_opened_and_comments_are_dropped() {
        for (data, text) in [
            ("<![CDATA[a &amp; <b>]]>", "a &amp; <b>"),
            ("x<![CDATA[y]]>&amp;<![CDATA[]]>z", "xy&z"),
            ("x<!-- & -->y", "xy"),
            ("<![CDATA[cut off", "cut off"),
            ("x<!-- cut off", "x"),
            ("<![CDATA[]]", "]]"),
        ] {
            assert_eq!(decoded(data), text, "{data}");
        }
    }

    #[test]
    fn plain_text_is_borrowed() {
        let bump = Bump::new();
        let data = b"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe".as_slice();
        assert!(std::ptr::eq(decode(data, &bump), data));
        assert_eq!(bump.allocated_bytes(), 0);
    }
}

//! `avlbase64`: the decoder of base64 that rules of the Armory use.
//!
//! Class: row-local. `type=decode field=f` writes what `f` encodes to `base64_f`. It is no command of Splunk's own, and its
//! manual says little, so:
//!
//! - Both alphabets are read. Whatever is in neither is passed over, the first `=` ends the text, and padding may be missing.
//! - Bytes that are UTF-16, as PowerShell encodes its commands, become UTF-8: those of an even length of which at least half
//!   the characters are Latin.
//! - Of a multivalue each value is decoded. A value that encodes nothing gives none.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::Verdict;
use crate::{
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `avlbase64 type=decode field=f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvlBase64 {
    /// The field that is decoded.
    pub field: FieldId,
    /// The field that gets the text.
    pub target: FieldId,
}

impl AvlBase64 {
    /// Decodes a field of a row. It never ends one.
    pub fn apply<'e>(self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let encoded = row.get(self.field).texts(env.bump);
        let texts = encoded.iter().map(|text| as_utf8(decode(text, env.bump), env.bump));
        let mut decoded = BumpVec::from_iter_in(texts, env.bump);
        decoded.retain(|text| !text.is_empty());
        if !decoded.is_empty() {
            row.set(Name::Known(self.target), Value::from_list(decoded.into_bump_slice()));
        }
        Verdict::Keep
    }
}

fn decode<'e>(text: &[u8], bump: &'e Bump) -> &'e [u8] {
    let mut bytes = BumpVec::with_capacity_in(text.len() / 4 * 3 + 3, bump);
    let (mut bits, mut bit_count) = (0_u32, 0);
    for digit in text.iter().take_while(|&&byte| byte != b'=').filter_map(|&byte| digit(byte)) {
        bits = (bits << 6 | u32::from(digit)) & 0xFFFF;
        bit_count += 6;
        if bit_count >= 8 {
            bit_count -= 8;
            bytes.push((bits >> bit_count).to_le_bytes()[0]);
        }
    }
    bytes.into_bump_slice()
}

fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn as_utf8<'e>(bytes: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let latin = pairs.iter().filter(|[low, high]| *low != 0 && *high == 0).count();
    if !rest.is_empty() || latin == 0 || latin < pairs.len().div_ceil(2) {
        return bytes;
    }
    let units = pairs.iter().map(|&pair| u16::from_le_bytes(pair));
    let mut text = BumpVec::with_capacity_in(bytes.len(), bump);
    for character in char::decode_utf16(units) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::testing::run;

    #[test]
    fn base64_is_decoded() {
        for (value, decoded) in [
            ("aGVsbG8=", "hello"),
            ("aGVsbG8", "hello"),
            ("aGVs\nbG8=", "hello"),
            ("aQBlAHgA", "iex"),
            ("pAAgCiAK", "\\xa4\\x00 \\n \\n"),
            ("Pj4-Pz8_", ">>>???"),
            ("Pj4+Pz8/", ">>>???"),
            ("aGk=aGk=", "hi"),
        ] {
            let row = format!("e={value}");
            let found = run("avlbase64 type=decode field=e | fields base64_e", &row);
            assert_eq!(found, format!("base64_e={decoded}"), "{value}");
        }
    }

    #[test]
    fn each_value_is_decoded_and_nothing_gives_nothing() {
        for (row, expected) in [
            ("e=aGk=|!|eW8=", "e=aGk=|!|eW8= base64_e=hi|yo"),
            ("e====", "e==== "),
            ("f=aGk=", "f=aGk="),
        ] {
            assert_eq!(run("avlbase64 field=e type=decode", row), expected.trim_end(), "{row}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
            let digits = bits.chunks(6).map(|six| {
                let value = six.iter().fold(0, |value, bit| value << 1 | bit) << (6 - six.len());
                ALPHABET[usize::from(value)]
            });
            let encoded: Vec<u8> = digits.collect();
            let bump = Bump::new();
            prop_assert_eq!(decode(&encoded, &bump), bytes);
        }
    }
}

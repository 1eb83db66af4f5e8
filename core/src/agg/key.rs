//! The key of a group: its BY texts as one string of bytes.
//!
//! Each text ends in `00 00`, and a zero byte within a text is written `00 FF`. So different tuples have different keys,
//! and keys sort as their tuples do, text by text.

use bumpalo::{Bump, collections::Vec as BumpVec};

/// Appends `text` to `key`.
pub fn encode(text: &[u8], key: &mut BumpVec<'_, u8>) {
    for (index, piece) in text.split(|&byte| byte == 0).enumerate() {
        if index > 0 {
            key.extend_from_slice_copy(&[0, 0xff]);
        }
        key.extend_from_slice_copy(piece);
    }
    key.extend_from_slice_copy(&[0, 0]);
}

/// Takes the first text off `key`: the text, borrowed unless it holds a zero byte, and the rest. `None` at the end.
#[must_use]
pub fn decode<'k>(key: &'k [u8], bump: &'k Bump) -> Option<(&'k [u8], &'k [u8])> {
    let mut joined: Option<BumpVec<'k, u8>> = None;
    let mut rest = key;
    loop {
        let zero = memchr::memchr(0, rest)?;
        let (piece, after) = rest.split_at(zero);
        rest = after.get(2..)?;
        if after[1] == 0 {
            let Some(mut text) = joined else { return Some((piece, rest)) };
            text.extend_from_slice_copy(piece);
            return Some((text.into_bump_slice(), rest));
        }
        let text = joined.get_or_insert_with(|| BumpVec::new_in(bump));
        text.extend_from_slice_copy(piece);
        text.push(0);
    }
}

/// Whether `key` is what [`encode`] makes of so many texts.
#[must_use]
pub fn is_of(key: &[u8], texts: usize) -> bool {
    let (mut rest, mut ends) = (key, 0);
    while let Some(zero) = memchr::memchr(0, rest) {
        match rest.get(zero + 1) {
            Some(0) => ends += 1,
            Some(0xff) if ends < texts => {}
            _ => return false,
        }
        rest = &rest[zero + 2..];
    }
    rest.is_empty() && ends == texts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key_of<'b>(texts: &[Vec<u8>], bump: &'b Bump) -> &'b [u8] {
        let mut key = BumpVec::new_in(bump);
        texts.iter().for_each(|text| encode(text, &mut key));
        key.into_bump_slice()
    }

    fn tuple() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let byte = prop_oneof![Just(0), Just(1), Just(0xff), Just(b'a')];
        prop::collection::vec(prop::collection::vec(byte, 0..5), 2)
    }

    proptest! {
        #[test]
        fn keys_read_back(texts in tuple()) {
            let bump = Bump::new();
            let mut rest = key_of(&texts, &bump);
            for text in &texts {
                let (read, after) = decode(rest, &bump).expect("the key holds every text");
                prop_assert_eq!(read, &text[..]);
                rest = after;
            }
            let key = key_of(&texts, &bump);
            prop_assert!(is_of(key, texts.len()) && !is_of(key, 1) && !is_of(key, 3));
            prop_assert_eq!(decode(rest, &bump), None);
        }

        #[test]
        fn a_key_is_told_from_other_bytes(
            key in prop::collection::vec(prop_oneof![Just(0), Just(0xff), Just(b'a')], 0..9),
            texts in 0..4_usize,
        ) {
            let bump = Bump::new();
            let (mut rest, mut again) = (&key[..], BumpVec::new_in(&bump));
            let mut read = 0;
            while let Some((text, after)) = decode(rest, &bump) {
                encode(text, &mut again);
                (rest, read) = (after, read + 1);
            }
            prop_assert_eq!(is_of(&key, texts), read == texts && key == again[..]);
        }

        #[test]
        fn keys_sort_as_their_tuples(left in tuple(), right in tuple()) {
            let bump = Bump::new();
            prop_assert_eq!(key_of(&left, &bump).cmp(key_of(&right, &bump)), left.cmp(&right));
        }
    }

    #[test]
    fn a_cut_key_ends_early_and_does_not_panic() {
        let bump = Bump::new();
        for cut in [&b""[..], b"a", b"a\0", b"\0\xff", b"a\0\xffb"] {
            assert_eq!(decode(cut, &bump), None, "{cut:?}");
        }
    }
}

//! Looks up every token of an event in a table, in one pass.
//!
//! A search for substrings drowns in matches that a token's boundaries would have refused; whole tokens can be looked up
//! instead. The text is cut at Splunk's breakers 64 bytes at a time: one bit for each byte says whether it breaks, and what
//! ends a token of sufficient length falls out of shifts of those bits. Each such token costs one multiplication and one
//! bit of a small map; only what passes that is compared. The pass costs the same however many keys there are, as long as
//! few events hold them.
//!
//! Where a token may start within a run of text without breakers, because a percent code or an escape of JSON stands
//! before it (`%20whoami`, `\nwhoami`), both readings are looked up.

mod portable;
#[cfg(target_arch = "x86_64")]
mod simd;

use super::segment::{self, Breaker, class};

/// A shorter token stands in nearly every event; looking for it would cost more than it saves.
pub const SHORTEST_KEY_BYTES: usize = 3;

/// How many bytes of a token its hash takes in.
const WORD_BYTES: usize = 8;

/// A table of tokens, in any ASCII case.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// One bit for each hash that some key has.
    map: Box<[u64; 1024]>,
    /// Places in `keys`, by hash, behind a colliding one at the next place that is free.
    slots: Box<[Option<u32>]>,
    keys: Box<[Box<[u8]>]>,
    form: Form,
}

/// Which instructions the pass is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The machine has them: it was asked.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// What the bytes of a block are, one bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    /// It breaks the text.
    breakers: u64,
    /// It is a percent sign or, where escapes are read, a backslash.
    marks: u64,
    /// Behind a mark it may be part of an escape or a percent code.
    codes: u64,
}

/// Whether a backslash and a letter may be a control character, behind which a token starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// As in JSON.
    Read,
    /// The two are what they are.
    None,
}

/// How many bytes are looked at together.
const BLOCK_BYTES: usize = 64;

/// The bytes that may follow a backslash or a percent sign as part of an escape or a percent code.
const CODES: &[u8] = b"nrtbf2357";

/// Takes a key and where it starts; whether to go on.
pub type Visit<'v> = dyn FnMut(usize, usize) -> bool + 'v;

impl Lexicon {
    /// A table of `keys`, which are in lower case, different, without breakers and at least [`SHORTEST_KEY_BYTES`] long.
    ///
    /// # Panics
    /// If there are more than 2^31 keys.
    #[must_use]
    pub fn new(keys: Vec<Box<[u8]>>) -> Self {
        let mut map = Box::new([0; 1024]);
        let mut slots = vec![None; (keys.len() * 4).next_power_of_two()].into_boxed_slice();
        for (index, key) in (0..).zip(&keys) {
            let hash = hash(word(key, 0, key.len()), key.len());
            let (place, bit) = map_place(hash);
            map[place] |= bit;
            let mut slot = slot(hash, slots.len());
            while slots[slot].is_some() {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = Some(index);
        }
        Self { map, slots, keys: keys.into(), form: Form::best() }
    }

    /// How many keys it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Visits every occurrence of a key as a token of `raw`, as (key, start), until `visit` says false.
    pub fn search(&self, raw: &[u8], escapes: Escapes, visit: &mut Visit<'_>) {
        match self.form {
            #[cfg(target_arch = "x86_64")]
            Form::Avx2 => simd::search(self, raw, escapes, visit),
            Form::Portable => portable::search(self, raw, escapes, visit),
        }
    }

    /// The pass, over blocks that `classify` tells apart.
    #[inline(always)]
    fn pass(
        &self,
        raw: &[u8],
        classify: impl Fn(&[u8; BLOCK_BYTES]) -> Block,
        visit: &mut Visit<'_>,
    ) {
        // The edge is a breaker.
        let mut before = Block { breakers: u64::MAX, marks: 0, codes: 0 };
        let mut open_start = 0;
        let mut base = 0;
        // One block more than there are bytes: its padding ends the last token.
        while base <= raw.len() {
            let block = match raw[base..].first_chunk() {
                Some(bytes) => classify(bytes),
                None => classify(&padded(&raw[base..])),
            };
            let mut ends = long_token_ends(block.breakers, before.breakers);
            while ends != 0 {
                let end = ends.trailing_zeros();
                ends &= ends - 1;
                let start = match block.breakers & ((1 << end) - 1) {
                    0 => open_start,
                    earlier => base + behind_last(earlier),
                };
                if !self.look_up(raw, start, base + end as usize, visit) {
                    return;
                }
            }
            let mut coded = block.codes & (block.marks << 1 | before.marks >> 63);
            while coded != 0 {
                let at = base + coded.trailing_zeros() as usize;
                coded &= coded - 1;
                if !self.look_up_behind_code(raw, at, visit) {
                    return;
                }
            }
            if block.breakers != 0 {
                open_start = base + behind_last(block.breakers);
            }
            before = block;
            base += BLOCK_BYTES;
        }
    }

    /// Visits the key that `raw[start..end]` is, if it is one; whether to go on.
    #[inline(always)]
    fn look_up(&self, raw: &[u8], start: usize, end: usize, visit: &mut Visit<'_>) -> bool {
        let hash = hash(word(raw, start, end - start), end - start);
        let (place, bit) = map_place(hash);
        self.map[place] & bit == 0
            || self.key(hash, &raw[start..end]).is_none_or(|key| visit(key, start))
    }

    #[inline(never)]
    fn key(&self, hash: u64, token: &[u8]) -> Option<usize> {
        let mut slot = slot(hash, self.slots.len());
        while let Some(key) = self.slots[slot] {
            if self.keys[key as usize].eq_ignore_ascii_case(token) {
                return Some(key as usize);
            }
            slot = (slot + 1) % self.slots.len();
        }
        None
    }

    /// Looks up what stands behind an escape of JSON or a percent code whose second byte stands at `at`.
    #[cold]
    fn look_up_behind_code(&self, raw: &[u8], at: usize, visit: &mut Visit<'_>) -> bool {
        if raw[at - 1] == b'\\' {
            return raw[at].is_ascii_digit() || self.look_up_from(raw, at + 1, visit);
        }
        [at + 2, at + 4].into_iter().all(|start| {
            start > raw.len()
                || !segment::starts_token(raw, start, Breaker::Minor)
                || self.look_up_from(raw, start, visit)
        })
    }

    fn look_up_from(&self, raw: &[u8], start: usize, visit: &mut Visit<'_>) -> bool {
        let length = raw[start..].iter().take_while(|&&byte| class(byte) == Breaker::None).count();
        length < SHORTEST_KEY_BYTES || self.look_up(raw, start, start + length, visit)
    }
}

impl Form {
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if simd::is_available() {
            return Self::Avx2;
        }
        Self::Portable
    }
}

/// Where tokens end that are as long as keys are, of a block with these breakers behind one with those `before`.
#[inline(always)]
fn long_token_ends(breakers: u64, before: u64) -> u64 {
    (1..=SHORTEST_KEY_BYTES)
        .fold(breakers, |ends, shift| ends & !(breakers << shift | before >> (64 - shift)))
}

/// How many bits there are up to the last one that is set.
#[inline(always)]
fn behind_last(bits: u64) -> usize {
    64 - bits.leading_zeros() as usize
}

/// The last bytes of a text, and breakers behind them.
fn padded(rest: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [b' '; BLOCK_BYTES];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// The first bytes of a token, its case folded, as a number.
#[inline(always)]
fn word(raw: &[u8], start: usize, length: usize) -> u64 {
    const CASE_BITS: u64 = 0x2020_2020_2020_2020;
    let bytes = match raw[start..].first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; WORD_BYTES];
            bytes[..raw.len() - start].copy_from_slice(&raw[start..]);
            u64::from_le_bytes(bytes)
        }
    };
    let beyond_bits = 8 * (WORD_BYTES - length.min(WORD_BYTES));
    (bytes | CASE_BITS) & (u64::MAX >> beyond_bits)
}

/// The upper bits are those that are well mixed.
#[inline(always)]
fn hash(word: u64, length: usize) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    (word ^ (length as u64).rotate_right(8)).wrapping_mul(ODD)
}

#[inline(always)]
fn map_place(hash: u64) -> (usize, u64) {
    let place = usize::from((hash >> 54) as u16 & 1023);
    (place, 1 << (hash >> 48 & 63))
}

fn slot(hash: u64, slots: usize) -> usize {
    (hash >> 32) as usize & (slots - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: [&str; 6] = ["abc", "abcabcabc", "abcabcabd", "20abc", "caf\u{e9}", "nabc"];

    fn lexicon() -> Lexicon {
        Lexicon::new(KEYS.iter().map(|key| key.as_bytes().into()).collect())
    }

    /// Every place where a key stands between boundaries.
    fn found_slowly(raw: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (key, text) in KEYS.iter().enumerate() {
            for start in 0..(raw.len() + 1).saturating_sub(text.len()) {
                let end = start + text.len();
                let starts = segment::starts_token(raw, start, Breaker::Minor)
                    || matches!(raw[..start], [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f']);
                let ends = segment::ends_token(raw, end, Breaker::Minor);
                if starts && ends && raw[start..end].eq_ignore_ascii_case(text.as_bytes()) {
                    found.push((key, start));
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn found(
        raw: &[u8],
        search: impl Fn(&Lexicon, &[u8], Escapes, &mut Visit<'_>),
    ) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        search(&lexicon(), raw, Escapes::Read, &mut |key, start| {
            found.push((key, start));
            true
        });
        // What stands behind a code may be looked up twice.
        found.sort_unstable();
        found.dedup();
        found
    }

    proptest! {
        #[test]
        fn every_form_finds_what_a_naive_search_finds(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "abc", "ABC", "abcabcabc", "abcABCabd", "caf\u{e9}", "caf\u{c9}", "%20", "%2520", "%2526",
                    "%25", "%3A", "%", "\\", "\\n", "\\t", "n", "20", "2", "a", "--", "-", " ", "_", "^", "~", "`",
                    "<", ">", "\u{212a}", "\0", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                ]),
                0..40,
            ),
        ) {
            let raw = pieces.concat();
            let expected = found_slowly(raw.as_bytes());
            prop_assert_eq!(found(raw.as_bytes(), portable::search), expected.clone(), "{}", raw);
            prop_assert_eq!(found(raw.as_bytes(), Lexicon::search), expected, "{}", raw);
        }

        #[test]
        fn any_bytes_are_survived(raw in prop::collection::vec(any::<u8>(), 0..300)) {
            let expected = found_slowly(&raw);
            prop_assert_eq!(found(&raw, portable::search), expected.clone());
            prop_assert_eq!(found(&raw, Lexicon::search), expected);
        }
    }

    #[test]
    fn a_key_is_found_at_every_place_and_at_every_length() {
        for length in 3..200 {
            for start in 0..=length - 3 {
                let mut raw = vec![b'.'; length];
                raw[start..start + 3].copy_from_slice(b"aBc");
                assert_eq!(found(&raw, Lexicon::search), [(0, start)], "{length}");
                assert_eq!(found(&raw, portable::search), [(0, start)], "{length}");
            }
        }
    }

    #[test]
    fn behind_a_backslash_no_token_starts_where_escapes_are_not_read() {
        let found = |escapes| {
            let mut found = Vec::new();
            lexicon().search(br"C:\nabc %20abc", escapes, &mut |key, start| {
                found.push((KEYS[key], start));
                true
            });
            found
        };
        assert_eq!(found(Escapes::Read), [("nabc", 3), ("20abc", 9), ("abc", 4), ("abc", 11)]);
        assert_eq!(found(Escapes::None), [("nabc", 3), ("20abc", 9), ("abc", 11)]);
    }

    #[test]
    fn a_visitor_can_stop() {
        let mut visits = 0;
        lexicon().search(b"abc abc abc", Escapes::Read, &mut |_, _| {
            visits += 1;
            visits < 2
        });
        assert_eq!(visits, 2);
    }

    #[test]
    fn the_forms_tell_every_byte_apart_as_the_segmenter_does() {
        for first in (0..=255_u8).step_by(BLOCK_BYTES) {
            let bytes: [u8; BLOCK_BYTES] =
                std::array::from_fn(|index| first + u8::try_from(index).unwrap());
            let block = portable::classify(&bytes, Escapes::Read);
            let bare = portable::classify(&bytes, Escapes::None);
            let percents =
                bytes.iter().rev().fold(0, |bits, &byte| bits << 1 | u64::from(byte == b'%'));
            assert_eq!(bare, Block { marks: percents, ..block });
            for (index, &byte) in bytes.iter().enumerate() {
                let is = |bits: u64| bits >> index & 1 == 1;
                assert_eq!(is(block.breakers), class(byte) != Breaker::None, "{byte}");
                assert_eq!(is(block.marks), matches!(byte, b'\\' | b'%'), "{byte}");
                assert_eq!(is(block.codes), CODES.contains(&byte), "{byte}");
            }
            #[cfg(target_arch = "x86_64")]
            for (escapes, block) in [(Escapes::Read, block), (Escapes::None, bare)] {
                assert!(simd::classified(&bytes, escapes).is_none_or(|other| other == block));
            }
        }
    }
}

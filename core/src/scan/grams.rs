//! Looks for many literals at once, by four bytes at every so many-th place.
//!
//! A literal of ten bytes covers a whole group of four at some place that four divides, wherever it stands. So it is enough
//! to look at every fourth place: what stands there costs a multiplication and a bit of a small map, and only what passes that is
//! compared. The step is as long as the shortest literal allows, and 1 for literals of four bytes. A set with one common group
//! (`.exe`) is slowed down by it; the groups of a literal cannot be chosen but by moving all of them.

use super::{frequencies::SharesOfGrams, literals::Visit};

/// How many bytes are looked at together.
const GRAM_BYTES: usize = 4;

/// A shorter literal has no group of bytes.
pub(super) const SHORTEST_BYTES: usize = GRAM_BYTES;

/// The longest step: a longer one would need longer literals than there are.
const LONGEST_STEP: usize = 4;

/// Literals, in any ASCII case.
#[derive(Clone, Debug)]
pub(super) struct Grams {
    step: usize,
    /// One bit for each hash that some group has.
    map: Box<[u64; 1024]>,
    /// The groups in the order of their hashes, and for each upper part of a hash where its groups start.
    places: Box<[Place]>,
    starts: Box<[u32]>,
    texts: Box<[Box<[u8]>]>,
}

/// A group of bytes within a literal.
#[derive(Clone, Copy, Debug)]
struct Place {
    gram: u32,
    literal: u32,
    /// Where it stands in the literal.
    offset: u32,
}

impl Grams {
    /// A search for `texts`, which are in lower case and at least [`SHORTEST_BYTES`] long.
    ///
    /// # Panics
    /// If a text is shorter, or there are more than 2^32 bytes of them.
    #[must_use]
    pub(super) fn new(texts: &[Box<[u8]>]) -> Self {
        let shortest = texts.iter().map(|text| text.len()).min().unwrap_or(SHORTEST_BYTES);
        assert!(shortest >= SHORTEST_BYTES, "a literal is shorter than a group of bytes");
        let step = (shortest - GRAM_BYTES + 1).min(LONGEST_STEP);
        let texts: Box<[Box<[u8]>]> = texts.into();
        let shares = SharesOfGrams::of_table();
        let mut places: Vec<Place> = (0..)
            .zip(&texts)
            .flat_map(|(literal, text)| places(literal, text, step, &shares))
            .collect();
        places.sort_by_key(|place| (bucket(place.gram), place.literal, place.offset));
        let mut map = Box::new([0; 1024]);
        for place in &places {
            let hash = hash(place.gram);
            map[(hash >> 22) as usize] |= 1 << (hash >> 16 & 63);
        }
        let start = |at: usize| places.partition_point(|place| bucket(place.gram) < at);
        let starts =
            (0..=BUCKETS).map(|at| u32::try_from(start(at)).expect("so few bytes")).collect();
        Self { step, map, places: places.into(), starts, texts }
    }

    /// Visits every occurrence as (literal, start) until `visit` says false; whether it never did.
    pub(super) fn search(&self, raw: &[u8], visit: &mut Visit<'_>) -> bool {
        let mut grams = raw.windows(GRAM_BYTES).enumerate().step_by(self.step);
        grams.all(|(at, bytes)| {
            let gram = folded(bytes);
            self.bit(gram) & 1 == 0 || self.compare(raw, at, gram, visit)
        })
    }

    /// In its lowest bit, whether some group has the hash of `gram`.
    #[inline(always)]
    fn bit(&self, gram: u32) -> u64 {
        let hash = hash(gram);
        self.map[(hash >> 22) as usize] >> (hash >> 16 & 63)
    }

    #[inline(never)]
    fn compare(&self, raw: &[u8], at: usize, gram: u32, visit: &mut Visit<'_>) -> bool {
        let bucket = bucket(gram);
        let places = &self.places[self.starts[bucket] as usize..self.starts[bucket + 1] as usize];
        places.iter().filter(|place| place.gram == gram).all(|place| {
            let text = &self.texts[place.literal as usize];
            let Some(start) = at.checked_sub(place.offset as usize) else { return true };
            let found = raw.get(start..start + text.len());
            !found.is_some_and(|found| found.eq_ignore_ascii_case(text))
                || visit(place.literal as usize, start)
        })
    }
}

/// The groups by which a literal is found: one for each place that it may stand at, between two that are looked at.
fn places(
    literal: u32,
    text: &[u8],
    step: usize,
    shares: &SharesOfGrams,
) -> impl Iterator<Item = Place> {
    let last = text.len() - (GRAM_BYTES + step - 1);
    let common = |start: &usize| {
        text[*start..*start + GRAM_BYTES + step - 1]
            .windows(GRAM_BYTES)
            .map(|gram| shares.of(gram))
            .sum::<u32>()
    };
    let start = (0..=last).min_by_key(common).expect("a literal is as long as a group");
    (start..start + step).map(move |offset| Place {
        gram: folded(&text[offset..offset + GRAM_BYTES]),
        literal,
        offset: u32::try_from(offset).expect("so few bytes"),
    })
}

/// The bytes as a number, letters in lower case; some others become the same, too.
#[inline(always)]
fn folded(bytes: &[u8]) -> u32 {
    let bytes: [u8; GRAM_BYTES] = bytes.try_into().expect("a window has that length");
    u32::from_le_bytes(bytes) | 0x2020_2020
}

#[inline(always)]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1)
}

const BUCKETS: usize = 1024;

fn bucket(gram: u32) -> usize {
    (hash(gram) >> 22) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(texts: &[&str], raw: &[u8]) -> Vec<(usize, usize)> {
        let texts: Vec<Box<[u8]>> = texts.iter().map(|text| text.as_bytes().into()).collect();
        let mut found = Vec::new();
        Grams::new(&texts).search(raw, &mut |literal, start| {
            found.push((literal, start));
            true
        });
        found.sort_unstable();
        found
    }

    fn found_slowly(texts: &[&str], raw: &[u8]) -> Vec<(usize, usize)> {
        let stands = |text: &str, start: usize| {
            let found = raw.get(start..start + text.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(text.as_bytes()))
        };
        let starts = |text: &&str| (0..raw.len()).filter(|&start| stands(text, start)).collect();
        let all: Vec<Vec<usize>> = texts.iter().map(starts).collect();
        let numbered = |(literal, starts): (usize, Vec<usize>)| {
            starts.into_iter().map(move |start| (literal, start)).collect::<Vec<_>>()
        };
        all.into_iter().enumerate().flat_map(numbered).collect()
    }

    proptest! {
        #[test]
        fn every_step_finds_what_a_naive_search_finds(raw in "[abAB@.]{0,80}") {
            for texts in [
                ["abab", "ab.a@", "bbbbb"].as_slice(),
                &["ababa", "aabbab"],
                &["abbaab", "a.b.a.b"],
                &["abababab", "aaaaaaa", "bababab"],
            ] {
                prop_assert_eq!(found(texts, raw.as_bytes()), found_slowly(texts, raw.as_bytes()));
            }
        }
    }

    #[test]
    fn a_literal_is_found_wherever_it_stands() {
        for length in 9..60 {
            for start in 0..=length - 9 {
                let mut raw = vec![b'.'; length];
                raw[start..start + 9].copy_from_slice(b"reGsVr323");
                assert_eq!(found(&["regsvr323", "bitsadmin"], &raw), [(0, start)], "{length}");
            }
        }
    }

    #[test]
    fn a_visitor_can_stop() {
        let grams = Grams::new(&[b"abcd".as_slice().into()]);
        let mut visits = 0;
        assert!(!grams.search(b"abcd abcd", &mut |_, _| {
            visits += 1;
            false
        }));
        assert_eq!(visits, 1);
    }
}

//! Finds one literal without regard to ASCII case.
//!
//! With a single rule loaded this search is nearly all that an unmatched event costs, so it is made by hand: the two
//! rarest bytes of the needle are compared 32 positions at a time with AVX2 where the machine has it, and elsewhere the
//! rarest one is looked for with `memchr2`. It degrades to a comparison per hit when both bytes are frequent; it has no
//! defence against that but a good choice of bytes.
#![allow(unsafe_code, reason = "AVX2 loads; benches/records has the measurement")]

use std::borrow::Cow;

use memchr::arch::all::packedpair::Pair;

/// A literal to look for.
#[derive(Clone, Debug)]
pub struct Needle {
    lower: Cow<'static, [u8]>,
    /// Where the two rarest bytes stand, the first one first.
    pair: Option<(usize, usize)>,
}

impl Needle {
    /// Looks for `text` in any ASCII case.
    ///
    /// # Panics
    /// If `text` is empty: the planner makes no empty atoms.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        Self::of(Cow::Owned(text.to_ascii_lowercase()))
    }

    /// Looks for `lower`, which is in lower case, and takes no memory for it.
    ///
    /// # Panics
    /// If `lower` is empty.
    #[must_use]
    pub fn of_static(lower: &'static [u8]) -> Self {
        Self::of(Cow::Borrowed(lower))
    }

    fn of(lower: Cow<'static, [u8]>) -> Self {
        assert!(!lower.is_empty(), "the planner makes no empty atoms");
        let pair = Pair::new(&lower).map(|pair| {
            let (one, other) = (usize::from(pair.index1()), usize::from(pair.index2()));
            (one.min(other), one.max(other))
        });
        Self { lower, pair }
    }

    /// The literal in lower case.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.lower
    }

    /// The first occurrence that starts at `from` or later.
    #[must_use]
    pub fn find(&self, haystack: &[u8], from: usize) -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        if let Some(pair) = self.pair
            && haystack.len() >= from + pair.1 + avx2::LANES
            && std::arch::is_x86_feature_detected!("avx2")
        {
            // SAFETY: the machine has AVX2, and a whole vector fits behind the second byte of the pair.
            return unsafe { avx2::find(self, pair, haystack, from) };
        }
        self.find_portable(haystack, from)
    }

    /// Where it starts, wherever it stands.
    pub fn starts<'n>(&'n self, haystack: &'n [u8]) -> impl Iterator<Item = usize> + 'n {
        let next = move |start: &usize| self.find(haystack, start + 1);
        std::iter::successors(self.find(haystack, 0), next)
    }

    /// The same answer without vector instructions of our own.
    fn find_portable(&self, haystack: &[u8], from: usize) -> Option<usize> {
        let offset = self.pair.map_or(0, |(first, _)| first);
        let (lower, upper) = (self.lower[offset], self.lower[offset].to_ascii_uppercase());
        let mut at = from;
        while let Some(rest) = haystack.get(at + offset..) {
            let start = at + memchr::memchr2(lower, upper, rest)?;
            if self.is_at(haystack, start) {
                return Some(start);
            }
            at = start + 1;
        }
        None
    }

    #[inline]
    fn is_at(&self, haystack: &[u8], start: usize) -> bool {
        haystack
            .get(start..start + self.lower.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(&self.lower))
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8,
    };

    use super::Needle;

    /// How many positions one step looks at.
    pub(super) const LANES: usize = 32;

    /// A byte to compare with, and the bit that folds its case.
    struct Folded {
        byte: __m256i,
        case_bit: __m256i,
    }

    impl Folded {
        #[target_feature(enable = "avx2")]
        fn new(lower: u8) -> Self {
            let case_bit = if lower.is_ascii_lowercase() { 0x20 } else { 0 };
            Self {
                byte: _mm256_set1_epi8(lower.cast_signed()),
                case_bit: _mm256_set1_epi8(case_bit),
            }
        }

        /// Which of the 32 bytes from `at` on are this byte.
        ///
        /// # Safety
        /// `at + 32 <= haystack.len()`.
        #[target_feature(enable = "avx2")]
        unsafe fn matches(&self, haystack: &[u8], at: usize) -> __m256i {
            debug_assert!(at + LANES <= haystack.len());
            // SAFETY: the caller promises 32 readable bytes from `at` on.
            let bytes = unsafe { _mm256_loadu_si256(haystack.as_ptr().add(at).cast()) };
            _mm256_cmpeq_epi8(_mm256_or_si256(bytes, self.case_bit), self.byte)
        }
    }

    /// The first occurrence that starts at `from` or later.
    ///
    /// # Safety
    /// The machine has AVX2, and `from + pair.1 + LANES <= haystack.len()`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn find(
        needle: &Needle,
        pair: (usize, usize),
        haystack: &[u8],
        from: usize,
    ) -> Option<usize> {
        let first = Folded::new(needle.lower[pair.0]);
        let second = Folded::new(needle.lower[pair.1]);
        let last = haystack.len() - pair.1 - LANES;
        let mut at = from;
        loop {
            // SAFETY: `at <= last`, so both loads end within the haystack.
            let hits = unsafe {
                _mm256_and_si256(
                    first.matches(haystack, at + pair.0),
                    second.matches(haystack, at + pair.1),
                )
            };
            let mut mask = _mm256_movemask_epi8(hits).cast_unsigned();
            while mask != 0 {
                let start = at + mask.trailing_zeros() as usize;
                if needle.is_at(haystack, start) {
                    return Some(start);
                }
                mask &= mask - 1;
            }
            if at == last {
                return None;
            }
            // The last step looks again at positions that the one before has seen.
            at = (at + LANES).min(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find_slowly(needle: &[u8], haystack: &[u8], from: usize) -> Option<usize> {
        (from..haystack.len().saturating_sub(needle.len() - 1))
            .find(|&at| haystack[at..at + needle.len()].eq_ignore_ascii_case(needle))
    }

    proptest! {
        #[test]
        fn both_forms_find_what_a_naive_search_finds(
            needle in "[aAbB\\\\.é]{1,5}",
            haystack in "[aAbB\\\\.é]{0,200}",
            from in 0usize..80,
        ) {
            let expected = find_slowly(needle.as_bytes(), haystack.as_bytes(), from);
            let searcher = Needle::new(needle.as_bytes());
            prop_assert_eq!(searcher.find(haystack.as_bytes(), from), expected);
            prop_assert_eq!(searcher.find_portable(haystack.as_bytes(), from), expected);
        }
    }

    #[test]
    fn a_non_letter_is_not_folded() {
        // `[` and `{` differ in the case bit alone.
        assert_eq!(
            Needle::new(b"a{").find(&[b"a[".repeat(40), b"a{".to_vec()].concat(), 0),
            Some(80)
        );
    }

    #[test]
    fn the_last_position_is_found_at_every_length() {
        for length in 8..200 {
            let mut haystack = vec![b'.'; length];
            haystack[length - 8..].copy_from_slice(b"WmiPrvSE");
            assert_eq!(Needle::new(b"wmiprvse").find(&haystack, 0), Some(length - 8));
        }
    }
}

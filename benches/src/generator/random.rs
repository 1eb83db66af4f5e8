//! A small reproducible random source.
//!
//! SplitMix64, because a stream must be the same on every machine and in every release: a crate's "standard" generator
//! may change under our feet, and nothing here needs to be unpredictable.

/// A SplitMix64 sequence.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The sequence of `seed`.
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent sequence for part `part` of what `seed` makes, so that one part can be made without the others.
    pub(super) fn part(seed: u64, part: u64) -> Self {
        Self::new(Self::new(seed ^ part.wrapping_mul(0xd134_2543_de82_ef95)).next())
    }

    /// The sequence that belongs to `text`: the same image has the same hashes on every host.
    pub(super) fn of_text(text: &str) -> Self {
        let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(fnv)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. Slightly uneven, which no test minds.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A number in `low..high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// One of `choices`, which are not empty.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// An index into something of `length`.
    pub(super) fn index(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).expect("a length fits 64 bits");
        usize::try_from(self.below(bound)).expect("below a length")
    }

    /// `digits` upper-case hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        (0..digits).map(|_| char::from(self.pick(DIGITS))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64_and_never_changes() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(numbers, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn parts_and_texts_differ_and_repeat() {
        assert_ne!(Random::part(7, 0).next(), Random::part(7, 1).next());
        assert_eq!(Random::of_text("a").hex(40), Random::of_text("a").hex(40));
        assert_ne!(Random::of_text("a").hex(40), Random::of_text("b").hex(40));
    }

    #[test]
    fn a_bound_of_nothing_is_zero() {
        assert_eq!(Random::new(1).below(0), 0);
    }

    #[test]
    fn every_number_of_a_range_comes_up_and_no_other() {
        let mut random = Random::new(1);
        let drawn: std::collections::BTreeSet<u64> =
            (0..1_000).map(|_| random.between(3, 7)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
    }
}

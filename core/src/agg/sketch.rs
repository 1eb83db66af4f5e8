//! Where many numbers lie, in bounded memory.
//!
//! Numbers are counted in buckets that split each power of two into equal parts, so that a bucket tells a number to a share
//! of itself. A bucket also keeps its least and its greatest number: what was seen once, or is always the same, is told
//! exactly. There are at most [`MAX_BUCKETS`]; beyond, each pair of neighbours becomes one bucket.
//!
//! The bound: the number of any rank is told to within 2^-`precision` of itself. The precision is
//! [`FINEST`] (a thousandth) for numbers that fill eight powers of two, and one bit less each time that their range doubles: a
//! hundred and thirtieth where they fill 64. It depends on the numbers alone, never on their order, and so does all else: however
//! they are split and merged, the result is the same to the last bit.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::percentile::between;
use crate::codec::{Malformed, Reader, Writer};

/// The most buckets. At precision zero there is one for each sign and exponent, which are fewer.
const MAX_BUCKETS: usize = 8192;

/// How many bits of the mantissa tell buckets apart as long as there are few.
const FINEST: u32 = 10;

/// Bits of the mantissa of a double.
const MANTISSA_BITS: u32 = 52;

/// Numbers in buckets.
#[derive(Debug)]
pub(super) struct Sketch<'w> {
    /// How many bits of the mantissa tell buckets apart.
    precision: u32,
    /// In ascending order.
    buckets: BumpVec<'w, Bucket>,
}

/// The numbers of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bucket {
    count: u64,
    least: f64,
    greatest: f64,
}

impl<'w> Sketch<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self { precision: FINEST, buckets: BumpVec::new_in(bump) }
    }

    /// Counts one finite number.
    pub(super) fn add(&mut self, number: f64) {
        // A negative zero is the same number as zero.
        let number = number + 0.0;
        self.add_bucket(Bucket { count: 1, least: number, greatest: number });
        self.coarsen();
    }

    /// Counts what `other` has counted.
    pub(super) fn merge(&mut self, other: &Sketch<'_>) {
        while self.precision > other.precision {
            self.halve();
        }
        other.buckets.iter().for_each(|&bucket| self.add_bucket(bucket));
        self.coarsen();
    }

    /// How many numbers it has counted.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// About the number that has `rank` others before it; none if there are not so many.
    pub(super) fn at(&self, rank: u64) -> Option<f64> {
        let mut before = 0;
        let bucket = self.buckets.iter().find(|bucket| {
            let holds = rank - before < bucket.count;
            before += if holds { 0 } else { bucket.count };
            holds
        })?;
        let steps = bucket.count - 1;
        let fraction = if steps == 0 { 0.0 } else { (rank - before) as f64 / steps as f64 };
        Some(between(bucket.least, bucket.greatest, fraction))
    }

    fn add_bucket(&mut self, added: Bucket) {
        let (precision, key) = (self.precision, key(added.least, self.precision));
        match self.buckets.binary_search_by_key(&key, |bucket| bucket.key(precision)) {
            Ok(index) => self.buckets[index].join(added),
            Err(index) => self.buckets.insert(index, added),
        }
    }

    fn coarsen(&mut self) {
        while self.buckets.len() > MAX_BUCKETS {
            self.halve();
        }
    }

    /// Joins the buckets that one bit less does not tell apart.
    fn halve(&mut self) {
        self.precision -= 1;
        let precision = self.precision;
        self.buckets.dedup_by(|later, earlier| {
            let is_same = later.key(precision) == earlier.key(precision);
            if is_same {
                earlier.join(*later);
            }
            is_same
        });
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.number(self.precision.into());
        out.count(self.buckets.len());
        for bucket in &self.buckets {
            out.number(bucket.count);
            out.double(bucket.least);
            out.double(bucket.greatest);
        }
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(super) fn decode(bytes: &mut Reader<'_>, bump: &'w Bump) -> Result<Self, Malformed> {
        let precision = bytes.small_number()?;
        let count = bytes.count(Bucket::LEAST_BYTES)?;
        if precision > FINEST || count > MAX_BUCKETS {
            return Err(Malformed::new("a sketch is too fine"));
        }
        let mut buckets = BumpVec::with_capacity_in(count, bump);
        for _ in 0..count {
            buckets.push(Bucket::decode(bytes, precision)?);
        }
        let sketch = Self { precision, buckets };
        if !sketch.buckets.is_sorted_by(|a, b| a.key(precision) < b.key(precision)) {
            return Err(Malformed::new("the buckets of a sketch are out of order"));
        }
        Ok(sketch)
    }
}

impl Bucket {
    /// The fewest bytes that it is written in.
    const LEAST_BYTES: usize = 1 + 2 * size_of::<f64>();

    fn key(&self, precision: u32) -> u64 {
        key(self.least, precision)
    }

    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    fn decode(bytes: &mut Reader<'_>, precision: u32) -> Result<Self, Malformed> {
        let bucket =
            Self { count: bytes.tally()?, least: bytes.finite()?, greatest: bytes.finite()? };
        let is_one_key = bucket.key(precision) == key(bucket.greatest, precision);
        let is_in_order = bucket.least <= bucket.greatest;
        // A real count never comes near the bound, which keeps sums of them from overflowing.
        let is_counted = (1..1 << 48).contains(&bucket.count)
            && (bucket.least == bucket.greatest || bucket.count > 1);
        match is_one_key && is_in_order && is_counted {
            true => Ok(bucket),
            false => Err(Malformed::new("a bucket of a sketch cannot have come about")),
        }
    }
}

/// What the numbers of one bucket share: sign, exponent and the first bits of the mantissa, in the order of the numbers.
fn key(number: f64, precision: u32) -> u64 {
    let bits = number.to_bits();
    let ordered = if number.is_sign_negative() { !bits } else { bits | 1 << 63 };
    ordered >> (MANTISSA_BITS - precision)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch<'w>(numbers: &[f64], bump: &'w Bump) -> Sketch<'w> {
        let mut sketch = Sketch::new_in(bump);
        numbers.iter().for_each(|&number| sketch.add(number));
        sketch
    }

    /// Pseudo-random numbers of so many powers of two, of both signs.
    fn spread(count: u32, powers: f64) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..count)
            .map(|_| (2_f64).powf(next() * powers) * if next() < 0.2 { -1.0 } else { 1.0 })
            .collect()
    }

    #[test]
    fn every_rank_is_within_the_bound() {
        let bump = Bump::new();
        for (powers, bits) in [(3.0, 10), (14.0, 8), (60.0, 6), (1000.0, 2)] {
            let mut numbers = spread(50_000, powers);
            let sketch = sketch(&numbers, &bump);
            assert!(sketch.precision >= bits, "{powers}: {}", sketch.precision);
            assert!(sketch.buckets.len() <= MAX_BUCKETS);
            numbers.sort_unstable_by(f64::total_cmp);
            let bound = (0.5_f64).powi(i32::try_from(sketch.precision).unwrap());
            for (rank, number) in (0..).zip(&numbers) {
                let told = sketch.at(rank).unwrap();
                assert!((told - number).abs() <= bound * number.abs(), "{told} for {number}");
            }
            assert_eq!(sketch.at(50_000), None);
            assert_eq!(sketch.count(), 50_000);
        }
    }

    #[test]
    fn small_whole_numbers_are_exact() {
        let bump = Bump::new();
        let numbers: Vec<f64> =
            (0..40_000).map(|number| f64::from(number % 1000) - 500.0).collect();
        let sketch = sketch(&numbers, &bump);
        for rank in 0..40_000_u32 {
            assert_eq!(sketch.at(rank.into()), Some(f64::from(rank / 40) - 500.0));
        }
    }

    #[test]
    fn the_extremes_of_doubles_have_buckets() {
        let bump = Bump::new();
        let numbers = [f64::MIN, -1.0, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 1.0, f64::MAX];
        let sketch = sketch(&numbers, &bump);
        for (rank, number) in (0..).zip(numbers) {
            assert_eq!(sketch.at(rank), Some(number));
        }
    }

    #[test]
    fn bytes_that_no_sketch_wrote_are_refused() {
        let bump = Bump::new();
        let one = |count, least, greatest| Bucket { count, least, greatest };
        let good = one(3, 1.0, 1.0001);
        let cases: &[(u32, &[Bucket], bool)] = &[
            (10, &[good, one(1, 2.0, 2.0)], true),
            (11, &[good], false),
            (10, &[one(1, 2.0, 2.0), good], false),
            (10, &[good, good], false),
            (10, &[one(3, 1.0, 1.5)], false),
            (10, &[one(3, 1.0001, 1.0)], false),
            (10, &[one(1, 1.0, 1.0001)], false),
            (10, &[one(0, 1.0, 1.0)], false),
            (10, &[one(u64::MAX, 1.0, 1.0)], false),
        ];
        for &(precision, buckets, is_good) in cases {
            let buckets = BumpVec::from_iter_in(buckets.iter().copied(), &bump);
            let mut out = Writer::default();
            Sketch { precision, buckets }.encode(&mut out);
            let bytes = out.into_bytes();
            assert_eq!(
                Sketch::decode(&mut Reader::new(&bytes), &bump).is_ok(),
                is_good,
                "{precision}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// The law: split, order, merges and bytes on the way change nothing.
        #[test]
        fn any_split_gives_the_same_sketch(powers in 1.0..2000_f64, cuts in prop::collection::vec(0..30_000_usize, 0..5), rotation in 0..30_000_usize) {
            let (bump, numbers) = (Bump::new(), spread(30_000, powers.min(1020.0)));
            let whole = sketch(&numbers, &bump);
            let mut turned = numbers.clone();
            turned.rotate_left(rotation);
            let mut cuts = [vec![0, 30_000], cuts].concat();
            cuts.sort_unstable();
            let mut merged = Sketch::new_in(&bump);
            for pair in cuts.windows(2) {
                let mut out = Writer::default();
                sketch(&turned[pair[0]..pair[1]], &bump).encode(&mut out);
                let bytes = out.into_bytes();
                merged.merge(&Sketch::decode(&mut Reader::new(&bytes), &bump).unwrap());
            }
            prop_assert_eq!(merged.precision, whole.precision);
            prop_assert_eq!(&merged.buckets, &whole.buckets);
        }
    }
}

//! Sums of doubles without any rounding.
//!
//! A double is an integer of 53 bits times a power of two, so a sum of doubles is an integer too, if it has room: here it is
//! written in limbs of 32 bits over just the powers that occurred. Addition is integer addition. It commutes, cannot
//! overflow on the way (1e308 + 1e308 - 1e308 is 1e308) and is rounded when the result is asked for. Partials of doubles
//! (Shewchuk's) need less room but overflow half way, and then the order of the input shows.
//!
//! Not good at: speed of a single addition, which touches two or three limbs and is not measured against a plain `+`.

use bumpalo::{Bump, collections::Vec as BumpVec};

use crate::codec::{Malformed, Reader, Writer};

const LIMB_BITS: i32 = 32;
const LIMB_MASK: i64 = 0xffff_ffff;

/// Every addition to a limb is below 2^32, so a limb takes this many before it must hand its carry on.
const MAX_ADDITIONS: u32 = 1 << 30;

/// Where the limbs of a sum lie, be it of doubles or of their squares: these have bits from 2^-2148 to 2^2047, and of 2^64 of
/// them the sum is below 2^2112.
const LIMBS: std::ops::Range<i32> = -68..68;

/// An exact sum. Memory: 8 bytes for each 32 powers of two between the smallest and the largest bit that occurred: mostly
/// two to five limbs, at most 140.
#[derive(Debug)]
pub(super) struct ExactSum<'w> {
    /// Limb `i` weighs 2^(32 (low + i)). It is signed and may exceed 32 bits until carries are handed on.
    limbs: BumpVec<'w, i64>,
    low: i32,
    additions: u32,
}

/// The absolute value of a sum, its sign, and whether a division left something over.
#[derive(Debug)]
pub(super) struct Magnitude<'b> {
    /// Each below 2^32, the last not zero.
    limbs: BumpVec<'b, u64>,
    low: i32,
    negative: bool,
    inexact: bool,
}

impl<'w> ExactSum<'w> {
    /// Zero.
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self { limbs: BumpVec::new_in(bump), low: 0, additions: 0 }
    }

    /// Adds a finite number.
    pub(super) fn add(&mut self, number: f64) {
        let (mantissa, exponent) = decompose(number);
        self.add_bits(mantissa.into(), exponent, number.is_sign_negative());
    }

    /// Adds the square of a finite number.
    pub(super) fn add_square(&mut self, number: f64) {
        let (mantissa, exponent) = decompose(number);
        self.add_bits(u128::from(mantissa).pow(2), 2 * exponent, false);
    }

    /// Adds another sum.
    pub(super) fn add_sum(&mut self, other: &ExactSum<'_>) {
        for (&limb, at) in other.limbs.iter().zip(other.low..) {
            self.add_bits(limb.unsigned_abs().into(), at * LIMB_BITS, limb < 0);
        }
    }

    /// Adds `factor` times the absolute value of another sum.
    pub(super) fn add_multiple(&mut self, other: &Magnitude<'_>, factor: u64) {
        for (limb, exponent) in other.weighted() {
            self.add_bits(u128::from(limb) * u128::from(factor), exponent, false);
        }
    }

    /// Subtracts the square of another sum.
    pub(super) fn subtract_square(&mut self, other: &Magnitude<'_>) {
        for (left, left_exponent) in other.weighted() {
            for (right, right_exponent) in other.weighted() {
                let product = u128::from(left) * u128::from(right);
                self.add_bits(product, left_exponent + right_exponent, true);
            }
        }
    }

    /// Whether nothing was added, or nothing is left of it.
    pub(super) fn is_zero(&self) -> bool {
        self.carries(1).all(|limb| limb == 0)
    }

    /// Writes it as its sign, the place of its lowest limb that is not zero, and the limbs from there, the carries handed
    /// on: a sum has one form, however it came about.
    pub(super) fn encode(&self, out: &mut Writer) {
        let negative = self.carries(1).last().is_some_and(|top| top != 0);
        let mut limbs: Vec<u32> = self.carries(if negative { -1 } else { 1 }).collect();
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let zeros = limbs.iter().take_while(|&&limb| limb == 0).count();
        out.count(limbs.len() - zeros);
        if zeros < limbs.len() {
            out.flag(negative);
            out.integer((self.low + distance_of(zeros)).into());
            limbs[zeros..].iter().for_each(|limb| out.plain(&limb.to_le_bytes()));
        }
    }

    /// Puts into an empty sum what `encode` wrote.
    pub(super) fn restore(&mut self, bytes: &mut Reader<'_>) -> Result<(), Malformed> {
        let count = bytes.count(size_of::<u32>())?;
        if count == 0 {
            return Ok(());
        }
        let sign = if bytes.flag()? { -1 } else { 1 };
        let low = i32::try_from(bytes.integer()?).ok().filter(|low| LIMBS.contains(low));
        let room = low.map_or(0, |low| distance(low, LIMBS.end));
        self.low = low.filter(|_| count <= room).ok_or(Malformed::new("a sum is out of range"))?;
        self.limbs.reserve_exact(count);
        for _ in 0..count {
            self.limbs.push(sign * i64::from(u32::from_le_bytes(bytes.plain()?)));
        }
        // The limbs count as one addition.
        self.additions = 1;
        match (self.limbs.first(), self.limbs.last()) {
            (Some(0), _) | (_, Some(0)) => Err(Malformed::new("a sum is not in its shortest form")),
            _ => Ok(()),
        }
    }

    /// The sum, times `sign`, as limbs whose carries are handed on; those of a negative one end in ones without end.
    fn carries(&self, sign: i64) -> impl Iterator<Item = u32> {
        // A limb is below 2^62, so what it hands on is below 2^31: one more limb takes it.
        self.limbs.iter().chain(&[0, 0]).scan(0, move |carry, &limb| {
            let total = sign * limb + *carry;
            *carry = total >> LIMB_BITS;
            u32::try_from(total & LIMB_MASK).ok()
        })
    }

    /// The sum as sign and absolute value.
    pub(super) fn magnitude<'b>(&self, bump: &'b Bump) -> Magnitude<'b> {
        let mut limbs = BumpVec::with_capacity_in(self.limbs.len() + 2, bump);
        limbs.extend_from_slice_copy(&self.limbs);
        hand_on_carries(&mut limbs);
        let negative = limbs.last().is_some_and(|&top| top < 0);
        if negative {
            limbs.iter_mut().for_each(|limb| *limb = -*limb);
            hand_on_carries(&mut limbs);
        }
        let mut magnitude = BumpVec::with_capacity_in(limbs.len(), bump);
        magnitude.extend(limbs.iter().map(|limb| limb.unsigned_abs()));
        Magnitude { limbs: magnitude, low: self.low, negative, inexact: false }.trimmed()
    }

    /// Adds or subtracts `bits` times 2^`exponent`.
    fn add_bits(&mut self, bits: u128, exponent: i32, negative: bool) {
        let shift = exponent.rem_euclid(LIMB_BITS);
        let (mut rest, mut carry) = (bits, 0);
        let mut at = exponent.div_euclid(LIMB_BITS);
        while rest != 0 || carry != 0 {
            let piece = (low_limb(rest) << shift) | carry;
            let limb = piece & LIMB_MASK;
            *self.limb(at) += if negative { -limb } else { limb };
            carry = piece >> LIMB_BITS;
            rest >>= LIMB_BITS;
            at += 1;
        }
        self.additions += 1;
        if self.additions == MAX_ADDITIONS {
            self.additions = 0;
            hand_on_carries(&mut self.limbs);
        }
    }

    /// The limb at `at`, made with the ones between if there is none yet.
    fn limb(&mut self, at: i32) -> &mut i64 {
        if self.limbs.is_empty() {
            self.low = at;
        }
        let missing = distance(at, self.low);
        if missing > 0 {
            self.limbs.resize(self.limbs.len() + missing, 0);
            self.limbs.rotate_right(missing);
            self.low = at;
        }
        let index = distance(self.low, at);
        if index >= self.limbs.len() {
            self.limbs.resize(index + 1, 0);
        }
        &mut self.limbs[index]
    }
}

impl Magnitude<'_> {
    /// Whether the sum is below zero.
    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    /// The quotient, with two limbs more than any double needs; what is over is remembered.
    ///
    /// # Panics
    /// If `divisor` is zero.
    pub(super) fn divide(mut self, divisor: u64) -> Self {
        const MORE: usize = 4;
        self.limbs.resize(self.limbs.len() + MORE, 0);
        self.limbs.rotate_right(MORE);
        self.low -= 4;
        let mut remainder = 0_u64;
        for limb in self.limbs.iter_mut().rev() {
            let dividend = (u128::from(remainder) << LIMB_BITS) | u128::from(*limb);
            let narrow = |wide| u64::try_from(wide).expect("the remainder is below the divisor");
            *limb = narrow(dividend / u128::from(divisor));
            remainder = narrow(dividend % u128::from(divisor));
        }
        self.inexact |= remainder != 0;
        self.trimmed()
    }

    /// The nearest double, ties to even. An infinity beyond the largest double. Results below 1e-307 that a division made
    /// are rounded twice.
    pub(super) fn round(self) -> f64 {
        let Some((head, exponent, inexact)) = self.head() else { return 0.0 };
        // The bit that stands for all bits below is too far down to be anything but a tie-breaker.
        let value = scale((head | u64::from(inexact)) as f64, exponent);
        if self.negative { -value } else { value }
    }

    /// Its first 64 bits, the power of two that they are to be multiplied by, and whether any bit follows them.
    fn head(&self) -> Option<(u64, i32, bool)> {
        let top = self.limbs.len().checked_sub(1)?;
        let limb = |index: Option<usize>| index.map_or(0, |index| u128::from(self.limbs[index]));
        let [second, third] = [top.checked_sub(1), top.checked_sub(2)];
        let bits = (limb(Some(top)) << 64) | (limb(second) << 32) | limb(third);
        let below = third.map_or(&[][..], |third| &self.limbs[..third]);

        let dropped = 64 - bits.leading_zeros();
        let inexact =
            self.inexact || below.iter().any(|&limb| limb != 0) || bits.trailing_zeros() < dropped;
        let head = u64::try_from(bits >> dropped).expect("64 bits are left");
        let third_power = self.low + distance_of(top) - 2;
        Some((head, third_power * LIMB_BITS + dropped.cast_signed(), inexact))
    }

    fn weighted(&self) -> impl Iterator<Item = (u64, i32)> {
        self.limbs.iter().zip(self.low..).map(|(&limb, at)| (limb, at * LIMB_BITS))
    }

    fn trimmed(mut self) -> Self {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
        self
    }
}

/// Brings every limb but the last into 0..2^32; the last one carries the sign.
fn hand_on_carries(limbs: &mut BumpVec<'_, i64>) {
    let Some(mut top) = limbs.pop() else { return };
    let mut carry = 0;
    for limb in limbs.iter_mut() {
        let total = *limb + carry;
        *limb = total & LIMB_MASK;
        carry = total >> LIMB_BITS;
    }
    top += carry;
    while !(-LIMB_MASK..=LIMB_MASK).contains(&top) {
        limbs.push(top & LIMB_MASK);
        top >>= LIMB_BITS;
    }
    limbs.push(top);
}

/// The integer and the power of two whose product is the absolute value of a finite number.
fn decompose(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = i32::try_from((bits >> 52) & 0x7ff).expect("an exponent has 11 bits");
    match exponent {
        0 => (fraction, -1074),
        normal => (fraction | (1 << 52), normal - 1075),
    }
}

/// `number` times 2^`exponent`, in steps that are exact while the result is a normal number.
fn scale(mut number: f64, mut exponent: i32) -> f64 {
    const STEP: i32 = 1000;
    while exponent > STEP {
        number *= power_of_two(STEP);
        exponent -= STEP;
    }
    while exponent < -STEP {
        number *= power_of_two(-STEP);
        exponent += STEP;
    }
    number * power_of_two(exponent)
}

/// 2^`exponent`, for exponents of normal doubles.
fn power_of_two(exponent: i32) -> f64 {
    let biased = u64::try_from(exponent + 1023).expect("scale steps by at most 1000");
    f64::from_bits(biased << 52)
}

fn low_limb(bits: u128) -> i64 {
    i64::try_from(bits & 0xffff_ffff).expect("a limb has 32 bits")
}

/// So many limbs, as a distance.
fn distance_of(limbs: usize) -> i32 {
    i32::try_from(limbs).expect("there are at most 140 limbs")
}

/// How far `to` lies above `from`; zero if below.
fn distance(from: i32, to: i32) -> usize {
    usize::try_from(to - from).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(limbs: &[i64]) -> i128 {
        limbs.iter().rev().fold(0, |total, &limb| (total << LIMB_BITS) + i128::from(limb))
    }

    fn sum_of(numbers: &[f64]) -> f64 {
        let bump = Bump::new();
        let mut sum = ExactSum::new_in(&bump);
        numbers.iter().for_each(|&number| sum.add(number));
        sum.magnitude(&bump).round()
    }

    fn written(sum: &ExactSum<'_>) -> Vec<u8> {
        let mut out = Writer::default();
        sum.encode(&mut out);
        out.into_bytes()
    }

    fn read<'b>(bytes: &[u8], bump: &'b Bump) -> Result<ExactSum<'b>, Malformed> {
        let mut sum = ExactSum::new_in(bump);
        sum.restore(&mut Reader::new(bytes)).map(|()| sum)
    }

    #[test]
    fn a_sum_that_cannot_be_is_refused() {
        let bump = Bump::new();
        let bytes = |low: i64, limbs: &[u32]| {
            let mut out = Writer::default();
            out.count(limbs.len());
            out.flag(true);
            out.integer(low);
            limbs.iter().for_each(|limb| out.plain(&limb.to_le_bytes()));
            out.into_bytes()
        };
        for (low, limbs, is_sum) in [
            (0, &[1][..], true),
            (-68, &[1; 136], true),
            (67, &[1], true),
            (68, &[1], false),
            (-69, &[1], false),
            (0, &[1; 69], false),
            (i64::MIN, &[1], false),
            (0, &[0, 1], false),
            (0, &[1, 0], false),
        ] {
            assert_eq!(read(&bytes(low, limbs), &bump).is_ok(), is_sum, "{low} {}", limbs.len());
        }
    }

    proptest! {
        #[test]
        fn handing_on_carries_keeps_the_sum(limbs in prop::collection::vec(-(1_i64 << 62)..(1 << 62), 1..=3)) {
            let bump = Bump::new();
            let mut handed = BumpVec::from_iter_in(limbs.iter().copied(), &bump);
            hand_on_carries(&mut handed);
            let (top, rest) = handed.split_last().expect("there is one limb at least");
            prop_assert!(rest.iter().all(|limb| (0..=LIMB_MASK).contains(limb)));
            prop_assert!((-LIMB_MASK..=LIMB_MASK).contains(top));
            let wide = handed.iter().rev().try_fold(0_i128, |total, &limb| {
                Some(total.checked_mul(1 << LIMB_BITS)? + i128::from(limb))
            });
            prop_assert_eq!(wide, Some(total(&limbs)));
        }

        #[test]
        fn one_number_is_its_own_sum(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            prop_assert_eq!(sum_of(&[number]), number);
            prop_assert_eq!(sum_of(&[number, number, -number]), number);
        }

        #[test]
        fn a_sum_has_one_form_however_it_came_about(
            numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 0..20),
        ) {
            let bump = Bump::new();
            let (mut sum, mut backwards) = (ExactSum::new_in(&bump), ExactSum::new_in(&bump));
            numbers.iter().for_each(|&number| sum.add_square(number));
            numbers.iter().for_each(|&number| sum.add(number));
            numbers.iter().rev().for_each(|&number| backwards.add(number));
            numbers.iter().for_each(|&number| backwards.add_square(number));
            backwards.add(1e-300);
            backwards.add(-1e-300);
            let bytes = written(&sum);
            prop_assert_eq!(&written(&backwards), &bytes);
            let restored = read(&bytes, &bump).expect("they were written just now");
            prop_assert_eq!(written(&restored), bytes);
            prop_assert_eq!(restored.magnitude(&bump).round(), sum.magnitude(&bump).round());
        }

        #[test]
        fn two_numbers_are_added_as_the_machine_adds(left: f64, right: f64) {
            prop_assert_eq!(sum_of(&[left, right]), left + right);
        }

        #[test]
        fn a_quotient_is_the_one_of_the_machine(number in -1e300..1e300, divisor in 1..(1_u64 << 53)) {
            let bump = Bump::new();
            let mut sum = ExactSum::new_in(&bump);
            sum.add(number);
            prop_assert_eq!(sum.magnitude(&bump).divide(divisor).round(), number / divisor as f64);
        }
    }
}

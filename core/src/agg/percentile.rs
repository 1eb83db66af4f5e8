//! `median`, `perc95` and their kin: the number below which a share of all numbers lies.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// A share of a hundred, of up to six decimals, so that `99.9` is not rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(u32);

/// How a place between two numbers is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranking {
    /// `median`: the middle, or the mean of the middle two, where a half is rounded up.
    Middle,
    /// `perc95`: on the line between the two.
    Between(Percent),
    /// `exactperc95`: no place is between two.
    Nearest(Percent),
}

/// A percentile of one group, of its numbers; other values are ignored, and without any number there is no column. Memory
/// is eight bytes a number, all kept.
///
/// Unlike Splunk, which goes over to a digest beyond a thousand distinct values, this is exact however many there are; so
/// `upperperc95`, the upper bound of that digest, is `perc95`.
#[derive(Debug)]
pub(super) struct Percentile<'w> {
    ranking: Ranking,
    numbers: BumpVec<'w, f64>,
}

impl Percent {
    const DECIMALS: usize = 6;
    const HUNDRED: u32 = 100_000_000;

    /// The percentage that `text` writes: digits, perhaps a point and up to six more, from 0 to 100.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(decimals) || decimals.len() > Self::DECIMALS {
            return None;
        }
        let millionths = format!("{whole}{decimals:0<width$}", width = Self::DECIMALS);
        millionths.parse().ok().filter(|&millionths| millionths <= Self::HUNDRED).map(Self)
    }

    /// This share of `count`: the whole part and the rest, as a fraction of one.
    fn of(self, count: usize) -> (usize, f64) {
        let hundred = u128::from(Self::HUNDRED);
        let share = u128::from(self.0) * (count as u128);
        let whole =
            usize::try_from(share / hundred).expect("a share of a count is no more than it");
        (whole, (share % hundred) as f64 / f64::from(Self::HUNDRED))
    }
}

impl<'w> Percentile<'w> {
    pub(super) fn new_in(ranking: Ranking, bump: &'w Bump) -> Self {
        Self { ranking, numbers: BumpVec::new_in(bump) }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        self.numbers.extend(sample.number());
    }

    pub(super) fn merge(&mut self, other: &Percentile<'_>, _: Store<'w>) {
        self.numbers.extend_from_slice_copy(&other.numbers);
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.count(self.numbers.len());
        self.numbers.iter().for_each(|&number| out.double(number));
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'w>,
    ) -> Result<(), Malformed> {
        let count = bytes.count(size_of::<f64>())?;
        self.numbers.reserve_exact(count);
        for _ in 0..count {
            self.numbers.push(bytes.finite()?);
        }
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        let numbers = bump.alloc_slice_copy(&self.numbers);
        numbers.sort_unstable_by(f64::total_cmp);
        let Some(last) = numbers.len().checked_sub(1) else { return Value::Null };
        Value::Number(match self.ranking {
            Ranking::Middle if last % 2 == 0 => numbers[last / 2],
            Ranking::Middle => mean_of_pair(numbers[last / 2], numbers[last / 2 + 1]),
            Ranking::Between(percent) => {
                let (below, fraction) = percent.of(last);
                between(numbers[below], numbers[last.min(below + 1)], fraction)
            }
            Ranking::Nearest(percent) => numbers[last.min(percent.of(numbers.len()).0)],
        })
    }
}

/// The mean of two numbers, where a half is rounded up as Splunk was measured to do: 1, 2, 3, 4 give 3.
fn mean_of_pair(low: f64, high: f64) -> f64 {
    // Halved first where the sum would overflow; halving small numbers instead could lose their last bit.
    let sum = low + high;
    let mean = if sum.is_finite() { sum / 2.0 } else { low / 2.0 + high / 2.0 };
    if (mean - mean.floor()) == 0.5 { mean.ceil() } else { mean }
}

/// What lies `fraction` of the way from `low` to `high`.
fn between(low: f64, high: f64, fraction: f64) -> f64 {
    let distance = high - low;
    if distance.is_finite() {
        low + distance * fraction
    } else {
        low * (1.0 - fraction) + high * fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_exactly_or_not_at_all() {
        let cases = [
            ("95", Some(95_000_000)),
            ("0", Some(0)),
            ("100", Some(100_000_000)),
            ("99.9", Some(99_900_000)),
            ("05.000001", Some(5_000_001)),
            ("100.000001", None),
            ("1.0000001", None),
            ("99999999999999999999", None),
            ("9.", None),
            (".9", None),
            ("9.9.9", None),
            ("-1", None),
            ("+1", None),
            ("", None),
        ];
        for (text, millionths) in cases {
            assert_eq!(Percent::parse(text), millionths.map(Percent), "{text}");
        }
    }
}

//! `median`, `perc95` and their kin: the number below which a share of all numbers lies.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Sample, Store, sketch::Sketch};
use crate::{
    codec::{Malformed, Reader, Writer},
    compiled::form::{Form, Loader, Saver, check},
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

/// The most numbers of which `perc95` and `median` are exact.
const EXACT_NUMBERS: usize = 16_384;

/// A percentile of one group, of its numbers; other values are ignored, and without any number there is no column.
///
/// Up to 16,384 numbers are all kept, at eight bytes each, and the result is exact. Beyond, they are counted in a
/// [`Sketch`] of half a mebibyte at most, which tells the number of each rank to within a stated share of itself.
/// `exactperc95` stays exact, and keeps all.
///
/// Unlike Splunk, which goes over to a digest beyond a thousand distinct values, `upperperc95`, the upper bound of that
/// digest, is `perc95`.
#[derive(Debug)]
pub(super) struct Percentile<'w> {
    ranking: Ranking,
    numbers: Numbers<'w>,
}

/// What is kept of the numbers.
#[derive(Debug)]
enum Numbers<'w> {
    /// All of them.
    All(BumpVec<'w, f64>),
    /// About where they lie.
    Sketch(Sketch<'w>),
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
        Self { ranking, numbers: Numbers::All(BumpVec::new_in(bump)) }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        if let Some(number) = sample.number() {
            self.add(&[number], store);
        }
    }

    pub(super) fn merge(&mut self, other: &Percentile<'_>, store: Store<'w>) {
        match &other.numbers {
            Numbers::All(numbers) => self.add(numbers, store),
            Numbers::Sketch(other) => self.sketch(store).merge(other),
        }
    }

    fn add(&mut self, added: &[f64], store: Store<'w>) {
        let most = self.most_kept();
        match &mut self.numbers {
            Numbers::All(numbers) if numbers.len() + added.len() <= most => {
                numbers.extend_from_slice_copy(added);
            }
            Numbers::All(_) | Numbers::Sketch(_) => {
                let sketch = self.sketch(store);
                added.iter().for_each(|&number| sketch.add(number));
            }
        }
    }

    /// How many numbers are kept before they are sketched.
    fn most_kept(&self) -> usize {
        match self.ranking {
            Ranking::Middle | Ranking::Between(_) => EXACT_NUMBERS,
            Ranking::Nearest(_) => usize::MAX,
        }
    }

    /// The sketch of the numbers, made of them if there is none yet.
    fn sketch(&mut self, store: Store<'w>) -> &mut Sketch<'w> {
        if let Numbers::All(numbers) = &self.numbers {
            let mut sketch = Sketch::new_in(store.bump);
            numbers.iter().for_each(|&number| sketch.add(number));
            self.numbers = Numbers::Sketch(sketch);
        }
        match &mut self.numbers {
            Numbers::Sketch(sketch) => sketch,
            Numbers::All(_) => unreachable!("the sketch was made above"),
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        let is_sketch = matches!(self.numbers, Numbers::Sketch(_));
        out.flag(is_sketch);
        match &self.numbers {
            Numbers::All(numbers) => {
                out.count(numbers.len());
                numbers.iter().for_each(|&number| out.double(number));
            }
            Numbers::Sketch(sketch) => sketch.encode(out),
        }
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        let most = self.most_kept();
        if bytes.flag()? {
            let sketch = Sketch::decode(bytes, store.bump)?;
            if sketch.count() <= most as u64 {
                return Err(Malformed::new("a sketch holds few numbers"));
            }
            self.numbers = Numbers::Sketch(sketch);
            return Ok(());
        }
        let count = bytes.count(size_of::<f64>())?;
        if count > most {
            return Err(Malformed::new("a percentile keeps too many numbers"));
        }
        let mut numbers = BumpVec::with_capacity_in(count, store.bump);
        for _ in 0..count {
            numbers.push(bytes.finite()?);
        }
        self.numbers = Numbers::All(numbers);
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        let result = match &self.numbers {
            Numbers::All(numbers) => {
                let numbers = bump.alloc_slice_copy(numbers);
                numbers.sort_unstable_by(f64::total_cmp);
                self.ranking.of(numbers.len(), |rank| numbers.get(rank).copied())
            }
            Numbers::Sketch(sketch) => {
                let count = usize::try_from(sketch.count()).unwrap_or(usize::MAX);
                self.ranking.of(count, |rank| sketch.at(rank as u64))
            }
        };
        result.map_or(Value::Null, Value::Number)
    }
}

impl Ranking {
    /// The result over `count` numbers, of which `at` gives that of any rank.
    fn of(self, count: usize, at: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        let last = count.checked_sub(1)?;
        match self {
            Self::Middle if last % 2 == 0 => at(last / 2),
            Self::Middle => Some(mean_of_pair(at(last / 2)?, at(last / 2 + 1)?)),
            Self::Between(percent) => {
                let (below, fraction) = percent.of(last);
                Some(between(at(below)?, at(last.min(below + 1))?, fraction))
            }
            Self::Nearest(percent) => at(last.min(percent.of(count).0)),
        }
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
pub(super) fn between(low: f64, high: f64, fraction: f64) -> f64 {
    let distance = high - low;
    if distance.is_finite() {
        low + distance * fraction
    } else {
        low * (1.0 - fraction) + high * fraction
    }
}

impl Form for Percent {
    fn save(&self, out: &mut Saver) {
        self.0.save(out);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let millionths = u32::load(from)?;
        check(millionths <= Self::HUNDRED, "a share is more than a hundred per cent")?;
        Ok(Self(millionths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agg::KeyHasher;

    /// `perc50` of the whole numbers below `count`, those before `cut` and the others merged.
    fn half(ranking: Ranking, count: u32, cut: u32) -> Value<'static> {
        let (bump, hasher) = (Bump::new(), KeyHasher::default());
        let store = Store::new(&bump, &hasher);
        let part = |numbers: std::ops::Range<u32>| {
            let mut part = Percentile::new_in(ranking, &bump);
            numbers.for_each(|number| part.add(&[f64::from(number)], store));
            part
        };
        let mut merged = part(0..cut);
        merged.merge(&part(cut..count), store);
        merged.finish(&bump).number().map_or(Value::Null, Value::Number)
    }

    #[test]
    fn beyond_so_many_numbers_a_sketch_tells_and_any_split_tells_the_same() {
        let fifty = Percent::parse("50").unwrap();
        let limit = u32::try_from(EXACT_NUMBERS).unwrap();
        for cut in [0, 1, limit / 2, limit] {
            assert_eq!(half(Ranking::Between(fifty), limit, cut), Value::Number(8191.5));
            let about = half(Ranking::Between(fifty), 100_000, cut);
            assert_eq!(about, half(Ranking::Between(fifty), 100_000, 70_000));
            let error = about.number().unwrap() - 49_999.5;
            assert!(error.abs() < 49_999.5 / 256.0, "{error}");
            assert_eq!(half(Ranking::Nearest(fifty), 100_000, cut), Value::Number(50_000.0));
        }
    }

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

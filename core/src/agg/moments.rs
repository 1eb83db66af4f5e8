//! `sumsq`, `var`, `varp`, `stdev` and `stdevp`.

use bumpalo::Bump;

use super::{
    Sample, Store,
    exact::{ExactSum, Magnitude},
};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// Which figure is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistic {
    /// The sum of the squares.
    SumOfSquares,
    /// The variance of a sample: divided by n - 1.
    Var,
    /// The variance of a population: divided by n.
    VarP,
    /// The root of [`Statistic::Var`].
    Stdev,
    /// The root of [`Statistic::VarP`].
    StdevP,
}

/// A figure of one group that the sums of its numbers and of their squares give; other values are ignored, without any
/// number there is no column, and one number varies by 0.
///
/// Both sums are exact and so is n Σx² - (Σx)²: a variance is rounded once, a deviation once more, and no two numbers are too
/// close together. Memory: two [`ExactSum`]s.
#[derive(Debug)]
pub(super) struct Moments<'w> {
    statistic: Statistic,
    count: u64,
    total: ExactSum<'w>,
    squares: ExactSum<'w>,
}

impl<'w> Moments<'w> {
    pub(super) fn new_in(statistic: Statistic, bump: &'w Bump) -> Self {
        let (total, squares) = (ExactSum::new_in(bump), ExactSum::new_in(bump));
        Self { statistic, count: 0, total, squares }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        if let Some(number) = sample.number() {
            self.count += 1;
            self.total.add(number);
            self.squares.add_square(number);
        }
    }

    pub(super) fn merge(&mut self, other: &Moments<'_>, _: Store<'w>) {
        self.count += other.count;
        self.total.add_sum(&other.total);
        self.squares.add_sum(&other.squares);
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.number(self.count);
        self.total.encode(out);
        self.squares.encode(out);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'w>,
    ) -> Result<(), Malformed> {
        self.count = bytes.tally()?;
        self.total.restore(bytes)?;
        self.squares.restore(bytes)?;
        match self.count {
            0 if !(self.total.is_zero() && self.squares.is_zero()) => {
                Err(Malformed::new("nothing sums up to something"))
            }
            _ if self.is_impossible() => {
                Err(Malformed::new("the squares are less than they can be"))
            }
            _ => Ok(()),
        }
    }

    /// Whether no numbers have such sums: the root of what is below zero is no number.
    fn is_impossible(&self) -> bool {
        let bump = Bump::new();
        self.squares.magnitude(&bump).is_negative() || self.deviations(&bump).is_negative()
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        if self.count == 0 {
            return Value::Null;
        }
        Value::Number(match self.statistic {
            Statistic::SumOfSquares => self.squares.magnitude(bump).round(),
            Statistic::Var => self.variance(self.count - 1, bump),
            Statistic::VarP => self.variance(self.count, bump),
            Statistic::Stdev => self.variance(self.count - 1, bump).sqrt(),
            Statistic::StdevP => self.variance(self.count, bump).sqrt(),
        })
    }

    fn variance(&self, freedom: u64, bump: &Bump) -> f64 {
        if freedom == 0 {
            return 0.0;
        }
        self.deviations(bump).divide(self.count).divide(freedom).round()
    }

    /// n Σx² - (Σx)²: n times the sum of the squares of the deviations from the mean.
    fn deviations<'b>(&self, bump: &'b Bump) -> Magnitude<'b> {
        let mut deviations = ExactSum::new_in(bump);
        deviations.add_multiple(&self.squares.magnitude(bump), self.count);
        deviations.subtract_square(&self.total.magnitude(bump));
        deviations.magnitude(bump)
    }
}

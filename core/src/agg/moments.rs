//! `sumsq`, `var`, `varp`, `stdev` and `stdevp`.

use bumpalo::Bump;

use super::{
    Sample, Store,
    exact::{ExactSum, Magnitude},
    sum::Sum,
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
    sum: Sum<'w>,
    squares: ExactSum<'w>,
}

impl<'w> Moments<'w> {
    pub(super) fn new_in(statistic: Statistic, bump: &'w Bump) -> Self {
        Self { statistic, sum: Sum::new_in(bump), squares: ExactSum::new_in(bump) }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        if let Some(number) = sample.number() {
            self.sum.add(number);
            self.squares.add_square(number);
        }
    }

    pub(super) fn merge(&mut self, other: &Moments<'_>, store: Store<'w>) {
        self.sum.merge(&other.sum, store);
        self.squares.add_sum(&other.squares);
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.sum.encode(out);
        self.squares.encode(out);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        self.sum.restore(bytes, store)?;
        self.squares.restore(bytes)?;
        match self.sum.count {
            0 if !self.squares.is_zero() => Err(Malformed::new("nothing sums up to something")),
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
        if self.sum.count == 0 {
            return Value::Null;
        }
        Value::Number(match self.statistic {
            Statistic::SumOfSquares => self.squares.magnitude(bump).round(),
            Statistic::Var => self.variance(self.sum.count - 1, bump),
            Statistic::VarP => self.variance(self.sum.count, bump),
            Statistic::Stdev => self.variance(self.sum.count - 1, bump).sqrt(),
            Statistic::StdevP => self.variance(self.sum.count, bump).sqrt(),
        })
    }

    fn variance(&self, freedom: u64, bump: &Bump) -> f64 {
        if freedom == 0 {
            return 0.0;
        }
        self.deviations(bump).divide(self.sum.count).divide(freedom).round()
    }

    /// n Σx² - (Σx)²: n times the sum of the squares of the deviations from the mean.
    fn deviations<'b>(&self, bump: &'b Bump) -> Magnitude<'b> {
        let mut deviations = ExactSum::new_in(bump);
        deviations.add_multiple(&self.squares.magnitude(bump), self.sum.count);
        deviations.subtract_square(&self.sum.total.magnitude(bump));
        deviations.magnitude(bump)
    }
}

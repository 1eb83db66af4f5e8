//! One accumulator of any function.

use bumpalo::Bump;

use super::{
    AggregateFunction, Sample, Store,
    count::Count,
    dc::DistinctCount,
    extremes::{Extreme, Range, Which},
    list::List,
    mean::Mean,
    median::Median,
    mode::Mode,
    moments::{Moments, Statistic},
    order::{End, Order},
    sum::Sum,
    values::Values,
};
use crate::value::Value;

/// The state of one function over one field of one group.
#[derive(Debug)]
pub enum Accumulator<'w> {
    /// `count`.
    Count(Count),
    /// `dc`.
    DistinctCount(DistinctCount<'w>),
    /// `values`.
    Values(Values<'w>),
    /// `list`.
    List(List<'w>),
    /// `min` and `max`.
    Extreme(Extreme<'w>),
    /// `range`.
    Range(Range),
    /// `sum`.
    Sum(Sum<'w>),
    /// `avg`.
    Mean(Mean<'w>),
    /// `mode`.
    Mode(Mode<'w>),
    /// `median`.
    Median(Median<'w>),
    /// `sumsq`, `var`, `varp`, `stdev`, `stdevp`.
    Moments(Moments<'w>),
    /// `first`, `last`, `earliest`, `latest`.
    Order(Order<'w>),
}

/// Runs `$body` with `$inner` bound to the accumulator of whatever kind.
macro_rules! with_inner {
    ($accumulator:expr, $inner:ident => $body:expr) => {
        match $accumulator {
            Accumulator::Count($inner) => $body,
            Accumulator::DistinctCount($inner) => $body,
            Accumulator::Values($inner) => $body,
            Accumulator::List($inner) => $body,
            Accumulator::Extreme($inner) => $body,
            Accumulator::Range($inner) => $body,
            Accumulator::Sum($inner) => $body,
            Accumulator::Mean($inner) => $body,
            Accumulator::Mode($inner) => $body,
            Accumulator::Median($inner) => $body,
            Accumulator::Moments($inner) => $body,
            Accumulator::Order($inner) => $body,
        }
    };
}

impl<'w> Accumulator<'w> {
    /// An accumulator of `function` that has seen nothing.
    #[must_use]
    pub fn new(function: AggregateFunction, store: Store<'w>) -> Self {
        use AggregateFunction as F;
        let bump = store.bump;
        match function {
            F::Count => Self::Count(Count::default()),
            F::DistinctCount => Self::DistinctCount(DistinctCount::new_in(bump)),
            F::Values => Self::Values(Values::new_in(bump)),
            F::List => Self::List(List::new_in(bump)),
            F::Min => Self::Extreme(Extreme::new_in(Which::Min, bump)),
            F::Max => Self::Extreme(Extreme::new_in(Which::Max, bump)),
            F::Range => Self::Range(Range::default()),
            F::Sum => Self::Sum(Sum::new_in(bump)),
            F::SumOfSquares => Self::Moments(Moments::new_in(Statistic::SumOfSquares, bump)),
            F::Mean => Self::Mean(Mean::new_in(bump)),
            F::Mode => Self::Mode(Mode::new_in(bump)),
            F::Median => Self::Median(Median::new_in(bump)),
            F::Stdev => Self::Moments(Moments::new_in(Statistic::Stdev, bump)),
            F::StdevP => Self::Moments(Moments::new_in(Statistic::StdevP, bump)),
            F::Var => Self::Moments(Moments::new_in(Statistic::Var, bump)),
            F::VarP => Self::Moments(Moments::new_in(Statistic::VarP, bump)),
            F::First => Self::Order(Order::new_in(End::First, bump)),
            F::Last => Self::Order(Order::new_in(End::Last, bump)),
            F::Earliest => Self::Order(Order::new_in(End::Earliest, bump)),
            F::Latest => Self::Order(Order::new_in(End::Latest, bump)),
        }
    }

    /// Takes one value in.
    pub fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        with_inner!(self, inner => inner.update(sample, store));
    }

    /// Takes in what `other`, an accumulator of the same function, has seen.
    pub fn merge(&mut self, other: &Accumulator<'_>, store: Store<'w>) {
        match (self, other) {
            (Self::Count(inner), Accumulator::Count(other)) => inner.merge(other, store),
            (Self::DistinctCount(inner), Accumulator::DistinctCount(other)) => {
                inner.merge(other, store);
            }
            (Self::Values(inner), Accumulator::Values(other)) => inner.merge(other, store),
            (Self::List(inner), Accumulator::List(other)) => inner.merge(other, store),
            (Self::Extreme(inner), Accumulator::Extreme(other)) => inner.merge(other, store),
            (Self::Range(inner), Accumulator::Range(other)) => inner.merge(other, store),
            (Self::Sum(inner), Accumulator::Sum(other)) => inner.merge(other, store),
            (Self::Mean(inner), Accumulator::Mean(other)) => inner.merge(other, store),
            (Self::Mode(inner), Accumulator::Mode(other)) => inner.merge(other, store),
            (Self::Median(inner), Accumulator::Median(other)) => inner.merge(other, store),
            (Self::Moments(inner), Accumulator::Moments(other)) => inner.merge(other, store),
            (Self::Order(inner), Accumulator::Order(other)) => inner.merge(other, store),
            _ => debug_assert!(false, "partials of one plan hold the same functions"),
        }
    }

    /// The result so far; null where there is none. It lives in `bump` or in the window.
    #[must_use]
    pub fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        with_inner!(self, inner => inner.finish(bump))
    }
}

//! One accumulator of any function.

use bumpalo::Bump;

use super::{
    AggregateFunction, Sample, Store,
    count::Count,
    dc::DistinctCount,
    estimate::EstimateError,
    extremes::{Extreme, Range, Which},
    list::List,
    mean::Mean,
    mode::Mode,
    moments::{Moments, Statistic},
    order::{End, Order, Told},
    percentile::{Percentile, Ranking},
    rate::Rate,
    sum::Sum,
    values::Values,
};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// The state of one function over one field of one group.
#[derive(Debug)]
pub struct Accumulator<'w> {
    state: State<'w>,
    texts: Texts,
    /// Whether it takes no more values, for want of memory.
    is_full: bool,
}

/// What a value that is no number does to a function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texts {
    /// Nothing.
    Ignored,
    /// It takes the result away: `allnum=t`.
    Refused,
    /// It has taken the result away.
    Seen,
}

/// What the function keeps.
#[derive(Debug)]
enum State<'w> {
    /// `count`.
    Count(Count),
    /// `dc`.
    DistinctCount(DistinctCount<'w>),
    /// `estdc_error`.
    EstimateError(EstimateError),
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
    /// `median`, `perc95`, `exactperc95`.
    Percentile(Percentile<'w>),
    /// `sumsq`, `var`, `varp`, `stdev`, `stdevp`.
    Moments(Moments<'w>),
    /// `first`, `last`, `earliest`, `latest` and the times of those.
    Order(Order<'w>),
    /// `rate`.
    Rate(Rate<'w>),
}

/// Runs `$body` with `$inner` bound to the accumulator of whatever kind.
macro_rules! with_inner {
    ($state:expr, $inner:ident => $body:expr) => {
        match $state {
            State::Count($inner) => $body,
            State::DistinctCount($inner) => $body,
            State::EstimateError($inner) => $body,
            State::Values($inner) => $body,
            State::List($inner) => $body,
            State::Extreme($inner) => $body,
            State::Range($inner) => $body,
            State::Sum($inner) => $body,
            State::Mean($inner) => $body,
            State::Mode($inner) => $body,
            State::Percentile($inner) => $body,
            State::Moments($inner) => $body,
            State::Order($inner) => $body,
            State::Rate($inner) => $body,
        }
    };
}

impl<'w> Accumulator<'w> {
    /// An accumulator of `function` that has seen nothing.
    #[must_use]
    pub fn new(function: AggregateFunction, store: Store<'w>) -> Self {
        Self { state: State::new(function, store.bump), texts: Texts::Ignored, is_full: false }
    }

    /// The same, but it has no result once it has seen a value that is no number.
    #[must_use]
    pub fn refusing_texts(self) -> Self {
        Self { texts: Texts::Refused, ..self }
    }

    /// Takes one value in.
    pub fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        if self.is_full {
            return;
        }
        if self.texts == Texts::Refused && sample.number().is_none() {
            self.texts = Texts::Seen;
        }
        with_inner!(&mut self.state, inner => inner.update(sample, store));
    }

    /// Takes in what `other`, an accumulator of the same function, has seen.
    pub fn merge(&mut self, other: &Accumulator<'_>, store: Store<'w>) {
        if self.is_full {
            return;
        }
        self.is_full = other.is_full;
        if other.texts == Texts::Seen {
            self.texts = Texts::Seen;
        }
        self.state.merge(&other.state, store);
    }

    /// Writes it.
    pub fn encode(&self, out: &mut Writer) {
        if self.texts != Texts::Ignored {
            out.flag(self.texts == Texts::Seen);
        }
        if self.may_be_full() {
            out.flag(self.is_full);
        }
        with_inner!(&self.state, inner => inner.encode(out));
    }

    /// Reads into this accumulator, which has seen nothing, what one of the same function wrote.
    ///
    /// # Errors
    /// If none can have written the bytes.
    pub fn restored(mut self, bytes: &mut Reader<'_>, store: Store<'w>) -> Result<Self, Malformed> {
        if self.texts == Texts::Refused && bytes.flag()? {
            self.texts = Texts::Seen;
        }
        self.is_full = self.may_be_full() && bytes.flag()?;
        with_inner!(&mut self.state, inner => inner.restore(bytes, store))?;
        Ok(self)
    }

    /// The result so far; null where there is none. It lives in `bump` or in the window.
    #[must_use]
    pub fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        match self.texts {
            Texts::Seen => Value::Null,
            Texts::Ignored | Texts::Refused => {
                with_inner!(&self.state, inner => inner.finish(bump))
            }
        }
    }
}

/// What happens when memory runs out.
impl Accumulator<'_> {
    /// Makes `values` and `list` take no more; whether it is one of them and took more before.
    pub fn truncate(&mut self) -> bool {
        self.may_be_full() && !std::mem::replace(&mut self.is_full, true)
    }

    fn may_be_full(&self) -> bool {
        matches!(self.state, State::Values(_) | State::List(_))
    }
}

impl<'w> State<'w> {
    fn new(function: AggregateFunction, bump: &'w Bump) -> Self {
        use AggregateFunction as F;
        match function {
            F::Count => Self::Count(Count::default()),
            F::DistinctCount => Self::DistinctCount(DistinctCount::new_in(bump)),
            F::EstimateError => Self::EstimateError(EstimateError::default()),
            F::Values => Self::Values(Values::new_in(bump)),
            F::List => Self::List(List::new_in(bump)),
            F::Min => Self::Extreme(Extreme::new_in(Which::Min, bump)),
            F::Max => Self::Extreme(Extreme::new_in(Which::Max, bump)),
            F::Range => Self::Range(Range::default()),
            F::Sum => Self::Sum(Sum::new_in(bump)),
            F::SumOfSquares => Self::Moments(Moments::new_in(Statistic::SumOfSquares, bump)),
            F::Mean => Self::Mean(Mean::new_in(bump)),
            F::Mode => Self::Mode(Mode::new_in(bump)),
            F::Median => Self::Percentile(Percentile::new_in(Ranking::Middle, bump)),
            F::Percentile(percent) => {
                Self::Percentile(Percentile::new_in(Ranking::Between(percent), bump))
            }
            F::ExactPercentile(percent) => {
                Self::Percentile(Percentile::new_in(Ranking::Nearest(percent), bump))
            }
            F::Stdev => Self::Moments(Moments::new_in(Statistic::Stdev, bump)),
            F::StdevP => Self::Moments(Moments::new_in(Statistic::StdevP, bump)),
            F::Var => Self::Moments(Moments::new_in(Statistic::Var, bump)),
            F::VarP => Self::Moments(Moments::new_in(Statistic::VarP, bump)),
            F::First => Self::Order(Order::new_in(End::First, Told::Value, bump)),
            F::Last => Self::Order(Order::new_in(End::Last, Told::Value, bump)),
            F::Earliest => Self::Order(Order::new_in(End::Earliest, Told::Value, bump)),
            F::Latest => Self::Order(Order::new_in(End::Latest, Told::Value, bump)),
            F::EarliestTime => Self::Order(Order::new_in(End::Earliest, Told::Time, bump)),
            F::LatestTime => Self::Order(Order::new_in(End::Latest, Told::Time, bump)),
            F::Rate => Self::Rate(Rate::new_in(bump)),
        }
    }

    fn merge(&mut self, other: &State<'_>, store: Store<'w>) {
        match (self, other) {
            (Self::Count(inner), State::Count(other)) => inner.merge(other, store),
            (Self::DistinctCount(inner), State::DistinctCount(other)) => {
                inner.merge(other, store);
            }
            (Self::EstimateError(inner), State::EstimateError(other)) => inner.merge(other, store),
            (Self::Values(inner), State::Values(other)) => inner.merge(other, store),
            (Self::List(inner), State::List(other)) => inner.merge(other, store),
            (Self::Extreme(inner), State::Extreme(other)) => inner.merge(other, store),
            (Self::Range(inner), State::Range(other)) => inner.merge(other, store),
            (Self::Sum(inner), State::Sum(other)) => inner.merge(other, store),
            (Self::Mean(inner), State::Mean(other)) => inner.merge(other, store),
            (Self::Mode(inner), State::Mode(other)) => inner.merge(other, store),
            (Self::Percentile(inner), State::Percentile(other)) => inner.merge(other, store),
            (Self::Moments(inner), State::Moments(other)) => inner.merge(other, store),
            (Self::Order(inner), State::Order(other)) => inner.merge(other, store),
            (Self::Rate(inner), State::Rate(other)) => inner.merge(other, store),
            _ => debug_assert!(false, "partials of one plan hold the same functions"),
        }
    }
}

//! `min`, `max` and `range`.

use std::cmp::Ordering;

use bumpalo::Bump;

use super::{Kept, Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

/// `min` or `max` of one group.
///
/// Where any value is a number only numbers count, else texts by their bytes: the `max` of `1`, `a` and `3` is `3`. The
/// result keeps the text as it was written; of equal numbers in two spellings it is the one of lesser bytes. Memory is one
/// text.
#[derive(Debug)]
pub(super) struct Extreme<'w> {
    which: Which,
    best: Option<Best>,
    text: Kept<'w>,
}

/// The best value so far: its number, if it is one.
#[derive(Clone, Copy, Debug)]
struct Best(Option<f64>);

impl<'w> Extreme<'w> {
    pub(super) fn new_in(which: Which, bump: &'w Bump) -> Self {
        Self { which, best: None, text: Kept::new_in(bump) }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        if let Some(text) = sample.text() {
            self.offer(sample.number(), text);
        }
    }

    pub(super) fn merge(&mut self, other: &Extreme<'_>, _: Store<'w>) {
        if let Some(Best(number)) = other.best {
            self.offer(number, other.text.bytes());
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.option(self.best, |out, Best(number)| {
            out.option(number, Writer::double);
            out.text(self.text.bytes());
        });
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'w>,
    ) -> Result<(), Malformed> {
        self.best = bytes.option(|bytes| {
            let number = bytes.option(Reader::finite)?;
            self.text.replace(bytes.text()?);
            Ok(Best(number))
        })?;
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, _: &'s Bump) -> Value<'s> {
        self.best.map_or(Value::Null, |_| Value::Text(self.text.bytes()))
    }

    fn offer(&mut self, number: Option<f64>, text: &[u8]) {
        let better = self.best.is_none_or(|best| self.is_better(number, text, best));
        if better {
            self.best = Some(Best(number));
            self.text.replace(text);
        }
    }

    fn is_better(&self, number: Option<f64>, text: &[u8], Best(best): Best) -> bool {
        let direct = |order: Ordering| match self.which {
            Which::Min => order,
            Which::Max => order.reverse(),
        };
        let bytes = text.cmp(self.text.bytes());
        match (number, best) {
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => direct(bytes).is_lt(),
            (Some(number), Some(best)) if number == best => bytes.is_lt(),
            (Some(number), Some(best)) => direct(number.total_cmp(&best)).is_lt(),
        }
    }
}

/// `range` of one group: the largest number less the smallest; other values are ignored. Memory is two numbers.
#[derive(Debug, Default)]
pub(super) struct Range(Option<(f64, f64)>);

impl Range {
    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'_>) {
        if let Some(number) = sample.number() {
            self.cover(number, number);
        }
    }

    pub(super) fn merge(&mut self, other: &Self, _: Store<'_>) {
        if let Some((least, most)) = other.0 {
            self.cover(least, most);
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.option(self.0, |out, (least, most)| {
            out.double(least);
            out.double(most);
        });
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'_>,
    ) -> Result<(), Malformed> {
        self.0 = bytes.option(|bytes| match (bytes.finite()?, bytes.finite()?) {
            (least, most) if least <= most => Ok((least, most)),
            _ => Err(Malformed::new("the least number is above the greatest")),
        })?;
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, _: &'s Bump) -> Value<'s> {
        self.0.map_or(Value::Null, |(least, most)| Value::Number(most - least))
    }

    fn cover(&mut self, least: f64, most: f64) {
        let (low, high) = self.0.unwrap_or((least, most));
        self.0 = Some((low.min(least), high.max(most)));
    }
}

//! `avg`, also called `mean`.

use bumpalo::Bump;

use super::{Sample, Store, exact::ExactSum};
use crate::value::Value;

/// `avg` of one group: of its numbers; other values are ignored, and without any number there is no column. The quotient of
/// the exact sum, rounded once, so it is finite even where the sum is not.
///
/// Unlike Splunk, which adds from left to right, the mean of a hundred times 3.99 is 3.99.
#[derive(Debug)]
pub(super) struct Mean<'w> {
    total: ExactSum<'w>,
    count: u64,
}

impl<'w> Mean<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self { total: ExactSum::new_in(bump), count: 0 }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        if let Some(number) = sample.number() {
            self.total.add(number);
            self.count += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Mean<'_>, _: Store<'w>) {
        self.total.add_sum(&other.total);
        self.count += other.count;
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        match self.count {
            0 => Value::Null,
            count => Value::Number(self.total.magnitude(bump).divide(count).round()),
        }
    }
}

//! `median`: the middle number.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Sample, Store};
use crate::value::Value;

/// `median` of one group: the middle of its numbers, the mean of the middle two if they are even in number; other values are
/// ignored. Memory is eight bytes a number, all kept.
#[derive(Debug)]
pub struct Median<'w>(BumpVec<'w, f64>);

impl<'w> Median<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self(BumpVec::new_in(bump))
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        self.0.extend(sample.number());
    }

    pub(super) fn merge(&mut self, other: &Median<'_>, _: Store<'w>) {
        self.0.extend_from_slice_copy(&other.0);
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        let numbers = bump.alloc_slice_copy(&self.0);
        numbers.sort_unstable_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        match numbers {
            [] => Value::Null,
            odd if odd.len() % 2 == 1 => Value::Number(odd[middle]),
            even => Value::Number(mean_of_pair(even[middle - 1], even[middle])),
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

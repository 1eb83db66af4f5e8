//! `sum`.

use bumpalo::Bump;

use super::{Sample, Store, exact::ExactSum};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `sum` of one group: of its numbers; other values are ignored, and without any number there is no column. Exact, rounded
/// once. Memory: see [`ExactSum`].
#[derive(Debug)]
pub(super) struct Sum<'w> {
    /// Of the numbers.
    pub(super) total: ExactSum<'w>,
    /// How many they are.
    pub(super) count: u64,
}

impl<'w> Sum<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self { total: ExactSum::new_in(bump), count: 0 }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        if let Some(number) = sample.number() {
            self.add(number);
        }
    }

    pub(super) fn add(&mut self, number: f64) {
        self.total.add(number);
        self.count += 1;
    }

    pub(super) fn merge(&mut self, other: &Sum<'_>, _: Store<'w>) {
        self.total.add_sum(&other.total);
        self.count += other.count;
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.number(self.count);
        self.total.encode(out);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'w>,
    ) -> Result<(), Malformed> {
        self.count = bytes.tally()?;
        self.total.restore(bytes)?;
        match self.count {
            0 if !self.total.is_zero() => Err(Malformed::new("nothing sums up to something")),
            _ => Ok(()),
        }
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        match self.count {
            0 => Value::Null,
            _ => Value::Number(self.total.magnitude(bump).round()),
        }
    }
}

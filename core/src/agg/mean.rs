//! `avg`, also called `mean`.

use bumpalo::Bump;

use super::{Sample, Store, sum::Sum};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `avg` of one group: of its numbers; other values are ignored, and without any number there is no column. The quotient of
/// the exact sum, rounded once, so it is finite even where the sum is not.
///
/// Unlike Splunk, which adds from left to right, the mean of a hundred times 3.99 is 3.99.
#[derive(Debug)]
pub(super) struct Mean<'w>(Sum<'w>);

impl<'w> Mean<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self(Sum::new_in(bump))
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        self.0.update(sample, store);
    }

    pub(super) fn merge(&mut self, other: &Mean<'_>, store: Store<'w>) {
        self.0.merge(&other.0, store);
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        self.0.restore(bytes, store)
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        match self.0.count {
            0 => Value::Null,
            count => Value::Number(self.0.total.magnitude(bump).divide(count).round()),
        }
    }
}

//! `mode`: the most frequent value.

use bumpalo::Bump;

use super::{Distinct, Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `mode` of one group, over texts; of equally frequent ones the one of lesser bytes. Every value of a multivalue counts.
/// Memory is every distinct text.
#[derive(Debug)]
pub(super) struct Mode<'w>(Distinct<'w, u64>);

impl<'w> Mode<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self(Distinct::new_in(bump))
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        if let Some(text) = sample.text() {
            *self.0.entry(text, store, || 0) += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Mode<'_>, store: Store<'w>) {
        for (text, count) in other.0.iter() {
            *self.0.entry(text, store, || 0) += count;
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.0.encode(out, |&count, out| out.number(count));
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        self.0.restore(bytes, store, |bytes| match bytes.tally()? {
            0 => Err(Malformed::new("a text is there but never came")),
            count => Ok(count),
        })
    }

    pub(super) fn finish<'s>(&'s self, _: &'s Bump) -> Value<'s> {
        let rarest_last = |&(text, count): &(&'s [u8], &u64)| (std::cmp::Reverse(*count), text);
        self.0.iter().min_by_key(rarest_last).map_or(Value::Null, |(text, _)| Value::Text(text))
    }
}

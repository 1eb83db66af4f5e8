//! `dc`: how many distinct values.

use bumpalo::Bump;

use super::{Distinct, Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `dc` of one group, over texts: `1` and `1.0` are two. Exact; memory is every distinct text. Of nothing it is zero.
#[derive(Debug)]
pub(super) struct DistinctCount<'w>(Distinct<'w, ()>);

impl<'w> DistinctCount<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self(Distinct::new_in(bump))
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        if let Some(text) = sample.text() {
            self.0.entry(text, store, || ());
        }
    }

    pub(super) fn merge(&mut self, other: &DistinctCount<'_>, store: Store<'w>) {
        for (text, ()) in other.0.iter() {
            self.0.entry(text, store, || ());
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.0.encode(out, |(), _| {});
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        self.0.restore(bytes, store, |_| Ok(()))
    }

    pub(super) fn finish<'s>(&'s self, _: &'s Bump) -> Value<'s> {
        Value::Number(self.0.len() as f64)
    }
}

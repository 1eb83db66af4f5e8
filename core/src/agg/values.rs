//! `values`: the distinct values, sorted.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Distinct, Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `values` of one group: distinct texts in the order of their bytes, so `10` stands before `9` and `B` before `a`. A
/// multivalue gives each of its values. Memory is every distinct text; there is no limit.
#[derive(Debug)]
pub(super) struct Values<'w>(Distinct<'w, ()>);

impl<'w> Values<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self(Distinct::new_in(bump))
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        if let Some(text) = sample.text() {
            self.0.entry(text, store, || ());
        }
    }

    pub(super) fn merge(&mut self, other: &Values<'_>, store: Store<'w>) {
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

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        let mut texts = BumpVec::with_capacity_in(self.0.len(), bump);
        texts.extend(self.0.iter().map(|(text, ())| text));
        texts.sort_unstable();
        Value::from_list(texts.into_bump_slice())
    }
}

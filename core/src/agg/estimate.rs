//! `estdc_error`: how far off `estdc` is.

use bumpalo::Bump;

use super::{Sample, Store, count::Count};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `estdc_error` of one group: 0, for `estdc` is exact; nothing where there is no value.
#[derive(Debug, Default)]
pub(super) struct EstimateError(Count);

impl EstimateError {
    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'_>) {
        self.0.update(sample, store);
    }

    pub(super) fn merge(&mut self, other: &Self, store: Store<'_>) {
        self.0.merge(&other.0, store);
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'_>,
    ) -> Result<(), Malformed> {
        self.0.restore(bytes, store)
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        match self.0.finish(bump).number() {
            Some(count) if count > 0.0 => Value::Number(0.0),
            _ => Value::Null,
        }
    }
}

//! `count`: how many values, events or true conditions.

use bumpalo::Bump;

use super::{Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `count` of one group. Absent fields do not count, every value of a multivalue does, false conditions do not. Of nothing
/// it is zero.
#[derive(Debug, Default)]
pub(super) struct Count(u64);

impl Count {
    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'_>) {
        self.0 += u64::from(sample.counts());
    }

    pub(super) fn merge(&mut self, other: &Self, _: Store<'_>) {
        self.0 += other.0;
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.number(self.0);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'_>,
    ) -> Result<(), Malformed> {
        self.0 = bytes.tally()?;
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, _: &'s Bump) -> Value<'s> {
        Value::Number(self.0 as f64)
    }
}

//! `rate`: how fast a number grew.

use bumpalo::Bump;

use super::{
    Sample, Store,
    order::{End, Order, Told},
};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// `rate` of one group: the latest value less the earliest, a second. There is none where either is no number or both are of
/// one time. Memory is two texts, reused.
#[derive(Debug)]
pub(super) struct Rate<'w> {
    earliest: Order<'w>,
    latest: Order<'w>,
}

impl<'w> Rate<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        let end = |end| Order::new_in(end, Told::Value, bump);
        Self { earliest: end(End::Earliest), latest: end(End::Latest) }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        self.earliest.update(sample, store);
        self.latest.update(sample, store);
    }

    pub(super) fn merge(&mut self, other: &Rate<'_>, store: Store<'w>) {
        self.earliest.merge(&other.earliest, store);
        self.latest.merge(&other.latest, store);
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        self.earliest.encode(out);
        self.latest.encode(out);
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        self.earliest.restore(bytes, store)?;
        self.latest.restore(bytes, store)
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        self.per_second(bump).map_or(Value::Null, Value::Number)
    }

    fn per_second(&self, bump: &Bump) -> Option<f64> {
        let seconds = self.latest.time_s()? - self.earliest.time_s()?;
        let growth = self.latest.finish(bump).number()? - self.earliest.finish(bump).number()?;
        (seconds > 0.0).then(|| growth / seconds).filter(|rate| rate.is_finite())
    }
}

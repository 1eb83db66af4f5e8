//! `list`: the values as they stand, doubles and all.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Kept, Place, Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// How many values `list` gives.
const LIMIT: usize = 100;

/// `list` of one group: the first hundred values in the order of the search, which for events is newest first. A multivalue
/// gives each of its values in turn.
///
/// A stream brings the oldest event first, so here the newest come last and push the others out. Memory is a hundred texts,
/// whose bytes are reused.
#[derive(Debug)]
pub(super) struct List<'w>(BumpVec<'w, (Place, Kept<'w>)>);

impl<'w> List<'w> {
    pub(super) fn new_in(bump: &'w Bump) -> Self {
        Self(BumpVec::new_in(bump))
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, store: Store<'w>) {
        if let Some(text) = sample.text() {
            self.insert(sample.place, text, store);
        }
    }

    pub(super) fn merge(&mut self, other: &List<'_>, store: Store<'w>) {
        for (place, text) in &other.0 {
            self.insert(*place, text.bytes(), store);
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.count(self.0.len());
        for (place, text) in &self.0 {
            place.encode(out);
            out.text(text.bytes());
        }
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<(), Malformed> {
        let count = bytes.count(Place::LEAST_BYTES + 1)?;
        if count > LIMIT {
            return Err(Malformed::new("a list is longer than lists are"));
        }
        for _ in 0..count {
            let (place, text) = (Place::decode(bytes)?, bytes.text()?);
            let last = self.0.last().map(|(place, kept)| (*place, kept.bytes()));
            if last.is_some_and(|last| last > (place, text)) {
                return Err(Malformed::new("a list is out of order"));
            }
            self.0.push((place, Kept::of(text, store.bump)));
        }
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, bump: &'s Bump) -> Value<'s> {
        let texts = self.0.iter().map(|(_, text)| text.bytes());
        Value::from_list(bump.alloc_slice_fill_iter(texts))
    }

    fn insert(&mut self, place: Place, text: &[u8], store: Store<'w>) {
        let before = |(other, kept): &(Place, Kept<'w>)| (*other, kept.bytes()) < (place, text);
        let at = self.0.partition_point(before);
        if at == LIMIT {
            return;
        }
        let mut kept = match self.0.len() {
            LIMIT => self.0.pop().expect("a full list has a last entry").1,
            _ => Kept::new_in(store.bump),
        };
        kept.replace(text);
        self.0.insert(at, (place, kept));
    }
}

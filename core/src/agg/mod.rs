//! Groups and what is counted in them: the state of one window or bucket.
//!
//! Every accumulator keeps one contract:
//!
//! - `update` takes one value in. Absent fields never reach it; each value of a multivalue does, on its own.
//! - `merge` takes another accumulator of the same function in.
//! - `finish` gives the result so far and changes nothing, so a late row may follow and `finish` be asked again. Null is
//!   no column.
//! - `encode` writes its bytes, as [`codec`](crate::codec) prescribes, and `restore` puts them into one that has seen
//!   nothing. An enemy may have written them: what could not have come about is refused.
//!
//! The law: however the input was split, in whatever order its parts were updated and merged, and wherever on the way they
//! were bytes, `finish` gives what one pass would have given, to the last bit. Sums are therefore exact until they are finished, and what depends on order
//! (`list`, `first`, `latest`) goes by the [`Place`] of the value, never by when it came.
//!
//! All of it lives in the window's arena and dies with it whole. What is replaced often ([`Kept`]) reuses its bytes, since an
//! arena frees nothing before. `median` and `perc95` are exact up to 16,384 numbers and a sketch with a stated bound beyond.
//! What this module is not good at: `values`, `dc` and `mode` keep every distinct value, and `exactperc95` every value.

mod accumulator;
mod count;
mod dc;
mod distinct;
mod estimate;
mod exact;
mod extremes;
mod function;
mod groups;
mod kept;
mod key;
mod list;
mod mean;
mod mode;
mod moments;
mod order;
mod percentile;
mod rate;
pub mod reference;
mod sketch;
mod sum;
mod values;
pub(crate) mod window;
pub(crate) mod windows;

use std::hash::BuildHasher;

use bumpalo::Bump;

pub use accumulator::Accumulator;
pub use distinct::Distinct;
pub use function::AggregateFunction;
pub use groups::{Group, Groups, Partial};
pub use kept::Kept;
pub use key::{decode as decode_key, encode as encode_key, is_of as is_key_of};
pub use percentile::Percent;

use crate::{
    codec::{Malformed, Reader, Writer},
    row::Rank,
    value::Value,
};

/// Hashes keys that attackers choose: seeded once per engine.
pub type KeyHasher = foldhash::quality::SeedableRandomState;

/// The arena of a window and the hasher of its tables.
#[derive(Clone, Copy, Debug)]
pub struct Store<'w> {
    /// Where all state of the window lives.
    pub bump: &'w Bump,
    hasher: &'w KeyHasher,
}

impl<'w> Store<'w> {
    /// The store of a new window; `hasher` is copied into the arena.
    #[must_use]
    pub fn new(bump: &'w Bump, hasher: &KeyHasher) -> Self {
        Self { bump, hasher: bump.alloc(hasher.clone()) }
    }

    /// Copies `bytes` into the arena.
    #[must_use]
    pub fn copy(self, bytes: &[u8]) -> &'w [u8] {
        self.bump.alloc_slice_copy(bytes)
    }

    /// Bytes that were taken from the arena; what it has in reserve is not counted.
    #[must_use]
    pub fn held_bytes(self) -> usize {
        self.bump.allocated_bytes() - self.bump.chunk_capacity()
    }

    /// The hash of `bytes`, under the engine's seed.
    #[must_use]
    pub fn hash(self, bytes: &[u8]) -> u64 {
        self.hasher.hash_one(bytes)
    }
}

/// Where a value stands among all values of its field: by its row, then by its index in a multivalue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The row.
    pub rank: Rank,
    /// The index within the row's value.
    pub index: u32,
}

impl Place {
    /// The fewest bytes that it is written in.
    const LEAST_BYTES: usize = Rank::LEAST_BYTES + 1;

    fn encode(self, out: &mut Writer) {
        self.rank.encode(out);
        out.number(self.index.into());
    }

    fn decode(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { rank: Rank::decode(bytes)?, index: bytes.small_number()? })
    }
}

/// One value on its way into an accumulator.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    value: Value<'a>,
    scratch: &'a Bump,
    /// Where it stands.
    pub place: Place,
    /// The `_time` of its row in epoch seconds; `None` where the row has none or no function asks.
    pub time_s: Option<f64>,
}

impl<'a> Sample<'a> {
    /// Calls `take` with each value of `value`. Numbers are printed into `scratch` when a text is asked for.
    pub fn each(
        value: Value<'a>,
        rank: Rank,
        time_s: Option<f64>,
        scratch: &'a Bump,
        mut take: impl FnMut(&Sample<'a>),
    ) {
        let mut one = |value, index| {
            take(&Sample { value, scratch, place: Place { rank, index }, time_s });
        };
        match value {
            Value::Null => {}
            Value::List(texts) => {
                texts.iter().zip(0..).for_each(|(text, index)| one(Value::Text(text), index));
            }
            single => one(single, 0),
        }
    }

    /// The text of the value; booleans have none here, only `count` takes them.
    #[must_use]
    pub fn text(&self) -> Option<&'a [u8]> {
        match self.value {
            Value::Bool(_) => None,
            value => value.text(self.scratch),
        }
    }

    /// The finite number that the value reads as. An infinity or a NaN is a text like any other, for it would leave
    /// nothing of a sum.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.value.number().filter(|number| number.is_finite())
    }

    /// Whether `count` counts it: everything but false.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.value != Value::Bool(false)
    }
}

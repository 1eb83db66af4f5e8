//! `sort` to its stage, and the order that `dedup` shares with it.

use super::Lowering;
use crate::{
    spl::tree::{Sort, SortKey, SortKind},
    stage::sort::{self, Key, Kind},
};

/// The stage of `sort`.
pub(super) fn lower(sort: &Sort, lowering: &mut Lowering<'_>) -> sort::Sort {
    let limit = (sort.limit > 0).then_some(sort.limit);
    sort::Sort { keys: keys(&sort.keys, lowering), limit }
}

/// What rows are compared by.
pub(super) fn keys(keys: &[SortKey], lowering: &mut Lowering<'_>) -> Box<[Key]> {
    let keys = keys.iter().map(|key| Key {
        field: lowering.names.intern(&key.field.value),
        kind: match key.kind {
            SortKind::Auto => Kind::Auto,
            SortKind::Number => Kind::Number,
            SortKind::Text => Kind::Text,
            SortKind::Address => Kind::Address,
        },
        descending: key.descending,
    });
    keys.collect()
}

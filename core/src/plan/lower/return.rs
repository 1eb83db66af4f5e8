//! `return` to its stage.

use super::Lowering;
use crate::{
    spl::tree::{Return, Returned},
    stage::return_,
};

/// The stage of `return`.
pub(super) fn lower(tree: &Return, lowering: &mut Lowering<'_>) -> return_::Return {
    let items = tree.items.iter().map(|item| {
        let (field, name) = match item {
            Returned::Field(field) => (field, Some(field)),
            Returned::Value(field) => (field, None),
            Returned::Named { name, field } => (field, Some(name)),
        };
        let name = name.map(|name| name.value.as_bytes().into());
        return_::Item { field: lowering.names.intern(&field.value), name }
    });
    let items = items.collect();
    let count = usize::try_from(tree.count).unwrap_or(usize::MAX);
    return_::Return { count, items, gives: return_::Gives::Text }
}

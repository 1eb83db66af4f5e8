//! `head` to its stage.

use super::Lowering;
use crate::{spl::tree::Head, stage::head};

/// The stage of `head`.
pub(super) fn lower(head: &Head, lowering: &mut Lowering<'_>) -> head::Head {
    let condition = head.condition.as_ref().map(|expr| lowering.predicate(expr));
    head::Head { limit: Some(head.limit), condition }
}

//! `head` to its stage.

use super::{
    Lowering,
    options::{refuse, switch},
};
use crate::{spl::tree::Head, stage::head};

/// The stage of `head`.
pub(super) fn lower(head: &Head, lowering: &mut Lowering<'_>) -> head::Head {
    let condition = head.condition.as_ref().map(|expr| lowering.predicate(expr));
    let limit = Some(head.limit);
    let mut stage = head::Head { limit, condition, null_holds: false, keeps_last: false };
    for (name, value) in &head.options {
        match name.value.to_ascii_lowercase().as_str() {
            "null" => stage.null_holds = switch(name, value, lowering),
            "keeplast" => stage.keeps_last = switch(name, value, lowering),
            _ => refuse(name, "head", "`limit`, `null` and `keeplast`", lowering),
        }
    }
    stage
}

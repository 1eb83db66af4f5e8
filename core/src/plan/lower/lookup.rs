//! `lookup` to its stage. Where the table lies is no matter here, so `local` and `update` have no effect.

use super::{
    Lowering,
    options::{refuse, switch},
};
use crate::{spl::tree, stage::lookup};

const OPTIONS: &str = "local, update";

/// The stage of `lookup`.
pub(super) fn lower(lookup: &tree::Lookup, lowering: &mut Lowering<'_>) -> Option<lookup::Lookup> {
    for (name, value) in &lookup.options {
        match name.value.to_ascii_lowercase().as_str() {
            "local" | "update" => _ = switch(name, value, lowering),
            _ => refuse(name, "lookup", OPTIONS, lowering),
        }
    }
    let Lowering { lookups, names, diagnostics, .. } = lowering;
    let lookups = lookups.as_mut()?;
    let table = lookups.lower(lookup, names, &mut |problem| diagnostics.push(problem))?;
    Some(lookup::Lookup { table })
}

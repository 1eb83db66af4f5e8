//! `dedup` to its stage.

use super::{Lowering, options, sort};
use crate::{
    diag::{Code, Diagnostic},
    spl::tree::Dedup,
    stage::{dedup, sort::Sort},
};

/// The stage of `dedup`.
pub(super) fn lower(dedup: &Dedup, lowering: &mut Lowering<'_>) -> dedup::Dedup {
    if dedup.limit.value == 0 {
        lowering.report(
            Diagnostic::error(
                Code::BadArgument,
                dedup.limit.span,
                "`dedup` keeps at least one row",
            )
            .label("expected a number above zero")
            .help("write `dedup 1`, or leave the number out"),
        );
    }
    let sort = (!dedup.sort_by.is_empty())
        .then(|| Sort { keys: sort::keys(&dedup.sort_by, lowering), limit: None });
    let fields = dedup.fields.iter().map(|name| lowering.names.intern(&name.value)).collect();
    let mut stage = dedup::Dedup {
        limit: dedup.limit.value,
        fields,
        sort,
        keeps_events: false,
        keeps_empty: false,
        consecutive: false,
    };
    for (name, value) in &dedup.options {
        match name.value.to_ascii_lowercase().as_str() {
            "keepevents" => stage.keeps_events = options::switch(name, value, lowering),
            "keepempty" => stage.keeps_empty = options::switch(name, value, lowering),
            "consecutive" => stage.consecutive = options::switch(name, value, lowering),
            _ => options::refuse(
                name,
                "dedup",
                "`keepevents`, `keepempty` and `consecutive`",
                lowering,
            ),
        }
    }
    stage
}

//! `inputlookup` to its stage: it begins a search, or adds to the rows of one.

use super::{
    Lowering,
    options::{refuse, row_count, switch},
};
use crate::{
    diag::{Code, Diagnostic, Severity},
    spl::tree::{self, Command},
    stage::inputlookup::{Column, InputLookup, Place},
};

const OPTIONS: &str = "append, start, max, strict";

/// The stage of `inputlookup`, which stands at `index` of its pipeline.
pub(super) fn lower(
    index: usize,
    lookup: &tree::InputLookup,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<InputLookup> {
    let (mut appends, mut is_strict, mut start, mut most) = (false, false, 0, usize::MAX);
    for (name, value) in &lookup.options {
        match name.value.to_ascii_lowercase().as_str() {
            "append" => appends = switch(name, value, lowering),
            "strict" => is_strict = switch(name, value, lowering),
            "start" => start = row_count(name, value, lowering),
            "max" => most = row_count(name, value, lowering),
            _ => refuse(name, "inputlookup", OPTIONS, lowering),
        }
    }
    if index > 0 && !appends {
        lowering.report(not_first(command));
        return None;
    }
    let filter = lookup.filter.as_ref().map(|filter| super::search(filter, lowering));
    let Lowering { lookups, names, diagnostics, .. } = lowering;
    let table = lookups.as_mut()?.table(&lookup.table, &mut |mut problem| {
        if is_strict {
            problem.severity = Severity::Error;
        }
        diagnostics.push(problem);
    });
    let table = table.unwrap_or_default();
    let columns = table.columns().iter().enumerate();
    let first_of_name = columns.filter(|(place, name)| table.column(name) == Some(*place));
    let columns =
        first_of_name.map(|(place, name)| Column { place, field: names.intern(name) }).collect();
    let place = if index == 0 { Place::First } else { Place::Behind };
    Some(InputLookup { table, columns, filter, start, most, place })
}

fn not_first(command: &Command) -> Diagnostic {
    let message = "`inputlookup` must be the first command, or add to the rows before it";
    Diagnostic::error(Code::NotAGenerator, command.name.span, message)
        .label("makes rows out of a table")
        .help("start the search with `| inputlookup`, or write `inputlookup append=t`")
}

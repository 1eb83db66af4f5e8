//! `outputlookup` has no stage: its rows pass on, and nothing is written. A rule may not write files where it runs, and a
//! table that changed under running rules would make their answers depend on which of them came first.

use super::{
    Lowering,
    options::{refuse, row_count, switch},
};
use crate::{
    diag::{Code, Diagnostic},
    spl::tree::{Command, OutputLookup},
};

const OPTIONS: &str = "append, create_empty, createinapp, key_field, max, override_if_empty";

/// Reads the options, and says that no table is written.
pub(super) fn check(lookup: &OutputLookup, command: &Command, lowering: &mut Lowering<'_>) {
    let said_before = lowering.diagnostics.len();
    for (name, value) in &lookup.options {
        match name.value.to_ascii_lowercase().as_str() {
            "append" | "create_empty" | "createinapp" | "override_if_empty" => {
                let _ = switch(name, value, lowering);
            }
            "max" => _ = row_count(name, value, lowering),
            "key_field" => {}
            _ => refuse(name, "outputlookup", OPTIONS, lowering),
        }
    }
    if lowering.diagnostics.len() == said_before {
        lowering.report(not_written(lookup, command));
    }
}

fn not_written(lookup: &OutputLookup, command: &Command) -> Diagnostic {
    let message = format!("caltrop does not write the table `{}`", lookup.table.value);
    Diagnostic::warning(Code::TableNotWritten, command.name.span, message)
        .label("its rows pass on")
        .help("let whoever takes the alerts write the table")
}

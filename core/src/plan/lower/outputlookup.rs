//! `outputlookup` is refused: a rule may not write files where it runs, nor change what other rules answer.

use super::Lowering;
use crate::{
    diag::{Code, Diagnostic},
    spl::tree::{Command, OutputLookup},
};

/// Says that it never runs.
pub(super) fn refuse(lookup: &OutputLookup, command: &Command, lowering: &mut Lowering<'_>) {
    let message = format!("`outputlookup` would write the table `{}`", lookup.table.value);
    lowering.report(
        Diagnostic::error(Code::RefusedCommand, command.name.span, message)
            .label("never runs in caltrop")
            .help("remove it: the rows are the alerts, and whoever embeds caltrop can write them to a table"),
    );
}

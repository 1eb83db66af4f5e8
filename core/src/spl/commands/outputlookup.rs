//! `outputlookup [append=b] [create_empty=b] [override_if_empty=b] [max=N] [key_field=f] table`, options on either side.

use crate::spl::parser::Parser;
use crate::spl::print::{print_name, print_options};
use crate::spl::tree::{CommandKind, OutputLookup};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (options, table) = parser.options_and_table();
    parser.expect_end("write `outputlookup append=t table`");
    let Some(table) = table else {
        parser.missing("a table", "name it, such as `outputlookup seen.csv`");
        return CommandKind::Broken;
    };
    CommandKind::OutputLookup(OutputLookup { table, options })
}

pub(in crate::spl) fn print(out: &mut String, lookup: &OutputLookup) {
    print_options(out, &lookup.options);
    print_name(out, &lookup.table.value);
}

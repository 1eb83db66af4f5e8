//! `inputlookup [append=b] [strict=b] [start=N] [max=N] table [where search]`, options before or after the table.

use crate::spl::parser::Parser;
use crate::spl::print::{Tightness, print_name, print_options, print_search};
use crate::spl::tree::{CommandKind, InputLookup};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (options, table) = parser.options_and_table();
    let filter = (table.is_some() && parser.eat_keyword("where")).then(|| {
        parser.skip_space();
        parser.search()
    });
    parser.expect_end("write `inputlookup table where column=value`");
    let Some(table) = table else {
        parser.missing("a table", "name it, such as `inputlookup hosts.csv`");
        return CommandKind::Broken;
    };
    CommandKind::InputLookup(InputLookup { table, filter, options })
}

pub(in crate::spl) fn print(out: &mut String, lookup: &InputLookup) {
    print_options(out, &lookup.options);
    print_name(out, &lookup.table.value);
    if let Some(filter) = &lookup.filter {
        out.push_str(" where ");
        print_search(out, filter, Tightness::Conjunction);
    }
}

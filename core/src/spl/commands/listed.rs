//! Commands whose arguments are options and names in any order, such as `fillnull value=0 a, b`.
//!
//! What the options are, and how many names there must be, is asked when the command is lowered.

use crate::spl::parser::Parser;
use crate::spl::print::{print_names, print_options};
use crate::spl::tree::{CommandKind, Listed};

pub(super) fn parse(parser: &mut Parser<'_>, kind: fn(Listed) -> CommandKind) -> CommandKind {
    let mut listed = Listed::default();
    loop {
        parser.skip_separators();
        if let Some(option) = parser.option() {
            listed.options.push(option);
        } else if let Some(name) = parser.name() {
            listed.names.push(name);
        } else {
            return kind(listed);
        }
    }
}

pub(in crate::spl) fn print(out: &mut String, listed: &Listed) {
    print_options(out, &listed.options);
    print_names(out, &listed.names);
}

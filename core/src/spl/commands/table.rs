//! `table a, b*`.

use crate::spl::parser::Parser;
use crate::spl::tree::CommandKind;

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let names = parser.names();
    if names.is_empty() {
        parser.missing("fields", "name the fields to keep, such as `table _time, host`");
        return CommandKind::Broken;
    }
    CommandKind::Table(names)
}

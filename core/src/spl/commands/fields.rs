//! `fields [+|-] a, b*`.

use crate::spl::parser::Parser;
use crate::spl::tree::{CommandKind, Fields};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let remove = parser.eat('-');
    if !remove {
        parser.eat('+');
    }
    let names = parser.names();
    if names.is_empty() {
        parser.missing("fields", "name the fields, such as `fields host, user`");
        return CommandKind::Broken;
    }
    CommandKind::Fields(Fields { remove, names })
}

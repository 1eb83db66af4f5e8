//! `where expr`.

use crate::spl::parser::Parser;
use crate::spl::tree::CommandKind;

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    if parser.peek().is_none() {
        parser.missing("a condition", "write one, such as `where count > 10`");
        return CommandKind::Broken;
    }
    CommandKind::Where(parser.whole_expression())
}

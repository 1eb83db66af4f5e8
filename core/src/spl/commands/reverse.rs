//! `reverse`.

use crate::spl::parser::Parser;
use crate::spl::tree::CommandKind;

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    parser.expect_end("`reverse` takes no arguments");
    CommandKind::Reverse
}

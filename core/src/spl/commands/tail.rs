//! `tail [N]`.

use crate::spl::parser::Parser;
use crate::spl::tree::CommandKind;

/// What Splunk takes where no number is written.
const DEFAULT_LIMIT: u64 = 10;

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    parser.skip_separators();
    let is_number = parser.peek().is_some_and(|c| c.is_ascii_digit());
    let number = if is_number { parser.name() } else { None };
    let limit = number.and_then(|number| parser.count(&number)).unwrap_or(DEFAULT_LIMIT);
    parser.expect_end("write `tail 10`");
    CommandKind::Tail { limit }
}

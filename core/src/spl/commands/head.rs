//! `head [N | (expr)] [limit=N]`.

use crate::spl::parser::Parser;
use crate::spl::tree::{CommandKind, Head};

/// What Splunk takes where no number is written.
const DEFAULT_LIMIT: u64 = 10;

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut head = Head { limit: DEFAULT_LIMIT, condition: None, options: Vec::new() };
    loop {
        parser.skip_separators();
        if let Some((name, value)) = parser.option() {
            if name.value.eq_ignore_ascii_case("limit") {
                head.limit = parser.count(&value).unwrap_or(DEFAULT_LIMIT);
            } else {
                head.options.push((name, value));
            }
        } else if parser.peek() == Some('(') && head.condition.is_none() {
            head.condition = Some(parser.expression());
        } else if parser.peek().is_some_and(|c| c.is_ascii_digit()) {
            let number = parser.name().expect("a digit starts a name");
            head.limit = parser.count(&number).unwrap_or(DEFAULT_LIMIT);
        } else {
            parser.expect_end("write `head 10`, or a condition in parentheses");
            return CommandKind::Head(head);
        }
    }
}

//! `regex [field=|field!=]"re"`.

use crate::diag::Spanned;
use crate::spl::args::unquote;
use crate::spl::parser::Parser;
use crate::spl::tree::{CommandKind, Regex};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (field, negated) = match field(parser) {
        Some((field, negated)) => (Some(field), negated),
        None => (None, false),
    };
    parser.skip_space();
    let Some(pattern) = parser.pattern() else {
        parser.missing("a pattern", "write one, such as `regex process=\"(?i)whoami\"`");
        return CommandKind::Broken;
    };
    parser.expect_end("put the whole pattern into one pair of double quotes");
    CommandKind::Regex(Regex { field, negated, pattern })
}

/// Reads `field=` or `field!=`. A pattern for `_raw` has neither.
fn field(parser: &mut Parser<'_>) -> Option<(Spanned<String>, bool)> {
    let start = parser.at;
    if parser.peek() == Some('"') {
        parser.quoted();
    } else {
        parser.take_while(|c| c.is_alphanumeric() || "_.:@{}*-<>".contains(c));
    }
    let span = parser.since(start);
    parser.skip_space();
    let negated = parser.eat('!');
    if span.start < span.end && parser.eat('=') {
        parser.eat('=');
        return Some((Spanned::new(unquote(span.text(parser.text)), span), negated));
    }
    parser.at = start;
    None
}

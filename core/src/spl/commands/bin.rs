//! `bin [span=..] [options] [field] [AS name]`, also called `bucket` and `discretize`.

use crate::spl::parser::Parser;
use crate::spl::tree::{Bin, CommandKind};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut bin = Bin { field: None, span: None, target: None, options: Vec::new() };
    loop {
        parser.skip_separators();
        if let Some((name, value)) = parser.option() {
            if name.value.eq_ignore_ascii_case("span") {
                bin.span = Some(value);
            } else {
                bin.options.push((name, value));
            }
        } else if parser.eat_keyword("AS") {
            parser.skip_space();
            bin.target = target(parser);
        } else if bin.field.is_none() && parser.peek().is_some() {
            bin.field = parser.name();
        } else {
            parser.expect_end("`bin` takes one field");
            return CommandKind::Bin(bin);
        }
    }
}

fn target(parser: &mut Parser<'_>) -> Option<crate::diag::Spanned<String>> {
    let target = parser.name();
    if target.is_none() {
        parser.missing("the new name", "write it after `AS`");
    }
    target
}

//! `replace a WITH b, c WITH d [IN fields]`.

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::parser::Parser;
use crate::spl::print::{print_names, print_quoted};
use crate::spl::tree::{CommandKind, Replace};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut replace = Replace { pairs: Vec::new(), fields: Vec::new() };
    loop {
        parser.skip_separators();
        if parser.eat_keyword("IN") {
            replace.fields = parser.names();
            if replace.fields.is_empty() {
                parser.missing("fields after `IN`", "name them, or leave `IN` out for all fields");
            }
            break;
        }
        match pair(parser) {
            Some(pair) => replace.pairs.push(pair),
            None => break,
        }
    }
    if replace.pairs.is_empty() {
        parser.missing("a pair", "write `replace old WITH new IN field`");
        return CommandKind::Broken;
    }
    parser.expect_end("write `replace old WITH new, other WITH another IN field`");
    CommandKind::Replace(replace)
}

fn pair(parser: &mut Parser<'_>) -> Option<(Spanned<String>, Spanned<String>)> {
    let old = parser.name()?;
    parser.skip_space();
    let has_with = parser.eat_keyword("WITH");
    parser.skip_space();
    let new = if has_with { parser.name() } else { None };
    let new = new.unwrap_or_else(|| {
        let message = format!("`{}` is replaced by nothing", old.value);
        let help = format!("write `\"{}\" WITH \"new\"`", old.value);
        let error = Diagnostic::error(Code::BadArgument, old.span, message);
        parser.report(error.label("expected `WITH` and a text after it").help(help));
        parser.at = parser.end;
        Spanned::new(String::new(), old.span)
    });
    Some((old, new))
}

pub(in crate::spl) fn print(out: &mut String, replace: &Replace) {
    for (index, (old, new)) in replace.pairs.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print_quoted(out, &old.value);
        out.push_str(" WITH ");
        print_quoted(out, &new.value);
    }
    if !replace.fields.is_empty() {
        out.push_str(" IN ");
        print_names(out, &replace.fields);
    }
}

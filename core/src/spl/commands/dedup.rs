//! `dedup [N] fields [options] [sortby [-|+]field, ...]`.

use std::fmt::Write as _;

use super::sort;
use crate::diag::Spanned;
use crate::spl::parser::Parser;
use crate::spl::print::{print_names, print_options};
use crate::spl::tree::{CommandKind, Dedup};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    parser.skip_separators();
    let limit = limit(parser);
    let mut dedup = Dedup { limit, fields: Vec::new(), sort_by: Vec::new(), options: Vec::new() };
    loop {
        parser.skip_separators();
        if let Some(option) = parser.option() {
            dedup.options.push(option);
        } else if parser.eat_keyword("sortby") {
            sort_by(parser, &mut dedup);
        } else if let Some(name) = parser.name() {
            dedup.fields.push(name);
        } else {
            break;
        }
    }
    parser.expect_end("write `dedup 1 host, user sortby -_time`");
    if dedup.fields.is_empty() {
        parser.missing("a field", "name the fields, such as `dedup host, user`");
        return CommandKind::Broken;
    }
    CommandKind::Dedup(dedup)
}

fn limit(parser: &mut Parser<'_>) -> Spanned<u64> {
    let number = sort::number(parser);
    let span = number.as_ref().map_or(parser.here(), |number| number.span);
    Spanned::new(number.and_then(|number| parser.count(&number)).unwrap_or(1), span)
}

fn sort_by(parser: &mut Parser<'_>, dedup: &mut Dedup) {
    let keys = sort::keys(parser, |parser| parser.is_option());
    if keys.is_empty() {
        parser.missing("the fields after `sortby`", "name them, or remove `sortby`");
    }
    dedup.sort_by.extend(keys);
}

pub(in crate::spl) fn print(out: &mut String, dedup: &Dedup) {
    let _ = write!(out, "{} ", dedup.limit.value);
    print_options(out, &dedup.options);
    print_names(out, &dedup.fields);
    if !dedup.sort_by.is_empty() {
        out.push_str(" sortby ");
        sort::print_keys(out, &dedup.sort_by);
    }
}

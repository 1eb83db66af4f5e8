//! `top [N] [options] fields [BY fields]` and `rare`.

use super::sort;
use crate::diag::Spanned;
use crate::spl::parser::Parser;
use crate::spl::print::{print_names, print_options};
use crate::spl::tree::{CommandKind, Top};

pub(super) fn parse(parser: &mut Parser<'_>, is_rare: bool) -> CommandKind {
    let mut top = Top { is_rare, fields: Vec::new(), by: Vec::new(), options: Vec::new() };
    parser.skip_separators();
    if let Some(number) = sort::number(parser) {
        top.options.push((Spanned::new("limit".to_owned(), number.span), number));
    }
    let mut is_by = false;
    loop {
        parser.skip_separators();
        if let Some(option) = parser.option() {
            top.options.push(option);
        } else if !is_by && parser.eat_keyword("BY") {
            is_by = true;
        } else if let Some(name) = parser.name() {
            if is_by { &mut top.by } else { &mut top.fields }.push(name);
        } else {
            break;
        }
    }
    let command = parser.command.clone();
    parser.expect_end(&format!("write `{command} 10 host BY user`"));
    if top.fields.is_empty() {
        parser.missing("a field", &format!("name the fields, such as `{command} host`"));
        return CommandKind::Broken;
    }
    if is_by && top.by.is_empty() {
        parser.missing("the fields after `BY`", "name them, or remove `BY`");
    }
    CommandKind::Top(top)
}

pub(in crate::spl) fn print(out: &mut String, top: &Top) {
    print_options(out, &top.options);
    print_names(out, &top.fields);
    if !top.by.is_empty() {
        out.push_str(" BY ");
        print_names(out, &top.by);
    }
}

//! `return [N] [field | name=field | $field]...`.

use std::fmt::Write as _;

use crate::diag::Spanned;
use crate::spl::parser::Parser;
use crate::spl::print::print_name;
use crate::spl::tree::{CommandKind, Return, Returned};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (mut count, mut items) = (1, Vec::new());
    loop {
        parser.skip_separators();
        if let Some((name, field)) = parser.option() {
            items.push(Returned::Named { name, field });
            continue;
        }
        let is_bare = parser.eat('$');
        let Some(name) = parser.name() else { break };
        match name.value.parse() {
            Ok(number) if items.is_empty() && !is_bare => count = number,
            _ if is_bare => items.push(Returned::Value(name)),
            _ => items.push(Returned::Field(name)),
        }
    }
    if items.is_empty() {
        parser.missing("a field", "name what the subsearch gives, such as `return user`");
        return CommandKind::Broken;
    }
    CommandKind::Return(Return { count, items })
}

pub(in crate::spl) fn print(out: &mut String, returned: &Return) {
    let _ = write!(out, "{}", returned.count);
    let put = |out: &mut String, before: &str, name: &Spanned<String>| {
        out.push_str(before);
        print_name(out, &name.value);
    };
    for item in &returned.items {
        match item {
            Returned::Field(field) => put(out, " ", field),
            Returned::Value(field) => put(out, " $", field),
            Returned::Named { name, field } => {
                put(out, " ", name);
                put(out, "=", field);
            }
        }
    }
}

//! `rex [field=f] [max_match=n] [offset_field=f] "re"`, `rex [field=f] mode=sed "s/re/text/flags"`.
//!
//! A pattern in two pieces with space between them is not read as one: what follows the pattern must be an option.

use std::fmt::Write as _;

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::parser::Parser;
use crate::spl::print::{print_name, print_pattern};
use crate::spl::tree::{CommandKind, Rex, RexMode};

const OPTIONS: &[&str] = &["field", "max_match", "offset_field", "mode"];

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (mut field, mut max_match, mut offset_field, mut mode) = (None, 1, None, RexMode::Extract);
    let mut pattern = None;
    loop {
        parser.skip_separators();
        if let Some((name, value)) = option(parser) {
            match name.value.to_ascii_lowercase().as_str() {
                "field" => field = Some(value),
                "max_match" => max_match = parser.count(&value).unwrap_or(max_match),
                "offset_field" => offset_field = Some(value),
                _ if value.value.eq_ignore_ascii_case("sed") => mode = RexMode::Sed,
                _ => parser.report(unknown_mode(&value)),
            }
        } else if pattern.is_none() && parser.peek().is_some() {
            pattern = parser.pattern();
        } else {
            break;
        }
    }
    let Some(pattern) = pattern else {
        parser.missing("a pattern", "write one, such as `rex \"user=(?<user>\\w+)\"`");
        return CommandKind::Broken;
    };
    parser.expect_end("put the whole pattern into one pair of double quotes");
    CommandKind::Rex(Rex { field, max_match, offset_field, mode, pattern })
}

/// Reads one of the options of `rex`; a pattern may begin like any other.
fn option(parser: &mut Parser<'_>) -> Option<(Spanned<String>, Spanned<String>)> {
    let name = parser.rest().split(|c: char| c.is_whitespace() || c == '=').next()?;
    let is_known = OPTIONS.iter().any(|known| name.eq_ignore_ascii_case(known));
    is_known.then(|| parser.option())?
}

fn unknown_mode(value: &Spanned<String>) -> Diagnostic {
    let message = format!("`rex` has no mode `{}`", value.value);
    Diagnostic::error(Code::BadArgument, value.span, message)
        .label("expected `sed`")
        .help("write `mode=sed`, or remove the option")
}

pub(in crate::spl) fn print(out: &mut String, rex: &Rex) {
    let option = |out: &mut String, name: &str, value: &str| {
        out.push_str(name);
        print_name(out, value);
        out.push(' ');
    };
    if let Some(field) = &rex.field {
        option(out, "field=", &field.value);
    }
    if let Some(field) = &rex.offset_field {
        option(out, "offset_field=", &field.value);
    }
    if rex.mode == RexMode::Sed {
        out.push_str("mode=sed ");
    }
    if rex.max_match != 1 {
        let _ = write!(out, "max_match={} ", rex.max_match);
    }
    print_pattern(out, &rex.pattern);
}

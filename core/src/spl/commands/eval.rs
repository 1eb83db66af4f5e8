//! `eval a=expr, b=expr`.

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::args::{Escapes, unescape};
use crate::spl::lexer::field_quote_end;
use crate::spl::parser::Parser;
use crate::spl::tree::{Assignment, CommandKind};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut assignments = Vec::new();
    parser.skip_separators();
    if parser.peek().is_none() {
        parser.missing("an assignment", "write one, such as `eval total=a+b`");
        return CommandKind::Broken;
    }
    while parser.peek().is_some() {
        let Some(field) = target(parser) else { return CommandKind::Broken };
        let value = parser.expression();
        assignments.push(Assignment { field, value });
        end_of_assignment(parser);
    }
    CommandKind::Eval(assignments)
}

/// Reads `field=`. Without it nothing tells where the next assignment begins, so the rest is skipped.
fn target(parser: &mut Parser<'_>) -> Option<Spanned<String>> {
    let field = name(parser);
    parser.skip_space();
    let is_assignment = parser.rest().starts_with('=') && !parser.rest().starts_with("==");
    if is_assignment && !field.value.is_empty() {
        parser.bump();
        return Some(field);
    }
    let span = if field.value.is_empty() { parser.word_ahead() } else { field.span };
    let message = format!("`{}` is assigned nothing", span.text(parser.text));
    let error = Diagnostic::error(Code::BadArgument, span, message);
    parser.report(error.label("expected `field=expression`").help("write `eval field=expression`"));
    parser.at = parser.end;
    None
}

fn name(parser: &mut Parser<'_>) -> Spanned<String> {
    let start = parser.at;
    if let Some(end) = quoted_field_end(parser) {
        parser.at = end;
        let name = parser.text[start + 1..end - 1].to_owned();
        return Spanned::new(name, parser.since(start));
    }
    if parser.peek() == Some('"') {
        let name = unescape(parser.quoted(), Escapes::Pipe);
        return Spanned::new(name, parser.since(start));
    }
    parser.take_while(|c| !c.is_whitespace() && !"=,\"'()[]".contains(c))
}

fn quoted_field_end(parser: &Parser<'_>) -> Option<usize> {
    let is_quoted = parser.peek() == Some('\'');
    let end = is_quoted.then(|| field_quote_end(parser.text, parser.at)).flatten();
    end.filter(|&end| end <= parser.end)
}

/// Goes past the comma, and past whatever cannot belong to the assignment before it.
fn end_of_assignment(parser: &mut Parser<'_>) {
    parser.end_of_expression();
    parser.skip_separators();
}

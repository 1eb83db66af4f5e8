//! `streamstats [options] function(argument) [AS name], ... [BY fields]`.
//!
//! `reset_before` and `reset_after` hold an expression. The manual writes it `"(" expr ")"`, so it is also read in quotes.

use super::stats;
use crate::diag::Span;
use crate::spl::args::{Escapes, unescape};
use crate::spl::expr::Power;
use crate::spl::lexer::quote_end;
use crate::spl::parser::Parser;
use crate::spl::print::{print_expr, print_stats};
use crate::spl::tree::{CommandKind, Expr, ExprKind, Streamstats};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (mut reset_before, mut reset_after) = (None, None);
    let stats = stats::aggregates(parser, |parser| {
        for (name, reset) in
            [("reset_before", &mut reset_before), ("reset_after", &mut reset_after)]
        {
            if parser.is_option() && parser.is_keyword(name) {
                *reset = Some(condition(parser));
                return true;
            }
        }
        false
    });
    stats.map_or(CommandKind::Broken, |stats| {
        CommandKind::Streamstats(Streamstats { stats, reset_before, reset_after })
    })
}

/// Reads `name=` and the expression behind it.
fn condition(parser: &mut Parser<'_>) -> Expr {
    parser.take_while(|c| c != '=');
    parser.bump();
    parser.skip_space();
    let start = parser.at;
    if parser.rest().starts_with("\"(\"") {
        return between_quoted_parentheses(parser);
    }
    match parser.peek() {
        Some('(') => {
            let inside = parser.parenthesised();
            let text = inside.text(parser.text).trim();
            let is_quoted = text.starts_with('"') && quote_end(text, 0) == Some(text.len());
            if is_quoted { of_text(parser, text, inside) } else { of_span(parser, inside) }
        }
        Some('"') => {
            parser.quoted();
            let span = parser.since(start);
            of_text(parser, span.text(parser.text), span)
        }
        _ => {
            parser.missing("a condition", "write it in parentheses, such as `reset_after=(n>3)`");
            Expr { kind: ExprKind::Broken, span: parser.here() }
        }
    }
}

/// Reads `"(" expr ")"`. The quotes of a text in there may be written with backslashes.
fn between_quoted_parentheses(parser: &mut Parser<'_>) -> Expr {
    const OPENING: &str = "\"(\"";
    const CLOSING: &str = "\")\"";
    let open = parser.at + 1;
    parser.at += OPENING.len();
    let (start, mut is_escaped) = (parser.at, false);
    while parser.at < parser.end && !parser.rest().starts_with(CLOSING) {
        match parser.peek() {
            Some('"') => _ = parser.quoted(),
            Some('\\') if parser.rest().starts_with("\\\"") => {
                is_escaped = true;
                parser.at += "\\\"".len();
            }
            _ => parser.bump(),
        }
    }
    let inside = Span::new(start, parser.at);
    let expr = match is_escaped {
        true => of_escaped(parser, inside.text(parser.text), inside),
        false => of_span(parser, inside),
    };
    match parser.rest().starts_with(CLOSING) {
        true => parser.at += CLOSING.len(),
        false => parser.expect_closing(open),
    }
    expr
}

fn of_span(parser: &mut Parser<'_>, span: Span) -> Expr {
    let command = parser.command.clone();
    parser.within(span, |parser| {
        parser.command = command;
        parser.whole_expression()
    })
}

/// The expression that a quoted text holds. Where that has escapes, all of it stands at `span`.
fn of_text(parser: &mut Parser<'_>, quoted: &str, span: Span) -> Expr {
    let inner = quoted[1..].strip_suffix('"').unwrap_or(&quoted[1..]);
    if !inner.contains('\\') {
        let start = span.start + span.text(parser.text).find(quoted).unwrap_or(0) + 1;
        return of_span(parser, Span::new(start, start + inner.len()));
    }
    of_escaped(parser, inner, span)
}

fn of_escaped(parser: &mut Parser<'_>, escaped: &str, span: Span) -> Expr {
    let text = unescape(escaped, Escapes::Pipe);
    let mut inner = Parser::new(&text);
    inner.command.clone_from(&parser.command);
    let mut expr = inner.whole_expression();
    let found = std::mem::take(&mut inner.diagnostics);
    found.into_iter().for_each(|diagnostic| parser.report(diagnostic.map_spans(|_| span)));
    expr.move_to(span);
    expr
}

pub(in crate::spl) fn print(out: &mut String, streamstats: &Streamstats) {
    let Streamstats { stats, reset_before, reset_after } = streamstats;
    for (name, condition) in [("reset_before", reset_before), ("reset_after", reset_after)] {
        if let Some(condition) = condition {
            out.push_str(name);
            out.push_str("=(");
            print_expr(out, condition, Power::Any);
            out.push_str(") ");
        }
    }
    print_stats(out, stats);
}

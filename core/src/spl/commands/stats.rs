//! `stats function(argument) [AS name], ... [BY fields]`, and the same of `eventstats`.

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::args::unquote;
use crate::spl::parser::{Parser, is_word};
use crate::spl::tree::{Aggregate, AggregateArgument, CommandKind, Stats};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    aggregates(parser, |_| false).map_or(CommandKind::Broken, CommandKind::Stats)
}

pub(super) fn parse_eventstats(parser: &mut Parser<'_>) -> CommandKind {
    aggregates(parser, |_| false).map_or(CommandKind::Broken, CommandKind::Eventstats)
}

/// Reads the aggregates, BY fields and options up to the end of the command; `None` where no aggregate is. `special` reads what
/// else may stand between them, and tells whether it did.
pub(super) fn aggregates(
    parser: &mut Parser<'_>,
    mut special: impl FnMut(&mut Parser<'_>) -> bool,
) -> Option<Stats> {
    let mut stats = Stats { aggregates: Vec::new(), by: Vec::new(), options: Vec::new() };
    loop {
        parser.skip_separators();
        if parser.eat_keyword("BY") {
            by(parser, &mut stats, special);
            break;
        }
        if special(parser) {
            continue;
        }
        if let Some(option) = parser.option() {
            stats.options.push(option);
        } else if parser.peek().is_some_and(is_word) {
            stats.aggregates.push(aggregate(parser));
        } else {
            break;
        }
    }
    let command = parser.command.clone();
    parser.expect_end(&format!("write `{command} function(field) AS name BY fields`"));
    if stats.aggregates.is_empty() {
        parser.missing("an aggregate", &format!("write one, such as `{command} count BY host`"));
        return None;
    }
    Some(stats)
}

/// Reads the fields after BY, and the options that may follow them.
fn by(
    parser: &mut Parser<'_>,
    stats: &mut Stats,
    mut special: impl FnMut(&mut Parser<'_>) -> bool,
) {
    loop {
        parser.skip_separators();
        if special(parser) {
            continue;
        }
        if let Some(option) = parser.option() {
            stats.options.push(option);
        } else if let Some(name) = parser.name() {
            stats.by.push(name);
        } else {
            break;
        }
    }
    if stats.by.is_empty() {
        parser.missing("the fields after `BY`", "name them, or remove `BY`");
    }
}

fn aggregate(parser: &mut Parser<'_>) -> Aggregate {
    let start = parser.at;
    // The point is that of `perc99.9`.
    let function = parser.take_while(|c| is_word(c) || c == '.');
    let argument = argument(parser, function.value.eq_ignore_ascii_case("eval"));
    let text = parser.since(start).text(parser.text).to_owned();
    let before_alias = parser.at;
    parser.skip_space();
    let alias = if parser.eat_keyword("AS") {
        parser.skip_space();
        parser.name().or_else(|| {
            parser.missing("the new name", "write it after `AS`");
            None
        })
    } else {
        parser.at = before_alias;
        None
    };
    Aggregate { function, argument, alias, text, span: parser.since(start) }
}

/// Reads what stands in parentheses, if they stand here; `of_eval` says that they are those of `eval`.
fn argument(parser: &mut Parser<'_>, of_eval: bool) -> AggregateArgument {
    let before_space = parser.at;
    parser.skip_space();
    if parser.peek() != Some('(') {
        parser.at = before_space;
        return AggregateArgument::None;
    }
    if of_eval {
        return computed(parser);
    }
    if let Some(expr) = eval(parser) {
        return expr;
    }
    let inside = parser.parenthesised();
    let text = inside.text(parser.text);
    let start = inside.end - text.trim_start().len();
    let text = text.trim();
    if text.is_empty() {
        return AggregateArgument::None;
    }
    let span = crate::diag::Span::new(start, start + text.len());
    if !text.starts_with('"') && text.contains(|c: char| c.is_whitespace() || c == '(') {
        let message = format!("`{text}` is no field");
        let error = Diagnostic::error(Code::BadArgument, span, message);
        let help = format!("an expression is written `eval({text})`, a name with spaces in quotes");
        parser.report(error.label("expected one field").help(help));
    }
    AggregateArgument::Field(Spanned::new(unquote(text), span))
}

/// Reads `(expr)`.
fn computed(parser: &mut Parser<'_>) -> AggregateArgument {
    let open = parser.at;
    parser.bump();
    let expr = parser.expression();
    parser.expect_closing(open);
    AggregateArgument::Eval(expr)
}

/// Reads `(eval(expr))`, if it stands here.
fn eval(parser: &mut Parser<'_>) -> Option<AggregateArgument> {
    let open = parser.at;
    parser.bump();
    parser.skip_space();
    let inner = parser.eat_keyword("eval").then(|| {
        parser.skip_space();
        parser.at
    });
    let Some(inner) = inner.filter(|_| parser.eat('(')) else {
        parser.at = open;
        return None;
    };
    let expr = parser.expression();
    parser.expect_closing(inner);
    parser.expect_closing(open);
    Some(AggregateArgument::Eval(expr))
}

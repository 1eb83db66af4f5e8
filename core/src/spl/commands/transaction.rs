//! `transaction [fields] [options] [startswith=border] [endswith=border]`.
//!
//! A border is `eval(expr)`, or a search in parentheses or in quotes; quoted words alone are a phrase.

use crate::diag::{Span, Spanned};
use crate::spl::args::{Escapes, unescape};
use crate::spl::expr::Power;
use crate::spl::parser::Parser;
use crate::spl::print::{Tightness, print_expr, print_names, print_options, print_search};
use crate::spl::tree::{Border, CommandKind, RawKind, RawTerm, Search, Transaction};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut transaction =
        Transaction { fields: Vec::new(), starts_with: None, ends_with: None, options: Vec::new() };
    loop {
        parser.skip_separators();
        if parser.is_option() && parser.is_keyword("startswith") {
            transaction.starts_with = border(parser);
        } else if parser.is_option() && parser.is_keyword("endswith") {
            transaction.ends_with = border(parser);
        } else if parser.is_option() && parser.is_keyword("fields") {
            transaction.fields.extend(fields_option(parser));
        } else if let Some(option) = parser.option() {
            transaction.options.push(option);
        } else if let Some(name) = parser.name() {
            transaction.fields.push(name);
        } else {
            parser.expect_end("write `transaction host maxspan=5m`");
            return CommandKind::Transaction(transaction);
        }
    }
}

/// Reads `fields=a,b` or `fields="a, b"`.
fn fields_option(parser: &mut Parser<'_>) -> Vec<Spanned<String>> {
    let Some((_, value)) = parser.option() else { return Vec::new() };
    let is_separator = |c: char| c.is_whitespace() || c == ',';
    let names = value.value.split(is_separator).filter(|name| !name.is_empty());
    names.map(|name| Spanned::new(name.to_owned(), value.span)).collect()
}

/// Reads `name=` and the border behind it.
fn border(parser: &mut Parser<'_>) -> Option<Border> {
    parser.take_while(|c| c != '=');
    parser.bump();
    parser.skip_space();
    if parser.is_keyword("eval") {
        parser.eat_keyword("eval");
        parser.skip_space();
        if parser.peek() == Some('(') {
            let inside = parser.parenthesised();
            return Some(Border::Eval(read(parser, inside, Parser::whole_expression)));
        }
    }
    match parser.peek() {
        Some('(') => {
            let inside = parser.parenthesised();
            Some(Border::Search(read(parser, inside, Parser::search)))
        }
        Some('"') => {
            let start = parser.at;
            parser.quoted();
            Some(Border::Search(quoted(parser, Span::new(start, parser.at))))
        }
        _ => match parser.word() {
            Some(word) => Some(Border::Search(read(parser, word.span, Parser::search))),
            None => {
                parser.missing("a condition", "write it in quotes, such as `startswith=\"login\"`");
                None
            }
        },
    }
}

/// Reads `span` of the text.
fn read<'t, T>(parser: &mut Parser<'t>, span: Span, read: impl FnOnce(&mut Parser<'t>) -> T) -> T {
    let command = parser.command.clone();
    parser.within(span, |parser| {
        parser.command = command;
        read(parser)
    })
}

/// The search that quotes hold; `span` is that of the quotes. Where it has escapes, all of it stands there.
fn quoted(parser: &mut Parser<'_>, span: Span) -> Search {
    let text = span.text(parser.text);
    let inner = text[1..].strip_suffix('"').unwrap_or(&text[1..]);
    let text = unescape(inner, Escapes::Pipe);
    if !is_search(&text) {
        return Search::Raw(RawTerm { kind: RawKind::Phrase, text, span });
    }
    if text == inner {
        return read(
            parser,
            Span::new(span.start + 1, span.start + 1 + inner.len()),
            Parser::search,
        );
    }
    let mut inner = Parser::new(&text);
    inner.command.clone_from(&parser.command);
    let mut search = inner.search();
    let found = std::mem::take(&mut inner.diagnostics);
    found.into_iter().for_each(|diagnostic| parser.report(diagnostic.map_spans(|_| span)));
    move_to(&mut search, span);
    search
}

/// Whether a quoted text is more than words.
fn is_search(text: &str) -> bool {
    let is_operator = |word: &str| matches!(word, "AND" | "OR" | "NOT");
    text.contains(['=', '<', '>', '"']) || text.split_whitespace().any(is_operator)
}

fn move_to(search: &mut Search, to: Span) {
    match search {
        Search::All(span) => *span = to,
        Search::And(terms) | Search::Or(terms) => {
            terms.iter_mut().for_each(|term| move_to(term, to));
        }
        Search::Not(term, span) => {
            *span = to;
            move_to(term, to);
        }
        Search::Raw(term) => term.span = to,
        Search::Compare(comparison) => {
            (comparison.span, comparison.field.span, comparison.value.span) = (to, to, to);
        }
        Search::In { field, values, span } => {
            (*span, field.span) = (to, to);
            values.iter_mut().for_each(|value| value.span = to);
        }
        Search::TimeModifier { name, value } => (name.span, value.span) = (to, to),
        // What is in it cannot run anyway.
        Search::Subsearch(pipeline) => {
            pipeline.span = to;
            pipeline.commands.clear();
        }
    }
}

pub(in crate::spl) fn print(out: &mut String, transaction: &Transaction) {
    let Transaction { fields, starts_with, ends_with, options } = transaction;
    if !fields.is_empty() {
        print_names(out, fields);
        out.push(' ');
    }
    print_options(out, options);
    for (name, border) in [("startswith", starts_with), ("endswith", ends_with)] {
        let Some(border) = border else { continue };
        out.push_str(name);
        match border {
            Border::Search(search) => {
                out.push_str("=(");
                print_search(out, search, Tightness::Conjunction);
            }
            Border::Eval(expr) => {
                out.push_str("=eval(");
                print_expr(out, expr, Power::Any);
            }
        }
        out.push_str(") ");
    }
}

//! `sort [N] [-|+]field, ... [desc]`.
//!
//! A sign that touches a field is that field's own. One that stands alone is also that of the fields behind it, up to the next.

use std::fmt::Write as _;

use crate::diag::{Span, Spanned};
use crate::spl::args::{Argument, Quoting};
use crate::spl::parser::Parser;
use crate::spl::print::print_name;
use crate::spl::tree::{CommandKind, Sort, SortKey, SortKind};

/// What Splunk takes where no number is written.
const DEFAULT_LIMIT: u64 = 10_000;

/// How each way to compare is written, but for the usual one.
const KINDS: &[(&str, SortKind)] = &[
    ("auto", SortKind::Auto),
    ("num", SortKind::Number),
    ("str", SortKind::Text),
    ("ip", SortKind::Address),
];

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let limit = limit(parser);
    let mut keys = keys(parser, |_| false);
    if ends_with_desc(&mut keys) {
        keys.iter_mut().for_each(|key| key.descending = !key.descending);
    }
    parser.expect_end("write `sort 0 -count, host`");
    if keys.is_empty() {
        parser.missing("a field", "name the fields, such as `sort -count, host`");
        return CommandKind::Broken;
    }
    CommandKind::Sort(Sort { limit, keys })
}

/// Reads `N` or `limit=N`.
fn limit(parser: &mut Parser<'_>) -> u64 {
    parser.skip_separators();
    let number = match parser.is_option() && parser.is_keyword("limit") {
        true => parser.option().map(|(_, value)| value),
        false => number(parser),
    };
    number.and_then(|number| parser.count(&number)).unwrap_or(DEFAULT_LIMIT)
}

/// Reads a word of digits, if one stands here.
pub(super) fn number(parser: &mut Parser<'_>) -> Option<Spanned<String>> {
    let rest = parser.rest();
    let word = rest.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or(rest);
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { parser.name() } else { None }
}

/// Reads fields with their signs, up to where `ends` holds.
pub(super) fn keys(
    parser: &mut Parser<'_>,
    ends: impl Fn(&mut Parser<'_>) -> bool,
) -> Vec<SortKey> {
    let (mut keys, mut is_descending) = (Vec::new(), false);
    loop {
        parser.skip_separators();
        if ends(parser) {
            return keys;
        }
        let Some(word) = parser.word() else { return keys };
        match (word.quoting, word.text.as_str()) {
            (Quoting::Bare, "-") => is_descending = true,
            (Quoting::Bare, "+") => is_descending = false,
            _ => keys.push(key(word, is_descending)),
        }
    }
}

fn key(word: Argument, is_descending: bool) -> SortKey {
    let Argument { text, span, quoting, .. } = word;
    if quoting == Quoting::Whole {
        let field = Spanned::new(text, span);
        return SortKey { field, kind: SortKind::Auto, descending: is_descending };
    }
    let (descending, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => match text.strip_prefix('+') {
            Some(text) => (false, text),
            None => (is_descending, text.as_str()),
        },
    };
    let (kind, field) = kind(text);
    SortKey { field: Spanned::new(field.to_owned(), span), kind, descending }
}

/// What `num(f)` and its like say.
fn kind(text: &str) -> (SortKind, &str) {
    let called = KINDS.iter().find_map(|&(name, kind)| {
        let field = text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
        Some((kind, field))
    });
    called.unwrap_or((SortKind::Auto, text))
}

/// Takes a last `desc` or `d` off; alone it is a field.
fn ends_with_desc(keys: &mut Vec<SortKey>) -> bool {
    let is_word = |key: &SortKey| {
        let Span { start, end } = key.field.span;
        let is_bare = end - start == key.field.value.len() && key.kind == SortKind::Auto;
        is_bare && matches!(key.field.value.as_str(), "desc" | "d")
    };
    let found = keys.len() > 1 && keys.last().is_some_and(is_word);
    if found {
        keys.pop();
    }
    found
}

pub(in crate::spl) fn print(out: &mut String, sort: &Sort) {
    let _ = write!(out, "{} ", sort.limit);
    print_keys(out, &sort.keys);
}

/// Every field behind a sign of its own, so that none is read as anything else.
pub(super) fn print_keys(out: &mut String, keys: &[SortKey]) {
    for (index, SortKey { field, kind, descending }) in keys.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        out.push_str(if *descending { "- " } else { "+ " });
        let called = KINDS.iter().find(|(_, known)| known == kind && *kind != SortKind::Auto);
        match called {
            Some((name, _)) => {
                let _ = write!(out, "{name}(");
                print_name(out, &field.value);
                out.push(')');
            }
            None => print_plain(out, &field.value),
        }
    }
}

/// Prints a name so that it is read neither as `desc` nor as a function.
fn print_plain(out: &mut String, name: &str) {
    if matches!(name, "desc" | "d") {
        let _ = write!(out, "\"{name}\"");
    } else {
        print_name(out, name);
    }
}

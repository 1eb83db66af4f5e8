//! `transaction` to its stage.

use super::{Lowering, options, search};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    spl::tree::{self, Transaction},
    stage::{
        bin::Span,
        transaction::{self, Border, Lists},
    },
};

const OPTIONS: &str = "`connected`, `delim`, `endswith`, `fields`, `keepevicted`, `keeporphans`, `maxevents`, `maxopenevents`, \
                       `maxopentxn`, `maxpause`, `maxspan`, `mvlist`, `mvraw`, `nullstr`, `startswith` and `unifyends`";

/// The stage of `transaction`.
pub(super) fn lower(tree: &Transaction, lowering: &mut Lowering<'_>) -> transaction::Transaction {
    let fields = tree.fields.iter().map(|name| lowering.names.intern(&name.value)).collect();
    let mut stage = transaction::Transaction {
        fields,
        starts_with: tree.starts_with.as_ref().map(|it| border(it, lowering)),
        ends_with: tree.ends_with.as_ref().map(|it| border(it, lowering)),
        ..transaction::Transaction::new(lowering.names)
    };
    for (name, value) in &tree.options {
        option(&mut stage, name, value, lowering);
    }
    stage
}

fn border(border: &tree::Border, lowering: &mut Lowering<'_>) -> Border {
    match border {
        tree::Border::Search(tree) => Border::Search(search::lower(tree, lowering)),
        tree::Border::Eval(expr) => Border::Eval(lowering.predicate(expr)),
    }
}

fn option(
    stage: &mut transaction::Transaction,
    name: &Spanned<String>,
    value: &Spanned<String>,
    lowering: &mut Lowering<'_>,
) {
    match name.value.to_ascii_lowercase().as_str() {
        "connected" => stage.is_connected = options::switch(name, value, lowering),
        "unifyends" => stage.unifies_ends = options::switch(name, value, lowering),
        "keepevicted" => stage.keeps_evicted = options::switch(name, value, lowering),
        "keeporphans" => stage.keeps_orphans = options::switch(name, value, lowering),
        "mvraw" => stage.lists_raw = options::switch(name, value, lowering),
        "mvlist" => stage.lists = lists(value, lowering),
        "nullstr" => stage.null_text = value.value.as_bytes().into(),
        // It only says how a multivalue is shown in one line, which caltrop never does.
        "delim" => {}
        "maxspan" => stage.max_span_ns = length(value, lowering),
        "maxpause" => stage.max_pause_ns = length(value, lowering),
        "maxevents" => stage.max_events = count(value, lowering),
        "maxopentxn" => stage.max_open = count(value, lowering).unwrap_or(usize::MAX),
        "maxopenevents" => stage.max_open_events = count(value, lowering).unwrap_or(usize::MAX),
        _ => options::refuse(name, "transaction", OPTIONS, lowering),
    }
}

/// `mvlist=t`, or the fields that are listed.
fn lists(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Lists {
    match value.value.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" | "yes" => Lists::All,
        "f" | "false" | "0" | "no" => Lists::None,
        _ => {
            let is_separator = |c: char| c.is_whitespace() || c == ',';
            let names = value.value.split(is_separator).filter(|name| !name.is_empty());
            Lists::Of(names.map(|name| lowering.names.intern(name)).collect())
        }
    }
}

/// A length of time; a negative one is no bound.
fn length(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<i64> {
    if value.value.starts_with('-') {
        return None;
    }
    match Span::parse(&value.value, true) {
        Ok(span) => Some(span.length_ns()),
        // Events of one moment.
        Err(_) if value.value.trim_end_matches(char::is_alphabetic) == "0" => Some(0),
        Err(message) => {
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, message).label("not a span"),
            );
            None
        }
    }
}

/// A number above zero; a negative one is no bound.
fn count(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<usize> {
    if value.value.starts_with('-') {
        return None;
    }
    let count = value.value.parse().ok().filter(|&count| count > 0);
    if count.is_none() {
        let message = format!("`{}` is no number of events", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label("expected a number above zero")
                .help("write a whole number, or -1 for no bound"),
        );
    }
    count
}

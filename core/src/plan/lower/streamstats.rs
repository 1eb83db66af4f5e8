//! `streamstats` to its stage.

use super::{Lowering, options, stats};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    spl::tree::{Command, Streamstats},
    stage::{
        bin::Span,
        stats::Stats,
        streamstats::{self, MAX_WINDOW_ROWS, Window},
    },
};

/// The stage of `streamstats`.
pub(super) fn lower(
    tree: &Streamstats,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> streamstats::Streamstats {
    let mut stats = stats::lower_aggregates(&tree.stats, command, lowering);
    let mut stage = streamstats::Streamstats {
        order: Box::default(),
        plain: Stats { aggregates: Box::default(), ..stats.clone() },
        costly: Stats { aggregates: Box::default(), ..stats.clone() },
        window: Window::default(),
        includes_current: true,
        resets_on_change: false,
        reset_before: tree.reset_before.as_ref().map(|expr| lowering.predicate(expr)),
        reset_after: tree.reset_after.as_ref().map(|expr| lowering.predicate(expr)),
    };
    for (name, value) in &tree.stats.options {
        match name.value.to_ascii_lowercase().as_str() {
            "allnum" => stats.all_numeric = options::switch(name, value, lowering),
            "current" => stage.includes_current = options::switch(name, value, lowering),
            "global" => stage.window.of_each_group = !options::switch(name, value, lowering),
            "reset_on_change" => stage.resets_on_change = options::switch(name, value, lowering),
            "window" => stage.window.rows = rows(value, lowering),
            "time_window" => stage.window.time_ns = time_ns(value, lowering),
            _ => options::refuse(
                name,
                "streamstats",
                "`allnum`, `current`, `global`, `reset_after`, `reset_before`, `reset_on_change`, `time_window` \
                 and `window`",
                lowering,
            ),
        }
    }
    stage.with_aggregates(stats)
}

/// How many rows a window holds; zero is no window.
fn rows(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<usize> {
    match value.value.parse() {
        Ok(0) => None,
        Ok(rows @ 1..=MAX_WINDOW_ROWS) => Some(rows),
        _ => {
            let message = format!("`{}` is no window", value.value);
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, message)
                    .label(format!("expected a number of rows up to {MAX_WINDOW_ROWS}"))
                    .help("write `window=0`, or leave it out, for all rows"),
            );
            None
        }
    }
}

/// How long a window is.
fn time_ns(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<i64> {
    match Span::parse(&value.value, true) {
        Ok(span) => Some(span.length_ns()),
        Err(message) => {
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, message).label("not a span"),
            );
            None
        }
    }
}

//! `append`, `appendpipe` and `join` to their stages.
//!
//! A subpipeline that begins with a table or makes its rows runs when the window closes. One that searches events becomes a
//! branch of the rule: it sees the events of the same window, whatever times it asks for.

use super::{
    Lowering,
    options::{refuse, row_count, switch},
    subsearch::is_generated,
};
use crate::{
    compiled::Purpose,
    diag::{Code, Diagnostic, Spanned},
    spl::tree::{Bracketed, Pipeline},
    stage::{
        Stage,
        append::{Append, AppendPipe, Source},
        join::{Join, Kind},
    },
};

/// So many rows of a pipeline over events count, as in Splunk.
const MOST_ROWS: usize = 50_000;

/// The stage of `appendpipe`.
pub(super) fn appendpipe(tree: &Bracketed, lowering: &mut Lowering<'_>) -> Option<AppendPipe> {
    let options =
        tree.options.iter().filter(|(name, _)| !name.value.eq_ignore_ascii_case("run_in_preview"));
    options.for_each(|(name, _)| refuse(name, "appendpipe", "run_in_preview", lowering));
    no_names(&tree.names, "appendpipe", lowering);
    Some(AppendPipe { stages: stages(&tree.pipeline, 1, lowering)? })
}

/// The stage of `append`.
pub(super) fn append(tree: &Bracketed, lowering: &mut Lowering<'_>) -> Option<Append> {
    let (mut most, mut most_rows) = (usize::MAX, MOST_ROWS);
    for (name, value) in &tree.options {
        match name.value.to_ascii_lowercase().as_str() {
            "maxout" => {
                most = row_count(name, value, lowering);
                most_rows = most;
            }
            _ => refuse(name, "append", "maxout", lowering),
        }
    }
    no_names(&tree.names, "append", lowering);
    Some(Append { source: source(&tree.pipeline, most_rows, lowering)?, most })
}

/// The stage of `join`.
pub(super) fn join(tree: &Bracketed, lowering: &mut Lowering<'_>) -> Option<Join> {
    let (mut kind, mut most, mut overwrites) = (Kind::Inner, 1, true);
    for (name, value) in &tree.options {
        match name.value.to_ascii_lowercase().as_str() {
            "type" => kind = kind_of(value, lowering),
            "max" => most = row_count(name, value, lowering),
            "overwrite" => overwrites = switch(name, value, lowering),
            "usetime" if !switch(name, value, lowering) => {}
            _ => refuse(name, "join", "type, max, overwrite", lowering),
        }
    }
    let keys = tree.names.iter().map(|name| lowering.names.intern(&name.value)).collect();
    let most = if most == 0 { usize::MAX } else { most };
    let source = source(&tree.pipeline, MOST_ROWS, lowering)?;
    Some(Join { keys, kind, most, overwrites, source })
}

fn kind_of(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Kind {
    match value.value.to_ascii_lowercase().as_str() {
        "inner" => Kind::Inner,
        "left" | "outer" => Kind::Left,
        _ => {
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, "no such type of `join`")
                    .label("expected `inner`, `left` or `outer`")
                    .help("write `type=left` to keep the rows that find no partner"),
            );
            Kind::Inner
        }
    }
}

fn no_names(names: &[Spanned<String>], command: &str, lowering: &mut Lowering<'_>) {
    for name in names {
        let message = format!("unexpected `{}` in `{command}`", name.value);
        lowering.report(
            Diagnostic::error(Code::UnexpectedToken, name.span, message)
                .label("expected a pipeline in brackets")
                .help("remove it"),
        );
    }
}

/// Where the rows of a pipeline come from; `None` once it was reported why there are none.
fn source(pipeline: &Pipeline, most_rows: usize, lowering: &mut Lowering<'_>) -> Option<Source> {
    match is_generated(pipeline) {
        true => generated(pipeline, lowering).map(Source::Generated),
        false => {
            let branch = super::branch(pipeline, Purpose::Rows, most_rows, lowering);
            Some(Source::Branch(branch))
        }
    }
}

/// The stages of a pipeline that makes its rows out of no event; `None` once it was reported why there are none.
pub(in crate::plan) fn generated(
    pipeline: &Pipeline,
    lowering: &mut Lowering<'_>,
) -> Option<Box<[Stage]>> {
    stages(pipeline, 0, lowering)
}

fn stages(pipeline: &Pipeline, first: usize, lowering: &mut Lowering<'_>) -> Option<Box<[Stage]>> {
    let commands = pipeline.commands.iter().zip(first..);
    let stages: Vec<Option<Stage>> =
        commands.map(|(command, index)| super::stage(index, command, lowering)).collect();
    stages.into_iter().collect()
}

//! `append`, `appendpipe` and `join` to their stages.
//!
//! A subpipeline that searches events would have to see those of the same window. It does not yet, and is refused; one that
//! begins with a table or makes its rows runs when the window closes.

use super::{
    Lowering,
    options::{refuse, row_count, switch},
};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    spl::tree::{Bracketed, Pipeline},
    stage::{
        Class, Stage,
        append::{Append, AppendPipe},
        join::{Join, Kind},
    },
};

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
    let mut most = usize::MAX;
    for (name, value) in &tree.options {
        match name.value.to_ascii_lowercase().as_str() {
            "maxout" => most = row_count(name, value, lowering),
            _ => refuse(name, "append", "maxout", lowering),
        }
    }
    no_names(&tree.names, "append", lowering);
    Some(Append { stages: generated(&tree.pipeline, lowering)?, most })
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
    let stages = generated(&tree.pipeline, lowering)?;
    Some(Join { keys, kind, most, overwrites, stages })
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

/// The stages of a pipeline that makes its rows out of no event; `None` once it was reported why there are none.
pub(in crate::plan) fn generated(
    pipeline: &Pipeline,
    lowering: &mut Lowering<'_>,
) -> Option<Box<[Stage]>> {
    let stages = stages(pipeline, 0, lowering)?;
    if stages.first().is_some_and(|stage| stage.class() == Class::Generating) {
        return Some(stages);
    }
    lowering.report(
        Diagnostic::error(
            Code::UnsupportedSearch,
            pipeline.span,
            "caltrop does not run subsearches over events yet",
        )
        .label("looks at events")
        .help("begin it with `| inputlookup` or `| makeresults`, or split the rule in two"),
    );
    None
}

fn stages(pipeline: &Pipeline, first: usize, lowering: &mut Lowering<'_>) -> Option<Box<[Stage]>> {
    let commands = pipeline.commands.iter().zip(first..);
    let stages: Vec<Option<Stage>> =
        commands.map(|(command, index)| super::stage(index, command, lowering)).collect();
    stages.into_iter().collect()
}

//! `rename` to its stage: wildcards are paired.

use super::Lowering;
use crate::{
    diag::{Code, Diagnostic, Span, Spanned},
    expr::glob::{Case, Glob},
    spl::tree::Renaming,
    stage::{FieldPattern, rename},
};

/// The stage of `rename`. A pair that cannot run is reported and left out.
pub(super) fn lower(pairs: &[Renaming], lowering: &mut Lowering<'_>) -> rename::Rename {
    rename::Rename { pairs: pairs.iter().filter_map(|pair| renaming(pair, lowering)).collect() }
}

fn renaming(pair: &Renaming, lowering: &mut Lowering<'_>) -> Option<rename::Renaming> {
    let (from, to) = (&pair.from.value, &pair.to.value);
    if from.matches('*').count() != to.matches('*').count() {
        lowering.report(different_wildcards(pair.to.span, &pair.from));
        return None;
    }
    Some(if from.contains('*') {
        let to = Glob::new(to, Case::Sensitive);
        rename::Renaming::Pattern { from: FieldPattern::new(from), to }
    } else {
        let names = &mut lowering.names;
        rename::Renaming::Field { from: names.intern(from), to: names.intern(to) }
    })
}

/// The complaint that the `*` of two names cannot be paired.
pub(super) fn different_wildcards(span: Span, pattern: &Spanned<String>) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        "the new name has another number of `*` than the old one",
    )
    .label(format!("expected {} `*`", pattern.value.matches('*').count()))
    .also(pattern.span, "the old name")
    .help("write as many `*` as in the old name: each stands for what it matched there")
}

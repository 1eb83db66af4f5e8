//! `replace` to its stage: the pair that goes before others comes first.

use std::cmp::Reverse;

use super::Lowering;
use crate::{
    diag::{Code, Diagnostic, Spanned},
    expr::glob::{Case, Glob},
    spl::tree::Replace,
    stage::replace::{self, Pair},
};

/// The stage of `replace`.
pub(super) fn lower(replace: &Replace, lowering: &mut Lowering<'_>) -> replace::Replace {
    let (mut exact, mut patterns) = (Vec::new(), Vec::new());
    for (old, new) in &replace.pairs {
        check_wildcards(old, new, lowering);
        let [old, new] = [old, new].map(|text| Glob::new(&text.value, Case::Sensitive));
        let pairs = if old.has_wildcard() { &mut patterns } else { &mut exact };
        pairs.push(Pair { old, new });
    }
    exact.reverse();
    patterns.sort_by_key(|pair| Reverse(pair.old.literal_pieces().map(<[u8]>::len).sum::<usize>()));
    let fields = replace.fields.iter().map(|field| lowering.names.intern(&field.value));
    let fields = (!replace.fields.is_empty()).then(|| fields.collect());
    replace::Replace { pairs: exact.into_iter().chain(patterns).collect(), fields }
}

/// What `*` of the new text stands for must be known.
fn check_wildcards(old: &Spanned<String>, new: &Spanned<String>, lowering: &mut Lowering<'_>) {
    let [old_count, new_count] = [old, new].map(|text| text.value.matches('*').count());
    if new_count > 0 && new_count != old_count {
        let message = "the new text has another number of `*` than the old one";
        lowering.report(
            Diagnostic::error(Code::BadArgument, new.span, message)
                .label(format!("expected {old_count} `*`, or none"))
                .also(old.span, "because of this text")
                .help("each `*` of the new text stands for what that of the old one stood for"),
        );
    }
}

//! `regex` to its stage, and the reading of a pattern that its quotes cut.

use super::{Lowering, expr::in_string};
use crate::{
    diag::{Code, Diagnostic, Span},
    expr::regex::Regex as Program,
    names::Names,
    spl::tree::{Pattern, Regex},
    stage::regex,
};

/// The stage of `regex`.
pub(super) fn lower(regex: &Regex, lowering: &mut Lowering<'_>) -> Option<regex::Regex> {
    let field = match &regex.field {
        Some(field) => lowering.names.intern(&field.value),
        None => Names::RAW,
    };
    let pattern = compile(&regex.pattern, lowering)?;
    Some(regex::Regex { field, negated: regex.negated, pattern })
}

/// A pattern, compiled. Text glued to a quoted pattern: where the whole does not compile, the quoted part alone is meant.
pub(super) fn compile(pattern: &Pattern, lowering: &mut Lowering<'_>) -> Option<Program> {
    let compiled = Program::compile(&pattern.text, lowering.regexes);
    let alone = pattern.quoted_alone.as_ref().filter(|_| compiled.is_err());
    match (compiled, alone.map(|alone| Program::compile(alone, lowering.regexes))) {
        (_, Some(Ok(alone))) => {
            only_quoted_piece(pattern.span, lowering);
            Some(alone)
        }
        (Ok(program), _) => Some(program),
        (Err(error), _) => {
            let bytes = &error.offset_span;
            let span = in_string(lowering.source, pattern.span, bytes.start, bytes.end);
            let span = span.unwrap_or(pattern.span);
            lowering.report(
                Diagnostic::error(Code::BadRegex, span, error.message)
                    .label("in this regular expression"),
            );
            None
        }
    }
}

/// The parser has said that the pieces were read as one, which is now untrue.
fn only_quoted_piece(span: Span, lowering: &mut Lowering<'_>) {
    let diagnostics = &mut lowering.diagnostics;
    diagnostics.retain(|said| (said.code, said.primary.span) != (Code::MixedQuotes, span));
    let message = "text outside of the quotes of a pattern was left out";
    lowering.report(
        Diagnostic::warning(Code::MixedQuotes, span, message)
            .label("only the first quoted piece is read")
            .help("put one pair of quotes around the whole pattern"),
    );
}

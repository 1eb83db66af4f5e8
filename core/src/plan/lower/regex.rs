//! `regex` to its stage, and the reading of a pattern that its quotes cut.

use super::{Lowering, expr::in_string};
use crate::{
    diag::{Code, Diagnostic, Span},
    expr::{
        dialect::RegexError,
        regex::{Regex as Program, RegexIds},
    },
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
    let pattern = compile(&regex.pattern, lowering, Program::compile)?;
    Some(regex::Regex { field, negated: regex.negated, pattern })
}

/// A pattern, compiled. Text glued to a quoted pattern: where the whole does not compile, the quoted part alone is meant.
pub(super) fn compile<P>(
    pattern: &Pattern,
    lowering: &mut Lowering<'_>,
    compile: impl Fn(&str, &mut RegexIds) -> Result<P, RegexError>,
) -> Option<P> {
    let compiled = compile(&pattern.text, lowering.regexes);
    let alone = pattern.quoted_alone.as_ref().filter(|_| compiled.is_err());
    match (compiled, alone.map(|alone| compile(alone, lowering.regexes))) {
        (_, Some(Ok(alone))) => {
            only_quoted_piece(pattern.span, lowering);
            Some(alone)
        }
        (Ok(program), _) => Some(program),
        (Err(error), _) => {
            lowering.report(bad_regex(pattern, &error, lowering.source));
            None
        }
    }
}

fn bad_regex(pattern: &Pattern, error: &RegexError, source: &str) -> Diagnostic {
    let bytes = &error.offset_span;
    let span = in_string(source, pattern.span, bytes.start, bytes.end).unwrap_or(pattern.span);
    Diagnostic::error(Code::BadRegex, span, error.message.clone())
        .label("in this regular expression")
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

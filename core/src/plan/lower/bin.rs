//! `bin` to its stage: the span is read, and options that need all rows are refused.

use super::Lowering;
use crate::{
    diag::{Code, Diagnostic, Spanned},
    names::Names,
    spl::tree::{Bin, Command},
    stage::bin::{self, Span},
};

/// The stage of `bin`.
pub(super) fn lower(bin: &Bin, command: &Command, lowering: &mut Lowering<'_>) -> Option<bin::Bin> {
    bin.options.iter().for_each(|(name, _)| lowering.report(needs_all_rows(name)));
    let field = bin.field.as_ref().map_or("_time", |field| &field.value);
    let field = lowering.names.intern(field);
    let target = match &bin.target {
        Some(target) => lowering.names.intern(&target.value),
        None => field,
    };
    let Some(span) = &bin.span else {
        if bin.options.is_empty() {
            lowering.report(lacks_span(command));
        }
        return None;
    };
    match Span::parse(&span.value, field == Names::TIME) {
        Ok(parsed) => Some(bin::Bin { field, target, span: parsed }),
        Err(message) => {
            lowering.report(
                Diagnostic::error(Code::BadArgument, span.span, message).label("not a span"),
            );
            None
        }
    }
}

fn needs_all_rows(option: &Spanned<String>) -> Diagnostic {
    let message = format!("`bin` with `{}` needs all rows at once", option.value);
    Diagnostic::error(Code::UnsupportedOption, option.span, message)
        .label("not supported")
        .help("give the buckets a fixed length with `span=`")
}

fn lacks_span(command: &Command) -> Diagnostic {
    let message = "`bin` without `span=` needs all rows at once";
    Diagnostic::error(Code::MissingArgument, command.span, message)
        .label("expected `span=`")
        .help("say how long a bucket is, such as `bin span=5m _time`")
}

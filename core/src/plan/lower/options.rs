//! The values of options that several commands share.

use super::Lowering;
use crate::diag::{Code, Diagnostic, Spanned};

/// The yes or no that an option's value is, in any of the ways that Splunk takes; anything else is reported, and is no.
pub(super) fn switch(
    name: &Spanned<String>,
    value: &Spanned<String>,
    lowering: &mut Lowering<'_>,
) -> bool {
    match value.value.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" | "yes" => true,
        "f" | "false" | "0" | "no" => false,
        _ => {
            let message = format!("`{}` is no yes or no", value.value);
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, message)
                    .label("expected `t` or `f`")
                    .help(format!("write `{}=t`, or remove the option", name.value)),
            );
            false
        }
    }
}

/// Says that `command` takes none but `options`.
pub(super) fn refuse(
    name: &Spanned<String>,
    command: &str,
    options: &str,
    lowering: &mut Lowering<'_>,
) {
    let message = format!("caltrop does not run `{}` of `{command}` yet", name.value);
    lowering.report(
        Diagnostic::error(Code::UnsupportedOption, name.span, message)
            .label("not supported")
            .help(format!("the options that run are {options}")),
    );
}

/// The number of rows that an option's value is; anything else is reported, and is none.
pub(super) fn row_count(
    name: &Spanned<String>,
    value: &Spanned<String>,
    lowering: &mut Lowering<'_>,
) -> usize {
    value.value.parse().unwrap_or_else(|_| {
        let message = format!("`{}` is no number of rows", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label("expected a number")
                .help(format!("write `{}=10`, or remove the option", name.value)),
        );
        0
    })
}

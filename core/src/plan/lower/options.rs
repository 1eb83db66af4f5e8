//! The values of options that commands share.

use super::Lowering;
use crate::diag::{Code, Diagnostic, Spanned};

impl Lowering<'_> {
    /// The yes or no that an option's value is, in any of the ways that Splunk takes.
    pub(super) fn switch(&mut self, name: &Spanned<String>, value: &Spanned<String>) -> bool {
        match value.value.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" | "yes" => true,
            "f" | "false" | "0" | "no" => false,
            _ => {
                let message = format!("`{}` is no yes or no", value.value);
                self.report(
                    Diagnostic::error(Code::BadArgument, value.span, message)
                        .label("expected `t` or `f`")
                        .help(format!("write `{}=t`, or remove the option", name.value)),
                );
                false
            }
        }
    }

    /// The number of rows that an option's value is.
    pub(super) fn row_count(&mut self, name: &Spanned<String>, value: &Spanned<String>) -> usize {
        value.value.parse().unwrap_or_else(|_| {
            let message = format!("`{}` is no number of rows", value.value);
            self.report(
                Diagnostic::error(Code::BadArgument, value.span, message)
                    .label("expected a number")
                    .help(format!("write `{}=10`, or remove the option", name.value)),
            );
            0
        })
    }

    /// Says that `command` has no option of that name.
    pub(super) fn unknown_option(&mut self, command: &str, name: &Spanned<String>, known: &[&str]) {
        let message = format!("caltrop does not run `{}` of `{command}`", name.value);
        self.report(
            Diagnostic::error(Code::UnsupportedOption, name.span, message)
                .label("not supported")
                .help(format!("the options that run are {}", known.join(", "))),
        );
    }
}

//! Diagnostics for people: with carets, or one line each.

use super::Diagnostic;

/// `diagnostic` with the lines it points at, carets and its advice. Spans must point into `text`.
#[must_use]
pub fn render(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    short(diagnostic, path, text)
}

/// `diagnostic` on one line: `path:line:column: error[E0103]: message; help`.
#[must_use]
pub fn short(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    let (line, column) = super::line_and_column(text, diagnostic.primary.span.start);
    format!("{path}:{line}:{column}: [{}]: {}", diagnostic.code.text(), diagnostic.message)
}

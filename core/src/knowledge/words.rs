//! Values that are lists of words.

use crate::diag::{Code, Diagnostic, Span, Spanned};

/// The words of `value` with their places in the file; quotes hold a word with spaces together.
pub(super) fn words(value: &Spanned<String>) -> Result<Vec<Spanned<&str>>, Diagnostic> {
    let text = value.value.as_str();
    let is_space = |character: char| character.is_whitespace() || character == ',';
    let mut words = Vec::new();
    let mut pos = 0;
    loop {
        pos = text.len() - text[pos..].trim_start_matches(is_space).len();
        let rest = &text[pos..];
        let Some(first) = rest.chars().next() else { return Ok(words) };
        let (start, length, after) = if first == '"' {
            let length = rest[1..].find('"').ok_or_else(|| unclosed_quote(value, pos))?;
            (pos + 1, length, pos + length + 2)
        } else {
            let length = rest.find(is_space).unwrap_or(rest.len());
            (pos, length, pos + length)
        };
        let span = Span::new(value.span.start + start, value.span.start + start + length);
        words.push(Spanned::new(&text[start..start + length], span));
        pos = after;
    }
}

fn unclosed_quote(value: &Spanned<String>, pos: usize) -> Diagnostic {
    let at = value.span.start + pos;
    Diagnostic::error(Code::BadKnowledge, Span::new(at, at + 1), "a quoted field name never ends")
}

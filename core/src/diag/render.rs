//! Diagnostics for people: with carets, or one line each.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Label, Severity, Span, line_and_column};

/// `diagnostic` with the lines it points at, carets and its advice. Spans must point into `text`.
#[must_use]
pub fn render(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    Renderer::plain().render(&[report(diagnostic, path, text)])
}

/// As [`render`], with the colours of a terminal.
#[must_use]
pub fn render_colour(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    Renderer::styled().render(&[report(diagnostic, path, text)])
}

/// `diagnostic` on one line: `path:line:column: error[E0103]: message (help)`.
#[must_use]
pub fn short(diagnostic: &Diagnostic, path: &str, text: &str) -> String {
    let (line, column) = line_and_column(text, diagnostic.primary.span.start);
    let severity = diagnostic.severity.name();
    let (code, message) = (diagnostic.code.text(), &diagnostic.message);
    let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    let all = format!("{path}:{line}:{column}: {severity}[{code}]: {message}{help}");
    all.replace(char::is_control, " ")
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

fn report<'a>(diagnostic: &'a Diagnostic, path: &'a str, text: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let primary = annotation(AnnotationKind::Primary, &diagnostic.primary, text);
    let secondary =
        diagnostic.secondary.iter().map(|label| annotation(AnnotationKind::Context, label, text));
    let snippet = Snippet::source(text).path(path).annotation(primary).annotations(secondary);
    let group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.text())
        .element(snippet);
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

fn annotation<'a>(kind: AnnotationKind, label: &'a Label, text: &str) -> Annotation<'a> {
    let span = within(label.span, text);
    let annotation = kind.span(span.start..span.end);
    if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
}

/// `span`, cut to whole characters of `text`.
fn within(span: Span, text: &str) -> Span {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.min(text.len()));
    Span::new(start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;

    fn unclosed(text: &str) -> Diagnostic {
        let open = text.find('(').expect("the text holds a parenthesis");
        let end = text.trim_end().len();
        Diagnostic::error(
            Code::UnclosedParenthesis,
            Span::at(end),
            "unclosed parenthesis in `where`",
        )
        .label("expected `)` here")
        .also(Span::new(open, open + 1), "opened here")
        .help("add the missing `)`")
    }

    #[test]
    fn a_place_at_the_end_of_a_line() {
        let text = "error\n| where count >= 10 AND dc(user > 3\n| table x\n";
        let mut diagnostic = unclosed(text);
        diagnostic.primary.span = Span::at(text.find("\n| table").expect("it is there"));
        insta::assert_snapshot!(render(&diagnostic, "brute_force.spl", text), @r"
        error[E0103]: unclosed parenthesis in `where`
         --> brute_force.spl:2:36
          |
        2 | | where count >= 10 AND dc(user > 3
          |                           -        ^ expected `)` here
          |                           |
          |                           opened here
          |
          = help: add the missing `)`
        ");
    }

    #[test]
    fn tabs_and_wide_characters_before_the_place() {
        let text = "\t| where naïve=\"日本\" (";
        insta::assert_snapshot!(render(&unclosed(text), "a.spl", text), @r#"
        error[E0103]: unclosed parenthesis in `where`
         --> a.spl:1:22
          |
        1 |     | where naïve="日本" (
          |                          -^ expected `)` here
          |                          |
          |                          opened here
          |
          = help: add the missing `)`
        "#);
        assert!(short(&unclosed(text), "a.spl", text).starts_with("a.spl:1:22:"));
    }

    #[test]
    fn a_place_that_spans_lines() {
        let text = "a\n| table b\n| head\n";
        let diagnostic =
            Diagnostic::warning(Code::FieldDropped, Span::new(2, 18), "both are wrong")
                .label("these two");
        insta::assert_snapshot!(render(&diagnostic, "a.spl", text), @r"
        warning[W0507]: both are wrong
         --> a.spl:2:1
          |
        2 | / | table b
        3 | | | head
          | |______^ these two
        ");
    }

    #[test]
    fn one_line_for_a_machine() {
        let text = "a\nü where (x";
        assert_eq!(
            short(&unclosed(text), "a.spl", text),
            "a.spl:2:11: error[E0103]: unclosed parenthesis in `where` (add the missing `)`)"
        );
    }

    #[test]
    fn places_outside_of_the_text_and_inside_characters_do_no_harm() {
        for (text, span) in [("", Span::new(3, 9)), ("ü", Span::new(1, 1)), ("a", Span::new(5, 2))]
        {
            let diagnostic = Diagnostic::error(Code::BadYaml, span, "bad");
            assert!(render(&diagnostic, "x", text).starts_with("error[E0401]: bad"), "{text:?}");
            assert!(short(&diagnostic, "x", text).starts_with("x:1:"), "{text:?}");
        }
    }
}

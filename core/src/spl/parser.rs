//! What every part of the parser does with the text: look ahead, go on, complain.
//!
//! The law: `at` and `end` are character boundaries, `at <= end`, and every loop that reads goes forward. Complaints that
//! follow from an earlier one (everything behind an unclosed quote, every level above the one that was too deep) are
//! not made.

use super::MAX_DEPTH;
use super::lexer::{Layout, too_deep};
use crate::diag::{Code, Diagnostic, Span, Spanned};

/// A text, how far it is read, and what was found wrong with it.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) layout: Layout,
    /// The next byte to read.
    pub(super) at: usize,
    /// One past the last byte of the command at hand.
    pub(super) end: usize,
    /// The name of the command at hand, for messages.
    pub(super) command: String,
    pub(super) diagnostics: Vec<Diagnostic>,
    depth: usize,
    is_too_deep: bool,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let (layout, diagnostics) = Layout::scan(text);
        let (at, end, command) = (0, text.len(), String::new());
        Self { text, layout, at, end, command, diagnostics, depth: 0, is_too_deep: false }
    }

    /// Reads `span` with `read` and comes back to where it was.
    pub(super) fn within<T>(&mut self, span: Span, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = (self.at, self.end, std::mem::take(&mut self.command));
        let outer_is_too_deep = self.is_too_deep;
        (self.at, self.end, self.is_too_deep) = (span.start, span.end, false);
        let result = read(self);
        (self.at, self.end, self.command) = outer;
        self.is_too_deep = outer_is_too_deep;
        result
    }

    /// Reads one level deeper; at the limit reads nothing more of the command.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == MAX_DEPTH {
            self.give_up(Span::new(self.at, (self.at + 1).min(self.end)));
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        Some(result)
    }

    /// Says that the nesting at `span` is too deep and skips the rest of the command.
    pub(super) fn give_up(&mut self, span: Span) {
        self.report(too_deep(span));
        self.is_too_deep = true;
        self.at = self.end;
    }

    /// Notes `diagnostic`, unless it follows from an earlier one.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let swallowed =
            self.layout.unclosed_quote.is_some_and(|quote| diagnostic.primary.span.end > quote);
        if !swallowed && !self.is_too_deep {
            self.diagnostics.push(diagnostic);
        }
    }

    /// What is left of the command.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..self.end]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.end - self.rest().trim_start().len();
    }

    /// Skips what separates the items of a list: space and commas.
    pub(super) fn skip_separators(&mut self) {
        let is_separator = |c: char| c.is_whitespace() || c == ',';
        self.at = self.end - self.rest().trim_start_matches(is_separator).len();
    }

    /// The empty span at the next byte.
    pub(super) fn here(&self) -> Span {
        Span::at(self.at)
    }

    /// What was read since `start`, without the space at its end.
    pub(super) fn since(&self, start: usize) -> Span {
        let read = self.text.get(start..self.at).unwrap_or("");
        Span::new(start, start + read.trim_end().len())
    }

    /// Reads while `wanted` holds.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> Spanned<String> {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let span = Span::new(self.at, self.at + length);
        self.at = span.end;
        Spanned::new(rest[..length].to_owned(), span)
    }

    /// Whether `keyword` stands here, in any case, as a whole word.
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        let rest = self.rest();
        let starts = rest.get(..keyword.len()).is_some_and(|it| it.eq_ignore_ascii_case(keyword));
        starts && !rest[keyword.len()..].starts_with(is_word)
    }

    /// Reads `keyword` if it stands here.
    pub(super) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    /// The next word or, if there is none, the next character: what a message points at.
    pub(super) fn word_ahead(&self) -> Span {
        let rest = self.rest();
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let length = if word > 0 { word } else { self.peek().map_or(0, char::len_utf8) };
        Span::new(self.at, self.at + length)
    }

    /// Complains if anything is left of the command, and skips it.
    pub(super) fn expect_end(&mut self, help: &str) {
        self.skip_separators();
        if self.at < self.end {
            let span = self.word_ahead();
            let found = span.text(self.text);
            let message = format!("unexpected `{found}` in `{}`", self.command);
            self.report(
                Diagnostic::error(Code::UnexpectedToken, span, message)
                    .label("expected the end of the command")
                    .help(help),
            );
            self.at = self.end;
        }
    }

    /// Complains that the command lacks `what`.
    pub(super) fn missing(&mut self, what: &str, help: &str) {
        let message = format!("`{}` lacks {what}", self.command);
        let label = format!("expected {what} here");
        let error = Diagnostic::error(Code::MissingArgument, self.here(), message);
        self.report(error.label(label).help(help));
    }

    /// Reads the `)` of the parenthesis at `open`, or complains.
    pub(super) fn expect_closing(&mut self, open: usize) {
        self.skip_space();
        if !self.eat(')') {
            let message = format!("unclosed parenthesis in `{}`", self.command);
            let end = Span::at(self.text[..self.at].trim_end().len());
            self.report(
                Diagnostic::error(Code::UnclosedParenthesis, end, message)
                    .label("expected `)` here")
                    .also(Span::new(open, open + 1), "opened here")
                    .help("add the missing `)`"),
            );
        }
    }

    /// Complains about the `)` that stands here, and skips it.
    pub(super) fn skip_unopened_parenthesis(&mut self) {
        let span = Span::new(self.at, self.at + 1);
        let message = format!("unopened parenthesis in `{}`", self.command);
        self.report(
            Diagnostic::error(Code::UnopenedParenthesis, span, message)
                .label("closes nothing")
                .help("remove it, or open it where its group begins"),
        );
        self.bump();
    }
}

/// Whether `c` can stand in a bare word of an expression.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

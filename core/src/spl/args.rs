//! The arguments that commands share: quoted and bare pieces, field lists, options.
//!
//! Quotes toggle, and pieces that touch are one argument: `"-l "(?<user>"\S+")` is `-l (?<user>\S+)`, as Splunk reads it.

use super::lexer::{is_escape, quote_end};
use super::parser::{Parser, is_word};
use super::tree::Pattern;
use crate::diag::{Code, Diagnostic, Span, Spanned};

/// One argument: pieces in and out of quotes that touch.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// The pieces, unescaped and joined.
    pub(super) text: String,
    pub(super) span: Span,
    pub(super) quoting: Quoting,
    /// The first quoted piece.
    first_quoted: Option<String>,
}

/// The name and the value of an option, as written.
pub(super) type WrittenOption = (Spanned<String>, Spanned<String>);

/// How much of an argument stood in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    Bare,
    /// One quoted piece and nothing else.
    Whole,
    Mixed,
}

impl Quoting {
    fn of(has_quotes: bool, pieces: usize) -> Self {
        match (has_quotes, pieces) {
            (false, _) => Self::Bare,
            (true, 1) => Self::Whole,
            (true, _) => Self::Mixed,
        }
    }
}

/// What a backslash before a pipe means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// `\|` is a pipe.
    Pipe,
    /// `\|` stays: inside quotes a pipe needs no escape, and a regex means the two characters.
    Regex,
}

/// Resolves `\"`, `\\` and `\|`; any other backslash stays, with what follows it.
pub(super) fn unescape(text: &str, escapes: Escapes) -> String {
    let mut result = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_escape = c == '\\'
            && match chars.peek() {
                Some('"' | '\\') => true,
                Some('|') => escapes == Escapes::Pipe,
                _ => false,
            };
        result.push(if is_escape { chars.next().expect("it was peeked at") } else { c });
    }
    result
}

/// What `text` is without its quotes, if it has any.
pub(super) fn unquote(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    unescape(inside.unwrap_or(text), Escapes::Pipe)
}

impl<'t> Parser<'t> {
    /// Reads the argument that stands here. Outside of quotes, space ends it and so does `stops`, which sees the text and
    /// where in it the reading is.
    pub(super) fn argument(
        &mut self,
        escapes: Escapes,
        stops: impl Fn(&str, usize) -> bool,
    ) -> Option<Argument> {
        let (start, mut text, mut first_quoted, mut pieces) = (self.at, String::new(), None, 0);
        loop {
            let piece_start = self.at;
            let piece = if self.peek() == Some('"') {
                let piece = unescape(self.quoted(), escapes);
                first_quoted.get_or_insert_with(|| piece.clone());
                piece
            } else {
                unescape(self.bare(&stops), Escapes::Pipe)
            };
            if self.at == piece_start {
                break;
            }
            pieces += 1;
            text.push_str(&piece);
        }
        let quoting = Quoting::of(first_quoted.is_some(), pieces);
        let span = Span::new(start, self.at);
        (pieces > 0).then_some(Argument { text, span, quoting, first_quoted })
    }

    /// Reads a quoted piece; gives what is between the quotes.
    pub(super) fn quoted(&mut self) -> &'t str {
        let start = self.at + 1;
        let end = quote_end(self.text, self.at).filter(|&end| end <= self.end);
        self.at = end.unwrap_or(self.end);
        &self.text[start..end.map_or(self.end, |end| end - 1)]
    }

    /// Reads a piece outside of quotes.
    fn bare(&mut self, stops: &impl Fn(&str, usize) -> bool) -> &'t str {
        let start = self.at;
        while let Some(c) = self.peek() {
            if c.is_whitespace() || c == '"' || stops(&self.text[..self.end], self.at) {
                break;
            }
            self.at += if c == '\\' && is_escape(self.text, self.at) { 2 } else { c.len_utf8() };
        }
        &self.text[start..self.at]
    }

    /// Reads a name or value that ends at space or a comma.
    pub(super) fn word(&mut self) -> Option<Argument> {
        self.argument(Escapes::Pipe, |text, at| text[at..].starts_with(','))
    }

    /// Reads a name.
    pub(super) fn name(&mut self) -> Option<Spanned<String>> {
        self.word().map(|word| Spanned::new(word.text, word.span))
    }

    /// Reads the names up to the end of the command.
    pub(super) fn names(&mut self) -> Vec<Spanned<String>> {
        let mut names = Vec::new();
        self.skip_separators();
        while let Some(name) = self.name() {
            names.push(name);
            self.skip_separators();
        }
        names
    }

    /// Reads a regex argument, which may hold anything but space outside of its quotes.
    pub(super) fn pattern(&mut self) -> Option<Pattern> {
        let argument = self.argument(Escapes::Regex, |_, _| false)?;
        let quoted_alone = argument.first_quoted.filter(|_| argument.quoting == Quoting::Mixed);
        if quoted_alone.is_some() {
            self.warn_of_mixed_quotes(argument.span);
        }
        Some(Pattern { text: argument.text, quoted_alone, span: argument.span })
    }

    pub(super) fn warn_of_mixed_quotes(&mut self, span: Span) {
        let message = "quotes inside an argument were removed";
        self.report(
            Diagnostic::warning(Code::MixedQuotes, span, message)
                .label("read as one piece")
                .help("put one pair of quotes around the whole argument"),
        );
    }

    /// Whether `name=` stands here.
    pub(super) fn is_option(&self) -> bool {
        let value = self.rest().trim_start_matches(is_word).trim_start();
        self.peek().is_some_and(is_word) && value.starts_with('=') && !value.starts_with("==")
    }

    /// Reads `name=value`, if it stands here.
    pub(super) fn option(&mut self) -> Option<WrittenOption> {
        if !self.is_option() {
            return None;
        }
        let name = self.take_while(is_word);
        self.skip_space();
        self.bump();
        self.skip_space();
        let value = self.name().unwrap_or_else(|| {
            let message = format!("option `{}` lacks a value", name.value);
            let error = Diagnostic::error(Code::MissingArgument, self.here(), message);
            let help = format!("write `{}=value`", name.value);
            self.report(error.label("expected a value here").help(help));
            Spanned::new(String::new(), self.here())
        });
        Some((name, value))
    }

    /// Reads options, and one name before, between or behind them.
    pub(super) fn options_and_table(&mut self) -> (Vec<WrittenOption>, Option<Spanned<String>>) {
        let (mut options, mut table) = (Vec::new(), None);
        loop {
            self.skip_separators();
            if let Some(option) = self.option() {
                options.push(option);
            } else if table.is_none()
                && let Some(name) = self.name()
            {
                table = Some(name);
            } else {
                return (options, table);
            }
        }
    }

    /// The number that an option's value is, or a complaint.
    pub(super) fn count(&mut self, value: &Spanned<String>) -> Option<u64> {
        let number = value.value.parse().ok();
        if number.is_none() {
            let message = format!("`{}` is no number of rows", value.value);
            self.report(
                Diagnostic::error(Code::BadArgument, value.span, message)
                    .label("expected a number")
                    .help("write a whole number, such as 10"),
            );
        }
        number
    }

    /// What stands between the parenthesis here and its partner, which is read too; quotes and inner pairs are
    /// respected. Without a partner this complains and reads everything.
    pub(super) fn parenthesised(&mut self) -> Span {
        let open = self.at;
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '"' => _ = self.quoted(),
                '\\' if is_escape(self.text, self.at) => self.at += 2,
                ')' if depth == 1 => {
                    self.bump();
                    return Span::new(open + 1, self.at - 1);
                }
                _ => {
                    depth = depth + usize::from(c == '(') - usize::from(c == ')');
                    self.bump();
                }
            }
        }
        self.expect_closing(open);
        Span::new(open + 1, self.end)
    }
}

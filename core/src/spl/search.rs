//! The boolean language of `search`.
//!
//! From tight to loose: parentheses, `NOT`, `OR`, `AND`, and two terms side by side are an `AND`. The operators are upper
//! case; in lower case they are words to look for, which is legal and hardly ever meant.

use super::args::{Argument, Escapes, Quoting, unescape, unquote};
use super::parser::{Parser, is_word};
use super::tree::{CompareOp, Comparison, RawKind, RawTerm, Search, SearchValue, ValueKind};
use crate::diag::{Code, Diagnostic, Span, Spanned};

/// The names that set the window of a search and test no field.
pub(super) const TIME_MODIFIERS: &[&str] = &[
    "earliest",
    "latest",
    "_index_earliest",
    "_index_latest",
    "starttime",
    "endtime",
    "timeformat",
    "daysago",
    "hoursago",
    "minutesago",
    "monthsago",
    "startdaysago",
    "starthoursago",
    "startminutesago",
    "startmonthsago",
    "starttimeu",
    "enddaysago",
    "endhoursago",
    "endminutesago",
    "endmonthsago",
    "endtimeu",
    "searchtimespandays",
    "searchtimespanhours",
    "searchtimespanminutes",
    "searchtimespanmonths",
];

/// The operators that join terms.
pub(super) const OPERATORS: &[&str] = &["AND", "OR", "NOT"];

/// What ends a conjunction besides the end of the command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// Nothing: a `)` closes nothing.
    None,
    Parenthesis,
}

impl Parser<'_> {
    /// Reads the rest of the command as a search.
    pub(super) fn search(&mut self) -> Search {
        self.conjunction(Closing::None)
    }

    fn conjunction(&mut self, closing: Closing) -> Search {
        let start = self.at;
        let mut terms = Vec::new();
        // The AND that still waits for the term to its right.
        let mut waiting = None;
        while self.goes_on(closing) {
            if let Some(operator) = self.eat_operator("AND") {
                if terms.is_empty() || waiting.is_some() {
                    self.dangling(operator, "left");
                }
                waiting = Some(operator);
            } else if let Some(operator) = self.eat_operator("OR") {
                // Behind a `)` that closes nothing it has a term to its left, in what was meant.
                if terms.is_empty() || waiting.is_some() {
                    self.dangling(operator, "left");
                }
            } else {
                waiting = None;
                terms.push(self.disjunction());
            }
        }
        if let Some(operator) = waiting.filter(|_| !terms.is_empty()) {
            self.dangling(operator, "right");
        }
        self.warn_of_lower_case_operators(&terms);
        conjunction_of(terms, self.since(start))
    }

    /// Whether a term or operator follows; steps over a `)` that closes nothing.
    fn goes_on(&mut self, closing: Closing) -> bool {
        self.skip_separators();
        while closing == Closing::None && self.peek() == Some(')') {
            self.skip_unopened_parenthesis();
            self.skip_separators();
        }
        self.peek().is_some_and(|c| c != ')')
    }

    fn disjunction(&mut self) -> Search {
        let first = self.negation();
        let mut terms = match first {
            Search::Or(terms) => terms,
            first => vec![first],
        };
        loop {
            self.skip_separators();
            let Some(operator) = self.eat_operator("OR") else { break };
            if !self.is_term_ahead() {
                self.dangling(operator, "right");
                break;
            }
            match self.negation() {
                Search::Or(more) => terms.extend(more),
                term => terms.push(term),
            }
        }
        if terms.len() == 1 { terms.swap_remove(0) } else { Search::Or(terms) }
    }

    fn negation(&mut self) -> Search {
        let start = self.at;
        let Some(operator) = self.eat_operator("NOT") else { return self.term() };
        if !self.is_term_ahead() {
            self.dangling(operator, "right");
            return Search::All(operator);
        }
        let negated = self.deeper(Self::negation).unwrap_or(Search::All(operator));
        Search::Not(Box::new(negated), self.since(start))
    }

    fn term(&mut self) -> Search {
        let start = self.at;
        let term = match self.peek() {
            Some('(') => self.group(),
            Some('[') => self.subpipeline().map(Search::Subsearch),
            Some('"') => self.phrase(),
            _ => self.bare_term(),
        };
        if self.at == start {
            self.skip_unexpected();
        }
        term.unwrap_or(Search::All(self.since(start)))
    }

    fn group(&mut self) -> Option<Search> {
        let open = self.at;
        self.deeper(|parser| {
            parser.bump();
            let inner = parser.conjunction(Closing::Parenthesis);
            parser.expect_closing(open);
            match inner {
                Search::All(span) if span.start == span.end => Search::All(parser.since(open)),
                inner => inner,
            }
        })
    }

    /// Reads a quoted phrase, or a quoted field and what it is compared with.
    fn phrase(&mut self) -> Option<Search> {
        let start = self.at;
        let text = unescape(self.quoted(), Escapes::Pipe);
        let span = self.since(start);
        let field = Spanned::new(text.clone(), span);
        self.field_test(&field, Quoting::Whole).or(Some(Search::Raw(RawTerm {
            kind: RawKind::Phrase,
            text,
            span,
        })))
    }

    fn bare_term(&mut self) -> Option<Search> {
        let start = self.at;
        let word = self.argument(Escapes::Pipe, ends_term)?;
        if let Some(kind) = self.raw_function(&word) {
            let text = self.raw_argument();
            return Some(Search::Raw(RawTerm { kind, text, span: self.since(start) }));
        }
        let field = Spanned::new(word.text.clone(), word.span);
        self.field_test(&field, word.quoting).or_else(|| Some(self.word_term(word)))
    }

    fn word_term(&mut self, word: Argument) -> Search {
        let Argument { text, span, quoting, .. } = word;
        if quoting == Quoting::Mixed {
            self.warn_of_mixed_quotes(span);
            return Search::Raw(RawTerm { kind: RawKind::Phrase, text, span });
        }
        if text == "*" {
            return Search::All(span);
        }
        Search::Raw(RawTerm { kind: RawKind::Word, text, span })
    }

    /// Whether `word` is `TERM` or `CASE` and its parenthesis follows.
    fn raw_function(&self, word: &Argument) -> Option<RawKind> {
        if self.peek() != Some('(') || word.quoting != Quoting::Bare {
            return None;
        }
        match word.text.as_str() {
            "TERM" => Some(RawKind::Term),
            "CASE" => Some(RawKind::Case),
            _ => None,
        }
    }

    /// The text in the parentheses of `TERM` and `CASE`.
    fn raw_argument(&mut self) -> String {
        let inside = self.parenthesised();
        unquote(inside.text(self.text).trim())
    }

    /// Reads what `field` is tested for, if a test follows it.
    fn field_test(&mut self, field: &Spanned<String>, quoting: Quoting) -> Option<Search> {
        let after_field = self.at;
        self.skip_space();
        let is_negated = self.eat_keyword("NOT");
        self.skip_space();
        if self.is_keyword("IN") && self.rest()[2..].trim_start().starts_with('(') {
            let list = self.list(field);
            let span = self.since(field.span.start);
            return Some(if is_negated { Search::Not(Box::new(list), span) } else { list });
        }
        let op = if is_negated { None } else { self.compare_op() };
        if op.is_none() {
            self.at = after_field;
        }
        op.map(|(op, op_span)| self.comparison(field, quoting, op, op_span))
    }

    fn comparison(
        &mut self,
        field: &Spanned<String>,
        quoting: Quoting,
        op: CompareOp,
        op_span: Span,
    ) -> Search {
        let value = self.compared_value(op_span);
        let is_modifier = quoting == Quoting::Bare
            && op == CompareOp::Eq
            && TIME_MODIFIERS.contains(&field.value.as_str());
        if is_modifier {
            let value = Spanned::new(value.text, value.span);
            return Search::TimeModifier { name: field.clone(), value };
        }
        let span = field.span.to(value.span);
        Search::Compare(Comparison { field: field.clone(), op, value, span })
    }

    fn compare_op(&mut self) -> Option<(CompareOp, Span)> {
        let (op, length) = compare_op(self.rest())?;
        let span = Span::new(self.at, self.at + length);
        self.at = span.end;
        Some((op, span))
    }

    fn compared_value(&mut self, op: Span) -> SearchValue {
        self.skip_space();
        self.value(ends_value).unwrap_or_else(|| {
            let message = format!("`{}` lacks a value", op.text(self.text));
            let error = Diagnostic::error(Code::DanglingOperator, op, message);
            self.report(
                error.label("expected a value after it").help("an empty value is written `\"\"`"),
            );
            SearchValue { text: String::new(), kind: ValueKind::Plain, span: op }
        })
    }

    fn value(&mut self, stops: impl Fn(&str, usize) -> bool) -> Option<SearchValue> {
        let start = self.at;
        let word = self.argument(Escapes::Pipe, stops)?;
        let Some(function) = self.raw_function(&word) else {
            let Argument { text, span, .. } = word;
            return Some(SearchValue { text, kind: ValueKind::Plain, span });
        };
        let kind = if function == RawKind::Case { ValueKind::Case } else { ValueKind::Term };
        Some(SearchValue { text: self.raw_argument(), kind, span: self.since(start) })
    }

    /// Reads `IN (...)`.
    fn list(&mut self, field: &Spanned<String>) -> Search {
        self.eat_keyword("IN");
        self.skip_space();
        let open = self.at;
        self.bump();
        let mut values = Vec::new();
        loop {
            self.skip_separators();
            if self.peek().is_none_or(|c| c == ')') {
                break;
            }
            match self.value(ends_list_value) {
                Some(value) => values.push(value),
                None => self.skip_unexpected(),
            }
        }
        if values.is_empty() && self.peek().is_some() {
            self.report_empty_list();
        }
        self.expect_closing(open);
        let span = field.span.to(self.since(open));
        Search::In { field: field.clone(), values, span }
    }

    fn report_empty_list(&mut self) {
        let error = Diagnostic::error(Code::MissingArgument, self.here(), "`IN` lacks values");
        let help = "write the values between the parentheses, with commas between them";
        self.report(error.label("expected a value here").help(help));
    }

    fn skip_unexpected(&mut self) {
        if let Some((_, length)) = compare_op(self.rest()) {
            let span = Span::new(self.at, self.at + length);
            let message = format!("`{}` lacks a field", span.text(self.text));
            let error = Diagnostic::error(Code::DanglingOperator, span, message);
            self.report(
                error.label("expected a field before it").help("quote text that is searched for"),
            );
            self.at = span.end;
            return;
        }
        // The lexer has complained about brackets that have no partner or nest too deep.
        match self.peek() {
            Some(']') => self.bump(),
            Some('[') => self.at = self.end,
            _ => self.skip_unexpected_character(),
        }
    }

    fn skip_unexpected_character(&mut self) {
        let start = self.at;
        self.bump();
        let span = Span::new(start, self.at);
        let message = format!("unexpected `{}` in `{}`", span.text(self.text), self.command);
        let error = Diagnostic::error(Code::UnexpectedToken, span, message);
        self.report(error.label("expected a term").help("quote text that is searched for"));
    }

    /// Whether the operator `name` stands here: upper case, and a whole word.
    fn is_operator(&self, name: &str) -> bool {
        let after = self.rest().strip_prefix(name);
        after.is_some_and(|after| {
            let next = after.chars().next();
            next.is_none_or(|c| c.is_whitespace() || "()[]\",".contains(c))
        })
    }

    fn eat_operator(&mut self, name: &str) -> Option<Span> {
        let found = self.is_operator(name);
        let span = Span::new(self.at, self.at + name.len());
        found.then(|| {
            self.at = span.end;
            span
        })
    }

    fn is_term_ahead(&mut self) -> bool {
        self.skip_separators();
        let is_term = self.peek().is_some_and(|c| c != ')');
        is_term && !self.is_operator("AND") && !self.is_operator("OR")
    }

    fn dangling(&mut self, operator: Span, side: &str) {
        let name = operator.text(self.text);
        let message = format!("`{name}` has no term to its {side}");
        let help = format!("remove it, or write the term; the word itself is written `\"{name}\"`");
        let error = Diagnostic::error(Code::DanglingOperator, operator, message);
        let place = if side == "left" { "before" } else { "after" };
        self.report(error.label(format!("expected a term {place} it")).help(help));
    }

    fn warn_of_lower_case_operators(&mut self, terms: &[Search]) {
        for (index, term) in terms.iter().enumerate() {
            let Search::Raw(RawTerm { kind: RawKind::Word, text, span }) = term else { continue };
            let upper = text.to_ascii_uppercase();
            let has_left = index > 0 || upper == "NOT";
            if OPERATORS.contains(&upper.as_str()) && has_left && index + 1 < terms.len() {
                self.warn_of_lower_case_operator(text, &upper, *span);
            }
        }
    }

    fn warn_of_lower_case_operator(&mut self, text: &str, upper: &str, span: Span) {
        let message = format!("`{text}` in lower case is a word to search for");
        self.report(
            Diagnostic::warning(Code::LowerCaseOperator, span, message)
                .label("events must hold this word")
                .help(format!("for the operator write `{upper}`; for the word, `\"{text}\"`")),
        );
    }
}

/// The comparison operator that `text` starts with, and its length in bytes.
pub(super) fn compare_op(text: &str) -> Option<(CompareOp, usize)> {
    let ops = [
        ("==", CompareOp::Eq),
        ("!=", CompareOp::Ne),
        ("<=", CompareOp::Le),
        (">=", CompareOp::Ge),
        ("=", CompareOp::Eq),
        ("<", CompareOp::Lt),
        (">", CompareOp::Gt),
    ];
    let (name, op) = ops.into_iter().find(|(name, _)| text.starts_with(name))?;
    Some((op, name.len()))
}

fn conjunction_of(mut terms: Vec<Search>, span: Span) -> Search {
    match terms.len() {
        0 => Search::All(span),
        1 => terms.swap_remove(0),
        _ => Search::And(terms.into_iter().flat_map(conjuncts).collect()),
    }
}

fn conjuncts(term: Search) -> Vec<Search> {
    match term {
        Search::And(terms) => terms,
        term => vec![term],
    }
}

/// Whether a bare word, which may be a field's name, ends at `at`.
fn ends_term(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    ends_value(text, at) || compare_op(rest).is_some()
}

/// Whether a value outside of a list ends at `at`: a comma inside it belongs to it.
fn ends_value(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    if !rest.starts_with(',') {
        return ends_group(text, at) || is_glued_operator(text, at);
    }
    let next = rest[1..].chars().next();
    text[..at].ends_with('"') || next.is_none_or(|c| c.is_whitespace() || ",()[]\"".contains(c))
}

/// Whether an operator stands at `at` without space behind the quote before it, as in `a="b"AND c=d`.
fn is_glued_operator(text: &str, at: usize) -> bool {
    let stands_here = |operator: &&str| {
        let after = text[at..].strip_prefix(*operator);
        after.is_some_and(|after| after.starts_with(|c: char| c.is_whitespace() || c == '('))
    };
    text[..at].ends_with('"') && OPERATORS.iter().any(stands_here)
}

/// Whether a value of a list ends at `at`.
fn ends_list_value(text: &str, at: usize) -> bool {
    text[at..].starts_with(',') || ends_group(text, at)
}

/// Whether a parenthesis or bracket stands at `at`; `()` is text, as in `*GetCurrent()*`.
fn ends_group(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    let before = &text[..at];
    match rest.as_bytes().first() {
        Some(b'(') => {
            let is_function = before.ends_with("TERM") || before.ends_with("CASE");
            is_function || !before.ends_with(is_word) || !rest.starts_with("()")
        }
        Some(b')') => !before.ends_with('('),
        Some(b'[' | b']') => true,
        _ => false,
    }
}

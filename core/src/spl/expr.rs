//! The expressions of `eval`, `where` and `eval(...)` in aggregates: operator precedence by climbing.
//!
//! From tight to loose: unary minus, `* / %`, `+ -`, `.`, comparisons with `LIKE` and `IN`, `NOT`, `AND`, `OR`, `XOR`; in
//! any case. Chains of `AND` and `OR` become one node, and no tree is higher than [`MAX_DEPTH`], so walking one recursively
//! is safe.

use super::MAX_DEPTH;
use super::args::{Escapes, unescape};
use super::lexer::field_quote_end;
use super::parser::{Parser, is_word};
use super::search::compare_op;
use super::tree::{ArithmeticOp, CompareOp, Expr, ExprKind};
use crate::diag::{Code, Diagnostic, Span, Spanned};

/// How tight an operator binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Power {
    Any,
    Xor,
    Or,
    And,
    Not,
    Compare,
    Concat,
    Add,
    Multiply,
    Unary,
    /// Nothing can pull it apart.
    Atom,
}

/// An expression and how high its tree is.
struct Tall {
    expr: Expr,
    height: usize,
}

/// An operator between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Xor,
    Or,
    And,
    Compare(CompareOp),
    Arithmetic(ArithmeticOp),
    Like { is_negated: bool },
    In { is_negated: bool },
}

impl Infix {
    fn power(self) -> Power {
        match self {
            Self::Xor => Power::Xor,
            Self::Or => Power::Or,
            Self::And => Power::And,
            Self::Compare(_) | Self::Like { .. } | Self::In { .. } => Power::Compare,
            Self::Arithmetic(op) => arithmetic_power(op),
        }
    }
}

/// How tight the operator `op` binds.
pub(super) fn arithmetic_power(op: ArithmeticOp) -> Power {
    match op {
        ArithmeticOp::Concat => Power::Concat,
        ArithmeticOp::Add | ArithmeticOp::Subtract => Power::Add,
        ArithmeticOp::Multiply | ArithmeticOp::Divide | ArithmeticOp::Modulo => Power::Multiply,
    }
}

/// Whether `name` is an operator and no field where it stands bare.
pub(super) fn is_operator_word(name: &str) -> bool {
    ["AND", "OR", "XOR", "NOT", "LIKE", "IN"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

impl Parser<'_> {
    /// Reads the expression that stands here, up to something that cannot belong to it.
    pub(super) fn expression(&mut self) -> Expr {
        self.climb(Power::Any, None).expr
    }

    /// Reads the rest of the command as one expression.
    pub(super) fn whole_expression(&mut self) -> Expr {
        let mut left = self.climb(Power::Any, None);
        loop {
            self.skip_space();
            if self.peek() == Some(')') {
                self.skip_unopened_parenthesis();
            } else if !self.skip_glued_operator() {
                break;
            }
            left = self.climb_from(left, Power::Any);
        }
        if self.at < self.end {
            self.report_leftover("an operator or the end of the command");
            self.at = self.end;
        }
        left.expr
    }

    /// Goes to the comma that ends the expression just read, past whatever cannot belong to it.
    pub(super) fn end_of_expression(&mut self) {
        self.skip_space();
        while self.peek().is_some_and(|c| c != ',') {
            if self.peek() == Some(')') {
                self.skip_unopened_parenthesis();
            } else {
                self.report_leftover("`,` or the end of the command");
            }
            self.recover();
        }
    }

    fn climb(&mut self, floor: Power, operator: Option<Span>) -> Tall {
        self.skip_space();
        let left = self.prefix(operator);
        self.climb_from(left, floor)
    }

    /// Reads the operators that bind tighter than `floor`, and their right operands.
    fn climb_from(&mut self, mut left: Tall, floor: Power) -> Tall {
        loop {
            self.skip_space();
            let start = self.at;
            let Some((infix, length)) = self.infix_ahead() else { return left };
            if infix.power() <= floor {
                return left;
            }
            self.at += length;
            left = self.infix(left, infix, Span::new(start, start + length));
            if left.height > MAX_DEPTH {
                self.give_up(Span::new(start, start + length));
                let span = left.expr.span;
                return broken(span);
            }
        }
    }

    fn infix(&mut self, left: Tall, infix: Infix, operator: Span) -> Tall {
        if let Infix::In { is_negated } = infix {
            return self.in_list(left, operator, is_negated);
        }
        let right = self.climb(infix.power(), Some(operator));
        let span = left.expr.span.to(right.expr.span);
        if let Infix::And | Infix::Or = infix {
            return chain(left, right, infix, span);
        }
        let height = left.height.max(right.height) + 1;
        let (left, right) = (left.expr, right.expr);
        let kind = match infix {
            Infix::Xor => ExprKind::Xor(Box::new(left), Box::new(right)),
            Infix::Compare(op) => ExprKind::Compare(op, Box::new(left), Box::new(right)),
            Infix::Arithmetic(op) => ExprKind::Arithmetic(op, Box::new(left), Box::new(right)),
            Infix::Like { is_negated } => {
                return self.operator_call(vec![left, right], operator, is_negated, height);
            }
            Infix::And | Infix::Or | Infix::In { .. } => unreachable!("read above"),
        };
        Tall { expr: Expr { kind, span }, height }
    }

    /// Reads the list of `left IN (...)`.
    fn in_list(&mut self, left: Tall, operator: Span, is_negated: bool) -> Tall {
        self.skip_space();
        let (rest, height) = self.call_arguments();
        let mut operands = vec![left.expr];
        operands.extend(rest);
        self.operator_call(operands, operator, is_negated, left.height.max(height) + 1)
    }

    /// `a LIKE b` and `a IN (b)` are calls that are written in another way.
    fn operator_call(
        &self,
        arguments: Vec<Expr>,
        operator: Span,
        is_negated: bool,
        height: usize,
    ) -> Tall {
        let span = Span::new(arguments[0].span.start, self.at);
        let written = operator.text(self.text);
        let word = written.rsplit(char::is_whitespace).next().unwrap_or(written);
        let name_span = Span::new(operator.end - word.len(), operator.end);
        let name = Spanned::new(word.to_owned(), name_span);
        let call = Expr { kind: ExprKind::Call { name, arguments }, span };
        if !is_negated {
            return Tall { expr: call, height };
        }
        Tall { expr: Expr { kind: ExprKind::Not(Box::new(call)), span }, height: height + 1 }
    }

    /// The operator that stands here, and its length in bytes.
    fn infix_ahead(&self) -> Option<(Infix, usize)> {
        let rest = self.rest();
        if let Some((op, length)) = compare_op(rest) {
            return Some((Infix::Compare(op), length));
        }
        let op = match self.peek()? {
            '+' => ArithmeticOp::Add,
            '-' => ArithmeticOp::Subtract,
            '*' => ArithmeticOp::Multiply,
            '/' => ArithmeticOp::Divide,
            '%' => ArithmeticOp::Modulo,
            '.' => ArithmeticOp::Concat,
            _ => return self.infix_word(),
        };
        Some((Infix::Arithmetic(op), 1))
    }

    fn infix_word(&self) -> Option<(Infix, usize)> {
        let words = [("AND", Infix::And), ("OR", Infix::Or), ("XOR", Infix::Xor)];
        if let Some((word, infix)) = words.into_iter().find(|(word, _)| self.is_keyword(word)) {
            return Some((infix, word.len()));
        }
        let is_negated = self.is_keyword("NOT");
        let skipped =
            if is_negated { self.rest().len() - self.rest()[3..].trim_start().len() } else { 0 };
        let rest = &self.rest()[skipped..];
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        if word.eq_ignore_ascii_case("LIKE") {
            return Some((Infix::Like { is_negated }, skipped + word.len()));
        }
        let is_list = word.eq_ignore_ascii_case("IN") && rest[2..].trim_start().starts_with('(');
        is_list.then_some((Infix::In { is_negated }, skipped + word.len()))
    }

    /// Reads an operand. `operator` is the operator that it belongs to, if any.
    fn prefix(&mut self, operator: Option<Span>) -> Tall {
        self.skip_operators_without_left();
        let start = self.at;
        match self.peek() {
            None | Some(')' | ',') => self.report_no_operand(operator),
            Some('(') => self.group_expression(),
            Some('"') => {
                let text = unescape(self.quoted(), Escapes::Regex);
                leaf(ExprKind::String(text), self.since(start))
            }
            Some('\'') => self.quoted_field(),
            Some('-') => self.unary(1, Power::Unary, ExprKind::Negate),
            Some('!') => self.unary(1, Power::Not, ExprKind::Not),
            Some(_) if self.is_keyword("NOT") => self.unary(3, Power::Not, ExprKind::Not),
            Some('[') => self.bracketed_search(),
            Some(_) => self.number().unwrap_or_else(|| self.name_or_call()),
        }
    }

    fn bracketed_search(&mut self) -> Tall {
        let start = self.at;
        match self.subpipeline() {
            Some(pipeline) => leaf(ExprKind::Subsearch(pipeline), self.since(start)),
            None => self.skip_unexpected_operand(),
        }
    }

    fn unary(&mut self, length: usize, power: Power, kind: fn(Box<Expr>) -> ExprKind) -> Tall {
        let operator = Span::new(self.at, self.at + length);
        let operand = self.deeper(|parser| {
            parser.at = operator.end;
            parser.climb(power, Some(operator))
        });
        let Some(operand) = operand else { return broken(operator) };
        let span = operator.to(operand.expr.span);
        let expr = Expr { kind: kind(Box::new(operand.expr)), span };
        Tall { expr, height: operand.height + 1 }
    }

    fn group_expression(&mut self) -> Tall {
        let open = self.at;
        let inner = self.deeper(|parser| {
            parser.bump();
            let mut inner = parser.climb(Power::Any, None);
            parser.skip_space();
            if parser.peek().is_some_and(|c| c != ')') {
                parser.report_leftover("an operator or `)`");
                parser.recover();
                while parser.eat(',') {
                    parser.recover();
                }
            }
            parser.expect_closing(open);
            inner.expr.span = parser.since(open);
            inner
        });
        inner.unwrap_or_else(|| broken(Span::at(open)))
    }

    fn quoted_field(&mut self) -> Tall {
        let start = self.at;
        let Some(end) = field_quote_end(self.text, start).filter(|&end| end <= self.end) else {
            let span = Span::new(start, start + 1);
            let error = Diagnostic::error(Code::UnclosedQuote, span, "unclosed single quote");
            self.report(
                error
                    .label("no `'` follows it")
                    .help("single quotes hold a field's name; text stands in double quotes"),
            );
            self.at = self.end;
            return broken(span);
        };
        self.at = end;
        let name = self.text[start + 1..end - 1].to_owned();
        leaf(ExprKind::Field(name), Span::new(start, end))
    }

    fn number(&mut self) -> Option<Tall> {
        let length = number_length(self.rest())?;
        let span = Span::new(self.at, self.at + length);
        self.at = span.end;
        Some(leaf(ExprKind::Number(span.text(self.text).to_owned()), span))
    }

    fn name_or_call(&mut self) -> Tall {
        let start = self.at;
        self.at += name_length(self.rest());
        let name = Spanned::new(self.text[start..self.at].to_owned(), self.since(start));
        if name.value.is_empty() {
            return self.skip_unexpected_operand();
        }
        let after_name = self.at;
        self.skip_space();
        if self.peek() != Some('(') {
            self.at = after_name;
            return leaf(ExprKind::Field(name.value), name.span);
        }
        let (arguments, height) = self.call_arguments();
        let span = Span::new(start, self.at);
        let expr = Expr { kind: ExprKind::Call { name, arguments }, span };
        Tall { expr, height: height + 1 }
    }

    /// Reads `(a, b)`; gives the arguments and the height of the highest.
    fn call_arguments(&mut self) -> (Vec<Expr>, usize) {
        let open = self.at;
        let read = self.deeper(|parser| {
            parser.bump();
            let (mut arguments, mut height) = (Vec::new(), 0);
            parser.skip_space();
            if parser.peek().is_some_and(|c| c != ')') {
                loop {
                    let argument = parser.climb(Power::Any, None);
                    height = height.max(argument.height);
                    arguments.push(argument.expr);
                    if !parser.is_at_next_argument() {
                        break;
                    }
                }
            }
            parser.expect_closing(open);
            (arguments, height)
        });
        read.unwrap_or_default()
    }

    /// Goes to the next argument, past whatever cannot belong to this one.
    fn is_at_next_argument(&mut self) -> bool {
        self.skip_space();
        if self.peek().is_some_and(|c| c != ',' && c != ')') {
            self.report_leftover("`,` or `)`");
            self.recover();
        }
        self.eat(',')
    }

    /// Skips to the next `,` or `)` of this level.
    fn recover(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.quoted();
                    continue;
                }
                ',' | ')' if depth == 0 => return,
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    fn skip_operators_without_left(&mut self) {
        let mut is_reported = false;
        while let Some((infix, length)) = self.infix_ahead() {
            let is_minus = matches!(infix, Infix::Arithmetic(ArithmeticOp::Subtract));
            let is_word = matches!(infix, Infix::Like { .. } | Infix::In { .. });
            if is_minus || is_word || number_length(self.rest()).is_some() {
                return;
            }
            if name_length(self.rest()) > length {
                return; // `<<FIELD>>` of a foreach
            }
            let span = Span::new(self.at, self.at + length);
            if !is_reported {
                self.report_dangling(span, "left");
            }
            is_reported = true;
            self.at = span.end;
            self.skip_space();
        }
    }

    fn report_no_operand(&mut self, operator: Option<Span>) -> Tall {
        if let Some(operator) = operator {
            self.report_dangling(operator, "right");
            return broken(operator);
        }
        let message = format!("missing expression in `{}`", self.command);
        self.report(
            Diagnostic::error(Code::UnexpectedToken, self.here(), message)
                .label("expected an expression here")
                .help("write a field, a text in double quotes, a number or a function call"),
        );
        broken(self.here())
    }

    fn report_dangling(&mut self, operator: Span, side: &str) {
        let name = operator.text(self.text);
        let message = format!("`{name}` has no operand to its {side}");
        let place = if side == "left" { "before" } else { "after" };
        self.report(
            Diagnostic::error(Code::DanglingOperator, operator, message)
                .label(format!("expected an expression {place} it"))
                .help("remove it, or write the operand"),
        );
    }

    fn skip_unexpected_operand(&mut self) -> Tall {
        let span = self.word_ahead();
        let found = span.text(self.text);
        let message = format!("unexpected `{found}` in `{}`", self.command);
        let help =
            "text stands in double quotes, a field's name with other characters in single quotes";
        self.report(
            Diagnostic::error(Code::UnexpectedToken, span, message)
                .label("expected an expression here")
                .help(help),
        );
        self.recover();
        broken(span)
    }

    fn report_leftover(&mut self, expected: &str) {
        let span = self.word_ahead();
        let message = format!("unexpected `{}` in `{}`", span.text(self.text), self.command);
        let help = self.glued_operator().map_or_else(
            || "join the two expressions with an operator such as `AND`".to_owned(),
            |operator| {
                let function = &span.text(self.text)[operator.len()..];
                format!("put a space into it: `{operator} {function}`")
            },
        );
        let error = Diagnostic::error(Code::UnexpectedToken, span, message);
        self.report(error.label(format!("expected {expected}")).help(help));
    }

    /// The operator that the call here starts with for lack of a space, as in `ANDmatch(`.
    fn glued_operator(&self) -> Option<&'static str> {
        let word = self.word_ahead();
        let is_call = self.text[word.end..self.end].starts_with('(');
        let starts = |name: &&str| word.text(self.text).starts_with(*name);
        ["AND", "OR", "XOR"].into_iter().find(starts).filter(|_| is_call)
    }

    /// Complains about a glued operator and reads the call behind it, so that the rest can be looked at too.
    fn skip_glued_operator(&mut self) -> bool {
        let Some(operator) = self.glued_operator() else { return false };
        self.report_leftover("an operator or the end of the command");
        self.at += operator.len();
        self.climb(Power::Any, None);
        true
    }
}

/// Joins two operands into one node, with the operands of either that is such a node itself: a long chain is no high tree.
fn chain(left: Tall, right: Tall, infix: Infix, span: Span) -> Tall {
    let (mut operands, left_height) = links(left, infix);
    let (more, right_height) = links(right, infix);
    operands.extend(more);
    let kind = match infix {
        Infix::And => ExprKind::And(operands),
        _ => ExprKind::Or(operands),
    };
    Tall { expr: Expr { kind, span }, height: left_height.max(right_height) }
}

/// The operands that `tall` gives to a chain of `infix`, and how high that chain is at least.
fn links(tall: Tall, infix: Infix) -> (Vec<Expr>, usize) {
    match (tall.expr.kind, infix) {
        (ExprKind::And(operands), Infix::And) | (ExprKind::Or(operands), Infix::Or) => {
            (operands, tall.height)
        }
        (kind, _) => (vec![Expr { kind, span: tall.expr.span }], tall.height + 1),
    }
}

fn leaf(kind: ExprKind, span: Span) -> Tall {
    Tall { expr: Expr { kind, span }, height: 0 }
}

fn broken(span: Span) -> Tall {
    leaf(ExprKind::Broken, span)
}

/// The length of the number that `text` starts with. Digits that go on as a word are a name.
pub(super) fn number_length(text: &str) -> Option<usize> {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(0);
    let mut length = whole;
    if text[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if length == 0 {
        return None;
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let exponent = digits(length + 1 + sign);
        length += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    (!text[length..].starts_with(is_word)).then_some(length)
}

/// The length of the name that `text` starts with; the placeholders of `foreach` are part of it.
pub(super) fn name_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let step = if word > 0 { word } else { placeholder_length(rest) };
        if step == 0 {
            return length;
        }
        length += step;
    }
}

fn placeholder_length(text: &str) -> usize {
    let Some(inside) = text.strip_prefix("<<") else { return 0 };
    let name = inside.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if name > 0 && inside[name..].starts_with(">>") { name + 4 } else { 0 }
}

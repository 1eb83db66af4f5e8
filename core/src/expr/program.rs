//! A compiled expression, and how it is evaluated.
//!
//! An expression is a tree without names: fields are ids, functions are pointers, patterns that the rule spells out are
//! compiled. Evaluating it never fails, for what cannot be computed is null, and allocates in the arena of [`Env`] only,
//! unless data supplies a pattern: that is compiled on the heap, once for as long as it stays in use.
//!
//! The tree is shaped so that evaluation needs little stack: a chain of operators is one node, and the branches of `if`
//! and `case` are evaluated in the frame of their call. What nesting remains is bounded by [`MAX_DEPTH`].

use bumpalo::collections::Vec as BumpVec;

use super::{
    capture::Finder,
    compare::{self, Operand},
    functions::{Body, Function, Kind},
    like::Like,
    regex::Regex,
    search::Search,
};
use crate::{
    ids::FieldId,
    row::{Env, Fields},
    value::Value,
};

/// How deep evaluation may nest, so that it fits into the 24 KiB of stack that a push has. Chains of operators do not
/// nest, nor does an `if` in the last argument of an `if`.
pub const MAX_DEPTH: usize = 32;

/// What an expression is evaluated against.
#[derive(Clone, Copy)]
pub struct Scope<'a, 'e> {
    /// The fields that it reads.
    pub fields: &'a dyn Fields<'e>,
    /// What it needs besides.
    pub env: Env<'e>,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A value that the rule spells out.
    Literal(Literal),
    /// The value of a field.
    Field(FieldId),
    /// `-x`.
    Negate(Box<Expr>),
    /// `NOT x`.
    Not(Box<Expr>),
    /// `a + b - c . d`: operators applied from left to right.
    Chain(Box<Chain>),
    /// `a = b` and its like.
    Compare(Box<Comparison>),
    /// True if all are.
    And(Box<[Expr]>),
    /// True if one is.
    Or(Box<[Expr]>),
    /// True if exactly one is.
    Xor(Box<(Expr, Expr)>),
    /// A function of its arguments.
    Call(Box<Call>),
    /// `searchmatch("...")`: an expression of `search`, with the rules of `search`.
    SearchMatch(Box<Search>),
}

/// A value that the rule spells out.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// No value.
    Null,
    /// A number.
    Number(f64),
    /// A number whose decimals end in zeros, which matter where digits are counted: `1.50`.
    Decimal {
        /// The number.
        number: f64,
        /// How many decimals are written.
        decimals: u8,
    },
    /// A quoted text: never a number, whatever it reads as.
    Text(Box<str>),
}

/// Operators that are applied from left to right.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The first operand.
    pub first: Expr,
    /// The operators, each with its right operand.
    pub rest: Box<[(Operator, Expr)]>,
}

/// The operators of a [`Chain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`: adds numbers, joins texts.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
    /// `.`: joins.
    Concat,
}

/// The comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`.
    Eq,
    /// `!=`.
    Ne,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
}

/// Two expressions and how they are compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The operator.
    pub relation: Relation,
    /// The left side.
    pub left: Expr,
    /// The right side.
    pub right: Expr,
}

/// A function and its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function.
    pub function: &'static Function,
    /// As many arguments as it takes.
    pub arguments: Box<[Expr]>,
    /// What could be made of its literal arguments beforehand.
    pub prepared: Prepared,
}

/// What a function made of its literal arguments when the rule was compiled.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// Nothing.
    None,
    /// A pattern to test.
    Regex(Regex),
    /// A pattern to find.
    Finder(Finder),
    /// A pattern of `like`.
    Like(Like),
    /// A network.
    Net(ipnet::IpNet),
    /// The field that stands for each value in turn, in `mvmap` and `mvfilter`.
    Element(FieldId),
}

impl Literal {
    /// Its value, copied into the arena of `env`.
    fn value<'e>(&self, env: Env<'e>) -> Value<'e> {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) | Self::Decimal { number, .. } => Value::Number(*number),
            Self::Text(text) => Value::Text(env.bump.alloc_slice_copy(text.as_bytes())),
        }
    }

    /// Its value, borrowed.
    fn view(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) | Self::Decimal { number, .. } => Value::Number(*number),
            Self::Text(text) => Value::Text(text.as_bytes()),
        }
    }
}

impl Expr {
    /// The value of the expression.
    #[must_use]
    pub fn value<'e>(&self, scope: &Scope<'_, 'e>) -> Value<'e> {
        let mut expr = self;
        loop {
            return match expr {
                Self::Literal(literal) => literal.value(scope.env),
                Self::Field(field) => scope.fields.get(*field),
                Self::Negate(inner) => {
                    inner.value(scope).number().map_or(Value::Null, |number| Value::Number(-number))
                }
                Self::Chain(chain) => chain.value(scope),
                Self::Call(call) => match call.function.body {
                    Body::Compute(compute) => compute(call, scope),
                    Body::Choose(choose) => match choose(call, scope) {
                        Some(chosen) => {
                            expr = chosen;
                            continue;
                        }
                        None => Value::Null,
                    },
                },
                test => test.test(scope).map_or(Value::Null, Value::Bool),
            };
        }
    }

    /// Whether the expression holds; `None` where that is unknown because a value is missing.
    #[must_use]
    #[inline(never)] // Keeps the frame of `value` short.
    pub fn test(&self, scope: &Scope<'_, '_>) -> Option<bool> {
        match self {
            Self::Not(inner) => inner.test(scope).map(|truth| !truth),
            Self::And(parts) => all(parts, scope, true),
            Self::Or(parts) => all(parts, scope, false),
            Self::Xor(sides) => Some(sides.0.test(scope)? != sides.1.test(scope)?),
            Self::Compare(comparison) => comparison.test(scope),
            Self::SearchMatch(search) => Some(search.test(scope.fields, scope.env)),
            value => match value.value(scope) {
                Value::Bool(truth) => Some(truth),
                _ => None,
            },
        }
    }

    /// The value as a side of a comparison; unlike [`value`](Self::value) it copies no literal.
    pub(super) fn operand<'s, 'e: 's>(&'s self, scope: &Scope<'_, 'e>) -> Operand<'s> {
        match self {
            Self::Literal(literal) => Operand { value: literal.view(), quoted: self.is_quoted() },
            other => Operand { value: other.value(scope), quoted: false },
        }
    }

    /// Whether it is a text that the rule spells out.
    pub(super) fn is_quoted(&self) -> bool {
        self.quoted().is_some()
    }

    /// The text that the rule spells out, if that is what it is.
    #[must_use]
    pub fn quoted(&self) -> Option<&str> {
        match self {
            Self::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Calls `visit` with every field that it reads, once for each place that reads it.
    pub fn for_each_field(&self, visit: &mut dyn FnMut(FieldId)) {
        match self {
            // A search reads the row, whatever stands for a value of it.
            Self::Literal(_) | Self::SearchMatch(_) => {}
            Self::Field(field) => visit(*field),
            Self::Negate(inner) | Self::Not(inner) => inner.for_each_field(visit),
            Self::Chain(chain) => {
                chain.first.for_each_field(visit);
                chain.rest.iter().for_each(|(_, operand)| operand.for_each_field(visit));
            }
            Self::Compare(comparison) => {
                comparison.left.for_each_field(visit);
                comparison.right.for_each_field(visit);
            }
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_field(visit))
            }
            Self::Xor(sides) => {
                sides.0.for_each_field(visit);
                sides.1.for_each_field(visit);
            }
            Self::Call(call) => {
                call.arguments.iter().for_each(|argument| argument.for_each_field(visit))
            }
        }
    }

    /// Whether its value is a yes or no.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        match self {
            Self::Not(_)
            | Self::Compare(_)
            | Self::And(_)
            | Self::Or(_)
            | Self::Xor(_)
            | Self::SearchMatch(_) => true,
            Self::Literal(_) | Self::Field(_) | Self::Negate(_) | Self::Chain(_) => false,
            Self::Call(call) => call.is_boolean(),
        }
    }
}

impl Comparison {
    #[inline(never)] // Keeps the frame of `Expr::test` short.
    fn test(&self, scope: &Scope<'_, '_>) -> Option<bool> {
        compare::compare(
            self.relation,
            self.left.operand(scope),
            self.right.operand(scope),
            scope.env.bump,
        )
    }
}

impl Chain {
    #[inline(never)] // Keeps the frame of `Expr::value` short.
    fn value<'e>(&self, scope: &Scope<'_, 'e>) -> Value<'e> {
        let mut left = self.first.value(scope);
        let mut quoted = self.first.is_quoted();
        let mut rest = &*self.rest;
        while let Some(((operator, operand), after)) = rest.split_first() {
            if left.is_null() {
                return Value::Null;
            }
            if *operator == Operator::Concat {
                let joined =
                    rest.iter().take_while(|(operator, _)| *operator == Operator::Concat).count();
                let (operands, after) = rest.split_at(joined);
                left = join(left, operands, scope);
                rest = after;
            } else {
                let right = Operand { value: operand.value(scope), quoted: operand.is_quoted() };
                left = compare::arithmetic(
                    *operator,
                    Operand { value: left, quoted },
                    right,
                    scope.env.bump,
                );
                rest = after;
            }
            quoted = false;
        }
        left
    }
}

impl Call {
    fn is_boolean(&self) -> bool {
        match self.function.kind {
            Kind::Boolean => true,
            Kind::Value => false,
            Kind::Chosen => {
                let mut arguments = self.arguments.iter().enumerate();
                arguments.any(|(index, argument)| {
                    !self.function.tests.holds(index) && argument.is_boolean()
                })
            }
        }
    }

    /// The value of argument `index`; null where it was not written.
    #[must_use]
    pub fn argument<'e>(&self, index: usize, scope: &Scope<'_, 'e>) -> Value<'e> {
        self.arguments.get(index).map_or(Value::Null, |argument| argument.value(scope))
    }

    /// The text of argument `index`, if it has exactly one.
    #[must_use]
    pub fn text<'e>(&self, index: usize, scope: &Scope<'_, 'e>) -> Option<&'e [u8]> {
        self.argument(index, scope).text(scope.env.bump)
    }

    /// The number that argument `index` is or reads as.
    #[must_use]
    pub fn number(&self, index: usize, scope: &Scope<'_, '_>) -> Option<f64> {
        self.argument(index, scope).number()
    }

    /// The integral number that argument `index` is, within what an `i64` holds exactly.
    #[must_use]
    pub fn integer(&self, index: usize, scope: &Scope<'_, '_>) -> Option<i64> {
        let number = self.number(index, scope)?.trunc();
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        let integer = (number.abs() < 9.0e15).then_some(number as i64);
        integer
    }
}

/// AND (`unless` is true) and OR (`unless` is false): the other truth decides at once, a null only if nothing else does.
fn all(parts: &[Expr], scope: &Scope<'_, '_>, unless: bool) -> Option<bool> {
    let mut result = Some(unless);
    for part in parts {
        match part.test(scope) {
            Some(truth) if truth == unless => {}
            Some(truth) => return Some(truth),
            None => result = None,
        }
    }
    result
}

/// `first . a . b`: null if any is null or a multivalue.
fn join<'e>(first: Value<'e>, operands: &[(Operator, Expr)], scope: &Scope<'_, 'e>) -> Value<'e> {
    let bump = scope.env.bump;
    let Some(first) = first.text(bump) else { return Value::Null };
    let mut text = BumpVec::with_capacity_in(first.len() + 16 * operands.len(), bump);
    text.extend_from_slice(first);
    for (_, operand) in operands {
        let appended = match operand {
            Expr::Literal(Literal::Text(piece)) => compare::append(&mut text, piece.as_bytes()),
            computed => computed
                .value(scope)
                .text(bump)
                .is_some_and(|piece| compare::append(&mut text, piece)),
        };
        if !appended {
            return Value::Null;
        }
    }
    Value::Text(text.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::expr::testing::{Bench, Table, evaluate, test};

    /// What nested frames may use of the 24 KiB that a push has; unoptimised frames are many times larger.
    const NESTED_BYTES: usize = if cfg!(debug_assertions) { 64 << 10 } else { 12 << 10 };

    /// Fields that note how deep in the stack they are read.
    struct Depth {
        top: usize,
        bytes: Cell<usize>,
    }

    impl<'e> Fields<'e> for Depth {
        fn get(&self, _: FieldId) -> Value<'e> {
            let local = 0_u8;
            self.bytes.set(self.bytes.get().max(self.top.abs_diff((&raw const local).addr())));
            Value::Text(b"abc")
        }
    }

    #[test]
    fn the_deepest_expressions_need_little_stack() {
        let nest = |open: &str, core: &str, close: &str, levels: usize| {
            let times = MAX_DEPTH / levels;
            format!("{}{core}{}", open.repeat(times), close.repeat(times))
        };
        let expressions = [
            nest("lower(", "f", ")", 1),
            nest("replace(", "f", r#", "(a)$|[^b]+", "\1")"#, 1),
            nest("mvmap(f, ", "g", ")", 1),
            nest("max(1, ", "f", ")", 1),
            nest("printf(\"%s\", ", "f", ")", 1),
            nest("mvdedup(", "f", ")", 1),
            nest("coalesce(null(), ", "f", ")", 1),
            nest("sha512(", "f", ")", 1),
            nest("round(", "f", ", 2)", 1),
            nest("-(1 + ", "f", ")", 2),
            nest("(\"a\".", "f", ")", 1),
            nest("if(NOT (1=1 AND f=", "1", "), 1, 2)", 4),
        ];
        for text in expressions {
            let mut bench = Bench::default();
            let expr = bench.value(&text);
            let bytes = bench.with_row(&[], |_, env| {
                let local = 0_u8;
                let depth = Depth { top: (&raw const local).addr(), bytes: Cell::new(0) };
                std::hint::black_box(expr.value(&Scope { fields: &depth, env }));
                depth.bytes.get()
            });
            assert!(0 < bytes && bytes < NESTED_BYTES, "{bytes} bytes for {text}");
        }
    }

    #[test]
    fn branches_run_only_when_chosen() {
        let fields: Table = &[("s", &["406"]), ("mv", &["a", "b"])];
        let cases = [
            ("case(s==200, \"OK\", s==404, \"NF\")", "null"),
            ("case(s==200, \"OK\", true(), mv)", "a | b"),
            ("if(isnull(m) AND isnotnull(s), \"y\", \"n\")", "y"),
            ("if(s>1, if(s>400, if(s>405, 3, 2), 1), 0)", "3"),
            ("coalesce(gone, mv)", "a | b"),
            ("if(if(1=1, s=406, s=1), 1, 2)", "1"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, fields), expected, "{expression}");
        }
        assert_eq!(test("case(1=2, 1=1, 1=1, s=406)", fields), Some(true));
        assert_eq!(test("NOT s=1 AND s=2 OR s=406", fields), Some(true));
    }

    #[test]
    fn the_fields_of_an_expression_are_all_found() {
        let mut bench = Bench::default();
        let expr = bench.value("if(a=b AND NOT (c>1 OR d=1 XOR e=1), len(f).g, -h)");
        let mut names = Vec::new();
        expr.for_each_field(&mut |field| names.push(bench.names.text(field).to_owned()));
        assert_eq!(names, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    }

    #[test]
    fn a_text_does_not_grow_without_bound() {
        let text = "a".repeat(5 << 20);
        assert_eq!(evaluate("len(f.f.f)", &[("f", &[&text])]), (15 << 20).to_string());
        assert_eq!(evaluate("len(f.f.f.f)", &[("f", &[&text])]), "null");
        assert_eq!(evaluate("len(replace(f, \"a\", \"xxxx\"))", &[("f", &[&text])]), "null");
        assert_eq!(evaluate("len(mvjoin(split(f, \"\"), \"xxxx\"))", &[("f", &[&text])]), "null");
    }
}

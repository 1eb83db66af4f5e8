//! What tests of expressions need: a small reader of expressions, fields from a table, results as text.
//!
//! The reader knows precedence and nothing of errors, so that these tests depend on no parser but on the tree alone.

use bumpalo::Bump;

use super::{
    Expr, Scope,
    regex::{Caches, RegexIds},
};
use crate::{
    diag::{Diagnostic, Span, Spanned},
    names::{Name, Names},
    plan::lower_expr::Lowering,
    row::{Env, Rank, Row},
    spl::tree::{self, ArithmeticOp, CompareOp, ExprKind},
    stage::eval::Target,
    value::Value,
};

/// Field names and their values; several values are a multivalue.
pub(crate) type Table<'t> = &'t [(&'t str, &'t [&'t str])];

/// What rules share while they are lowered and run.
#[derive(Default)]
pub(crate) struct Bench {
    pub(crate) names: Names,
    pub(crate) regexes: RegexIds,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Bench {
    pub(crate) fn lowering<'a>(&'a mut self, source: &'a str) -> Lowering<'a> {
        Lowering {
            source,
            names: &mut self.names,
            regexes: &mut self.regexes,
            diagnostics: &mut self.diagnostics,
        }
    }

    pub(crate) fn value(&mut self, text: &str) -> Expr {
        let expr = self.lowering(text).value(&read(text));
        assert_eq!(self.diagnostics, [], "{text}");
        expr
    }

    pub(crate) fn predicate(&mut self, text: &str) -> Expr {
        let expr = self.lowering(text).predicate(&read(text));
        assert_eq!(self.diagnostics, [], "{text}");
        expr
    }

    pub(crate) fn target(&mut self, name: &str) -> Target {
        self.lowering(name).target(&Spanned::new(name.to_owned(), Span::default()))
    }

    pub(crate) fn with_row<T>(
        &mut self,
        table: Table,
        run: impl for<'e> FnOnce(&mut Row<'e>, Env<'e>) -> T,
    ) -> T {
        let fields: Vec<_> =
            table.iter().map(|(name, values)| (self.names.intern(name), values)).collect();
        let bump = Bump::new();
        let caches = Caches::new(self.regexes.count());
        let env = Env {
            bump: &bump,
            names: &self.names,
            caches: &caches,
            now_s: 1_700_000_000.0,
            zone: &jiff::tz::TimeZone::UTC,
        };
        let mut row = Row::empty(&bump, Rank::default());
        for (field, values) in &fields {
            let texts = bump.alloc_slice_fill_iter(values.iter().map(|text| text.as_bytes()));
            row.push(Name::Known(*field), Value::from_list(texts));
        }
        run(&mut row, env)
    }
}

/// The value of an expression as text: `null`, `True`; the values of a multivalue are joined by ` | `. Where the table is
/// empty there is one field, `letters`, with the values `a`, `b` and `c`.
pub(crate) fn evaluate(text: &str, table: Table) -> String {
    let letters: Table = &[("letters", &["a", "b", "c"])];
    let table = if table.is_empty() { letters } else { table };
    let mut bench = Bench::default();
    let expr = bench.value(text);
    bench.with_row(table, |row, env| show(expr.value(&Scope { fields: row, env }), env.bump))
}

/// The text of an expression over the field `f`.
pub(crate) fn evaluate_bytes(text: &str, f: &[u8]) -> Option<Vec<u8>> {
    let mut bench = Bench::default();
    let expr = bench.value(text);
    let field = Name::Known(bench.names.intern("f"));
    bench.with_row(&[], |row, env| {
        row.push(field, Value::Text(env.bump.alloc_slice_copy(f)));
        expr.value(&Scope { fields: row, env }).text(env.bump).map(<[u8]>::to_vec)
    })
}

/// Whether an expression holds.
pub(crate) fn test(text: &str, table: Table) -> Option<bool> {
    let mut bench = Bench::default();
    let expr = bench.predicate(text);
    bench.with_row(table, |row, env| expr.test(&Scope { fields: row, env }))
}

pub(crate) fn show(value: Value<'_>, bump: &Bump) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    let texts: Vec<_> =
        value.texts(bump).iter().map(|text| String::from_utf8_lossy(text)).collect();
    texts.join(" | ")
}

/// Reads an expression.
pub(crate) fn read(text: &str) -> tree::Expr {
    let mut reader = Reader { text, at: 0 };
    let expr = reader.binary(0);
    assert_eq!(reader.rest(), "", "in `{text}`");
    expr
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// The operators, loosest first.
const LEVELS: &[&[&str]] = &[
    &["XOR"],
    &["OR"],
    &["AND"],
    &["NOT"],
    &["==", "!=", "<=", ">=", "=", "<", ">"],
    &["."],
    &["+", "-"],
    &["*", "/", "%"],
];

impl<'t> Reader<'t> {
    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        &self.text[self.at..]
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expr(&self, start: usize, kind: ExprKind) -> tree::Expr {
        tree::Expr { kind, span: Span::new(start, self.at) }
    }

    fn binary(&mut self, level: usize) -> tree::Expr {
        self.rest();
        let start = self.at;
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        if *operators == ["NOT"] {
            if !self.take("NOT ") {
                return self.binary(level + 1);
            }
            let inner = Box::new(self.binary(level));
            return self.expr(start, ExprKind::Not(inner));
        }
        let mut left = self.binary(level + 1);
        while let Some(operator) = operators.iter().find(|operator| self.take(operator)) {
            let right = self.binary(level + 1);
            left = self.expr(start, joined(operator, left, right));
        }
        left
    }

    fn unary(&mut self) -> tree::Expr {
        let start = self.at;
        if self.take("-") {
            let inner = Box::new(self.unary());
            return self.expr(start, ExprKind::Negate(inner));
        }
        if self.take("(") {
            let inner = self.binary(0);
            assert!(self.take(")"), "in `{}`", self.text);
            return inner;
        }
        if self.take("\"") {
            let kind = ExprKind::String(self.string());
            return self.expr(start, kind);
        }
        let word = self.rest();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let kind = ExprKind::Number(self.number());
            return self.expr(start, kind);
        }
        let length = word
            .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .unwrap_or(word.len());
        assert!(length > 0, "in `{}` at {}", self.text, self.at);
        self.at += length;
        let name = word[..length].to_owned();
        if !self.take("(") {
            return self.expr(start, ExprKind::Field(name));
        }
        let name = Spanned::new(name, Span::new(start, start + length));
        let arguments = self.arguments();
        self.expr(start, ExprKind::Call { name, arguments })
    }

    fn arguments(&mut self) -> Vec<tree::Expr> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            assert!(arguments.is_empty() || self.take(","), "in `{}`", self.text);
            arguments.push(self.binary(0));
        }
        arguments
    }

    fn number(&mut self) -> String {
        let rest = self.rest();
        let mut length = 0;
        let exponent = |at: usize| matches!(rest.as_bytes().get(at), Some(b'e' | b'E'));
        while let Some(byte) = rest.as_bytes().get(length)
            && (byte.is_ascii_digit()
                || *byte == b'.'
                || exponent(length)
                || (*byte == b'-' && length > 0 && exponent(length - 1)))
        {
            length += 1;
        }
        self.at += length;
        rest[..length].to_owned()
    }

    fn string(&mut self) -> String {
        let mut text = String::new();
        let mut characters = self.text[self.at..].char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return text;
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        panic!("a string is never closed in `{}`", self.text)
    }
}

fn joined(operator: &str, left: tree::Expr, right: tree::Expr) -> ExprKind {
    let compare = |op, left, right| ExprKind::Compare(op, Box::new(left), Box::new(right));
    let arithmetic = |op, left, right| ExprKind::Arithmetic(op, Box::new(left), Box::new(right));
    match operator {
        "XOR" => ExprKind::Xor(Box::new(left), Box::new(right)),
        "OR" => ExprKind::Or(vec![left, right]),
        "AND" => ExprKind::And(vec![left, right]),
        "=" | "==" => compare(CompareOp::Eq, left, right),
        "!=" => compare(CompareOp::Ne, left, right),
        "<" => compare(CompareOp::Lt, left, right),
        "<=" => compare(CompareOp::Le, left, right),
        ">" => compare(CompareOp::Gt, left, right),
        ">=" => compare(CompareOp::Ge, left, right),
        "+" => arithmetic(ArithmeticOp::Add, left, right),
        "-" => arithmetic(ArithmeticOp::Subtract, left, right),
        "*" => arithmetic(ArithmeticOp::Multiply, left, right),
        "/" => arithmetic(ArithmeticOp::Divide, left, right),
        "%" => arithmetic(ArithmeticOp::Modulo, left, right),
        _ => arithmetic(ArithmeticOp::Concat, left, right),
    }
}

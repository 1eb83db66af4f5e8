//! What a rule itself tests, read from its syntax tree: indicators and search terms. What a macro brings is not counted:
//! it says where events come from, not what is looked for.

use serde::Serialize;

use crate::{
    diag::Span,
    spl::tree::{
        ArithmeticOp, CommandKind, CompareOp, Expr, ExprKind, Pipeline, RawKind, RawTerm, Search,
    },
};

/// A test of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Indicator {
    /// The number of the stage, from 1.
    pub stage: usize,
    /// The field.
    pub field: String,
    /// What is tested: `eq`, `regex_match`, ...
    pub kind: &'static str,
    /// What it is tested against.
    pub values: Vec<String>,
}

/// A test of the raw text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// The number of the stage, from 1.
    pub stage: usize,
    /// `phrase`, `TERM`, `word` or `CASE`.
    pub kind: &'static str,
    /// Its text.
    pub text: String,
    /// Whether it stands under a NOT.
    pub negated: bool,
}

/// What a rule tests.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Tests of fields, in the order in which they are written.
    pub indicators: Vec<Indicator>,
    /// Tests of the raw text, in the order in which they are written.
    pub terms: Vec<Term>,
}

/// The facts of `pipeline`, leaving out every node for whose span `is_foreign`.
pub fn facts(pipeline: &Pipeline, is_foreign: &dyn Fn(Span) -> bool) -> Facts {
    let mut gather = Gather { facts: Facts::default(), stage: 0, is_foreign };
    for (index, command) in pipeline.commands.iter().enumerate() {
        gather.stage = index + 1;
        match &command.kind {
            CommandKind::Search(search) => gather.search(search, false),
            CommandKind::Where(expr) => gather.predicate(expr, false),
            CommandKind::Regex(regex) if !is_foreign(command.span) => {
                let field = regex.field.as_ref().map_or("_raw", |field| &field.value);
                let kind = if regex.negated { "not_regex_match" } else { "regex_match" };
                gather.indicator(field, kind, vec![regex.pattern.text.clone()]);
            }
            _ => {}
        }
    }
    gather.facts
}

struct Gather<'a> {
    facts: Facts,
    stage: usize,
    is_foreign: &'a dyn Fn(Span) -> bool,
}

impl Gather<'_> {
    fn indicator(&mut self, field: &str, kind: &'static str, values: Vec<String>) {
        self.facts.indicators.push(Indicator {
            stage: self.stage,
            field: field.to_owned(),
            kind,
            values,
        });
    }

    fn search(&mut self, search: &Search, negated: bool) {
        match search {
            Search::And(terms) | Search::Or(terms) => {
                terms.iter().for_each(|term| self.search(term, negated));
            }
            Search::Not(term, _) => self.search(term, !negated),
            Search::Raw(term) if !(self.is_foreign)(term.span) => self.term(term, negated),
            Search::Compare(test) if !(self.is_foreign)(test.span) => {
                let is_wild = test.value.text.contains('*');
                let kind = compare_kind(test.op, is_wild, negated);
                self.indicator(&test.field.value, kind, vec![test.value.text.clone()]);
            }
            Search::In { field, values, span } if !(self.is_foreign)(*span) => {
                let kind = if negated { "not_in" } else { "in" };
                let values = values.iter().map(|value| value.text.clone()).collect();
                self.indicator(&field.value, kind, values);
            }
            _ => {}
        }
    }

    fn term(&mut self, term: &RawTerm, negated: bool) {
        let kind = match term.kind {
            RawKind::Word => "word",
            RawKind::Phrase => "phrase",
            RawKind::Term => "TERM",
            RawKind::Case => "CASE",
        };
        self.facts.terms.push(Term { stage: self.stage, kind, text: term.text.clone(), negated });
    }

    fn predicate(&mut self, expr: &Expr, negated: bool) {
        match &expr.kind {
            ExprKind::And(terms) | ExprKind::Or(terms) => {
                terms.iter().for_each(|term| self.predicate(term, negated));
            }
            ExprKind::Not(term) => self.predicate(term, !negated),
            _ if (self.is_foreign)(expr.span) => {}
            ExprKind::Compare(op, left, right) => self.comparison(*op, left, right, negated),
            ExprKind::Call { name, arguments } => {
                self.call(&name.value.to_ascii_lowercase(), arguments, negated);
            }
            _ => {}
        }
    }

    fn comparison(&mut self, op: CompareOp, left: &Expr, right: &Expr, negated: bool) {
        let (field, op, value) = match (&left.kind, &right.kind) {
            (ExprKind::Field(field), _) => (field, op, right),
            (_, ExprKind::Field(field)) => (field, mirrored(op), left),
            _ => return,
        };
        if let Some(value) = literal(value) {
            self.indicator(field, compare_kind(op, false, negated), vec![value]);
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expr], negated: bool) {
        let Some(ExprKind::Field(field)) = arguments.first().map(|argument| &argument.kind) else {
            return;
        };
        let kind = match (name, negated) {
            ("match", false) => "regex_match",
            ("match", true) => "not_regex_match",
            ("like", false) => "like",
            ("like", true) => "not_like",
            ("in", false) => "in",
            ("in", true) => "not_in",
            ("isnull", false) | ("isnotnull", true) => "isnull",
            ("isnotnull", false) | ("isnull", true) => "isnotnull",
            _ => return,
        };
        self.indicator(field, kind, arguments[1..].iter().filter_map(literal).collect());
    }
}

fn literal(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Number(text) | ExprKind::String(text) => Some(text.clone()),
        ExprKind::Negate(inner) => literal(inner).map(|text| format!("-{text}")),
        ExprKind::Arithmetic(ArithmeticOp::Concat, left, right) => {
            Some(literal(left)? + &literal(right)?)
        }
        _ => None,
    }
}

fn compare_kind(op: CompareOp, is_wild: bool, negated: bool) -> &'static str {
    match (op, is_wild, negated) {
        (CompareOp::Eq, false, false) | (CompareOp::Ne, false, true) => "eq",
        (CompareOp::Ne, false, false) | (CompareOp::Eq, false, true) => "ne",
        (CompareOp::Eq, true, false) | (CompareOp::Ne, true, true) => "wildcard",
        (CompareOp::Ne, true, false) | (CompareOp::Eq, true, true) => "not_wildcard",
        (CompareOp::Lt, _, false) | (CompareOp::Ge, _, true) => "lt",
        (CompareOp::Le, _, false) | (CompareOp::Gt, _, true) => "le",
        (CompareOp::Gt, _, false) | (CompareOp::Le, _, true) => "gt",
        (CompareOp::Ge, _, false) | (CompareOp::Lt, _, true) => "ge",
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq | CompareOp::Ne => op,
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
    }
}

//! What a rule itself tests, read from its syntax tree: indicators and search terms.
//!
//! The law: only what stands in the rule counts, and only in its main pipeline. What a macro brings says where events come
//! from, not what is looked for; a subsearch tests other rows. A value is told as its author wrote it: unescaped if it stood in
//! quotes, untouched if not. It knows nothing of values that are calculated: `where a > b` gives no indicator.

use serde::Serialize;

use crate::{
    diag::Span,
    spl::{
        parse_search,
        tree::{
            ArithmeticOp, Command, CommandKind, CompareOp, Expr, ExprKind, Pipeline, RawKind,
            RawTerm, Search, SearchValue, ValueKind,
        },
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
    /// `phrase`, `TERM`, `bare` or `CASE`.
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

/// The facts of `pipeline`, which was parsed from `text`. `written` gives what stands in the rule for a span of `text`: for a
/// span that a macro made, its call.
pub fn facts<'w>(pipeline: &Pipeline, text: &str, written: &dyn Fn(Span) -> &'w str) -> Facts {
    let mut gather = Gather { facts: Facts::default(), stage: 0, offset: 0, written };
    for (index, command) in pipeline.commands.iter().enumerate() {
        gather.stage = index + 1;
        gather.command(command, text);
    }
    gather.facts
}

struct Gather<'a, 'w> {
    facts: Facts,
    stage: usize,
    /// Where the text that spans point into starts in the whole.
    offset: usize,
    written: &'a dyn Fn(Span) -> &'w str,
}

impl<'w> Gather<'_, 'w> {
    fn written(&self, span: Span) -> &'w str {
        (self.written)(Span::new(span.start + self.offset, span.end + self.offset))
    }

    /// Whether a macro brought it.
    fn is_foreign(&self, span: Span) -> bool {
        self.written(span).starts_with('`')
    }

    fn command(&mut self, command: &Command, text: &str) {
        match &command.kind {
            CommandKind::Search(search) => self.search(search, false),
            CommandKind::Where(expr) => self.predicate(expr, false),
            CommandKind::Regex(regex) if !self.is_foreign(command.span) => {
                let field = regex.field.as_ref().map_or("_raw", |field| &field.value);
                let kind = if regex.negated { "not_regex_match" } else { "regex_match" };
                self.indicator(field, kind, vec![regex.pattern.text.clone()]);
            }
            _ if reads_summaries(&command.name.value) => self.summaries(command.span, text),
            _ => {}
        }
    }

    /// What stands between `where` and `by` of `tstats` and `mstats` is a search.
    fn summaries(&mut self, span: Span, text: &str) {
        let Some(filter) = where_clause(span.text(text)) else { return };
        self.offset = span.start + filter.start;
        let (search, _) = parse_search(&span.text(text)[filter.start..filter.end]);
        self.search(&search, false);
        self.offset = 0;
    }

    /// The value of a test as its author wrote it.
    fn value(&self, value: &SearchValue) -> String {
        let written = self.written(value.span);
        let is_unescaped = value.kind != ValueKind::Plain || written.contains('"');
        if is_unescaped { value.text.clone() } else { written.to_owned() }
    }

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
            Search::Raw(term) if !self.is_foreign(term.span) => self.term(term, negated),
            Search::Compare(test) if !self.is_foreign(test.span) => {
                let value = self.value(&test.value);
                let kind = network_kind(test.op, &value, negated)
                    .unwrap_or_else(|| compare_kind(test.op, value.contains('*'), negated));
                self.indicator(&test.field.value, kind, vec![value]);
            }
            Search::In { field, values, span } if !self.is_foreign(*span) => {
                let kind = if negated { "not_in" } else { "in" };
                let values = values.iter().map(|value| self.value(value)).collect();
                self.indicator(&field.value, kind, values);
            }
            _ => {}
        }
    }

    fn term(&mut self, term: &RawTerm, negated: bool) {
        let kind = match term.kind {
            RawKind::Word => "bare",
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
            _ if self.is_foreign(expr.span) => {}
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
        if name == "cidrmatch" {
            return self.network(arguments, negated);
        }
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
        let values: Option<Vec<_>> = arguments[1..].iter().map(literal).collect();
        if let Some(values) = values {
            self.indicator(field, kind, values);
        }
    }

    /// `cidrmatch(network, address)`.
    fn network(&mut self, arguments: &[Expr], negated: bool) {
        let [network, Expr { kind: ExprKind::Field(field), .. }] = arguments else { return };
        let kind = if negated { "not_cidr" } else { "cidr" };
        if let Some(network) = literal(network) {
            self.indicator(field, kind, vec![network]);
        }
    }
}

/// Whether the command `name` reads summaries of events, which it selects with `where`.
fn reads_summaries(name: &str) -> bool {
    ["tstats", "mstats"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Where in `command` the search behind its `where` stands, up to its `by`.
fn where_clause(command: &str) -> Option<Span> {
    let mut start = None;
    for word in outer_words(command) {
        let text = word.text(command);
        let is = |keyword: &str| text.eq_ignore_ascii_case(keyword);
        match start {
            None if is("where") => start = Some(word.end),
            Some(start) if is("by") || is("groupby") => return Some(Span::new(start, word.start)),
            _ => {}
        }
    }
    start.map(|start| Span::new(start, command.len()))
}

/// The words of `text` that stand in no quotes and no parentheses.
fn outer_words(text: &str) -> Vec<Span> {
    let (mut words, mut depth, mut is_quoted, mut start) = (Vec::new(), 0_usize, false, None);
    for (at, character) in text.char_indices() {
        let is_part =
            !is_quoted && depth == 0 && (character.is_alphanumeric() || "_.".contains(character));
        match (is_part, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push(Span::new(from, at));
                start = None;
            }
            _ => {}
        }
        match character {
            '"' if !text[..at].ends_with('\\') => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    words
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

/// The kind of a test of a field against a network, as `src_ip=10.0.0.0/8` is.
fn network_kind(op: CompareOp, value: &str, negated: bool) -> Option<&'static str> {
    let is_same = match op {
        CompareOp::Eq => !negated,
        CompareOp::Ne => negated,
        _ => return None,
    };
    value.parse::<ipnet::IpNet>().ok()?;
    Some(if is_same { "cidr" } else { "not_cidr" })
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

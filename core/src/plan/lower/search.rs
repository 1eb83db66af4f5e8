//! The boolean expression of `search` to tests.

use super::{Lowering, subsearch::is_generated};
use crate::{
    compiled::Purpose,
    diag::{Code, Diagnostic, Span},
    expr::{
        glob::{Case, Glob},
        number,
        program::MAX_DEPTH,
        raw::{RawMatcher, Reach},
        search::{Bound, Pattern, RawTest, Relation, Search as Program, Test},
    },
    names::Names,
    plan::atoms::event_id,
    spl::tree::{CompareOp, Comparison, RawKind, RawTerm, Search, SearchValue, ValueKind},
};

/// The tests of a search that is part of something else: no subsearch over events can be in it.
pub(in crate::plan) fn lower(search: &Search, lowering: &mut Lowering<'_>) -> Program {
    Lower { lowering, may_branch: false }.search(search, 0)
}

/// The tests of the command `search`. A subsearch over events becomes a branch of the rule.
pub(super) fn lower_command(search: &Search, lowering: &mut Lowering<'_>) -> Program {
    Lower { lowering, may_branch: true }.search(search, 0)
}

/// More rows of a subsearch than this say nothing: Splunk takes as many.
const MOST_ROWS: usize = 10_000;

struct Lower<'a, 'b> {
    lowering: &'a mut Lowering<'b>,
    may_branch: bool,
}

impl Lower<'_, '_> {
    fn search(&mut self, search: &Search, depth: usize) -> Program {
        if depth > MAX_DEPTH {
            self.too_deep(search);
            return Program::All;
        }
        match search {
            // A time modifier sets the window of a search and filters no field.
            Search::All(_) | Search::TimeModifier { .. } => Program::All,
            Search::And(terms) => {
                Program::And(terms.iter().map(|term| self.search(term, depth + 1)).collect())
            }
            Search::Or(terms) => {
                Program::Or(terms.iter().map(|term| self.search(term, depth + 1)).collect())
            }
            Search::Not(term, _) => Program::Not(Box::new(self.search(term, depth + 1))),
            Search::Raw(term) => {
                let test = self.raw(term);
                self.leaf(term.span, test)
            }
            Search::Compare(comparison) => {
                let test = self.compare(comparison);
                let leaf = self.leaf(comparison.span, test);
                if spares_internal_indexes(comparison) { public(leaf) } else { leaf }
            }
            Search::In { field, values, span } => {
                let field = self.lowering.names.intern(&field.value);
                let test = Test::Equals(field, values.iter().map(pattern).collect());
                self.leaf(*span, test)
            }
            Search::Subsearch(pipeline) if self.may_branch && !is_generated(pipeline) => {
                let id = super::branch(pipeline, Purpose::Tests, MOST_ROWS, self.lowering);
                Program::Agrees(pipeline.span.text(self.lowering.source).into(), id)
            }
            Search::Subsearch(pipeline) => {
                self.lowering.diagnostics.push(
                    Diagnostic::error(
                        Code::UnsupportedSearch,
                        pipeline.span,
                        "caltrop does not run subsearches here",
                    )
                    .label("a subsearch")
                    .help("write the values out, as `field IN (a, b)`"),
                );
                Program::All
            }
        }
    }

    fn too_deep(&mut self, search: &Search) {
        let message = format!("this search nests deeper than {MAX_DEPTH} levels");
        self.lowering.diagnostics.push(
            Diagnostic::error(Code::TooDeep, search.span(), message)
                .label("this level is one too many")
                .help("remove parentheses that change nothing"),
        );
    }

    fn leaf(&self, span: Span, test: Test) -> Program {
        Program::Leaf(span.text(self.lowering.source).into(), test)
    }

    fn raw(&mut self, term: &RawTerm) -> Test {
        let matcher = match term.kind {
            RawKind::Term => self.term(term),
            RawKind::Word => Some(RawMatcher::phrase(&term.text, Case::Insensitive, Reach::Word)),
            RawKind::Phrase => {
                Some(RawMatcher::phrase(&term.text, Case::Insensitive, Reach::Anything))
            }
            RawKind::Case => Some(RawMatcher::phrase(&term.text, Case::Sensitive, Reach::Anything)),
        };
        let event_id = event_id(&term.text)
            .filter(|_| !self.lowering.strict_raw && term.kind != RawKind::Case);
        Test::Raw(RawTest { matcher, event_id: event_id.map(|id| id.as_bytes().into()) })
    }

    fn term(&mut self, term: &RawTerm) -> Option<RawMatcher> {
        let matcher = RawMatcher::term(&term.text);
        if matcher.is_none() {
            self.lowering.diagnostics.push(
                Diagnostic::warning(
                    Code::TermNeverMatches,
                    term.span,
                    "no event can match this TERM()",
                )
                .label("holds a major breaker, and no token does")
                .help(format!(
                    "search for the phrase \"{}\" instead",
                    term.text.replace('"', "\\\"")
                )),
            );
        }
        matcher
    }

    fn compare(&mut self, comparison: &Comparison) -> Test {
        let field = self.lowering.names.intern(&comparison.field.value);
        let value = &comparison.value;
        let bound = || Bound {
            text: value.text.as_bytes().into(),
            number: number::parse(value.text.as_bytes()),
        };
        match comparison.op {
            CompareOp::Eq => Test::Equals(field, Box::new([pattern(value)])),
            CompareOp::Ne => Test::Differs(field, pattern(value)),
            CompareOp::Lt => Test::Ordered(field, Relation::Less, bound()),
            CompareOp::Le => Test::Ordered(field, Relation::LessOrEqual, bound()),
            CompareOp::Gt => Test::Ordered(field, Relation::Greater, bound()),
            CompareOp::Ge => Test::Ordered(field, Relation::GreaterOrEqual, bound()),
        }
    }
}

/// Whether a comparison looks for indexes of any name: those whose names start with `_` are none of them.
fn spares_internal_indexes(comparison: &Comparison) -> bool {
    comparison.op == CompareOp::Eq
        && comparison.field.value == "index"
        && comparison.value.text.starts_with('*')
}

fn public(indexes: Program) -> Program {
    const INTERNAL: &str = "_*";
    let glob = Glob::new(INTERNAL, Case::Insensitive);
    let internal = Test::Equals(Names::INDEX, Box::new([Pattern { glob, network: None }]));
    let internal = Program::Leaf(format!("index={INTERNAL}").into(), internal);
    Program::And([indexes, Program::Not(Box::new(internal))].into())
}

fn pattern(value: &SearchValue) -> Pattern {
    let case = match value.kind {
        ValueKind::Case => Case::Sensitive,
        ValueKind::Plain | ValueKind::Term => Case::Insensitive,
    };
    Pattern { glob: Glob::new(&value.text, case), network: network(value) }
}

/// The network that a value reads as; bits beyond its prefix are ignored.
fn network(value: &SearchValue) -> Option<ipnet::IpNet> {
    let is_plain = value.kind == ValueKind::Plain && value.text.contains('/');
    value.text.parse().ok().filter(|_| is_plain)
}

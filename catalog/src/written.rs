//! A rule as it is written: its stages, the macros that it calls, and what it tests.
//!
//! Its macros stay closed, for a reader of the catalog sees them closed. A macro is replaced with what fits its place and
//! says nothing, so a rule whose macros nobody has defined has a page as well, and so has one that does not parse.

use std::collections::BTreeSet;

use caltrop_core::{
    diag::{Code, Diagnostic, Span},
    knowledge::macros::MacroDefinition,
    plan::{
        expand::{self, Expanded, Macros},
        facts::{self, Facts},
    },
    spl::{self, tree::Command},
};

use crate::entry::{Indicator, IndicatorValue, Macro, SearchTerm, Stage, Term, Test};

/// What is read from the text of a rule.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) stages: Vec<Stage>,
    pub(crate) indicators: Vec<Indicator>,
    pub(crate) search_terms: Vec<SearchTerm>,
    pub(crate) parsed_terms: Vec<Term>,
    pub(crate) macros: Vec<Macro>,
    /// Whether it is SPL throughout.
    pub(crate) parses: bool,
}

/// Reads `spl`.
pub(crate) fn read(spl: &str) -> Written {
    let (expanded, complaints) = expand::expand(spl, &Unknown);
    let (pipeline, problems) = spl::parse(&expanded.text);
    let written = |span: Span| expanded.map.original(span).text(spl);
    let facts = facts::facts(&pipeline, &expanded.text, &written);
    Written {
        stages: stages(spl, &expanded, &pipeline.commands),
        indicators: indicators(&facts),
        search_terms: search_terms(&facts),
        parsed_terms: facts.terms.iter().map(term).collect(),
        macros: macros(&expanded),
        parses: !complaints.iter().chain(&problems).any(is_mistake),
    }
}

/// Knows no macro: each is replaced with what fits its place.
struct Unknown;

impl Macros for Unknown {
    fn find(&self, _name: &str, _arity: usize) -> Option<&MacroDefinition> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn evaluate(&self, expression: &str) -> Result<String, String> {
        Ok(expression.to_owned())
    }
}

fn is_mistake(diagnostic: &Diagnostic) -> bool {
    diagnostic.is_error() && diagnostic.code != Code::UnknownMacro
}

/// The commands, each with all that stands before the next one: a macro at the end of a command belongs to it.
fn stages(spl: &str, expanded: &Expanded, commands: &[Command]) -> Vec<Stage> {
    let start = |command: &Command| expanded.map.original(command.span).start;
    let ends = commands.iter().skip(1).map(start).chain(std::iter::once(spl.len()));
    let stages = commands.iter().zip(ends).enumerate();
    let stage = |(index, (command, end)): (usize, (&Command, usize))| Stage {
        stage: index + 1,
        command: command_name(command, expanded.map.original(command.name.span).text(spl)),
        text: stage_text(Span::new(start(command), end).text(spl)),
    };
    stages.map(stage).collect()
}

fn stage_text(text: &str) -> String {
    text.trim_end_matches(|c: char| c.is_whitespace() || c == '|').trim_start().to_owned()
}

/// The name of a command in lower case; `written` is what stands for it, which may be a macro.
fn command_name(command: &Command, written: &str) -> String {
    match written.strip_prefix('`') {
        Some(call) => format!("`{}`", call.split(['(', '`']).next().unwrap_or_default().trim()),
        None => command.name.value.to_lowercase(),
    }
}

/// Each test once a stage, in the order in which they are written.
fn indicators(facts: &Facts) -> Vec<Indicator> {
    let mut indicators: Vec<Indicator> = Vec::new();
    for fact in &facts.indicators {
        let indicator = Indicator {
            stage: fact.stage,
            test: Test { field: fact.field.clone(), kind: fact.kind },
            values: values(&fact.values),
        };
        if !indicators.contains(&indicator) {
            indicators.push(indicator);
        }
    }
    indicators
}

/// A test for null has the empty text for its value, so that it is counted as the others are.
fn values(values: &[String]) -> Vec<IndicatorValue> {
    let mut values = values.to_vec();
    if values.is_empty() {
        values.push(String::new());
    }
    values.into_iter().map(|value| IndicatorValue { value, other_rules: 0 }).collect()
}

/// The terms as a catalog prints them, each once a stage: a phrase in its quotes, `TERM` and its argument as two.
fn search_terms(facts: &Facts) -> Vec<SearchTerm> {
    let mut seen = BTreeSet::new();
    let mut printed = Vec::new();
    for found in &facts.terms {
        for term in tokens(found) {
            if seen.insert((found.stage, term.clone())) {
                printed.push(SearchTerm { stage: found.stage, term });
            }
        }
    }
    printed
}

fn tokens(term: &facts::Term) -> Vec<String> {
    match term.kind {
        "TERM" | "CASE" => vec![term.kind.to_owned(), term.text.clone()],
        "phrase" => vec![format!("\"{}\"", term.text)],
        _ => vec![term.text.clone()],
    }
}

fn term(term: &facts::Term) -> Term {
    Term { stage: term.stage, kind: term.kind, text: term.text.clone(), negated: term.negated }
}

fn macros(expanded: &Expanded) -> Vec<Macro> {
    let calls = expanded.calls.iter();
    calls.map(|call| Macro { name: call.name.clone(), args: call.arguments.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(spl: &str) -> Vec<String> {
        let told = |indicator: &Indicator| {
            let values: Vec<_> = indicator.values.iter().map(|it| it.value.as_str()).collect();
            let Test { field, kind } = &indicator.test;
            format!("{} {field} {kind} {}", indicator.stage, values.join(";"))
        };
        read(spl).indicators.iter().map(told).collect()
    }

    #[test]
    fn macros_are_stages_of_their_own_where_they_stand_alone() {
        let written = read("`feed` x=1 | `shape(a, \"b\")` | table a `tail` |where isnull(b)`end`");
        let stages: Vec<_> = written
            .stages
            .iter()
            .map(|stage| (stage.command.as_str(), stage.text.as_str()))
            .collect();
        assert_eq!(
            stages,
            [
                ("search", "`feed` x=1"),
                ("`shape`", "`shape(a, \"b\")`"),
                ("table", "table a `tail`"),
                ("where", "where isnull(b)`end`"),
            ]
        );
        assert!(written.parses);
        assert_eq!(
            written.macros[1],
            Macro { name: "shape".to_owned(), args: vec!["a".to_owned(), "b".to_owned()] }
        );
    }

    #[test]
    fn a_value_is_told_as_it_is_written() {
        assert_eq!(
            told(r#"p=*\\a\\b q="*\\a\\b" q="*\\a\\b""#),
            [r"1 p wildcard *\\a\\b", r"1 q wildcard *\a\b"]
        );
        assert_eq!(told("a=\"b\"AND c=\"d\"OR e=f"), ["1 a eq b", "1 c eq d", "1 e eq f"]);
        assert_eq!(
            told("x IN (a, \"b*\") NOT y IN (c) ip=10.0.0.0/8"),
            ["1 x in a;b*", "1 y not_in c", "1 ip cidr 10.0.0.0/8"]
        );
    }

    #[test]
    fn expressions_give_tests_of_fields_against_texts() {
        assert_eq!(
            told(
                "* | where !match(p, \"x$\") AND (5 < n OR isnotnull(u)) AND a > b AND cidrmatch(\"10.0.0.0/8\", ip)"
            ),
            ["2 p not_regex_match x$", "2 n gt 5", "2 u isnotnull ", "2 ip cidr 10.0.0.0/8"]
        );
    }

    #[test]
    fn the_search_of_tstats_counts_and_that_of_a_subsearch_does_not() {
        let spl = "| tstats `fast` count from datamodel=D where (D.a=\"by x\" OR D.b IN (\"1\",2)) by D.a | join a [search c=1]";
        assert_eq!(told(spl), ["1 D.a eq by x", "1 D.b in 1;2"]);
    }

    #[test]
    fn a_rule_that_does_not_parse_has_facts_too() {
        let written = read("`feed` (\"a\" (\"b\" | where match(u, \"r\")");
        assert!(!written.parses);
        let terms: Vec<_> = written.search_terms.iter().map(|term| term.term.as_str()).collect();
        assert_eq!(terms, ["\"a\"", "\"b\""]);
        assert_eq!(written.stages.len(), 2);
    }
}

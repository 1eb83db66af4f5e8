//! What became of a rule, for people and for tools: its stages, what it tests, what its names mean, what selects its
//! events, and when its windows close.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::{
    atoms, branches,
    effects::{self, Effect},
    facts::{self, Indicator, Term},
    origins::{Origins, Shape},
};
use crate::{
    compiled::Closing,
    config::SECOND_NS,
    diag::Span,
    expr::glob::{Case, Glob},
    rule::RuleSource,
    ruleset::Compilation,
    scan::{Atom, Domain},
    spl::tree::{Command, Expr, ExprKind, Pipeline, Search},
};

/// All that can be said of one rule.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The file.
    pub path: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The commands, as written.
    pub stages: Vec<StageText>,
    /// Tests of fields.
    pub indicators: Vec<Indicator>,
    /// Search terms as a rule catalog prints them.
    pub search_terms: Vec<SearchTerm>,
    /// Search terms as they were understood.
    pub parsed_terms: Vec<Term>,
    /// The macros that it calls, and what they became.
    pub macros: Vec<MacroText>,
    /// The fields that it reads, and where each comes from.
    pub fields: Vec<FieldText>,
    /// What `sourcetype`, `source` and `Channel` are searched for, also within macros, each once and in the order of their texts.
    #[serde(skip)]
    pub source_types: Vec<String>,
    /// What every matching event holds, as far as the scan could look for it.
    pub atoms: Vec<AtomText>,
    /// Of which every matching event holds at least one; `None`: every event is looked at.
    pub anchor: Option<Vec<AtomText>>,
    /// Its subpipelines over the events of the same window, those within others before these. What is said of atoms is the
    /// rule's own; the anchor selects the events of all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// When its windows close.
    pub closing: ClosingText,
    /// The hash of what it means: as long as it stays, so does the state that an engine keeps for the rule.
    pub plan_hash: String,
}

/// One command.
#[derive(Clone, Debug, Serialize)]
pub struct StageText {
    /// Its number, from 1.
    pub stage: usize,
    /// Its name.
    pub command: String,
    /// As written.
    pub text: String,
    /// `event`, `reduce` or `window`: what it runs on.
    pub runs_on: &'static str,
}

/// One search term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchTerm {
    /// The number of its stage.
    pub stage: usize,
    /// The term; `TERM` and its argument are two.
    pub term: String,
}

/// One macro call.
#[derive(Clone, Debug, Serialize)]
pub struct MacroText {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How deep it stands within other macros; 0 is the rule itself.
    pub depth: usize,
    /// What it is defined as.
    pub definition: String,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldText {
    /// Its name.
    pub name: String,
    /// What its value is of the event: the raw text, a value, a piece, a cut, or nothing of it.
    pub origin: &'static str,
    /// The settings that make it, if the knowledge does.
    pub from: Vec<String>,
}

/// One atom.
#[derive(Clone, Debug, Serialize)]
pub struct AtomText {
    /// What is looked for, in lower case.
    pub text: String,
    /// `token` or `substring`.
    pub kind: &'static str,
    /// `raw` or `value`.
    pub of: &'static str,
}

/// When windows close.
#[derive(Clone, Debug, Serialize)]
pub struct ClosingText {
    /// Whether a bucket closes on its own, before its window ends.
    pub early: bool,
    /// Why, or why not.
    pub reason: String,
    /// The length of the bucket, or else of the window, in seconds.
    pub length_s: f64,
    /// Whether the watermark of the row's own host alone closes it.
    pub by_host: bool,
}

/// Explains a compiled rule.
pub(crate) fn explain(
    source: &RuleSource,
    compilation: &Compilation,
    origins: &Origins,
) -> Explanation {
    let original = |span: Span| compilation.expanded.map.original(span);
    let written = |span: Span| original(span).text(&source.spl);
    let facts = facts::facts(&compilation.pipeline, &compilation.expanded.text, &written);
    let anchor = compilation.anchor.clause.as_ref();
    Explanation {
        path: source.identity(),
        id: source.id.clone(),
        title: source.title.clone(),
        stages: stages(source, compilation),
        search_terms: facts.terms.iter().flat_map(search_terms).collect(),
        indicators: facts.indicators,
        parsed_terms: facts.terms,
        macros: macros(compilation),
        fields: fields(&compilation.pipeline, origins),
        source_types: source_types(compilation),
        atoms: atoms::atoms(&compilation.formula).iter().map(atom_text).collect(),
        anchor: anchor.map(|clause| clause.iter().map(atom_text).collect()),
        branches: branches::of(&compilation.pipeline)
            .iter()
            .map(|branch| original(branch.span).text(&source.spl).trim().to_owned())
            .collect(),
        closing: closing_text(&compilation.plan.closing, &compilation.closing_reason),
        plan_hash: compilation.plan_hash.to_string(),
    }
}

fn stages(source: &RuleSource, compilation: &Compilation) -> Vec<StageText> {
    let mapped = compilation.plan.mapped.len() + compilation.plan.expanded.len();
    let text = |index: usize, span: Span| {
        let span = compilation.expanded.map.original(span);
        StageText {
            stage: index + 1,
            command: compilation.pipeline.commands[index].name.value.clone(),
            text: span.text(&source.spl).trim().to_owned(),
            runs_on: match index.cmp(&mapped) {
                std::cmp::Ordering::Less => "event",
                std::cmp::Ordering::Equal => "reduce",
                std::cmp::Ordering::Greater => "window",
            },
        }
    };
    let commands = compilation.pipeline.commands.iter().enumerate();
    commands.map(|(index, command)| text(index, command.span)).collect()
}

fn search_terms(term: &Term) -> Vec<SearchTerm> {
    let texts = match term.kind {
        "TERM" | "CASE" => vec![term.kind.to_owned(), term.text.clone()],
        "phrase" => vec![format!("\"{}\"", term.text)],
        _ => vec![term.text.clone()],
    };
    texts.into_iter().map(|text| SearchTerm { stage: term.stage, term: text }).collect()
}

fn macros(compilation: &Compilation) -> Vec<MacroText> {
    let calls = compilation.expanded.calls.iter();
    calls
        .map(|call| MacroText {
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            depth: call.depth,
            definition: call.definition.clone(),
        })
        .collect()
}

fn atom_text(atom: &Atom) -> AtomText {
    AtomText {
        text: String::from_utf8_lossy(&atom.text).into_owned(),
        kind: if atom.is_token() { "token" } else { "substring" },
        of: match atom.domain {
            Domain::Raw => "raw",
            Domain::Decoded => "value",
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths of windows are shown, not computed with")]
fn closing_text(closing: &Closing, reason: &str) -> ClosingText {
    let bucket_ns = closing.bucket.as_ref().and_then(|bin| bin.fixed_span_ns());
    ClosingText {
        early: closing.bucket.is_some(),
        reason: reason.to_owned(),
        length_s: bucket_ns.unwrap_or(closing.period.span.length_ns()) as f64 / SECOND_NS as f64,
        by_host: closing.by_host,
    }
}

/// The fields that a pipeline reads, in the order of their names; of a pattern, those that the knowledge makes.
fn fields(pipeline: &Pipeline, origins: &Origins) -> Vec<FieldText> {
    let mut names = BTreeSet::new();
    for command in &pipeline.commands {
        read_by(command, &mut names);
    }
    let (patterns, mut names): (BTreeSet<_>, BTreeSet<_>) =
        names.into_iter().partition(|name| name.contains('*'));
    for pattern in patterns.iter().filter(|pattern| *pattern != "*") {
        let glob = Glob::new(pattern, Case::Sensitive);
        let made = origins.made().filter(|name| glob.is_match(name.as_bytes()));
        names.extend(made.map(str::to_owned));
    }
    names.into_iter().map(|name| field_text(name, origins)).collect()
}

/// Those that its tests name, macros expanded.
fn source_types(compilation: &Compilation) -> Vec<String> {
    let says_source = |indicator: &Indicator| {
        matches!(indicator.field.as_str(), "sourcetype" | "source" | "Channel")
            && matches!(indicator.kind, "eq" | "wildcard" | "in")
    };
    let text = &compilation.expanded.text;
    let facts = facts::facts(&compilation.pipeline, text, &|span| span.text(text));
    let sources = facts.indicators.into_iter().filter(says_source);
    let sources = sources.flat_map(|indicator| indicator.values);
    sources.collect::<BTreeSet<_>>().into_iter().collect()
}

fn field_text(name: String, origins: &Origins) -> FieldText {
    let from: Vec<String> = origins.makers(&name).map(str::to_owned).collect();
    let origin = match origins.of(&name).shape {
        Shape::Raw => "raw text",
        Shape::Verbatim => "a value of the event",
        Shape::Fenced => "a piece of a value of the event",
        Shape::Piece => "a cut of the event",
        Shape::Opaque if from.is_empty() => "metadata",
        Shape::Opaque => "calculated",
    };
    FieldText { name, origin, from }
}

/// The names that a command reads.
pub(super) fn read_by(command: &Command, names: &mut BTreeSet<String>) {
    for effect in effects::effects(command) {
        match effect {
            Effect::Searches(search) => read_by_search(search, names),
            Effect::Computes(expr) => read_by_expr(expr, names),
            Effect::Reads(field) | Effect::Lists(field) => _ = names.insert(field.value.clone()),
            Effect::ReadsRaw(_) => _ = names.insert("_raw".to_owned()),
            Effect::ReadsTime => _ = names.insert("_time".to_owned()),
            Effect::Writes(_)
            | Effect::WritesJoined(..)
            | Effect::KeepsOnly(_)
            | Effect::Anything => {}
        }
    }
}

fn read_by_search(search: &Search, names: &mut BTreeSet<String>) {
    match search {
        Search::And(terms) | Search::Or(terms) => {
            terms.iter().for_each(|term| read_by_search(term, names));
        }
        Search::Not(term, _) => read_by_search(term, names),
        Search::Raw(_) => _ = names.insert("_raw".to_owned()),
        Search::Compare(test) => _ = names.insert(test.field.value.clone()),
        Search::In { field, .. } => _ = names.insert(field.value.clone()),
        Search::All(_) | Search::TimeModifier { .. } | Search::Subsearch(_) => {}
    }
}

fn read_by_expr(expr: &Expr, names: &mut BTreeSet<String>) {
    match &expr.kind {
        ExprKind::Field(name) => _ = names.insert(name.clone()),
        ExprKind::Negate(inner) | ExprKind::Not(inner) => read_by_expr(inner, names),
        ExprKind::Arithmetic(_, left, right)
        | ExprKind::Compare(_, left, right)
        | ExprKind::Xor(left, right) => {
            read_by_expr(left, names);
            read_by_expr(right, names);
        }
        ExprKind::And(terms) | ExprKind::Or(terms) => {
            terms.iter().for_each(|term| read_by_expr(term, names));
        }
        ExprKind::Call { arguments, .. } => {
            arguments.iter().for_each(|argument| read_by_expr(argument, names));
        }
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Subsearch(_) | ExprKind::Broken => {}
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} ({})\n{}", self.title, self.id, self.path)?;
        writeln!(out, "\nstages")?;
        for stage in &self.stages {
            writeln!(out, "  {} [{:6}] {}", stage.stage, stage.runs_on, stage.text)?;
        }
        self.write_tests(out)?;
        self.write_names(out)?;
        self.write_selection(out)
    }
}

impl Explanation {
    fn write_tests(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\nindicators")?;
        for indicator in &self.indicators {
            let Indicator { stage, field, kind, values } = indicator;
            writeln!(out, "  {stage} {field} {kind} {}", values.join(", "))?;
        }
        writeln!(out, "\nsearch terms")?;
        for term in &self.parsed_terms {
            let not = if term.negated { "NOT " } else { "" };
            writeln!(out, "  {} {not}{} {}", term.stage, term.kind, term.text)?;
        }
        Ok(())
    }

    fn write_names(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\nmacros")?;
        for call in &self.macros {
            let indent = "  ".repeat(call.depth + 1);
            let arguments = if call.arguments.is_empty() {
                String::new()
            } else {
                format!("({})", call.arguments.join(", "))
            };
            writeln!(out, "{indent}`{}{arguments}` = {}", call.name, call.definition)?;
        }
        writeln!(out, "\nfields")?;
        for field in &self.fields {
            writeln!(out, "  {}: {}", field.name, field.origin)?;
            for maker in &field.from {
                writeln!(out, "      {maker}")?;
            }
        }
        Ok(())
    }

    fn write_selection(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\natoms")?;
        for atom in &self.atoms {
            writeln!(out, "  {} {} of the {}", atom.kind, atom.text, atom.of)?;
        }
        match &self.anchor {
            None => writeln!(out, "\nanchor: none, every event is looked at")?,
            Some(clause) => {
                let texts: Vec<_> =
                    clause.iter().map(|atom| format!("{} {}", atom.kind, atom.text)).collect();
                writeln!(out, "\nanchor: {}", texts.join(" or "))?;
            }
        }
        if !self.branches.is_empty() {
            writeln!(out, "\nbranches")?;
        }
        for branch in &self.branches {
            writeln!(out, "  {branch}")?;
        }
        let ClosingText { early, reason, length_s, by_host } = &self.closing;
        let what = if *early { "each bucket closes early" } else { "waits for its window" };
        let whose =
            if *by_host { "its own host's watermark" } else { "the watermark of all hosts" };
        writeln!(out, "closing: {what} ({length_s} s, by {whose}): {reason}")?;
        writeln!(out, "plan hash: {}", self.plan_hash)
    }
}

//! The life of a rule, from the text of its file to its place in an executable [`RuleSet`].
//!
//! [`RuleSetBuilder::add_file`] reads rule files, [`RuleSetBuilder::build`] compiles what they hold: expand macros, parse,
//! lower to stages, find the anchor; then the terms that rules share are put in one table. Every mistake of every rule is
//! collected; a rule with an error is left out with its reasons, and the rest load.

use std::collections::BTreeMap;

use crate::{
    compiled::{Plan, PlanHash, Rule, RuleMeta, RuleSet},
    diag::{Code, Diagnostic, Span},
    event::mapping::Mapping,
    expr::regex::RegexIds,
    knowledge::Knowledge,
    names::Names,
    plan::{
        atoms::{self, Anchor, Formula},
        branches, event_ids,
        expand::{self, Expanded},
        explain::{self, Explanation},
        hash::{self, FieldDigest},
        lint,
        lookups::{Lookups, TableDigests},
        lower::{self, Lowering},
        macros::RuleMacros,
        misspelt,
        origins::Origins,
        resolve, schedule, terms,
    },
    rule::{self, Parsed, RuleSource, Skip},
    spl::{self, tree::Pipeline},
};

/// Collects rules and compiles them.
#[derive(Debug)]
pub struct RuleSetBuilder {
    knowledge: Knowledge,
    options: BuildOptions,
    sources: Vec<RuleSource>,
    reports: Vec<RuleReport>,
    skipped: BTreeMap<Skip, usize>,
}

/// How rules are compiled.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuildOptions {
    /// Whether `EventCode=N` and `<EventID>N<` are true only as written, and not for the event id of another rendering.
    pub strict_raw: bool,
    /// Whether `outputlookup` gives its rows to the host to be written; else it only passes them on, and a warning says so.
    pub allow_write: bool,
}

/// What became of one rule, or of one file that holds none.
#[derive(Clone, Debug)]
pub struct RuleReport {
    /// What the rule is known by: its file, and behind it `[STANZA]` where that holds several.
    pub path: String,
    /// The file.
    pub file: String,
    /// The rule's id; empty if the file could not be read as a rule.
    pub id: String,
    /// The rule's title.
    pub title: String,
    /// What is wrong with it; spans point into the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// A rule set, and what is to be said of each rule.
#[derive(Debug)]
pub struct Built {
    /// The rules that can run.
    pub rules: RuleSet,
    /// One report for each rule, refused or not, in the order of their paths.
    pub reports: Vec<RuleReport>,
    /// What is wrong with the knowledge: the file and a diagnostic that points into it.
    pub knowledge: Vec<(String, Diagnostic)>,
    /// How many macros, lookups and others like them were passed over among the rule files.
    pub skipped: BTreeMap<Skip, usize>,
}

/// One rule on its way: everything that is known of it once it is compiled.
pub(crate) struct Compilation {
    pub(crate) expanded: Expanded,
    pub(crate) pipeline: Pipeline,
    pub(crate) plan: Plan,
    pub(crate) closing_reason: String,
    pub(crate) plan_hash: PlanHash,
    pub(crate) formula: Formula,
    pub(crate) anchor: Anchor,
    /// Spans point into the SPL of the rule.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What the rules of a set share while they are compiled.
pub(crate) struct Shared {
    pub(crate) names: Names,
    pub(crate) regexes: RegexIds,
    pub(crate) origins: Origins,
    pub(crate) field_digest: FieldDigest,
    pub(crate) lookups: Lookups,
    /// The tables that fields of events come from.
    pub(crate) field_tables: TableDigests,
}

/// Rules that were compiled before: nothing is wrong with any of them.
impl From<RuleSet> for Built {
    fn from(rules: RuleSet) -> Self {
        let reports = rules.rules().map(|rule| RuleReport::unblemished(&rule.meta)).collect();
        Self { rules, reports, knowledge: Vec::new(), skipped: BTreeMap::new() }
    }
}

impl RuleReport {
    fn unblemished(rule: &RuleMeta) -> Self {
        let RuleMeta { path, id, title, .. } = rule.clone();
        Self { file: path.clone(), path, id, title, diagnostics: Vec::new() }
    }

    /// Whether the rule is left out.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

impl RuleSetBuilder {
    /// A builder without rules. `knowledge` says what macros and fields mean.
    #[must_use]
    pub fn new(knowledge: Knowledge, options: BuildOptions) -> Self {
        let (sources, reports, skipped) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { knowledge, options, sources, reports, skipped }
    }

    /// Adds the rules of one file. `path` is what they are known by.
    pub fn add_file(&mut self, path: &str, text: &str) {
        let Parsed { rules, diagnostics, skipped } = rule::parse(path, text);
        if !diagnostics.is_empty() {
            let (path, id, title) = (path.to_owned(), String::new(), String::new());
            self.reports.push(RuleReport { file: path.clone(), path, id, title, diagnostics });
        }
        skipped.into_iter().for_each(|skip| *self.skipped.entry(skip).or_default() += 1);
        self.sources.extend(rules);
    }

    /// Adds one rule that is no file: an ad-hoc search.
    pub fn add_spl(&mut self, name: &str, spl: &str) {
        self.sources.push(RuleSource::from_spl(name, spl));
    }

    /// Compiles everything that was added.
    #[must_use]
    pub fn build(self) -> Built {
        self.build_telling(|_, _, _| {})
    }

    /// Compiles everything that was added and explains each rule of the set, in its order.
    #[must_use]
    pub fn build_explained(self) -> (Built, Vec<Explanation>) {
        let mut explanations = Vec::new();
        let built = self.build_telling(|source, compilation, origins| {
            explanations.push(explain::explain(source, compilation, origins));
        });
        (built, explanations)
    }

    /// Compiles everything; `tell` gets each rule that can run.
    fn build_telling(mut self, mut tell: impl FnMut(&RuleSource, &Compilation, &Origins)) -> Built {
        // Identity is the path, so the order of the rules does not depend on the order of the files.
        self.sources.sort_by_cached_key(RuleSource::identity);
        let (mut shared, mapping, knowledge) = self.share();
        let mut rules = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            let compilation = compile(source, &self.knowledge, self.options, &mut shared);
            let mut report = report(source, &compilation);
            if index > 0 && self.sources[index - 1].identity() == source.identity() {
                report.diagnostics.push(same_path(source));
            }
            if !report.is_refused() {
                tell(source, &compilation, &shared.origins);
                let Compilation { plan, plan_hash, anchor, .. } = compilation;
                let Anchor { clause: anchor, also } = anchor;
                rules.push(Rule { meta: meta(source), plan_hash, plan, anchor, also });
            }
            self.reports.push(report);
        }
        self.reports.sort_by(|left, right| left.path.cmp(&right.path));
        let terms = terms::share(&mut rules);
        let rules = RuleSet::new(rules, terms, shared.names, mapping, shared.regexes.count());
        Built { rules, reports: self.reports, knowledge, skipped: self.skipped }
    }

    /// The names and origins that the knowledge gives to every rule.
    fn share(&self) -> (Shared, Mapping, Vec<(String, Diagnostic)>) {
        let mut shared = Shared {
            names: Names::default(),
            regexes: RegexIds::default(),
            origins: Origins::of_knowledge(&self.knowledge),
            field_digest: self.knowledge.field_digest(),
            lookups: Lookups::new(&self.knowledge.lookups),
            field_tables: TableDigests::new(),
        };
        let Shared { names, regexes, lookups, .. } = &mut shared;
        let (mapping, problems) = resolve::mapping(&self.knowledge, names, regexes, lookups);
        shared.field_tables = shared.lookups.take_used();
        (shared, mapping, problems)
    }
}

/// One rule: expand, parse, lower, lay out its windows, find the anchor.
pub(crate) fn compile(
    source: &RuleSource,
    knowledge: &Knowledge,
    options: BuildOptions,
    shared: &mut Shared,
) -> Compilation {
    let (expanded, mut diagnostics) =
        expand::expand(&source.spl, &RuleMacros { own: &source.macros, knowledge });
    let (mut pipeline, mut found) = spl::parse(&expanded.text);
    let mut lowering = Lowering {
        source: &expanded.text,
        names: &mut shared.names,
        regexes: &mut shared.regexes,
        lookups: Some(&mut shared.lookups),
        diagnostics: &mut found,
        strict_raw: options.strict_raw,
        allow_write: options.allow_write,
        knowledge: Some(knowledge),
        branches: Vec::new(),
    };
    lower::resolve(&mut pipeline, &mut lowering);
    let (mut plan, mut closing_reason) = lower::plan(&pipeline, &mut lowering);
    closing_reason.push_str(&schedule::apply(&source.schedule, &mut plan));
    let mut tables = shared.lookups.take_used();
    tables.extend(shared.field_tables.clone());
    let plan_hash = hash::plan_hash(
        &pipeline,
        &shared.field_digest,
        &tables,
        options,
        &plan.closing,
        knowledge.locations.as_ref(),
    );
    let formula = atoms::formula(&pipeline, &shared.origins, options.strict_raw);
    let own = atoms::anchor(&formula);
    let branches = branches::of(&pipeline);
    let anchor =
        branches::anchor(own, plan.generates, &branches, &shared.origins, options.strict_raw);
    // What is said of the sense of a rule is worth reading once its text is right.
    if !found.iter().chain(&diagnostics).any(Diagnostic::is_error) {
        let pipelines = std::iter::once(&pipeline).chain(branches.iter().copied());
        found.extend(pipelines.flat_map(|it| lints(it, &shared.origins, options)));
        if anchor.clause.is_none() && !(plan.generates && branches.is_empty()) {
            found.push(no_anchor(&pipeline));
        }
    }
    let to_rule = |span: Span| expanded.map.original(span);
    diagnostics.extend(found.into_iter().map(|diagnostic| diagnostic.map_spans(to_rule)));
    diagnostics.sort_by_key(|diagnostic| diagnostic.primary.span);
    Compilation {
        expanded,
        pipeline,
        plan,
        closing_reason,
        plan_hash,
        formula,
        anchor,
        diagnostics,
    }
}

/// What a sound pipeline can hardly mean.
fn lints(pipeline: &Pipeline, origins: &Origins, options: BuildOptions) -> Vec<Diagnostic> {
    let mut found = lint::lint(pipeline);
    found.extend(misspelt::lint(pipeline, origins));
    found.extend(event_ids::lint(pipeline, options.strict_raw));
    found
}

/// A rule that looks at every event is allowed, but its author should know.
fn no_anchor(pipeline: &Pipeline) -> Diagnostic {
    let span = pipeline.commands.first().map_or(pipeline.span, |command| command.span);
    Diagnostic::warning(Code::NoAnchor, span, "nothing selects the events of this rule cheaply")
        .label("every event is looked at")
        .help("search for a word of three letters or more that every wanted event holds")
}

/// The path is the identity of a rule: alerts, state and reports are kept by it.
fn same_path(source: &RuleSource) -> Diagnostic {
    let message = format!("another rule has the path `{}`", source.identity());
    Diagnostic::error(Code::DuplicateRule, source.file_span(Span::at(0)), message)
        .help("give each rule a path of its own; ids may repeat")
}

fn report(source: &RuleSource, compilation: &Compilation) -> RuleReport {
    let to_file = |span: Span| source.file_span(span);
    let diagnostics = compilation.diagnostics.iter().cloned();
    RuleReport {
        path: source.identity(),
        file: source.path.clone(),
        id: source.id.clone(),
        title: source.title.clone(),
        diagnostics: diagnostics.map(|diagnostic| diagnostic.map_spans(to_file)).collect(),
    }
}

fn meta(source: &RuleSource) -> RuleMeta {
    RuleMeta {
        path: source.identity(),
        id: source.id.clone(),
        title: source.title.clone(),
        description: source.description.clone(),
        technique_ids: source.technique_ids.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_rules_with_one_path_the_second_is_refused() {
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        builder.add_spl("same", "TERM(first)");
        builder.add_spl("same", "TERM(second)");
        builder.add_spl("other", "TERM(first)");
        let built = builder.build();
        assert_eq!(built.rules.len(), 2);
        let refused: Vec<_> = built.reports.iter().filter(|report| report.is_refused()).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].diagnostics[0].code, Code::DuplicateRule);
    }
}

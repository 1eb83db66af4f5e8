//! The whole catalog: an entry for each rule, and what the entries have in common.

use std::collections::BTreeMap;

use caltrop_core::{
    diag::{Diagnostic, line_and_column},
    plan::explain::{AtomText, Explanation},
    rule::{self, RuleSource},
    ruleset::{RuleReport, RuleSetBuilder},
};
use serde::Serialize;

use crate::{
    alerts::Alerts,
    attack::{self, ATTACK},
    corpus::{Corpus, Key},
    coverage::{self, Data},
    description,
    entry::{Entry, Prefilter, Reason, Runtime, StateKept, Status},
    navigator,
    page::{self, Page},
    written,
};

/// One rule file.
#[derive(Clone, Copy, Debug)]
pub struct RuleText<'t> {
    /// Its path.
    pub path: &'t str,
    /// What it holds.
    pub text: &'t str,
}

/// Facts of many rules.
#[derive(Debug, Serialize)]
pub struct Catalog {
    /// The version of the schema.
    schema: u32,
    /// The version of ATT&CK whose names are told.
    attack: &'static str,
    /// The rules, in the order of their paths.
    pub(crate) rules: Vec<Entry>,
    #[serde(skip)]
    pub(crate) corpus: Corpus,
    #[serde(skip)]
    pub(crate) has_alerts: bool,
}

impl Catalog {
    /// The catalog of the rules in `files`, which are also all that `builder` holds. `alerts` says how often each fired.
    ///
    /// Rules are compiled twice: once to see whether they run, once to be explained.
    #[must_use]
    pub fn new(files: &[RuleText<'_>], builder: RuleSetBuilder, alerts: Option<&Alerts>) -> Self {
        let explanations: BTreeMap<String, Explanation> =
            builder.explain().into_iter().map(|told| (told.path.clone(), told)).collect();
        let reports: BTreeMap<String, RuleReport> =
            builder.build().reports.into_iter().map(|told| (told.path.clone(), told)).collect();
        let mut rules = Vec::new();
        for file in files {
            for source in rule::parse(file.path, file.text).rules {
                let path = source.identity();
                let compiled = Compiled {
                    report: reports.get(&path),
                    explanation: explanations.get(&path),
                    text: file.text,
                };
                rules.push(entry(source, &compiled));
            }
        }
        rules.sort_by(|left: &Entry, right| left.path.cmp(&right.path));
        let mut catalog = Self {
            schema: 1,
            attack: attack::VERSION,
            corpus: Corpus::new(&rules),
            rules,
            has_alerts: alerts.is_some(),
        };
        catalog.count_others();
        alerts.iter().for_each(|alerts| alerts.count(&mut catalog.rules));
        catalog
    }

    /// The rules, in the order of their paths.
    #[must_use]
    pub fn rules(&self) -> &[Entry] {
        &self.rules
    }

    /// Everything as one JSON object, in the schema of `docs/catalog.md`.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("the catalog is made of texts and numbers") + "\n"
    }

    /// A layer for the ATT&CK Navigator, format 4.5: how many rules look for each technique.
    #[must_use]
    pub fn navigator(&self) -> String {
        navigator::layer(self)
    }

    /// The pages of the static site, and what they need.
    #[must_use]
    pub fn site(&self) -> Vec<Page> {
        page::site(self)
    }

    fn count_others(&mut self) {
        let Self { rules, corpus, .. } = self;
        for indicator in rules.iter_mut().flat_map(|rule| &mut rule.indicators) {
            for value in &mut indicator.values {
                value.other_rules = corpus.others(&Key::new(&indicator.test, &value.value));
            }
        }
    }
}

/// What became of one rule.
struct Compiled<'c> {
    report: Option<&'c RuleReport>,
    explanation: Option<&'c Explanation>,
    /// The text of its file.
    text: &'c str,
}

impl Compiled<'_> {
    fn reasons(&self, are_errors: bool) -> Vec<Reason> {
        let found = self.report.iter().flat_map(|report| &report.diagnostics);
        let found = found.filter(|diagnostic| diagnostic.is_error() == are_errors);
        found.map(|diagnostic| reason(diagnostic, self.text)).collect()
    }
}

fn entry(source: RuleSource, compiled: &Compiled<'_>) -> Entry {
    let written = written::read(&source.spl);
    let associations = description::read(&source.description);
    let reject_reasons = compiled.reasons(true);
    // A catalog that names its techniques by their ids alone names its data by sources.
    let data = if source.techniques.is_empty() { Data::Sources } else { Data::Categories };
    let runs = compiled.explanation.filter(|_| reject_reasons.is_empty());
    Entry {
        path: source.identity(),
        summary: associations.summary,
        actors: associations.actors,
        software: associations.software,
        vulnerabilities: associations.vulnerabilities,
        atomics: associations.atomics,
        mitre: ATTACK.coverage(&source.techniques, &source.technique_ids),
        event_coverage: coverage::coverage(&written, &source.data_categories, data),
        id: source.id,
        title: source.title,
        description: source.description,
        references: source.references,
        search: source.spl.trim().to_owned(),
        parses: written.parses,
        status: if runs.is_some() { Status::Runs } else { Status::Refused },
        reject_reasons,
        warnings: compiled.reasons(false),
        stages: written.stages,
        indicators: written.indicators,
        search_terms: written.search_terms,
        parsed_terms: written.parsed_terms,
        macros: written.macros,
        prefilter: runs.map(prefilter),
        runtime: runs.map(runtime),
        alerts: None,
    }
}

fn reason(diagnostic: &Diagnostic, text: &str) -> Reason {
    let (line, column) = line_and_column(text, diagnostic.primary.span.start);
    Reason {
        code: diagnostic.code.text().to_owned(),
        detail: diagnostic.message.clone(),
        line,
        column,
        help: diagnostic.help.clone().unwrap_or_default(),
    }
}

fn prefilter(explanation: &Explanation) -> Prefilter {
    let text = |atom: &AtomText| atom.text.clone();
    match &explanation.anchor {
        Some(clause) => Prefilter { category: "anchor", any_of: clause.iter().map(text).collect() },
        None => Prefilter { category: "every event", any_of: Vec::new() },
    }
}

fn runtime(explanation: &Explanation) -> Runtime {
    let reduces = explanation.stages.iter().find(|stage| stage.runs_on == "reduce");
    let closing = &explanation.closing;
    let atoms = explanation.atoms.iter();
    Runtime {
        fields: explanation.fields.clone(),
        atoms: atoms
            .map(|atom| format!("{} {} of the {}", atom.kind, atom.text, atom.of))
            .collect(),
        state: StateKept {
            command: reduces.map(|stage| stage.command.clone()),
            window_s: closing.length_s,
            closes_early: closing.early,
            reason: closing.reason.clone(),
        },
        plan_hash: explanation.plan_hash.clone(),
    }
}

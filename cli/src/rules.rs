//! Rules and knowledge of the command line: what is wrong with them is said on standard error.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Result, bail};
use caltrop_core::{
    compiled::RuleSet,
    diag::{Diagnostic, Severity},
    rule::Skip,
    ruleset::{BuildOptions, Built, RuleReport},
};
use caltrop_host::{FileError, Known, Loaded, Sources};

use crate::{
    Status,
    args::{KnowledgeArgs, ResultArgs},
    output::{MAX_DRAWN, counted, note, note_diagnostic, undrawn},
};

/// Reads the rule files that `paths` name; says which cannot be read.
pub(crate) fn read_sources(paths: &[PathBuf]) -> Sources {
    let sources = Sources::read(paths);
    note_errors(&sources.errors);
    sources
}

/// The set of the rules, compiled or loaded; says why compiled rules cannot be loaded.
pub(crate) fn build(sources: &mut Sources, known: &Known, args: &KnowledgeArgs) -> Built {
    let told = sources.errors.len();
    let built = sources.build(known, build_options(args));
    note_errors(&sources.errors[told..]);
    built
}

/// An error where the rules are compiled: `what` needs their text.
pub(crate) fn refuse_compiled(sources: &Sources, what: &str) -> Result<()> {
    match &sources.compiled {
        None => Ok(()),
        Some(file) => {
            let path = file.path.display();
            bail!(
                "{path} holds compiled rules without their SPL: {what} needs the files that they were compiled from"
            )
        }
    }
}

/// Reads the app folders of the command line over the built-in knowledge; says what is wrong with them.
pub(crate) fn read_knowledge(args: &KnowledgeArgs) -> Known {
    let mut known = Known::read(&args.knowledge);
    args.geoip.iter().for_each(|database| known.locate(database));
    note_errors(&known.errors);
    known.problems.iter().for_each(|(name, problem)| note_problem(&known, name, problem));
    known
}

/// Whether all rule files and all knowledge could be read.
pub(crate) fn reading_status(sources: &Sources, known: &Known) -> Status {
    status_of(&sources.errors).max(status_of(&known.errors))
}

/// Whether all files could be read.
pub(crate) fn status_of(errors: &[FileError]) -> Status {
    if errors.is_empty() { Status::Done } else { Status::Failed }
}

fn note_errors(errors: &[FileError]) {
    errors.iter().for_each(|error| note(format_args!("error: {error}")));
}

/// Says what was found wrong with the knowledge while rules were compiled; whether there ever was an error.
pub(crate) fn note_built(known: &Known, built: &Built) -> bool {
    built.knowledge.iter().for_each(|(name, problem)| note_problem(known, name, problem));
    known.problems.iter().chain(&built.knowledge).any(|(_, problem)| is_error(problem))
}

fn note_problem(known: &Known, name: &str, problem: &Diagnostic) {
    let complaint = known.place(name, problem);
    note_diagnostic(problem, &complaint.path, complaint.text);
}

/// Says why `report`'s rule was refused, or with `warnings` all that is to be said of it.
pub(crate) fn note_report(sources: &Sources, report: &RuleReport, warnings: Warnings) {
    let text = sources.text(&report.file);
    let is_told = |found: &&Diagnostic| warnings == Warnings::Told || is_error(found);
    let told: Vec<_> = report.diagnostics.iter().filter(is_told).collect();
    for diagnostic in told.iter().take(MAX_DRAWN) {
        note_diagnostic(diagnostic, &report.file, text);
    }
    undrawn(told.len()).iter().for_each(|rest| note(format_args!("{rest}")));
}

/// Says once that rules ask where addresses are and nothing knows.
pub(crate) fn note_locations(rules: &RuleSet) {
    let count = rules.without_locations();
    if count > 0 {
        let rules = counted(count, "rule");
        note(format_args!(
            "note: {rules} with `iplocation` and no database: what it would add is absent (--geoip FILE)"
        ));
    }
}

/// Says why rules were refused; how many were.
pub(crate) fn note_refused(sources: &Sources, built: &Built) -> usize {
    let refused: Vec<_> = built.reports.iter().filter(|report| report.is_refused()).collect();
    refused.iter().for_each(|report| note_report(sources, report, Warnings::Left));
    refused.len()
}

/// Says what is wrong with a loaded set; how many rules were refused.
pub(crate) fn note_loaded(loaded: &Loaded) -> usize {
    loaded.errors().for_each(|error| note(format_args!("error: {error}")));
    let problems = loaded.known.problems.iter();
    problems.for_each(|(name, problem)| note_problem(&loaded.known, name, problem));
    note_built(&loaded.known, &loaded.built);
    note_passed_over(&loaded.built);
    note_locations(&loaded.built.rules);
    note_refused(&loaded.sources, &loaded.built)
}

/// What of the rule files is no rule, and of how many files the names say that they are none; nothing if there is none.
pub(crate) fn passed_over(skipped: &BTreeMap<Skip, usize>, foreign: usize) -> Option<String> {
    let mut parts: Vec<String> = skipped
        .iter()
        .map(|(skip, count)| {
            let (one, many) = skip.nouns();
            format!("{count} {}", if *count == 1 { one } else { many })
        })
        .collect();
    if foreign > 0 {
        parts.push(counted(foreign, "file") + " of other kinds");
    }
    let is_knowledge = skipped.keys().any(|skip| skip.is_knowledge());
    let hint =
        if is_knowledge { " (macros, lookups and settings count under --knowledge)" } else { "" };
    (!parts.is_empty()).then(|| format!("passed over: {}{hint}", parts.join(", ")))
}

/// Says what of the rule files is no rule. Files of other kinds are no news where rules are run.
fn note_passed_over(built: &Built) {
    passed_over(&built.skipped, 0).iter().for_each(|text| note(format_args!("note: {text}")));
}

/// Whether warnings are told beside errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// They are.
    Told,
    /// `check` tells them.
    Left,
}

/// How rules are compiled that are looked at and not run.
pub(crate) fn build_options(args: &KnowledgeArgs) -> BuildOptions {
    BuildOptions { strict_raw: args.strict_raw, ..BuildOptions::default() }
}

/// How rules are compiled that are run.
pub(crate) fn run_options(args: &KnowledgeArgs, results: &ResultArgs) -> BuildOptions {
    BuildOptions { allow_write: results.allow_write.is_some(), ..build_options(args) }
}

/// Whether a diagnostic keeps its rule from running.
pub(crate) fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

//! Rules and knowledge from the command line to a rule set.

use std::path::{Path, PathBuf};

use caltrop_core::{
    diag::{Diagnostic, Severity},
    knowledge::Knowledge,
    ruleset::{BuildOptions, Built, RuleReport, RuleSetBuilder},
};
use caltrop_host::{FileError, RuleFile, knowledge_files, rule_files};

use crate::{
    Status,
    args::KnowledgeArgs,
    output::{MAX_DRAWN, note, note_diagnostic, undrawn},
};

/// The rule files of the command line.
pub(crate) struct Sources {
    /// Those that could be read.
    pub(crate) files: Vec<RuleFile>,
    /// Why the others could not.
    pub(crate) errors: Vec<FileError>,
}

impl Sources {
    /// Reads the rule files that `paths` name; says which cannot be read.
    pub(crate) fn read(paths: &[PathBuf]) -> Self {
        let (files, errors) = rule_files(paths);
        for error in &errors {
            note(format_args!("error: {error}"));
        }
        Self { files, errors }
    }

    /// Whether all could be read.
    pub(crate) fn status(&self) -> Status {
        if self.errors.is_empty() { Status::Done } else { Status::Failed }
    }

    /// The text of the file at `path`, which diagnostics point into.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// A builder that holds the rules.
    pub(crate) fn builder(&self, known: &Known, args: &KnowledgeArgs) -> RuleSetBuilder {
        let mut builder = RuleSetBuilder::new(known.knowledge.clone(), build_options(args));
        self.files.iter().for_each(|file| builder.add_file(&file.path, &file.text));
        builder
    }

    /// Says why `report`'s rule was refused, or with `warnings` all that is to be said of it.
    pub(crate) fn note_report(&self, report: &RuleReport, warnings: Warnings) {
        let text = self.text(&report.path);
        let is_told = |found: &&Diagnostic| warnings == Warnings::Told || is_error(found);
        let told: Vec<_> = report.diagnostics.iter().filter(is_told).collect();
        for diagnostic in told.iter().take(MAX_DRAWN) {
            note_diagnostic(diagnostic, &report.path, text);
        }
        undrawn(told.len()).iter().for_each(|rest| note(format_args!("{rest}")));
    }

    /// Says why rules were refused; how many were.
    pub(crate) fn note_refused(&self, built: &Built) -> usize {
        let refused: Vec<_> = built.reports.iter().filter(|report| report.is_refused()).collect();
        refused.iter().for_each(|report| self.note_report(report, Warnings::Left));
        refused.len()
    }
}

/// Whether warnings are told beside errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// They are.
    Told,
    /// `check` tells them.
    Left,
}

/// What macros and fields mean, and the files that say so.
pub(crate) struct Known {
    pub(crate) knowledge: Knowledge,
    /// Path within the app, path, text.
    files: Vec<(String, PathBuf, String)>,
    /// Whether every file could be read.
    pub(crate) status: Status,
    /// How many errors it has.
    errors: usize,
}

impl Known {
    /// Reads the app folders of the command line over the built-in knowledge; says what is wrong with them.
    pub(crate) fn read(args: &KnowledgeArgs) -> Self {
        let mut known = Self {
            knowledge: Knowledge::builtin(),
            files: Vec::new(),
            status: Status::Done,
            errors: 0,
        };
        args.knowledge.iter().for_each(|folder| known.overlay(folder));
        known
    }

    fn overlay(&mut self, folder: &Path) {
        let (files, errors) = knowledge_files(folder);
        for error in errors {
            note(format_args!("error: {error}"));
            self.status = Status::Failed;
        }
        let texts: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut complaints = Vec::new();
        for (name, diagnostic) in self.knowledge.overlay(&texts) {
            complaints.push((name.to_owned(), diagnostic));
        }
        self.files.extend(files.into_iter().map(|(name, text)| {
            let path = folder.join(&name);
            (name, path, text)
        }));
        complaints.iter().for_each(|(name, diagnostic)| self.note(name, diagnostic));
        self.errors += complaints.iter().filter(|(_, diagnostic)| is_error(diagnostic)).count();
    }

    /// Says what was found wrong with the knowledge while rules were compiled; whether there ever was an error.
    pub(crate) fn note_built(&self, built: &Built) -> bool {
        built.knowledge.iter().for_each(|(name, diagnostic)| self.note(name, diagnostic));
        self.errors > 0 || built.knowledge.iter().any(|(_, diagnostic)| is_error(diagnostic))
    }

    /// Where several folders hold a file of this name, the last one that the place fits into is shown.
    fn note(&self, name: &str, diagnostic: &Diagnostic) {
        let fits = |text: &str| diagnostic.primary.span.end <= text.len();
        let file = self.files.iter().rev().find(|(known, _, text)| known == name && fits(text));
        let (path, text) = file
            .map_or((name.into(), ""), |(_, path, text)| (path.to_string_lossy(), text.as_str()));
        note_diagnostic(diagnostic, &path, text);
    }
}

/// How rules are compiled.
pub(crate) fn build_options(args: &KnowledgeArgs) -> BuildOptions {
    BuildOptions { strict_raw: args.strict_raw }
}

/// Whether a diagnostic keeps its rule from running.
pub(crate) fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

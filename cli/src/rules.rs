//! Rules and knowledge from the command line to a rule set.

use std::path::PathBuf;

use caltrop_core::{
    diag::{Diagnostic, Severity, render},
    knowledge::Knowledge,
    ruleset::{BuildOptions, Built, RuleReport, RuleSetBuilder},
};
use caltrop_host::{RuleFile, knowledge_files, rule_files};

use crate::{Status, args::KnowledgeArgs, output::note};

/// The knowledge of the command line, and whether all of it could be read. What is wrong is noted.
pub(crate) fn knowledge(args: &KnowledgeArgs) -> (Knowledge, Status) {
    let mut knowledge = Knowledge::builtin();
    let mut status = Status::Done;
    for folder in &args.knowledge {
        let (files, errors) = knowledge_files(folder);
        for error in errors {
            note(format_args!("error: {error}"));
            status = Status::Failed;
        }
        let texts: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        for (path, diagnostic) in knowledge.overlay(&texts) {
            let text = texts.iter().find(|(name, _)| *name == path).map_or("", |(_, text)| text);
            let path = folder.join(path);
            note(format_args!("{}", render(&diagnostic, &path.to_string_lossy(), text)));
        }
    }
    (knowledge, status)
}

/// The rule files of the command line, and whether all could be read.
pub(crate) fn read(paths: &[PathBuf]) -> (Vec<RuleFile>, Status) {
    let (files, errors) = rule_files(paths);
    for error in &errors {
        note(format_args!("error: {error}"));
    }
    (files, if errors.is_empty() { Status::Done } else { Status::Failed })
}

/// A builder that holds the rules of `files`.
pub(crate) fn builder(files: &[RuleFile], args: &KnowledgeArgs) -> (RuleSetBuilder, Status) {
    let (knowledge, status) = knowledge(args);
    let mut builder = RuleSetBuilder::new(knowledge, build_options(args));
    files.iter().for_each(|file| builder.add_file(&file.path, &file.text));
    (builder, status)
}

/// How rules are compiled.
pub(crate) fn build_options(args: &KnowledgeArgs) -> BuildOptions {
    BuildOptions { strict_raw: args.strict_raw }
}

/// The text of the file at `path`, which diagnostics point into.
pub(crate) fn text_of<'f>(files: &'f [RuleFile], path: &str) -> &'f str {
    files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
}

/// Notes why rules were refused; how many were.
pub(crate) fn note_refused(built: &Built, files: &[RuleFile]) -> usize {
    note_knowledge(built);
    let refused: Vec<&RuleReport> =
        built.reports.iter().filter(|report| report.is_refused()).collect();
    for report in &refused {
        let errors = report.diagnostics.iter().filter(|diagnostic| is_error(diagnostic));
        for diagnostic in errors {
            note(format_args!(
                "{}",
                render(diagnostic, &report.path, text_of(files, &report.path))
            ));
        }
    }
    refused.len()
}

/// Notes what is wrong with the knowledge.
pub(crate) fn note_knowledge(built: &Built) {
    for (path, diagnostic) in &built.knowledge {
        note(format_args!("{path}: {}: {}", diagnostic.code.text(), diagnostic.message));
    }
}

/// Whether a diagnostic keeps its rule from running.
pub(crate) fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

//! `check --json`: one object for hosts. docs/cli.md says what its keys mean.

use std::io::Write;

use anyhow::Result;
use caltrop_core::{
    diag::{Code, Diagnostic, line_and_column},
    ruleset::{Built, RuleReport},
};
use caltrop_host::{FileError, Sources};
use serde::Serialize;

use super::{
    Summary,
    reasons::{self, Reason},
};

/// Files that cannot be read stand before the rules: a host that reads this must not miss them.
pub(super) fn write(
    out: &mut dyn Write,
    built: &Built,
    sources: &Sources,
    summary: &Summary,
) -> Result<()> {
    let unreadable = sources.errors.iter().map(unreadable_json);
    let rules = built.reports.iter().map(|report| rule_json(report, sources.text(&report.file)));
    let skipped =
        built.skipped.iter().map(|(skip, count)| Skipped { what: skip.nouns().0, count: *count });
    let refused = summary.refused + sources.errors.len();
    let checked = Checked {
        rules: unreadable.chain(rules).collect(),
        reasons: reasons::refusals(&built.reports),
        warnings: reasons::warnings(&built.reports),
        skipped: skipped.collect(),
        summary: SummaryJson { ok: summary.ok, refused },
    };
    serde_json::to_writer(&mut *out, &checked)?;
    writeln!(out)?;
    Ok(())
}

#[derive(Serialize)]
struct Checked {
    rules: Vec<RuleJson>,
    reasons: Vec<Reason>,
    warnings: Vec<Reason>,
    skipped: Vec<Skipped>,
    summary: SummaryJson,
}

#[derive(Serialize)]
struct Skipped {
    what: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct SummaryJson {
    ok: usize,
    refused: usize,
}

#[derive(Serialize)]
struct RuleJson {
    path: String,
    id: String,
    title: String,
    status: &'static str,
    diagnostics: Vec<DiagnosticJson>,
}

#[derive(Serialize)]
struct DiagnosticJson {
    code: &'static str,
    severity: &'static str,
    line: u64,
    column: u64,
    message: String,
    help: Option<String>,
}

fn rule_json(report: &RuleReport, text: &str) -> RuleJson {
    let diagnostics = report.diagnostics.iter();
    RuleJson {
        path: report.path.clone(),
        id: report.id.clone(),
        title: report.title.clone(),
        status: if report.is_refused() { "refused" } else { "ok" },
        diagnostics: diagnostics.map(|diagnostic| diagnostic_json(diagnostic, text)).collect(),
    }
}

fn diagnostic_json(diagnostic: &Diagnostic, text: &str) -> DiagnosticJson {
    let (line, column) = line_and_column(text, diagnostic.primary.span.start);
    let number = |number: usize| u64::try_from(number).expect("a place in a text fits 64 bits");
    DiagnosticJson {
        code: diagnostic.code.text(),
        severity: diagnostic.severity.name(),
        line: number(line),
        column: number(column),
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
    }
}

fn unreadable_json(error: &FileError) -> RuleJson {
    let (line, column) = error.place().map_or((1, 1), |place| (place.line, place.column));
    let diagnostic = DiagnosticJson {
        code: Code::UnreadableFile.text(),
        severity: "error",
        line,
        column,
        message: error.reason(),
        help: None,
    };
    RuleJson {
        path: error.path().to_string_lossy().into_owned(),
        id: String::new(),
        title: String::new(),
        status: "refused",
        diagnostics: vec![diagnostic],
    }
}

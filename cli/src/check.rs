//! `caltrop check`: what compiles, what does not and why, what will be slow.

use std::io::Write;

use anyhow::Result;
use caltrop_core::{
    diag::{Diagnostic, Severity, line_and_column, render, short},
    ruleset::RuleReport,
};
use caltrop_host::RuleFile;
use serde::Serialize;

use crate::{Status, args::CheckArgs, output::stdout, rules};

/// Compiles the rules and reports on each.
pub(crate) fn run(args: &CheckArgs) -> Result<Status> {
    let (files, read) = rules::read(&args.paths);
    let (builder, known) = rules::builder(&files, &args.knowledge);
    let built = builder.build();
    rules::note_knowledge(&built);
    let summary = Summary::of(&built.reports);
    let mut out = stdout();
    if args.json {
        let rules = built.reports.iter().map(|report| rule_json(report, &files)).collect();
        serde_json::to_writer(&mut out, &Checked { rules, summary: &summary })?;
        writeln!(out)?;
    } else {
        let draw = if args.short { short } else { render };
        for report in &built.reports {
            let text = rules::text_of(&files, &report.path);
            for diagnostic in &report.diagnostics {
                writeln!(out, "{}", draw(diagnostic, &report.path, text).trim_end())?;
            }
        }
        writeln!(
            out,
            "{} rules: {} ok, {} refused",
            summary.ok + summary.refused,
            summary.ok,
            summary.refused
        )?;
    }
    out.flush()?;
    let has_warnings = built.reports.iter().any(|report| !report.diagnostics.is_empty());
    let has_findings = summary.refused > 0 || (args.deny_warnings && has_warnings);
    let found = if has_findings { Status::Refused } else { Status::Done };
    Ok(found.max(read).max(known))
}

#[derive(Serialize)]
struct Checked<'r> {
    rules: Vec<RuleJson<'r>>,
    summary: &'r Summary,
}

#[derive(Serialize)]
struct Summary {
    ok: usize,
    refused: usize,
}

#[derive(Serialize)]
struct RuleJson<'r> {
    path: &'r str,
    id: &'r str,
    title: &'r str,
    status: &'static str,
    diagnostics: Vec<DiagnosticJson<'r>>,
}

#[derive(Serialize)]
struct DiagnosticJson<'r> {
    code: &'static str,
    severity: &'static str,
    line: usize,
    column: usize,
    message: &'r str,
    help: Option<&'r str>,
}

impl Summary {
    fn of(reports: &[RuleReport]) -> Self {
        let refused = reports.iter().filter(|report| report.is_refused()).count();
        Self { ok: reports.len() - refused, refused }
    }
}

fn rule_json<'r>(report: &'r RuleReport, files: &[RuleFile]) -> RuleJson<'r> {
    let text = rules::text_of(files, &report.path);
    let diagnostics = report.diagnostics.iter();
    RuleJson {
        path: &report.path,
        id: &report.id,
        title: &report.title,
        status: if report.is_refused() { "refused" } else { "ok" },
        diagnostics: diagnostics.map(|diagnostic| diagnostic_json(diagnostic, text)).collect(),
    }
}

fn diagnostic_json<'r>(diagnostic: &'r Diagnostic, text: &str) -> DiagnosticJson<'r> {
    let (line, column) = line_and_column(text, diagnostic.primary.span.start);
    DiagnosticJson {
        code: diagnostic.code.text(),
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        line,
        column,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
    }
}

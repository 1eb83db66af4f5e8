//! `caltrop check`: what compiles, what does not and why, what will be slow.

use std::io::{self, Write};

use anyhow::Result;
use caltrop_core::{
    diag::{Code, Diagnostic, line_and_column, short},
    ruleset::RuleReport,
};
use caltrop_host::{FileError, Sources};
use serde::Serialize;

use crate::{
    Status,
    args::CheckArgs,
    output::{MAX_DRAWN, Stream, counted, draw, stdout, undrawn},
    rules::{
        build_options, note_built, note_locations, read_knowledge, read_sources, reading_status,
    },
};

/// Compiles the rules and reports on each.
pub(crate) fn run(args: &CheckArgs) -> Result<Status> {
    let sources = read_sources(&args.paths);
    let known = read_knowledge(&args.knowledge);
    let built = sources.builder(&known, build_options(&args.knowledge)).build();
    let is_knowledge_bad = note_built(&known, &built);
    note_locations(&built.rules);
    let summary = Summary::of(&built.reports);
    let mut out = stdout();
    if args.json {
        write_json(&mut out, &built.reports, &sources, &summary)?;
    } else {
        write_text(&mut out, args, &built.reports, &sources)?;
        writeln!(out, "{summary}")?;
    }
    out.flush()?;
    let is_denied = args.deny_warnings && summary.with_warnings > 0;
    let has_findings = summary.refused > 0 || is_knowledge_bad || is_denied;
    let found = if has_findings { Status::Refused } else { Status::Done };
    Ok(found.max(reading_status(&sources, &known)))
}

fn write_text(
    out: &mut dyn Write,
    args: &CheckArgs,
    reports: &[RuleReport],
    sources: &Sources,
) -> io::Result<()> {
    let write = if args.short { write_short } else { write_drawn };
    reports.iter().try_for_each(|report| write(out, report, sources.text(&report.path)))
}

fn write_short(out: &mut dyn Write, report: &RuleReport, text: &str) -> io::Result<()> {
    let mut diagnostics = report.diagnostics.iter();
    diagnostics.try_for_each(|found| writeln!(out, "{}", short(found, &report.path, text)))
}

fn write_drawn(out: &mut dyn Write, report: &RuleReport, text: &str) -> io::Result<()> {
    for diagnostic in report.diagnostics.iter().take(MAX_DRAWN) {
        writeln!(out, "{}\n", draw(diagnostic, &report.path, text, Stream::Output))?;
    }
    undrawn(report.diagnostics.len()).map_or(Ok(()), |rest| writeln!(out, "{rest}"))
}

/// Files that cannot be read stand before the rules: a host that reads this must not miss them.
fn write_json(
    out: &mut dyn Write,
    reports: &[RuleReport],
    sources: &Sources,
    summary: &Summary,
) -> Result<()> {
    let unreadable = sources.errors.iter().map(unreadable_json);
    let rules = reports.iter().map(|report| rule_json(report, sources.text(&report.path)));
    let refused = summary.refused + sources.errors.len();
    let summary = SummaryJson { ok: summary.ok, refused };
    serde_json::to_writer(
        &mut *out,
        &Checked { rules: unreadable.chain(rules).collect(), summary },
    )?;
    writeln!(out)?;
    Ok(())
}

#[derive(Serialize)]
struct Checked {
    rules: Vec<RuleJson>,
    summary: SummaryJson,
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

/// How many rules there are of each kind.
struct Summary {
    ok: usize,
    with_warnings: usize,
    refused: usize,
}

impl Summary {
    fn of(reports: &[RuleReport]) -> Self {
        let refused = reports.iter().filter(|report| report.is_refused()).count();
        let has_warnings =
            |report: &&RuleReport| !report.is_refused() && !report.diagnostics.is_empty();
        let with_warnings = reports.iter().filter(has_warnings).count();
        Self { ok: reports.len() - refused, with_warnings, refused }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ok, with_warnings, refused } = self;
        write!(f, "{}: {ok} ok", counted(*ok + *refused, "rule"))?;
        if *with_warnings > 0 {
            write!(f, " ({with_warnings} with warnings)")?;
        }
        write!(f, ", {refused} refused")
    }
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

//! `caltrop check`: what compiles, what does not and why, what will be slow.

mod json;
mod reasons;

use std::io::{self, Write};

use anyhow::Result;
use caltrop_core::{
    diag::short,
    ruleset::{Built, RuleReport},
};
use caltrop_host::Sources;

use crate::{
    Status,
    args::CheckArgs,
    output::{MAX_DRAWN, Stream, counted, draw, stdout, undrawn},
    rules::{
        build, is_error, note_built, note_locations, passed_over, read_knowledge, read_sources,
        reading_status,
    },
};

/// Compiles the rules and reports on each.
pub(crate) fn run(args: &CheckArgs) -> Result<Status> {
    let mut sources = read_sources(&args.paths);
    let known = read_knowledge(&args.knowledge);
    let built = build(&mut sources, &known, &args.knowledge);
    let is_knowledge_bad = note_built(&known, &built);
    note_locations(&built.rules);
    let summary = Summary::of(&built.reports);
    let mut out = stdout();
    if args.json {
        json::write(&mut out, &built, &sources, &summary)?;
    } else {
        write_text(&mut out, args, &built, &sources)?;
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
    built: &Built,
    sources: &Sources,
) -> io::Result<()> {
    if args.short {
        write_short(out, args, &built.reports, sources)?;
    } else {
        for report in &built.reports {
            write_drawn(out, report, sources.text(&report.file))?;
        }
    }
    let passed_over = passed_over(&built.skipped, sources.foreign);
    passed_over.map_or(Ok(()), |text| writeln!(out, "{text}"))
}

/// A line for each refused rule, and with `--warnings` one for each warning; then how often each reason is given.
fn write_short(
    out: &mut dyn Write,
    args: &CheckArgs,
    reports: &[RuleReport],
    sources: &Sources,
) -> io::Result<()> {
    let mut lines = 0;
    for report in reports {
        let text = sources.text(&report.file);
        let warnings = report.diagnostics.iter().filter(|found| args.warnings && !is_error(found));
        let warnings = warnings.map(|found| short(found, &report.file, text));
        for line in refusal(report, text).into_iter().chain(warnings) {
            writeln!(out, "{line}")?;
            lines += 1;
        }
    }
    if lines > 0 {
        writeln!(out)?;
    }
    reasons::write_table(out, "reason", &reasons::refusals(reports))?;
    reasons::write_table(out, "warning", &reasons::warnings(reports))
}

/// The first error of a refused rule, and how many more there are.
fn refusal(report: &RuleReport, text: &str) -> Option<String> {
    let mut errors = report.diagnostics.iter().filter(|found| is_error(found));
    let line = short(errors.next()?, &report.file, text);
    Some(match errors.count() {
        0 => line,
        more => format!("{line} [and {more} more]"),
    })
}

fn write_drawn(out: &mut dyn Write, report: &RuleReport, text: &str) -> io::Result<()> {
    for diagnostic in report.diagnostics.iter().take(MAX_DRAWN) {
        writeln!(out, "{}\n", draw(diagnostic, &report.file, text, Stream::Output))?;
    }
    undrawn(report.diagnostics.len()).map_or(Ok(()), |rest| writeln!(out, "{rest}"))
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

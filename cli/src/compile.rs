//! `caltrop compile`: rules as one file that loads at once; and what such a file says of itself.

use std::io::Write;

use anyhow::Result;
use caltrop_core::{
    compiled::{Probe, Rule, RuleSet},
    ruleset::Built,
};
use caltrop_host::{Known, Sources, write_file};
use serde::Serialize;

use crate::{
    Status,
    args::{CompileArgs, ExplainArgs},
    output::{counted, note, stdout},
    rules::{
        Warnings, build, note_built, note_locations, note_report, read_knowledge, read_sources,
        reading_status,
    },
    summary::amount,
};

/// Compiles the rules and writes those that can run.
pub(crate) fn run(args: &CompileArgs) -> Result<Status> {
    let mut sources = read_sources(&args.paths);
    let known = read_knowledge(&args.knowledge);
    let built = build(&mut sources, &known, &args.knowledge);
    let is_knowledge_bad = note_built(&known, &built);
    note_locations(&built.rules);
    built.reports.iter().for_each(|report| note_report(&sources, report, Warnings::Told));
    let refused = built.reports.iter().filter(|report| report.is_refused()).count();
    let has_findings = refused > 0 || is_knowledge_bad;
    let found = if has_findings { Status::Refused } else { Status::Done };
    let written = write(args, &built, refused)?;
    Ok(written.max(found).max(reading_status(&sources, &known)))
}

/// Writes the file, if there is something to write and nothing against it.
fn write(args: &CompileArgs, built: &Built, refused: usize) -> Result<Status> {
    let refused_rules = counted(refused, "rule");
    if args.strict && refused > 0 {
        note(format_args!("not written: {refused_rules} refused (--strict)"));
        return Ok(Status::Refused);
    }
    if built.rules.is_empty() {
        note(format_args!("not written: there is no rule that can run"));
        return Ok(Status::Refused);
    }
    let bytes = built.rules.to_bytes();
    write_file(&args.output, &bytes)?;
    note(format_args!(
        "{}: {} ({refused} refused), {}",
        args.output.display(),
        counted(built.rules.len(), "rule"),
        amount(bytes.len() as u64)
    ));
    Ok(Status::Done)
}

/// A file of compiled rules, as `explain --json` prints it.
#[derive(Serialize)]
struct FileJson<'r> {
    /// The version of the form.
    form: u32,
    /// The version of the program that wrote it.
    program: &'r str,
    bytes: usize,
    rules: Vec<RuleJson<'r>>,
}

#[derive(Serialize)]
struct RuleJson<'r> {
    path: &'r str,
    id: &'r str,
    title: &'r str,
    techniques: &'r [String],
    plan_hash: String,
}

/// Prints what a file of compiled rules says of itself, once it has proved sound.
pub(crate) fn describe(args: &ExplainArgs, mut sources: Sources, known: &Known) -> Result<Status> {
    let built = build(&mut sources, known, &args.events.knowledge);
    let status = reading_status(&sources, known);
    let file = sources.compiled.as_ref().map_or(&[][..], |file| file.bytes.as_slice());
    let Some(probe) = RuleSet::probe(file).filter(|_| status == Status::Done) else {
        return Ok(status.max(Status::Failed));
    };
    let described = FileJson::new(&probe, file.len(), &built.rules);
    let mut out = stdout();
    if args.json {
        serde_json::to_writer(&mut out, &described)?;
        writeln!(out)?;
    } else {
        described.write(&mut out)?;
    }
    out.flush()?;
    Ok(status)
}

impl<'r> FileJson<'r> {
    fn new(probe: &Probe<'r>, bytes: usize, rules: &'r RuleSet) -> Self {
        let rules = rules.rules().map(RuleJson::of).collect();
        Self { form: probe.version, program: probe.program, bytes, rules }
    }

    fn write(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(
            out,
            "{} in form {}, compiled by caltrop {}, {}",
            counted(self.rules.len(), "rule"),
            self.form,
            self.program,
            amount(self.bytes as u64)
        )?;
        for rule in &self.rules {
            writeln!(out, "  {}  {}  {}", rule.path, rule.id, rule.title)?;
        }
        Ok(())
    }
}

impl<'r> RuleJson<'r> {
    fn of(rule: &'r Rule) -> Self {
        let meta = &rule.meta;
        Self {
            path: &meta.path,
            id: &meta.id,
            title: &meta.title,
            techniques: &meta.technique_ids,
            plan_hash: rule.plan_hash.to_string(),
        }
    }
}

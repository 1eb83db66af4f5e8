//! `caltrop explain`: what became of a rule and, with `--event`, what it makes of each event.

use std::{io::Write, path::Path, path::PathBuf, sync::Arc};

use anyhow::{Result, bail};
use caltrop_core::{
    engine::{Engine, Trace},
    ids::RuleId,
    plan::explain::Explanation,
    ruleset::RuleReport,
};
use caltrop_host::{Clock, Input, Known, Sources};
use serde::Serialize;

use crate::{
    Status,
    args::ExplainArgs,
    compile, feed,
    output::{counted, note, stdout},
    rules::{
        Warnings, build_options, note_built, note_report, read_knowledge, read_sources,
        reading_status, refuse_compiled,
    },
};

/// Explains one rule, or tells which rules a compiled file holds.
pub(crate) fn run(args: &ExplainArgs) -> Result<Status> {
    let sources = read_sources(&paths(args)?);
    let known = read_knowledge(&args.events.knowledge);
    if sources.compiled.is_some() && args.rules.is_empty() && args.event.is_none() {
        return compile::describe(args, sources, &known);
    }
    refuse_compiled(&sources, "explaining a rule")?;
    let status = reading_status(&sources, &known);
    let builder = sources.builder(&known, build_options(&args.events.knowledge));
    let (built, explanations) = builder.build_explained();
    note_built(&known, &built);
    let Some(report) = wanted(args, &built.reports)? else {
        if status == Status::Done {
            bail!("no rule `{}`: give the path of a rule file, or an id with --rules", args.rule);
        }
        return Ok(status);
    };
    note_report(&sources, report, Warnings::Told);
    let found = explanations.iter().find(|explanation| explanation.path == report.path);
    let Some(explanation) = found.filter(|_| !report.is_refused()) else {
        return Ok(status.max(Status::Refused));
    };
    let mut out = stdout();
    match &args.event {
        None => write_rule(args, explanation, &mut out)?,
        Some(path) => {
            let mut tracer = Tracer::open(args, report, &sources, &known, path)?;
            write_rule_and_events(args, explanation, &mut tracer, &mut out)?;
            tracer.summarise();
        }
    }
    out.flush()?;
    Ok(status)
}

/// Where the rule is looked for.
fn paths(args: &ExplainArgs) -> Result<Vec<PathBuf>> {
    if !args.rules.is_empty() {
        return Ok(args.rules.clone());
    }
    if !Path::new(&args.rule).exists() {
        bail!("no file `{}`: to name a rule by its id, say with --rules where to look", args.rule);
    }
    Ok(vec![PathBuf::from(&args.rule)])
}

/// The rule that is meant: by path, else by id.
fn wanted<'r>(args: &ExplainArgs, reports: &'r [RuleReport]) -> Result<Option<&'r RuleReport>> {
    let path = args.rule.strip_prefix("./").unwrap_or(&args.rule);
    let has_path =
        |report: &&RuleReport| report.path.strip_prefix("./").unwrap_or(&report.path) == path;
    if let Some(report) = reports.iter().find(has_path) {
        return Ok(Some(report));
    }
    let is_wanted = |report: &&RuleReport| args.rules.is_empty() || report.id == args.rule;
    let found: Vec<_> = reports.iter().filter(is_wanted).collect();
    if found.len() > 1 {
        let paths: Vec<_> = found.iter().map(|report| format!("  {}", report.path)).collect();
        let what = if args.rules.is_empty() { "stand in" } else { "are called" };
        let (count, paths) = (counted(found.len(), "rule"), paths.join("\n"));
        bail!("{count} {what} `{}`: give one of the paths\n{paths}", args.rule);
    }
    Ok(found.first().copied())
}

fn write_rule(args: &ExplainArgs, explanation: &Explanation, out: &mut dyn Write) -> Result<()> {
    if args.json {
        serde_json::to_writer(&mut *out, explanation)?;
        writeln!(out)?;
    } else {
        write!(out, "{explanation}")?;
    }
    Ok(())
}

/// Events are written as they are read: there may be many.
fn write_rule_and_events(
    args: &ExplainArgs,
    explanation: &Explanation,
    tracer: &mut Tracer<'_>,
    out: &mut dyn Write,
) -> Result<()> {
    if !args.json {
        write!(out, "{explanation}\nevents\n")?;
        while let Some(event) = tracer.next_event()? {
            event.write(explanation, out)?;
        }
        return Ok(());
    }
    let rule = serde_json::to_string(explanation)?;
    let open = rule.strip_suffix('}').expect("an explanation is a JSON object");
    write!(out, "{open},\"events\":[")?;
    let mut separator = "";
    while let Some(event) = tracer.next_event()? {
        write!(out, "{separator}{}", serde_json::to_string(&event)?)?;
        separator = ",";
    }
    writeln!(out, "]}}")?;
    Ok(())
}

/// Runs one rule's per-event stages on every event of a file.
struct Tracer<'a> {
    args: &'a ExplainArgs,
    engine: Engine,
    rule: RuleId,
    input: Input,
    events: u64,
    candidates: u64,
    kept: u64,
}

/// What the rule made of one event.
#[derive(Serialize)]
struct EventJson {
    /// The number of the event, from 1.
    event: u64,
    /// Its line in the file.
    line: u64,
    /// Whether the scan selects the rule for it.
    candidate: bool,
    /// Whether every per-event stage kept it.
    kept: bool,
    stages: Vec<StageJson>,
}

#[derive(Serialize)]
struct StageJson {
    stage: usize,
    kept: bool,
    /// The first test that failed, as written, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

impl<'a> Tracer<'a> {
    /// The rule's file is compiled once more, alone, so that its rules are the only ones of the engine.
    fn open(
        args: &'a ExplainArgs,
        report: &RuleReport,
        sources: &Sources,
        known: &Known,
        path: &Path,
    ) -> Result<Self> {
        let files = sources.files.iter().filter(|file| file.path == report.file);
        let alone = Sources { files: files.cloned().collect(), ..Sources::default() };
        let built = alone.builder(known, build_options(&args.events.knowledge)).build();
        let rule = built.rules.find(report.path.as_bytes()).expect("the rule was explained");
        let engine = Engine::new(Arc::new(built.rules), args.events.options(&Clock::start()));
        let input = Input::open(path, args.events.format.into(), feed::limits(&args.events))?;
        Ok(Self { args, engine, rule, input, events: 0, candidates: 0, kept: 0 })
    }

    /// What the rule makes of the next event that is one.
    fn next_event(&mut self) -> Result<Option<EventJson>> {
        let head = feed::head(&self.args.events, 0);
        while let Some(event) = self.input.next_event()? {
            self.events += 1;
            match self.engine.trace(self.rule, event, &head) {
                Ok(trace) => {
                    let traced = EventJson::new(self.events, self.input.line_number(), trace);
                    self.candidates += u64::from(traced.candidate);
                    self.kept += u64::from(traced.kept);
                    return Ok(Some(traced));
                }
                Err(error) => {
                    let (path, line) = (self.input.name().display(), self.input.line_number());
                    note(format_args!("warning: {path}:{line}:{}: {error}", error.offset() + 1));
                }
            }
        }
        Ok(None)
    }

    fn summarise(&self) {
        note(format_args!(
            "{}, {} selected by the scan, {} kept by every per-event stage",
            counted(self.events, "event"),
            self.candidates,
            self.kept
        ));
        if let Some(complaint) = self.input.counters().complaint() {
            note(format_args!("warning: {}: {complaint}", self.input.name().display()));
        }
    }
}

impl EventJson {
    fn new(event: u64, line: u64, trace: Trace) -> Self {
        let kept = trace.stages.iter().all(|stage| stage.kept);
        let stages = trace.stages.into_iter();
        let stages = stages.map(|stage| StageJson {
            stage: stage.stage,
            kept: stage.kept,
            failed: stage.failed,
        });
        Self { event, line, candidate: trace.is_candidate, kept, stages: stages.collect() }
    }

    fn write(&self, explanation: &Explanation, out: &mut dyn Write) -> Result<()> {
        let selected = if self.candidate { "" } else { ", not selected by the scan" };
        write!(out, "  {} (line {}{selected}): ", self.event, self.line)?;
        match self.stages.iter().find(|stage| !stage.kept) {
            None => writeln!(out, "kept by every per-event stage")?,
            Some(stage) => {
                let text = explanation.stages.get(stage.stage - 1).map_or("", |text| &text.text);
                let blamed = stage.failed.as_deref().unwrap_or(text);
                writeln!(out, "dropped by stage {}: {blamed}", stage.stage)?;
            }
        }
        Ok(())
    }
}

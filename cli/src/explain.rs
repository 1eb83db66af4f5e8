//! `caltrop explain`: what became of a rule and, with `--event`, what it makes of each event.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::{Result, bail};
use caltrop_core::{
    engine::{Engine, Trace},
    ids::RuleId,
    plan::explain::Explanation,
};
use caltrop_host::{Clock, Input, InputLimits, RuleFile};
use serde::Serialize;

use crate::{
    Status,
    args::ExplainArgs,
    feed,
    output::{note, stdout},
    rules,
};

/// Explains one rule.
pub(crate) fn run(args: &ExplainArgs) -> Result<Status> {
    let paths =
        if args.rules.is_empty() { vec![PathBuf::from(&args.rule)] } else { args.rules.clone() };
    let (files, read) = rules::read(&paths);
    let (builder, known) = rules::builder(&files, &args.events.knowledge);
    let wanted = |explanation: &&Explanation| {
        explanation.path == args.rule || explanation.id == args.rule || args.rules.is_empty()
    };
    let explanations = builder.explain();
    let found: Vec<&Explanation> = explanations.iter().filter(wanted).collect();
    let explanation = match found.as_slice() {
        [one] => *one,
        [] => {
            let refused = rules::note_refused(&builder.build(), &files);
            if refused == 0 && read == Status::Done {
                bail!(
                    "no rule `{}`: give the path of a rule file, or an id with --rules",
                    args.rule
                );
            }
            return Ok(Status::Refused.max(read).max(known));
        }
        several => {
            let paths: Vec<_> =
                several.iter().map(|explanation| explanation.path.as_str()).collect();
            bail!(
                "several rules are called `{}`: give one of the paths {}",
                args.rule,
                paths.join(", ")
            );
        }
    };
    let traced = match &args.event {
        Some(_) => Some(trace(args, explanation, &files)?),
        None => None,
    };
    let mut out = stdout();
    if args.json {
        serde_json::to_writer(
            &mut out,
            &Explained { rule: explanation, events: traced.as_deref() },
        )?;
        writeln!(out)?;
    } else {
        write!(out, "{explanation}")?;
        traced.iter().flatten().try_for_each(|event| write_event(&mut out, event))?;
    }
    out.flush()?;
    Ok(read.max(known))
}

#[derive(Serialize)]
struct Explained<'r> {
    #[serde(flatten)]
    rule: &'r Explanation,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<&'r [EventJson]>,
}

/// What the rule made of one event.
#[derive(Serialize)]
struct EventJson {
    event: u64,
    candidate: bool,
    /// Whether every per-event stage kept it.
    kept: bool,
    stages: Vec<StageJson>,
}

#[derive(Serialize)]
struct StageJson {
    stage: usize,
    kept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// Runs the rule's per-event stages on every event of the file.
fn trace(
    args: &ExplainArgs,
    explanation: &Explanation,
    files: &[RuleFile],
) -> Result<Vec<EventJson>> {
    let Some(path) = &args.event else { return Ok(Vec::new()) };
    let file: Vec<RuleFile> =
        files.iter().filter(|file| file.path == explanation.path).cloned().collect();
    let (builder, _) = rules::builder(&file, &args.events.knowledge);
    let clock = Clock::start();
    let mut engine = Engine::new(Arc::new(builder.build().rules), args.events.options(&clock));
    let mut input = Input::open(path, InputLimits::default())?;
    let head = feed::head(&args.events, 0);
    let mut events = Vec::new();
    while let Some(event) = input.next_event()? {
        let number = events.len() as u64 + 1;
        match engine.trace(RuleId::new(0), event, &head) {
            Ok(trace) => events.push(event_json(number, trace)),
            Err(error) => note(format_args!("{}:{number}: {error}", path.display())),
        }
    }
    Ok(events)
}

fn event_json(event: u64, trace: Trace) -> EventJson {
    let kept = trace.stages.iter().all(|stage| stage.kept);
    let stages = trace.stages.into_iter();
    let stages = stages.map(|stage| StageJson {
        stage: stage.stage,
        kept: stage.kept,
        failed: stage.failed,
    });
    EventJson { event, candidate: trace.is_candidate, kept, stages: stages.collect() }
}

fn write_event(out: &mut dyn Write, event: &EventJson) -> std::io::Result<()> {
    let selected = if event.candidate { "" } else { " (not selected by the scan)" };
    match event.stages.iter().find(|stage| !stage.kept) {
        None => writeln!(out, "event {}{selected}: kept by every per-event stage", event.event),
        Some(stage) => {
            let failed =
                stage.failed.as_deref().map(|test| format!(": {test}")).unwrap_or_default();
            writeln!(
                out,
                "event {}{selected}: dropped by stage {}{failed}",
                event.event, stage.stage
            )
        }
    }
}

//! `caltrop search`: one ad-hoc search, its result rows out.

use std::sync::Arc;

use anyhow::Result;
use caltrop_core::{config::Mode, diag::Code, engine::Engine, ruleset::RuleSetBuilder};
use caltrop_host::Clock;

use crate::{
    Status,
    args::SearchArgs,
    feed,
    output::{MAX_DRAWN, Printer, Shape, note_diagnostic},
    rules::{note_built, note_locations, read_knowledge, run_options, status_of},
};

/// What diagnostics call the search.
const NAME: &str = "search";

/// Runs the search over every input.
pub(crate) fn run(args: &SearchArgs) -> Result<Status> {
    let clock = Clock::start();
    let known = read_knowledge(&args.events.knowledge);
    let status = status_of(&known.errors);
    let options = run_options(&args.events.knowledge, &args.results);
    let mut builder = RuleSetBuilder::new(known.knowledge.clone(), options);
    builder.add_spl(NAME, &args.spl);
    let built = builder.build();
    note_built(&known, &built);
    note_locations(&built.rules);
    // Who types a search is its author, so warnings are told too; but that it looks at every event was known to him.
    let diagnostics = built.reports.iter().flat_map(|report| &report.diagnostics);
    let told = diagnostics.filter(|diagnostic| diagnostic.code != Code::NoAnchor);
    for diagnostic in told.take(MAX_DRAWN) {
        note_diagnostic(diagnostic, NAME, &args.spl);
    }
    if built.rules.is_empty() {
        return Ok(status.max(Status::Refused));
    }
    let only_chooses = built.rules.rules().all(|rule| rule.only_chooses());
    let options = args.options(&clock);
    let mut engine = Engine::new(Arc::new(built.rules), options.clone());
    let mut printer = Printer::new(&args.results, Shape::Row, false)?;
    if only_chooses {
        printer.hold_empty_rows();
    }
    let (events, inputs, threads) = (&args.events, &args.inputs, args.results.threads);
    let fed = if threads > 1 {
        feed::threads::feed(&mut engine, &options, threads, events, inputs, &clock, &mut printer)
    } else {
        feed::feed(&mut engine, Mode::Batch, events, inputs, &clock, &mut printer, None)
    }?;
    printer.finish()?;
    if engine.counters().alerts == 0 && fed.is_complete {
        fed.explain_silence(&engine);
    }
    fed.stats(engine.counters(), 0).write(args.results.stats.as_deref())?;
    Ok(status.max(fed.status))
}

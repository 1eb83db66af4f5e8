//! `caltrop run`: rules over events, alerts out.

use std::sync::Arc;

use anyhow::{Result, bail};
use caltrop_core::{config::Mode, engine::Engine};
use caltrop_host::{Clock, Positions, load};

use crate::{
    Status,
    args::{Output, RunArgs},
    feed,
    output::{Printer, Shape, counted, note},
    profile::Profile,
    rules::{note_loaded, reading_status, run_options},
};

/// Runs the rules over every input.
pub(crate) fn run(args: &RunArgs) -> Result<Status> {
    refuse_contradictions(args)?;
    let clock = Clock::start();
    let knowledge = &args.events.knowledge;
    let loaded = load(
        &args.rules,
        &knowledge.knowledge,
        knowledge.geoip.as_deref(),
        run_options(knowledge, &args.results),
    );
    let refused = note_loaded(&loaded);
    let status = reading_status(&loaded.sources, &loaded.known);
    if args.strict && refused > 0 {
        note(format_args!("not started: {} refused (--strict)", counted(refused, "rule")));
        return Ok(status.max(Status::Refused));
    }
    let options = args.options(&clock);
    let threads = args.results.threads;
    let is_stream = options.mode == Mode::Stream;
    let rules = Arc::new(loaded.built.rules);
    let checkpoints = args.checkpoints();
    let (mut engine, positions) = match (&checkpoints, &args.state) {
        (Some(checkpoints), Some(path)) => checkpoints.resume(rules, options.clone(), path)?,
        _ => (Engine::new(rules, options.clone()), Positions::default()),
    };
    let mut printer = Printer::new(&args.results, Shape::Alert, is_stream)?;
    let (events, inputs) = (&args.events, &args.inputs);
    let fed = if !args.follow.is_empty() {
        feed::follow(
            &mut engine,
            events,
            &args.follow,
            &clock,
            &mut printer,
            checkpoints,
            &positions,
        )
    } else if threads > 1 {
        feed::threads::feed(&mut engine, &options, threads, events, inputs, &clock, &mut printer)
    } else {
        feed::feed(&mut engine, options.mode, events, inputs, &clock, &mut printer, checkpoints)
    }?;
    printer.finish()?;
    let stats = fed.stats(engine.counters(), refused);
    stats.summarise(engine.rules());
    if engine.counters().alerts == 0 && fed.is_complete {
        fed.explain_silence(&engine);
    }
    if let Some(file) = &args.profile {
        Profile::of(&engine, fed.seconds).write(file.as_deref())?;
    }
    stats.write(args.results.stats.as_deref())?;
    Ok(status.max(fed.status))
}

/// Whether the options fit together.
fn refuse_contradictions(args: &RunArgs) -> Result<()> {
    let mode = args.mode();
    if args.state.is_some() && mode == Mode::Batch {
        bail!("--state keeps what a stream has open: add --stream or --follow");
    }
    if args.state.is_some() && args.results.output != Output::Ndjson {
        bail!(
            "--state takes for sent what is printed, but a table waits for its last row: use --output ndjson"
        );
    }
    if args.results.threads > 1 && mode == Mode::Stream {
        bail!("--threads is for a closed set of events: a stream has one clock, and so one thread");
    }
    Ok(())
}

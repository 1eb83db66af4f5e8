//! `caltrop run`: rules over events, alerts out.

use std::sync::Arc;

use anyhow::{Result, bail};
use caltrop_core::{config::Mode, engine::Engine};
use caltrop_host::{Clock, Positions, load};

use crate::{
    Status,
    args::RunArgs,
    feed::{self, Fed},
    output::{Printer, Shape, counted, note},
    rules::{build_options, note_loaded, reading_status},
    state::Checkpoints,
};

/// Runs the rules over every input.
pub(crate) fn run(args: &RunArgs) -> Result<Status> {
    let clock = Clock::start();
    let knowledge = &args.events.knowledge;
    let loaded = load(&args.rules, &knowledge.knowledge, build_options(knowledge));
    let refused = note_loaded(&loaded);
    let status = reading_status(&loaded.sources, &loaded.known);
    if args.strict && refused > 0 {
        note(format_args!("not started: {} refused (--strict)", counted(refused, "rule")));
        return Ok(status.max(Status::Refused));
    }
    let options = args.options(&clock);
    if args.state.is_some() && options.mode == Mode::Batch {
        bail!("--state keeps what a stream has open: add --stream or --follow");
    }
    let is_stream = options.mode == Mode::Stream;
    let rules = Arc::new(loaded.built.rules);
    let checkpoints = args.checkpoints();
    let (mut engine, positions) = match (&checkpoints, &args.state) {
        (Some(checkpoints), Some(path)) => checkpoints.resume(rules, options, path)?,
        _ => (Engine::new(rules, options), Positions::default()),
    };
    let mut printer = Printer::new(args.results.output, Shape::Alert, is_stream);
    let fed = feed(args, &mut engine, &clock, &mut printer, checkpoints, &positions)?;
    printer.finish()?;
    let stats = fed.stats(engine.counters(), refused);
    stats.summarise(engine.rules());
    if engine.counters().alerts == 0 && fed.is_complete {
        fed.explain_silence(&engine);
    }
    stats.write(args.results.stats.as_deref())?;
    Ok(status.max(fed.status))
}

/// Pushes the events of the inputs, or of the files that are followed.
fn feed(
    args: &RunArgs,
    engine: &mut Engine,
    clock: &Clock,
    printer: &mut Printer,
    checkpoints: Option<Checkpoints>,
    positions: &Positions,
) -> Result<Fed> {
    let (events, inputs) = (&args.events, &args.inputs);
    if args.follow.is_empty() {
        feed::feed(engine, args.mode(), events, inputs, clock, printer, checkpoints)
    } else {
        feed::follow(engine, events, &args.follow, clock, printer, checkpoints, positions)
    }
}

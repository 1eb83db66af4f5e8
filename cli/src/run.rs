//! `caltrop run`: rules over events, alerts out.

use std::sync::Arc;

use anyhow::Result;
use caltrop_core::{config::Mode, engine::Engine};
use caltrop_host::Clock;

use crate::{
    Status,
    args::RunArgs,
    feed,
    output::{Printer, Shape, counted, note},
    rules::{Known, Sources},
};

/// Runs the rules over every input.
pub(crate) fn run(args: &RunArgs) -> Result<Status> {
    let clock = Clock::start();
    let sources = Sources::read(&args.rules);
    let known = Known::read(&args.events.knowledge);
    let status = sources.status().max(known.status);
    let built = sources.builder(&known, &args.events.knowledge).build();
    known.note_built(&built);
    let refused = sources.note_refused(&built);
    if args.strict && refused > 0 {
        note(format_args!("not started: {} refused (--strict)", counted(refused, "rule")));
        return Ok(status.max(Status::Refused));
    }
    let options = args.options(&clock);
    let mode = options.mode;
    let mut engine = Engine::new(Arc::new(built.rules), options);
    let mut printer = Printer::new(args.results.output, Shape::Alert, mode == Mode::Stream);
    let fed = feed::feed(&mut engine, mode, &args.events, &args.inputs, &clock, &mut printer);
    printer.finish()?;
    let stats = fed.stats(engine.counters(), refused);
    stats.summarise(engine.rules());
    if engine.counters().alerts == 0 && fed.is_complete {
        fed.explain_silence(&engine);
    }
    stats.write(args.results.stats.as_deref())?;
    Ok(status.max(fed.status))
}

//! `caltrop run`: rules over events, alerts out.

use std::{fs::File, io, sync::Arc};

use anyhow::{Context, Result};
use caltrop_core::{config::Mode, engine::Engine};
use caltrop_host::Clock;

use crate::{
    Status,
    args::RunArgs,
    feed::{self, Stats},
    output::{Printer, Shape},
    rules,
};

/// Runs the rules over every input.
pub(crate) fn run(args: &RunArgs) -> Result<Status> {
    let clock = Clock::start();
    let (files, read) = rules::read(&args.rules);
    let (builder, known) = rules::builder(&files, &args.events.knowledge);
    let built = builder.build();
    let refused = rules::note_refused(&built, &files);
    if args.strict && refused > 0 {
        return Ok(Status::Refused.max(read).max(known));
    }
    let options = args.options(&clock);
    let mode = options.mode;
    let mut engine = Engine::new(Arc::new(built.rules), options);
    let mut printer = Printer::new(args.events.output, Shape::Alert, mode == Mode::Stream);
    let (fed, fed_status) =
        feed::feed(&mut engine, mode, &args.events, &args.inputs, &clock, &mut printer);
    printer.finish()?;
    let stats = fed.stats(engine.counters(), refused);
    fed.summarise(&stats, engine.rules());
    if engine.counters().alerts == 0 {
        fed.explain_silence(&stats);
    }
    write_stats(args, &stats)?;
    Ok(read.max(known).max(fed_status))
}

fn write_stats(args: &RunArgs, stats: &Stats) -> Result<()> {
    let Some(path) = &args.events.stats else { return Ok(()) };
    let name = || format!("cannot write {}", path.display());
    let file = File::create(path).with_context(name)?;
    serde_json::to_writer(&file, stats).map_err(io::Error::from).with_context(name)
}

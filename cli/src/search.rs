//! `caltrop search`: one ad-hoc search, its result rows out.

use std::sync::Arc;

use anyhow::Result;
use caltrop_core::{
    config::Mode,
    diag::{Severity, render},
    engine::Engine,
    ruleset::RuleSetBuilder,
};
use caltrop_host::Clock;

use crate::{
    Status,
    args::SearchArgs,
    feed,
    output::{Printer, Shape, note},
    rules,
};

/// What diagnostics call the search.
const NAME: &str = "search";

/// Runs the search over every input.
pub(crate) fn run(args: &SearchArgs) -> Result<Status> {
    let clock = Clock::start();
    let (knowledge, known) = rules::knowledge(&args.events.knowledge);
    let options = rules::build_options(&args.events.knowledge);
    let mut builder = RuleSetBuilder::new(knowledge, options);
    builder.add_spl(NAME, &args.spl);
    let built = builder.build();
    rules::note_knowledge(&built);
    for report in &built.reports {
        let is_error = |severity| severity == Severity::Error;
        let errors = report.diagnostics.iter().filter(|diagnostic| is_error(diagnostic.severity));
        errors.for_each(|diagnostic| note(format_args!("{}", render(diagnostic, NAME, &args.spl))));
    }
    if built.rules.is_empty() {
        return Ok(Status::Refused.max(known));
    }
    let mut engine = Engine::new(Arc::new(built.rules), args.events.options(&clock));
    let mut printer = Printer::new(args.events.output, Shape::Row, false);
    let (_, fed) =
        feed::feed(&mut engine, Mode::Batch, &args.events, &args.inputs, &clock, &mut printer);
    printer.finish()?;
    Ok(known.max(fed))
}

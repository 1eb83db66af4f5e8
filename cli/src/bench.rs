//! `caltrop bench`: how fast a user's own rules are on his own events.
//!
//! Events are read into memory first, so that what is measured is the engine: no file, no decompression, no output. Each run is an
//! engine of its own over all events; the figures are medians, for other programs on the machine make some runs slower.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use anyhow::{Result, bail};
use caltrop_core::{compiled::RuleSet, config::Options, engine::Engine};
use caltrop_host::{Clock, Input, input_files};
use serde::Serialize;

use crate::{
    Status,
    args::BenchArgs,
    feed,
    output::{counted, note, stdout},
    rules::{
        build, note_built, note_locations, note_refused, read_knowledge, read_sources,
        reading_status,
    },
    summary::amount,
};

/// The figures, as `--json` prints them.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    loading: Loading,
    #[serde(flatten)]
    speed: Speed,
}

#[derive(Serialize)]
struct Loading {
    rules: usize,
    refused_rules: usize,
    /// What it took to make the set of what the operator named, once that was read.
    load_ms: f64,
    /// The same from a compiled file in memory, and its size.
    compiled_load_ms: f64,
    compiled_bytes: usize,
}

#[derive(Serialize)]
struct Speed {
    events: u64,
    bytes: u64,
    runs: usize,
    /// Of the median run, and of the slowest and the fastest.
    megabytes_per_second: f64,
    slowest_megabytes_per_second: f64,
    fastest_megabytes_per_second: f64,
    events_per_second: f64,
    /// Rules for which the scan let an event through: on average, and for all but one event of twenty.
    candidates_per_event: f64,
    candidates_per_event_p95: u64,
    alerts: u64,
}

/// Measures.
pub(crate) fn run(args: &BenchArgs) -> Result<Status> {
    let clock = Clock::start();
    let (rules, loading, mut status) = load(args, &clock)?;
    let events = read(args, &mut status)?;
    let speed = measure(&rules, args, &clock, &events)?;
    Figures { loading, speed }.print(args.json)?;
    Ok(status)
}

fn load(args: &BenchArgs, clock: &Clock) -> Result<(Arc<RuleSet>, Loading, Status)> {
    let mut sources = read_sources(&args.rules);
    let known = read_knowledge(&args.events.knowledge);
    let (load_ms, built) = timed(clock, || build(&mut sources, &known, &args.events.knowledge));
    note_built(&known, &built);
    note_locations(&built.rules);
    let refused_rules = note_refused(&sources, &built);
    if built.rules.is_empty() {
        bail!("there is no rule that can run");
    }
    let compiled = Arc::new(built.rules.to_bytes());
    let load = || RuleSet::from_shared(&compiled, known.knowledge.locations.clone());
    let mut loads_ms: Vec<_> = (0..args.runs).map(|_| timed(clock, load).0).collect();
    let loading = Loading {
        rules: built.rules.len(),
        refused_rules,
        load_ms,
        compiled_load_ms: median(&mut loads_ms),
        compiled_bytes: compiled.len(),
    };
    Ok((Arc::new(built.rules), loading, reading_status(&sources, &known)))
}

/// Each run must come to the same alerts.
fn measure(
    rules: &Arc<RuleSet>,
    args: &BenchArgs,
    clock: &Clock,
    events: &Events,
) -> Result<Speed> {
    let options = args.events.options(clock);
    let first = candidates(rules, &options, args, events);
    let mut runs_ms = Vec::new();
    for _ in 0..args.runs {
        let (took_ms, alerts) = timed(clock, || alerts(rules, &options, args, events));
        if alerts != first.alerts {
            let first = counted(first.alerts, "alert");
            bail!("one run gave {first} and another {alerts}: this is a mistake of caltrop");
        }
        runs_ms.push(took_ms);
    }
    Ok(first.speed(&mut runs_ms))
}

/// What `work` gives, and how many milliseconds it took.
fn timed<T>(clock: &Clock, work: impl FnOnce() -> T) -> (f64, T) {
    let start_s = clock.mono_s();
    let done = work();
    ((clock.mono_s() - start_s) * 1e3, done)
}

/// Events side by side.
struct Events {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Events {
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

/// The events of the inputs, as many as there is room for.
fn read(args: &BenchArgs, status: &mut Status) -> Result<Events> {
    let (files, errors) = input_files(&args.inputs);
    let mut events = Events { bytes: Vec::new(), ends: Vec::new() };
    let mut fail = |error: &dyn std::fmt::Display| {
        note(format_args!("error: {error}"));
        *status = Status::Failed;
    };
    errors.iter().for_each(|error| fail(error));
    for file in &files {
        match read_file(args, file, &mut events) {
            Ok(Room::Left) => {}
            Ok(Room::None) => {
                let most = amount(args.max_bytes as u64);
                note(format_args!(
                    "note: only the first {most} of events are measured (--max-bytes)"
                ));
                break;
            }
            Err(error) => fail(&error),
        }
    }
    if events.ends.is_empty() {
        bail!("there is no event");
    }
    Ok(events)
}

/// Whether there is room for more events.
enum Room {
    Left,
    None,
}

fn read_file(args: &BenchArgs, path: &Path, events: &mut Events) -> Result<Room> {
    let mut input = Input::open(path, args.events.format.into(), feed::limits(&args.events))?;
    while let Some(event) = input.next_event()? {
        if events.bytes.len() + event.len() > args.max_bytes {
            return Ok(Room::None);
        }
        events.bytes.extend_from_slice(event);
        events.ends.push(events.bytes.len());
    }
    Ok(Room::Left)
}

/// What one run over the events comes to.
struct Run {
    events: u64,
    bytes: u64,
    alerts: u64,
    candidates: u64,
    /// For all but one event of twenty.
    candidates_p95: u64,
}

/// A run that is not timed, for what it takes time to count.
fn candidates(rules: &Arc<RuleSet>, options: &Options, args: &BenchArgs, events: &Events) -> Run {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut of_events = Vec::with_capacity(events.ends.len());
    let mut before = 0;
    push_all(&mut engine, args, events, |engine| {
        let candidates = engine.counters().candidates;
        of_events.push(candidates - before);
        before = candidates;
    });
    of_events.sort_unstable();
    let counters = engine.counters();
    Run {
        events: counters.events,
        bytes: counters.bytes,
        alerts: counters.alerts,
        candidates: counters.candidates,
        candidates_p95: of_events[(of_events.len() - 1) * 95 / 100],
    }
}

/// A run; its alerts.
fn alerts(rules: &Arc<RuleSet>, options: &Options, args: &BenchArgs, events: &Events) -> u64 {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    push_all(&mut engine, args, events, |_| {});
    engine.counters().alerts
}

fn push_all(
    engine: &mut Engine,
    args: &BenchArgs,
    events: &Events,
    mut after_each: impl FnMut(&Engine),
) {
    let mut head = feed::head(&args.events, 0);
    for event in events.iter() {
        engine.push(event, head, &mut |_| {});
        head.offset += 1;
        after_each(engine);
    }
    engine.finish(&mut |_| {});
}

impl Run {
    fn speed(&self, runs_ms: &mut [f64]) -> Speed {
        let median_ms = median(runs_ms);
        let speed = |took_ms: f64| precise(self.bytes) / took_ms.max(1e-6) / 1e3;
        Speed {
            events: self.events,
            bytes: self.bytes,
            runs: runs_ms.len(),
            megabytes_per_second: speed(median_ms),
            slowest_megabytes_per_second: speed(runs_ms[runs_ms.len() - 1]),
            fastest_megabytes_per_second: speed(runs_ms[0]),
            events_per_second: precise(self.events) / median_ms.max(1e-6) * 1e3,
            candidates_per_event: precise(self.candidates) / precise(self.events).max(1.0),
            candidates_per_event_p95: self.candidates_p95,
            alerts: self.alerts,
        }
    }
}

/// The one in the middle; sorts them.
fn median(times_ms: &mut [f64]) -> f64 {
    times_ms.sort_by(f64::total_cmp);
    times_ms[times_ms.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
fn precise(count: u64) -> f64 {
    count as f64
}

impl Figures {
    fn print(&self, as_json: bool) -> Result<()> {
        let mut out = stdout();
        if as_json {
            serde_json::to_writer(&mut out, self)?;
            writeln!(out)?;
        } else {
            self.write(&mut out)?;
        }
        Ok(out.flush()?)
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.loading.write(out)?;
        self.speed.write(out)
    }
}

impl Loading {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { rules, refused_rules, load_ms, compiled_load_ms, compiled_bytes } = self;
        let compiled = amount(*compiled_bytes as u64);
        writeln!(
            out,
            "rules       {rules} ({refused_rules} refused), loaded in {load_ms:.1} ms; compiled, {compiled}, in {compiled_load_ms:.1} ms"
        )
    }
}

impl Speed {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "events      {}, {}", self.events, amount(self.bytes))?;
        writeln!(
            out,
            "speed       {:.0} MB/s, {:.0} events/s on one thread (median of {}; {:.0} to {:.0} MB/s)",
            self.megabytes_per_second,
            self.events_per_second,
            counted(self.runs, "run"),
            self.slowest_megabytes_per_second,
            self.fastest_megabytes_per_second
        )?;
        writeln!(
            out,
            "candidates  {:.3} an event, at most {} for 95 % of the events",
            self.candidates_per_event, self.candidates_per_event_p95
        )?;
        writeln!(out, "alerts      {} in each run", self.alerts)
    }
}

//! Inputs to an engine: every event in order, with progress, and one message a file about what was odd.

pub(crate) mod threads;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use caltrop_core::{
    alert::{Alert, Partial},
    config::{Input as Written, Mode, SECOND_NS},
    engine::Engine,
    event::{
        Head,
        detect::{Format, shape},
        rows::RowError,
    },
    ids::RuleId,
};
use caltrop_host::{
    Clock, Follow, Followed, Input, InputCounters, InputLimits, Next, Occasion, Positions, Saved,
    input_files,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    Status,
    args::EventArgs,
    output::{Printer, Rendered, counted, note},
    signals::Stop,
    state::Checkpoints,
};

/// What a run has read.
#[derive(Debug)]
pub(crate) struct Fed {
    pub(crate) seconds: f64,
    pub(crate) status: Status,
    /// Whether the engine has seen every event; not so when its state grew too large.
    pub(crate) is_complete: bool,
    pub(crate) formats: Formats,
    /// Events that were cut while they were read.
    pub(crate) cut_events: u64,
    pub(crate) invalid_utf8: u64,
    /// Records of event logs that were left out.
    pub(crate) bad_records: u64,
}

impl Default for Fed {
    fn default() -> Self {
        Self {
            seconds: 0.0,
            status: Status::Done,
            is_complete: true,
            formats: Formats::default(),
            cut_events: 0,
            invalid_utf8: 0,
            bad_records: 0,
        }
    }
}

/// How many events were written in which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Formats([u64; WRITTEN.len()]);

/// Every way, with its name.
const WRITTEN: [(Format, &str); 6] = [
    (Format::WinXml, "of Windows XML"),
    (Format::WinText, "of classic Windows text"),
    (Format::Json, "of JSON"),
    (Format::Audit, "of the Linux audit log"),
    (Format::Rows, "of rows"),
    (Format::Kv, "of other text"),
];

/// Pushes every event of `inputs` and closes every window; stops early once nobody reads the results, and in a stream when the
/// program is told to end: what its windows hold is then kept by `checkpoints`, or sent as partial.
///
/// # Errors
/// When the system does not let a stream listen to being told.
pub(crate) fn feed(
    engine: &mut Engine,
    mode: Mode,
    args: &EventArgs,
    inputs: &[PathBuf],
    clock: &Clock,
    printer: &mut Printer,
    checkpoints: Option<Checkpoints>,
) -> Result<Fed> {
    let (files, errors) = input_files(inputs);
    let mut feed = Feed::new(engine, mode, args, clock, printer, Progress::over(&files))?;
    feed.checkpoints = checkpoints;
    errors.iter().for_each(|error| feed.fail(format_args!("error: {error}")));
    for (number, file) in files.iter().enumerate() {
        if feed.is_over() {
            break;
        }
        feed.file(u32::try_from(number).unwrap_or(u32::MAX), file);
    }
    Ok(feed.finish())
}

/// Pushes the events of files that grow until the program is told to end, or nobody reads the results. What the windows hold is
/// then kept by `checkpoints`, or sent as partial.
///
/// # Errors
/// When the system does not let it listen to being told.
pub(crate) fn follow(
    engine: &mut Engine,
    args: &EventArgs,
    paths: &[PathBuf],
    clock: &Clock,
    printer: &mut Printer,
    checkpoints: Option<Checkpoints>,
    positions: &Positions,
) -> Result<Fed> {
    let mut follow = Follow::open(paths, args.format.into(), limits(args), positions);
    let mut feed = Feed::new(engine, Mode::Stream, args, clock, printer, Progress::hidden())?;
    feed.checkpoints = checkpoints;
    feed.follow(&mut follow);
    Ok(feed.finish())
}

struct Feed<'a> {
    engine: &'a mut Engine,
    mode: Mode,
    args: &'a EventArgs,
    clock: &'a Clock,
    printer: &'a mut Printer,
    progress: Progress,
    fed: Fed,
    /// When the feed began, the engine was told the time, and an event came; in seconds of the clock that never jumps.
    started_s: f64,
    told_s: f64,
    heard_s: f64,
    stop: Stop,
    checkpoints: Option<Checkpoints>,
    /// How far files are followed.
    positions: Positions,
    /// Nobody wants the rest, or it could not be right.
    stopped: bool,
}

/// So many events pass between two looks at the clock.
const EVENTS_PER_TICK: u64 = 256;

/// In a silent stream the engine is told the time so often, in seconds.
const TICK_S: f64 = 1.0;

/// How long a silent stream is waited for before anything else is looked at.
const WAIT: Duration = Duration::from_millis(200);

/// An event of a stream that may be complete waits so long for what may belong to it, in seconds.
const HOLD_S: f64 = 5.0;

impl<'a> Feed<'a> {
    fn new(
        engine: &'a mut Engine,
        mode: Mode,
        args: &'a EventArgs,
        clock: &'a Clock,
        printer: &'a mut Printer,
        progress: Progress,
    ) -> Result<Self> {
        let stop = match mode {
            Mode::Stream => Stop::listen().context("cannot listen to signals")?,
            Mode::Batch => Stop::default(),
        };
        let now_s = clock.mono_s();
        let (started_s, told_s, heard_s) = (now_s, f64::NEG_INFINITY, now_s);
        let fed = Fed::default();
        let stopped = false;
        let mut feed = Self {
            engine,
            mode,
            args,
            clock,
            printer,
            progress,
            fed,
            started_s,
            told_s,
            heard_s,
            stop,
            checkpoints: None,
            positions: Positions::default(),
            stopped,
        };
        // An engine that does not know the time believes events that are dated in the future.
        if mode == Mode::Stream {
            feed.tell_time();
        }
        Ok(feed)
    }

    /// Whether no more events are to be pushed.
    fn is_over(&self) -> bool {
        self.stopped || self.stop.is_asked()
    }

    fn finish(mut self) -> Fed {
        self.progress.bar.finish_and_clear();
        if !self.stopped {
            self.end_windows();
        }
        self.write_tables();
        self.save(Occasion::End);
        self.fed.seconds = self.clock.mono_s() - self.started_s;
        self.fed
    }

    /// Closes the windows at the end of the events. Where the program was told to end before, they stay open for the next run or,
    /// without one, what they hold so far is sent as partial.
    fn end_windows(&mut self) {
        let mut print = |alert: &Alert<'_>| self.printer.print(alert);
        match (self.stop.is_asked(), &self.checkpoints) {
            (false, _) => self.engine.finish(&mut print),
            (true, Some(_)) => {}
            (true, None) => self.engine.interrupt(Partial::Shutdown, &mut print),
        }
    }

    fn file(&mut self, number: u32, path: &Path) {
        let (written, limits) = (self.args.format.into(), limits(self.args));
        let opened = match self.mode {
            Mode::Batch => Input::open(path, written, limits),
            Mode::Stream => Ok(Input::open_live(path, written, limits, WAIT)),
        };
        let mut input = match opened {
            Ok(input) => input,
            Err(error) => return self.fail(format_args!("error: {error}")),
        };
        let malformed = self.events(&mut input, head(self.args, number));
        self.progress.after(&input);
        self.note_odd(path, &input.counters());
        self.note_malformed(path, malformed);
    }

    /// Pushes the events of one input.
    fn events(&mut self, input: &mut Input, mut head: Head<'_>) -> Malformed {
        let mut malformed = Malformed::since(self.engine);
        while !self.is_over() {
            match input.poll_event() {
                Ok(Next::Event(_)) => {}
                Ok(Next::Quiet) => {
                    self.rest(input);
                    continue;
                }
                Ok(Next::End) => break,
                Err(error) => {
                    self.fail(format_args!("error: {error}"));
                    break;
                }
            }
            let event = input.last_event();
            self.push(event, &head);
            malformed.note(self.engine, event, &head, input.line_number());
            head.offset += 1;
            if head.offset.is_multiple_of(EVENTS_PER_TICK) {
                self.progress.at(input);
                self.tick();
            }
        }
        malformed
    }

    /// No event has come for a while.
    fn rest(&mut self, input: &mut Input) {
        let now_s = self.clock.mono_s();
        if now_s - self.told_s >= TICK_S {
            self.tick();
        }
        if now_s - self.heard_s >= HOLD_S {
            self.heard_s = now_s;
            input.flush();
        }
    }

    fn follow(&mut self, follow: &mut Follow) {
        while !self.is_over() {
            let is_silent = self.followed(follow);
            for error in follow.take_errors() {
                self.fail(format_args!("error: {error}"));
            }
            self.positions = follow.positions();
            if is_silent || self.clock.mono_s() - self.told_s >= TICK_S {
                self.tick();
            }
            if is_silent {
                std::thread::sleep(WAIT);
            }
        }
        for number in 0..follow.len() {
            let (path, counters) = follow.counters(number);
            self.note_odd(path, &counters);
        }
    }

    /// Pushes some events of followed files; true if there are no more for now.
    fn followed(&mut self, follow: &mut Follow) -> bool {
        follow.take_turns();
        for _ in 0..EVENTS_PER_TICK {
            if self.is_over() {
                return false;
            }
            let Some(Followed { file, event, position }) = follow.next_event(self.clock.mono_s())
            else {
                return true;
            };
            let head = Head {
                offset: position,
                ..head(self.args, u32::try_from(file).unwrap_or(u32::MAX))
            };
            self.push(event, &head);
        }
        false
    }

    fn note_malformed(&self, path: &Path, malformed: Malformed) {
        if let Some((line, error)) = malformed.first {
            self.say(format_args!(
                "warning: {}:{line}:{}: {error}; {} left out",
                path.display(),
                error.offset() + 1,
                counted(malformed.count, "line"),
            ));
        }
    }

    fn note_odd(&mut self, path: &Path, counters: &InputCounters) {
        self.fed.cut_events += counters.truncated;
        self.fed.invalid_utf8 += counters.invalid_utf8;
        self.fed.bad_records += counters.bad_records;
        if let Some(complaint) = counters.complaint() {
            self.say(format_args!("warning: {}: {complaint}", path.display()));
        }
    }

    fn push(&mut self, event: &[u8], head: &Head<'_>) {
        self.fed.formats.count(event, self.args.format.into());
        let bar = &self.progress.bar;
        self.engine.push(event, head, &mut |alert| bar.suspend(|| self.printer.print(alert)));
        self.stopped = self.printer.has_failed();
        self.stop_if_exhausted();
    }

    /// Prints an alert that another thread has rendered.
    fn print_rendered(&mut self, alert: Rendered) {
        let bar = &self.progress.bar;
        bar.suspend(|| self.printer.print_rendered(alert));
        self.stopped |= self.printer.has_failed();
    }

    fn stop_if_exhausted(&mut self) {
        if let Some(rule) = self.engine.exhausted() {
            self.exhaust(rule);
        }
    }

    /// A rule keeps too much state for its results to be right.
    fn exhaust(&mut self, rule: RuleId) {
        self.stopped = true;
        // It is told once.
        if std::mem::replace(&mut self.fed.is_complete, false) {
            let path = self.engine.rules().rule(rule).meta.path.clone();
            self.fail(format_args!(
                "error: {path} keeps more open state than --max-state or --max-rule-state allows: cut time into windows, such as with --window 1h, or raise them"
            ));
        }
    }

    fn tick(&mut self) {
        if self.mode == Mode::Stream {
            self.tell_time();
            self.write_tables();
            if self.checkpoints.as_ref().is_some_and(|points| points.is_due(self.told_s)) {
                self.save(Occasion::Checkpoint);
            }
        }
    }

    /// Writes what rules have given to lookup tables. State that is saved comes behind: it does not hold these rows.
    fn write_tables(&mut self) {
        for written in self.engine.take_written() {
            if let Err(error) = self.printer.write_table(&written) {
                self.fail(format_args!("error: {error}"));
            }
        }
    }

    fn tell_time(&mut self) {
        self.told_s = self.clock.mono_s();
        let (wall_ns, mono_ns) = (nanoseconds(self.clock.wall_s()), nanoseconds(self.told_s));
        let bar = &self.progress.bar;
        let mut print = |alert: &Alert<'_>| bar.suspend(|| self.printer.print(alert));
        self.engine.advance(wall_ns, mono_ns, &mut print);
    }

    /// Saves the state, unless there are alerts that nobody has read: the next run sends them again.
    fn save(&mut self, occasion: Occasion) {
        let Some(checkpoints) = self.checkpoints.as_mut().filter(|_| !self.printer.has_failed())
        else {
            return;
        };
        let saved = Saved {
            at_ns: nanoseconds(self.clock.wall_s()),
            occasion,
            positions: self.positions.clone(),
            engine: self.engine.save(),
        };
        if let Err(error) = checkpoints.save(&saved, self.told_s) {
            self.fail(format_args!("error: {error}"));
        }
    }

    fn fail(&mut self, message: std::fmt::Arguments<'_>) {
        self.say(message);
        self.fed.status = Status::Failed;
    }

    /// Says something without tearing the progress bar.
    fn say(&self, message: std::fmt::Arguments<'_>) {
        self.progress.bar.suspend(|| note(message));
    }
}

/// The events of an input that are no rows where they should be.
#[derive(Debug, Default)]
struct Malformed {
    /// Line and error of the first.
    first: Option<(u64, RowError)>,
    count: u64,
    /// How many the engine has counted, here and before.
    counted: u64,
}

impl Malformed {
    /// None yet.
    fn since(engine: &Engine) -> Self {
        Self { counted: engine.counters().malformed_rows, ..Self::default() }
    }

    /// Takes note of an event that was pushed.
    fn note(&mut self, engine: &mut Engine, event: &[u8], head: &Head<'_>, line: u64) {
        let counted = engine.counters().malformed_rows;
        if counted == self.counted {
            return;
        }
        self.counted = counted;
        self.count += 1;
        if self.first.is_none() {
            let error = engine.trace(RuleId::new(0), event, head).err();
            self.first = error.map(|error| (line, error));
        }
    }

    /// Those of a later part of the input.
    fn add(&mut self, later: Self) {
        self.first = self.first.take().or(later.first);
        self.count += later.count;
    }
}

impl Formats {
    fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own += other);
    }

    fn count(&mut self, event: &[u8], input: Written) {
        let format = shape(event, input).format;
        if let Some(way) = WRITTEN.iter().position(|(known, _)| *known == format) {
            self.0[way] += 1;
        }
    }

    /// Whether no event was of a form whose fields are read.
    pub(crate) fn has_no_fields(self) -> bool {
        let of_fields = |(count, (format, _)): (&u64, &(Format, &str))| {
            if *format == Format::Kv { 0 } else { *count }
        };
        self.0.iter().zip(&WRITTEN).map(of_fields).sum::<u64>() == 0
    }
}

impl std::fmt::Display for Formats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let met = self.0.iter().zip(WRITTEN).filter(|(count, _)| **count > 0);
        let parts: Vec<_> =
            met.map(|(count, (_, what))| format!("{} {what}", counted(*count, "event"))).collect();
        if parts.is_empty() { f.write_str("no event") } else { f.write_str(&parts.join(", ")) }
    }
}

/// What reading one input may cost.
pub(crate) fn limits(args: &EventArgs) -> InputLimits {
    InputLimits { max_event_bytes: args.max_event_bytes, ..InputLimits::default() }
}

/// What the command line says of every event of an input.
pub(crate) fn head(args: &EventArgs, input: u32) -> Head<'_> {
    Head {
        host: args.host.as_ref().map(String::as_bytes),
        source: args.source.as_ref().map(String::as_bytes),
        sourcetype: args.sourcetype.as_ref().map(String::as_bytes),
        index: args.index.as_ref().map(String::as_bytes),
        input,
        ..Head::default()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "today's time in nanoseconds fits an i64 until 2262"
)]
#[expect(clippy::cast_precision_loss, reason = "a microsecond does not matter to a watermark")]
fn nanoseconds(seconds: f64) -> i64 {
    (seconds * SECOND_NS as f64) as i64
}

/// A bar over the bytes of all files, compressed as they are; hidden where standard error is no terminal.
struct Progress {
    bar: ProgressBar,
    /// The bytes of the files before this one.
    before_bytes: u64,
}

impl Progress {
    fn over(files: &[PathBuf]) -> Self {
        // Of standard input nobody knows how much there will be.
        let lengths: Option<Vec<u64>> = files
            .iter()
            .map(|file| {
                file.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.len())
            })
            .collect();
        let (bar, template) = match lengths {
            Some(lengths) => (
                ProgressBar::new(lengths.iter().sum()),
                "{bar:40} {bytes}/{total_bytes} {bytes_per_sec}",
            ),
            None => (ProgressBar::no_length(), "{spinner} {bytes} {bytes_per_sec}"),
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), before_bytes: 0 }
    }

    fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), before_bytes: 0 }
    }

    fn at(&self, input: &Input) {
        self.bar.set_position(self.before_bytes + input.consumed());
    }

    fn after(&mut self, input: &Input) {
        self.before_bytes += input.consumed();
    }
}

//! Inputs to an engine: every event in order, with progress, and one message a file about what was odd.

use std::path::{Path, PathBuf};

use caltrop_core::{
    alert::Alert,
    config::{Input as Written, Mode, SECOND_NS},
    engine::Engine,
    event::{
        Head,
        detect::{Format, shape},
        rows::RowError,
    },
    ids::RuleId,
};
use caltrop_host::{Clock, Input, InputLimits, input_files};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    Status,
    args::EventArgs,
    output::{Printer, counted, note},
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

/// Pushes every event of `inputs` and closes every window; stops early once nobody reads the results.
pub(crate) fn feed(
    engine: &mut Engine,
    mode: Mode,
    args: &EventArgs,
    inputs: &[PathBuf],
    clock: &Clock,
    printer: &mut Printer,
) -> Fed {
    let (files, errors) = input_files(inputs);
    let fed = Fed {
        seconds: 0.0,
        status: Status::Done,
        is_complete: true,
        formats: Formats::default(),
        cut_events: 0,
        invalid_utf8: 0,
    };
    let progress = Progress::over(&files);
    let mut feed = Feed { engine, mode, args, clock, printer, progress, fed, stopped: false };
    errors.iter().for_each(|error| feed.fail(format_args!("error: {error}")));
    let start_s = clock.mono_s();
    for (number, file) in files.iter().enumerate() {
        if feed.stopped {
            break;
        }
        feed.file(u32::try_from(number).unwrap_or(u32::MAX), file);
    }
    feed.progress.bar.finish_and_clear();
    if !feed.stopped {
        feed.engine.finish(&mut |alert| feed.printer.print(alert));
    }
    Fed { seconds: clock.mono_s() - start_s, ..feed.fed }
}

struct Feed<'a> {
    engine: &'a mut Engine,
    mode: Mode,
    args: &'a EventArgs,
    clock: &'a Clock,
    printer: &'a mut Printer,
    progress: Progress,
    fed: Fed,
    /// Nobody wants the rest, or it could not be right.
    stopped: bool,
}

/// So many events pass between two looks at the clock.
const EVENTS_PER_TICK: u64 = 256;

impl Feed<'_> {
    fn file(&mut self, number: u32, path: &Path) {
        let mut input = match Input::open(path, limits(self.args)) {
            Ok(input) => input,
            Err(error) => return self.fail(format_args!("error: {error}")),
        };
        let malformed_before = self.malformed_rows();
        let first_malformed = self.events(&mut input, head(self.args, number));
        self.progress.after(&input);
        self.note_odd(path, &input);
        if let Some((line, error)) = first_malformed {
            self.say(format_args!(
                "warning: {}:{line}:{}: {error}; {} left out",
                path.display(),
                error.offset() + 1,
                counted(self.malformed_rows() - malformed_before, "line"),
            ));
        }
    }

    /// Pushes the events of one input. Gives line and error of the first that is no row where it should be one.
    fn events(&mut self, input: &mut Input, head: Head<'_>) -> Option<(u64, RowError)> {
        let malformed_before = self.malformed_rows();
        let mut first_malformed = None;
        for offset in 0.. {
            if self.stopped {
                break;
            }
            let event = match input.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    self.fail(format_args!("error: {error}"));
                    break;
                }
            };
            let head = Head { offset, ..head };
            self.push(event, &head);
            if first_malformed.is_none() && self.malformed_rows() > malformed_before {
                let error = self.engine.trace(RuleId::new(0), event, &head).err();
                first_malformed = error.map(|error| (input.line_number(), error));
            }
            if offset % EVENTS_PER_TICK == EVENTS_PER_TICK - 1 {
                self.progress.at(input);
                self.tick();
            }
        }
        first_malformed
    }

    fn malformed_rows(&self) -> u64 {
        self.engine.counters().malformed_rows
    }

    fn note_odd(&mut self, path: &Path, input: &Input) {
        let counters = input.counters();
        self.fed.cut_events += counters.truncated;
        self.fed.invalid_utf8 += counters.invalid_utf8;
        if let Some(complaint) = counters.complaint() {
            self.say(format_args!("warning: {}: {complaint}", path.display()));
        }
    }

    fn push(&mut self, event: &[u8], head: &Head<'_>) {
        self.fed.formats.count(event, self.args.format.into());
        let bar = &self.progress.bar;
        self.engine.push(event, head, &mut |alert| bar.suspend(|| self.printer.print(alert)));
        self.stopped = self.printer.has_failed();
        if let Some(rule) = self.engine.exhausted() {
            self.stopped = true;
            self.fed.is_complete = false;
            let path = self.engine.rules().rule(rule).meta.path.clone();
            self.fail(format_args!(
                "error: {path} keeps more open state than --max-state or --max-rule-state allows: cut time into windows, such as with --window 1h, or raise them"
            ));
        }
    }

    fn tick(&mut self) {
        if self.mode == Mode::Stream {
            let (wall_ns, mono_ns) =
                (nanoseconds(self.clock.wall_s()), nanoseconds(self.clock.mono_s()));
            let bar = &self.progress.bar;
            let mut print = |alert: &Alert<'_>| bar.suspend(|| self.printer.print(alert));
            self.engine.advance(wall_ns, mono_ns, &mut print);
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

impl Formats {
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

    fn at(&self, input: &Input) {
        self.bar.set_position(self.before_bytes + input.consumed());
    }

    fn after(&mut self, input: &Input) {
        self.before_bytes += input.consumed();
    }
}

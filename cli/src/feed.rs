//! Inputs to an engine: every event in order, with progress, and one message a file about what was odd.

use std::path::{Path, PathBuf};

use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Mode, SECOND_NS},
    engine::Engine,
    event::{
        Head,
        detect::{Format, detect},
    },
};
use caltrop_host::{Clock, Input, InputLimits, input_files};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    Status,
    args::EventArgs,
    output::{Printer, note},
};

/// What a run has read.
#[derive(Debug, Default)]
pub(crate) struct Fed {
    pub(crate) seconds: f64,
    formats: Formats,
}

/// How many events were written in which way.
#[derive(Debug, Default)]
struct Formats {
    windows_xml: u64,
    other: u64,
}

/// The figures of a run, as `--stats` writes them.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    events: u64,
    bytes: u64,
    seconds: f64,
    candidates: u64,
    alerts: u64,
    late: u64,
    partial: u64,
    refused_rules: usize,
    state_bytes_peak: usize,
    cut_events: u64,
    malformed_rows: u64,
    timeless_rows: u64,
}

/// Pushes every event of `inputs` and closes every window; stops early once nobody reads the results.
pub(crate) fn feed(
    engine: &mut Engine,
    mode: Mode,
    args: &EventArgs,
    inputs: &[PathBuf],
    clock: &Clock,
    printer: &mut Printer,
) -> (Fed, Status) {
    let (files, errors) = input_files(inputs);
    errors.iter().for_each(|error| note(format_args!("error: {error}")));
    let status = if errors.is_empty() { Status::Done } else { Status::Failed };
    let mut feed =
        Feed { engine, mode, args, clock, status, formats: Formats::default(), stopped: false };
    let progress = progress(&files);
    let start_s = clock.mono_s();
    for (number, file) in files.iter().enumerate() {
        if feed.stopped {
            break;
        }
        feed.file(number, file, &progress, printer);
    }
    progress.finish_and_clear();
    if !feed.stopped {
        feed.engine.finish(&mut |alert| printer.print(alert));
    }
    let (status, formats) = (feed.status, feed.formats);
    (Fed { seconds: clock.mono_s() - start_s, formats }, status)
}

struct Feed<'a> {
    engine: &'a mut Engine,
    mode: Mode,
    args: &'a EventArgs,
    clock: &'a Clock,
    status: Status,
    formats: Formats,
    stopped: bool,
}

/// So many events pass between two looks at the clock.
const EVENTS_PER_TICK: u64 = 256;

impl Feed<'_> {
    fn file(&mut self, number: usize, path: &Path, progress: &ProgressBar, printer: &mut Printer) {
        let limits =
            InputLimits { max_event_bytes: self.args.max_event_bytes, ..InputLimits::default() };
        let mut input = match Input::open(path, limits) {
            Ok(input) => input,
            Err(error) => return self.fail(format_args!("error: {error}")),
        };
        let head = head(self.args, u32::try_from(number).unwrap_or(u32::MAX));
        let mut malformed = None;
        let mut events = 0;
        loop {
            match input.next_event() {
                Ok(Some(event)) => {
                    self.push(event, Head { offset: events, ..head }, printer);
                }
                Ok(None) => break,
                Err(error) => {
                    self.fail(format_args!("error: {error}"));
                    break;
                }
            }
            events += 1;
            if malformed.is_none() && self.engine.counters().malformed_rows > 0 {
                malformed = Some(events);
            }
            if events % EVENTS_PER_TICK == 0 {
                progress.set_position(progress_position(progress, &input));
                self.tick(printer);
            }
            if self.stopped {
                break;
            }
        }
        if let Some(complaint) = input.counters().complaint() {
            note(format_args!("{}: {complaint}", path.display()));
        }
        if let Some(line) = malformed {
            note(format_args!(
                "{}:{line}: not a JSON object, and so no row; such lines are counted and left out",
                path.display()
            ));
        }
    }

    fn push(&mut self, event: &[u8], head: Head<'_>, printer: &mut Printer) {
        match detect(event) {
            Format::WinXml => self.formats.windows_xml += 1,
            _ => self.formats.other += 1,
        }
        self.engine.push(event, &head, &mut |alert| printer.print(alert));
        self.stopped = printer.has_failed();
        if let Some(rule) = self.engine.exhausted() {
            self.stopped = true;
            let path = self.engine.rules().rule(rule).meta.path.clone();
            self.fail(format_args!(
                "error: {path} keeps more than --max-state of open state; cut time into windows with --window 1h, or raise --max-state"
            ));
        }
    }

    fn tick(&mut self, printer: &mut Printer) {
        if self.mode == Mode::Stream {
            let (wall_ns, mono_ns) =
                (nanoseconds(self.clock.wall_s()), nanoseconds(self.clock.mono_s()));
            self.engine.advance(wall_ns, mono_ns, &mut |alert| printer.print(alert));
        }
    }

    fn fail(&mut self, message: std::fmt::Arguments<'_>) {
        note(message);
        self.status = Status::Failed;
    }
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

/// A bar over the bytes of all files; hidden where nobody sees it.
fn progress(files: &[PathBuf]) -> ProgressBar {
    let bytes = files.iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    // indicatif draws on standard error, and on a terminal only.
    ProgressBar::new(bytes).with_style(style)
}

fn progress_position(progress: &ProgressBar, input: &Input) -> u64 {
    progress.position().max(input.counters().bytes)
}

impl Fed {
    /// The figures of a run.
    pub(crate) fn stats(&self, counters: &Counters, refused_rules: usize) -> Stats {
        Stats {
            events: counters.events,
            bytes: counters.bytes,
            seconds: self.seconds,
            candidates: counters.candidates,
            alerts: counters.alerts,
            late: counters.late_dropped,
            partial: counters.partial_windows,
            refused_rules,
            state_bytes_peak: counters.state_bytes_peak,
            cut_events: counters.cut_events,
            malformed_rows: counters.malformed_rows,
            timeless_rows: counters.timeless_dropped,
        }
    }

    /// One line: what was read and what came of it.
    pub(crate) fn summarise(&self, stats: &Stats, rules: &RuleSet) {
        note(format_args!(
            "{} events, {:.1} MB in {:.2} s ({:.0} MB/s); {} rules ({} refused), {} candidates, {} alerts",
            stats.events,
            megabytes(stats.bytes),
            stats.seconds,
            megabytes(stats.bytes) / stats.seconds.max(1e-9),
            rules.len() + stats.refused_rules,
            stats.refused_rules,
            stats.candidates,
            stats.alerts,
        ));
        let oddities = [
            (stats.cut_events, "events cut at --max-event-bytes"),
            (stats.malformed_rows, "rows that are no JSON object"),
            (stats.timeless_rows, "rows without a usable _time"),
            (stats.late, "rows after their window had closed"),
            (stats.partial, "windows sent early for want of memory"),
        ];
        for (count, what) in oddities.into_iter().filter(|(count, _)| *count > 0) {
            note(format_args!("  {count} {what}"));
        }
    }

    /// Why there may be no alert.
    pub(crate) fn explain_silence(&self, stats: &Stats) {
        note(format_args!(
            "no alert: {} of the events are Windows XML, {} of another form; the rules were candidates of {} events",
            self.formats.windows_xml, self.formats.other, stats.candidates
        ));
        if self.formats.windows_xml == 0 && stats.events > 0 {
            note(format_args!(
                "  caltrop reads fields from Windows XML, one event a line, and from rows (--format rows)"
            ));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

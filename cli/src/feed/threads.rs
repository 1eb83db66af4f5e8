//! `--threads`: one thread reads, several look.
//!
//! The reader deals whole events out in batches, numbered as they stand in the inputs. Each of the others has an engine of its own;
//! in the end the engines become one, which closes the windows. Alerts of rules that take no events together come at once, so they
//! wait until those of all batches before theirs are printed. The results are those of one thread, in the same order.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use anyhow::Result;
use caltrop_core::{config::Options, engine::Engine, ids::RuleId};
use caltrop_host::{Clock, Input, input_files};

use super::{Fed, Feed, Formats, Malformed, Progress, head, limits};
use crate::{
    args::{EventArgs, Format},
    output::{Printer, Rendered, Renderer},
};

/// So many bytes of events go to a thread at a time.
const BATCH_BYTES: usize = 256 << 10;

/// For each thread so many batches may be ahead of the one whose alerts are printed next.
const BATCHES_AHEAD: usize = 4;

/// Whole events of one input, side by side.
struct Batch {
    number: u64,
    input: u32,
    first_offset: u64,
    bytes: Vec<u8>,
    /// Where each event ends, and the line in which it starts.
    events: Vec<(usize, u64)>,
}

/// What came of a batch.
#[derive(Default)]
struct Looked {
    alerts: Vec<Rendered>,
    malformed: Malformed,
    exhausted: Option<RuleId>,
}

/// What a thread tells the reader.
enum Report {
    Looked(u64, Looked),
    /// It has panicked: its batch will never be looked at.
    Died,
}

/// The same as [`super::feed`] on a closed set of events, with `threads` engines that work at the same time. `options` are those
/// of `engine`.
pub(crate) fn feed(
    engine: &mut Engine,
    options: &Options,
    threads: usize,
    args: &EventArgs,
    inputs: &[PathBuf],
    clock: &Clock,
    printer: &mut Printer,
) -> Result<Fed> {
    let (files, errors) = input_files(inputs);
    let mut feed = Feed::new(engine, options.mode, args, clock, printer, Progress::over(&files))?;
    errors.iter().for_each(|error| feed.fail(format_args!("error: {error}")));
    let (batches, queue) = sync_channel(threads);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        let (reports, looked) = channel();
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let worker = Worker::new(&feed, options, reports.clone());
                let queue = &queue;
                scope.spawn(move || worker.work(queue))
            })
            .collect();
        drop(reports);
        Dealer::new(batches, looked, threads).deal(&mut feed, &files);
        for worker in workers {
            let (engine, formats) =
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            feed.engine.merge(engine);
            feed.fed.formats.add(formats);
        }
    });
    feed.stop_if_exhausted();
    Ok(feed.finish())
}

/// One thread's engine.
struct Worker<'a> {
    engine: Engine,
    args: &'a EventArgs,
    renderer: Renderer,
    formats: Formats,
    reports: Reports,
}

/// Tells the reader when its thread panics.
struct Reports(Sender<Report>);

impl Drop for Reports {
    fn drop(&mut self) {
        if thread::panicking() {
            // Without a reader there is nobody to tell.
            let _ = self.0.send(Report::Died);
        }
    }
}

impl<'a> Worker<'a> {
    fn new(feed: &Feed<'a>, options: &Options, reports: Sender<Report>) -> Self {
        Self {
            engine: Engine::new(feed.engine.rules().clone(), options.clone()),
            args: feed.args,
            renderer: feed.printer.renderer(),
            formats: Formats::default(),
            reports: Reports(reports),
        }
    }

    /// Looks at batches until there are no more.
    fn work(mut self, queue: &Mutex<Receiver<Batch>>) -> (Engine, Formats) {
        loop {
            let next = queue.lock().expect("no thread panics while it waits for a batch").recv();
            let Ok(batch) = next else { break };
            let looked = self.look_at(&batch);
            if self.reports.0.send(Report::Looked(batch.number, looked)).is_err() {
                break;
            }
        }
        (self.engine, self.formats)
    }

    fn look_at(&mut self, batch: &Batch) -> Looked {
        let mut looked = Looked { malformed: Malformed::since(&self.engine), ..Looked::default() };
        let mut head = head(self.args, batch.input);
        head.offset = batch.first_offset;
        let mut start = 0;
        for &(end, line) in &batch.events {
            let event = &batch.bytes[start..end];
            self.formats.count(event, self.args.format.into());
            let alerts = &mut looked.alerts;
            let renderer = self.renderer;
            self.engine.push(event, head, &mut |alert| alerts.push(renderer.render(alert)));
            looked.malformed.note(&mut self.engine, event, &head, line);
            head.offset += 1;
            start = end;
        }
        looked.exhausted = self.engine.exhausted();
        looked
    }
}

/// Deals batches out and takes what came of them, in order.
struct Dealer {
    /// None once nothing more is dealt.
    batches: Option<SyncSender<Batch>>,
    reports: Receiver<Report>,
    max_ahead: u64,
    /// How many batches were dealt, and of how many the alerts were printed.
    dealt: u64,
    printed: u64,
    /// What came of batches behind one that is still looked at.
    waiting: BTreeMap<u64, Looked>,
    malformed: Malformed,
}

impl Dealer {
    fn new(batches: SyncSender<Batch>, reports: Receiver<Report>, threads: usize) -> Self {
        Self {
            batches: Some(batches),
            reports,
            max_ahead: u64::try_from(threads * BATCHES_AHEAD).unwrap_or(u64::MAX),
            dealt: 0,
            printed: 0,
            waiting: BTreeMap::new(),
            malformed: Malformed::default(),
        }
    }

    fn deal(mut self, feed: &mut Feed<'_>, files: &[PathBuf]) {
        for (number, path) in files.iter().enumerate() {
            if feed.stopped {
                break;
            }
            self.file(feed, u32::try_from(number).unwrap_or(u32::MAX), path);
        }
        self.batches = None;
        self.wait_for(feed, self.dealt);
    }

    fn file(&mut self, feed: &mut Feed<'_>, number: u32, path: &Path) {
        let opened = Input::open(path, feed.args.format.into(), limits(feed.args));
        let mut input = match opened {
            Ok(input) => input,
            Err(error) => return feed.fail(format_args!("error: {error}")),
        };
        self.events(feed, &mut input, number);
        feed.progress.after(&input);
        feed.note_odd(path, &input.counters());
        if feed.args.format == Format::Rows {
            // Which rows are none is told file by file.
            self.wait_for(feed, self.dealt);
            feed.note_malformed(path, std::mem::take(&mut self.malformed));
        }
    }

    fn events(&mut self, feed: &mut Feed<'_>, input: &mut Input, number: u32) {
        let mut batch = Batch::new(number, 0);
        while !feed.stopped {
            match input.next_event() {
                Ok(Some(event)) if batch.has_room_for(event) => {}
                Ok(Some(_)) => {
                    let next = Batch::new(number, batch.next_offset());
                    self.send(feed, std::mem::replace(&mut batch, next));
                    feed.progress.at(input);
                }
                Ok(None) => break,
                Err(error) => {
                    feed.fail(format_args!("error: {error}"));
                    break;
                }
            }
            batch.add(input.last_event(), input.line_number());
        }
        self.send(feed, batch);
    }

    fn send(&mut self, feed: &mut Feed<'_>, mut batch: Batch) {
        let Some(batches) = self.batches.as_ref().filter(|_| !batch.events.is_empty()) else {
            return;
        };
        batch.number = self.dealt;
        // Nobody takes batches only if all threads have panicked, which is told below.
        if batches.send(batch).is_ok() {
            self.dealt += 1;
        }
        while let Ok(report) = self.reports.try_recv() {
            self.take(feed, report);
        }
        self.wait_for(feed, self.dealt.saturating_sub(self.max_ahead));
    }

    /// Waits until the alerts of so many batches have been printed.
    fn wait_for(&mut self, feed: &mut Feed<'_>, printed: u64) {
        while self.printed < printed {
            match self.reports.recv() {
                Ok(Report::Died) | Err(_) => {
                    feed.stopped = true;
                    return;
                }
                Ok(report) => self.take(feed, report),
            }
        }
    }

    fn take(&mut self, feed: &mut Feed<'_>, report: Report) {
        match report {
            Report::Died => feed.stopped = true,
            Report::Looked(number, looked) => drop(self.waiting.insert(number, looked)),
        }
        while let Some(looked) = self.waiting.remove(&self.printed) {
            self.printed += 1;
            self.malformed.add(looked.malformed);
            looked.alerts.into_iter().for_each(|alert| feed.print_rendered(alert));
            if let Some(rule) = looked.exhausted {
                feed.exhaust(rule);
            }
        }
    }
}

impl Batch {
    fn new(input: u32, first_offset: u64) -> Self {
        Self { number: 0, input, first_offset, bytes: Vec::new(), events: Vec::new() }
    }

    fn has_room_for(&self, event: &[u8]) -> bool {
        self.bytes.is_empty() || self.bytes.len() + event.len() <= BATCH_BYTES
    }

    fn add(&mut self, event: &[u8], line: u64) {
        self.bytes.extend_from_slice(event);
        self.events.push((self.bytes.len(), line));
    }

    fn next_offset(&self) -> u64 {
        self.first_offset + u64::try_from(self.events.len()).expect("a length fits 64 bits")
    }
}

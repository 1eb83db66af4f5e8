//! One stream of events in a shipper: its engine, and what the engine needs of the machine.
//!
//! A plugin starts a detector, pushes events to its engine, lets it [tick](Detector::tick) once a second, and ends it. Alerts
//! go to the sink of each call, so the plugin alone knows what becomes of them.

use std::{
    io,
    panic::resume_unwind,
    sync::{Arc, Mutex},
    thread,
};

use caltrop_core::{
    alert::Partial,
    compiled::RuleSet,
    config::{Options, SECOND_NS},
    engine::{Engine, Restored, Sink},
};
use caltrop_host::{Clock, Loaded, Occasion, Reload, Reloaded};

use crate::{
    checkpoint::{Checkpoints, State},
    load,
    setup::Setup,
    watch::{self, Watch},
};

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something is lost, or does not start.
    Error,
    /// Something is not as the operator will want it.
    Warning,
    /// Something to know.
    Info,
}

/// Takes a message.
pub type Log = Box<dyn Fn(Level, &str) + Send>;

/// The shipper around a detector.
pub struct Shipper {
    /// Its name, in state files.
    pub name: &'static str,
    /// How the operator lets a set with refused rules run.
    pub lenient: &'static str,
    /// Its log.
    pub log: Log,
}

/// A stream that runs.
pub struct Detector {
    /// Looks at the events.
    pub engine: Engine,
    /// The machine's.
    pub clock: Clock,
    setup: Setup,
    shipper: Shipper,
    /// When the engine was told the time last, in seconds of the clock that never jumps.
    told_s: f64,
    reload: Arc<Mutex<Reload>>,
    watch: Option<Watch>,
    checkpoints: Option<Checkpoints>,
    /// The number of the next event.
    events: u64,
    counters: Counters,
}

/// What the engine does not count.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    reloads: u64,
    refused_reloads: u64,
    failed_saves: u64,
    unclean_starts: u64,
}

/// A tick comes so often, in seconds.
pub(crate) const TICK_S: f64 = 1.0;

impl Detector {
    /// Loads the rules, takes up what was saved, and starts to watch the rule files. The second part is the detections that
    /// waited when the state was saved.
    ///
    /// # Errors
    /// Sentences that say why it cannot start.
    pub fn start(setup: Setup, shipper: Shipper) -> Result<(Self, Vec<u8>), Vec<String>> {
        let loaded = load::rules(&setup);
        let errors = load::errors(&loaded);
        if setup.strict && load::is_faulty(&loaded) {
            let end = format!("not started: `{}` runs the rules that compile", shipper.lenient);
            return Err([errors, vec![end]].concat());
        }
        errors.iter().for_each(|error| (shipper.log)(Level::Warning, error));
        note_loaded(&shipper, &loaded);
        let reload = Arc::new(Mutex::new(load::reload(&setup, &loaded)));
        let watch = start_watch(&setup, &reload).map_err(|error| vec![error])?;
        let rules = Arc::new(loaded.built.rules);
        let clock = Clock::start();
        let options = Options { now_s: clock.wall_s(), ..setup.engine.clone() };
        let checkpoints = setup
            .state
            .as_ref()
            .map(|path| Checkpoints::new(path, setup.checkpoint_s, shipper.name));
        let mut detector = Self {
            engine: Engine::new(Arc::clone(&rules), options.clone()),
            clock,
            setup,
            shipper,
            told_s: f64::NEG_INFINITY,
            reload,
            watch,
            checkpoints,
            events: 0,
            counters: Counters::default(),
        };
        let pending = detector.resume(rules, options).map_err(|error| vec![error])?;
        Ok((detector, pending))
    }

    /// Takes up what was saved; the detections that waited.
    fn resume(&mut self, rules: Arc<RuleSet>, options: Options) -> Result<Vec<u8>, String> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(Vec::new()) };
        let path = self.setup.state.as_deref().unwrap_or("".as_ref()).display();
        let help = |error: String| format!("{path}: {error}; remove the file to start anew");
        let Some(state) = checkpoints.load().map_err(help)? else { return Ok(Vec::new()) };
        let (engine, restored) =
            Engine::load(rules, options, &state.engine).map_err(|error| help(error.to_string()))?;
        self.engine = engine;
        self.events = state.events;
        self.note_restored(&restored);
        if state.occasion == Occasion::Checkpoint {
            self.counters.unclean_starts += 1;
            self.log(
                Level::Warning,
                &format!(
                    "the shipper did not end in order: open windows lack what came in the last {} s before it was killed",
                    self.setup.checkpoint_s
                ),
            );
        }
        Ok(state.pending)
    }

    /// What the operator wants.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The number of an event that comes now.
    pub fn take_number(&mut self) -> u64 {
        self.events += 1;
        self.events - 1
    }

    /// When the engine was told the time last, in seconds of the clock that never jumps.
    #[must_use]
    pub fn told_s(&self) -> f64 {
        self.told_s
    }

    /// Whether a second has passed since the last tick.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.clock.mono_s() - self.told_s >= TICK_S
    }

    /// Tells the engine the time, and lets rules that have changed take over.
    pub fn tick(&mut self, sink: &mut Sink<'_>) {
        self.tell_time(sink);
        if let Some(reloaded) = self.watch.as_ref().and_then(Watch::take) {
            self.take_over(*reloaded, sink);
        }
    }

    /// Tells the engine the time. Until it is told for the first time it believes events that are dated in the future.
    pub fn tell_time(&mut self, sink: &mut Sink<'_>) {
        self.told_s = self.clock.mono_s();
        self.engine.advance(whole_ns(self.clock.wall_s()), whole_ns(self.told_s), sink);
    }

    /// Looks at the rule files now, and lets them take over if they have changed, which may take seconds; whether they have.
    ///
    /// # Errors
    /// Sentences that say why the old rules stay.
    pub fn reload(&mut self, sink: &mut Sink<'_>) -> Result<bool, Vec<String>> {
        let waiting = self.watch.as_ref().and_then(Watch::take).map(|waiting| *waiting);
        let found = on_large_stack(|| watch::poll(&self.reload));
        let found = found.map_err(|error| vec![error.to_string()])?;
        let Some(reloaded) = found.or(waiting) else { return Ok(false) };
        let errors = match &reloaded {
            Reloaded::Usable(_) => Vec::new(),
            Reloaded::Kept(loaded) => load::errors(loaded),
        };
        self.take_over(reloaded, sink);
        if errors.is_empty() { Ok(true) } else { Err(errors) }
    }

    fn take_over(&mut self, reloaded: Reloaded, sink: &mut Sink<'_>) {
        let loaded = match reloaded {
            Reloaded::Usable(loaded) => loaded,
            Reloaded::Kept(loaded) => return self.note_kept(&loaded),
        };
        self.counters.reloads += 1;
        load::errors(&loaded).iter().for_each(|error| self.log(Level::Warning, error));
        let swapped = self.engine.swap(Arc::new(loaded.built.rules), sink);
        let (all, ended) = (self.engine.rules().len(), swapped.ended.len());
        self.log(
            Level::Info,
            &format!(
                "rules reloaded: {all} run, {} as before with {} open windows, {ended} ended",
                swapped.rules, swapped.windows
            ),
        );
    }

    fn note_kept(&mut self, loaded: &Loaded) {
        self.counters.refused_reloads += 1;
        load::errors(loaded).iter().for_each(|error| self.log(Level::Error, error));
        let end = "the rule files have changed and cannot be used: the old rules stay";
        self.log(Level::Error, end);
    }

    /// Saves the state if it is time to, with the detections that wait.
    pub fn save_if_due(&mut self, pending: impl FnOnce() -> Vec<u8>) {
        if self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(self.told_s)) {
            self.save(Occasion::Checkpoint, pending());
        }
    }

    fn save(&mut self, occasion: Occasion, pending: Vec<u8>) {
        let Some(checkpoints) = &mut self.checkpoints else { return };
        let state = State {
            at_ns: whole_ns(self.clock.wall_s()),
            occasion,
            events: self.events,
            pending,
            engine: self.engine.save(),
        };
        if let Err(error) = checkpoints.save(&state, self.told_s) {
            self.counters.failed_saves += 1;
            self.log(Level::Error, &format!("the state is not saved: {error}"));
        }
    }

    /// Whether what is open at the end is kept in a file.
    #[must_use]
    pub fn keeps_state(&self) -> bool {
        self.checkpoints.is_some()
    }

    /// Ends the watch of the rule files. What is open is saved with the detections that wait or, without a file, sent as it
    /// stands.
    pub fn end(&mut self, pending: Vec<u8>, sink: &mut Sink<'_>) {
        self.watch = None;
        self.told_s = self.clock.mono_s();
        match self.keeps_state() {
            true => self.save(Occasion::End, pending),
            false => self.engine.interrupt(Partial::Shutdown, sink),
        }
    }

    /// Every counter, by its name. `lost_fields` are those that the plugin itself has left out.
    #[must_use]
    pub fn figures(&self, lost_fields: u64) -> Vec<(&'static str, u64)> {
        let Counters { reloads, refused_reloads, failed_saves, unclean_starts } = self.counters;
        let engine = self.engine.counters();
        vec![
            ("events", engine.events),
            ("bytes", engine.bytes),
            ("candidates", engine.candidates),
            ("alerts", engine.alerts),
            ("cut_events", engine.cut_events),
            ("malformed_rows", engine.malformed_rows),
            ("lost_fields", engine.lost_fields + lost_fields),
            ("kind_resets", engine.kind_resets),
            ("cut_rows", engine.cut_rows),
            ("late", engine.late),
            ("revised", engine.revised),
            ("retracted", engine.retracted),
            ("late_dropped", engine.late_dropped),
            ("retained_dropped", engine.retained_dropped),
            ("timeless_dropped", engine.timeless_dropped),
            ("future_events", engine.future_events),
            ("truncated_groups", engine.truncated_groups),
            ("partial_groups", engine.partial_groups),
            ("given_up_searches", engine.given_up_searches),
            ("state_bytes", engine.state_bytes as u64),
            ("state_bytes_peak", engine.state_bytes_peak as u64),
            ("reloads", reloads),
            ("refused_reloads", refused_reloads),
            ("failed_saves", failed_saves),
            ("unclean_starts", unclean_starts),
        ]
    }

    fn note_restored(&self, restored: &Restored) {
        let Restored { windows, retained, left_out } = restored;
        self.log(
            Level::Info,
            &format!("going on with {windows} open windows and {retained} closed ones"),
        );
        for left in left_out {
            let (windows, path, reason) = (left.windows, &left.path, left.reason);
            self.log(
                Level::Warning,
                &format!("{windows} open windows of {path} left out: {reason}"),
            );
        }
    }

    /// Says something in the log of the shipper.
    pub fn log(&self, level: Level, message: &str) {
        (self.shipper.log)(level, message);
    }
}

fn note_loaded(shipper: &Shipper, loaded: &Loaded) {
    let (rules, refused) = (loaded.built.rules.len(), loaded.refused().count());
    (shipper.log)(
        Level::Info,
        &format!("caltrop {}: {rules} rules, {refused} refused", env!("CARGO_PKG_VERSION")),
    );
    let without = loaded.built.rules.without_locations();
    if without > 0 {
        let message = format!(
            "{without} rules use iplocation and no database says where addresses are: set `geoip`"
        );
        (shipper.log)(Level::Warning, &message);
    }
}

fn start_watch(setup: &Setup, reload: &Arc<Mutex<Reload>>) -> Result<Option<Watch>, String> {
    let Some(every) = setup.reload else { return Ok(None) };
    let watch = Watch::start(Arc::clone(reload), every);
    watch.map(Some).map_err(|error| format!("no thread to watch the rule files: {error}"))
}

/// Does `work` on a thread with the stack that compiling takes, and waits for it. A panic goes on here.
///
/// # Errors
/// When the system gives no thread.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .name("caltrop-compile".to_owned())
            .stack_size(load::COMPILE_STACK_BYTES);
        let done = thread.spawn_scoped(scope, work)?.join();
        Ok(done.unwrap_or_else(|payload| resume_unwind(payload)))
    })
}

/// Seconds as nanoseconds, where 64 bits hold them.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "it is in the range of 64 bits")]
pub fn nanoseconds(seconds: f64) -> Option<i64> {
    let whole = seconds.floor();
    // Each part alone, for a double has no room for both.
    let rest = ((seconds - whole) * 1e9).round();
    (whole.abs() < 9.2e9).then(|| whole as i64 * SECOND_NS + rest as i64)
}

/// Today's time in nanoseconds, which 64 bits hold until 2262.
fn whole_ns(seconds: f64) -> i64 {
    nanoseconds(seconds).unwrap_or(i64::MAX / SECOND_NS * SECOND_NS)
}

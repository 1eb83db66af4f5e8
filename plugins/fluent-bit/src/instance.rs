//! One filter of the shipper: its rules, its engine, and what it has to say.
//!
//! A filter is started with its configuration, gets chunks, is told the time, and is ended. [`Instance::filter`] is what
//! happens to a chunk; it stands in `filter.rs`.

mod filter;

use std::sync::Arc;

use caltrop_core::{
    alert::{Alert, Partial},
    compiled::RuleSet,
    config::{Options, SECOND_NS},
    engine::{Engine, Restored},
};
use caltrop_host::{Clock, Loaded, Occasion, Reloaded};

use crate::{
    checkpoint::{Checkpoints, State},
    chunk::nanoseconds,
    config::{Config, Emit},
    detection,
    fields::Fields,
    host::{self, Level},
    load,
    outbox::Outbox,
    registry,
    watch::Watch,
};

/// A filter that runs.
pub struct Instance {
    name: String,
    config: Config,
    engine: Engine,
    clock: Clock,
    /// When the engine was told the time last, and counters were told, in seconds of the clock that never jumps.
    told_s: f64,
    measured_s: f64,
    watch: Option<Watch>,
    checkpoints: Option<Checkpoints>,
    outbox: Outbox,
    fields: Fields,
    /// Memory of the last chunk that was changed.
    spare: Vec<u8>,
    /// The number of the next event.
    events: u64,
    counters: Counters,
}

/// What the engine does not count.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    records: u64,
    annotated: u64,
    dropped: u64,
    own: u64,
    foreign: u64,
    unread_bytes: u64,
    reloads: u64,
    refused_reloads: u64,
    failed_saves: u64,
    unclean_starts: u64,
}

/// The engine is told the time at most so often by chunks, in seconds; the companion tells it once a second.
const TICK_S: f64 = 1.0;

impl Instance {
    /// Loads the rules, takes up what was saved, and starts to watch the rule files.
    ///
    /// # Errors
    /// Sentences that say why it cannot start.
    pub fn start(name: String, config: Config) -> Result<Self, Vec<String>> {
        let loaded = load::rules(&config);
        let errors = load::errors(&loaded);
        if config.strict && load::is_faulty(&loaded) {
            let end = "not started: `strict off` runs the rules that compile".to_owned();
            return Err([errors, vec![end]].concat());
        }
        errors.iter().for_each(|error| host::log(Level::Warning, &name, error));
        note_loaded(&name, &loaded);
        let watch = start_watch(&config, &loaded).map_err(|error| vec![error])?;
        let rules = Arc::new(loaded.built.rules);
        let clock = Clock::start();
        let options = Options { now_s: clock.wall_s(), ..config.engine.clone() };
        let checkpoints =
            config.state.as_ref().map(|path| Checkpoints::new(path, config.checkpoint_s));
        let mut instance = Self {
            engine: Engine::new(Arc::clone(&rules), options.clone()),
            name,
            config,
            clock,
            told_s: f64::NEG_INFINITY,
            measured_s: clock.mono_s(),
            watch,
            checkpoints,
            outbox: Outbox::default(),
            fields: Fields::default(),
            spare: Vec::new(),
            events: 0,
            counters: Counters::default(),
        };
        instance.resume(rules, options).map_err(|error| vec![error])?;
        // An engine that does not know the time believes events that are dated in the future.
        instance.tell_time();
        Ok(instance)
    }

    /// Takes up what was saved.
    fn resume(&mut self, rules: Arc<RuleSet>, options: Options) -> Result<(), String> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(()) };
        let path = self.config.state.as_deref().unwrap_or("".as_ref()).display();
        let help = |error: String| format!("{path}: {error}; remove the file to start anew");
        let Some(state) = checkpoints.load().map_err(help)? else { return Ok(()) };
        let (engine, restored) =
            Engine::load(rules, options, &state.engine).map_err(|error| help(error.to_string()))?;
        self.engine = engine;
        self.events = state.events;
        self.outbox.put_all(&state.pending);
        self.note_restored(&restored);
        if state.occasion == Occasion::Checkpoint {
            self.counters.unclean_starts += 1;
            self.log(
                Level::Warning,
                &format!(
                    "the shipper did not end in order: open windows lack what came in the last {} s before it was killed",
                    self.config.checkpoint_s
                ),
            );
        }
        Ok(())
    }

    /// Tells the engine the time, and does what is due: once a second, by the companion.
    pub fn tick(&mut self) {
        self.tell_time();
        if let Some(reloaded) = self.watch.as_ref().and_then(Watch::take) {
            self.take_over(*reloaded);
        }
        if self.config.metrics_s.is_some_and(|every_s| self.told_s - self.measured_s >= every_s) {
            self.measure();
        }
        if self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(self.told_s)) {
            self.save(Occasion::Checkpoint);
        }
    }

    fn tick_if_due(&mut self) {
        if self.clock.mono_s() - self.told_s >= TICK_S {
            self.tick();
        }
    }

    fn tell_time(&mut self) {
        self.told_s = self.clock.mono_s();
        let wall_s = self.clock.wall_s();
        let (wall_ns, mono_ns) = (whole_ns(wall_s), whole_ns(self.told_s));
        let sink = &mut sink(&mut self.outbox, self.config.emit, wall_s);
        self.engine.advance(wall_ns, mono_ns, sink);
    }

    fn take_over(&mut self, reloaded: Reloaded) {
        let loaded = match reloaded {
            Reloaded::Usable(loaded) => loaded,
            Reloaded::Kept(loaded) => {
                self.counters.refused_reloads += 1;
                let errors = load::errors(&loaded);
                errors.iter().for_each(|error| self.log(Level::Error, error));
                self.log(
                    Level::Error,
                    "the rule files have changed and cannot be used: the old rules stay",
                );
                return;
            }
        };
        self.counters.reloads += 1;
        load::errors(&loaded).iter().for_each(|error| self.log(Level::Warning, error));
        let rules = Arc::new(loaded.built.rules);
        let now_s = self.clock.wall_s();
        let sink = sink(&mut self.outbox, self.config.emit, now_s);
        let swapped = self.engine.swap(rules, &mut { sink });
        let (all, ended) = (self.engine.rules().len(), swapped.ended.len());
        self.log(
            Level::Info,
            &format!(
                "rules reloaded: {all} run, {} as before with {} open windows, {ended} ended",
                swapped.rules, swapped.windows
            ),
        );
    }

    /// Tells the counters.
    fn measure(&mut self) {
        self.measured_s = self.told_s;
        let figures = self.figures();
        self.log_figures(&figures);
        if self.config.metrics_records && self.config.emit != Emit::None {
            self.outbox.put(detection::metrics(&self.name, &figures, self.clock.wall_s()));
        }
    }

    fn log_figures(&self, figures: &[(&str, u64)]) {
        let told: Vec<String> = figures
            .iter()
            .filter(|(_, number)| *number > 0)
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        self.log(Level::Info, &told.join(" "));
    }

    /// Every counter, by its name.
    #[must_use]
    pub fn figures(&self) -> Vec<(&'static str, u64)> {
        let Counters { records, annotated, dropped, own, foreign, unread_bytes, .. } =
            self.counters;
        let Counters { reloads, refused_reloads, failed_saves, unclean_starts, .. } = self.counters;
        let engine = self.engine.counters();
        vec![
            ("records", records),
            ("annotated_records", annotated),
            ("dropped_records", dropped),
            ("own_records", own),
            ("foreign_values", foreign),
            ("unread_bytes", unread_bytes),
            ("events", engine.events),
            ("bytes", engine.bytes),
            ("candidates", engine.candidates),
            ("alerts", engine.alerts),
            ("pending_detections", self.outbox.len() as u64),
            ("lost_detections", self.outbox.lost()),
            ("cut_events", engine.cut_events),
            ("malformed_rows", engine.malformed_rows),
            ("lost_fields", engine.lost_fields + self.fields.lost()),
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

    fn save(&mut self, occasion: Occasion) {
        let Some(checkpoints) = &mut self.checkpoints else { return };
        let state = State {
            at_ns: whole_ns(self.clock.wall_s()),
            occasion,
            events: self.events,
            pending: self.outbox.to_bytes(),
            engine: self.engine.save(),
        };
        if let Err(error) = checkpoints.save(&state, self.told_s) {
            self.counters.failed_saves += 1;
            host::log(Level::Error, &self.name, &format!("the state is not saved: {error}"));
        }
    }

    /// Detections for the companion, up to about `max_bytes` of them; none where they go another way.
    pub fn give_into(&mut self, out: &mut Vec<u8>, max_bytes: usize) {
        if self.is_taken_by_companion() {
            self.outbox.take_into(out, max_bytes);
        }
    }

    fn is_taken_by_companion(&self) -> bool {
        match self.config.emit {
            Emit::Input => true,
            Emit::Found => registry::has_companion(),
            Emit::Instream | Emit::None => false,
        }
    }

    /// Ends it: what is open is saved, or sent as it stands. Nobody takes detections from a filter that has ended, so
    /// what waits is saved too, or left to the next companion of the process.
    pub fn end(mut self) {
        self.watch = None;
        self.told_s = self.clock.mono_s();
        if self.checkpoints.is_some() {
            self.save(Occasion::End);
        } else {
            let now_s = self.clock.wall_s();
            let sink = sink(&mut self.outbox, self.config.emit, now_s);
            self.engine.interrupt(Partial::Shutdown, &mut { sink });
            if !self.outbox.is_empty() {
                let count = self.outbox.len();
                self.log(
                    Level::Warning,
                    &format!("{count} detections cannot be sent any more unless this is a reload: set `state` to keep them"),
                );
                registry::leave(&self.outbox);
            }
        }
        self.log_figures(&self.figures());
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

    fn log(&self, level: Level, message: &str) {
        host::log(level, &self.name, message);
    }
}

/// Where the engine's alerts go.
fn sink(outbox: &mut Outbox, emit: Emit, now_s: f64) -> impl FnMut(&Alert<'_>) {
    move |alert| {
        if emit != Emit::None {
            outbox.put(detection::alert(alert, now_s));
        }
    }
}

fn note_loaded(name: &str, loaded: &Loaded) {
    let (rules, refused) = (loaded.built.rules.len(), loaded.refused().count());
    host::log(
        Level::Info,
        name,
        &format!("caltrop {}: {rules} rules, {refused} refused", env!("CARGO_PKG_VERSION")),
    );
    let without = loaded.built.rules.without_locations();
    if without > 0 {
        let message = format!(
            "{without} rules use iplocation and no database says where addresses are: set `geoip`"
        );
        host::log(Level::Warning, name, &message);
    }
}

fn start_watch(config: &Config, loaded: &Loaded) -> Result<Option<Watch>, String> {
    let Some(every) = config.reload else { return Ok(None) };
    let watch = Watch::start(load::reload(config, loaded), every);
    watch.map(Some).map_err(|error| format!("no thread to watch the rule files: {error}"))
}

/// Today's time in nanoseconds, which 64 bits hold until 2262.
fn whole_ns(seconds: f64) -> i64 {
    nanoseconds(seconds).unwrap_or(i64::MAX / SECOND_NS * SECOND_NS)
}

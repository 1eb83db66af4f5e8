//! One filter of the shipper: its rules, its engine, and what it has to say.
//!
//! A filter is started with its configuration, gets chunks, is told the time, and is ended. [`Instance::filter`] is what
//! happens to a chunk; it stands in `filter.rs`.

mod filter;

use caltrop_core::alert::Alert;
use caltrop_shipper::{
    detector::{Detector, Level, Shipper},
    outbox::Outbox,
};

use crate::{
    config::{Config, Emit},
    detection,
    fields::Fields,
    host, msgpack, registry,
};

/// A filter that runs.
pub struct Instance {
    name: String,
    config: Config,
    detector: Detector,
    /// When counters were told, in seconds of the clock that never jumps.
    measured_s: f64,
    outbox: Outbox,
    /// Whether it was said that detections go nowhere.
    has_warned: bool,
    fields: Fields,
    /// Memory of the last chunk that was changed.
    spare: Vec<u8>,
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
}

impl Instance {
    /// Loads the rules, takes up what was saved, and starts to watch the rule files.
    ///
    /// # Errors
    /// Sentences that say why it cannot start.
    pub fn start(name: String, config: Config) -> Result<Self, Vec<String>> {
        let of_log = name.clone();
        let log = move |level, message: &str| host::log(level, &of_log, message);
        let shipper = Shipper { name: "fluent-bit", lenient: "strict off", log: Box::new(log) };
        let (detector, pending) = Detector::start(config.setup.clone(), shipper)?;
        let mut instance = Self {
            name,
            config,
            measured_s: detector.clock.mono_s(),
            detector,
            outbox: Outbox::default(),
            has_warned: false,
            fields: Fields::default(),
            spare: Vec::new(),
            counters: Counters::default(),
        };
        instance.outbox.put_all(&pending, msgpack::length);
        // An engine that does not know the time believes events that are dated in the future.
        instance.tell_time();
        Ok(instance)
    }

    fn tell_time(&mut self) {
        let now_s = self.detector.clock.wall_s();
        self.detector.tell_time(&mut sink(&mut self.outbox, self.config.emit, now_s));
    }

    /// Tells the engine the time, and does what is due: once a second, by the companion.
    pub fn tick(&mut self) {
        let now_s = self.detector.clock.wall_s();
        self.detector.tick(&mut sink(&mut self.outbox, self.config.emit, now_s));
        let told_s = self.detector.told_s();
        if self.config.metrics_s.is_some_and(|every_s| told_s - self.measured_s >= every_s) {
            self.measure();
        }
        self.detector.save_if_due(|| self.outbox.to_bytes());
        self.warn_of_loss();
    }

    /// Says once that detections go nowhere.
    fn warn_of_loss(&mut self) {
        let is_stuck = self.config.emit == Emit::Input
            && !registry::has_companion()
            && !self.outbox.is_empty();
        let message = match (is_stuck, self.outbox.lost()) {
            (true, _) => {
                "detections wait for the input `caltrop_detections`, which does not run: configure it, or `emit instream`"
            }
            (false, 1..) => "detections are lost: more of them wait than there is room for",
            (false, 0) => return,
        };
        if !std::mem::replace(&mut self.has_warned, true) {
            self.detector.log(Level::Warning, message);
        }
    }

    fn tick_if_due(&mut self) {
        if self.detector.is_due() {
            self.tick();
        }
    }

    /// Tells the counters.
    fn measure(&mut self) {
        self.measured_s = self.detector.told_s();
        let figures = self.figures();
        self.log_figures(&figures);
        if self.config.metrics_records && self.config.emit != Emit::None {
            let now_s = self.detector.clock.wall_s();
            self.outbox.put(detection::metrics(&self.name, &figures, now_s));
        }
    }

    fn log_figures(&self, figures: &[(&str, u64)]) {
        let told: Vec<String> = figures
            .iter()
            .filter(|(_, number)| *number > 0)
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        self.detector.log(Level::Info, &told.join(" "));
    }

    /// Every counter, by its name.
    #[must_use]
    pub fn figures(&self) -> Vec<(&'static str, u64)> {
        let Counters { records, annotated, dropped, own, foreign, unread_bytes } = self.counters;
        let mut figures = vec![
            ("records", records),
            ("annotated_records", annotated),
            ("dropped_records", dropped),
            ("own_records", own),
            ("foreign_values", foreign),
            ("unread_bytes", unread_bytes),
            ("pending_detections", self.outbox.len() as u64),
            ("lost_detections", self.outbox.lost()),
        ];
        figures.extend(self.detector.figures(self.fields.lost()));
        figures
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
        let pending = self.outbox.to_bytes();
        let now_s = self.detector.clock.wall_s();
        self.detector.end(pending, &mut sink(&mut self.outbox, self.config.emit, now_s));
        if !self.detector.keeps_state() && !self.outbox.is_empty() {
            let count = self.outbox.len();
            let lost = registry::leave(&self.outbox);
            self.detector.log(
                Level::Warning,
                &format!("{count} detections cannot be sent any more unless this is a reload, {lost} not even then: set `state` to keep them"),
            );
        }
        self.log_figures(&self.figures());
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

//! One stream of events: the engine with its rules, and the alerts that wait to be handed to Vector.
//!
//! Nothing here calls Lua, but for [`TimeTable::read`](crate::event::TimeTable::read), which cannot raise: so nothing jumps.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use caltrop_core::{
    alert::Alert,
    event::{Head, time},
};
use caltrop_host::Clock;
use caltrop_shipper::{
    detector::{Detector, Level, Shipper, nanoseconds},
    outbox::Outbox,
    setup::Setup,
};

use jiff::tz::TimeZone;

use crate::{
    event::{Read, Time},
    fields::Fields,
    outgoing, tape,
};

/// A stream that runs.
pub struct Stream {
    detector: Detector,
    outbox: Outbox,
    /// How many alerts each rule has sent, by its id.
    alerts: BTreeMap<String, u64>,
    /// Times that events hold and that are none.
    unread_times: u64,
    /// Whether it was called since it started: what was only looked at (`vector validate`) leaves no trace.
    is_used: bool,
    is_ended: bool,
}

/// Between so many events the clock is looked at, for those who have set no timer.
const EVENTS_PER_LOOK: u64 = 256;

impl Stream {
    /// Loads the rules, takes up what was saved, and starts to watch the rule files.
    ///
    /// # Errors
    /// Sentences that say why it cannot start.
    pub fn start(setup: Setup) -> Result<Self, Vec<String>> {
        let shipper = Shipper { name: "vector", lenient: "strict = false", log: Box::new(log) };
        let (detector, pending) = Detector::start(setup, shipper)?;
        let mut stream = Self {
            detector,
            outbox: Outbox::default(),
            alerts: BTreeMap::new(),
            unread_times: 0,
            is_used: false,
            is_ended: false,
        };
        stream.outbox.put_all(&pending, tape::length);
        // An engine that does not know the time believes events that are dated in the future.
        let Self { detector, outbox, alerts, .. } = &mut stream;
        let clock = detector.clock;
        detector.tell_time(&mut sink(outbox, alerts, &clock));
        Ok(stream)
    }

    /// Shows an event to the engine: its raw text, or where it has none, its fields.
    pub fn push(&mut self, event: &Read<'_>, fields: &mut Fields) {
        let offset = self.detector.take_number();
        self.is_used = true;
        if offset.is_multiple_of(EVENTS_PER_LOOK) && self.detector.is_due() {
            self.tick();
        }
        let zone = self.detector.setup().engine.zone.clone();
        let Self { detector: Detector { engine, clock, .. }, outbox, alerts, .. } = self;
        let head = LazyHead { event, offset, zone: &zone, unread_times: &mut self.unread_times };
        let put = &mut sink(outbox, alerts, clock);
        match event.raw {
            Some(raw) => engine.push(raw, head, put),
            None => engine.push_fields(None, &fields.pairs(), &head.into(), put),
        }
    }

    /// Tells the engine the time, lets changed rules take over, and saves the state if it is time to.
    pub fn tick(&mut self) {
        self.is_used = true;
        let Self { detector, outbox, alerts, .. } = self;
        let clock = detector.clock;
        detector.tick(&mut sink(outbox, alerts, &clock));
        detector.save_if_due(|| outbox.to_bytes());
    }

    /// Closes all windows, as at the end of the events.
    pub fn flush(&mut self) {
        self.is_used = true;
        let Self { detector: Detector { engine, clock, .. }, outbox, alerts, .. } = self;
        engine.finish(&mut sink(outbox, alerts, clock));
    }

    /// Looks at the rule files now; whether they have changed.
    ///
    /// # Errors
    /// Sentences that say why the old rules stay.
    pub fn reload(&mut self) -> Result<bool, Vec<String>> {
        let Self { detector, outbox, alerts, .. } = self;
        let clock = detector.clock;
        detector.reload(&mut sink(outbox, alerts, &clock))
    }

    /// Ends it, once: what is open is saved, or becomes alerts as it stands.
    pub fn end(&mut self) {
        if !self.is_used || std::mem::replace(&mut self.is_ended, true) {
            return;
        }
        let Self { detector, outbox, alerts, .. } = self;
        let (clock, pending) = (detector.clock, outbox.to_bytes());
        detector.end(pending, &mut sink(outbox, alerts, &clock));
    }

    /// Whether it takes no more events.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The oldest alert that waits, on a [`tape`].
    pub fn take(&mut self) -> Option<Box<[u8]>> {
        self.outbox.take()
    }

    /// How many alerts wait.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.outbox.len()
    }

    /// How many alerts each rule has sent, by its id.
    #[must_use]
    pub fn alerts(&self) -> &BTreeMap<String, u64> {
        &self.alerts
    }

    /// Every counter, by its name. `lost_fields` are those that were left out before the engine saw them.
    #[must_use]
    pub fn figures(&self, lost_fields: u64) -> Vec<(&'static str, u64)> {
        let mut figures = self.detector.figures(lost_fields);
        figures.extend([
            ("unread_times", self.unread_times),
            ("pending_alerts", self.outbox.len() as u64),
            ("lost_alerts", self.outbox.lost()),
        ]);
        figures
    }
}

/// What is known of an event, told only if the engine asks.
struct LazyHead<'a, 'c> {
    event: &'c Read<'a>,
    offset: u64,
    zone: &'c TimeZone,
    unread_times: &'c mut u64,
}

impl<'a> From<LazyHead<'a, '_>> for Head<'a> {
    fn from(mut lazy: LazyHead<'a, '_>) -> Self {
        let [host, source, sourcetype, index] = lazy.event.about;
        let time_ns = lazy.time_ns();
        Self { time_ns, host, source, sourcetype, index, offset: lazy.offset, ..Self::default() }
    }
}

impl LazyHead<'_, '_> {
    fn time_ns(&mut self) -> Option<i64> {
        let found = match self.event.time {
            Time::None => return None,
            Time::At(time_ns) => Some(time_ns),
            Time::Text(text) => time::parse(text, self.zone)
                .or_else(|| nanoseconds(std::str::from_utf8(text).ok()?.trim().parse().ok()?)),
            Time::Table(table) => table.read(),
            Time::Unread => None,
        };
        *self.unread_times += u64::from(found.is_none());
        found
    }
}

/// Where the engine's alerts go. The clock is read only for one that has no time.
fn sink<'s>(
    outbox: &'s mut Outbox,
    alerts: &'s mut BTreeMap<String, u64>,
    clock: &'s Clock,
) -> impl FnMut(&Alert<'_>) + 's {
    |alert| {
        let time_s = alert.time_s.unwrap_or_else(|| clock.wall_s());
        let time_ns = nanoseconds(time_s).or_else(|| nanoseconds(clock.wall_s())).unwrap_or(0);
        outbox.put(outgoing::alert(alert, time_ns));
        *alerts.entry(alert.rule.id.clone()).or_default() += 1;
    }
}

/// Lua modules have no log of Vector's, which writes its own to the same place.
pub fn log(level: Level, message: &str) {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "info",
    };
    for line in message.lines() {
        let line: String = line.chars().filter(|character| !character.is_control()).collect();
        // Nobody is left to be told that it cannot be written.
        let _ = writeln!(io::stderr(), "caltrop: {level}: {line}");
    }
}

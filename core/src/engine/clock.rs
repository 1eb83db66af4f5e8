//! When a window may close: the watermark of each host, and that of all hosts together.
//!
//! A host's watermark never goes back. It is the host's newest event time less `lateness`; when the host has been silent
//! for `idle`, it grows with the time that `advance` says has passed: a difference, so that a replay of old events on
//! today's clock makes nothing late.
//!
//! The watermark of all never goes back either. It is the least of the hosts that are not silent (of all hosts where all
//! are), but at least what the fastest host had reached `max_lag` ago: a slow clock holds windows open that long and no
//! longer, and a fast one closes none before the others' time.
//!
//! **Silence is what was listened to.** An engine whose windows all belong to one host each lets an event that no rule
//! selects go undated while no window is open. Hearing less only leaves watermarks lower; but to take what was not
//! listened to for silence would raise them, so silence counts from when the engine began to listen. Hence every
//! watermark is at most what it would be if every event were dated, and no event is late that would not be late then. For
//! the watermark of all this does not hold, since a host that was not heard is missing from the least; so an engine with
//! a window of all hosts listens always.
//!
//! **The table of hosts is bounded.** Where it is full, the host that has been silent longest goes from it, and no longer
//! counts for the watermark of all. Its own watermark stays as long as windows of it are kept, which bounds how many of these
//! there are: by it they end as if the host were there still, and with it the host comes back.

pub(super) mod bytes;

use std::collections::{BTreeMap, VecDeque};

use super::{least::Least, recency::Recency};
use crate::{agg::window::Slot, config::Options};

/// The watermarks.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    hosts: BTreeMap<Box<[u8]>, usize>,
    clocks: Vec<HostClock>,
    /// Those of hosts that went from the table, as long as windows of theirs are kept.
    gone: BTreeMap<Box<[u8]>, HostClock>,
    recency: Recency,
    /// The host that will fall silent next, where there is one.
    next_silent: Option<usize>,
    /// The watermarks of the hosts that are not silent.
    awake: Least,
    /// Those of the others, less the time at which each was heard: they grow at one pace, so their order stays.
    silent: Least,
    /// The same, negated, for the fastest of them.
    silent_negated: Least,
    lead: Lead,
    of_all_ns: Option<i64>,
    wall_ns: Option<i64>,
    mono_ns: Option<i64>,
    /// The time that `advance` has let pass.
    elapsed_ns: i64,
    /// Since when events are dated whether a rule takes them or not.
    listening_since_ns: Option<i64>,
}

#[derive(Debug)]
struct HostClock {
    host: Box<[u8]>,
    watermark_ns: i64,
    /// Up to where silence has carried it when a window of its closed or expired last: it does not fall behind that.
    gained_ns: i64,
    heard_ns: i64,
    is_silent: bool,
}

/// What an event meant for the clocks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was taken note of.
    Believed,
    /// The same; for its host another one went, which had been silent longest.
    InPlaceOf(Box<[u8]>),
    /// It is too far ahead of the clock.
    Future,
}

impl Clocks {
    /// Takes note of an event.
    pub(super) fn hear(&mut self, host: &[u8], time_ns: i64, options: &Options) -> Heard {
        let is_future = self
            .wall_ns
            .is_some_and(|wall_ns| time_ns > wall_ns.saturating_add(options.max_future_ns));
        if is_future {
            return Heard::Future;
        }
        let watermark_ns = time_ns.saturating_sub(options.lateness_ns);
        let (index, heard) = match self.hosts.get(host) {
            Some(&index) => (index, Heard::Believed),
            None => self.admit(host, options.max_hosts),
        };
        // What the host has gained by its silence stays gained.
        let watermark_ns = watermark_ns.max(self.now_ns(&self.clocks[index], options.idle_ns));
        self.wake(index);
        let clock = &mut self.clocks[index];
        (clock.watermark_ns, clock.heard_ns) = (watermark_ns, self.elapsed_ns);
        self.awake.set(index, watermark_ns);
        self.lead.reach(watermark_ns, self.elapsed_ns, options.max_lag_ns);
        self.raise_all(options);
        heard
    }

    /// Lets time pass. The first call only sets the clock.
    pub(super) fn advance(&mut self, wall_ns: i64, mono_ns: i64, options: &Options) {
        let last_ns = self.mono_ns.unwrap_or(mono_ns);
        let passed_ns = mono_ns.saturating_sub(last_ns).max(0);
        self.elapsed_ns = self.elapsed_ns.saturating_add(passed_ns);
        (self.wall_ns, self.mono_ns) = (Some(wall_ns), Some(mono_ns.max(last_ns)));
        while let Some(index) = self.next_silent
            && self.silence_ns(&self.clocks[index]) > options.idle_ns
        {
            self.next_silent = self.recency.after(index);
            self.fall_silent(index);
        }
        if let Some(negated) = self.silent_negated.get() {
            let fastest_ns = self.grown(negated.saturating_neg(), options);
            self.lead.reach(fastest_ns, self.elapsed_ns, options.max_lag_ns);
        }
        self.raise_all(options);
    }

    /// Says whether events are dated from here on whether a rule takes them or not.
    pub(super) fn listen(&mut self, is_listening: bool) {
        self.listening_since_ns = match self.listening_since_ns {
            since if since.is_some() == is_listening => since,
            _ => is_listening.then_some(self.elapsed_ns),
        };
    }

    /// Wall time in nanoseconds, if it was ever told.
    pub(super) fn wall_ns(&self) -> Option<i64> {
        self.wall_ns
    }

    /// The time that `advance` has let pass.
    pub(super) fn elapsed_ns(&self) -> i64 {
        self.elapsed_ns
    }

    /// Whether the watermark that closes a window has reached `by_ns`.
    pub(super) fn has_reached(&self, slot: &Slot, by_ns: i64, options: &Options) -> bool {
        let watermark_ns = match &slot.host {
            Some(host) => self.of_host(host, options),
            None => self.of_all_ns,
        };
        watermark_ns.is_some_and(|watermark_ns| watermark_ns >= by_ns)
    }

    /// Whether a host has a watermark.
    pub(super) fn knows(&self, host: &[u8]) -> bool {
        self.clock(host).is_some()
    }

    /// Forgets a host that went from the table, if it did; behind which time no window of it has closed.
    pub(super) fn forget_gone(&mut self, host: &[u8]) -> Option<i64> {
        Some(self.gone.remove(host)?.gained_ns)
    }

    /// The hosts that went from the table.
    pub(super) fn gone(&self) -> impl Iterator<Item = &[u8]> {
        self.gone.keys().map(AsRef::as_ref)
    }

    /// Forgets every watermark, but not what time it is.
    pub(super) fn forget_hosts(&mut self) {
        let Self { wall_ns, mono_ns, elapsed_ns, .. } = *self;
        *self = Self { wall_ns, mono_ns, elapsed_ns, ..Self::default() };
    }

    /// A host's watermark; `None` where it has none.
    fn of_host(&self, host: &[u8], options: &Options) -> Option<i64> {
        Some(self.now_ns(self.clock(host)?, options.idle_ns))
    }

    fn clock(&self, host: &[u8]) -> Option<&HostClock> {
        match self.hosts.get(host) {
            Some(&index) => Some(&self.clocks[index]),
            None => self.gone.get(host),
        }
    }

    fn clock_mut(&mut self, host: &[u8]) -> Option<&mut HostClock> {
        match self.hosts.get(host) {
            Some(&index) => Some(&mut self.clocks[index]),
            None => self.gone.get_mut(host),
        }
    }

    /// How long a host is yet to be silent before its watermark reaches `by_ns`; `None` where it has none.
    pub(super) fn silence_until_ns(
        &self,
        host: &[u8],
        by_ns: i64,
        options: &Options,
    ) -> Option<i64> {
        let clock = self.clock(host)?;
        let missing_ns = by_ns.saturating_sub(clock.watermark_ns);
        Some(missing_ns.saturating_add(options.idle_ns).saturating_sub(self.silence_ns(clock)))
    }

    /// Keeps what a host has gained by silence, up to `by_ns`: a window of its that has closed stays closed, and one that has
    /// expired stays so. What was closed before its time raises nothing.
    pub(super) fn keep_gained(&mut self, host: &[u8], by_ns: i64, options: &Options) {
        let Some(now_ns) = self.of_host(host, options) else { return };
        let Some(clock) = self.clock_mut(host) else { return };
        clock.gained_ns = clock.gained_ns.max(by_ns.min(now_ns));
    }

    /// The watermark now: grown by the silence beyond `idle`.
    fn now_ns(&self, clock: &HostClock, idle_ns: i64) -> i64 {
        let silent_ns = self.silence_ns(clock).saturating_sub(idle_ns).max(0);
        clock.watermark_ns.saturating_add(silent_ns).max(clock.gained_ns)
    }

    fn silence_ns(&self, clock: &HostClock) -> i64 {
        let since_ns = self.listening_since_ns.unwrap_or(self.elapsed_ns);
        self.elapsed_ns - clock.heard_ns.max(since_ns)
    }

    /// Puts a host into the table: one that is new, or one that comes back.
    fn admit(&mut self, host: &[u8], max_hosts: usize) -> (usize, Heard) {
        let clock = self.gone.remove(host);
        let clock = clock.unwrap_or_else(|| HostClock::new(host.into(), self.elapsed_ns));
        match self.recency.oldest() {
            Some(index) if self.hosts.len() >= max_hosts => {
                (index, Heard::InPlaceOf(self.replace(index, clock)))
            }
            _ => (self.add(clock), Heard::Believed),
        }
    }

    fn add(&mut self, clock: HostClock) -> usize {
        let index = self.recency.add();
        self.next_silent.get_or_insert(index);
        self.hosts.insert(clock.host.clone(), index);
        self.clocks.push(clock);
        index
    }

    /// Puts a host into the place of another one, which goes.
    fn replace(&mut self, index: usize, clock: HostClock) -> Box<[u8]> {
        self.hosts.insert(clock.host.clone(), index);
        let mut gone = std::mem::replace(&mut self.clocks[index], clock);
        self.clocks[index].is_silent = std::mem::take(&mut gone.is_silent);
        let host = gone.host.clone();
        self.hosts.remove(&host);
        self.gone.insert(host.clone(), gone);
        host
    }

    /// Makes a host the one that was heard last.
    fn wake(&mut self, index: usize) {
        if std::mem::take(&mut self.clocks[index].is_silent) {
            self.silent.clear(index);
            self.silent_negated.clear(index);
        } else if self.next_silent == Some(index) {
            self.next_silent = self.recency.after(index);
        }
        self.recency.touch(index);
        self.next_silent.get_or_insert(index);
    }

    fn fall_silent(&mut self, index: usize) {
        let clock = &mut self.clocks[index];
        clock.is_silent = true;
        let key_ns = clock.watermark_ns.saturating_sub(clock.heard_ns);
        self.awake.clear(index);
        self.silent.set(index, key_ns);
        self.silent_negated.set(index, key_ns.saturating_neg());
    }

    fn grown(&self, key_ns: i64, options: &Options) -> i64 {
        key_ns.saturating_add(self.elapsed_ns).saturating_sub(options.idle_ns)
    }

    fn raise_all(&mut self, options: &Options) {
        let slowest = self.awake.get();
        let slowest = slowest.or_else(|| Some(self.grown(self.silent.get()?, options)));
        let lagging = match self.mono_ns {
            Some(_) => self.lead.before(self.elapsed_ns.saturating_sub(options.max_lag_ns)),
            None => None,
        };
        self.of_all_ns = self.of_all_ns.max(slowest).max(lagging);
    }
}

impl HostClock {
    fn new(host: Box<[u8]>, heard_ns: i64) -> Self {
        Self { host, watermark_ns: i64::MIN, gained_ns: i64::MIN, heard_ns, is_silent: false }
    }
}

/// How far the fastest host had come, and when.
#[derive(Debug, Default)]
struct Lead {
    /// When which watermark was reached, both rising.
    steps: VecDeque<(i64, i64)>,
    /// The highest watermark of the steps that were dropped.
    before_ns: Option<i64>,
}

/// Into so many steps `max_lag` is cut; what is reached within one counts as reached at its beginning.
const STEPS: i64 = 1024;

impl Lead {
    fn reach(&mut self, watermark_ns: i64, now_ns: i64, max_lag_ns: i64) {
        match self.steps.back_mut() {
            Some((_, reached_ns)) if watermark_ns <= *reached_ns => {}
            Some((at_ns, reached_ns)) if now_ns - *at_ns <= max_lag_ns / STEPS => {
                *reached_ns = watermark_ns;
            }
            _ => self.steps.push_back((now_ns, watermark_ns)),
        }
    }

    /// The highest watermark that was reached at `then_ns` or before.
    fn before(&mut self, then_ns: i64) -> Option<i64> {
        while let Some((_, watermark_ns)) = self.steps.pop_front_if(|(at_ns, _)| *at_ns <= then_ns)
        {
            self.before_ns = self.before_ns.max(Some(watermark_ns));
        }
        self.before_ns
    }
}

//! When a window may close: the watermark of each host, and the window that a row falls into.
//!
//! A watermark never goes back. It is the host's newest event time less `lateness`; when the host has been silent for
//! `idle`, it grows with the time that `advance` says has passed: a difference, so that a replay of old events on
//! today's clock makes nothing late.

mod bytes;

use std::{collections::BTreeMap, ops::Range};

use crate::{
    agg::window::Slot,
    compiled::Closing,
    config::{Mode, Options, Window},
    event::{Event, time},
    names::Names,
    row::{Env, Fields, Row},
};

/// The watermarks.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    hosts: BTreeMap<Box<[u8]>, HostClock>,
    wall_ns: Option<i64>,
    mono_ns: i64,
    idle_ns: i64,
    /// It was taken up from another run: the first `advance` tells what to take off the time of this one.
    is_resumed: bool,
    skipped_mono_ns: i64,
}

#[derive(Debug)]
struct HostClock {
    watermark_ns: i64,
    heard_mono_ns: i64,
}

/// So many hosts have a watermark of their own; the one that has been silent longest goes first.
const MAX_HOSTS: usize = 65_536;

impl Clocks {
    /// Takes note of an event; false if it is too far ahead of the clock to be believed.
    pub(super) fn hear(&mut self, host: &[u8], time_ns: i64, options: &Options) -> bool {
        let is_future = self
            .wall_ns
            .is_some_and(|wall_ns| time_ns > wall_ns.saturating_add(options.max_future_ns));
        if is_future {
            return false;
        }
        let watermark_ns = time_ns.saturating_sub(options.lateness_ns);
        let (mono_ns, idle_ns) = (self.mono_ns, self.idle_ns);
        if let Some(clock) = self.hosts.get_mut(host) {
            // What the host has gained by its silence stays gained.
            clock.watermark_ns = watermark_ns.max(clock.now_ns(mono_ns, idle_ns));
            clock.heard_mono_ns = mono_ns;
        } else {
            self.make_room();
            self.hosts.insert(host.into(), HostClock { watermark_ns, heard_mono_ns: mono_ns });
        }
        true
    }

    pub(super) fn advance(&mut self, wall_ns: i64, mono_ns: i64, idle_ns: i64) {
        self.wall_ns = Some(wall_ns);
        if std::mem::take(&mut self.is_resumed) {
            self.skipped_mono_ns = mono_ns.saturating_sub(self.mono_ns);
        }
        self.mono_ns = self.mono_ns.max(mono_ns.saturating_sub(self.skipped_mono_ns));
        self.idle_ns = idle_ns;
    }

    /// Whether the watermark that closes a window has passed its end.
    pub(super) fn has_passed(&self, slot: &Slot) -> bool {
        let watermark_ns = match &slot.host {
            Some(host) => self.of_host(host),
            None => self.of_all(),
        };
        watermark_ns.is_some_and(|watermark_ns| watermark_ns >= slot.end_ns)
    }

    /// The same just after an event of `host`. No window closes by it whose end that host has not passed itself, which is
    /// known at once, while the least watermark of all hosts has to be looked for.
    pub(super) fn has_passed_by(&self, host: &[u8], slot: &Slot) -> bool {
        self.of_host(host).is_none_or(|watermark_ns| watermark_ns >= slot.end_ns)
            && self.has_passed(slot)
    }

    /// Those of `slots` whose watermark has passed.
    pub(super) fn passed<'s>(
        &self,
        slots: impl Iterator<Item = &'s Slot>,
    ) -> impl Iterator<Item = &'s Slot> {
        let of_all_ns = self.of_all();
        slots.filter(move |slot| match &slot.host {
            Some(_) => self.has_passed(slot),
            None => of_all_ns.is_some_and(|watermark_ns| watermark_ns >= slot.end_ns),
        })
    }

    fn of_host(&self, host: &[u8]) -> Option<i64> {
        Some(self.hosts.get(host)?.now_ns(self.mono_ns, self.idle_ns))
    }

    /// The least watermark of the hosts that are not silent; where all are, of all.
    fn of_all(&self) -> Option<i64> {
        let watermark = |clock: &HostClock| clock.now_ns(self.mono_ns, self.idle_ns);
        let awake = self.hosts.values().filter(|clock| {
            self.wall_ns.is_none() || self.mono_ns - clock.heard_mono_ns <= self.idle_ns
        });
        awake.map(watermark).min().or_else(|| self.hosts.values().map(watermark).min())
    }

    fn make_room(&mut self) {
        if self.hosts.len() < MAX_HOSTS {
            return;
        }
        let silent = self.hosts.iter().min_by_key(|(_, clock)| clock.heard_mono_ns);
        if let Some(host) = silent.map(|(host, _)| host.clone()) {
            self.hosts.remove(&host);
        }
    }
}

impl HostClock {
    /// The watermark now: grown by the silence beyond `idle`.
    fn now_ns(&self, mono_ns: i64, idle_ns: i64) -> i64 {
        let silent_ns = mono_ns.saturating_sub(self.heard_mono_ns).saturating_sub(idle_ns);
        self.watermark_ns.saturating_add(silent_ns.max(0))
    }
}

/// The window that a row falls into; `None` where it lacks the time that says which.
pub(super) fn span(
    options: &Options,
    closing: &Closing,
    row: &Row<'_>,
    event: &Event<'_>,
    env: Env<'_>,
) -> Option<Range<i64>> {
    let window = match options.window {
        Window::All => i64::MIN..i64::MAX,
        Window::Rule => aligned(event.meta().time_ns?, closing.period_ns),
        Window::Fixed(length_ns) => aligned(event.meta().time_ns?, length_ns),
    };
    match &closing.bucket {
        Some(bucket) if options.mode == Mode::Stream => {
            let time_ns = time::of_value(row.get(Names::TIME), env.bump)?;
            let (start, end) = bucket.bucket_ns(time_ns, env.zone)?;
            Some(start.max(window.start)..end.min(window.end))
        }
        _ => Some(window),
    }
}

fn aligned(time_ns: i64, length_ns: i64) -> Range<i64> {
    let start = time_ns.div_euclid(length_ns).saturating_mul(length_ns);
    start..start.saturating_add(length_ns)
}

//! What each rule costs, for whoever asks: [`Options::stopwatch`](crate::config::Options::stopwatch).
//!
//! An engine that is not asked pays one test for each candidate. The fields of an event are found once, so the first rule that
//! reads one pays for those behind it: of two rules that read the same fields, the one whose path comes first seems the dearer.

use super::{Engine, Work};
use crate::{config::Stopwatch, ids::RuleId};

/// What one rule has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCost {
    /// What it took to look at its candidates, in nanoseconds: its per-event stages, and keeping what they let through.
    pub events_ns: u64,
    /// What it took to close and revise its windows, in nanoseconds.
    pub windows_ns: u64,
    /// The most bytes that its windows held at once. Of engines that were merged, the sum.
    pub state_bytes_peak: usize,
    /// Its alerts.
    pub alerts: u64,
}

/// What a rule is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Events,
    Windows,
}

/// The costs of all rules.
pub(super) struct Profile {
    stopwatch: Stopwatch,
    /// What all rules have been charged so far: work that lies within other work is charged once.
    charged_ns: u64,
    costs: Box<[RuleCost]>,
}

/// When some work began, and what had been charged then.
struct Started {
    at_ns: u64,
    charged_ns: u64,
}

impl RuleCost {
    /// All its time, in nanoseconds.
    #[must_use]
    pub fn total_ns(&self) -> u64 {
        self.events_ns + self.windows_ns
    }

    /// Adds what it cost in another engine; a new cost must be named here before this compiles.
    fn add(&mut self, other: &Self) {
        let Self { events_ns, windows_ns, state_bytes_peak, alerts } = *other;
        self.events_ns += events_ns;
        self.windows_ns += windows_ns;
        self.state_bytes_peak += state_bytes_peak;
        self.alerts += alerts;
    }
}

impl Profile {
    pub(super) fn new(stopwatch: Stopwatch, rules: usize) -> Self {
        Self { stopwatch, charged_ns: 0, costs: vec![RuleCost::default(); rules].into() }
    }

    pub(super) fn note_alert(&mut self, rule: RuleId) {
        self.costs[rule.index()].alerts += 1;
    }

    /// Takes over what a rule has cost under another id.
    pub(super) fn inherit(&mut self, heir: RuleId, other: &Self, rule: RuleId) {
        self.costs[heir.index()] = other.costs[rule.index()];
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.costs.iter_mut().zip(&other.costs).for_each(|(own, other)| own.add(other));
    }

    fn start(&self) -> Started {
        Started { at_ns: (self.stopwatch)(), charged_ns: self.charged_ns }
    }

    fn stop(&mut self, started: &Started, rule: RuleId, phase: Phase, state_bytes: usize) {
        let elapsed_ns = (self.stopwatch)().saturating_sub(started.at_ns);
        let within_ns = self.charged_ns - started.charged_ns;
        let own_ns = elapsed_ns.saturating_sub(within_ns);
        self.charged_ns += own_ns;
        let cost = &mut self.costs[rule.index()];
        match phase {
            Phase::Events => cost.events_ns += own_ns,
            Phase::Windows => cost.windows_ns += own_ns,
        }
        cost.state_bytes_peak = cost.state_bytes_peak.max(state_bytes);
    }
}

impl Engine {
    /// What one rule has cost; nothing where no stopwatch was given.
    #[must_use]
    pub fn rule_cost(&self, rule: RuleId) -> RuleCost {
        self.profile.as_ref().map(|profile| profile.costs[rule.index()]).unwrap_or_default()
    }
}

impl Work<'_, '_> {
    /// Does some work of a rule and charges it, where somebody asks.
    #[inline]
    pub(super) fn measured(&mut self, rule: RuleId, phase: Phase, work: impl FnOnce(&mut Self)) {
        let started = self.profile.as_deref().map(Profile::start);
        work(self);
        if let (Some(started), Some(profile)) = (started, self.profile.as_deref_mut()) {
            profile.stop(&started, rule, phase, self.windows.rule_bytes(rule));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NOW_NS: Cell<u64> = const { Cell::new(0) };
    }

    #[test]
    fn work_within_other_work_is_charged_once() {
        let mut profile = Profile::new(|| NOW_NS.get(), 2);
        let [outer, inner] = [0, 1].map(RuleId::new);
        let of_outer = profile.start();
        NOW_NS.set(10);
        let of_inner = profile.start();
        NOW_NS.set(17);
        profile.stop(&of_inner, inner, Phase::Windows, 5);
        NOW_NS.set(20);
        profile.stop(&of_outer, outer, Phase::Events, 9);
        let cost = |events_ns, windows_ns, state_bytes_peak| RuleCost {
            events_ns,
            windows_ns,
            state_bytes_peak,
            alerts: 0,
        };
        assert_eq!(*profile.costs, [cost(13, 0, 9), cost(0, 7, 5)]);
    }
}

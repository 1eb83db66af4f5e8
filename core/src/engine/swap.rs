//! Changing the rules while events run.

use std::sync::Arc;

use super::{
    Enabled, Engine, Sink, Work,
    state::{Reason, heir},
};
use crate::{
    agg::windows::bytes::Count,
    alert::Partial,
    compiled::{Rule, RuleSet},
    ids::RuleId,
};

/// What became of the rules of an engine that was given others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swapped {
    /// How many rules go on.
    pub rules: usize,
    /// How many open windows these have.
    pub windows: usize,
    /// How many windows of theirs that have closed can be revised still.
    pub retained: usize,
    /// The rules that do not go on, in the order of their paths.
    pub ended: Vec<Ended>,
}

/// A rule that did not live on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its path.
    pub path: String,
    /// How many open windows it had, which were sent as they stood.
    pub windows: usize,
    /// How many windows that had closed could have been revised; they were let go.
    pub retained: usize,
    /// Why it did not live on.
    pub reason: Reason,
}

/// For each rule of an engine, the one that goes on in its place.
type Heirs = [Result<RuleId, Reason>];

impl Engine {
    /// Goes on with other rules, all at once: the next event meets the new ones only.
    ///
    /// A rule lives on in the one of the same path and [`PlanHash`](crate::compiled::PlanHash), with its windows and counters, and stays
    /// disabled if it was.
    /// What the open windows of any other have seen is sent, marked [`Partial::Reload`]; its closed ones can no longer be
    /// revised, and are counted in [`Counters::retained_dropped`](crate::config::Counters::retained_dropped). A rule that is new
    /// starts without anything. Watermarks, the clock and the engine's own counters go on. Nothing here can fail half-way.
    pub fn swap(&mut self, rules: Arc<RuleSet>, sink: &mut Sink<'_>) -> Swapped {
        let heirs: Vec<_> = self.rules.rules().map(|rule| heir_of(rule, &rules)).collect();
        let swapped = self.foretell(&heirs);
        self.counters.retained_dropped +=
            swapped.ended.iter().map(|rule| rule.retained as u64).sum::<u64>();
        let is_ended = |rule: RuleId| heirs[rule.index()].is_err();
        Work::new(self, sink).interrupt(Partial::Reload, is_ended);
        self.hand_over(rules, &heirs);
        self.settle();
        swapped
    }

    fn foretell(&self, heirs: &Heirs) -> Swapped {
        let windows = self.windows.by_rule();
        let mut swapped = Swapped::default();
        for (index, (rule, heir)) in self.rules.rules().zip(heirs).enumerate() {
            let count = windows.get(&RuleId::new(index)).map(|windows| windows.count());
            let Count { open, retained } = count.unwrap_or_default();
            match *heir {
                Ok(_) => {
                    swapped.rules += 1;
                    swapped.windows += open;
                    swapped.retained += retained;
                }
                Err(reason) => {
                    let path = rule.meta.path.clone();
                    swapped.ended.push(Ended { path, windows: open, retained, reason });
                }
            }
        }
        swapped
    }

    /// Makes a new engine of this one: what is not named here belongs to the rules.
    fn hand_over(&mut self, rules: Arc<RuleSet>, heirs: &Heirs) {
        let mut new = Self::new(rules, self.options.clone());
        for (index, heir) in heirs.iter().enumerate() {
            let Ok(heir) = *heir else { continue };
            new.rule_counters[heir.index()] = self.rule_counters[index];
            if let (Some(new), Some(own)) = (&mut new.profile, &self.profile) {
                new.inherit(heir, own, RuleId::new(index));
            }
            if self.disabled.contains(RuleId::new(index)) {
                new.set_enabled(heir, Enabled::No);
            }
        }
        let heir = |rule: RuleId| heirs[rule.index()].ok();
        let windows = std::mem::take(&mut self.windows);
        let windows = windows.handed_over(heir, &self.rules.names, &new.rules);
        self.classes.forget();
        *self = Self {
            windows,
            scratch: std::mem::take(&mut self.scratch),
            classes: std::mem::take(&mut self.classes),
            clocks: std::mem::take(&mut self.clocks),
            alarms: std::mem::take(&mut self.alarms),
            counters: self.counters,
            exhausted: self.exhausted.and_then(|rule| heirs[rule.index()].ok()),
            ..new
        };
    }
}

fn heir_of(rule: &Rule, rules: &RuleSet) -> Result<RuleId, Reason> {
    heir(rules, rule.meta.path.as_bytes(), rule.plan_hash)
}

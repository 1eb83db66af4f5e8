//! Two engines that saw different parts of one input become one.

use std::sync::Arc;

use super::Engine;
use crate::config::{Counters, Mode, RuleCounters};

impl Engine {
    /// Takes in everything that `other` has seen, so that [`finish`](Self::finish) gives what one engine over both parts of
    /// the input would give, in the same order, whoever takes in whom. For batch mode, where an input is cut into parts that
    /// several threads read.
    ///
    /// Rows keep their places by [`Head`](crate::event::Head): parts of one input number their events through. Alerts of
    /// rules that reduce nothing were sent when their events were pushed; to order these is up to the caller. Counters are
    /// added, the peaks of the state too, for both were held at once. Both engines must have the same options; those of
    /// `self` go on.
    ///
    /// # Panics
    /// If the engines do not share their rule set, or either runs a stream: its hosts' clocks cannot be split.
    pub fn merge(&mut self, other: Self) {
        assert!(Arc::ptr_eq(&self.rules, &other.rules), "engines that merge share a rule set");
        let modes = [self.options.mode, other.options.mode];
        assert_eq!(modes, [Mode::Batch; 2], "a stream has one engine");
        self.exhausted = self.exhausted.into_iter().chain(other.exhausted).min();
        other.outbox.take().into_iter().for_each(|written| self.outbox.add(written));
        add(&mut self.counters, &other.counters);
        for (own, other) in self.rule_counters.iter_mut().zip(&other.rule_counters) {
            add_of_rule(own, other);
        }
        if let (Some(own), Some(other)) = (&mut self.profile, &other.profile) {
            own.add(other);
        }
        for (slot, window) in other.windows.into_open() {
            let plan = &self.rules.rule(slot.rule).plan;
            let reduce = plan.reduce.as_ref().expect("only rules that reduce open windows");
            self.windows.merge(&slot, window, reduce);
            let is_over = self.windows.bytes() > self.options.max_state_bytes
                || self.windows.rule_bytes(slot.rule) > self.options.max_rule_state_bytes();
            if is_over {
                self.exhausted.get_or_insert(slot.rule);
            }
        }
        self.counters.state_bytes = self.windows.bytes();
    }
}

/// Adds every counter; a new one must be named here before this compiles.
fn add(own: &mut Counters, other: &Counters) {
    let Counters {
        events,
        bytes,
        candidates,
        alerts,
        cut_events,
        malformed_rows,
        lost_fields,
        cut_rows,
        unwritten_rows,
        late,
        revised,
        retracted,
        late_dropped,
        retained_dropped,
        timeless_dropped,
        future_events,
        truncated_groups,
        partial_groups,
        kind_resets,
        given_up_searches,
        state_bytes: _, // What is held after the merge is known then.
        state_bytes_peak,
    } = *other;
    own.events += events;
    own.bytes += bytes;
    own.candidates += candidates;
    own.alerts += alerts;
    own.cut_events += cut_events;
    own.malformed_rows += malformed_rows;
    own.lost_fields += lost_fields;
    own.cut_rows += cut_rows;
    own.unwritten_rows += unwritten_rows;
    own.late += late;
    own.revised += revised;
    own.retracted += retracted;
    own.late_dropped += late_dropped;
    own.retained_dropped += retained_dropped;
    own.timeless_dropped += timeless_dropped;
    own.future_events += future_events;
    own.truncated_groups += truncated_groups;
    own.partial_groups += partial_groups;
    own.kind_resets += kind_resets;
    own.given_up_searches += given_up_searches;
    own.state_bytes_peak += state_bytes_peak;
}

fn add_of_rule(own: &mut RuleCounters, other: &RuleCounters) {
    let RuleCounters { candidates, passed } = *other;
    own.candidates += candidates;
    own.passed += passed;
}

//! What happens when the state outgrows its bounds.
//!
//! Each rule has a bound of its own, then all rules together have one. What goes belongs to the rule whose window grows,
//! never to another: first its retained windows, then further values of `values` and `list` in the group that grows, then
//! whole groups, sent early. That a window was sent so is remembered, lest what comes to it behind is taken for all of it.
//!
//! An arena gives nothing back but as a whole, so a window that sends groups early is copied without them. That this does
//! not cost its size for each row, half of what it holds goes at a time: the group that grows if it is that large, else
//! those whose newest row is oldest, since a flood of new keys must not push out the group that an attack is just filling.

use std::cmp::Reverse;

use super::Work;
use crate::{
    agg::{
        Groups,
        window::{Slot, Window},
    },
    alert::Partial,
    compiled::Reduce,
    config::Mode,
    ids::{GroupId, RuleId},
    row::Env,
    stage::stats::Stats,
};

/// From so many eighths of a bound on, retained windows and values are given up.
const NEAR: usize = 7;
/// The whole of a bound.
const FULL: usize = 8;

impl Work<'_, '_> {
    /// Keeps the state under its bounds after a window has grown: batch stops, a stream gives something up.
    pub(super) fn bound_state(&mut self, slot: &Slot, reduce: &Reduce, grown: &[GroupId]) {
        let has_grown = self.windows.bytes() > self.counters.state_bytes;
        self.note_bytes();
        match self.options.mode {
            Mode::Batch if self.is_over(slot.rule, FULL) => *self.exhausted = Some(slot.rule),
            Mode::Stream if has_grown && self.is_over(slot.rule, NEAR) => {
                self.give_up(slot, reduce, grown);
            }
            _ => {}
        }
    }

    fn give_up(&mut self, slot: &Slot, reduce: &Reduce, grown: &[GroupId]) {
        self.bound_retained(slot.rule);
        if !self.is_over(slot.rule, NEAR) {
            return;
        }
        let truncated = self.windows.truncate(slot, grown);
        self.counters.truncated_groups += truncated as u64;
        // A table that doubles passes the bound at once; what it holds is then worth keeping, and grows no more.
        let is_enough = truncated > 0 && self.windows.fills_half(slot, grown);
        if self.is_over(slot.rule, FULL) && !is_enough {
            match reduce {
                Reduce::Stats(stats) => self.send_groups_early(slot, reduce, stats, grown),
                Reduce::Collect | Reduce::Branched(_) => {
                    self.counters.partial_groups += 1;
                    self.end(slot, Some(Partial::Memory));
                }
            }
        }
    }

    /// Lets the retained windows of a rule go while it is near a bound, the oldest first.
    pub(super) fn bound_retained(&mut self, rule: RuleId) {
        self.note_bytes();
        while self.is_over(rule, NEAR)
            && let Some(slot) = self.windows.first_retained_of_rule(rule).cloned()
        {
            self.let_go_early(&slot);
        }
    }

    /// Lets a retained window go although late rows of it may still come.
    pub(super) fn let_go_early(&mut self, slot: &Slot) {
        self.counters.retained_dropped += 1;
        self.windows.make_final(slot);
        self.let_go(slot);
    }

    fn is_over(&self, rule: RuleId, eighths: usize) -> bool {
        let share = |bound_bytes: usize| bound_bytes / FULL * eighths;
        self.windows.rule_bytes(rule) > share(self.options.max_rule_state_bytes())
            || self.windows.bytes() > share(self.options.max_state_bytes)
    }

    fn send_groups_early(
        &mut self,
        slot: &Slot,
        reduce: &Reduce,
        stats: &Stats,
        grown: &[GroupId],
    ) {
        let Some((window, _)) = self.windows.take(slot) else { return };
        let (leaving, staying) = part(&window, grown.last().copied());
        self.send_early(slot, &window, stats, &leaving);
        self.counters.cut_rows += window.cut_rows();
        let mut rest = self.windows.make(reduce);
        rest.adopt(stats, &window, &staying);
        if rest.bytes() <= window.bytes() / 4 * 3 && !staying.is_empty() {
            self.windows.put_rest(slot, rest);
        } else {
            self.send_early(slot, &window, stats, &staying);
            self.windows.make_final(slot);
            self.windows.recycle(rest.into_owner());
        }
        self.windows.recycle(window.into_owner());
        self.note_bytes();
    }

    fn send_early(&mut self, slot: &Slot, window: &Window, stats: &Stats, leaving: &[GroupId]) {
        let bump = self.windows.arena();
        let env = Env { bump: &bump, ..self.env_of(slot) };
        self.counters.partial_groups += leaving.len() as u64;
        self.send_rows(slot, window.rows_of(leaving, stats, env), env, Some(Partial::Memory));
        self.windows.recycle(bump);
    }

    /// Takes note of the bytes that are held.
    pub(super) fn note_bytes(&mut self) {
        self.counters.state_bytes = self.windows.bytes();
        self.counters.state_bytes_peak =
            self.counters.state_bytes_peak.max(self.counters.state_bytes);
    }
}

/// The groups that leave a window, which hold half of its bytes, and those that stay.
fn part(window: &Window, growing: Option<GroupId>) -> (Vec<GroupId>, Vec<GroupId>) {
    let Some(groups) = window.groups() else { return (Vec::new(), Vec::new()) };
    let half_bytes = window.bytes() / 2;
    let mut ids = groups.sorted();
    match growing.filter(|&growing| groups.group(growing).bytes() >= half_bytes) {
        Some(growing) => ids.into_iter().partition(|&id| id == growing),
        None => {
            ids.sort_by_key(|&id| Reverse(groups.group(id).newest_first_ns()));
            let staying = ids.split_off(leading(groups, &ids, half_bytes));
            (ids, staying)
        }
    }
}

/// How many of the first groups hold so many bytes together.
fn leading(groups: &Groups<'_>, ids: &[GroupId], enough_bytes: usize) -> usize {
    let mut bytes = 0;
    let enough = ids.iter().position(|&id| {
        bytes += groups.group(id).bytes();
        bytes >= enough_bytes
    });
    enough.map_or(ids.len(), |last| last + 1)
}

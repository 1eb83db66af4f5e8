//! Rows that come after their window has closed.
//!
//! The window is kept for a while. A late row goes into it, the groups that it can change are finished again, and what
//! differs from before is sent, at once and in the order of the groups: a changed row as the next revision of the same key, a new one as revision 0, and one that
//! is there no longer with what was sent last. All of it is `late`. A window that nothing was in before is made then, but none
//! that was sent and let go early: a row of that is dropped, and counted.
//!
//! Where no later command takes rows together, only the groups of the late row are finished again. Where one does, it is
//! the whole window; so that many late rows to a large window do not cost its size each time, they then wait for each
//! other until the window is let go.

use std::collections::BTreeMap;

use bumpalo::Bump;

use super::Work;
use crate::{
    agg::{
        window::{Slot, Window, copy_row},
        windows::Retained,
    },
    alert::{Alert, Partial, Version},
    compiled::{Reduce, Revision, Rule},
    row::{Env, Row},
    stage::stats::Stats,
};

/// A window with at most so many groups is finished anew for each late row.
const FEW_GROUPS: usize = 100;

impl<'e> Work<'e, '_> {
    /// Takes in a row whose window has closed, if it is still kept.
    pub(super) fn keep_late(
        &mut self,
        slot: &Slot,
        rule: &Rule,
        reduce: &Reduce,
        row: &Row<'e>,
        env: Env<'e>,
    ) {
        let is_kept = !self.has_expired(slot) && !self.windows.is_final(slot);
        if rule.plan.closing.revision == Revision::Never || !is_kept {
            self.counters.late_dropped += 1;
            return;
        }
        self.counters.late += 1;
        self.windows.update_late(slot, reduce, row, env);
        let is_cheap = rule.plan.closing.revision == Revision::Groups
            || self.windows.retained_groups(slot) <= FEW_GROUPS;
        if is_cheap {
            self.revise(slot);
        }
        self.bound_retained(slot.rule);
    }

    /// Sends what the late rows of a window have changed.
    pub(super) fn revise(&mut self, slot: &Slot) {
        let rules = self.rules;
        let Some(Reduce::Stats(stats)) = &rules.rules[slot.rule.index()].plan.reduce else {
            return;
        };
        let Some(mut retained) = self.windows.take_retained(slot) else { return };
        if let Some(late) = retained.late.take() {
            let bump = self.windows.arena();
            self.merge_late(slot, stats, &mut retained, &late, &bump);
            self.counters.cut_rows += late.cut_rows();
            self.windows.recycle(late.into_owner());
            self.windows.recycle(bump);
        }
        self.windows.retain(slot, retained);
    }

    fn merge_late(
        &mut self,
        slot: &Slot,
        stats: &Stats,
        retained: &mut Retained,
        late: &Window,
        bump: &Bump,
    ) {
        let env = Env { bump, ..self.env_of(slot) };
        let before = self.copied_results(slot, &retained.window, late, stats, env);
        retained.window.merge_groups(late, stats);
        let Retained { window, revisions, is_rest, .. } = retained;
        let after = self.results(slot, window, late, stats, env);
        let partial = is_rest.then_some(Partial::Memory);
        self.send_changes(slot, [&before, &after], env, partial, revisions);
    }

    /// The same as [`results`](Self::results), but of a window that will change.
    fn copied_results<'b>(
        &self,
        slot: &Slot,
        window: &Window,
        late: &Window,
        stats: &Stats,
        env: Env<'b>,
    ) -> Vec<Row<'b>>
    where
        'e: 'b,
    {
        let rows = self.results(slot, window, late, stats, env);
        rows.iter().map(|row| copy_row(row, env)).collect()
    }

    /// The result rows of a window that late rows can change.
    fn results<'w>(
        &self,
        slot: &Slot,
        window: &'w Window,
        late: &Window,
        stats: &Stats,
        env: Env<'w>,
    ) -> Vec<Row<'w>>
    where
        'e: 'w,
    {
        let revision = self.rules.rules[slot.rule.index()].plan.closing.revision;
        let rows = match revision {
            Revision::Groups => window.rows_shared_with(late, stats, env),
            // A window without groups has sent nothing, not even the row that counts none.
            Revision::Window | Revision::Never => match window.groups() {
                Some(groups) if !groups.is_empty() => stats.finish(groups, env),
                _ => Vec::new(),
            },
        };
        let mut rows = self.finished(slot, rows, env);
        if revision == Revision::Window {
            // `sort` and its like put them into another order.
            rows.sort_by_key(Row::group);
        }
        rows
    }

    /// Compares two lists of rows, both in the order of their groups, and sends each difference.
    fn send_changes<'w>(
        &mut self,
        slot: &Slot,
        [before, after]: [&[Row<'w>]; 2],
        env: Env<'w>,
        partial: Option<Partial>,
        revisions: &mut BTreeMap<u64, u32>,
    ) where
        'e: 'w,
    {
        let mut before = before.iter().peekable();
        let mut after = after.iter().peekable();
        loop {
            let group = match (before.peek(), after.peek()) {
                (None, None) => return,
                (Some(one), None) | (None, Some(one)) => one.group(),
                (Some(left), Some(right)) => left.group().min(right.group()),
            };
            let alert = |row: Option<&Row<'w>>| row.map(|row| self.alert(slot, row, env, partial));
            let sent = alert(before.next_if(|row| row.group() == group));
            let found = alert(after.next_if(|row| row.group() == group));
            self.send_change(sent, found, revisions);
        }
    }

    fn send_change(
        &mut self,
        sent: Option<Alert<'_>>,
        found: Option<Alert<'_>>,
        revisions: &mut BTreeMap<u64, u32>,
    ) {
        let (alert, retracted) = match (sent, found) {
            (Some(sent), Some(found)) if sent.is_same(&found) => return,
            (_, Some(found)) => (found, false),
            (Some(sent), None) => (sent, true),
            (None, None) => return,
        };
        let last = revisions.get(&alert.key).copied().or(sent.map(|_| 0));
        let revision = last.map_or(0, |last| last.saturating_add(1));
        if revision > 0 {
            revisions.insert(alert.key, revision);
        }
        match retracted {
            true => self.counters.retracted += 1,
            false => self.counters.revised += 1,
        }
        self.deliver(&alert.versioned(Version { revision, late: true, retracted }));
    }
}

//! Which windows close when, and how long they are kept behind their end.
//!
//! Windows that close in one call close in the order of their ends, then of their rules, starts and hosts.

use super::{Work, frame, profile::Phase};
use crate::{
    agg::{
        window::{Slot, Window},
        windows::Retained,
    },
    alert::Partial,
    compiled::{Plan, Revision},
    config::Mode,
    event::Meta,
    ids::RuleId,
    row::{Env, Row},
};

impl<'e> Work<'e, '_> {
    /// Whether a window has closed already.
    pub(super) fn has_closed(&self, slot: &Slot) -> bool {
        self.windows.is_retained(slot) || self.has_passed(slot)
    }

    fn has_passed(&self, slot: &Slot) -> bool {
        self.clocks.has_reached(slot, slot.end_ns, self.options)
    }

    /// Whether the watermark of a closed window is so far behind its end that late rows no longer count.
    pub(super) fn has_expired(&self, slot: &Slot) -> bool {
        self.clocks.has_reached(slot, self.expires_ns(slot), self.options)
    }

    fn expires_ns(&self, slot: &Slot) -> i64 {
        slot.end_ns.saturating_add(self.options.retain_ns())
    }

    /// Closes every window that an event has completed: one of its host, or one of all hosts.
    pub(super) fn close_after(&mut self, meta: &Meta<'_>) {
        let host = meta.host.unwrap_or_default();
        loop {
            let firsts = [Some(host), None].map(|host| self.windows.first_open(host));
            let due = firsts.into_iter().flatten().filter(|slot| self.has_passed(slot)).min();
            let Some(slot) = due.cloned() else { break };
            self.close(&slot);
        }
        self.let_expired_go(Some(host));
        self.let_expired_go(None);
    }

    /// Closes every window that the time since the last event has completed.
    pub(super) fn close_silent(&mut self) {
        let mut silent = Vec::new();
        while let Some(host) = self.alarms.ring(self.clocks.elapsed_ns()) {
            silent.push(host);
        }
        let mut due: Vec<Slot> = self.due(None);
        silent.iter().for_each(|host| due.extend(self.due(Some(host))));
        due.sort_unstable();
        let stale: Vec<Slot> = silent.iter().flat_map(|host| self.stale(host)).collect();
        due.iter().for_each(|slot| self.close(slot));
        stale.iter().for_each(|slot| self.let_go_early(slot));
        self.let_expired_go(None);
        for host in &silent {
            self.let_expired_go(Some(host));
            self.set_alarm(host);
        }
    }

    /// The open windows of a host, or of all, that have passed their end. A host without a watermark has sent nothing that
    /// could be believed: what its alarm finds is as complete as it will be.
    fn due(&self, host: Option<&[u8]>) -> Vec<Slot> {
        let is_unknown = host.is_some_and(|host| !self.clocks.knows(host));
        let slots = self.windows.open_slots_of(host);
        slots.take_while(|slot| is_unknown || self.has_passed(slot)).cloned().collect()
    }

    /// The retained windows of a host without a watermark. None will ever pass them, so they are kept from one alarm to the
    /// next.
    fn stale(&self, host: &[u8]) -> Vec<Slot> {
        match self.clocks.knows(host) {
            true => Vec::new(),
            false => self.windows.retained_slots_of(host).cloned().collect(),
        }
    }

    fn let_expired_go(&mut self, host: Option<&[u8]>) {
        while let Some(slot) =
            self.windows.first_retained(host).filter(|slot| self.has_expired(slot))
        {
            self.let_go(&slot.clone());
        }
    }

    /// Sets the alarm of a host that has windows, unless it has one: for when silence alone would close or end the first of
    /// them, but at most `idle` ahead, for what the host says meanwhile may bring its watermark nearer.
    pub(super) fn set_alarm(&mut self, host: &[u8]) {
        if self.clocks.wall_ns().is_none() || self.alarms.is_set(host) {
            return;
        }
        let open_ns = self.windows.first_open(Some(host)).map(|slot| slot.end_ns);
        let retained = self.windows.first_retained(Some(host));
        let retained_ns = retained.map(|slot| self.expires_ns(slot));
        let Some(by_ns) = open_ns.into_iter().chain(retained_ns).min() else { return };
        let silence_ns = self.clocks.silence_until_ns(host, by_ns, self.options);
        let silence_ns = silence_ns
            .map_or(self.options.idle_ns, |silence_ns| silence_ns.min(self.options.idle_ns))
            .max(1);
        self.alarms.set(host, self.clocks.elapsed_ns().saturating_add(silence_ns));
    }

    /// Sets the alarms of all hosts, which need none before the clock runs.
    pub(super) fn set_alarms(&mut self) {
        self.windows.hosts().into_iter().for_each(|host| self.set_alarm(&host));
    }

    /// Closes the windows of a host that has lost its place to another. Its watermark stays until the last of them is let go.
    pub(super) fn close_gone(&mut self, host: &[u8]) {
        while let Some(slot) = self.windows.first_open(Some(host)).cloned() {
            self.close(&slot);
        }
        self.let_expired_go(Some(host));
        self.forget_without_windows(host);
    }

    fn forget_without_windows(&mut self, host: &[u8]) {
        if self.windows.has_any_of(host) {
            return;
        }
        self.alarms.cancel(host);
        if let Some(end_ns) = self.clocks.forget_gone(host) {
            self.windows.forget_host(host, end_ns);
        }
    }

    /// Sends what a window makes, and keeps it for late rows if those can change it.
    pub(super) fn close(&mut self, slot: &Slot) {
        let Some((window, is_rest)) = self.windows.take(slot) else { return };
        self.keep_gained(slot, slot.end_ns);
        self.send_window(slot, &window, is_rest.then_some(Partial::Memory));
        let plan = &self.rules.rules[slot.rule.index()].plan;
        if plan.closing.revision != Revision::Never && self.options.retain_ns() > 0 {
            self.windows.retain(slot, Retained::new(window, is_rest));
        } else {
            self.windows.recycle(window.into_owner());
            if !self.has_passed(slot) {
                self.windows.make_final(slot);
            }
        }
        self.tidy(slot);
    }

    /// That a host's silence has carried its watermark to `by_ns` closes or ends a window of its for good.
    fn keep_gained(&mut self, slot: &Slot, by_ns: i64) {
        if let Some(host) = &slot.host {
            self.clocks.keep_gained(host, by_ns, self.options);
        }
    }

    /// Ends the time in which late rows revise a window.
    pub(super) fn let_go(&mut self, slot: &Slot) {
        self.keep_gained(slot, self.expires_ns(slot));
        self.measured(slot.rule, Phase::Windows, |work| work.revise(slot));
        if let Some(retained) = self.windows.take_retained(slot) {
            self.windows.recycle(retained.window.into_owner());
        }
        self.tidy(slot);
    }

    /// What follows when a window is gone.
    fn tidy(&mut self, slot: &Slot) {
        self.note_bytes();
        if let Some(host) = &slot.host {
            self.forget_without_windows(host);
        }
    }

    /// Closes every window at once: a batch rule by rule, a stream as if its time had passed.
    pub(super) fn finish(&mut self) {
        let mut retained: Vec<Slot> = self.windows.retained_slots().cloned().collect();
        retained.sort_unstable();
        retained.iter().for_each(|slot| self.let_go(slot));
        let mut open: Vec<Slot> = self.windows.open_slots().cloned().collect();
        open.sort_unstable();
        match self.options.mode {
            Mode::Stream => open.iter().for_each(|slot| self.end(slot, None)),
            Mode::Batch => self.finish_rules(open),
        }
        self.windows.forget_finals();
    }

    /// Ends the windows of some rules at once: sends what late rows have changed in those that have closed, and the open ones
    /// as they stand.
    pub(super) fn interrupt(&mut self, reason: Partial, is_ended: impl Fn(RuleId) -> bool) {
        let of_ended = |slot: &&Slot| is_ended(slot.rule);
        let mut retained: Vec<Slot> =
            self.windows.retained_slots().filter(of_ended).cloned().collect();
        retained.sort_unstable();
        for slot in &retained {
            self.windows.make_final(slot);
            self.let_go(slot);
        }
        let mut open: Vec<Slot> = self.windows.open_slots().filter(of_ended).cloned().collect();
        open.sort_unstable();
        open.iter().for_each(|slot| self.end(slot, Some(reason)));
    }

    fn finish_rules(&mut self, mut open: Vec<Slot>) {
        open.sort_by_key(|slot| slot.rule);
        let mut open = open.into_iter().peekable();
        for rule_id in (0..self.rules.len()).map(RuleId::new) {
            if open.peek().is_none_or(|slot| slot.rule != rule_id) {
                self.finish_without_rows(rule_id);
            }
            while let Some(slot) = open.next_if(|slot| slot.rule == rule_id) {
                self.end(&slot, None);
            }
        }
    }

    /// In batch, a rule that saw no row still says what it makes of none: `stats count` is 0, `makeresults` is a row.
    fn finish_without_rows(&mut self, rule_id: RuleId) {
        let slot = Slot::all_time(rule_id);
        match &self.rules.rules[rule_id.index()].plan {
            Plan { reduce: Some(reduce), .. } => {
                let window = self.windows.make(reduce);
                self.send_window(&slot, &window, None);
                self.windows.recycle(window.into_owner());
            }
            Plan { generates: true, .. } => self.send_rows(&slot, Vec::new(), self.env, None),
            _ => {}
        }
    }

    /// Sends what an open window makes so far and lets it go.
    pub(super) fn end(&mut self, slot: &Slot, partial: Option<Partial>) {
        if partial.is_some() {
            self.windows.make_final(slot);
        }
        if let Some((window, is_rest)) = self.windows.take(slot) {
            let partial = partial.or(is_rest.then_some(Partial::Memory));
            self.send_window(slot, &window, partial);
            self.windows.recycle(window.into_owner());
        }
        self.tidy(slot);
    }

    /// Turns a window back into rows, and sends what the rest of the pipeline makes of them.
    fn send_window(&mut self, slot: &Slot, window: &Window, partial: Option<Partial>) {
        self.measured(slot.rule, Phase::Windows, |work| work.send_rows_of(slot, window, partial));
    }

    fn send_rows_of(&mut self, slot: &Slot, window: &Window, partial: Option<Partial>) {
        let rules = self.rules;
        let Some(reduce) = &rules.rules[slot.rule.index()].plan.reduce else { return };
        let bump = self.windows.arena();
        let env = Env { bump: &bump, ..self.env_of(slot) };
        self.counters.cut_rows += window.cut_rows();
        let (branches, cut_rows) = window.branches(reduce, env);
        self.counters.cut_rows += cut_rows;
        let env = Env { branches, ..env };
        self.send_rows(slot, window.rows(reduce, env), env, partial);
        self.windows.recycle(bump);
    }

    /// What stages need that run on the rows of a window.
    pub(super) fn env_of(&self, slot: &Slot) -> Env<'e> {
        let closing = &self.rules.rules[slot.rule.index()].plan.closing;
        let now_s = frame::now_s(self.options, closing, slot.bounded_start_ns());
        Env { now_s, ..self.env }
    }

    /// Runs the rest of the pipeline on rows of a window, and sends the result.
    pub(super) fn send_rows<'w>(
        &mut self,
        slot: &Slot,
        rows: Vec<Row<'w>>,
        env: Env<'w>,
        partial: Option<Partial>,
    ) where
        'e: 'w,
    {
        for row in &self.finished(slot, rows, env) {
            let alert = self.alert(slot, row, env, partial);
            self.deliver(&alert);
        }
    }
}

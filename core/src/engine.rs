//! The life of an event, from its bytes to the alerts it causes.
//!
//! [`Engine::push`] is the whole story in order: scan the bytes for rules that could match, read time and host, run
//! each candidate's per-event stages, put the surviving row into its window, and close the windows that the event's
//! time has completed. [`Engine::advance`] closes what silence has completed, [`Engine::finish`] everything.
//!
//! An engine is the mutable state of one stream; any number of them share one [`RuleSet`]. After warm-up an event that
//! no rule selects allocates nothing, and no event ever makes it fail: what is odd is counted in [`Counters`].

mod clock;
mod merge;
mod state;
mod trace;

use std::sync::Arc;

use bumpalo::Bump;

use crate::{
    agg::window::{Slot, Window, Windows},
    alert::{self, Alert, Partial, Parts},
    compiled::{Plan, Reduce, Rule, RuleSet},
    config::{Counters, Input, Mode, Options, RuleCounters},
    event::{
        Event, Head, Knowledge, Meta,
        classes::Classes,
        json::{self, Records},
    },
    expr::regex::Caches,
    ids::RuleId,
    row::{Env, Rank, Row},
    scan::candidates::Candidates,
    stage::{Stage, Verdict},
};
use clock::Clocks;

pub use state::{LeftOut, Reason, Restored, StateError};
pub use trace::{StageVerdict, Trace};

/// The mutable state of one stream of events.
pub struct Engine {
    rules: Arc<RuleSet>,
    options: Options,
    /// Where the work on one event lives; reset after it.
    scratch: Bump,
    caches: Caches,
    classes: Classes,
    candidates: Candidates,
    windows: Windows,
    clocks: Clocks,
    counters: Counters,
    /// One for each rule, in their order.
    rule_counters: Box<[RuleCounters]>,
    exhausted: Option<RuleId>,
}

/// Where alerts go. The alert and all in it die when the call returns.
pub type Sink<'s> = dyn FnMut(&Alert<'_>) + 's;

impl Engine {
    /// An engine without any state yet.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, options: Options) -> Self {
        Self {
            scratch: Bump::new(),
            caches: Caches::new(rules.regexes),
            classes: Classes::default(),
            candidates: rules.scan.candidates(),
            windows: Windows::default(),
            clocks: Clocks::default(),
            counters: Counters::default(),
            rule_counters: vec![RuleCounters::default(); rules.len()].into(),
            exhausted: None,
            rules,
            options,
        }
    }

    /// Looks at one event. `raw` is its text without the line end, `head` what the caller knows of it besides.
    ///
    /// What a cloud service wraps around its events ([`json::records`]) is no event: each record is looked at alone.
    pub fn push(&mut self, raw: &[u8], head: &Head<'_>, sink: &mut Sink<'_>) {
        match self.records(raw) {
            Some(records) => {
                for (record, part) in records.zip(0..) {
                    self.push_one(record, &head.of_part(part), sink);
                }
            }
            None => self.push_one(raw, head, sink),
        }
    }

    fn push_one(&mut self, raw: &[u8], head: &Head<'_>, sink: &mut Sink<'_>) {
        self.counters.events += 1;
        self.counters.bytes += raw.len() as u64;
        let raw = self.cut(raw);
        if self.select(raw) {
            Work::new(self, sink).look_at(raw, head);
        } else if self.watches_time() {
            Work::new(self, sink).pass_by(raw, head);
        }
        // Also after an event that no rule selects: the scan may have decoded some of its values.
        self.scratch.reset();
    }

    /// Looks at one event whose fields the caller has found already. Without `raw`, each name and each value is a text
    /// of its own to the raw tests of `search`.
    pub fn push_fields(
        &mut self,
        raw: Option<&[u8]>,
        fields: &[(&[u8], &[u8])],
        head: &Head<'_>,
        sink: &mut Sink<'_>,
    ) {
        self.counters.events += 1;
        self.counters.bytes += fields.iter().map(|(_, value)| value.len() as u64).sum::<u64>();
        self.select_all();
        let mut work = Work::new(self, sink);
        work.look_at_fields(raw, fields, head);
        self.scratch.reset();
    }

    /// Tells the engine the time: `wall_ns` since the epoch, `mono_ns` of a clock that never jumps. The only clock it
    /// has. Closes the windows of hosts that have fallen silent.
    pub fn advance(&mut self, wall_ns: i64, mono_ns: i64, sink: &mut Sink<'_>) {
        self.clocks.advance(wall_ns, mono_ns, self.options.idle_ns);
        if self.options.mode == Mode::Stream {
            Work::new(self, sink).close_due();
            self.scratch.reset();
        }
    }

    /// Closes every window. The engine can go on afterwards with a new set of events.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        Work::new(self, sink).finish();
        self.clocks = Clocks::default();
        self.scratch.reset();
    }

    /// What it has seen and done.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What one rule has made of the events.
    #[must_use]
    pub fn rule_counters(&self, rule: RuleId) -> RuleCounters {
        self.rule_counters[rule.index()]
    }

    /// The rules that it runs.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// The rule whose state passed `max_state_bytes` in batch mode. Its results would be wrong: stop, and use a window.
    #[must_use]
    pub fn exhausted(&self) -> Option<RuleId> {
        self.exhausted
    }

    fn records<'a>(&self, raw: &'a [u8]) -> Option<Records<'a>> {
        matches!(self.options.input, Input::Auto | Input::Json).then(|| json::records(raw))?
    }

    fn cut<'a>(&mut self, raw: &'a [u8]) -> &'a [u8] {
        if raw.len() <= self.options.max_event_bytes {
            return raw;
        }
        self.counters.cut_events += 1;
        &raw[..self.options.max_event_bytes]
    }

    /// Finds the rules that `raw` could match; whether there is any.
    fn select(&mut self, raw: &[u8]) -> bool {
        if !self.options.prefilter || self.options.input == Input::Rows {
            return self.select_all();
        }
        self.candidates.clear();
        self.rules.scan.run(raw, self.options.input, &self.scratch, &mut self.candidates)
    }

    fn select_all(&mut self) -> bool {
        (0..self.rules.len()).for_each(|rule| self.candidates.insert(RuleId::new(rule)));
        !self.rules.is_empty()
    }

    /// Whether even an event that no rule selects can close a window.
    fn watches_time(&self) -> bool {
        self.options.mode == Mode::Stream && !self.windows.is_empty()
    }
}

/// One call's work: the parts of the engine, apart, so that the event can borrow its arena while windows change.
struct Work<'e, 's> {
    rules: &'e RuleSet,
    options: &'e Options,
    env: Env<'e>,
    knowledge: Knowledge<'e>,
    candidates: &'e Candidates,
    windows: &'e mut Windows,
    clocks: &'e mut Clocks,
    counters: &'e mut Counters,
    rule_counters: &'e mut [RuleCounters],
    exhausted: &'e mut Option<RuleId>,
    sink: &'e mut Sink<'s>,
    /// Whether the event has moved its host's watermark already.
    heard: bool,
}

impl<'e, 's> Work<'e, 's> {
    fn new(engine: &'e mut Engine, sink: &'e mut Sink<'s>) -> Self {
        let env = env(&engine.rules, &engine.options, &engine.caches, &engine.scratch);
        engine.classes.make_room();
        engine.counters.kind_resets = engine.classes.resets();
        Self {
            rules: &engine.rules,
            options: &engine.options,
            env,
            knowledge: Knowledge { mapping: &engine.rules.mapping, classes: &engine.classes },
            candidates: &engine.candidates,
            windows: &mut engine.windows,
            clocks: &mut engine.clocks,
            counters: &mut engine.counters,
            rule_counters: &mut engine.rule_counters,
            exhausted: &mut engine.exhausted,
            sink,
            heard: false,
        }
    }

    fn look_at(&mut self, raw: &'e [u8], head: &Head<'e>) {
        let event = match self.options.input {
            Input::Rows => match Event::of_row(raw, head, self.env) {
                Ok(event) => event,
                Err(_) => {
                    self.counters.malformed_rows += 1;
                    return;
                }
            },
            input => {
                let meta = Meta::read(raw, head, input, self.env);
                Event::new(raw, meta, self.knowledge, self.env)
            }
        };
        self.run_candidates(event, head);
    }

    fn look_at_fields(
        &mut self,
        raw: Option<&'e [u8]>,
        fields: &[(&'e [u8], &'e [u8])],
        head: &Head<'e>,
    ) {
        let event = Event::of_fields(raw, fields, head, self.knowledge, self.env);
        self.run_candidates(event, head);
    }

    /// Runs every candidate on the event, then closes what the event's time has completed.
    fn run_candidates(&mut self, event: Event<'e>, head: &Head<'_>) {
        let event: &'e Event<'e> = self.env.bump.alloc(event);
        let rank = self.rank(event, head);
        if !self.windows.is_empty() {
            self.hear(event.meta());
        }
        for rule_id in self.candidates.iter() {
            self.counters.candidates += 1;
            self.rule_counters[rule_id.index()].candidates += 1;
            self.run(rule_id, Row::over(event, self.env.bump, rank), event);
        }
        self.counters.lost_fields += event.lost_fields();
        if self.options.mode == Mode::Stream {
            self.close_after(event.meta());
        }
    }

    /// An event that no rule selects: its time may complete a window.
    fn pass_by(&mut self, raw: &'e [u8], head: &Head<'e>) {
        let meta = Meta::read_time_and_host(raw, head, self.options.input, self.env);
        self.hear(&meta);
        self.close_after(&meta);
    }

    /// Moves the watermark of the event's host, once.
    ///
    /// While no window is open, an event moves it only if some rule takes the event into a window: the scan lets all
    /// others go before they are dated, and without the scan the answers must be the same.
    fn hear(&mut self, meta: &Meta<'_>) {
        if self.options.mode == Mode::Stream
            && !std::mem::replace(&mut self.heard, true)
            && let Some(time_ns) = meta.time_ns
        {
            let host = meta.host.unwrap_or_default();
            if !self.clocks.hear(host, time_ns, self.options) {
                self.counters.future_events += 1;
            }
        }
    }

    fn rank(&self, event: &Event<'_>, head: &Head<'_>) -> Rank {
        let time_ns = event.meta().time_ns.unwrap_or(i64::MIN);
        let newest_first_ns = match self.options.input {
            Input::Rows => 0,
            _ => time_ns.saturating_neg(),
        };
        Rank { newest_first_ns, input: head.input, offset: head.offset }
    }

    /// One rule on one event: its per-event stages, then its window or its alert.
    fn run(&mut self, rule_id: RuleId, mut row: Row<'e>, event: &Event<'e>) {
        let rule = &self.rules.rules[rule_id.index()];
        if rule.plan.generates || !passes(&rule.plan.mapped, &mut row, self.env) {
            return;
        }
        self.rule_counters[rule_id.index()].passed += 1;
        match &rule.plan.reduce {
            None => self.send_row(rule_id, rule, &row),
            Some(reduce) => self.keep(rule_id, rule, reduce, &row, event),
        }
    }

    /// A rule that reduces nothing: the row is the alert.
    fn send_row(&mut self, rule_id: RuleId, rule: &'e Rule, row: &Row<'e>) {
        let rank = row.rank();
        let ordinal = format!("{}:{}", rank.input, rank.offset);
        let key = alert::key(&rule.meta.path, None, ordinal.as_bytes());
        let parts = Parts { rule_id, rule: &rule.meta, window_s: None, key, partial: None };
        self.counters.alerts += 1;
        (self.sink)(&Alert::new(parts, row, self.env));
    }

    /// Puts a row into the window that its time falls into.
    fn keep(
        &mut self,
        rule_id: RuleId,
        rule: &Rule,
        reduce: &Reduce,
        row: &Row<'e>,
        event: &Event<'e>,
    ) {
        self.hear(event.meta());
        let Some(slot) = self.slot(rule_id, rule, row, event) else {
            self.counters.timeless_dropped += 1;
            return;
        };
        let host = event.meta().host.unwrap_or_default();
        if self.options.mode == Mode::Stream && self.clocks.has_passed_by(host, &slot) {
            self.counters.late_dropped += 1;
            return;
        }
        self.windows.update(&slot, reduce, row, self.env);
        self.bound_state(slot);
    }

    /// The window of a row; `None` where the row lacks the time that says which.
    fn slot(&self, rule_id: RuleId, rule: &Rule, row: &Row<'e>, event: &Event<'e>) -> Option<Slot> {
        let closing = &rule.plan.closing;
        let span = clock::span(self.options, closing, row, event, self.env)?;
        let by_host = self.options.mode == Mode::Stream && closing.by_host;
        let host = by_host.then(|| event.meta().host.unwrap_or_default().into());
        Some(Slot { end_ns: span.end, rule: rule_id, start_ns: span.start, host })
    }

    /// Keeps the open state under its bound: batch stops, a stream sends the growing window early.
    fn bound_state(&mut self, slot: Slot) {
        self.counters.state_bytes = self.windows.bytes();
        self.counters.state_bytes_peak =
            self.counters.state_bytes_peak.max(self.counters.state_bytes);
        if self.counters.state_bytes <= self.options.max_state_bytes {
            return;
        }
        match self.options.mode {
            Mode::Batch => *self.exhausted = Some(slot.rule),
            Mode::Stream => {
                self.counters.partial_windows += 1;
                self.close(&slot, Some(Partial::Memory));
            }
        }
    }

    /// Closes every window that an event has completed, the earliest end first: one of its host, or one of all hosts.
    fn close_after(&mut self, meta: &Meta<'_>) {
        let host = meta.host.unwrap_or_default();
        loop {
            let passed = |slot: &&Slot| self.clocks.has_passed_by(host, slot);
            let of_host = self.windows.first(Some(host)).filter(passed);
            let of_all = self.windows.first(None).filter(passed);
            let Some(slot) = of_host.into_iter().chain(of_all).min().cloned() else { return };
            self.close(&slot, None);
        }
    }

    /// Closes every window that its watermark has passed, the earliest end first.
    fn close_due(&mut self) {
        let mut due: Vec<Slot> = self.clocks.passed(self.windows.slots()).cloned().collect();
        due.sort_unstable();
        due.iter().for_each(|slot| self.close(slot, None));
    }

    /// Closes every window, rule by rule.
    fn finish(&mut self) {
        let mut open: Vec<Slot> = self.windows.slots().cloned().collect();
        open.sort_unstable_by(|left, right| (left.rule, left).cmp(&(right.rule, right)));
        let mut open = open.into_iter().peekable();
        for rule_id in (0..self.rules.len()).map(RuleId::new) {
            let is_own = |slot: &Slot| slot.rule == rule_id;
            if self.options.mode == Mode::Batch && !open.peek().is_some_and(is_own) {
                self.finish_without_rows(rule_id);
            }
            while let Some(slot) = open.next_if(is_own) {
                self.close(&slot, None);
            }
        }
    }

    /// In batch, a rule that saw no row still says what it makes of none: `stats count` is 0, `makeresults` is a row.
    fn finish_without_rows(&mut self, rule_id: RuleId) {
        let slot = Slot::all_time(rule_id);
        match &self.rules.rules[rule_id.index()].plan {
            Plan { generates: true, .. } => self.send(&slot, Vec::new(), self.env, None),
            Plan { reduce: Some(reduce), .. } => {
                let window = self.windows.make(reduce);
                self.send_window(&slot, window, None);
            }
            _ => {}
        }
    }

    fn close(&mut self, slot: &Slot, partial: Option<Partial>) {
        if let Some(window) = self.windows.take(slot) {
            self.send_window(slot, window, partial);
        }
        self.counters.state_bytes = self.windows.bytes();
    }

    /// Turns a window back into rows, and sends what the rest of the pipeline makes of them.
    fn send_window(&mut self, slot: &Slot, window: Window, partial: Option<Partial>) {
        if let Some(reduce) = &self.rules.rules[slot.rule.index()].plan.reduce {
            let env = Env { bump: window.bump(), ..self.env };
            self.counters.cut_rows += window.cut_rows();
            let rows = window.rows(reduce, env);
            self.send(slot, rows, env, partial);
        }
        self.windows.recycle(window);
    }

    fn send<'w>(&mut self, slot: &Slot, rows: Vec<Row<'w>>, env: Env<'w>, partial: Option<Partial>)
    where
        'e: 'w,
    {
        let rules: &'e RuleSet = self.rules;
        let rule = &rules.rules[slot.rule.index()];
        let rows = rule.plan.finish.iter().fold(rows, |rows, stage| stage.apply_all(rows, env));
        for row in &rows {
            let key = alert::key(&rule.meta.path, slot.bounded_start_ns(), row.group());
            let window_s = slot.bounds_s();
            let parts = Parts { rule_id: slot.rule, rule: &rule.meta, window_s, key, partial };
            self.counters.alerts += 1;
            (self.sink)(&Alert::new(parts, row, env));
        }
    }
}

fn env<'e>(
    rules: &'e RuleSet,
    options: &'e Options,
    caches: &'e Caches,
    scratch: &'e Bump,
) -> Env<'e> {
    Env {
        bump: scratch,
        names: &rules.names,
        caches,
        now_s: options.now_s,
        clock_s: options.now_s,
        zone: &options.zone,
    }
}

/// Whether a row passes every stage.
fn passes<'e>(stages: &[Stage], row: &mut Row<'e>, env: Env<'e>) -> bool {
    stages.iter().all(|stage| stage.apply(row, env) == Verdict::Keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_moves_between_threads_and_a_rule_set_is_shared_by_them() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Send + Sync>() {}
        is_send::<Engine>();
        is_sync::<RuleSet>();
    }
}

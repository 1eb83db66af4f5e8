//! The life of an event, from its bytes to the alerts it causes.
//!
//! [`Engine::push`] is the whole story in order: scan the bytes for rules that could match, read time, host and kind, let go the
//! rules that these exclude, close the windows that the event's time has completed, run each candidate's per-event stages, and
//! put the surviving row into its window. [`Engine::advance`] closes what silence has completed, [`Engine::finish`] everything. What that
//! means in detail stands beside: `engine/frame.rs` says which window a row falls into, `clock.rs` how time passes,
//! `close.rs` which windows close, `late.rs` what becomes of rows that come behind them, `bound.rs` of state that grows too
//! large. What is kept outlives the engine (`state.rs`), the rules (`swap.rs`) and a split of the input (`merge.rs`).
//!
//! An engine is the mutable state of one stream; any number of them share one [`RuleSet`]. After warm-up an event that
//! no rule selects allocates nothing, and no event ever makes it fail: what is odd is counted in [`Counters`].

mod alarms;
mod bound;
mod clock;
mod close;
mod frame;
mod late;
mod least;
mod merge;
mod profile;
mod recency;
mod state;
mod swap;
mod trace;

use std::{mem, sync::Arc};

use bumpalo::Bump;

use crate::{
    agg::{window::Slot, windows::Windows},
    alert::{self, Alert, Partial, Parts},
    compiled::{self, Lane, Plan, Reduce, Rule, RuleSet},
    config::{Counters, Input, Mode, Options, RuleCounters},
    event::{
        Event, Head, Knowledge, Meta,
        classes::Classes,
        json::{self, Records},
    },
    expr::regex::Caches,
    ids::{BranchId, RuleId},
    outbox::{Outbox, Written},
    row::{Env, Rank, Row},
    scan::{Sight, Text, candidates::Candidates},
    stage::{self, Stage, Verdict},
};
use alarms::Alarms;
use clock::{Clocks, Heard};
use profile::{Phase, Profile};

pub use profile::RuleCost;
pub use state::{LeftOut, Reason, Restored, StateError};
pub use swap::{Ended, Swapped};
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
    /// What the scan has seen of the event.
    sight: Sight,
    /// The rules that take no events for now.
    disabled: Candidates,
    /// The rules whose per-event stages the last event passed.
    passed: Vec<RuleId>,
    windows: Windows,
    clocks: Clocks,
    alarms: Alarms,
    /// Whether some rule has windows that all hosts close together.
    waits_for_all: bool,
    counters: Counters,
    /// One for each rule, in their order.
    rule_counters: Box<[RuleCounters]>,
    exhausted: Option<RuleId>,
    outbox: Outbox,
    /// What each rule costs, where somebody asks.
    profile: Option<Profile>,
}

/// Whether a rule takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabled {
    /// It does.
    Yes,
    /// It does not, for now.
    No,
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
            sight: Sight::default(),
            disabled: Candidates::default(),
            passed: Vec::new(),
            windows: Windows::default(),
            clocks: Clocks::default(),
            alarms: Alarms::default(),
            waits_for_all: rules.rules.iter().any(waits_for_all),
            counters: Counters::default(),
            rule_counters: vec![RuleCounters::default(); rules.len()].into(),
            exhausted: None,
            outbox: Outbox::default(),
            profile: options.stopwatch.map(|stopwatch| Profile::new(stopwatch, rules.len())),
            rules,
            options,
        }
    }

    /// Looks at one event. `raw` is its text without the line end, `head` what the caller knows of it besides; it is made only
    /// if some rule asks for it.
    ///
    /// What a cloud service wraps around its events ([`json::records`]) is no event: each record is looked at alone.
    #[inline(never)] // So that its cost can be told from its caller's.
    pub fn push<'h>(&mut self, raw: &[u8], head: impl Into<Head<'h>>, sink: &mut Sink<'_>) {
        self.push_inlined(raw, head, sink);
    }

    /// [`push`](Self::push) as a part of its caller: for a loop over many events, where the call itself counts.
    #[inline(always)]
    pub fn push_inlined<'h>(&mut self, raw: &[u8], head: impl Into<Head<'h>>, sink: &mut Sink<'_>) {
        self.passed.clear();
        match self.records(raw) {
            Some(records) => self.push_records(records, head, sink),
            None => self.push_one(raw, head, sink),
        }
    }

    #[inline(never)] // As `look_at`.
    fn push_records<'h>(
        &mut self,
        records: Records<'_>,
        head: impl Into<Head<'h>>,
        sink: &mut Sink<'_>,
    ) {
        let head = head.into();
        for (record, part) in records.zip(0..) {
            self.push_one(record, head.of_part(part), sink);
        }
        self.passed.sort_unstable();
        self.passed.dedup();
    }

    #[inline(always)]
    fn push_one<'h>(&mut self, raw: &[u8], head: impl Into<Head<'h>>, sink: &mut Sink<'_>) {
        self.counters.events += 1;
        self.counters.bytes += raw.len() as u64;
        let raw = self.cut(raw);
        if self.select(raw) {
            self.look_at(raw, head, sink);
        } else if self.listens() {
            self.pass_by(raw, head, sink);
        }
        // Also after an event that no rule selects: the scan may have decoded some of its values.
        self.settle();
    }

    #[inline(never)] // It would crowd the way of the events that no rule selects.
    fn look_at<'h>(&mut self, raw: &[u8], head: impl Into<Head<'h>>, sink: &mut Sink<'_>) {
        Work::new(self, sink).look_at(raw, &head.into());
    }

    #[inline(never)] // As `look_at`.
    fn pass_by<'h>(&mut self, raw: &[u8], head: impl Into<Head<'h>>, sink: &mut Sink<'_>) {
        Work::new(self, sink).pass_by(raw, &head.into());
    }

    /// Looks at one event whose fields the caller has found already. Without `raw`, each name and each value is a text
    /// of its own to the raw tests of `search`. Several values of one name are a multivalue, in their order.
    pub fn push_fields(
        &mut self,
        raw: Option<&[u8]>,
        fields: &[(&[u8], &[u8])],
        head: &Head<'_>,
        sink: &mut Sink<'_>,
    ) {
        self.passed.clear();
        self.counters.events += 1;
        self.counters.bytes += fields.iter().map(|(_, value)| value.len() as u64).sum::<u64>();
        self.select_all();
        Work::new(self, sink).look_at_fields(raw, fields, head);
        self.settle();
    }

    /// Tells the engine the time: `wall_ns` since the epoch, `mono_ns` of a clock that never jumps. The only clock it
    /// has. Closes the windows of hosts that have fallen silent.
    pub fn advance(&mut self, wall_ns: i64, mono_ns: i64, sink: &mut Sink<'_>) {
        let is_first = self.clocks.wall_ns().is_none();
        self.clocks.advance(wall_ns, mono_ns, &self.options);
        if self.options.mode == Mode::Stream {
            let mut work = Work::new(self, sink);
            if is_first {
                work.set_alarms();
            }
            work.close_silent();
            self.settle();
        }
    }

    /// Closes every window. The engine can go on afterwards with a new set of events.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        Work::new(self, sink).finish();
        self.clocks.forget_hosts();
        self.settle();
    }

    /// Sends what every open window holds so far, marked partial for that reason, and lets it go, and with it the closed
    /// windows that could be revised still: for an engine that has to stop before the end of its events and whose state is not
    /// [saved](Self::save). The watermarks stay.
    pub fn interrupt(&mut self, reason: Partial, sink: &mut Sink<'_>) {
        Work::new(self, sink).interrupt(reason, |_| true);
        self.settle();
    }

    /// Forgets all events: windows, watermarks, the clock and the counters. No alert is sent. Rules, options and what
    /// [`set_enabled`](Self::set_enabled) has said stay.
    pub fn reset(&mut self) {
        let new = Self::new(Arc::clone(&self.rules), self.options.clone());
        *self = Self { disabled: mem::take(&mut self.disabled), ..new };
    }

    /// Lets a rule take events or none. What it has open goes on and closes in its time.
    ///
    /// # Panics
    /// If there is no such rule.
    pub fn set_enabled(&mut self, rule: RuleId, enabled: Enabled) {
        assert!(rule.index() < self.rules.len(), "{rule:?} is not one of the engine's rules");
        if enabled == Enabled::No && self.disabled.is_empty() {
            self.disabled = Candidates::new(self.rules.len());
        }
        match enabled {
            Enabled::No => self.disabled.insert(rule),
            Enabled::Yes => self.disabled.remove(rule),
        }
    }

    /// The rules whose per-event stages the last event that was pushed has passed, in ascending order.
    #[must_use]
    #[inline]
    pub fn passed(&self) -> &[RuleId] {
        &self.passed
    }

    /// The rows that `outputlookup` has given to be written since the last call, in their order; none of rules that were built
    /// without [`allow_write`](crate::ruleset::BuildOptions::allow_write). No saved state holds them.
    pub fn take_written(&mut self) -> Vec<Written> {
        self.outbox.take()
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
    #[inline]
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
        let text = Text { raw, input: self.options.input, scratch: &self.scratch };
        self.rules.scan.look(text, &mut self.sight, &mut self.candidates) && self.drop_disabled()
    }

    fn select_all(&mut self) -> bool {
        (0..self.rules.len()).for_each(|rule| self.candidates.insert(RuleId::new(rule)));
        self.drop_disabled()
    }

    /// Takes the rules that are disabled from the candidates; whether any is left.
    fn drop_disabled(&mut self) -> bool {
        self.candidates.remove_all(&self.disabled);
        !self.candidates.is_empty()
    }

    /// Whether even an event that no rule selects is dated: it can close a window, or hold one open.
    fn listens(&self) -> bool {
        self.options.mode == Mode::Stream && (self.waits_for_all || !self.windows.is_empty())
    }

    /// What follows every call.
    fn settle(&mut self) {
        self.counters.given_up_searches += self.caches.take_given_up();
        self.counters.unwritten_rows += self.outbox.take_left_out();
        self.clocks.listen(self.listens());
        self.scratch.reset();
    }
}

/// One call's work: the parts of the engine, apart, so that the event can borrow its arena while windows change.
struct Work<'e, 's> {
    rules: &'e RuleSet,
    options: &'e Options,
    env: Env<'e>,
    knowledge: Knowledge<'e>,
    candidates: &'e mut Candidates,
    sight: &'e mut Sight,
    passed: &'e mut Vec<RuleId>,
    windows: &'e mut Windows,
    clocks: &'e mut Clocks,
    alarms: &'e mut Alarms,
    counters: &'e mut Counters,
    rule_counters: &'e mut [RuleCounters],
    exhausted: &'e mut Option<RuleId>,
    profile: Option<&'e mut Profile>,
    sink: &'e mut Sink<'s>,
    /// Whether the event is dated although no rule may take it.
    listens: bool,
    /// Whether it has moved its host's watermark already.
    heard: bool,
}

impl<'e, 's> Work<'e, 's> {
    fn new(engine: &'e mut Engine, sink: &'e mut Sink<'s>) -> Self {
        let listens = engine.listens();
        let env = env(&engine.rules, &engine.options, &engine.caches, &engine.scratch);
        let env = Env { outbox: Some(&engine.outbox), ..env };
        engine.counters.kind_resets += u64::from(engine.classes.make_room());
        let clock_s = frame::clock_s(&engine.options, engine.clocks.wall_ns());
        let env = Env { clock_s, ..env };
        Self {
            rules: &engine.rules,
            options: &engine.options,
            env,
            knowledge: knowledge(&engine.rules, &engine.options, &engine.classes),
            candidates: &mut engine.candidates,
            sight: &mut engine.sight,
            passed: &mut engine.passed,
            windows: &mut engine.windows,
            clocks: &mut engine.clocks,
            alarms: &mut engine.alarms,
            counters: &mut engine.counters,
            rule_counters: &mut engine.rule_counters,
            exhausted: &mut engine.exhausted,
            profile: engine.profile.as_mut(),
            sink,
            listens,
            heard: false,
        }
    }

    fn look_at(&mut self, raw: &'e [u8], head: &Head<'e>) {
        if let Some(event) = self.read(raw, head) {
            let input = self.options.input;
            self.narrow(event, Some(Text { raw, input, scratch: self.env.bump }));
            self.run_candidates(event, head);
        }
    }

    /// Lets go the candidates that this event cannot match: for its kind, its id, what its text lacks, if that was scanned, or for a
    /// term that others ask for as well.
    #[inline(never)]
    fn narrow(&mut self, event: &'e Event<'e>, scanned: Option<Text<'e>>) {
        let Some(route) = event.route() else { return };
        self.candidates.remove_all(&route.excluded);
        if let Some(text) = scanned {
            self.rules.scan.narrow(text, self.sight, self.candidates);
        }
        self.rules.terms.narrow(self.candidates, event, self.env);
    }

    /// The event, in the arena; `None` for a row that is none.
    #[inline(never)] // The stack that reading takes is free again when rules run.
    fn read(&mut self, raw: &'e [u8], head: &Head<'e>) -> Option<&'e Event<'e>> {
        let event = match self.options.input {
            Input::Rows => match Event::of_row(raw, head, self.env) {
                Ok(event) => event,
                Err(_) => {
                    self.counters.malformed_rows += 1;
                    return None;
                }
            },
            input => {
                let meta = Meta::read(raw, head, input, self.env);
                Event::new(raw, meta, self.knowledge, self.env)
            }
        };
        Some(self.env.bump.alloc(event))
    }

    fn look_at_fields(
        &mut self,
        raw: Option<&'e [u8]>,
        fields: &[(&'e [u8], &'e [u8])],
        head: &Head<'e>,
    ) {
        let event = Event::of_fields(raw, fields, head, self.knowledge, self.env);
        let event = self.env.bump.alloc(event);
        self.narrow(event, None);
        self.run_candidates(event, head);
    }

    /// Closes what the event's time has completed, then runs every candidate on the event.
    fn run_candidates(&mut self, event: &'e Event<'e>, head: &Head<'_>) {
        let rank = self.rank(event, head);
        if self.listens {
            self.hear(event.meta());
        }
        let candidates = mem::take(self.candidates);
        for rule_id in candidates.iter() {
            self.counters.candidates += 1;
            self.rule_counters[rule_id.index()].candidates += 1;
            self.measured(rule_id, Phase::Events, |work| {
                work.run(rule_id, Row::over(event, work.env.bump, rank), event);
            });
        }
        *self.candidates = candidates;
        self.counters.lost_fields += event.lost_fields();
    }

    /// An event that no rule selects: its time may complete a window.
    fn pass_by(&mut self, raw: &'e [u8], head: &Head<'e>) {
        self.hear(&Meta::read_time_and_host(raw, head, self.options.input, self.env));
    }

    /// Moves the watermark of the event's host, once, and closes the windows that it passes. The event's own row comes
    /// behind: it falls into none of them, unless it is late.
    ///
    /// While the engine does not listen, an event moves it only if some rule takes the event into a window: the scan lets
    /// all others go before they are dated, and without the scan the answers must be the same.
    fn hear(&mut self, meta: &Meta<'_>) {
        if self.options.mode == Mode::Batch || mem::replace(&mut self.heard, true) {
            return;
        }
        let Some(time_ns) = meta.time_ns else { return };
        match self.clocks.hear(meta.host.unwrap_or_default(), time_ns, self.options) {
            Heard::Believed => {}
            Heard::Future => {
                self.counters.future_events += 1;
                return;
            }
            Heard::InPlaceOf(gone) => self.close_gone(&gone),
        }
        self.close_after(meta);
    }

    fn rank(&self, event: &Event<'_>, head: &Head<'_>) -> Rank {
        let time_ns = event.meta().time_ns.unwrap_or(i64::MIN);
        let newest_first_ns = match self.options.input {
            Input::Rows => 0,
            _ => time_ns.saturating_neg(),
        };
        Rank { newest_first_ns, input: head.input, offset: head.offset, part: 0 }
    }

    /// One rule on one event: its per-event stages, then its window or its alert; the same for its branches.
    fn run(&mut self, rule_id: RuleId, row: Row<'e>, event: &Event<'e>) {
        let rule = &self.rules.rules[rule_id.index()];
        let now_s = frame::now_s(self.options, &rule.plan.closing, event.meta().time_ns);
        let env = Env { now_s, ..self.env };
        let Plan { mapped, expanded, reduce, generates, .. } = &rule.plan;
        for (branch, index) in compiled::branches(reduce.as_ref()).iter().zip(0..) {
            let lane = Lane::Branch(BranchId::new(index));
            map(&branch.mapped, &branch.expanded, row.clone(), env, |row| {
                self.take(rule_id, rule, lane, row, event, env);
            });
        }
        if *generates {
            return;
        }
        map(mapped, expanded, row, env, |row| {
            self.note_passed(rule_id);
            self.take(rule_id, rule, Lane::Own, row, event, env);
        });
    }

    /// Counts a row that has passed a rule's own per-event stages, and names the rule to the caller, once.
    fn note_passed(&mut self, rule_id: RuleId) {
        self.rule_counters[rule_id.index()].passed += 1;
        if self.passed.last() != Some(&rule_id) {
            self.passed.push(rule_id);
        }
    }

    /// A row that has passed the per-event stages of a pipeline.
    fn take(
        &mut self,
        rule_id: RuleId,
        rule: &'e Rule,
        lane: Lane,
        row: &Row<'e>,
        event: &Event<'e>,
        env: Env<'e>,
    ) {
        match &rule.plan.reduce {
            None => self.send_row(rule_id, rule, row),
            Some(reduce) => self.keep(rule_id, reduce, lane, row, event, env),
        }
    }

    /// A rule that reduces nothing: the row is the alert.
    fn send_row(&mut self, rule_id: RuleId, rule: &'e Rule, row: &Row<'e>) {
        let key = alert::key(&rule.meta.path, None, row.rank().ordinal().as_bytes());
        let parts = Parts { rule_id, rule: &rule.meta, window_s: None, key, partial: None };
        self.deliver(&Alert::new(parts, row, self.env));
    }

    /// Puts a row into the window that its time falls into.
    fn keep(
        &mut self,
        rule_id: RuleId,
        reduce: &Reduce,
        lane: Lane,
        row: &Row<'e>,
        event: &Event<'e>,
        env: Env<'e>,
    ) {
        self.hear(event.meta());
        let rule = &self.rules.rules[rule_id.index()];
        let Some(slot) = self.slot(rule_id, rule, row, event) else {
            self.counters.timeless_dropped += 1;
            return;
        };
        if self.options.mode == Mode::Stream && self.has_closed(&slot) {
            self.keep_late(&slot, rule, reduce, row, env);
        } else {
            let grown = self.windows.update(&slot, reduce, lane, row, env);
            self.bound_state(&slot, reduce, grown);
        }
        if let Some(host) = &slot.host {
            self.set_alarm(host);
        }
    }

    /// The window of a row; `None` where the row lacks the time that says which.
    fn slot(&self, rule_id: RuleId, rule: &Rule, row: &Row<'e>, event: &Event<'e>) -> Option<Slot> {
        let closing = &rule.plan.closing;
        let span = frame::span(self.options, closing, row, event, self.env)?;
        let by_host = self.options.mode == Mode::Stream && closing.by_host;
        let host = by_host.then(|| event.meta().host.unwrap_or_default().into());
        Some(Slot { end_ns: span.end, rule: rule_id, start_ns: span.start, host })
    }

    /// What the rest of the pipeline makes of rows of a window.
    fn finished<'w>(&self, slot: &Slot, rows: Vec<Row<'w>>, env: Env<'w>) -> Vec<Row<'w>> {
        stage::run(&self.rules.rules[slot.rule.index()].plan.finish, rows, env)
    }

    /// The alert of a result row of a window.
    fn alert<'w>(
        &self,
        slot: &Slot,
        row: &Row<'w>,
        env: Env<'w>,
        partial: Option<Partial>,
    ) -> Alert<'w>
    where
        'e: 'w,
    {
        let rules: &'e RuleSet = self.rules;
        let rule = &rules.rules[slot.rule.index()].meta;
        let key = alert::key(&rule.path, slot.bounded_start_ns(), row.group());
        let parts = Parts { rule_id: slot.rule, rule, window_s: slot.bounds_s(), key, partial };
        Alert::new(parts, row, env)
    }

    fn deliver(&mut self, alert: &Alert<'_>) {
        self.counters.alerts += 1;
        if let Some(profile) = self.profile.as_deref_mut() {
            profile.note_alert(alert.rule_id);
        }
        (self.sink)(alert);
    }
}

/// Whether a rule has windows that all hosts close together.
fn waits_for_all(rule: &Rule) -> bool {
    rule.plan.reduce.is_some() && !rule.plan.closing.by_host
}

/// Without the scan, every event is asked everything.
fn knowledge<'e>(rules: &'e RuleSet, options: &Options, classes: &'e Classes) -> Knowledge<'e> {
    Knowledge { mapping: &rules.mapping, classes, trusts_kinds: options.prefilter }
}

fn env<'e>(
    rules: &'e RuleSet,
    options: &'e Options,
    caches: &'e Caches,
    scratch: &'e Bump,
) -> Env<'e> {
    let env = Env::new(scratch, &rules.names, caches, &options.zone, options.now_s);
    Env { terms: &rules.terms, ..env }
}

/// Hands `take` the rows that the per-event stages of a pipeline make of one event.
fn map<'e>(
    mapped: &[Stage],
    expanded: &[Stage],
    mut row: Row<'e>,
    env: Env<'e>,
    mut take: impl FnMut(&Row<'e>),
) {
    if !passes(mapped, &mut row, env) {
        return;
    }
    if expanded.is_empty() {
        return take(&row);
    }
    for (row, part) in stage::run(expanded, vec![row], env).into_iter().zip(0..) {
        take(&row.part(part));
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

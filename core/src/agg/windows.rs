//! All windows of an engine: those that are open, and those that have closed and may still be revised.
//!
//! A window is open until its watermark passes its end, and retained for a while after, so that late rows can change what
//! was sent. What is neither but was sent already is *final* (`windows/finals.rs`). Windows that one host closes alone stand apart for each host: an event looks at those of its own, however many
//! hosts there are. Arenas are pooled: that of a window which is gone is reset and serves the next one.

pub(crate) mod bytes;
mod finals;
mod heirs;
mod merge;

use std::collections::{BTreeMap, BTreeSet};

use bumpalo::Bump;

use super::{
    KeyHasher,
    window::{Slot, Window},
};
use crate::{
    compiled::{Lane, Reduce},
    ids::{GroupId, RuleId},
    row::{Env, Row},
};
use finals::Finals;

/// The windows of an engine.
#[derive(Default)]
pub(crate) struct Windows {
    open: Shelf<Window>,
    retained: Shelf<Retained>,
    /// The same, by rule: under each, what ends first goes first.
    retained_of_rules: BTreeSet<(RuleId, Slot)>,
    /// Open windows that may have sent rows already, so that what they hold is a rest.
    rests: BTreeSet<Slot>,
    finals: Finals,
    pool: Vec<Bump>,
    hasher: KeyHasher,
    bytes: usize,
    rule_bytes: BTreeMap<RuleId, usize>,
}

/// A window that has closed.
pub(crate) struct Retained {
    /// What was sent.
    pub(crate) window: Window,
    /// The late rows that are not in it yet.
    pub(crate) late: Option<Window>,
    /// The last revision of each row that was sent more than once, by the key of its alert.
    pub(crate) revisions: BTreeMap<u64, u32>,
    /// Whether it may have sent rows that it does not hold.
    pub(crate) is_rest: bool,
}

/// So many arenas wait for their next window.
const MAX_POOLED: usize = 64;

/// An arena that grew beyond this is given back to the allocator.
const MAX_POOLED_BYTES: usize = 1 << 20;

impl Windows {
    /// Whether none is open or retained.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.retained.is_empty()
    }

    /// Bytes that all windows hold.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that the windows of one rule hold.
    #[must_use]
    pub(crate) fn rule_bytes(&self, rule: RuleId) -> usize {
        self.rule_bytes.get(&rule).copied().unwrap_or(0)
    }

    /// Every open window, in the order in which they close; of all hosts first.
    pub(crate) fn open_slots(&self) -> impl Iterator<Item = &Slot> {
        self.open.slots()
    }

    /// Those that `host` closes, or without one those that all close.
    pub(crate) fn open_slots_of(&self, host: Option<&[u8]>) -> impl Iterator<Item = &Slot> {
        self.open.of(host).into_iter().flat_map(BTreeMap::keys)
    }

    /// The hosts that close windows alone.
    #[must_use]
    pub(crate) fn hosts(&self) -> Vec<Box<[u8]>> {
        self.open.of_hosts.keys().chain(self.retained.of_hosts.keys()).cloned().collect()
    }

    /// Whether a host has any window, open or retained.
    #[must_use]
    pub(crate) fn has_any_of(&self, host: &[u8]) -> bool {
        self.open.of(Some(host)).is_some() || self.retained.of(Some(host)).is_some()
    }

    /// The retained windows that `host` closes alone.
    pub(crate) fn retained_slots_of(&self, host: &[u8]) -> impl Iterator<Item = &Slot> {
        self.retained.of(Some(host)).into_iter().flat_map(BTreeMap::keys)
    }

    /// Every retained window.
    pub(crate) fn retained_slots(&self) -> impl Iterator<Item = &Slot> {
        self.retained.slots()
    }

    /// The open window that ends first, of those that `host` closes, or without one of those that all close.
    #[must_use]
    pub(crate) fn first_open(&self, host: Option<&[u8]>) -> Option<&Slot> {
        self.open.first(host)
    }

    /// The same of the retained windows.
    #[must_use]
    pub(crate) fn first_retained(&self, host: Option<&[u8]>) -> Option<&Slot> {
        self.retained.first(host)
    }

    /// The retained window of a rule that ends first.
    #[must_use]
    pub(crate) fn first_retained_of_rule(&self, rule: RuleId) -> Option<&Slot> {
        let first = self.retained_of_rules.range((rule, Slot::first(rule))..).next();
        first.filter(|(owner, _)| *owner == rule).map(|(_, slot)| slot)
    }

    /// Takes a row into a window, which is opened if need be, and tells which groups it went into.
    pub(crate) fn update<'e>(
        &mut self,
        slot: &Slot,
        reduce: &Reduce,
        lane: Lane,
        row: &Row<'e>,
        env: Env<'e>,
    ) -> &'e [GroupId] {
        let mut before = 0;
        if let Some(window) = self.open.get_mut(slot) {
            before = window.bytes();
        } else {
            let window = self.make(reduce);
            self.open.insert(slot, window);
            if self.finals.has_begun(slot) {
                self.rests.insert(slot.clone());
            }
        }
        let window = self.open.get_mut(slot).expect("opened above");
        let grown = window.update(reduce, lane, row, env);
        let after = window.bytes();
        self.count(slot.rule, before, after);
        grown
    }

    /// Takes a late row into the window of a slot that has closed; it is made if no row came in time.
    pub(crate) fn update_late<'e>(
        &mut self,
        slot: &Slot,
        reduce: &Reduce,
        row: &Row<'e>,
        env: Env<'e>,
    ) {
        let retained = self.take_retained(slot);
        let mut retained = retained
            .unwrap_or_else(|| Retained::new(self.make(reduce), self.finals.has_begun(slot)));
        let mut late = retained.late.take().unwrap_or_else(|| self.make(reduce));
        late.update(reduce, Lane::Own, row, env);
        retained.late = Some(late);
        self.retain(slot, retained);
    }

    /// Whether a window has closed and is retained.
    #[must_use]
    pub(crate) fn is_retained(&self, slot: &Slot) -> bool {
        self.retained.get(slot).is_some()
    }

    /// How many groups a retained window has.
    #[must_use]
    pub(crate) fn retained_groups(&self, slot: &Slot) -> usize {
        let groups = self.retained.get(slot).and_then(|retained| retained.window.groups());
        groups.map_or(0, super::Groups::len)
    }

    /// Makes `values` and `list` of some groups of an open window take no more; how many groups did before.
    pub(crate) fn truncate(&mut self, slot: &Slot, grown: &[GroupId]) -> usize {
        self.open.get_mut(slot).map_or(0, |window| window.truncate(grown))
    }

    /// Whether one of some groups holds half of what its open window does.
    #[must_use]
    pub(crate) fn fills_half(&self, slot: &Slot, grown: &[GroupId]) -> bool {
        let Some(window) = self.open.get(slot) else { return false };
        let Some(groups) = window.groups() else { return false };
        grown.iter().any(|&id| groups.group(id).bytes() >= window.bytes() / 2)
    }

    /// A window without rows that is not open.
    #[must_use]
    pub(crate) fn make(&mut self, reduce: &Reduce) -> Window {
        Window::empty(self.arena(), reduce, &self.hasher)
    }

    /// Takes an open window out, and says whether it holds a rest.
    pub(crate) fn take(&mut self, slot: &Slot) -> Option<(Window, bool)> {
        let window = self.open.remove(slot)?;
        self.count(slot.rule, window.bytes(), 0);
        Some((window, self.rests.remove(slot)))
    }

    /// Opens a window that has seen something already, where none is open.
    pub(crate) fn put(&mut self, slot: &Slot, window: Window) {
        self.count(slot.rule, 0, window.bytes());
        self.open.insert(slot, window);
    }

    /// Puts back what is left of an open window whose other groups were sent early.
    pub(crate) fn put_rest(&mut self, slot: &Slot, window: Window) {
        self.put(slot, window);
        self.rests.insert(slot.clone());
    }

    /// Keeps a window that has closed.
    pub(crate) fn retain(&mut self, slot: &Slot, retained: Retained) {
        self.count(slot.rule, 0, retained.bytes());
        self.retained.insert(slot, retained);
        self.retained_of_rules.insert((slot.rule, slot.clone()));
    }

    /// Takes a retained window out.
    pub(crate) fn take_retained(&mut self, slot: &Slot) -> Option<Retained> {
        let retained = self.retained.remove(slot)?;
        self.count(slot.rule, retained.bytes(), 0);
        self.retained_of_rules.remove(&(slot.rule, slot.clone()));
        Some(retained)
    }

    /// Remembers that a window was sent and is kept no longer although rows of it may still come.
    pub(crate) fn make_final(&mut self, slot: &Slot) {
        self.finals.raise(slot);
    }

    /// Remembers the end of the last window of a host whose watermark is forgotten.
    pub(crate) fn forget_host(&mut self, host: &[u8], end_ns: i64) {
        self.finals.raise_forgotten(host, end_ns);
    }

    /// Forgets what was final.
    pub(crate) fn forget_finals(&mut self) {
        self.finals = Finals::default();
    }

    /// Whether a window was sent, or ends before one that was, and is kept no longer.
    #[must_use]
    pub(crate) fn is_final(&self, slot: &Slot) -> bool {
        !self.is_retained(slot) && self.finals.has(slot)
    }

    /// An empty arena.
    #[must_use]
    pub(crate) fn arena(&mut self) -> Bump {
        self.pool.pop().unwrap_or_default()
    }

    /// Gives an arena back.
    pub(crate) fn recycle(&mut self, mut bump: Bump) {
        if self.pool.len() < MAX_POOLED && bump.allocated_bytes() <= MAX_POOLED_BYTES {
            bump.reset();
            self.pool.push(bump);
        }
    }

    fn count(&mut self, rule: RuleId, before: usize, after: usize) {
        self.bytes = self.bytes - before + after;
        let bytes = self.rule_bytes.entry(rule).or_default();
        *bytes = *bytes - before + after;
    }
}

impl Retained {
    /// A window of which nothing was revised yet.
    #[must_use]
    pub(crate) fn new(window: Window, is_rest: bool) -> Self {
        Self { window, late: None, revisions: BTreeMap::new(), is_rest }
    }

    fn bytes(&self) -> usize {
        /// Of an entry of a map from a key to a number, with its share of the map.
        const REVISION_BYTES: usize = 32;
        let late = self.late.as_ref().map_or(0, Window::bytes);
        self.window.bytes() + late + self.revisions.len() * REVISION_BYTES
    }
}

/// Things by slot, those of each host apart.
struct Shelf<T> {
    of_all: BTreeMap<Slot, T>,
    of_hosts: BTreeMap<Box<[u8]>, BTreeMap<Slot, T>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { of_all: BTreeMap::new(), of_hosts: BTreeMap::new() }
    }
}

impl<T> Shelf<T> {
    fn is_empty(&self) -> bool {
        self.of_all.is_empty() && self.of_hosts.is_empty()
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.of_all.keys().chain(self.of_hosts.values().flat_map(BTreeMap::keys))
    }

    fn things(&self) -> impl Iterator<Item = (&Slot, &T)> {
        self.of_all.iter().chain(self.of_hosts.values().flatten())
    }

    fn first(&self, host: Option<&[u8]>) -> Option<&Slot> {
        self.of(host)?.keys().next()
    }

    fn of(&self, host: Option<&[u8]>) -> Option<&BTreeMap<Slot, T>> {
        match host {
            None => Some(&self.of_all),
            Some(host) => self.of_hosts.get(host),
        }
    }

    fn get(&self, slot: &Slot) -> Option<&T> {
        match &slot.host {
            None => self.of_all.get(slot),
            Some(host) => self.of_hosts.get(host)?.get(slot),
        }
    }

    fn get_mut(&mut self, slot: &Slot) -> Option<&mut T> {
        match &slot.host {
            None => self.of_all.get_mut(slot),
            Some(host) => self.of_hosts.get_mut(host)?.get_mut(slot),
        }
    }

    fn insert(&mut self, slot: &Slot, thing: T) {
        let slots = match &slot.host {
            None => &mut self.of_all,
            Some(host) => self.of_hosts.entry(host.clone()).or_default(),
        };
        slots.insert(slot.clone(), thing);
    }

    fn into_things(self) -> impl Iterator<Item = (Slot, T)> {
        self.of_all.into_iter().chain(self.of_hosts.into_values().flatten())
    }

    fn remove(&mut self, slot: &Slot) -> Option<T> {
        let Some(host) = &slot.host else { return self.of_all.remove(slot) };
        let slots = self.of_hosts.get_mut(host)?;
        let thing = slots.remove(slot);
        if slots.is_empty() {
            self.of_hosts.remove(host);
        }
        thing
    }
}

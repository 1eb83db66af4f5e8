//! The byte form of the windows of one rule: those that are open, those that have closed and may be revised, and those that
//! are final.

use std::collections::{BTreeMap, BTreeSet};

use super::{Retained, Windows, finals::Ends};
use crate::{
    agg::window::{Slot, Window},
    codec::{Malformed, Reader, Writer},
    compiled::{Plan, Reduce, Revision},
    ids::RuleId,
    names::Names,
};

/// How many windows a rule has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Those that are open.
    pub(crate) open: usize,
    /// Those that have closed and may be revised.
    pub(crate) retained: usize,
}

/// The windows of one rule, each list in the order of their slots.
pub(crate) struct OfRule<'w> {
    open: Vec<(&'w Slot, &'w Window)>,
    retained: Vec<(&'w Slot, &'w Retained)>,
    /// Of which open ones groups were sent early.
    rests: &'w BTreeSet<Slot>,
    finals: Option<&'w Ends>,
}

/// Whose windows are read.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'r> {
    /// The rule.
    pub(crate) rule: RuleId,
    /// Its plan.
    pub(crate) plan: &'r Plan,
    /// What its rule set calls fields.
    pub(crate) names: &'r Names,
    /// Whether one host alone closes each of its windows.
    pub(crate) is_closed_by_host: bool,
}

impl Count {
    /// Reads how [`OfRule::encode`] began.
    ///
    /// # Errors
    /// If there are not bytes for so many.
    pub(crate) fn decode(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut count = || bytes.count(Slot::LEAST_BYTES);
        Ok(Self { open: count()?, retained: count()? })
    }
}

impl OfRule<'_> {
    /// How many there are.
    #[must_use]
    pub(crate) fn count(&self) -> Count {
        Count { open: self.open.len(), retained: self.retained.len() }
    }

    /// Writes how many there are, then each, then up to which ends they are final.
    pub(crate) fn encode(&self, names: &Names, out: &mut Writer) {
        out.count(self.open.len());
        out.count(self.retained.len());
        for (slot, window) in &self.open {
            slot.encode(out);
            out.flag(self.rests.contains(slot));
            window.encode(names, out);
        }
        for (slot, retained) in &self.retained {
            slot.encode(out);
            retained.encode(names, out);
        }
        out.option(self.finals, |out, finals| finals.encode(out));
    }
}

impl Windows {
    /// All windows, by rule.
    #[must_use]
    pub(crate) fn by_rule(&self) -> BTreeMap<RuleId, OfRule<'_>> {
        let mut rules: BTreeMap<RuleId, OfRule<'_>> = BTreeMap::new();
        let none = |rule: &RuleId| OfRule {
            open: Vec::new(),
            retained: Vec::new(),
            rests: &self.rests,
            finals: self.finals.of_rule(*rule),
        };
        for rule in self.finals.rules() {
            rules.insert(rule, none(&rule));
        }
        for (slot, window) in self.open.things() {
            rules.entry(slot.rule).or_insert_with_key(none).open.push((slot, window));
        }
        for (slot, retained) in self.retained.things() {
            rules.entry(slot.rule).or_insert_with_key(none).retained.push((slot, retained));
        }
        for windows in rules.values_mut() {
            windows.open.sort_unstable_by_key(|(slot, _)| *slot);
            windows.retained.sort_unstable_by_key(|(slot, _)| *slot);
        }
        rules
    }

    /// Takes up the windows that [`OfRule::encode`] wrote, of a rule that has none here.
    ///
    /// # Errors
    /// If such a rule can have no such windows.
    pub(crate) fn restore(
        &mut self,
        owner: Owner<'_>,
        bytes: &mut Reader<'_>,
    ) -> Result<Count, Malformed> {
        let count = Count::decode(bytes)?;
        let reduce = owner.plan.reduce.as_ref();
        let reduce = reduce.ok_or(Malformed::new("a rule that keeps nothing has windows"))?;
        self.restore_open(count.open, owner, reduce, bytes)?;
        self.restore_retained(count.retained, owner, reduce, bytes)?;
        if let Some(ends) = bytes.option(Ends::decode)? {
            self.finals.put(owner.rule, ends);
        }
        Ok(count)
    }

    /// Writes the hosts that were forgotten, and the ends of their last windows.
    pub(crate) fn encode_forgotten(&self, out: &mut Writer) {
        self.finals.of_forgotten().encode(out);
    }

    /// Takes up what [`encode_forgotten`](Self::encode_forgotten) wrote.
    ///
    /// # Errors
    /// If no engine can have written it.
    pub(crate) fn restore_forgotten(&mut self, bytes: &mut Reader<'_>) -> Result<(), Malformed> {
        self.finals.put_forgotten(Ends::decode(bytes)?);
        Ok(())
    }

    fn restore_open(
        &mut self,
        count: usize,
        owner: Owner<'_>,
        reduce: &Reduce,
        bytes: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        let mut last = None;
        for _ in 0..count {
            let slot = owner.slot_after(&mut last, bytes)?;
            let is_rest = bytes.flag()?;
            let window = self.decode_window(owner, reduce, bytes)?;
            match is_rest {
                true => self.put_rest(&slot, window),
                false => self.put(&slot, window),
            }
        }
        Ok(())
    }

    fn restore_retained(
        &mut self,
        count: usize,
        owner: Owner<'_>,
        reduce: &Reduce,
        bytes: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        if count > 0 && owner.plan.closing.revision == Revision::Never {
            return Err(Malformed::new("a window is kept that no row can revise"));
        }
        let mut last = None;
        for _ in 0..count {
            let slot = owner.slot_after(&mut last, bytes)?;
            if self.open.get(&slot).is_some() {
                return Err(Malformed::new("a window is both open and closed"));
            }
            let retained = Retained {
                is_rest: bytes.flag()?,
                revisions: decode_revisions(bytes)?,
                window: self.decode_window(owner, reduce, bytes)?,
                late: bytes.option(|bytes| self.decode_window(owner, reduce, bytes))?,
            };
            self.retain(&slot, retained);
        }
        Ok(())
    }

    fn decode_window(
        &mut self,
        owner: Owner<'_>,
        reduce: &Reduce,
        bytes: &mut Reader<'_>,
    ) -> Result<Window, Malformed> {
        Window::decode(self.arena(), reduce, owner.names, &self.hasher, bytes)
    }
}

impl Owner<'_> {
    /// Reads where the next of its windows lies.
    fn slot_after(
        self,
        last: &mut Option<Slot>,
        bytes: &mut Reader<'_>,
    ) -> Result<Slot, Malformed> {
        let slot = Slot::decode(self.rule, bytes)?;
        if slot.host.is_some() != self.is_closed_by_host {
            return Err(Malformed::new("a window is closed by the wrong hosts"));
        }
        match last.replace(slot.clone()) {
            Some(last) if last >= slot => Err(Malformed::new("windows are out of order")),
            _ => Ok(slot),
        }
    }
}

impl Retained {
    fn encode(&self, names: &Names, out: &mut Writer) {
        out.flag(self.is_rest);
        out.count(self.revisions.len());
        for (key, revision) in &self.revisions {
            out.plain(&key.to_le_bytes());
            out.number((*revision).into());
        }
        self.window.encode(names, out);
        out.option(self.late.as_ref(), |out, late| late.encode(names, out));
    }
}

fn decode_revisions(bytes: &mut Reader<'_>) -> Result<BTreeMap<u64, u32>, Malformed> {
    /// A key and a small number.
    const LEAST_BYTES: usize = 9;
    let mut revisions = BTreeMap::new();
    for _ in 0..bytes.count(LEAST_BYTES)? {
        let key = u64::from_le_bytes(bytes.plain()?);
        if revisions.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(Malformed::new("revisions are out of order"));
        }
        revisions.insert(key, bytes.small_number()?);
    }
    Ok(revisions)
}

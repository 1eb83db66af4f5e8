//! Which windows were sent and are kept no longer although rows of theirs may still come.
//!
//! What such a row belongs to has an alert already, whose rows are gone: a window made anew for it would send the same key and
//! revision once more, with other values. So of each rule and host the end is remembered up to which windows are *final*. It
//! stands for those that end before it, too, which were let go earlier or never were.
//!
//! This is bounded in bytes, for the names of hosts are hostile. Beyond the bound the ends of the rule that has most become one
//! for all hosts, the lower half of them first: no row is then taken for new that is not, some are taken for late that are new.

use std::collections::BTreeMap;

use crate::{
    agg::window::Slot,
    codec::{Malformed, Reader, Writer},
    ids::RuleId,
};

/// The ends up to which windows are final.
#[derive(Debug, Default)]
pub(super) struct Finals {
    of_rules: BTreeMap<RuleId, Ends>,
    /// Of the hosts whose watermark was forgotten, whatever the rule.
    of_forgotten: Ends,
    /// Of the ends of all rules.
    bytes: usize,
}

/// One end for each host.
#[derive(Debug)]
pub(super) struct Ends {
    /// That of all other hosts, and of windows that all hosts close.
    of_all_ns: i64,
    of_hosts: BTreeMap<Box<[u8]>, i64>,
    bytes: usize,
}

/// Hosts and their ends may take so many bytes for all rules, and as many for the hosts that were forgotten.
const MAX_BYTES: usize = 4 << 20;

impl Finals {
    /// Makes a window final, and those of its rule and host that end before it.
    pub(super) fn raise(&mut self, slot: &Slot) {
        let ends = self.of_rules.entry(slot.rule).or_default();
        self.bytes += ends.raise(slot.host.as_deref(), slot.end_ns);
        while self.bytes > MAX_BYTES
            && let Some(most) = self.of_rules.values_mut().max_by_key(|ends| ends.bytes)
        {
            self.bytes -= most.fold();
        }
    }

    /// The same for every rule that has windows of one host.
    pub(super) fn raise_forgotten(&mut self, host: &[u8], end_ns: i64) {
        self.of_forgotten.raise(Some(host), end_ns);
        while self.of_forgotten.bytes > MAX_BYTES {
            self.of_forgotten.fold();
        }
    }

    /// Whether a window is final.
    pub(super) fn has(&self, slot: &Slot) -> bool {
        self.of_rules.get(&slot.rule).is_some_and(|ends| ends.cover(slot))
    }

    /// Whether a window, if it is opened now, may lack rows that were sent already.
    pub(super) fn has_begun(&self, slot: &Slot) -> bool {
        self.has(slot) || (slot.host.is_some() && self.of_forgotten.cover(slot))
    }

    /// The rules that have final windows.
    pub(super) fn rules(&self) -> impl Iterator<Item = RuleId> {
        self.of_rules.keys().copied()
    }

    /// The ends of one rule.
    pub(super) fn of_rule(&self, rule: RuleId) -> Option<&Ends> {
        self.of_rules.get(&rule)
    }

    /// Takes up the ends of a rule that has none.
    pub(super) fn put(&mut self, rule: RuleId, ends: Ends) {
        self.bytes += ends.bytes;
        self.of_rules.insert(rule, ends);
    }

    /// Those of forgotten hosts.
    pub(super) fn of_forgotten(&self) -> &Ends {
        &self.of_forgotten
    }

    /// Takes up those of forgotten hosts.
    pub(super) fn put_forgotten(&mut self, ends: Ends) {
        self.of_forgotten = ends;
    }

    /// The same under other rules; those of a rule without an heir are left out.
    pub(super) fn handed_over(self, heir: impl Fn(RuleId) -> Option<RuleId>) -> Self {
        let mut to = Self { of_forgotten: self.of_forgotten, ..Self::default() };
        for (rule, ends) in self.of_rules {
            if let Some(rule) = heir(rule) {
                to.put(rule, ends);
            }
        }
        to
    }
}

impl Default for Ends {
    fn default() -> Self {
        Self { of_all_ns: i64::MIN, of_hosts: BTreeMap::new(), bytes: 0 }
    }
}

impl Ends {
    fn cover(&self, slot: &Slot) -> bool {
        let of_host = slot.host.as_ref().and_then(|host| self.of_hosts.get(host));
        slot.end_ns <= self.of_all_ns || of_host.is_some_and(|&end_ns| slot.end_ns <= end_ns)
    }

    /// Raises the end of a host, or without one that of all; how many bytes more it takes.
    fn raise(&mut self, host: Option<&[u8]>, end_ns: i64) -> usize {
        let Some(host) = host else {
            self.of_all_ns = self.of_all_ns.max(end_ns);
            return 0;
        };
        if let Some(of_host_ns) = self.of_hosts.get_mut(host) {
            *of_host_ns = end_ns.max(*of_host_ns);
            return 0;
        }
        let bytes = entry_bytes(host);
        self.of_hosts.insert(host.into(), end_ns);
        self.bytes += bytes;
        bytes
    }

    /// Makes one end for all of the lower half; how many bytes less it takes, which are some if there are any.
    fn fold(&mut self) -> usize {
        let before = self.bytes;
        let mut ends: Vec<i64> = self.of_hosts.values().copied().collect();
        ends.sort_unstable();
        if let Some(&middle_ns) = ends.get(ends.len() / 2) {
            self.of_all_ns = self.of_all_ns.max(middle_ns);
            self.of_hosts.retain(|_, &mut end_ns| end_ns > middle_ns);
            self.bytes = self.of_hosts.keys().map(|host| entry_bytes(host)).sum();
        }
        before - self.bytes
    }

    /// Writes that of all, how many hosts have one of their own, and these, by name.
    pub(super) fn encode(&self, out: &mut Writer) {
        out.integer(self.of_all_ns);
        out.count(self.of_hosts.len());
        for (host, end_ns) in &self.of_hosts {
            out.text(host);
            out.integer(*end_ns);
        }
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If no ends can have been written so.
    pub(super) fn decode(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        /// A host without a name and an end.
        const LEAST_BYTES: usize = 9;
        let mut ends = Self { of_all_ns: bytes.integer()?, ..Self::default() };
        for _ in 0..bytes.count(LEAST_BYTES)? {
            let host = bytes.text()?;
            if ends.of_hosts.last_key_value().is_some_and(|(last, _)| &**last >= host) {
                return Err(Malformed::new("ends of hosts are out of order"));
            }
            ends.raise(Some(host), bytes.integer()?);
        }
        Ok(ends)
    }
}

/// Bytes of a host and its end, with their share of the map.
fn entry_bytes(host: &[u8]) -> usize {
    const ENTRY_BYTES: usize = 48;
    ENTRY_BYTES + host.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(rule: usize, host: &str, end_ns: i64) -> Slot {
        let host = (!host.is_empty()).then(|| host.as_bytes().into());
        Slot { end_ns, rule: RuleId::new(rule), start_ns: end_ns - 1, host }
    }

    #[test]
    fn what_ends_no_later_is_final_for_its_rule_and_host_alone() {
        let mut finals = Finals::default();
        finals.raise(&slot(0, "a", 5));
        finals.raise(&slot(0, "a", 3));
        finals.raise(&slot(1, "", 7));
        let has = |rule, host, end_ns| finals.has(&slot(rule, host, end_ns));
        assert!(has(0, "a", 5) && has(0, "a", 1) && has(1, "", 7));
        assert!(!has(0, "a", 6) && !has(0, "b", 1) && !has(2, "a", 1) && !has(1, "", 8));
    }

    #[test]
    fn the_windows_of_a_forgotten_host_have_begun_but_are_not_final() {
        let mut finals = Finals::default();
        finals.raise_forgotten(b"a", 5);
        assert!(finals.has_begun(&slot(3, "a", 5)) && !finals.has(&slot(3, "a", 5)));
        assert!(!finals.has_begun(&slot(3, "b", 5)) && !finals.has_begun(&slot(3, "a", 6)));
    }

    #[test]
    fn a_flood_of_hosts_takes_bounded_bytes_and_no_window_stops_to_be_final() {
        let mut finals = Finals::default();
        let host = |number: i64| format!("{number}{}", "h".repeat(9_000));
        for number in 0..1_000 {
            finals.raise(&slot(0, &host(number), number));
            assert!(finals.bytes <= MAX_BYTES);
        }
        finals.raise(&slot(2, "small", 7));
        finals.raise(&slot(0, &"h".repeat(MAX_BYTES), 0));
        assert!(finals.bytes <= MAX_BYTES);
        assert!(
            !finals.has(&slot(2, "another", 7)),
            "a flood of one rule folds that of none other"
        );
        assert!((0..1_000).all(|number| finals.has(&slot(0, &host(number), number))));
        assert!(!finals.has(&slot(0, &host(999), 1_000)));
        assert!(!finals.has(&slot(0, "another", 999)), "the lower half went, not all");
        assert!(!finals.has(&slot(1, &host(0), 0)));
    }
}

//! When to look at the windows of a host that says nothing.
//!
//! Silence closes windows, and whose silence has lasted long enough must be known without asking every host each time the
//! clock moves. So each host with windows has one alarm, never later than the first of its windows can close by silence. It
//! may be too early, for what the host says meanwhile puts that off; this is found out when it rings.

use std::collections::{BTreeMap, BTreeSet};

/// One alarm for each host that has windows.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    times: BTreeMap<Box<[u8]>, i64>,
    hosts: BTreeSet<(i64, Box<[u8]>)>,
}

impl Alarms {
    /// Whether a host has one.
    pub(super) fn is_set(&self, host: &[u8]) -> bool {
        self.times.contains_key(host)
    }

    /// Sets the alarm of a host that has none.
    pub(super) fn set(&mut self, host: &[u8], at_ns: i64) {
        debug_assert!(!self.is_set(host), "one alarm for each host");
        self.times.insert(host.into(), at_ns);
        self.hosts.insert((at_ns, host.into()));
    }

    /// Takes the alarm of a host away.
    pub(super) fn cancel(&mut self, host: &[u8]) {
        if let Some((host, at_ns)) = self.times.remove_entry(host) {
            self.hosts.remove(&(at_ns, host));
        }
    }

    /// Takes the earliest alarm away whose time has come.
    pub(super) fn ring(&mut self, now_ns: i64) -> Option<Box<[u8]>> {
        if self.hosts.first()?.0 > now_ns {
            return None;
        }
        let (_, host) = self.hosts.pop_first()?;
        self.times.remove(&host);
        Some(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_rings_once_when_its_time_has_come() {
        let mut alarms = Alarms::default();
        alarms.set(b"b", 5);
        alarms.set(b"a", 7);
        alarms.set(b"c", 1);
        alarms.cancel(b"c");
        assert_eq!(alarms.ring(4), None);
        assert_eq!(alarms.ring(9).as_deref(), Some(b"b".as_slice()));
        assert_eq!(alarms.ring(9).as_deref(), Some(b"a".as_slice()));
        assert_eq!(alarms.ring(9), None);
    }
}

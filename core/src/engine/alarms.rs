//! When to look at the windows of a host that says nothing.
//!
//! Silence closes windows, and whose silence has lasted long enough must be known without asking every host each time the
//! clock moves. So each host with windows has one alarm, never later than the first of its windows can close by silence. It
//! may be too early, for what the host says meanwhile puts that off; this is found out when it rings.

use std::collections::{BTreeMap, BTreeSet};

use super::clock::bytes::decode_time;
use crate::codec::{Malformed, Reader, Writer};

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

    /// Writes the alarms of the hosts that `is_written` selects, in the order of the hosts.
    pub(super) fn encode(&self, is_written: impl Fn(&[u8]) -> bool, out: &mut Writer) {
        let written: Vec<_> = self.times.iter().filter(|(host, _)| is_written(host)).collect();
        out.count(written.len());
        for (host, at_ns) in written {
            out.text(host);
            out.integer(*at_ns);
        }
    }

    /// Reads what [`encode`](Self::encode) wrote; an alarm for later than `last_ns` is set for then.
    ///
    /// # Errors
    /// If no alarms can have been written so.
    pub(super) fn decode(last_ns: i64, bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        /// A host without a name and a time.
        const LEAST_BYTES: usize = 9;
        let mut alarms = Self::default();
        for _ in 0..bytes.count(LEAST_BYTES)? {
            let host = bytes.text()?;
            if alarms.times.last_key_value().is_some_and(|(last, _)| &**last >= host) {
                return Err(Malformed::new("alarms are out of order"));
            }
            alarms.set(host, decode_time(i64::MAX, bytes)?.min(last_ns));
        }
        Ok(alarms)
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

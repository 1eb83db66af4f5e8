//! The byte form of the watermarks.

use super::{Clocks, HostClock, MAX_HOSTS};
use crate::codec::{Malformed, Reader, Writer};

impl Clocks {
    /// Writes, in the order of the hosts, each host's watermark and how long the host has been silent.
    ///
    /// The wall clock is no part of it, and of the monotonic one only how far back it was heard: both mean something in one
    /// run only.
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.integer(self.idle_ns);
        out.count(self.hosts.len());
        for (host, clock) in &self.hosts {
            out.text(host);
            out.integer(clock.watermark_ns);
            out.integer(self.mono_ns.saturating_sub(clock.heard_mono_ns));
        }
    }

    /// Reads what `encode` wrote. The silence of the hosts goes on from the first `advance`.
    ///
    /// # Errors
    /// If no engine's clocks can have been written so.
    pub(crate) fn decode(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        /// A host without a name and two times.
        const LEAST_BYTES: usize = 17;
        /// A century and a half: what is added to it does not overflow.
        const MAX_SILENT_NS: i64 = i64::MAX / 2;
        let mut clocks = Self { idle_ns: bytes.integer()?, is_resumed: true, ..Self::default() };
        let count = bytes.count(LEAST_BYTES)?;
        if count > MAX_HOSTS {
            return Err(Malformed::new("there are more hosts than are kept"));
        }
        for _ in 0..count {
            let host = bytes.text()?;
            if clocks.hosts.last_key_value().is_some_and(|(last, _)| &**last >= host) {
                return Err(Malformed::new("hosts are out of order"));
            }
            let (watermark_ns, silent_ns) = (bytes.integer()?, bytes.integer()?);
            if !(0..MAX_SILENT_NS).contains(&silent_ns) {
                return Err(Malformed::new("a host was silent for longer than clocks go"));
            }
            let clock = HostClock { watermark_ns, heard_mono_ns: -silent_ns };
            clocks.hosts.insert(host.into(), clock);
        }
        Ok(clocks)
    }
}

//! The byte form of the watermarks.

use super::{Clocks, HostClock, MAX_HOSTS};
use crate::codec::{Malformed, Reader, Writer};

impl Clocks {
    /// Writes how much time has passed, and the watermark of all; then, in the order in which they were last heard, how many
    /// hosts are silent and each host: its watermark, the end of its last window that has closed, and when it was heard.
    ///
    /// Times are those of `elapsed_ns`, which only differences make. The clocks outside are no part of it: they mean something
    /// in one run only.
    pub(in crate::engine) fn encode(&self, out: &mut Writer) {
        out.integer(self.elapsed_ns);
        out.option(self.listening_since_ns, Writer::integer);
        self.encode_all(out);
        let indices = std::iter::successors(self.recency.oldest(), |&at| self.recency.after(at));
        let clocks: Vec<&HostClock> = indices.map(|index| &self.clocks[index]).collect();
        out.count(clocks.len());
        out.count(clocks.partition_point(|clock| clock.is_silent));
        for clock in clocks {
            out.text(&clock.host);
            out.integer(clock.watermark_ns);
            out.integer(clock.closed_ns);
            out.integer(clock.heard_ns);
        }
    }

    fn encode_all(&self, out: &mut Writer) {
        out.option(self.of_all_ns, Writer::integer);
        out.option(self.lead.before_ns, Writer::integer);
        out.count(self.lead.steps.len());
        for (at_ns, watermark_ns) in &self.lead.steps {
            out.integer(*at_ns);
            out.integer(*watermark_ns);
        }
    }

    /// Reads what [`encode`](Self::encode) wrote. Time goes on from the first `advance`.
    ///
    /// # Errors
    /// If no engine's clocks can have been written so.
    pub(in crate::engine) fn decode(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        /// A host without a name and three times.
        const LEAST_BYTES: usize = 25;
        let elapsed_ns = decode_time(i64::MAX, bytes)?;
        let mut clocks = Self { elapsed_ns, ..Self::default() };
        clocks.listening_since_ns = bytes.option(|bytes| decode_time(elapsed_ns, bytes))?;
        clocks.decode_all(bytes)?;
        let count = bytes.count(LEAST_BYTES)?;
        let silent = bytes.count(LEAST_BYTES)?;
        if count > MAX_HOSTS || silent > count {
            return Err(Malformed::new("there are more hosts than are kept"));
        }
        for number in 0..count {
            clocks.decode_host(number < silent, bytes)?;
        }
        Ok(clocks)
    }

    fn decode_all(&mut self, bytes: &mut Reader<'_>) -> Result<(), Malformed> {
        /// Two times.
        const LEAST_BYTES: usize = 16;
        self.of_all_ns = bytes.option(Reader::integer)?;
        self.lead.before_ns = bytes.option(Reader::integer)?;
        for _ in 0..bytes.count(LEAST_BYTES)? {
            let step = (decode_time(self.elapsed_ns, bytes)?, bytes.integer()?);
            if self.lead.steps.back().is_some_and(|last| last.0 >= step.0 || last.1 >= step.1) {
                return Err(Malformed::new("the fastest host went back"));
            }
            self.lead.steps.push_back(step);
        }
        Ok(())
    }

    fn decode_host(&mut self, is_silent: bool, bytes: &mut Reader<'_>) -> Result<(), Malformed> {
        let host = bytes.text()?;
        let clock = HostClock {
            host: host.into(),
            watermark_ns: bytes.integer()?,
            closed_ns: bytes.integer()?,
            heard_ns: decode_time(self.elapsed_ns, bytes)?,
            is_silent,
        };
        if self.clocks.last().is_some_and(|last| last.heard_ns > clock.heard_ns) {
            return Err(Malformed::new("hosts are out of order"));
        }
        let index = self.recency.add();
        if self.hosts.insert(host.into(), index).is_some() {
            return Err(Malformed::new("a host comes twice"));
        }
        let watermark_ns = clock.watermark_ns;
        self.clocks.push(clock);
        if is_silent {
            self.fall_silent(index);
        } else {
            self.awake.set(index, watermark_ns);
            self.next_silent.get_or_insert(index);
        }
        Ok(())
    }
}

/// A time between the start of the clocks and `last_ns`.
pub(in crate::engine) fn decode_time(
    last_ns: i64,
    bytes: &mut Reader<'_>,
) -> Result<i64, Malformed> {
    let time_ns = bytes.integer()?;
    let is_time = (0..=last_ns).contains(&time_ns);
    if is_time { Ok(time_ns) } else { Err(Malformed::new("a time lies beyond the clocks")) }
}

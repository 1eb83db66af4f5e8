//! The byte form of the watermarks.

use super::{Clocks, HostClock};
use crate::codec::{Malformed, Reader, Writer};

impl Clocks {
    /// Writes how much time has passed, and the watermark of all; then, in the order in which they were last heard, how many
    /// hosts are silent and each host: its watermark, what it has gained by silence for good, and when it was heard. Last
    /// come the hosts that went from the table, by name.
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
        clocks.into_iter().for_each(|clock| clock.encode(out));
        out.count(self.gone.len());
        self.gone.values().for_each(|clock| clock.encode(out));
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
        let elapsed_ns = decode_time(i64::MAX, bytes)?;
        let mut clocks = Self { elapsed_ns, ..Self::default() };
        clocks.listening_since_ns = bytes.option(|bytes| decode_time(elapsed_ns, bytes))?;
        clocks.decode_all(bytes)?;
        let count = bytes.count(HostClock::LEAST_BYTES)?;
        let silent = bytes.count(HostClock::LEAST_BYTES)?;
        if silent > count {
            return Err(Malformed::new("more hosts are silent than there are"));
        }
        for number in 0..count {
            clocks.decode_host(number < silent, bytes)?;
        }
        for _ in 0..bytes.count(HostClock::LEAST_BYTES)? {
            clocks.decode_gone(bytes)?;
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
        let clock = HostClock { is_silent, ..HostClock::decode(self.elapsed_ns, bytes)? };
        if self.clocks.last().is_some_and(|last| last.heard_ns > clock.heard_ns) {
            return Err(Malformed::new("hosts are out of order"));
        }
        let index = self.recency.add();
        if self.hosts.insert(clock.host.clone(), index).is_some() {
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

    fn decode_gone(&mut self, bytes: &mut Reader<'_>) -> Result<(), Malformed> {
        let clock = HostClock::decode(self.elapsed_ns, bytes)?;
        let last = self.gone.last_key_value();
        if last.is_some_and(|(last, _)| *last >= clock.host) {
            return Err(Malformed::new("hosts that went are out of order"));
        }
        if self.hosts.contains_key(&clock.host) {
            return Err(Malformed::new("a host that went is there"));
        }
        self.gone.insert(clock.host.clone(), clock);
        Ok(())
    }
}

impl HostClock {
    /// The fewest bytes that it is written in: a host without a name and three times.
    const LEAST_BYTES: usize = 25;

    fn encode(&self, out: &mut Writer) {
        out.text(&self.host);
        out.integer(self.watermark_ns);
        out.integer(self.gained_ns);
        out.integer(self.heard_ns);
    }

    /// Reads a host that is not silent.
    fn decode(elapsed_ns: i64, bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            host: bytes.text()?.into(),
            watermark_ns: bytes.integer()?,
            gained_ns: bytes.integer()?,
            heard_ns: decode_time(elapsed_ns, bytes)?,
            is_silent: false,
        })
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

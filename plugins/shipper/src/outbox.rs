//! Detections that wait to be taken.

use std::collections::VecDeque;

/// More is dropped and counted: whoever should take it does not.
pub const MAX_BYTES: usize = 16 << 20;

/// Records of our own, oldest first.
#[derive(Debug, Default)]
pub struct Outbox {
    records: VecDeque<Box<[u8]>>,
    bytes: usize,
    lost: u64,
}

impl Outbox {
    /// Nothing waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { records: VecDeque::new(), bytes: 0, lost: 0 }
    }

    /// Adds a record behind the others.
    pub fn put(&mut self, record: Box<[u8]>) {
        if self.bytes + record.len() > MAX_BYTES {
            self.lost += 1;
            return;
        }
        self.bytes += record.len();
        self.records.push_back(record);
    }

    /// Moves records to the end of `out`, up to about `max_bytes` of them.
    pub fn take_into(&mut self, out: &mut Vec<u8>, max_bytes: usize) {
        let end = out.len().saturating_add(max_bytes);
        while out.len() < end {
            let Some(record) = self.take() else { return };
            out.extend_from_slice(&record);
        }
    }

    /// How many records wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many records were dropped.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The records, one behind the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.records.iter().flatten().copied().collect()
    }

    /// Adds what [`Outbox::to_bytes`] has given. `length` says how long the first record is, in bytes; where there is none, the
    /// rest is left out.
    pub fn put_all(&mut self, mut bytes: &[u8], length: impl Fn(&[u8]) -> Option<usize>) {
        while let Some((record, rest)) = length(bytes)
            .filter(|&length| length > 0)
            .and_then(|length| bytes.split_at_checked(length))
        {
            self.put(record.into());
            bytes = rest;
        }
    }

    /// Takes the oldest record.
    pub fn take(&mut self) -> Option<Box<[u8]>> {
        let record = self.records.pop_front()?;
        self.bytes -= record.len();
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_in_their_order_and_whole() {
        let mut outbox = Outbox::default();
        outbox
            .put_all(&[2, 1, 2, 2, 2, 3, 2], |bytes| bytes.first().map(|length| (*length).into()));
        assert_eq!((outbox.len(), outbox.to_bytes().len()), (3, 6), "the last one is cut off");
        let mut out = Vec::new();
        outbox.take_into(&mut out, 3);
        assert_eq!(out, [2, 1, 2, 2]);
        outbox.take_into(&mut out, 3);
        assert_eq!((out.as_slice(), outbox.is_empty()), (&[2, 1, 2, 2, 2, 3][..], true));
    }

    #[test]
    fn what_nobody_takes_is_bounded_and_counted() {
        let mut outbox = Outbox::default();
        let record: Box<[u8]> = vec![0; MAX_BYTES / 2].into();
        (0..3).for_each(|_| outbox.put(record.clone()));
        assert_eq!((outbox.len(), outbox.lost()), (2, 1));
        outbox.take_into(&mut Vec::new(), usize::MAX);
        outbox.put(record);
        assert_eq!((outbox.len(), outbox.lost()), (1, 1));
    }
}

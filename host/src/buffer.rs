//! What has been read of an input and not been passed over yet.

use std::io::{self, Read};
use std::ops::Range;

/// What is asked of a reader at a time.
pub(crate) const READ_BYTES: usize = 64 << 10;

/// A window that slides over an input, in bytes that lie side by side.
///
/// Bytes that were passed over stay where they are until more are read, so a range taken before [`Buffer::pass`] still
/// stands for the same bytes after it.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    unread: Range<usize>,
    /// The place in the input of the first unread byte, and how many line ends stand before it.
    position: u64,
    newlines: u64,
}

impl Buffer {
    /// What has been read and not been passed over.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.unread.clone()]
    }

    /// Where the first `length` unread bytes stand, for [`Buffer::get`].
    pub(crate) fn range(&self, length: usize) -> Range<usize> {
        self.unread.start..self.unread.start + length
    }

    /// The bytes of a range that was taken since the last read.
    pub(crate) fn get(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }

    /// The byte of the input at which the unread bytes start.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// How many line ends stand before the unread bytes.
    pub(crate) fn newlines(&self) -> u64 {
        self.newlines
    }

    /// Passes over the first `length` unread bytes.
    pub(crate) fn pass(&mut self, length: usize) {
        let passed = &self.unread()[..length];
        self.newlines += as_u64(memchr::memchr_iter(b'\n', passed).count());
        self.position += as_u64(length);
        self.unread.start += length;
    }

    /// Reads once; 0 at the end of input.
    pub(crate) fn fill(&mut self, reader: &mut dyn Read) -> io::Result<usize> {
        self.make_room();
        loop {
            match reader.read(&mut self.bytes[self.unread.end..]) {
                Ok(count) => {
                    self.unread.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves what is left to the front when the end is near: at most once an event, and then less than a read.
    fn make_room(&mut self) {
        if self.bytes.len() - self.unread.end >= READ_BYTES && !self.unread.is_empty() {
            return;
        }
        self.bytes.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let wanted = self.unread.end + READ_BYTES;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
    }

    /// How much memory it takes, in bytes.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

pub(crate) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

//! The Linux audit log: the records of one event, which are lines of one node and serial number, joined.
//!
//! The kernel writes the records of several events between each other, but never far apart. So a few events are kept open
//! at a time and given out in the order of their first records; one is complete when its `EOE` record has come, or when
//! it would be one too many.

use std::collections::VecDeque;
use std::ops::Range;

/// So many events wait for more records at a time.
const MAX_OPEN_EVENTS: usize = 8;

/// The records of one event, joined by line ends.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub(super) text: Vec<u8>,
    pub(super) position: u64,
    pub(super) line: u64,
    pub(super) is_cut: bool,
    id: Id,
    is_complete: bool,
}

/// Where a record says which event it is of: `node=N`, and what stands between `audit(` and `)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Id {
    node: Range<usize>,
    serial: Range<usize>,
}

impl Id {
    /// Node and serial number in the text of a record; nothing where the text was cut before them.
    fn of<'r>(&self, text: &'r [u8]) -> Option<(&'r [u8], &'r [u8])> {
        Some((text.get(self.node.clone())?, text.get(self.serial.clone())?))
    }
}

/// Joins records to events.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    open: VecDeque<Joined>,
    /// Nothing more will come to the events that are open.
    is_released: bool,
    unused: Vec<Vec<u8>>,
}

impl Joiner {
    /// Adds one record, without its line end, that stands at `position` in line `line`.
    pub(super) fn add(&mut self, record: &[u8], position: u64, line: u64, max_event_bytes: usize) {
        self.is_released = false;
        let id = id(record).unwrap_or_default();
        let wanted = id.of(record);
        let same = |event: &&mut Joined| wanted.is_some() && event.id.of(&event.text) == wanted;
        if let Some(event) = self.open.iter_mut().find(same) {
            event.add(record, max_event_bytes);
            return;
        }
        let text = self.unused.pop().unwrap_or_default();
        let mut event = Joined { text, position, line, id, ..Joined::default() };
        event.add(record, max_event_bytes);
        self.open.push_back(event);
    }

    /// Gives out all events that are open, whatever might still come.
    pub(super) fn release(&mut self) {
        self.is_released = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The byte of the input from which on records wait.
    pub(super) fn position(&self) -> Option<u64> {
        self.open.front().map(|event| event.position)
    }

    /// The next event that is complete; `last` is the one before, whose memory is used again.
    pub(super) fn next(&mut self, last: &mut Joined) -> bool {
        let is_ready = self.is_released || self.open.len() > MAX_OPEN_EVENTS;
        if !self.open.front().is_some_and(|first| is_ready || first.is_complete) {
            return false;
        }
        let Some(event) = self.open.pop_front() else { return false };
        let mut unused = std::mem::replace(last, event).text;
        unused.clear();
        if self.unused.len() < MAX_OPEN_EVENTS {
            self.unused.push(unused);
        }
        true
    }
}

impl Joined {
    fn add(&mut self, record: &[u8], max_event_bytes: usize) {
        if !self.text.is_empty() {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(record);
        self.is_cut |= self.text.len() > max_event_bytes;
        self.text.truncate(max_event_bytes);
        self.is_complete |= is_last(record);
    }
}

/// Whether `line` is a record: `type=SYSCALL msg=audit(1767225600.123:4711): ...`, perhaps behind `node=N `.
pub(super) fn is_record(line: &[u8]) -> bool {
    id(line).is_some()
}

/// Whether `bytes`, a part of a line, may be the start of a record.
pub(super) fn may_be_record(bytes: &[u8]) -> bool {
    [&b"type="[..], b"node="]
        .iter()
        .any(|start| bytes.starts_with(start) || start.starts_with(bytes))
}

/// Names of nodes and types are no longer, and neither are time and serial number together.
const LONGEST_BYTES: usize = 256;

fn id(record: &[u8]) -> Option<Id> {
    let node = match record.strip_prefix(b"node=") {
        Some(name) => 5..5 + word_length(name),
        None => 0..0,
    };
    let kind_start = if node.is_empty() { 0 } else { node.end + 1 };
    let kind = record.get(kind_start..)?.strip_prefix(b"type=")?;
    let kind_end = kind_start + 5 + word_length(kind);
    record.get(kind_end..)?.strip_prefix(b" msg=audit(")?;
    let start = kind_end + 11;
    let window = &record[start..record.len().min(start + LONGEST_BYTES)];
    let length = memchr::memchr(b')', window)?;
    let is_serial = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b':');
    window[..length].iter().all(is_serial).then_some(Id { node, serial: start..start + length })
}

fn word_length(text: &[u8]) -> usize {
    let window = &text[..text.len().min(LONGEST_BYTES)];
    memchr::memchr(b' ', window).unwrap_or(window.len())
}

fn is_last(record: &[u8]) -> bool {
    let kind = record.split(|byte| *byte == b' ').find_map(|word| word.strip_prefix(b"type="));
    kind == Some(b"EOE")
}

//! Events of any bytes, in bounded memory.
//!
//! Most logs hold one event a line. Classic Windows text, pretty-printed XML and JSON have events of several lines; arrays of
//! JSON and XML without line ends have several events a line; the records of one audit event are lines apart. What an
//! event starts with says which ([`opening`]), and one scanner looks for its end ([`scan`]). Files may mix them all.
//!
//! The laws:
//!
//! - **Whatever the bytes and however the reader cuts them, the same events come out.**
//! - Nothing is left out but what stands between events: line ends, blanks, the brackets and commas of arrays, XML
//!   declarations, and what follows the array in an object that wraps it.
//! - An event that is never closed, or closed late, is cut at `max_event_bytes` and counted, and it costs the events after it
//!   nothing: what follows is read again from the next place where an event may start.
//! - Each byte is looked at a bounded number of times, and no more is held than the longest allowed event, a few reads, and
//!   the few audit events that are open at a time.

mod audit;
mod json;
mod opening;
mod scan;
mod text;
mod xml;

use std::io::{self, Read};
use std::ops::Range;

use caltrop_core::config::Input as Written;

use crate::buffer::Buffer;
use audit::{Joined, Joiner};
use opening::{Opening, opening};
use scan::{End, Scanner};

/// What is known of the bytes that have not been read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// There may be some.
    MayCome,
    /// There may be some, but none has come for so long that an event is complete if it may be. What stands open stays so.
    Quiet,
    /// There are none.
    Ended,
}

/// Takes bytes apart into events.
#[derive(Debug)]
pub(crate) struct Events {
    buffer: Buffer,
    written: Written,
    max_event_bytes: usize,
    state: State,
    nesting: Nesting,
    joiner: Joiner,
    event: Given,
    joined: Joined,
}

#[derive(Debug)]
enum State {
    /// No event has started.
    Between,
    /// One has.
    Inside(Scanner),
    /// An audit record has.
    InRecord(Scanner),
    /// What is left of an event that was cut, or of an object behind the array of events in it.
    Behind(Scanner),
}

/// Of what the events are elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nesting {
    None,
    Array,
    /// An array that is a value of an object.
    Wrapper,
}

/// The event that was given out last.
#[derive(Debug, Default)]
struct Given {
    range: Range<usize>,
    is_joined: bool,
    position: u64,
    line: u64,
    is_cut: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// An event has been found.
    Event,
    /// Something else was passed over.
    On,
    /// More bytes are needed.
    Starved,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Events {
    /// Events that are written as `written` says, of which none is longer than `max_event_bytes`.
    pub(crate) fn new(written: Written, max_event_bytes: usize) -> Self {
        Self {
            buffer: Buffer::default(),
            written,
            max_event_bytes,
            state: State::Between,
            nesting: Nesting::None,
            joiner: Joiner::default(),
            event: Given::default(),
            joined: Joined::default(),
        }
    }

    /// Reads once from `reader`; 0 at the end of input. The event given out last is gone.
    ///
    /// # Errors
    /// Those of the reader. What had been read is kept, so that a reader that recovers can go on.
    pub(crate) fn fill(&mut self, reader: &mut dyn Read) -> io::Result<usize> {
        self.buffer.fill(reader)
    }

    /// Finds the next event in what has been read; false if more is needed, or at the end.
    pub(crate) fn find_next(&mut self, more: More) -> bool {
        loop {
            if self.joiner.next(&mut self.joined) {
                self.give_joined();
                return true;
            }
            match self.step(more) {
                Step::Event => return true,
                Step::On => {}
                Step::Starved if more != More::MayCome && !self.joiner.is_empty() => {
                    self.joiner.release();
                }
                Step::Starved => return false,
            }
        }
    }

    /// The event found last.
    pub(crate) fn event(&self) -> &[u8] {
        if self.event.is_joined { &self.joined.text } else { self.buffer.get(&self.event.range) }
    }

    /// The byte of the input at which the event found last starts.
    pub(crate) fn event_position(&self) -> u64 {
        self.event.position
    }

    /// The line in which the event found last starts, from 1.
    pub(crate) fn event_line(&self) -> u64 {
        self.event.line
    }

    /// Whether the event found last was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.event.is_cut
    }

    /// How many bytes have been given out or passed over.
    pub(crate) fn position(&self) -> u64 {
        self.buffer.position()
    }

    /// The byte from which on the input must be read again to get what has not been given out.
    pub(crate) fn resume_position(&self) -> u64 {
        self.joiner.position().unwrap_or(self.buffer.position())
    }

    fn step(&mut self, more: More) -> Step {
        match std::mem::replace(&mut self.state, State::Between) {
            State::Between => self.open(more),
            State::Inside(scanner) => self.inside(scanner, more),
            State::InRecord(scanner) => self.in_record(scanner, more),
            State::Behind(scanner) => self.behind(scanner, more),
        }
    }

    fn open(&mut self, more: More) -> Step {
        let bytes = self.buffer.unread();
        if bytes.is_empty() {
            return Step::Starved;
        }
        if self.buffer.position() == 0 && bytes[0] == BYTE_ORDER_MARK[0] {
            if bytes.starts_with(BYTE_ORDER_MARK) {
                self.buffer.pass(BYTE_ORDER_MARK.len());
                return Step::On;
            }
            if more != More::Ended && BYTE_ORDER_MARK.starts_with(bytes) {
                return Step::Starved;
            }
        }
        if self.nesting != Nesting::None {
            return self.open_element();
        }
        match opening(bytes, self.written, more) {
            Opening::Starved => return Step::Starved,
            Opening::Record(scanner) => self.state = State::InRecord(scanner),
            Opening::Nothing(length) => self.buffer.pass(length),
            // The events whose records were before are complete, and come first.
            _ if !self.joiner.is_empty() => self.joiner.release(),
            Opening::Event(scanner) => self.state = State::Inside(scanner),
            Opening::Array(length) => self.nest(Nesting::Array, length),
            Opening::Wrapper(length) => self.nest(Nesting::Wrapper, length),
        }
        Step::On
    }

    fn nest(&mut self, nesting: Nesting, length: usize) {
        self.nesting = nesting;
        self.buffer.pass(length);
    }

    /// The next element of an array, or its end. Whatever else stands there is read as if there were no array.
    fn open_element(&mut self) -> Step {
        let bytes = self.buffer.unread();
        let is_separator = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
        let separators = bytes.iter().take_while(is_separator).count();
        let next = bytes.get(separators).copied();
        self.buffer.pass(separators);
        match next {
            None => return Step::Starved,
            Some(b'{') => self.state = State::Inside(Scanner::Json(json::Json::object(true))),
            Some(b']') => {
                self.buffer.pass(1);
                if std::mem::replace(&mut self.nesting, Nesting::None) == Nesting::Wrapper {
                    let rest = json::Json::rest_of_object();
                    self.state = State::Behind(Scanner::Json(rest));
                }
            }
            Some(_) => self.nesting = Nesting::None,
        }
        Step::On
    }

    fn inside(&mut self, mut scanner: Scanner, more: More) -> Step {
        let bytes = self.buffer.unread();
        if let Some(end) = scanner.find_end(bytes, more) {
            self.give_out(end);
            return Step::Event;
        }
        // One byte more than the limit might still be the `\r` of a line that fits.
        if scanner.scanned() > self.max_event_bytes.saturating_add(1) {
            self.give_out(End { text: scanner.scanned(), next: scanner.scanned() });
            scanner.forget();
            self.state = State::Behind(scanner);
            return Step::Event;
        }
        self.state = State::Inside(scanner);
        Step::Starved
    }

    fn in_record(&mut self, mut scanner: Scanner, more: More) -> Step {
        let bytes = self.buffer.unread();
        if let Some(end) = scanner.find_end(bytes, more) {
            let record = trim(&bytes[..end.text]);
            let (position, line) = (self.buffer.position(), self.buffer.newlines() + 1);
            self.joiner.add(record, position, line, self.max_event_bytes);
            self.buffer.pass(end.next);
            return Step::On;
        }
        let scanned = scanner.scanned();
        if scanned > self.max_event_bytes {
            let (position, line) = (self.buffer.position(), self.buffer.newlines() + 1);
            self.joiner.add(bytes, position, line, self.max_event_bytes);
            self.buffer.pass(scanned);
            scanner.forget();
            self.state = State::Behind(scanner);
            return Step::On;
        }
        self.state = State::InRecord(scanner);
        Step::Starved
    }

    /// Passes over what is not held.
    fn behind(&mut self, mut scanner: Scanner, more: More) -> Step {
        if let Some(end) = scanner.find_end(self.buffer.unread(), more) {
            self.buffer.pass(end.next);
            return Step::On;
        }
        self.buffer.pass(scanner.scanned());
        scanner.forget();
        self.state = State::Behind(scanner);
        Step::Starved
    }

    /// Takes the event up to `end` out of the buffer.
    fn give_out(&mut self, end: End) {
        let text = trim(&self.buffer.unread()[..end.text]).len();
        let is_cut = text > self.max_event_bytes;
        self.event = Given {
            range: self.buffer.range(text.min(self.max_event_bytes)),
            is_joined: false,
            position: self.buffer.position(),
            line: self.buffer.newlines() + 1,
            is_cut,
        };
        self.buffer.pass(end.next);
    }

    fn give_joined(&mut self) {
        let Joined { position, line, is_cut, .. } = self.joined;
        self.event = Given { range: 0..0, is_joined: true, position, line, is_cut };
    }

    /// How much memory it takes for bytes that were read.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.buffer.held_bytes()
    }
}

/// `text` without the line ends behind it.
fn trim(text: &[u8]) -> &[u8] {
    let kept = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    &text[..kept.map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests;

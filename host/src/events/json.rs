//! JSON: from a bracket to the one that closes it, on one line or over several.
//!
//! A document that is cut off must not swallow what follows it. So where a line starts with what cannot stand there in
//! JSON, the document before it is over; and no string goes beyond its line.

use super::More;
use super::scan::{End, Found, end_at};

/// Deeper documents end with their line: nothing is known there of what may follow.
const MAX_DEPTH: usize = 256;

/// Looks for the end of one JSON object.
#[derive(Debug)]
pub(super) struct Json {
    scanned: usize,
    /// How many brackets are open, and which of the outer ones are braces.
    depth: usize,
    braces: [u64; MAX_DEPTH / 64],
    in_string: bool,
    /// The last byte that was no blank.
    last: u8,
    /// Where the line starts of which only blanks were seen.
    line_start: Option<usize>,
    closed: Option<usize>,
    /// It is an element of an array, whose commas and brackets are no part of any event.
    is_element: bool,
}

impl Json {
    /// A scanner of one object that starts with the first byte.
    pub(super) fn object(is_element: bool) -> Self {
        Self {
            scanned: 0,
            depth: 0,
            braces: [0; MAX_DEPTH / 64],
            in_string: false,
            last: 0,
            line_start: None,
            closed: None,
            is_element,
        }
    }

    /// A scanner of the rest of an object, behind one of its values.
    pub(super) fn rest_of_object() -> Self {
        let mut json = Self::object(false);
        json.push(b'{');
        json.last = b']';
        json
    }

    pub(super) fn find_end(&mut self, bytes: &[u8], more: More) -> Found {
        if self.closed.is_none()
            && let Some(end) = self.scan(bytes)
        {
            return Found::End(end);
        }
        let Some(closed) = self.closed else { return Found::Nothing };
        if self.is_element {
            return Found::End(End { text: closed, next: closed });
        }
        end_at(bytes, closed, more)
    }

    pub(super) fn scanned(&self) -> usize {
        self.scanned
    }

    pub(super) fn forget(&mut self) {
        self.line_start = self.line_start.map(|_| 0);
        self.closed = self.closed.map(|_| 0);
        self.scanned = 0;
    }

    /// Looks for the bracket that closes the object. The end of one that cannot go on is given back.
    fn scan(&mut self, bytes: &[u8]) -> Option<End> {
        while self.scanned < bytes.len() && self.closed.is_none() {
            if self.in_string {
                if let Step::Ends(end) = self.string(bytes)? {
                    return Some(end);
                }
            } else if let Some(end) = self.structure(bytes) {
                return Some(end);
            }
        }
        None
    }

    /// Passes over the rest of a string; `None` if it goes on behind `bytes`.
    fn string(&mut self, bytes: &[u8]) -> Option<Step> {
        loop {
            let found = memchr::memchr3(b'"', b'\\', b'\n', &bytes[self.scanned..]);
            let Some(found) = found else {
                self.scanned = bytes.len();
                return None;
            };
            let at = self.scanned + found;
            match bytes[at] {
                b'"' => {
                    (self.in_string, self.last, self.scanned) = (false, b'"', at + 1);
                    return Some(Step::On);
                }
                b'\n' => return Some(Step::Ends(End { text: at, next: at + 1 })),
                _ if at + 1 == bytes.len() => {
                    self.scanned = at;
                    return None;
                }
                // An escaped line end is one all the same.
                _ => self.scanned = at + 1 + usize::from(bytes[at + 1] != b'\n'),
            }
        }
    }

    /// Passes over brackets, commas, numbers and words up to the next string.
    fn structure(&mut self, bytes: &[u8]) -> Option<End> {
        for (offset, &byte) in bytes[self.scanned..].iter().enumerate() {
            let at = self.scanned + offset;
            match byte {
                b' ' | b'\t' | b'\r' => continue,
                b'\n' if self.depth > MAX_DEPTH => return Some(End { text: at, next: at + 1 }),
                b'\n' => {
                    self.line_start = Some(at + 1);
                    continue;
                }
                _ => {}
            }
            if let Some(start) = self.line_start.take()
                && !self.may_follow(byte)
            {
                return Some(End { text: start, next: start });
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.push(byte),
                b'}' | b']' => self.pop(),
                _ => {}
            }
            self.last = byte;
            if self.depth == 0 {
                self.closed = Some(at + 1);
            }
            if self.in_string || self.closed.is_some() {
                self.scanned = at + 1;
                return None;
            }
        }
        self.scanned = bytes.len();
        None
    }

    fn push(&mut self, bracket: u8) {
        if let Some(word) = self.braces.get_mut(self.depth / 64) {
            let bit = 1 << (self.depth % 64);
            *word = if bracket == b'{' { *word | bit } else { *word & !bit };
        }
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
    }

    /// Whether a line may start with `byte`, after what came before it.
    fn may_follow(&self, byte: u8) -> bool {
        let innermost = self.depth - 1;
        let is_object =
            self.braces.get(innermost / 64).is_some_and(|word| word & 1 << (innermost % 64) != 0);
        let takes_value = self.last == b':' || (!is_object && matches!(self.last, b',' | b'['));
        match byte {
            b'}' | b']' | b',' | b':' => true,
            b'"' => takes_value || (is_object && matches!(self.last, b',' | b'{')),
            b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => takes_value,
            _ => false,
        }
    }
}

enum Step {
    On,
    Ends(End),
}

//! Windows XML: from `<Event` to `</Event>`, on one line or over several.

use memchr::memmem;

use super::More;
use super::scan::{End, Found, end_at};

const CLOSE: &[u8] = b"</Event>";
const NEXT_OPEN: &[u8] = b"\n<Event";

/// Looks for the end of one `Event` element.
#[derive(Debug, Default)]
pub(super) struct Xml {
    scanned: usize,
    closed: Option<usize>,
    /// The event was cut: it ends with its line at the latest, so that an element that is never closed costs a line.
    is_cut: bool,
}

impl Xml {
    pub(super) fn find_end(&mut self, bytes: &[u8], more: More) -> Found {
        if self.closed.is_none()
            && let Some(end) = self.close(bytes)
        {
            return Found::End(end);
        }
        let Some(closed) = self.closed else { return Found::Nothing };
        end_at(bytes, closed, more)
    }

    pub(super) fn scanned(&self) -> usize {
        self.scanned
    }

    pub(super) fn forget(&mut self) {
        *self = Self { scanned: 0, closed: self.closed.map(|_| 0), is_cut: true };
    }

    /// Looks for what closes the element. The end of one that is not closed properly is given back.
    fn close(&mut self, bytes: &[u8]) -> Option<End> {
        let unseen = &bytes[self.scanned..];
        let found = memmem::find(unseen, CLOSE);
        let inside = &unseen[..found.unwrap_or(unseen.len())];
        if let Some(broken) = self.broken(inside) {
            let end = self.scanned + broken;
            return Some(End { text: end, next: end });
        }
        if let Some(found) = found {
            self.closed = Some(self.scanned + found + CLOSE.len());
            self.scanned += found + CLOSE.len();
        } else {
            // What may be the start of a tag is looked at again.
            self.scanned += unseen.len().saturating_sub(NEXT_OPEN.len());
        }
        None
    }

    /// Where the next event starts although this one is not closed. Only the start of a line counts, for an `Event` within
    /// another stands behind other tags.
    fn broken(&self, inside: &[u8]) -> Option<usize> {
        if self.is_cut {
            return memchr::memchr(b'\n', inside).map(|newline| newline + 1);
        }
        memchr::memchr(b'\n', inside)?;
        let mut opens = memmem::find_iter(inside, NEXT_OPEN);
        opens.find(|open| is_event_tag(&inside[open + 1..])).map(|open| open + 1)
    }
}

/// Whether `bytes` open an `Event` element, and not an `EventData` or `Events`.
pub(super) fn is_event_tag(bytes: &[u8]) -> bool {
    let name_end = bytes.strip_prefix(b"<Event").and_then(<[u8]>::first);
    name_end.is_some_and(|byte| matches!(byte, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'))
}

//! Where an event ends: one scanner for each way of writing, all with the same law.
//!
//! A scanner is shown the bytes from the start of its event on, again and again as more are read. It looks at each byte
//! once, holds no bytes itself, and its answer does not depend on how the reads cut them.

use super::{More, json::Json, text::Text, xml::Xml};

/// The end of an event, counted from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Where its text ends.
    pub(super) text: usize,
    /// Where the next event may start.
    pub(super) next: usize,
}

/// Looks for the end of one event.
#[derive(Debug)]
pub(super) enum Scanner {
    /// To the end of the line. The position is how far has been looked.
    Line(usize),
    Text(Text),
    Xml(Xml),
    Json(Json),
}

impl Scanner {
    /// The end of the event whose first bytes are `bytes`; `None` if it lies behind them.
    pub(super) fn find_end(&mut self, bytes: &[u8], more: More) -> Option<End> {
        let found = match self {
            Self::Line(scanned) => return line_end(scanned, bytes, more),
            Self::Text(text) => text.find_end(bytes, more),
            Self::Xml(xml) => xml.find_end(bytes, more),
            Self::Json(json) => json.find_end(bytes, more),
        };
        match found {
            Found::End(end) => Some(end),
            Found::Glued(scanned) => {
                *self = Self::Line(scanned);
                self.find_end(bytes, more)
            }
            Found::Nothing if more == More::Ended => {
                Some(End { text: bytes.len(), next: bytes.len() })
            }
            Found::Nothing => None,
        }
    }

    /// So many of the bytes are known to be the event's.
    pub(super) fn scanned(&self) -> usize {
        match self {
            Self::Line(scanned) => *scanned,
            Self::Text(text) => text.scanned(),
            Self::Xml(xml) => xml.scanned(),
            Self::Json(json) => json.scanned(),
        }
    }

    /// The bytes that were scanned are shown no more: those that follow are the first now.
    pub(super) fn forget(&mut self) {
        match self {
            Self::Line(scanned) => *scanned = 0,
            Self::Text(_) => *self = Self::Line(0),
            Self::Xml(xml) => xml.forget(),
            Self::Json(json) => json.forget(),
        }
    }
}

/// What a scanner has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    End(End),
    /// The event runs to the end of the line, which was looked for so far.
    Glued(usize),
    Nothing,
}

fn line_end(scanned: &mut usize, bytes: &[u8], more: More) -> Option<End> {
    if let Some(found) = memchr::memchr(b'\n', &bytes[*scanned..]) {
        let newline = *scanned + found;
        return Some(End { text: newline, next: newline + 1 });
    }
    *scanned = bytes.len();
    (more == More::Ended).then_some(End { text: bytes.len(), next: bytes.len() })
}

/// So far is looked behind an event, in bytes.
const TAIL_BYTES: usize = 4096;

/// The end of an event that itself says that it closes at `closed`, by what stands behind: the end of its line, a comma,
/// another opening bracket, or more text, which is taken for a part of the event, so that nothing is dropped.
pub(super) fn end_at(bytes: &[u8], closed: usize, more: More) -> Found {
    let behind = &bytes[closed..];
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let blanks = behind.iter().take(TAIL_BYTES).take_while(|byte| is_blank(byte)).count();
    let found = |next| Found::End(End { text: closed, next });
    match behind.get(blanks) {
        Some(b'\n' | b',') => found(closed + blanks + 1),
        Some(b'{' | b'<') => found(closed),
        Some(_) if blanks < TAIL_BYTES => Found::Glued(closed),
        None if more == More::MayCome => Found::Nothing,
        _ => found(closed + blanks),
    }
}

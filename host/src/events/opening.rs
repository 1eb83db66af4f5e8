//! What an event starts with, which says how it is to be read.
//!
//! A text line may start with any bracket, so a bracket alone proves nothing: an object must go on with a key, an array with
//! an object, a date with a setting.

use caltrop_core::config::Input as Written;

use super::scan::Scanner;
use super::text::{self, Starts, Text};
use super::xml::{Xml, is_event_tag};
use super::{More, audit, json::Json};

/// What stands at the front of the unread bytes.
#[derive(Debug)]
pub(super) enum Opening {
    /// So many bytes that are part of no event: blanks, an XML declaration, a tag around events.
    Nothing(usize),
    /// An array of objects, each an event; so many bytes stand before the first.
    Array(usize),
    /// The same as the first value of an object.
    Wrapper(usize),
    /// An event.
    Event(Scanner),
    /// A line that is one record of an audit event.
    Record(Scanner),
    /// More bytes will tell.
    Starved,
}

/// So far is looked for what must follow a bracket or end a tag, in bytes.
const PEEK_BYTES: usize = 4096;

/// What `bytes` start with, that are not inside of an array.
pub(super) fn opening(bytes: &[u8], written: Written, more: More) -> Opening {
    let blanks = bytes.iter().take_while(|byte| is_blank(**byte)).count();
    let line_start = memchr::memrchr(b'\n', &bytes[..blanks]).map_or(0, |newline| newline + 1);
    if blanks == bytes.len() {
        return blank(line_start, blanks, more);
    }
    if line_start > 0 || blanks > PEEK_BYTES {
        return Opening::Nothing(if line_start > 0 { line_start } else { blanks });
    }
    let peek = Peek { bytes: &bytes[blanks..], more };
    // What is found behind the indentation starts there; a plain line starts with it.
    match peek.structured(written) {
        Opening::Event(Scanner::Line(_)) => Opening::Event(Scanner::Line(0)),
        Opening::Starved => Opening::Starved,
        _ if blanks > 0 => Opening::Nothing(blanks),
        structured => structured,
    }
}

/// Nothing but blanks is left.
fn blank(line_start: usize, blanks: usize, more: More) -> Opening {
    let passed = if more == More::Ended || blanks > PEEK_BYTES { blanks } else { line_start };
    if passed == 0 { Opening::Starved } else { Opening::Nothing(passed) }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The first bytes of what may be an event, of which the first is no blank.
#[derive(Clone, Copy)]
struct Peek<'a> {
    bytes: &'a [u8],
    more: More,
}

impl Peek<'_> {
    fn structured(self, written: Written) -> Opening {
        let auto = written == Written::Auto;
        match self.bytes[0] {
            b'<' if auto || written == Written::Xml => self.xml(),
            b'{' if auto || written == Written::Json => self.object(),
            b'[' if auto || written == Written::Json => self.array(),
            byte if byte.is_ascii_digit() && (auto || written == Written::Text) => self.text(),
            b't' | b'n' if auto => self.record(),
            _ => LINE,
        }
    }

    fn xml(self) -> Opening {
        if is_event_tag(self.bytes) {
            return Opening::Event(Scanner::Xml(Xml::default()));
        }
        if self.is_cut_off(b"<Events ")
            || self.is_cut_off(b"</Events>")
            || self.is_cut_off(b"<?xml")
        {
            return Opening::Starved;
        }
        let tag = |name: &[u8]| self.bytes.starts_with(name);
        match (tag(b"<?xml"), tag(b"<Events") || tag(b"</Events>")) {
            (true, _) => self.declaration(),
            (_, true) => self.behind_tag().unwrap_or(LINE),
            _ => LINE,
        }
    }

    /// The declaration of a document of events belongs to none of them; that of another text belongs to it.
    fn declaration(self) -> Opening {
        let Some(Opening::Nothing(length)) = self.behind_tag() else {
            return self.behind_tag().unwrap_or(LINE);
        };
        match self.after_blanks(length) {
            Ok(at) if self.bytes[at..].starts_with(b"<Event") => Opening::Nothing(at),
            Ok(at) if self.at(at).is_cut_off(b"<Event") => Opening::Starved,
            Err(starved) => starved,
            Ok(_) => LINE,
        }
    }

    /// Passes over a tag, if it ends soon.
    fn behind_tag(self) -> Option<Opening> {
        let window = &self.bytes[..self.bytes.len().min(PEEK_BYTES)];
        match memchr::memchr(b'>', window) {
            Some(end) => Some(Opening::Nothing(end + 1)),
            None => self.is_starved(window.len()).then_some(Opening::Starved),
        }
    }

    fn object(self) -> Opening {
        if let Some(wrapper) = self.wrapper() {
            return wrapper;
        }
        match self.after_blanks(1) {
            Ok(at) if matches!(self.bytes[at], b'"' | b'}') => {
                Opening::Event(Scanner::Json(Json::object(false)))
            }
            Ok(_) => LINE,
            Err(starved) => starved,
        }
    }

    /// `{"Records":[`, as the clouds' audit logs have it, or the same in small letters.
    fn wrapper(self) -> Option<Opening> {
        let mut at = 1;
        for part in [&b"\"records\""[..], b":", b"["] {
            at = match self.after_blanks(at) {
                Ok(at) => at,
                Err(Opening::Starved) => return Some(Opening::Starved),
                Err(_) => return None,
            };
            let window = &self.bytes[at..self.bytes.len().min(at + part.len())];
            if !part[..window.len()].eq_ignore_ascii_case(window) {
                return None;
            }
            if window.len() < part.len() {
                return self.is_starved(at).then_some(Opening::Starved);
            }
            at += part.len();
        }
        match self.after_blanks(at) {
            Ok(next) => matches!(self.bytes[next], b'{' | b']').then_some(Opening::Wrapper(at)),
            Err(Opening::Starved) => Some(Opening::Starved),
            Err(_) => None,
        }
    }

    fn array(self) -> Opening {
        let found = self.after_blanks(1).and_then(|at| {
            if self.bytes[at] != b'{' {
                return Ok(LINE);
            }
            let key = self.at(at).after_blanks(1)?;
            let is_object = matches!(self.bytes[at + key], b'"' | b'}');
            Ok(if is_object { Opening::Array(1) } else { LINE })
        });
        found.unwrap_or_else(|other| other)
    }

    fn text(self) -> Opening {
        match text::starts(self.bytes) {
            Starts::Yes => Opening::Event(Scanner::Text(Text::default())),
            Starts::Maybe if self.more != More::Ended => Opening::Starved,
            _ => LINE,
        }
    }

    fn record(self) -> Opening {
        if !audit::may_be_record(self.bytes) {
            return LINE;
        }
        let line = memchr::memchr(b'\n', self.bytes).map(|newline| &self.bytes[..newline]);
        match line {
            None if self.is_starved(self.bytes.len()) => Opening::Starved,
            line if audit::is_record(line.unwrap_or(self.bytes)) => {
                Opening::Record(Scanner::Line(0))
            }
            _ => LINE,
        }
    }

    /// The place of the first byte from `from` on that is no blank; else what is known without it.
    fn after_blanks(self, from: usize) -> Result<usize, Opening> {
        let end = self.bytes.len().min(from + PEEK_BYTES);
        let blanks = self.bytes[from..end].iter().take_while(|byte| is_blank(**byte)).count();
        match from + blanks {
            at if at < end => Ok(at),
            at if at - from < PEEK_BYTES && self.more != More::Ended => Err(Opening::Starved),
            _ => Err(LINE),
        }
    }

    fn at(self, start: usize) -> Self {
        Self { bytes: &self.bytes[start..], more: self.more }
    }

    /// Whether these are the first bytes of `text`, and the others may come.
    fn is_cut_off(self, text: &[u8]) -> bool {
        self.more != More::Ended && self.bytes.len() < text.len() && text.starts_with(self.bytes)
    }

    /// Whether what was not found in `length` bytes may still come.
    fn is_starved(self, length: usize) -> bool {
        self.more != More::Ended && length < PEEK_BYTES
    }
}

const LINE: Opening = Opening::Event(Scanner::Line(0));

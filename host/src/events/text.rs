//! The classic text of Windows events: from a line that is a date to the next.

use super::More;
use super::scan::{End, Found};
use super::xml::is_event_tag;

/// Looks for the end of one event of classic text.
#[derive(Debug, Default)]
pub(super) struct Text {
    scanned: usize,
}

/// Whether something starts here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Starts {
    Yes,
    No,
    /// More bytes will tell.
    Maybe,
}

impl Text {
    pub(super) fn find_end(&mut self, bytes: &[u8], more: More) -> Found {
        while let Some(found) = memchr::memchr(b'\n', &bytes[self.scanned..]) {
            let line_start = self.scanned + found + 1;
            match starts_next(&bytes[line_start..]) {
                Starts::Yes => return Found::End(End { text: line_start, next: line_start }),
                Starts::No => self.scanned = line_start,
                Starts::Maybe => {
                    let is_last = line_start == bytes.len() && more == More::Quiet;
                    let end = End { text: line_start, next: line_start };
                    self.scanned = line_start - 1;
                    return if is_last { Found::End(end) } else { Found::Nothing };
                }
            }
        }
        self.scanned = bytes.len();
        Found::Nothing
    }

    pub(super) fn scanned(&self) -> usize {
        self.scanned
    }
}

/// Whether another event than the one before starts with this line: exports of Splunk hold both renderings.
fn starts_next(line: &[u8]) -> Starts {
    match line.first() {
        None => Starts::Maybe,
        Some(b'<') if is_event_tag(line) => Starts::Yes,
        Some(b'<') if b"<Event".starts_with(line) || line == b"<Event" => Starts::Maybe,
        Some(byte) if byte.is_ascii_digit() => starts(line),
        Some(_) => Starts::No,
    }
}

/// `D` stands for a digit.
const DATE: &[u8] = b"DD/DD/DDDD DD:DD:DD";

/// Fractions of a second and blanks behind the date are no longer than this, and neither is the name behind it.
const LONGEST_BYTES: usize = 64;

/// Whether `bytes` start with the header of an event: a line that is a date, as in `03/25/2026 08:15:00 PM`, and one that is a
/// setting, as in `LogName=Security`. A date alone may stand in any message.
pub(super) fn starts(bytes: &[u8]) -> Starts {
    if bytes.len() < DATE.len() {
        return if fits_date(bytes) { Starts::Maybe } else { Starts::No };
    }
    let (date, rest) = bytes.split_at(DATE.len());
    if !fits_date(date) {
        return Starts::No;
    }
    match header_line_end(rest) {
        Ok(Some(next_line)) => starts_setting(&rest[next_line..]),
        Ok(None) => Starts::Maybe,
        Err(NotADate) => Starts::No,
    }
}

fn fits_date(bytes: &[u8]) -> bool {
    bytes.iter().zip(DATE).all(|(byte, pattern)| match pattern {
        b'D' => byte.is_ascii_digit(),
        literal => byte == literal,
    })
}

struct NotADate;

/// The end of the line behind a date: a fraction of a second, `AM` or `PM`, and nothing else.
fn header_line_end(rest: &[u8]) -> Result<Option<usize>, NotADate> {
    let window = &rest[..rest.len().min(LONGEST_BYTES)];
    let Some(newline) = memchr::memchr(b'\n', window) else {
        return if window.len() < LONGEST_BYTES { Ok(None) } else { Err(NotADate) };
    };
    let line = window[..newline].trim_ascii_end();
    let half = line.len().checked_sub(3).ok_or(NotADate)?;
    let (fraction, half) = line.split_at(half);
    let is_fraction = match fraction.split_first() {
        Some((b'.', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
        None => true,
    };
    (is_fraction && matches!(half, b" AM" | b" PM")).then_some(Some(newline + 1)).ok_or(NotADate)
}

fn starts_setting(line: &[u8]) -> Starts {
    let window = &line[..line.len().min(LONGEST_BYTES)];
    let name = window.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    match window.get(name) {
        Some(b'=') if name > 0 => Starts::Yes,
        None if window.len() < LONGEST_BYTES => Starts::Maybe,
        _ => Starts::No,
    }
}

//! The header that syslog puts before an event: RFC 3164 and RFC 5424.
//!
//! | header | example |
//! | --- | --- |
//! | RFC 3164, with or without the priority | `<34>Oct 11 22:14:15 host su[7]: ...`, `Oct  1 22:14:15 host su: ...` |
//! | with a year, a fraction, a zone | `<34>Oct 11 2003 22:14:15.003 UTC host : ...`, as Cisco writes it |
//! | the time of RFC 3339, as rsyslog writes it | `2003-10-11T22:14:15.003+02:00 host su[7]: ...` |
//! | RFC 5424 | `<34>1 2003-10-11T22:14:15.003Z host su 7 ID47 [x@1 k="v"] ...` |
//!
//! [`body_start`] says where the message starts only if the message has a format of its own: JSON (also behind the
//! `@cee:` of some programs), Windows XML, the classic text of Windows events, records of the audit log. Any other event
//! of syslog is text whose pairs are its fields, and its header is part of that text: `_raw` stays whole, and what the
//! knowledge extracts from it (`process`, `pid`) finds the header there.
//!
//! Without a priority only the name of a month opens a header. A time of RFC 3339 or with a year opens lines of many
//! programs, so there a tag must follow (`host su[7]:`), and no word for a severity is a host.

use super::{
    Told,
    detect::{self, Format},
    time::{Stamp, stamp_at_start},
};
use crate::row::Env;

/// A host or a tag is no longer than this.
const LONGEST_WORD_BYTES: usize = 255;

/// Words that many programs write between time and message.
const SEVERITIES: [&[u8]; 12] = [
    b"trace",
    b"debug",
    b"info",
    b"notice",
    b"warn",
    b"warning",
    b"err",
    b"error",
    b"crit",
    b"critical",
    b"fatal",
    b"severe",
];

struct Header<'e> {
    stamp: Option<Stamp>,
    host: Option<&'e [u8]>,
    message_start: usize,
}

/// Where the message starts, if a header stands before it and it has a format of its own.
///
/// Asked of every event: most are refused by their first byte.
pub(super) fn body_start(raw: &[u8]) -> Option<usize> {
    let start = header(raw)?.message_start;
    own_format_start(&raw[start..]).map(|at| start + at)
}

/// What the header says; nothing where there is none.
pub(super) fn told<'e>(raw: &'e [u8], env: Env<'e>) -> Told<'e> {
    let Some(header) = header(raw) else { return Told::default() };
    Told {
        time_ns: header.stamp.and_then(|stamp| stamp.time_ns(env.zone, env.clock_s)),
        host: header.host,
        ..Told::default()
    }
}

fn header(raw: &[u8]) -> Option<Header<'_>> {
    let mut cursor = Cursor { raw, pos: 0 };
    match raw.first()? {
        b'<' => {
            cursor.priority()?;
            cursor.version().and_then(|()| cursor.clone().rfc5424()).or_else(|| cursor.rfc3164())
        }
        b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' | b'0'..=b'9' => cursor.bare(),
        _ => None,
    }
}

/// A place in the text. `pos` never exceeds its length.
#[derive(Clone)]
struct Cursor<'e> {
    raw: &'e [u8],
    pos: usize,
}

impl<'e> Cursor<'e> {
    fn rest(&self) -> &'e [u8] {
        &self.raw[self.pos..]
    }

    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.rest().starts_with(text).then(|| self.pos += text.len())
    }

    /// `<34>`: facility and severity.
    fn priority(&mut self) -> Option<()> {
        let rest = &self.rest()[1..];
        let length = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let is_priority = (1..=3).contains(&length) && rest.get(length) == Some(&b'>');
        is_priority.then(|| self.pos += length + 2)
    }

    /// The `1 ` of RFC 5424.
    fn version(&mut self) -> Option<()> {
        match self.rest() {
            [b'1'..=b'9', b' ', ..] => self.pos += 2,
            [b'1'..=b'9', b'0'..=b'9', b' ', ..] => self.pos += 3,
            _ => return None,
        }
        Some(())
    }

    /// What follows priority and version.
    fn rfc5424(mut self) -> Option<Header<'e>> {
        let stamp = match self.word()? {
            b"-" => None,
            written => Some(whole_stamp(written)?),
        };
        let host = self.word()?;
        for _application_process_and_message_id in 0..3 {
            self.word()?;
        }
        self.structured_data()?;
        self.skip(b" ");
        self.skip(b"\xEF\xBB\xBF");
        let host = (host != b"-").then_some(host);
        Some(Header { stamp, host, message_start: self.pos })
    }

    /// What follows a priority, if there is one.
    fn rfc3164(mut self) -> Option<Header<'e>> {
        self.sequence_number();
        let stamp = self.stamp()?;
        let host = self.host();
        Some(Header { stamp: Some(stamp), host, message_start: self.pos })
    }

    /// A header without a priority.
    fn bare(mut self) -> Option<Header<'e>> {
        let opens_with_number = self.raw[0].is_ascii_digit();
        if opens_with_number && self.raw.get(10) != Some(&b'T') {
            return None;
        }
        let stamp = self.stamp()?;
        let host = self.host();
        let is_certain = !stamp.has_year() || (host.is_some() && self.tag_length().is_some());
        is_certain.then_some(Header { stamp: Some(stamp), host, message_start: self.pos })
    }

    /// The `29: *` that Cisco writes before the time.
    fn sequence_number(&mut self) {
        let rest = self.rest();
        let digits = rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
        if rest[digits..].starts_with(b": ") {
            self.pos += digits + 2;
        }
        if self.rest().starts_with(b"*") || self.rest().starts_with(b".") {
            self.pos += 1;
        }
    }

    fn stamp(&mut self) -> Option<Stamp> {
        let (stamp, length) = stamp_at_start(self.rest())?;
        self.pos += length;
        self.skip(b":");
        self.skip(b" ").or(self.rest().is_empty().then_some(()))?;
        Some(stamp)
    }

    /// The next word, and goes past it and its space; none where it looks like a tag or like the message itself.
    fn host(&mut self) -> Option<&'e [u8]> {
        let mut behind = self.clone();
        let host = behind.word()?;
        let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:@/".contains(byte);
        let is_severity = SEVERITIES.iter().any(|word| word.eq_ignore_ascii_case(host));
        let is_host = host.iter().all(is_inner) && !host.ends_with(b":") && !is_severity;
        is_host.then(|| {
            *self = behind;
            host
        })
    }

    /// The length of `su[7]: ` or `su: `, if a tag is next.
    fn tag_length(&self) -> Option<usize> {
        tag_length(self.rest())
    }

    /// What stands before the next space, and goes past that.
    fn word(&mut self) -> Option<&'e [u8]> {
        let rest = self.rest();
        let window = &rest[..rest.len().min(LONGEST_WORD_BYTES + 1)];
        let length = memchr::memchr(b' ', window).unwrap_or(rest.len());
        if length == 0 || length > LONGEST_WORD_BYTES {
            return None;
        }
        self.pos += length;
        self.skip(b" ");
        Some(&rest[..length])
    }

    /// `-`, or elements in brackets.
    fn structured_data(&mut self) -> Option<()> {
        if self.skip(b"-").is_some() {
            return Some(());
        }
        self.element()?;
        while self.rest().starts_with(b"[") {
            self.element()?;
        }
        Some(())
    }

    /// `[id name="value"]`; in a value, a backslash escapes what follows it.
    fn element(&mut self) -> Option<()> {
        self.skip(b"[")?;
        let mut quoted = false;
        while let Some(at) = memchr::memchr3(b'"', b'\\', b']', self.rest()) {
            self.pos += at + 1;
            match self.raw[self.pos - 1] {
                b'"' => quoted = !quoted,
                b'\\' => self.pos = (self.pos + 1).min(self.raw.len()),
                _ if quoted => {}
                _ => return Some(()),
            }
        }
        None
    }
}

fn whole_stamp(written: &[u8]) -> Option<Stamp> {
    stamp_at_start(written).filter(|(_, length)| *length == written.len()).map(|(stamp, _)| stamp)
}

/// The length of `su[7]: ` or `su: `, if `text` starts with a tag.
fn tag_length(text: &[u8]) -> Option<usize> {
    let window = &text[..text.len().min(LONGEST_WORD_BYTES)];
    let length = memchr::memchr(b' ', window)?;
    (length > 1 && text[length - 1] == b':').then_some(length + 1)
}

/// Where in `message` something starts that has a format of its own: at once, or behind a few tags.
fn own_format_start(message: &[u8]) -> Option<usize> {
    // `kernel: [   12.345678] audit: type=1400 ...` has most.
    const MOST_TAGS: usize = 3;
    let mut start = 0;
    for _ in 0..=MOST_TAGS {
        start += uptime_length(&message[start..]);
        if has_own_format(&message[start..]) {
            return Some(start);
        }
        start += tag_length(&message[start..])?;
    }
    None
}

/// The length of `[   12.345678] `, by which the kernel says how long it has been up.
fn uptime_length(text: &[u8]) -> usize {
    const LONGEST_BYTES: usize = 32;
    let window = &text[..text.len().min(LONGEST_BYTES)];
    let length = match memchr::memmem::find(window, b"] ") {
        Some(end) if text.starts_with(b"[") => end + 2,
        _ => return 0,
    };
    let is_inner = |byte: &u8| byte.is_ascii_digit() || b" .".contains(byte);
    if text[1..length - 2].iter().all(is_inner) { length } else { 0 }
}

fn has_own_format(text: &[u8]) -> bool {
    match detect::detect(text) {
        Format::Kv => false,
        // A message may open with any brace; an object opens with a name.
        Format::Json => {
            let behind_brace = text.trim_ascii_start().get(1..).unwrap_or_default();
            behind_brace.trim_ascii_start().starts_with(b"\"")
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host and message of the header; `-` where there is no host.
    fn parts(raw: &str) -> Option<(&str, &str)> {
        let header = header(raw.as_bytes())?;
        let host = header.host.map_or("-", |host| std::str::from_utf8(host).unwrap());
        Some((host, &raw[header.message_start..]))
    }

    #[test]
    fn every_header_is_read() {
        for (raw, host, message) in [
            (
                "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
                "mymachine",
                "su: 'su root' failed",
            ),
            ("Oct 11 22:14:15 web-1 sshd[7]: x", "web-1", "sshd[7]: x"),
            ("Oct  1 22:14:15 10.0.0.7 sshd[7]: x", "10.0.0.7", "sshd[7]: x"),
            ("Oct 1 22:14:15.123 fe80::1 app: x", "fe80::1", "app: x"),
            ("<13>Oct 11 2003 22:14:15 asa1 : %ASA-6-1: x", "asa1", ": %ASA-6-1: x"),
            ("<189>29: *Oct  1 22:14:15.123 UTC: %SYS-5-CONFIG_I: x", "-", "%SYS-5-CONFIG_I: x"),
            ("<189>2003 Oct 11 22:14:15 UTC: %X: x", "-", "%X: x"),
            ("Oct 11 22:14:15 su: x", "-", "su: x"),
            ("<13>2003-10-11T22:14:15.003Z host x", "host", "x"),
            ("2003-10-11T22:14:15.003456+02:00 host app[1]: x", "host", "app[1]: x"),
            (
                "<34>1 2003-10-11T22:14:15.003Z h.example su - ID47 - \u{feff}'su root'",
                "h.example",
                "'su root'",
            ),
            (
                "<165>1 2003-10-11T22:14:15Z h evntslog 7 ID47 [x@1 a=\"]\\\"\" b=\"2\"][y@1] m",
                "h",
                "m",
            ),
            ("<165>1 - - - - - -", "-", ""),
            ("<34>1 2003-10-11T22:14:15.003Z h a p m [x@1]", "h", ""),
            // Cut off within its structured data, it still says when and where.
            ("<34>1 2003-10-11T22:14:15.003Z h a p m [x@1 a=\"]", "h", "a p m [x@1 a=\"]"),
        ] {
            assert_eq!(parts(raw), Some((host, message)), "{raw}");
        }
    }

    #[test]
    fn everything_else_has_no_header() {
        for raw in [
            "",
            "<",
            "<34",
            "<34>",
            "<1234>Oct 11 22:14:15 h x",
            "<>Oct 11 22:14:15 h x",
            "<Event xmlns=''>",
            "{\"a\":1}",
            "type=CWD msg=audit(1.0:1): cwd=\"/\"",
            "10/11/2003 10:14:15 PM\nLogName=Security",
            "2003-10-11 22:14:15 GET / 200",
            "2003-10-11T22:14:15Z INFO main: x",
            "2003-10-11T22:14:15Z host message",
            "Oct 11, 2003 10:14:15 PM org.example.Main run",
            "October",
            "Oct 11 22:14:15x h x",
            "<34>1 yesterday h a p m - x",
        ] {
            assert_eq!(parts(raw), None, "{raw}");
        }
    }

    #[test]
    fn the_body_is_a_message_with_a_format_of_its_own() {
        for (header, body) in [
            ("<34>Oct 11 22:14:15 h app[7]: ", "{\"a\":1}"),
            ("<34>Oct 11 22:14:15 h ", "{ \"a\":1}"),
            ("Oct 11 22:14:15 h app: @cee: ", "{\"a\":1}"),
            ("<34>1 2003-10-11T22:14:15.003Z h a 7 m [x@1 a=\"1\"] ", "{\"a\":1}"),
            ("<34>1 2003-10-11T22:14:15.003Z h a 7 m - ", "<Event xmlns=''>"),
            ("Oct 11 22:14:15 h audispd: ", "node=h type=CWD msg=audit(1.0:1): cwd=\"/\""),
            ("Oct 11 22:14:15 h audispd[7]: ", "type=CWD msg=audit(1.0:1): cwd=\"/\""),
            ("Oct 11 22:14:15 h kernel: [   12.345678] audit: ", "type=1400 audit(1.0:1): a=1"),
            ("2003-10-11T22:14:15.003+00:00 h kernel: audit: ", "type=1400 audit(1.0:1): a=1"),
        ] {
            let raw = format!("{header}{body}");
            assert_eq!(body_start(raw.as_bytes()), Some(header.len()), "{raw}");
        }
        for raw in [
            "Oct 11 22:14:15 h sshd[7]: Accepted publickey for root from 10.0.0.7",
            "Oct 11 22:14:15 h app: {braces} and more",
            "Oct 11 22:14:15 h app: a: b: c: {\"a\":1}",
            "Oct 11 22:14:15 h app: CEF:0|v|p|1|1|name|5|src=10.0.0.1",
            "{\"a\":1}",
        ] {
            assert_eq!(body_start(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn hostile_headers_end() {
        for (start, piece) in [
            ("<34>1 2003-10-11T22:14:15Z h a p m ", "[x a=\"b\"]"),
            ("<34>1 2003-10-11T22:14:15Z h a p m [", "\\"),
            ("<34>1 2003-10-11T22:14:15Z h a p m [", "\""),
            ("Oct 11 22:14:15 h ", "a: "),
            ("Oct 11 22:14:15 ", "h"),
            ("<34>", "1"),
        ] {
            let raw = format!("{start}{}", piece.repeat((1 << 20) / piece.len()));
            assert!(body_start(raw.as_bytes()).is_none(), "{start}{piece}");
        }
    }
}

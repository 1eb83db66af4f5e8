//! One record of the audit log and its pairs, as they are written.

use memchr::{memchr, memrchr};

use super::Serial;
use crate::{config::SECOND_NS, event::time};

/// `type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e ...`
#[derive(Clone, Copy)]
pub(super) struct Record<'e> {
    pub(super) serial: Serial<'e>,
    /// `SYSCALL`, or the number of a type that auditd does not know.
    pub(super) kind: &'e [u8],
    /// `audit(1364481363.243:24287)`.
    pub(super) stamp: &'e [u8],
    /// What follows the header.
    pub(super) body: &'e [u8],
}

/// Behind this byte stand the names that auditd has found for the numbers of the record.
const ENRICHMENT: u8 = 0x1D;

impl<'e> Record<'e> {
    /// The record that `text` opens with. The kernel's own log leaves out `msg=`.
    pub(super) fn read(text: &'e [u8]) -> Option<Self> {
        let (node, text) = match text.strip_prefix(b"node=") {
            Some(behind) => word(behind).map(|(node, rest)| (Some(node), rest))?,
            None => (None, text),
        };
        let (kind, text) = word(text.strip_prefix(b"type=")?)?;
        let text = text.strip_prefix(b"msg=").unwrap_or(text);
        let inside = text.strip_prefix(b"audit(")?;
        let length = memchr(b')', &inside[..inside.len().min(LONGEST_STAMP_BYTES)])?;
        let (time_ns, number) = stamp(&inside[..length])?;
        let stamp = &text[..b"audit()".len() + length];
        let body = &text[stamp.len()..];
        let body = body.strip_prefix(b":").unwrap_or(body);
        Some(Self { serial: Serial { node, time_ns, number }, kind, stamp, body })
    }

    /// The pairs of its body.
    pub(super) fn pairs(&self) -> Pairs<'e> {
        Pairs { rest: self.body, outer: None }
    }
}

const LONGEST_STAMP_BYTES: usize = 64;

/// The time and number of `1364481363.243:24287`.
fn stamp(text: &[u8]) -> Option<(i64, u64)> {
    let text = std::str::from_utf8(text).ok()?;
    let (time, number) = text.split_once(':')?;
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![seconds, fraction, number].into_iter().all(is_number) {
        return None;
    }
    let fraction_ns = time::fraction_ns(fraction.as_bytes());
    let time_ns = seconds.parse::<i64>().ok()?.checked_mul(SECOND_NS)?.checked_add(fraction_ns)?;
    Some((time_ns, number.parse().ok()?))
}

/// What stands before the next space, and what follows it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST_BYTES: usize = 256;
    let length =
        memchr(b' ', &text[..text.len().min(LONGEST_BYTES)]).filter(|&length| length > 0)?;
    Some((&text[..length], &text[length + 1..]))
}

/// A pair as it is written. Neither part is empty.
#[derive(Clone, Copy)]
pub(super) struct Pair<'e> {
    pub(super) name: &'e [u8],
    pub(super) value: &'e [u8],
    /// How it is bounded, and so how it may be written.
    pub(super) writing: Writing,
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// In quotes: as it is.
    Quoted,
    /// As it is or as hexadecimal digits.
    Bare,
    /// The same, and the enrichment follows: a byte that does not break words.
    BareBeforeEnrichment,
}

/// The pairs of a record. Those inside of `msg='...'` follow that one.
pub(super) struct Pairs<'e> {
    rest: &'e [u8],
    /// What follows the nested message, while the pairs are those inside.
    outer: Option<&'e [u8]>,
}

impl<'e> Iterator for Pairs<'e> {
    type Item = Pair<'e>;

    fn next(&mut self) -> Option<Pair<'e>> {
        loop {
            let start = self.rest.iter().position(|byte| !is_separator(*byte));
            let Some(start) = start else {
                self.rest = self.outer.take()?;
                continue;
            };
            self.rest = &self.rest[start..];
            let length = self.rest.iter().position(|&byte| byte == b'=' || is_separator(byte));
            let (name, behind) = self.rest.split_at(length.unwrap_or(self.rest.len()));
            self.rest = behind;
            let Some(behind) = behind.strip_prefix(b"=") else { continue };
            let pair = self.pair(name, behind);
            if !pair.name.is_empty() && !pair.value.is_empty() {
                return Some(pair);
            }
        }
    }
}

impl<'e> Pairs<'e> {
    /// The pair of `name` and of the value that `text` starts with, and goes past it.
    fn pair(&mut self, name: &'e [u8], text: &'e [u8]) -> Pair<'e> {
        if let Some(quoted) = text.strip_prefix(b"\"") {
            let length = memchr(b'"', quoted).unwrap_or(quoted.len());
            self.rest = quoted.get(length + 1..).unwrap_or_default();
            return Pair { name, value: &quoted[..length], writing: Writing::Quoted };
        }
        if name == b"msg"
            && self.outer.is_none()
            && let Some((nested, behind)) = nested(text)
        {
            (self.rest, self.outer) = (nested, Some(behind));
            return Pair { name, value: nested, writing: Writing::Quoted };
        }
        let length = text.iter().position(|&byte| is_separator(byte));
        let (value, behind) = text.split_at(length.unwrap_or(text.len()));
        self.rest = behind;
        let is_enriched = behind.first() == Some(&ENRICHMENT);
        let writing = if is_enriched { Writing::BareBeforeEnrichment } else { Writing::Bare };
        Pair { name, value, writing }
    }
}

/// The message in single quotes that `text` starts with, and what follows it. It may hold such quotes itself: it ends at
/// the last one before the enrichment.
fn nested(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"'")?;
    let end = memchr(ENRICHMENT, inside).unwrap_or(inside.len());
    let length = memrchr(b'\'', &inside[..end])?;
    Some((&inside[..length], &inside[length + 1..]))
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | ENRICHMENT)
}

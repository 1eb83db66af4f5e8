//! What comes out: one result row of one rule.

use std::io::{self, Write};

use bumpalo::collections::Vec as BumpVec;

use crate::{
    compiled::RuleMeta,
    event::time,
    expr::number,
    ids::RuleId,
    names::Names,
    row::{Env, Fields, Row},
};

/// One result row of one rule. Everything in it dies when the sink returns.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// The rule's index in its rule set.
    pub rule_id: RuleId,
    /// The rule's own metadata.
    pub rule: &'a RuleMeta,
    /// The row's `_time`, else the end of the window, else the time of the group's newest event, in epoch seconds.
    pub time_s: Option<f64>,
    /// Start and end of the window in epoch seconds; `None` when the window is all time or the rule reduces nothing.
    pub window_s: Option<(f64, f64)>,
    /// The same for the same rule, window and group, in every run.
    pub key: u64,
    /// Which version of this row it is; 0 at first.
    pub revision: u32,
    /// Whether a row that came after its window had closed caused it.
    pub late: bool,
    /// Whether the row lacks something because its group was sent early, or was cut in parts by that: the reason.
    pub partial: Option<Partial>,
    /// Whether `values` or `list` may lack some for want of memory.
    pub truncated: bool,
    /// Whether the row was sent before and is there no longer; the columns are those that were sent last.
    pub retracted: bool,
    /// The columns of the row, in their order.
    pub fields: &'a [Field<'a>],
}

/// One column of an alert's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its texts, at least one; more are a multivalue.
    pub texts: &'a [&'a [u8]],
}

/// Why a row was sent before its window ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// The open state had grown beyond its bound.
    Memory,
    /// The rules were changed.
    Reload,
    /// The engine was stopped before the window had ended.
    Shutdown,
}

impl Partial {
    /// As it is printed.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Reload => "reload",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The parts of an [`Alert`] that its row does not hold.
pub(crate) struct Parts<'a> {
    pub(crate) rule_id: RuleId,
    pub(crate) rule: &'a RuleMeta,
    pub(crate) window_s: Option<(f64, f64)>,
    pub(crate) key: u64,
    pub(crate) partial: Option<Partial>,
}

/// Which version of its row an alert is; by default the first, sent in time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Version {
    pub(crate) revision: u32,
    pub(crate) late: bool,
    pub(crate) retracted: bool,
}

impl<'a> Alert<'a> {
    pub(crate) fn new(parts: Parts<'a>, row: &Row<'a>, env: Env<'a>) -> Self {
        let mut fields = BumpVec::new_in(env.bump);
        row.visit(|name, value| {
            fields.push(Field { name: env.names.bytes(name), texts: value.texts(env.bump) });
        });
        let own_time_s = row.get(Names::TIME).number();
        Self {
            rule_id: parts.rule_id,
            rule: parts.rule,
            time_s: own_time_s
                .or(parts.window_s.map(|(_, end_s)| end_s))
                .or(row.event_time_ns().map(time::seconds)),
            window_s: parts.window_s,
            key: parts.key,
            revision: 0,
            late: false,
            partial: parts.partial,
            truncated: row.is_truncated(),
            retracted: false,
            fields: fields.into_bump_slice(),
        }
    }

    /// Whether it says the same as another alert of its key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.fields == other.fields && self.truncated == other.truncated
    }

    /// The same row as a version of it.
    pub(crate) fn versioned(self, version: Version) -> Self {
        let Version { revision, late, retracted } = version;
        Self { revision, late, retracted, ..self }
    }

    /// Writes the alert as one JSON object, without a newline.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"{\"rule\":{\"id\":")?;
        write_string(out, self.rule.id.as_bytes())?;
        out.write_all(b",\"title\":")?;
        write_string(out, self.rule.title.as_bytes())?;
        out.write_all(b",\"path\":")?;
        write_string(out, self.rule.path.as_bytes())?;
        out.write_all(b",\"techniques\":")?;
        write_list(out, self.rule.technique_ids.iter().map(|id| id.as_bytes()))?;
        out.write_all(b"},\"time\":")?;
        write_number(out, self.time_s)?;
        out.write_all(b",\"window\":")?;
        self.write_window(out)?;
        write!(out, ",\"key\":\"{:016x}\",\"revision\":{}", self.key, self.revision)?;
        let Self { late, truncated, retracted, .. } = self;
        let partial = self.partial.is_some();
        write!(
            out,
            ",\"late\":{late},\"partial\":{partial},\"truncated\":{truncated},\"retracted\":{retracted}"
        )?;
        if let Some(reason) = self.partial {
            write!(out, ",\"reason\":\"{}\"", reason.text())?;
        }
        out.write_all(b",\"row\":")?;
        self.write_row_json(out)?;
        out.write_all(b"}")
    }

    fn write_window(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.window_s {
            None => out.write_all(b"null"),
            Some((start_s, end_s)) => write!(out, "{{\"start\":{start_s},\"end\":{end_s}}}"),
        }
    }

    /// Writes the row alone as one JSON object, without a newline.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_row_json(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"{")?;
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            field.write_json(out)?;
        }
        out.write_all(b"}")
    }
}

impl Field<'_> {
    /// `_time` is a number, everything else text.
    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_string(out, self.name)?;
        out.write_all(b":")?;
        match self.texts {
            [one] if self.name == b"_time" => match number::parse(one) {
                Some(time_s) => write_number(out, Some(time_s)),
                None => write_string(out, one),
            },
            [one] => write_string(out, one),
            several => write_list(out, several.iter().copied()),
        }
    }
}

fn write_number(out: &mut dyn Write, number: Option<f64>) -> io::Result<()> {
    match number {
        Some(number) if number.is_finite() => write!(out, "{number}"),
        _ => out.write_all(b"null"),
    }
}

fn write_list<'t>(out: &mut dyn Write, texts: impl Iterator<Item = &'t [u8]>) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        write_string(out, text)?;
    }
    out.write_all(b"]")
}

/// `text` as a JSON string; what is not UTF-8 becomes U+FFFD.
pub(crate) fn write_string(out: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    out.write_all(b"\"")?;
    for chunk in text.utf8_chunks() {
        write_escaped(out, chunk.valid().as_bytes())?;
        if !chunk.invalid().is_empty() {
            out.write_all("\u{fffd}".as_bytes())?;
        }
    }
    out.write_all(b"\"")
}

fn write_escaped(out: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    let mut plain_from = 0;
    for (index, &byte) in text.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.write_all(&text[plain_from..index])?;
        plain_from = index + 1;
        match byte {
            b'"' => out.write_all(b"\\\"")?,
            b'\\' => out.write_all(b"\\\\")?,
            b'\n' => out.write_all(b"\\n")?,
            b'\r' => out.write_all(b"\\r")?,
            b'\t' => out.write_all(b"\\t")?,
            control => write!(out, "\\u{control:04x}")?,
        }
    }
    out.write_all(&text[plain_from..])
}

/// The key of a row: FNV-1a, 64 bits, over the rule's path, the window's start and the group, each behind a zero byte.
#[must_use]
pub fn key(path: &str, window_start_ns: Option<i64>, group: &[u8]) -> u64 {
    let window = window_start_ns.map(i64::to_le_bytes);
    let window = window.as_ref().map_or(&[][..], |bytes| bytes);
    [path.as_bytes(), window, group]
        .into_iter()
        .flat_map(|part| part.iter().copied().chain(std::iter::once(0)))
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_string(text: &[u8]) -> String {
        let mut out = Vec::new();
        write_string(&mut out, text).expect("a Vec takes everything");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn strings_are_escaped_and_what_is_not_utf8_is_replaced() {
        assert_eq!(
            json_string(b"a\"\\\n\x01\xff\xc3\xa9"),
            "\"a\\\"\\\\\\n\\u0001\u{fffd}\u{e9}\""
        );
        let parsed: String = serde_json::from_str(&json_string(b"C:\\x\t\"")).expect("valid JSON");
        assert_eq!(parsed, "C:\\x\t\"");
    }

    #[test]
    fn keys_are_the_same_in_every_run() {
        // FNV-1a over `a`, nothing and `b`, worked out by hand with another program.
        assert_eq!(key("a", None, b"b"), 0x6caa_5dfe_50ba_623e);
        assert_ne!(key("a", None, b"b"), key("ab", None, b""));
        assert_ne!(key("a", Some(1), b"b"), key("a", Some(2), b"b"));
    }
}

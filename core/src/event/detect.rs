//! Tells from its first bytes how an event is written.
//!
//! Rows are never guessed, for any JSON log looks like them; they are asked for with `--format rows`.

use super::{audit, json, syslog, wintext};
use crate::config::Input;

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Splunk's `XmlWinEventLog`: the XML that Windows renders of an event.
    WinXml,
    /// Splunk's classic `WinEventLog`: a header of `name=value` lines, then the message.
    WinText,
    /// One JSON object.
    Json,
    /// Records of the Linux audit log.
    Audit,
    /// Any other text: its `name=value` pairs are its fields.
    Kv,
    /// One JSON object of ready-made fields; the caller says so.
    Rows,
    /// Nothing to read: the caller has found the fields.
    Fields,
}

/// How the parts of an event's text are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How the event itself is written.
    pub format: Format,
    /// Where it starts: behind a header of syslog, if there is one.
    pub body_start: usize,
}

/// How `raw` is written, unless the caller has said so in `input`.
#[must_use]
pub fn shape(raw: &[u8], input: Input) -> Shape {
    let forced = |format| Shape { format, body_start: 0 };
    match input {
        Input::Rows => forced(Format::Rows),
        Input::Xml => forced(Format::WinXml),
        Input::Text => forced(Format::WinText),
        Input::Json => forced(Format::Json),
        Input::Kv => forced(Format::Kv),
        Input::Auto | Input::Syslog => behind_header(raw),
    }
}

fn behind_header(raw: &[u8]) -> Shape {
    let body_start = syslog::body_start(raw).unwrap_or(0);
    Shape { format: detect(&raw[body_start..]), body_start }
}

/// How `raw` is written, no header before it. Looks at its first bytes only.
#[must_use]
pub fn detect(raw: &[u8]) -> Format {
    if is_windows_xml(raw) {
        Format::WinXml
    } else if json::is_json(raw) {
        Format::Json
    } else if audit::is_audit(raw) {
        Format::Audit
    } else if wintext::is_windows_text(raw) {
        Format::WinText
    } else {
        Format::Kv
    }
}

/// UTF-8's, which some programs put before a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Windows XML opens with an `Event` element, past a byte order mark, white space and an XML declaration.
fn is_windows_xml(raw: &[u8]) -> bool {
    let start = raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw).trim_ascii_start();
    let start = after_declaration(start).unwrap_or(start);
    let behind = start.strip_prefix(b"<Event");
    matches!(behind, Some([b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n', ..]))
}

/// What follows the XML declaration. A declaration is short, so the search for its end is, too.
fn after_declaration(start: &[u8]) -> Option<&[u8]> {
    const LONGEST_BYTES: usize = 256;
    let declaration = start.strip_prefix(b"<?xml")?;
    let window = &declaration[..declaration.len().min(LONGEST_BYTES)];
    let end = memchr::memmem::find(window, b"?>")?;
    Some(declaration[end + 2..].trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_xml_opens_with_an_event_element() {
        for raw in [
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>",
            "<Event>",
            "<Event\n>",
            "<Event/>",
            " \r\n\t<Event xmlns=''>",
            "\u{FEFF}<Event >",
            "<?xml version='1.0' encoding='utf-8'?>\n<Event xmlns=''>",
            "\u{FEFF}<?xml version=\"1.0\"?><Event>",
        ] {
            assert_eq!(detect(raw.as_bytes()), Format::WinXml, "{raw}");
        }
    }

    #[test]
    fn everything_else_is_text_with_pairs() {
        for raw in [
            "",
            " ",
            "<",
            "<Even",
            "<Event",
            "<Events><Event>",
            "<EventData>",
            "<event>",
            "x<Event>",
            "<?xml version='1.0'",
            "<?xml",
            "<?xml ?>",
            "04/01/2026 <Event >",
        ] {
            assert_eq!(detect(raw.as_bytes()), Format::Kv, "{raw}");
        }
    }

    #[test]
    fn an_endless_declaration_is_not_followed() {
        let raw = format!("<?xml {}?><Event>", " ".repeat(10_000));
        assert_eq!(detect(raw.as_bytes()), Format::Kv);
    }
}

//! Tells from its first bytes how an event is written.
//!
//! Only what can be told for certain and at once is told: Windows XML opens with an `Event` element. Rows are never
//! guessed, for any JSON log looks like them; they are asked for with `--format rows`.

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Splunk's `XmlWinEventLog`: the XML that Windows renders of an event.
    WinXml,
    /// One JSON object of ready-made fields; the caller says so.
    Rows,
    /// Nothing to read: the caller has found the fields.
    Fields,
    /// Anything else: its raw text is all that is known of it.
    Other,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How `raw` is written. Looks at its first bytes only, past a byte order mark, white space and an XML declaration.
#[must_use]
pub fn detect(raw: &[u8]) -> Format {
    let start = raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw).trim_ascii_start();
    let start = after_declaration(start).unwrap_or(start);
    match start.strip_prefix(b"<Event") {
        Some([b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n', ..]) => Format::WinXml,
        _ => Format::Other,
    }
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
    fn everything_else_is_other() {
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
            "{\"a\":\"<Event>\"}",
            "<?xml version='1.0'",
            "<?xml",
            "<?xml ?>",
            "04/01/2026 <Event >",
        ] {
            assert_eq!(detect(raw.as_bytes()), Format::Other, "{raw}");
        }
    }

    #[test]
    fn an_endless_declaration_is_not_followed() {
        let raw = format!("<?xml {}?><Event>", " ".repeat(10_000));
        assert_eq!(detect(raw.as_bytes()), Format::Other);
    }
}

//! Windows XML, on one line and over many.

use std::fmt::Write as _;

use super::super::event::{Event, Quotes, timestamp};
use super::{CHANNEL, PROVIDER, PROVIDER_GUID, schema_version};

/// One line, attributes in single quotes.
pub(super) fn line(event: &Event) -> String {
    let Event { id, record, host, logger_process, logger_thread, .. } = event;
    let version = schema_version(*id);
    let time = format!("{:.9}", timestamp(event.tick));
    let mut out = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='{PROVIDER}' Guid='{PROVIDER_GUID}'/>\
         <EventID>{id}</EventID><Version>{version}</Version><Level>4</Level><Task>{id}</Task>\
         <Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='{time}'/>\
         <EventRecordID>{record}</EventRecordID><Correlation/>\
         <Execution ProcessID='{logger_process}' ThreadID='{logger_thread}'/>\
         <Channel>{CHANNEL}</Channel><Computer>{host}</Computer>\
         <Security UserID='S-1-5-18'/></System><EventData>"
    );
    for (name, value) in &event.data {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "<Data Name='{name}'>{}</Data>", escaped(value, event.quotes));
    }
    out.push_str("</EventData></Event>");
    out
}

/// Over many lines, attributes in double quotes.
pub(super) fn pretty(event: &Event) -> String {
    let Event { id, record, host, logger_process, logger_thread, .. } = event;
    let version = schema_version(*id);
    let time = format!("{:.9}", timestamp(event.tick));
    let mut out = format!(
        r#"<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System>
    <Provider Name="{PROVIDER}" Guid="{PROVIDER_GUID}" />
    <EventID>{id}</EventID>
    <Version>{version}</Version>
    <Level>4</Level>
    <Task>{id}</Task>
    <Opcode>0</Opcode>
    <Keywords>0x8000000000000000</Keywords>
    <TimeCreated SystemTime="{time}" />
    <EventRecordID>{record}</EventRecordID>
    <Correlation />
    <Execution ProcessID="{logger_process}" ThreadID="{logger_thread}" />
    <Channel>{CHANNEL}</Channel>
    <Computer>{host}</Computer>
    <Security UserID="S-1-5-18" />
  </System>
  <EventData>
"#
    );
    for (name, value) in &event.data {
        let value = escaped(value, event.quotes);
        let _ = writeln!(out, r#"    <Data Name="{name}">{value}</Data>"#);
    }
    out.push_str("  </EventData>\n</Event>");
    out
}

fn escaped(value: &str, quotes: Quotes) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match quotes {
        Quotes::Bare => value,
        Quotes::Entity => value.replace('"', "&quot;"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::event;
    use super::*;

    #[test]
    fn a_line_has_single_quoted_attributes_and_escaped_text() {
        let text = line(&event(Quotes::Entity));
        assert!(text.starts_with(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        ));
        assert!(
            text.contains("<TimeCreated SystemTime='2026-03-02T09:30:00.123456700Z'/>"),
            "{text}"
        );
        assert!(text.contains("<EventData><Data Name='RuleName'></Data>"), "{text}");
        assert!(text.ends_with(
            "<Data Name='CommandLine'>\
             cmd /c &quot;a &amp; b&quot; &gt; c</Data></EventData></Event>"
        ));
    }

    #[test]
    fn quotes_stay_bare_where_windows_renders() {
        let text = line(&event(Quotes::Bare));
        assert!(text.contains(r#"cmd /c "a &amp; b" &gt; c"#), "{text}");
    }

    #[test]
    fn pretty_text_has_a_line_for_each_element() {
        let text = pretty(&event(Quotes::Bare));
        assert!(text.contains("\n    <Computer>ws-alder.grove.example</Computer>\n"), "{text}");
        assert_eq!(text.lines().count(), 23, "{text}");
    }
}

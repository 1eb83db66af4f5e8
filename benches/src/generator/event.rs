//! An event before it is text, and how it becomes text.

use std::fmt::Write as _;

use jiff::Timestamp;

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rendering {
    /// The XML that Windows renders and Splunk forwards as `XmlWinEventLog`: one line, attributes in single quotes.
    Xml,
}

/// How a writer of XML puts a double quote in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// As it is: what Windows renders.
    Bare,
    /// As `&quot;`: what forwarders write that build the XML anew.
    Entity,
}

/// One Sysmon event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Sysmon's event id.
    pub id: u16,
    /// When it was written (`SystemTime`), in ticks of 100 ns since 1970.
    pub tick: i64,
    /// The fully qualified name of its machine.
    pub host: String,
    /// Its number in that machine's log.
    pub record: u64,
    /// The process id of that machine's Sysmon service.
    pub logger_process: u32,
    /// The thread of it that wrote the event.
    pub logger_thread: u32,
    /// How that machine's forwarder writes quotes.
    pub quotes: Quotes,
    /// The event's own data, in Sysmon's order.
    pub data: Vec<(&'static str, String)>,
}

impl Event {
    /// The value of the data item `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.data.iter().find(|(item, _)| *item == name).map(|(_, value)| value.as_str())
    }

    /// Appends the event to `out`, without a newline.
    pub fn render(&self, rendering: Rendering, out: &mut String) {
        match rendering {
            Rendering::Xml => self.render_xml(out),
        }
    }

    fn render_xml(&self, out: &mut String) {
        self.render_system(out);
        out.push_str("<EventData>");
        for (name, value) in &self.data {
            let _ = write!(out, "<Data Name='{name}'>");
            escape(value, self.quotes, out);
            out.push_str("</Data>");
        }
        out.push_str("</EventData></Event>");
    }

    fn render_system(&self, out: &mut String) {
        let Self { id, record, host, logger_process, logger_thread, .. } = self;
        let version = schema_version(*id);
        let time = format_args!("{:.9}", timestamp(self.tick));
        // Writing to a `String` cannot fail.
        let _ = write!(
            out,
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='Microsoft-Windows-Sysmon' Guid='{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}'/>\
             <EventID>{id}</EventID><Version>{version}</Version><Level>4</Level><Task>{id}</Task>\
             <Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='{time}'/>\
             <EventRecordID>{record}</EventRecordID><Correlation/>\
             <Execution ProcessID='{logger_process}' ThreadID='{logger_thread}'/>\
             <Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>{host}</Computer>\
             <Security UserID='S-1-5-18'/></System>"
        );
    }
}

/// A tick as Sysmon writes it into `UtcTime`.
pub(super) fn utc_time(tick: i64) -> String {
    timestamp(tick).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn timestamp(tick: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(tick) * 100).expect("a stream lies within the calendar")
}

/// The version of the schema that Sysmon 13 writes for each event.
const fn schema_version(id: u16) -> u8 {
    match id {
        1 | 3 | 22 => 5,
        5 | 7 | 10 => 3,
        17 | 18 => 1,
        _ => 2,
    }
}

fn escape(value: &str, quotes: Quotes, out: &mut String) {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if quotes == Quotes::Entity => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(quotes: Quotes) -> Event {
        Event {
            id: 1,
            tick: 17_724_438_001_234_567,
            host: "ws-alder.grove.example".into(),
            record: 7,
            logger_process: 11,
            logger_thread: 13,
            quotes,
            data: vec![
                ("RuleName", String::new()),
                ("CommandLine", r#"cmd /c "a & b" > c"#.into()),
            ],
        }
    }

    #[test]
    fn xml_is_one_line_with_single_quoted_attributes_and_escaped_text() {
        let mut text = String::new();
        event(Quotes::Entity).render(Rendering::Xml, &mut text);
        assert!(text.starts_with(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        ));
        assert!(
            text.contains("<TimeCreated SystemTime='2026-03-02T09:30:00.123456700Z'/>"),
            "{text}"
        );
        assert!(text.ends_with(
            "<EventData><Data Name='RuleName'></Data><Data Name='CommandLine'>\
             cmd /c &quot;a &amp; b&quot; &gt; c</Data></EventData></Event>"
        ));
    }

    #[test]
    fn quotes_stay_bare_where_windows_renders() {
        let mut text = String::new();
        event(Quotes::Bare).render(Rendering::Xml, &mut text);
        assert!(text.contains(r#"cmd /c "a &amp; b" &gt; c"#), "{text}");
    }

    #[test]
    fn utc_time_has_milliseconds() {
        assert_eq!(utc_time(17_724_438_001_234_567), "2026-03-02 09:30:00.123");
    }
}

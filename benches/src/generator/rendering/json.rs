//! The JSON that shippers and tools make of Windows events.

use std::fmt::Write as _;

use super::super::event::{Event, Quotes, timestamp};
use super::{CHANNEL, PROVIDER, PROVIDER_GUID, classic::message, schema_version, title};

/// Winlogbeat since version 7.
pub(super) fn winlogbeat(event: &Event) -> String {
    let mut json = Object::new(event.quotes);
    json.text("@timestamp", &format!("{:.3}", timestamp(event.tick)));
    json.object("event", |json| {
        json.text("action", title(event.id));
        json.text("code", &event.id.to_string());
        json.text("kind", "event");
        json.text("provider", PROVIDER);
    });
    json.object("host", |json| json.text("name", &event.host));
    json.object("log", |json| json.text("level", "information"));
    json.text("message", &message(event, "\n"));
    json.object("winlog", |json| {
        json.text("api", "wineventlog");
        json.text("channel", CHANNEL);
        json.text("computer_name", &event.host);
        json.object("event_data", |json| json.data(event));
        json.text("event_id", &event.id.to_string());
        json.object("process", |json| {
            json.number("pid", event.logger_process);
            json.object("thread", |json| json.number("id", event.logger_thread));
        });
        json.text("provider_guid", PROVIDER_GUID);
        json.text("provider_name", PROVIDER);
        json.text("record_id", &event.record.to_string());
        json.object("user", user);
        json.number("version", schema_version(event.id));
    });
    json.end()
}

/// Winlogbeat before version 7: what is `winlog.` later stands at the top.
pub(super) fn winlogbeat_6(event: &Event) -> String {
    let mut json = Object::new(event.quotes);
    json.text("@timestamp", &format!("{:.3}", timestamp(event.tick)));
    json.object("beat", |json| json.text("hostname", &event.host));
    json.text("computer_name", &event.host);
    json.object("event_data", |json| json.data(event));
    json.number("event_id", event.id);
    json.text("level", "Information");
    json.text("log_name", CHANNEL);
    json.text("message", &message(event, "\n"));
    json.number("process_id", event.logger_process);
    json.text("provider_guid", PROVIDER_GUID);
    json.text("record_number", &event.record.to_string());
    json.text("source_name", PROVIDER);
    json.number("thread_id", event.logger_thread);
    json.text("type", "wineventlog");
    json.object("user", user);
    json.number("version", schema_version(event.id));
    json.end()
}

/// NXLog: flat, with times to the second but for Sysmon's own, and the message as Windows ends its lines.
pub(super) fn nxlog(event: &Event) -> String {
    let mut json = Object::new(event.quotes);
    json.text("EventTime", &timestamp(event.tick).strftime("%Y-%m-%d %H:%M:%S").to_string());
    json.text("Hostname", &event.host);
    json.number("Keywords", i64::MIN);
    json.text("EventType", "INFO");
    json.number("SeverityValue", 2);
    json.text("Severity", "INFO");
    json.number("EventID", event.id);
    json.text("SourceName", PROVIDER);
    json.text("ProviderGuid", PROVIDER_GUID);
    json.number("Version", schema_version(event.id));
    json.number("Task", event.id);
    json.number("OpcodeValue", 0);
    json.number("RecordNumber", event.record);
    json.number("ProcessID", event.logger_process);
    json.number("ThreadID", event.logger_thread);
    json.text("Channel", CHANNEL);
    json.text("Domain", "NT AUTHORITY");
    json.text("AccountName", "SYSTEM");
    json.text("UserID", "S-1-5-18");
    json.text("AccountType", "User");
    json.text("Message", &message(event, "\r\n"));
    json.text("Category", title(event.id));
    json.text("Opcode", "Info");
    json.data(event);
    let received = timestamp(event.tick + 20_000_000);
    json.text("EventReceivedTime", &received.strftime("%Y-%m-%d %H:%M:%S").to_string());
    json.text("SourceModuleName", "eventlog");
    json.text("SourceModuleType", "im_msvistalog");
    json.end()
}

/// The native names at the top of one object.
pub(super) fn flat(event: &Event) -> String {
    let mut json = Object::new(event.quotes);
    json.text("SystemTime", &format!("{:.9}", timestamp(event.tick)));
    json.text("Computer", &event.host);
    json.text("Channel", CHANNEL);
    json.number("EventID", event.id);
    json.number("EventRecordID", event.record);
    json.data(event);
    json.end()
}

/// The elements of the XML as objects, their attributes below `#attributes`.
pub(super) fn evtx(event: &Event) -> String {
    let mut json = Object::new(event.quotes);
    json.object("Event", |json| {
        attributes(json, &[("xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")]);
        json.object("System", |json| system(json, event));
        json.object("EventData", |json| json.data(event));
    });
    json.end()
}

fn system(json: &mut Object, event: &Event) {
    json.object("Provider", |json| {
        attributes(json, &[("Name", PROVIDER), ("Guid", PROVIDER_GUID)]);
    });
    json.number("EventID", event.id);
    json.number("Version", schema_version(event.id));
    json.number("Level", 4);
    json.number("Task", event.id);
    json.number("Opcode", 0);
    json.text("Keywords", "0x8000000000000000");
    let time = format!("{:.6}", timestamp(event.tick));
    json.object("TimeCreated", |json| attributes(json, &[("SystemTime", &time)]));
    json.number("EventRecordID", event.record);
    json.null("Correlation");
    json.object("Execution", |json| {
        json.object("#attributes", |json| {
            json.number("ProcessID", event.logger_process);
            json.number("ThreadID", event.logger_thread);
        });
    });
    json.text("Channel", CHANNEL);
    json.text("Computer", &event.host);
    json.object("Security", |json| attributes(json, &[("UserID", "S-1-5-18")]));
}

fn attributes(json: &mut Object, attributes: &[(&str, &str)]) {
    json.object("#attributes", |json| {
        attributes.iter().for_each(|(name, value)| json.text(name, value));
    });
}

fn user(json: &mut Object) {
    json.text("domain", "NT AUTHORITY");
    json.text("identifier", "S-1-5-18");
    json.text("name", "SYSTEM");
    json.text("type", "User");
}

/// A writer of one object.
struct Object {
    out: String,
    quotes: Quotes,
    is_empty: bool,
}

impl Object {
    fn new(quotes: Quotes) -> Self {
        Self { out: "{".to_owned(), quotes, is_empty: true }
    }

    fn end(mut self) -> String {
        self.out.push('}');
        self.out
    }

    fn key(&mut self, key: &str) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(',');
        }
        self.string(key);
        self.out.push(':');
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    fn number(&mut self, key: &str, number: impl std::fmt::Display) {
        self.key(key);
        // Writing to a `String` cannot fail.
        let _ = write!(self.out, "{number}");
    }

    fn null(&mut self, key: &str) {
        self.key(key);
        self.out.push_str("null");
    }

    fn object(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.key(key);
        self.out.push('{');
        self.is_empty = true;
        write(self);
        self.is_empty = false;
        self.out.push('}');
    }

    fn data(&mut self, event: &Event) {
        for (name, value) in &event.data {
            self.text(name, value);
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '<' | '>' | '&' if self.quotes == Quotes::Entity => self.escape(character),
                control if control < ' ' => self.escape(control),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, character: char) {
        let _ = write!(self.out, "\\u{:04x}", u32::from(character));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::event;
    use super::*;

    #[test]
    fn nested_objects_are_closed_and_separated() {
        let mut json = Object::new(Quotes::Bare);
        json.object("a", |json| json.object("b", |json| json.number("c", 1)));
        json.text("d", "\"\\\n\u{1}<");
        assert_eq!(json.end(), r#"{"a":{"b":{"c":1}},"d":"\"\\\n\u0001<"}"#);
    }

    #[test]
    fn some_writers_escape_what_html_would_mind() {
        assert!(flat(&event(Quotes::Bare)).contains(r#""cmd /c \"a & b\" > c""#));
        assert!(flat(&event(Quotes::Entity)).contains(r#""cmd /c \"a \u0026 b\" \u003e c""#));
    }
}

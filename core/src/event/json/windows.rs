//! Windows events in JSON: the names that Windows itself gives their fields, beside the paths of the shipper.
//!
//! Rules and the knowledge call the fields as the XML of Windows does (`EventID`, `Computer`, `CommandLine`). What a
//! shipper keeps of the event's own data under a path of its own is shown under the native name, too; what every event
//! has of its log and machine can be named so, but wildcards see it under the shipper's name only.

use super::fields::{Field, Fields};
use crate::event::{Natives, clean::some_field_name, wintext};

/// How a shipper writes a Windows event.
pub(super) struct Shipper {
    /// The fields without which it is none: some field of each group is there.
    marks: [&'static [&'static [u8]]; 2],
    /// Paths whose members are the event's own data.
    data: &'static [&'static [u8]],
    /// Second names of single fields.
    names: &'static [(&'static [u8], &'static [u8])],
    /// The text of the event as a person reads it.
    message: &'static [u8],
}

/// The shippers that are told apart, the most telling first.
const SHIPPERS: [Shipper; 4] = [WINLOGBEAT, WINLOGBEAT_6, RENDERED, FLAT];

/// Elastic's winlogbeat since version 7, and the agents that followed it.
const WINLOGBEAT: Shipper = Shipper {
    marks: [&[b"winlog.event_id"], &[b"winlog.channel", b"winlog.provider_name"]],
    data: &[b"winlog.event_data.", b"winlog.user_data."],
    names: &[
        (b"winlog.event_id", b"EventID"),
        (b"winlog.channel", b"Channel"),
        (b"winlog.computer_name", b"Computer"),
        (b"winlog.record_id", b"EventRecordID"),
        (b"winlog.provider_name", b"Name"),
        (b"winlog.provider_guid", b"Guid"),
        (b"winlog.process.pid", b"ProcessID"),
        (b"winlog.process.thread.id", b"ThreadID"),
        (b"winlog.user.identifier", b"UserID"),
        (b"winlog.activity_id", b"ActivityID"),
        (b"winlog.related_activity_id", b"RelatedActivityID"),
        (b"winlog.version", b"Version"),
        (b"winlog.time_created", b"SystemTime"),
        (b"message", b"Message"),
    ],
    message: b"message",
};

/// The same program up to version 6.
const WINLOGBEAT_6: Shipper = Shipper {
    marks: [&[b"event_id"], &[b"log_name"]],
    data: &[b"event_data.", b"user_data."],
    names: &[
        (b"event_id", b"EventID"),
        (b"log_name", b"Channel"),
        (b"computer_name", b"Computer"),
        (b"record_number", b"EventRecordID"),
        (b"source_name", b"Name"),
        (b"provider_guid", b"Guid"),
        (b"process_id", b"ProcessID"),
        (b"thread_id", b"ThreadID"),
        (b"user.identifier", b"UserID"),
        (b"activity_id", b"ActivityID"),
        (b"related_activity_id", b"RelatedActivityID"),
        (b"version", b"Version"),
        (b"message", b"Message"),
    ],
    message: b"message",
};

/// The XML turned to JSON element by element, as programs print it that read event log files.
const RENDERED: Shipper = Shipper {
    marks: [
        &[b"Event.System.EventID", b"Event.System.EventID.#text"],
        &[b"Event.System.Channel", b"Event.System.Provider.#attributes.Name"],
    ],
    data: &[b"Event.System.", b"Event.EventData.", b"Event.UserData."],
    names: &[],
    message: b"Event.RenderingInfo.Message",
};

/// Native names from the start, but for a few: NXLog, Fluent Bit, and what people export.
const FLAT: Shipper = Shipper {
    marks: [&[b"EventID", b"EventCode"], &[b"Channel", b"SourceName", b"ProviderName"]],
    data: &[b"EventData.", b"UserData."],
    names: &[
        (b"Hostname", b"Computer"),
        (b"ComputerName", b"Computer"),
        (b"RecordNumber", b"EventRecordID"),
        (b"SourceName", b"Name"),
        (b"ProviderName", b"Name"),
        (b"ProviderGuid", b"Guid"),
        (b"ExecutionProcessID", b"ProcessID"),
        (b"ExecutionThreadID", b"ThreadID"),
        (b"OpcodeValue", b"Opcode"),
        (b"EventCode", b"EventID"),
    ],
    message: b"Message",
};

/// What log and shipper say of an event under names that messages use, too: there the message means the event itself, as
/// Sysmon's `EventType: SetValue` where NXLog has `"EventType":"INFO"`.
const OF_THE_HEADER: [&[u8]; 6] =
    [b"EventType", b"Severity", b"Category", b"Version", b"Level", b"Opcode"];

/// Finds the fields of an event: as they stand and, if it is a Windows event, under their native names.
///
/// NXLog passes on some values as the XML of the event writes them, `2&gt;&amp;1` for `2>&1`; the message has them as they are.
pub(super) fn add_all<'e>(fields: &Fields<'e>, natives: &mut Natives<'e>) {
    let shipper = SHIPPERS.iter().find(|shipper| shipper.has_written(fields));
    let message = shipper.and_then(|shipper| fields.get(shipper.message)?.text(natives.bump()));
    let waits = |field: &Field<'_>| {
        message.is_some() && (OF_THE_HEADER.contains(&field.name) || field.holds_entity())
    };
    for field in fields.iter().filter(|field| !waits(field)) {
        field.add_to(natives, field.name);
    }
    if let Some(shipper) = shipper {
        shipper.add_data(fields, natives);
    }
    if let Some(message) = message {
        wintext::find_in_message(message, natives);
    }
    for field in fields.iter().filter(|field| waits(field)) {
        field.add_to(natives, field.name);
    }
    if let Some(shipper) = shipper {
        shipper.add_second_names(fields, natives);
    }
}

impl Shipper {
    fn has_written(&self, fields: &Fields<'_>) -> bool {
        self.marks.iter().all(|names| names.iter().any(|name| fields.has(name)))
    }

    fn add_data<'e>(&self, fields: &Fields<'e>, natives: &mut Natives<'e>) {
        for field in fields.iter() {
            let below = self.data.iter().find_map(|path| field.name.strip_prefix(*path));
            if let Some(name) = below.and_then(native_name) {
                field.add_to(natives, some_field_name(name, natives.bump()));
            }
        }
    }

    fn add_second_names<'e>(&self, fields: &Fields<'e>, natives: &mut Natives<'e>) {
        for (path, name) in self.names {
            if let Some(field) = fields.get(path) {
                natives.add_hidden(name, field.value(natives.bump()));
            }
        }
        let is_unclean = |name: &[u8]| name.iter().any(|byte| matches!(byte, b' ' | b':' | b'-'));
        for field in fields.iter().filter(|field| is_unclean(field.name)) {
            let name = some_field_name(field.name, natives.bump());
            natives.add_hidden(name, field.value(natives.bump()));
        }
    }
}

/// The name that the XML of Windows has for a path within it: that of the innermost element or attribute.
fn native_name(path: &[u8]) -> Option<&[u8]> {
    let steps = path.rsplit(|&byte| byte == b'.');
    let mut names = steps.map(|step| step.strip_suffix(b"{}").unwrap_or(step));
    names.find(|name| !matches!(*name, b"#text" | b"#attributes"))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::names::Names;

    /// Every field of `raw` as `name=value`; a hidden one in parentheses.
    fn shown(raw: &str) -> Vec<String> {
        let (bump, names) = (Bump::new(), Names::default());
        let mut natives = Natives::new(&names, &bump);
        add_all(&Fields::read(raw.as_bytes(), &bump), &mut natives);
        let native = |native: &crate::event::Native<'_>| {
            let texts: Vec<_> = native.decoded(&bump).texts(&bump).to_vec();
            let pair = format!(
                "{}={}",
                names.bytes(native.name).escape_ascii(),
                texts.join(b",".as_slice()).escape_ascii()
            );
            if native.is_shown() { pair } else { format!("({pair})") }
        };
        natives.iter().map(native).collect()
    }

    #[test]
    fn winlogbeat_shows_the_data_under_its_native_names_and_hides_those_of_the_log() {
        let raw = r#"{"winlog":{"event_id":1,"channel":"Security","computer_name":"h","event_data":{"Image":"a\\b"}},"host":{"name":"c"}}"#;
        assert_eq!(
            shown(raw),
            [
                "winlog.event_id=1",
                "winlog.channel=Security",
                "winlog.computer_name=h",
                r"winlog.event_data.Image=a\\b",
                "host.name=c",
                r"Image=a\\b",
                "(EventID=1)",
                "(Channel=Security)",
                "(Computer=h)",
            ]
        );
    }

    #[test]
    fn the_winlogbeat_of_old_is_known_too() {
        let raw = r#"{"event_id":5857,"log_name":"L","record_number":"7","user":{"identifier":"S-1-5-18"},"user_data":{"Code":"0x0"}}"#;
        let shown = shown(raw);
        for field in ["Code=0x0", "(EventID=5857)", "(EventRecordID=7)", "(UserID=S-1-5-18)"] {
            assert!(shown.iter().any(|other| other == field), "{field} {shown:?}");
        }
    }

    #[test]
    fn rendered_xml_is_known_by_its_innermost_names() {
        let raw = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":4688},"Channel":"Security"},"EventData":{"CommandLine":"x","Data":["p","q"]}}}"##;
        let shown = shown(raw);
        for field in ["Name=P", "Qualifiers=0", "EventID=4688", "CommandLine=x", "Data=p,q"] {
            assert!(shown.iter().any(|other| other == field), "{field} {shown:?}");
        }
    }

    #[test]
    fn what_nxlog_writes_as_xml_does_is_taken_from_the_message() {
        let raw = r#"{"EventID":1,"Channel":"C","CommandLine":"a 2&gt;&amp;1","Image":"a &","Message":"Process Create:\r\nUtcTime: 1\r\nImage: b\r\nCommandLine: a 2>&1"}"#;
        let shown = shown(raw);
        for field in ["CommandLine=a 2>&1", "Image=a &"] {
            assert!(shown.iter().any(|other| other == field), "{field} {shown:?}");
        }
        let alone = r#"{"EventID":1,"Channel":"C","CommandLine":"a 2&gt;&amp;1"}"#;
        assert!(super::tests::shown(alone).contains(&"CommandLine=a 2&gt;&amp;1".to_owned()));
    }

    #[test]
    fn nxlog_keeps_its_names_and_a_name_it_holds_itself_is_not_given_twice() {
        let raw = r#"{"EventID":1,"Channel":"C","Hostname":"h","Opcode":"Info","OpcodeValue":0,"RecordNumber":7}"#;
        assert_eq!(
            shown(raw),
            [
                "EventID=1",
                "Channel=C",
                "Hostname=h",
                "Opcode=Info",
                "OpcodeValue=0",
                "RecordNumber=7",
                "(Computer=h)",
                "(EventRecordID=7)",
            ]
        );
    }

    #[test]
    fn a_name_that_xml_would_clean_can_be_named_so() {
        let raw = r#"{"EventID":1,"Channel":"C","Client SID:":"S-1-5-18"}"#;
        assert!(shown(raw).contains(&"(Client_SID_=S-1-5-18)".to_owned()));
        let raw = r#"{"winlog":{"event_id":1,"channel":"C","event_data":{"Product Name":"x"}}}"#;
        assert!(shown(raw).contains(&"Product_Name=x".to_owned()));
    }

    #[test]
    fn other_logs_get_no_names_of_windows() {
        for raw in [r#"{"event_id":1,"message":"x"}"#, r#"{"Hostname":"h","Message":"EventID: 1"}"#]
        {
            let fields = shown(raw);
            assert_eq!(fields.len(), 2, "{fields:?}");
        }
    }
}

//! Splunk's classic `WinEventLog` text, and the message that it shares with NXLog and Winlogbeat.

use std::fmt::Write as _;

use super::super::event::{Event, timestamp};
use super::{CHANNEL, PROVIDER, title};

/// The header and the message. Lines end as the forwarder of that machine ends them.
pub(super) fn text(event: &Event) -> String {
    let Event { id, record, host, .. } = event;
    let time = timestamp(event.tick).strftime("%m/%d/%Y %I:%M:%S %p");
    let mut out = format!(
        "{time}\nLogName={CHANNEL}\nSourceName={PROVIDER}\nEventCode={id}\nEventType=4\nType=Information\n\
         ComputerName={host}\nUser=NOT_TRANSLATED\nSid=S-1-5-18\nSidType=0\n\
         TaskCategory={}\nOpCode=Info\nRecordNumber={record}\nKeywords=None\nMessage=",
        title(*id)
    );
    out.push_str(&message(event, "\n"));
    out
}

/// What Sysmon says to a person: a title, then each item on a line that `line_end` ends.
pub(super) fn message(event: &Event, line_end: &str) -> String {
    let mut out = format!("{}:", title(event.id));
    for (name, value) in &event.data {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{line_end}{name}: {value}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{super::event::Quotes, tests::event};
    use super::*;

    #[test]
    fn the_header_comes_before_the_message() {
        let text = text(&event(Quotes::Bare));
        assert!(text.starts_with("03/02/2026 09:30:00 AM\nLogName=Microsoft-Windows-Sysmon/"));
        assert!(text.contains("\nEventCode=1\n"), "{text}");
        assert!(
            text.ends_with(
                "\nMessage=Process Create:\nRuleName: \nUtcTime: 2026-03-02 09:30:00.113\n\
                 CommandLine: cmd /c \"a & b\" > c"
            ),
            "{text}"
        );
    }
}

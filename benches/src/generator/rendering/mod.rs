//! How an event becomes text: every form in which a shipper meets it.
//!
//! What a form cannot hold it does not hold, and its clock is a matter of the form too: some hold when Windows wrote the
//! record, others only when Sysmon saw the thing happen ([`Rendering::tick`]).

mod classic;
mod json;
mod xml;

use super::event::Event;

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rendering {
    /// The XML that Windows renders and Splunk forwards as `XmlWinEventLog`: one line, attributes in single quotes.
    Xml,
    /// The same XML as the Event Viewer shows it: over many lines, attributes in double quotes.
    PrettyXml,
    /// Splunk's classic `WinEventLog`: a header, then the message.
    Classic,
    /// The JSON of Winlogbeat since version 7.
    Winlogbeat,
    /// The JSON of Winlogbeat before version 7.
    Winlogbeat6,
    /// The JSON of NXLog: one flat object with the message in it.
    Nxlog,
    /// A flat object of the native names.
    FlatJson,
    /// The XML as an object: what tools print that read EVTX files.
    EvtxJson,
    /// The JSON of NXLog behind a header of syslog (RFC 5424).
    SyslogNxlog,
    /// The XML behind a header of syslog (RFC 3164).
    SyslogXml,
}

impl Rendering {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Xml,
        Self::PrettyXml,
        Self::Classic,
        Self::Winlogbeat,
        Self::Winlogbeat6,
        Self::Nxlog,
        Self::FlatJson,
        Self::EvtxJson,
        Self::SyslogNxlog,
        Self::SyslogXml,
    ];

    /// The time that this form holds of an event: of the record where it holds that, else Sysmon's own.
    #[must_use]
    pub fn tick(self, event: &Event) -> i64 {
        match self {
            Self::Xml | Self::PrettyXml | Self::SyslogXml | Self::FlatJson | Self::EvtxJson => {
                event.tick
            }
            Self::Classic
            | Self::Winlogbeat
            | Self::Winlogbeat6
            | Self::Nxlog
            | Self::SyslogNxlog => event.utc_tick,
        }
    }
}

impl Event {
    /// The event as text, without a line end behind it.
    #[must_use]
    pub fn text(&self, rendering: Rendering) -> String {
        match rendering {
            Rendering::Xml => xml::line(self),
            Rendering::PrettyXml => xml::pretty(self),
            Rendering::Classic => classic::text(self),
            Rendering::Winlogbeat => json::winlogbeat(self),
            Rendering::Winlogbeat6 => json::winlogbeat_6(self),
            Rendering::Nxlog => json::nxlog(self),
            Rendering::FlatJson => json::flat(self),
            Rendering::EvtxJson => json::evtx(self),
            Rendering::SyslogNxlog => {
                let time = format!("{:.6}", super::event::timestamp(self.tick));
                let header = format!("<14>1 {time} {} Microsoft-Windows-Sysmon", self.host);
                format!("{header} {} - - {}", self.logger_process, json::nxlog(self))
            }
            Rendering::SyslogXml => {
                let time = super::event::timestamp(self.tick).strftime("%b %e %H:%M:%S");
                format!("<14>{time} {} sysmon: {}", self.host, xml::line(self))
            }
        }
    }
}

/// The name that Sysmon gives an event of that id, as its message starts.
fn title(id: u16) -> &'static str {
    match id {
        1 => "Process Create",
        3 => "Network connection detected",
        5 => "Process terminated",
        7 => "Image loaded",
        8 => "CreateRemoteThread detected",
        10 => "Process accessed",
        11 => "File created",
        12 => "Registry object added or deleted",
        13 => "Registry value set",
        17 => "Pipe Created",
        18 => "Pipe Connected",
        22 => "Dns query",
        _ => "Event",
    }
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

const CHANNEL: &str = "Microsoft-Windows-Sysmon/Operational";
const PROVIDER: &str = "Microsoft-Windows-Sysmon";
const PROVIDER_GUID: &str = "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}";

#[cfg(test)]
mod tests {
    use super::super::event::Quotes;
    use super::*;

    pub(super) fn event(quotes: Quotes) -> Event {
        Event {
            id: 1,
            tick: 17_724_438_001_234_567,
            utc_tick: 17_724_438_001_130_000,
            host: "ws-alder.grove.example".into(),
            record: 7,
            logger_process: 11,
            logger_thread: 13,
            quotes,
            data: vec![
                ("RuleName", String::new()),
                ("UtcTime", "2026-03-02 09:30:00.113".into()),
                ("CommandLine", r#"cmd /c "a & b" > c"#.into()),
            ],
        }
    }

    #[test]
    fn every_rendering_names_the_machine_and_the_command() {
        for rendering in Rendering::ALL {
            for quotes in [Quotes::Bare, Quotes::Entity] {
                let text = event(quotes).text(rendering);
                assert!(text.contains("ws-alder.grove.example"), "{text}");
                assert!(text.contains("cmd /c ") && text.contains(" b"), "{text}");
                assert!(!text.ends_with('\n'), "{text}");
            }
        }
    }
}

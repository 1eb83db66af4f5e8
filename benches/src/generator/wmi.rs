//! What is planted, and the rows that the seed rule must make of it.
//!
//! The seed rule hunts processes that the WMI provider host started. The Atomic Red Team has tests for that technique
//! (T1047, numbers 5 to 9); each is planted here as the one event that it leaves behind on the machine it runs on, with
//! command lines of our own.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Event;
use super::host::{Account, Moment, NETWORK_SERVICE, PEOPLE, SYSTEM};
use super::process::{CMD, NOTEPAD, POWERSHELL, RUNDLL32, Start, base_name};

/// The WMI provider host as the parent: image and command line. Windows itself spells them in several ways.
const PROVIDER_HOSTS: [(&str, &str); 3] = [
    (
        r"C:\Windows\System32\wbem\WmiPrvSE.exe",
        r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
    ),
    (r"C:\Windows\SysWOW64\wbem\WmiPrvSE.exe", r"C:\Windows\sysWOW64\wbem\wmiprvse.exe -Embedding"),
    (r"C:\WINDOWS\system32\wbem\wmiprvse.exe", r"C:\WINDOWS\system32\wbem\wmiprvse.exe"),
];

/// A test of the Atomic Red Team for T1047, by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Atomic {
    /// A process is created through WMI on the same machine.
    LocalProcess = 5,
    /// A process is created through WMI from another machine: nobody is logged on here.
    RemoteProcess = 6,
    /// A WMI query creates PowerShell with an encoded command.
    EncodedCommand = 7,
    /// The process class is reached through a class derived from it, to hide its name.
    DerivedClass = 8,
    /// A library is run by `rundll32` through WMI.
    Rundll32 = 9,
}

impl Atomic {
    /// All of them, by number.
    pub const ALL: [Self; 5] = [
        Self::LocalProcess,
        Self::RemoteProcess,
        Self::EncodedCommand,
        Self::DerivedClass,
        Self::Rundll32,
    ];

    /// The event that the test leaves.
    pub(super) fn event(self, at: &mut Moment<'_>) -> Event {
        let (image, command_line, account) = self.child();
        let (parent_image, parent_command_line) = at.random.pick(&PROVIDER_HOSTS);
        // A process whose folder Sysmon cannot read has none: the row then lacks the field.
        let current_directory = match self {
            Self::DerivedClass => "",
            _ => r"C:\Windows\system32\",
        };
        Start { image, command_line, current_directory, account, parent_image, parent_command_line }
            .event(at)
    }

    const fn child(self) -> (&'static str, &'static str, &'static Account) {
        match self {
            Self::LocalProcess => (NOTEPAD, "notepad.exe", &PEOPLE[0]),
            Self::RemoteProcess => {
                let command = r#"cmd.exe /Q /c "whoami /all & hostname" 1> \\127.0.0.1\ADMIN$\__orchard 2>&1"#;
                (CMD, command, &PEOPLE[3])
            }
            Self::EncodedCommand => (
                POWERSHELL,
                "powershell.exe -NoP -enc RwBlAHQALQBEAGEAdABlADsAIABoAG8AcwB0AG4AYQBtAGUA",
                &SYSTEM,
            ),
            Self::DerivedClass => {
                (NOTEPAD, r#""C:\Windows\System32\notepad.exe" /p"#, &NETWORK_SERVICE)
            }
            Self::Rundll32 => (
                RUNDLL32,
                r#"rundll32.exe "C:\Users\Public\caltrop test.dll",Start <1>"#,
                &PEOPLE[1],
            ),
        }
    }
}

/// Where the value of a row's field stands in the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueOf {
    /// A data item.
    Data(&'static str),
    /// What follows the last backslash of a data item.
    BaseName(&'static str),
    /// The event id.
    EventId,
}

/// The fields that the seed rule's rows have besides `_time` and `host`.
///
/// The rule tables `user parent_*, process, process_*, signature_id`; these are the names that the knowledge of Sysmon
/// gives an event 1 and that the list lets through. A knowledge that names more must name it here too.
pub const ROW_FIELDS: [(&str, ValueOf); 17] = [
    ("user", ValueOf::Data("User")),
    ("parent_process", ValueOf::Data("ParentCommandLine")),
    ("parent_process_exec", ValueOf::BaseName("ParentImage")),
    ("parent_process_guid", ValueOf::Data("ParentProcessGuid")),
    ("parent_process_id", ValueOf::Data("ParentProcessId")),
    ("parent_process_name", ValueOf::BaseName("ParentImage")),
    ("parent_process_path", ValueOf::Data("ParentImage")),
    ("process", ValueOf::Data("CommandLine")),
    ("process_current_directory", ValueOf::Data("CurrentDirectory")),
    ("process_exec", ValueOf::BaseName("Image")),
    ("process_guid", ValueOf::Data("ProcessGuid")),
    ("process_hash", ValueOf::Data("Hashes")),
    ("process_id", ValueOf::Data("ProcessId")),
    ("process_integrity_level", ValueOf::Data("IntegrityLevel")),
    ("process_name", ValueOf::BaseName("Image")),
    ("process_path", ValueOf::Data("Image")),
    ("signature_id", ValueOf::EventId),
];

/// The right answer to the seed rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Its rows, by time, then host.
    pub rows: Vec<ExpectedRow>,
}

/// One row of the right answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedRow {
    /// `_time`: the start of the second, in epoch seconds.
    pub time_s: i64,
    /// `host`.
    pub host: String,
    /// Every other field, with its distinct values in byte order. A field without a value is absent.
    pub fields: BTreeMap<String, Vec<String>>,
}

impl ExpectedRow {
    /// The row of the events that were planted on one host in the second `time_s`.
    pub(super) fn of(time_s: i64, planted: &[Event]) -> Self {
        let host = planted.first().map(|event| event.host.clone()).unwrap_or_default();
        let values = |source: ValueOf| {
            let values = planted.iter().filter_map(|event| value(event, source));
            values.collect::<BTreeSet<String>>().into_iter().collect::<Vec<String>>()
        };
        let fields =
            ROW_FIELDS.iter().map(|(field, source)| ((*field).to_owned(), values(*source)));
        Self { time_s, host, fields: fields.filter(|(_, values)| !values.is_empty()).collect() }
    }
}

fn value(event: &Event, source: ValueOf) -> Option<String> {
    let text = match source {
        ValueOf::Data(item) => event.value(item)?.to_owned(),
        ValueOf::BaseName(item) => base_name(event.value(item)?).to_owned(),
        ValueOf::EventId => event.id.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

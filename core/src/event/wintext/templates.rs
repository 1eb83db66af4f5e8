//! The messages whose keys always come in the same order.
//!
//! The order is that of all versions together. A key is open if the one who is watched can put a line break into its
//! value: command lines, version information, names in the registry, scripts. File names cannot hold one.

use super::ordered::{Key, Key as K, Style, Template};

const fn sysmon(title: &'static str, keys: &'static [Key]) -> Template {
    Template { title: title.as_bytes(), style: Style::Colon, keys }
}

const fn powershell(title: &'static str, keys: &'static [Key]) -> Template {
    Template { title: title.as_bytes(), style: Style::Equals, keys }
}

const RULE_NAME: Key = K::closed("RuleName").optional();
const EVENT_TYPE: Key = K::closed("EventType").optional();
const UTC_TIME: Key = K::closed("UtcTime");
const PROCESS_GUID: Key = K::closed("ProcessGuid");
const PROCESS_ID: Key = K::closed("ProcessId");
const IMAGE: Key = K::closed("Image");
const USER: Key = K::closed("User").optional();
const TARGET_FILENAME: Key = K::closed("TargetFilename");
const HASHES: Key = K::closed("Hashes");

/// The keys of a message that is about what a process has done.
macro_rules! by_process {
    ($($key:expr),* $(,)?) => {
        &[RULE_NAME, EVENT_TYPE, UTC_TIME, PROCESS_GUID, PROCESS_ID, $($key),*]
    };
}

/// The keys of a message that is about a process and another one.
macro_rules! between_processes {
    ($guid:literal, $target_guid:literal, $($key:expr),* $(,)?) => {
        &[
            RULE_NAME,
            UTC_TIME,
            K::closed($guid),
            K::closed("SourceProcessId"),
            K::closed("SourceThreadId").optional(),
            K::closed("SourceImage"),
            K::closed($target_guid),
            K::closed("TargetProcessId"),
            K::closed("TargetImage"),
            $($key,)*
            K::closed("SourceUser").optional(),
            K::closed("TargetUser").optional(),
        ]
    };
}

/// The keys of a message that is about a subscription of WMI.
macro_rules! by_user {
    ($($key:expr),* $(,)?) => {
        &[
            RULE_NAME,
            EVENT_TYPE,
            UTC_TIME,
            K::closed("Operation"),
            K::closed("User"),
            $($key),*
        ]
    };
}

/// The first whose title fits counts.
pub(super) const TEMPLATES: &[Template] = &[
    sysmon(
        "Process Create:",
        by_process![
            IMAGE,
            K::open("FileVersion"),
            K::open("Description"),
            K::open("Product"),
            K::open("Company"),
            K::open("OriginalFileName").optional(),
            K::widest("CommandLine"),
            K::closed("CurrentDirectory"),
            K::closed("User"),
            K::closed("LogonGuid"),
            K::closed("LogonId"),
            K::closed("TerminalSessionId"),
            K::closed("IntegrityLevel"),
            HASHES,
            K::closed("ParentProcessGuid"),
            K::closed("ParentProcessId"),
            K::closed("ParentImage"),
            K::open("ParentCommandLine"),
            K::closed("ParentUser").optional(),
        ],
    ),
    sysmon(
        "File creation time changed:",
        by_process![
            IMAGE,
            TARGET_FILENAME,
            K::closed("CreationUtcTime"),
            K::closed("PreviousCreationUtcTime"),
            USER,
        ],
    ),
    sysmon(
        "Network connection detected:",
        by_process![
            IMAGE,
            K::closed("User"),
            K::closed("Protocol"),
            K::closed("Initiated"),
            K::closed("SourceIsIpv6").optional(),
            K::closed("SourceIp"),
            K::closed("SourceHostname"),
            K::closed("SourcePort"),
            K::closed("SourcePortName"),
            K::closed("DestinationIsIpv6").optional(),
            K::closed("DestinationIp"),
            K::closed("DestinationHostname"),
            K::closed("DestinationPort"),
            K::closed("DestinationPortName"),
        ],
    ),
    sysmon(
        "Sysmon service state changed:",
        &[UTC_TIME, K::closed("State"), K::closed("Version"), K::closed("SchemaVersion")],
    ),
    sysmon("Process terminated:", by_process![IMAGE, USER]),
    sysmon(
        "Driver loaded:",
        &[
            RULE_NAME,
            UTC_TIME,
            K::closed("ImageLoaded"),
            HASHES,
            K::closed("Signed"),
            K::open("Signature"),
            K::closed("SignatureStatus").optional(),
        ],
    ),
    sysmon(
        "Image loaded:",
        by_process![
            IMAGE,
            K::closed("ImageLoaded"),
            K::open("FileVersion"),
            K::open("Description"),
            K::open("Product"),
            K::open("Company"),
            K::open("OriginalFileName").optional(),
            HASHES,
            K::closed("Signed"),
            K::open("Signature"),
            K::closed("SignatureStatus").optional(),
            USER,
        ],
    ),
    sysmon(
        "CreateRemoteThread detected:",
        between_processes![
            "SourceProcessGuid",
            "TargetProcessGuid",
            K::closed("NewThreadId"),
            K::closed("StartAddress"),
            K::closed("StartModule"),
            K::closed("StartFunction"),
        ],
    ),
    sysmon("RawAccessRead detected:", by_process![IMAGE, K::closed("Device"), USER]),
    sysmon(
        "Process accessed:",
        between_processes![
            "SourceProcessGUID",
            "TargetProcessGUID",
            K::closed("GrantedAccess"),
            K::closed("CallTrace"),
        ],
    ),
    sysmon(
        "File created:",
        by_process![IMAGE, TARGET_FILENAME, K::closed("CreationUtcTime"), USER],
    ),
    sysmon(
        "Registry object added or deleted:",
        by_process![IMAGE, K::widest("TargetObject"), USER],
    ),
    sysmon(
        "Registry value set:",
        by_process![IMAGE, K::open("TargetObject"), K::widest("Details"), USER],
    ),
    sysmon(
        "Registry object renamed:",
        by_process![IMAGE, K::open("TargetObject"), K::widest("NewName"), USER],
    ),
    sysmon(
        "File stream created:",
        by_process![
            IMAGE,
            TARGET_FILENAME,
            K::closed("CreationUtcTime"),
            K::closed("Hash"),
            K::widest("Contents").optional(),
            USER,
        ],
    ),
    sysmon(
        "Sysmon config state changed:",
        &[UTC_TIME, K::widest("Configuration"), K::closed("ConfigurationFileHash").optional()],
    ),
    sysmon("Pipe Created:", by_process![K::widest("PipeName"), IMAGE, USER]),
    sysmon("Pipe Connected:", by_process![K::widest("PipeName"), IMAGE, USER]),
    sysmon(
        "WmiEventFilter activity detected:",
        by_user![K::open("EventNamespace"), K::open("Name"), K::widest("Query")],
    ),
    sysmon(
        "WmiEventConsumer activity detected:",
        by_user![K::open("Name"), K::closed("Type"), K::widest("Destination")],
    ),
    sysmon(
        "WmiEventConsumerToFilter activity detected:",
        by_user![K::open("Consumer"), K::widest("Filter")],
    ),
    sysmon(
        "Dns query:",
        by_process![
            K::open("QueryName"),
            K::closed("QueryStatus"),
            K::widest("QueryResults"),
            IMAGE,
            USER,
        ],
    ),
    sysmon(
        "Clipboard changed:",
        by_process![
            IMAGE,
            K::closed("Session"),
            K::widest("ClientInfo"),
            HASHES,
            K::closed("Archived"),
            USER,
        ],
    ),
    sysmon("Process Tampering:", by_process![IMAGE, K::closed("Type"), USER]),
    // Deleted, shredded, blocked, executable.
    sysmon(
        "File ",
        by_process![
            K::closed("User"),
            IMAGE,
            TARGET_FILENAME,
            HASHES,
            K::closed("IsExecutable").optional(),
            K::closed("Archived").optional(),
        ],
    ),
    sysmon("Error report:", &[UTC_TIME, K::closed("ID"), K::widest("Description")]),
    powershell("Engine state is changed", ENGINE),
    powershell("Provider \"", ENGINE),
    powershell(
        "Pipeline execution details for command line:",
        &[
            K::closed("DetailSequence"),
            K::closed("DetailTotal"),
            K::closed("SequenceNumber"),
            K::closed("UserId"),
            K::closed("HostName"),
            K::closed("HostVersion"),
            K::closed("HostId"),
            K::widest("HostApplication"),
            K::closed("EngineVersion"),
            K::closed("RunspaceId"),
            K::closed("PipelineId"),
            K::closed("ScriptName"),
            K::open("CommandLine"),
            K::open("Details"),
        ],
    ),
];

/// The events 400, 403 and 600.
const ENGINE: &[Key] = &[
    K::closed("NewEngineState").optional(),
    K::closed("PreviousEngineState").optional(),
    K::closed("ProviderName").optional(),
    K::closed("NewProviderState").optional(),
    K::closed("SequenceNumber"),
    K::closed("HostName"),
    K::closed("HostVersion"),
    K::closed("HostId"),
    K::widest("HostApplication"),
    K::closed("EngineVersion"),
    K::closed("RunspaceId"),
    K::closed("PipelineId"),
    K::closed("CommandName"),
    K::closed("CommandType"),
    K::closed("ScriptName"),
    K::closed("CommandPath"),
    K::open("CommandLine"),
];

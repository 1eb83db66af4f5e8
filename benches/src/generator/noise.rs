//! Harmless events: what a quiet network sends, and what looks like the seed rule's prey and is not.

use super::event::{Event, utc_time};
use super::host::{Moment, NETWORK_SERVICE, PEOPLE, SYSTEM};
use super::process::{CMD, EXPLORER, POWERSHELL, SVCHOST, Start, file_items, hashes};

/// One harmless event in so many is a near miss.
const NEAR_MISS_EVERY: u64 = 12;

const WMI_HOST: &str = r"C:\Windows\System32\wbem\WmiPrvSE.exe";
const SERVICES: &str = r"C:\Windows\System32\services.exe";
const ORCHARD: &str = r"C:\Program Files\Orchard & Sons\Suite\orchard.exe";

/// Images that load modules, open files and touch the registry.
const ACTORS: [&str; 7] = [
    SVCHOST,
    EXPLORER,
    POWERSHELL,
    SERVICES,
    ORCHARD,
    r"C:\Windows\System32\lsass.exe",
    r"C:\Windows\System32\taskhostw.exe",
];

const MODULES: [&str; 6] = [
    r"C:\Windows\System32\bcryptprimitives.dll",
    r"C:\Windows\System32\wbem\fastprox.dll",
    r"C:\Windows\System32\combase.dll",
    r"C:\Windows\System32\amsi.dll",
    r"C:\Windows\SysWOW64\crypt32.dll",
    r"C:\Program Files\Orchard & Sons\Suite\orchard-core.dll",
];

const KEYS: [&str; 5] = [
    r"HKLM\System\CurrentControlSet\Services\bam\State\UserSettings",
    r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tasks",
    r"HKU\S-1-5-21-1004336348-1177238915-682003330-1104\Software\Orchard\Recent",
    r"HKLM\SOFTWARE\Microsoft\WBEM\Transports\Decoupled\Client",
    r"HKLM\System\CurrentControlSet\Control\Lsa\Audit",
];

/// What the provider host really writes.
const PERFORMANCE_COUNTERS: &str = r"C:\Windows\System32\wbem\Performance\WmiApRpl_new.h";

const FILES: [&str; 5] = [
    r"C:\Users\m.holt\AppData\Local\Temp\orchard-sync.tmp",
    r"C:\Windows\Prefetch\ORCHARD.EXE-5D0F3A11.pf",
    r"C:\Users\Public\Documents\Q1 <draft> & notes.docx",
    r"C:\ProgramData\Orchard\cache\index.db",
    PERFORMANCE_COUNTERS,
];

const NAMES: [&str; 4] = [
    "update.orchard.example",
    "time.grove.example",
    "_ldap._tcp.dc._msdcs.grove.example",
    "cdn-7.orchard.example",
];

/// The plainest process: a person opens a shell.
const SHELL: Start<'static> = Start {
    image: CMD,
    command_line: r#""C:\Windows\system32\cmd.exe" "#,
    current_directory: r"C:\Windows\system32\",
    account: &PEOPLE[0],
    parent_image: EXPLORER,
    parent_command_line: r"C:\Windows\Explorer.EXE",
};

const PROCESSES: [Start<'static>; 7] = [
    SHELL,
    Start {
        image: ORCHARD,
        command_line: r#""C:\Program Files\Orchard & Sons\Suite\orchard.exe" --tray"#,
        current_directory: r"C:\Program Files\Orchard & Sons\Suite\",
        account: &PEOPLE[1],
        ..SHELL
    },
    Start {
        image: SVCHOST,
        command_line: r"C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule",
        account: &SYSTEM,
        parent_image: SERVICES,
        parent_command_line: r"C:\Windows\system32\services.exe",
        ..SHELL
    },
    Start {
        command_line: r#"C:\Windows\system32\cmd.exe /c "if 1 <= 2 echo ok""#,
        account: &PEOPLE[2],
        parent_image: ORCHARD,
        parent_command_line: "orchard.exe --tray",
        ..SHELL
    },
    Start {
        image: POWERSHELL,
        command_line: "powershell.exe -NoLogo -Command Get-CimInstance Win32_Processor",
        account: &PEOPLE[3],
        ..SHELL
    },
    Start {
        image: r"C:\Windows\System32\conhost.exe",
        command_line: r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1",
        parent_image: CMD,
        parent_command_line: "cmd.exe",
        ..SHELL
    },
    Start {
        image: r"C:\Windows\System32\wbem\WMIC.exe",
        command_line: "wmic os get caption /value",
        parent_image: CMD,
        parent_command_line: "cmd.exe /d",
        ..SHELL
    },
];

const PROVIDER_HOST_AS_CHILD: Start<'static> = Start {
    image: WMI_HOST,
    command_line: r"C:\Windows\system32\wbem\wmiprvse.exe -Embedding",
    account: &NETWORK_SERVICE,
    parent_image: SVCHOST,
    parent_command_line: r"C:\Windows\system32\svchost.exe -k DcomLaunch -p",
    ..SHELL
};

/// The rule's regular expression finds this parent, its whole-word term does not.
const LONGER_NAME_AS_PARENT: Start<'static> = Start {
    parent_image: r"C:\ProgramData\WmiPrvSEx.exe",
    parent_command_line: "WmiPrvSEx.exe",
    ..SHELL
};

const NAME_IN_COMMAND_LINE: Start<'static> = Start {
    image: r"C:\Windows\System32\tasklist.exe",
    command_line: r#"tasklist /fi "imagename eq WmiPrvSE.exe""#,
    parent_image: CMD,
    parent_command_line: "cmd.exe",
    ..SHELL
};

const NAME_IN_PARENT_FOLDER: Start<'static> = Start {
    parent_image: r"C:\Tools\WmiPrvSE\watch.exe",
    parent_command_line: r"C:\Tools\WmiPrvSE\watch.exe",
    ..SHELL
};

/// Harmless event number `turn` of the stream.
pub(super) fn event(turn: u64, at: &mut Moment<'_>) -> Event {
    match turn % NEAR_MISS_EVERY {
        0 => near_miss(turn / NEAR_MISS_EVERY, at),
        _ => ordinary(at),
    }
}

fn ordinary(at: &mut Moment<'_>) -> Event {
    let image = at.random.pick(&ACTORS);
    let (file, name) = (at.random.pick(&FILES), at.random.pick(&NAMES));
    match at.random.below(100) {
        0..10 => at.random.pick(&PROCESSES).event(at),
        10..20 => connection(image, at),
        20..25 => actor_event(5, image, vec![], at),
        25..45 => module_load(image, at),
        45..60 => access(image, at),
        60..70 => file_created(image, file, at),
        70..80 => registry_key(image, at),
        80..90 => registry_value(image, at),
        90..97 => name_query(image, name, at),
        _ => pipe(image, at),
    }
}

/// Events that hold the seed rule's words, or almost, and must give no row.
fn near_miss(turn: u64, at: &mut Moment<'_>) -> Event {
    match turn % 10 {
        0 => PROVIDER_HOST_AS_CHILD.event(at),
        1 => LONGER_NAME_AS_PARENT.event(at),
        2 => file_created(WMI_HOST, PERFORMANCE_COUNTERS, at),
        3 => connection(WMI_HOST, at),
        4 => NAME_IN_COMMAND_LINE.event(at),
        5 => NAME_IN_PARENT_FOLDER.event(at),
        6 => module_load(WMI_HOST, at),
        7 => access(WMI_HOST, at),
        // It satisfies every term of the search, and an event 11 has no parent process.
        8 => file_created(EXPLORER, r"C:\Temp\EventCode=1 WmiPrvSE.txt", at),
        _ => name_query(WMI_HOST, "wmiprvse.grove.example", at),
    }
}

fn connection(image: &str, at: &mut Moment<'_>) -> Event {
    let data = vec![
        ("User", at.random.pick(&PEOPLE).user.to_owned()),
        ("Protocol", at.random.pick(&["tcp", "udp"]).to_owned()),
        ("Initiated", "true".to_owned()),
        ("SourceIsIpv6", "false".to_owned()),
        ("SourceIp", at.host.address.clone()),
        ("SourceHostname", at.host.name.clone()),
        ("SourcePort", at.random.between(49_152, 65_536).to_string()),
        ("SourcePortName", "-".to_owned()),
        ("DestinationIsIpv6", "false".to_owned()),
        ("DestinationIp", format!("198.51.100.{}", at.random.between(1, 255))),
        ("DestinationHostname", "-".to_owned()),
        ("DestinationPort", at.random.pick(&[53, 80, 135, 389, 443, 445]).to_string()),
        ("DestinationPortName", "-".to_owned()),
    ];
    actor_event(3, image, data, at)
}

fn module_load(image: &str, at: &mut Moment<'_>) -> Event {
    let module = at.random.pick(&MODULES);
    let mut data = vec![("ImageLoaded", module.to_owned())];
    data.extend(file_items(module));
    data.extend([
        ("Hashes", hashes(module)),
        ("Signed", "true".to_owned()),
        ("Signature", "Microsoft Windows".to_owned()),
        ("SignatureStatus", "Valid".to_owned()),
    ]);
    actor_event(7, image, data, at)
}

/// Event 10, the longest: one process opens another, with the stack that did it.
fn access(image: &str, at: &mut Moment<'_>) -> Event {
    let frames = at.random.between(6, 24);
    let stack: Vec<String> = (0..frames)
        .map(|_| format!("{}+{:x}", at.random.pick(&MODULES), at.random.below(0xf_ffff)))
        .collect();
    let data = vec![
        ("SourceProcessGUID", at.process_guid(600)),
        ("SourceProcessId", at.process_id()),
        ("SourceThreadId", at.process_id()),
        ("SourceImage", image.to_owned()),
        ("TargetProcessGUID", at.process_guid(600)),
        ("TargetProcessId", at.process_id()),
        ("TargetImage", at.random.pick(&ACTORS).to_owned()),
        ("GrantedAccess", at.random.pick(&["0x1000", "0x1400", "0x1fffff", "0x40"]).to_owned()),
        ("CallTrace", stack.join("|")),
    ];
    at.event(10, data)
}

fn file_created(image: &str, file: &str, at: &mut Moment<'_>) -> Event {
    let created = utc_time(at.tick - 20_000);
    let data = vec![("TargetFilename", file.to_owned()), ("CreationUtcTime", created)];
    actor_event(11, image, data, at)
}

fn registry_key(image: &str, at: &mut Moment<'_>) -> Event {
    let key = at.random.pick(&KEYS).to_owned();
    actor_event(12, image, vec![("TargetObject", key)], at)
}

fn registry_value(image: &str, at: &mut Moment<'_>) -> Event {
    let value = format!(r"{}\Value{}", at.random.pick(&KEYS), at.random.below(90));
    let details = match at.random.below(3) {
        0 => "Binary Data".to_owned(),
        1 => format!("DWORD ({:#010x})", at.random.below(0xffff_ffff)),
        _ => r#""C:\Program Files\Orchard & Sons\Suite\orchard.exe" --tray"#.to_owned(),
    };
    actor_event(13, image, vec![("TargetObject", value), ("Details", details)], at)
}

/// Event 22 names its process last.
fn name_query(image: &str, name: &str, at: &mut Moment<'_>) -> Event {
    let data = vec![
        ("ProcessGuid", at.process_guid(600)),
        ("ProcessId", at.process_id()),
        ("QueryName", name.to_owned()),
        ("QueryStatus", at.random.pick(&["0", "0", "9003"]).to_owned()),
        ("QueryResults", format!("::ffff:198.51.100.{};", at.random.between(1, 255))),
        ("Image", image.to_owned()),
    ];
    at.event(22, data)
}

/// Events 17 and 18 name the pipe before the process's image.
fn pipe(image: &str, at: &mut Moment<'_>) -> Event {
    let id = at.random.pick(&[17, 18]);
    let data = vec![
        ("ProcessGuid", at.process_guid(90)),
        ("ProcessId", at.process_id()),
        ("PipeName", format!(r"\orchard-{}", at.random.hex(6))),
        ("Image", image.to_owned()),
    ];
    at.event(id, data)
}

/// An event that starts with the process that did it.
fn actor_event(
    id: u16,
    image: &str,
    data: Vec<(&'static str, String)>,
    at: &mut Moment<'_>,
) -> Event {
    let mut all = vec![
        ("ProcessGuid", at.process_guid(600)),
        ("ProcessId", at.process_id()),
        ("Image", image.to_owned()),
    ];
    all.extend(data);
    at.event(id, all)
}

//! Processes and the event of their creation.

use super::event::Event;
use super::host::{Account, Host, Moment};
use super::random::Random;

pub(super) const SVCHOST: &str = r"C:\Windows\System32\svchost.exe";
pub(super) const EXPLORER: &str = r"C:\Windows\explorer.exe";
pub(super) const CMD: &str = r"C:\Windows\System32\cmd.exe";
pub(super) const POWERSHELL: &str = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";
pub(super) const NOTEPAD: &str = r"C:\Windows\System32\notepad.exe";
pub(super) const RUNDLL32: &str = r"C:\Windows\System32\rundll32.exe";

/// A process that starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'a> {
    pub(super) image: &'a str,
    pub(super) command_line: &'a str,
    pub(super) current_directory: &'a str,
    pub(super) account: &'a Account,
    pub(super) parent_image: &'a str,
    pub(super) parent_command_line: &'a str,
}

impl Start<'_> {
    /// Event 1: the process is created.
    pub(super) fn event(&self, at: &mut Moment<'_>) -> Event {
        let parent_age_s = at.random.between(5, 40_000);
        let mut data = vec![
            ("ProcessGuid", at.process_guid(0)),
            ("ProcessId", at.process_id()),
            ("Image", self.image.to_owned()),
        ];
        data.extend(file_items(self.image));
        data.extend(self.session_items(at.host));
        data.extend([
            ("Hashes", hashes(self.image)),
            ("ParentProcessGuid", at.process_guid(parent_age_s)),
            ("ParentProcessId", at.process_id()),
            ("ParentImage", self.parent_image.to_owned()),
            ("ParentCommandLine", self.parent_command_line.to_owned()),
        ]);
        at.event(1, data)
    }

    fn session_items(&self, host: &Host) -> [(&'static str, String); 7] {
        let account = self.account;
        [
            ("CommandLine", self.command_line.to_owned()),
            ("CurrentDirectory", self.current_directory.to_owned()),
            ("User", account.user.to_owned()),
            ("LogonGuid", host.logon_guid(account)),
            ("LogonId", format!("{:#x}", account.logon_id)),
            ("TerminalSessionId", account.session.to_string()),
            ("IntegrityLevel", account.integrity.to_owned()),
        ]
    }
}

/// What Sysmon reads from the version resource of a file.
pub(super) fn file_items(path: &str) -> [(&'static str, String); 5] {
    let build = Random::of_text(path).between(1, 5_000);
    let (description, product, company) = described(path);
    [
        ("FileVersion", format!("10.0.19045.{build} (WinBuild.160101.0800)")),
        ("Description", description.to_owned()),
        ("Product", product.to_owned()),
        ("Company", company.to_owned()),
        ("OriginalFileName", base_name(path).to_uppercase()),
    ]
}

/// The four hashes of a file: of its path, since there is no file.
pub(super) fn hashes(path: &str) -> String {
    let mut random = Random::of_text(path);
    let (sha1, md5, sha256) = (random.hex(40), random.hex(32), random.hex(64));
    format!("SHA1={sha1},MD5={md5},SHA256={sha256},IMPHASH={}", random.hex(32))
}

/// What follows the last backslash of `path`.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

fn described(path: &str) -> (&'static str, &'static str, &'static str) {
    if path.starts_with(r"C:\Windows\") {
        ("Part of the system", "Microsoft® Windows® Operating System", "Microsoft Corporation")
    } else {
        ("Orchard & Sons desktop", "Orchard Suite", "Orchard & Sons Ltd.")
    }
}

//! Messages whose keys always come in the same order, each once: those of Sysmon and of Windows PowerShell's engine.
//!
//! Some values in them are chosen by whoever is watched, and may hold line breaks: a command line can hold a line that looks
//! like `ParentImage: C:\harmless.exe`. So a line is a key only if it fits the order. Of all ways to read the message, the
//! one counts that finds the most of its keys; among those, the one that gives the most to the value that is attacked with the
//! least effort, the command line: the keys up to it are where they stand first, those behind it where they stand last.
//! Every other line belongs to the value before it. Then a command line that holds some keys, or even all of them,
//! neither hides the true ones nor ends before its own end.
//!
//! What cannot be told apart is who wrote all keys from one open value to another. A parent's command line that holds
//! `CurrentDirectory` and everything from there to itself reads as if it were the event's, and a program whose version
//! information holds a `CommandLine` and all before it likewise; the true lines are then within the value of
//! `CommandLine`, so that a search for what stands in them still finds it.

use std::cmp::Ordering;

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::memchr;

use super::{
    lines::{Line, Lines, is_word},
    templates::TEMPLATES,
};
use crate::{event::Natives, value::Value};

/// No template has more keys.
const MOST_KEYS: usize = 24;

/// What a message looks like.
pub(super) struct Template {
    /// How its first line starts.
    pub(super) title: &'static [u8],
    pub(super) style: Style,
    /// In their order.
    pub(super) keys: &'static [Key],
}

/// How a key stands in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `Key: value`; the value keeps its white space.
    Colon,
    /// `Key=value`, indented; what is not is `Key:`, its value on the next line. Blank lines part them.
    Equals,
}

/// A key of a message.
#[derive(Clone, Copy)]
pub(super) struct Key {
    name: &'static [u8],
    /// Not every version writes it, so it does not tell a true reading from a false one.
    is_optional: bool,
    /// Its value may hold line breaks.
    is_open: bool,
    /// Where a message can be read in two ways, this value is the longer one.
    is_widest: bool,
}

impl Key {
    /// A key whose value is one line.
    pub(super) const fn closed(name: &'static str) -> Self {
        Self { name: name.as_bytes(), is_optional: false, is_open: false, is_widest: false }
    }

    /// A key whose value may hold line breaks.
    pub(super) const fn open(name: &'static str) -> Self {
        Self { is_open: true, ..Self::closed(name) }
    }

    /// The open key of its template that most attacks go through.
    pub(super) const fn widest(name: &'static str) -> Self {
        Self { is_widest: true, ..Self::open(name) }
    }

    /// The same key, which some versions do not write.
    pub(super) const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

/// A line that has the name of a key.
#[derive(Clone, Copy)]
struct Candidate {
    /// Its place among the keys of the template.
    key: usize,
    line_start: usize,
    value_start: usize,
    /// How many keys that every version writes the best reading up to here has found.
    found: usize,
    /// The candidate before it in that reading.
    before: Option<usize>,
}

/// A line that is a key.
#[derive(Clone, Copy)]
struct Mark<'e> {
    name: &'e [u8],
    line_start: usize,
    value_start: usize,
    /// Whether it is one of the template's: a later version may write more.
    is_expected: bool,
}

/// Finds the fields of `message` if it is of one of the [`TEMPLATES`]; whether it is.
pub(super) fn find<'e>(message: &'e [u8], natives: &mut Natives<'e>) -> bool {
    let of_title = |template: &&Template| message.starts_with(template.title);
    let Some(template) = TEMPLATES.iter().find(of_title) else { return false };
    let reading = template.reading(message, natives.bump());
    // One line of that look may stand in any message.
    let is_one = reading.len() > 1;
    if is_one {
        let marks = template.marks(message, &reading, natives.bump());
        template.add(message, &marks, natives);
    }
    is_one
}

impl Template {
    /// The best reading of `message`: the lines that are its keys.
    fn reading<'e>(&self, message: &[u8], bump: &'e Bump) -> BumpVec<'e, Candidate> {
        let mut candidates = BumpVec::new_in(bump);
        // For each key, the candidate that ends the best reading of the lines so far.
        let mut best = [None; MOST_KEYS];
        let widest = self.keys.iter().position(|key| key.is_widest);
        for line in Lines::new(message).skip(1) {
            if let Some(candidate) = self.candidate(line, &best, &candidates) {
                let stays_first = widest.is_some_and(|widest| candidate.key <= widest);
                let is_better = |at: usize| match candidate.found.cmp(&candidates[at].found) {
                    Ordering::Equal => !stays_first,
                    order => order == Ordering::Greater,
                };
                if best[candidate.key].is_none_or(is_better) {
                    best[candidate.key] = Some(candidates.len());
                }
                candidates.push(candidate);
            }
        }
        let backwards =
            std::iter::successors(better(&best, &candidates), |&at| candidates[at].before);
        let mut reading = BumpVec::from_iter_in(backwards.map(|at| candidates[at]), bump);
        reading.reverse();
        reading
    }

    fn candidate(
        &self,
        line: Line<'_>,
        best: &[Option<usize>],
        candidates: &[Candidate],
    ) -> Option<Candidate> {
        let (name, value_start) = self.style.key(line)?;
        let key = self.keys.iter().position(|key| key.name == name)?;
        let before = better(&best[..key], candidates);
        let found =
            before.map_or(0, |at| candidates[at].found) + usize::from(!self.keys[key].is_optional);
        Some(Candidate { key, line_start: line.start, value_start, found, before })
    }

    /// The lines of `reading`, and every other key that stands where no value can go on.
    fn marks<'e>(
        &self,
        message: &'e [u8],
        reading: &[Candidate],
        bump: &'e Bump,
    ) -> BumpVec<'e, Mark<'e>> {
        let mut marks = BumpVec::new_in(bump);
        let mut reading = reading.iter().peekable();
        let mut is_open = self.style == Style::Equals;
        for line in Lines::new(message).skip(1) {
            let (line_start, key) = (line.start, self.style.key(line));
            if let Some(candidate) = reading.next_if(|next| next.line_start == line_start) {
                let Key { name, is_open: opens, .. } = self.keys[candidate.key];
                is_open = opens;
                let value_start = candidate.value_start;
                marks.push(Mark { name, line_start, value_start, is_expected: true });
            } else if let Some((name, value_start)) = key.filter(|_| !is_open) {
                marks.push(Mark { name, line_start, value_start, is_expected: false });
            }
        }
        marks
    }

    /// Adds the keys of the template first, so that no other line takes their names.
    fn add<'e>(&self, message: &'e [u8], marks: &[Mark<'e>], natives: &mut Natives<'e>) {
        for is_expected in [true, false] {
            for (at, mark) in marks.iter().enumerate() {
                let end = marks.get(at + 1).map_or(message.len(), |next| next.line_start);
                let value = self.style.value(&message[mark.value_start..end]);
                if mark.is_expected == is_expected && !value.is_empty() {
                    natives.add(mark.name, Value::Text(value));
                }
            }
        }
    }
}

/// Of the candidates that end a reading, the one whose reading finds the most and stands last.
fn better(best: &[Option<usize>], candidates: &[Candidate]) -> Option<usize> {
    best.iter().flatten().copied().max_by_key(|&at| (candidates[at].found, at))
}

impl Style {
    /// The name of the key that `line` opens with, and where in the message its value starts.
    fn key<'e>(self, line: Line<'e>) -> Option<(&'e [u8], usize)> {
        const LONGEST_BYTES: usize = 64;
        let indent = match self {
            Self::Colon => 0,
            Self::Equals => line.text.iter().take_while(|&&byte| byte == b'\t').count(),
        };
        let text = &line.text[indent..];
        let sign = if indent == 0 { b':' } else { b'=' };
        let length = memchr(sign, &text[..text.len().min(LONGEST_BYTES)])?;
        let (name, value) = (&text[..length], &text[length + 1..]);
        let blank = usize::from(sign == b':' && value.starts_with(b" "));
        let is_key = is_word(name) && (sign == b'=' || blank == 1 || value.is_empty());
        is_key.then_some((name, line.start + indent + length + 1 + blank))
    }

    /// The value in what stands before the next key.
    fn value(self, text: &[u8]) -> &[u8] {
        match self {
            Self::Colon => {
                let text = text.strip_suffix(b"\n").unwrap_or(text);
                text.strip_suffix(b"\r").unwrap_or(text)
            }
            Self::Equals => text.trim_ascii(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::wintext::testing::fields;

    fn found(message: &str) -> Vec<String> {
        fields(message, |message, natives| assert!(find(message, natives)))
    }

    /// A process creation. What stands for `{}` in its free texts is the attack.
    fn process_create(description: &str, command: &str, parent_command: &str) -> String {
        format!(
            "Process Create:\r\nRuleName: -\r\nUtcTime: 2021-01-14 23:41:38.123\r\nProcessGuid: {{1}}\r\n\
             ProcessId: 7\r\nImage: C:\\evil.exe\r\nFileVersion: 1.0: final\r\nDescription: {description}\r\n\
             Product: \r\nCompany: Example = x\r\nOriginalFileName: -\r\nCommandLine: {command}\r\n\
             CurrentDirectory: C:\\\r\nUser: PC\\alice\r\nLogonGuid: {{2}}\r\nLogonId: 0x1\r\n\
             TerminalSessionId: 1\r\nIntegrityLevel: High\r\nHashes: MD5=1,SHA256=2\r\n\
             ParentProcessGuid: {{3}}\r\nParentProcessId: 8\r\nParentImage: C:\\winword.exe\r\n\
             ParentCommandLine: {parent_command}\r\nParentUser: PC\\bob\r\n"
        )
    }

    /// What every reader must find in it, whatever the attack.
    fn expected(description: &str, command: &str, parent_command: &str) -> Vec<String> {
        let escaped = |text: &str| text.escape_default().to_string();
        let text = format!(
            "RuleName=-\nUtcTime=2021-01-14 23:41:38.123\nProcessGuid={{1}}\nProcessId=7\nImage=C:\\\\evil.exe\n\
             FileVersion=1.0: final\nDescription={}\nCompany=Example = x\nOriginalFileName=-\nCommandLine={}\n\
             CurrentDirectory=C:\\\\\nUser=PC\\\\alice\nLogonGuid={{2}}\nLogonId=0x1\nTerminalSessionId=1\n\
             IntegrityLevel=High\nHashes=MD5=1,SHA256=2\nParentProcessGuid={{3}}\nParentProcessId=8\n\
             ParentImage=C:\\\\winword.exe\nParentCommandLine={}\nParentUser=PC\\\\bob",
            escaped(description),
            escaped(command),
            escaped(parent_command)
        );
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_process_creation_has_the_names_of_the_xml() {
        let parts = ["What: it = says", "\"C:\\evil.exe\" /c: a=b ", "winword /n"];
        let [description, command, parent_command] = parts;
        let message = process_create(description, command, parent_command);
        let expected = expected(description, command, parent_command);
        assert_eq!(found(&message), expected);
        assert_eq!(found(&message.replace("\r\n", "\n")), expected);
    }

    #[test]
    fn a_command_line_with_line_breaks_is_whole() {
        for command in [
            "powershell -c a\r\n\r\nb: c\r\n",
            "a\nImage: C:\\good.exe",
            "a\r\nParentImage: C:\\good.exe",
            "a\r\nHashes: -enc evil\r\nRuleName: x\r\nUser: SYSTEM",
            "a\r\nParentUser: SYSTEM\r\nCommandLine: good",
        ] {
            let message = process_create("-", command, "-");
            assert_eq!(found(&message), expected("-", command, "-"), "{command}");
            let message = process_create("-", "-", command);
            assert_eq!(found(&message), expected("-", "-", command), "{command}");
        }
    }

    /// The lines of a whole harmless process creation from `first` on.
    fn forged(first: &str) -> String {
        let other = process_create("good", "good", "good")
            .replace("evil", "good")
            .replace("winword", "good");
        other[other.find(first).unwrap()..].trim_end().to_owned()
    }

    #[test]
    fn a_whole_forged_event_in_a_free_text_hides_nothing() {
        for first in
            ["FileVersion:", "Product:", "CommandLine:", "CurrentDirectory:", "ParentImage:"]
        {
            let attack = format!("x\r\n{}", forged(first));
            assert_eq!(
                found(&process_create("-", &attack, "-")),
                expected("-", &attack, "-"),
                "{first}"
            );
        }
    }

    #[test]
    fn forged_version_information_keeps_the_true_command_within_the_command_line() {
        // As long as it forges less than all, it does not even lengthen it.
        let attack = "x\r\nOriginalFileName: good\r\nCommandLine: good";
        assert_eq!(found(&process_create(attack, "evil", "-")), expected(attack, "evil", "-"));
        let attack = format!("x\r\n{}", forged("Product:"));
        let found = found(&process_create(&attack, "evil", "-"));
        let expected = expected("x", "evil", "-");
        assert!(
            found[8].starts_with("CommandLine=good") || found[9].starts_with("CommandLine=good")
        );
        assert!(found.iter().any(|field| field.ends_with(r"\r\nCommandLine: evil")), "{found:?}");
        assert_eq!(found[found.len() - 12..], expected[expected.len() - 12..]);
    }

    #[test]
    fn keys_of_other_versions_cannot_outweigh_the_true_ones() {
        // This version writes no `ParentUser`, so the forged lines hold more keys than the true ones.
        let attack = format!("x\r\n{}", forged("CurrentDirectory:"));
        let message = process_create("-", &attack, "-");
        let message = message.strip_suffix("\r\nParentUser: PC\\bob\r\n").unwrap();
        let expected = expected("-", &attack, "-");
        assert_eq!(found(message), expected[..expected.len() - 1]);
    }

    #[test]
    fn what_a_parent_forged_pushes_the_true_values_into_the_command_line() {
        let attack = format!("x\r\n{}", forged("CurrentDirectory:"));
        let found = found(&process_create("-", "calc", &attack));
        let command = found.iter().find(|field| field.starts_with("CommandLine=")).unwrap();
        assert!(command.contains("calc") && command.contains(r"ParentImage: C:\\winword.exe"));
    }

    #[test]
    fn a_later_version_may_write_more_and_in_another_order() {
        let message = "File Delete:\nRuleName: -\nUtcTime: x\nProcessGuid: x\nProcessId: 1\nNewKey: 2\nImage: a\n\
            User: b\nTargetFilename: c\nHashes: d\nLastKey: e";
        let mut found = found(message);
        found.sort_unstable();
        let expected = [
            "Hashes=d",
            "Image=a",
            "LastKey=e",
            "NewKey=2",
            "ProcessGuid=x",
            "ProcessId=1",
            "RuleName=-",
            "TargetFilename=c",
            "User=b",
            "UtcTime=x",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_event_that_was_cut_off_keeps_its_last_value() {
        let message = process_create("-", "evil -enc", "-");
        let cut = &message[..message.find(" -enc").unwrap()];
        assert_eq!(found(cut).last().unwrap(), "CommandLine=evil");
        let cut = &message[..message.find("UtcTime").unwrap() + 12];
        assert_eq!(found(cut), ["RuleName=-", "UtcTime=202"]);
    }

    #[test]
    fn a_message_that_only_starts_alike_is_another_one() {
        for message in [
            "File not found",
            "File not found:\nImage: x",
            "Process Create:",
            "process create:\nImage: x\nUser: y",
        ] {
            assert_eq!(
                fields(message, |message, natives| assert!(!find(message, natives))),
                [""; 0]
            );
        }
    }

    #[test]
    fn the_details_of_an_engine_state() {
        let message = "Engine state is changed from None to Available. \r\n\r\nDetails: \r\n\tNewEngineState=Available\r\n\
            \tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n\tHostName=ConsoleHost\r\n\tHostVersion=5.1\r\n\
            \tHostId=1-2\r\n\tHostApplication=powershell -c a=b;\r\n\tEngineVersion=2.0\r\nrest\r\n\tEngineVersion=5.1\r\n\
            \tRunspaceId=3\r\n\tPipelineId=\r\n\tCommandName=\r\n\tCommandType=\r\n\tScriptName=\r\n\tCommandPath=\r\n\
            \tCommandLine=";
        let expected = [
            "NewEngineState=Available",
            "PreviousEngineState=None",
            "SequenceNumber=13",
            "HostName=ConsoleHost",
            "HostVersion=5.1",
            "HostId=1-2",
            r"HostApplication=powershell -c a=b;\r\n\tEngineVersion=2.0\r\nrest",
            "EngineVersion=5.1",
            "RunspaceId=3",
        ];
        assert_eq!(found(message), expected);
    }

    #[test]
    fn the_details_of_a_pipeline() {
        let message = "Pipeline execution details for command line: \tHostName=fake\r\n\tHostName=fake. \r\n\r\n\
            Context Information: \r\n\tDetailSequence=1\r\n\tDetailTotal=1\r\n\r\n\tSequenceNumber=5\r\n\r\n\
            \tUserId=PC\\alice\r\n\tHostName=ConsoleHost\r\n\tHostVersion=5.1\r\n\tHostId=1\r\n\
            \tHostApplication=powershell\r\n\tEngineVersion=5.1\r\n\tRunspaceId=2\r\n\tPipelineId=3\r\n\tScriptName=\r\n\
            \tCommandLine=Get-Date \r\n\r\nDetails: \r\nCommandInvocation(Get-Date): \"Get-Date\"\r\n";
        let found = found(message);
        assert_eq!(found[4], "HostName=ConsoleHost");
        assert_eq!(found[found.len() - 2], "CommandLine=Get-Date");
        assert_eq!(found[found.len() - 1], r#"Details=CommandInvocation(Get-Date): \"Get-Date\""#);
    }

    #[test]
    fn no_template_has_more_keys_than_there_is_room_for() {
        assert!(TEMPLATES.iter().all(|template| template.keys.len() <= MOST_KEYS));
    }
}

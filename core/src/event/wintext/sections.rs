//! Any other message: sections of `Key:` and value, most of them from the Security log.
//!
//! ```text
//! A new process has been created.
//!
//! Creator Subject:
//!         Account Name:           alice
//!
//! Process Information:
//!         New Process Name:       C:\Windows\System32\cmd.exe
//! ```
//!
//! As in Splunk every line but the first that holds a colon and white space behind it is a key and its value; unlike Splunk,
//! a list that goes on over further lines is the whole value of its key, and so is a command line that holds line breaks or
//! the XML of a task.

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::{memchr, memmem::rfind};

use super::{
    lines::{Line, Lines},
    trim_line_breaks,
};
use crate::{
    event::{MAX_FIELDS, Natives, clean::some_field_name},
    value::Value,
};

const COMMAND_LINE: &[u8] = b"Process Command Line";

/// Finds the fields of `message`: those with their plain names first, then those with their sections.
pub(super) fn find<'e>(message: &'e [u8], natives: &mut Natives<'e>) {
    let bump = natives.bump();
    let (mut plain, mut qualified) = (Gathered::new(bump), Gathered::new(bump));
    for entry in Entries::new(message) {
        let name = some_field_name(entry.key, bump);
        plain.push((b"", name), entry.value);
        if !entry.section.is_empty() {
            qualified.push((entry.section, name), entry.value);
        }
    }
    plain.visit(|(_, name), value| natives.add(name, value));
    qualified.visit(|(section, name), value| {
        let mut qualified = BumpVec::new_in(bump);
        qualified.extend_from_slice(some_field_name(section, bump));
        qualified.push(b'.');
        qualified.extend_from_slice(name);
        natives.add_hidden(qualified.into_bump_slice(), value);
    });
}

/// A key with its value, which is not empty.
struct Entry<'e> {
    /// The heading that it stands under; empty where it is not indented.
    section: &'e [u8],
    key: &'e [u8],
    value: &'e [u8],
}

/// The keys of a message in their order.
struct Entries<'e> {
    message: &'e [u8],
    lines: Lines<'e>,
    section: &'e [u8],
}

impl<'e> Entries<'e> {
    fn new(message: &'e [u8]) -> Self {
        let mut lines = Lines::new(message);
        lines.next();
        Self { message, lines, section: b"" }
    }

    /// The value that starts at `start` in the line of `key`, to the end of its last line. Goes on behind it.
    fn value(&mut self, key: &[u8], start: usize, line: Line<'_>) -> &'e [u8] {
        let rest = &self.message[start..];
        let end = match open_end(key, rest) {
            Some(length) => {
                let end = start + length;
                self.lines.skip_to(end.max(line.end()));
                end
            }
            None => self.end_of_list(line.end()),
        };
        value_within(key, &self.message[start..end])
    }

    /// The end of the last indented line before the next key or blank line.
    fn end_of_list(&mut self, mut end: usize) -> usize {
        let mut ahead = self.lines;
        while let Some(line) = ahead.next() {
            if line.text.trim_ascii().is_empty() || key(line).is_some() {
                break;
            }
            if is_indented(line) {
                end = line.end();
            }
            self.lines = ahead;
        }
        end
    }
}

impl<'e> Iterator for Entries<'e> {
    type Item = Entry<'e>;

    fn next(&mut self) -> Option<Entry<'e>> {
        loop {
            let line = self.lines.next()?;
            let Some((key, start)) = key(line) else { continue };
            if !is_indented(line) {
                let is_heading = self.message[start..line.end()].trim_ascii().is_empty();
                self.section = if is_heading { key } else { b"" };
            }
            let section = if is_indented(line) { self.section } else { b"" };
            let value = self.value(key, start, line);
            if !value.is_empty() {
                return Some(Entry { section, key, value });
            }
        }
    }
}

fn is_indented(line: Line<'_>) -> bool {
    matches!(line.text.first(), Some(b' ' | b'\t'))
}

/// The key that `line` opens with, and where in the message its value starts.
fn key<'e>(line: Line<'e>) -> Option<(&'e [u8], usize)> {
    const LONGEST_BYTES: usize = 96;
    let colon = memchr(b':', &line.text[..line.text.len().min(LONGEST_BYTES)])?;
    let key = line.text[..colon].trim_ascii();
    let opens = key.first().is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    let is_key = opens && key.iter().all(|&byte| may_stand_in_key(byte));
    let is_end = matches!(line.text.get(colon + 1), None | Some(b' ' | b'\t'));
    (is_key && is_end).then_some((key, line.start + colon + 1))
}

fn may_stand_in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b" -_()/'.,&+#".contains(&byte)
}

/// The value of `key` without what parts it from its neighbours: tabs before it and line ends behind it. Blanks may be part of a
/// command line, as they are in the XML.
fn value_within<'e>(key: &[u8], text: &'e [u8]) -> &'e [u8] {
    let tabs = text.iter().take_while(|&&byte| byte == b'\t').count();
    match key {
        COMMAND_LINE if tabs > 0 => trim_line_breaks(&text[tabs..]),
        _ => text.trim_ascii(),
    }
}

/// The length of a value that can hold any lines: a command line (4688), the data of a registry value (4657), the XML of a
/// task (4698). `rest` is the message from it on.
///
/// Their ends are looked for from the end of the message, for what they hold may look like an end.
fn open_end(key: &[u8], rest: &[u8]) -> Option<usize> {
    const EXPLANATION: &[u8] = b"\nToken Elevation Type indicates";
    match key {
        COMMAND_LINE => Some(rfind(rest, EXPLANATION).unwrap_or(rest.len())),
        b"New Value" => Some(rest.len()),
        _ if rest.trim_ascii_start().starts_with(b"<?xml") => Some(end_of_document(rest)),
        _ => None,
    }
}

/// The end of the last line that ends with `>`; of the text, if a document that was cut off has none.
fn end_of_document(text: &[u8]) -> usize {
    let line_ends = [rfind(text, b">\r\n"), rfind(text, b">\n")];
    match line_ends.into_iter().flatten().max() {
        Some(last) if !text.ends_with(b">") => last + 1,
        _ => text.len(),
    }
}

/// The values of each name, in the order in which the names were met; at most [`MAX_FIELDS`] names, and what is beyond one by
/// one, to be counted.
struct Gathered<'e> {
    fields: BumpVec<'e, (QualifiedName<'e>, BumpVec<'e, &'e [u8]>)>,
    beyond: BumpVec<'e, (QualifiedName<'e>, &'e [u8])>,
    bump: &'e Bump,
}

/// The heading as written, and the name as cleaned.
type QualifiedName<'e> = (&'e [u8], &'e [u8]);

impl<'e> Gathered<'e> {
    fn new(bump: &'e Bump) -> Self {
        Self { fields: BumpVec::new_in(bump), beyond: BumpVec::new_in(bump), bump }
    }

    fn push(&mut self, name: QualifiedName<'e>, value: &'e [u8]) {
        if let Some((_, values)) = self.fields.iter_mut().find(|(other, _)| *other == name) {
            values.push(value);
        } else if self.fields.len() == MAX_FIELDS {
            self.beyond.push((name, value));
        } else {
            self.fields.push((name, BumpVec::from_iter_in([value], self.bump)));
        }
    }

    fn visit(self, mut visit: impl FnMut(QualifiedName<'e>, Value<'e>)) {
        for (name, values) in self.fields {
            visit(name, Value::from_list(values.into_bump_slice()));
        }
        for (name, value) in self.beyond {
            visit(name, Value::Text(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::wintext::testing::fields;

    #[test]
    fn a_process_creation_has_the_names_of_splunk() {
        let message = "A new process has been created.\r\n\r\nCreator Subject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n\
            \tAccount Name:\t\tPC$\r\n\r\nTarget Subject:\r\n\tSecurity ID:\t\tS-1-0-0\r\n\tAccount Name:\t\t-\r\n\r\n\
            Process Information:\r\n\tNew Process Name:\tC:\\a: b.exe\r\n\tProcess Command Line:\ta\r\n\r\n\
            \tNew Process Name:\tfake\r\n\r\nToken Elevation Type indicates x\r\n\r\nToken Elevation Type indicates the type.\r\n\
            \r\nNote: this is prose";
        let expected = [
            "Security_ID=S-1-5-18 | S-1-0-0",
            "Account_Name=PC$ | -",
            r"New_Process_Name=C:\\a: b.exe",
            r"Process_Command_Line=a\r\n\r\n\tNew Process Name:\tfake\r\n\r\nToken Elevation Type indicates x",
            "Note=this is prose",
            "[Creator_Subject.Security_ID]=S-1-5-18",
            "[Creator_Subject.Account_Name]=PC$",
            "[Target_Subject.Security_ID]=S-1-0-0",
            "[Target_Subject.Account_Name]=-",
            r"[Process_Information.New_Process_Name]=C:\\a: b.exe",
        ];
        let mut found = fields(message, find);
        assert!(found.pop().unwrap().starts_with("[Process_Information.Process_Command_Line]=a"));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_command_line_keeps_its_blanks() {
        let line =
            "x\r\n\tProcess Command Line:\t\t /background \r\n\r\nToken Elevation Type indicates";
        assert_eq!(fields(line, find), ["Process_Command_Line= /background "]);
        let line = "x\n\tProcess Command Line: a.exe \n";
        assert_eq!(fields(line, find), ["Process_Command_Line=a.exe"]);
    }

    #[test]
    fn a_list_is_the_whole_value_of_its_key() {
        for (text, expected) in [
            (
                "Accesses:\t\tRead\r\n\t\t\tWrite\r\n\t\t\t\r\nMask:\t1",
                [r"Accesses=Read\r\n\t\t\tWrite", "Mask=1"],
            ),
            (
                "Privileges:\r\n\t\t\tSeA\r\n\t\t\tSeB\r\n\r\nMask:\t1",
                [r"Privileges=SeA\r\n\t\t\tSeB", "Mask=1"],
            ),
            ("Members:\t\t\r\n\t%{S-1}\r\n\r\n\tprose\r\nMask:\t1", ["Members=%{S-1}", "Mask=1"]),
            (
                "Properties:\t-\nDELETE\n\t{1}\nprose\nMask:\t1",
                [r"Properties=-\nDELETE\n\t{1}", "Mask=1"],
            ),
            ("ID:\t1\r\nprose goes on.\r\nMask:\t1", ["ID=1", "Mask=1"]),
        ] {
            assert_eq!(fields(&format!("x\r\n{text}"), find), expected, "{text}");
        }
    }

    #[test]
    fn keys_are_cleaned_and_empty_values_are_absent() {
        for (line, expected) in [
            ("Subject : x", "Subject=x"),
            (" \tName: x ", "Name=x"),
            ("Package Name (NTLM only):\t-", "Package_Name__NTLM_only_=-"),
            ("Run-Time ID:\t::1", "Run_Time_ID=::1"),
            ("Nom d\u{e9}j\u{e0}: x", "Nom_d_j_=x"),
            ("\u{540d}\u{524d}: x", "=x"),
        ] {
            let found = fields(&format!("title: y\n{line}"), find);
            assert!(found.len() == 1 && found[0].ends_with(expected), "{line} {found:?}");
        }
        for line in [
            "Name:",
            "Name: \t",
            "Name:x",
            "https://x",
            "- key: x",
            "\"a: b",
            "a=b: c",
            "<a: b",
            ": x",
            "7: x",
        ] {
            assert_eq!(fields(&format!("title: y\n{line}"), find), [""; 0], "{line}");
        }
        assert_eq!(fields(&format!("x\n{}: y", "a".repeat(100)), find), [""; 0]);
    }

    #[test]
    fn a_key_is_in_the_section_over_it() {
        let message = "x\nSubject:\n\tName:\ta\n\nType:\t\t3\n\n\tName:\tb\nNew Logon :\n\n\tName:\tc\n\tEmpty:\n\tName:\td";
        let expected =
            ["Name=a | b | c | d", "Type=3", "[Subject.Name]=a", "[New_Logon.Name]=c | d"];
        assert_eq!(fields(message, find), expected);
    }

    #[test]
    fn the_xml_of_a_task_is_whole() {
        let xml = "<?xml version=\"1.0\"?>\r\n<Task>\r\n  <Description>Author: x\r\nAccount Name: fake</Description>\r\n</Task>";
        let value = xml.escape_default().to_string();
        let message = format!("x\r\n\r\nTask Information:\r\n\tTask Content: \t\t{xml}");
        let found = fields(&message, find);
        assert_eq!(found[0].replace("\\'", "'"), format!("Task_Content={value}"));
        let found = fields(
            &format!("{message}\r\n\r\nOther Information:\r\n\tClientProcessId: \t\t7"),
            find,
        );
        assert_eq!(found[..2], [format!("Task_Content={value}"), "ClientProcessId=7".to_owned()]);
        // One that was cut off goes to the end.
        let found = fields(&message[..message.find("Account").unwrap()].replace('>', ""), find);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("Author: x"));
    }

    #[test]
    fn the_data_of_a_registry_value_goes_to_the_end() {
        let message = "x\r\nObject:\r\n\tObject Name:\t\\A\r\n\r\nChange Information:\r\n\tNew Value:\t\ta\r\n\tObject Name:\tfake";
        let found = fields(message, find);
        assert_eq!(found[..2], [r"Object_Name=\\A", r"New_Value=a\r\n\tObject Name:\tfake"]);
    }

    #[test]
    fn a_title_alone_has_no_fields() {
        for message in
            ["", "a: b", "The x service entered the running state.", "\n\n", "a: b\r\n\r\n"]
        {
            assert_eq!(fields(message, find), [""; 0]);
        }
    }
}

//! The script blocks (4104) and pipelines (4103) of PowerShell: their texts are whole fields, whatever lines stand in them.
//!
//! What a script says stands before the lines that PowerShell itself adds, so those are looked for from the end.

use memchr::memmem::{self, rfind};

use super::lines::Lines;
use crate::{event::Natives, value::Value};

/// Finds the fields of `message` if it is one of these; whether it is.
pub(super) fn find<'e>(message: &'e [u8], natives: &mut Natives<'e>) -> bool {
    find_script_block(message, natives).or_else(|| find_pipeline(message, natives)).is_some()
}

/// `Creating Scriptblock text (1 of 3):`, the text, `ScriptBlock ID: ...`, `Path: ...`.
fn find_script_block<'e>(message: &'e [u8], natives: &mut Natives<'e>) -> Option<()> {
    const ID: &[u8] = b"\nScriptBlock ID:";
    let title = Lines::new(message).next()?.text;
    let numbers = title.strip_prefix(b"Creating Scriptblock text (")?.strip_suffix(b"):")?;
    let between = memmem::find(numbers, b" of ")?;
    let text_start = memchr::memchr(b'\n', message).map_or(message.len(), |at| at + 1);
    let text = &message[text_start..];
    let text_end = rfind(text, ID).unwrap_or(text.len());
    add(b"MessageNumber", &numbers[..between], natives);
    add(b"MessageTotal", &numbers[between + 4..], natives);
    add(b"ScriptBlockText", without_blank_line(&text[..text_end]), natives);
    for line in Lines::new(&text[text_end..]) {
        if let Some(id) = line.text.strip_prefix(&ID[1..]) {
            add(b"ScriptBlock_ID", id.trim_ascii(), natives);
        } else if let Some(path) = line.text.strip_prefix(b"Path:") {
            add(b"Path", path.trim_ascii(), natives);
        }
    }
    Some(())
}

/// What was invoked, `Context:` and its lines, `User Data:` and what it says.
fn find_pipeline<'e>(message: &'e [u8], natives: &mut Natives<'e>) -> Option<()> {
    const CONTEXT: &[u8] = b"\nContext:";
    const USER_DATA: &[u8] = b"\nUser Data:";
    let payload_end = rfind(message, CONTEXT)?;
    let context = &message[payload_end + CONTEXT.len()..];
    let context = context.strip_prefix(b"\r").unwrap_or(context).strip_prefix(b"\n")?;
    if !context.trim_ascii_start().starts_with(b"Severity = ") {
        return None;
    }
    let context_end = rfind(context, USER_DATA).unwrap_or(context.len());
    let user_data = context.get(context_end + USER_DATA.len()..).unwrap_or_default();
    add(b"Payload", without_blank_line(&message[..payload_end]), natives);
    add(b"ContextInfo", without_blank_line(&context[..context_end]), natives);
    add(b"UserData", user_data.trim_ascii(), natives);
    Some(())
}

fn add<'e>(name: &'static [u8], text: &'e [u8], natives: &mut Natives<'e>) {
    if !text.is_empty() {
        natives.add(name, Value::Text(text));
    }
}

/// The line break of a text's last line and the blank line behind it belong to PowerShell.
fn without_blank_line(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::wintext::testing::fields;

    fn found(message: &str) -> Vec<String> {
        fields(message, |message, natives| assert!(find(message, natives)))
    }

    #[test]
    fn a_script_block_keeps_its_text() {
        let message = "Creating Scriptblock text (1 of 3):\r\n# a: b\r\n\r\nScriptBlock ID: fake\r\nPath: fake\r\n\r\n\
            ScriptBlock ID: 1-2\r\nPath: C:\\a b.ps1";
        let expected = [
            "MessageNumber=1",
            "MessageTotal=3",
            r"ScriptBlockText=# a: b\r\n\r\nScriptBlock ID: fake\r\nPath: fake",
            "ScriptBlock_ID=1-2",
            r"Path=C:\\a b.ps1",
        ];
        assert_eq!(found(message), expected);
        let expected = expected.map(|field| field.replace(r"\r\n", r"\n"));
        assert_eq!(found(&message.replace("\r\n", "\n")), expected);
    }

    #[test]
    fn a_script_block_keeps_its_own_blank_lines() {
        let message =
            "Creating Scriptblock text (1 of 1):\n\n a \n\n\n\nScriptBlock ID: 1-2\nPath:";
        let expected = [
            "MessageNumber=1",
            "MessageTotal=1",
            r"ScriptBlockText=\n a \n\n",
            "ScriptBlock_ID=1-2",
        ];
        assert_eq!(found(message), expected);
    }

    #[test]
    fn a_script_block_that_was_cut_off_is_there_as_far_as_it_goes() {
        for (text, last) in [
            ("Creating Scriptblock text (1 of 1):", "MessageTotal=1"),
            ("Creating Scriptblock text (1 of 1):\r\n", "MessageTotal=1"),
            ("Creating Scriptblock text (1 of 1):\r\nevil -en", "ScriptBlockText=evil -en"),
        ] {
            assert_eq!(found(text).last().unwrap(), last);
        }
    }

    #[test]
    fn a_pipeline_is_payload_context_and_user_data() {
        let message = "CommandInvocation(a): \"a\"\r\nContext:\r\nfake\r\n\r\n\r\nContext:\r\n        Severity = x\r\n\
            \x20       Host Application = b\r\n\r\n\r\nUser Data:\r\n\r\nmine\r\n";
        let expected = [
            r#"Payload=CommandInvocation(a): \"a\"\r\nContext:\r\nfake\r\n"#,
            r"ContextInfo=        Severity = x\r\n        Host Application = b\r\n",
            "UserData=mine",
        ];
        assert_eq!(found(message), expected);
    }

    #[test]
    fn other_messages_are_none() {
        for message in
            ["", "Creating Scriptblock text", "a\nContext:\nb", "a\nContext: Severity = x"]
        {
            assert_eq!(
                fields(message, |message, natives| assert!(!find(message, natives))),
                [""; 0]
            );
        }
    }
}

//! Reads Splunk's .conf files: stanzas of `key = value`.
//!
//! Reading never fails: a line that cannot be understood is left out with a diagnostic, the rest counts. Every key and
//! value remembers its file and byte range, and a value is byte for byte as long as its range (a line continuation becomes
//! spaces and a newline), so an error inside of a value can be shown where it was written.
//!
//! Files are laid over one another with [`Conf::overlay`], stanza by stanza and key by key, as Splunk lays `local` over
//! `default`.

use std::{collections::BTreeMap, sync::Arc};

use crate::diag::{Code, Diagnostic, Span, Spanned};

/// The stanza whose settings hold for every other, and the one of the lines before the first.
pub const DEFAULT: &str = "default";

/// A .conf file, or several that were laid over one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    /// The stanzas by name.
    pub stanzas: BTreeMap<String, Stanza>,
}

/// What stands under one `[name]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stanza {
    /// The settings by key.
    pub settings: BTreeMap<String, Setting>,
}

/// One `key = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The file that it comes from.
    pub file: Arc<str>,
    /// Where the key stands in it.
    pub key: Span,
    /// Its value, without space around it; may be empty.
    pub value: Spanned<String>,
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: Arc<str>,
    /// The bytes in it.
    pub span: Span,
}

/// Reads `text`, the content of `file`. The file's name is kept, not opened.
#[must_use]
pub fn parse(file: &str, text: &str) -> (Conf, Vec<Diagnostic>) {
    let mut reader = Reader {
        file: file.into(),
        stanza: DEFAULT.to_owned(),
        conf: Conf::default(),
        diagnostics: Vec::new(),
    };
    let lines = Lines { text, pos: byte_order_mark_length(text) };
    lines.for_each(|line| reader.line(line));
    (reader.conf, reader.diagnostics)
}

impl Conf {
    /// Lays `upper` over it: its settings replace those of the same stanza and key.
    pub fn overlay(&mut self, upper: Self) {
        for (name, stanza) in upper.stanzas {
            self.stanzas.entry(name).or_default().settings.extend(stanza.settings);
        }
    }
}

impl Setting {
    /// Where its value stands.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { file: Arc::clone(&self.file), span: self.value.span }
    }
}

impl Stanza {
    /// The value of `key`, if it is set.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|setting| setting.value.value.as_str())
    }

    /// Whether `key` is set to one of Splunk's words for yes.
    #[must_use]
    pub fn is_true(&self, key: &str) -> bool {
        const YES: [&str; 4] = ["1", "true", "t", "yes"];
        self.value(key).is_some_and(|value| YES.iter().any(|yes| value.eq_ignore_ascii_case(yes)))
    }
}

fn byte_order_mark_length(text: &str) -> usize {
    if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 }
}

/// The logical lines of a file: a backslash at the end of a line joins the next one to it.
struct Lines<'t> {
    text: &'t str,
    pos: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Spanned<&'t str>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.pos..).filter(|rest| !rest.is_empty())?;
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            // A comment ends with its own line.
            let is_comment = length == 0 && line.trim_start().starts_with('#');
            length += line.len();
            if is_comment || !continues(line) {
                break;
            }
        }
        let span = Span::new(self.pos, self.pos + length);
        self.pos = span.end;
        Some(Spanned::new(&rest[..length], span))
    }
}

fn continues(line: &str) -> bool {
    line.trim_end_matches(['\r', '\n']).ends_with('\\')
}

struct Reader {
    file: Arc<str>,
    stanza: String,
    conf: Conf,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn line(&mut self, line: Spanned<&str>) {
        let joined = join_lines(line.value);
        let line = trim(Spanned::new(&joined, line.span));
        match line.value.chars().next() {
            None | Some('#') => {}
            Some('[') => self.header(line),
            Some(_) => self.setting(line),
        }
    }

    fn header(&mut self, line: Spanned<&str>) {
        // A name may hold brackets itself: `[source::...[ab].log]`.
        let inside = &line.value[1..];
        let end = inside.rfind(']').unwrap_or_else(|| {
            let message = format!("the stanza `{}` is never closed", line.value);
            let diagnostic = Diagnostic::error(Code::BadKnowledge, line.span, message);
            self.diagnostics.push(diagnostic.help("write `]` at the end of the line"));
            inside.len()
        });
        self.stanza = inside[..end].trim().to_owned();
        self.conf.stanzas.entry(self.stanza.clone()).or_default();
    }

    fn setting(&mut self, line: Spanned<&str>) {
        let Some((key, value)) =
            line.value.split_once('=').filter(|(key, _)| !key.trim().is_empty())
        else {
            let message = format!("`{}` is no setting", first_line(line.value));
            let diagnostic = Diagnostic::error(Code::BadKnowledge, line.span, message);
            self.diagnostics.push(diagnostic.label("expected `key = value`"));
            return;
        };
        let key = trim(Spanned::new(key, Span::new(line.span.start, line.span.start + key.len())));
        let value =
            trim(Spanned::new(value, Span::new(line.span.end - value.len(), line.span.end)));
        let setting = Setting {
            file: Arc::clone(&self.file),
            key: key.span,
            value: Spanned::new(value.value.to_owned(), value.span),
        };
        let stanza = self.conf.stanzas.entry(self.stanza.clone()).or_default();
        stanza.settings.insert(key.value.to_owned(), setting);
    }
}

/// `text` without the space around it.
fn trim(text: Spanned<&str>) -> Spanned<&str> {
    let trimmed = text.value.trim_start();
    let start = text.span.start + (text.value.len() - trimmed.len());
    let trimmed = trimmed.trim_end();
    Spanned::new(trimmed, Span::new(start, start + trimmed.len()))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Makes spaces of what continues a line, so that no byte moves.
fn join_lines(line: &str) -> String {
    let mut joined = line.replace("\\\r\n", "  \n").replace("\\\n", " \n");
    // The last line of the file may be continued to nowhere.
    if joined.ends_with('\\') {
        joined.pop();
        joined.push(' ');
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings as `[stanza] key=value`, then the diagnostics.
    fn shown(text: &str) -> Vec<String> {
        let (conf, diagnostics) = parse("test.conf", text);
        let settings = conf.stanzas.iter().flat_map(|(name, stanza)| {
            let settings = stanza.settings.iter();
            settings.map(move |(key, setting)| format!("[{name}] {key}={}", setting.value.value))
        });
        let diagnostics = diagnostics.iter().map(|diagnostic| {
            format!("{}: {}", diagnostic.primary.span.text(text), diagnostic.message)
        });
        settings.chain(diagnostics).collect()
    }

    #[test]
    fn lines_are_comments_stanzas_or_settings() {
        for (text, expected) in [
            ("[a]\nk = v\n", vec!["[a] k=v"]),
            ("\u{FEFF}[a]\r\nk=v\r\n\r\n", vec!["[a] k=v"]),
            ("# [b]\n  # k = v\n[a]\nk = v # part of it\n", vec!["[a] k=v # part of it"]),
            ("k = v", vec!["[default] k=v"]),
            ("[a]\nk = 1\nK = 2\n[b]\n[a]\nk = 3\n", vec!["[a] K=2", "[a] k=3"]),
            ("[a]\nk =\nl = x=y\n", vec!["[a] k=", "[a] l=x=y"]),
            ("[source::...[ab]]\nk = v\n", vec!["[source::...[ab]] k=v"]),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_backslash_continues_a_line() {
        for (text, expected) in [
            ("[a]\nk = 1\\\n  2 \\\n3\nl = 4", vec!["[a] k=1 \n  2  \n3", "[a] l=4"]),
            ("[a]\r\nk = 1\\\r\n2", vec!["[a] k=1  \n2"]),
            ("[a]\nk = 1\\\n# 2", vec!["[a] k=1 \n# 2"]),
            ("# comment \\\n[a]\nk = 1", vec!["[a] k=1"]),
            ("[a]\nk = 1\\", vec!["[a] k=1"]),
            ("[a]\nk = 1 \\\n\nl = 2", vec!["[a] k=1", "[a] l=2"]),
            ("[a]\nk = \\\nl = 2", vec!["[a] k=l = 2"]),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_left_out() {
        for (text, expected) in [
            ("[a]\nno setting\nk = v", vec!["[a] k=v", "no setting: `no setting` is no setting"]),
            ("[a]\n = v", vec!["= v: `= v` is no setting"]),
            ("[a\nk = v", vec!["[a] k=v", "[a: the stanza `[a` is never closed"]),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_value_stands_byte_for_byte_where_its_span_says() {
        let text = "\u{FEFF}[a]\r\n  key  =  one \\\r\n  two\\\r\nthree  \r\n";
        let (conf, _) = parse("test.conf", text);
        let setting = &conf.stanzas["a"].settings["key"];
        assert_eq!(setting.key.text(text), "key");
        let written = setting.value.span.text(text);
        assert_eq!(written, "one \\\r\n  two\\\r\nthree");
        assert_eq!(setting.value.value.len(), written.len());
        for word in ["one", "two", "three"] {
            assert_eq!(setting.value.value.find(word), written.find(word), "{word}");
        }
    }

    #[test]
    fn an_upper_file_replaces_setting_by_setting() {
        let (mut conf, _) = parse("default", "[a]\nk = 1\nl = 2\n[b]\nk = 3\n");
        conf.overlay(parse("local", "[a]\nk = 4\n[c]\nk = 5\n").0);
        assert_eq!(conf.stanzas["a"].value("k"), Some("4"));
        assert_eq!(&*conf.stanzas["a"].settings["k"].file, "local");
        assert_eq!(conf.stanzas["a"].value("l"), Some("2"));
        assert_eq!(conf.stanzas["b"].value("k"), Some("3"));
        assert_eq!(conf.stanzas["c"].value("k"), Some("5"));
    }
}

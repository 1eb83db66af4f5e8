//! Rule files to their SPL and what else they say.
//!
//! The law: every byte of a rule's SPL maps to the bytes of the file that it was written with, through YAML's folding and
//! quoting, so that a complaint points into the file that the author edits. What a kind of file is, its extension and its
//! keys say; a file of a kind that caltrop does not run is refused with a sentence, not misread.

mod armory;
mod scalar;

use crate::diag::{Code, Diagnostic, Origin, SourceMap, Span};

/// One rule as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSource {
    /// The file. With it a rule is identified: ids may repeat.
    pub path: String,
    /// The id that the file gives, else the file's name without its extension.
    pub id: String,
    /// The title, else the same.
    pub title: String,
    /// What it finds; may be empty.
    pub description: String,
    /// The ATT&CK techniques as the file names them, such as `execution:windows management instrumentation`.
    pub techniques: Vec<String>,
    /// Their ids, such as `T1047`; not parallel to `techniques`.
    pub technique_ids: Vec<String>,
    /// The kinds of data that it needs, in the file's words.
    pub data_categories: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// The SPL, before macros are expanded.
    pub spl: String,
    /// Where each part of the SPL stands in the file.
    pub map: SourceMap,
}

impl RuleSource {
    /// The rule of a file that holds nothing but SPL.
    #[must_use]
    pub fn from_spl(path: &str, text: &str) -> Self {
        let spl = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut map = SourceMap::default();
        map.push(0, Span::new(text.len() - spl.len(), text.len()), Origin::Copy);
        let (stem, spl) = (stem(path), spl.to_owned());
        Self { path: path.to_owned(), id: stem.clone(), title: stem, spl, map, ..Self::default() }
    }

    /// The place in the file of `span` in the SPL.
    #[must_use]
    pub fn file_span(&self, span: Span) -> Span {
        self.map.original(span)
    }
}

/// Reads the rules in the file at `path`, which holds `text`. The diagnostics point into `text`.
#[must_use]
pub fn parse(path: &str, text: &str) -> (Vec<RuleSource>, Vec<Diagnostic>) {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let rule = match extension.to_ascii_lowercase().as_str() {
        "yml" | "yaml" => armory::parse(path, text),
        "spl" if text.trim_start_matches('\u{feff}').trim().is_empty() => {
            Err(no_search(Span::at(0)))
        }
        "spl" => Ok(RuleSource::from_spl(path, text)),
        "conf" => {
            Err(wrong_kind(Span::at(0), "searches of a `savedsearches.conf` are not read yet"))
        }
        _ => Err(wrong_kind(Span::at(0), "the file's name ends in neither `.yml` nor `.spl`")),
    };
    match rule {
        Ok(rule) => (vec![rule], Vec::new()),
        Err(diagnostic) => (Vec::new(), vec![diagnostic]),
    }
}

/// A rule without a search would match every event, which nobody means.
fn no_search(span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, span, "the rule holds no search")
        .label("expected SPL here")
        .help("write the search; one that is to match every event is written `*`")
}

fn wrong_kind(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::WrongKind, span, message)
        .help("give a rule with `logic_format: Splunk` and `logic`, or a `.spl` file")
}

/// The name of the file at `path` without folders and extension.
fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDED: &str = "id: '1.10'
title: A Rule
description: null
logic_format: Splunk
logic: ' `all` TERM(x) name=''it''''s''
  | where a=1
    b=2 '
techniques:
- execution:scripts
technique_id: T1059
data_category:
- [Logs, [More logs]]
references: null
";

    fn rule(text: &str) -> RuleSource {
        let (rules, diagnostics) = parse("rules/my rule.yml", text);
        assert_eq!(diagnostics, []);
        rules.into_iter().next().expect("there is one rule")
    }

    #[test]
    fn an_armory_rule_with_lists_of_every_shape() {
        let rule = rule(FOLDED);
        assert_eq!((rule.id.as_str(), rule.title.as_str()), ("1.10", "A Rule"));
        assert_eq!(rule.description, "");
        assert_eq!(rule.spl, " `all` TERM(x) name='it''s' | where a=1 b=2 ");
        assert_eq!(rule.techniques, ["execution:scripts"]);
        assert_eq!(rule.technique_ids, ["T1059"]);
        assert_eq!(rule.data_categories, ["Logs", "More logs"]);
        assert!(rule.references.is_empty());
    }

    #[test]
    fn places_in_folded_text_map_to_the_file() {
        let rule = rule(FOLDED);
        for (found, expected) in [
            ("TERM(x)", "TERM(x)"),
            ("name='it''s' ", "name=''it''''s''\n  "),
            ("| where", "| where"),
            ("a=1 b=2", "a=1\n    b=2"),
            ("'s", "''s"),
        ] {
            let start = rule.spl.find(found).expect("the rule holds it");
            let span = rule.file_span(Span::new(start, start + found.len()));
            assert_eq!(span.text(FOLDED), expected, "{found}");
        }
    }

    #[test]
    fn every_style_of_scalar_maps_to_the_file() {
        for text in [
            "logic: error OR fail\n  | table x\n",
            "logic: \"error \\\"a\\\\b\\\" \\\n   c\n\n  | table \\u00e9 x\"\n",
            "logic: |\n  error\n    OR fail\n\n  | table x\n",
            "logic: |2-\n  error\n    OR fail\n  | table x\n",
            "logic: >-\n  error\n  OR fail\n\n  | table é\n    | head\n  x\n",
            "logic: 'é error\n\n\n  OR ''x'' | table x'\n",
            "# c\nlogic: &a !!str 'x y'\n",
            "logic: 'a b\r\n  c\r\n\r\n  d'\r\n",
            "logic: |\r\n  a b\r\n\r\n  c\r\n",
            "title: x\nlogic: >\n\n   a\n   b\n\n\n   c\n",
        ] {
            let rule = rule(text);
            for (at, c) in rule.spl.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                let place = rule.file_span(Span::new(at, at + c.len_utf8())).text(text);
                let is_same = place.ends_with(c) || place == "\\u00e9";
                assert!(is_same && !place.contains('\n'), "{text}: {c} at {at} is {place:?}");
            }
        }
    }

    #[test]
    fn other_files_are_refused_with_a_sentence() {
        for (path, text, code, place, part) in [
            (
                "a.yml",
                "logic_format: snowflake\nlogic: x\n",
                Code::WrongKind,
                "snowflake",
                "snowflake",
            ),
            ("a.yml", "name: x\nsearch: y\n", Code::WrongKind, "", "security_content"),
            ("a.yml", "title: x\ndetection: {}\n", Code::WrongKind, "", "Sigma"),
            ("a.yml", "title: x\n", Code::MissingKey, "", "`logic`"),
            ("a.yml", "- x\n", Code::BadYaml, "", "YAML"),
            ("a.yml", "a: [\n", Code::BadYaml, "", "YAML"),
            ("a.yml", "", Code::MissingKey, "", "`logic`"),
            ("savedsearches.conf", "", Code::WrongKind, "", "savedsearches.conf"),
            ("a.txt", "", Code::WrongKind, "", ".spl"),
            ("a.spl", "\u{feff} \n", Code::MissingKey, "", "no search"),
            ("a.yml", "logic: ' '\n", Code::MissingKey, "", "no search"),
        ] {
            let (rules, diagnostics) = parse(path, text);
            assert!(rules.is_empty(), "{path}: {text}");
            assert_eq!(diagnostics[0].code, code, "{text}: {diagnostics:?}");
            assert!(diagnostics[0].message.contains(part), "{text}: {diagnostics:?}");
            assert_eq!(diagnostics[0].primary.span.text(text), place, "{text}");
        }
    }

    #[test]
    fn bad_yaml_is_shown_where_it_is() {
        let text = "id: 'x'\nlogic: 'a\n  b\ntitle: [\n";
        let (_, diagnostics) = parse("a.yml", text);
        let (line, _) = crate::diag::line_and_column(text, diagnostics[0].primary.span.start);
        assert!(line >= 2, "{diagnostics:?}");
        let text = "title: x\nlogic: a\nlogic: b\n";
        let (_, diagnostics) = parse("a.yml", text);
        assert_eq!(crate::diag::line_and_column(text, diagnostics[0].primary.span.start), (3, 1));
    }

    #[test]
    fn hostile_yaml_is_bounded() {
        let deep = format!("logic: x\nreferences: {}", "[".repeat(100_000));
        assert_eq!(parse("a.yml", &deep).1[0].code, Code::BadYaml);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let item = format!("*a{}, ", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", item.repeat(10)));
        }
        bomb.push_str("logic: x\nreferences: *a11\n");
        assert_eq!(parse("a.yml", &bomb).1[0].code, Code::BadYaml);
    }

    #[test]
    fn an_spl_file_is_one_rule() {
        let rule = RuleSource::from_spl("x/brute force.spl", "\u{feff}error | head");
        assert_eq!((rule.id.as_str(), rule.spl.as_str()), ("brute force", "error | head"));
        assert_eq!(rule.file_span(Span::new(8, 12)), Span::new(11, 15));
    }
}

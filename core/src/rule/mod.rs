//! Rule files to their SPL and what else they say.
//!
//! The law: every byte of a rule's SPL maps to the bytes of the file that it was written with, through YAML's folding and
//! quoting and the continued lines of a `.conf`, so that a complaint points into the file that the author edits. What a kind
//! of file is, its extension and its keys say. A rule of a kind that caltrop does not run is refused with a sentence, not
//! misread; what stands beside rules in a catalog's folder (macros, lookups, stories) is passed over and counted.

mod armory;
mod content;
mod outline;
mod saved;
mod schedule;

use crate::{
    diag::{Code, Diagnostic, Origin, SourceMap, Span},
    knowledge::macros::Macros,
    yaml::Problem,
};
use outline::Kind;
pub use schedule::{Schedule, Windows};

/// One rule as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSource {
    /// The file.
    pub path: String,
    /// The stanza, where a file holds several rules.
    pub stanza: Option<String>,
    /// The id that the file gives, else the stanza, else the file's name without its extension.
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
    /// Macros that the rule brings with it; what the knowledge says of them goes first.
    pub macros: Macros,
    /// When Splunk would run it.
    pub schedule: Schedule,
}

/// What a rule file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Its rules.
    pub rules: Vec<RuleSource>,
    /// What is wrong with it; the places are bytes of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// What of it was passed over.
    pub skipped: Vec<Skip>,
}

/// What is passed over among rule files: no rule that would run, and no mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Skip {
    /// A macro of security_content.
    Macro,
    /// A lookup of security_content.
    Lookup,
    /// A description of a data source.
    DataSource,
    /// An analytic story.
    Story,
    /// A search that fills lookups or is run by hand.
    Baseline,
    /// A `.conf` file that says what names mean.
    Knowledge,
    /// A saved search that is disabled.
    Disabled,
    /// A file in which nothing looks like a rule.
    NoSearch,
}

impl Skip {
    /// What it is called, one and many.
    #[must_use]
    pub const fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Macro => ("macro", "macros"),
            Self::Lookup => ("lookup", "lookups"),
            Self::DataSource => ("data source", "data sources"),
            Self::Story => ("analytic story", "analytic stories"),
            Self::Baseline => ("baseline or investigation", "baselines and investigations"),
            Self::Knowledge => ("knowledge file", "knowledge files"),
            Self::Disabled => ("disabled search", "disabled searches"),
            Self::NoSearch => ("file without a search", "files without a search"),
        }
    }

    /// Whether it would count as knowledge, were its folder given as that.
    #[must_use]
    pub const fn is_knowledge(self) -> bool {
        matches!(self, Self::Macro | Self::Lookup | Self::Knowledge)
    }
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

    /// What the rule is known by, for ids may repeat: its path, and behind it `[STANZA]` where the file holds several.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.stanza {
            Some(stanza) => format!("{}[{stanza}]", self.path),
            None => self.path.clone(),
        }
    }

    /// The place in the file of `span` in the SPL.
    #[must_use]
    pub fn file_span(&self, span: Span) -> Span {
        self.map.original(span)
    }
}

/// Reads the rules in the file at `path`, which holds `text`. The diagnostics point into `text`.
#[must_use]
pub fn parse(path: &str, text: &str) -> Parsed {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let rule = match extension.to_ascii_lowercase().as_str() {
        "yml" | "yaml" => return yaml_file(path, text),
        "conf" => return saved::parse(path, text),
        "spl" => spl_file(path, text),
        _ => Err(wrong_kind(Span::at(0), "the file's name ends in neither `.yml` nor `.spl`")),
    };
    rule.into()
}

impl From<Result<RuleSource, Diagnostic>> for Parsed {
    fn from(rule: Result<RuleSource, Diagnostic>) -> Self {
        match rule {
            Ok(rule) => Self { rules: vec![rule], ..Self::default() },
            Err(diagnostic) => Self { diagnostics: vec![diagnostic], ..Self::default() },
        }
    }
}

fn yaml_file(path: &str, text: &str) -> Parsed {
    let rule = match outline::kind(text) {
        Ok(Kind::Armory) => armory::parse(path, text),
        Ok(Kind::Content) => content::parse(path, text),
        Ok(Kind::Sigma) => Err(wrong_kind(Span::at(0), "this is a Sigma rule, not SPL")),
        Ok(Kind::Other(skip)) => return Parsed { skipped: vec![skip], ..Parsed::default() },
        Err(problem) => Err(bad_yaml(problem)),
    };
    rule.into()
}

/// Lines that start with `#` before the search are remarks: its title, its owner.
fn spl_file(path: &str, text: &str) -> Result<RuleSource, Diagnostic> {
    let header = header_bytes(text);
    let rule = RuleSource::from_spl(path, text);
    if text[header..].trim().is_empty() {
        return Err(no_search(Span::at(0)));
    }
    let mut map = SourceMap::default();
    map.push(0, Span::new(header, text.len()), Origin::Copy);
    Ok(RuleSource { spl: text[header..].to_owned(), map, ..rule })
}

/// How long the byte order mark and the remarks are that `text` starts with.
fn header_bytes(text: &str) -> usize {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_remark = |line: &&str| line.trim_start().starts_with('#') || line.trim().is_empty();
    let remarks: usize = rest.split_inclusive('\n').take_while(is_remark).map(str::len).sum();
    let has_remark = rest[..remarks].contains('#');
    text.len() - rest.len() + if has_remark { remarks } else { 0 }
}

fn bad_yaml(problem: Problem) -> Diagnostic {
    problem
        .into_diagnostic(Code::BadYaml, "a rule in YAML")
        .help("write the keys `id`, `title` and `logic`, and quote texts that hold `: ` or `#`")
}

/// A rule without a search would match every event, which nobody means.
fn no_search(span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, span, "the rule holds no search")
        .label("expected SPL here")
        .help("write the search; one that is to match every event is written `*`")
}

fn wrong_kind(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::WrongKind, span, message).help(
        "give a rule with SPL under `logic` or `search`, a `savedsearches.conf` or a `.spl` file",
    )
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
        let parsed = parse("rules/my rule.yml", text);
        assert_eq!((parsed.diagnostics, parsed.skipped), (Vec::new(), Vec::new()));
        parsed.rules.into_iter().next().expect("there is one rule")
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
            ("a.yml", "name: x\nsearch: ''\n", Code::MissingKey, "", "no search"),
            ("a.yml", "title: x\ndetection: {}\n", Code::WrongKind, "", "Sigma"),
            ("a.yml", "title: x\n", Code::MissingKey, "", "`logic`"),
            ("a.yml", "- x\n", Code::BadYaml, "", "YAML"),
            ("a.yml", "a: [\n", Code::BadYaml, "", "YAML"),
            ("a.yml", "", Code::MissingKey, "", "`logic`"),
            ("a.txt", "", Code::WrongKind, "", ".spl"),
            ("a.spl", "\u{feff} \n", Code::MissingKey, "", "no search"),
            ("a.spl", "# a title\n\n", Code::MissingKey, "", "no search"),
            ("a.yml", "logic: ' '\n", Code::MissingKey, "", "no search"),
        ] {
            let Parsed { rules, diagnostics, .. } = parse(path, text);
            assert!(rules.is_empty(), "{path}: {text}");
            assert_eq!(diagnostics[0].code, code, "{text}: {diagnostics:?}");
            assert!(diagnostics[0].message.contains(part), "{text}: {diagnostics:?}");
            assert_eq!(diagnostics[0].primary.span.text(text), place, "{text}");
        }
    }

    #[test]
    fn bad_yaml_is_shown_where_it_is() {
        let text = "id: 'x'\nlogic: 'a\n  b\ntitle: [\n";
        let diagnostics = parse("a.yml", text).diagnostics;
        let (line, _) = crate::diag::line_and_column(text, diagnostics[0].primary.span.start);
        assert!(line >= 2, "{diagnostics:?}");
        let text = "title: x\nlogic: a\nlogic: b\n";
        let diagnostics = parse("a.yml", text).diagnostics;
        assert_eq!(crate::diag::line_and_column(text, diagnostics[0].primary.span.start), (3, 1));
    }

    #[test]
    fn hostile_yaml_is_bounded() {
        let deep = format!("logic: x\nreferences: {}", "[".repeat(100_000));
        assert_eq!(parse("a.yml", &deep).diagnostics[0].code, Code::BadYaml);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let item = format!("*a{}, ", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", item.repeat(10)));
        }
        bomb.push_str("logic: x\nreferences: *a11\n");
        assert_eq!(parse("a.yml", &bomb).diagnostics[0].code, Code::BadYaml);
    }

    #[test]
    fn an_spl_file_is_one_rule() {
        let rule = RuleSource::from_spl("x/brute force.spl", "\u{feff}error | head");
        assert_eq!((rule.id.as_str(), rule.spl.as_str()), ("brute force", "error | head"));
        assert_eq!(rule.file_span(Span::new(8, 12)), Span::new(11, 15));
        assert_eq!(rule.identity(), "x/brute force.spl");
    }

    #[test]
    fn remarks_before_the_search_of_an_spl_file_are_no_part_of_it() {
        for (text, spl) in [
            ("# brute force\n#  by the night shift\n\nerror\n| head", "error\n| head"),
            ("\u{feff}# x\r\nerror", "error"),
            ("\n error # x\n# y\n", "\n error # x\n# y\n"),
            ("```#``` error", "```#``` error"),
        ] {
            let rule = parse("a.spl", text).rules.remove(0);
            assert_eq!(rule.spl, spl, "{text}");
            let at = spl.find("error").expect("each searches for it");
            assert_eq!(rule.file_span(Span::new(at, at + 5)).text(text), "error");
        }
    }

    #[test]
    fn what_stands_beside_rules_is_passed_over() {
        let parsed = parse("macros/sysmon.yml", "name: sysmon\ndefinition: index=win\n");
        assert_eq!(parsed, Parsed { skipped: vec![Skip::Macro], ..Parsed::default() });
    }
}

//! What props.conf says about fields: extractions, aliases and calculations, and for which events.
//!
//! A stanza holds for a source, a host, a source type, or for everything (`[default]`). Where several hold for an event and
//! set the same key, one wins: `source::` before `host::` before source type before `[default]`; among several of one
//! kind the higher `priority` (0 for a pattern and 100 for a literal name, unless set), then the name that is less in ASCII.
//!
//! Splunk applies what remains in this order, and so must the reader: all inline extractions by class, then all reports
//! by class, the automatic pairs, all aliases by class, then all calculations, none of which sees the result of another.
//!
//! Stanzas that find out a source type by the text of an event (`rule::`) are [`Recogniser`]s. Lookups and every other
//! setting are kept as they are written: nothing here understands them.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    conf::{self, Origin, Setting},
    extractions::{Extraction, Report},
    recognisers::{self, Recogniser},
    scope,
    words::words,
};
use crate::{
    diag::{Code, Diagnostic, Span, Spanned},
    event::selector::{Metadata, Selector},
};

/// The stanzas of props.conf, the most important first.
#[derive(Clone, Debug, Default)]
pub struct Props {
    stanzas: Vec<Stanza>,
    recognisers: Vec<Recogniser>,
}

/// One stanza.
#[derive(Clone, Debug)]
pub struct Stanza {
    /// Its name as written.
    pub name: String,
    /// For which events it holds.
    pub selector: Selector,
    /// Decides among stanzas of one kind; the higher wins.
    pub priority: i64,
    /// What `sourcetype` says an event of that source is.
    pub sourcetype: Option<String>,
    /// Whether `KV_MODE` leaves an event its automatic pairs; `None` where it is not set.
    pub reads_pairs: Option<bool>,
    /// `EXTRACT-class` by class.
    pub extractions: Vec<Extraction>,
    /// `REPORT-class` by class.
    pub reports: Vec<Report>,
    /// `FIELDALIAS-class` by class.
    pub aliases: Vec<FieldAlias>,
    /// `EVAL-field` by field.
    pub calculations: Vec<Calculation>,
    /// `LOOKUP-class` by class.
    pub lookups: Vec<AutomaticLookup>,
    /// Every other setting by key.
    pub others: BTreeMap<String, Setting>,
}

/// One `FIELDALIAS-class`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldAlias {
    /// What follows `FIELDALIAS-`.
    pub class: String,
    /// Its aliases, in order.
    pub aliases: Vec<Alias>,
    /// The file and the range of its value.
    pub origin: Origin,
}

/// `original AS name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The field that is there.
    pub original: String,
    /// Its second name.
    pub name: String,
    /// What happens if a field of that name is there already.
    pub mode: AliasMode,
}

/// What an alias does to a field that has its name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasMode {
    /// `AS`: it is replaced by the original, and removed if the original is absent.
    Replace,
    /// `ASNEW`: it stays.
    Keep,
}

/// One `EVAL-field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calculation {
    /// The field that it makes. Null removes a field of that name.
    pub field: String,
    /// The eval expression; byte `n` of it stands at byte `n` of the origin's range.
    pub expression: String,
    /// The file and the range of the expression.
    pub origin: Origin,
}

/// One `LOOKUP-class`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutomaticLookup {
    /// What follows `LOOKUP-`.
    pub class: String,
    /// The arguments, as those of `lookup`; byte `n` of them stands at byte `n` of the origin's range.
    pub arguments: String,
    /// The file and the range of the arguments.
    pub origin: Origin,
}

/// What holds for an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective<'p> {
    /// The aliases by class.
    pub aliases: Vec<&'p FieldAlias>,
    /// The calculations by field.
    pub calculations: Vec<&'p Calculation>,
}

impl Props {
    /// Every stanza, the most important first.
    #[must_use]
    pub fn stanzas(&self) -> &[Stanza] {
        &self.stanzas
    }

    /// The stanzas that find out source types, in the order in which they are asked.
    #[must_use]
    pub fn recognisers(&self) -> &[Recogniser] {
        &self.recognisers
    }

    /// What holds for an event of this `metadata`. Allocates: ask once for each source, source type and host.
    #[must_use]
    pub fn effective(&self, metadata: Metadata<'_>) -> Effective<'_> {
        let mut aliases = BTreeMap::new();
        let mut calculations = BTreeMap::new();
        for stanza in self.stanzas.iter().filter(|stanza| stanza.selector.holds(&metadata)) {
            for alias in &stanza.aliases {
                aliases.entry(alias.class.as_str()).or_insert(alias);
            }
            for calculation in &stanza.calculations {
                calculations.entry(calculation.field.as_str()).or_insert(calculation);
            }
        }
        let mut effective = Effective {
            aliases: aliases.into_values().collect(),
            calculations: calculations.into_values().collect(),
        };
        // An empty value is how an upper file takes a setting of a lower one away.
        effective.aliases.retain(|alias| !alias.aliases.is_empty());
        effective.calculations.retain(|calculation| !calculation.expression.is_empty());
        effective
    }

    /// Puts `stanza` in its place, instead of one of the same name.
    fn insert(&mut self, stanza: Stanza) {
        self.stanzas.retain(|other| other.name != stanza.name);
        let at = self.stanzas.partition_point(|other| other.rank() < stanza.rank());
        self.stanzas.insert(at, stanza);
    }
}

impl Props {
    /// Reads the stanza `name` and puts it in its place; says what is wrong with it.
    pub(super) fn read(&mut self, name: &str, settings: &conf::Stanza) -> Vec<Diagnostic> {
        if let Some(kind) = recognisers::Kind::of(name) {
            let (recogniser, diagnostics) = Recogniser::read(name, kind, settings);
            self.recognisers.retain(|other| other.name != name);
            self.recognisers.extend(recogniser);
            self.recognisers.sort_by(|left, right| left.rank().cmp(&right.rank()));
            return diagnostics;
        }
        let (stanza, diagnostics) = Stanza::read(name, settings);
        self.insert(stanza);
        diagnostics
    }
}

impl Stanza {
    /// The stanza `name` of a file, and what is wrong with it.
    fn read(name: &str, stanza: &conf::Stanza) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let anchor = stanza.settings.values().next().map(|setting| setting.key);
        let (selector, priority) = scope::read(name).unwrap_or_else(|error| {
            let message = format!("the pattern `{name}` does not compile: {error}");
            let span = anchor.unwrap_or_default();
            diagnostics.push(Diagnostic::error(Code::BadKnowledge, span, message));
            (scope::literal_sourcetype(name), scope::LITERAL_PRIORITY)
        });
        let mut read = Self {
            name: name.to_owned(),
            selector,
            priority,
            sourcetype: None,
            reads_pairs: None,
            extractions: Vec::new(),
            reports: Vec::new(),
            aliases: Vec::new(),
            calculations: Vec::new(),
            lookups: Vec::new(),
            others: BTreeMap::new(),
        };
        for (key, setting) in &stanza.settings {
            diagnostics.extend(read.setting(key, setting).err());
        }
        (read, diagnostics)
    }

    fn setting(&mut self, key: &str, setting: &Setting) -> Result<(), Diagnostic> {
        let value = &setting.value.value;
        match key.split_once('-') {
            Some(("EXTRACT", class)) => self.extractions.push(Extraction::read(class, setting)),
            Some(("REPORT", class)) => self.reports.push(Report::read(class, setting)?),
            Some(("FIELDALIAS", class)) => self.aliases.push(FieldAlias::read(class, setting)?),
            Some(("EVAL", field)) => self.calculations.push(Calculation {
                field: field.to_owned(),
                expression: value.clone(),
                origin: setting.origin(),
            }),
            Some(("LOOKUP", class)) => self.lookups.push(AutomaticLookup {
                class: class.to_owned(),
                arguments: value.clone(),
                origin: setting.origin(),
            }),
            _ => match key {
                "priority" => self.priority = value.parse().map_err(|_| bad_priority(setting))?,
                "sourcetype" => self.sourcetype = Some(value.clone()),
                "KV_MODE" => self.reads_pairs = Some(reads_pairs(value)),
                _ => _ = self.others.insert(key.to_owned(), setting.clone()),
            },
        }
        Ok(())
    }

    fn rank(&self) -> (u8, Reverse<i64>, &str) {
        let kind = match self.selector {
            Selector::Source(_) => 0,
            Selector::Host(_) => 1,
            Selector::Sourcetype(_) => 2,
            Selector::Everything => 3,
        };
        (kind, Reverse(self.priority), &self.name)
    }
}

/// The other modes read something else in the place of pairs, which the reader of an event does of itself.
fn reads_pairs(mode: &str) -> bool {
    mode.is_empty() || ["auto", "auto_escaped"].iter().any(|auto| mode.eq_ignore_ascii_case(auto))
}

impl FieldAlias {
    fn read(class: &str, setting: &Setting) -> Result<Self, Diagnostic> {
        let aliases = aliases(&setting.value)?;
        Ok(Self { class: class.to_owned(), aliases, origin: setting.origin() })
    }
}

/// The aliases in `a AS b "c d" ASNEW e`.
fn aliases(value: &Spanned<String>) -> Result<Vec<Alias>, Diagnostic> {
    let words = words(value)?;
    words.chunks(3).map(|words| alias(words, value.span)).collect()
}

fn alias(words: &[Spanned<&str>], span: Span) -> Result<Alias, Diagnostic> {
    let [original, keyword, name] = words else {
        let message = "an alias is incomplete";
        let span = words.first().map_or(span, |word| word.span);
        return Err(Diagnostic::error(Code::BadKnowledge, span, message)
            .label("expected `original AS name`"));
    };
    let mode = match keyword.value {
        word if word.eq_ignore_ascii_case("AS") => AliasMode::Replace,
        word if word.eq_ignore_ascii_case("ASNEW") => AliasMode::Keep,
        word => {
            let message = format!("`{word}` stands between the two names of an alias");
            return Err(Diagnostic::error(Code::BadKnowledge, keyword.span, message)
                .label("expected `AS` or `ASNEW`"));
        }
    };
    Ok(Alias { original: original.value.to_owned(), name: name.value.to_owned(), mode })
}

fn bad_priority(setting: &Setting) -> Diagnostic {
    let message = format!("the priority `{}` is no number", setting.value.value);
    Diagnostic::error(Code::BadKnowledge, setting.value.span, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Props, Vec<String>) {
        let (conf, _) = conf::parse("props.conf", text);
        let mut props = Props::default();
        let mut problems = Vec::new();
        for (name, stanza) in &conf.stanzas {
            let diagnostics = props.read(name, stanza);
            problems.extend(diagnostics.into_iter().map(|diagnostic| {
                format!("{}: {}", diagnostic.primary.span.text(text), diagnostic.message)
            }));
        }
        (props, problems)
    }

    /// What calculates `x` for an event of this source, source type `st` and host `h`.
    fn winner(text: &str, source: &str) -> Option<String> {
        let (props, problems) = read(text);
        assert!(problems.is_empty(), "{problems:?}");
        let sources = [Some(source.as_bytes()), None];
        let (sourcetype, host) = (Some(&b"st"[..]), Some(&b"h"[..]));
        let effective = props.effective(Metadata { sources, sourcetype, host });
        effective.calculations.first().map(|calculation| calculation.expression.clone())
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, source, matches) in [
            ("/var/log/x", "/var/log/x", true),
            ("/var/log/x", "/var/log/xy", false),
            ("a.b", "aXb", false),
            ("/var/*/x", "/var/log/x", true),
            ("/var/*/x", "/var/log/a/x", false),
            ("/var/.../x", "/var/log/a/x", true),
            ("...x.log", "/a/b/x.log", true),
            ("...x.log", "/a/b/xylog", false),
            ("...WinEventLog:A/B", "XmlWinEventLog:A/B", true),
            ("...WinEventLog:A/B", "WinEventLog:A/B", true),
            ("XmlWinEventLog:...", "WinEventLog:A", false),
            ("(a|b)c", "bc", true),
            ("(a|b)c", "b", false),
            ("C:\\\\x\\\\*.log", "C:\\x\\y.log", true),
            ("C:\\\\x\\\\*.log", "C:\\x\\y\\z.log", false),
            ("A*", "a1", false),
        ] {
            let text = format!("[source::{pattern}]\nEVAL-x = 1\n");
            assert_eq!(winner(&text, source).is_some(), matches, "{pattern} {source}");
        }
        assert!(winner("[(?i)source::A*]\nEVAL-x = 1\n", "a1").is_some());
        assert!(winner("[(?::){0}s*]\nEVAL-x = 1\n", "").is_some());
        assert!(winner("[s*]\nEVAL-x = 1\n", "").is_none());
    }

    #[test]
    fn the_more_important_stanza_wins_setting_by_setting() {
        for (stanzas, winning) in [
            (["default", "st"], "st"),
            (["st", "host::h"], "host::h"),
            (["host::h", "source::abc"], "source::abc"),
            (["source::a...", "source::abc"], "source::abc"),
            // The documented order of two patterns: the less in ASCII.
            (["source::...a...", "source::...c..."], "source::...a..."),
            (["source::a*", "source::ab*"], "source::a*"),
        ] {
            for stanzas in [stanzas, [stanzas[1], stanzas[0]]] {
                let text = stanzas.map(|name| format!("[{name}]\nEVAL-x = \"{name}\"\n")).concat();
                assert_eq!(winner(&text, "abc"), Some(format!("\"{winning}\"")), "{text}");
            }
        }
    }

    #[test]
    fn a_priority_turns_the_order_within_a_kind() {
        let stanzas =
            "[source::...c...]\nEVAL-x = 2\npriority = 5\n[source::...a...]\nEVAL-x = 1\n";
        assert_eq!(winner(stanzas, "abc").as_deref(), Some("2"));
        // But not between kinds.
        let stanzas = "[st]\nEVAL-x = 1\npriority = 1000\n[source::abc]\nEVAL-x = 2\n";
        assert_eq!(winner(stanzas, "abc").as_deref(), Some("2"));
    }

    #[test]
    fn an_empty_value_takes_a_setting_away() {
        assert_eq!(winner("[default]\nEVAL-x = 1\n[st]\nEVAL-x =\n", "abc"), None);
    }

    #[test]
    fn an_alias_has_pairs_and_quotes() {
        let text = "[st]\nFIELDALIAS-b = a AS b, \"c d\" ASNEW \"e f\"\nFIELDALIAS-a = g as h\n\
                    LOOKUP-l = table x\nSEDCMD-s = s/a/b/\nEXTRACT-e = (?<x>.)\n";
        let (props, problems) = read(text);
        assert!(problems.is_empty(), "{problems:?}");
        let stanza = &props.stanzas()[0];
        let shown: Vec<_> = stanza
            .aliases
            .iter()
            .flat_map(|class| class.aliases.iter().map(move |alias| (class.class.as_str(), alias)))
            .map(|(class, alias)| {
                format!("{class}: {}>{} {:?}", alias.original, alias.name, alias.mode)
            })
            .collect();
        assert_eq!(shown, ["a: g>h Replace", "b: a>b Replace", "b: c d>e f Keep"]);
        assert_eq!(stanza.aliases[0].origin.span.text(text), "g as h");
        let lookup = &stanza.lookups[0];
        assert_eq!((&*lookup.class, lookup.origin.span.text(text)), ("l", "table x"));
        assert_eq!(stanza.others.keys().collect::<Vec<_>>(), ["SEDCMD-s"]);
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        for (text, expected) in [
            ("[st]\nFIELDALIAS-a = a AS", "a: an alias is incomplete"),
            ("[st]\nFIELDALIAS-a = a AS b c", "c: an alias is incomplete"),
            ("[st]\nFIELDALIAS-a = a IS b", "IS: `IS` stands between the two names of an alias"),
            ("[st]\nFIELDALIAS-a = a AS \"b", "\": a quoted field name never ends"),
            ("[st]\npriority = high", "high: the priority `high` is no number"),
        ] {
            assert_eq!(read(text).1, [expected], "{text}");
        }
        let (props, problems) = read("[source::a(*]\nEVAL-x = 1\n");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("EVAL-x: the pattern `source::a(*` does not compile: "));
        assert_eq!(props.effective(Metadata::default()), Effective::default());
    }
}

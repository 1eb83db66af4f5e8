//! How the source type of an event is found out by its text: the `rule::` and `delayedrule::` stanzas of props.conf.
//!
//! Splunk counts the lines of a file that match. An event is a file of its own here, so that `MORE_THAN_n` says that it
//! matches, whatever the percentage, and `LESS_THAN_n` that it does not.

use super::conf::{self, Origin, Setting};
use crate::diag::{Code, Diagnostic};

/// One `[rule::name]` or `[delayedrule::name]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recogniser {
    /// Its name as written.
    pub name: String,
    /// When it is asked.
    pub kind: Kind,
    /// What an event is that it recognises.
    pub sourcetype: String,
    /// What must, and what must not, match; never empty.
    pub conditions: Vec<Condition>,
}

/// When a recogniser is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `rule::`: first.
    Rule,
    /// `delayedrule::`: when no rule has recognised the event.
    Delayed,
}

/// One `MORE_THAN_n` or `LESS_THAN_n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The pattern; byte `n` of it stands at byte `n` of the origin's range.
    pub pattern: String,
    /// Whether it must match, or must not.
    pub matches: bool,
    /// The file and the range of the pattern.
    pub origin: Origin,
}

impl Kind {
    /// What the stanza `name` is; `None` if it is no recogniser.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.split_once("::")?.0 {
            "rule" => Some(Self::Rule),
            "delayedrule" => Some(Self::Delayed),
            _ => None,
        }
    }
}

impl Recogniser {
    /// The stanza `name`, if it can recognise anything, and what is wrong with it.
    pub(super) fn read(
        name: &str,
        kind: Kind,
        stanza: &conf::Stanza,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let conditions: Vec<_> = stanza
            .settings
            .iter()
            .filter_map(|(key, setting)| Condition::read(key, setting, &mut diagnostics))
            .collect();
        let sourcetype = stanza.value("sourcetype").unwrap_or_default().to_owned();
        let is_usable = !sourcetype.is_empty() && !conditions.is_empty() && diagnostics.is_empty();
        let anchor = stanza.settings.values().next();
        if let Some(setting) = anchor.filter(|_| !is_usable && diagnostics.is_empty()) {
            diagnostics.push(recognises_nothing(name, setting));
        }
        let recogniser = Self { name: name.to_owned(), kind, sourcetype, conditions };
        (is_usable.then_some(recogniser), diagnostics)
    }

    /// Its place among all recognisers.
    pub(super) fn rank(&self) -> (Kind, &str) {
        (self.kind, &self.name)
    }
}

impl Condition {
    fn read(key: &str, setting: &Setting, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let (matches, percentage) = match key.strip_prefix("MORE_THAN_") {
            Some(percentage) => (true, percentage),
            None => (false, key.strip_prefix("LESS_THAN_")?),
        };
        // More than 100 % of the lines, and less than none of them, never match.
        let possible = if matches { 0..=99 } else { 1..=100 };
        if !percentage.parse().is_ok_and(|percentage: u8| possible.contains(&percentage)) {
            diagnostics.push(bad_percentage(key, setting));
            return None;
        }
        let pattern = setting.value.value.clone();
        Some(Self { pattern, matches, origin: setting.origin() })
    }
}

fn bad_percentage(key: &str, setting: &Setting) -> Diagnostic {
    let message = format!("`{key}` can never hold");
    Diagnostic::error(Code::BadKnowledge, setting.key, message)
        .help("write `MORE_THAN_n` with 0 to 99, or `LESS_THAN_n` with 1 to 100")
}

fn recognises_nothing(name: &str, setting: &Setting) -> Diagnostic {
    let message = format!("`{name}` recognises nothing");
    Diagnostic::error(Code::BadKnowledge, setting.key, message)
        .help("give it a `sourcetype` and a pattern, such as `MORE_THAN_1 = ^\\{`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Recogniser>, Vec<String>) {
        let (conf, _) = conf::parse("props.conf", text);
        let (name, stanza) = conf.stanzas.first_key_value().unwrap();
        let kind = Kind::of(name).unwrap();
        let (recogniser, diagnostics) = Recogniser::read(name, kind, stanza);
        (recogniser, diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect())
    }

    #[test]
    fn a_percentage_is_a_yes_or_no() {
        let (recogniser, problems) =
            read("[rule::a]\nsourcetype = st\nMORE_THAN_75 = ^a\nLESS_THAN_5 = b\n");
        assert!(problems.is_empty(), "{problems:?}");
        let recogniser = recogniser.unwrap();
        assert_eq!((recogniser.rank(), &*recogniser.sourcetype), ((Kind::Rule, "rule::a"), "st"));
        let conditions: Vec<_> = recogniser
            .conditions
            .iter()
            .map(|condition| (&*condition.pattern, condition.matches))
            .collect();
        assert_eq!(conditions, [("b", false), ("^a", true)]);
    }

    #[test]
    fn what_recognises_nothing_is_an_error() {
        for (text, problem) in [
            ("[rule::a]\nsourcetype = st\n", "`rule::a` recognises nothing"),
            ("[delayedrule::a]\nMORE_THAN_1 = a\n", "`delayedrule::a` recognises nothing"),
            ("[rule::a]\nsourcetype = st\nMORE_THAN_100 = a\n", "`MORE_THAN_100` can never hold"),
            ("[rule::a]\nsourcetype = st\nLESS_THAN_0 = a\n", "`LESS_THAN_0` can never hold"),
        ] {
            assert_eq!(read(text), (None, vec![problem.to_owned()]), "{text}");
        }
    }
}

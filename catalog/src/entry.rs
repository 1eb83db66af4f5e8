//! What the catalog says of one rule: the values that the JSON and the pages tell. The names of the JSON are the names here.

use serde::Serialize;

/// All that is said of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// What the rule is known by: its file, and behind it `[STANZA]` where that holds several.
    pub path: String,
    /// Its id, which need not be its own.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it finds, as its author wrote it.
    pub description: String,
    /// The same without the associations that follow.
    pub summary: String,
    /// The groups that the description associates it with.
    pub actors: Vec<String>,
    /// The software that the description associates it with.
    pub software: Vec<String>,
    /// The vulnerabilities that the description associates it with.
    pub vulnerabilities: Vec<String>,
    /// The tests of Atomic Red Team that the description names.
    pub atomics: Vec<Atomic>,
    /// Where to read more.
    pub references: Vec<String>,
    /// The SPL.
    pub search: String,
    /// Whether it is SPL throughout.
    pub parses: bool,
    /// Whether it runs here.
    pub status: Status,
    /// Why it does not.
    pub reject_reasons: Vec<Reason>,
    /// What else there is to be said of it.
    pub warnings: Vec<Reason>,
    /// What it covers of ATT&CK.
    pub mitre: Vec<Technique>,
    /// The events that it looks at.
    pub event_coverage: Vec<Coverage>,
    /// Its commands.
    pub stages: Vec<Stage>,
    /// The tests of fields.
    pub indicators: Vec<Indicator>,
    /// Search terms as catalogs print them.
    pub search_terms: Vec<SearchTerm>,
    /// Search terms as they were understood.
    pub parsed_terms: Vec<Term>,
    /// The macros that it calls, in the order of the text.
    pub macros: Vec<Macro>,
    /// What its events must hold to be looked at; none for a rule that does not run.
    pub prefilter: Option<Prefilter>,
    /// What else became of it; none for a rule that does not run.
    pub runtime: Option<Runtime>,
    /// How many alerts of it there are; none where no alerts were given.
    pub alerts: Option<u64>,
}

/// Whether a rule runs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Runs,
    /// It was left out.
    Refused,
}

impl Status {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Refused => "refused",
        }
    }
}

/// A complaint about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The permanent code, such as `E0103`.
    pub code: String,
    /// What was found.
    pub detail: String,
    /// The line of the rule's file, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// One thing to do; may be empty.
    pub help: String,
}

/// A test of Atomic Red Team.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Atomic {
    /// The technique that it is filed under.
    pub technique_id: String,
    /// Its number, if the description says which.
    pub test: Option<u32>,
}

/// A technique of ATT&CK under one tactic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Technique {
    /// The name of the tactic.
    pub tactic: String,
    /// The id, such as `T1546.003`; none if the name is in no version that is known here.
    pub technique_id: Option<String>,
    /// The name; of a sub-technique behind that of its technique.
    pub technique: String,
}

/// One kind of event that a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Coverage {
    /// Who writes it.
    pub provider: String,
    /// `Event ID 1`, or its name; none if the rule does not say.
    pub event: Option<String>,
    /// What it is.
    pub title: Option<String>,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Its number, from 1.
    pub stage: usize,
    /// Its name in lower case; a macro that stands alone in its backticks.
    pub command: String,
    /// As written.
    pub text: String,
}

/// A test of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Indicator {
    /// The number of its stage.
    pub stage: usize,
    /// What is tested.
    #[serde(flatten)]
    pub test: Test,
    /// What it is tested against.
    pub values: Vec<IndicatorValue>,
}

/// What of a field is tested.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Test {
    /// The field.
    pub field: String,
    /// `eq`, `regex_match`, ...
    pub kind: &'static str,
}

/// What a field is tested against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndicatorValue {
    /// The value as its author meant it: unescaped if it stood in quotes.
    pub value: String,
    /// How many other rules of the catalog test the same field for it in the same way.
    pub other_rules: usize,
}

/// A search term as catalogs print it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchTerm {
    /// The number of its stage.
    pub stage: usize,
    /// A phrase in its quotes, a word, `TERM`, or the argument of one.
    pub term: String,
}

/// A search term as it was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// The number of its stage.
    pub stage: usize,
    /// `phrase`, `TERM`, `CASE` or `bare`.
    pub kind: &'static str,
    /// Its text.
    pub text: String,
    /// Whether it stands under a NOT.
    pub negated: bool,
}

/// One macro call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// Its arguments, without their quotes.
    pub args: Vec<String>,
}

/// What selects the events of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prefilter {
    /// `anchor`, or `every event` if nothing selects them.
    pub category: &'static str,
    /// Texts of which every matching event holds one.
    pub any_of: Vec<String>,
}

/// What became of a rule that runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Runtime {
    /// The fields that it reads, and where each comes from.
    pub fields: Vec<caltrop_core::plan::explain::FieldText>,
    /// What every matching event holds, as far as the scan could look for it.
    pub atoms: Vec<String>,
    /// What it keeps from event to event.
    pub state: StateKept,
    /// The hash of what it means: as long as it stays, so does its state.
    pub plan_hash: String,
}

/// What a rule keeps from event to event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateKept {
    /// The command that keeps it; none for a rule that keeps nothing.
    pub command: Option<String>,
    /// The length of a bucket or window in seconds.
    pub window_s: f64,
    /// Whether a bucket closes before its window ends.
    pub closes_early: bool,
    /// Why, or why not.
    pub reason: String,
}

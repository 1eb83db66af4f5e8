//! The executable rule set: what `ruleset` builds and `engine` runs.
//!
//! Immutable and shared: one per process, behind an `Arc`. Everything that changes while events run lives in the engine.

pub(crate) mod bytes;
mod file;
pub(crate) mod form;
mod plans;

use std::{fmt, ops::Range};

use jiff::tz::TimeZone;

use crate::{
    event::mapping::Mapping,
    expr::{search::Search, terms::Terms},
    ids::{BranchId, FieldId, RuleId, TermId},
    names::Names,
    scan::{self, Atom, Demand},
    stage::{
        Stage,
        bin::{Bin, Span},
        stats::Stats,
    },
};

pub use file::{FILE_VERSION, LoadError, Probe, checksum};

/// All rules, compiled.
#[derive(Debug)]
pub struct RuleSet {
    /// The rules in the order of their paths.
    pub(crate) rules: Vec<Rule>,
    /// The names that rules and knowledge use.
    pub(crate) names: Names,
    /// What the knowledge makes of the fields of an event.
    pub(crate) mapping: Mapping,
    /// What the scan looks for.
    pub(crate) scan: scan::Program,
    /// The terms that rules share.
    pub(crate) terms: Terms,
    /// How many regexes need a cache.
    pub(crate) regexes: usize,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// What its file says of it.
    pub meta: RuleMeta,
    /// The same as long as the rule means the same: what it has kept of its events is of use to no other.
    pub plan_hash: PlanHash,
    /// Its pipeline, cut where it first needs more than one row.
    pub(crate) plan: Plan,
    /// Of these, every event that it matches holds one; `None` where nothing selects its events.
    pub(crate) anchor: Option<Vec<Atom>>,
    /// Each such event also holds one of each of these.
    pub(crate) also: Vec<Vec<Atom>>,
}

/// What a rule means, in 128 bits: its expanded SPL and the knowledge behind it. The same on every machine; its definition is
/// in `plan::hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanHash(u128);

impl PlanHash {
    /// The hash whose digits these bytes are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Its digits, two a byte.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for PlanHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

/// What a rule's file says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleMeta {
    /// Where it came from: its identity.
    pub path: String,
    /// Its id; by default the file's stem.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it finds.
    pub description: String,
    /// ATT&CK technique ids, such as `T1047`.
    pub technique_ids: Vec<String>,
}

/// A pipeline, ready to run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Runs on each event alone, up to the first command that makes several rows of one.
    pub(crate) mapped: Box<[Stage]>,
    /// Runs on the rows that are made of one event.
    pub(crate) expanded: Box<[Stage]>,
    /// Takes the rows of many events together; `None` where the mapped row is the result.
    pub(crate) reduce: Option<Reduce>,
    /// Runs on the rows of a window when it closes.
    pub(crate) finish: Box<[Stage]>,
    /// How soon a window of it can close.
    pub(crate) closing: Closing,
    /// Whether its first command makes rows out of nothing.
    pub(crate) generates: bool,
}

/// The command that takes rows together.
#[derive(Debug)]
pub(crate) enum Reduce {
    /// `stats`: groups and accumulators.
    Stats(Stats),
    /// Any other: the rows are kept, in order, for the finish.
    Collect,
    /// The rule has subpipelines over the events of the same window: what each reduces is kept apart.
    Branched(Box<Branched>),
}

/// What a rule with subpipelines over events keeps.
#[derive(Debug)]
pub(crate) struct Branched {
    /// How its own rows are taken together.
    pub(crate) own: Reduce,
    /// By their ids: a branch that stands in another comes before it.
    pub(crate) branches: Box<[Branch]>,
}

/// A subpipeline over events, cut as a rule is.
#[derive(Debug)]
pub(crate) struct Branch {
    /// Runs on each event alone.
    pub(crate) mapped: Box<[Stage]>,
    /// Runs on the rows that are made of one event.
    pub(crate) expanded: Box<[Stage]>,
    /// Takes the rows together.
    pub(crate) reduce: Reduce,
    /// Runs on its rows when the window closes.
    pub(crate) finish: Box<[Stage]>,
    /// What its rows are for.
    pub(crate) purpose: Purpose,
    /// So many of its rows count, the first ones; the others are counted as cut.
    pub(crate) most_rows: usize,
}

/// What the rows of a branch are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// They are taken as they are.
    Rows,
    /// Other rows are compared with them.
    Tests,
}

/// Which pipeline of a rule a row came down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The rule's own.
    Own,
    /// That of a branch.
    Branch(BranchId),
}

impl Rule {
    /// Whether it does nothing but choose among events and their fields, so that its columns are fields of the events or none at all.
    #[must_use]
    pub fn only_chooses(&self) -> bool {
        self.plan.stages().all(|stage| {
            matches!(
                stage,
                Stage::Search(_)
                    | Stage::Regex(_)
                    | Stage::Where(_)
                    | Stage::Table(_)
                    | Stage::Fields(_)
                    | Stage::Head(_)
                    | Stage::Tail(_)
                    | Stage::Reverse(_)
                    | Stage::Sort(_)
                    | Stage::Dedup(_)
            )
        })
    }

    /// The texts of which every event that it matches holds one, in lower case; `None` where it looks at every event.
    #[must_use]
    pub fn anchor(&self) -> Option<impl Iterator<Item = &[u8]>> {
        self.anchor.as_ref().map(|atoms| atoms.iter().map(|atom| &*atom.text))
    }
}

impl Plan {
    /// The shared terms without which no event can match.
    fn asked(&self) -> Box<[TermId]> {
        let has_branches = !branches(self.reduce.as_ref()).is_empty();
        match self.mapped.first() {
            Some(Stage::Search(search)) if !has_branches && !self.generates => search.shared(),
            _ => Box::default(),
        }
    }

    /// Every stage, those of its branches behind its own.
    pub(crate) fn stages(&self) -> impl Iterator<Item = &Stage> {
        let own = [&self.mapped, &self.expanded, &self.finish].into_iter().flatten();
        own.chain(branches(self.reduce.as_ref()).iter().flat_map(Branch::stages))
    }
}

impl Branch {
    /// Every stage.
    pub(crate) fn stages(&self) -> impl Iterator<Item = &Stage> {
        [&self.mapped, &self.expanded, &self.finish].into_iter().flatten()
    }
}

/// The branches of a rule that reduces so.
pub(crate) fn branches(reduce: Option<&Reduce>) -> &[Branch] {
    match reduce {
        Some(Reduce::Branched(branched)) => &branched.branches,
        _ => &[],
    }
}

/// When a window of a plan may close.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closing {
    /// The bucket that closes on its own: `_time` passed only through this `bin` and is grouped by.
    pub(crate) bucket: Option<Bin>,
    /// Whether every group holds the event's own `host`, so that its host's watermark alone closes it.
    pub(crate) by_host: bool,
    /// The rule's own windows: in a stream `now()` is their end, and where no bucket closes early they close.
    pub(crate) period: Period,
    /// What a late row can still change.
    pub(crate) revision: Revision,
}

/// The windows of a rule: as long as `span`, aligned as `bin` aligns, but for an offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Period {
    /// Their length.
    pub(crate) span: Span,
    /// How far they lie behind the edges of `bin`, in nanoseconds: the minute of a schedule.
    pub(crate) offset_ns: i64,
}

impl Period {
    /// The window that holds a time, in nanoseconds; `None` beyond the calendar.
    #[must_use]
    pub(crate) fn around(&self, time_ns: i64, zone: &TimeZone) -> Option<Range<i64>> {
        let (start, end) = self.span.bucket_ns(time_ns.saturating_sub(self.offset_ns), zone)?;
        Some(start.saturating_add(self.offset_ns)..end.saturating_add(self.offset_ns))
    }
}

/// What a row that comes after its window has closed can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revision {
    /// Nothing: a command takes rows in their order, and what it made of them cannot be taken apart.
    Never,
    /// The rows of its own groups: no later command takes rows together.
    Groups,
    /// Any row of its window.
    Window,
}

impl RuleSet {
    /// The rules, in the order of their paths, and the `terms` that they share, with a scan for their anchors.
    pub(crate) fn new(
        rules: Vec<Rule>,
        terms: Vec<Search>,
        names: Names,
        mapping: Mapping,
        regexes: usize,
    ) -> Self {
        let asked: Vec<_> = rules.iter().map(|rule| rule.plan.asked()).collect();
        let demands: Vec<_> = rules
            .iter()
            .zip(&asked)
            .map(|(rule, asked)| Demand {
                anchor: rule.anchor.as_deref(),
                also: &rule.also,
                is_routed: asked.iter().any(|term| terms[term.index()].asks_for_facts()),
            })
            .collect();
        let scan = scan::Program::new(&demands);
        let terms = Terms::new(terms, asked);
        Self { rules, names, mapping, scan, terms, regexes }
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many rules ask where addresses are and have no database that says so: those fields are absent.
    #[must_use]
    pub fn without_locations(&self) -> usize {
        let lacks =
            |stage: &Stage| matches!(stage, Stage::IpLocation(it) if it.locations.is_none());
        self.rules.iter().filter(|rule| rule.plan.stages().any(lacks)).count()
    }

    /// One rule.
    #[must_use]
    pub fn rule(&self, rule: RuleId) -> &Rule {
        &self.rules[rule.index()]
    }

    /// The rule of that path.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<RuleId> {
        let found = self.rules.binary_search_by(|rule| rule.meta.path.as_bytes().cmp(path));
        found.ok().map(RuleId::new)
    }

    /// Every rule, in the order of their paths.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The text of a field name.
    #[must_use]
    pub fn field(&self, field: FieldId) -> &str {
        self.names.text(field)
    }

    /// What the scan looks for.
    #[must_use]
    pub fn scan(&self) -> &scan::Program {
        &self.scan
    }

    /// How the scan looks for its anchors.
    #[must_use]
    pub fn searcher(&self) -> String {
        self.scan.searcher()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SECOND_NS;

    #[test]
    fn a_period_lies_behind_the_edges_of_bin_by_its_offset() {
        let minutes = |minutes: i64| minutes * 60 * SECOND_NS;
        let hourly = |offset_ns| Period { span: Span::Fixed(minutes(60)), offset_ns };
        let around = |offset_ns, time_ns| hourly(offset_ns).around(time_ns, &TimeZone::UTC);
        assert_eq!(around(0, minutes(59)), Some(0..minutes(60)));
        assert_eq!(around(minutes(50), minutes(49)), Some(minutes(-10)..minutes(50)));
        assert_eq!(around(minutes(50), minutes(50)), Some(minutes(50)..minutes(110)));
    }
}

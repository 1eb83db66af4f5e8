//! Rules run over both sides of a pair, and their rows compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use caltrop_core::alert::Alert;
use caltrop_core::compiled::RuleSet;
use caltrop_core::config::Options;
use caltrop_core::engine::Engine;
use caltrop_core::event::Head;
use caltrop_core::knowledge::Knowledge;
use caltrop_core::ruleset::{BuildOptions, RuleSetBuilder};

use super::pairs::{File, Pair};

/// Names and values of the columns.
pub(crate) type Row = BTreeMap<String, Vec<String>>;

/// The rows of each rule, by its path, in the order of what they say.
type Rows = BTreeMap<String, Vec<Row>>;

/// What one rule made of a pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// How many rows the side with the more of them has.
    pub(crate) rows: usize,
    /// How many of these the other side lacks.
    pub(crate) lacking: usize,
    /// Where both sides have as many rows, those that are not equal.
    pub(crate) unequal: Vec<String>,
}

impl Outcome {
    pub(crate) fn is_equal(&self) -> bool {
        self.lacking == 0 && self.unequal.is_empty()
    }

    fn compare(&mut self, place: &str, left: &[Row], right: &[Row]) {
        self.rows += left.len().max(right.len());
        self.lacking += left.len().abs_diff(right.len());
        if left.len() != right.len() {
            return;
        }
        for (left, right) in left.iter().zip(right).filter(|(left, right)| left != right) {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let differs = |name: &&&String| left.get(**name) != right.get(**name);
            let show =
                |name: &String| format!("{name}: {:?} {:?}", left.get(name), right.get(name));
            let fields: Vec<String> = names.iter().filter(differs).map(|name| show(name)).collect();
            self.unequal.push(format!("{place}: {}", fields.join("; ")));
        }
    }
}

/// Whether rows are compared with their times.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// To the second: not all renderings hold more.
    Kept,
    Dropped,
}

/// Runs the rules over one side.
struct Runner(Engine);

impl Runner {
    fn new(rules: &Arc<RuleSet>) -> Self {
        Self(Engine::new(Arc::clone(rules), Options::default()))
    }

    fn candidates(&self) -> u64 {
        self.0.counters().candidates
    }

    /// The rows that these events give together.
    fn rows(&mut self, events: &[&[u8]], clock: Clock) -> Rows {
        let mut rows = Rows::new();
        let mut keep = |alert: &Alert<'_>| {
            rows.entry(alert.rule.path.to_string()).or_default().push(row(alert, clock));
        };
        let before = self.candidates();
        for (raw, offset) in events.iter().zip(0..) {
            self.0.push(raw, Head { offset, ..Head::default() }, &mut keep);
        }
        if self.candidates() > before {
            self.0.finish(&mut keep);
        }
        rows.values_mut().for_each(|rows| rows.sort());
        rows
    }
}

fn row(alert: &Alert<'_>, clock: Clock) -> Row {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let mut row = Row::new();
    for field in alert.fields {
        let texts: Vec<String> = match field.name {
            b"_raw" => continue,
            // Rules name the first and the last time of a group so.
            b"_time" | b"start_time" | b"end_time" if clock == Clock::Dropped => continue,
            b"_time" => vec![alert.time_s.unwrap().floor().to_string()],
            // Some sets have given the number 0 to records that had none.
            b"event_id" => field.texts.iter().map(|id| text(id)).filter(|id| id != "0").collect(),
            _ => field.texts.iter().map(|value| text(value)).collect(),
        };
        if !texts.is_empty() {
            row.insert(text(field.name), texts);
        }
    }
    row
}

/// Tells when an event happened, in seconds.
struct Watch(Engine);

impl Watch {
    fn new() -> Self {
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        builder.add_spl("time", "index=* OR NOT index=* | table _time");
        Self(Engine::new(Arc::new(builder.build().rules), Options::default()))
    }

    fn time_s(&mut self, event: &[u8]) -> Option<f64> {
        let mut time_s = None;
        self.0.push(event, Head::default(), &mut |alert| time_s = alert.time_s);
        time_s.map(f64::floor)
    }
}

/// Runs every rule over both sides of `pair`: each event alone, where only the times of the rows are left out; then, of each
/// file, all events that have the same time on both sides together, with their times.
pub(crate) fn compare(rules: &Arc<RuleSet>, pair: &Pair) -> BTreeMap<String, Outcome> {
    let mut comparison = Comparison {
        left: Runner::new(rules),
        right: Runner::new(rules),
        watch: Watch::new(),
        outcomes: BTreeMap::new(),
    };
    pair.files.iter().for_each(|file| comparison.look_at(file));
    comparison.outcomes
}

struct Comparison {
    left: Runner,
    right: Runner,
    watch: Watch,
    outcomes: BTreeMap<String, Outcome>,
}

impl Comparison {
    fn look_at(&mut self, file: &File) {
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for ((left, right), number) in file.events.iter().zip(1..) {
            let place = format!("{}:{number}", file.origin);
            let is_candidate = self.run(&place, &[left], &[right], Clock::Dropped);
            if is_candidate && self.watch.time_s(left) == self.watch.time_s(right) {
                lefts.push(left.as_slice());
                rights.push(right.as_slice());
            }
        }
        self.run(&file.origin, &lefts, &rights, Clock::Kept);
    }

    /// Compares what the rules make of two renderings of some events; whether there was a rule for any of them.
    fn run(&mut self, place: &str, left: &[&[u8]], right: &[&[u8]], clock: Clock) -> bool {
        let before = self.candidates();
        let (left, right) = (self.left.rows(left, clock), self.right.rows(right, clock));
        let rules: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        let of = |rows: &Rows, rule: &String| rows.get(rule).cloned().unwrap_or_default();
        for rule in rules {
            let outcome = self.outcomes.entry(rule.clone()).or_default();
            outcome.compare(place, &of(&left, rule), &of(&right, rule));
        }
        self.candidates() > before
    }

    fn candidates(&self) -> u64 {
        self.left.candidates() + self.right.candidates()
    }
}

//! `streamstats`: what `stats` makes of a row and those before it, written onto the row.
//!
//! Class: ordered. The rows stay as they are, in their order, but for the columns that are added.
//!
//! Decisions where Splunk's manual is silent or was measured to differ:
//!
//! - With `current=f` the first row of a group has the columns of a group without rows: `count` and `dc` are 0.
//! - A row that lacks a BY field goes on unchanged and is in no window; only `reset_before` and `reset_after` look at it.
//! - A row whose multivalue BY field puts it into several groups counts in each, and gets the columns of the first; where there is a
//!   window, it counts in the first only.
//! - A reset forgets the rows of all groups.
//! - `time_window` reaches back from each row, or ahead where the rows go back in time; its far end is not in it. It holds at most
//!   [`MAX_WINDOW_ROWS`] rows of a group, and so do both kinds of windows together.
//! - Of one pattern's columns each row gets the first thousand, by their names.
//!
//! What `values`, `list`, `mode` and percentiles give can be as large, or cost as much, as all rows so far, at each row anew.
//! So that no input makes that grow without bound, they stop at [`MAX_STEP_BYTES`] of state that was gone through: from there on they take
//! no more, and the rows are marked truncated. All other functions go on.

use std::collections::VecDeque;

use bumpalo::{Bump, collections::Vec as BumpVec};
use hashbrown::HashMap;

use super::{
    eventstats::MAX_COLUMNS,
    stats::{Aggregate, Inputs, Output, Stats},
};
use crate::{
    agg::{
        AggregateFunction, Groups, KeyHasher,
        window::{copied_name, copied_value},
    },
    config::SECOND_NS,
    expr::program::{Expr, Scope},
    ids::FieldId,
    names::{Name, Names},
    row::{Cell, Env, Fields, Rank, Row},
};

/// How many rows a window holds at most, as in Splunk.
pub const MAX_WINDOW_ROWS: usize = 10_000;

/// How many bytes of state the functions of large results go through in one window of the rule.
pub const MAX_STEP_BYTES: usize = 256 << 20;

/// `streamstats options aggregates BY fields`.
#[derive(Clone, Debug)]
pub struct Streamstats {
    /// The literal columns, in the order in which they are written.
    pub order: Box<[FieldId]>,
    /// The aggregates whose results are small.
    pub plain: Stats,
    /// The others.
    pub costly: Stats,
    /// Which rows before a row count.
    pub window: Window,
    /// `current=t`: the row itself counts.
    pub includes_current: bool,
    /// `reset_on_change=t`: a row of another group than the last begins anew.
    pub resets_on_change: bool,
    /// A row for which this is true begins anew.
    pub reset_before: Option<Expr>,
    /// The row behind one for which this is true begins anew; it sees the columns.
    pub reset_after: Option<Expr>,
}

/// Which rows count. By default all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The last so many.
    pub rows: Option<usize>,
    /// Those that are nearer in time.
    pub time_ns: Option<i64>,
    /// `global=f`: the last so many of each group, and not of all rows.
    pub of_each_group: bool,
}

impl Window {
    fn is_bounded(self) -> bool {
        self.rows.is_some() || self.time_ns.is_some()
    }

    /// Whether the rows of each group have a window of their own.
    fn is_apart(self) -> bool {
        self.of_each_group || self.rows.is_none()
    }
}

impl Streamstats {
    /// The same with those aggregates.
    #[must_use]
    pub fn with_aggregates(self, stats: Stats) -> Self {
        let order = stats.aggregates.iter().filter_map(|aggregate| match aggregate.output {
            Output::Field(field) => Some(field),
            Output::Pattern(_) => None,
        });
        let order = order.collect();
        let is_costly = |aggregate: &Aggregate| is_costly(aggregate.function);
        let (costly, plain): (Vec<_>, Vec<_>) =
            stats.aggregates.iter().cloned().partition(is_costly);
        let of = |aggregates: Vec<Aggregate>| Stats {
            aggregates: aggregates.into(),
            by: stats.by.clone(),
            ..stats
        };
        Self { order, plain: of(plain), costly: of(costly), ..self }
    }

    /// The rows with their columns; they stand in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut run = Run::new(self, env);
        rows.into_iter().zip(0..).map(|(row, offset)| run.step(row, offset)).collect()
    }

    /// Whether rows that differ in `field` never change each other's columns.
    pub(crate) fn keeps_apart(&self, field: FieldId) -> bool {
        self.plain.by.contains(&field)
            && self.window.is_apart()
            && !self.resets_on_change
            && self.reset_before.is_none()
            && self.reset_after.is_none()
    }
}

/// Whether a result of `function` can be as large as all that it has seen, or costs as much to compute.
fn is_costly(function: AggregateFunction) -> bool {
    use AggregateFunction as F;
    matches!(
        function,
        F::Values | F::List | F::Mode | F::Median | F::Percentile(_) | F::ExactPercentile(_)
    )
}

/// The way through the rows.
struct Run<'p, 'e> {
    plan: &'p Streamstats,
    env: Env<'e>,
    plain: Part<'p, 'e>,
    costly: Part<'p, 'e>,
    last_key: Option<&'e [u8]>,
}

impl<'p, 'e> Run<'p, 'e> {
    fn new(plan: &'p Streamstats, env: Env<'e>) -> Self {
        let plain = Part::new(plan, &plan.plain, usize::MAX, env);
        let costly = Part::new(plan, &plan.costly, MAX_STEP_BYTES, env);
        Self { plan, env, plain, costly, last_key: None }
    }

    fn step(&mut self, mut row: Row<'e>, offset: u64) -> Row<'e> {
        if holds(self.plan.reset_before.as_ref(), &row, self.env) {
            self.reset();
        }
        if let Some(key) = self.plan.plain.first_key(&row, self.env) {
            let has_changed = self.last_key.replace(key).is_some_and(|last| last != key);
            if has_changed && self.plan.resets_on_change {
                self.reset();
            }
            row = self.with_columns(row, key, offset);
        }
        if holds(self.plan.reset_after.as_ref(), &row, self.env) {
            self.reset();
        }
        row
    }

    fn with_columns(&mut self, mut row: Row<'e>, key: &'e [u8], offset: u64) -> Row<'e> {
        let rank = Rank { offset, ..Rank::default() };
        let plain = self.plain.step(&row, key, rank);
        let costly = self.costly.step(&row, key, rank);
        match costly {
            [] => row.set_all(plain),
            _ => row.set_all(&self.in_order(plain, costly)),
        }
        let is_truncated = row.is_truncated() || self.costly.is_exhausted();
        row.truncated(is_truncated)
    }

    /// The columns as they are written, those of patterns last. Of two that have the same name the first stays.
    fn in_order(&self, plain: &[Cell<'e>], costly: &[Cell<'e>]) -> Vec<Cell<'e>> {
        let place = |cell: &Cell<'_>| {
            self.plan.order.iter().position(|&field| cell.name == Name::Known(field))
        };
        let mut cells: Vec<_> = plain.iter().chain(costly).copied().collect();
        cells.sort_by_key(|cell| (cell.name, place(cell).unwrap_or(usize::MAX)));
        cells.dedup_by_key(|cell| cell.name);
        cells.sort_by_key(|cell| place(cell).unwrap_or(usize::MAX));
        cells
    }

    fn reset(&mut self) {
        self.plain.reset();
        self.costly.reset();
    }
}

fn holds<'e>(condition: Option<&Expr>, row: &Row<'e>, env: Env<'e>) -> bool {
    condition.is_some_and(|condition| {
        env.caches.with_allowance(|| condition.test(&Scope { fields: row, env })) == Some(true)
    })
}

/// Some of the aggregates, and what they have seen.
struct Part<'p, 'e> {
    plan: &'p Streamstats,
    stats: &'p Stats,
    env: Env<'e>,
    /// Of all rows, where there is no window.
    groups: Groups<'e>,
    recent: Recent<'e>,
    /// The last columns of each group.
    columns: HashMap<&'e [u8], &'e [Cell<'e>], KeyHasher>,
    scratch: Bump,
    /// Bytes of state that may still be gone through.
    left_bytes: usize,
    counts_bytes: bool,
}

impl<'p, 'e> Part<'p, 'e> {
    fn new(plan: &'p Streamstats, stats: &'p Stats, left_bytes: usize, env: Env<'e>) -> Self {
        Self {
            plan,
            stats,
            env,
            groups: Groups::new_in(env.bump, &KeyHasher::default()),
            recent: Recent::default(),
            columns: HashMap::default(),
            scratch: Bump::new(),
            left_bytes,
            counts_bytes: left_bytes < usize::MAX,
        }
    }

    fn is_exhausted(&self) -> bool {
        self.left_bytes == 0
    }

    fn reset(&mut self) {
        self.groups = Groups::new_in(self.env.bump, &KeyHasher::default());
        self.recent = Recent::default();
    }

    /// The columns of a row.
    fn step(&mut self, row: &Row<'e>, key: &'e [u8], rank: Rank) -> &'e [Cell<'e>] {
        if self.stats.aggregates.is_empty() {
            return &[];
        }
        if self.is_exhausted() {
            return self.columns.get(key).copied().unwrap_or_default();
        }
        if self.plan.window.is_bounded() {
            let kept = Kept {
                key,
                rank,
                time_s: row.get(Names::TIME).number(),
                inputs: self.stats.inputs(row, self.env).printed(self.env.bump),
            };
            self.step_in_window(kept)
        } else {
            self.step_in_all(row, key, rank)
        }
    }

    fn step_in_all(&mut self, row: &Row<'e>, key: &'e [u8], rank: Rank) -> &'e [Cell<'e>] {
        if self.plan.includes_current {
            self.take(row, rank);
        }
        let id = self.stats.open(&mut self.groups, key);
        let scratch = std::mem::take(&mut self.scratch);
        let (cells, bytes) = {
            let group = self.groups.group(id);
            let mut cells = BumpVec::new_in(&scratch);
            let env = Env { bump: &scratch, ..self.env };
            self.stats.add_columns(&mut cells, group, MAX_COLUMNS, env);
            (kept_columns(&mut self.columns, key, &cells, self.env.bump), group.bytes())
        };
        self.spend(bytes, scratch);
        if !self.plan.includes_current {
            self.take(row, rank);
        }
        cells
    }

    /// Takes a row in and counts the bytes that it took.
    fn take(&mut self, row: &Row<'e>, rank: Rank) {
        let before = self.groups.store().held_bytes();
        let ids = self.stats.update_at(rank, &mut self.groups, row, self.env);
        let bytes = self.groups.store().held_bytes() - before;
        for &id in ids {
            self.groups.group_mut(id).grow(bytes);
        }
    }

    fn step_in_window(&mut self, kept: Kept<'e>) -> &'e [Cell<'e>] {
        let (window, key, time_s) = (self.plan.window, kept.key, kept.time_s);
        let recent = self.recent.of(window, key);
        expire(recent, window, time_s);
        if self.plan.includes_current {
            keep(recent, window, kept);
        }
        let scratch = std::mem::take(&mut self.scratch);
        let cells = {
            let mut groups = Groups::new_in(&scratch, &KeyHasher::fixed());
            let id = self.stats.open(&mut groups, key);
            for kept in recent.iter().filter(|kept| kept.key == key) {
                let names = self.env.names;
                self.stats.take_in(&[id], kept.rank, &kept.inputs, &mut groups, names, &scratch);
            }
            let mut cells = BumpVec::new_in(&scratch);
            let env = Env { bump: &scratch, ..self.env };
            let group = groups.group(id);
            self.stats.add_columns(&mut cells, group, MAX_COLUMNS, env);
            kept_columns(&mut self.columns, key, &cells, self.env.bump)
        };
        if !self.plan.includes_current {
            keep(recent, window, kept);
        }
        let bytes = scratch.allocated_bytes() - scratch.chunk_capacity();
        self.spend(bytes, scratch);
        cells
    }

    fn spend(&mut self, bytes: usize, mut scratch: Bump) {
        if self.counts_bytes {
            self.left_bytes = self.left_bytes.saturating_sub(bytes);
        }
        scratch.reset();
        self.scratch = scratch;
    }
}

/// Copies columns, unless they are those that the group had before.
fn kept_columns<'e>(
    columns: &mut HashMap<&'e [u8], &'e [Cell<'e>], KeyHasher>,
    key: &'e [u8],
    cells: &[Cell<'_>],
    bump: &'e Bump,
) -> &'e [Cell<'e>] {
    let last = columns.entry(key).or_default();
    if *last != cells {
        let copies = cells.iter().map(|cell| Cell {
            name: copied_name(cell.name, bump),
            value: copied_value(cell.value, bump),
        });
        *last = bump.alloc_slice_fill_iter(copies);
    }
    last
}

/// A row of a window.
#[derive(Clone, Copy)]
struct Kept<'e> {
    key: &'e [u8],
    rank: Rank,
    time_s: Option<f64>,
    inputs: Inputs<'e>,
}

/// The rows that may still count.
#[derive(Default)]
struct Recent<'e> {
    /// Of all groups.
    all: VecDeque<Kept<'e>>,
    /// Of each group.
    by_group: HashMap<&'e [u8], VecDeque<Kept<'e>>, KeyHasher>,
}

impl<'e> Recent<'e> {
    fn of(&mut self, window: Window, key: &'e [u8]) -> &mut VecDeque<Kept<'e>> {
        if window.is_apart() { self.by_group.entry(key).or_default() } else { &mut self.all }
    }
}

/// Lets rows go that are too far from a row of that time.
fn expire(rows: &mut VecDeque<Kept<'_>>, window: Window, time_s: Option<f64>) {
    let Some(length_ns) = window.time_ns else { return };
    let length_s = length_ns as f64 / SECOND_NS as f64;
    let is_near = |kept: &Kept<'_>| {
        let pair = kept.time_s.zip(time_s);
        pair.is_some_and(|(kept_s, time_s)| (time_s - kept_s).abs() < length_s)
    };
    while rows.front().is_some_and(|kept| !is_near(kept)) {
        rows.pop_front();
    }
}

fn keep<'e>(rows: &mut VecDeque<Kept<'e>>, window: Window, kept: Kept<'e>) {
    rows.push_back(kept);
    if rows.len() > window.rows.unwrap_or(MAX_WINDOW_ROWS) {
        rows.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::testing::{Lab, is_x, stats_plan};

    /// The plan of `window=2 current=f; sum(v) AS s BY g`, where `before=a` begins anew before a row whose `a` is `x`.
    fn plan(text: &str, lab: &mut Lab) -> Streamstats {
        let (options, aggregates) = text.split_once(": ").unwrap_or(("", text));
        let stats = stats_plan(aggregates, lab);
        let none = Stats { aggregates: Box::default(), ..stats.clone() };
        let mut plan = Streamstats {
            order: Box::default(),
            plain: none.clone(),
            costly: none,
            window: Window::default(),
            includes_current: true,
            resets_on_change: false,
            reset_before: None,
            reset_after: None,
        };
        for option in options.split_whitespace() {
            let (name, value) = option.split_once('=').expect("name=value");
            match name {
                "window" => plan.window.rows = value.parse().ok(),
                "time_window" => {
                    plan.window.time_ns = value.parse().ok().map(|s: i64| s * SECOND_NS)
                }
                "global" => plan.window.of_each_group = value == "f",
                "current" => plan.includes_current = value == "t",
                "change" => plan.resets_on_change = value == "t",
                "before" => plan.reset_before = Some(is_x(lab.names.intern(value))),
                "after" => plan.reset_after = Some(is_x(lab.names.intern(value))),
                _ => panic!("no option {name}"),
            }
        }
        plan.with_aggregates(stats)
    }

    /// The columns that each row gets, the rows divided by bars.
    fn run(text: &str, rows: &[&str]) -> String {
        let mut lab = Lab::new(&[]);
        let plan = plan(text, &mut lab);
        let added = plan.apply_all(lab.rows(rows), lab.env());
        let added = added.iter().zip(rows).map(|(row, given)| {
            let shown = lab.show(row);
            shown.strip_prefix(given).unwrap_or(&shown).trim_start().to_owned()
        });
        added.collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn a_row_gets_what_it_and_those_before_it_make() {
        const V: &[&str] = &["v=1", "v=3", "v=9"];
        const G: &[&str] = &["g=a v=1", "g=b v=2", "g=a v=3", "v=4", "g=a v=5"];
        let cases = [
            ("count", V, "count=1 / count=2 / count=3"),
            ("sum(v) AS s", V, "s=1 / s=4 / s=13"),
            ("current=f: count; last(v) AS p", V, "count=0 / count=1 p=1 / count=2 p=3"),
            ("window=2: avg(v) AS a", V, "a=1 / a=2 / a=6"),
            ("window=1 current=f: last(v) AS p", V, " / p=1 / p=3".trim_start_matches(' ')),
            (
                "window=2: max(v) AS m; values(v) AS all; count",
                V,
                "m=1 all=1 count=1 / m=3 all=1|3 count=2 / m=9 all=3|9 count=2",
            ),
            ("count BY g", G, "count=1 / count=1 / count=2 /  / count=3"),
            ("window=2: count BY g", G, "count=1 / count=1 / count=1 /  / count=2"),
            ("window=2 global=f: count BY g", G, "count=1 / count=1 / count=2 /  / count=2"),
            (
                "window=1 current=f global=f: last(v) AS p BY g",
                G,
                " /  / p=1 /  / p=3".trim_start_matches(' '),
            ),
            ("values(v) AS all BY g", G, "all=1 / all=2 / all=1|3 /  / all=1|3|5"),
            ("allnum; sum(v) AS s", &["v=1", "v=x", "v=2"], "s=1 /  / "),
        ];
        for (text, rows, expected) in cases {
            assert_eq!(run(text, rows).trim_start(), expected.trim_start(), "streamstats {text}");
        }
    }

    #[test]
    fn it_begins_anew_where_it_is_told() {
        const SHIFTS: &[&str] = &["s=d", "s=d", "s=n", "s=n", "s=n", "s=n", "s=d", "s=n"];
        let counts =
            |text: &str, rows: &[&str]| run(text, rows).replace("count=", "").replace(" / ", " ");
        assert_eq!(counts("change=t: count BY s", SHIFTS), "1 2 1 2 3 4 1 1");
        let marked: &[&str] = &["n=1", "n=2 a=x", "n=3", "n=4"];
        assert_eq!(counts("before=a: count", marked), "1 1 2 3");
        assert_eq!(counts("after=a: count", marked), "1 2 1 2");
        assert_eq!(counts("after=a window=3: count", marked), "1 2 1 2");
        assert_eq!(counts("before=a window=3 current=f: count", marked), "0 0 1 2");
    }

    #[test]
    fn a_window_of_time_reaches_as_far_from_each_row() {
        let rows = ["_time=30 v=1", "_time=21 v=2", "_time=20 v=3", "_time=10 v=4", "v=5"];
        assert_eq!(
            run("time_window=10: count", &rows),
            "count=1 / count=2 / count=2 / count=1 / count=1"
        );
        assert_eq!(run("time_window=10 window=1: sum(v) AS s", &rows[..2]), "s=1 / s=2");
    }

    #[test]
    fn patterns_give_their_columns_and_existing_fields_are_overwritten() {
        assert_eq!(run("sum(v*) AS all_*", &["v1=1", "v1=2 v2=5"]), "all_1=1 / all_1=3 all_2=5");
        let mut lab = Lab::new(&[]);
        let plan = plan("count AS v", &mut lab);
        let rows = plan.apply_all(lab.rows(&["v=x k=1"]), lab.env());
        assert_eq!(lab.show(&rows[0]), "v=1 k=1");
    }

    #[test]
    fn large_results_end_and_are_marked_and_small_ones_go_on() {
        let mut lab = Lab::new(&[]);
        let plan = plan("count; values(v) AS all", &mut lab);
        let lines: Vec<String> = (0..4_000).map(|v| format!("v={v:08000}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let rows = plan.apply_all(lab.rows(&lines), lab.env());
        let (first, last) = (&rows[0], rows.last().expect("there are rows"));
        assert!(!first.is_truncated() && last.is_truncated());
        let [count, all] =
            ["count", "all"].map(|name| last.get_name(lab.names.name(name.as_bytes())));
        assert_eq!(count.number(), Some(4_000.0));
        assert!((1..4_000).contains(&all.count()), "{}", all.count());
    }

    proptest! {
        /// Looks back over all rows before each.
        #[test]
        fn every_window_holds_what_an_eye_would_find(
            rows in prop::collection::vec((prop::option::of(0_u8..3), 0_u8..5), 0..20),
            window in 0_usize..4,
            is_global: bool,
            is_current: bool,
        ) {
            let text = |&(group, value): &(Option<u8>, u8)| match group {
                Some(group) => format!("g={group} v={value}"),
                None => format!("v={value}"),
            };
            let lines: Vec<_> = rows.iter().map(text).collect();
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let option = |is_on| if is_on { "t" } else { "f" };
            let window_option = if window > 0 { format!("window={window}") } else { String::new() };
            let text = format!(
                "{window_option} global={} current={}: count; sum(v) AS s BY g",
                option(is_global),
                option(is_current)
            );
            let expected = (0..rows.len()).map(|index| {
                let (Some(group), _) = rows[index] else { return String::new() };
                let end = if is_current { index + 1 } else { index };
                let grouped = rows[..end].iter().filter(|row| row.0.is_some());
                let is_same = |row: &&(Option<u8>, u8)| row.0 == Some(group);
                let all = if window > 0 { window } else { usize::MAX };
                let seen: Vec<_> = match is_global {
                    true => grouped.rev().take(all).filter(is_same).collect(),
                    false => grouped.rev().filter(is_same).take(all).collect(),
                };
                let sum: u32 = seen.iter().map(|row| u32::from(row.1)).sum();
                match seen.len() {
                    0 => "count=0".to_owned(),
                    count => format!("count={count} s={sum}"),
                }
            });
            prop_assert_eq!(run(&text, &lines), expected.collect::<Vec<_>>().join(" / "));
        }
    }
}

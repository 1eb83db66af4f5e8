//! What a rule keeps of one window: one arena, thrown away whole.
//!
//! A [`Window`] owns its arena and what lives in it; `self_cell` ties the two together, so that no line of ours has to
//! promise that an arena outlives its groups.
#![allow(
    unsafe_code,
    reason = "an engine moves between threads, and a reference to an arena alone may not"
)]

mod bytes;
mod merge;

use bumpalo::{Bump, collections::Vec as BumpVec};
use self_cell::self_cell;

use super::{Groups, KeyHasher};
use crate::{
    compiled::{Branched, Lane, Purpose, Reduce},
    config::SECOND_NS,
    expr::branch::Branch as Found,
    ids::{GroupId, RuleId},
    names::{Name, Names},
    row::{Cell, Env, Fields, Rank, Remains, Row},
    stage::{self, stats::Stats},
    value::Value,
};

/// Which window of which rule. The order is the order in which windows close.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// The end of the window in event time; `i64::MAX` where it is all time.
    pub(crate) end_ns: i64,
    /// The rule.
    pub(crate) rule: RuleId,
    /// The start of the window in event time; `i64::MIN` where it is all time.
    pub(crate) start_ns: i64,
    /// The host whose watermark alone closes it.
    pub(crate) host: Option<Box<[u8]>>,
}

impl Slot {
    /// The window of a rule over all time.
    #[must_use]
    pub(crate) fn all_time(rule: RuleId) -> Self {
        Self { end_ns: i64::MAX, rule, start_ns: i64::MIN, host: None }
    }

    /// Stands before every slot of a rule.
    #[must_use]
    pub(crate) fn first(rule: RuleId) -> Self {
        Self { end_ns: i64::MIN, rule, start_ns: i64::MIN, host: None }
    }

    /// The start, unless the window is all time.
    #[must_use]
    pub(crate) fn bounded_start_ns(&self) -> Option<i64> {
        (self.start_ns != i64::MIN).then_some(self.start_ns)
    }

    /// Start and end in epoch seconds, unless the window is all time.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a double holds today's time to a quarter microsecond"
    )]
    pub(crate) fn bounds_s(&self) -> Option<(f64, f64)> {
        let seconds = |time_ns: i64| time_ns as f64 / SECOND_NS as f64;
        self.bounded_start_ns().map(|start_ns| (seconds(start_ns), seconds(self.end_ns)))
    }
}

self_cell!(
    /// What one rule keeps of the events of one window.
    pub(crate) struct Window {
        owner: Bump,

        #[covariant]
        dependent: Contents,
    }
);

// SAFETY: a window owns its arena and everything that refers to it, so they move to another thread together; an arena
// may be sent, and the references into it are all behind this window's own borrows. What the arena holds is plain bytes,
// numbers and bumpalo vectors, none of them tied to a thread.
unsafe impl Send for Window {}

/// What lives in a window's arena.
enum Contents<'w> {
    /// Groups and their accumulators.
    Groups(Groups<'w>),
    /// The rows themselves.
    Rows(BumpVec<'w, KeptRow<'w>>),
    /// What each branch keeps, by its id, and last what the rule's own pipeline does.
    Lanes(BumpVec<'w, Contents<'w>>),
}

/// A row that outlives its event.
struct KeptRow<'w> {
    rank: Rank,
    remains: Remains<'w>,
    cells: &'w [Cell<'w>],
}

impl<'w> Contents<'w> {
    fn empty(bump: &'w Bump, reduce: &Reduce, hasher: &KeyHasher) -> Self {
        match reduce {
            Reduce::Stats(_) => Self::Groups(Groups::new_in(bump, hasher)),
            Reduce::Collect => Self::Rows(BumpVec::new_in(bump)),
            Reduce::Branched(branched) => {
                let lanes = branched.lanes().map(|reduce| Self::empty(bump, reduce, hasher));
                Self::Lanes(BumpVec::from_iter_in(lanes, bump))
            }
        }
    }

    /// Takes in a row that came down a pipeline; which groups it went into, where those are the rule's only ones.
    fn update<'e>(
        &mut self,
        reduce: &Reduce,
        lane: Lane,
        row: &Row<'e>,
        env: Env<'e>,
        bump: &'w Bump,
    ) -> &'e [GroupId] {
        match (self, reduce) {
            (Self::Groups(groups), Reduce::Stats(stats)) => stats.update(groups, row, env),
            (Self::Rows(rows), Reduce::Collect) => {
                rows.push(keep(row, bump));
                &[]
            }
            (Self::Lanes(lanes), Reduce::Branched(branched)) => {
                let index = branched.index(lane);
                lanes[index].update(branched.reduce(index), Lane::Own, row, env, bump);
                &[]
            }
            _ => unreachable!("{FOR_ITS_RULE}"),
        }
    }

    fn rows(&'w self, reduce: &Reduce, env: Env<'w>) -> Vec<Row<'w>> {
        match (self, reduce) {
            (Self::Groups(groups), Reduce::Stats(stats)) => stats.finish(groups, env),
            (Self::Rows(rows), Reduce::Collect) => ordered(rows, env),
            (Self::Lanes(lanes), Reduce::Branched(branched)) => {
                lanes.last().map_or_else(Vec::new, |own| own.rows(&branched.own, env))
            }
            _ => unreachable!("{FOR_ITS_RULE}"),
        }
    }

    fn cut_rows(&self) -> u64 {
        match self {
            Self::Groups(groups) => groups.cut_rows(),
            Self::Rows(_) => 0,
            Self::Lanes(lanes) => lanes.iter().map(Self::cut_rows).sum(),
        }
    }
}

impl Window {
    /// A window without rows; `bump` is empty.
    #[must_use]
    pub(crate) fn empty(bump: Bump, reduce: &Reduce, hasher: &KeyHasher) -> Self {
        Self::new(bump, |bump| Contents::empty(bump, reduce, hasher))
    }

    /// Bytes that it holds, and about what the maps that lead to it do. What its arena has in reserve, at most as much
    /// again, is not counted.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        /// The first chunk of an arena and the entries of the maps.
        const OVERHEAD_BYTES: usize = 1024;
        let bump = self.borrow_owner();
        OVERHEAD_BYTES + bump.allocated_bytes() - bump.chunk_capacity()
    }

    /// Takes in a row that came down a pipeline of its rule, and tells which groups it went into, where the rule has no
    /// branches.
    pub(crate) fn update<'e>(
        &mut self,
        reduce: &Reduce,
        lane: Lane,
        row: &Row<'e>,
        env: Env<'e>,
    ) -> &'e [GroupId] {
        let before = self.bytes();
        let grown =
            self.with_dependent_mut(|bump, contents| contents.update(reduce, lane, row, env, bump));
        if let Some(&group) = grown.last() {
            let bytes = self.bytes() - before;
            self.change_groups(|groups| groups.group_mut(group).grow(bytes));
        }
        grown
    }

    /// Takes in some groups of another window of the same rule.
    pub(crate) fn adopt(&mut self, stats: &Stats, other: &Self, ids: &[GroupId]) {
        let Some(others) = other.groups() else { return };
        for &id in ids {
            let before = self.bytes();
            self.change_groups(|groups| stats.merge_group(groups, others.group(id)));
            let bytes = self.bytes() - before;
            self.change_groups(|groups| {
                let id = groups.find(others.group(id).key()).expect("merged above");
                groups.group_mut(id).grow(bytes);
            });
        }
    }

    /// Makes `values` and `list` of some groups take no more; how many groups did before.
    pub(crate) fn truncate(&mut self, grown: &[GroupId]) -> usize {
        let mut truncated = 0;
        self.change_groups(|groups| {
            truncated = grown.iter().filter(|&&id| groups.group_mut(id).truncate()).count();
        });
        truncated
    }

    fn change_groups(&mut self, change: impl FnOnce(&mut Groups<'_>)) {
        self.with_dependent_mut(|_, contents| match contents {
            Contents::Groups(groups) => change(groups),
            Contents::Rows(_) | Contents::Lanes(_) => {}
        });
    }

    /// Its groups; `None` where it keeps rows, or what several pipelines make.
    #[must_use]
    pub(crate) fn groups(&self) -> Option<&Groups<'_>> {
        match self.borrow_dependent() {
            Contents::Groups(groups) => Some(groups),
            Contents::Rows(_) | Contents::Lanes(_) => None,
        }
    }

    /// How many rows were not put into every group that they belong to.
    pub(crate) fn cut_rows(&self) -> u64 {
        self.borrow_dependent().cut_rows()
    }

    /// Its rows, in the order of the search: of groups by key, else as the events came. Of a rule with branches those of its
    /// own pipeline.
    #[must_use]
    pub(crate) fn rows<'w>(&'w self, reduce: &Reduce, env: Env<'w>) -> Vec<Row<'w>> {
        self.borrow_dependent().rows(reduce, env)
    }

    /// What the branches of its rule found, and how many rows of theirs were too many. A branch that stands in another is
    /// finished before it.
    #[must_use]
    pub(crate) fn branches<'w>(&'w self, reduce: &Reduce, env: Env<'w>) -> (&'w [Found<'w>], u64) {
        let (Contents::Lanes(lanes), Reduce::Branched(branched)) =
            (self.borrow_dependent(), reduce)
        else {
            return (&[], 0);
        };
        let (mut found, mut cut_rows): (&[Found<'w>], u64) = (&[], 0);
        for (branch, contents) in branched.branches.iter().zip(lanes) {
            let env = Env { branches: found, ..env };
            let mut rows = stage::run(&branch.finish, contents.rows(&branch.reduce, env), env);
            cut_rows += rows.len().saturating_sub(branch.most_rows) as u64;
            rows.truncate(branch.most_rows);
            let next = match branch.purpose {
                Purpose::Rows => Found::of_rows(&rows, env),
                Purpose::Tests => Found::of_tests(&rows, env),
            };
            found = env.bump.alloc_slice_fill_iter([found, &[next]].concat());
        }
        (found, cut_rows)
    }

    /// The rows of those groups that another window of the same rule has, too; by key.
    #[must_use]
    pub(crate) fn rows_shared_with<'w>(
        &'w self,
        other: &Self,
        stats: &Stats,
        env: Env<'w>,
    ) -> Vec<Row<'w>> {
        let (Some(groups), Some(others)) = (self.groups(), other.groups()) else {
            return Vec::new();
        };
        let shared = others.sorted().into_iter();
        let shared = shared.filter_map(|id| groups.find(others.group(id).key()));
        shared.filter_map(|id| stats.finish_group(groups, id, Rank::default(), env)).collect()
    }

    /// The rows of some groups, by key.
    #[must_use]
    pub(crate) fn rows_of<'w>(
        &'w self,
        ids: &[GroupId],
        stats: &Stats,
        env: Env<'w>,
    ) -> Vec<Row<'w>> {
        let Some(groups) = self.groups() else { return Vec::new() };
        let mut ids = ids.to_vec();
        ids.sort_unstable_by_key(|&id| groups.group(id).key());
        let ranked = ids.into_iter().zip(0..);
        ranked
            .filter_map(|(id, offset)| {
                stats.finish_group(groups, id, Rank { offset, ..Rank::default() }, env)
            })
            .collect()
    }
}

impl Branched {
    /// How each pipeline reduces: the branches, then the rule's own.
    fn lanes(&self) -> impl Iterator<Item = &Reduce> {
        let branches = self.branches.iter().map(|branch| &branch.reduce);
        branches.chain([&self.own])
    }

    fn reduce(&self, index: usize) -> &Reduce {
        self.branches.get(index).map_or(&self.own, |branch| &branch.reduce)
    }

    fn index(&self, lane: Lane) -> usize {
        match lane {
            Lane::Own => self.branches.len(),
            Lane::Branch(branch) => branch.index(),
        }
    }
}

const FOR_ITS_RULE: &str = "a window is made for the reducing command of its rule";

/// A row that borrows nothing but `env`, so that the window it came from may change.
#[must_use]
pub(crate) fn copy_row<'b>(row: &Row<'_>, env: Env<'b>) -> Row<'b> {
    let group = env.bump.alloc_slice_copy(row.group());
    thaw(&keep(row, env.bump), env).of_group(group).truncated(row.is_truncated())
}

fn ordered<'w>(rows: &'w [KeptRow<'w>], env: Env<'w>) -> Vec<Row<'w>> {
    let mut sorted: Vec<&KeptRow<'w>> = rows.iter().collect();
    sorted.sort_by_key(|row| row.rank);
    let row = |kept: &KeptRow<'w>| {
        let group = env.bump.alloc_str(&kept.rank.ordinal());
        thaw(kept, env).of_group(group.as_bytes())
    };
    sorted.into_iter().map(row).collect()
}

fn thaw<'w>(kept: &KeptRow<'w>, env: Env<'w>) -> Row<'w> {
    let mut row = Row::empty(env.bump, kept.rank).with_remains(kept.remains);
    kept.cells.iter().for_each(|cell| row.push(cell.name, cell.value));
    row
}

/// Copies every field of `row` into the arena of a window.
fn keep<'w>(row: &Row<'_>, bump: &'w Bump) -> KeptRow<'w> {
    let mut cells = BumpVec::new_in(bump);
    row.visit(|name, value| {
        cells.push(Cell { name: copied_name(name, bump), value: copied_value(value, bump) });
    });
    KeptRow { rank: row.rank(), remains: remains(row, bump), cells: cells.into_bump_slice() }
}

fn remains<'w>(row: &Row<'_>, bump: &'w Bump) -> Remains<'w> {
    let mut texts = BumpVec::new_in(bump);
    if row.get(Names::RAW).is_null() {
        row.any_raw_text(&mut |text| {
            texts.push(&*bump.alloc_slice_copy(text));
            false
        });
    }
    let event_id = row.event_id().map(|id| &*bump.alloc_slice_copy(id));
    Remains { event_id, texts: texts.into_bump_slice() }
}

/// A name that lives as long as `bump`.
pub(crate) fn copied_name<'w>(name: Name<'_>, bump: &'w Bump) -> Name<'w> {
    match name {
        Name::Known(field) => Name::Known(field),
        Name::Other(text) => Name::Other(bump.alloc_slice_copy(text)),
    }
}

/// A value that lives as long as `bump`.
pub(crate) fn copied_value<'w>(value: Value<'_>, bump: &'w Bump) -> Value<'w> {
    let copied = |text: &[u8]| &*bump.alloc_slice_copy(text);
    match value {
        Value::Null => Value::Null,
        Value::Number(number) => Value::Number(number),
        Value::Bool(truth) => Value::Text(if truth { b"True" } else { b"False" }),
        Value::Text(text) => Value::Text(copied(text)),
        Value::List(texts) => {
            Value::List(bump.alloc_slice_fill_iter(texts.iter().map(|text| copied(text))))
        }
    }
}

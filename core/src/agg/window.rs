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
    compiled::Reduce,
    config::SECOND_NS,
    ids::{GroupId, RuleId},
    names::Name,
    row::{Cell, Env, Rank, Row},
    stage::stats::Stats,
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
}

/// A row that outlives its event.
struct KeptRow<'w> {
    rank: Rank,
    cells: &'w [Cell<'w>],
}

impl Window {
    /// A window without rows; `bump` is empty.
    #[must_use]
    pub(crate) fn empty(bump: Bump, reduce: &Reduce, hasher: &KeyHasher) -> Self {
        Self::new(bump, |bump| match reduce {
            Reduce::Stats(_) => Contents::Groups(Groups::new_in(bump, hasher)),
            Reduce::Collect => Contents::Rows(BumpVec::new_in(bump)),
        })
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

    /// Takes a row in, and tells which groups it went into.
    pub(crate) fn update<'e>(
        &mut self,
        reduce: &Reduce,
        row: &Row<'e>,
        env: Env<'e>,
    ) -> &'e [GroupId] {
        let before = self.bytes();
        let grown: &[GroupId] =
            self.with_dependent_mut(|bump, contents| match (contents, reduce) {
                (Contents::Groups(groups), Reduce::Stats(stats)) => stats.update(groups, row, env),
                (Contents::Rows(rows), _) => {
                    rows.push(keep(row, bump));
                    &[]
                }
                (Contents::Groups(_), Reduce::Collect) => unreachable!("{FOR_ITS_RULE}"),
            });
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
            Contents::Rows(_) => {}
        });
    }

    /// Its groups; `None` where it keeps rows.
    #[must_use]
    pub(crate) fn groups(&self) -> Option<&Groups<'_>> {
        match self.borrow_dependent() {
            Contents::Groups(groups) => Some(groups),
            Contents::Rows(_) => None,
        }
    }

    /// How many rows were not put into every group that they belong to.
    pub(crate) fn cut_rows(&self) -> u64 {
        self.groups().map_or(0, Groups::cut_rows)
    }

    /// Its rows, in the order of the search: of groups by key, else as the events came.
    #[must_use]
    pub(crate) fn rows<'w>(&'w self, reduce: &Reduce, env: Env<'w>) -> Vec<Row<'w>> {
        match (self.borrow_dependent(), reduce) {
            (Contents::Groups(groups), Reduce::Stats(stats)) => stats.finish(groups, env),
            (Contents::Rows(rows), _) => ordered(rows, env),
            (Contents::Groups(_), Reduce::Collect) => unreachable!("{FOR_ITS_RULE}"),
        }
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
    let mut row = Row::empty(env.bump, kept.rank);
    kept.cells.iter().for_each(|cell| row.push(cell.name, cell.value));
    row
}

/// Copies every field of `row` into the arena of a window.
fn keep<'w>(row: &Row<'_>, bump: &'w Bump) -> KeptRow<'w> {
    let mut cells = BumpVec::new_in(bump);
    row.visit(|name, value| {
        cells.push(Cell { name: copied_name(name, bump), value: copied_value(value, bump) });
    });
    KeptRow { rank: row.rank(), cells: cells.into_bump_slice() }
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

//! Open windows: one arena each, thrown away whole when the window closes.
//!
//! A [`Window`] owns its arena and what lives in it; `self_cell` ties the two together, so that no line of ours has to
//! promise that an arena outlives its groups. Arenas are pooled: a closed window's is reset and serves the next one.
#![allow(
    unsafe_code,
    reason = "an engine moves between threads, and a reference to an arena alone may not"
)]

use std::collections::BTreeMap;

use bumpalo::{Bump, collections::Vec as BumpVec};
use self_cell::self_cell;

use super::{Groups, KeyHasher};
use crate::{
    compiled::Reduce,
    config::SECOND_NS,
    ids::RuleId,
    names::Name,
    row::{Cell, Env, Rank, Row},
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

    /// Its arena.
    #[must_use]
    pub(crate) fn bump(&self) -> &Bump {
        self.borrow_owner()
    }

    fn update<'e>(&mut self, reduce: &Reduce, row: &Row<'e>, env: Env<'e>) {
        self.with_dependent_mut(|bump, contents| match (contents, reduce) {
            (Contents::Groups(groups), Reduce::Stats(stats)) => {
                stats.update(groups, row, env);
            }
            (Contents::Rows(rows), _) => rows.push(keep(row, bump, env)),
            (Contents::Groups(_), Reduce::Collect) => {
                unreachable!("a window is made for the reducing command of its rule")
            }
        });
    }

    /// Its rows, in the order of the search: of groups by key, else as the events came.
    #[must_use]
    pub(crate) fn rows<'w>(&'w self, reduce: &Reduce, env: Env<'w>) -> Vec<Row<'w>> {
        match (self.borrow_dependent(), reduce) {
            (Contents::Groups(groups), Reduce::Stats(stats)) => stats.finish(groups, env),
            (Contents::Rows(rows), _) => ordered(rows, env),
            (Contents::Groups(_), Reduce::Collect) => {
                unreachable!("a window is made for the reducing command of its rule")
            }
        }
    }
}

fn ordered<'w>(rows: &'w [KeptRow<'w>], env: Env<'w>) -> Vec<Row<'w>> {
    let mut sorted: Vec<&KeptRow<'w>> = rows.iter().collect();
    sorted.sort_by_key(|row| row.rank);
    let thaw = |kept: &&KeptRow<'w>| {
        let mut row = Row::empty(env.bump, kept.rank);
        kept.cells.iter().for_each(|cell| row.push(cell.name, cell.value));
        row
    };
    sorted.iter().map(thaw).collect()
}

/// Copies every field of `row` into the arena of a window.
fn keep<'w>(row: &Row<'_>, bump: &'w Bump, env: Env<'_>) -> KeptRow<'w> {
    let mut cells = BumpVec::new_in(bump);
    row.visit(|name, value| {
        let name = match name {
            Name::Known(field) => Name::Known(field),
            Name::Other(text) => Name::Other(bump.alloc_slice_copy(text)),
        };
        cells.push(Cell { name, value: copied(value, bump, env) });
    });
    KeptRow { rank: row.rank(), cells: cells.into_bump_slice() }
}

fn copied<'w>(value: Value<'_>, bump: &'w Bump, env: Env<'_>) -> Value<'w> {
    match value {
        Value::Number(number) => Value::Number(number),
        other => {
            let texts = other.texts(env.bump).iter().map(|text| &*bump.alloc_slice_copy(text));
            Value::from_list(BumpVec::from_iter_in(texts, bump).into_bump_slice())
        }
    }
}

/// The open windows of an engine.
#[derive(Default)]
pub(crate) struct Windows {
    open: BTreeMap<Slot, Window>,
    pool: Vec<Bump>,
    hasher: KeyHasher,
    bytes: usize,
}

/// So many arenas wait for their next window.
const MAX_POOLED: usize = 64;

/// An arena that grew beyond this is given back to the allocator.
const MAX_POOLED_BYTES: usize = 1 << 20;

impl Windows {
    /// Whether none is open.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Bytes that the open windows' arenas hold.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The open windows, the first to close first.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.open.keys()
    }

    /// Takes a row into a window, which is opened if need be.
    pub(crate) fn update<'e>(&mut self, slot: &Slot, reduce: &Reduce, row: &Row<'e>, env: Env<'e>) {
        if !self.open.contains_key(slot) {
            let window = self.make(reduce);
            self.bytes += window.bump().allocated_bytes();
            self.open.insert(slot.clone(), window);
        }
        let window = self.open.get_mut(slot).expect("opened above");
        let before = window.bump().allocated_bytes();
        window.update(reduce, row, env);
        self.bytes += window.bump().allocated_bytes() - before;
    }

    /// A window without rows that is not open.
    #[must_use]
    pub(crate) fn make(&mut self, reduce: &Reduce) -> Window {
        Window::empty(self.pool.pop().unwrap_or_default(), reduce, &self.hasher)
    }

    /// Takes a window out.
    pub(crate) fn take(&mut self, slot: &Slot) -> Option<Window> {
        let window = self.open.remove(slot)?;
        self.bytes -= window.bump().allocated_bytes();
        Some(window)
    }

    /// Gives the arena of a closed window back.
    pub(crate) fn recycle(&mut self, window: Window) {
        let mut bump = window.into_owner();
        if self.pool.len() < MAX_POOLED && bump.allocated_bytes() <= MAX_POOLED_BYTES {
            bump.reset();
            self.pool.push(bump);
        }
    }
}

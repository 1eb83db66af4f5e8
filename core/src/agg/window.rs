//! Open windows: one arena each, thrown away whole when the window closes.
//!
//! A [`Window`] owns its arena and what lives in it; `self_cell` ties the two together, so that no line of ours has to
//! promise that an arena outlives its groups. Arenas are pooled: a closed window's is reset and serves the next one.
#![allow(
    unsafe_code,
    reason = "an engine moves between threads, and a reference to an arena alone may not"
)]

mod bytes;
mod merge;

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
            (Contents::Rows(rows), _) => rows.push(keep(row, bump)),
            (Contents::Groups(_), Reduce::Collect) => {
                unreachable!("a window is made for the reducing command of its rule")
            }
        });
    }

    /// How many rows were not put into every group that they belong to.
    pub(crate) fn cut_rows(&self) -> u64 {
        match self.borrow_dependent() {
            Contents::Groups(groups) => groups.cut_rows(),
            Contents::Rows(_) => 0,
        }
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
fn keep<'w>(row: &Row<'_>, bump: &'w Bump) -> KeptRow<'w> {
    let mut cells = BumpVec::new_in(bump);
    row.visit(|name, value| {
        cells.push(copied(Cell { name, value }, bump));
    });
    KeptRow { rank: row.rank(), cells: cells.into_bump_slice() }
}

fn copied<'w>(cell: Cell<'_>, bump: &'w Bump) -> Cell<'w> {
    let copied = |text: &[u8]| &*bump.alloc_slice_copy(text);
    Cell {
        name: match cell.name {
            Name::Known(field) => Name::Known(field),
            Name::Other(text) => Name::Other(copied(text)),
        },
        value: match cell.value {
            Value::Null => Value::Null,
            Value::Number(number) => Value::Number(number),
            Value::Bool(truth) => Value::Text(if truth { b"True" } else { b"False" }),
            Value::Text(text) => Value::Text(copied(text)),
            Value::List(texts) => {
                Value::List(bump.alloc_slice_fill_iter(texts.iter().map(|text| copied(text))))
            }
        },
    }
}

/// The open windows of an engine.
#[derive(Default)]
pub(crate) struct Windows {
    /// Those that all hosts close together.
    of_all: BTreeMap<Slot, Window>,
    /// Those that one host closes alone. Apart for each host: an event looks at the windows of its own, however many
    /// hosts there are.
    of_hosts: BTreeMap<Box<[u8]>, BTreeMap<Slot, Window>>,
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
        self.of_all.is_empty() && self.of_hosts.is_empty()
    }

    /// Bytes that the open windows' arenas hold.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Every open window, in no order of use.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.of_all.keys().chain(self.of_hosts.values().flat_map(BTreeMap::keys))
    }

    /// The window that ends first, of those that `host` closes, or without one of those that all close.
    #[must_use]
    pub(crate) fn first(&self, host: Option<&[u8]>) -> Option<&Slot> {
        let windows = match host {
            None => &self.of_all,
            Some(host) => self.of_hosts.get(host)?,
        };
        windows.keys().next()
    }

    /// Takes a row into a window, which is opened if need be.
    pub(crate) fn update<'e>(&mut self, slot: &Slot, reduce: &Reduce, row: &Row<'e>, env: Env<'e>) {
        if self.window(slot).is_none() {
            self.open(slot, reduce);
        }
        let window = self.window(slot).expect("opened above");
        let before = window.bump().allocated_bytes();
        window.update(reduce, row, env);
        let after = window.bump().allocated_bytes();
        self.bytes += after - before;
    }

    fn window(&mut self, slot: &Slot) -> Option<&mut Window> {
        match &slot.host {
            None => self.of_all.get_mut(slot),
            Some(host) => self.of_hosts.get_mut(host)?.get_mut(slot),
        }
    }

    fn open(&mut self, slot: &Slot, reduce: &Reduce) {
        let window = self.make(reduce);
        self.insert(slot, window);
    }

    fn insert(&mut self, slot: &Slot, window: Window) {
        self.bytes += window.bump().allocated_bytes();
        let windows = match &slot.host {
            None => &mut self.of_all,
            Some(host) => self.of_hosts.entry(host.clone()).or_default(),
        };
        windows.insert(slot.clone(), window);
    }

    /// A window without rows that is not open.
    #[must_use]
    pub(crate) fn make(&mut self, reduce: &Reduce) -> Window {
        Window::empty(self.pool.pop().unwrap_or_default(), reduce, &self.hasher)
    }

    /// Takes a window out.
    pub(crate) fn take(&mut self, slot: &Slot) -> Option<Window> {
        let window = match &slot.host {
            None => self.of_all.remove(slot)?,
            Some(host) => self.take_of_host(host, slot)?,
        };
        self.bytes -= window.bump().allocated_bytes();
        Some(window)
    }

    fn take_of_host(&mut self, host: &[u8], slot: &Slot) -> Option<Window> {
        let windows = self.of_hosts.get_mut(host)?;
        let window = windows.remove(slot);
        if windows.is_empty() {
            self.of_hosts.remove(host);
        }
        window
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

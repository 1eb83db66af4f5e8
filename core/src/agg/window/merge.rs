//! Windows that were filled apart, put together.

use bumpalo::Bump;

use super::{Contents, KeptRow, Slot, Window, Windows, copied};
use crate::compiled::Reduce;

impl Windows {
    /// Every open window, in the order in which the windows of one host, or of all, close.
    pub(crate) fn into_open(self) -> impl Iterator<Item = (Slot, Window)> {
        self.of_all.into_iter().chain(self.of_hosts.into_values().flatten())
    }

    /// Takes in what a window of the same slot has seen, under another engine over the same rules.
    pub(crate) fn merge(&mut self, slot: &Slot, other: Window, reduce: &Reduce) {
        let Some(window) = self.window(slot) else { return self.insert(slot, other) };
        let before = window.bump().allocated_bytes();
        window.merge(&other, reduce);
        let after = window.bump().allocated_bytes();
        self.bytes += after - before;
        self.recycle(other);
    }
}

impl Window {
    /// Takes in what `other`, a window of the same rule, has seen. In which order windows are merged never shows, as long as
    /// no two rows stand at the same place of the same input.
    fn merge(&mut self, other: &Self, reduce: &Reduce) {
        let other = other.borrow_dependent();
        self.with_dependent_mut(|bump, contents| match (contents, other, reduce) {
            (Contents::Groups(groups), Contents::Groups(other), Reduce::Stats(stats)) => {
                stats.merge(groups, other);
            }
            (Contents::Rows(rows), Contents::Rows(other), Reduce::Collect) => {
                rows.extend(other.iter().map(|row| row.copied(bump)));
            }
            _ => unreachable!("windows of one rule are made for its reducing command"),
        });
    }
}

impl KeptRow<'_> {
    fn copied<'w>(&self, bump: &'w Bump) -> KeptRow<'w> {
        let cells = self.cells.iter().map(|&cell| copied(cell, bump));
        KeptRow { rank: self.rank, cells: bump.alloc_slice_fill_iter(cells) }
    }
}

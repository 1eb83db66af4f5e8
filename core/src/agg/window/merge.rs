//! Windows that were filled apart, put together.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Contents, KeptRow, Window, copied_name, copied_value};
use crate::{
    compiled::Reduce,
    names::{Name, Names},
    row::Cell,
    stage::stats::Stats,
};

impl Window {
    /// Takes in what `other`, a window of the same rule, has seen. In which order windows are merged never shows, as long as
    /// no two rows stand at the same place of the same input.
    pub(crate) fn merge(&mut self, other: &Self, reduce: &Reduce) {
        match reduce {
            Reduce::Stats(stats) => self.merge_groups(other, stats),
            Reduce::Collect => self.merge_rows(other),
        }
    }

    /// The same of windows that hold groups; others stay as they are.
    pub(crate) fn merge_groups(&mut self, other: &Self, stats: &Stats) {
        let Some(other) = other.groups() else { return };
        self.change_groups(|groups| stats.merge(groups, other));
    }

    fn merge_rows(&mut self, other: &Self) {
        let Contents::Rows(other) = other.borrow_dependent() else { return };
        self.with_dependent_mut(|bump, contents| match contents {
            Contents::Rows(rows) => {
                let name = |name: Name<'_>| copied_name(name, bump);
                rows.extend(other.iter().map(|row| row.copied(bump, name)));
            }
            Contents::Groups(_) => {}
        });
    }

    /// The same for a rule set that calls fields otherwise, in an empty arena. `None` where it holds groups, which know
    /// fields by their texts.
    #[must_use]
    pub(crate) fn renamed(
        &self,
        arena: impl FnOnce() -> Bump,
        [from, to]: [&Names; 2],
    ) -> Option<Self> {
        let Contents::Rows(rows) = self.borrow_dependent() else { return None };
        Some(Self::new(arena(), |bump| {
            let name = |name: Name<'_>| match to.find(from.bytes(name)) {
                Some(field) => Name::Known(field),
                None => Name::Other(bump.alloc_slice_copy(from.bytes(name))),
            };
            let rows = rows.iter().map(|row| row.copied(bump, name));
            Contents::Rows(BumpVec::from_iter_in(rows, bump))
        }))
    }
}

impl KeptRow<'_> {
    fn copied<'w>(&self, bump: &'w Bump, name: impl Fn(Name<'_>) -> Name<'w>) -> KeptRow<'w> {
        let copied =
            |cell: &Cell<'_>| Cell { name: name(cell.name), value: copied_value(cell.value, bump) };
        let cells = self.cells.iter().map(copied);
        KeptRow { rank: self.rank, cells: bump.alloc_slice_fill_iter(cells) }
    }
}

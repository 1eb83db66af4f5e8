//! Windows that were filled apart, put together.

use bumpalo::Bump;

use super::{Contents, FOR_ITS_RULE, KeptRow, Window, copied_name, copied_value};
use crate::{
    agg::KeyHasher,
    compiled::Reduce,
    names::{Name, Names},
    row::{Cell, Remains},
    stage::stats::Stats,
};

impl Window {
    /// Takes in what `other`, a window of the same rule, has seen. In which order windows are merged never shows, as long as
    /// no two rows stand at the same place of the same input.
    pub(crate) fn merge(&mut self, other: &Self, reduce: &Reduce) {
        let other = other.borrow_dependent();
        self.with_dependent_mut(|bump, contents| contents.merge(other, reduce, bump));
    }

    /// The same of windows that hold groups; others stay as they are.
    pub(crate) fn merge_groups(&mut self, other: &Self, stats: &Stats) {
        let Some(other) = other.groups() else { return };
        self.change_groups(|groups| stats.merge(groups, other));
    }

    /// The same for a rule set that calls fields otherwise, in an empty arena. `None` where it holds nothing but groups, which
    /// know fields by their texts.
    #[must_use]
    pub(crate) fn renamed(
        &self,
        arena: impl FnOnce() -> Bump,
        reduce: &Reduce,
        hasher: &KeyHasher,
        [from, to]: [&Names; 2],
    ) -> Option<Self> {
        let contents = self.borrow_dependent();
        if matches!(contents, Contents::Groups(_)) {
            return None;
        }
        Some(Self::new(arena(), |bump| {
            let mut renamed = Contents::empty(bump, reduce, hasher);
            renamed.take_in(contents, reduce, bump, &|name| match to.find(from.bytes(name)) {
                Some(field) => Name::Known(field),
                None => Name::Other(bump.alloc_slice_copy(from.bytes(name))),
            });
            renamed
        }))
    }
}

impl<'w> Contents<'w> {
    fn merge(&mut self, other: &Contents<'_>, reduce: &Reduce, bump: &'w Bump) {
        self.take_in(other, reduce, bump, &|name| copied_name(name, bump));
    }

    /// Takes in what `other` holds, with its fields called by what `name` makes of their names.
    fn take_in(
        &mut self,
        other: &Contents<'_>,
        reduce: &Reduce,
        bump: &'w Bump,
        name: &dyn Fn(Name<'_>) -> Name<'w>,
    ) {
        match (self, other, reduce) {
            (Self::Groups(groups), Contents::Groups(other), Reduce::Stats(stats)) => {
                stats.merge(groups, other);
            }
            (Self::Rows(rows), Contents::Rows(other), Reduce::Collect) => {
                rows.extend(other.iter().map(|row| row.copied(bump, name)));
            }
            (Self::Lanes(lanes), Contents::Lanes(others), Reduce::Branched(branched)) => {
                for ((lane, other), reduce) in lanes.iter_mut().zip(others).zip(branched.lanes()) {
                    lane.take_in(other, reduce, bump, name);
                }
            }
            _ => unreachable!("{FOR_ITS_RULE}"),
        }
    }
}

impl Remains<'_> {
    fn copied<'w>(&self, bump: &'w Bump) -> Remains<'w> {
        let copied = |text: &[u8]| &*bump.alloc_slice_copy(text);
        let texts = self.texts.iter().map(|text| copied(text));
        Remains { event_id: self.event_id.map(copied), texts: bump.alloc_slice_fill_iter(texts) }
    }
}

impl KeptRow<'_> {
    fn copied<'w>(&self, bump: &'w Bump, name: impl Fn(Name<'_>) -> Name<'w>) -> KeptRow<'w> {
        let copied =
            |cell: &Cell<'_>| Cell { name: name(cell.name), value: copied_value(cell.value, bump) };
        let cells = self.cells.iter().map(copied);
        let cells = bump.alloc_slice_fill_iter(cells);
        KeptRow { rank: self.rank, remains: self.remains.copied(bump), cells }
    }
}

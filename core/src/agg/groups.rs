//! The groups of one window.

use bumpalo::{Bump, collections::Vec as BumpVec};
use hashbrown::HashTable;

use super::{Accumulator, Distinct, KeyHasher, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    ids::GroupId,
    row,
};

/// The groups of one window or bucket: found by key, numbered from zero as they are first seen, never renumbered.
///
/// Everything lives in one arena. The order of groups that anyone sees is that of their keys ([`Groups::sorted`]), so it
/// depends neither on the hash nor on the order of the input.
#[derive(Debug)]
pub struct Groups<'w> {
    store: Store<'w>,
    groups: BumpVec<'w, Group<'w>>,
    table: HashTable<u32, &'w Bump>,
    cut_rows: u64,
}

/// One group: its key and a partial for each aggregate of the plan, in the plan's order.
#[derive(Debug)]
pub struct Group<'w> {
    key: &'w [u8],
    hash: u64,
    /// The time of its newest row, negated as in [`Rank`](crate::row::Rank).
    newest_first_ns: i64,
    /// Bytes of the arena that its rows have taken.
    bytes: usize,
    is_truncated: bool,
    /// The state of each aggregate.
    pub partials: BumpVec<'w, Partial<'w>>,
}

/// The state of one aggregate in one group.
#[derive(Debug)]
pub enum Partial<'w> {
    /// Of an aggregate over one field or expression.
    Single(Accumulator<'w>),
    /// Of an aggregate over a pattern: one accumulator for each field name that was met.
    PerField(Distinct<'w, Accumulator<'w>>),
}

impl<'w> Groups<'w> {
    /// No groups yet; their memory will come from `bump`.
    #[must_use]
    pub fn new_in(bump: &'w Bump, hasher: &KeyHasher) -> Self {
        Self {
            store: Store::new(bump, hasher),
            groups: BumpVec::new_in(bump),
            table: HashTable::new_in(bump),
            cut_rows: 0,
        }
    }

    /// The arena and hasher of these groups.
    #[must_use]
    pub fn store(&self) -> Store<'w> {
        self.store
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many rows would have gone into more groups than a row may.
    #[must_use]
    pub fn cut_rows(&self) -> u64 {
        self.cut_rows
    }

    /// Counts rows that were cut.
    pub fn count_cut_rows(&mut self, rows: u64) {
        self.cut_rows += rows;
    }

    /// The group of `key`, if there is one.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<GroupId> {
        self.find_hashed(key, self.store.hash(key))
    }

    /// The group of `key`, made from what `partials` gives if it is new.
    pub fn find_or_insert(
        &mut self,
        key: &[u8],
        partials: impl FnOnce(Store<'w>) -> BumpVec<'w, Partial<'w>>,
    ) -> GroupId {
        let hash = self.store.hash(key);
        if let Some(found) = self.find_hashed(key, hash) {
            return found;
        }
        let id = GroupId::new(self.groups.len());
        let key = self.store.copy(key);
        self.groups.push(Group {
            key,
            hash,
            newest_first_ns: i64::MAX,
            bytes: 0,
            is_truncated: false,
            partials: partials(self.store),
        });
        let short = u32::try_from(id.index()).expect("a GroupId holds a u32");
        self.table.insert_unique(hash, short, |&index| self.groups[index as usize].hash);
        id
    }

    /// The group of an id that these groups gave out.
    #[must_use]
    pub fn group(&self, id: GroupId) -> &Group<'w> {
        &self.groups[id.index()]
    }

    /// The same, to be changed.
    pub fn group_mut(&mut self, id: GroupId) -> &mut Group<'w> {
        &mut self.groups[id.index()]
    }

    /// Every group, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Group<'w>> {
        self.groups.iter()
    }

    /// All ids, in the order of the keys.
    #[must_use]
    pub fn sorted(&self) -> Vec<GroupId> {
        let mut ids: Vec<GroupId> = (0..self.groups.len()).map(GroupId::new).collect();
        ids.sort_unstable_by_key(|id| self.groups[id.index()].key);
        ids
    }

    /// Writes them, in the order of the keys.
    pub fn encode(&self, out: &mut Writer) {
        out.number(self.cut_rows);
        out.count(self.len());
        for id in self.sorted() {
            self.group(id).encode(out);
        }
    }

    /// Puts into these, which are none yet, what `encode` wrote; `read` reads the partials of the group of each key.
    ///
    /// # Errors
    /// If the bytes are not groups, their keys are not in order, or `read` fails.
    pub fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        mut read: impl FnMut(&[u8], &mut Reader<'_>) -> Result<BumpVec<'w, Partial<'w>>, Malformed>,
    ) -> Result<(), Malformed> {
        self.cut_rows = bytes.tally()?;
        let mut last = None;
        for _ in 0..bytes.count(Group::LEAST_BYTES)? {
            let key = bytes.text()?;
            if last.replace(key).is_some_and(|last| last >= key) {
                return Err(Malformed::new("groups are out of order"));
            }
            let before = self.store.held_bytes();
            let newest_first_ns = row::decode_negated_ns(bytes)?;
            let is_truncated = bytes.flag()?;
            let partials = read(key, bytes)?;
            let id = self.find_or_insert(key, |_| partials);
            let held_bytes = self.store.held_bytes() - before;
            let group = self.group_mut(id);
            group.hear(newest_first_ns);
            group.hear_truncated(is_truncated);
            group.grow(held_bytes);
        }
        Ok(())
    }

    fn find_hashed(&self, key: &[u8], hash: u64) -> Option<GroupId> {
        self.table
            .find(hash, |&index| self.groups[index as usize].key == key)
            .map(|&index| GroupId::new(index as usize))
    }
}

impl<'w> Group<'w> {
    /// Its BY texts, as [`encode_key`](super::encode_key) writes them.
    #[must_use]
    pub fn key(&self) -> &'w [u8] {
        self.key
    }

    /// The time of its newest row, negated as in [`Rank`](crate::row::Rank); `i64::MAX` before the first.
    #[must_use]
    pub fn newest_first_ns(&self) -> i64 {
        self.newest_first_ns
    }

    /// The fewest bytes that a group is written in: an empty key, a time and a flag.
    const LEAST_BYTES: usize = 10;

    fn encode(&self, out: &mut Writer) {
        out.text(self.key);
        out.integer(self.newest_first_ns);
        out.flag(self.is_truncated);
        self.partials.iter().for_each(|partial| partial.encode(out));
    }

    /// Takes note of the time of a row.
    pub fn hear(&mut self, newest_first_ns: i64) {
        self.newest_first_ns = self.newest_first_ns.min(newest_first_ns);
    }
}

impl Partial<'_> {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Single(accumulator) => accumulator.encode(out),
            Self::PerField(fields) => {
                fields.encode(out, |accumulator, out| accumulator.encode(out));
            }
        }
    }
}

/// What happens when memory runs out.
impl Group<'_> {
    /// Bytes of the arena that its rows have taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes note of the bytes that a row of it has taken.
    pub fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Whether its `values` and `list` may lack some.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Takes note that what goes into it lacks some values already.
    pub fn hear_truncated(&mut self, is_truncated: bool) {
        self.is_truncated |= is_truncated;
    }

    /// Makes its `values` and `list` take no more; whether any of them did before.
    pub fn truncate(&mut self) -> bool {
        let mut truncates = false;
        for partial in &mut self.partials {
            truncates |= match partial {
                Partial::Single(accumulator) => accumulator.truncate(),
                Partial::PerField(fields) => fields
                    .values_mut()
                    .fold(false, |truncates, accumulator| accumulator.truncate() | truncates),
            };
        }
        self.is_truncated |= truncates;
        truncates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(groups: &mut Groups<'_>, key: &[u8]) -> GroupId {
        groups.find_or_insert(key, |store| BumpVec::new_in(store.bump))
    }

    #[test]
    fn ids_are_contiguous_and_keys_come_out_sorted_whatever_the_seed() {
        for hasher in [KeyHasher::fixed(), KeyHasher::random()] {
            let bump = Bump::new();
            let mut groups = Groups::new_in(&bump, &hasher);
            let ids: Vec<usize> = ["b", "a", "b", "", "c", "a"]
                .map(|key| insert(&mut groups, key.as_bytes()).index())
                .into();
            assert_eq!(ids, [0, 1, 0, 2, 3, 1]);
            let keys: Vec<&[u8]> =
                groups.sorted().into_iter().map(|id| groups.group(id).key()).collect();
            assert_eq!(keys, [&b""[..], b"a", b"b", b"c"]);
        }
    }

    #[test]
    fn a_hundred_thousand_groups_are_all_found_again() {
        let bump = Bump::new();
        let mut groups = Groups::new_in(&bump, &KeyHasher::fixed());
        for number in 0..100_000_u32 {
            insert(&mut groups, &number.to_le_bytes());
        }
        assert_eq!(groups.len(), 100_000);
        for number in 0..100_000_u32 {
            let id = groups.find(&number.to_le_bytes()).expect("it was inserted");
            assert_eq!(id.index(), number as usize);
        }
        assert_eq!(groups.find(b"absent"), None);
    }

    self_cell::self_cell! {
        struct Window {
            owner: Bump,
            #[covariant]
            dependent: Groups,
        }
    }

    /// A window owns its arena, and its groups shrink to a shorter life: so they can be finished into a scratch arena.
    #[test]
    fn groups_live_in_a_cell_with_their_arena() {
        let mut window = Window::new(Bump::new(), |bump| Groups::new_in(bump, &KeyHasher::fixed()));
        window.with_dependent_mut(|_, groups| insert(groups, b"a"));
        assert_eq!(window.borrow_dependent().len(), 1);
        assert!(window.borrow_owner().allocated_bytes() > 0);
    }
}

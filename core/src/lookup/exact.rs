//! Rows by the exact texts of some columns, hashed together. The texts stay in the table: a group of equal rows is known
//! by the first of them.

use std::{
    hash::{BuildHasher, Hasher},
    ops::Range,
};

use foldhash::quality::FixedState;
use hashbrown::HashTable;

use super::table::Table;

/// Rows by the exact texts of their keys.
#[derive(Debug)]
pub(super) struct Exact {
    /// The place of each key among all keys, and its column.
    keys: Vec<(usize, usize)>,
    is_case_sensitive: bool,
    /// The places of the groups.
    by_hash: HashTable<usize>,
    groups: Vec<Group>,
    /// The rows of all groups, group by group, each in the order of the table.
    rows: Box<[u32]>,
}

/// Rows with equal keys.
#[derive(Debug)]
struct Group {
    hash: u64,
    first_row: u32,
    /// Where its rows stand.
    rows: Range<usize>,
}

impl Exact {
    /// The rows of `table` by `keys`, each the place of a key and its column. Rows with an empty key are left out.
    pub(super) fn new(table: &Table, keys: Vec<(usize, usize)>, is_case_sensitive: bool) -> Self {
        let mut exact = Self {
            keys,
            is_case_sensitive,
            by_hash: HashTable::new(),
            groups: Vec::new(),
            rows: Box::default(),
        };
        let mut grouped: Vec<(usize, u32)> =
            table.rows().filter_map(|row| Some((exact.group_of_row(table, row)?, row))).collect();
        grouped.sort_unstable();
        let mut start = 0;
        for rows in grouped.chunk_by(|left, right| left.0 == right.0) {
            exact.groups[rows[0].0].rows = start..start + rows.len();
            start += rows.len();
        }
        exact.rows = grouped.into_iter().map(|(_, row)| row).collect();
        exact
    }

    /// The rows whose keys are `texts`, which hold one for every key of the lookup.
    pub(super) fn rows(&self, table: &Table, texts: &[&[u8]]) -> &[u32] {
        let hash = self.hash(self.keys.iter().map(|&(place, _)| texts[place]));
        let group = self.find(table, hash, |place, _| texts[place]);
        group.map_or(&[], |group| &self.rows[self.groups[group].rows.clone()])
    }

    /// The group of a row, a new one if it is the first of it.
    fn group_of_row(&mut self, table: &Table, row: u32) -> Option<usize> {
        let cells = || self.keys.iter().map(|&(_, column)| table.cell(row, column));
        if cells().any(<[u8]>::is_empty) {
            return None;
        }
        let hash = self.hash(cells());
        let found = self.find(table, hash, |_, column| table.cell(row, column));
        Some(found.unwrap_or_else(|| {
            let group = self.groups.len();
            self.groups.push(Group { hash, first_row: row, rows: 0..0 });
            let groups = &self.groups;
            self.by_hash.insert_unique(hash, group, |&group| groups[group].hash);
            group
        }))
    }

    /// The group whose keys are what `text` gives for the place and the column of each.
    fn find<'t>(
        &self,
        table: &Table,
        hash: u64,
        text: impl Fn(usize, usize) -> &'t [u8],
    ) -> Option<usize> {
        let is_it = |group: &Group| {
            let cell = |column| table.cell(group.first_row, column);
            let mut keys = self.keys.iter();
            group.hash == hash
                && keys.all(|&(place, column)| self.is_equal(cell(column), text(place, column)))
        };
        self.by_hash.find(hash, |&group| is_it(&self.groups[group])).copied()
    }

    fn is_equal(&self, left: &[u8], right: &[u8]) -> bool {
        if self.is_case_sensitive { left == right } else { left.eq_ignore_ascii_case(right) }
    }

    fn hash<'t>(&self, texts: impl Iterator<Item = &'t [u8]>) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        for text in texts {
            hasher.write_usize(text.len());
            if self.is_case_sensitive {
                hasher.write(text);
            } else {
                text.iter().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
            }
        }
        hasher.finish()
    }
}

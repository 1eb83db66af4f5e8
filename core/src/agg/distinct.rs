//! A map from texts, in the order in which they came.
//!
//! Most groups see one to five distinct values of a field, so up to [`FEW`] texts are compared one by one; beyond that a
//! seeded table finds them, for an attacker may send a million.

use bumpalo::{Bump, collections::Vec as BumpVec};
use hashbrown::HashTable;

use super::Store;
use crate::codec::{Malformed, Reader, Writer};

/// Up to this many texts are searched without a table. Not measured against 4 or 16.
const FEW: usize = 8;

/// A map from distinct texts to `T`. Memory: the texts, once each, and 20 to 40 bytes a text.
#[derive(Debug)]
pub struct Distinct<'w, T> {
    entries: BumpVec<'w, (&'w [u8], T)>,
    table: Option<HashTable<u32, &'w Bump>>,
}

impl<'w, T> Distinct<'w, T> {
    /// An empty map.
    #[must_use]
    pub fn new_in(bump: &'w Bump) -> Self {
        Self { entries: BumpVec::new_in(bump), table: None }
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What stands under `text`; made and added, with a copy of the text, if it is new.
    pub fn entry(&mut self, text: &[u8], store: Store<'w>, make: impl FnOnce() -> T) -> &mut T {
        let index = self.find(text, store).unwrap_or_else(|| self.add(text, store, make()));
        &mut self.entries[index].1
    }

    /// The texts with what stands under them, first come first.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &T)> {
        self.entries.iter().map(|(text, value)| (*text, value))
    }

    /// Writes every text, and of what stands under it what `write` writes.
    pub fn encode(&self, out: &mut Writer, write: impl Fn(&T, &mut Writer)) {
        out.count(self.len());
        for (text, value) in self.iter() {
            out.text(text);
            write(value, out);
        }
    }

    /// Puts into an empty map what `encode` wrote; `read` makes what stands under each text.
    ///
    /// # Errors
    /// If the bytes are not a map, a text comes twice, or `read` fails.
    pub fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
        mut read: impl FnMut(&mut Reader<'_>) -> Result<T, Malformed>,
    ) -> Result<(), Malformed> {
        for _ in 0..bytes.count(1)? {
            let text = bytes.text()?;
            let value = read(bytes)?;
            if self.find(text, store).is_some() {
                return Err(Malformed::new("a text comes twice"));
            }
            self.add(text, store, value);
        }
        Ok(())
    }

    /// What stands under each text, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    fn find(&self, text: &[u8], store: Store<'w>) -> Option<usize> {
        match &self.table {
            None => self.entries.iter().position(|(known, _)| *known == text),
            Some(table) => table
                .find(store.hash(text), |&index| self.entries[index as usize].0 == text)
                .map(|&index| index as usize),
        }
    }

    fn add(&mut self, text: &[u8], store: Store<'w>, value: T) -> usize {
        let index = self.entries.len();
        self.entries.push((store.copy(text), value));
        if self.table.is_some() {
            self.tabulate(index, store);
        } else if self.entries.len() > FEW {
            self.table = Some(HashTable::new_in(store.bump));
            (0..=index).for_each(|index| self.tabulate(index, store));
        }
        index
    }

    fn tabulate(&mut self, index: usize, store: Store<'w>) {
        let Self { entries, table: Some(table) } = self else { return };
        let short = u32::try_from(index).expect("an arena holds fewer than 2^32 texts");
        let hash = |&index: &u32| store.hash(entries[index as usize].0);
        table.insert_unique(store.hash(entries[index].0), short, hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agg::KeyHasher;

    #[test]
    fn counts_texts_with_and_without_a_table() {
        for distinct in [1_u32, 8, 9, 10, 1_000, 100_000] {
            let bump = Bump::new();
            let store = Store::new(&bump, &KeyHasher::fixed());
            let mut map = Distinct::new_in(&bump);
            for number in (0..distinct).chain(0..distinct) {
                *map.entry(number.to_string().as_bytes(), store, || 0) += 1;
            }
            assert_eq!(map.len(), distinct as usize);
            for ((text, &count), number) in map.iter().zip(0..) {
                let number: u32 = number;
                assert_eq!((text, count), (number.to_string().as_bytes(), 2));
            }
        }
    }

    #[test]
    fn tells_the_empty_text_and_broken_utf8_apart() {
        let bump = Bump::new();
        let store = Store::new(&bump, &KeyHasher::fixed());
        let mut map = Distinct::new_in(&bump);
        for text in [&b""[..], b"\xff", b"\xff\xfe", b"\0", b""] {
            map.entry(text, store, || ());
        }
        assert_eq!(map.len(), 4);
    }
}

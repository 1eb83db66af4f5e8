//! The least of many numbers, of which one at a time changes.

/// A tournament: each number stands at a leaf, each node above holds the lesser of its two. A change costs the height of the
/// tree, the least is at its root, and once the tree has its size nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct Least {
    /// The root is at 1, the children of a node at twice its place; the leaves are the second half.
    nodes: Vec<i64>,
}

/// Where no number stands.
const NONE: i64 = i64::MAX;

impl Least {
    /// Puts `number` at `index`; the largest `i64` counts as the one before it.
    pub(super) fn set(&mut self, index: usize, number: i64) {
        self.make_room(index);
        self.put(index, number.min(NONE - 1));
    }

    /// Takes the number at `index` away.
    pub(super) fn clear(&mut self, index: usize) {
        if index < self.nodes.len() / 2 {
            self.put(index, NONE);
        }
    }

    /// The least number; `None` where there is none.
    pub(super) fn get(&self) -> Option<i64> {
        self.nodes.get(1).copied().filter(|&least| least != NONE)
    }

    fn put(&mut self, index: usize, number: i64) {
        let mut at = self.nodes.len() / 2 + index;
        self.nodes[at] = number;
        while at > 1 {
            at /= 2;
            self.nodes[at] = self.nodes[2 * at].min(self.nodes[2 * at + 1]);
        }
    }

    fn make_room(&mut self, index: usize) {
        let leaves = self.nodes.len() / 2;
        if index < leaves {
            return;
        }
        let old = std::mem::take(&mut self.nodes);
        self.nodes = vec![NONE; 2 * (index + 1).next_power_of_two()];
        for (index, &number) in old[leaves..].iter().enumerate() {
            self.put(index, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_least_of_all_that_stand(changes in prop::collection::vec((0..40_usize, prop::option::of(-9..9_i64)), 0..200)) {
            let mut least = Least::default();
            let mut standing = BTreeMap::new();
            for (index, number) in changes {
                match number {
                    Some(number) => {
                        least.set(index, number);
                        standing.insert(index, number);
                    }
                    None => {
                        least.clear(index);
                        standing.remove(&index);
                    }
                }
                prop_assert_eq!(least.get(), standing.values().min().copied());
            }
        }
    }

    #[test]
    fn the_largest_number_is_a_number() {
        let mut least = Least::default();
        assert_eq!(least.get(), None);
        least.set(0, i64::MAX);
        assert_eq!(least.get(), Some(i64::MAX - 1));
    }
}

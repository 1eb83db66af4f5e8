//! Who was heard longest ago: a list in the order of the last hearing, threaded through a table.

/// Indices of a table in the order in which they were last touched. Every step costs the same however many there are.
#[derive(Debug, Default)]
pub(super) struct Recency {
    links: Vec<Link>,
    oldest: Option<usize>,
    newest: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Link {
    before: Option<usize>,
    after: Option<usize>,
}

impl Recency {
    /// The one that was touched longest ago.
    pub(super) fn oldest(&self) -> Option<usize> {
        self.oldest
    }

    /// The one that was touched next after `index`.
    pub(super) fn after(&self, index: usize) -> Option<usize> {
        self.links[index].after
    }

    /// Makes a new index the newest: the least that was never used.
    pub(super) fn add(&mut self) -> usize {
        let index = self.links.len();
        self.links.push(Link::default());
        self.append(index);
        index
    }

    /// Makes `index` the newest.
    pub(super) fn touch(&mut self, index: usize) {
        if self.newest == Some(index) {
            return;
        }
        let Link { before, after } = self.links[index];
        match before {
            Some(before) => self.links[before].after = after,
            None => self.oldest = after,
        }
        if let Some(after) = after {
            self.links[after].before = before;
        }
        self.append(index);
    }

    fn append(&mut self, index: usize) {
        self.links[index] = Link { before: self.newest, after: None };
        match self.newest {
            Some(newest) => self.links[newest].after = Some(index),
            None => self.oldest = Some(index),
        }
        self.newest = Some(index);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_last_touch(touches in prop::collection::vec(0..8_usize, 0..100)) {
            let mut recency = Recency::default();
            let mut expected: Vec<usize> = (0..8).map(|_| recency.add()).collect();
            for index in touches {
                recency.touch(index);
                expected.retain(|&other| other != index);
                expected.push(index);
                let order: Vec<usize> =
                    std::iter::successors(recency.oldest(), |&index| recency.after(index)).collect();
                prop_assert_eq!(&order, &expected);
            }
        }
    }
}

//! A set of rules, as bits.

use crate::ids::RuleId;

/// The rules that an event could match. Made once per engine and reused for every event.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidates {
    words: Vec<u64>,
}

impl Clone for Candidates {
    fn clone(&self) -> Self {
        Self { words: self.words.clone() }
    }

    /// Without an allocation, where both are of as many rules.
    fn clone_from(&mut self, other: &Self) {
        self.words.clone_from(&other.words);
    }
}

impl Candidates {
    /// The empty set over `rules` rules.
    #[must_use]
    pub fn new(rules: usize) -> Self {
        Self { words: vec![0; rules.div_ceil(64)] }
    }

    /// Removes every rule.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Adds a rule.
    pub fn insert(&mut self, rule: RuleId) {
        self.words[rule.index() / 64] |= 1 << (rule.index() % 64);
    }

    /// Removes a rule; one that the set was never made for is not there.
    pub fn remove(&mut self, rule: RuleId) {
        if let Some(word) = self.words.get_mut(rule.index() / 64) {
            *word &= !(1 << (rule.index() % 64));
        }
    }

    /// Removes every rule of another set.
    pub fn remove_all(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, removed)| *word &= !removed);
    }

    /// Adds every rule of another set of as many rules.
    pub fn insert_all(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, added)| *word |= added);
    }

    /// Visits each rule in ascending order with the set, from which the visitor removes what it likes.
    pub fn retain_with(&mut self, mut visit: impl FnMut(RuleId, &mut Self)) {
        for index in 0..self.words.len() {
            let mut unseen = u64::MAX;
            while self.words[index] & unseen != 0 {
                let bit = (self.words[index] & unseen).trailing_zeros();
                // Twice, for a shift by 64 is none.
                unseen = u64::MAX << bit << 1;
                visit(RuleId::new(index * 64 + bit as usize), self);
            }
        }
    }

    /// Removes the rules that `keeps` says no of.
    pub fn retain(&mut self, mut keeps: impl FnMut(RuleId) -> bool) {
        self.retain_with(|rule, rules| {
            if !keeps(rule) {
                rules.remove(rule);
            }
        });
    }

    /// Whether a rule is in the set.
    #[must_use]
    pub fn contains(&self, rule: RuleId) -> bool {
        let word = self.words.get(rule.index() / 64);
        word.is_some_and(|word| word >> (rule.index() % 64) & 1 == 1)
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The rules in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = RuleId> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |word| {
                let rest = word & (word - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |word| RuleId::new(index * 64 + word.trailing_zeros() as usize))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_out_in_ascending_order() {
        let mut candidates = Candidates::new(200);
        for rule in [199, 0, 64, 63, 128] {
            candidates.insert(RuleId::new(rule));
        }
        let rules: Vec<_> = candidates.iter().map(RuleId::index).collect();
        assert_eq!(rules, [0, 63, 64, 128, 199]);
        assert!(candidates.contains(RuleId::new(64)) && !candidates.contains(RuleId::new(65)));
        let mut others = Candidates::new(200);
        others.insert(RuleId::new(64));
        others.insert(RuleId::new(128));
        others.remove(RuleId::new(128));
        candidates.remove_all(&others);
        assert_eq!(candidates.iter().map(RuleId::index).collect::<Vec<_>>(), [0, 63, 128, 199]);
        candidates.remove_all(&Candidates::default());
        candidates.retain(|rule| rule.index() % 2 == 1);
        assert_eq!(candidates.iter().map(RuleId::index).collect::<Vec<_>>(), [63, 199]);
        candidates.clear();
        assert!(candidates.is_empty());
    }
}

//! Which rules look for the same.
//!
//! Two tests are the same if field, kind and value are: the value without regard to case where SPL compares so, byte by
//! byte for regexes, patterns of `like` and tests for null. A rule counts once, however often it tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::{Entry, Indicator, Test};

/// The rules, by their numbers, that test a field for a value.
#[derive(Debug, Default)]
pub(crate) struct Corpus(BTreeMap<Key, BTreeSet<usize>>);

/// One value of one test. The value is folded where case says nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) test: Test,
    pub(crate) value: String,
}

impl Key {
    /// The key of `value` of `test`.
    pub(crate) fn new(test: &Test, value: &str) -> Self {
        let is_exact = matches!(
            test.kind,
            "regex_match" | "not_regex_match" | "like" | "not_like" | "isnull" | "isnotnull"
        );
        let value = if is_exact { value.to_owned() } else { value.to_lowercase() };
        Self { test: test.clone(), value }
    }
}

impl Corpus {
    /// Counts the indicators of `entries`, whose numbers are their places.
    pub(crate) fn new(entries: &[Entry]) -> Self {
        let mut corpus = Self::default();
        for (number, entry) in entries.iter().enumerate() {
            for key in entry.indicators.iter().flat_map(keys) {
                corpus.0.entry(key).or_default().insert(number);
            }
        }
        corpus
    }

    /// How many rules besides its own test for it.
    pub(crate) fn others(&self, key: &Key) -> usize {
        self.0.get(key).map_or(0, |rules| rules.len().saturating_sub(1))
    }

    /// Every value, and the numbers of the rules that test for it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &BTreeSet<usize>)> {
        self.0.iter()
    }
}

fn keys(indicator: &Indicator) -> impl Iterator<Item = Key> {
    indicator.values.iter().map(|value| Key::new(&indicator.test, &value.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_for_regexes_and_not_for_searches() {
        let test = |kind| Test { field: "f".to_owned(), kind };
        for kind in ["eq", "ne", "wildcard", "in", "not_in", "cidr", "gt"] {
            assert_eq!(Key::new(&test(kind), "Ab"), Key::new(&test(kind), "aB"), "{kind}");
        }
        for kind in ["regex_match", "not_regex_match", "like"] {
            assert_ne!(Key::new(&test(kind), "Ab"), Key::new(&test(kind), "aB"), "{kind}");
        }
    }
}

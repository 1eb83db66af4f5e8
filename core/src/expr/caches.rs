//! What regexes need while they run, one set per engine.

use std::cell::{Cell, RefCell};

use regex_automata::{PatternSet, hybrid::dfa as lazy, meta};

use super::{
    capture::DataFinder,
    regex::{DataRegex, Dollar, FINAL_NEWLINE},
};
use crate::ids::RegexId;

/// How many patterns that data supplied stay compiled, of each kind.
const RECENT_PATTERNS: usize = 64;

/// The stack for compiling one of them; the 24 KiB that a push has would be too little.
const COMPILE_STACK_BYTES: usize = 1 << 20;

/// Caches of the regexes that need one while they run: one set per engine.
#[derive(Debug, Default)]
pub struct Caches {
    slots: Box<[RefCell<Slot>]>,
    subject: RefCell<Vec<u8>>,
    matchers: RefCell<Recent<DataRegex>>,
    finders: RefCell<Recent<DataFinder>>,
    given_up: Cell<u64>,
}

/// One regex's cache, made when the regex first runs.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Empty,
    Lazy(Box<lazy::Cache>),
    Finder(Box<meta::Cache>),
    Set(Box<(meta::Cache, PatternSet)>),
}

impl Caches {
    /// Caches for the regexes of a rule set; `count` is [`RegexIds::count`](super::regex::RegexIds::count).
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { slots: (0..count).map(|_| RefCell::default()).collect(), ..Self::default() }
    }

    /// Counts a search that reached its bound; it has no match.
    pub(super) fn give_up(&self) -> bool {
        self.given_up.set(self.given_up.get() + 1);
        false
    }

    /// How many searches were given up at their bound since this was last asked.
    pub fn take_given_up(&self) -> u64 {
        self.given_up.take()
    }

    /// Whether some part of `haystack` matches a pattern that data supplied; `None` where that is no pattern.
    #[must_use]
    pub fn is_match(&self, pattern: &[u8], haystack: &[u8]) -> Option<bool> {
        let mut matchers = self.matchers.borrow_mut();
        let regex = matchers.find_or_make(pattern, DataRegex::compile)?;
        Some(self.with_subject(haystack, regex.dollar, |subject| regex.is_match(subject)))
    }

    /// Hands `run` the text that an automaton sees: UTF-8, its final newline marked if the pattern has a `$`.
    pub(super) fn with_subject<T>(
        &self,
        haystack: &[u8],
        dollar: Dollar,
        run: impl FnOnce(&[u8]) -> T,
    ) -> T {
        let marked = dollar == Dollar::Present && haystack.last() == Some(&b'\n');
        if !marked && std::str::from_utf8(haystack).is_ok() {
            return run(haystack);
        }
        let mut subject = self.subject.borrow_mut();
        subject.clear();
        decode(haystack, |text| subject.extend_from_slice(text));
        if let (true, Some(last)) = (marked, subject.last_mut()) {
            *last = FINAL_NEWLINE;
        }
        run(&subject)
    }

    /// Hands `run` the cache of `regex`.
    pub(super) fn with_lazy<T>(
        &self,
        id: RegexId,
        regex: &lazy::DFA,
        run: impl FnOnce(&mut lazy::Cache) -> T,
    ) -> T {
        let Some(slot) = self.slots.get(id.index()) else { return run(&mut regex.create_cache()) };
        let mut slot = slot.borrow_mut();
        if !matches!(*slot, Slot::Lazy(_)) {
            *slot = Slot::Lazy(Box::new(regex.create_cache()));
        }
        match &mut *slot {
            Slot::Lazy(cache) => run(cache),
            Slot::Empty | Slot::Finder(_) | Slot::Set(_) => {
                unreachable!("the slot was filled above")
            }
        }
    }

    /// Hands `run` the cache of `regex`.
    pub(super) fn with_finder<T>(
        &self,
        id: RegexId,
        regex: &meta::Regex,
        run: impl FnOnce(&mut meta::Cache) -> T,
    ) -> T {
        let Some(slot) = self.slots.get(id.index()) else { return run(&mut regex.create_cache()) };
        let mut slot = slot.borrow_mut();
        if !matches!(*slot, Slot::Finder(_)) {
            *slot = Slot::Finder(Box::new(regex.create_cache()));
        }
        match &mut *slot {
            Slot::Finder(cache) => run(cache),
            Slot::Empty | Slot::Lazy(_) | Slot::Set(_) => unreachable!("the slot was filled above"),
        }
    }

    /// Hands `run` the cache of a set of patterns, and a place for those that match.
    pub(super) fn with_set<T>(
        &self,
        id: RegexId,
        regex: &meta::Regex,
        run: impl FnOnce(&mut meta::Cache, &mut PatternSet) -> T,
    ) -> T {
        let make = || (regex.create_cache(), PatternSet::new(regex.pattern_len()));
        let Some(slot) = self.slots.get(id.index()) else {
            let (mut cache, mut matched) = make();
            return run(&mut cache, &mut matched);
        };
        let mut slot = slot.borrow_mut();
        if !matches!(*slot, Slot::Set(_)) {
            *slot = Slot::Set(Box::new(make()));
        }
        match &mut *slot {
            Slot::Set(set) => run(&mut set.0, &mut set.1),
            Slot::Empty | Slot::Lazy(_) | Slot::Finder(_) => {
                unreachable!("the slot was filled above")
            }
        }
    }

    /// Hands `run` a finder for a pattern that data supplied; `None` where that is no pattern.
    pub(super) fn data_finder<T>(
        &self,
        pattern: &[u8],
        run: impl FnOnce(&mut DataFinder) -> T,
    ) -> Option<T> {
        self.finders.borrow_mut().find_or_make(pattern, DataFinder::compile).map(run)
    }
}

/// Calls `piece` with the pieces of `bytes`, each byte sequence that is not UTF-8 replaced by U+FFFD.
pub(super) fn decode(bytes: &[u8], mut piece: impl FnMut(&[u8])) {
    for chunk in bytes.utf8_chunks() {
        piece(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            piece("\u{fffd}".as_bytes());
        }
    }
}

/// The most recently used patterns that data supplied, also those that do not compile.
#[derive(Debug)]
struct Recent<T> {
    entries: Vec<Entry<T>>,
    clock: u64,
}

#[derive(Debug)]
struct Entry<T> {
    pattern: Box<[u8]>,
    compiled: Option<T>,
    used: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), clock: 0 }
    }
}

impl<T> Recent<T> {
    fn find_or_make(
        &mut self,
        pattern: &[u8],
        make: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<&mut T> {
        self.clock += 1;
        let index = match self.entries.iter().position(|entry| *entry.pattern == *pattern) {
            Some(index) => index,
            None => {
                // Regexes are compiled by recursion, and this pattern nests as deep as some event wants it to.
                let compiled = stacker::grow(COMPILE_STACK_BYTES, || make(pattern));
                self.insert(Entry { pattern: pattern.into(), compiled, used: 0 })
            }
        };
        self.entries[index].used = self.clock;
        self.entries[index].compiled.as_mut()
    }

    /// Puts `entry` in place of the one that was not used for longest, once the table is full.
    fn insert(&mut self, entry: Entry<T>) -> usize {
        if self.entries.len() < RECENT_PATTERNS {
            self.entries.push(entry);
            return self.entries.len() - 1;
        }
        let oldest = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.used);
        let index = oldest.map_or(0, |(index, _)| index);
        self.entries[index] = entry;
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_from_data_are_compiled_once_and_forgotten_when_unused() {
        let caches = Caches::default();
        for number in 0..10 * RECENT_PATTERNS {
            let pattern = format!("^{number}$");
            assert_eq!(caches.is_match(b"^kept$", b"kept"), Some(true));
            assert_eq!(
                caches.is_match(pattern.as_bytes(), number.to_string().as_bytes()),
                Some(true)
            );
        }
        let matchers = caches.matchers.borrow();
        assert_eq!(matchers.entries.len(), RECENT_PATTERNS);
        assert!(matchers.entries.iter().any(|entry| *entry.pattern == *b"^kept$"));
    }

    #[test]
    fn a_pattern_from_data_may_be_none() {
        let caches = Caches::default();
        for pattern in ["(", "(?=a)", "a\\", &"a".repeat(2000), "(?:(?:a{1000}){1000}){1000}"] {
            assert_eq!(caches.is_match(pattern.as_bytes(), b"a"), None, "{pattern}");
        }
        assert_eq!(caches.is_match(b"\xff", b"\xff"), None);
    }
}

//! What regexes need while they run, one set per engine.
//!
//! A pattern that data supplies is compiled under small bounds, and stays compiled while it is in use. What one row may have
//! compiled is bounded too, whatever was compiled before it: a row gives the same result behind any other rows.

use std::cell::{Cell, RefCell};

use regex_automata::{PatternSet, hybrid::dfa as lazy, meta};

use super::{
    capture::DataFinder,
    regex::{DataRegex, Dollar, FINAL_NEWLINE},
};
use crate::ids::RegexId;

/// How many patterns that data supplied stay compiled, of each kind.
const RECENT_PATTERNS: usize = 64;

/// The longest pattern that data may supply.
const MAX_PATTERN_BYTES: usize = 1 << 10;

/// So many bytes of patterns data may supply for one row of one command, sixteen of the longest.
const ROW_PATTERN_BYTES: usize = 16 << 10;

/// What the shortest pattern costs, in bytes of those.
const LEAST_COST_BYTES: usize = 64;

/// The stack for compiling one of them; the 24 KiB that a push has would be too little.
const COMPILE_STACK_BYTES: usize = 1 << 20;

/// Caches of the regexes that need one while they run: one set per engine.
#[derive(Debug, Default)]
pub struct Caches {
    slots: Box<[RefCell<Slot>]>,
    subject: RefCell<Vec<u8>>,
    matchers: RefCell<Recent<DataRegex>>,
    finders: RefCell<Recent<DataFinder>>,
    allowance: Cell<Allowance>,
    /// How many allowances there were.
    allowances: Cell<u64>,
    given_up: Cell<u64>,
}

/// The patterns that data may still supply for one row.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    number: u64,
    left_bytes: usize,
}

/// Why a pattern that data supplied does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is no PCRE.
    NoPattern,
    /// It is too large once compiled, or one too many.
    Bound,
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
        let regex = self.compiled(&mut matchers, pattern, DataRegex::compile)?;
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
        self.compiled(&mut self.finders.borrow_mut(), pattern, DataFinder::compile).map(run)
    }

    /// Runs what looks at one row: data may supply [`ROW_PATTERN_BYTES`] of patterns for it. Within another such run, the two do
    /// not share.
    pub(crate) fn with_allowance<T>(&self, run: impl FnOnce() -> T) -> T {
        self.allowances.set(self.allowances.get() + 1);
        let allowance = Allowance { number: self.allowances.get(), ..Allowance::default() };
        let outer = self.allowance.replace(allowance);
        let result = run();
        self.allowance.set(outer);
        result
    }

    fn compiled<'r, T>(
        &self,
        recent: &'r mut Recent<T>,
        pattern: &[u8],
        make: impl FnOnce(&[u8]) -> Result<T, Unfit>,
    ) -> Option<&'r mut T> {
        let mut allowance = self.allowance.get();
        let found = match pattern.len() {
            0..=MAX_PATTERN_BYTES => recent.find_or_make(pattern, &mut allowance, make),
            _ => Err(Unfit::Bound),
        };
        self.allowance.set(allowance);
        if matches!(found, Err(Unfit::Bound)) {
            self.give_up();
        }
        found.ok()
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self { number: 0, left_bytes: ROW_PATTERN_BYTES }
    }
}

impl Allowance {
    /// Takes what `pattern` costs; false if that is no longer there.
    fn pays_for(&mut self, pattern: &[u8]) -> bool {
        let left_bytes = self.left_bytes.checked_sub(pattern.len().max(LEAST_COST_BYTES));
        self.left_bytes = left_bytes.unwrap_or(0);
        left_bytes.is_some()
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
    compiled: Result<T, Unfit>,
    used: u64,
    /// The allowance that was last charged for it.
    paid: u64,
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
        allowance: &mut Allowance,
        make: impl FnOnce(&[u8]) -> Result<T, Unfit>,
    ) -> Result<&mut T, Unfit> {
        self.clock += 1;
        let known = self.entries.iter().position(|entry| *entry.pattern == *pattern);
        // Also one that was compiled for another row is charged, or a row's result would depend on others.
        let is_paid = known.is_some_and(|index| self.entries[index].paid == allowance.number);
        if !is_paid && !allowance.pays_for(pattern) {
            return Err(Unfit::Bound);
        }
        let index = known.unwrap_or_else(|| {
            // Regexes are compiled by recursion, and this pattern nests as deep as some event wants it to.
            let compiled = stacker::grow(COMPILE_STACK_BYTES, || make(pattern));
            self.insert(Entry { pattern: pattern.into(), compiled, used: 0, paid: 0 })
        });
        let entry = &mut self.entries[index];
        (entry.used, entry.paid) = (self.clock, allowance.number);
        entry.compiled.as_mut().map_err(|unfit| *unfit)
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

    /// Whether each pattern runs, all of them for one row.
    fn of_one_row(caches: &Caches, patterns: &[String]) -> Vec<bool> {
        let is_found = |pattern: &String| caches.is_match(pattern.as_bytes(), b"a").is_some();
        caches.with_allowance(|| patterns.iter().map(is_found).collect())
    }

    fn numbered(count: usize, bytes: usize) -> Vec<String> {
        (0..count).map(|number| format!("{number:0bytes$}")).collect()
    }

    #[test]
    fn patterns_from_data_are_compiled_once_and_forgotten_when_unused() {
        let caches = Caches::default();
        for number in 0..10 * RECENT_PATTERNS {
            let pattern = format!("^{number}$");
            caches.with_allowance(|| {
                assert_eq!(caches.is_match(b"^kept$", b"kept"), Some(true));
                let text = number.to_string();
                assert_eq!(caches.is_match(pattern.as_bytes(), text.as_bytes()), Some(true));
            });
        }
        let matchers = caches.matchers.borrow();
        assert_eq!(matchers.entries.len(), RECENT_PATTERNS);
        assert!(matchers.entries.iter().any(|entry| *entry.pattern == *b"^kept$"));
    }

    #[test]
    fn a_pattern_from_data_may_be_none_and_what_is_too_large_is_counted() {
        let caches = Caches::default();
        for pattern in ["(", "(?=a)", "a\\"] {
            assert_eq!(caches.is_match(pattern.as_bytes(), b"a"), None, "{pattern}");
        }
        assert_eq!(caches.is_match(b"\xff", b"\xff"), None);
        assert_eq!(caches.take_given_up(), 0);
        for pattern in [&"a".repeat(MAX_PATTERN_BYTES + 1), "(?:(?:a{1000}){1000}){1000}"] {
            assert_eq!(caches.is_match(pattern.as_bytes(), b"a"), None, "{pattern}");
            assert!(caches.data_finder(pattern.as_bytes(), |_| ()).is_none(), "{pattern}");
        }
        assert_eq!((caches.take_given_up(), caches.take_given_up()), (4, 0));
    }

    #[test]
    fn what_data_may_have_compiled_for_one_row_is_bounded_and_what_is_beyond_counted() {
        for (bytes, most) in [(MAX_PATTERN_BYTES, 16), (1, 256), (LEAST_COST_BYTES, 256)] {
            let caches = Caches::default();
            let runs = of_one_row(&caches, &numbered(most + 3, bytes));
            assert_eq!(runs.iter().filter(|runs| **runs).count(), most, "{bytes} bytes");
            assert_eq!(caches.take_given_up(), 3, "{bytes} bytes");
        }
    }

    /// As long as a pattern stays compiled, using it again is free; and what other rows have used changes nothing.
    #[test]
    fn a_row_pays_for_a_pattern_once_whatever_stood_before_it() {
        let caches = Caches::default();
        let few = numbered(RECENT_PATTERNS, 1);
        let again: Vec<_> = few.iter().cycle().take(9_000).cloned().collect();
        assert!(of_one_row(&caches, &again).iter().all(|runs| *runs));
        let many = numbered(300, 3);
        let first = of_one_row(&caches, &many);
        assert_eq!(first, of_one_row(&Caches::default(), &many));
        for before in 0..300 {
            of_one_row(&caches, &many[before..before + 1]);
        }
        assert_eq!(of_one_row(&caches, &many), first);
    }

    #[test]
    fn an_allowance_within_another_leaves_it_as_it_was() {
        let caches = Caches::default();
        let many = numbered(300, 3);
        caches.with_allowance(|| {
            assert!(!of_one_row(&caches, &many)[299]);
            assert_eq!(caches.is_match(b"a", b"a"), Some(true));
        });
    }
}

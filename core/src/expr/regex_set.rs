//! Many patterns, one walk: which of them match a text?
//!
//! The patterns are PCRE as everywhere else. One automaton runs for all of them, built lazily in a bounded cache, so the
//! walk is linear in the text whatever it holds.

use std::sync::Arc;

use regex_automata::{Input, MatchKind, meta, nfa::thompson::WhichCaptures};
use regex_syntax::hir::Hir;

use super::{
    caches::Caches,
    deferred::Deferred,
    dialect::{self, RegexError},
    regex::{Dollar, FINAL_NEWLINE, RegexIds, whole, with_final_newline},
};
use crate::ids::RegexId;

/// The largest program of one pattern.
const PATTERN_BYTES: usize = 4 << 20;
/// The largest program of a set.
const SET_BYTES: usize = 64 << 20;
/// The cache of the automaton.
const CACHE_BYTES: usize = 4 << 20;

/// Patterns that are looked for together. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RegexSet {
    shared: Arc<Shared>,
    /// The cache of each half.
    ids: [RegexId; 2],
}

/// What the clones of a set share.
#[derive(Debug)]
struct Shared {
    patterns: Box<[Box<str>]>,
    halves: Deferred<Halves>,
}

/// Patterns without `$`, and those with: their final newline is written in another way.
#[derive(Debug)]
struct Halves([Option<Half>; 2]);

/// The patterns of one set that see the same text.
#[derive(Debug)]
struct Half {
    regex: meta::Regex,
    dollar: Dollar,
    /// For each pattern, its number in the set.
    numbers: Box<[usize]>,
}

/// A pattern that is sound.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    hir: Hir,
    dollar: Dollar,
}

impl Pattern {
    /// Reads a PCRE pattern.
    ///
    /// # Errors
    /// If it is not PCRE, needs more than a finite automaton, or is too large.
    pub fn parse(pattern: &str) -> Result<Self, RegexError> {
        let parsed = Self::read(pattern)?;
        build(&[&parsed.hir], parsed.dollar, PATTERN_BYTES)
            .map_err(|message| whole(pattern, message))?;
        Ok(parsed)
    }

    /// Reads a pattern, however large it will be.
    fn read(pattern: &str) -> Result<Self, RegexError> {
        let (hir, dollar) = with_final_newline(dialect::parse(pattern)?, pattern)?;
        Ok(Self { text: pattern.into(), hir, dollar })
    }
}

impl RegexSet {
    /// A set of `patterns`; `ids` gives it its caches.
    ///
    /// # Errors
    /// If together they are too large.
    pub fn new(patterns: &[Pattern], ids: &mut RegexIds) -> Result<Self, String> {
        let halves = Deferred::ready(Halves::of(patterns)?);
        let patterns = patterns.iter().map(|pattern| pattern.text.clone()).collect();
        Ok(Self::shared(patterns, halves, ids))
    }

    /// Patterns that [`new`](Self::new) took in another process. They are compiled when they are first used; where that fails
    /// none of them ever matches, and each search is counted.
    pub(crate) fn load(patterns: Box<[Box<str>]>, ids: &mut RegexIds) -> Self {
        Self::shared(patterns, Deferred::later(), ids)
    }

    fn shared(patterns: Box<[Box<str>]>, halves: Deferred<Halves>, ids: &mut RegexIds) -> Self {
        Self { shared: Arc::new(Shared { patterns, halves }), ids: [ids.next(), ids.next()] }
    }

    /// The patterns as they were written, in the order of their numbers.
    #[must_use]
    pub fn patterns(&self) -> &[Box<str>] {
        &self.shared.patterns
    }

    /// Calls `found` with the number of each pattern that matches some part of `haystack`, each once.
    pub fn for_each_match(&self, caches: &Caches, haystack: &[u8], found: &mut dyn FnMut(usize)) {
        let Shared { patterns, halves } = &*self.shared;
        let Some(Halves(halves)) = halves.get(|| Halves::compile(patterns)) else {
            caches.give_up();
            return;
        };
        let halves = halves.iter().zip(self.ids);
        for (half, id) in halves.filter_map(|(half, id)| Some((half.as_ref()?, id))) {
            caches.with_subject(haystack, half.dollar, |subject| {
                caches.with_set(id, &half.regex, |cache, matched| {
                    matched.clear();
                    let input = Input::new(subject);
                    half.regex.which_overlapping_matches_with(cache, &input, matched);
                    matched.iter().for_each(|pattern| found(half.numbers[pattern.as_usize()]));
                });
            });
        }
    }
}

impl Halves {
    fn of(patterns: &[Pattern]) -> Result<Self, String> {
        let half = |dollar| Half::new(patterns, dollar);
        Ok(Self([half(Dollar::Absent)?, half(Dollar::Present)?]))
    }

    fn compile(patterns: &[Box<str>]) -> Option<Self> {
        let patterns: Result<Vec<_>, _> = patterns.iter().map(|text| Pattern::read(text)).collect();
        Self::of(&patterns.ok()?).ok()
    }
}

impl Half {
    fn new(patterns: &[Pattern], dollar: Dollar) -> Result<Option<Self>, String> {
        let is_of_half = |(_, pattern): &(usize, &Pattern)| pattern.dollar == dollar;
        let (numbers, hirs): (Vec<usize>, Vec<&Hir>) = patterns
            .iter()
            .enumerate()
            .filter(is_of_half)
            .map(|(number, pattern)| (number, &pattern.hir))
            .unzip();
        if hirs.is_empty() {
            return Ok(None);
        }
        let regex = build(&hirs, dollar, SET_BYTES)?;
        Ok(Some(Self { regex, dollar, numbers: numbers.into() }))
    }
}

fn build(hirs: &[&Hir], dollar: Dollar, nfa_bytes: usize) -> Result<meta::Regex, String> {
    let mut config = meta::Config::new()
        .match_kind(MatchKind::All)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(nfa_bytes))
        .hybrid_cache_capacity(CACHE_BYTES)
        .dfa(false)
        .onepass(false)
        .backtrack(false);
    if dollar == Dollar::Present {
        config = config.line_terminator(FINAL_NEWLINE);
    }
    meta::Builder::new()
        .configure(config)
        .build_many_from_hir(hirs)
        .map_err(|_| format!("the pattern needs more than {nfa_bytes} bytes once compiled"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(patterns: &[&str], haystack: &[u8]) -> Vec<usize> {
        let mut ids = RegexIds::default();
        let parsed: Vec<_> =
            patterns.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect();
        let set = RegexSet::new(&parsed, &mut ids).unwrap();
        let (caches, mut found) = (Caches::new(ids.count()), Vec::new());
        // The second walk uses what the first one has warmed up.
        for _ in 0..2 {
            found.clear();
            set.for_each_match(&caches, haystack, &mut |number| found.push(number));
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn every_pattern_that_matches_is_found() {
        let patterns = [r"^\{", "\"eventVersion\"", r"\}$", "(?i)EVENT", "nothing", "(?m)^b"];
        assert_eq!(matching(&patterns, b"{\"eventVersion\": 1}\n"), [0, 1, 2, 3]);
        assert_eq!(matching(&patterns, b"a\nb \xff event"), [3, 5]);
        assert_eq!(matching(&patterns, b""), [0; 0]);
        assert_eq!(matching(&[], b"a"), [0; 0]);
        assert_eq!(matching(&["", "a"], b"b"), [0]);
    }

    #[test]
    fn a_set_answers_as_each_pattern_alone() {
        let patterns = [r"^a.*b$", r"\bcd\b", "(x|y)+z", r"\s$", r"[^a]b\z", "(?s)a.b"];
        let texts = ["a xxz b", "cd", "a\nb\n", "ab", "cb", "xcd y", "a b\r\n", "yz\u{e9}b"];
        for text in texts {
            let alone = |pattern: &&str| {
                let mut ids = RegexIds::default();
                let regex = super::super::regex::Regex::compile(pattern, &mut ids).unwrap();
                regex.is_match(&Caches::new(ids.count()), text.as_bytes())
            };
            let expected: Vec<usize> =
                (0..patterns.len()).filter(|&number| alone(&patterns[number])).collect();
            assert_eq!(matching(&patterns, text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_pattern_that_is_wrong_or_too_large_is_refused() {
        for pattern in ["(", "(?=a)", "(?:(?:a{1000}){1000}){1000}"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}

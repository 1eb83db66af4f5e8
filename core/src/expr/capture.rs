//! Where a pattern matches, and what its groups hold: for `replace` and its like.
//!
//! The text is decoded first, so what is found is always UTF-8. Finding every match of a pattern whose matches may be long
//! can cost the square of the text, for each search may look far ahead in vain; so a walk is given a budget and ends when
//! that is used up.

use std::{ops::Range, sync::Arc};

use bumpalo::{Bump, collections::Vec as BumpVec};
use regex_automata::{Input, PatternID, meta, util::primitives::NonMaxUsize};
use regex_syntax::hir::Hir;

use super::{
    backtrack::{Backtracker, GivenUp, Groups},
    caches::{Caches, Unfit, decode},
    deferred::Deferred,
    dialect::{self, RegexError},
    regex::{Dollar, RegexIds, data_pattern, whole, with_final_newline},
};
use crate::ids::RegexId;

const NFA_BYTES: usize = 4 << 20;
const ONE_PASS_BYTES: usize = 256 << 10;
const CACHE_BYTES: usize = 512 << 10;
const DATA_BYTES: usize = 128 << 10;

/// How many bytes a walk over all matches may read again, counting each search as if it looked as far as it can.
const WALK_BYTES: usize = 1 << 30;

/// A compiled pattern that finds its matches. Cheap to clone.
#[derive(Clone)]
pub struct Finder {
    shared: Arc<Shared>,
    /// Its cache, if it needs one.
    id: RegexId,
}

/// What the clones of a finder share.
struct Shared {
    pattern: Box<str>,
    engine: Deferred<Engine>,
}

enum Engine {
    Automata(Program),
    Backtracker(Box<Backtracker>),
}

/// What a pattern is compiled to.
#[derive(Debug)]
struct Program {
    regex: meta::Regex,
    dollar: Dollar,
    /// How far a search may look past the start of the match that it finds.
    reach_bytes: usize,
}

impl Finder {
    /// Compiles `pattern`, unless it was before; `ids` gives it a cache.
    ///
    /// # Errors
    /// If the pattern is not PCRE, or is too large.
    pub fn compile(pattern: &str, ids: &mut RegexIds) -> Result<Self, RegexError> {
        ids.finder(pattern, |id| {
            let engine = Deferred::ready(Engine::compile(pattern)?);
            Ok(Self { shared: Arc::new(Shared { pattern: pattern.into(), engine }), id })
        })
    }

    /// A pattern that [`compile`](Self::compile) took in another process. It is compiled when it is first used; where it is no
    /// pattern after all, it has no match and is counted.
    pub(crate) fn load(pattern: &str, ids: &mut RegexIds) -> Self {
        let shared = Shared { pattern: pattern.into(), engine: Deferred::later() };
        Self { shared: Arc::new(shared), id: ids.next() }
    }

    fn engine(&self) -> Option<&Engine> {
        self.shared.engine.get(|| Engine::compile(&self.shared.pattern).ok())
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.shared.pattern
    }

    /// The names of its groups, in order; group 0 is the whole match.
    pub fn group_names(&self) -> impl Iterator<Item = Option<&str>> {
        let (automata, backtracker) = match self.engine() {
            Some(Engine::Automata(program)) => {
                (Some(program.regex.group_info().pattern_names(PatternID::ZERO)), None)
            }
            Some(Engine::Backtracker(backtracker)) => (None, Some(backtracker.group_names())),
            None => (None, None),
        };
        automata.into_iter().flatten().chain(backtracker.into_iter().flatten())
    }

    /// Calls `found` with each match in `haystack`, from left to right, until it says `false`.
    ///
    /// Returns whether the walk came to its end: it does not when its budget is used up, which the caches count.
    pub fn for_each<'e>(
        &self,
        caches: &Caches,
        haystack: &'e [u8],
        bump: &'e Bump,
        found: impl FnMut(Match<'_, 'e>) -> bool,
    ) -> bool {
        let text = decoded(haystack, bump);
        let is_complete = match self.engine() {
            Some(Engine::Automata(program)) => {
                let walk = |cache: &mut meta::Cache| program.walk(cache, text, bump, found);
                caches.with_finder(self.id, &program.regex, walk)
            }
            Some(Engine::Backtracker(backtracker)) => walk_back(backtracker, text, found),
            None => false,
        };
        is_complete || caches.give_up()
    }
}

impl Engine {
    fn compile(pattern: &str) -> Result<Self, RegexError> {
        match Program::compile(pattern) {
            Ok(program) => Ok(Self::Automata(program)),
            Err(error) if error.is_beyond_automata => {
                Backtracker::compile(pattern).map(Box::new).map(Self::Backtracker)
            }
            Err(error) => Err(error),
        }
    }
}

impl std::fmt::Debug for Finder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Finder({:?})", self.pattern())
    }
}

/// One match of a [`Finder`].
#[derive(Debug)]
pub struct Match<'m, 'e> {
    /// The text that was searched, decoded.
    pub text: &'e [u8],
    groups: Spans<'m>,
}

/// Where the groups of a match lie.
#[derive(Clone, Copy, Debug)]
enum Spans<'m> {
    /// A start and an end for each.
    Slots(&'m [Option<NonMaxUsize>]),
    /// As the backtracker tells it.
    Ranges(&'m Groups),
}

impl<'e> Match<'_, 'e> {
    /// The bytes of the text that group `index` holds; group 0 is the whole match.
    #[must_use]
    pub fn span(&self, index: usize) -> Option<Range<usize>> {
        match self.groups {
            Spans::Slots(slots) => {
                let start = (*slots.get(2 * index)?)?.get();
                let end = (*slots.get(2 * index + 1)?)?.get();
                Some(start..end)
            }
            Spans::Ranges(ranges) => ranges.get(index)?.clone(),
        }
    }

    /// What group `index` holds, if it took part.
    #[must_use]
    pub fn group(&self, index: usize) -> Option<&'e [u8]> {
        self.text.get(self.span(index)?)
    }
}

/// A pattern that data supplied, with its own cache.
#[derive(Debug)]
pub(super) struct DataFinder {
    program: Program,
    cache: meta::Cache,
}

impl DataFinder {
    pub(super) fn compile(pattern: &[u8]) -> Result<Self, Unfit> {
        let (hir, dollar) = data_pattern(pattern).ok_or(Unfit::NoPattern)?;
        let program =
            Program::new(&hir, dollar, DATA_BYTES, DATA_BYTES).map_err(|_| Unfit::Bound)?;
        let cache = program.regex.create_cache();
        Ok(Self { program, cache })
    }

    /// As [`Finder::for_each`].
    pub(super) fn for_each<'e>(
        &mut self,
        haystack: &'e [u8],
        bump: &'e Bump,
        found: impl FnMut(Match<'_, 'e>) -> bool,
    ) -> bool {
        self.program.walk(&mut self.cache, decoded(haystack, bump), bump, found)
    }
}

impl Program {
    fn compile(pattern: &str) -> Result<Self, RegexError> {
        let (hir, dollar) = with_final_newline(dialect::parse(pattern)?, pattern)?;
        Self::new(&hir, dollar, NFA_BYTES, CACHE_BYTES).map_err(|message| whole(pattern, message))
    }

    fn new(
        hir: &Hir,
        dollar: Dollar,
        nfa_bytes: usize,
        cache_bytes: usize,
    ) -> Result<Self, String> {
        let mut config = meta::Config::new()
            .nfa_size_limit(Some(nfa_bytes))
            .onepass_size_limit(Some(ONE_PASS_BYTES))
            .hybrid_cache_capacity(cache_bytes)
            .dfa(false);
        if dollar == Dollar::Present {
            config = config.line_terminator(super::regex::FINAL_NEWLINE);
        }
        let regex = meta::Builder::new()
            .configure(config)
            .build_from_hir(hir)
            .map_err(|_| format!("the pattern needs more than {nfa_bytes} bytes once compiled"))?;
        Ok(Self {
            regex,
            dollar,
            reach_bytes: hir.properties().maximum_len().unwrap_or(usize::MAX),
        })
    }

    fn walk<'e>(
        &self,
        cache: &mut meta::Cache,
        text: &'e [u8],
        bump: &'e Bump,
        mut found: impl FnMut(Match<'_, 'e>) -> bool,
    ) -> bool {
        let subject = marked(text, self.dollar, bump);
        let mut slots =
            BumpVec::from_iter_in((0..2 * self.regex.captures_len()).map(|_| None), bump);
        let (mut input, mut budget, mut last_end) = (Input::new(subject), WALK_BYTES, None);
        while input.start() <= subject.len() {
            let Some(left) = budget.checked_sub(self.cost(subject.len() - input.start())) else {
                return false;
            };
            budget = left;
            if self.regex.search_slots_with(cache, &input, &mut slots).is_none() {
                return true;
            }
            let whole = Match { text, groups: Spans::Slots(&slots) };
            let Some(span) = whole.span(0) else { return true };
            // Otherwise `.*` would match twice: the value, then the nothing behind it.
            let repeated = span.is_empty() && last_end == Some(span.end);
            if !repeated && !found(whole) {
                return true;
            }
            last_end = Some(span.end);
            input.set_start(if span.is_empty() { next_char(subject, span.end) } else { span.end });
        }
        true
    }

    /// What one search over `length_bytes` is charged: what it may read again that an earlier one has read.
    fn cost(&self, length_bytes: usize) -> usize {
        length_bytes.min(self.reach_bytes)
    }
}

/// The walk of a [`Backtracker`], as that of a [`Program`]; each search has its own bound.
fn walk_back<'e>(
    backtracker: &Backtracker,
    text: &'e [u8],
    mut found: impl FnMut(Match<'_, 'e>) -> bool,
) -> bool {
    let Ok(subject) = std::str::from_utf8(text) else { return false };
    let (mut from, mut budget, mut last_end) = (0, WALK_BYTES, None);
    let mut groups = Groups::new();
    while from <= text.len() {
        let Some(left) = budget.checked_sub(text.len() - from) else { return false };
        budget = left;
        match backtracker.find(subject, from, &mut groups) {
            Ok(true) => {}
            Ok(false) => return true,
            Err(GivenUp) => return false,
        }
        let whole = Match { text, groups: Spans::Ranges(&groups) };
        let Some(span) = whole.span(0) else { return true };
        let repeated = span.is_empty() && last_end == Some(span.end);
        if !repeated && !found(whole) {
            return true;
        }
        last_end = Some(span.end);
        from = if span.is_empty() { next_char(text, span.end) } else { span.end };
    }
    true
}

/// The place after the character at `at`.
fn next_char(subject: &[u8], at: usize) -> usize {
    let continuation =
        subject.iter().skip(at + 1).take_while(|byte| (0x80..0xC0).contains(*byte)).count();
    at + 1 + continuation
}

/// `haystack` as UTF-8.
fn decoded<'e>(haystack: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    if std::str::from_utf8(haystack).is_ok() {
        return haystack;
    }
    let mut text = BumpVec::with_capacity_in(haystack.len() + 16, bump);
    decode(haystack, |piece| text.extend_from_slice(piece));
    text.into_bump_slice()
}

/// `text` as the automata see it, byte for byte as long.
fn marked<'e>(text: &'e [u8], dollar: Dollar, bump: &'e Bump) -> &'e [u8] {
    if dollar == Dollar::Absent || text.last() != Some(&b'\n') {
        return text;
    }
    let copy = bump.alloc_slice_copy(text);
    if let Some(last) = copy.last_mut() {
        *last = super::regex::FINAL_NEWLINE;
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every match with its groups: `whole(group, group)`, a group that took no part is `-`.
    fn matches(pattern: &str, haystack: &[u8]) -> Vec<String> {
        let mut ids = RegexIds::default();
        let finder =
            Finder::compile(pattern, &mut ids).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let (caches, bump, mut shown) = (Caches::new(ids.count()), Bump::new(), Vec::new());
        let groups = finder.group_names().count();
        let complete = finder.for_each(&caches, haystack, &bump, |found| {
            let text = |index| found.group(index).map_or("-".into(), String::from_utf8_lossy);
            let inner: Vec<_> = (1..groups).map(text).collect();
            shown.push(format!("{}({})", text(0), inner.join(", ")));
            true
        });
        assert!(complete, "{pattern}");
        shown
    }

    #[test]
    fn matches_and_their_groups() {
        let cases: &[(&str, &[u8], &[&str])] = &[
            ("a", b"banana", &["a()", "a()", "a()"]),
            (r"(?<k>\w+)=(\w+)?", b"a=1 b=", &["a=1(a, 1)", "b=(b, -)"]),
            ("x*", b"ab", &["()", "()", "()"]),
            ("x*", "é".as_bytes(), &["()", "()"]),
            (".*", b"ab", &["ab()"]),
            ("(a.*)$", b"xab\n", &["ab(ab)"]),
            (r"a(\s*)$", b"a\n", &["a\n(\n)"]),
            (r"a(\s*?)$", b"a\n", &["a()"]),
            (r"(\w)(?=(\d)|x)", b"a1bxc", &["a(a, 1)", "b(b, -)"]),
            (r"(?!b)x*", b"abx", &["()", "x()"]),
            (r"(?<=a)\Kb|(.)\1", "ab\u{e9}\u{e9}".as_bytes(), &["b(-)", "\u{e9}\u{e9}(\u{e9})"]),
            ("(.)", b"a\xff", &["a(a)", "\u{fffd}(\u{fffd})"]),
            ("z", b"ab", &[]),
        ];
        for (pattern, haystack, expected) in cases {
            assert_eq!(matches(pattern, haystack), *expected, "{pattern} on {haystack:?}");
        }
    }

    #[test]
    fn groups_have_names() {
        let finder = Finder::compile(r"(?<user>\w+)@(\w+)", &mut RegexIds::default()).unwrap();
        assert_eq!(finder.group_names().collect::<Vec<_>>(), [None, Some("user"), None]);
        assert_eq!(finder.pattern(), r"(?<user>\w+)@(\w+)");
    }

    #[test]
    fn a_walk_ends_where_it_is_told_to() {
        let finder = Finder::compile("a", &mut RegexIds::default()).unwrap();
        let (caches, bump, mut count) = (Caches::default(), Bump::new(), 0);
        let complete = finder.for_each(&caches, b"aaa", &bump, |_| {
            count += 1;
            false
        });
        assert_eq!((complete, count), (true, 1));
    }
}

//! PCRE as Splunk uses it, over finite automata: does a value match?
//!
//! A pattern costs time linear in the value, whatever either holds. It becomes a dense automaton where that stays small,
//! else one that is built lazily in a bounded cache; the cache belongs to the engine ([`Caches`]), so a [`Regex`] is
//! immutable and shared by threads. Only what no automaton can run, such as look-around, is searched by
//! [backtracking](super::backtrack), in bounded steps. Where a match lies and what its groups hold is asked of
//! [`Finder`](super::capture::Finder).
//!
//! Values are bytes. A byte that is not UTF-8 reads as U+FFFD, as if the value had been decoded first. For `$`, which
//! also matches before one final newline, that newline is replaced by a byte that no UTF-8 text holds: the automaton
//! takes it for a newline wherever one may be consumed, and for the end where `$` stands.

use std::{collections::BTreeMap, sync::Arc};

use regex_automata::{
    Input,
    dfa::{StartKind, dense},
    hybrid::dfa as lazy,
    nfa::thompson::{self, WhichCaptures},
    util::look::LookMatcher,
};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::{
    backtrack::Backtracker,
    caches::Unfit,
    capture::Finder,
    deferred::Deferred,
    dense::{Dense, NoAutomaton},
    dialect,
};
pub use super::{caches::Caches, dialect::RegexError};
use crate::{compiled::bytes::Part, ids::RegexId};

/// Stands for a final newline while a pattern with `$` is matched; no UTF-8 text holds it.
pub(super) const FINAL_NEWLINE: u8 = 0xFF;

/// The largest program, before determinisation.
const NFA_BYTES: usize = 4 << 20;
/// The largest dense automaton.
const DENSE_BYTES: usize = 1 << 20;
/// The largest heap that determinisation may use.
const DETERMINIZE_BYTES: usize = 4 << 20;
/// The cache of one lazy automaton.
const LAZY_CACHE_BYTES: usize = 512 << 10;

/// The largest program, and the cache, of a pattern that data supplies.
const DATA_NFA_BYTES: usize = 128 << 10;

/// Hands out the caches of a rule set's regexes, and makes of equal patterns one regex.
#[derive(Clone, Debug, Default)]
pub struct RegexIds {
    next: usize,
    regexes: BTreeMap<Box<str>, Regex>,
    finders: BTreeMap<Box<str>, Finder>,
}

impl RegexIds {
    /// How many caches were handed out: what [`Caches::new`] wants.
    #[must_use]
    pub fn count(&self) -> usize {
        self.next
    }

    pub(super) fn next(&mut self) -> RegexId {
        self.next += 1;
        RegexId::new(self.next - 1)
    }

    /// The finder of `pattern`, which `make` makes if there is none yet.
    pub(super) fn finder(
        &mut self,
        pattern: &str,
        make: impl FnOnce(RegexId) -> Result<Finder, RegexError>,
    ) -> Result<Finder, RegexError> {
        if let Some(known) = self.finders.get(pattern) {
            return Ok(known.clone());
        }
        let made = make(RegexId::new(self.next))?;
        self.next += 1;
        self.finders.insert(pattern.into(), made.clone());
        Ok(made)
    }
}

/// A compiled pattern that says whether a value matches. Cheap to clone.
#[derive(Clone)]
pub struct Regex {
    shared: Arc<Shared>,
    /// Its cache, if it needs one.
    id: RegexId,
}

/// What the clones of a regex share.
struct Shared {
    pattern: Box<str>,
    automaton: Deferred<Automaton>,
}

/// Whether a pattern holds a `$` that matches before a final newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dollar {
    Absent,
    Present,
}

/// What a pattern is compiled to.
enum Automaton {
    Dense(Dollar, Dense),
    Lazy(Dollar, lazy::DFA),
    Backtracker(Backtracker),
}

impl Regex {
    /// Compiles `pattern`, unless it was before; `ids` gives it a cache.
    ///
    /// # Errors
    /// If the pattern is not PCRE, or is too large.
    pub fn compile(pattern: &str, ids: &mut RegexIds) -> Result<Self, RegexError> {
        if let Some(known) = ids.regexes.get(pattern) {
            return Ok(known.clone());
        }
        let automaton = Deferred::ready(Automaton::compile(pattern)?);
        let shared = Arc::new(Shared { pattern: pattern.into(), automaton });
        let regex = Self { shared, id: ids.next() };
        ids.regexes.insert(pattern.into(), regex.clone());
        Ok(regex)
    }

    /// A pattern that [`compile`](Self::compile) took in another process, with the automaton that [`stored`](Self::stored) gave.
    /// Without one it is compiled when it is first used; where it is no pattern after all, it never matches and is counted.
    ///
    /// # Errors
    /// If the bytes are no automaton.
    pub(crate) fn load(
        pattern: &str,
        stored: Option<Stored<Part>>,
        ids: &mut RegexIds,
    ) -> Result<Self, NoAutomaton> {
        let automaton = match stored {
            // There the bytes cannot be read as they stand.
            Some(_) if cfg!(target_endian = "big") => Deferred::later(),
            Some(Stored { has_dollar, bytes }) => {
                let dollar = if has_dollar { Dollar::Present } else { Dollar::Absent };
                Deferred::ready(Automaton::Dense(dollar, Dense::read(bytes)?))
            }
            None => Deferred::later(),
        };
        Ok(Self { shared: Arc::new(Shared { pattern: pattern.into(), automaton }), id: ids.next() })
    }

    /// The automaton as bytes, if it is a dense one.
    pub(crate) fn stored(&self) -> Option<Stored<Vec<u8>>> {
        match self.automaton()? {
            Automaton::Dense(dollar, dense) => {
                Some(Stored { has_dollar: *dollar == Dollar::Present, bytes: dense.to_bytes() })
            }
            Automaton::Lazy(..) | Automaton::Backtracker(_) => None,
        }
    }

    fn automaton(&self) -> Option<&Automaton> {
        self.shared.automaton.get(|| Automaton::compile(&self.shared.pattern).ok())
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.shared.pattern
    }

    /// Whether some part of `haystack` matches. Allocates only while the caches warm up, unless it backtracks.
    #[must_use]
    pub fn is_match(&self, caches: &Caches, haystack: &[u8]) -> bool {
        let Some(automaton) = self.automaton() else { return caches.give_up() };
        caches.with_subject(haystack, automaton.dollar(), |subject| match automaton {
            Automaton::Dense(_, dense) => dense.is_match(subject),
            Automaton::Lazy(_, lazy) => {
                caches.with_lazy(self.id, lazy, |cache| search(lazy, cache, subject))
            }
            Automaton::Backtracker(backtracker) => {
                let text = std::str::from_utf8(subject).expect("`with_subject` gives UTF-8");
                backtracker.is_match(text).unwrap_or_else(|_| caches.give_up())
            }
        })
    }
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Regex({:?})", self.pattern())
    }
}

impl Automaton {
    fn compile(pattern: &str) -> Result<Self, RegexError> {
        match Self::finite(pattern) {
            Err(error) if error.is_beyond_automata => {
                Backtracker::compile(pattern).map(Self::Backtracker)
            }
            compiled => compiled,
        }
    }

    fn finite(pattern: &str) -> Result<Self, RegexError> {
        let (hir, dollar) = with_final_newline(dialect::parse(pattern)?, pattern)?;
        let nfa = program(&hir, dollar, NFA_BYTES).map_err(|message| whole(pattern, message))?;
        if let Some(dense) = dense(&nfa) {
            return Ok(Self::Dense(dollar, Dense::new(dense)));
        }
        let lazy = lazy(nfa, LAZY_CACHE_BYTES).map_err(|message| whole(pattern, message))?;
        Ok(Self::Lazy(dollar, lazy))
    }

    fn dollar(&self) -> Dollar {
        match self {
            Self::Dense(dollar, _) | Self::Lazy(dollar, _) => *dollar,
            Self::Backtracker(_) => Dollar::Absent,
        }
    }
}

/// A dense automaton as bytes, in the form of `regex-automata`, in little-endian.
#[derive(Clone, Debug)]
pub(crate) struct Stored<B> {
    /// Whether its pattern holds a `$` that matches before a final newline.
    pub(crate) has_dollar: bool,
    pub(crate) bytes: B,
}

/// A pattern that data supplied, compiled under small bounds, with its own cache.
#[derive(Debug)]
pub(super) struct DataRegex {
    lazy: lazy::DFA,
    cache: lazy::Cache,
    pub(super) dollar: Dollar,
}

impl DataRegex {
    pub(super) fn compile(pattern: &[u8]) -> Result<Self, Unfit> {
        let (hir, dollar) = data_pattern(pattern).ok_or(Unfit::NoPattern)?;
        let nfa = program(&hir, dollar, DATA_NFA_BYTES).map_err(|_| Unfit::Bound)?;
        let lazy = lazy(nfa, DATA_NFA_BYTES).map_err(|_| Unfit::Bound)?;
        let cache = lazy.create_cache();
        Ok(Self { lazy, cache, dollar })
    }

    pub(super) fn is_match(&mut self, subject: &[u8]) -> bool {
        search(&self.lazy, &mut self.cache, subject)
    }
}

/// Parses a pattern that data supplied, if it is one.
pub(super) fn data_pattern(pattern: &[u8]) -> Option<(Hir, Dollar)> {
    let pattern = std::str::from_utf8(pattern).ok()?;
    with_final_newline(dialect::parse(pattern).ok()?, pattern).ok()
}

/// An error about the whole pattern.
pub(super) fn whole(pattern: &str, message: impl Into<String>) -> RegexError {
    RegexError::new(0..pattern.len(), message)
}

/// Gives `$` its meaning: it becomes the end of a line that ends in [`FINAL_NEWLINE`], which then stands for a newline
/// wherever the pattern may consume one.
pub(super) fn with_final_newline(hir: Hir, pattern: &str) -> Result<(Hir, Dollar), RegexError> {
    let looks = hir.properties().look_set();
    if !looks.contains(Look::EndCRLF) {
        return Ok((hir, Dollar::Absent));
    }
    if looks.contains(Look::StartLF) || looks.contains(Look::EndLF) {
        let error = whole(pattern, "`$` stands both in and out of `(?m)`");
        return Err(RegexError { is_beyond_automata: true, ..error });
    }
    Ok((mark(hir), Dollar::Present))
}

/// The assertions' view of a subject.
pub(super) fn look_matcher(dollar: Dollar) -> LookMatcher {
    let mut matcher = LookMatcher::new();
    if dollar == Dollar::Present {
        matcher.set_line_terminator(FINAL_NEWLINE);
    }
    matcher
}

/// Recursion is bounded by the nesting limit of [`dialect`].
fn mark(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => mark_literal(&literal.0),
        HirKind::Class(class) => mark_class(class),
        HirKind::Look(Look::EndCRLF) => Hir::look(Look::EndLF),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(mut repetition) => {
            *repetition.sub = mark(*repetition.sub);
            Hir::repetition(repetition)
        }
        HirKind::Capture(mut capture) => {
            *capture.sub = mark(*capture.sub);
            Hir::capture(capture)
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(mark).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(mark).collect()),
    }
}

fn mark_literal(literal: &[u8]) -> Hir {
    let pieces = literal.split_inclusive(|&byte| byte == b'\n').flat_map(|piece| {
        let text = piece.strip_suffix(b"\n");
        let newline = text
            .map(|_| Hir::alternation(vec![Hir::literal(*b"\n"), Hir::literal([FINAL_NEWLINE])]));
        [Some(Hir::literal(text.unwrap_or(piece))), newline]
    });
    Hir::concat(pieces.flatten().collect())
}

fn mark_class(class: Class) -> Hir {
    let holds_newline = match &class {
        Class::Unicode(class) => {
            class.ranges().iter().any(|range| range.start() <= '\n' && '\n' <= range.end())
        }
        Class::Bytes(class) => {
            class.ranges().iter().any(|range| range.start() <= b'\n' && b'\n' <= range.end())
        }
    };
    let plain = Hir::class(class);
    if holds_newline { Hir::alternation(vec![plain, Hir::literal([FINAL_NEWLINE])]) } else { plain }
}

fn program(hir: &Hir, dollar: Dollar, limit_bytes: usize) -> Result<thompson::NFA, String> {
    // Every pattern but `\C` takes whole characters; `utf8` keeps an empty match, such as that of `\B`, out of the middle
    // of one.
    let config = thompson::Config::new()
        .utf8(true)
        .nfa_size_limit(Some(limit_bytes))
        .which_captures(WhichCaptures::None)
        .look_matcher(look_matcher(dollar));
    thompson::Compiler::new()
        .configure(config)
        .build_from_hir(hir)
        .map_err(|_| format!("the pattern needs more than {limit_bytes} bytes once compiled"))
}

/// The dense automaton, where it is small enough.
fn dense(nfa: &thompson::NFA) -> Option<dense::DFA<Vec<u32>>> {
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(DENSE_BYTES))
        .determinize_size_limit(Some(DETERMINIZE_BYTES));
    dense::Builder::new().configure(config).build_from_nfa(nfa).ok()
}

fn lazy(nfa: thompson::NFA, cache_bytes: usize) -> Result<lazy::DFA, String> {
    let config = lazy::Config::new().cache_capacity(cache_bytes).skip_cache_capacity_check(true);
    lazy::Builder::new().configure(config).build_from_nfa(nfa).map_err(|error| error.to_string())
}

/// The lazy automaton neither gives up nor quits: it was told no bound on its clearings and has no Unicode boundaries.
fn search(lazy: &lazy::DFA, cache: &mut lazy::Cache, subject: &[u8]) -> bool {
    lazy.try_search_fwd(cache, &Input::new(subject).earliest(true)).is_ok_and(|end| end.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, haystack: &[u8]) -> bool {
        let mut ids = RegexIds::default();
        let regex =
            Regex::compile(pattern, &mut ids).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let caches = Caches::new(ids.count());
        let matches = regex.is_match(&caches, haystack);
        assert_eq!(
            caches.is_match(pattern.as_bytes(), haystack),
            Some(matches),
            "{pattern}, as if data had supplied it"
        );
        matches
    }

    #[test]
    fn patterns_mean_what_they_mean_in_pcre() {
        let cases = [
            ("(?i)WMIPRVSE", r"C:\x\WmiPrvSE.exe", true),
            ("YES", "yes", false),
            ("(?i)k", "\u{212A}", true),
            (r"^\d+$", "１２３", false),
            (r"^\D+$", "１２３", true),
            (r"\s", "\u{a0}", false),
            (r"^\w+$", "é", false),
            (r"^[\w.]+$", "a.b", true),
            (r"^[^\w]$", "é", true),
            (r"^[\W]$", "é", true),
            (r"^(?i)\w$", "\u{212A}", false),
            (r"\bcat\b", "écaté", true),
            (r"\Bat", "cat", true),
            (r"\B", "s\u{a0}s", false),
            (r"\B", "s\u{a0}\u{a0}s", true),
            (r"x*\B", "aſc", false),
            (r"^.\C.$", "aéb", false),
            (r"^.\C\C.$", "aéb", true),
            ("^.$", "é", true),
            ("^.$", "\n", false),
            ("^(?s).$", "\n", true),
            ("^..$", "é", false),
            (r"\x{202E}", "a\u{202e}", true),
            ("[Ѐ-ӿ]", "ж", true),
            (r"\CitrixReceiver", "xitrixReceiver", true),
            ("^{.+}$", "{a}", true),
            ("^{.+}$", "a", false),
            (r"^[]a]+$", "]a]", true),
            (r"^[\w-.]+$", "a-.", true),
            (r"^[a\]b]$", "]", true),
            (r"^[[:alpha:][:digit:]]+$", "a1", true),
            (r"^[[]$", "[", true),
            (r"^[a&&b]+$", "&a", true),
            (r"^[\Q^]\E]+$", "]^", true),
            (r"^[\b]$", "\u{8}", true),
            ("(?i)a(?-i)b", "Ab", true),
            ("(?i)a(?-i)b", "AB", false),
            ("a|(?i)b|c", "C", true),
            ("^(?<n>a)(?P<m>b)(?'o'c)$", "abc", true),
            (r"a{2}", "aa", true),
            (r"^a{,2}$", "a{,2}", true),
            ("", "", true),
        ];
        for (pattern, haystack, expected) in cases {
            assert_eq!(
                is_match(pattern, haystack.as_bytes()),
                expected,
                "{pattern} on {haystack:?}"
            );
        }
    }

    #[test]
    fn a_dollar_stands_at_the_end_and_before_one_final_newline() {
        let cases = [
            ("a$", "a", true),
            ("a$", "a\n", true),
            ("a$", "a\n\n", false),
            ("a$", "a\nb", false),
            ("a$", "a\r\n", false),
            (r"a\z", "a\n", false),
            (r"a\Z", "a\n", true),
            (r"a\n\z", "a\n", true),
            (r"a\n$", "a\n", true),
            (r"a$\n", "a\n", true),
            (r"a$\n$", "a\n", true),
            (r"a$\n\z", "a\n", true),
            (r"a$\s$", "a\n", true),
            ("^$", "\n", true),
            ("^$", "", true),
            ("^$", "\n\n", false),
            ("(?:a$|b\\n\\z)", "b\n", true),
            ("(a$)+", "a\n", true),
            ("^a.$", "a\n", false),
            ("^(?s)a.$", "a\n", true),
            ("^a[^b]$", "a\n", true),
            ("^a[^\\n]$", "a\n", false),
            ("(?m)a$", "a\nb", true),
            ("(?m)^b$", "a\nb\n", true),
        ];
        for (pattern, haystack, expected) in cases {
            assert_eq!(
                is_match(pattern, haystack.as_bytes()),
                expected,
                "{pattern} on {haystack:?}"
            );
        }
    }

    #[test]
    fn what_no_automaton_runs_is_searched_all_the_same() {
        let is_match = |pattern: &str, text: &[u8]| {
            let mut ids = RegexIds::default();
            let regex = Regex::compile(pattern, &mut ids).expect(pattern);
            regex.is_match(&Caches::new(ids.count()), text)
        };
        assert!(is_match(r"(\w)\1(?=$)", b"xaa\n"));
        assert!(is_match(r"(?!b)^.\W$", b"a\xff"), "what is not UTF-8 reads as U+FFFD");
        assert!(is_match(r"(?m:a$)\nb$", b"a\nb\n"), "both kinds of `$`");
        assert!(!is_match(r"(?m:a$)\nb$", b"a\nb\nc"));
    }

    #[test]
    fn bytes_that_are_not_utf8_read_as_replacement_characters() {
        let cases: [(&str, &[u8], bool); 7] = [
            ("^a.b$", b"a\xffb", true),
            ("^a.*b", b"a\xff\xfe\x80b", true),
            ("^a[^c]b$", b"a\xc3b\n", true),
            (r"^\W+$", b"\xff\xff", true),
            ("^a$", b"a\xff", false),
            ("^a$", b"a\n\xff", false),
            (r"\x{FF}", b"\xff", false),
        ];
        for (pattern, haystack, expected) in cases {
            assert_eq!(is_match(pattern, haystack), expected, "{pattern} on {haystack:?}");
        }
    }

    #[test]
    fn hostile_patterns_and_values_cost_linear_time() {
        let text = "a".repeat(1 << 20);
        for pattern in
            ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:a?){30}a{30}b"]
        {
            assert!(!is_match(pattern, text.as_bytes()), "{pattern}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_and_what_is_large_runs_lazily() {
        for pattern in ["(?:(?:a{1000}){1000}){1000}", r"(?:\pL{1000}){1000}", "a{4294967295}"] {
            let error = Regex::compile(pattern, &mut RegexIds::default()).expect_err(pattern);
            assert_eq!(error.offset_span, 0..pattern.len(), "{pattern}");
        }
        let mut ids = RegexIds::default();
        let regex = Regex::compile(r"[ab]*a[ab]{20}c\w{20,1000}", &mut ids).unwrap();
        assert_eq!(ids.count(), 1);
        let haystack = format!("{}a{}c{}", "ab".repeat(5000), "b".repeat(20), "x".repeat(20));
        for caches in [Caches::new(1), Caches::default()] {
            assert!(regex.is_match(&caches, haystack.as_bytes()));
            assert!(!regex.is_match(&caches, &haystack.as_bytes()[..haystack.len() - 1]));
        }
    }

    proptest::proptest! {
        /// An independent engine agrees on patterns that mean the same in both dialects.
        #[test]
        fn plain_patterns_match_as_in_another_engine(
            pattern in r"(([abc.]|\[ab\]|\[\^a\]|\(a\|bc?\)|\(\?:ab\)|\^|\\n)[*+?]?){1,6}",
            haystack in "[abc\n]{0,12}",
        ) {
            let other = regex_automata::meta::Regex::new(&pattern);
            proptest::prop_assume!(other.is_ok());
            let mut ids = RegexIds::default();
            let regex = Regex::compile(&pattern, &mut ids);
            proptest::prop_assume!(regex.is_ok());
            let matches = regex.unwrap().is_match(&Caches::new(ids.count()), haystack.as_bytes());
            proptest::prop_assert_eq!(matches, other.unwrap().is_match(&haystack));
        }

        /// `$` is the end, or the end of the text without its final newline, unless a newline is consumed behind it.
        #[test]
        fn a_dollar_at_the_end_matches_either_end(body in r"([abc]|\(a\|b\)|\[\^a\]|\.)[*+?]?([abc]|\\n)?", haystack in "[abc\n]{0,8}") {
            let mut ids = RegexIds::default();
            let regex = Regex::compile(&format!("(?:{body})$"), &mut ids).unwrap();
            let whole = regex_automata::meta::Regex::new(&format!(r"(?:{body})\z")).unwrap();
            let chopped = haystack.strip_suffix('\n').unwrap_or(&haystack);
            let expected = whole.is_match(&haystack) || whole.is_match(chopped);
            proptest::prop_assert_eq!(regex.is_match(&Caches::new(ids.count()), haystack.as_bytes()), expected);
        }

        #[test]
        fn no_bytes_panic(pattern in "[a-c.$^*\\\\wsd|]{1,8}", haystack in proptest::collection::vec(0_u8..=255, 0..16)) {
            let mut ids = RegexIds::default();
            if let Ok(regex) = Regex::compile(&pattern, &mut ids) {
                let caches = Caches::new(ids.count());
                proptest::prop_assert_eq!(regex.is_match(&caches, &haystack), regex.is_match(&caches, &haystack));
            }
        }
    }
}

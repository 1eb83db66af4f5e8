//! Looks for literals that may stand anywhere: a few by as many searches for one needle, many by groups of their bytes, and
//! many that are too short for that by Aho-Corasick.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind, automaton::OverlappingState};

use super::{
    grams::{self, Grams},
    needle::Needle,
};

/// The literals of a rule set, in any ASCII case.
#[derive(Clone, Debug)]
pub struct Literals {
    /// In the order in which they are looked for.
    searches: Vec<Search>,
    len: usize,
}

/// One search, and which literals it is for.
#[derive(Clone, Debug)]
enum Search {
    Needle(usize, Needle),
    Grams(Box<[usize]>, Grams),
    Automaton(Box<[usize]>, AhoCorasick),
}

/// Takes a literal and where it starts; whether to go on.
pub type Visit<'v> = dyn FnMut(usize, usize) -> bool + 'v;

impl Literals {
    /// A search for every one of `texts`, which are in lower case and not empty.
    ///
    /// # Panics
    /// If Aho-Corasick refuses the literals: more than its 2^31 states, far above what a rule set may hold.
    #[must_use]
    pub fn new(texts: &[Box<[u8]>]) -> Self {
        let (short, long): (Vec<_>, Vec<_>) =
            (0..texts.len()).partition(|&literal| texts[literal].len() < grams::SHORTEST_BYTES);
        let texts_of = |literals: &[usize]| -> Vec<Box<[u8]>> {
            literals.iter().map(|&literal| texts[literal].clone()).collect()
        };
        let mut searches = Vec::new();
        for (literals, is_short) in [(short, true), (long, false)] {
            if literals.len() <= FEW_LITERALS {
                let needle = |literal: usize| Search::Needle(literal, Needle::new(&texts[literal]));
                searches.extend(literals.into_iter().map(needle));
            } else if is_short {
                let automaton = automaton(&texts_of(&literals));
                searches.push(Search::Automaton(literals.into(), automaton));
            } else {
                let grams = Grams::new(&texts_of(&literals));
                searches.push(Search::Grams(literals.into(), grams));
            }
        }
        Self { searches, len: texts.len() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was chosen, for `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.searches.as_slice() {
            [] => "none",
            [Search::Needle(..)] => "single needle",
            searches if searches.iter().all(|search| matches!(search, Search::Needle(..))) => {
                "needles"
            }
            [Search::Automaton(..)] => "aho-corasick",
            _ => "groups of four bytes",
        }
    }

    /// Visits every occurrence as (literal, start) until `visit` says false.
    pub fn search(&self, raw: &[u8], visit: &mut Visit<'_>) {
        let mut searches = self.searches.iter();
        searches.all(|search| match search {
            Search::Needle(literal, needle) => {
                needle.starts(raw).all(|start| visit(*literal, start))
            }
            Search::Grams(literals, grams) => {
                grams.search(raw, &mut |literal, start| visit(literals[literal], start))
            }
            Search::Automaton(literals, automaton) => {
                search_automaton(automaton, raw, &mut |literal, start| {
                    visit(literals[literal], start)
                })
            }
        });
    }
}

/// Up to this many needles are looked for one after the other.
const FEW_LITERALS: usize = 3;

/// Above this many literals the automaton chooses its own form.
const DFA_LITERALS: usize = 4096;

fn automaton(texts: &[Box<[u8]>]) -> AhoCorasick {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        // PERF: a DFA ran the 1,150 TERM arguments of a public catalog at twice the speed of the NFA; its memory is bounded
        // by the rule set's size.
        .kind((texts.len() <= DFA_LITERALS).then_some(AhoCorasickKind::DFA))
        .build(texts)
        .expect("a rule set holds far fewer literals than an automaton can")
}

/// Whether every visit wanted to go on.
fn search_automaton(automaton: &AhoCorasick, raw: &[u8], visit: &mut Visit<'_>) -> bool {
    let mut state = OverlappingState::start();
    loop {
        automaton.find_overlapping(Input::new(raw), &mut state);
        let Some(found) = state.get_match() else { return true };
        if !visit(found.pattern().as_usize(), found.start()) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_search_finds_its_literals() {
        for (texts, name) in [
            ([].as_slice(), "none"),
            (&["abcd"], "single needle"),
            (&["abcd", "bcd"], "needles"),
            (&["abc", "bcd", "cde", "def"], "aho-corasick"),
            (&["abcd", "bcde", "cdef", "defg", "bcd"], "groups of four bytes"),
        ] {
            let boxed: Vec<Box<[u8]>> = texts.iter().map(|text| text.as_bytes().into()).collect();
            let literals = Literals::new(&boxed);
            assert_eq!((literals.name(), literals.len()), (name, texts.len()));
            let mut found = Vec::new();
            literals.search(b"xABCDEFGx", &mut |literal, start| {
                found.push((literal, start));
                true
            });
            found.sort_unstable();
            let expected: Vec<_> =
                (0..texts.len()).map(|at| (at, 1 + "abcdefg".find(texts[at]).unwrap())).collect();
            assert_eq!(found, expected, "{texts:?}");
        }
    }
}

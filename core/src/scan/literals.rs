//! Looks for the anchors of a rule set in one event: one by a single-needle search, several by Aho-Corasick.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind, automaton::OverlappingState};

use super::needle::Needle;

/// The literals of a rule set, in any ASCII case.
#[derive(Clone, Debug)]
pub enum Literals {
    /// Nothing to look for.
    None,
    /// One literal.
    One(Needle),
    /// Several.
    Many(AhoCorasick),
}

impl Literals {
    /// A search for every one of `texts`, which are in lower case and not empty.
    ///
    /// # Panics
    /// If Aho-Corasick refuses the literals: more than its 2^31 states, far above what a rule set may hold.
    #[must_use]
    pub fn new(texts: &[Box<[u8]>]) -> Self {
        match texts {
            [] => Self::None,
            [one] => Self::One(Needle::new(one)),
            several => Self::Many(
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::Standard)
                    // PERF: a DFA ran the 1,150 TERM arguments of a public catalog at twice the speed of the NFA; its
                    // memory is bounded by the rule set's size.
                    .kind((several.len() <= DFA_LITERALS).then_some(AhoCorasickKind::DFA))
                    .build(several)
                    .expect("a rule set holds far fewer literals than an automaton can"),
            ),
        }
    }

    /// What was chosen, for `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::One(_) => "single needle",
            Self::Many(_) => "aho-corasick",
        }
    }

    /// Visits every occurrence as (literal, start, end) until `visit` says false.
    pub fn search(&self, raw: &[u8], visit: &mut dyn FnMut(usize, usize, usize) -> bool) {
        match self {
            Self::None => {}
            Self::One(needle) => search_one(needle, raw, visit),
            Self::Many(automaton) => search_many(automaton, raw, visit),
        }
    }
}

/// Above this many literals the automaton chooses its own form.
const DFA_LITERALS: usize = 4096;

fn search_one(needle: &Needle, raw: &[u8], visit: &mut dyn FnMut(usize, usize, usize) -> bool) {
    let mut from = 0;
    while let Some(start) = needle.find(raw, from) {
        if !visit(0, start, start + needle.text().len()) {
            return;
        }
        from = start + 1;
    }
}

fn search_many(
    automaton: &AhoCorasick,
    raw: &[u8],
    visit: &mut dyn FnMut(usize, usize, usize) -> bool,
) {
    let mut state = OverlappingState::start();
    loop {
        automaton.find_overlapping(Input::new(raw), &mut state);
        let Some(found) = state.get_match() else { return };
        if !visit(found.pattern().as_usize(), found.start(), found.end()) {
            return;
        }
    }
}

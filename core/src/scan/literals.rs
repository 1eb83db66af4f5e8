//! Looks for literals that may stand anywhere: a few by as many searches for one needle, many by Aho-Corasick.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind, automaton::OverlappingState};

use super::needle::Needle;

/// The literals of a rule set, in any ASCII case.
#[derive(Clone, Debug)]
pub enum Literals {
    /// Nothing to look for.
    None,
    /// A few: one after the other.
    Few(Box<[Needle]>),
    /// Many.
    Many(AhoCorasick),
}

impl Literals {
    /// A search for every one of `texts`, which are in lower case and not empty.
    ///
    /// # Panics
    /// If Aho-Corasick refuses the literals: more than its 2^31 states, far above what a rule set may hold.
    #[must_use]
    pub fn new(texts: &[Box<[u8]>]) -> Self {
        match texts.len() {
            0 => Self::None,
            1..=FEW_LITERALS => Self::Few(texts.iter().map(|text| Needle::new(text)).collect()),
            many => Self::Many(
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .match_kind(MatchKind::Standard)
                    // PERF: a DFA ran the 1,150 TERM arguments of a public catalog at twice the speed of the NFA; its
                    // memory is bounded by the rule set's size.
                    .kind((many <= DFA_LITERALS).then_some(AhoCorasickKind::DFA))
                    .build(texts)
                    .expect("a rule set holds far fewer literals than an automaton can"),
            ),
        }
    }

    /// What was chosen, for `explain`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Few(needles) if needles.len() == 1 => "single needle",
            Self::Few(_) => "needles",
            Self::Many(_) => "aho-corasick",
        }
    }

    /// Visits every occurrence as (literal, start, end) until `visit` says false.
    pub fn search(&self, raw: &[u8], visit: &mut dyn FnMut(usize, usize, usize) -> bool) {
        match self {
            Self::None => {}
            Self::Few(needles) => {
                let mut searches = needles.iter().enumerate();
                searches.all(|(literal, needle)| search_one(literal, needle, raw, visit));
            }
            Self::Many(automaton) => search_many(automaton, raw, visit),
        }
    }
}

/// PERF: an automaton runs at a tenth of the speed of one needle or less, so that up to this many needles, one after the
/// other, are no slower (`benches/examples/catalog.rs`).
pub const FEW_LITERALS: usize = 12;

/// Above this many literals the automaton chooses its own form.
const DFA_LITERALS: usize = 4096;

/// Whether every visit wanted to go on.
fn search_one(
    literal: usize,
    needle: &Needle,
    raw: &[u8],
    visit: &mut dyn FnMut(usize, usize, usize) -> bool,
) -> bool {
    let mut from = 0;
    while let Some(start) = needle.find(raw, from) {
        if !visit(literal, start, start + needle.text().len()) {
            return false;
        }
        from = start + 1;
    }
    true
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

//! Finds, for one event, the rules that could match it.
//!
//! A rule is skipped only if the event lacks bytes that every match of the rule must contain, so this module must have
//! **no false negatives**; a false positive costs one predicate. It helps little when many rules share a common literal:
//! `plan::atoms` decides which literals are worth looking for, this module only looks.
//!
//! A rule waits for its anchor: of a clause of atoms every match holds one. Every atom that holds a whole token of the event is
//! looked up by it in the [`lexicon`], the rarest if there are several; an anchor that holds none is searched for as a substring. A
//! set of very few anchors is searched for as substrings in any case. An anchor that was found makes the rule a candidate only if
//! the event may hold what else every match holds: tokens are known by then, any other text is looked for once a rule asks.

pub mod candidates;
pub mod frequencies;
mod grams;
pub mod lexicon;
pub mod literals;
pub mod needle;
pub mod segment;
mod sight;

use std::{collections::BTreeMap, ops::Range};

use bumpalo::Bump;

use crate::{
    config::Input,
    ids::{AtomId, RuleId},
};

use candidates::Candidates;
use lexicon::Lexicon;
use literals::Literals;
use needle::Needle;
use segment::{Breaker, class};
pub use sight::Sight;

/// One thing to look for in an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom {
    /// The literal in lower case, never empty.
    pub text: Box<[u8]>,
    /// Whether a breaker or the edge must stand before it.
    pub starts_token: bool,
    /// Whether a breaker or the edge must stand behind it.
    pub ends_token: bool,
    /// Which text of the event must hold it.
    pub domain: Domain,
}

/// Which text of an event an atom is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// The raw text as it is.
    Raw,
    /// The raw text or the text of a field, where that is written otherwise: what a field's value must hold.
    Decoded,
}

impl Atom {
    /// Whether it is a whole token and no mere substring.
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.starts_token && self.ends_token
    }

    /// The rarest of the tokens that an event with this atom holds within it, of those that the lexicon takes.
    #[must_use]
    pub fn key(&self) -> Option<Range<usize>> {
        let long = |token: &Range<usize>| token.len() >= lexicon::SHORTEST_KEY_BYTES;
        let rarity = |token: &Range<usize>| frequencies::rarity(&self.text[token.clone()]);
        self.tokens().filter(long).max_by_key(rarity)
    }

    /// Its pieces between breakers, but for those at an edge where the event may go on.
    fn tokens(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        let pieces = self.text.split(|&byte| class(byte) != Breaker::None).map(move |piece| {
            let token = start..start + piece.len();
            start = token.end + 1;
            token
        });
        pieces.filter(|token| {
            (token.start > 0 || self.starts_token)
                && (token.end < self.text.len() || self.ends_token)
        })
    }

    fn stands_at(&self, raw: &[u8], start: usize) -> bool {
        let end = start + self.text.len();
        raw.get(start..end).is_some_and(|found| found.eq_ignore_ascii_case(&self.text))
            && self.fits(raw, start, end)
    }

    fn may_start(&self, raw: &[u8], start: usize) -> bool {
        segment::starts_token(raw, start, Breaker::Minor)
            || (self.domain == Domain::Decoded && ends_with_escape(&raw[..start]))
    }

    fn fits(&self, raw: &[u8], start: usize, end: usize) -> bool {
        (!self.starts_token || self.may_start(raw, start))
            && (!self.ends_token || segment::ends_token(raw, end, Breaker::Minor))
    }
}

/// Whether `before` ends with an escape of JSON for a control character, which may be a letter behind a backslash as well.
fn ends_with_escape(before: &[u8]) -> bool {
    matches!(before, [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'])
}

/// What a rule asks of an event before it looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'r> {
    /// Every match holds at least one of these; `None` makes the rule wait for every event.
    pub anchor: Option<&'r [Atom]>,
    /// Every match holds at least one of each of these, too.
    pub also: &'r [Vec<Atom>],
    /// Whether only events of some kinds or ids can match: these are known before a rule is asked.
    pub is_routed: bool,
}

/// The text of an event, and how it is written.
#[derive(Clone, Copy)]
pub struct Text<'s> {
    /// The text.
    pub raw: &'s [u8],
    /// How it is written.
    pub input: Input,
    /// Where decoded values live.
    pub scratch: &'s Bump,
}

/// What the scan looks for, and which rules wait for it.
#[derive(Clone, Debug)]
pub struct Program {
    atoms: Vec<Atom>,
    /// How each atom is found.
    means: Vec<Means>,
    /// For each atom, the rules that it makes candidates.
    waiting: Vec<Vec<RuleId>>,
    /// For each rule, what else an event must hold: one atom of each clause.
    tests: Vec<Box<[Clause]>>,
    /// The tokens by which atoms are looked up, and for each the atoms that hold it, and where in them it stands.
    lexicon: Lexicon,
    atoms_of_key: Vec<Vec<(AtomId, usize)>>,
    /// The texts that are looked for besides, and for each the atoms that it is the text of.
    literals: Literals,
    atoms_of_literal: Vec<Vec<AtomId>>,
    /// Rules for which the pass looks for nothing: they wait for every event.
    always: Candidates,
    /// Whether some atom that is looked for is one of a decoded value.
    looks_at_decoded: bool,
    rules: usize,
}

/// Atoms of which an event must hold one.
type Clause = Box<[AtomId]>;

/// How an atom is found.
#[derive(Clone, Debug)]
enum Means {
    /// By the pass over every event.
    Pass,
    /// By a search, if a rule asks.
    Search(Needle),
}

/// PERF: up to this many anchors, a search for each is faster than the one pass of the lexicon.
const FEW_ATOMS: usize = 3;

impl Program {
    /// A scan for rules that ask so.
    #[must_use]
    pub fn new(demands: &[Demand<'_>]) -> Self {
        let waits = Waits::of(demands);
        let anchors = sorted(waits.anchors.iter().flatten().copied().flatten());
        let tested = waits.tests.iter().flatten().copied().flatten();
        let atoms = sorted(anchors.iter().chain(tested));
        let mut waiting = vec![Vec::new(); atoms.len()];
        let mut always = Candidates::new(demands.len());
        for (rule, anchor) in waits.anchors.iter().enumerate() {
            let rule = RuleId::new(rule);
            match anchor {
                None => always.insert(rule),
                Some(clause) => {
                    ids(&atoms, clause).for_each(|atom| waiting[atom.index()].push(rule));
                }
            }
        }
        let Parts { keys, literals, means } = Parts::of(&atoms, &anchors);
        let (keys, atoms_of_key): (_, Vec<_>) = keys.into_iter().unzip();
        let (literals, atoms_of_literal): (Vec<_>, Vec<_>) = literals.into_iter().unzip();
        let mut looked_for =
            atoms.iter().zip(&means).filter(|(_, means)| matches!(means, Means::Pass));
        Self {
            looks_at_decoded: looked_for.any(|(atom, _)| atom.domain == Domain::Decoded),
            tests: waits.tests.iter().map(|clauses| tests(&atoms, &means, clauses)).collect(),
            atoms,
            means,
            waiting,
            lexicon: Lexicon::new(keys),
            atoms_of_key,
            literals: Literals::new(&literals),
            atoms_of_literal,
            always,
            rules: demands.len(),
        }
    }

    /// How its atoms are looked for, for `explain`: in the lexicon, as substrings, or both.
    #[must_use]
    pub fn searcher(&self) -> String {
        match (self.lexicon.len(), self.literals.name()) {
            (0, substrings) => substrings.to_owned(),
            (keys, "none") => format!("lexicon of {keys}"),
            (keys, substrings) => {
                format!("lexicon of {keys}, {substrings} for {}", self.atoms_of_literal.len())
            }
        }
    }

    /// The empty candidate set for this program.
    #[must_use]
    pub fn candidates(&self) -> Candidates {
        Candidates::new(self.rules)
    }

    /// The pass over one event: sets `candidates` to the rules that its text may make candidates; whether there is any. What it sees
    /// of the text goes into `sight`, for [`narrow`](Self::narrow).
    pub fn look(&self, text: Text<'_>, sight: &mut Sight, candidates: &mut Candidates) -> bool {
        sight.start(self.atoms.len());
        candidates.clone_from(&self.always);
        // Not `||`: what the pass sees is asked later.
        sight.look(self, text, candidates) | !self.always.is_empty()
    }

    /// Takes from `candidates` the rules that cannot match an event with this text: it lacks what they ask for beside their anchors.
    pub fn narrow(&self, text: Text<'_>, sight: &mut Sight, candidates: &mut Candidates) {
        candidates.retain(|rule| {
            let clauses = &self.tests[rule.index()];
            clauses.iter().all(|clause| sight.may_hold_some(self, text, clause))
        });
    }
}

/// What each rule waits for, once it is decided what the pass looks for.
#[derive(Default)]
struct Waits<'r> {
    /// By rule: the pass looks for these. `None`: for nothing.
    anchors: Vec<Option<&'r [Atom]>>,
    /// By rule: the clauses that are tested.
    tests: Vec<Vec<&'r [Atom]>>,
}

impl<'r> Waits<'r> {
    fn of(demands: &[Demand<'r>]) -> Self {
        let anchors = sorted(demands.iter().filter_map(|demand| demand.anchor).flatten());
        let has_pass = anchors.len() > FEW_ATOMS;
        let mut waits = Self::default();
        demands.iter().for_each(|demand| waits.add(demand, has_pass));
        waits
    }

    fn add(&mut self, demand: &Demand<'r>, has_pass: bool) {
        let mut tests: Vec<_> = demand.also.iter().map(Vec::as_slice).collect();
        let mut anchor = demand.anchor;
        let takes_search = |clause: &[Atom]| clause.iter().any(|atom| atom.key().is_none());
        // So few events get as far as its tests that a search in each of them costs less than one in every event.
        if has_pass && demand.is_routed && anchor.is_some_and(takes_search) {
            tests.extend(anchor.take());
        }
        self.anchors.push(anchor);
        self.tests.push(tests);
    }
}

/// Each once.
fn sorted<'a>(atoms: impl Iterator<Item = &'a Atom>) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = atoms.cloned().collect();
    atoms.sort();
    atoms.dedup();
    atoms
}

fn ids(atoms: &[Atom], clause: &[Atom]) -> impl Iterator<Item = AtomId> {
    clause.iter().map(|atom| {
        let place = atoms.binary_search(atom);
        AtomId::new(place.expect("every atom of every clause was collected"))
    })
}

/// The clauses, what is known anyway first, what takes a search last.
fn tests(atoms: &[Atom], means: &[Means], clauses: &[&[Atom]]) -> Box<[Clause]> {
    let price = |atom: &AtomId| match means[atom.index()] {
        Means::Pass => 0,
        Means::Search(_) => 1,
    };
    let sorted = |clause: &&[Atom]| {
        let mut ids: Box<[AtomId]> = ids(atoms, clause).collect();
        ids.sort_by_key(price);
        ids
    };
    let mut tests: Box<[Clause]> = clauses.iter().map(sorted).collect();
    tests.sort_by_key(|clause| clause.iter().map(price).max());
    tests
}

/// The atoms by what they are found by.
#[derive(Default)]
struct Parts {
    /// Tokens, each with its atoms and where it stands in them.
    keys: BTreeMap<Box<[u8]>, Vec<(AtomId, usize)>>,
    /// Whole texts.
    literals: BTreeMap<Box<[u8]>, Vec<AtomId>>,
    /// By atom.
    means: Vec<Means>,
}

impl Parts {
    /// Of `atoms`, only the `anchors` have to be looked for in every event.
    fn of(atoms: &[Atom], anchors: &[Atom]) -> Self {
        let mut parts = Self::default();
        let has_lexicon = anchors.len() > FEW_ATOMS;
        for (index, atom) in atoms.iter().enumerate() {
            let means = parts
                .add(AtomId::new(index), atom, has_lexicon, || anchors.binary_search(atom).is_ok());
            parts.means.push(means);
        }
        parts
    }

    fn add(
        &mut self,
        id: AtomId,
        atom: &Atom,
        has_lexicon: bool,
        is_anchor: impl Fn() -> bool,
    ) -> Means {
        if let Some(token) = atom.key().filter(|_| has_lexicon) {
            self.keys.entry(atom.text[token.clone()].into()).or_default().push((id, token.start));
        } else if is_anchor() {
            self.literals.entry(atom.text.clone()).or_default().push(id);
        } else {
            return Means::Search(Needle::new(&atom.text));
        }
        Means::Pass
    }
}

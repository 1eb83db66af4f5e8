//! Finds, for one event, the rules that could match it.
//!
//! A rule is skipped only if the event lacks bytes that every match of the rule must contain, so this module must have
//! **no false negatives**; a false positive costs one predicate. It helps little when many rules share a common literal:
//! `plan::atoms` decides which literals are worth looking for, this module only looks.
//!
//! Every atom that holds a whole token of the event is looked up by it in the [`lexicon`], the rarest if there are several; what holds none
//! is searched for as a substring. A set of very few atoms is searched for as substrings in any case.

pub mod candidates;
pub mod frequencies;
pub mod lexicon;
pub mod literals;
pub mod needle;
pub mod segment;

use std::{collections::BTreeMap, ops::Range};

use bumpalo::Bump;

use crate::{
    config::Input,
    event,
    ids::{AtomId, RuleId},
};

use candidates::Candidates;
use lexicon::Lexicon;
use literals::Literals;
use segment::{Breaker, class};

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

/// What the scan looks for, and which rules wait for it.
#[derive(Clone, Debug)]
pub struct Program {
    atoms: Vec<Atom>,
    /// For each atom, the rules that it makes candidates.
    waiting: Vec<Vec<RuleId>>,
    /// The tokens by which atoms are looked up, and for each the atoms that hold it, and where in them it stands.
    lexicon: Lexicon,
    atoms_of_key: Vec<Vec<(AtomId, usize)>>,
    /// The texts of all other atoms, and for each the atoms that it is the text of.
    literals: Literals,
    atoms_of_literal: Vec<Vec<AtomId>>,
    /// Rules without an anchor: candidates of every event.
    always: Vec<RuleId>,
    /// Whether some atom is one of a decoded value.
    looks_at_decoded: bool,
    rules: usize,
}

/// PERF: up to this many atoms, a search for each is faster than the one pass of the lexicon.
const FEW_ATOMS: usize = 3;

impl Program {
    /// A scan for the anchors of `rules` rules. `anchors[rule]` is the clause of atoms of which every match of the rule
    /// holds at least one; `None` makes the rule a candidate of every event.
    #[must_use]
    pub fn new(anchors: &[Option<&[Atom]>]) -> Self {
        let mut atoms: Vec<Atom> = anchors.iter().flatten().copied().flatten().cloned().collect();
        atoms.sort();
        atoms.dedup();
        let mut waiting = vec![Vec::new(); atoms.len()];
        let mut always = Vec::new();
        for (rule, anchor) in anchors.iter().enumerate() {
            match anchor {
                None => always.push(RuleId::new(rule)),
                Some(clause) => wait_for(&atoms, clause, RuleId::new(rule), &mut waiting),
            }
        }
        let Parts { keys, literals } = Parts::of(&atoms);
        let (keys, atoms_of_key): (_, Vec<_>) = keys.into_iter().unzip();
        let (literals, atoms_of_literal): (Vec<_>, Vec<_>) = literals.into_iter().unzip();
        Self {
            looks_at_decoded: atoms.iter().any(|atom| atom.domain == Domain::Decoded),
            atoms,
            waiting,
            lexicon: Lexicon::new(keys),
            atoms_of_key,
            literals: Literals::new(&literals),
            atoms_of_literal,
            always,
            rules: anchors.len(),
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

    /// Sets `candidates` to the rules that `raw` could match; whether there is any.
    ///
    /// `input` says how it is written, `scratch` holds decoded values, if some are needed.
    pub fn run(
        &self,
        raw: &[u8],
        input: Input,
        scratch: &Bump,
        candidates: &mut Candidates,
    ) -> bool {
        let mut any = false;
        self.search(raw, Domain::Raw, candidates, &mut any);
        if self.looks_at_decoded {
            event::rewritten_values(raw, input, scratch, &mut |value| {
                self.search(value, Domain::Decoded, candidates, &mut any);
            });
        }
        for &rule in &self.always {
            candidates.insert(rule);
            any = true;
        }
        any
    }

    fn search(&self, text: &[u8], domain: Domain, candidates: &mut Candidates, any: &mut bool) {
        let mut see = |atom_id: AtomId, start: usize| {
            let atom = &self.atoms[atom_id.index()];
            // Every atom is looked for in the raw text; only those of decoded values in the copy.
            let wanted = domain == Domain::Raw || atom.domain == Domain::Decoded;
            if wanted && atom.stands_at(text, start) {
                *any = true;
                self.waiting[atom_id.index()].iter().for_each(|&rule| candidates.insert(rule));
            }
            // With one rule there is nothing more to learn.
            !(*any && self.rules == 1)
        };
        if !self.lexicon.is_empty() {
            self.lexicon.search(text, &mut |key, at| {
                let mut atoms = self.atoms_of_key[key].iter();
                atoms.all(|&(atom, offset)| offset > at || see(atom, at - offset))
            });
        }
        self.literals.search(text, &mut |literal, start, _| {
            self.atoms_of_literal[literal].iter().all(|&atom| see(atom, start))
        });
    }
}

fn wait_for(atoms: &[Atom], clause: &[Atom], rule: RuleId, waiting: &mut [Vec<RuleId>]) {
    for atom in clause {
        let index = atoms.binary_search(atom).expect("every atom of every clause was collected");
        waiting[index].push(rule);
    }
}

/// The atoms by what they are found by.
#[derive(Default)]
struct Parts {
    /// Tokens, each with its atoms and where it stands in them.
    keys: BTreeMap<Box<[u8]>, Vec<(AtomId, usize)>>,
    /// Whole texts.
    literals: BTreeMap<Box<[u8]>, Vec<AtomId>>,
}

impl Parts {
    fn of(atoms: &[Atom]) -> Self {
        let mut parts = Self::default();
        for (index, atom) in atoms.iter().enumerate() {
            let id = AtomId::new(index);
            match atom.key().filter(|_| atoms.len() > FEW_ATOMS) {
                Some(token) => {
                    let places = parts.keys.entry(atom.text[token.clone()].into()).or_default();
                    places.push((id, token.start));
                }
                None => parts.literals.entry(atom.text.clone()).or_default().push(id),
            }
        }
        parts
    }
}

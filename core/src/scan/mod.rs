//! Finds, for one event, the rules that could match it.
//!
//! A rule is skipped only if the event lacks bytes that every match of the rule must contain, so this module must have
//! **no false negatives**; a false positive costs one predicate. It helps little when many rules share a common literal:
//! `plan::atoms` decides which literals are worth looking for, this module only looks.

pub mod candidates;
pub mod literals;
pub mod needle;
pub mod segment;

use bumpalo::Bump;

use crate::{
    config::Input,
    event,
    ids::{AtomId, RuleId},
};

use candidates::Candidates;
use literals::Literals;
use segment::Breaker;

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
    /// The literals of the atoms without repeats, and for each the atoms that it is the text of.
    literals: Literals,
    atoms_of_literal: Vec<Vec<AtomId>>,
    /// Rules without an anchor: candidates of every event.
    always: Vec<RuleId>,
    /// Whether some atom is one of a decoded value.
    looks_at_decoded: bool,
    rules: usize,
}

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
        let (literals, atoms_of_literal) = literals_of(&atoms);
        let looks_at_decoded = atoms.iter().any(|atom| atom.domain == Domain::Decoded);
        let rules = anchors.len();
        Self { atoms, waiting, literals, atoms_of_literal, always, looks_at_decoded, rules }
    }

    /// How the literals are searched, for `explain`.
    #[must_use]
    pub fn searcher(&self) -> &'static str {
        self.literals.name()
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
        self.literals.search(text, &mut |literal, start, end| {
            for &atom_id in &self.atoms_of_literal[literal] {
                let atom = &self.atoms[atom_id.index()];
                // Every atom is looked for in the raw text; only those of decoded values in the copy.
                let wanted = domain == Domain::Raw || atom.domain == Domain::Decoded;
                if wanted && atom.fits(text, start, end) {
                    *any = true;
                    self.waiting[atom_id.index()].iter().for_each(|&rule| candidates.insert(rule));
                }
            }
            // With one rule there is nothing more to learn.
            !(*any && self.rules == 1)
        });
    }
}

fn wait_for(atoms: &[Atom], clause: &[Atom], rule: RuleId, waiting: &mut [Vec<RuleId>]) {
    for atom in clause {
        let index = atoms.binary_search(atom).expect("every atom of every clause was collected");
        waiting[index].push(rule);
    }
}

fn literals_of(atoms: &[Atom]) -> (Literals, Vec<Vec<AtomId>>) {
    let mut texts: Vec<Box<[u8]>> = Vec::new();
    let mut atoms_of_literal: Vec<Vec<AtomId>> = Vec::new();
    // The atoms are sorted by text first, so that equal texts stand side by side.
    for (index, atom) in atoms.iter().enumerate() {
        if texts.last() != Some(&atom.text) {
            texts.push(atom.text.clone());
            atoms_of_literal.push(Vec::new());
        }
        atoms_of_literal.last_mut().expect("pushed with its text").push(AtomId::new(index));
    }
    (Literals::new(&texts), atoms_of_literal)
}

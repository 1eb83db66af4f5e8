//! What one event was seen to hold: by the pass over all of it, and by what is asked once a rule waits.
//!
//! The pass finds the atoms that rules wait for, and whatever else the lexicon tells on the way. A rule that it makes a
//! candidate asks for more; what the pass does not look for is searched for then, once for all rules that ask. Whoever
//! cannot tell says that the event holds it.

use super::{
    Domain, Means, Program, Text, candidates::Candidates, lexicon::Escapes, needle::Needle,
};
use crate::{
    event::{
        self,
        detect::{self, Format, Shape},
    },
    ids::AtomId,
};

/// The atoms that an event was seen to hold. Made once per engine and used again for every event.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    seen: Bits,
    /// The atoms that were searched for on demand.
    asked: Bits,
    /// Whether the pass was ended early: what it has not seen may be there.
    is_partial: bool,
    /// Whether some field holds another text than the event.
    is_rewritten: Option<bool>,
}

impl Sight {
    /// Forgets what it has seen: from here on it is of another event, of which a program with so many atoms asks.
    pub(super) fn start(&mut self, atoms: usize) {
        self.seen.clear(atoms);
        self.asked.clear(atoms);
        self.is_partial = false;
        self.is_rewritten = None;
    }

    /// The pass: adds to `candidates` the rules that wait for what the event holds; whether there is any.
    pub(super) fn look(
        &mut self,
        program: &Program,
        text: Text<'_>,
        candidates: &mut Candidates,
    ) -> bool {
        let escapes = if program.lexicon.is_empty() { Escapes::Read } else { escapes(text) };
        let mut any = self.search(program, text.raw, escapes, Domain::Raw, candidates);
        if program.looks_at_decoded && !self.is_partial {
            let mut is_rewritten = false;
            event::rewritten_values(text.raw, text.input, text.scratch, &mut |value| {
                is_rewritten = true;
                any |= self.search(program, value, Escapes::Read, Domain::Decoded, candidates);
            });
            self.is_rewritten = Some(is_rewritten);
        }
        any
    }

    fn search(
        &mut self,
        program: &Program,
        text: &[u8],
        escapes: Escapes,
        domain: Domain,
        candidates: &mut Candidates,
    ) -> bool {
        let (seen, is_partial) = (&mut self.seen, &mut self.is_partial);
        let mut any = false;
        let mut see = |atom_id: AtomId, start: usize| {
            let atom = &program.atoms[atom_id.index()];
            // Every atom is looked for in the raw text; only those of decoded values in the copy.
            let wanted = domain == Domain::Raw || atom.domain == Domain::Decoded;
            if wanted && !seen.contains(atom_id) && atom.stands_at(text, start) {
                seen.insert(atom_id);
                let waiting = &program.waiting[atom_id.index()];
                waiting.iter().for_each(|&rule| candidates.insert(rule));
                any |= !waiting.is_empty();
            }
            // With one rule the pass has nothing more to say.
            *is_partial = any && program.rules == 1;
            !*is_partial
        };
        if !program.lexicon.is_empty() {
            program.lexicon.search(text, escapes, &mut |key, at| {
                let mut atoms = program.atoms_of_key[key].iter();
                atoms.all(|&(atom, offset)| offset > at || see(atom, at - offset))
            });
        }
        program.literals.search(text, &mut |literal, start| {
            program.atoms_of_literal[literal].iter().all(|&atom| see(atom, start))
        });
        any
    }

    /// Whether the event may hold one of the atoms.
    pub(super) fn may_hold_some(
        &mut self,
        program: &Program,
        text: Text<'_>,
        clause: &[AtomId],
    ) -> bool {
        clause.iter().any(|&atom| self.seen.contains(atom))
            || clause.iter().any(|&atom| self.may_hold(program, text, atom))
    }

    fn may_hold(&mut self, program: &Program, text: Text<'_>, atom: AtomId) -> bool {
        match &program.means[atom.index()] {
            Means::Pass => self.is_partial,
            Means::Search(needle) => {
                self.asked.insert(atom) && self.search_for(program, text, atom, needle)
            }
        }
    }

    fn search_for(
        &mut self,
        program: &Program,
        text: Text<'_>,
        atom_id: AtomId,
        needle: &Needle,
    ) -> bool {
        let atom = &program.atoms[atom_id.index()];
        let ends = |start: usize| start + needle.text().len();
        let found = needle.starts(text.raw).any(|start| atom.fits(text.raw, start, ends(start)))
            || (atom.domain == Domain::Decoded && self.is_rewritten(text));
        if found {
            self.seen.insert(atom_id);
        }
        found
    }

    fn is_rewritten(&mut self, text: Text<'_>) -> bool {
        *self.is_rewritten.get_or_insert_with(|| {
            let mut any = false;
            event::rewritten_values(text.raw, text.input, text.scratch, &mut |_| any = true);
            any
        })
    }
}

/// Whether a token may start behind a control character that is written as a backslash and a letter.
fn escapes(text: Text<'_>) -> Escapes {
    match detect::shape(text.raw, text.input) {
        // Windows writes no backslash but for itself.
        Shape { format: Format::WinXml, body_start: 0 } => Escapes::None,
        _ => Escapes::Read,
    }
}

/// A set of atoms.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// Makes it an empty set of some of so many atoms.
    fn clear(&mut self, atoms: usize) {
        self.0.clear();
        self.0.resize(atoms.div_ceil(64), 0);
    }

    fn contains(&self, atom: AtomId) -> bool {
        self.0[atom.index() / 64] >> (atom.index() % 64) & 1 == 1
    }

    /// Whether it was not there.
    fn insert(&mut self, atom: AtomId) -> bool {
        let is_new = !self.contains(atom);
        self.0[atom.index() / 64] |= 1 << (atom.index() % 64);
        is_new
    }
}

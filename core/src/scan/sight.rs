//! What one event was seen to hold: by the pass over all of it, and by what is asked once a rule waits.
//!
//! The pass finds the atoms that rules wait for, and whatever else the lexicon tells on the way. A rule that it makes a
//! candidate asks for more; what the pass does not look for is searched for then, once for all rules that ask. Whoever
//! cannot tell says that the event holds it.

use bumpalo::Bump;

use super::{Means, Program, candidates::Candidates};
use crate::{
    config::Input,
    event,
    ids::AtomId,
    scan::{Domain, needle::Needle},
};

/// One event, and the atoms that it was seen to hold.
pub(super) struct Sight<'s> {
    program: &'s Program,
    raw: &'s [u8],
    input: Input,
    scratch: &'s Bump,
    seen: Bits<'s>,
    /// The atoms that were searched for on demand.
    asked: Bits<'s>,
    /// Whether the pass was ended early: what it has not seen may be there.
    is_partial: bool,
    knows_event_ids: bool,
    /// Whether some field holds another text than the event.
    is_rewritten: Option<bool>,
}

impl<'s> Sight<'s> {
    pub(super) fn new(
        program: &'s Program,
        raw: &'s [u8],
        input: Input,
        scratch: &'s Bump,
    ) -> Self {
        let atoms = program.atoms.len();
        Self {
            program,
            raw,
            input,
            scratch,
            seen: Bits::new(atoms, scratch),
            asked: Bits::new(atoms, scratch),
            is_partial: false,
            knows_event_ids: false,
            is_rewritten: None,
        }
    }

    /// The pass: adds to `candidates` the rules that wait for what the event holds; whether there is any.
    pub(super) fn look(&mut self, candidates: &mut Candidates) -> bool {
        let mut any = self.search(self.raw, Domain::Raw, candidates);
        if self.program.looks_at_decoded && !self.is_partial {
            let mut is_rewritten = false;
            event::rewritten_values(self.raw, self.input, self.scratch, &mut |value| {
                is_rewritten = true;
                any |= self.search(value, Domain::Decoded, candidates);
            });
            self.is_rewritten = Some(is_rewritten);
        }
        any
    }

    fn search(&mut self, text: &[u8], domain: Domain, candidates: &mut Candidates) -> bool {
        let program = self.program;
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
            program.lexicon.search(text, &mut |key, at| {
                let mut atoms = program.atoms_of_key[key].iter();
                atoms.all(|&(atom, offset)| offset > at || see(atom, at - offset))
            });
        }
        program.literals.search(text, &mut |literal, start| {
            program.atoms_of_literal[literal].iter().all(|&atom| see(atom, start))
        });
        any
    }

    /// Whether the event may hold the atom.
    pub(super) fn may_hold(&mut self, atom: AtomId) -> bool {
        if self.seen.contains(atom) {
            return true;
        }
        match &self.program.means[atom.index()] {
            Means::Pass => self.is_partial,
            Means::EventId => {
                self.see_event_ids();
                self.seen.contains(atom)
            }
            Means::Search(needle) => self.asked.insert(atom) && self.search_for(atom, needle),
        }
    }

    fn search_for(&mut self, atom_id: AtomId, needle: &Needle) -> bool {
        let atom = &self.program.atoms[atom_id.index()];
        let found = needle
            .starts(self.raw)
            .any(|start| atom.fits(self.raw, start, start + needle.text().len()))
            || (atom.domain == Domain::Decoded && self.is_rewritten());
        if found {
            self.seen.insert(atom_id);
        }
        found
    }

    /// Marks the id that the event has, and those that its text names as a rule would.
    fn see_event_ids(&mut self) {
        if std::mem::replace(&mut self.knows_event_ids, true) {
            return;
        }
        let ids = &self.program.event_ids;
        let own = event::event_id(self.raw, self.input, self.scratch);
        for id in own.into_iter().chain(ids.named(self.raw)) {
            ids.atom(id).into_iter().for_each(|atom| _ = self.seen.insert(atom));
        }
    }

    fn is_rewritten(&mut self) -> bool {
        *self.is_rewritten.get_or_insert_with(|| {
            let mut any = false;
            event::rewritten_values(self.raw, self.input, self.scratch, &mut |_| any = true);
            any
        })
    }
}

/// A set of atoms.
struct Bits<'s>(&'s mut [u64]);

impl<'s> Bits<'s> {
    fn new(atoms: usize, scratch: &'s Bump) -> Self {
        Self(scratch.alloc_slice_fill_copy(atoms.div_ceil(64), 0))
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

//! Terms that several rules ask for: each is put to an event once, whichever rules wait for the answer.
//!
//! A catalog names its sources by a few macros and its events by a few ids, so most rules begin with terms that stand in many
//! others. What such a term says of an event is kept with the event. A term that says no lets all go that ask for it, and one
//! that asks for source, sourcetype, channel and event id only is put to each kind of events once.

use std::cmp::Reverse;

use super::search::{Facts, Search};
use crate::{
    ids::{RuleId, TermId},
    row::{Env, Fields},
    scan::candidates::Candidates,
};

/// What a term says of an event, or of all events of a kind.
pub mod verdict {
    use std::cell::Cell;

    /// A place for a verdict.
    pub type Slot = Cell<Option<bool>>;
}

/// The terms that the rules of a set share, and who asks for them.
#[derive(Debug, Default)]
pub struct Terms {
    terms: Vec<Search>,
    /// By term: the rules that cannot match where it says no.
    askers: Vec<Candidates>,
    /// By rule: the terms that it asks for.
    asked: Vec<Box<[TermId]>>,
}

/// What is certain of all events of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// By term: what it says of each of them; `None` where that depends on the event.
    pub verdicts: Box<[Option<bool>]>,
    /// The rules that can match none of them.
    pub excluded: Candidates,
}

impl Terms {
    /// No terms.
    pub(crate) const NONE: &'static Self =
        &Self { terms: Vec::new(), askers: Vec::new(), asked: Vec::new() };

    /// The `terms`, and for each rule those that it asks for.
    #[must_use]
    pub fn new(terms: Vec<Search>, mut asked: Vec<Box<[TermId]>>) -> Self {
        let mut askers = vec![Candidates::new(asked.len()); terms.len()];
        for (rule, terms) in asked.iter().enumerate() {
            terms.iter().for_each(|term| askers[term.index()].insert(RuleId::new(rule)));
        }
        // PERF: what many ask for is most likely known already, and is mostly a source or an id; the lists of texts that one rule
        // asks for are long.
        let popularity: Vec<usize> = askers.iter().map(Candidates::len).collect();
        for terms in &mut asked {
            terms.sort_by_key(|term| Reverse(popularity[term.index()]));
        }
        Self { terms, askers, asked }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, term: TermId) -> &Search {
        &self.terms[term.index()]
    }

    /// All of them, in the order of their ids.
    pub(crate) fn all(&self) -> &[Search] {
        &self.terms
    }

    /// Whether `row` satisfies a term; asked once of each event.
    #[must_use]
    pub fn test<'e>(&self, term: TermId, row: &dyn Fields<'e>, env: Env<'e>) -> bool {
        let slot = row.verdicts().get(term.index());
        if let Some(verdict) = slot.and_then(verdict::Slot::get) {
            return verdict;
        }
        let verdict = self.get(term).test(row, env);
        if let Some(slot) = slot {
            slot.set(Some(verdict));
        }
        verdict
    }

    /// What is certain of events of which `facts` hold.
    #[must_use]
    pub fn route(&self, facts: &Facts<'_>) -> Route {
        let verdicts: Box<[_]> = self.terms.iter().map(|term| term.certainly(facts)).collect();
        let mut excluded = Candidates::new(self.asked.len());
        for (askers, verdict) in self.askers.iter().zip(&verdicts) {
            if *verdict == Some(false) {
                excluded.insert_all(askers);
            }
        }
        Route { verdicts, excluded }
    }

    /// Takes from `candidates` the rules of which some term says no.
    pub fn narrow<'e>(&self, candidates: &mut Candidates, event: &dyn Fields<'e>, env: Env<'e>) {
        candidates.retain_with(|rule, rest| {
            let no = self.asked[rule.index()].iter().find(|term| !self.test(**term, event, env));
            if let Some(term) = no {
                rest.remove_all(&self.askers[term.index()]);
            }
        });
    }
}

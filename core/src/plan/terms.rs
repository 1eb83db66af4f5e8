//! Finds the terms that rules share.
//!
//! A rule's first search is a list of terms that must all hold. One that stands in several rules is put in a table, and so is
//! one that asks for source, sourcetype, channel or event id, which is put to each kind of events once. Two terms are the same if their byte
//! forms are.

use std::collections::BTreeMap;

use crate::{
    compiled::{
        Branched, Reduce, Rule,
        form::{Form, Saver},
    },
    expr::search::Search,
    ids::TermId,
    stage::Stage,
};

/// Takes the terms that rules share out of them.
pub(crate) fn share(rules: &mut [Rule]) -> Vec<Search> {
    let mut table = Table::default();
    rules.iter_mut().flat_map(searches).for_each(|search| {
        flatten(search);
        terms(search).iter().for_each(|term| *table.counts.entry(bytes(term)).or_default() += 1);
    });
    rules.iter_mut().flat_map(searches).for_each(|search| {
        terms_mut(search).iter_mut().for_each(|term| table.share(term));
    });
    table.shared
}

/// The searches that a rule puts to an event before anything is written to its row.
fn searches(rule: &mut Rule) -> impl Iterator<Item = &mut Search> {
    let branches = match &mut rule.plan.reduce {
        Some(Reduce::Branched(branched)) => {
            let Branched { branches, .. } = &mut **branched;
            &mut **branches
        }
        _ => &mut [],
    };
    let of_branches = branches.iter_mut().map(|branch| &mut branch.mapped);
    std::iter::once(&mut rule.plan.mapped).chain(of_branches).filter_map(|stages| {
        match stages.first_mut()? {
            Stage::Search(search) => Some(search),
            _ => None,
        }
    })
}

/// Makes the terms of terms that must all hold terms of their own.
fn flatten(search: &mut Search) {
    if let Search::And(terms) = search {
        let mut flat = Vec::with_capacity(terms.len());
        for mut term in std::mem::take(terms) {
            flatten(&mut term);
            match term {
                Search::And(inner) => flat.extend(inner),
                Search::All => {}
                term => flat.push(term),
            }
        }
        *terms = flat.into();
    }
}

fn terms(search: &Search) -> &[Search] {
    match search {
        Search::And(terms) => terms,
        term => std::slice::from_ref(term),
    }
}

fn terms_mut(search: &mut Search) -> &mut [Search] {
    match search {
        Search::And(terms) => terms,
        term => std::slice::from_mut(term),
    }
}

fn bytes(term: &Search) -> Vec<u8> {
    let mut saver = Saver::default();
    term.save(&mut saver);
    saver.out.into_bytes()
}

#[derive(Default)]
struct Table {
    counts: BTreeMap<Vec<u8>, usize>,
    ids: BTreeMap<Vec<u8>, TermId>,
    shared: Vec<Search>,
}

impl Table {
    fn share(&mut self, term: &mut Search) {
        let bytes = bytes(term);
        let is_worth_it = self.counts[&bytes] > 1 || term.asks_for_facts();
        // What a subsearch found is another thing for each rule.
        if !is_worth_it || matches!(term, Search::All) || term.waits() {
            return;
        }
        let next = TermId::new(self.shared.len());
        let id = *self.ids.entry(bytes).or_insert(next);
        let term = std::mem::replace(term, Search::Shared(id));
        if id == next {
            self.shared.push(term);
        }
    }
}

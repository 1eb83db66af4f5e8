//! The subpipelines of a rule that look at events themselves: each selects its own.

use super::{
    atoms::{self, Anchor},
    lower::is_generated,
    origins::Origins,
};
use crate::spl::tree::{CommandKind, Pipeline, Search};

/// The branches that stand in `pipeline`, those within others before these.
pub(crate) fn of(pipeline: &Pipeline) -> Vec<&Pipeline> {
    let mut found = Vec::new();
    find(pipeline, &mut found);
    found
}

/// What selects the events of a rule or of one of its branches: at least one of all their anchors. A rule that `generates` its
/// own rows looks at events for its branches only.
pub(crate) fn anchor(
    own: Anchor,
    generates: bool,
    branches: &[&Pipeline],
    origins: &Origins,
    strict_raw: bool,
) -> Anchor {
    if branches.is_empty() {
        return own;
    }
    let of_branches = branches
        .iter()
        .map(|branch| atoms::anchor(&atoms::formula(branch, origins, strict_raw)).clause);
    let own = (!generates).then_some(own.clause);
    let clauses: Option<Vec<_>> = of_branches.chain(own).collect();
    let clause = clauses.map(|clauses| {
        let mut atoms = clauses.concat();
        atoms.sort();
        atoms.dedup();
        atoms
    });
    Anchor { clause: clause.filter(|clause| clause.len() <= atoms::MOST_ALTERNATIVES) }
}

fn find<'t>(pipeline: &'t Pipeline, found: &mut Vec<&'t Pipeline>) {
    for command in &pipeline.commands {
        match &command.kind {
            CommandKind::Search(search) => find_in_search(search, found),
            CommandKind::Append(tree) | CommandKind::Join(tree) => enter(&tree.pipeline, found),
            CommandKind::AppendPipe(tree) => find(&tree.pipeline, found),
            _ => {}
        }
    }
}

fn find_in_search<'t>(search: &'t Search, found: &mut Vec<&'t Pipeline>) {
    match search {
        Search::And(terms) | Search::Or(terms) => {
            terms.iter().for_each(|term| find_in_search(term, found));
        }
        Search::Not(term, _) => find_in_search(term, found),
        Search::Subsearch(pipeline) => enter(pipeline, found),
        _ => {}
    }
}

fn enter<'t>(pipeline: &'t Pipeline, found: &mut Vec<&'t Pipeline>) {
    find(pipeline, found);
    if !is_generated(pipeline) {
        found.push(pipeline);
    }
}

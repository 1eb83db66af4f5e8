//! The page of a technique, and the list of them.

use maud::html;

use super::{Depth, Page, by, counted, frame, rule_table, technique_file};
use crate::{
    attack::{self, ATTACK},
    catalog::Catalog,
    entry::Entry,
};

pub(super) fn pages(catalog: &Catalog) -> Vec<Page> {
    let groups = by(catalog, ids);
    let mut pages: Vec<_> = groups.iter().map(|(id, rules)| page(catalog, id, rules)).collect();
    let body = html! {
        ul {
            @for (id, rules) in &groups {
                li { a href=(technique_file(id).unwrap_or_default()) { (id) " " (name(id)) } " " span.quiet { (counted(rules.len(), "rule")) } }
            }
        }
    };
    pages.push(Page::new("techniques.html", frame("Techniques", Depth::Root, &body)));
    pages
}

fn page(catalog: &Catalog, id: &str, rules: &[usize]) -> Page {
    let known = ATTACK.technique(id);
    let body = html! {
        @if let Some(known) = known { p { (known.tactics.join(", ")) } }
        @if let Some(address) = attack::address(id) { p { a href=(address) rel="noreferrer noopener" { "At MITRE" } } }
        (rule_table(rules.iter().map(|&number| &catalog.rules[number]), Depth::Folder))
    };
    let title = format!("{id} {}", name(id));
    let path = technique_file(id).expect("`ids` gives ids alone");
    Page::new(path, frame(title.trim(), Depth::Folder, &body))
}

fn name(id: &str) -> &'static str {
    ATTACK.technique(id).map_or("", |known| &known.name)
}

/// The techniques of a rule that have pages.
pub(super) fn ids(rule: &Entry) -> Vec<String> {
    let ids = rule.mitre.iter().filter_map(|covered| covered.technique_id.clone());
    ids.filter(|id| attack::is_id(id)).collect()
}

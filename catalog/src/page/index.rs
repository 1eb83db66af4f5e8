//! The index: every rule in a table that can be searched and filtered.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Depth, Page, counted, frame, providers, rule_link, technique_link};
use crate::{
    catalog::Catalog,
    entry::{Entry, Status},
};

/// What a filter looks at of a rule.
type Values = fn(&Entry) -> Vec<&str>;

/// What rows are filtered by: the name that the script knows, the label, what a rule has of it.
const FILTERS: [(&str, &str, Values); 5] = [
    ("tactic", "Tactic", tactics),
    ("technique", "Technique", techniques),
    ("source", "Source", providers),
    ("command", "Command", commands),
    ("status", "Here", status),
];

pub(super) fn page(catalog: &Catalog) -> Page {
    let rules = &catalog.rules;
    let running = rules.iter().filter(|rule| rule.status == Status::Runs).count();
    let body = html! {
        p {
            (counted(rules.len(), "rule")) ", of which " span.runs { (running) " run here" } " and "
            span.refused { (rules.len() - running) " are refused" } "."
        }
        (filters(rules))
        p id="shown" role="status" {}
        div.scroll tabindex="0" role="region" aria-label="Rules" {
            table {
                thead {
                    tr {
                        th scope="col" { "Rule" }
                        th scope="col" { "Techniques" }
                        th scope="col" { "Events" }
                        th scope="col" { "Here" }
                        @if catalog.has_alerts { th.count scope="col" { "Alerts" } }
                    }
                }
                tbody { @for rule in rules { (row(rule)) } }
            }
        }
        script src="filter.js" {}
    };
    Page::new("index.html", frame("Rules", Depth::Root, &body))
}

fn filters(rules: &[Entry]) -> Markup {
    html! {
        form.filters hidden {
            label { "Search" input type="search" name="text" autocomplete="off"; }
            @for (name, label, values) in FILTERS {
                label {
                    (label)
                    select name=(name) {
                        option value="" { "any" }
                        @for value in rules.iter().flat_map(values).collect::<BTreeSet<_>>() {
                            option value=(plain(value)) { (value) }
                        }
                    }
                }
            }
        }
    }
}

fn row(rule: &Entry) -> Markup {
    let joined = |values: Vec<&str>| values.into_iter().map(plain).collect::<Vec<_>>().join("|");
    let [tactic, technique, source, command, status] = FILTERS.map(|(_, _, of)| joined(of(rule)));
    html! {
        tr data-tactic=(tactic) data-technique=(technique) data-source=(source) data-command=(command) data-status=(status)
            data-text=(format!("{} {}", rule.id, rule.path)) {
            td { (rule_link(rule, Depth::Root)) }
            td { @for covered in each_once(rule) { div { (technique_link(covered, Depth::Root)) } } }
            td { (providers(rule).join(", ")) }
            td class=(rule.status.name()) { (rule.status.name()) }
            @if let Some(alerts) = rule.alerts { td.count { (alerts) } }
        }
    }
}

/// A value of a filter, in which the bar between values has no place.
fn plain(value: &str) -> String {
    value.replace('|', "/")
}

/// The techniques of a rule without their tactics.
fn each_once(rule: &Entry) -> Vec<&crate::entry::Technique> {
    let mut seen = BTreeSet::new();
    rule.mitre.iter().filter(|covered| seen.insert(&covered.technique)).collect()
}

fn tactics(rule: &Entry) -> Vec<&str> {
    rule.mitre
        .iter()
        .map(|covered| covered.tactic.as_str())
        .filter(|name| !name.is_empty())
        .collect()
}

fn techniques(rule: &Entry) -> Vec<&str> {
    rule.mitre.iter().filter_map(|covered| covered.technique_id.as_deref()).collect()
}

fn commands(rule: &Entry) -> Vec<&str> {
    let commands = rule.stages.iter().map(|stage| stage.command.as_str());
    commands.filter(|command| !command.starts_with('`')).collect()
}

fn status(rule: &Entry) -> Vec<&str> {
    vec![rule.status.name()]
}

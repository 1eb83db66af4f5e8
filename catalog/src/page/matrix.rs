//! The ATT&CK matrix as a heat map: of rules, and of alerts where there are any.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Depth, Page, counted, frame, technique_file};
use crate::{
    attack::{self, ATTACK},
    catalog::Catalog,
};

/// How much there is of each technique, by the name of its tactic and its id.
pub(crate) type Heat = BTreeMap<(String, String), u64>;

pub(super) fn pages(catalog: &Catalog) -> Vec<Page> {
    let rules = heat(catalog, |_| 1);
    let page =
        |name: &str, title: &str, body: Markup| Page::new(name, frame(title, Depth::Root, &body));
    let other = html! {
        @if catalog.has_alerts { p { a href="hits.html" { "The same of alerts" } } }
    };
    let body = html! { (other) (matrix(&rules, "rule", &technique_file)) };
    let mut pages = vec![page("matrix.html", "ATT&CK matrix: rules", body)];
    if catalog.has_alerts {
        let alerts = heat(catalog, |rule| rule.alerts.unwrap_or(0));
        let body = matrix(&alerts, "alert", &technique_file);
        pages.push(page("hits.html", "ATT&CK matrix: alerts", body));
    }
    pages
}

fn heat(catalog: &Catalog, weight: impl Fn(&crate::entry::Entry) -> u64) -> Heat {
    let mut heat = Heat::new();
    for rule in &catalog.rules {
        for covered in &rule.mitre {
            if let Some(id) = covered.technique_id.clone().filter(|id| attack::is_id(id)) {
                *heat.entry((covered.tactic.clone(), id)).or_default() += weight(rule);
            }
        }
    }
    heat
}

/// The matrix; `place` says where the page of a technique is, for those that have any heat.
pub(crate) fn matrix(heat: &Heat, noun: &str, place: &dyn Fn(&str) -> Option<String>) -> Markup {
    let cells = Cells { heat, noun, place, most: heat.values().copied().max().unwrap_or(1).max(1) };
    html! {
        p.quiet { "ATT&CK " (attack::VERSION) ". The darker, the more " (noun) "s; sub-techniques stand where there are any." }
        div.scroll tabindex="0" role="region" aria-label="ATT&CK matrix" {
            div.matrix {
                @for tactic in &ATTACK.tactics {
                    section aria-label=(tactic.name) { h2 { (tactic.name) } ul { (cells.column(&tactic.name)) } }
                }
            }
        }
    }
}

struct Cells<'a> {
    heat: &'a Heat,
    noun: &'a str,
    place: &'a dyn Fn(&str) -> Option<String>,
    most: u64,
}

impl Cells<'_> {
    fn of(&self, tactic: &str, id: &str) -> Option<u64> {
        self.heat.get(&(tactic.to_owned(), id.to_owned())).copied()
    }

    fn column(&self, tactic: &str) -> Markup {
        let in_tactic = |names: &[String]| names.iter().any(|name| name == tactic);
        let techniques = ATTACK
            .techniques()
            .filter(|(id, known)| !id.contains('.') && in_tactic(&known.tactics));
        html! {
            @for (id, known) in techniques {
                li class=(self.class(self.of(tactic, id))) {
                    (self.name(tactic, id, &known.name))
                    (self.sub_techniques(tactic, id))
                }
            }
        }
    }

    fn sub_techniques(&self, tactic: &str, parent: &str) -> Markup {
        let start = format!("{parent}.");
        let subs = ATTACK.techniques().filter(|(id, _)| id.starts_with(&start));
        let subs: Vec<_> = subs.filter(|(id, _)| self.of(tactic, id).is_some()).collect();
        html! {
            @if !subs.is_empty() {
                ul {
                    @for (id, known) in subs {
                        @let own = known.name.rsplit(": ").next().unwrap_or(&known.name);
                        li class=(self.class(self.of(tactic, id))) { (self.name(tactic, id, own)) }
                    }
                }
            }
        }
    }

    fn name(&self, tactic: &str, id: &str, name: &str) -> Markup {
        let Some(count) = self.of(tactic, id) else { return html! { (name) } };
        let count = counted(usize::try_from(count).unwrap_or(usize::MAX), self.noun);
        html! {
            @match (self.place)(id) {
                Some(place) => a href=(place) { (name) },
                None => { (name) }
            }
            " " span { "(" (count) ")" }
        }
    }

    /// Four steps, each twice the one before: a catalog has a few techniques with most of its rules.
    fn class(&self, heat: Option<u64>) -> &'static str {
        match heat.unwrap_or(0) {
            0 => "heat-0",
            heat if heat * 8 <= self.most => "heat-1",
            heat if heat * 4 <= self.most => "heat-2",
            heat if heat * 2 <= self.most => "heat-3",
            _ => "heat-4",
        }
    }
}

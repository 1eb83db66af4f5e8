//! The page of a kind of event, and the list of them.

use maud::html;

use super::{Depth, Page, by, counted, file_name, frame, rule_table};
use crate::{catalog::Catalog, entry::Coverage};

/// The page of `event`, from the root of the site.
pub(super) fn file(event: &Coverage) -> String {
    let event_name = event.event.as_deref().unwrap_or_default();
    format!("events/{}", file_name(&format!("{}\0{event_name}", event.provider)))
}

pub(super) fn pages(catalog: &Catalog) -> Vec<Page> {
    let groups = by(catalog, |rule| rule.event_coverage.clone());
    let mut pages: Vec<_> =
        groups.iter().map(|(event, rules)| page(catalog, event, rules)).collect();
    let body = html! {
        ul {
            @for (event, rules) in &groups {
                li { a href=(file(event)) { (title(event)) } " " span.quiet { (counted(rules.len(), "rule")) } }
            }
        }
    };
    pages.push(Page::new("events.html", frame("Events", Depth::Root, &body)));
    pages
}

fn page(catalog: &Catalog, event: &Coverage, rules: &[usize]) -> Page {
    let body = rule_table(rules.iter().map(|&number| &catalog.rules[number]), Depth::Folder);
    Page::new(file(event), frame(&title(event), Depth::Folder, &body))
}

fn title(event: &Coverage) -> String {
    let Coverage { provider, event, title } = event;
    let event = event.as_deref().map(|event| format!(", {event}")).unwrap_or_default();
    let title = title.as_deref().map(|title| format!(": {title}")).unwrap_or_default();
    format!("{provider}{event}{title}")
}

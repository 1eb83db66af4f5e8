//! The page of a value that several rules test a field for, and the list of all values.
//!
//! A value that one rule alone looks for has no page of its own: the list leads to that rule.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Depth, Page, counted, file_name, frame, rule_file, rule_table};
use crate::{catalog::Catalog, corpus::Key};

/// The page of `key`, from the root of the site.
pub(super) fn file(key: &Key) -> String {
    let Key { test, value } = key;
    format!("indicators/{}", file_name(&format!("{}\0{}\0{value}", test.field, test.kind)))
}

pub(super) fn pages(catalog: &Catalog) -> Vec<Page> {
    let shared = catalog.corpus.iter().filter(|(_, rules)| rules.len() > 1);
    let mut pages: Vec<_> = shared.map(|(key, rules)| page(catalog, key, rules)).collect();
    pages.push(list(catalog));
    pages
}

fn page(catalog: &Catalog, key: &Key, rules: &BTreeSet<usize>) -> Page {
    let body = html! {
        p { code { (key.test.field) } " " (key.test.kind) " " code { (key.value) } }
        (rule_table(rules.iter().map(|&number| &catalog.rules[number]), Depth::Folder))
    };
    let title = counted(rules.len(), "rule") + " look for the same";
    Page::new(file(key), frame(&title, Depth::Folder, &body))
}

fn list(catalog: &Catalog) -> Page {
    let body = html! {
        div.scroll tabindex="0" role="region" aria-label="Indicators" {
            table {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Kind" } th scope="col" { "Value" } th scope="col" { "Rules" } } }
                tbody { @for (key, rules) in catalog.corpus.iter() { (row(catalog, key, rules)) } }
            }
        }
    };
    Page::new("indicators.html", frame("Indicators", Depth::Root, &body))
}

fn row(catalog: &Catalog, key: &Key, rules: &BTreeSet<usize>) -> Markup {
    let only = rules.first().filter(|_| rules.len() == 1);
    let place = only.map_or_else(|| file(key), |&number| rule_file(&catalog.rules[number].path));
    html! {
        tr {
            td { code { (key.test.field) } }
            td { (key.test.kind) }
            td { code { (key.value) } }
            td { a href=(place) { (counted(rules.len(), "rule")) } }
        }
    }
}

//! The static site: one file for each kind of page.
//!
//! Names of pages are hashes and ids, so that no rule decides where a file is written. Every text goes through maud, which
//! escapes it; the only text that does not is the site's own style and script.

mod event;
mod index;
mod indicator;
pub(crate) mod matrix;
mod rule;
mod technique;

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};

use crate::{
    attack,
    catalog::Catalog,
    entry::{Entry, Technique},
};

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("../../assets/style.css");
/// What filters the rows of the index.
const SCRIPT: &str = include_str!("../../assets/filter.js");

/// One file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its path within the folder of the site: made of ids and hashes, never of a rule's text.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl Page {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Every file of the site of `catalog`.
pub(crate) fn site(catalog: &Catalog) -> Vec<Page> {
    let mut pages = vec![Page::new("style.css", STYLE), Page::new("filter.js", SCRIPT)];
    pages.push(index::page(catalog));
    pages.extend(matrix::pages(catalog));
    pages.extend(technique::pages(catalog));
    pages.extend(event::pages(catalog));
    pages.extend(indicator::pages(catalog));
    pages.extend(catalog.rules.iter().map(rule::page));
    pages
}

/// How far a page stands from the root of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Root,
    Folder,
}

impl Depth {
    /// What leads to the root.
    const fn root(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Folder => "../",
        }
    }
}

/// A whole page.
fn frame(title: &str, depth: Depth, body: &Markup) -> String {
    let root = depth.root();
    let links = [
        ("index.html", "Rules"),
        ("matrix.html", "Matrix"),
        ("techniques.html", "Techniques"),
        ("events.html", "Events"),
        ("indicators.html", "Indicators"),
    ];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " - caltrop" }
                link rel="stylesheet" href=(format!("{root}style.css"));
            }
            body {
                a.skip href="#main" { "To the content" }
                nav aria-label="Catalog" {
                    @for (file, name) in links { a href=(format!("{root}{file}")) { (name) } }
                }
                main id="main" {
                    h1 { (title) }
                    (body)
                }
            }
        }
    };
    page.into_string()
}

/// The name of a file for what `identity` is known by: the same wherever and whenever it is made.
fn file_name(identity: &str) -> String {
    let digest = Sha256::digest(identity.as_bytes());
    let hex: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    hex + ".html"
}

/// The page of the rule whose path is `path`, from the root of the site.
pub(crate) fn rule_file(path: &str) -> String {
    format!("rules/{}", file_name(path))
}

/// A link to a rule.
fn rule_link(rule: &Entry, depth: Depth) -> Markup {
    let place = format!("{}{}", depth.root(), rule_file(&rule.path));
    html! { a href=(place) { (shown_title(rule)) } }
}

fn shown_title(rule: &Entry) -> &str {
    if rule.title.trim().is_empty() { &rule.path } else { &rule.title }
}

/// A table of rules.
fn rule_table<'r>(rules: impl Iterator<Item = &'r Entry>, depth: Depth) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Rules" {
            table {
                thead { tr { th scope="col" { "Rule" } th scope="col" { "Events" } th scope="col" { "Here" } } }
                tbody {
                    @for rule in rules {
                        tr {
                            td { (rule_link(rule, depth)) }
                            td { (providers(rule).join(", ")) }
                            td class=(rule.status.name()) { (rule.status.name()) }
                        }
                    }
                }
            }
        }
    }
}

/// Who writes the events of a rule, each once.
fn providers(rule: &Entry) -> Vec<&str> {
    let mut providers: Vec<&str> = Vec::new();
    for event in &rule.event_coverage {
        if !providers.contains(&event.provider.as_str()) {
            providers.push(&event.provider);
        }
    }
    providers
}

/// The page of a technique; none where the rule says an id that is none.
fn technique_file(id: &str) -> Option<String> {
    attack::is_id(id).then(|| format!("techniques/{id}.html"))
}

/// The id and name of a technique, with a link to its page.
fn technique_link(technique: &Technique, depth: Depth) -> Markup {
    let id = technique.technique_id.as_deref();
    html! {
        @match id.and_then(technique_file) {
            Some(place) => { a href=(format!("{}{place}", depth.root())) { (id.unwrap_or_default()) } " " }
            None => {}
        }
        (technique.technique)
    }
}

/// `text` as a link, if it is one that may be followed.
fn reference(text: &str) -> Markup {
    let address = text.trim();
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    html! {
        @if is_web { a href=(address) rel="noreferrer noopener" { (address) } } @else { (address) }
    }
}

/// `1 rule`, `2 rules`.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The numbers of the rules by whatever `keys` says of each.
fn by<K: Ord>(catalog: &Catalog, keys: impl Fn(&Entry) -> Vec<K>) -> BTreeMap<K, Vec<usize>> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (number, rule) in catalog.rules.iter().enumerate() {
        for key in keys(rule) {
            let rules = groups.entry(key).or_default();
            if rules.last() != Some(&number) {
                rules.push(number);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_links() {
        assert!(
            reference(" https://a.example/?b=\"c\" ")
                .0
                .starts_with("<a href=\"https://a.example/?b=&quot;c&quot;\"")
        );
        for text in
            ["javascript:alert(1)", "data:text/html,x", "ftp://a", "//a", " jav\nascript:x", "é"]
        {
            assert!(!reference(text).0.contains("<a"), "{text}");
        }
    }

    #[test]
    fn names_of_files_are_hashes() {
        let name = file_name("../../etc/passwd");
        assert!(
            name.len() == 25
                && name.trim_end_matches(".html").bytes().all(|byte| byte.is_ascii_hexdigit())
        );
        assert_ne!(name, file_name("../../etc/passwd "));
    }
}

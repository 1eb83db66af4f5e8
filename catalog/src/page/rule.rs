//! The page of a rule: what its catalog says of it, then what became of it here.

use maud::{Markup, html};

use super::{Depth, Page, counted, event, frame, indicator, reference, rule_file, technique_link};
use crate::{
    attack,
    corpus::Key,
    entry::{Entry, Indicator, Reason, Runtime, StateKept},
};

const DEPTH: Depth = Depth::Folder;

/// Of each field, so many of the settings that make it are shown: an event id may have dozens.
const MAX_MAKERS: usize = 4;

pub(super) fn page(rule: &Entry) -> Page {
    let body = html! {
        p.quiet { (rule.id) " · " (rule.path) }
        (description(rule))
        (coverage(rule))
        (references(rule))
        (events(rule))
        h2 { "Rule" }
        pre tabindex="0" { code { (rule.search) } }
        (stages(rule))
        (indicators(rule))
        (search_terms(rule))
        (macros(rule))
        (here(rule))
    };
    Page::new(rule_file(&rule.path), frame(super::shown_title(rule), DEPTH, &body))
}

fn description(rule: &Entry) -> Markup {
    let lists = [
        ("Actors", &rule.actors),
        ("Software", &rule.software),
        ("Vulnerabilities", &rule.vulnerabilities),
    ];
    html! {
        @if !rule.summary.is_empty() { p { (rule.summary) } }
        @for (name, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            p { strong { (name) ": " } (names.join(", ")) }
        }
        @if !rule.atomics.is_empty() {
            p {
                strong { "Atomic tests: " }
                @for (index, atomic) in rule.atomics.iter().enumerate() {
                    @if index > 0 { ", " }
                    (atomic.technique_id) @if let Some(test) = atomic.test { " #" (test) }
                }
            }
        }
    }
}

/// A table with its heading, or nothing if it has no rows.
fn table(heading: &str, columns: &[&str], rows: &[Markup]) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { (heading) }
            div.scroll tabindex="0" role="region" aria-label=(heading) {
                table {
                    thead { tr { @for column in columns { th scope="col" { (column) } } } }
                    tbody { @for row in rows { tr { (row) } } }
                }
            }
        }
    }
}

fn coverage(rule: &Entry) -> Markup {
    let rows: Vec<_> = rule
        .mitre
        .iter()
        .map(|covered| {
            let id = covered.technique_id.as_deref().unwrap_or_default();
            html! {
                td { (covered.tactic) }
                td { (technique_link(covered, DEPTH)) }
                td { @if let Some(address) = attack::address(id) { a href=(address) rel="noreferrer noopener" { "at MITRE" } } }
            }
        })
        .collect();
    table("MITRE ATT&CK coverage", &["Tactic", "Technique", "More"], &rows)
}

fn references(rule: &Entry) -> Markup {
    html! {
        @if !rule.references.is_empty() {
            h2 { "References" }
            ul { @for text in &rule.references { li { (reference(text)) } } }
        }
    }
}

fn events(rule: &Entry) -> Markup {
    let rows: Vec<_> = rule
        .event_coverage
        .iter()
        .map(|covered| {
            let place = format!("../{}", event::file(covered));
            let name = covered.event.as_deref().unwrap_or("any");
            html! {
                td { (covered.provider) }
                td { a href=(place) aria-label=(format!("{} {name}", covered.provider)) { (name) } }
                td { (covered.title.as_deref().unwrap_or_default()) }
            }
        })
        .collect();
    table("Event coverage", &["Provider", "Event", "Title"], &rows)
}

fn stages(rule: &Entry) -> Markup {
    let row = |stage: &crate::entry::Stage| {
        html! { td { (stage.stage) } td { code { (stage.command) } } td { code { (stage.text) } } }
    };
    let rows: Vec<_> = rule.stages.iter().map(row).collect();
    table("Stages", &["Stage", "Command", "Predicate"], &rows)
}

fn indicators(rule: &Entry) -> Markup {
    let rows: Vec<_> = rule.indicators.iter().flat_map(indicator_rows).collect();
    table("Indicators", &["Stage", "Field", "Kind", "Value", "Other rules"], &rows)
}

fn indicator_rows(indicator: &Indicator) -> Vec<Markup> {
    let row = |value: &crate::entry::IndicatorValue| {
        let place = || format!("../{}", indicator::file(&Key::new(&indicator.test, &value.value)));
        html! {
            td { (indicator.stage) }
            td { code { (indicator.test.field) } }
            td { (indicator.test.kind) }
            td { code { (value.value) } }
            td { @if value.other_rules > 0 { a href=(place()) { (counted(value.other_rules, "rule")) } } }
        }
    };
    indicator.values.iter().map(row).collect()
}

fn search_terms(rule: &Entry) -> Markup {
    let row =
        |term: &crate::entry::SearchTerm| html! { td { (term.stage) } td { code { (term.term) } } };
    let rows: Vec<_> = rule.search_terms.iter().map(row).collect();
    let parsed = |term: &crate::entry::Term| {
        html! {
            td { (term.stage) }
            td { @if term.negated { "not " } (term.kind) }
            td { code { (term.text) } }
        }
    };
    let parsed: Vec<_> = rule.parsed_terms.iter().map(parsed).collect();
    html! {
        (table("Search terms", &["Stage", "Term"], &rows))
        @if !parsed.is_empty() {
            details {
                summary { "As they are understood" }
                (table("Parsed terms", &["Stage", "Kind", "Text"], &parsed))
            }
        }
    }
}

fn macros(rule: &Entry) -> Markup {
    let row = |call: &crate::entry::Macro| html! { td { code { (call.name) } } td { code { (call.args.join(", ")) } } };
    let rows: Vec<_> = rule.macros.iter().map(row).collect();
    table("Macros", &["Macro", "Arguments"], &rows)
}

/// What became of the rule here.
fn here(rule: &Entry) -> Markup {
    html! {
        h2 { "In caltrop" }
        p class=(rule.status.name()) {
            @if rule.runtime.is_some() { "The rule runs here." } @else { "The rule is refused." }
        }
        (reasons("Why it is refused", &rule.reject_reasons))
        (reasons("Warnings", &rule.warnings))
        @if let Some(alerts) = rule.alerts { p { "Fired: " (alerts) " times in the alerts that were given." } }
        @if let Some(prefilter) = &rule.prefilter {
            p {
                @if prefilter.any_of.is_empty() { "Nothing selects its events: every one is looked at." } @else {
                    "Looked at are events with "
                    @for (index, text) in prefilter.any_of.iter().enumerate() {
                        @if index > 0 { ", or " }
                        code { (text) }
                    }
                    "."
                }
            }
        }
        @if let Some(runtime) = &rule.runtime { (state(&runtime.state)) (atoms(runtime)) (fields(runtime)) }
    }
}

fn reasons(heading: &str, reasons: &[Reason]) -> Markup {
    let row = |reason: &Reason| {
        html! {
            td { (reason.code) }
            td { (reason.line) ":" (reason.column) }
            td { (reason.detail) @if !reason.help.is_empty() { div.quiet { (reason.help) } } }
        }
    };
    let rows: Vec<_> = reasons.iter().map(row).collect();
    table(heading, &["Code", "Place", "What was found"], &rows)
}

fn state(state: &StateKept) -> Markup {
    html! {
        p {
            @match &state.command {
                None => { "It keeps nothing from event to event: each row is an alert at once." }
                Some(command) => {
                    code { (command) } " keeps the rows of " (state.window_s) " s, which "
                    @if state.closes_early { "close on their own" } @else { "wait for their window" }
                    ": " (state.reason) "."
                }
            }
        }
    }
}

fn atoms(runtime: &Runtime) -> Markup {
    html! {
        @if !runtime.atoms.is_empty() {
            details {
                summary { "What the scan can look for (" (runtime.atoms.len()) ")" }
                ul { @for atom in &runtime.atoms { li { code { (atom) } } } }
            }
        }
    }
}

fn fields(runtime: &Runtime) -> Markup {
    html! {
        @if !runtime.fields.is_empty() {
            details {
                summary { "Fields that it reads, and where each comes from (" (runtime.fields.len()) ")" }
                ul {
                    @for field in &runtime.fields {
                        li {
                            code { (field.name) } ": " (field.origin)
                            @for maker in field.from.iter().take(MAX_MAKERS) { div.quiet { code { (maker) } } }
                            @if let Some(more) = field.from.len().checked_sub(MAX_MAKERS).filter(|more| *more > 0) {
                                div.quiet { "and " (more) " more settings" }
                            }
                        }
                    }
                }
            }
        }
    }
}

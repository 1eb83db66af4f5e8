//! Warnings about event ids that are searched for only as the classic text of Windows events writes them.
//!
//! `EventCode=4688` stands in no XML event, so in Splunk such a rule is blind to logs that are collected as XML. Unlike
//! Splunk, caltrop takes it for the event id of any rendering unless raw terms are strict; the author should know all the same,
//! for the rule goes back to Splunk.

use std::collections::BTreeSet;

use crate::{
    diag::{Code, Diagnostic, Span},
    spl::tree::{CommandKind, Comparison, Pipeline, RawTerm, Search},
};

/// What is to be said of `pipeline`, in the order of its places.
pub(crate) fn lint(pipeline: &Pipeline, strict_raw: bool) -> Vec<Diagnostic> {
    let mut ids = Ids::default();
    for command in &pipeline.commands {
        if let CommandKind::Search(search) = &command.kind {
            ids.search(search);
        }
    }
    let Ids { classic, xml, is_classic_only } = ids;
    let mut said = BTreeSet::new();
    let missing = classic.into_iter().filter(|(id, _)| !is_classic_only && !xml.contains(id));
    let first = missing.filter(|(id, _)| said.insert(id.clone()));
    first.map(|(id, span)| warning(&id, span, strict_raw)).collect()
}

fn warning(id: &str, span: Span, strict_raw: bool) -> Diagnostic {
    let message = format!("`EventCode={id}` is not how XML events write their id");
    let label = if strict_raw {
        "never true of an XML event"
    } else {
        "in Splunk never true of an XML event; here it is, unless with --strict-raw"
    };
    Diagnostic::warning(Code::ClassicEventId, span, message).label(label).help(format!(
        "write `(\"EventCode={id}\" OR \"<EventID>{id}<\")`, or test the field `EventCode`"
    ))
}

/// The event ids that raw terms name.
#[derive(Default)]
struct Ids {
    /// As classic events write them, with their places.
    classic: Vec<(String, Span)>,
    /// As XML events do.
    xml: BTreeSet<String>,
    /// Whether a source is asked for that has classic events only.
    is_classic_only: bool,
}

impl Ids {
    /// What is denied says nothing of what is looked for.
    fn search(&mut self, search: &Search) {
        match search {
            Search::And(terms) | Search::Or(terms) => {
                terms.iter().for_each(|term| self.search(term));
            }
            Search::Raw(term) => self.raw(term),
            Search::Compare(test) => self.is_classic_only |= names_classic_source(test),
            _ => {}
        }
    }

    fn raw(&mut self, term: &RawTerm) {
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.to_owned())
        };
        let (name, id) = term.text.split_once('=').unwrap_or_default();
        if name.eq_ignore_ascii_case("EventCode") {
            self.classic.extend(number(id).map(|id| (id, term.span)));
        } else if let Some((_, rest)) = term.text.split_once("EventID>") {
            self.xml.extend(number(rest.split('<').next().unwrap_or_default()));
        }
    }
}

fn names_classic_source(test: &Comparison) -> bool {
    let is_source = ["source", "sourcetype"].contains(&test.field.value.as_str());
    let start = test.value.text.get(.."WinEventLog".len());
    is_source && start.is_some_and(|start| start.eq_ignore_ascii_case("WinEventLog"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spl;

    /// The places of the warnings.
    fn warnings(source: &str) -> Vec<&str> {
        let (pipeline, errors) = spl::parse(source);
        assert_eq!(errors, [], "{source}");
        lint(&pipeline, false).into_iter().map(|one| one.primary.span.text(source)).collect()
    }

    #[test]
    fn an_id_that_no_term_names_as_xml_does_is_told_once() {
        for (source, expected) in [
            ("TERM(EventCode=4688) cmd", vec!["TERM(EventCode=4688)"]),
            (
                "\"EventCode=4103\" OR \"EventCode=4104\" OR \"<EventID>4104<\"",
                vec!["\"EventCode=4103\""],
            ),
            ("TERM(EventCode=1) | search TERM(EventCode=1)", vec!["TERM(EventCode=1)"]),
        ] {
            assert_eq!(warnings(source), expected, "{source}");
        }
    }

    #[test]
    fn what_finds_both_renderings_or_means_one_is_no_matter() {
        for source in [
            "(TERM(EventCode=1) OR \"<EventID>1<\") x",
            "(TERM(EventCode=1) OR \"EventID>1<\") x",
            "EventCode=4688",
            "source=\"WinEventLog:Security\" TERM(EventCode=4688)",
            "x NOT TERM(EventCode=4688)",
            "TERM(EventCode=*) \"EventCode=\"",
        ] {
            assert!(warnings(source).is_empty(), "{source}: {:?}", warnings(source));
        }
    }

    #[test]
    fn what_caltrop_makes_of_it_is_said() {
        let (pipeline, _) = spl::parse("TERM(EventCode=4688)");
        assert!(lint(&pipeline, false)[0].primary.text.contains("--strict-raw"));
        assert_eq!(lint(&pipeline, true)[0].primary.text, "never true of an XML event");
    }
}

//! Event types and tags, ready to run.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    expand,
    lower::{self, Lowering},
};
use crate::{
    diag::{Code, Diagnostic, Span},
    event::labels::{Eventtype, Label, Labels, Tagged, TaggedValue},
    expr::{
        glob::{Case, Glob},
        regex::RegexIds,
        search::Search as Program,
    },
    knowledge::{Knowledge, eventtypes},
    names::Names,
    spl::{
        self,
        tree::{CommandKind, Search},
    },
};

/// What is wrong with the knowledge: the file, and a diagnostic whose spans point into that file.
type Problems = Vec<(String, Diagnostic)>;

/// The event types and tags of `knowledge`.
pub(super) fn labels(
    knowledge: &Knowledge,
    names: &mut Names,
    regexes: &mut RegexIds,
    problems: &mut Problems,
) -> Labels {
    let mut compiler = Compiler { knowledge, names, regexes, problems };
    let eventtypes = compiler.eventtypes();
    let tags = tags(knowledge);
    let mut fields = Vec::new();
    if !eventtypes.is_empty() {
        fields.push((compiler.names.intern("eventtype"), Label::Eventtype));
    }
    if !tags.is_empty() {
        fields.push((compiler.names.intern("tag"), Label::Tag));
    }
    let mut tagged = Vec::new();
    for (field, values) in tags {
        let name = compiler.names.intern(&format!("tag::{field}"));
        fields.push((name, Label::TagOf(tagged.len())));
        tagged.push(Tagged { field: compiler.names.intern(field), values });
    }
    Labels { eventtypes, tagged, fields }
}

struct Compiler<'a> {
    knowledge: &'a Knowledge,
    names: &'a mut Names,
    regexes: &'a mut RegexIds,
    problems: &'a mut Problems,
}

/// An event type and those that it tests.
struct Candidate<'a> {
    name: &'a str,
    definition: &'a eventtypes::Eventtype,
    search: Program,
    needs: BTreeSet<&'a str>,
}

impl<'a> Compiler<'a> {
    /// The event types that compile, each after those that it tests.
    fn eventtypes(&mut self) -> Vec<Eventtype> {
        let all = self.knowledge.eventtypes.iter();
        let mut waiting: Vec<Candidate<'a>> =
            all.filter_map(|(name, definition)| self.candidate(name, definition)).collect();
        let mut ordered = Vec::new();
        loop {
            let names: BTreeSet<&str> = waiting.iter().map(|candidate| candidate.name).collect();
            let (ready, rest): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|candidate| candidate.needs.is_disjoint(&names));
            waiting = rest;
            if ready.is_empty() {
                break;
            }
            ordered.extend(ready.into_iter().map(|candidate| Eventtype {
                name: candidate.name.into(),
                search: candidate.search,
            }));
        }
        for Candidate { name, definition, .. } in waiting {
            let message = format!("the event type `{name}` tests itself");
            let problem = Diagnostic::error(Code::BadKnowledge, definition.origin.span, message)
                .help("break the cycle: test fields in the place of an event type");
            self.problems.push((definition.origin.file.to_string(), problem));
        }
        ordered
    }

    fn candidate(
        &mut self,
        name: &'a str,
        definition: &'a eventtypes::Eventtype,
    ) -> Option<Candidate<'a>> {
        let (expanded, mut diagnostics) = expand::expand(&definition.search, self.knowledge);
        let (pipeline, mut found) = spl::parse(&expanded.text);
        let search = match pipeline.commands.as_slice() {
            [command] => match &command.kind {
                CommandKind::Search(search) => Some(search),
                _ => None,
            },
            _ => None,
        };
        let mut lowering = Lowering {
            source: &expanded.text,
            names: self.names,
            regexes: self.regexes,
            lookups: None,
            diagnostics: &mut found,
            strict_raw: false,
            allow_write: false,
            knowledge: None,
            branches: Vec::new(),
        };
        let program = search.map(|search| lower::search(search, &mut lowering));
        match search {
            None => found.push(no_search(name, pipeline.span)),
            Some(search) => {
                found.extend(reads_tags(search).map(|span| tags_are_absent(name, span)))
            }
        }
        let to_search = |span: Span| expanded.map.original(span);
        diagnostics.extend(found.into_iter().map(|diagnostic| diagnostic.map_spans(to_search)));
        let is_sound = !diagnostics.iter().any(Diagnostic::is_error);
        let start = definition.origin.span.start;
        let to_file = |span: Span| Span::new(span.start + start, span.end + start);
        self.problems.extend(
            diagnostics.into_iter().map(|diagnostic| {
                (definition.origin.file.to_string(), diagnostic.map_spans(to_file))
            }),
        );
        let needs = search.map(|search| self.tested(search))?;
        Some(Candidate { name, definition, search: program?, needs }).filter(|_| is_sound)
    }

    /// The event types that a search tests.
    fn tested(&self, search: &Search) -> BTreeSet<&'a str> {
        let mut tested = BTreeSet::new();
        for_each_test(search, &mut |field, _, values| {
            if field == "eventtype" {
                for value in values {
                    let glob = Glob::new(value, Case::Insensitive);
                    let names = self.knowledge.eventtypes.keys().map(String::as_str);
                    tested.extend(names.filter(|name| glob.is_match(name.as_bytes())));
                }
            }
        });
        tested
    }
}

/// By field, each value that has tags and these, in order.
fn tags(knowledge: &Knowledge) -> BTreeMap<&str, Vec<TaggedValue>> {
    let mut settings: BTreeMap<(&str, &[u8]), BTreeMap<&str, bool>> = BTreeMap::new();
    for (name, eventtype) in &knowledge.eventtypes {
        let tags = eventtype.tags.iter().map(|tag| (tag.as_str(), true));
        settings.entry(("eventtype", name.as_bytes())).or_default().extend(tags);
    }
    for ((field, value), tags) in &knowledge.tags {
        let tags = tags.iter().map(|(tag, is_on)| (tag.as_str(), *is_on));
        settings.entry((field, value)).or_default().extend(tags);
    }
    let mut by_field: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for ((field, value), tags) in settings {
        let tags: Box<[Box<str>]> =
            tags.into_iter().filter(|(_, is_on)| *is_on).map(|(tag, _)| tag.into()).collect();
        if !tags.is_empty() {
            by_field.entry(field).or_default().push(TaggedValue { text: value.into(), tags });
        }
    }
    by_field
}

/// Calls `visit` with the field, the place and the values of each test of a field.
fn for_each_test<'s>(search: &'s Search, visit: &mut dyn FnMut(&'s str, Span, &[&'s str])) {
    match search {
        Search::And(terms) | Search::Or(terms) => {
            terms.iter().for_each(|term| for_each_test(term, visit));
        }
        Search::Not(term, _) => for_each_test(term, visit),
        Search::Compare(test) => visit(&test.field.value, test.span, &[&test.value.text]),
        Search::In { field, values, span } => {
            let values: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
            visit(&field.value, *span, &values);
        }
        Search::All(_) | Search::Raw(_) | Search::TimeModifier { .. } | Search::Subsearch(_) => {}
    }
}

/// Where a search tests tags.
fn reads_tags(search: &Search) -> impl Iterator<Item = Span> {
    let mut places = Vec::new();
    for_each_test(search, &mut |field, span, _| {
        if field == "tag" || field.starts_with("tag::") {
            places.push(span);
        }
    });
    places.into_iter()
}

fn no_search(name: &str, span: Span) -> Diagnostic {
    let message = format!("the event type `{name}` is more than a search");
    Diagnostic::error(Code::BadKnowledge, span, message)
        .help("write terms and field tests, without a pipe")
}

fn tags_are_absent(name: &str, span: Span) -> Diagnostic {
    let message = format!("the event type `{name}` tests a tag, which is always absent here");
    Diagnostic::warning(Code::TagInEventtype, span, message)
        .label("tags are made of event types")
        .help("test the event type that has the tag, as `eventtype=name`")
}

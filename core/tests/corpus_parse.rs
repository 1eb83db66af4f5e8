//! Every rule of the public catalogs parses, or fails for the reason that Splunk would refuse it for.
//!
//! The catalogs are not part of the project: they are looked for in `../shared/corpus`, or where `CALTROP_CORPUS` says.
//! Where they are absent the tests say so and pass.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use caltrop_core::diag::{self, Code, Diagnostic, Severity, Span};
use caltrop_core::rule::{self, RuleSource};
use caltrop_core::spl;
use caltrop_core::{
    knowledge::macros::MacroDefinition,
    plan::expand::{Macros, expand},
};

/// The rules whose text Splunk cannot parse either: unbalanced parentheses or quotes, an operator that does not exist or is
/// glued to a function, an unclosed quote in a macro call. Which half of the catalog is at hand decides which are seen.
const REFUSED_BY_SPLUNK: &[&str] = &[
    "36746.69166",
    "36746.69167",
    "1025.14323",
    "1025.1026",
    "22209.39128",
    "45246.90690",
    "20166.35849",
    "20368.36066",
    "37781.67669",
    "40420.73845",
    "8328.18237",
    "25039.46452",
    "25039.46462",
    "27653.50279",
];

/// No macro is defined: each call expands to something harmless.
struct NoMacros;

impl Macros for NoMacros {
    fn find(&self, _: &str, _: usize) -> Option<&MacroDefinition> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn evaluate(&self, expression: &str) -> Result<String, String> {
        Ok(expression.to_owned())
    }
}

fn files_of(catalog: &str) -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("CALTROP_CORPUS").map_or(beside, PathBuf::from);
    let mut files = Vec::new();
    if corpus.is_dir() {
        collect(&corpus.join(catalog), &mut files);
    } else {
        say(&format!("skipped: there are no rule catalogs at {}", corpus.display()));
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the catalog is a folder");
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
}

/// Parses `spl` with its macros replaced; gives the errors that are not about unknown macros, placed in `spl`.
fn errors_of(spl: &str) -> Vec<Diagnostic> {
    let (expanded, mut diagnostics) = expand(spl, &NoMacros);
    let (pipeline, more) = spl::parse(&expanded.text);
    let map = |span: Span| expanded.map.original(span);
    diagnostics.extend(more.into_iter().map(|diagnostic| diagnostic.map_spans(map)));
    diagnostics.retain(|it| it.severity == Severity::Error && it.code != Code::UnknownMacro);
    if diagnostics.is_empty() {
        let printed = spl::print(&pipeline);
        let (again, complaints) = spl::parse(&printed);
        assert!(complaints.iter().all(|it| it.severity == Severity::Warning), "{printed}");
        assert_eq!(spl::print(&again), printed);
    }
    diagnostics
}

fn check_map(rule: &RuleSource, text: &str) {
    for (at, c) in rule.spl.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let place = rule.file_span(Span::new(at, at + c.len_utf8()));
        assert!(place.text(text).ends_with(c), "{}: byte {at} maps to {place:?}", rule.path);
    }
}

/// The ids of all rules in `text`, and of those with errors, which are printed.
fn check(path: &Path, text: &str, seen: &mut BTreeSet<String>, refused: &mut BTreeSet<String>) {
    let parsed = rule::parse(&path.to_string_lossy(), text);
    assert_eq!((parsed.diagnostics, parsed.skipped), (Vec::new(), Vec::new()), "{path:?}");
    for rule in parsed.rules {
        check_map(&rule, text);
        seen.insert(rule.id.clone());
        for error in errors_of(&rule.spl) {
            let error = error.map_spans(|span| rule.file_span(span));
            say(&diag::render(&error, &rule.id, text));
            refused.insert(rule.id.clone());
        }
    }
}

#[expect(clippy::print_stdout, reason = "cargo shows what a failed or skipped test has to say")]
fn say(text: &str) {
    println!("{text}");
}

#[test]
fn armory_rules_parse_but_for_those_that_splunk_refuses() {
    let (mut seen, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for path in files_of("armory/detections") {
        check(&path, &std::fs::read_to_string(&path).unwrap(), &mut seen, &mut refused);
    }
    let expected: BTreeSet<String> =
        REFUSED_BY_SPLUNK.iter().map(ToString::to_string).filter(|id| seen.contains(id)).collect();
    assert_eq!(refused, expected);
}

#[test]
fn security_content_rules_parse() {
    let (mut seen, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for path in files_of("escu/detections") {
        check(&path, &std::fs::read_to_string(&path).unwrap(), &mut seen, &mut refused);
    }
    assert_eq!(refused, BTreeSet::new());
}

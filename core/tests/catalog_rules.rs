//! How many rules of the public catalogs compile, and that each refused one is refused for a reason that counts.
//!
//! The catalogs are no part of the project: they are looked for in `../shared/corpus`, or below where `CALTROP_SHARED` says,
//! and where they are absent the tests say so and pass. The figures may only grow.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use caltrop_core::{
    diag::{Code, Diagnostic},
    knowledge::Knowledge,
    rule::Skip,
    ruleset::{BuildOptions, Built, RuleSetBuilder},
};

/// Of 732 rules, half of the catalog, as long as commands are missing.
const ARMORY_COMPILES: usize = 714;

/// Of 806 rules, half of the catalog.
const CONTENT_COMPILES: usize = 349;

/// What caltrop does not run, or not yet: no fault of the rule.
const NOT_RUN: &[Code] = &[
    Code::UnsupportedCommand,
    Code::RefusedCommand,
    Code::UnsupportedOption,
    Code::UnsupportedFunction,
    Code::UnsupportedSearch,
    Code::DataModel,
    Code::AppCommand,
    Code::SearchForEachRow,
];

fn corpus() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from).join("corpus")
}

/// The texts of the files below `folder`, by their paths within.
fn texts_below(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                texts.insert(name, text);
            }
        }
    }
    texts
}

/// What became of the rules in the YAML among `texts`; nothing, once that is said, where there is none.
fn built(texts: &BTreeMap<String, String>, knowledge: Knowledge) -> Option<Built> {
    if texts.is_empty() {
        say(&format!("skipped: there is no catalog of rules at {}", corpus().display()));
        return None;
    }
    let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
    let rules = texts.iter().filter(|(path, _)| path.ends_with(".yml"));
    rules.for_each(|(path, text)| builder.add_file(path, text));
    Some(builder.build())
}

fn errors(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
}

/// Whether the rule itself is at fault.
fn is_fault(error: &&Diagnostic) -> bool {
    let needs_pcre = error.code == Code::BadRegex && error.message.contains("look-");
    !needs_pcre && !NOT_RUN.contains(&error.code)
}

#[expect(clippy::print_stdout, reason = "cargo shows what a failed or skipped test has to say")]
fn say(text: &str) {
    println!("{text}");
}

/// The ids of the rules that Splunk itself refuses, as the notes beside the catalogs list them.
fn refused_by_splunk() -> BTreeSet<String> {
    let notes = fs::read_to_string(corpus().join("README.md")).unwrap_or_default();
    let section = notes.split("### Rules Splunk itself would refuse").nth(1).unwrap_or_default();
    let section = section.split("\n### ").next().unwrap_or_default();
    let words = section.split([' ', '\n', ',', ':']).map(|word| word.trim_end_matches('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = |word: &&str| {
        word.split_once('.').is_some_and(|(case, rule)| is_number(case) && is_number(rule))
    };
    words.filter(is_id).map(str::to_owned).collect()
}

#[test]
fn armory_rules_compile_but_for_those_that_splunk_refuses_and_commands_to_come() {
    let texts = texts_below(&corpus().join("armory"));
    let Some(built) = built(&texts, Knowledge::builtin()) else { return };
    let refused_by_splunk = refused_by_splunk();
    for report in &built.reports {
        let faults: Vec<_> = errors(&report.diagnostics)
            .filter(is_fault)
            .map(|error| error.message.as_str())
            .collect();
        let is_faulty = refused_by_splunk.contains(&report.id);
        assert_eq!(!faults.is_empty(), is_faulty, "{}: {faults:?}", report.path);
    }
    say(&format!("{} of {} rules compile", built.rules.len(), built.reports.len()));
    assert!(built.rules.len() >= ARMORY_COMPILES, "{} rules compile", built.rules.len());
}

#[test]
fn security_content_parses_and_is_refused_only_for_what_does_not_run() {
    let texts = texts_below(&corpus().join("escu"));
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut knowledge = Knowledge::builtin();
    let problems = knowledge.overlay(&files);
    assert!(problems.is_empty(), "{problems:?}");
    let Some(built) = built(&texts, knowledge) else { return };
    for report in &built.reports {
        let faults: Vec<_> = errors(&report.diagnostics).filter(is_fault).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", report.path);
    }
    assert!(built.skipped.contains_key(&Skip::Macro) && built.skipped.contains_key(&Skip::Lookup));
    say(&format!("{} of {} rules compile", built.rules.len(), built.reports.len()));
    assert!(built.rules.len() >= CONTENT_COMPILES, "{} rules compile", built.rules.len());
}

//! Rules of public catalogs whose facts an independent census has told: the catalog tells the same.
//!
//! Neither the rules nor the census are part of the project: they are looked for in `../shared`, or where `CALTROP_SHARED`
//! says, and where they are absent the test says so and passes. Counts over the catalog are told for the whole of it, of
//! which only some is here, so a count here is at most as large.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use caltrop_catalog::{Catalog, RuleText};
use caltrop_core::{
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use serde_json::Value;

fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from).join("corpus")
}

fn catalog(files: &[(String, String)]) -> Value {
    let texts: Vec<_> = files.iter().map(|(path, text)| RuleText { path, text }).collect();
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    texts.iter().for_each(|file| builder.add_file(file.path, file.text));
    serde_json::from_str(&Catalog::new(&texts, builder, None).json()).unwrap()
}

/// What the census says of a rule's indicators, without the counts.
fn without_counts(indicators: &Value) -> Value {
    let mut indicators = indicators.clone();
    for indicator in indicators.as_array_mut().into_iter().flatten() {
        for value in indicator["values"].as_array_mut().into_iter().flatten() {
            value.as_object_mut().unwrap().remove("other_rules");
        }
    }
    indicators
}

#[test]
fn the_samples_of_the_census_agree() {
    let Ok(text) = fs::read_to_string(shared().join("indicators_sample.json")) else {
        let _ = writeln!(std::io::stderr(), "skipped: no samples at {}", shared().display());
        return;
    };
    let samples: Vec<Value> = serde_json::from_str(&text).unwrap();
    let read = |sample: &Value| {
        let (corpus, path) = (sample["corpus"].as_str().unwrap(), sample["path"].as_str().unwrap());
        let text = fs::read_to_string(shared().join(corpus).join(path)).unwrap();
        (format!("{corpus}/{path}"), text)
    };
    let files: Vec<_> = samples.iter().map(read).collect();
    let told = catalog(&files);
    assert_eq!(samples.len(), 20);
    let mut differences = Vec::new();
    for (sample, (path, _)) in samples.iter().zip(&files) {
        let rules = told["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["path"] == path.as_str()).unwrap();
        for key in [
            "id",
            "title",
            "parses",
            "mitre",
            "event_coverage",
            "stages",
            "search_terms",
            "parsed_terms",
            "macros",
        ] {
            if sample[key] != rule[key] {
                differences.push(format!("{path} {key}\n  {}\n  {}", sample[key], rule[key]));
            }
        }
        let (expected, actual) =
            (without_counts(&sample["indicators"]), without_counts(&rule["indicators"]));
        if expected != actual {
            let all = |told: &Value| told.as_array().cloned().unwrap_or_default();
            let (expected, actual) = (all(&expected), all(&actual));
            let only = |these: &[Value], those: &[Value]| {
                these
                    .iter()
                    .filter(|it| !those.contains(it))
                    .map(Value::to_string)
                    .collect::<String>()
            };
            let (lacks, adds) = (only(&expected, &actual), only(&actual, &expected));
            differences.push(format!("{path} indicators: lacks {lacks}, adds {adds}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

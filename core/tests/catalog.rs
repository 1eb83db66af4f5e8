//! Rules of a public catalog on real events: the scan changes nothing for them either.
//!
//! Neither is part of the project: they are looked for in `../shared`, or where `CALTROP_SHARED` says, and where they are
//! absent the test says so and passes. A normal run takes some of the rules and one file; `CALTROP_CATALOG=all` takes all.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use caltrop_core::{
    config::Options,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{run, say, stream, without_prefilter};

const SOME_RULES: usize = 60;
const SOME_EVENTS: usize = 1_500;

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// As many of `all` as `most`, from everywhere.
fn spread<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    all.iter().step_by(all.len().div_ceil(most).max(1)).cloned().collect()
}

/// The rules of the catalog that compile, as (path, text).
fn rules(folder: &Path) -> Vec<(String, String)> {
    let knowledge = Knowledge::builtin();
    let texts = files_below(folder, ".yml").into_iter().filter_map(|path| {
        Some((path.to_string_lossy().into_owned(), fs::read_to_string(&path).ok()?))
    });
    let runs = |(path, text): &(String, String)| {
        let mut builder = RuleSetBuilder::new(knowledge.clone(), BuildOptions::default());
        builder.add_file(path, text);
        builder.build().rules.len() == 1
    };
    texts.filter(runs).collect()
}

#[test]
fn the_scan_changes_no_alert_of_a_public_rule_on_real_events() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from);
    let files = files_below(&shared.join("data"), ".xml.zst");
    let rules = rules(&shared.join("corpus/armory"));
    if files.is_empty() || rules.is_empty() {
        say(&format!("skipped: no rules and events at {}", shared.display()));
        return;
    }
    let everything = std::env::var("CALTROP_CATALOG").is_ok_and(|which| which == "all");
    let rules = if everything { rules } else { spread(&rules, SOME_RULES) };
    assert!(rules.len() >= 20, "{} rules of the catalog compile", rules.len());
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    rules.iter().for_each(|(path, text)| builder.add_file(path, text));
    let rule_set = common::compiled(builder.build());
    let files = if everything { files } else { spread(&files, 1) };
    for file in files {
        let bytes =
            zstd::decode_all(fs::File::open(&file).expect("it is here")).expect("it is zstd");
        let lines: Vec<&[u8]> =
            bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
        let lines = if everything { lines } else { spread(&lines, SOME_EVENTS) };
        for options in [Options::default(), stream(3600)] {
            let with = run(&rule_set, &options, lines.iter().copied());
            let without =
                run(&Arc::clone(&rule_set), &without_prefilter(&options), lines.iter().copied());
            assert_eq!(with.alerts, without.alerts, "{}", file.display());
            let (scanned, all) = (with.counters.candidates, without.counters.candidates);
            assert!(scanned < all, "the scan leaves nothing out of {}", file.display());
            say(&format!(
                "{} {:?}: {} rules, {} events, {scanned} candidates of {all}, {} alerts",
                file.display(),
                options.mode,
                rules.len(),
                lines.len(),
                with.alerts.len()
            ));
        }
    }
}

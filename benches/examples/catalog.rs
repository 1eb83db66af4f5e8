//! What a catalog of rules costs on real events, beside the floors: the figures behind the scan.
//!
//! `cargo run --release -p caltrop-benches --example catalog -- RULES_FOLDER EVENTS...`, with events as one line each,
//! plain or `.zst`. Sets of 1 (the seed rule), 10, 100 and all rules run in turn over the same lines, several rounds, and
//! the median of each is printed: the scan alone, and the whole of `Engine::push`. The floors are a case-insensitive search
//! for the seed rule's literal, and a DFA of Aho-Corasick over the literals that the scan of all rules looks for.
//!
//! `CALTROP_ONLY` names those that run, by how their names begin: for a profiler.
//!
//! On a machine that does other things, too, compare within one run only.

#![allow(clippy::print_stdout, reason = "a program prints its figures")]

mod events;

use std::{hint::black_box, path::PathBuf, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use caltrop_benches::{
    catalog,
    measure::{Subject, interleaved, megabytes_per_second},
};
use caltrop_core::{
    compiled::RuleSet,
    config::{Input, Options},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
    scan::{Sight, Text, needle::Needle},
};

const SEED: &str = include_str!("../../rules/wmi_subscription_execution.yml");
const ROUNDS: usize = 7;

/// How often each set runs: `CALTROP_ROUNDS`, for a profiler.
fn rounds() -> usize {
    std::env::var("CALTROP_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}
/// Enough to outlast the caches of the machine, little enough for many rounds.
const MOST_BYTES: usize = 24 << 20;

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let rules = catalog::rule_files(&arguments.next().expect("a folder of rules"));
    for file in arguments {
        let bytes = events::read(&file);
        let lines: Vec<&[u8]> = lines(&bytes);
        println!("\n{} {} events", file.display(), lines.len());
        compare(&rules, &lines);
    }
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut left = MOST_BYTES;
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let step = (bytes.len() / MOST_BYTES).max(1);
    let some = lines.step_by(step).take_while(|line| {
        left = left.saturating_sub(line.len());
        left > 0
    });
    some.collect()
}

fn builder(files: &[(String, String)]) -> RuleSetBuilder {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    files.iter().for_each(|(path, text)| builder.add_file(path, text));
    builder
}

/// Every so many-th rule, so that `count` are left.
fn some(files: &[(String, String)], count: usize) -> Vec<(String, String)> {
    files.iter().step_by(files.len().div_ceil(count).max(1)).cloned().collect()
}

fn compare(files: &[(String, String)], lines: &[&[u8]]) {
    let seed = vec![("seed.yml".to_owned(), SEED.to_owned())];
    let sets = [seed, some(files, 10), some(files, 100), files.to_vec()];
    let sets: Vec<Arc<RuleSet>> =
        sets.iter().map(|files| Arc::new(builder(files).build().rules)).collect();
    let literals: Vec<String> = builder(files)
        .build_explained()
        .1
        .into_iter()
        .flat_map(|rule| rule.anchor.into_iter().flatten())
        .map(|atom| atom.text)
        .collect();
    let needle = Needle::new(b"wmiprvse");
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&literals)
        .expect("the literals fit");
    let mut subjects: Vec<(String, Subject<'_>)> = vec![
        named("floor: one needle".into(), || {
            lines.iter().filter(|line| needle.find(black_box(line), 0).is_some()).count() as u64
        }),
        named(format!("peer: Aho-Corasick DFA, {} literals", literals.len()), || {
            let found = |line: &&[u8]| automaton.find_overlapping_iter(*line).count() as u64;
            lines.iter().map(found).sum()
        }),
    ];
    for set in &sets {
        let name = format!("scan, {} rules, {}", set.len(), set.searcher());
        subjects.push(named(name, || scan_all(set, lines)));
        let mut engine = Engine::new(Arc::clone(set), Options::default());
        subjects.push(named(format!("push, {} rules", set.len()), move || {
            let count = push_all(&mut engine, lines);
            engine.finish(&mut |alert| _ = black_box(alert.key));
            count
        }));
    }
    if let Ok(only) = std::env::var("CALTROP_ONLY") {
        subjects.retain(|(name, _)| name.starts_with(&only));
    }
    let (names, subjects): (Vec<_>, Vec<_>) = subjects.into_iter().unzip();
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    for (name, it) in names.iter().zip(interleaved(rounds(), subjects)) {
        let speed = megabytes_per_second(bytes, it.seconds);
        println!("{speed:>9.0} MB/s  {:>9} found  {name}", it.found);
    }
    sets.iter().for_each(|set| spread(set, lines));
}

fn named<'s>(name: String, work: impl FnMut() -> u64 + 's) -> (String, Subject<'s>) {
    (name, Subject::new(work))
}

/// The pass alone: what it makes candidates is not narrowed down.
fn scan_all(rules: &RuleSet, lines: &[&[u8]]) -> u64 {
    let scan = rules.scan();
    let mut scratch = bumpalo::Bump::new();
    let (mut sight, mut candidates) = (Sight::default(), scan.candidates());
    let mut found = 0;
    for raw in lines {
        let text = Text { raw, input: Input::Auto, scratch: &scratch };
        if scan.look(text, &mut sight, &mut candidates) {
            found += candidates.iter().count() as u64;
        }
        scratch.reset();
    }
    found
}

fn push_all(engine: &mut Engine, lines: &[&[u8]]) -> u64 {
    let before = engine.counters().candidates;
    for line in lines {
        engine.push(line, Head::default(), &mut |alert| _ = black_box(alert.key));
    }
    engine.counters().candidates - before
}

/// How many rules an event makes candidates, and which rules are candidates most often.
fn spread(rules: &Arc<RuleSet>, lines: &[&[u8]]) {
    let mut engine = Engine::new(Arc::clone(rules), Options::default());
    let one = |line: &&[u8]| push_all(&mut engine, &[line]);
    let mut counts: Vec<u64> = lines.iter().map(one).collect();
    counts.sort_unstable();
    let at = |share: usize| counts[(counts.len() - 1) * share / 100];
    println!(
        "candidates of {} rules: median {}, p95 {}, p99 {}, most {}",
        rules.len(),
        at(50),
        at(95),
        at(99),
        at(100)
    );
    let counted = (0..rules.len()).map(caltrop_core::ids::RuleId::new).map(|rule| {
        let counters = engine.rule_counters(rule);
        (counters.candidates, counters.passed, rules.rule(rule).meta.path.as_str())
    });
    let mut dearest: Vec<_> = counted.collect();
    dearest.sort_unstable_by(|left, right| right.cmp(left));
    for (candidates, passed, path) in dearest.iter().take(12).filter(|_| rules.len() > 100) {
        println!("  {candidates} candidates, {passed} passed: {path}");
    }
}

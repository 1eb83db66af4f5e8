//! caltrop beside other engines, on the same events in memory; writes the block `peers` of `docs/performance.md`:
//!
//! ```sh
//! cd benches/peers && cargo run --release
//! ```
//!
//! RSigma evaluates the same rules in its own language, and must match as often. Hyperscan, Aho-Corasick and a search for a single
//! literal look for the names in the rules and for nothing else: what they find is told, and is no alert.

mod hyperscan;

use std::{fmt::Write as _, fs, path::PathBuf, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use caltrop_benches::{
    catalog::{self, Names, Rule},
    generator::{Generator, Rendering},
    measure::{Subject, bytes, interleaved, megabytes_per_second},
    page::with_block,
};
use caltrop_core::{
    config::Options,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
    scan::needle::Needle,
};
use hyperscan::Hyperscan;

const RUNS: usize = 7;

fn main() {
    let lines = Generator::busy().lines(Rendering::FlatJson);
    let mut text = format!("{} JSON events, {} bytes; one thread.\n\n", lines.len(), bytes(&lines));
    for (title, count, names) in [
        ("12 rules, of which 2 name what is frequent", 12, Names::Frequent),
        ("1,000 rules that no event matches", 1_000, Names::Absent),
        ("1,000 rules, of which 100 name what is frequent", 1_000, Names::Frequent),
    ] {
        compare(title, &catalog::rules(count, names), &lines, &mut text);
    }
    print!("{text}");
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/performance.md");
    let old = fs::read_to_string(&page).expect("docs/performance.md is there");
    let new = with_block(&old, "peers", &text).expect("the page has a block for peers");
    fs::write(page, new).expect("the page can be written");
}

fn compare(title: &str, rules: &[Rule], lines: &[Vec<u8>], text: &mut String) {
    let mut named = vec![
        ("caltrop", "alerts", caltrop(rules, lines)),
        ("RSigma 0.23", "matches", rsigma(rules, lines)),
    ];
    let literals: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    if let Some(hyperscan) = hyperscan(&literals, lines) {
        named.push(("Hyperscan, the names as literals", "events", hyperscan));
    }
    named.push(("Aho-Corasick (DFA), the names", "events", aho_corasick(&literals, lines)));
    named.push(("a search for the first name", "events", needle(literals[0], lines)));
    let (names, subjects): (Vec<_>, Vec<_>) =
        named.into_iter().map(|(name, what, subject)| ((name, what), subject)).unzip();
    let measured = interleaved(RUNS, subjects);
    assert_eq!(measured[0].found, measured[1].found, "both rule engines find the same");
    let _ = writeln!(text, "**{title}**\n\n| what | MB/s | found |\n| --- | --- | --- |");
    for ((name, what), it) in names.iter().zip(measured) {
        let speed = megabytes_per_second(bytes(lines), it.seconds);
        let _ = writeln!(text, "| {name} | {speed:.0} | {} {what} |", it.found);
    }
    text.push('\n');
}

fn caltrop<'l>(rules: &[Rule], lines: &'l [Vec<u8>]) -> Subject<'l> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    rules.iter().for_each(|rule| builder.add_file(&rule.path, &rule.spl));
    let built = builder.build();
    assert_eq!(built.rules.len(), rules.len(), "every rule compiles");
    let mut engine = Engine::new(Arc::new(built.rules), Options::default());
    Subject::new(move || {
        let mut alerts = 0;
        lines.iter().for_each(|line| engine.push(line, &Head::default(), &mut |_| alerts += 1));
        alerts
    })
}

/// What RSigma is given is text too, so that both parse.
fn rsigma<'l>(rules: &[Rule], lines: &'l [Vec<u8>]) -> Subject<'l> {
    let yaml: Vec<&str> = rules.iter().map(|rule| rule.sigma.as_str()).collect();
    let collection =
        rsigma_parser::parse_sigma_yaml(&yaml.join("---\n")).expect("the rules are Sigma");
    let mut engine = rsigma_eval::Engine::new();
    engine.add_collection(&collection).expect("every rule compiles");
    assert_eq!(engine.rule_count(), rules.len(), "every rule compiles");
    Subject::new(move || {
        let matches = lines.iter().map(|line| {
            let value: serde_json::Value = serde_json::from_slice(line).expect("events are JSON");
            engine.evaluate(&rsigma_eval::JsonEvent::borrow(&value)).len() as u64
        });
        matches.sum()
    })
}

fn hyperscan<'l>(literals: &[&str], lines: &'l [Vec<u8>]) -> Option<Subject<'l>> {
    let mut hyperscan = Hyperscan::new(literals)?;
    Some(Subject::new(move || lines.iter().map(|line| u64::from(hyperscan.is_match(line))).sum()))
}

fn aho_corasick<'l>(literals: &[&str], lines: &'l [Vec<u8>]) -> Subject<'l> {
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(literals)
        .expect("the names fit an automaton");
    // To the end of the event, as whoever wants every rule must.
    let is_found = move |line: &Vec<u8>| automaton.find_overlapping_iter(line).count() > 0;
    Subject::new(move || lines.iter().map(|line| u64::from(is_found(line))).sum())
}

fn needle<'l>(literal: &str, lines: &'l [Vec<u8>]) -> Subject<'l> {
    let needle = Needle::new(literal.as_bytes());
    Subject::new(move || lines.iter().map(|line| u64::from(needle.find(line, 0).is_some())).sum())
}

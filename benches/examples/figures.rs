//! Measures caltrop and writes the figures into `docs/performance.md` and its pictures beside it:
//!
//! ```sh
//! cargo run --release -p caltrop-benches --example figures
//! ```
//!
//! Events and rules are generated, in memory and cut into lines before any clock starts. With `CALTROP_RULES=FOLDER` the rules of that
//! folder are measured too. Every figure is a median of interleaved runs, and what is compared must have found the same.

#![allow(clippy::print_stderr, reason = "a program speaks to its user")]

use std::{env, fmt::Write as _, fs, path::PathBuf, process::Command, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use caltrop_benches::{
    catalog::{self, Names},
    generator::{Generator, Rendering},
    measure::{Measured, Subject, bytes, interleaved, megabytes_per_second},
    page::{Line, chart, with_block},
};
use caltrop_core::{
    compiled::RuleSet,
    config::Options,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
    scan::needle::Needle,
};

const SEED_RULE: (&str, &str) = (
    "rules/wmi_subscription_execution.yml",
    include_str!("../../rules/wmi_subscription_execution.yml"),
);
const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
const MARKS: [&str; 4] = ["1 rule", "10", "100", "1,000"];
const FORMS: [(&str, Rendering); 3] =
    [("XML", Rendering::Xml), ("classic text", Rendering::Classic), ("JSON", Rendering::FlatJson)];
const RUNS: usize = 7;

fn main() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut text = heading();
    curves(&docs, &mut text);
    floor(&mut text);
    stages(&mut text);
    loading(&mut text);
    let page = docs.join("performance.md");
    let old = fs::read_to_string(&page).expect("docs/performance.md is there");
    let new = with_block(&old, "figures", &text).expect("the page has a block for figures");
    fs::write(page, new).expect("the page can be written");
}

/// What machine this is, and when.
fn heading() -> String {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("an unknown processor", |(_, name)| name);
    let cores = cpus.matches("processor\t").count();
    let [date, commit, compiler] = [
        output("date", &["+%Y-%m-%d"]),
        output("git", &["rev-parse", "--short", "HEAD"]),
        output("rustc", &["--version"]),
    ]
    .map(Option::unwrap_or_default);
    format!("{date}, commit {commit}, {compiler}, {cpu}, {cores} virtual cores; one thread.\n\n")
}

fn rule_set<'r>(rules: impl IntoIterator<Item = (&'r str, &'r str)>) -> Arc<RuleSet> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    rules.into_iter().for_each(|(path, text)| builder.add_file(path, text));
    Arc::new(builder.build().rules)
}

fn generated(count: usize, names: Names) -> Arc<RuleSet> {
    let rules = catalog::rules(count, names);
    rule_set(rules.iter().map(|rule| (rule.path.as_str(), rule.spl.as_str())))
}

/// Pushes all events; how many candidates there were.
fn push_all(engine: &mut Engine, lines: &[Vec<u8>]) -> u64 {
    let before = engine.counters().candidates;
    lines.iter().for_each(|line| engine.push(line, Head::default(), &mut |_| {}));
    engine.finish(&mut |_| {});
    engine.counters().candidates - before
}

fn pushing<'s>(rules: &Arc<RuleSet>, lines: &'s [Vec<u8>]) -> Subject<'s> {
    let mut engine = Engine::new(Arc::clone(rules), Options::default());
    Subject::new(move || push_all(&mut engine, lines))
}

/// Speed by the number of rules, for each form of events.
fn curves(docs: &std::path::Path, text: &mut String) {
    fs::create_dir_all(docs.join("performance")).expect("a folder can be made");
    for (names, file, title) in [
        (Names::Absent, "match-free.svg", "Rules that no event matches"),
        (Names::Frequent, "match-heavy.svg", "Every tenth rule names a frequent program"),
    ] {
        let sets = COUNTS.map(|count| generated(count, names));
        let forms = FORMS.map(|(name, rendering)| (name, Generator::busy().lines(rendering)));
        let subjects =
            forms.iter().flat_map(|(_, lines)| sets.iter().map(|set| pushing(set, lines)));
        let measured = interleaved(RUNS, subjects.collect());
        let rows = forms.iter().zip(measured.chunks(COUNTS.len()));
        let curves: Vec<_> = rows
            .clone()
            .map(|((name, lines), row)| {
                let speed = |it: &Measured| megabytes_per_second(bytes(lines), it.seconds);
                Line { name: (*name).to_owned(), heights: row.iter().map(speed).collect() }
            })
            .collect();
        let svg = chart(title, &MARKS, "MB/s of events, by the number of rules", &curves);
        fs::write(docs.join("performance").join(file), svg).expect("a picture can be written");
        let _ = writeln!(text, "**{title}**\n\n![{title}](performance/{file})\n");
        let _ = writeln!(
            text,
            "| events | {} |\n| --- {}|",
            MARKS.join(" | "),
            "| --- ".repeat(MARKS.len())
        );
        for (curve, (_, row)) in curves.iter().zip(rows) {
            let cells = curve
                .heights
                .iter()
                .zip(row)
                .map(|(speed, it)| format!("{speed:.0} MB/s ({})", it.found));
            let _ =
                writeln!(text, "| {} | {} |", curve.name, cells.collect::<Vec<_>>().join(" | "));
        }
        text.push_str("\nIn brackets: pairs of an event and a rule that the scan let through.\n\n");
    }
}

/// The sample rule beside the fastest search for its one literal, and a thousand rules beside Aho-Corasick over their names.
fn floor(text: &mut String) {
    let needle = Needle::new(b"wmiprvse");
    let mut unmatched = Generator::busy().lines(Rendering::Xml);
    unmatched.retain(|line| needle.find(line, 0).is_none());
    let rules = catalog::rules(1_000, Names::Absent);
    let literals = rules.iter().map(|rule| rule.name.as_str());
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(literals)
        .expect("a thousand names fit an automaton");
    let found = |is_found: bool| u64::from(is_found);
    let search = || unmatched.iter().map(|line| found(needle.find(line, 0).is_some())).sum();
    let search_all = || unmatched.iter().map(|line| found(automaton.is_match(line))).sum();
    let subjects = vec![
        Subject::new(search),
        pushing(&rule_set([SEED_RULE]), &unmatched),
        Subject::new(search_all),
        pushing(&generated(1_000, Names::Absent), &unmatched),
    ];
    let names = [
        "a search for the one literal of the sample rule",
        "the sample rule",
        "Aho-Corasick (DFA) for 1,000 names",
        "1,000 rules with these names",
    ];
    text.push_str("**Beside the searches that are the floor**, on XML events that no rule matches\n\n| what | MB/s | found |\n| --- | --- | --- |\n");
    for (name, it) in names.iter().zip(interleaved(RUNS, subjects)) {
        let speed = megabytes_per_second(bytes(&unmatched), it.seconds);
        let _ = writeln!(text, "| {name} | {speed:.0} | {} |", it.found);
    }
    text.push('\n');
}

/// One rule, one stage longer each time.
fn stages(text: &mut String) {
    let stages = [
        ("the scan, which finds nothing", "TERM(absent)"),
        (
            "every event selected, its time and host read, one field tested",
            "EventCode=* EventCode=0",
        ),
        ("a field that the knowledge derives tested", "EventCode=* | where len(process_name)=0"),
        (
            "kept, seven columns, sent",
            "EventCode=* | table _time, host, process, process_*, user, signature_id",
        ),
        (
            "the same grouped by time and host",
            "EventCode=* | table _time, host, process, process_*, user, signature_id | bin span=1s | stats values(*) as * by _time, host",
        ),
    ];
    let lines = Generator::busy().lines(Rendering::Xml);
    let sets = stages.map(|(_, spl)| rule_set([("rule.spl", spl)]));
    let measured = interleaved(RUNS, sets.iter().map(|set| pushing(set, &lines)).collect());
    text.push_str("**What the stages of one rule cost**, on XML events\n\n| up to | ns an event | candidates |\n| --- | --- | --- |\n");
    for ((name, _), it) in stages.iter().zip(measured) {
        let _ =
            writeln!(text, "| {name} | {:.0} | {} |", it.seconds * 1e9 / events(&lines), it.found);
    }
    text.push('\n');
}

#[allow(clippy::cast_precision_loss, reason = "there are a few thousand")]
fn events(lines: &[Vec<u8>]) -> f64 {
    lines.len() as f64
}

/// A catalog from its rule files and from one compiled file, and the speed of it.
fn loading(text: &mut String) {
    let generated = catalog::rules(1_000, Names::Absent);
    let generated = generated.into_iter().map(|rule| (rule.path, rule.spl)).collect();
    let mut catalogs = vec![("1,000 generated rules", generated)];
    if let Some(folder) = env::var_os("CALTROP_RULES") {
        catalogs.push(("the catalog that was named", catalog::rule_files(&PathBuf::from(folder))));
    }
    text.push_str("**Loading**, with the files in memory, and what the rules then run at on XML events\n\n| rules | from rule files | compiled | times faster | bytes | MB/s |\n| --- | --- | --- | --- | --- | --- |\n");
    let lines = Generator::busy().lines(Rendering::Xml);
    for (name, files) in &catalogs {
        let build = || rule_set(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let rules = build();
        let compiled = Arc::new(rules.to_bytes());
        let load = || RuleSet::from_shared(&compiled, None).expect("it was written just now");
        let subjects = vec![
            Subject::making(|| counted(build())),
            Subject::making(|| counted(Arc::new(load()))),
            pushing(&rules, &lines),
        ];
        let [build, load, push] = interleaved(RUNS, subjects)[..] else {
            unreachable!("three subjects")
        };
        assert_eq!(build.found, load.found, "both ways give the same rules");
        let _ = writeln!(
            text,
            "| {name}: {} | {:.0} ms | {:.1} ms | {:.0} | {} | {:.0} |",
            build.found,
            build.seconds * 1e3,
            load.seconds * 1e3,
            build.seconds / load.seconds,
            compiled.len(),
            megabytes_per_second(bytes(&lines), push.seconds)
        );
    }
}

fn counted(rules: Arc<RuleSet>) -> (u64, Arc<RuleSet>) {
    (rules.len() as u64, rules)
}

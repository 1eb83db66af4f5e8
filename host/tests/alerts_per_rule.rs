//! How many alerts every public rule has for every file of real events: a committed table, so that a change shows in review.
//!
//! Rules and events are read from beside the repository or from where `CALTROP_SHARED` says; without them there is nothing to
//! look at. It takes seconds where the code is optimised, as `scripts/test` runs it, and too long elsewhere. Where
//! `CALTROP_PREFILTER` is `off`, as in `scripts/verify`, every rule also runs on every event, and must give the same alerts.
//!
//! `CALTROP_BLESS=1` rewrites the table; the diff is the review.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caltrop_core::alert::Alert;
use caltrop_core::compiled::RuleSet;
use caltrop_core::config::{Input as Written, Options};
use caltrop_core::engine::Engine;
use caltrop_core::event::Head;
use caltrop_core::ruleset::BuildOptions;
use caltrop_host::{Input, InputLimits, load};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alerts_per_rule.tsv");
const HEADING: &str = "rule\tfile\talerts\n";

/// Of a larger file, so many events run without the prefilter: every rule on every event of all files takes an hour.
const EVENTS_WITHOUT_PREFILTER: usize = 3_000;

/// Alerts by the path of the rule below the corpus, and the file of the events.
type Table = BTreeMap<(String, String), u64>;

/// The public rules and the real events.
struct Shared {
    corpus: PathBuf,
    data: PathBuf,
}

impl Shared {
    fn find() -> Option<Self> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
        let shared = std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from);
        let [corpus, data] = ["corpus", "data"].map(|folder| shared.join(folder));
        (corpus.is_dir() && data.is_dir()).then_some(Self { corpus, data })
    }

    /// The files of events, by their names in the index.
    fn files(&self) -> Vec<String> {
        let index = std::fs::read_to_string(self.data.join("index.tsv")).unwrap();
        index
            .lines()
            .skip(1)
            .filter_map(|line| line.split('\t').next())
            .map(str::to_owned)
            .collect()
    }

    /// The rules of one folder of the corpus, under the knowledge in `knowledge`.
    fn rules(&self, folder: &str, knowledge: &[PathBuf]) -> Arc<RuleSet> {
        let loaded = load(&[self.corpus.join(folder)], knowledge, None, BuildOptions::default());
        assert!(loaded.built.rules.len() > 100, "{} rules compile", loaded.built.rules.len());
        Arc::new(loaded.built.rules)
    }

    fn events(&self, file: &str) -> Vec<Vec<u8>> {
        let path = self.data.join(file);
        let mut input = Input::open(&path, Written::Auto, InputLimits::default()).unwrap();
        let mut events = Vec::new();
        while let Some(event) = input.next_event().unwrap() {
            events.push(event.to_vec());
        }
        events
    }

    fn rule(&self, path: &str) -> String {
        Path::new(path).strip_prefix(&self.corpus).unwrap().to_string_lossy().into_owned()
    }
}

#[derive(Clone, Copy)]
enum Prefilter {
    On,
    Off,
}

/// An alert: the path of its rule, and all of it as JSON.
type Sent = (String, String);

fn alerts(rules: &Arc<RuleSet>, events: &[Vec<u8>], prefilter: Prefilter) -> Vec<Sent> {
    let options = Options {
        prefilter: matches!(prefilter, Prefilter::On),
        max_state_bytes: usize::MAX,
        max_rule_state_bytes: Some(usize::MAX),
        ..Options::default()
    };
    let mut engine = Engine::new(Arc::clone(rules), options);
    let mut alerts = Vec::new();
    let mut keep = |alert: &Alert<'_>| {
        let mut json = Vec::new();
        alert.write_json(&mut json).unwrap();
        alerts.push((alert.rule.path.to_string(), String::from_utf8(json).unwrap()));
    };
    for (raw, offset) in events.iter().zip(0..) {
        engine.push(raw, Head { offset, ..Head::default() }, &mut keep);
    }
    engine.finish(&mut keep);
    alerts
}

/// Runs the rules over some of the events with the prefilter and without it.
fn same_without_prefilter(rules: &Arc<RuleSet>, file: &str, events: &[Vec<u8>]) {
    let step = events.len().div_ceil(EVENTS_WITHOUT_PREFILTER).max(1);
    let some: Vec<Vec<u8>> = events.iter().step_by(step).cloned().collect();
    let [on, off] = [Prefilter::On, Prefilter::Off].map(|which| alerts(rules, &some, which));
    say(&format!("{file}: {} of {} events, {} alerts", some.len(), events.len(), off.len()));
    let first = on.iter().zip(&off).find(|(on, off)| on != off);
    assert!(on == off, "{file}: {} alerts and {} without it; {first:#?}", on.len(), off.len());
}

/// What the rules make of the files.
fn made(shared: &Shared) -> Table {
    let escu = vec![shared.corpus.join("escu")];
    let sets = [shared.rules("armory", &[]), shared.rules("escu", &escu)];
    let compares = std::env::var("CALTROP_PREFILTER").is_ok_and(|which| which == "off");
    let mut table = Table::new();
    for file in &shared.files() {
        let events = shared.events(file);
        for rules in &sets {
            for (path, _) in alerts(rules, &events, Prefilter::On) {
                *table.entry((shared.rule(&path), file.clone())).or_default() += 1;
            }
            if compares {
                same_without_prefilter(rules, file, &events);
            }
        }
    }
    table
}

fn lines(table: &Table) -> Vec<String> {
    table.iter().map(|((rule, file), alerts)| format!("{rule}\t{file}\t{alerts}\n")).collect()
}

/// Says on the test's own output what it looked at.
#[allow(clippy::print_stderr, reason = "a test that looked at nothing must say so")]
fn say(message: &str) {
    eprintln!("{message}");
}

#[test]
fn public_rules_have_the_alerts_of_the_table() {
    let Some(shared) = Shared::find() else {
        say("skipped: no public rules and real events here, set CALTROP_SHARED");
        return;
    };
    if cfg!(debug_assertions) {
        say("skipped: add --release");
        return;
    }
    let made = lines(&made(&shared));
    if std::env::var_os("CALTROP_BLESS").is_some() {
        return std::fs::write(TABLE, HEADING.to_owned() + &made.concat()).unwrap();
    }
    let written = std::fs::read_to_string(TABLE).unwrap();
    let written: Vec<String> = written.split_inclusive('\n').skip(1).map(str::to_owned).collect();
    let gone: Vec<&String> = written.iter().filter(|line| !made.contains(line)).collect();
    let new: Vec<&String> = made.iter().filter(|line| !written.contains(line)).collect();
    assert!(
        written == made,
        "not what host/tests/alerts_per_rule.tsv says; CALTROP_BLESS=1 rewrites it\nthere {gone:#?}\nnow {new:#?}"
    );
}

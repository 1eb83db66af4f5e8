//! The same events in several renderings give the same rows.
//!
//! Always: what the generator makes, in all its renderings and as event logs, under the seed rule and rules like it. Where they
//! stand beside the repository or where `CALTROP_SHARED` says: public rules over real events; those of event logs where
//! `CALTROP_EVTX` names a folder of them.
//!
//! Rows are equal when they have the same fields and values. Left out is what a rendering cannot have: the raw text itself,
//! fractions of a second, whether a line ends with `\r\n` or `\n`; and where the two hold different times, the time.

#![cfg(feature = "evtx")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "renderings/logs.rs"]
mod logs;
#[path = "renderings/pairs.rs"]
mod pairs;
#[path = "renderings/rows.rs"]
mod rows;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caltrop_benches::generator::Generator;
use caltrop_core::compiled::RuleSet;
use caltrop_core::knowledge::Knowledge;
use caltrop_core::ruleset::{BuildOptions, RuleSetBuilder};
use caltrop_host::load;
use pairs::{Kind, Pair, Real};
use rows::{Outcome, compare};

const SEED: &str = include_str!("../../rules/wmi_subscription_execution.yml");

/// What the rules below start and end with: every row of one machine in one second.
const FEED: &str = "`get_endpoint_data` `get_endpoint_data_sysmon`";
const TOGETHER: &str = "| bin span=1s | stats values(*) as * by _time, host";

/// Rules like the seed rule for the other events that the generator makes, each with its events and fields.
const LIKE_THE_SEED: [(&str, &str, &str); 8] = [
    (
        "shells",
        r#"("EventCode=1" OR "<EventID>1<") TERM(cmd.exe)"#,
        "user, process, process_*, parent_*, signature_id",
    ),
    (
        "connections",
        "EventCode=3",
        "user, app, process, process_*, src_*, dest_*, transport, direction",
    ),
    ("ends", "EventCode=5", "process, process_*, signature"),
    ("images", "EventCode=7", "process_*, parent_*, Signed, service_signature_verified"),
    ("accesses", "EventCode IN (8, 10)", "user, process_*, parent_*, GrantedAccess, StartModule"),
    ("files", "EventCode=11", "process, process_*, file_*, action, object_category"),
    (
        "registry",
        "EventCode IN (12, 13)",
        "process, process_*, registry_*, action, Details, EventType",
    ),
    ("names", "EventCode IN (17, 18, 22)", "process_*, pipe_name, query, answer, reply_code_id"),
];

fn own_rules() -> Arc<RuleSet> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_file("seed.yml", SEED);
    for (name, events, fields) in LIKE_THE_SEED {
        builder.add_spl(name, &format!("{FEED} {events} | table _time, host, {fields} {TOGETHER}"));
    }
    let built = builder.build();
    assert_eq!(built.rules.len(), 1 + LIKE_THE_SEED.len(), "{:#?}", built.reports);
    Arc::new(built.rules)
}

/// Says on the test's own output what it looked at.
#[allow(clippy::print_stderr, reason = "a test that looked at nothing must say so")]
fn say(message: &str) {
    eprintln!("{message}");
}

fn all_equal(pair: &Pair, outcomes: &BTreeMap<String, Outcome>) {
    for (rule, outcome) in outcomes {
        assert!(outcome.is_equal(), "{} {rule}: {outcome:#?}", pair.name);
    }
}

#[test]
fn generated_events_give_the_same_rows_in_every_rendering() {
    let recipe = Generator { seconds: 40, events_per_second: 10, rows: 20, ..Generator::demo() };
    let rules = own_rules();
    let mut pairs = pairs::generated(&recipe);
    pairs.push(pairs::generated_logs(&recipe));
    for pair in pairs {
        let outcomes = compare(&rules, &pair);
        assert_eq!(outcomes.len(), rules.len(), "{}: every rule has rows: {outcomes:?}", pair.name);
        all_equal(&pair, &outcomes);
    }
}

/// The folder of real events and public rules, where there is one.
fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from)
}

fn real_pairs(real: &Real, step: usize) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = real.pairs(step).collect();
    match std::env::var_os("CALTROP_EVTX").map(PathBuf::from) {
        Some(folder) => pairs.extend(real.log_pairs(&folder)),
        None => say("skipped: no event logs here, set CALTROP_EVTX"),
    }
    pairs
}

/// A normal run looks at one event in so many of a large set; `CALTROP_CATALOG=all` at all.
const STEP: usize = 8;

/// Rules that differ in some pair, most of them by a phrase with a backslash, which JSON doubles in its raw text. This figure
/// may only shrink.
const MOST_UNEQUAL: usize = 9;

/// Rules of which a row has fields that differ, since the JSON of their PowerShell events holds other raw text than the XML. No
/// other rule may.
///
/// - The first two look for words of a script in the raw text (`"Get-Net*"`, `"query"`). Where the script quotes them, as in
///   `-Function 'Get-NetIPAddress'`, that JSON has `\u0027` for each quote, which makes `u0027Get-NetIPAddress` one token: the term
///   does not select the event, and the values that the XML gives are missing in the row of its bucket.
/// - The third cuts 40 characters out of the raw text, in which JSON doubles each backslash.
const MAY_DIFFER: [&str; 3] = [
    "common_active_directory_commands-splunk-powershell",
    "common_reconnaissance_commands-splunk-powershell",
    "rundll32_command_line-splunk-powershell",
];

/// What each rule made of each pair.
type Table = BTreeMap<String, BTreeMap<String, Outcome>>;

#[test]
fn public_rules_give_the_same_rows_for_real_events_in_every_rendering() {
    let Some(real) = Real::find(shared().join("data")) else {
        say("skipped: no real events here, set CALTROP_SHARED");
        return;
    };
    if cfg!(debug_assertions) {
        say("skipped: it takes long where the code is not optimised; add --release");
        return;
    }
    let rules =
        load(&[shared().join("corpus/armory")], &[], None, BuildOptions::default()).built.rules;
    assert!(rules.len() > 100, "{} public rules compile", rules.len());
    let rules = Arc::new(rules);
    let mut table = Table::new();
    let is_whole = std::env::var("CALTROP_CATALOG").is_ok_and(|which| which == "all");
    let step = if is_whole { 1 } else { STEP };
    for pair in real_pairs(&real, step) {
        let outcomes = compare(&rules, &pair);
        say(&format!("{}: {} events, {} left out", pair.name, pair.events(), pair.left_out));
        if pair.kind == Kind::Same {
            all_equal(&pair, &outcomes);
        }
        for (rule, outcome) in outcomes {
            let may_differ = MAY_DIFFER.contains(&stem(&rule).as_str());
            let is_sound = outcome.unequal.is_empty() || may_differ;
            assert!(is_sound, "{} {rule}: {outcome:#?}", pair.name);
            table.entry(stem(&rule)).or_default().insert(pair.name.clone(), outcome);
        }
    }
    print(&table);
    let equal = table.values().filter(|pairs| pairs.values().all(Outcome::is_equal)).count();
    assert!(equal >= 50, "{equal} of {} rules give equal rows everywhere", table.len());
    let unequal = table.len() - equal;
    assert!(unequal <= MOST_UNEQUAL, "{equal} of {} rules give equal rows", table.len());
}

fn stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap().to_string_lossy().into_owned()
}

/// One line a rule, one column a pair: how many rows, and after a minus how many of them only one side has.
fn print(table: &Table) {
    let pairs: BTreeSet<&String> = table.values().flat_map(BTreeMap::keys).collect();
    let heads: Vec<String> = pairs.iter().map(|pair| format!("{pair:>12}")).collect();
    say(&heads.join(" "));
    for (rule, outcomes) in table {
        let cell = |pair: &&String| match outcomes.get(*pair) {
            None => String::new(),
            Some(outcome) if outcome.lacking == 0 => outcome.rows.to_string(),
            Some(outcome) => format!("{}-{}", outcome.rows, outcome.lacking),
        };
        let cells: Vec<String> = pairs.iter().map(|pair| format!("{:>12}", cell(pair))).collect();
        say(&format!("{} {rule}", cells.join(" ")));
    }
}

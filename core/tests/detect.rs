//! The behaviour of the engine, one file a sentence: `data/detect/*.test`.
//!
//! ```text
//! # why this is so
//! --- rule
//! TERM(evil) | bin span=1s | stats count by _time, host
//! --- options stream lateness=5s
//! --- events sysmon
//! 09:30:00 h1 1 CommandLine=evil x3 +20s
//! --- alerts
//! 2: {"_time":1772443800,"host":"h1","count":"1"}
//! end: {...}
//! --- counters
//! late_dropped 1
//! ```
//!
//! Events are `sysmon` (time on 2026-03-02, host, event id, data items set apart by ` | `), `json` (rows that are fields
//! already) or `raw`; `x3 +20s` at the end of a line repeats it every 20 seconds. Alerts are rows in the order in which they
//! come; in a stream each says which event released it, and which revision it is if a late event did. Counters are those that tell of something odd; none may be there that
//! the file does not name. Every case runs with the scan and without, and from a compiled file. `CALTROP_BLESS=1` rewrites what came out: read the
//! difference, it is the review.

mod common;

use std::{fmt::Write, fs, path::PathBuf, sync::Arc};

use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Input, Mode, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};

/// A file, cut into its parts.
struct Case {
    comment: String,
    rule: String,
    settings: String,
    kind: String,
    events: String,
    outcome: String,
}

impl Case {
    fn parse(text: &str) -> Self {
        let mut case = Self {
            comment: String::new(),
            rule: String::new(),
            settings: String::new(),
            kind: String::new(),
            events: String::new(),
            outcome: String::new(),
        };
        let mut section = String::new();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("--- ") {
                let (name, rest) = heading.split_once(' ').unwrap_or((heading, ""));
                section = name.to_owned();
                match name {
                    "options" => rest.clone_into(&mut case.settings),
                    "events" => rest.clone_into(&mut case.kind),
                    "alerts" | "counters" => case.outcome += &format!("{line}\n"),
                    "rule" => {}
                    other => panic!("`--- {other}` is no section"),
                }
                continue;
            }
            let part = match section.as_str() {
                "" => &mut case.comment,
                "rule" => &mut case.rule,
                "events" => &mut case.events,
                _ => &mut case.outcome,
            };
            writeln!(part, "{line}").expect("a String takes everything");
        }
        case
    }

    /// The file as it should be, given what came out.
    fn with_outcome(&self, outcome: &str) -> String {
        let options = match self.settings.as_str() {
            "" => String::new(),
            settings => format!("--- options {settings}\n"),
        };
        let Self { comment, rule, kind, events, .. } = self;
        format!("{comment}--- rule\n{rule}{options}--- events {kind}\n{events}{outcome}")
    }

    fn strict_raw(&self) -> bool {
        self.settings.split_whitespace().any(|setting| setting == "strict_raw")
    }

    fn options(&self) -> Options {
        let mut options = Options::default();
        for setting in self.settings.split_whitespace() {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            match name {
                "strict_raw" => {}
                "stream" => (options.mode, options.window) = (Mode::Stream, Window::Rule),
                "lateness" => options.lateness_ns = seconds(value) * SECOND_NS,
                "retain" => options.retain_ns = Some(seconds(value) * SECOND_NS),
                "window" => options.window = Window::Fixed(seconds(value) * SECOND_NS),
                other => panic!("`{other}` is no option"),
            }
        }
        if self.kind == "json" {
            options.input = Input::Rows;
        }
        options
    }

    fn events(&self) -> Vec<String> {
        let lines = self.events.lines().filter(|line| !line.is_empty());
        lines.flat_map(|line| self.repeated(line)).collect()
    }

    /// One line of events: once, or as often as ` xN +Ns` says.
    fn repeated(&self, line: &str) -> Vec<String> {
        let (line, times, step_s) = repetition(line).unwrap_or((line, 1, 0));
        (0..times)
            .map(|turn| match self.kind.as_str() {
                "sysmon" => sysmon(line, turn * step_s),
                "json" => later_row(line, turn * step_s),
                "raw" => line.to_owned(),
                other => panic!("`{other}` is no kind of events"),
            })
            .collect()
    }
}

fn seconds(text: &str) -> i64 {
    text.strip_suffix('s').and_then(|digits| digits.parse().ok()).expect("so many seconds: `5s`")
}

fn repetition(line: &str) -> Option<(&str, i64, i64)> {
    let (line, step) = line.rsplit_once(" +")?;
    let (line, times) = line.rsplit_once(" x")?;
    Some((line, times.parse().ok()?, step.strip_suffix('s')?.parse().ok()?))
}

/// `09:30:00.5 host id Name=value | Name=value` as Splunk stores it.
fn sysmon(line: &str, later_s: i64) -> String {
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (clock, host, id, items) = (word(), word(), word(), word());
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().expect("hh:mm:ss")).collect();
    let second = parts.iter().fold(0, |sum, part| sum * 60 + part) + later_s;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut data = String::new();
    for item in items.split(" | ").filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').expect("Name=value");
        write!(data, "<Data Name='{name}'>{value}</Data>").expect("a String takes everything");
    }
    let computer = if host == "-" { String::new() } else { format!("<Computer>{host}</Computer>") };
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Microsoft-Windows-Sysmon'/><EventID>{id}</EventID>\
         <TimeCreated SystemTime='2026-03-02T{hour:02}:{minute:02}:{second:02}.{fraction}Z'/>\
         <Channel>Microsoft-Windows-Sysmon/Operational</Channel>{computer}</System>\
         <EventData>{data}</EventData></Event>"
    )
}

fn later_row(line: &str, later_s: i64) -> String {
    if later_s == 0 {
        return line.to_owned();
    }
    let mut row: serde_json::Value =
        serde_json::from_str(line).expect("a row that is repeated is JSON");
    let time_s = row["_time"].as_i64().expect("a row that is repeated has a whole `_time`");
    row["_time"] = (time_s + later_s).into();
    row.to_string()
}

/// The one place that touches the engine.
fn outcome_of(case: &Case, rules: &Arc<RuleSet>, options: &Options) -> String {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut rows = String::new();
    let is_stream = options.mode == Mode::Stream;
    let mut note = |from: &str, alert: &caltrop_core::alert::Alert<'_>| {
        let mut row = Vec::new();
        alert.write_row_json(&mut row).expect("a Vec takes everything");
        let row = String::from_utf8(row).expect("JSON is UTF-8");
        let from = if is_stream { format!("{from}: ") } else { String::new() };
        writeln!(rows, "{from}{}{row}", version(alert)).expect("a String takes everything");
    };
    for (raw, number) in case.events().iter().zip(1..) {
        let head = Head { offset: number, ..Head::default() };
        engine.push(raw.as_bytes(), head, &mut |alert| note(&number.to_string(), alert));
    }
    engine.finish(&mut |alert| note("end", alert));
    let odd = odd_counters(engine.counters());
    let heading = if odd.is_empty() { "" } else { "--- counters\n" };
    format!("--- alerts\n{rows}{heading}{odd}")
}

/// What is said of a row before it, if it is not the first that was sent, and in time.
fn version(alert: &caltrop_core::alert::Alert<'_>) -> String {
    let what = match (alert.late, alert.retracted) {
        (false, false) => return String::new(),
        (_, true) => "retracted",
        (true, false) => "late",
    };
    format!("{what} {}: ", alert.revision)
}

fn odd_counters(counters: &Counters) -> String {
    let odd = [
        ("cut_events", counters.cut_events),
        ("malformed_rows", counters.malformed_rows),
        ("late", counters.late),
        ("revised", counters.revised),
        ("retracted", counters.retracted),
        ("late_dropped", counters.late_dropped),
        ("retained_dropped", counters.retained_dropped),
        ("timeless_dropped", counters.timeless_dropped),
        ("future_events", counters.future_events),
        ("truncated_groups", counters.truncated_groups),
        ("partial_groups", counters.partial_groups),
    ];
    let odd = odd.iter().filter(|(_, count)| *count > 0);
    odd.map(|(name, count)| format!("{name} {count}\n")).collect()
}

/// What is wrong with a case, if anything.
fn check(path: &PathBuf) -> Option<String> {
    let text = fs::read_to_string(path).expect("the case can be read");
    let case = Case::parse(&text);
    let build = BuildOptions { strict_raw: case.strict_raw(), ..BuildOptions::default() };
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), build);
    builder.add_spl("rule", case.rule.trim());
    let rules = common::compiled(builder.build());
    let options = case.options();
    let outcome = outcome_of(&case, &rules, &options);
    let unscanned = outcome_of(&case, &rules, &common::without_prefilter(&options));
    if outcome != unscanned {
        return Some(format!("with the scan\n{outcome}without\n{unscanned}"));
    }
    let file = rules.to_bytes();
    let loaded = RuleSet::from_bytes(&file, None).expect("it was written just now");
    if loaded.to_bytes() != file {
        return Some("what was loaded from a file is written otherwise".to_owned());
    }
    let from_file = outcome_of(&case, &Arc::new(loaded), &options);
    if outcome != from_file {
        return Some(format!("built\n{outcome}loaded from a file\n{from_file}"));
    }
    if std::env::var_os("CALTROP_BLESS").is_some() {
        fs::write(path, case.with_outcome(&outcome)).expect("the case can be written");
        return None;
    }
    (text != case.with_outcome(&outcome))
        .then(|| format!("expected\n{}got\n{outcome}", case.outcome))
}

#[test]
fn the_engine_behaves_as_its_cases_say() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/detect");
    let entries = fs::read_dir(folder).expect("the cases are here");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    assert!(paths.len() >= 30, "{} cases", paths.len());
    let wrong: Vec<String> = paths
        .iter()
        .filter_map(|path| check(path).map(|what| format!("{}\n{what}", path.display())))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

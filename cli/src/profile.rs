//! `run --profile`: which rules are dear, and what makes them so.

use std::{cmp::Reverse, fs::File, io, path::Path};

use anyhow::{Context, Result};
use caltrop_core::{
    compiled::Rule,
    config::RuleCounters,
    engine::{Engine, RuleCost},
    ids::RuleId,
};
use serde::Serialize;

use crate::output::{counted, note};

/// So many rules are told of on standard error.
const DEAREST: usize = 10;

/// So many texts of an anchor are shown.
const MAX_TEXTS: usize = 3;

/// What the rules of a run have cost, the dearest first. As JSON, what `--profile=FILE` writes.
#[derive(Debug, Serialize)]
pub(crate) struct Profile<'r> {
    events: u64,
    /// Of the whole run, without the compile.
    seconds: f64,
    rules: Vec<RuleProfile<'r>>,
}

#[derive(Debug, Serialize)]
struct RuleProfile<'r> {
    path: &'r str,
    id: &'r str,
    candidates: u64,
    passed: u64,
    alerts: u64,
    events_ns: u64,
    windows_ns: u64,
    state_bytes_peak: usize,
    /// What makes it dear; empty for a rule that has cost nothing.
    reason: String,
}

impl<'r> Profile<'r> {
    /// What the rules of `engine` have cost in a run of `seconds`.
    pub(crate) fn of(engine: &'r Engine, seconds: f64) -> Self {
        let events = engine.counters().events;
        let rules = (0..engine.rules().len()).map(RuleId::new);
        let mut rules: Vec<_> = rules.map(|rule| RuleProfile::of(engine, rule, events)).collect();
        // Where nothing is dearer, those that come nearer to being so, then in the order of their paths.
        rules.sort_by_key(|rule| Reverse((rule.total_ns(), rule.candidates)));
        Self { events, seconds, rules }
    }

    /// Writes all to `path`, or the dearest to standard error where there is none.
    pub(crate) fn write(&self, path: Option<&Path>) -> Result<()> {
        let Some(path) = path else {
            self.note();
            return Ok(());
        };
        let name = || format!("cannot write {}", path.display());
        let mut file = File::create(path).with_context(name)?;
        serde_json::to_writer(&mut file, self).map_err(io::Error::from).with_context(name)?;
        io::Write::write_all(&mut file, b"\n").with_context(name)
    }

    fn note(&self) {
        let dear: Vec<_> = self.rules.iter().filter(|rule| rule.candidates > 0).collect();
        let all_ms: f64 = self.rules.iter().map(|rule| milliseconds(rule.total_ns())).sum();
        note(format_args!(
            "{} looked at events, {all_ms:.1} ms in all; reading, the scan and output are the rest of {:.1} ms",
            counted(dear.len(), "rule"),
            self.seconds * 1e3
        ));
        if dear.is_empty() {
            return;
        }
        note(format_args!(
            "{:>10} {:>12} {:>10} {:>8} {:>11}  rule",
            "ms", "ns/candidate", "candidates", "passed", "state bytes"
        ));
        dear.iter().take(DEAREST).for_each(|rule| rule.note());
    }
}

impl<'r> RuleProfile<'r> {
    fn of(engine: &'r Engine, id: RuleId, events: u64) -> Self {
        let rule = engine.rules().rule(id);
        let RuleCounters { candidates, passed } = engine.rule_counters(id);
        let cost = engine.rule_cost(id);
        Self {
            path: &rule.meta.path,
            id: &rule.meta.id,
            candidates,
            passed,
            alerts: cost.alerts,
            events_ns: cost.events_ns,
            windows_ns: cost.windows_ns,
            state_bytes_peak: cost.state_bytes_peak,
            reason: reason(rule, candidates, passed, &cost, events),
        }
    }

    fn total_ns(&self) -> u64 {
        self.events_ns + self.windows_ns
    }

    fn note(&self) {
        note(format_args!(
            "{:>10.2} {:>12} {:>10} {:>8} {:>11}  {}",
            milliseconds(self.total_ns()),
            self.events_ns / self.candidates.max(1),
            self.candidates,
            self.passed,
            self.state_bytes_peak,
            self.path
        ));
        note(format_args!("{:>10} {}", "", self.reason));
    }
}

/// What makes a rule dear, as far as its figures say.
fn reason(rule: &Rule, candidates: u64, passed: u64, cost: &RuleCost, events: u64) -> String {
    if candidates == 0 && cost.total_ns() == 0 {
        return String::new();
    }
    if cost.windows_ns > cost.events_ns {
        let share = percent(cost.windows_ns, cost.total_ns());
        return format!("{share} of it when its windows close");
    }
    let selected = percent(candidates, events);
    match rule.anchor() {
        None => format!("nothing selects its events: it looks at {selected}"),
        Some(texts) => {
            let texts: Vec<_> = texts.map(String::from_utf8_lossy).collect();
            let shown: Vec<_> =
                texts.iter().take(MAX_TEXTS).map(|text| format!("`{text}`")).collect();
            let more = if texts.len() > MAX_TEXTS { ", ..." } else { "" };
            let passed = percent(passed, candidates);
            format!(
                "{}{more} selects {selected} of the events, of which {passed} pass",
                shown.join(", ")
            )
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", part as f64 * 100.0 / (whole as f64).max(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn milliseconds(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use caltrop_core::{
        config::Options,
        event::Head,
        knowledge::Knowledge,
        ruleset::{BuildOptions, RuleSetBuilder},
    };
    use serde_json::Value;

    use super::*;

    /// An engine whose clock goes one millisecond further whenever it is asked.
    fn engine() -> Engine {
        fn stopwatch() -> u64 {
            use std::sync::atomic::{AtomicU64, Ordering};
            static NOW_NS: AtomicU64 = AtomicU64::new(0);
            NOW_NS.fetch_add(1_000_000, Ordering::Relaxed)
        }
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        builder.add_spl("every", "user=* | stats count");
        builder.add_spl("few", "TERM(needle) | where isnull(user)");
        builder.add_spl("none", "TERM(absent)");
        let options = Options { stopwatch: Some(stopwatch), ..Options::default() };
        Engine::new(Arc::new(builder.build().rules), options)
    }

    #[test]
    fn rules_are_told_of_by_what_they_cost_and_why() {
        let mut engine = engine();
        for event in ["a=1 user=x", "needle user=y", "needle user=z", "b=2"] {
            engine.push(event.as_bytes(), Head::default(), &mut |_| {});
        }
        engine.finish(&mut |_| {});
        let profile = serde_json::to_value(Profile::of(&engine, 1.0)).unwrap();
        let rules = profile["rules"].as_array().unwrap();
        let figures: Vec<_> = rules
            .iter()
            .map(|rule| {
                let number = |key: &str| rule[key].as_u64().unwrap();
                (
                    rule["path"].as_str().unwrap(),
                    number("candidates"),
                    number("passed"),
                    number("alerts"),
                    number("events_ns"),
                )
            })
            .collect();
        assert_eq!(
            figures,
            [("every", 4, 3, 1, 4_000_000), ("few", 2, 0, 0, 2_000_000), ("none", 0, 0, 0, 0)]
        );
        assert!(rules[0]["state_bytes_peak"].as_u64().unwrap() > 0);
        let reasons: Vec<_> = rules.iter().map(|rule| rule["reason"].as_str().unwrap()).collect();
        assert_eq!(
            reasons,
            [
                "nothing selects its events: it looks at 100.0 %",
                "`needle` selects 50.0 % of the events, of which 0.0 % pass",
                ""
            ]
        );
    }

    #[test]
    fn every_key_is_in_the_docs() {
        let page = include_str!("../../docs/performance.md");
        let profile = serde_json::to_value(Profile::of(&engine(), 1.0)).unwrap();
        let Value::Object(whole) = &profile else { panic!("an object") };
        let Value::Object(rule) = &profile["rules"][0] else { panic!("an object") };
        for key in whole.keys().chain(rule.keys()) {
            assert!(
                page.contains(&format!("`{key}`")),
                "docs/performance.md does not tell of {key}"
            );
        }
    }
}

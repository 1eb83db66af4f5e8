//! What a run comes to: its figures, and why it may have found nothing.

use std::{cmp::Reverse, fs::File, io, path::Path};

use anyhow::{Context, Result};
use caltrop_core::{compiled::RuleSet, config::Counters, engine::Engine, ids::RuleId};
use serde::Serialize;

use crate::{
    feed::Fed,
    output::{counted, note},
};

/// The figures of a run, as `--stats` writes them.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    events: u64,
    bytes: u64,
    /// Without the compile.
    seconds: f64,
    candidates: u64,
    alerts: u64,
    late: u64,
    late_dropped: u64,
    revised: u64,
    retracted: u64,
    partial: u64,
    truncated: u64,
    retained_dropped: u64,
    refused_rules: usize,
    state_bytes: usize,
    state_bytes_peak: usize,
    cut_events: u64,
    invalid_utf8: u64,
    bad_records: u64,
    malformed_rows: u64,
    timeless_rows: u64,
    lost_fields: u64,
    cut_rows: u64,
    unwritten_rows: u64,
    given_up_searches: u64,
    future_events: u64,
    kind_resets: u64,
}

impl Stats {
    /// One line: what was read and what came of it. Then one for each thing that was odd.
    pub(crate) fn summarise(&self, rules: &RuleSet) {
        note(format_args!(
            "{}, {} in {:.2} s ({:.0} MB/s); {} ({} refused), {}, {}",
            counted(self.events, "event"),
            amount(self.bytes),
            self.seconds,
            megabytes(self.bytes) / self.seconds.max(1e-9),
            counted(rules.len() + self.refused_rules, "rule"),
            self.refused_rules,
            counted(self.candidates, "candidate"),
            counted(self.alerts, "alert"),
        ));
        let oddities = [
            (self.cut_events, "cut at --max-event-bytes"),
            (self.invalid_utf8, "not UTF-8, searched as they are"),
            (self.bad_records, "damaged records of event logs, left out"),
            (self.malformed_rows, "no JSON object, left out"),
            (self.timeless_rows, "without a usable _time where a window needs one, left out"),
            (self.lost_fields, "fields beyond the first 512 of an event, not seen"),
            (
                self.cut_rows,
                "rows in more than 1,000 groups, put into the first ones only, or beyond what a subsearch gives",
            ),
            (self.unwritten_rows, "rows for lookup tables, left out for want of memory"),
            (self.given_up_searches, "searches of a regex given up at their bound: no match"),
            (self.late, "after their window had closed (--lateness), told as revisions"),
            (self.late_dropped, "after their window was no longer kept (--retain), left out"),
            (self.future_events, "too far ahead of the clock (--max-future) to move it"),
            (
                self.kind_resets,
                "times that the table of sources and hosts was full, which takes time only",
            ),
            (self.retained_dropped, "closed windows not kept for want of memory (--max-state)"),
            (self.truncated, "groups with values left out for want of memory (--max-state)"),
            (self.partial, "groups sent early for want of memory (--max-state)"),
        ];
        for (count, what) in oddities.into_iter().filter(|(count, _)| *count > 0) {
            note(format_args!("  {count} {what}"));
        }
    }

    /// Writes the figures to `path`, if there is one, as one JSON object.
    pub(crate) fn write(&self, path: Option<&Path>) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        let name = || format!("cannot write {}", path.display());
        let mut file = File::create(path).with_context(name)?;
        serde_json::to_writer(&file, self).map_err(io::Error::from).with_context(name)?;
        io::Write::write_all(&mut file, b"\n").with_context(name)
    }
}

/// So many rules are listed when a run has found nothing.
const MAX_LISTED_RULES: usize = 20;

impl Fed {
    /// The figures of a run. A new counter must be named here before this compiles.
    pub(crate) fn stats(&self, counters: &Counters, refused_rules: usize) -> Stats {
        let Counters {
            events,
            bytes,
            candidates,
            alerts,
            cut_events,
            malformed_rows,
            lost_fields,
            kind_resets,
            cut_rows,
            unwritten_rows,
            given_up_searches,
            late,
            revised,
            retracted,
            late_dropped,
            retained_dropped,
            timeless_dropped,
            future_events,
            truncated_groups,
            partial_groups,
            state_bytes,
            state_bytes_peak,
        } = *counters;
        Stats {
            events,
            bytes,
            seconds: self.seconds,
            candidates,
            alerts,
            late,
            late_dropped,
            revised,
            retracted,
            partial: partial_groups,
            truncated: truncated_groups,
            retained_dropped,
            refused_rules,
            state_bytes,
            state_bytes_peak,
            cut_events: self.cut_events + cut_events,
            invalid_utf8: self.invalid_utf8,
            bad_records: self.bad_records,
            malformed_rows,
            timeless_rows: timeless_dropped,
            lost_fields,
            cut_rows,
            unwritten_rows,
            given_up_searches,
            future_events,
            kind_resets,
        }
    }

    /// Why there may be no result: the formats that were recognised, and the events that each rule was routed.
    pub(crate) fn explain_silence(&self, engine: &Engine) {
        note(format_args!("nothing was found. Seen: {}", self.formats));
        if engine.counters().events > 0 && self.formats.has_no_fields() {
            note(format_args!(
                "  fields are read from Windows XML, one event a line, and from rows (--format rows)"
            ));
        }
        if engine.rules().is_empty() {
            note(format_args!("  no rule could run: `caltrop check` says why"));
            return;
        }
        note_routes(engine);
    }
}

/// The rules that came nearest to a result first.
fn note_routes(engine: &Engine) {
    let rules = engine.rules();
    let mut routes: Vec<_> = (0..rules.len())
        .map(|index| (engine.rule_counters(RuleId::new(index)), RuleId::new(index)))
        .collect();
    routes.sort_by_key(|(counters, rule)| (Reverse((counters.passed, counters.candidates)), *rule));
    for (counters, rule) in routes.iter().take(MAX_LISTED_RULES) {
        let path = &rules.rule(*rule).meta.path;
        note(format_args!(
            "  {path}: {} routed to it, {} passed its per-event stages",
            counted(counters.candidates, "event"),
            counters.passed
        ));
    }
    if let Some(more) = rules.len().checked_sub(MAX_LISTED_RULES).filter(|more| *more > 0) {
        note(format_args!("  and {}, of which none came nearer", counted(more, "more rule")));
    }
    if routes.first().is_some_and(|(nearest, _)| nearest.candidates > 0 && nearest.passed == 0) {
        note(format_args!("  `caltrop explain RULE --event FILE` tells what dropped each event"));
    }
}

/// `436.5 kB`
pub(crate) fn amount(bytes: u64) -> String {
    match bytes {
        0..1_000 => counted(bytes, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", megabytes(bytes) * 1e3),
        _ => format!("{:.1} MB", megabytes(bytes)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Where `--stats` calls a counter by a shorter name, or one of another unit.
    const RENAMED: [(&str, &str); 3] = [
        ("partial_groups", "partial"),
        ("truncated_groups", "truncated"),
        ("timeless_dropped", "timeless_rows"),
    ];

    /// Counters of an input that are no figures: the engine counts the same, record by record and without line ends.
    const COUNTED_BY_THE_ENGINE: [&str; 3] = ["events", "bytes", "truncated"];

    fn stats() -> serde_json::Map<String, Value> {
        let stats = Fed::default().stats(&Counters::default(), 0);
        let Ok(Value::Object(stats)) = serde_json::to_value(stats) else { panic!("an object") };
        stats
    }

    /// The names of the numbers in what `Debug` prints of a struct.
    fn numbers(counters: &impl std::fmt::Debug) -> BTreeSet<String> {
        let printed = format!("{counters:?}");
        let fields = printed.trim_end_matches([' ', '}']).split(['{', ',']).skip(1);
        fields.filter_map(|field| field.trim().strip_suffix(": 0")).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn every_counter_of_the_engine_is_a_figure() {
        let stats = stats();
        let counters = numbers(&Counters::default());
        assert!(counters.len() >= 20 && counters.contains("kind_resets"), "{counters:?}");
        for counter in &counters {
            let renamed = RENAMED.iter().find(|(name, _)| name == counter);
            let figure = renamed.map_or(counter.as_str(), |(_, figure)| figure);
            assert!(stats.contains_key(figure), "--stats lacks {figure}");
        }
    }

    #[test]
    fn every_counter_of_an_input_is_a_figure() {
        let stats = stats();
        let counters = numbers(&caltrop_host::InputCounters::default());
        assert!(counters.len() >= 5, "{counters:?}");
        for counter in counters.iter().filter(|name| !COUNTED_BY_THE_ENGINE.contains(&&***name)) {
            assert!(stats.contains_key(counter), "--stats lacks {counter}");
        }
    }

    #[test]
    fn every_figure_is_in_the_docs() {
        let page = include_str!("../../docs/cli.md");
        for figure in stats().keys() {
            assert!(page.contains(&format!("`{figure}`")), "docs/cli.md does not tell of {figure}");
        }
    }
}

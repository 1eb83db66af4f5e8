//! The windows of a rule that says when it runs: as long as its schedule's period, with edges where its runs look back to.
//!
//! Unlike Splunk, runs that look back over more than one period do not see events twice: their windows stand side by side.

use crate::{
    compiled::{Period, Plan},
    config::SECOND_NS,
    plan::closing,
    rule::{Schedule, Windows},
    stage::bin::Span,
};

/// Gives `plan` the windows of `schedule`, if that makes some. What is to be said of it behind the reason for its closing, for
/// `explain`; empty if there is nothing.
pub(crate) fn apply(schedule: &Schedule, plan: &mut Plan) -> String {
    let Some(cron) = &schedule.cron else { return String::new() };
    let Some(Windows { length_s, offset_s, overlap }) = schedule.windows() else {
        return format!(
            "; the schedule `{cron}` does not come round evenly, so it makes no windows"
        );
    };
    let length_ns = length_s.saturating_mul(SECOND_NS);
    if closing::largest_span_ns(plan.stages()) > length_ns {
        return format!("; the schedule `{cron}` is shorter than a bucket, so it makes no windows");
    }
    let span = Span::Fixed(length_ns);
    plan.closing.period = Period { span, offset_ns: offset_s.saturating_mul(SECOND_NS) };
    let overlap = if overlap { ", which do not overlap as its runs do" } else { "" };
    format!("; scheduled windows of {length_s} s, {offset_s} s behind their multiples{overlap}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        knowledge::Knowledge,
        ruleset::{BuildOptions, RuleSetBuilder},
    };

    /// The period of the one rule of a `savedsearches.conf`, and what `explain` says of its closing.
    fn scheduled(cron: &str, earliest: &str, latest: &str, search: &str) -> (Period, String) {
        let text = format!(
            "[a]\nenableSched = 1\ncron_schedule = {cron}\ndispatch.earliest_time = {earliest}\n\
             dispatch.latest_time = {latest}\nsearch = {search}\n"
        );
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        builder.add_file("savedsearches.conf", &text);
        let reason = builder.explain().remove(0).closing.reason;
        let built = builder.build();
        let period = built.rules.rules().next().expect("it compiles").plan.closing.period;
        (period, reason)
    }

    fn fixed(length_s: i64, offset_s: i64) -> Period {
        Period { span: Span::Fixed(length_s * SECOND_NS), offset_ns: offset_s * SECOND_NS }
    }

    #[test]
    fn windows_end_where_the_runs_look_back_to() {
        let search = "fatal | stats count by host";
        let (period, reason) = scheduled("5 * * * *", "-70m@m", "-10m@m", search);
        assert_eq!(period, fixed(3600, 55 * 60));
        assert!(reason.ends_with("scheduled windows of 3600 s, 3300 s behind their multiples"));
        assert_eq!(scheduled("*/5 * * * *", "-5m@m", "now", search).0, fixed(300, 0));
    }

    #[test]
    fn what_a_schedule_cannot_say_is_told() {
        let search = "fatal | bin _time span=2h | stats count by _time";
        for (cron, earliest, search, told) in [
            ("0 0 1 * *", "-1d", "fatal | stats count", "does not come round evenly"),
            ("0 * * * *", "-1h", search, "is shorter than a bucket"),
            ("*/5 * * * *", "-1h", "fatal | stats count", "which do not overlap"),
        ] {
            let (_, reason) = scheduled(cron, earliest, "now", search);
            assert!(reason.contains(told), "{reason}");
        }
    }
}

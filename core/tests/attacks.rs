//! Lying clocks and floods: none silences a rule for the hosts that are honest, and memory stays bounded.

mod common;

use std::sync::Arc;

use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Input, Options, SECOND_NS, Window},
    engine::Engine,
    event::Head,
};
use common::stream;

/// 2026-03-02T09:30:00Z.
const START_S: i64 = 1_772_443_800;

/// What the engine is told.
enum Step {
    Event(String),
    /// Wall time; the other clock runs with it.
    Clock(i64),
}

/// A child of the WMI provider host, for the seed rule.
fn evil(time: &str, host: &str, child: &str) -> Step {
    Step::Event(format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='{time}'/>\
         <Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>{host}</Computer></System><EventData>\
         <Data Name='Image'>C:\\{child}.exe</Data>\
         <Data Name='ParentImage'>C:\\Windows\\System32\\wbem\\WmiPrvSE.exe</Data></EventData></Event>"
    ))
}

/// Twenty seconds of an honest host: one evil child each second.
fn honest(second: usize) -> Step {
    evil(&format!("2026-03-02T09:30:{second:02}Z"), "honest", &format!("child{second}"))
}

/// The honest stream with what an attacker puts between its events.
fn attacked(mut attack: impl FnMut(usize) -> Vec<Step>) -> Vec<Step> {
    let mut steps = vec![Step::Clock(START_S)];
    for second in 0..40 {
        steps.push(honest(second));
        steps.extend(attack(second));
        steps.push(Step::Clock(START_S + i64::try_from(second).expect("it fits")));
    }
    steps
}

/// The alerts that come before the end, and what was counted.
fn alerts(rules: &Arc<RuleSet>, options: &Options, steps: &[Step]) -> (Vec<String>, Counters) {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut alerts = Vec::new();
    for (step, offset) in steps.iter().zip(0..) {
        let mut sink = |alert: &caltrop_core::alert::Alert<'_>| alerts.push(common::json(alert));
        match step {
            Step::Event(raw) => {
                engine.push(raw.as_bytes(), Head { offset, ..Head::default() }, &mut sink);
            }
            Step::Clock(wall_s) => {
                engine.advance(wall_s * SECOND_NS, wall_s * SECOND_NS, &mut sink)
            }
        }
    }
    (alerts, *engine.counters())
}

/// The rows of the honest host, as far as they came in time; sorted, for those that are sent early come first.
fn honest_rows(rules: &Arc<RuleSet>, options: &Options, steps: &[Step]) -> Vec<String> {
    let (alerts, _) = alerts(rules, options, steps);
    let row =
        |alert: &String| alert[alert.find("\"row\":").expect("an alert has a row")..].to_owned();
    let mut rows: Vec<String> =
        alerts.iter().map(row).filter(|row| row.contains("\"host\":\"honest\"")).collect();
    rows.sort();
    rows
}

/// Runs an attack beside the honest host, with and without the scan.
fn assert_honest_rows_come(attack: impl Fn(usize) -> Vec<Step>, options: &Options) -> Counters {
    let rules = common::seed();
    let expected = honest_rows(&rules, &stream(10), &attacked(|_| Vec::new()));
    assert_eq!(expected.len(), 29, "ten seconds of lateness hold the last rows back");
    let steps = attacked(attack);
    for options in [options.clone(), common::without_prefilter(options)] {
        let found = honest_rows(&rules, &options, &steps);
        assert!(found.is_sorted_by(|left, right| left < right), "no row comes twice");
        assert!(expected.iter().all(|row| found.contains(row)), "{found:#?}");
    }
    alerts(&rules, options, &steps).1
}

#[test]
fn an_event_dated_2099_moves_nobody_else() {
    let attack = |_| vec![evil("2099-01-01T00:00:00Z", "liar", "x")];
    let counters = assert_honest_rows_come(attack, &stream(10));
    assert_eq!(counters.future_events, 40);
    let of_honest = |_| vec![evil("2099-01-01T00:00:00Z", "honest", "x")];
    assert_honest_rows_come(of_honest, &stream(10));
}

#[test]
fn a_host_an_hour_behind_moves_nobody_else_and_has_rows_of_its_own() {
    let attack = |second| vec![evil(&format!("2026-03-02T08:30:{second:02}Z"), "slow", "x")];
    let counters = assert_honest_rows_come(attack, &stream(10));
    assert_eq!((counters.alerts, counters.late_dropped), (58, 0));
}

#[test]
fn a_replay_of_2020_on_the_clock_of_2026_is_a_stream_like_any_other() {
    let attack = |second| vec![evil(&format!("2020-03-02T09:30:{second:02}Z"), "replay", "x")];
    let counters = assert_honest_rows_come(attack, &stream(10));
    assert_eq!((counters.alerts, counters.late_dropped, counters.late), (58, 0, 0));
}

#[test]
fn a_flood_of_keys_costs_its_own_groups_only() {
    let rows = |second: usize| {
        let flood = (0..200).map(|key| {
            evil(
                &format!("2026-03-02T09:30:{second:02}Z"),
                "flooder",
                &format!("{second}-{key}-{}", "x".repeat(500)),
            )
        });
        flood.collect::<Vec<_>>()
    };
    let bounded =
        Options { max_state_bytes: 1 << 20, max_rule_state_bytes: Some(1 << 18), ..stream(10) };
    let counters = assert_honest_rows_come(rows, &bounded);
    assert!(counters.truncated_groups + counters.partial_groups > 0, "{counters:?}");
    assert!(counters.state_bytes_peak < (1 << 18) + (1 << 17), "{counters:?}");
}

#[test]
fn a_flood_of_hosts_sends_the_longest_silent_away_and_loses_none() {
    let rules = common::searches(&["* | bin span=1s | stats count by _time, host"]);
    let roomy = Options { max_state_bytes: 1 << 30, input: Input::Rows, ..stream(10) };
    let mut engine = Engine::new(rules, roomy);
    let mut rows = 0;
    for second in 0..40 {
        let time_s = START_S + second;
        for host in (0..1_700).map(|host| format!("h{second}-{host}")).chain(["honest".to_owned()])
        {
            let row = format!("{{\"_time\":{time_s},\"host\":\"{host}\"}}");
            engine.push(row.as_bytes(), Head::default(), &mut |_| rows += 1);
        }
        engine.advance(time_s * SECOND_NS, time_s * SECOND_NS, &mut |_| rows += 1);
    }
    assert!(
        rows >= 40 * 1_700 + 1 - 65_536,
        "{rows}: the hosts that went had their windows closed"
    );
    engine.finish(&mut |_| rows += 1);
    assert_eq!(rows, 40 * 1_701);
    let counters = engine.counters();
    assert_eq!((counters.late_dropped, counters.late), (0, 0), "{counters:?}");
}

/// Rows that are fields already.
fn rows(
    rules: &[&str],
    options: Options,
    rows: impl Iterator<Item = String>,
) -> (Vec<String>, Counters) {
    let options = Options { input: Input::Rows, window: Window::Fixed(600 * SECOND_NS), ..options };
    let rules = common::searches(rules);
    let mut engine = Engine::new(rules, options);
    let mut alerts = Vec::new();
    for (row, offset) in rows.zip(0..) {
        let head = Head { offset, ..Head::default() };
        engine.push(row.as_bytes(), head, &mut |alert| alerts.push(common::json(alert)));
    }
    engine.finish(&mut |alert| alerts.push(common::json(alert)));
    (alerts, *engine.counters())
}

#[test]
fn values_beyond_the_bound_are_left_out_and_the_row_says_so() {
    let bounded =
        Options { max_state_bytes: 1 << 18, max_rule_state_bytes: Some(1 << 18), ..stream(10) };
    let many = (0..20_000)
        .map(|row| format!("{{\"_time\":{START_S},\"host\":\"h\",\"v\":\"value number {row}\"}}"));
    let (alerts, counters) = rows(&["* | stats count values(v) as v by host"], bounded, many);
    assert_eq!((counters.truncated_groups, counters.partial_groups), (1, 0));
    assert!(counters.state_bytes_peak <= 1 << 19, "{counters:?}");
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].contains("\"truncated\":true") && alerts[0].contains("\"partial\":false"));
    assert!(alerts[0].contains("\"count\":\"20000\""), "what takes no room goes on");
}

#[test]
fn a_flood_of_keys_neither_hides_an_attack_nor_touches_another_rule() {
    let flooded = "* | stats count by user | where count>=10";
    let other = "user=victim | stats count values(n) as n by host";
    let bounded =
        Options { max_state_bytes: 1 << 20, max_rule_state_bytes: Some(1 << 17), ..stream(600) };
    // Ten failures in a row, while a hundred new keys come between each two.
    let events = (0..40_000).map(|row| {
        let user = if row > 30_000 && row % 100 == 0 && row <= 31_000 {
            "victim".to_owned()
        } else {
            format!("u{row}")
        };
        format!(
            "{{\"_time\":{},\"host\":\"h\",\"user\":\"{user}\",\"n\":{row}}}",
            START_S + row / 100
        )
    });
    let (alerts, counters) = rows(&[flooded, other], bounded, events);
    assert!(counters.partial_groups > 10_000 && counters.late_dropped == 0, "{counters:?}");
    assert!(counters.state_bytes_peak < (1 << 17) * 3 / 2, "{counters:?}");
    assert!(
        alerts[0].contains("\"reason\":\"memory\"")
            || alerts[0].contains("\"rule\":{\"id\":\"0000\"")
    );
    assert!(
        alerts.iter().any(|alert| alert.contains("\"user\":\"victim\",\"count\":\"10\"")),
        "{alerts:#?}"
    );
    let of_other: Vec<_> =
        alerts.iter().filter(|alert| alert.contains("\"id\":\"0001\"")).collect();
    assert_eq!(of_other.len(), 1);
    assert!(of_other[0].contains("\"partial\":false") && of_other[0].contains("\"count\":\"10\""));
}

#[test]
fn retained_windows_go_before_anything_is_sent_early() {
    let bounded = Options {
        max_state_bytes: 1 << 16,
        max_rule_state_bytes: None,
        retain_ns: Some(1_000_000 * SECOND_NS),
        ..stream(0)
    };
    let events = (0..500).map(|row| format!("{{\"_time\":{},\"host\":\"h\"}}", START_S + row));
    let (alerts, counters) =
        rows(&["* | bin span=1s | stats count by _time, host"], bounded, events);
    assert_eq!((alerts.len(), counters.partial_groups), (500, 0));
    assert!(counters.retained_dropped > 400, "{counters:?}");
    assert!(counters.state_bytes_peak <= 1 << 16, "{counters:?}");
}

/// A hundred thousand late rows to a window of as many groups that a later stage sees together: finished anew for each
/// of them, this would take hours.
#[test]
fn late_rows_to_a_large_window_wait_for_each_other() {
    let rule = "* | stats count by user | stats sum(count) as n count as users";
    let event = |time_s: i64, user: i64| {
        format!("{{\"_time\":{time_s},\"host\":\"h\",\"user\":\"u{user}\"}}")
    };
    let start_s = START_S / 600 * 600;
    let events = (0..20_000).map(|user| event(start_s, user));
    let events = events.chain([event(start_s + 650, 0)]);
    let events = events.chain((0..20_000).map(|user| event(start_s + 1, user)));
    let options = Options { retain_ns: Some(1_000 * SECOND_NS), ..stream(10) };
    let (alerts, counters) = rows(&[rule], options, events);
    assert_eq!((counters.late, counters.revised), (20_000, 1));
    assert!(
        alerts[1].contains("\"revision\":1,\"late\":true") && alerts[1].contains("\"n\":\"40000\"")
    );
}

#[test]
fn a_host_that_was_heard_before_a_window_opened_holds_it_open() {
    let rules = common::searches(&["TERM(evil) | bin span=1s | stats count by _time"]);
    let event = |second: u32, host: &str, word: &str| {
        format!(
            "<Event><System><TimeCreated SystemTime='2026-03-02T09:30:{second:02}Z'/><Computer>{host}</Computer>\
             </System><EventData><Data Name='a'>{word}</Data></EventData></Event>"
        )
    };
    let events = [
        event(10, "b", "good"),
        event(12, "a", "evil"),
        event(50, "a", "good"),
        event(12, "b", "evil"),
    ];
    let outcome = common::run(&rules, &stream(1), events.iter().map(String::as_bytes));
    assert_eq!((outcome.counters.late, outcome.counters.late_dropped), (0, 0));
    assert!(outcome.alerts[0].contains("\"count\":\"2\""), "{:?}", outcome.alerts);
}

#[test]
fn a_slow_clock_delays_a_window_of_all_hosts_by_the_lag_and_no_more() {
    let rules = common::searches(&["TERM(evil) | bin span=1s | stats count by _time"]);
    let event = |time: &str, host: &str| {
        Step::Event(format!(
            "<Event><System><TimeCreated SystemTime='{time}'/><Computer>{host}</Computer></System><EventData>\
             <Data Name='a'>evil</Data></EventData></Event>"
        ))
    };
    let mut steps = vec![
        Step::Clock(START_S),
        event("2026-03-02T08:30:00Z", "slow"),
        event("2026-03-02T09:30:00Z", "fast"),
        event("2026-03-02T09:30:05Z", "fast"),
    ];
    for second in 0..20 {
        steps.push(event(&format!("2026-03-02T08:30:{second:02}Z"), "slow"));
        steps.push(Step::Clock(START_S + second));
    }
    let sent = |max_lag_s: i64| {
        let options = Options { max_lag_ns: max_lag_s * SECOND_NS, ..stream(1) };
        let (alerts, _) = alerts(&rules, &options, &steps);
        alerts.iter().filter(|alert| alert.contains("\"_time\":1772443800")).count()
    };
    assert_eq!((sent(19), sent(20)), (1, 0));
}

#[test]
fn an_engine_that_has_to_stop_says_why_its_rows_are_incomplete() {
    use caltrop_core::alert::Partial;
    let rules = common::searches(&["* | stats count by host"]);
    for (reason, text) in [(Partial::Shutdown, "shutdown"), (Partial::Reload, "reload")] {
        let mut engine =
            Engine::new(Arc::clone(&rules), Options { input: Input::Rows, ..stream(10) });
        let mut alerts = Vec::new();
        engine.push(b"{\"_time\":1772443800,\"host\":\"h\"}", Head::default(), &mut |_| {});
        engine.interrupt(reason, &mut |alert| alerts.push(common::json(alert)));
        engine.finish(&mut |alert| alerts.push(common::json(alert)));
        assert_eq!(alerts.len(), 1);
        assert!(alerts[0].contains(&format!(
            "\"partial\":true,\"truncated\":false,\"retracted\":false,\"reason\":\"{text}\""
        )));
    }
}

//! A state that was saved and loaded gives the alerts of an undisturbed run; one that no engine wrote gives a sentence.

mod common;

use std::sync::Arc;

use caltrop_benches::generator::{Generator, Rendering};
use caltrop_core::{
    codec::VERSION,
    compiled::RuleSet,
    config::{Mode, Options, SECOND_NS, Window},
    engine::{Engine, LeftOut, Reason, Restored, StateError},
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{Random, json, stream};
use sha2::{Digest, Sha256};

/// Every function, patterns, early and late closing, rows that are kept, and names that are met at run time only.
const RULES: &[&str] = &[
    "TERM(WmiPrvSE) | bin span=1s | stats values(*) as * by _time, host",
    "* | bin span=20s | stats count dc(process) values(process*) as * avg(process_id) by _time, user",
    "* | stats list(process_name) mode(user) first(*) as first_* stdev(process_id) sumsq(process_id) by host",
    "* | stats min(user) max(process_id) range(process_id) p95(process_id) rate(process_id) latest(user) by host",
    "TERM(exe) | head 7",
    "TERM(exe) | eval n=process_id*2 | head 500 | stats sum(n) list(process_name) by host",
    "EventCode=1 | table _time host process",
    "TERM(exe) | stats count by host | append [search EventCode=3 | stats dc(user) values(process_name) by host]",
    "EventCode=1 [search EventCode=3 | fields host user] | stats count by user",
    "EventCode=1 | table host process | join host [search EventCode=3 | table host user]",
    "TERM(nowhere) | stats count",
];

/// The same rules in another order, among others that give names other ids and alert on nothing.
fn rules(seed: u64) -> Arc<RuleSet> {
    let mut order: Vec<usize> = (0..RULES.len()).collect();
    Random(seed).shuffle(&mut order);
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_spl(
        "0",
        &format!("TERM(nothing{seed}) | stats count(name{seed}) by user, Image, name{seed}"),
    );
    for index in order {
        builder.add_spl(&format!("rule {index}"), RULES[index]);
    }
    common::compiled(builder.build())
}

/// Pushes `events`, the first of which is number `from`; time goes on by a second an event.
fn push(engine: &mut Engine, events: &[&[u8]], from: u64, alerts: &mut Vec<String>) {
    for (raw, offset) in events.iter().zip(from..) {
        let head = Head { offset, ..Head::default() };
        engine.push(raw, head, &mut |alert| alerts.push(json(alert)));
    }
}

fn finish(engine: &mut Engine, alerts: &mut Vec<String>) {
    engine.finish(&mut |alert| alerts.push(json(alert)));
}

fn load(
    rules: &Arc<RuleSet>,
    options: &Options,
    bytes: &[u8],
) -> Result<(Engine, Restored), StateError> {
    Engine::load(Arc::clone(rules), options.clone(), bytes)
}

/// Stops at `cuts` places, each time to go on from what was saved, under rules whose ids differ.
fn run_cut(options: &Options, events: &[&[u8]], cuts: usize) -> Vec<String> {
    let mut engine = Engine::new(rules(0), options.clone());
    let (mut alerts, mut from) = (Vec::new(), 0);
    for (part, seed) in events.chunks(events.len().div_ceil(cuts + 1)).zip(1..) {
        push(&mut engine, part, from, &mut alerts);
        from += part.len() as u64;
        let saved = engine.save();
        let (loaded, restored) =
            load(&rules(seed), options, &saved).expect("it was saved just now");
        assert_eq!(restored.left_out, []);
        assert_eq!(loaded.counters().state_bytes > 0, restored.windows > 0);
        assert_eq!(loaded.save(), saved);
        engine = loaded;
    }
    finish(&mut engine, &mut alerts);
    alerts
}

fn check(events: &[&[u8]]) {
    let batch = Options::default();
    let fixed = Options { window: Window::Fixed(7 * SECOND_NS), ..Options::default() };
    for options in [batch, fixed, stream(0), stream(5)] {
        let mut engine = Engine::new(rules(0), options.clone());
        let mut undisturbed = Vec::new();
        push(&mut engine, events, 0, &mut undisturbed);
        finish(&mut engine, &mut undisturbed);
        assert!(undisturbed.len() > 20, "{}", undisturbed.len());
        for cuts in [1, 6] {
            assert_eq!(run_cut(&options, events, cuts), undisturbed, "{:?} {cuts}", options.mode);
        }
    }
}

fn generated(rows: u32) -> String {
    Generator { rows, hosts: 4, ..Generator::demo() }.text(Rendering::Xml)
}

#[test]
fn a_run_on_generated_events_may_be_cut_anywhere() {
    let text = generated(2);
    check(&text.lines().map(str::as_bytes).collect::<Vec<_>>());
}

#[test]
fn a_run_on_real_events_may_be_cut_anywhere() {
    let events = common::real_events(150);
    if !events.is_empty() {
        check(&events.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

fn saved(options: &Options) -> Vec<u8> {
    let text = generated(1);
    let mut engine = Engine::new(rules(0), options.clone());
    let events: Vec<&[u8]> = text.lines().take(25).map(str::as_bytes).collect();
    push(&mut engine, &events, 0, &mut Vec::new());
    engine.save()
}

#[test]
fn what_means_something_else_now_is_left_out_by_name() {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_spl("rule 2", RULES[2]);
    builder.add_spl("rule 3", "* | stats count by host");
    let fewer = common::compiled(builder.build());
    let options = Options::default();
    let (_, restored) = load(&fewer, &options, &saved(&options)).expect("it is a state");
    let left_out =
        |path: &str, reason| LeftOut { path: path.to_owned(), windows: 1, retained: 0, reason };
    let gone = ["rule 0", "rule 1", "rule 4", "rule 5", "rule 7", "rule 8", "rule 9"];
    let mut expected: Vec<LeftOut> = gone.map(|path| left_out(path, Reason::UnknownRule)).into();
    expected.insert(2, left_out("rule 3", Reason::ChangedRule));
    assert_eq!(restored, Restored { windows: 1, retained: 0, left_out: expected });

    let other = Options { window: Window::Fixed(SECOND_NS), ..Options::default() };
    let (_, restored) = load(&rules(0), &other, &saved(&options)).expect("it is a state");
    assert_eq!(restored.windows, 0);
    assert_eq!(restored.left_out.len(), 9);
    assert!(restored.left_out.iter().all(|rule| rule.reason == Reason::ChangedOptions));
}

#[test]
fn a_host_that_was_silent_goes_on_to_be_silent_and_the_time_between_is_none() {
    let options = Options { idle_ns: 30 * SECOND_NS, lateness_ns: 0, ..stream(0) };
    let rules = common::searches(&["* | bin span=1s | stats count by _time, host"]);
    let wall_ns = 2_000_000_000 * SECOND_NS;
    let mut engine = Engine::new(Arc::clone(&rules), options.clone());
    let mut alerts = Vec::new();
    let at = |engine: &mut Engine, second: i64, alerts: &mut Vec<String>| {
        engine.advance(wall_ns, second * SECOND_NS, &mut |alert| alerts.push(json(alert)));
    };
    at(&mut engine, 0, &mut alerts);
    let text = generated(1);
    let event = text.lines().next().expect("there is one event at least");
    push(&mut engine, &[event.as_bytes()], 0, &mut alerts);
    at(&mut engine, 20, &mut alerts);
    let (mut engine, restored) = load(&rules, &options, &engine.save()).expect("saved just now");
    assert_eq!(restored.windows, 1);
    // The clock of another boot: what it says first is no time that has passed.
    at(&mut engine, 1_000_000, &mut alerts);
    at(&mut engine, 1_000_010, &mut alerts);
    assert_eq!(alerts.len(), 0);
    at(&mut engine, 1_000_012, &mut alerts);
    assert_eq!(alerts.len(), 1);
}

/// A state of that body with the head that it must have.
fn with_head(body: &[u8]) -> Vec<u8> {
    let sum = Sha256::digest(body);
    [b"caltrop state\n", &VERSION.to_le_bytes()[..], &sum[..16], body].concat()
}

const HEAD_BYTES: usize = 34;

#[test]
fn what_is_no_state_is_refused_with_a_sentence() {
    let rules = rules(0);
    let options = Options::default();
    let whole = saved(&options);
    assert_eq!(with_head(&whole[HEAD_BYTES..]), whole);
    let refused = |bytes: &[u8]| load(&rules, &options, bytes).map(|_| ()).unwrap_err().to_string();
    let mut newer = whole.clone();
    newer[14] = 9;
    let mut damaged = whole.clone();
    damaged[200] ^= 1;
    let cut = "the state is damaged: its checksum differs";
    for (bytes, sentence) in [
        (&b""[..], "this is no saved state: it does not begin as one"),
        (b"caltrop", "this is no saved state: it does not begin as one"),
        (b"[Event]", "this is no saved state: it does not begin as one"),
        (&whole[..15], cut),
        (&whole[..30], cut),
        (&whole[..whole.len() - 1], cut),
        (&damaged, cut),
        (&newer, "the state is of version 9, this program reads version 3"),
        (&with_head(b""), "no engine wrote this state: a text is cut short"),
        (
            &with_head(&[&whole[HEAD_BYTES..], b"x"].concat()),
            "no engine wrote this state: bytes follow the end",
        ),
    ] {
        assert_eq!(refused(bytes), sentence);
    }
    let error = load(&rules, &options, &newer).map(|_| ()).unwrap_err();
    assert_eq!(error.other_version(), Some(9));
}

/// The costliest bytes: two for a `count` of a group, which is a hundred times as large in memory.
const MOST_MEMORY_A_BYTE: usize = 200;

#[test]
fn a_state_that_an_enemy_wrote_does_no_harm() {
    let rules = rules(0);
    let random = &mut Random(7);
    let text = generated(1);
    let events: Vec<&[u8]> = text.lines().take(6).map(str::as_bytes).collect();
    let mut taken_up = 0;
    for options in [Options::default(), stream(1)] {
        let whole = saved(&options)[HEAD_BYTES..].to_vec();
        for _ in 0..300 {
            let mut body = whole.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(body.len());
                match random.below(3) {
                    0 => body[at] = random.bits().to_le_bytes()[0],
                    1 => body[at] ^= 1 << random.below(8),
                    _ => drop(body.splice(at..at, random.bits().to_le_bytes())),
                }
            }
            if random.once_in(4) {
                body.truncate(random.below(body.len()));
            }
            let bytes = with_head(&body);
            let Ok((mut engine, _)) = load(&rules, &options, &bytes) else { continue };
            let most = (1 << 16) + MOST_MEMORY_A_BYTE * bytes.len();
            assert!(engine.counters().state_bytes < most);
            push(&mut engine, &events, 0, &mut Vec::new());
            engine.advance(i64::MAX, i64::MAX / 4, &mut |_| {});
            assert_eq!(
                load(&rules, &options, &engine.save()).map(|(_, restored)| restored.left_out),
                Ok(Vec::new())
            );
            finish(&mut engine, &mut Vec::new());
            taken_up += 1;
        }
    }
    assert!(taken_up > 20, "{taken_up} of the states were taken up");
}

#[test]
fn random_bytes_behind_a_good_head_do_no_harm() {
    let rules = rules(0);
    let random = &mut Random(8);
    let options = Options { mode: Mode::Stream, ..Options::default() };
    for _ in 0..2_000 {
        let length = random.below(120);
        let body: Vec<u8> =
            (0..length).map(|_| random.bits().to_le_bytes()[0] >> random.below(8)).collect();
        if let Ok((engine, restored)) = load(&rules, &options, &with_head(&body)) {
            assert_eq!((restored.windows, engine.counters().state_bytes), (0, 0));
        }
    }
}

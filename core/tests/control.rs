//! What a host does with a running engine besides giving it events: rules are switched off and on, told apart by what they
//! passed, everything is forgotten, a saved state takes its place.

mod common;

use std::sync::Arc;

use caltrop_core::{
    config::{Counters, Options},
    engine::{Enabled, Engine, Reason},
    event::Head,
    ids::RuleId,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{searches, stream};

const RULES: [&str; 3] = [
    "TERM(one) | table _raw",
    "TERM(two) | where like(_raw, \"%yes%\") | table _raw",
    "two | stats count",
];

fn push(engine: &mut Engine, raw: &str) -> Vec<usize> {
    let mut rules = Vec::new();
    let head = Head { time_ns: Some(0), ..Head::default() };
    engine.push(raw.as_bytes(), head, &mut |alert| rules.push(alert.rule_id.index()));
    rules
}

fn passed(engine: &Engine) -> Vec<usize> {
    engine.passed().iter().map(|rule| rule.index()).collect()
}

fn finished(engine: &mut Engine) -> usize {
    let mut alerts = 0;
    engine.finish(&mut |_| alerts += 1);
    alerts
}

#[test]
fn the_rules_that_an_event_has_passed_are_told_until_the_next() {
    for prefilter in [true, false] {
        let options = Options { prefilter, ..stream(0) };
        let mut engine = Engine::new(searches(&RULES), options);
        push(&mut engine, "one two yes");
        assert_eq!(passed(&engine), [0, 1, 2]);
        push(&mut engine, "two no");
        assert_eq!(passed(&engine), [2], "a candidate that fails a stage has not passed");
        push(&mut engine, "nothing");
        assert_eq!(passed(&engine), []);
        push(&mut engine, r#"{"Records":[{"a":"two"},{"a":"one"},{"a":"one two"}]}"#);
        assert_eq!(passed(&engine), [0, 2], "each once, however many records pass it");
        engine.push_fields(None, &[(b"a", b"one")], &Head::default(), &mut |_| {});
        assert_eq!(passed(&engine), [0]);
    }
}

#[test]
fn a_disabled_rule_takes_no_event_and_closes_what_it_has() {
    for prefilter in [true, false] {
        let options = Options { prefilter, ..stream(0) };
        let mut engine = Engine::new(searches(&RULES), options);
        push(&mut engine, "two");
        (0..3).for_each(|rule| engine.set_enabled(RuleId::new(rule), Enabled::No));
        engine.set_enabled(RuleId::new(1), Enabled::Yes);
        assert_eq!(push(&mut engine, "one two yes"), [1]);
        engine.push_fields(None, &[(b"a", b"one")], &Head::default(), &mut |_| panic!("disabled"));
        assert_eq!(engine.rule_counters(RuleId::new(2)).passed, 1);
        assert_eq!(finished(&mut engine), 1, "the window that was open");
        engine.set_enabled(RuleId::new(0), Enabled::Yes);
        assert_eq!(push(&mut engine, "one two"), [0]);
    }
}

#[test]
fn a_rule_that_lives_on_stays_disabled() {
    let mut engine = Engine::new(searches(&RULES), stream(0));
    engine.set_enabled(RuleId::new(0), Enabled::No);
    engine.swap(searches(&RULES[..1]), &mut |_| {});
    assert_eq!(push(&mut engine, "one"), []);
    engine.swap(searches(&["one | table host"]), &mut |_| {});
    assert_eq!(push(&mut engine, "one"), [0], "another rule of the same path is enabled");
}

#[test]
#[should_panic(expected = "is not one of the engine's rules")]
fn a_rule_that_is_not_there_cannot_be_disabled() {
    Engine::new(searches(&RULES), stream(0)).set_enabled(RuleId::new(3), Enabled::No);
}

#[test]
fn a_reset_forgets_all_but_the_rules_and_what_was_disabled() {
    let mut engine = Engine::new(searches(&RULES), stream(0));
    engine.advance(i64::MAX, 0, &mut |_| {});
    push(&mut engine, "two");
    engine.set_enabled(RuleId::new(0), Enabled::No);
    engine.reset();
    assert_eq!(*engine.counters(), Counters::default());
    assert_eq!(engine.passed(), []);
    assert_eq!(finished(&mut engine), 0);
    assert_eq!(push(&mut engine, "one"), []);
    push(&mut engine, "two");
    assert_eq!(finished(&mut engine), 1);
}

#[test]
fn a_state_takes_the_place_of_what_there_was_or_changes_nothing() {
    let mut first = Engine::new(searches(&RULES), stream(0));
    push(&mut first, "two");
    let state = first.save();
    let mut second = Engine::new(searches(&RULES), stream(0));
    second.set_enabled(RuleId::new(0), Enabled::No);
    push(&mut second, "two");
    push(&mut second, "two");
    assert!(second.restore(&state[1..]).is_err());
    let restored = second.restore(&state).expect("an engine wrote it");
    assert_eq!((restored.windows, restored.left_out.len()), (1, 0));
    assert_eq!(push(&mut second, "one"), [], "what is disabled stays so");
    let mut counts = Vec::new();
    second.finish(&mut |alert| counts.push(alert.fields[0].texts[0].to_vec()));
    assert_eq!(counts, [b"1"]);

    let mut other = Engine::new(searches(&["two | stats dc(a)"]), stream(0));
    let left_out = other.restore(&state).expect("it is a state").left_out;
    assert_eq!((left_out[0].windows, left_out[0].reason), (1, Reason::UnknownRule));
}

#[test]
fn what_is_explained_is_the_rules_of_the_set_in_their_order() {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_spl("c", "`get_endpoint_data_sysmon` NOT source=no | stats count by user");
    builder.add_spl("b", "word | tabel x");
    builder.add_spl("a", "sourcetype=a OR sourcetype IN (\"b*\", a) | table host");
    let (built, explanations) = builder.build_explained();
    let paths: Vec<&str> = built.rules.rules().map(|rule| rule.meta.path.as_str()).collect();
    let explained: Vec<&str> = explanations.iter().map(|rule| rule.path.as_str()).collect();
    assert_eq!((paths, explained), (vec!["a", "c"], vec!["a", "c"]));
    assert_eq!(explanations[0].source_types, ["a", "b*"]);
    let of_macro = &explanations[1].source_types;
    assert!(of_macro.iter().any(|source| source.contains("Sysmon")), "{of_macro:?}");
    assert!(!of_macro.iter().any(|source| source == "no"), "{of_macro:?}");
}

#[test]
fn a_search_behind_a_command_that_keeps_rows_sees_the_texts_of_an_event_without_one() {
    let rules = searches(&["* | reverse | search two | table a"]);
    let options = Options::default();
    let mut engine = Engine::new(Arc::clone(&rules), options.clone());
    engine.push_fields(None, &[(b"a", b"one two")], &Head::default(), &mut |_| {});
    engine.push_fields(None, &[(b"a", b"one")], &Head::default(), &mut |_| {});
    let state = engine.save();
    assert_eq!(finished(&mut engine), 1);

    let (mut restored, _) = Engine::load(rules, options, &state).expect("these rules saved it");
    assert_eq!(finished(&mut restored), 1, "also after a restart");
}

//! The seed rule on streams whose right answers are known, because the generator planted them.
//!
//! The generator knows no SPL and no parser, so it cannot share a mistake with the engine. Each stream is run as a closed
//! set and as a stream, in order and out of order, with the scan and without.

mod common;

use std::{collections::BTreeMap, sync::Arc};

use caltrop_benches::generator::{ExpectedRow, Generator, Rendering};
use caltrop_core::{compiled::RuleSet, config::Options, event::Head};
use common::{Outcome, Random, run, stream, without_prefilter};
use serde_json::{Value, json};

/// Recipes of quite different shape: quiet and busy, long and short, many hosts and one.
fn recipes() -> Vec<Generator> {
    let recipe = |seed, hosts, seconds, events_per_second, rows| Generator {
        seed,
        start_s: 1_767_225_590 + i64::try_from(seed).expect("seeds are small") * 977,
        hosts,
        seconds,
        events_per_second,
        rows,
    };
    vec![
        Generator::demo(),
        recipe(1, 1, 40, 3, 40),
        recipe(2, 12, 60, 8, 90),
        recipe(3, 3, 4_000, 0, 60),
        recipe(4, 200, 20, 5, 33),
        recipe(5, 4, 30, 20, 0),
    ]
}

fn rows_of(truth: &[ExpectedRow]) -> BTreeMap<(i64, String), Value> {
    let value = |values: &Vec<String>| match values.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let row = |expected: &ExpectedRow| {
        let mut row: serde_json::Map<String, Value> =
            expected.fields.iter().map(|(name, values)| (name.clone(), value(values))).collect();
        row.insert("_time".to_owned(), json!(expected.time_s));
        row.insert("host".to_owned(), json!(expected.host));
        ((expected.time_s, expected.host.clone()), Value::Object(row))
    };
    truth.iter().map(row).collect()
}

fn rows(outcome: &Outcome) -> BTreeMap<(i64, String), Value> {
    let mut rows = BTreeMap::new();
    for alert in &outcome.alerts {
        let mut alert: Value = serde_json::from_str(alert).expect("alerts are JSON");
        let row = alert["row"].take();
        let time_s = row["_time"].as_i64().expect("`bin span=1s` gives whole seconds");
        let host = row["host"].as_str().expect("grouped by host").to_owned();
        assert_eq!(rows.insert((time_s, host), row), None, "a group comes out once");
    }
    rows
}

fn check(rules: &Arc<RuleSet>, options: &Options, events: &[&[u8]], truth: &[ExpectedRow]) {
    let first = events.first().map(|event| String::from_utf8_lossy(event));
    let expected = rows_of(truth);
    for options in [options.clone(), without_prefilter(options)] {
        let outcome = run(rules, &options, events.iter().copied());
        assert_eq!(
            rows(&outcome),
            expected,
            "{options:?}\n{}",
            first.as_deref().unwrap_or_default()
        );
        assert_eq!(outcome.counters.late_dropped, 0);
        let all = outcome.counters.events;
        assert!(!options.prefilter || outcome.counters.candidates * 2 < all || all < 200);
    }
}

#[test]
fn the_seed_rule_gives_the_planted_rows_however_the_events_come() {
    let rules = common::seed();
    for recipe in recipes() {
        let texts: Vec<String> = recipe.events().map(|event| event.text(Rendering::Xml)).collect();
        let truth = recipe.truth(Rendering::Xml).rows;
        let mut events: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        check(&rules, &Options::default(), &events, &truth);
        check(&rules, &stream(0), &events, &truth);
        check(&rules, &stream(10), &events, &truth);
        let random = &mut Random(recipe.seed);
        let per_second = usize::try_from(recipe.events_per_second).expect("it fits") + 1;
        events.chunks_mut(per_second).for_each(|chunk| random.shuffle(chunk));
        check(&rules, &Options::default(), &events, &truth);
        // Chunks follow the planted events only roughly, and where nothing else happens they last long.
        if recipe.events_per_second > 0 {
            check(&rules, &stream(60), &events, &truth);
        }
        random.shuffle(&mut events);
        check(&rules, &Options::default(), &events, &truth);
        check(&rules, &stream(i64::from(recipe.seconds) + 1), &events, &truth);
    }
}

#[test]
fn every_rendering_of_the_same_events_gives_the_planted_rows() {
    let rules = common::seed();
    for recipe in recipes() {
        for rendering in Rendering::ALL {
            let texts: Vec<String> = recipe.events().map(|event| event.text(rendering)).collect();
            let truth = recipe.truth(rendering).rows;
            let mut events: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            check(&rules, &Options::default(), &events, &truth);
            check(&rules, &stream(10), &events, &truth);
            Random(recipe.seed).shuffle(&mut events);
            check(&rules, &Options::default(), &events, &truth);
        }
    }
}

#[test]
fn events_of_all_renderings_can_be_mixed() {
    let recipe = &recipes()[2];
    let texts: Vec<String> = recipe
        .events()
        .zip(Rendering::ALL.into_iter().filter(|rendering| holds_record_time(*rendering)).cycle())
        .map(|(event, rendering)| event.text(rendering))
        .collect();
    let events: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let truth = recipe.truth(Rendering::Xml).rows;
    check(&common::seed(), &Options::default(), &events, &truth);
    check(&common::seed(), &stream(10), &events, &truth);
}

/// Whether a rendering holds the time that the XML holds, so that its rows are those of the XML.
fn holds_record_time(rendering: Rendering) -> bool {
    let recipe = &recipes()[2];
    recipe.truth(rendering).rows == recipe.truth(Rendering::Xml).rows
}

#[test]
fn the_events_under_demo_give_their_seven_rows() {
    let text = include_str!("../../demo/sysmon.xml");
    let events: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let truth = Generator::demo().truth(Rendering::Xml).rows;
    assert_eq!(truth.len(), 7);
    check(&common::seed(), &Options::default(), &events, &truth);
    check(&common::seed(), &stream(10), &events, &truth);
}

#[test]
fn a_stream_sends_a_row_when_its_second_is_over_and_not_at_the_end() {
    let text = Generator::demo().text(Rendering::Xml);
    let mut engine = caltrop_core::engine::Engine::new(common::seed(), stream(1));
    let mut sent = 0;
    for line in text.lines() {
        engine.push(line.as_bytes(), Head::default(), &mut |_| sent += 1);
    }
    assert!(sent >= 6, "{sent} of 7 rows came before the end");
}

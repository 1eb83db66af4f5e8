//! What an event costs the seed rule, beside the floor: a case-insensitive search for the rule's one literal over the
//! same events.
//!
//! The floor is the SIMD search that the scan itself uses, called directly; a second peer is the same literal as a
//! regex of regex-automata, for a reader who distrusts our own. Events are those of the generator, already in memory and
//! cut into lines. Every bench **checks its count** before it measures: on unmatched events nobody finds anything, and on
//! the whole stream the engine selects only events that hold the literal as a token.
//!
//! It cannot tell what a catalog of rules costs, nor what reading a file does.

#![allow(clippy::print_stderr, reason = "a bench prints its counts beside its speeds")]

use std::{hint::black_box, sync::Arc};

use caltrop_benches::{
    generator::{Generator, Rendering},
    measure::bytes,
};
use caltrop_core::{
    config::{Mode, Options, Window},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
    scan::{
        needle::Needle,
        segment::{Breaker, ends_token, starts_token},
    },
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use regex_automata::meta::Regex;

const RULE: &str = include_str!("../../rules/wmi_subscription_execution.yml");
const LITERAL: &[u8] = b"wmiprvse";

fn engine(mode: Mode) -> Engine {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_file("rules/wmi_subscription_execution.yml", RULE);
    let window = if mode == Mode::Stream { Window::Rule } else { Window::All };
    Engine::new(Arc::new(builder.build().rules), Options { mode, window, ..Options::default() })
}

/// Pushes every line; how many the scan let through.
fn push_all(engine: &mut Engine, lines: &[Vec<u8>]) -> u64 {
    let before = engine.counters().candidates;
    for line in lines {
        engine.push(line, Head::default(), &mut |alert| _ = black_box(alert.key));
    }
    engine.counters().candidates - before
}

fn search_all(needle: &Needle, lines: &[Vec<u8>]) -> usize {
    lines.iter().filter(|line| needle.find(black_box(line), 0).is_some()).count()
}

fn has_token(line: &[u8]) -> bool {
    let needle = Needle::new(LITERAL);
    let mut from = 0;
    while let Some(start) = needle.find(line, from) {
        let end = start + LITERAL.len();
        if starts_token(line, start, Breaker::Minor) && ends_token(line, end, Breaker::Minor) {
            return true;
        }
        from = start + 1;
    }
    false
}

fn unmatched(criterion: &mut Criterion) {
    let needle = Needle::new(LITERAL);
    let regex = Regex::new("(?i-u)wmiprvse").expect("the literal is a regex");
    let mut lines = Generator::busy().lines(Rendering::Xml);
    lines.retain(|line| needle.find(line, 0).is_none());
    let mut engine = engine(Mode::Batch);
    let (floor, ours) = (search_all(&needle, &lines), push_all(&mut engine, &lines));
    assert_eq!((floor, ours), (0, 0), "nothing may be found in unmatched events");
    eprintln!(
        "unmatched: {} events; found by the floor {floor}, by the engine {ours}",
        lines.len()
    );

    let mut group = criterion.benchmark_group("unmatched");
    group.throughput(Throughput::Bytes(bytes(&lines) as u64));
    group
        .bench_function("floor: single needle", |bench| bench.iter(|| search_all(&needle, &lines)));
    group.bench_function("Engine::push", |bench| bench.iter(|| push_all(&mut engine, &lines)));
    group.bench_function("peer: regex-automata", |bench| {
        bench.iter(|| lines.iter().filter(|line| regex.is_match(black_box(line))).count());
    });
    group.finish();
}

fn whole_stream(criterion: &mut Criterion) {
    let lines = Generator::busy().lines(Rendering::Xml);
    let tokens = lines.iter().filter(|line| has_token(line)).count() as u64;
    let mut group = criterion.benchmark_group("whole stream");
    group.throughput(Throughput::Bytes(bytes(&lines) as u64));
    for (name, mode) in [("batch", Mode::Batch), ("stream", Mode::Stream)] {
        let mut engine = engine(mode);
        let candidates = push_all(&mut engine, &lines);
        assert!(candidates <= tokens, "the scan selects only events that hold the token");
        engine.finish(&mut |_| {});
        let alerts = engine.counters().alerts;
        eprintln!(
            "whole stream, {name}: {} events; {tokens} tokens, {candidates} candidates, {alerts} alerts",
            lines.len()
        );
        group.bench_function(format!("Engine::push, {name}"), |bench| {
            bench.iter(|| {
                let candidates = push_all(&mut engine, &lines);
                engine.finish(&mut |alert| _ = black_box(alert.key));
                candidates
            });
        });
    }
    group.finish();
}

criterion_group!(benches, unmatched, whole_stream);
criterion_main!(benches);

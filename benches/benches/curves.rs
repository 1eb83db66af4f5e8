//! What an event costs by the number of rules: the curves that people look at while they work on the scan.
//!
//! Rules and events are generated. `docs/performance.md` has the same curves as medians of interleaved runs (`--example figures`);
//! here criterion says how sure it is of each point. Every bench prints how many candidates and alerts there were.
//!
//! It cannot tell what a real catalog costs, whose rules share words with their events: that is what `caltrop bench` is for.

#![allow(clippy::print_stderr, reason = "a bench prints its counts beside its speeds")]

use std::sync::Arc;

use caltrop_benches::{
    catalog::{self, Names},
    generator::{Generator, Rendering},
};
use caltrop_core::{
    config::Options,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A stream half as long and not as dense, for there are many curves.
const STREAM: Generator =
    Generator { seconds: 30, events_per_second: 100, rows: 20, ..Generator::busy() };

fn engine(count: usize, names: Names) -> Engine {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    for rule in catalog::rules(count, names) {
        builder.add_file(&rule.path, &rule.spl);
    }
    Engine::new(Arc::new(builder.build().rules), Options::default())
}

/// Pushes every line; how many candidates and alerts that made.
fn push_all(engine: &mut Engine, lines: &[Vec<u8>]) -> (u64, u64) {
    let before = *engine.counters();
    lines.iter().for_each(|line| engine.push(line, Head::default(), &mut |_| {}));
    let after = engine.counters();
    (after.candidates - before.candidates, after.alerts - before.alerts)
}

fn curves(criterion: &mut Criterion) {
    for (form, rendering) in
        [("xml", Rendering::Xml), ("classic", Rendering::Classic), ("json", Rendering::FlatJson)]
    {
        let lines = STREAM.lines(rendering);
        for (kind, names) in [("match-free", Names::Absent), ("match-heavy", Names::Frequent)] {
            let mut group = criterion.benchmark_group(format!("{form}, {kind}"));
            group.sample_size(10);
            group.throughput(Throughput::Bytes(lines.iter().map(|line| line.len() as u64).sum()));
            for count in [1, 10, 100, 1_000] {
                let mut engine = engine(count, names);
                let found = push_all(&mut engine, &lines);
                assert_eq!(found.1 > 0, names == Names::Frequent, "only the frequent are found");
                let (candidates, alerts) = found;
                eprintln!(
                    "{form}, {kind}, {count} rules: {candidates} candidates, {alerts} alerts"
                );
                group.bench_function(BenchmarkId::from_parameter(count), |bench| {
                    bench.iter(|| push_all(&mut engine, &lines));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, curves);
criterion_main!(benches);

//! What it costs to load a catalog: from its rule files, and from one compiled file.
//!
//! The catalog is the folder that `CALTROP_RULES` names; without one the bench says so and measures the sample rule alone, which
//! tells nothing of a catalog. Files are in memory before the clock starts. Both ways must give the same rules, which is checked
//! by writing them: the bytes are equal.
//!
//! It cannot tell what the first events cost, for which patterns that are not stored are compiled then.

#![allow(clippy::print_stderr, reason = "a bench prints its counts beside its speeds")]

use std::{env, hint::black_box, path::Path, sync::Arc};

use caltrop_benches::catalog::rule_files;
use caltrop_core::{
    compiled::RuleSet,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use criterion::{Criterion, criterion_group, criterion_main};

const RULE: (&str, &str) = (
    "rules/wmi_subscription_execution.yml",
    include_str!("../../rules/wmi_subscription_execution.yml"),
);

/// The texts of the catalog by their paths.
fn files() -> Vec<(String, String)> {
    let Some(root) = env::var_os("CALTROP_RULES") else {
        eprintln!("no catalog: name its folder in CALTROP_RULES");
        return vec![(RULE.0.to_owned(), RULE.1.to_owned())];
    };
    rule_files(Path::new(&root))
}

fn build(files: &[(String, String)]) -> RuleSet {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    files.iter().for_each(|(path, text)| builder.add_file(path, text));
    builder.build().rules
}

fn load(bytes: &Arc<Vec<u8>>) -> RuleSet {
    RuleSet::from_shared(bytes, None).expect("it was written just now")
}

fn both(criterion: &mut Criterion) {
    let files = files();
    let bytes = Arc::new(build(&files).to_bytes());
    let rules = load(&bytes);
    assert!(rules.to_bytes() == *bytes, "both ways give the same rules");
    eprintln!("{} rules of {} files; {} bytes compiled", rules.len(), files.len(), bytes.len());
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("rule files", |bench| {
        bench.iter_with_large_drop(|| build(black_box(&files)));
    });
    group.bench_function("compiled file", |bench| {
        bench.iter_with_large_drop(|| load(black_box(&bytes)));
    });
    group.finish();
}

criterion_group!(benches, both);
criterion_main!(benches);

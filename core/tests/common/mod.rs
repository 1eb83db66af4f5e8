//! What the tests of the whole engine share: rules in, alerts out, as JSON.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use caltrop_core::{
    compiled::RuleSet,
    config::{Counters, Mode, Options, Window},
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, Built, RuleSetBuilder},
};

/// The seed rule as it ships.
pub(crate) const SEED: (&str, &str) = (
    "rules/wmi_subscription_execution.yml",
    include_str!("../../../rules/wmi_subscription_execution.yml"),
);

/// Asserts that `docs/{name}` is `made`; with `CALTROP_BLESS=1` it is written instead.
pub(crate) fn assert_page(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("CALTROP_BLESS").is_some() {
        fs::write(&path, made).expect("the page can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "docs/{name} is stale: run this test with CALTROP_BLESS=1");
}

/// What came out of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The alerts in the order in which they came, each as JSON.
    pub(crate) alerts: Vec<String>,
    /// What the engine counted.
    pub(crate) counters: Counters,
}

/// The seed rule alone.
pub(crate) fn seed() -> Arc<RuleSet> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    builder.add_file(SEED.0, SEED.1);
    compiled(builder.build())
}

/// Rules that are bare SPL, named by their places.
pub(crate) fn searches<T: AsRef<str>>(searches: &[T]) -> Arc<RuleSet> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    for (index, spl) in searches.iter().enumerate() {
        builder.add_spl(&format!("{index:04}"), spl.as_ref());
    }
    compiled(builder.build())
}

/// The rules of `built`, of which none was refused.
pub(crate) fn compiled(built: Built) -> Arc<RuleSet> {
    let refused: Vec<_> = built.reports.iter().filter(|report| report.is_refused()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    Arc::new(built.rules)
}

/// The options of a stream that tolerates so many seconds of disorder.
pub(crate) fn stream(lateness_s: i64) -> Options {
    Options {
        mode: Mode::Stream,
        window: Window::Rule,
        lateness_ns: lateness_s * caltrop_core::config::SECOND_NS,
        ..Options::default()
    }
}

/// The same options without the scan for anchors.
pub(crate) fn without_prefilter(options: &Options) -> Options {
    Options { prefilter: false, ..options.clone() }
}

/// Pushes every event and finishes.
pub(crate) fn run<'a>(
    rules: &Arc<RuleSet>,
    options: &Options,
    events: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut alerts = Vec::new();
    for (raw, offset) in events.into_iter().zip(0..) {
        let head = Head { offset, ..Head::default() };
        engine.push(raw, head, &mut |alert| alerts.push(json(alert)));
    }
    engine.finish(&mut |alert| alerts.push(json(alert)));
    Outcome { alerts, counters: *engine.counters() }
}

/// An alert as a host would print it.
pub(crate) fn json(alert: &caltrop_core::alert::Alert<'_>) -> String {
    let mut text = Vec::new();
    alert.write_json(&mut text).expect("a Vec takes everything");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// Says on the test's own output what was left out. Tests that pass are silent but under `--nocapture`.
#[allow(clippy::print_stderr, reason = "a test that looked at nothing must say so")]
pub(crate) fn say(message: &str) {
    eprintln!("{message}");
}

/// So many real events in Windows XML, from all over one file of `../shared/data` or of where `CALTROP_SHARED` says; none, and
/// a word on that, where there is no such file.
pub(crate) fn real_events(most: usize) -> Vec<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CALTROP_SHARED").map_or(beside, PathBuf::from);
    let files = fs::read_dir(shared.join("data")).into_iter().flatten().flatten();
    let of_xml = |path: &PathBuf| path.to_string_lossy().ends_with(".xml.zst");
    let Some(path) = files.map(|entry| entry.path()).filter(of_xml).min() else {
        say(&format!("skipped: no real events at {}", shared.display()));
        return Vec::new();
    };
    let file = fs::File::open(path).expect("it is here");
    let text = zstd::decode_all(file).expect("it is zstd");
    let lines: Vec<&[u8]> =
        text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    lines.iter().step_by(lines.len().div_ceil(most).max(1)).map(|line| line.to_vec()).collect()
}

/// Pseudo-random choices that are the same on every machine (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize fits 64 bits");
        usize::try_from(self.bits() % bound).expect("below a usize")
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of `choices`.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// Puts `items` into another order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

//! Runs random rules on random events, with the scan and without it.
//!
//! Rules and events are made from the same words, so that they meet often; a run that meets too seldom, or in which the
//! scan leaves nothing out, fails, for it would prove nothing. `CALTROP_PREFILTER_PAIRS=1000000` runs so many pairs of a
//! rule and an event instead of the few thousand of a normal run, `CALTROP_PREFILTER_SEED` starts elsewhere.

use std::sync::Arc;

use caltrop_core::{
    compiled::RuleSet,
    config::Options,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};

use crate::{
    common::{self, Outcome, Random, run, stream, without_prefilter},
    rules,
    words::Event,
};

const PAIRS: usize = 4_000;
const EVENTS_A_ROUND: usize = 12;

/// What all rounds have seen.
#[derive(Debug, Default)]
struct Tally {
    pairs: usize,
    candidates: usize,
    alerts: usize,
    refused: usize,
    rules: usize,
}

fn number(variable: &str, default: usize) -> usize {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| text.parse().expect("a number"))
}

/// Makes a random event.
pub(crate) type Maker = fn(&mut Random) -> Event;

/// The files of an app: paths and texts.
pub(crate) type App<'a> = &'a [(&'a str, &'a str)];

/// Checks that alerts are the same with the scan and without it, for the events that `event` makes, under the default
/// knowledge with the first of `apps` laid over it, and now and then all of them.
pub(crate) fn holds_for(event: Maker, apps: &[App<'_>]) {
    let pairs = number("CALTROP_PREFILTER_PAIRS", PAIRS);
    let mut seed = u64::try_from(number("CALTROP_PREFILTER_SEED", 1)).expect("it fits");
    let mut some = Knowledge::builtin();
    assert_eq!(some.overlay(apps[0]), []);
    let mut all = some.clone();
    apps.iter().for_each(|app| assert_eq!(all.overlay(app), []));
    let mut tally = Tally::default();
    while tally.pairs < pairs {
        let knowledge = if seed.is_multiple_of(4) { &all } else { &some };
        round(event, seed, knowledge, &mut tally);
        seed += 1;
    }
    common::say(&format!("{tally:?}"));
    assert!(tally.alerts * 20 > tally.pairs, "rules and events meet too seldom: {tally:?}");
    assert!(tally.candidates * 5 < tally.pairs * 4, "the scan leaves too little out: {tally:?}");
    assert!(tally.refused * 50 < tally.rules, "too many rules do not compile: {tally:?}");
}

/// A few rules on a few events. One rule alone is searched for in another way than several.
fn round(event: Maker, seed: u64, knowledge: &Knowledge, tally: &mut Tally) {
    let random = &mut Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let events: Vec<_> = (0..EVENTS_A_ROUND).map(|_| event(random)).collect();
    let rules = [1, 1, 3, 20][random.below(4)];
    let searches: Vec<_> =
        (0..rules).map(|_| rules::rule(&events[random.below(events.len())], random)).collect();
    let strict = BuildOptions { strict_raw: random.once_in(8), ..BuildOptions::default() };
    let mut builder = RuleSetBuilder::new(knowledge.clone(), strict);
    for (index, search) in searches.iter().enumerate() {
        builder.add_spl(&format!("{index:04}"), search);
    }
    let built = builder.build();
    assert_eq!(built.knowledge, []);
    tally.rules += built.reports.len();
    tally.refused += built.reports.iter().filter(|report| report.is_refused()).count();
    let rules = Arc::new(built.rules);
    let raws: Vec<&[u8]> = events.iter().map(|event| event.raw.as_slice()).collect();
    let options = match random.below(2) {
        0 => stream([0, 1, 5][random.below(3)]),
        _ => Options::default(),
    };
    let with = run(&rules, &options, raws.iter().copied());
    let without = run(&rules, &without_prefilter(&options), raws.iter().copied());
    if with.alerts != without.alerts {
        accuse(seed, &searches, &rules, &options, &raws, &with, &without);
    }
    tally.pairs += rules.len() * raws.len();
    tally.alerts += without.alerts.len();
    tally.candidates += usize::try_from(with.counters.candidates).expect("it fits");
}

/// Fails, with as little of the round as still shows the difference.
fn accuse(
    seed: u64,
    searches: &[String],
    rules: &Arc<RuleSet>,
    options: &Options,
    raws: &[&[u8]],
    with: &Outcome,
    without: &Outcome,
) {
    let differs = |raw: &[u8]| {
        let with = run(rules, options, [raw]).alerts;
        let without = run(rules, &without_prefilter(options), [raw]).alerts;
        let lost = without.into_iter().find(|alert| !with.contains(alert));
        lost.map(|alert| (String::from_utf8_lossy(raw).into_owned(), alert))
    };
    let alone: Vec<_> = raws.iter().filter_map(|raw| differs(raw)).collect();
    let lost: Vec<_> = without.alerts.iter().filter(|alert| !with.alerts.contains(alert)).collect();
    let gained: Vec<_> =
        with.alerts.iter().filter(|alert| !without.alerts.contains(alert)).collect();
    let blamed: Vec<_> = searches
        .iter()
        .enumerate()
        .filter(|(index, _)| {
            let path = format!("\"path\":\"{index:04}\"");
            lost.iter().chain(&gained).any(|alert| alert.contains(&path))
        })
        .collect();
    panic!(
        "seed {seed}, {:?}\nrules {blamed:#?}\nevents that show it alone {alone:#?}\nlost {lost:#?}\ngained {gained:#?}",
        options.mode
    );
}

//! After warm-up an event allocates nothing from the heap, unless it opens a window or causes an alert.
//!
//! The allocator of this test program counts. It is one program with one test, since tests on other threads would count,
//! too.
#![allow(unsafe_code, reason = "a global allocator is unsafe by its trait")]

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use caltrop_benches::generator::{Generator, Rendering};
use caltrop_core::{
    compiled::RuleSet,
    config::Options,
    engine::Engine,
    event::Head,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{stream, without_prefilter};

/// The system's allocator, and how often it was asked for memory.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises of `realloc`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// Rules beside the seed: more literals than one, and tests of every kind that look at one row and keep none.
const DROPPING: &[&str] = &[
    "TERM(WmiPrvSE) NOT TERM(WmiPrvSE)",
    "TERM(wbem) process IN (\"nothing*\", \"*else\") | stats count by host",
    "TERM(exe) | where like(process, \"%\\\\nothing%\") OR match(lower(process), \"never\\d\")",
    "TERM(Windows) | eval x=lower(Image).\"y\", n=len(x)+1 | search x=none | stats values(*) as * by host",
    "\"<EventID>1<\" | table process* user | regex process_name=\"(?i)^nothing\\b$\" | stats count by user",
    "source=*Sysmon* | rename Image as i | fields i host | where cidrmatch(\"10.0.0.0/8\", i) | head 3",
];

/// Knowledge of every kind that an event can need.
const KNOWLEDGE: &[(&str, &str)] = &[
    (
        "local/props.conf",
        "[rule::login]\nsourcetype = login\nMORE_THAN_1 = sshd\\[\n\
         [login]\nEXTRACT-a = for (?<account>\\S+) from (?<address>\\S+)\nREPORT-b = words, pairs\n\
         EXTRACT-c = (?<digit>\\d) in address\nFIELDALIAS-d = account AS who\nEVAL-e = lower(who).digit\n\
         [source::XmlWinEventLog:...]\nEXTRACT-f = (?<base>[^\\\\]+)$ in Image\n",
    ),
    (
        "local/transforms.conf",
        "[words]\nREGEX = (?<word>[a-z]+)\nMV_ADD = 1\n[pairs]\nDELIMS = \" \", \"=\"\n",
    ),
    ("local/eventtypes.conf", "[failure]\nsearch = Failed word=password\n"),
    ("local/tags.conf", "[eventtype=failure]\nauthentication = enabled\n"),
];

const LINES: &[&str] = &[
    "Jan  5 10:00:00 gate sshd[77]: Failed password for root from 10.0.0.9 port=22",
    "Jan  5 10:00:01 gate kernel: TERM(exe) nothing to see",
];

/// Rules that read all of this and keep nothing.
fn with_knowledge() -> Arc<RuleSet> {
    let mut knowledge = Knowledge::builtin();
    assert_eq!(knowledge.overlay(KNOWLEDGE), []);
    let mut builder = RuleSetBuilder::new(knowledge, BuildOptions::default());
    builder.add_spl("a", "tag=authentication word=none* | stats count by who");
    builder.add_spl("b", "sourcetype=login e=other port=22 | stats count by who");
    builder.add_spl("c", "base=nothing* OR unheard_of=* | stats count by host");
    common::compiled(builder.build())
}

/// Pushes every event twice and says how many allocations the second time took.
fn allocations(
    rules: &Arc<RuleSet>,
    options: &Options,
    open: Option<&[u8]>,
    events: &[&[u8]],
) -> u64 {
    let mut engine = Engine::new(Arc::clone(rules), options.clone());
    let mut alerts = 0;
    let head = Head::default();
    open.into_iter().for_each(|raw| engine.push(raw, head, &mut |_| alerts += 1));
    events.iter().for_each(|raw| engine.push(raw, head, &mut |_| alerts += 1));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    events.iter().for_each(|raw| engine.push(raw, head, &mut |_| alerts += 1));
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert_eq!(alerts, 0, "these events cause no alert");
    after - before
}

#[test]
fn an_event_that_no_rule_keeps_allocates_nothing() {
    let text = Generator::demo().text(Rendering::Xml);
    let (planted, others): (Vec<&[u8]>, Vec<&[u8]>) =
        text.lines().map(str::as_bytes).partition(|raw| is_planted(raw));
    let mentions = |raw: &&&[u8]| raw.to_ascii_lowercase().windows(8).any(|at| at == b"wmiprvse");
    let dropped = others.iter().filter(mentions).count();
    assert!(planted.len() >= 7 && dropped >= 8, "{} {dropped}", planted.len());

    let before = ALLOCATIONS.load(Ordering::Relaxed);
    drop(std::hint::black_box(Box::new(1)));
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > before, "the allocator counts");

    let seed = common::seed();
    let dropping = common::searches(DROPPING);
    let labelled = with_knowledge();
    for options in [Options::default(), stream(10)] {
        for options in [options.clone(), without_prefilter(&options)] {
            let of_seed = allocations(&seed, &options, None, &others);
            assert_eq!(of_seed, 0, "the seed rule, no window open, {options:?}");
            // The first planted event opens a window, which waits for `finish` or for ten seconds of its host.
            let early = others.len() / 8;
            let of_open = allocations(&seed, &options, planted.first().copied(), &others[..early]);
            assert_eq!(of_open, 0, "the seed rule, a window open, {options:?}");
            let of_dropping = allocations(&dropping, &options, None, &others);
            assert_eq!(of_dropping, 0, "rules that keep nothing, {options:?}");
            let of_labelled = allocations(&labelled, &options, None, &others);
            assert_eq!(of_labelled, 0, "extracted and recognised, {options:?}");
            let lines: Vec<&[u8]> = LINES.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(allocations(&labelled, &options, None, &lines), 0, "lines, {options:?}");
        }
    }
}

/// Whether the seed rule takes the event into a window.
fn is_planted(raw: &[u8]) -> bool {
    let mut engine = Engine::new(common::seed(), Options::default());
    let mut alerts = 0;
    engine.push(raw, Head::default(), &mut |_| alerts += 1);
    engine.finish(&mut |_| alerts += 1);
    alerts > 0
}

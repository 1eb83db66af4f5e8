//! The same rules on the same events give the same bytes: in every run, and in whatever order the rule files were added.
//!
//! Hash tables are seeded anew in each engine, so an order that came from one would show here.

mod common;

use std::{collections::BTreeSet, sync::Arc};

use caltrop_benches::generator::{Generator, Rendering};
use caltrop_core::{
    config::Options,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};
use common::{Random, run, stream};

const RULES: &[&str] = &[
    "TERM(WmiPrvSE) | bin span=1s | stats values(*) as * by _time, host",
    "* | stats count dc(process) values(*) as * by host user",
    "TERM(exe) | stats list(process_name) mode(user) first(*) as first_* by host",
    "\"<EventID>1<\" | bin span=5s | stats sum(process_id) median(process_id) stdev(process_id) by _time",
    "EventCode IN (3, 22) | table *",
    "process_name=*.exe | stats latest(*) as * by host | head 2",
    "NOT TERM(exe) | stats count by EventCode | where count > 3",
    "* | rename * as x_* | stats values(x_*) as * by x_host",
];

fn outcome(order: &[usize], events: &[&[u8]], options: &Options) -> Vec<String> {
    let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
    for &index in order {
        builder.add_spl(&format!("{index:02}"), RULES[index]);
    }
    let rules = common::compiled(builder.build());
    run(&Arc::clone(&rules), options, events.iter().copied()).alerts
}

#[test]
fn the_same_events_give_the_same_bytes_whatever_the_order_of_the_rules() {
    let recipe = Generator { rows: 20, hosts: 5, ..Generator::demo() };
    let text = recipe.text(Rendering::Xml);
    let events: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let random = &mut Random(11);
    for options in [Options::default(), stream(2)] {
        let mut order: Vec<usize> = (0..RULES.len()).collect();
        let first = outcome(&order, &events, &options);
        assert!(first.len() > 100, "{}", first.len());
        for _ in 0..4 {
            assert_eq!(outcome(&order, &events, &options), first);
            random.shuffle(&mut order);
        }
    }
}

#[test]
fn a_closed_set_gives_the_same_rows_in_whatever_order_its_events_come() {
    // But for what the order itself decides: the place of an event in its input, of which `list` takes note.
    let grouped: Vec<usize> = vec![0, 1, 3, 6, 7];
    let text = Generator::demo().text(Rendering::Xml);
    let mut events: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    let first = outcome(&grouped, &events, &Options::default());
    for seed in 0..4 {
        Random(seed).shuffle(&mut events);
        assert_eq!(outcome(&grouped, &events, &Options::default()), first);
    }
}

#[test]
fn every_alert_of_a_run_has_a_key_of_its_own() {
    let text = Generator::demo().text(Rendering::Xml);
    let events: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    for search in [
        "TERM(WmiPrvSE) | table user",
        "TERM(WmiPrvSE) | sort - user | table user",
        "TERM(WmiPrvSE) | eventstats count by host | table count",
        "TERM(WmiPrvSE) | eval m=split(\"a,b\", \",\") | mvexpand m | table m",
        "TERM(WmiPrvSE) | eval m=split(\"a,b\", \",\") | sort user | mvexpand m | table m",
        "TERM(WmiPrvSE) | stats count by host | appendpipe [ stats sum(count) as count ]",
        "TERM(WmiPrvSE) | head 9 | append [| makeresults count=3 ] | table user",
        "TERM(WmiPrvSE) | append [search TERM(WmiPrvSE)] | append [search TERM(WmiPrvSE)] | table user",
    ] {
        let rules = common::searches(&[search]);
        let alerts = run(&rules, &Options::default(), events.iter().copied()).alerts;
        let keys: BTreeSet<&str> = alerts.iter().filter_map(|alert| key(alert)).collect();
        assert!(alerts.len() > 1, "{search}");
        assert_eq!(keys.len(), alerts.len(), "{search}");
    }
}

fn key(alert: &str) -> Option<&str> {
    let (_, rest) = alert.split_once("\"key\":\"")?;
    Some(rest.split_once('"')?.0)
}

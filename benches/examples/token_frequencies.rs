//! Makes the table of how common tokens are: `core/src/scan/frequencies.txt`.
//!
//! `cargo run -p caltrop-benches --example token_frequencies -- EVENTS... > core/src/scan/frequencies.txt`, with one file a
//! source, plain or `.zst`, one event a line. A token is listed with the share of events that it stands in, in the source
//! where that is largest, if it is at least one in a thousand or so; it has to stand in several sources, for what only one has
//! are its hosts, users and ids.

#![allow(clippy::print_stdout, reason = "a program prints its table")]

mod events;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use caltrop_core::scan::segment::{Breaker, class};

/// One in 2^9: a rarer token is as good an anchor as any.
const RAREST: u8 = 9;
/// So many events without any token are added to each source, for a small one tells little.
const PRIOR_EVENTS: u64 = 256;
const LONGEST_BYTES: usize = 40;
const FEWEST_SOURCES: usize = 2;

fn main() {
    let mut all: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for file in std::env::args_os().skip(1).map(PathBuf::from) {
        for (token, rarity) in rarities(&events::read(&file)) {
            all.entry(token).or_default().push(rarity);
        }
    }
    println!(
        "# Of 2^N events of public logs, one holds the token: made by token_frequencies of benches."
    );
    for (token, rarities) in all.iter().filter(|(_, rarities)| rarities.len() >= FEWEST_SOURCES) {
        let most_common = rarities.iter().min().expect("several sources have it");
        if *most_common <= RAREST {
            println!("{most_common} {token}");
        }
    }
}

/// How rare the tokens of one source are.
fn rarities(bytes: &[u8]) -> BTreeMap<String, u8> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut events = 0_u64;
    for event in bytes.split(|&byte| byte == b'\n').filter(|event| !event.is_empty()) {
        events += 1;
        for token in tokens(event) {
            *counts.entry(token).or_default() += 1;
        }
    }
    let rarity =
        |count: u64| u8::try_from(((events + PRIOR_EVENTS) / count).ilog2()).expect("below 64");
    counts.into_iter().map(|(token, count)| (token, rarity(count))).collect()
}

fn tokens(event: &[u8]) -> BTreeSet<String> {
    let tokens = event.split(|&byte| class(byte) != Breaker::None);
    let words = tokens.filter(|token| is_word(token));
    words.map(|token| String::from_utf8_lossy(token).to_ascii_lowercase()).collect()
}

/// Letters, or a short number: no id, no address, no time.
fn is_word(token: &[u8]) -> bool {
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_number = digits == token.len();
    token.is_ascii()
        && (1..=LONGEST_BYTES).contains(&token.len())
        && (if is_number { digits <= 5 } else { digits <= 2 })
}

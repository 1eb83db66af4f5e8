//! How common tokens are in public logs, so that rules are looked for by what is rare.
//!
//! The table holds the share of events that a token stands in, in the source where it is most common, as a power of two;
//! `benches/examples/token_frequencies.rs` makes it from files of events. It only ever decides what is looked for first:
//! were all of it wrong, every answer would stay the same, later.

use std::{collections::BTreeMap, sync::OnceLock};

const TABLE: &str = include_str!("frequencies.txt");

/// What is in no table: rarer than anything that is.
const UNLISTED: u8 = 12;

/// How rare a token in lower case is: it stands in one of 2^rarity events, or in fewer.
#[must_use]
pub fn rarity(token: &[u8]) -> u8 {
    let table = table();
    let found = table.binary_search_by(|(listed, _)| listed.as_bytes().cmp(token));
    found.map_or_else(|_| rarity_of_unlisted(token), |place| table[place].1)
}

/// How many events of some thousands hold the four bytes within a token; none where no table knows it.
#[must_use]
pub fn share_of_gram(gram: &[u8]) -> u32 {
    static SHARES: OnceLock<BTreeMap<[u8; 4], u32>> = OnceLock::new();
    let shares = SHARES.get_or_init(|| {
        let mut shares = BTreeMap::new();
        for (token, rarity) in table() {
            let share = (1 << UNLISTED) >> rarity;
            for gram in token.as_bytes().windows(4) {
                let gram = gram.try_into().expect("a window of four bytes");
                let most = shares.entry(gram).or_default();
                *most = share.max(*most);
            }
        }
        shares
    });
    gram.try_into().ok().and_then(|gram: [u8; 4]| shares.get(&gram)).copied().unwrap_or_default()
}

/// Short numbers and single letters are common though no one of them may be.
fn rarity_of_unlisted(token: &[u8]) -> u8 {
    let is_number = token.iter().all(u8::is_ascii_digit);
    match token.len() {
        0..=2 => 3,
        3..=5 if is_number => 8,
        3 => 9,
        _ => UNLISTED,
    }
}

fn table() -> &'static [(&'static str, u8)] {
    static PARSED: OnceLock<Vec<(&'static str, u8)>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        let entries = lines.filter_map(|line| {
            let (rarity, token) = line.split_once(' ')?;
            Some((token, rarity.parse().ok()?))
        });
        entries.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table().len(), lines, "some line is no number and a token");
        assert!(lines > 1_000);
        assert!(table().is_sorted_by(|left, right| left.0 < right.0));
        assert!(table().iter().all(|(token, _)| *token == token.to_ascii_lowercase()));
    }

    #[test]
    fn what_stands_in_every_event_is_common() {
        assert_eq!(rarity(b"event"), 0);
        assert!(rarity(b"wmiprvse") > rarity(b"exe"));
        assert!(rarity(b"no-such-token") >= UNLISTED);
    }
}

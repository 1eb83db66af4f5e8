//! How common tokens are in public logs, so that rules are looked for by what is rare.
//!
//! The table holds the share of events that a token stands in, in the source where it is most common, as a power of two;
//! `benches/examples/token_frequencies.rs` makes it from files of events. It only ever decides what is looked for first:
//! were all of it wrong, every answer would stay the same, later.

use std::{cmp::Ordering, collections::BTreeMap};

const TABLE: &str = include_str!("frequencies.txt");

/// What is in no table: rarer than anything that is.
const UNLISTED: u8 = 12;

/// How rare a token in lower case is: it stands in one of 2^rarity events, or in fewer.
#[must_use]
pub fn rarity(token: &[u8]) -> u8 {
    listed(token).unwrap_or_else(|| rarity_of_unlisted(token))
}

/// What the table says of a token. It is searched as the text that it is: a library that is linked leaves no memory behind.
fn listed(token: &[u8]) -> Option<u8> {
    let mut rest = TABLE;
    while !rest.is_empty() {
        let start = rest[..rest.len() / 2].rfind('\n').map_or(0, |end| end + 1);
        let end = rest[start..].find('\n').map_or(rest.len(), |end| start + end + 1);
        match entry(&rest[start..end])
            .map(|(listed, rarity)| (listed.as_bytes().cmp(token), rarity))
        {
            Some((Ordering::Equal, rarity)) => return Some(rarity),
            Some((Ordering::Greater, _)) => rest = &rest[..start],
            // A comment stands before all entries.
            None | Some((Ordering::Less, _)) => rest = &rest[end..],
        }
    }
    None
}

/// How many events of some thousands hold four bytes within a token.
#[derive(Debug)]
pub struct SharesOfGrams(BTreeMap<[u8; 4], u32>);

impl SharesOfGrams {
    /// Those that the table tells of.
    #[must_use]
    pub fn of_table() -> Self {
        let mut shares = BTreeMap::new();
        for (token, rarity) in table() {
            let share = (1 << UNLISTED) >> rarity;
            for gram in token.as_bytes().windows(4) {
                let gram = gram.try_into().expect("a window of four bytes");
                let most = shares.entry(gram).or_default();
                *most = share.max(*most);
            }
        }
        Self(shares)
    }

    /// That of one; none where the table does not know it.
    #[must_use]
    pub fn of(&self, gram: &[u8]) -> u32 {
        gram.try_into()
            .ok()
            .and_then(|gram: [u8; 4]| self.0.get(&gram))
            .copied()
            .unwrap_or_default()
    }
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

fn table() -> impl Iterator<Item = (&'static str, u8)> {
    TABLE.lines().filter_map(entry)
}

/// The token of a line and how rare it is; none for a comment.
fn entry(line: &str) -> Option<(&str, u8)> {
    let (rarity, token) = line.trim_end().split_once(' ')?;
    Some((token, rarity.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        let table: Vec<_> = table().collect();
        assert_eq!(table.len(), lines, "some line is no number and a token");
        assert!(lines > 1_000);
        assert!(table.is_sorted_by(|left, right| left.0 < right.0));
        assert!(table.iter().all(|(token, _)| *token == token.to_ascii_lowercase()));
        assert!(table.iter().all(|(token, rarity)| listed(token.as_bytes()) == Some(*rarity)));
        assert_eq!([listed(b""), listed(b"zzzzz"), listed(b"eventa")], [None; 3]);
    }

    #[test]
    fn what_stands_in_every_event_is_common() {
        assert_eq!(rarity(b"event"), 0);
        assert!(rarity(b"wmiprvse") > rarity(b"exe"));
        assert!(rarity(b"no-such-token") >= UNLISTED);
    }
}

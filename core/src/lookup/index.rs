//! Finds the rows of a table whose key cells fit.
//!
//! All exact keys together are one hash; each network or wildcard column has an index of its own. The rows that fit all
//! keys are those that every index finds.

use std::sync::Arc;

use super::{exact::Exact, networks::Networks, patterns::Patterns, table::Table};

/// Rows by their keys.
#[derive(Debug)]
pub struct Index {
    table: Arc<Table>,
    keys: Box<[Key]>,
    is_case_sensitive: bool,
    exact: Option<Exact>,
    /// Each with the place of its key.
    networks: Vec<(usize, Networks)>,
    /// Each with the place of its key.
    patterns: Vec<(usize, Patterns)>,
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The place of its column.
    pub column: usize,
    /// How its cells are compared with values.
    pub matching: Matching,
}

/// How the cells of a column are compared with the values of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matching {
    /// The cell is the value.
    #[default]
    Exact,
    /// The cell is a network that holds the address. One that is no network is compared as text.
    Network,
    /// The cell is a pattern, in which `*` is any run of characters.
    Wildcard,
}

/// Room for the work on one search, to be used again.
#[derive(Debug, Default)]
pub(super) struct Search {
    found: Vec<u32>,
    more: Vec<u32>,
}

impl Index {
    /// The rows of `table` by `keys`; `is_case_sensitive` holds for all of them.
    #[must_use]
    pub fn new(table: Arc<Table>, keys: Vec<Key>, is_case_sensitive: bool) -> Self {
        let of = |matching| {
            let keys = keys.iter().enumerate();
            keys.filter(move |(_, key)| key.matching == matching)
                .map(|(place, key)| (place, key.column))
        };
        let exact: Vec<_> = of(Matching::Exact).collect();
        let exact = (!exact.is_empty()).then(|| Exact::new(&table, exact, is_case_sensitive));
        let networks = of(Matching::Network)
            .map(|(place, column)| (place, Networks::new(&table, column, is_case_sensitive)));
        let networks = networks.collect();
        let patterns = of(Matching::Wildcard)
            .map(|(place, column)| (place, Patterns::new(&table, column, is_case_sensitive)));
        let patterns = patterns.collect();
        Self { table, keys: keys.into(), is_case_sensitive, exact, networks, patterns }
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether letters differ from their other case.
    #[must_use]
    pub fn is_case_sensitive(&self) -> bool {
        self.is_case_sensitive
    }

    /// Where the table is, which indexes may share.
    pub(crate) fn shared_table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The rows that fit one text for each key, in the order of the table.
    pub(super) fn matches<'s>(&'s self, texts: &[&[u8]], search: &'s mut Search) -> &'s [u32] {
        if texts.iter().any(|text| text.is_empty()) {
            return &[];
        }
        let exact = self.exact.as_ref().map(|exact| exact.rows(&self.table, texts));
        if self.networks.is_empty() && self.patterns.is_empty() {
            return exact.unwrap_or_default();
        }
        let Search { found, more } = search;
        found.clear();
        found.extend_from_slice(exact.unwrap_or_default());
        let mut is_first = exact.is_none();
        let mut find = |add: &mut dyn FnMut(&mut Vec<u32>)| {
            more.clear();
            if is_first {
                add(found);
                found.sort_unstable();
            } else if !found.is_empty() {
                add(more);
                more.sort_unstable();
                intersect(found, more);
            }
            is_first = false;
        };
        for (place, networks) in &self.networks {
            find(&mut |rows| networks.add_rows(&self.table, texts[*place], rows));
        }
        for (place, patterns) in &self.patterns {
            find(&mut |rows| patterns.add_rows(texts[*place], rows));
        }
        found
    }
}

/// Keeps what both hold; both are in order.
fn intersect(found: &mut Vec<u32>, others: &[u32]) {
    let mut rest = others;
    found.retain(|row| {
        rest = &rest[rest.partition_point(|other| other < row)..];
        rest.first() == Some(row)
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::table::TableBuilder, *};
    use crate::expr::glob::{Case, Glob};

    /// Whether a cell fits, worked out cell by cell.
    fn fits(cell: &str, text: &str, matching: Matching, is_case_sensitive: bool) -> bool {
        let fold = |text: &str| {
            if is_case_sensitive { text.to_owned() } else { text.to_ascii_lowercase() }
        };
        let is_same = !cell.is_empty() && fold(cell) == fold(text);
        match matching {
            Matching::Exact => is_same,
            Matching::Network => {
                let address: Option<std::net::IpAddr> = text.parse().ok();
                let network: Option<ipnet::IpNet> = cell
                    .parse()
                    .ok()
                    .or_else(|| cell.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from));
                match (network, address) {
                    (Some(network), Some(address)) => network.contains(&address),
                    _ => is_same,
                }
            }
            Matching::Wildcard => {
                let case = if is_case_sensitive { Case::Sensitive } else { Case::Insensitive };
                !cell.is_empty() && Glob::new(cell, case).is_match(text.as_bytes())
            }
        }
    }

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            "[abAB*]{0,4}",
            "10\\.[01]\\.[01]\\.[01](/(0|8|16|24|31))?",
            Just("fe80::/10".to_owned()),
            Just("fe80::1".to_owned()),
        ]
    }

    fn matching() -> impl Strategy<Value = Matching> {
        prop::sample::select(vec![Matching::Exact, Matching::Network, Matching::Wildcard])
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_index_finds_what_a_walk_over_the_table_finds(
            rows in prop::collection::vec((cell(), cell(), cell()), 0..30),
            matchings in prop::collection::vec(matching(), 1..4),
            texts in prop::collection::vec((cell(), cell(), cell()), 1..8),
            is_case_sensitive in prop::bool::ANY,
        ) {
            let mut builder = TableBuilder::new(["a", "b", "c"]);
            for (a, b, c) in &rows {
                builder.push([a, b, c].map(|cell| cell.as_bytes())).unwrap();
            }
            let keys = matchings.iter().enumerate();
            let keys = keys.map(|(column, &matching)| Key { column, matching }).collect();
            let index = Index::new(Arc::new(builder.build()), keys, is_case_sensitive);
            let mut search = Search::default();
            for (a, b, c) in &texts {
                let texts = [a, b, c];
                let expected: Vec<u32> = (0..).zip(&rows).filter(|(_, (a, b, c))| {
                    [a, b, c].iter().zip(texts).zip(&matchings).all(|((cell, text), matching)| {
                        !text.is_empty() && fits(cell, text, *matching, is_case_sensitive)
                    })
                }).map(|(row, _)| row).collect();
                let bytes: Vec<&[u8]> = texts.iter().take(matchings.len()).map(|text| text.as_bytes()).collect();
                prop_assert_eq!(index.matches(&bytes, &mut search), expected);
            }
        }
    }

    #[test]
    fn a_key_of_a_hundred_thousand_rows_is_found_without_a_walk() {
        // With a walk for each of them this would be ten thousand million comparisons.
        let mut builder = TableBuilder::new(["name", "net"]);
        for number in 0_u32..100_000 {
            let [_, b, c, d] = number.to_be_bytes();
            let (name, net) = (format!("name{number}"), format!("10.{b}.{c}.{d}"));
            builder.push([name.as_bytes(), net.as_bytes()]).unwrap();
        }
        let table = Arc::new(builder.build());
        let key = |column, matching| vec![Key { column, matching }];
        let exact = Index::new(Arc::clone(&table), key(0, Matching::Exact), true);
        let networks = Index::new(Arc::clone(&table), key(1, Matching::Network), true);
        let mut search = Search::default();
        for row in table.rows() {
            let text = table.cell(row, 0).to_vec();
            assert_eq!(exact.matches(&[&text], &mut search), [row]);
            let text = table.cell(row, 1).to_vec();
            assert_eq!(networks.matches(&[&text], &mut search), [row]);
        }
    }
}

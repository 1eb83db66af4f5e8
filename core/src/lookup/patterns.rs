//! Rows by the wildcard patterns of one column.
//!
//! A pattern is tried only on texts that hold its longest literal; one search finds the literals of all patterns.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::table::Table;
use crate::expr::glob::{Case, Glob};

/// Rows by patterns.
#[derive(Debug)]
pub(super) struct Patterns {
    patterns: Vec<Pattern>,
    /// Finds the literals; none where no pattern has one.
    literals: Option<AhoCorasick>,
    /// The places of the patterns with each literal.
    by_literal: Vec<Vec<usize>>,
    /// The places of the patterns of wildcards alone.
    without_literal: Vec<usize>,
}

/// A pattern and the rows that have it.
#[derive(Debug)]
struct Pattern {
    glob: Glob,
    rows: Vec<u32>,
}

impl Patterns {
    /// The rows of `table` by the patterns in `column`. Bytes that are not UTF-8 match no text.
    pub(super) fn new(table: &Table, column: usize, is_case_sensitive: bool) -> Self {
        let case = if is_case_sensitive { Case::Sensitive } else { Case::Insensitive };
        let mut rows_of: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
        for row in table.rows().filter(|&row| !table.cell(row, column).is_empty()) {
            rows_of.entry(table.cell(row, column)).or_default().push(row);
        }
        let (mut patterns, mut without_literal) = (Vec::new(), Vec::new());
        let mut places_of: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (text, rows) in rows_of {
            let glob = Glob::with_wildcard(text, b'*', case);
            match glob.literal_pieces().max_by_key(|piece| piece.len()) {
                Some(literal) if !literal.is_empty() => {
                    places_of.entry(literal.to_owned()).or_default().push(patterns.len());
                }
                _ => without_literal.push(patterns.len()),
            }
            patterns.push(Pattern { glob, rows });
        }
        let literals = (!places_of.is_empty()).then(|| finder(places_of.keys(), case));
        Self { patterns, literals, by_literal: places_of.into_values().collect(), without_literal }
    }

    /// Adds the rows whose pattern matches `text`, in any order.
    pub(super) fn add_rows(&self, text: &[u8], rows: &mut Vec<u32>) {
        let mut is_seen = vec![false; self.by_literal.len()];
        let found = self.literals.iter().flat_map(|literals| literals.find_overlapping_iter(text));
        for literal in found.map(|found| found.pattern().as_usize()) {
            if !std::mem::replace(&mut is_seen[literal], true) {
                self.add_matching(&self.by_literal[literal], text, rows);
            }
        }
        self.add_matching(&self.without_literal, text, rows);
    }

    fn add_matching(&self, places: &[usize], text: &[u8], rows: &mut Vec<u32>) {
        let tried = places.iter().map(|&place| &self.patterns[place]);
        tried
            .filter(|pattern| pattern.glob.is_match(text))
            .for_each(|pattern| rows.extend_from_slice(&pattern.rows));
    }
}

fn finder<'l>(literals: impl Iterator<Item = &'l Vec<u8>>, case: Case) -> AhoCorasick {
    AhoCorasickBuilder::new()
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(case == Case::Insensitive)
        .build(literals)
        .expect("literals of a table are bounded below the states of an automaton")
}

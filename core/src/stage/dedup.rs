//! `dedup`: of the rows that hold the same values, the first.
//!
//! Class: ordered. Memory is one key for each combination, in the arena of the window.
//!
//! Decisions where Splunk's manual is silent:
//!
//! - `sortby` orders the rows before the first are found, so that `dedup host sortby -_time` keeps the latest of each host.
//! - A multivalue is compared as a whole, in its order.
//! - A row that lacks one of the fields goes also under `keepevents`, unless `keepempty` keeps it. Kept, it is no neighbour
//!   of `consecutive`: a run goes on behind it.

use bumpalo::{Bump, collections::Vec as BumpVec};
use hashbrown::HashMap;

use super::{sort::Sort, stats::by_value};
use crate::{
    agg::{KeyHasher, encode_key},
    ids::FieldId,
    names::Name,
    row::{Env, Row},
    value::Value,
};

/// `dedup N fields`.
#[derive(Clone, Debug)]
pub struct Dedup {
    /// How many rows of each combination stay.
    pub limit: u64,
    /// The fields whose combination is compared.
    pub fields: Box<[FieldId]>,
    /// What orders the rows first.
    pub sort: Option<Sort>,
    /// `keepevents=t`: the others stay, without the fields.
    pub keeps_events: bool,
    /// `keepempty=t`: rows that lack one of the fields stay.
    pub keeps_empty: bool,
    /// `consecutive=t`: only neighbours are compared.
    pub consecutive: bool,
}

/// The combinations so far.
struct Seen<'e> {
    counts: HashMap<&'e [u8], u64, KeyHasher>,
    last: Option<&'e [u8]>,
}

impl Dedup {
    /// The rows that stay, in their order, or in that of `sortby`.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut rows = match &self.sort {
            Some(sort) => sort.apply_all(rows),
            None => rows,
        };
        let mut seen = Seen { counts: HashMap::default(), last: None };
        rows.retain_mut(|row| match self.key(row, env.bump) {
            None => self.keeps_empty,
            Some(key) if seen.count(key, self.consecutive) <= self.limit => true,
            Some(_) => self.keeps_events && self.without_fields(row),
        });
        rows
    }

    /// Whether it could take `field` away.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        self.keeps_events && self.fields.contains(&field)
    }

    /// Whether rows that differ in `field` never change what becomes of each other. Rows that lack it are all alike.
    pub(crate) fn keeps_apart(&self, field: FieldId) -> bool {
        self.fields.contains(&field) && !self.consecutive
    }

    /// The combination of a row; `None` if it lacks one of the fields.
    fn key<'e>(&self, row: &Row<'e>, bump: &'e Bump) -> Option<&'e [u8]> {
        let mut key = BumpVec::new_in(bump);
        for &field in &self.fields {
            let texts = by_value(row, field).texts(bump);
            if texts.is_empty() {
                return None;
            }
            let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
            key.extend_from_slice_copy(&count.to_be_bytes());
            texts.iter().for_each(|text| encode_key(text, &mut key));
        }
        Some(key.into_bump_slice())
    }

    fn without_fields(&self, row: &mut Row<'_>) -> bool {
        self.fields.iter().for_each(|&field| row.set(Name::Known(field), Value::Null));
        true
    }
}

impl<'e> Seen<'e> {
    /// How often the combination was seen, with this time.
    fn count(&mut self, key: &'e [u8], is_consecutive: bool) -> u64 {
        if is_consecutive && self.last.replace(key) != Some(key) {
            self.counts.clear();
        }
        let count = self.counts.entry(key).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::{
        sort::{Key, Kind},
        testing::Lab,
    };

    fn plan(text: &str, lab: &mut Lab) -> Dedup {
        let mut dedup = Dedup {
            limit: 1,
            fields: Box::default(),
            sort: None,
            keeps_events: false,
            keeps_empty: false,
            consecutive: false,
        };
        let mut fields = Vec::new();
        for word in text.split(' ') {
            match word {
                "keepevents" => dedup.keeps_events = true,
                "keepempty" => dedup.keeps_empty = true,
                "consecutive" => dedup.consecutive = true,
                "2" => dedup.limit = 2,
                word => match word.strip_prefix("sortby-") {
                    Some(name) => {
                        let field = lab.names.intern(name);
                        let keys = Box::new([Key { field, kind: Kind::Auto, descending: true }]);
                        dedup.sort = Some(Sort { keys, limit: None });
                    }
                    None => fields.push(lab.names.intern(word)),
                },
            }
        }
        Dedup { fields: fields.into(), ..dedup }
    }

    fn run(text: &str, rows: &[&str]) -> Vec<String> {
        let mut lab = Lab::new(&[]);
        let dedup = plan(text, &mut lab);
        let rows = dedup.apply_all(lab.rows(rows), lab.env());
        rows.iter().map(|row| lab.show(row)).collect()
    }

    #[test]
    fn the_first_rows_of_each_combination_stay() {
        const ROWS: &[&str] =
            &["s=a h=1 n=1", "s=a h=1 n=2", "s=a h=2 n=3", "h=1 n=4", "s=a h=1 n=5"];
        let cases: &[(&str, &[&str])] = &[
            ("s", &["s=a h=1 n=1"]),
            ("s h", &["s=a h=1 n=1", "s=a h=2 n=3"]),
            ("2 s h", &["s=a h=1 n=1", "s=a h=1 n=2", "s=a h=2 n=3"]),
            ("s keepempty", &["s=a h=1 n=1", "h=1 n=4"]),
            ("s h consecutive", &["s=a h=1 n=1", "s=a h=2 n=3", "s=a h=1 n=5"]),
            ("s h keepevents", &["s=a h=1 n=1", "n=2", "s=a h=2 n=3", "n=5"]),
            ("s h sortby-n", &["s=a h=1 n=5", "s=a h=2 n=3"]),
        ];
        for (text, expected) in cases {
            assert_eq!(run(text, ROWS), *expected, "dedup {text}");
        }
    }

    #[test]
    fn a_multivalue_is_compared_as_a_whole() {
        let rows = ["x=a|b", "x=b|a", "x=a|b", "x=a"];
        assert_eq!(run("x", &rows), ["x=a|b", "x=b|a", "x=a"]);
        assert_eq!(run("x y", &["x=a|b y=c", "x=a y=b|c"]), ["x=a|b y=c", "x=a y=b|c"]);
    }

    proptest! {
        /// Looks back over all rows before each.
        #[test]
        fn a_row_stays_if_few_before_it_are_alike(
            rows in prop::collection::vec((0_u8..4, 0_u8..3), 0..20),
        ) {
            let lines: Vec<_> =
                rows.iter().zip(0..).map(|((a, b), n)| format!("a={a} b={b} n={n}")).collect();
            let alike = |index: usize| rows[..index].iter().filter(|row| **row == rows[index]).count();
            let expected: Vec<_> =
                lines.iter().enumerate().filter(|(index, _)| alike(*index) < 2).map(|(_, line)| line).collect();
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let found = run("2 a b", &lines);
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
    }
}

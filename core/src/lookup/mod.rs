//! Lookup tables while events run: which rows fit the fields of an event, and what they give it.
//!
//! A [`Table`] is read once and shared by every rule and engine; an [`Index`] finds the rows of some key columns without
//! walking over the table: exact cells by a hash, networks by their prefix lengths, wildcards by the longest literal of each.
//! A [`Lookup`] says which fields are the keys, which columns go where, and how many rows may match.
//!
//! - A key that the row lacks, or whose text is empty, matches nothing; an empty cell is no value.
//! - Each value of a multivalue key is looked up, and with several multivalue keys each combination; their rows follow one
//!   another. Of one row at most [`MAX_INPUTS`] combinations are looked up and [`MAX_MATCHES`] rows are taken: whoever
//!   writes events must not make them dear. What goes beyond is left out, and the row is marked as truncated.
//! - A lookup by time takes rows that lie before the row's `_time`, the nearest first; a row without `_time` takes none.
//! - Of each combination the first `max_matches` rows in the order of the file count. Several rows make multivalues, with
//!   repetitions. Where fewer than `min_matches` rows fit, `default_match` fills up.
//!
//! Unlike Splunk, letters beyond ASCII have one case only, also where `case_sensitive_match` is false.

mod exact;
mod index;
mod networks;
mod patterns;
mod table;
mod times;

use bumpalo::{Bump, collections::Vec as BumpVec};

use std::sync::Arc;

use crate::{event::time, ids::FieldId, names::Names, value::Value};

pub use index::{Index, Key, Matching};
pub use table::{Table, TableBuilder, TableFull};
pub use times::{Times, by_time};

/// How many combinations of key values are looked up for one row.
pub const MAX_INPUTS: usize = 1000;
/// How many rows of the table one row takes.
pub const MAX_MATCHES: usize = 10_000;

/// In the place of a row: the default.
const DEFAULT: u32 = u32::MAX;

/// One lookup, ready to run.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The table and its keys.
    pub index: Arc<Index>,
    /// The field of each key, in the order of the index.
    pub inputs: Box<[FieldId]>,
    /// What goes where.
    pub outputs: Box<[Output]>,
    /// Whether a field that has a value keeps it: `OUTPUTNEW`.
    pub keeps_existing: bool,
    /// How many rows may match, and what stands for those that are missing.
    pub limits: Limits,
    /// When its rows hold, if it is a lookup by time.
    pub times: Option<Times>,
}

/// A column and the field that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The place of the column.
    pub column: usize,
    /// The field.
    pub field: FieldId,
}

/// How many rows may match one combination of key values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `max_matches`: later ones do not count.
    pub most: usize,
    /// `min_matches`: what is missing is the default.
    pub least: usize,
    /// `default_match`: what an output is where a row is missing; empty is no value.
    pub default: Box<[u8]>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { most: 100, least: 0, default: Box::default() }
    }
}

/// The rows that fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found<'e> {
    rows: &'e [u32],
    /// Whether some were left out, for there were too many.
    pub is_truncated: bool,
}

impl Found<'_> {
    /// Whether any row fits, or the default stands for one.
    #[must_use]
    pub fn is_match(&self) -> bool {
        !self.rows.is_empty()
    }
}

impl Lookup {
    /// The output that goes to `field`.
    pub fn outputs_to(&self, field: FieldId) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(move |output| output.field == field)
    }

    /// The rows that fit the values that `value_of` tells of the keys.
    pub fn find<'e>(&self, value_of: impl Fn(FieldId) -> Value<'e>, bump: &'e Bump) -> Found<'e> {
        let keys = BumpVec::from_iter_in(
            self.inputs.iter().map(|&field| value_of(field).texts(bump)),
            bump,
        );
        let time_ns = match self.times {
            Some(_) => time::of_value(value_of(Names::TIME), bump),
            None => None,
        };
        let mut combinations = Combinations::of(&keys, bump);
        let mut search = index::Search::default();
        let mut rows = BumpVec::new_in(bump);
        let mut is_truncated = false;
        for count in 0.. {
            let Some(texts) = combinations.next(&keys) else { break };
            if count == MAX_INPUTS || rows.len() >= MAX_MATCHES {
                is_truncated = true;
                break;
            }
            let matches = self.index.matches(texts, &mut search);
            let matches = match (&self.times, time_ns) {
                (None, _) => matches,
                (Some(times), Some(time_ns)) => times.within(matches, time_ns),
                (Some(_), None) => &[],
            };
            let matches = &matches[..matches.len().min(self.limits.most)];
            rows.extend_from_slice(matches);
            rows.extend((matches.len()..self.limits.least).map(|_| DEFAULT));
        }
        is_truncated |= rows.len() > MAX_MATCHES;
        rows.truncate(MAX_MATCHES);
        Found { rows: rows.into_bump_slice(), is_truncated }
    }

    /// What `output` gets of the rows, copied into `bump`; null where all of them are empty there.
    #[must_use]
    pub fn value<'e>(&self, found: Found<'_>, output: Output, bump: &'e Bump) -> Value<'e> {
        let cell = |row| match row {
            DEFAULT => &*self.limits.default,
            row => self.index.table().cell(row, output.column),
        };
        let cells = found.rows.iter().map(|&row| cell(row)).filter(|cell| !cell.is_empty());
        let texts = cells.map(|cell| &*bump.alloc_slice_copy(cell));
        Value::from_list(BumpVec::from_iter_in(texts, bump).into_bump_slice())
    }
}

/// Every combination of one value of each key; the last key changes first.
struct Combinations<'e> {
    places: BumpVec<'e, usize>,
    texts: BumpVec<'e, &'e [u8]>,
    is_over: bool,
}

impl<'e> Combinations<'e> {
    fn of(keys: &[&'e [&'e [u8]]], bump: &'e Bump) -> Self {
        let is_over = keys.iter().any(|values| values.is_empty());
        let places = BumpVec::from_iter_in(keys.iter().map(|_| 0), bump);
        Self { places, texts: BumpVec::new_in(bump), is_over }
    }

    fn next(&mut self, keys: &[&'e [&'e [u8]]]) -> Option<&[&'e [u8]]> {
        if self.is_over {
            return None;
        }
        self.texts.clear();
        self.texts.extend(keys.iter().zip(&self.places).map(|(values, &place)| values[place]));
        self.is_over = !self.advance(keys);
        Some(&self.texts)
    }

    /// Whether there is another one.
    fn advance(&mut self, keys: &[&'e [&'e [u8]]]) -> bool {
        for (place, values) in self.places.iter_mut().zip(keys).rev() {
            *place += 1;
            if *place < values.len() {
                return true;
            }
            *place = 0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Arc<Table> {
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let mut builder = TableBuilder::new(lines.next().unwrap());
        lines.for_each(|cells| builder.push(cells.iter().map(|cell| cell.as_bytes())).unwrap());
        Arc::new(builder.build())
    }

    /// Looks `keys` up in the columns before the last, whose cells it gives; `|` stands between values.
    fn looked_up(text: &str, keys: &[&str], limits: Limits) -> (Vec<String>, bool) {
        let table = table(text);
        let columns = 0..table.columns().len() - 1;
        let keys_of_index = columns.clone().map(|column| Key { column, matching: Matching::Exact });
        let lookup = Lookup {
            inputs: columns.clone().map(FieldId::new).collect(),
            outputs: Box::default(),
            index: Arc::new(Index::new(Arc::clone(&table), keys_of_index.collect(), true)),
            keeps_existing: false,
            limits,
            times: None,
        };
        let bump = Bump::new();
        let value_of = |field: FieldId| {
            let values = keys[field.index()].split('|').filter(|value| *value != "-");
            let values: Vec<_> =
                values.map(|value| &*bump.alloc_slice_copy(value.as_bytes())).collect();
            Value::from_list(bump.alloc_slice_copy(&values))
        };
        let found = lookup.find(value_of, &bump);
        let output = Output { column: columns.end, field: FieldId::new(columns.end) };
        let value = lookup.value(found, output, &bump);
        let texts =
            value.texts(&bump).iter().map(|text| String::from_utf8_lossy(text).into_owned());
        (texts.collect(), found.is_truncated)
    }

    const GROUPS: &str = "user,group\nbob,admins\namy,staff\namy,\namy,ops\namy,staff\n,none";

    #[test]
    fn each_value_of_a_key_gives_its_rows_in_the_order_of_the_file() {
        for (user, expected) in [
            ("bob", vec!["admins"]),
            ("amy", vec!["staff", "ops", "staff"]),
            ("amy|bob|eve", vec!["staff", "ops", "staff", "admins"]),
            ("Bob", vec![]),
            ("-", vec![]),
            ("", vec![]),
        ] {
            let (found, is_truncated) = looked_up(GROUPS, &[user], Limits::default());
            assert_eq!(
                (found, is_truncated),
                (expected.iter().map(|it| (*it).to_owned()).collect(), false)
            );
        }
    }

    #[test]
    fn two_keys_are_one_combination() {
        let text = "a,b,c\n1,2,x\n1,3,y\n2,2,z";
        for (keys, expected) in
            [(["1", "2"], vec!["x"]), (["2", "3"], vec![]), (["1|2", "3|2"], vec!["y", "x", "z"])]
        {
            assert_eq!(looked_up(text, &keys, Limits::default()).0, expected, "{keys:?}");
        }
    }

    #[test]
    fn limits_cut_and_fill_up_for_each_value() {
        let limits = |most, least| Limits { most, least, default: b"?"[..].into() };
        for (user, limits, expected) in [
            ("amy|bob", limits(1, 0), vec!["staff", "admins"]),
            ("bob|eve", limits(9, 2), vec!["admins", "?", "?", "?"]),
            ("eve", limits(9, 1), vec!["?"]),
            ("-", limits(9, 1), vec![]),
        ] {
            assert_eq!(looked_up(GROUPS, &[user], limits).0, expected, "{user}");
        }
    }

    #[test]
    fn what_an_event_can_ask_for_is_bounded() {
        let many = vec!["bob"; MAX_INPUTS + 1].join("|");
        let (found, is_truncated) = looked_up(GROUPS, &[&many], Limits::default());
        assert_eq!((found.len(), is_truncated), (MAX_INPUTS, true));
        let text = "a,b\n".to_owned() + &"x,y\n".repeat(100);
        let many = vec!["x"; 101].join("|");
        let (found, is_truncated) = looked_up(&text, &[&many], Limits::default());
        assert_eq!((found.len(), is_truncated), (MAX_MATCHES, true));
    }
}

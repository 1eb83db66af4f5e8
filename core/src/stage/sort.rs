//! `sort`: rows in the order of their values.
//!
//! Class: whole window.
//!
//! Decisions where Splunk's manual is silent:
//!
//! - The order is total, whatever the values: numbers by value, then addresses, then other texts by their bytes. Splunk compares each
//!   pair by what the two have in common, which is no order at all (`9`, `10` and `1a` go round in a circle).
//! - `num(f)` puts what is no number behind all numbers, `ip(f)` what is no address behind all addresses; both by their bytes.
//! - A row that lacks the field stands behind all that have it, in either direction.
//! - A multivalue is compared value by value; where one ends first, it comes first.
//! - Rows that compare equal keep their order.

use std::{cmp::Ordering, net::IpAddr};

use crate::{expr::number, ids::FieldId, names::Name, row::Row, value::Value};

/// `sort N -a, +b`.
#[derive(Clone, Debug)]
pub struct Sort {
    /// What rows are compared by, the most important first.
    pub keys: Box<[Key]>,
    /// How many rows at most; `None` is all.
    pub limit: Option<u64>,
}

/// One field to compare rows by.
#[derive(Clone, Debug)]
pub struct Key {
    /// The field.
    pub field: FieldId,
    /// How its values are compared.
    pub kind: Kind,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, addresses and texts as they are.
    Auto,
    /// As numbers.
    Number,
    /// As texts.
    Text,
    /// As addresses.
    Address,
}

/// One value as it is compared. The order of the kinds is that of the rows.
#[derive(Clone, Copy, Debug)]
enum Comparable<'e> {
    Number(f64),
    Address(IpAddr),
    Text(&'e [u8]),
}

impl Sort {
    /// The rows in their new order.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>) -> Vec<Row<'e>> {
        let mut decorated: Vec<_> = rows
            .into_iter()
            .map(|row| (self.keys.iter().map(|key| key.of(&row)).collect::<Box<[_]>>(), row))
            .collect();
        decorated.sort_by(|(left, _), (right, _)| self.compare(left, right));
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        decorated.into_iter().take(limit).map(|(_, row)| row).collect()
    }

    fn compare(&self, left: &[Vec<Comparable<'_>>], right: &[Vec<Comparable<'_>>]) -> Ordering {
        let each = self.keys.iter().zip(left.iter().zip(right));
        each.map(|(key, (left, right))| key.compare(left, right))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl Key {
    /// The values of a row; none where it lacks the field.
    fn of<'e>(&self, row: &Row<'e>) -> Vec<Comparable<'e>> {
        match row.get_name(Name::Known(self.field)) {
            Value::Null | Value::Bool(_) => Vec::new(),
            Value::Number(number) => vec![Comparable::Number(number)],
            Value::Text(text) => vec![self.kind.read(text)],
            Value::List(texts) => texts.iter().map(|text| self.kind.read(text)).collect(),
        }
    }

    fn compare(&self, left: &[Comparable<'_>], right: &[Comparable<'_>]) -> Ordering {
        let order = match (left, right) {
            ([], []) => Ordering::Equal,
            ([], _) => return Ordering::Greater,
            (_, []) => return Ordering::Less,
            _ => left.iter().cmp(right),
        };
        if self.descending { order.reverse() } else { order }
    }
}

impl Kind {
    fn read(self, text: &[u8]) -> Comparable<'_> {
        let as_number = || number::parse(text).map(Comparable::Number);
        let as_address = || address(text).map(Comparable::Address);
        let read = match self {
            Self::Auto => as_number().or_else(as_address),
            Self::Number => as_number(),
            Self::Text => None,
            Self::Address => as_address(),
        };
        read.unwrap_or(Comparable::Text(text))
    }
}

fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl Comparable<'_> {
    fn rank(self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Address(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

impl Ord for Comparable<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // Adding zero makes a negative zero positive.
            (Self::Number(left), Self::Number(right)) => (left + 0.0).total_cmp(&(right + 0.0)),
            (Self::Address(left), Self::Address(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Comparable<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Comparable<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Comparable<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::testing::Lab;

    fn key(text: &str, lab: &mut Lab) -> Key {
        let (descending, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (kind, field) = text.split_once(':').unwrap_or(("auto", text));
        let kind = match kind {
            "num" => Kind::Number,
            "str" => Kind::Text,
            "ip" => Kind::Address,
            _ => Kind::Auto,
        };
        Key { field: lab.names.intern(field), kind, descending }
    }

    fn run(keys: &str, limit: Option<u64>, rows: &[&str]) -> String {
        let mut lab = Lab::new(&[]);
        let keys = keys.split(' ').map(|text| key(text, &mut lab)).collect();
        let rows = Sort { keys, limit }.apply_all(lab.rows(rows));
        rows.iter().map(|row| lab.show(row)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rows_stand_in_the_order_of_their_values() {
        let cases = [
            ("a", "a=10 a=9 a=100", "a=9 a=10 a=100"),
            ("str:a", "a=10 a=9 a=100", "a=10 a=100 a=9"),
            ("-a", "a=10 b=1 a=9", "a=10 a=9 b=1"),
            ("a", "b=1 a=10 a=9", "a=9 a=10 b=1"),
            (
                "a",
                "a=10.0.0.10 a=10.0.0.9 a=::1 a=2.0.0.1",
                "a=2.0.0.1 a=10.0.0.9 a=10.0.0.10 a=::1",
            ),
            ("a", "a=1a a=9 a=10 a=B a=b a=1.1.1.1", "a=9 a=10 a=1.1.1.1 a=1a a=B a=b"),
            ("num:a", "a=x a=1.1.1.1 a=10 a=2", "a=2 a=10 a=1.1.1.1 a=x"),
            ("ip:a", "a=5 a=10.0.0.1 a=9.0.0.1", "a=9.0.0.1 a=10.0.0.1 a=5"),
            ("a", "a=-0 a=0 a=-1", "a=-1 a=-0 a=0"),
            ("a", "a=1|3 a=1|2 a=1", "a=1 a=1|2 a=1|3"),
        ];
        for (keys, rows, expected) in cases {
            let rows: Vec<_> = rows.split(' ').collect();
            assert_eq!(run(keys, None, &rows), expected, "sort {keys} over {rows:?}");
        }
    }

    #[test]
    fn later_keys_decide_what_earlier_ones_leave_open_and_the_rest_keeps_its_order() {
        let rows = ["a=1 b=1 n=1", "a=2 b=1 n=2", "a=1 b=2 n=3", "a=1 b=1.0 n=4"];
        let sorted = run("a -b", None, &rows);
        assert_eq!(sorted, "a=1 b=2 n=3 a=1 b=1 n=1 a=1 b=1.0 n=4 a=2 b=1 n=2");
        assert_eq!(run("a -b", Some(1), &rows), "a=1 b=2 n=3");
    }

    proptest! {
        /// Values of all kinds among each other, in whatever order they come: what the order of the standard library needs.
        #[test]
        fn the_order_is_total(mut rows in prop::collection::vec("(a=)?[0-9a.:-]{1,5}", 0..40)) {
            let texts: Vec<_> = rows.iter().map(String::as_str).collect();
            let sorted = run("a", None, &texts);
            rows.reverse();
            let texts: Vec<_> = rows.iter().map(String::as_str).collect();
            let again = run("a", None, &texts);
            let kinds = |shown: &str| shown.split(' ').map(str::len).sum::<usize>();
            prop_assert_eq!(kinds(&sorted), kinds(&again));
        }
    }
}

//! `makeresults`: rows out of nothing, or out of data that the rule holds.
//!
//! Decisions where Splunk's manual is silent: rows of data have the fields of the data and no others, so no time of their own; a
//! member of a JSON object is what `fromjson` makes of it; an empty cell of CSV is no value.

use super::fromjson::{name_of, value_of};
use crate::{
    event::json::Document,
    names::{Name, Names},
    row::{Env, Rank, Row},
    value::Value,
};

/// `makeresults [count=N] [format=csv data="..."]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MakeResults {
    /// So many rows that have only a time.
    Times(u64),
    /// A row of the members of each of these JSON objects.
    Objects(Box<[Box<[u8]>]>),
}

impl MakeResults {
    /// The rows.
    #[must_use]
    pub fn rows<'e>(&self, env: Env<'e>) -> Vec<Row<'e>> {
        match self {
            Self::Times(count) => (0..*count)
                .map(|offset| {
                    let mut row = Row::empty(env.bump, Rank { offset, ..Rank::default() });
                    row.push(Name::Known(Names::TIME), Value::Number(env.now_s));
                    row
                })
                .collect(),
            Self::Objects(objects) => {
                (0..).zip(objects).map(|(offset, object)| row_of(object, offset, env)).collect()
            }
        }
    }
}

fn row_of<'e>(object: &[u8], offset: u64, env: Env<'e>) -> Row<'e> {
    let mut row = Row::empty(env.bump, Rank { offset, ..Rank::default() });
    if let Some(object) = Document::read(object, env.bump) {
        object.visit(|key, value| {
            let name = name_of(key.unwrap_or_default(), env);
            row.set(env.names.name(name), value_of(value, env));
        });
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::{Lab, run_all};

    #[test]
    fn makes_rows_that_hold_the_time_of_the_search() {
        let lab = Lab::new(&[]);
        let rows = MakeResults::Times(3).rows(lab.env());
        let shown: Vec<_> = rows.iter().map(|row| lab.show(row)).collect();
        assert_eq!(shown, ["_time=1700000000"; 3]);
        assert!(rows.is_sorted_by_key(Row::rank));
        assert!(MakeResults::Times(0).rows(lab.env()).is_empty());
    }

    #[test]
    fn data_of_the_rule_become_rows() {
        for (spl, expected) in [
            ("makeresults format=csv data=\"a,b c\n1,x\n\n,\\\"y, z\\\"\"", "a=1 b c=x / b c=y, z"),
            (
                "makeresults format=json data=\"[{\\\"a\\\": 1, \\\"b\\\": [1, \\\"x\\\"]}, {\\\"c\\\": null}]\"",
                "a=1 b=1|x / ",
            ),
            ("makeresults format=json data=\"{\\\"_time\\\": 5}\"", "_time=5"),
            ("makeresults annotate=t splunk_server=local", "_time=1700000000"),
        ] {
            assert_eq!(run_all(spl, &[]), expected, "{spl}");
        }
    }
}

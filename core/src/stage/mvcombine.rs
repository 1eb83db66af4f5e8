//! `mvcombine`: rows that differ in one field only become one row that has all its values.
//!
//! Class: ordered. Decisions where Splunk's manual is silent:
//!
//! - A combined row stands where the first of its rows stood, and the values in the order of the rows.
//! - Internal fields (`_time`, `_raw` and whatever else starts with `_`) count like all others: rows of events must lose them
//!   first, or nothing is the same.
//! - A row without the field goes on unchanged.

use foldhash::quality::FixedState;
use hashbrown::HashMap;

use crate::{
    codec::Writer,
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `mvcombine field`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MvCombine {
    /// The field whose values are gathered.
    pub field: FieldId,
}

impl MvCombine {
    /// Combines the rows of a window.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut places: HashMap<Vec<u8>, usize, FixedState> = HashMap::default();
        let mut combined: Vec<(Row<'e>, Vec<&'e [u8]>)> = Vec::new();
        for row in rows {
            let values = row.get(self.field).texts(env.bump);
            let place = match values {
                [] => combined.len(),
                _ => *places.entry(self.rest(&row, env)).or_insert(combined.len()),
            };
            match combined.get_mut(place) {
                Some((_, gathered)) => gathered.extend(values),
                None => combined.push((row, values.to_vec())),
            }
        }
        let finished = combined.into_iter().map(|(mut row, values)| {
            let values = env.bump.alloc_slice_copy(&values);
            row.set(Name::Known(self.field), Value::from_list(values));
            row
        });
        finished.collect()
    }

    /// The other fields as bytes that no other fields have, whatever the order of their columns.
    fn rest<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Vec<u8> {
        let mut fields = Vec::new();
        row.visit(|name, value| {
            if name != Name::Known(self.field) {
                fields.push((env.names.bytes(name), value.texts(env.bump)));
            }
        });
        fields.sort_unstable();
        let mut out = Writer::default();
        for (name, texts) in fields {
            out.text(name);
            out.count(texts.len());
            texts.iter().for_each(|text| out.text(text));
        }
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::stage::testing::run_all;

    #[test]
    fn rows_that_are_alike_become_one() {
        let rows = ["a=1 b=x", "b=y a=2", "b=x a=3|4", "a=5 b=x c=1", "b=x"];
        assert_eq!(run_all("mvcombine a", &rows), "a=1|3|4 b=x / b=y a=2 / a=5 b=x c=1 / b=x");
        assert_eq!(run_all("mvcombine delim=\",\" a", &["a=1", "a=1"]), "a=1|1");
        assert_eq!(run_all("mvcombine a", &["a=1 b=x|y", "a=2 b=x"]), "a=1 b=x|y / a=2 b=x");
    }

    proptest! {
        /// Against one search through the rows for each row.
        #[test]
        fn as_a_slow_search_combines_them(rows in prop::collection::vec((0..3_u8, 0..3_u8, 0..2_u8), 0..20)) {
            let texts: Vec<String> =
                rows.iter().map(|(a, b, c)| format!("a={a} b={b} c={c}")).collect();
            let mut slow: Vec<(u8, u8, Vec<String>)> = Vec::new();
            for (a, b, c) in &rows {
                match slow.iter_mut().find(|(b2, c2, _)| (b2, c2) == (b, c)) {
                    Some((_, _, values)) => values.push(a.to_string()),
                    None => slow.push((*b, *c, vec![a.to_string()])),
                }
            }
            let slow = slow.iter().map(|(b, c, values)| format!("a={} b={b} c={c}", values.join("|")));
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(run_all("mvcombine a", &texts), slow.collect::<Vec<_>>().join(" / "));
        }
    }
}

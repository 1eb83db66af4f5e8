//! `lookup`: fields out of a table, by the values of others. Row-local.
//!
//! Where Splunk's manual is silent:
//!
//! - Where no row of the table fits, no field changes, whether `OUTPUT` or `OUTPUTNEW` was written.
//! - Where one fits, `OUTPUT` replaces a field also by nothing: an empty cell takes it away.
//! - `OUTPUTNEW` looks at each field alone: it writes those that the row lacks.

use super::Verdict;
use crate::{
    ids::FieldId,
    lookup,
    names::Name,
    row::{Env, Fields, Row},
};

/// `lookup table a AS b OUTPUT c AS d`.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The table with its keys and outputs.
    pub table: lookup::Lookup,
}

impl Lookup {
    /// Whether it can write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        self.table.outputs_to(field).next().is_some()
    }

    /// Writes what the table gives. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let found = self.table.find(|field| row.get(field), env.bump);
        if found.is_match() {
            for output in &self.table.outputs {
                if !(self.table.keeps_existing && row.has(output.field)) {
                    let value = self.table.value(found, *output, env.bump);
                    row.set(Name::Known(output.field), value);
                }
            }
        }
        if found.is_truncated {
            row.mark_truncated();
        }
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        lookup::{Index, Key, Limits, MAX_INPUTS, Matching, Output, TableBuilder},
        stage::testing::Lab,
    };

    /// `lookup t k OUTPUT x y`.
    fn lookup(lab: &mut Lab, keeps_existing: bool) -> Lookup {
        let mut builder = TableBuilder::new(["k", "x", "y"]);
        for row in [["1", "a", "b"], ["2", "c", ""], ["2", "d", ""], ["3", "e", ""]] {
            builder.push(row.map(str::as_bytes)).unwrap();
        }
        let keys = vec![Key { column: 0, matching: Matching::Exact }];
        let mut field = |name| lab.names.intern(name);
        Lookup {
            table: lookup::Lookup {
                index: Arc::new(Index::new(Arc::new(builder.build()), keys, true)),
                inputs: [field("k")].into(),
                outputs: [("x", 1), ("y", 2)]
                    .map(|(name, column)| Output { column, field: field(name) })
                    .into(),
                keeps_existing,
                limits: Limits::default(),
                times: None,
            },
        }
    }

    #[test]
    fn a_match_replaces_fields_and_output_new_keeps_them() {
        for (fields, replaced, kept) in [
            ("k=1", "k=1 x=a y=b", "k=1 x=a y=b"),
            ("k=1 x=old", "k=1 x=a y=b", "k=1 x=old y=b"),
            ("k=2 y=old", "k=2 x=c|d", "k=2 y=old x=c|d"),
            ("k=9 x=old", "k=9 x=old", "k=9 x=old"),
            ("x=old", "x=old", "x=old"),
            ("k=1|3", "k=1|3 x=a|e y=b", "k=1|3 x=a|e y=b"),
        ] {
            for (keeps_existing, expected) in [(false, replaced), (true, kept)] {
                let mut lab = Lab::new(&["x", "y"]);
                let lookup = lookup(&mut lab, keeps_existing);
                for mut row in [lab.row(fields, 0), lab.event(fields)] {
                    assert_eq!(lookup.apply(&mut row, lab.env()), Verdict::Keep);
                    let mut shown: Vec<_> = lab.show(&row).split(' ').map(str::to_owned).collect();
                    let mut expected: Vec<_> = expected.split(' ').collect();
                    shown.sort();
                    expected.sort_unstable();
                    assert_eq!(shown, expected, "{fields}, OUTPUTNEW: {keeps_existing}");
                    assert!(!row.is_truncated());
                }
            }
        }
    }

    #[test]
    fn a_row_whose_keys_are_too_many_says_that_it_lacks_some() {
        let mut lab = Lab::new(&[]);
        let lookup = lookup(&mut lab, false);
        let mut row = lab.row(&format!("k={}", vec!["1"; MAX_INPUTS + 1].join("|")), 0);
        let _ = lookup.apply(&mut row, lab.env());
        assert!(row.is_truncated());
    }
}

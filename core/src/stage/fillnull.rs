//! `fillnull`: a value where a field is absent.
//!
//! Class: row-local with a list of fields, whole window without one, for which columns there are is known when all rows are.
//! An empty text is a value and stays. Decisions where Splunk's manual is silent:
//!
//! - Names of the list are literal.
//! - Without a list, internal fields (`_time`, `_raw` and whatever else starts with `_`) are not filled.
//! - Without a list, of the columns in the order in which the rows first have them as many are filled as keep rows times
//!   columns below [`MAX_CELLS`], so that rows with ever new names do not cost the square of their number.

use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::{Class, Verdict};
use crate::{
    ids::FieldId,
    names::Name,
    row::{Cell, Env, Fields, Row},
    value::Value,
};

/// How many cells the rows of a window may have once they are filled, unless they had more before.
pub const MAX_CELLS: usize = 1 << 22;

/// `fillnull value=s fields`.
#[derive(Clone, Debug)]
pub struct FillNull {
    /// What absent fields get.
    pub value: Box<[u8]>,
    /// Which fields.
    pub columns: Columns,
}

/// Which fields are filled.
#[derive(Clone, Debug)]
pub enum Columns {
    /// These.
    Listed(Box<[FieldId]>),
    /// Every column that some row has.
    All,
}

impl FillNull {
    /// How many rows it looks at together.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.columns {
            Columns::Listed(_) => Class::RowLocal,
            Columns::All => Class::WholeWindow,
        }
    }

    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        match &self.columns {
            Columns::Listed(fields) => fields.contains(&field),
            Columns::All => true,
        }
    }

    /// Fills the listed fields of a row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        if let Columns::Listed(fields) = &self.columns {
            for &field in fields {
                if row.get(field).is_null() {
                    row.set(
                        Name::Known(field),
                        Value::Text(env.bump.alloc_slice_copy(&self.value)),
                    );
                }
            }
        }
        Verdict::Keep
    }

    /// Fills the rows of a window.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        if matches!(self.columns, Columns::Listed(_)) {
            rows.iter_mut().for_each(|row| _ = self.apply(row, env));
            return rows;
        }
        let columns = columns(&rows, MAX_CELLS / rows.len().max(1), env);
        let value = Value::Text(env.bump.alloc_slice_copy(&self.value));
        for row in &mut rows {
            let mut present = Vec::new();
            row.visit(|name, _| present.push(name));
            present.sort_unstable();
            let is_absent = |name: &&Name<'e>| present.binary_search(name).is_err();
            let filled = columns.iter().filter(is_absent).map(|&name| Cell { name, value });
            row.set_all(&filled.collect::<Vec<_>>());
        }
        rows
    }
}

/// The first `most` columns in the order in which `rows` have them, without internal ones.
fn columns<'e>(rows: &[Row<'e>], most: usize, env: Env<'e>) -> Vec<Name<'e>> {
    let (mut columns, mut seen) = (Vec::new(), HashSet::with_hasher(FixedState::default()));
    for row in rows {
        row.visit(|name, _| {
            let text = env.names.bytes(name);
            if columns.len() < most && !text.starts_with(b"_") && seen.insert(text) {
                columns.push(name);
            }
        });
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::{Lab, run, run_all};

    #[test]
    fn listed_fields_are_filled_where_they_are_absent() {
        for (command, row, expected) in [
            ("fillnull a b", "a=1", "a=1 b=0"),
            ("fillnull value=- a, b", "c=1", "c=1 a=- b=-"),
            ("fillnull a value=\"x y\"", "a=1|2", "a=1|2"),
            ("fillnull value=\"\" a | eval b=len(a)", "c=1", "c=1 a= b=0"),
            ("eval a=\"\" | fillnull a", "c=1", "c=1 a="),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }

    #[test]
    fn without_a_list_every_column_of_the_result_is_filled() {
        let rows = ["a=1 _time=5", "b=2", "a=3 b=4 c=5"];
        assert_eq!(
            run_all("fillnull value=NULL", &rows),
            "a=1 _time=5 b=NULL c=NULL / b=2 a=NULL c=NULL / a=3 b=4 c=5"
        );
        assert_eq!(run_all("fillnull", &["a=1"]), "a=1");
        assert_eq!(run_all("fillnull", &[]), "");
    }

    #[test]
    fn rows_with_ever_new_names_stay_within_the_bound() {
        let lab = Lab::new(&[]);
        let texts: Vec<String> = (0..5_000).map(|number| format!("n{number}=1")).collect();
        let rows = texts.iter().zip(0..).map(|(text, offset)| lab.row(text, offset)).collect();
        let fill = FillNull { value: b"0".as_slice().into(), columns: Columns::All };
        let mut cells = 0;
        for row in fill.apply_all(rows, lab.env()) {
            row.visit(|_, _| cells += 1);
        }
        assert!((MAX_CELLS / 2..=MAX_CELLS + 5_000).contains(&cells), "{cells}");
    }
}

//! `addtotals`: the sum of a row's numbers, and of each column's.
//!
//! Class: row-local; ordered with `col=t`, which adds a row of the columns' sums behind the others. Decisions where Splunk's
//! manual is silent:
//!
//! - Without a list all fields are summed but internal ones (`_time`, `_raw` and whatever else starts with `_`).
//! - What is no number counts nothing; of a multivalue each number counts. A row without any number has the sum 0, a column
//!   without any number has no sum.
//! - A field that holds an earlier sum is a field like all others.
//! - The row of sums holds those of the first [`MAX_COLUMNS`] columns.

use foldhash::quality::FixedState;
use hashbrown::HashMap;

use super::{Class, Column, Verdict};
use crate::{
    expr::number,
    ids::FieldId,
    names::{Name, Names},
    row::{Cell, Env, Rank, Row},
    value::Value,
};

/// How many columns the row of sums has at most.
pub const MAX_COLUMNS: usize = 1 << 12;

/// `addtotals fields`.
#[derive(Clone, Debug)]
pub struct AddTotals {
    /// What is summed; none is every field that is not internal.
    pub columns: Box<[Column]>,
    /// The field that gets the sum of its row.
    pub total: Option<FieldId>,
    /// The row of the columns' sums.
    pub summary: Option<Summary>,
}

/// What the row of sums holds beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The field that says what the row is.
    pub field: Option<FieldId>,
    /// What it says.
    pub label: Box<[u8]>,
}

impl AddTotals {
    /// How many rows it looks at together.
    #[must_use]
    pub fn class(&self) -> Class {
        if self.summary.is_some() { Class::Ordered } else { Class::RowLocal }
    }

    /// Adds the sum of a row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        if let Some(total) = self.total {
            let mut sum = 0.0;
            row.visit(|name, value| {
                if self.selects(name, env.names) {
                    sum += numbers(value).sum::<f64>();
                }
            });
            row.set(Name::Known(total), Value::Number(sum));
        }
        Verdict::Keep
    }

    /// Adds the sums of the rows of a window, and behind them the row of the columns' sums.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        rows.iter_mut().for_each(|row| _ = self.apply(row, env));
        if let Some(summary) = &self.summary {
            let mut sums = self.sums(&rows, env);
            if let Some(field) = summary.field {
                let label = Value::Text(env.bump.alloc_slice_copy(&summary.label));
                sums.set(Name::Known(field), label);
            }
            rows.push(sums);
        }
        rows
    }

    fn sums<'e>(&self, rows: &[Row<'e>], env: Env<'e>) -> Row<'e> {
        let mut places: HashMap<&[u8], usize, FixedState> = HashMap::default();
        let mut sums: Vec<(Name<'e>, f64)> = Vec::new();
        for row in rows {
            row.visit(|name, value| {
                let is_summed = self.selects(name, env.names)
                    || self.total.is_some_and(|total| name == Name::Known(total));
                if !is_summed || numbers(value).next().is_none() {
                    return;
                }
                let place = *places.entry(env.names.bytes(name)).or_insert(sums.len());
                match sums.get_mut(place) {
                    Some((_, sum)) => *sum += numbers(value).sum::<f64>(),
                    None if place < MAX_COLUMNS => sums.push((name, numbers(value).sum())),
                    None => {}
                }
            });
        }
        let mut row = Row::empty(env.bump, Rank::default());
        let cells = sums.into_iter().map(|(name, sum)| Cell { name, value: Value::Number(sum) });
        row.set_all(&cells.collect::<Vec<_>>());
        row
    }

    fn selects(&self, name: Name<'_>, names: &Names) -> bool {
        match &*self.columns {
            [] => !names.bytes(name).starts_with(b"_"),
            columns => columns.iter().any(|column| column.selects(name, names)),
        }
    }
}

fn numbers(value: Value<'_>) -> impl Iterator<Item = f64> {
    let texts = if let Value::List(texts) = value { texts } else { &[] };
    value.number().into_iter().chain(texts.iter().filter_map(|text| number::parse(text)))
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::{run, run_all};

    #[test]
    fn the_numbers_of_a_row_are_summed() {
        for (command, row, expected) in [
            ("addtotals fieldname=Score a b c", "a=1 b=x", "a=1 b=x Score=1"),
            ("addtotals fieldname=Score, a, c*", "a=1 c1=2 c2=3 d=4", "a=1 c1=2 c2=3 d=4 Score=6"),
            ("addtotals", "a=1.5 b=2 _time=9", "a=1.5 b=2 _time=9 Total=3.5"),
            ("addtotals", "a=1|x|2", "a=1|x|2 Total=3"),
            ("addtotals", "a=x", "a=x Total=0"),
            ("addtotals | addtotals", "a=2", "a=2 Total=4"),
            ("addtotals row=f", "a=2", "a=2"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }

    #[test]
    fn the_numbers_of_a_column_are_summed_in_a_row_of_their_own() {
        let rows = ["a=1 b=2 n=x", "a=3 n=y"];
        for (command, expected) in [
            ("addtotals col=t", "a=1 b=2 n=x Total=3 / a=3 n=y Total=3 / a=4 b=2 Total=6"),
            ("addtotals row=f col=t labelfield=n label=All a", "a=1 b=2 n=x / a=3 n=y / a=4 n=All"),
            ("addtotals row=f col=t labelfield=n", "a=1 b=2 n=x / a=3 n=y / a=4 b=2 n=Total"),
            ("addtotals row=f col=t label=All c", "a=1 b=2 n=x / a=3 n=y / "),
        ] {
            assert_eq!(run_all(command, &rows), expected, "{command}");
        }
    }
}

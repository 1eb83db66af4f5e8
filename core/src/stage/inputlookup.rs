//! `inputlookup`: the rows of a table. Generating where it begins a search; with `append=t` behind other commands whole
//! window: its rows follow theirs, each known by its number in the table.
//!
//! Where Splunk's manual is silent: `start` and `max` choose among the rows of the file, and `where` among those.

use std::sync::Arc;

use crate::{
    expr::search::Search,
    ids::FieldId,
    lookup::Table,
    names::Name,
    row::{Env, Rank, Row},
    value::Value,
};

/// `inputlookup [append=b] [start=N] [max=N] table [where search]`.
#[derive(Clone, Debug)]
pub struct InputLookup {
    /// The table.
    pub table: Arc<Table>,
    /// Its columns, each name once.
    pub columns: Box<[Column]>,
    /// The rows that are taken; `None` takes all.
    pub filter: Option<Search>,
    /// How many rows are left out before the first.
    pub start: usize,
    /// How many rows are looked at from there.
    pub most: usize,
    /// Where it stands.
    pub place: Place,
}

/// A column and the field that it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its place in the table.
    pub place: usize,
    /// The field.
    pub field: FieldId,
}

/// Where a command stands in its pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It begins the pipeline.
    First,
    /// There are rows before it.
    Behind,
}

impl InputLookup {
    /// `rows`, and those of the table behind them.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        rows.extend(self.rows(env));
        rows
    }

    /// The rows of the table that are taken, in the order of its file.
    #[must_use]
    pub fn rows<'e>(&self, env: Env<'e>) -> Vec<Row<'e>> {
        let read = self.table.rows().skip(self.start).take(self.most);
        let rows = read.map(|row| self.row(row, env));
        let wanted =
            |row: &Row<'e>| self.filter.as_ref().is_none_or(|filter| filter.test(row, env));
        rows.filter(wanted).collect()
    }

    fn row<'e>(&self, number: u32, env: Env<'e>) -> Row<'e> {
        // Behind every row of an event.
        let rank =
            Rank { newest_first_ns: i64::MAX, input: u32::MAX, offset: number.into(), part: 0 };
        let key = env.bump.alloc_str(&format!("row {number}"));
        let mut row = Row::empty(env.bump, rank).of_group(key.as_bytes());
        for column in &self.columns {
            let cell = self.table.cell(number, column.place);
            if !cell.is_empty() {
                let text = Value::Text(env.bump.alloc_slice_copy(cell));
                row.push(Name::Known(column.field), text);
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lookup::TableBuilder, stage::testing::Lab};

    fn input(lab: &mut Lab, start: usize, most: usize, place: Place) -> InputLookup {
        let mut builder = TableBuilder::new(["user", "group"]);
        for row in [["bob", "admins"], ["amy", ""], ["eve", "ops"]] {
            builder.push(row.map(str::as_bytes)).unwrap();
        }
        let columns = ["user", "group"].into_iter().enumerate();
        let columns =
            columns.map(|(place, name)| Column { place, field: lab.names.intern(name) }).collect();
        let table = Arc::new(builder.build());
        InputLookup { table, columns, filter: None, start, most, place }
    }

    #[test]
    fn rows_have_the_columns_that_are_not_empty() {
        for (start, most, expected) in [
            (0, usize::MAX, vec!["user=bob group=admins", "user=amy", "user=eve group=ops"]),
            (1, 1, vec!["user=amy"]),
            (3, 9, vec![]),
            (0, 0, vec![]),
        ] {
            let mut lab = Lab::new(&[]);
            let input = input(&mut lab, start, most, Place::First);
            let rows = input.rows(lab.env());
            let shown: Vec<_> = rows.iter().map(|row| lab.show(row)).collect();
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn rows_that_are_added_come_behind_the_others() {
        let mut lab = Lab::new(&[]);
        let input = input(&mut lab, 1, 9, Place::Behind);
        let rows = input.apply_all(lab.rows(&["a=1", "a=2"]), lab.env());
        let shown: Vec<_> = rows.iter().map(|row| lab.show(row)).collect();
        assert_eq!(shown, ["a=1", "a=2", "user=amy", "user=eve group=ops"]);
        assert!(rows.is_sorted_by_key(Row::rank));
        assert!(rows.iter().skip(2).all(|row| row.event_time_ns().is_none()));
        assert_ne!(rows[2].group(), rows[3].group());
    }
}

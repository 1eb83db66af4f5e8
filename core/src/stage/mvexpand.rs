//! `mvexpand`: one row for each value of a field.
//!
//! Class: expanding. The other fields are copied; a row without the field goes on unchanged. What an event can make of this is
//! bounded: the rows that are added to those of one event, or of one window, have [`MAX_CELLS`] fields together, those that
//! an event still holds itself not counted. Values beyond get no row.

use crate::{
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// How many fields the added rows may have together.
pub const MAX_CELLS: usize = 1 << 22;

/// `mvexpand field limit=N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MvExpand {
    /// The field whose values get rows of their own.
    pub field: FieldId,
    /// How many values of a row count; `None` is no limit.
    pub limit: Option<usize>,
}

impl MvExpand {
    /// Expands each of `rows`.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut expanded = Vec::with_capacity(rows.len());
        let mut cells_left = MAX_CELLS;
        for row in rows {
            self.expand(row, &mut cells_left, &mut expanded, env);
        }
        expanded
    }

    fn expand<'e>(
        &self,
        mut row: Row<'e>,
        cells_left: &mut usize,
        expanded: &mut Vec<Row<'e>>,
        env: Env<'e>,
    ) {
        let values = row.get(self.field).texts(env.bump);
        let name = Name::Known(self.field);
        let Some((first, others)) = values.split_first() else { return expanded.push(row) };
        row.set(name, Value::Text(first));
        let width = row.width();
        let limit = self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(1));
        let count = others.len().min(limit).min(*cells_left / width);
        *cells_left -= count * width;
        expanded.push(row.clone());
        for (value, number) in others.iter().take(count).zip(1..) {
            let mut copy = of_number(row.clone(), number, env);
            copy.set(name, Value::Text(value));
            expanded.push(copy);
        }
    }
}

/// Gives the alert of a copy a key of its own; rows of events have no group yet, and are told apart by their numbers.
pub(super) fn of_number<'e>(row: Row<'e>, number: u32, env: Env<'e>) -> Row<'e> {
    match row.group() {
        b"" => row,
        group => row.of_group_parts([group, &number.to_be_bytes()], env.bump),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        names::Names,
        stage::testing::{Lab, run, run_all},
    };

    #[test]
    fn each_value_gets_a_row() {
        for (command, row, expected) in [
            ("mvexpand a", "a=1|2 b=x", "a=1 b=x / a=2 b=x"),
            ("mvexpand a limit=1", "a=1|2", "a=1"),
            ("mvexpand limit=2 a", "a=1|2|3", "a=1 / a=2"),
            ("mvexpand limit=0 a", "a=1|2|3", "a=1 / a=2 / a=3"),
            ("mvexpand a", "a=1 b=2|3", "a=1 b=2|3"),
            ("mvexpand a", "b=1", "b=1"),
            ("mvexpand a | mvexpand b", "a=1|2 b=3|4", "a=1 b=3 / a=1 b=4 / a=2 b=3 / a=2 b=4"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
        assert_eq!(
            run_all("stats values(a) as a by b | mvexpand a", &["a=1 b=x", "a=2 b=x"]),
            "b=x a=1 / b=x a=2"
        );
    }

    #[test]
    fn rows_of_one_group_are_told_apart() {
        let lab = Lab::new(&[]);
        let field = Names::HOST;
        let row = lab.row("host=a|b|c", 0).of_group(b"key");
        let rows = MvExpand { field, limit: None }.apply_all(vec![row], lab.env());
        let groups: Vec<_> = rows.iter().map(Row::group).collect();
        assert_eq!(groups, [b"key".as_slice(), b"key\0\0\0\x01", b"key\0\0\0\x02"]);
    }

    #[test]
    fn what_one_event_makes_is_bounded() {
        let lab = Lab::new(&[]);
        let expand = MvExpand { field: Names::HOST, limit: None };
        let mut rows = vec![lab.row(&format!("host={}", vec!["x"; 3_000].join("|")), 0)];
        for row in &mut rows {
            row.set(lab.names.name(b"other"), row.get(Names::HOST));
        }
        rows = expand.apply_all(rows, lab.env());
        assert_eq!(rows.len(), 3_000);
        for row in &mut rows {
            row.set(Name::Known(Names::HOST), row.get_name(lab.names.name(b"other")));
        }
        assert_eq!(expand.apply_all(rows, lab.env()).len(), 3_000 + MAX_CELLS / 2);
    }
}

//! `table`: the listed fields, in the order of the list.

use bumpalo::collections::Vec as BumpVec;

use super::{Column, Verdict};
use crate::{
    names::Name,
    row::{Cell, Env, Row},
};

/// `table f, p*`.
///
/// A pattern becomes the fields that the row has and that match, in the order of their names' bytes; it selects internal
/// fields only if it starts with `_` itself. A field that the list gives twice stands at its first place. Unlike Splunk, a
/// literal name that no row has gives no empty column: a row is a map, and absent is absent.
#[derive(Clone, Debug)]
pub struct Table {
    /// The list.
    pub columns: Box<[Column]>,
}

impl Table {
    /// Cuts the row down. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let mut cells = BumpVec::new_in(env.bump);
        if self.has_patterns() {
            self.expand(row, env, &mut cells);
        } else {
            self.pick(row, &mut cells);
        }
        row.replace(cells);
        Verdict::Keep
    }

    fn has_patterns(&self) -> bool {
        self.columns.iter().any(|column| matches!(column, Column::Pattern(_)))
    }

    /// Reads only what is listed, so that the event need not be taken apart.
    fn pick<'e>(&self, row: &Row<'e>, cells: &mut BumpVec<'e, Cell<'e>>) {
        for column in &self.columns {
            let Column::Field(field) = column else { continue };
            let name = Name::Known(*field);
            let value = row.get_name(name);
            if !value.is_null() && !cells.iter().any(|cell| cell.name == name) {
                cells.push(Cell { name, value });
            }
        }
    }

    /// Sorts every field of the row to the first column that selects it.
    fn expand<'e>(&self, row: &Row<'e>, env: Env<'e>, cells: &mut BumpVec<'e, Cell<'e>>) {
        let mut placed = BumpVec::new_in(env.bump);
        let place = |name| self.columns.iter().position(|column| column.selects(name, env.names));
        row.visit_wanted(
            |name| place(name).is_some(),
            |name, value| placed.extend(place(name).map(|column| (column, Cell { name, value }))),
        );
        placed.sort_by_key(|(column, cell)| (*column, env.names.bytes(cell.name)));
        cells.extend(placed.into_iter().map(|(_, cell)| cell));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::Lab;

    fn table(list: &str, fields: &str) -> (String, String) {
        let mut lab = Lab::new(&["process"]);
        let columns = list.split(' ').map(|text| Column::new(text, &mut lab.names)).collect();
        let table = Table { columns };
        let [cells, event] = [lab.row(fields, 0), lab.event(fields)].map(|mut row| {
            assert_eq!(table.apply(&mut row, lab.env()), Verdict::Keep);
            lab.show(&row)
        });
        (cells, event)
    }

    #[test]
    fn keeps_what_is_listed_in_the_order_of_the_list() {
        let seed = "_time host user parent_* process process_* signature_id";
        let event = "other=x process_name=pn process=p process_id=7 parent_process=pp user=u \
                     host=h parent_image=pi _raw=r _time=1";
        let cases = [
            ("host", "_time=1 _raw=r host=h action=a", "host=h"),
            ("b a", "a=1 b=2", "b=2 a=1"),
            ("a a* a", "ab=1 a=2 aa=3", "a=2 aa=3 ab=1"),
            ("a* a", "a=2 aa=3", "a=2 aa=3"),
            ("absent a", "a=1", "a=1"),
            ("absent", "a=1", ""),
            ("*", "_time=1 b=2 a=1", "a=1 b=2"),
            ("_* a", "_time=1 b=2 a=1 _raw=r", "_raw=r _time=1 a=1"),
            ("*_name", "process_name=a parent_name=b name=c", "parent_name=b process_name=a"),
            ("m", "m=1|2", "m=1|2"),
            (
                seed,
                event,
                "_time=1 host=h user=u parent_image=pi parent_process=pp process=p process_id=7 process_name=pn",
            ),
        ];
        for (list, fields, expected) in cases {
            let (cells, event) = table(list, fields);
            assert_eq!(cells, expected, "table {list}");
            assert_eq!(event, expected, "table {list} over an event");
        }
    }

    #[test]
    fn an_absent_name_may_be_written_afterwards() {
        let mut lab = Lab::new(&["a"]);
        let table = Table { columns: [Column::new("b", &mut lab.names)].into() };
        let mut row = lab.event("a=1 c=2");
        table.apply(&mut row, lab.env());
        assert!(row.get_name(lab.names.name(b"a")).is_null());
        assert!(row.get_name(Name::Other(b"c")).is_null());
    }
}

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
        row.visit(|name, value| {
            let selects = |column: &Column| column.selects(name, env.names);
            if let Some(column) = self.columns.iter().position(selects) {
                placed.push((column, Cell { name, value }));
            }
        });
        placed.sort_by_key(|(column, cell)| (*column, env.names.bytes(cell.name)));
        cells.extend(placed.into_iter().map(|(_, cell)| cell));
    }
}

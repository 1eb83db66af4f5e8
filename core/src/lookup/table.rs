//! The rows of a lookup file: one text, and where each cell ends in it.

use std::fmt;

/// A table: columns by name, and rows of cells. Cells are texts; an empty one is no value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Table {
    columns: Box<[Box<str>]>,
    text: Box<[u8]>,
    /// Where each cell ends, row by row; it begins where the one before ends.
    ends: Box<[u32]>,
}

impl Table {
    /// The names of the columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[Box<str>] {
        &self.columns
    }

    /// The place of the column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| **column == *name)
    }

    /// How many rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.ends.len().checked_div(self.columns.len()).unwrap_or_default()
    }

    /// The numbers of the rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        (0..).take(self.row_count())
    }

    /// One cell.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[must_use]
    pub fn cell(&self, row: u32, column: usize) -> &[u8] {
        let place = row as usize * self.columns.len() + column;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[place] as usize]
    }
}

/// Only its size: tables reach some ten megabytes.
impl fmt::Debug for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.row_count();
        out.debug_struct("Table").field("columns", &self.columns).field("rows", &rows).finish()
    }
}

/// Puts a table together, row by row.
#[derive(Debug)]
pub struct TableBuilder {
    columns: Box<[Box<str>]>,
    text: Vec<u8>,
    ends: Vec<u32>,
}

/// How much text a table holds: its cells are found by 32-bit places, and its literals by an automaton with as many states.
const MAX_TEXT_BYTES: usize = 1 << 30;

/// A table would hold more than 1 GiB of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFull;

impl TableBuilder {
    /// A table with these columns and no rows.
    #[must_use]
    pub fn new<'c>(columns: impl IntoIterator<Item = &'c str>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { columns, text: Vec::new(), ends: Vec::new() }
    }

    /// Adds a row. Cells that are missing are empty, those beyond the columns are left out.
    ///
    /// # Errors
    /// If the table is full; it then lacks the row.
    pub fn push<'c>(&mut self, cells: impl IntoIterator<Item = &'c [u8]>) -> Result<(), TableFull> {
        let (text_bytes, cell_count) = (self.text.len(), self.ends.len());
        let mut cells = cells.into_iter();
        for _ in 0..self.columns.len() {
            self.text.extend_from_slice(cells.next().unwrap_or_default());
            let end = u32::try_from(self.text.len()).ok();
            let Some(end) = end.filter(|_| self.text.len() <= MAX_TEXT_BYTES) else {
                self.text.truncate(text_bytes);
                self.ends.truncate(cell_count);
                return Err(TableFull);
            };
            self.ends.push(end);
        }
        Ok(())
    }

    /// The table.
    #[must_use]
    pub fn build(self) -> Table {
        Table { columns: self.columns, text: self.text.into(), ends: self.ends.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_where_they_were_put() {
        let mut builder = TableBuilder::new(["a", "b"]);
        for row in [vec!["1", "22"], vec!["", "x"], vec!["y"], vec!["1", "2", "beyond"], vec![]] {
            builder.push(row.into_iter().map(str::as_bytes)).unwrap();
        }
        let table = builder.build();
        let cells = |row| (0..2).map(move |column| (row, column));
        let shown: Vec<_> = table
            .rows()
            .flat_map(cells)
            .map(|(row, column)| String::from_utf8_lossy(table.cell(row, column)).into_owned())
            .collect();
        assert_eq!(shown, ["1", "22", "", "x", "y", "", "1", "2", "", ""]);
        assert_eq!((table.column("b"), table.column("B"), table.row_count()), (Some(1), None, 5));
        assert_eq!(Table::default().row_count(), 0);
    }
}

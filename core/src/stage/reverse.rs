//! `reverse`: the last row first.
//!
//! Class: whole window.

use crate::row::Row;

/// `reverse`.
#[derive(Clone, Copy, Debug)]
pub struct Reverse;

impl Reverse {
    /// The rows in the order against that of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>) -> Vec<Row<'e>> {
        rows.reverse();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::Lab;

    #[test]
    fn the_order_is_turned() {
        let lab = Lab::new(&[]);
        let rows = Reverse.apply_all(lab.rows(&["n=1", "n=2", "n=3"]));
        let shown: Vec<_> = rows.iter().map(|row| lab.show(row)).collect();
        assert_eq!(shown, ["n=3", "n=2", "n=1"]);
    }
}

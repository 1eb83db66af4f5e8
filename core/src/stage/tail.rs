//! `tail`: the last rows, the very last first, as Splunk gives them.
//!
//! Class: ordered.

use crate::row::Row;

/// `tail N`.
#[derive(Clone, Debug)]
pub struct Tail {
    /// How many rows at most.
    pub limit: u64,
}

impl Tail {
    /// The last rows of `rows`, which are in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>) -> Vec<Row<'e>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        rows.into_iter().rev().take(limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::Lab;

    #[test]
    fn the_last_row_comes_first() {
        for (limit, expected) in [(2, "n=3 n=2"), (0, ""), (u64::MAX, "n=3 n=2 n=1")] {
            let lab = Lab::new(&[]);
            let rows = Tail { limit }.apply_all(lab.rows(&["n=1", "n=2", "n=3"]));
            let shown: Vec<_> = rows.iter().map(|row| lab.show(row)).collect();
            assert_eq!(shown.join(" "), expected, "tail {limit}");
        }
    }
}

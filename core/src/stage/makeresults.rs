//! `makeresults`: rows out of nothing.

use crate::{
    names::{Name, Names},
    row::{Env, Rank, Row},
    value::Value,
};

/// `makeresults [count=N]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MakeResults {
    /// How many rows.
    pub count: u64,
}

impl MakeResults {
    /// The rows, each with the time of the search as its `_time` and nothing else.
    #[must_use]
    pub fn rows<'e>(&self, env: Env<'e>) -> Vec<Row<'e>> {
        let row = |offset| {
            let mut row = Row::empty(env.bump, Rank { offset, ..Rank::default() });
            row.push(Name::Known(Names::TIME), Value::Number(env.now_s));
            row
        };
        (0..self.count).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::Lab;

    #[test]
    fn makes_rows_that_hold_the_time_of_the_search() {
        let lab = Lab::new(&[]);
        let rows = MakeResults { count: 3 }.rows(lab.env());
        let shown: Vec<_> = rows.iter().map(|row| lab.show(row)).collect();
        assert_eq!(shown, ["_time=1700000000.5"; 3]);
        assert!(rows.is_sorted_by_key(Row::rank));
        assert!(MakeResults { count: 0 }.rows(lab.env()).is_empty());
    }
}

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

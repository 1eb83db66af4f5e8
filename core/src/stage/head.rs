//! `head`: the first rows.

use crate::{
    expr::program::{Expr, Scope},
    row::{Env, Row},
};

/// `head N`, `head (condition) limit=N`.
#[derive(Clone, Debug)]
pub struct Head {
    /// How many rows at most; `None` is no limit.
    pub limit: Option<u64>,
    /// The rows end before the first for which this is false or null.
    pub condition: Option<Expr>,
}

impl Head {
    /// The first rows of `rows`, which are in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        rows.truncate(limit);
        if let Some(condition) = &self.condition {
            let holds = |row: &Row<'e>| condition.test(&Scope { fields: row, env }) == Some(true);
            let end = rows.iter().position(|row| !holds(row)).unwrap_or(rows.len());
            rows.truncate(end);
        }
        rows
    }
}

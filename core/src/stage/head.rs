//! `head`: the first rows.

use crate::{
    expr::program::{Expr, Scope},
    row::{Env, Row},
};

/// `head N`, `head (condition) limit=N null=b keeplast=b`.
#[derive(Clone, Debug)]
pub struct Head {
    /// How many rows at most; `None` is no limit.
    pub limit: Option<u64>,
    /// The rows end before the first for which this does not hold.
    pub condition: Option<Expr>,
    /// Whether the condition holds for a row for which it is null.
    pub null_holds: bool,
    /// Whether the row that ends the others is kept, too.
    pub keeps_last: bool,
}

impl Head {
    /// The first rows of `rows`, which are in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        rows.truncate(limit);
        if let Some(condition) = &self.condition {
            let holds = |row: &Row<'e>| {
                env.caches
                    .with_allowance(|| condition.test(&Scope { fields: row, env }))
                    .unwrap_or(self.null_holds)
            };
            if let Some(end) = rows.iter().position(|row| !holds(row)) {
                rows.truncate(end + usize::from(self.keeps_last));
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::{Lab, is_x};

    #[test]
    fn the_rows_end_at_the_limit_or_where_the_condition_fails() {
        let cases = [
            (Some(2), false, "a=x a=x a=y", "a=x a=x"),
            (Some(0), false, "a=x", ""),
            (Some(u64::MAX), false, "a=x a=y", "a=x a=y"),
            (None, true, "a=x a=x a=y a=x", "a=x a=x"),
            (None, true, "a=x b=1 a=x", "a=x"),
            (Some(1), true, "a=x a=x", "a=x"),
            (None, true, "a=y a=x", ""),
        ];
        for (limit, conditional, rows, expected) in cases {
            let mut lab = Lab::new(&[]);
            let condition = conditional.then_some(is_x(lab.names.intern("a")));
            let rows = lab.rows(&rows.split(' ').collect::<Vec<_>>());
            let head = Head { limit, condition, null_holds: false, keeps_last: false };
            let kept: Vec<_> =
                head.apply_all(rows, lab.env()).iter().map(|row| lab.show(row)).collect();
            assert_eq!(kept.join(" "), expected, "{head:?}");
        }
    }

    #[test]
    fn null_may_hold_and_the_row_that_ends_may_stay() {
        let cases = [
            (true, false, "a=x b=1 a=y a=x", "a=x b=1"),
            (false, true, "a=x b=1 a=x", "a=x b=1"),
            (true, true, "b=1 a=y a=x", "b=1 a=y"),
            (false, true, "a=x a=x", "a=x a=x"),
        ];
        for (null_holds, keeps_last, rows, expected) in cases {
            let mut lab = Lab::new(&[]);
            let condition = Some(is_x(lab.names.intern("a")));
            let rows = lab.rows(&rows.split(' ').collect::<Vec<_>>());
            let head = Head { limit: None, condition, null_holds, keeps_last };
            let kept: Vec<_> =
                head.apply_all(rows, lab.env()).iter().map(|row| lab.show(row)).collect();
            assert_eq!(kept.join(" "), expected, "{head:?}");
        }
    }
}

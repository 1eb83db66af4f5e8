//! `where`: keeps the rows for which an expression holds.

use super::Verdict;
use crate::{
    expr::{Expr, Scope},
    row::{Env, Row},
};

/// `where expr`.
#[derive(Clone, Debug)]
pub struct Where {
    /// What must hold.
    pub predicate: Expr,
}

impl Where {
    /// Keeps the row if the predicate holds; drops it if it does not, or if that cannot be told for want of a value.
    #[must_use]
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        match self.predicate.test(&Scope { fields: row, env }) {
            Some(true) => Verdict::Keep,
            Some(false) | None => Verdict::Drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::{Bench, Table};

    #[test]
    fn only_rows_that_are_known_to_hold_are_kept() {
        let fields: Table =
            &[("a", &["y"]), ("c", &["20"]), ("m", &["5"]), ("mv", &["good", "EVIL.exe"])];
        let cases = [
            ("a!=\"x\"", Verdict::Keep),
            ("a=\"x\"", Verdict::Drop),
            ("gone!=\"x\"", Verdict::Drop),
            ("NOT gone=\"x\"", Verdict::Drop),
            ("c > m + 3*m - 1", Verdict::Keep),
            ("c > m + 3*m", Verdict::Drop),
            ("match(mv, \"(?i)evil\")", Verdict::Keep),
            ("isnotnull(a) AND isnull(gone)", Verdict::Keep),
            ("a=c", Verdict::Drop),
        ];
        for (text, expected) in cases {
            let mut bench = Bench::default();
            let predicate = bench.predicate(text);
            let verdict = bench.with_row(fields, |row, env| {
                Where { predicate: predicate.clone() }.apply(row, env)
            });
            assert_eq!(verdict, expected, "{text}");
        }
    }
}

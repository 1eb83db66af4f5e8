//! `nomv`: several values become one text, a line each, or with what an earlier `delim` says between them.
//!
//! Class: row-local.

use super::Verdict;
use crate::{
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `nomv field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMv {
    /// The field whose values are joined, in place.
    pub field: FieldId,
    /// What stands between two values.
    pub delimiter: Box<[u8]>,
}

impl NoMv {
    /// Joins the values of a row's field. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        if let Value::List(values) = row.get(self.field) {
            let text = env.bump.alloc_slice_copy(&values.join(&*self.delimiter));
            row.set(Name::Known(self.field), Value::Text(text));
        }
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn values_are_joined_by_line_ends() {
        for (row, expected) in [("a=1|2|3", "a=1\\n2\\n3"), ("a=1", "a=1"), ("b=1|2", "b=1|2")] {
            assert_eq!(run("nomv a", row), expected, "{row}");
        }
    }
}

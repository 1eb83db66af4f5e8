//! `regex`: keeps the rows of which a field matches, or does not match, a pattern.

use super::Verdict;
use crate::{
    expr::regex::Regex as Pattern,
    ids::FieldId,
    row::{Env, Fields, Row},
    value::Value,
};

/// `regex field="re"`, `regex field!="re"`.
#[derive(Clone, Debug)]
pub struct Regex {
    /// The field that is looked at.
    pub field: FieldId,
    /// Whether the rows that match are those that go: `!=`.
    pub negated: bool,
    /// What is looked for.
    pub pattern: Pattern,
}

impl Regex {
    /// A multivalue matches if one of its values does; an absent field matches nothing, so that `!=` keeps its row.
    #[must_use]
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let is_match = |text: &[u8]| self.pattern.is_match(env.caches, text);
        let matches = match row.get(self.field) {
            Value::List(texts) => texts.iter().any(|text| is_match(text)),
            one => one.text(env.bump).is_some_and(is_match),
        };
        if matches == self.negated { Verdict::Drop } else { Verdict::Keep }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::{Bench, Table};

    #[test]
    fn absent_fields_and_multivalues() {
        let cases: &[(&str, bool, Table, Verdict)] = &[
            ("^C", false, &[("f", &["Canada"])], Verdict::Keep),
            ("^C", false, &[("f", &["Peru"])], Verdict::Drop),
            ("^C", false, &[], Verdict::Drop),
            ("^C", true, &[("f", &["Canada"])], Verdict::Drop),
            ("^C", true, &[("f", &["Peru"])], Verdict::Keep),
            ("^C", true, &[], Verdict::Keep),
            ("^C", false, &[("f", &["Peru", "Canada"])], Verdict::Keep),
            ("^C", true, &[("f", &["Peru", "Canada"])], Verdict::Drop),
            ("^$", false, &[("f", &[""])], Verdict::Keep),
        ];
        for (pattern, negated, fields, expected) in cases {
            let mut bench = Bench::default();
            let pattern = Pattern::compile(pattern, &mut bench.regexes).unwrap();
            let regex = Regex { field: bench.names.intern("f"), negated: *negated, pattern };
            let verdict = bench.with_row(fields, |row, env| regex.apply(row, env));
            assert_eq!(verdict, *expected, "{regex:?} on {fields:?}");
        }
    }
}

//! `eval`: writes fields.

use bumpalo::collections::Vec as BumpVec;

use super::Verdict;
use crate::{
    expr::{Expr, Scope},
    ids::FieldId,
    names::{Name, Names},
    row::{Env, Fields, Row},
    value::Value,
};

/// The longest name that a template may make.
const MAX_NAME_BYTES: usize = 1 << 10;

/// What a field named by data may not be: it would change what the row stands for.
const PROTECTED: &[FieldId] =
    &[Names::TIME, Names::RAW, Names::HOST, Names::SOURCE, Names::SOURCETYPE, Names::INDEX];

/// `eval a=expr, b=expr`.
#[derive(Clone, Debug)]
pub struct Eval {
    /// In the order written: later ones see what earlier ones wrote.
    pub assignments: Box<[(Target, Expr)]>,
}

/// Where a result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A field that the rule names.
    Field(FieldId),
    /// A field named by the values of others: `count_{status}`.
    Template(Box<[Piece]>),
}

/// A piece of a name that is put together for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text of the rule.
    Text(Box<str>),
    /// The value of a field.
    Field(FieldId),
}

impl Eval {
    /// Whether it can write `field`, one that no template writes: a built-in name.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        debug_assert!(PROTECTED.contains(&field));
        self.assignments.iter().any(|(target, _)| *target == Target::Field(field))
    }

    /// Writes the fields. Null removes one; an assignment whose name cannot be made is skipped.
    #[must_use]
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        for (target, expr) in &self.assignments {
            let value = match expr.value(&Scope { fields: row, env }) {
                Value::Bool(_) => Value::Null,
                value => value,
            };
            if let Some(name) = target.name(row, env) {
                row.set(name, value);
            }
        }
        Verdict::Keep
    }
}

impl Target {
    /// The name for this row: none where a value that it needs is missing, or where data may not choose it.
    fn name<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Option<Name<'e>> {
        let pieces = match self {
            Self::Field(field) => return Some(Name::Known(*field)),
            Self::Template(pieces) => pieces,
        };
        let mut text = BumpVec::new_in(env.bump);
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.extend_from_slice(piece.as_bytes()),
                Piece::Field(field) => text.extend_from_slice(row.get(*field).text(env.bump)?),
            }
        }
        let name = env.names.name(text.into_bump_slice());
        let allowed = match name {
            Name::Known(field) => !PROTECTED.contains(&field),
            Name::Other(text) => !text.is_empty() && text.len() <= MAX_NAME_BYTES,
        };
        allowed.then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::{Bench, Table, show};

    /// Runs the assignments `name=expr` and shows the fields that the row then has, by name.
    fn fields_after(assignments: &[(&str, &str)], fields: Table) -> Vec<String> {
        let mut bench = Bench::default();
        let assignments = assignments
            .iter()
            .map(|(name, expr)| (bench.target(name), bench.value(expr)))
            .collect();
        let eval = Eval { assignments };
        bench.with_row(fields, |row, env| {
            assert_eq!(eval.apply(row, env), Verdict::Keep);
            let mut shown = Vec::new();
            row.visit(|name, value| {
                let name = String::from_utf8_lossy(env.names.bytes(name)).into_owned();
                shown.push(format!("{name}={}", show(value, env.bump)));
            });
            shown
        })
    }

    #[test]
    fn later_assignments_see_earlier_ones_and_null_removes() {
        assert_eq!(
            fields_after(&[("a", "x+1"), ("b", "a*2"), ("x", "null()")], &[("x", &["1"])]),
            ["a=2", "b=4"]
        );
        assert_eq!(fields_after(&[("x", "x+1")], &[("x", &["1"])]), ["x=2"]);
        assert_eq!(fields_after(&[("y", "gone.\"a\"")], &[("x", &["1"])]), ["x=1"]);
    }

    #[test]
    fn a_template_takes_its_name_from_the_row() {
        let fields: Table = &[("s", &["404"])];
        assert_eq!(fields_after(&[("count_{s}", "1")], fields), ["s=404", "count_404=1"]);
        assert_eq!(
            fields_after(&[("{s}{s}", "2"), ("{gone}x", "3")], fields),
            ["s=404", "404404=2"]
        );
    }

    #[test]
    fn data_may_not_name_a_field_that_the_row_stands_on() {
        for name in ["_time", "_raw", "host", "source", "sourcetype", "index", ""] {
            let shown = fields_after(&[("{n}", "1")], &[("n", &[name])]);
            assert_eq!(shown, [format!("n={name}")]);
        }
        assert_eq!(fields_after(&[("host", "1")], &[]), ["host=1"]);
    }
}

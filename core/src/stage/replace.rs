//! `replace`: other texts in the place of whole values.
//!
//! Class: row-local. Decisions where Splunk's manual is silent:
//!
//! - Values are compared with regard to case, and of a multivalue each.
//! - Of the pairs that fit, one is applied: the last without wildcards, else the one with the most letters beside its
//!   wildcards, of equals the first.
//! - Without fields all are read but internal ones (`_time`, `_raw` and whatever else starts with `_`).

use bumpalo::collections::Vec as BumpVec;

use super::Verdict;
use crate::{
    expr::glob::Glob,
    ids::FieldId,
    names::{Name, Names},
    row::{Cell, Env, Fields, Row},
    value::Value,
};

/// `replace a WITH b IN fields`.
#[derive(Clone, Debug)]
pub struct Replace {
    /// The pairs, the one that goes before others first.
    pub pairs: Box<[Pair]>,
    /// The fields; `None` is all of them.
    pub fields: Option<Box<[FieldId]>>,
}

/// `a WITH b`.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What a value must be.
    pub old: Glob,
    /// What it becomes: its wildcards stand for what those of `old` stood for.
    pub new: Glob,
}

impl Replace {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        match &self.fields {
            Some(fields) => fields.contains(&field),
            None => ![Names::TIME, Names::RAW].contains(&field),
        }
    }

    /// Replaces values of a row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let mut replaced = BumpVec::new_in(env.bump);
        match &self.fields {
            Some(fields) => {
                for &field in fields {
                    let name = Name::Known(field);
                    let value = self.replaced(row.get(field), env);
                    replaced.extend(value.map(|value| Cell { name, value }));
                }
            }
            None => row.visit(|name, value| {
                if !env.names.bytes(name).starts_with(b"_") {
                    let value = self.replaced(value, env);
                    replaced.extend(value.map(|value| Cell { name, value }));
                }
            }),
        }
        row.set_all(&replaced);
        Verdict::Keep
    }

    /// What becomes of a value; `None` where it stays.
    fn replaced<'e>(&self, value: Value<'e>, env: Env<'e>) -> Option<Value<'e>> {
        let texts = value.texts(env.bump);
        let mut is_changed = false;
        let new = texts.iter().map(|text| {
            let found = self.pairs.iter().find_map(|pair| pair.replaced(text, env));
            is_changed |= found.is_some();
            found.unwrap_or(text)
        });
        let new: &[&[u8]] = env.bump.alloc_slice_fill_iter(new);
        is_changed.then(|| Value::from_list(new))
    }
}

impl Pair {
    fn replaced<'e>(&self, text: &[u8], env: Env<'e>) -> Option<&'e [u8]> {
        self.old.captures(text).map(|captures| self.new.substitute(&captures, env.bump))
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn whole_values_are_replaced() {
        for (command, row, expected) in [
            ("replace a WITH b IN f", "f=a g=a", "f=b g=a"),
            ("replace a with b in f g", "f=a g=aa", "f=b g=aa"),
            ("replace a WITH b", "f=a _x=a", "f=b _x=a"),
            ("replace a WITH b IN _x", "_x=a", "_x=b"),
            ("replace A WITH b IN f", "f=a", "f=a"),
            ("replace a WITH b IN f", "f=a|c|a", "f=b|c|b"),
            ("replace a WITH \"\" IN f", "f=a", "f="),
            (
                "replace \"* localhost\" with \"localhost *\" in f",
                "f=web␣localhost",
                "f=localhost web",
            ),
            ("replace \"::ffff:*\" with * in f", "f=::ffff:10.0.0.1", "f=10.0.0.1"),
            ("replace a* WITH x IN f", "f=abc", "f=x"),
            ("replace a WITH b, b WITH c IN f", "f=a", "f=b"),
            (
                "replace a* WITH 1, ab* WITH 2, abc WITH 3, abc WITH 4 IN f",
                "f=abc|abd|ax",
                "f=4|2|1",
            ),
            ("replace a* WITH 1, b* WITH 2 IN f absent", "f=b", "f=2"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }
}

//! `return`: the first rows as the text of a search, of the fields that it names. Whole window.

use bumpalo::collections::Vec as BumpVec;

use super::format::{append_test, row_of};
use crate::{
    ids::FieldId,
    row::{Env, Fields, Row},
    value::Value,
};

/// `return N items`.
#[derive(Clone, Debug)]
pub struct Return {
    /// How many rows are looked at.
    pub count: usize,
    /// What is told of each.
    pub items: Box<[Item]>,
    /// What it makes.
    pub gives: Gives,
}

/// What `return` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// The text of a search, in one row.
    Text,
    /// The fields that the text would name, for a subsearch whose rows are compared and not read.
    Rows,
}

/// One item.
#[derive(Clone, Debug)]
pub struct Item {
    /// The field.
    pub field: FieldId,
    /// What it is called in the text; `None` gives its bare value.
    pub name: Option<Box<[u8]>>,
}

impl Return {
    /// One row with the field `search`, or rows of the fields themselves.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        if self.gives == Gives::Rows {
            return rows.iter().take(self.count).map(|row| self.row(row, env)).collect();
        }
        let mut text = BumpVec::new_in(env.bump);
        for row in rows.iter().take(self.count) {
            if !text.is_empty() {
                text.extend_from_slice(b" OR ");
            }
            self.append(&mut text, row, env);
        }
        vec![row_of(text.into_bump_slice(), env)]
    }

    fn row<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Row<'e> {
        let mut told = Row::empty(env.bump, row.rank());
        for item in &self.items {
            let first = row.get(item.field).texts(env.bump).first().copied();
            if let (Some(name), Some(text)) = (&item.name, first) {
                let name = env.names.name(env.bump.alloc_slice_copy(name));
                told.set(name, Value::Text(text));
            }
        }
        told
    }

    fn append(&self, text: &mut BumpVec<'_, u8>, row: &Row<'_>, env: Env<'_>) {
        text.push(b'(');
        let start = text.len();
        for item in &self.items {
            let Some(value) = row.get(item.field).texts(env.bump).first() else { continue };
            if text.len() > start {
                text.push(b' ');
            }
            append_test(text, item.name.as_deref().unwrap_or(b"search"), value);
        }
        text.push(b')');
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn fields_aliases_and_bare_values() {
        for (command, expected) in [
            ("return user", "search=(user=\\\"u\\\")"),
            ("return 3 u=user, $ip", "search=(u=\\\"u\\\" 10.0.0.1)"),
        ] {
            assert_eq!(run(command, "user=u ip=10.0.0.1"), expected, "{command}");
        }
    }
}

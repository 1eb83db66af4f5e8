//! `rename`: other names for fields.

use bumpalo::collections::Vec as BumpVec;

use super::{FieldPattern, Verdict};
use crate::{
    expr::glob::Glob,
    ids::FieldId,
    names::Name,
    row::{Cell, Env, Row},
    value::Value,
};

/// `rename a AS b, c* AS d*`: one pair after the other, so a later one sees what an earlier one renamed.
#[derive(Clone, Debug)]
pub struct Rename {
    /// The pairs as written.
    pub pairs: Box<[Renaming]>,
}

/// One pair.
#[derive(Clone, Debug)]
pub enum Renaming {
    /// `a AS b`. What `b` held is lost, even where the row has no `a`.
    Field {
        /// The old name.
        from: FieldId,
        /// The new name.
        to: FieldId,
    },
    /// `c* AS d*`. Only fields that match move; what they move onto is lost.
    Pattern {
        /// The old names.
        from: FieldPattern,
        /// The new ones, with as many `*`.
        to: Glob,
    },
}

impl Rename {
    /// Renames the fields of the row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        for pair in &self.pairs {
            match pair {
                Renaming::Field { from, to } => move_field(row, *from, *to),
                Renaming::Pattern { from, to } => move_fields(row, from, to, env),
            }
        }
        Verdict::Keep
    }
}

fn move_field(row: &mut Row<'_>, from: FieldId, to: FieldId) {
    if from != to {
        let value = row.get_name(Name::Known(from));
        row.set(Name::Known(from), Value::Null);
        row.set(Name::Known(to), value);
    }
}

/// Writes the row anew: one pass and one sort, for a row may have very many fields.
fn move_fields<'e>(row: &mut Row<'e>, from: &FieldPattern, to: &Glob, env: Env<'e>) {
    let mut cells = BumpVec::new_in(env.bump);
    let mut moved = BumpVec::new_in(env.bump);
    row.visit(|name, value| {
        let Some(captures) = from.captures(env.names.bytes(name)) else {
            cells.push((false, Cell { name, value }));
            return;
        };
        let renamed = to.substitute(&captures, env.bump);
        moved.push(renamed);
        cells.push((true, Cell { name: env.names.name(renamed), value }));
    });
    moved.sort_unstable();
    // A field that stayed gives way to one that moved onto it.
    cells.retain(|(has_moved, cell)| {
        *has_moved || moved.binary_search(&env.names.bytes(cell.name)).is_err()
    });
    let mut kept = BumpVec::with_capacity_in(cells.len(), env.bump);
    kept.extend(cells.into_iter().map(|(_, cell)| cell));
    row.replace(kept);
}

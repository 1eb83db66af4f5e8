//! The commands, ready to run: one file each.
//!
//! A command that looks at one row at a time has `apply(&self, row, env) -> Verdict`; one that needs the rows of a whole
//! window has `apply_all(&self, rows, env) -> rows`, rows in and out in the order of the search.

pub mod bin;
mod column;
pub mod eval;
pub mod fields;
pub mod head;
pub mod makeresults;
pub mod regex;
pub mod rename;
pub mod stats;
pub mod table;
pub mod where_;

#[cfg(test)]
mod testing;

pub use column::{Column, FieldPattern};

use crate::{
    expr::search::Search,
    row::{Env, Row},
};

/// What a row-local command says of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The row goes on.
    Keep,
    /// The row ends here.
    Drop,
}

impl Verdict {
    /// Keeps the row if `passes`.
    #[must_use]
    pub fn keep_if(passes: bool) -> Self {
        if passes { Self::Keep } else { Self::Drop }
    }
}

/// One command of a pipeline.
#[derive(Debug)]
pub enum Stage {
    /// `search`
    Search(Search),
    /// `regex`
    Regex(regex::Regex),
    /// `where`
    Where(where_::Where),
    /// `eval`
    Eval(eval::Eval),
    /// `table`
    Table(table::Table),
    /// `fields`
    Fields(fields::Fields),
    /// `bin`
    Bin(bin::Bin),
    /// `rename`
    Rename(rename::Rename),
    /// `stats`
    Stats(stats::Stats),
    /// `head`
    Head(head::Head),
    /// `makeresults`
    MakeResults(makeresults::MakeResults),
}

/// How many rows a command looks at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One row at a time.
    RowLocal,
    /// Rows in the order of the search; cannot be merged from parts.
    Ordered,
    /// Any parts of the rows can be reduced apart and merged.
    Mergeable,
    /// Makes rows out of nothing.
    Generating,
}

impl Stage {
    /// How many rows the command looks at together.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Stats(_) => Class::Mergeable,
            Self::Head(_) => Class::Ordered,
            Self::MakeResults(_) => Class::Generating,
            Self::Search(_)
            | Self::Regex(_)
            | Self::Where(_)
            | Self::Eval(_)
            | Self::Table(_)
            | Self::Fields(_)
            | Self::Bin(_)
            | Self::Rename(_) => Class::RowLocal,
        }
    }

    /// Runs a row-local command on one row.
    ///
    /// # Panics
    /// If the command looks at more than one row: `plan::lower` cuts the pipeline there.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        env.caches.with_allowance(|| self.apply_alone(row, env))
    }

    fn apply_alone<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        match self {
            Self::Search(search) => Verdict::keep_if(search.test(row, env)),
            Self::Regex(regex) => regex.apply(row, env),
            Self::Where(predicate) => predicate.apply(row, env),
            Self::Eval(eval) => eval.apply(row, env),
            Self::Table(table) => table.apply(row, env),
            Self::Fields(fields) => fields.apply(row, env),
            Self::Bin(bin) => bin.apply(row, env),
            Self::Rename(rename) => rename.apply(row, env),
            Self::Stats(_) | Self::Head(_) | Self::MakeResults(_) => {
                unreachable!(
                    "plan::lower cuts a pipeline at its first command that is not row-local"
                )
            }
        }
    }

    /// Runs the command on the rows of a window.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        match self {
            Self::Stats(stats) => stats.apply_all(rows, env),
            Self::Head(head) => head.apply_all(rows, env),
            Self::MakeResults(make) => make.rows(env),
            _ => {
                rows.retain_mut(|row| self.apply(row, env) == Verdict::Keep);
                rows
            }
        }
    }
}

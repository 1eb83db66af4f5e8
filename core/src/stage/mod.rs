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

/// What a row-local command says of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The row goes on.
    Keep,
    /// The row ends here.
    Drop,
}

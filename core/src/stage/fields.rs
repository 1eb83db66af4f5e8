//! `fields`: keeps or removes fields.

use super::{Column, Verdict};
use crate::{
    names::Name,
    row::{Env, Row},
};

/// `fields [+] list` and `fields - list`.
#[derive(Clone, Debug)]
pub struct Fields {
    /// Whether the list is kept or removed.
    pub mode: Mode,
    /// The list.
    pub columns: Box<[Column]>,
}

/// What happens to the listed fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They stay, and with them the internal ones: `_time`, `_raw` and whatever else starts with `_`.
    Keep,
    /// They go; `_*` or the name itself removes an internal one.
    Remove,
}

impl Fields {
    /// Keeps or removes the fields of the row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        row.retain(env.bump, |name| self.keeps(name, env));
        Verdict::Keep
    }

    fn keeps(&self, name: Name<'_>, env: Env<'_>) -> bool {
        let listed = self.columns.iter().any(|column| column.selects(name, env.names));
        match self.mode {
            Mode::Keep => listed || env.names.bytes(name).starts_with(b"_"),
            Mode::Remove => !listed,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::Lab;

    #[test]
    fn keeps_or_removes_what_is_listed() {
        let event = "_time=1 _raw=r host=h day=20 action=a";
        let cases = [
            (Mode::Keep, "host", "_time=1 _raw=r host=h"),
            (Mode::Keep, "absent", "_time=1 _raw=r"),
            (Mode::Keep, "*a*", "_time=1 _raw=r day=20 action=a"),
            (Mode::Keep, "*", event),
            (Mode::Remove, "_*", "host=h day=20 action=a"),
            (Mode::Remove, "_raw host", "_time=1 day=20 action=a"),
            (Mode::Remove, "*", "_time=1 _raw=r"),
            (Mode::Remove, "d* a* absent", "_time=1 _raw=r host=h"),
        ];
        for (mode, list, expected) in cases {
            let mut lab = Lab::new(&["action"]);
            let columns = list.split(' ').map(|text| Column::new(text, &mut lab.names)).collect();
            let fields = Fields { mode, columns };
            for mut row in [lab.row(event, 0), lab.event(event)] {
                assert_eq!(fields.apply(&mut row, lab.env()), Verdict::Keep);
                assert_eq!(lab.show(&row), expected, "fields {mode:?} {list}");
            }
        }
    }

    #[test]
    fn removing_every_internal_field_after_keeping_one_leaves_that_one() {
        let mut lab = Lab::new(&[]);
        let keep =
            Fields { mode: Mode::Keep, columns: [Column::new("host", &mut lab.names)].into() };
        let remove =
            Fields { mode: Mode::Remove, columns: [Column::new("_*", &mut lab.names)].into() };
        let mut row = lab.event("_time=1 _raw=r host=h action=a");
        keep.apply(&mut row, lab.env());
        remove.apply(&mut row, lab.env());
        assert_eq!(lab.show(&row), "host=h");
    }
}

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
    /// Whether it could write or take away `field`. Of a pattern that is not known before it meets a row.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        self.pairs.iter().any(|pair| match pair {
            Renaming::Field { from, to } => *from == field || *to == field,
            Renaming::Pattern { .. } => true,
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{expr::glob::Case, stage::testing::Lab};

    fn pair(text: &str, lab: &mut Lab) -> Renaming {
        let (from, to) = text.split_once('>').expect("a pair is written a>b");
        match from.contains('*') {
            true => Renaming::Pattern {
                from: FieldPattern::new(from),
                to: Glob::new(to, Case::Sensitive),
            },
            false => Renaming::Field { from: lab.names.intern(from), to: lab.names.intern(to) },
        }
    }

    #[test]
    fn renames_pair_by_pair() {
        let cases = [
            ("EU_*>EMEA_*", "EU_UK=1 EU_DE=2 x=3", "EMEA_UK=1 EMEA_DE=2 x=3"),
            ("Processes.*>*", "Processes.user=u Processes.x=1", "user=u x=1"),
            ("*.*>*_*", "a.b=1 c=2", "a_b=1 c=2"),
            ("*>x_*", "_time=1 a=2", "_time=1 x_a=2"),
            ("_*>i_*", "_time=1 a=2", "i_time=1 a=2"),
            ("c*>d*", "d1=lost c1=moved", "d1=moved"),
            ("c*>d*", "d1=stays", "d1=stays"),
            ("c*>c*", "c1=a", "c1=a"),
            ("a*>b*", "a=1 ab=2 bb=3", "b=1 bb=2"),
            ("a>a", "a=1", "a=1"),
            ("c*>user", "c1=a x=1", "user=a x=1"),
        ];
        for (pairs, fields, expected) in cases {
            check(pairs, fields, expected);
        }
    }

    #[test]
    fn a_literal_name_takes_the_place_of_its_target() {
        let cases = [
            ("pid>product_id", "product_id=1 x=a", "x=a"),
            ("pid>product_id", "pid=2 x=b", "x=b product_id=2"),
            ("host>dest", "dest=lost host=h", "dest=h"),
            ("a>x b>y", "a=1 b=2", "x=1 y=2"),
            ("a>b b>c", "a=1", "c=1"),
            ("a>b b>a", "a=1 b=2", "a=1"),
            ("m>n", "m=1|2", "n=1|2"),
        ];
        for (pairs, fields, expected) in cases {
            check(pairs, fields, expected);
        }
    }

    fn check(pairs: &str, fields: &str, expected: &str) {
        let mut lab = Lab::new(&["user"]);
        let rename = Rename { pairs: pairs.split(' ').map(|text| pair(text, &mut lab)).collect() };
        for mut row in [lab.row(fields, 0), lab.event(fields)] {
            assert_eq!(rename.apply(&mut row, lab.env()), Verdict::Keep);
            let mut shown: Vec<_> = lab.show(&row).split(' ').map(str::to_owned).collect();
            let mut expected: Vec<_> = expected.split(' ').map(str::to_owned).collect();
            shown.sort();
            expected.sort();
            assert_eq!(shown, expected, "rename {pairs}: {fields}");
        }
    }

    #[test]
    fn a_hundred_thousand_columns_are_renamed_in_one_go() {
        let mut lab = Lab::new(&[]);
        let rename = Rename { pairs: [pair("a*>b*", &mut lab)].into() };
        let fields: Vec<String> = (0..100_000).map(|number| format!("a{number}=1")).collect();
        let mut row = lab.row(&fields.join(" "), 0);
        rename.apply(&mut row, lab.env());
        let mut renamed = 0;
        row.visit(|name, _| renamed += usize::from(lab.names.bytes(name).starts_with(b"b")));
        assert_eq!(renamed, 100_000);
    }
}

//! `eventstats`: what `stats` makes of a group, written onto each of its rows.
//!
//! Class: whole window. The rows stay as they are, in their order, but for the columns that are added.
//!
//! Decisions where Splunk's manual is silent:
//!
//! - A row that lacks a BY field is in no group: it goes on unchanged.
//! - A row whose multivalue BY field puts it into several groups counts in each, and gets the columns of the first.
//! - A column without a result is not added, and what the row holds under its name stays.
//! - Of one pattern's columns (`values(*) AS all_*`) each row gets the first [`MAX_COLUMNS`], by their names: rows times columns
//!   would have no bound otherwise.

use bumpalo::collections::Vec as BumpVec;

use super::stats::Stats;
use crate::{
    agg::{Group, Groups, KeyHasher},
    ids::GroupId,
    row::{Cell, Env, Rank, Row},
};

/// How many columns a row gets at most from all patterns together.
pub const MAX_COLUMNS: usize = 1_000;

/// `eventstats aggregates BY fields`.
#[derive(Clone, Debug)]
pub struct Eventstats {
    /// The aggregates.
    pub stats: Stats,
}

/// What each row of a group gets.
struct Added<'e> {
    cells: &'e [Cell<'e>],
    is_truncated: bool,
}

impl Eventstats {
    /// The rows with the columns of their groups; they stand in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut groups = Groups::new_in(env.bump, &KeyHasher::default());
        let ids: Vec<Option<GroupId>> = rows
            .iter()
            .zip(0..)
            .map(|(row, offset)| {
                let rank = Rank { offset, ..Rank::default() };
                self.stats.update_at(rank, &mut groups, row, env).first().copied()
            })
            .collect();
        let groups: &'e Groups<'e> = env.bump.alloc(groups);
        let added: Vec<Added<'e>> = groups.iter().map(|group| self.added(group, env)).collect();
        let pairs = rows.into_iter().zip(ids);
        pairs.map(|(row, id)| with(row, id.map(|id| &added[id.index()]))).collect()
    }

    fn added<'e>(&self, group: &'e Group<'e>, env: Env<'e>) -> Added<'e> {
        let mut cells = BumpVec::new_in(env.bump);
        self.stats.add_columns(&mut cells, group, MAX_COLUMNS, env);
        Added { cells: cells.into_bump_slice(), is_truncated: group.is_truncated() }
    }
}

fn with<'e>(mut row: Row<'e>, added: Option<&Added<'e>>) -> Row<'e> {
    let Some(added) = added else { return row };
    row.set_all(added.cells);
    let is_truncated = row.is_truncated() || added.is_truncated;
    row.truncated(is_truncated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::testing::{Lab, stats_plan};

    fn run(text: &str, rows: &[&str]) -> Vec<String> {
        let mut lab = Lab::new(&[]);
        let stats = stats_plan(text, &mut lab);
        let rows = Eventstats { stats }.apply_all(lab.rows(rows), lab.env());
        rows.iter().map(|row| lab.show(row)).collect()
    }

    #[test]
    fn every_row_of_a_group_gets_its_columns() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "dc(ip) AS d; count BY h",
                &["h=a ip=1", "h=b ip=1", "h=a ip=2"],
                &["h=a ip=1 d=2 count=2", "h=b ip=1 d=1 count=1", "h=a ip=2 d=2 count=2"],
            ),
            ("max(v) AS v", &["v=1 k=x", "v=3 k=y"], &["v=3 k=x", "v=3 k=y"]),
            ("count BY h", &["k=1", "h=a"], &["k=1", "h=a count=1"]),
            ("sum(v) AS s", &["s=kept v=x", "k=1"], &["s=kept v=x", "k=1"]),
            ("count BY h", &["h=a|b", "h=b"], &["h=a|b count=1", "h=b count=2"]),
            (
                "values(p*) AS all_p* BY h",
                &["h=a pa=1", "h=a pb=2 pa=0"],
                &["h=a pa=1 all_pa=0|1 all_pb=2", "h=a pb=2 pa=0 all_pa=0|1 all_pb=2"],
            ),
            ("first(v) AS f; last(v) AS l", &["v=b", "v=a"], &["v=b f=b l=a", "v=a f=b l=a"]),
            (
                "allnum; avg(v) AS m BY h",
                &["h=a v=1", "h=a v=x", "h=b v=2"],
                &["h=a v=1", "h=a v=x", "h=b v=2 m=2"],
            ),
            ("count", &[], &[]),
        ];
        for (text, rows, expected) in cases {
            assert_eq!(run(text, rows), *expected, "eventstats {text} over {rows:?}");
        }
    }

    #[test]
    fn columns_of_patterns_are_capped_and_others_are_not() {
        let row: Vec<String> = (0..2 * MAX_COLUMNS).map(|field| format!("f{field}=1")).collect();
        let shown = run("values(f*) AS all_f*; count", &[&row.join(" ")]);
        assert_eq!(shown[0].matches("all_f").count(), MAX_COLUMNS);
        assert!(shown[0].ends_with(" count=1"));
    }

    proptest! {
        /// Counts, for each row, the rows of its group one by one.
        #[test]
        fn groups_are_counted_as_an_eye_would(
            rows in prop::collection::vec((prop::option::of(0_u8..3), 0_u8..4), 0..20)
        ) {
            let text = |&(group, value): &(Option<u8>, u8)| match group {
                Some(group) => format!("g={group} v={value}"),
                None => format!("v={value}"),
            };
            let lines: Vec<String> = rows.iter().map(text).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            for (line, (row, found)) in lines.iter().zip(rows.iter().zip(run("count; sum(v) AS s BY g", &lines))) {
                let same: Vec<_> = rows.iter().filter(|other| other.0 == row.0).collect();
                let sum: u32 = same.iter().map(|other| u32::from(other.1)).sum();
                let expected = match row.0 {
                    Some(_) => format!("{line} count={} s={sum}", same.len()),
                    None => (*line).to_owned(),
                };
                prop_assert_eq!(found, expected);
            }
        }
    }
}

//! `top` and `rare`: the combinations of values that are counted most often, or least.
//!
//! Class: whole window.
//!
//! Decisions where Splunk's manual is silent:
//!
//! - A row that lacks one of the fields is not counted, and in no percentage. Of a multivalue each value counts.
//! - Combinations that are as frequent stand in the order of their values' bytes.
//! - The row of `useother` is there where the limit left something out; it tells of all that was.

use super::stats::Stats;
use crate::{
    expr::number,
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    stage::stats::Output,
    value::Value,
};

/// `top N fields BY fields`.
#[derive(Clone, Debug)]
pub struct Top {
    /// Whether the least frequent come first.
    pub is_rare: bool,
    /// How many of the fields that are counted by are BY fields; they stand first.
    pub groups: usize,
    /// How many combinations of each group at most; `None` is all.
    pub limit: Option<usize>,
    /// `showcount=t`.
    pub shows_count: bool,
    /// `showperc=t`.
    pub shows_percent: bool,
    /// `useother=t`: what stands in the row that tells of all others.
    pub other: Option<Box<[u8]>>,
    /// The name of the percentage.
    pub percent: FieldId,
    /// `stats count BY` the BY fields and the fields.
    pub counts: Stats,
}

impl Top {
    /// The most frequent combinations; groups stand in the order of their BY texts.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let counted = self.counts.apply_all(rows, env);
        // They are sorted by all their fields, so a group's rows are neighbours.
        let groups =
            counted.chunk_by(|left, right| self.group(left, env) == self.group(right, env));
        groups.flat_map(|group| self.of_group(group, env)).collect()
    }

    /// Whether `field` is a BY field and nothing else.
    pub(crate) fn is_group(&self, field: FieldId) -> bool {
        let (groups, fields) = self.counts.by.split_at(self.groups);
        groups.contains(&field)
            && !fields.contains(&field)
            && Some(field) != self.count()
            && field != self.percent
    }

    fn count(&self) -> Option<FieldId> {
        self.counts.aggregates.iter().find_map(|aggregate| match aggregate.output {
            Output::Field(field) => Some(field),
            Output::Pattern(_) => None,
        })
    }

    fn group<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Vec<&'e [u8]> {
        let fields = self.counts.by.iter().take(self.groups);
        fields.filter_map(|&field| row.get(field).text(env.bump)).collect()
    }

    fn of_group<'e>(&self, rows: &[Row<'e>], env: Env<'e>) -> Vec<Row<'e>> {
        let count_of = |row: &Row<'e>| {
            self.count().and_then(|count| row.get(count).number()).unwrap_or_default()
        };
        let mut counted: Vec<(f64, &Row<'e>)> =
            rows.iter().map(|row| (count_of(row), row)).collect();
        let total: f64 = counted.iter().map(|(count, _)| count).sum();
        counted.sort_by(|(left, _), (right, _)| match self.is_rare {
            true => left.total_cmp(right),
            false => right.total_cmp(left),
        });
        let shown = self.limit.unwrap_or(usize::MAX).min(counted.len());
        let (shown, others) = counted.split_at(shown);
        let mut result: Vec<Row<'e>> = shown
            .iter()
            .map(|&(count, row)| self.finished(row.clone(), count, total, env))
            .collect();
        if let (Some(other), Some((_, first))) = (&self.other, others.first()) {
            let count = others.iter().map(|(count, _)| count).sum();
            result.push(self.finished(self.other_row(first, other, env), count, total, env));
        }
        result
    }

    /// A row that tells of `row` and others.
    fn other_row<'e>(&self, row: &Row<'e>, text: &[u8], env: Env<'e>) -> Row<'e> {
        let mut row = row.clone();
        let text = env.bump.alloc_slice_copy(text);
        for &field in self.counts.by.iter().skip(self.groups) {
            row.set(Name::Known(field), Value::Text(text));
        }
        row
    }

    fn finished<'e>(&self, mut row: Row<'e>, count: f64, total: f64, env: Env<'e>) -> Row<'e> {
        if let Some(field) = self.count() {
            let value = if self.shows_count { Value::Number(count) } else { Value::Null };
            row.set(Name::Known(field), value);
        }
        if self.shows_percent {
            let percent = format!("{:.6}", count / total * 100.0);
            let percent = env.bump.alloc_slice_copy(percent.as_bytes());
            debug_assert!(number::parse(percent).is_some(), "counts are above zero");
            row.set(Name::Known(self.percent), Value::Text(percent));
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::{Lab, stats_plan};

    fn run(top: impl FnOnce(&mut Lab) -> Top, rows: &str) -> Vec<String> {
        let mut lab = Lab::new(&[]);
        let top = top(&mut lab);
        let rows: Vec<_> = rows.split(", ").collect();
        let rows = top.apply_all(lab.rows(&rows), lab.env());
        rows.iter().map(|row| lab.show(row)).collect()
    }

    fn top(fields: &str, groups: usize, limit: usize, lab: &mut Lab) -> Top {
        Top {
            is_rare: false,
            groups,
            limit: Some(limit),
            shows_count: true,
            shows_percent: true,
            other: None,
            percent: lab.names.intern("percent"),
            counts: stats_plan(&format!("count BY {fields}"), lab),
        }
    }

    const ROWS: &str = "h=b, h=a, h=c, h=a, h=b, h=a, x=1";

    #[test]
    fn the_most_frequent_come_first() {
        assert_eq!(
            run(|lab| top("h", 0, 10, lab), ROWS),
            [
                "h=a count=3 percent=50.000000",
                "h=b count=2 percent=33.333333",
                "h=c count=1 percent=16.666667"
            ]
        );
        let other = |lab: &mut Lab| Top { other: Some((*b"OTHER").into()), ..top("h", 0, 1, lab) };
        assert_eq!(
            run(other, ROWS),
            ["h=a count=3 percent=50.000000", "h=OTHER count=3 percent=50.000000"]
        );
        let rare = |lab: &mut Lab| Top { is_rare: true, ..top("h", 0, 2, lab) };
        assert_eq!(
            run(rare, ROWS),
            ["h=c count=1 percent=16.666667", "h=b count=2 percent=33.333333"]
        );
    }

    #[test]
    fn each_group_has_its_own() {
        const PAIRS: &str = "g=1 h=a, g=1 h=b, g=1 h=b, g=2 h=a, g=2 h=c, h=d";
        assert_eq!(
            run(|lab| top("g h", 1, 1, lab), PAIRS),
            ["g=1 h=b count=2 percent=66.666667", "g=2 h=a count=1 percent=50.000000"]
        );
        let bare = |lab: &mut Lab| Top {
            shows_count: false,
            shows_percent: false,
            ..top("g h", 0, 1, lab)
        };
        assert_eq!(run(bare, PAIRS), ["g=1 h=b"]);
    }
}

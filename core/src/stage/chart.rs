//! `chart` and `timechart`: `stats` as a table, one field down its side and another along its top.
//!
//! Class: whole window.
//!
//! Decisions where Splunk's manual is silent, or speaks of a search's range of time, which a window of events does not have:
//!
//! - The buckets of `timechart` run from the first event to the last; empty ones between them are rows, too, unless they would be more
//!   than [`MAX_BUCKETS`]. Without `span` a bucket is the shortest of the usual lengths that gives at most `bins` of them.
//! - Of the columns `limit` are kept, those of the greatest sums, or of the greatest `agg` of what they show; with several aggregates,
//!   named `aggregate: value`, those of the most rows. `where` keeps others by what the columns of the first aggregate show.
//!   What the rest would show is aggregated anew as `OTHER`. The column of nulls is always kept.
//! - An aggregate `eval(...)` computes with other aggregates of the same group, which show no columns of their own.
//! - `per_hour` and its like are sums, told for that time by the length of their bucket.
//! - Columns stand in the order of their names' bytes, `OTHER` and `NULL` last; rows in the order of their numbers, then of their texts.
//! - `count` and `dc` are 0 where a row has nothing in a column, unless the table has more than [`MAX_ZEROS`] cells.

use std::cmp::Ordering;

use bumpalo::collections::Vec as BumpVec;
use hashbrown::HashMap;

use super::{bin::Bin, fit::Fit, stats::Stats};
use crate::{
    agg::{KeyHasher, encode_key},
    event::time,
    expr::{Expr, Scope, number},
    ids::FieldId,
    names::{Name, Names},
    row::{Cell, Env, Fields, Rank, Row},
    value::Value,
};

/// How many buckets `timechart` shows, if some of them are empty.
pub const MAX_BUCKETS: usize = 50_000;

/// How many cells a table has at most if nothing in them is shown as zero.
pub const MAX_ZEROS: usize = 10_000_000;

/// `chart aggregates OVER row BY column`.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What the rows stand for; none is a table of one row.
    pub row: Option<FieldId>,
    /// What the columns stand for; none are the aggregates themselves.
    pub column: Option<FieldId>,
    /// How the values of the rows are put together.
    pub buckets: Buckets,
    /// Which columns are kept; `None` is all.
    pub series: Option<Series>,
    /// The name of the column of all others; `None` leaves them out.
    pub other: Option<Box<[u8]>>,
    /// The name of the column of rows that lack the field; `None` leaves them out.
    pub null: Option<Box<[u8]>>,
    /// What the name of a column is made of where there are several aggregates.
    pub naming: Box<[Piece]>,
    /// Whether empty buckets of time are rows, too.
    pub is_continuous: bool,
    /// Which sums are told for a length of time, and not for their bucket.
    pub rates: Box<[Rate]>,
    /// What is shown of each group.
    pub shown: Box<[Shown]>,
    /// `stats aggregates BY` the row and the column.
    pub stats: Stats,
}

/// An aggregate, or what is computed of some.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub field: FieldId,
    /// What it is computed of; `None` where `stats` gives it.
    pub expr: Option<Expr>,
    /// Whether it is 0 where there is nothing.
    pub counts_nothing_as_zero: bool,
}

/// A piece of the name of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Text(Box<[u8]>),
    /// The name of the aggregate.
    Aggregate,
    /// The value that the column stands for.
    Value,
}

/// Which columns are kept.
#[derive(Clone, Debug)]
pub struct Series {
    /// `stats function(..) BY` the column: of each column the number that decides.
    pub scores: Stats,
    /// The field of that number.
    pub score: FieldId,
    /// Whether it is computed of what the columns show, and not of the rows.
    pub is_of_groups: bool,
    /// Which numbers keep a column.
    pub kept: Kept,
}

/// Which numbers keep a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kept {
    /// So many of the greatest.
    Greatest(usize),
    /// So many of the least.
    Least(usize),
    /// All but so many of the greatest.
    NotGreatest(usize),
    /// All but so many of the least.
    NotLeast(usize),
    /// Those above a number.
    Above(f64),
    /// Those below a number.
    Below(f64),
}

/// `per_hour` and its like: a sum, as if it had gone on so for that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The output of the sum.
    pub field: FieldId,
    /// The length of time, in nanoseconds.
    pub unit_ns: i64,
}

/// How the values of the rows are put together.
#[derive(Clone, Debug, PartialEq)]
pub enum Buckets {
    /// Each stands for itself.
    None,
    /// In buckets of that width.
    Bin(Bin),
    /// In buckets that fit all of them.
    Fit(Fit),
}

impl Chart {
    /// The table of `rows`.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let bin = self.bin(&rows, env);
        let mut rows: Vec<Row<'e>> = rows
            .into_iter()
            .map(|mut row| {
                if let Some(bin) = &bin {
                    bin.apply(&mut row, env);
                }
                self.name_null(&mut row, env);
                row
            })
            .collect();
        self.bound_columns(&mut rows, bin.as_ref(), env);
        let groups = self.groups(rows, bin.as_ref(), env);
        match self.row {
            Some(row) => self.table(row, &groups, bin.as_ref(), env),
            None => groups.into_iter().map(|group| self.only_shown(group, env)).collect(),
        }
    }

    /// What the aggregates say of each group.
    fn groups<'e>(&self, rows: Vec<Row<'e>>, bin: Option<&Bin>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut groups = self.stats.apply_all(rows, env);
        self.tell_rates(&mut groups, bin, env);
        for group in &mut groups {
            for Shown { field, expr, .. } in &self.shown {
                if let Some(expr) = expr {
                    let value = match expr.value(&Scope { fields: group, env }) {
                        Value::Bool(_) => Value::Null,
                        value => value,
                    };
                    group.set(Name::Known(*field), value);
                }
            }
        }
        groups
    }

    /// A group that is a row of its own.
    fn only_shown<'e>(&self, mut group: Row<'e>, env: Env<'e>) -> Row<'e> {
        let mut cells = BumpVec::new_in(env.bump);
        let shown = self.shown.iter().map(|shown| Name::Known(shown.field));
        cells.extend(shown.map(|name| Cell { name, value: group.get_name(name) }));
        cells.retain(|cell| !cell.value.is_null());
        group.replace(cells);
        group
    }

    /// Tells sums for a length of time.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a bucket is far shorter than 2^52 ns by its span"
    )]
    fn tell_rates<'e>(&self, groups: &mut [Row<'e>], bin: Option<&Bin>, env: Env<'e>) {
        let Some(bin) = bin.filter(|_| !self.rates.is_empty()) else { return };
        for group in groups {
            let start_ns = time::of_value(group.get(Names::TIME), env.bump);
            let Some((start_ns, end_ns)) = start_ns.and_then(|at| bin.bucket_ns(at, env)) else {
                continue;
            };
            for Rate { field, unit_ns } in &self.rates {
                if let Some(sum) = group.get(*field).number() {
                    let rate = sum * *unit_ns as f64 / (end_ns - start_ns) as f64;
                    group.set(Name::Known(*field), Value::Number(rate));
                }
            }
        }
    }

    /// The width of the rows' buckets.
    fn bin<'e>(&self, rows: &[Row<'e>], env: Env<'e>) -> Option<Bin> {
        match &self.buckets {
            Buckets::None => None,
            Buckets::Bin(bin) => Some(bin.clone()),
            Buckets::Fit(fit) => Some(fit.bin(rows, env)),
        }
    }

    fn name_null<'e>(&self, row: &mut Row<'e>, env: Env<'e>) {
        let (Some(column), Some(null)) = (self.column, &self.null) else { return };
        if row.get(column).is_null() {
            row.set(Name::Known(column), Value::Text(env.bump.alloc_slice_copy(null)));
        }
    }

    /// Leaves the columns that are kept, and makes others of all others.
    fn bound_columns<'e>(&self, rows: &mut Vec<Row<'e>>, bin: Option<&Bin>, env: Env<'e>) {
        let (Some(column), Some(series)) = (self.column, &self.series) else { return };
        let scored = match series.is_of_groups {
            true => self.groups(rows.clone(), bin, env),
            false => rows.clone(),
        };
        let mut scores: Vec<(&'e [u8], f64)> = series
            .scores
            .apply_all(scored, env)
            .iter()
            .filter_map(|row| {
                let name = row.get(column).text(env.bump)?;
                let score = row.get(series.score).number().unwrap_or_default();
                (Some(name) != self.null.as_deref()).then_some((name, score))
            })
            .collect();
        let all = scores.len();
        series.kept.choose(&mut scores);
        if scores.len() == all {
            return;
        }
        let mut kept: Vec<&[u8]> = scores.into_iter().map(|(name, _)| name).collect();
        kept.extend(self.null.as_deref().map(|null| &*env.bump.alloc_slice_copy(null)));
        kept.sort_unstable();
        rows.retain_mut(|row| self.keep_columns(row, column, &kept, env));
    }

    /// Whether anything of the row is left.
    fn keep_columns<'e>(
        &self,
        row: &mut Row<'e>,
        column: FieldId,
        kept: &[&[u8]],
        env: Env<'e>,
    ) -> bool {
        let texts = row.get(column).texts(env.bump);
        let is_kept = |text: &&[u8]| kept.binary_search(text).is_ok();
        if texts.iter().all(is_kept) {
            return true;
        }
        let other = self.other.as_ref().map(|other| &*env.bump.alloc_slice_copy(other));
        let mut named = BumpVec::new_in(env.bump);
        named.extend(
            texts.iter().filter_map(|text| if is_kept(text) { Some(*text) } else { other }),
        );
        let value = Value::from_list(named.into_bump_slice());
        row.set(Name::Known(column), value);
        !value.is_null()
    }

    /// The groups of each row as one row.
    fn table<'e>(
        &self,
        field: FieldId,
        groups: &[Row<'e>],
        bin: Option<&Bin>,
        env: Env<'e>,
    ) -> Vec<Row<'e>> {
        let columns = self.columns(groups, env);
        let mut sides = sides(field, groups, env);
        if let Some(bin) = bin.filter(|_| self.is_continuous) {
            sides = with_empty_buckets(sides, bin, env);
        }
        let shows_zeros = columns.len().saturating_mul(sides.len()) <= MAX_ZEROS;
        let rows = sides.into_iter().map(|side| {
            let mut cells: HashMap<&[u8], Value<'e>, KeyHasher> = HashMap::default();
            side.groups.iter().for_each(|group| self.read_cells(group, &mut cells, env));
            let mut row = empty_row(field, side.text, env);
            for column in &columns {
                let nothing = if shows_zeros { column.nothing } else { Value::Null };
                let value = cells.get(column.name).copied().unwrap_or(nothing);
                if !value.is_null() {
                    row.push(env.names.name(column.name), value);
                }
            }
            row.truncated(side.groups.iter().any(Row::is_truncated))
        });
        rows.collect()
    }

    /// All columns, in their order.
    fn columns<'e>(&self, groups: &[Row<'e>], env: Env<'e>) -> Vec<Column<'e>> {
        let mut columns = Vec::new();
        for (number, shown) in self.shown.iter().enumerate() {
            let is_counted = shown.counts_nothing_as_zero;
            let nothing = if is_counted { Value::Number(0.0) } else { Value::Null };
            let Some(field) = self.column else {
                let name = env.names.text(shown.field).as_bytes();
                columns.push(Column { name, nothing, order: (number, 0, name) });
                continue;
            };
            let texts = groups.iter().filter_map(|group| group.get(field).text(env.bump));
            columns.extend(texts.map(|text| Column {
                name: self.column_name(shown.field, text, env),
                nothing,
                order: (number, self.rank(text), text),
            }));
        }
        columns.sort_by_key(|column| column.order);
        columns.dedup_by_key(|column| column.order);
        columns
    }

    /// Whether a column stands before, at or behind that of the others.
    fn rank(&self, text: &[u8]) -> u8 {
        match text {
            text if Some(text) == self.null.as_deref() => 2,
            text if Some(text) == self.other.as_deref() => 1,
            _ => 0,
        }
    }

    fn column_name<'e>(&self, output: FieldId, text: &'e [u8], env: Env<'e>) -> &'e [u8] {
        if let [_] = self.shown.as_ref() {
            return text;
        }
        let mut name = BumpVec::new_in(env.bump);
        for piece in &self.naming {
            name.extend_from_slice_copy(match piece {
                Piece::Text(text) => text,
                Piece::Aggregate => env.names.text(output).as_bytes(),
                Piece::Value => text,
            });
        }
        name.into_bump_slice()
    }

    /// What a group puts into its row.
    fn read_cells<'e>(
        &self,
        group: &Row<'e>,
        cells: &mut HashMap<&'e [u8], Value<'e>, KeyHasher>,
        env: Env<'e>,
    ) {
        for output in self.shown.iter().map(|shown| shown.field) {
            let name = match self.column.map(|column| group.get(column).text(env.bump)) {
                None => env.names.text(output).as_bytes(),
                Some(text) => self.column_name(output, text.unwrap_or_default(), env),
            };
            let value = group.get(output);
            if !value.is_null() {
                cells.insert(name, value);
            }
        }
    }
}

impl Kept {
    /// Leaves the names whose numbers keep them; of equal ones the first by their bytes.
    fn choose(self, scores: &mut Vec<(&[u8], f64)>) {
        scores.sort_unstable_by(|(left, left_score), (right, right_score)| {
            let by_score = match self {
                Self::Least(_) | Self::NotLeast(_) => left_score.total_cmp(right_score),
                _ => right_score.total_cmp(left_score),
            };
            by_score.then(left.cmp(right))
        });
        match self {
            Self::Greatest(most) | Self::Least(most) => scores.truncate(most),
            Self::NotGreatest(most) | Self::NotLeast(most) => {
                scores.drain(..most.min(scores.len()));
            }
            Self::Above(bound) => scores.retain(|(_, score)| *score > bound),
            Self::Below(bound) => scores.retain(|(_, score)| *score < bound),
        }
    }
}

/// One column.
struct Column<'e> {
    name: &'e [u8],
    /// What it shows where nothing is.
    nothing: Value<'e>,
    /// By aggregate; the others and nulls last; by value.
    order: (usize, u8, &'e [u8]),
}

/// One row, and the groups that go into it.
struct Side<'g, 'e> {
    text: &'e [u8],
    groups: &'g [Row<'e>],
}

/// The groups by their row. They are sorted by it first, so those of a row are neighbours.
fn sides<'g, 'e>(field: FieldId, groups: &'g [Row<'e>], env: Env<'e>) -> Vec<Side<'g, 'e>> {
    let text_of = |row: &Row<'e>| row.get(field).text(env.bump).unwrap_or_default();
    let chunks = groups.chunk_by(|left, right| text_of(left) == text_of(right));
    let mut sides: Vec<_> =
        chunks.map(|groups| Side { text: text_of(&groups[0]), groups }).collect();
    sides.sort_by(|left, right| compare(left.text, right.text));
    sides
}

/// Numbers and ranges of numbers by where they begin, then texts by their bytes.
fn compare(left: &[u8], right: &[u8]) -> Ordering {
    match (beginning(left), beginning(right)) {
        (Some(left_number), Some(right_number)) => {
            left_number.total_cmp(&right_number).then(left.cmp(right))
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// The number that a text is, or the first of a range such as `10-20`.
fn beginning(text: &[u8]) -> Option<f64> {
    number::parse(text).or_else(|| {
        let dash = 1 + memchr::memchr(b'-', text.get(1..)?)?;
        number::parse(&text[dash + 1..])?;
        number::parse(&text[..dash])
    })
}

/// The same with the buckets between them that nothing fell into, unless they are too many.
fn with_empty_buckets<'g, 'e>(
    sides: Vec<Side<'g, 'e>>,
    bin: &Bin,
    env: Env<'e>,
) -> Vec<Side<'g, 'e>> {
    let start_of = |side: &Side<'_, '_>| time::of_value(Value::Text(side.text), env.bump);
    let Some((first, last)) = sides.first().and_then(start_of).zip(sides.last().and_then(start_of))
    else {
        return sides;
    };
    let next = |start: &i64| bin.bucket_ns(*start, env).map(|(_, end)| end);
    let starts = std::iter::successors(Some(first), next).take_while(|&start| start <= last);
    let starts: Vec<i64> = starts.take(MAX_BUCKETS + 1).collect();
    if starts.len() > MAX_BUCKETS {
        return sides;
    }
    let mut present = sides.into_iter().peekable();
    let mut all = Vec::with_capacity(starts.len());
    for start in starts {
        let mut is_empty = true;
        while let Some(side) = present.next_if(|side| start_of(side).is_none_or(|at| at <= start)) {
            is_empty = false;
            all.push(side);
        }
        if is_empty {
            let text = number::print(time::seconds(start), env.bump);
            all.push(Side { text, groups: &[] });
        }
    }
    all.extend(present);
    all
}

fn empty_row<'e>(field: FieldId, text: &'e [u8], env: Env<'e>) -> Row<'e> {
    let mut key = BumpVec::new_in(env.bump);
    encode_key(text, &mut key);
    let mut row = Row::empty(env.bump, Rank::default()).of_group(key.into_bump_slice());
    let time_s = if field == Names::TIME { number::parse(text) } else { None };
    row.push(Name::Known(field), time_s.map_or(Value::Text(text), Value::Number));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::run_all;

    #[test]
    fn one_field_goes_down_and_another_along_the_top() {
        let rows = ["h=a u=x v=1", "h=b u=y v=2", "h=a u=y v=3", "h=10 v=5", "u=x v=9"];
        for (spl, expected) in [
            ("chart count BY h", "h=10 count=1 / h=a count=2 / h=b count=1"),
            ("chart count BY h u", "h=10 x=0 y=0 NULL=1 / h=a x=1 y=1 NULL=0 / h=b x=0 y=1 NULL=0"),
            (
                "chart usenull=f sum(v) AS s count BY h u",
                "h=a s: x=1 s: y=3 count: x=1 count: y=1 / h=b s: y=2 count: x=0 count: y=1",
            ),
            (
                "chart usenull=f format=\"$VAL$ by $AGG$\" sum(v) AS s count BY h u",
                "h=a x by s=1 y by s=3 x by count=1 y by count=1 / h=b y by s=2 x by count=0 y by count=1",
            ),
            ("chart count", "count=5"),
        ] {
            assert_eq!(run_all(spl, &rows), expected, "{spl}");
        }
    }

    #[test]
    fn a_sum_is_told_for_a_length_of_time() {
        let rows = ["_time=0 v=6 u=x", "_time=59 v=4 u=y", "_time=120 v=20 u=x"];
        for (spl, expected) in [
            (
                "timechart span=1m per_second(v) AS a, per_minute(v) AS b, sum(v) AS c",
                "_time=0 a=0.16666666666666666 b=10 c=10 / _time=60 / _time=120 a=0.3333333333333333 b=20 c=20",
            ),
            ("timechart span=2m per_hour(v) BY u", "_time=0 x=180 y=120 / _time=120 x=600"),
            ("timechart span=1d per_day(v)", "_time=0 per_day(v)=30"),
        ] {
            assert_eq!(run_all(spl, &rows), expected, "{spl}");
        }
    }

    #[test]
    fn an_eval_computes_with_aggregates() {
        let rows = ["h=a v=6 w=2", "h=a v=4 w=5", "h=b v=20"];
        for (spl, expected) in [
            ("chart eval(avg(v)/max(w)) AS r BY h", "h=a r=1 / h=b"),
            (
                "chart eval(round(avg(v), 1)) AS r, count BY h",
                "h=a r=5.0 count=2 / h=b r=20.0 count=1",
            ),
            ("chart eval(count(eval(v>5)) * 2) AS r BY h", "h=a r=2 / h=b r=2"),
            ("chart eval(sum(v) + sum(w)) AS r", "r=37"),
            ("chart limit=1 eval(max(v)) AS r OVER h BY w", "h=a 2=6 OTHER=4 / h=b NULL=20"),
        ] {
            assert_eq!(run_all(spl, &rows), expected, "{spl}");
        }
    }

    #[test]
    fn some_columns_stay_and_the_others_are_one() {
        let rows = [
            "h=a u=x v=9",
            "h=a u=y v=5",
            "h=b u=z v=1",
            "h=b u=w v=3",
            "h=b u=x v=1",
            "h=b u=z v=1",
        ];
        for (spl, expected) in [
            ("chart limit=2 avg(v) OVER h BY u", "h=a x=9 y=5 / h=b x=1 OTHER=1.6666666666666667"),
            ("chart limit=top1 sum(v) OVER h BY u", "h=a x=9 OTHER=5 / h=b x=1 OTHER=5"),
            ("chart limit=bottom2 sum(v) OVER h BY u", "h=a OTHER=14 / h=b w=3 z=2 OTHER=1"),
            ("chart limit=2 agg=min sum(v) OVER h BY u", "h=a y=5 OTHER=9 / h=b w=3 OTHER=3"),
            ("chart limit=2 useother=f sum(v) OVER h BY u", "h=a x=9 y=5 / h=b x=1"),
            ("chart limit=0 sum(v) OVER h BY u", "h=a x=9 y=5 / h=b w=3 x=1 z=2"),
            ("chart useother=f sum(v) OVER h BY u where max in top1", "h=a x=9 / h=b x=1"),
            ("chart useother=f sum(v) OVER h BY u where max in bottom2", "h=b w=3 z=2"),
            ("chart useother=f sum(v) OVER h BY u where sum notin top2", "h=b w=3 z=2"),
            (
                "chart useother=f sum(v) OVER h BY u where avg notin bottom2",
                "h=a x=9 y=5 / h=b x=1",
            ),
            ("chart useother=f sum(v) OVER h BY u where sum > 4", "h=a x=9 y=5 / h=b x=1"),
            ("chart sum(v) OVER h BY u where sum<4", "h=a OTHER=14 / h=b w=3 z=2 OTHER=1"),
            (
                "chart limit=1 useother=f count, max(v) AS m OVER h BY u",
                "h=a count: x=1 m: x=9 / h=b count: x=1 m: x=1",
            ),
        ] {
            assert_eq!(run_all(spl, &rows), expected, "{spl}");
        }
    }

    #[test]
    fn buckets_of_time_are_rows_also_where_nothing_is() {
        let rows = ["_time=10.5 u=x", "_time=14 u=y", "_time=11 u=x"];
        for (spl, rows, expected) in [
            (
                "timechart span=2s count",
                &rows[..],
                "_time=10 count=2 / _time=12 count=0 / _time=14 count=1",
            ),
            (
                "timechart span=2s aligntime=1 count",
                &rows[..],
                "_time=9 count=1 / _time=11 count=1 / _time=13 count=1",
            ),
            (
                "timechart count, sum(v)",
                &rows[1..],
                "_time=11 count=1 / _time=12 count=0 / _time=13 count=0 / _time=14 count=1",
            ),
            (
                "timechart count BY u",
                &rows[1..],
                "_time=11 x=1 y=0 / _time=12 x=0 y=0 / _time=13 x=0 y=0 / _time=14 x=0 y=1",
            ),
            ("timechart minspan=3s count", &rows[..], "_time=10 count=3"),
            ("timechart cont=f count", &rows[1..], "_time=11 count=1 / _time=14 count=1"),
            (
                "chart span=2s count BY _time",
                &rows[..],
                "_time=10 count=2 / _time=12 count=0 / _time=14 count=1",
            ),
            (
                "chart span=2s cont=f count BY _time",
                &rows[..],
                "_time=10 count=2 / _time=14 count=1",
            ),
            ("timechart count", &[], ""),
        ] {
            assert_eq!(run_all(spl, rows), expected, "{spl}");
        }
    }

    #[test]
    fn far_times_do_not_make_endless_buckets() {
        let rows = ["_time=0", "_time=4000000000"];
        assert_eq!(
            run_all("timechart span=1s count", &rows),
            "_time=0 count=1 / _time=4000000000 count=1"
        );
    }

    #[test]
    fn numbers_fall_into_buckets_that_fit() {
        let rows = ["n=1", "n=15", "n=99"];
        for (spl, expected) in [
            ("chart bins=10 count BY n", "n=0-10 count=1 / n=10-20 count=1 / n=90-100 count=1"),
            ("chart bins=10 end=1000 count BY n", "n=0-100 count=3"),
            ("chart span=50 count BY n", "n=0-50 count=2 / n=50-100 count=1"),
        ] {
            assert_eq!(run_all(spl, &rows), expected, "{spl}");
        }
    }

    #[test]
    fn rows_stand_in_the_order_of_their_numbers() {
        let mut texts: [&[u8]; 7] = [b"b", b"100", b"20-30", b"-5", b"-10--5", b"3", b"a-b"];
        texts.sort_by(|left, right| compare(left, right));
        assert_eq!(texts, [&b"-10--5"[..], b"-5", b"3", b"20-30", b"100", b"a-b", b"b"]);
    }
}

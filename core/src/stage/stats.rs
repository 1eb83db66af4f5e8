//! `stats`: rows to groups, groups to rows.
//!
//! The same plan serves as the reducing stage of a window, where rows come one at a time and die with their event, and as a
//! later `stats` over the rows of a finished window. Rows come out in the order of their BY texts, whatever order the input
//! had.
//!
//! Decisions where Splunk's manual is silent or was measured to differ:
//!
//! - Without BY there is one row, or none if no aggregate has a result; `count` and `dc` always have one.
//! - Columns stand as written: the BY fields, then the aggregates; a pattern becomes its columns in the order of their names'
//!   bytes. A BY field or a literal output wins over a pattern's output of the same name, an earlier pattern over a later.
//! - A pattern's aggregate exists in a group only where the group has the field. Unlike Splunk, `count(p*)` is therefore
//!   absent, not zero, in a group without it.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::FieldPattern;
use crate::{
    agg::{
        Accumulator, AggregateFunction, Distinct, Group, Groups, KeyHasher, Partial, Sample, Store,
        decode_key, encode_key, is_key_of,
    },
    codec::{Malformed, Reader},
    expr::{
        glob::Glob,
        program::{Expr, Scope},
    },
    ids::{FieldId, GroupId},
    names::{Name, Names},
    row::{Cell, Env, Rank, Row},
    value::Value,
};

/// Multivalue BY fields put a row into every combination of their values. A single field may have any number of them, but of
/// the combinations of several, of which a hostile event could make billions, this many are taken.
const MAX_COMBINATIONS: usize = 1_000;

/// `stats aggregates BY fields`.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The BY fields. A row that lacks one is in no group.
    pub by: Box<[FieldId]>,
    /// The aggregates as written.
    pub aggregates: Box<[Aggregate]>,
    /// `allnum=t`: a function of numbers has no result in a group where any of its values is none.
    pub all_numeric: bool,
    /// `dedup_splitvals=t`: a value that a multivalue BY field holds twice counts once.
    pub distinct_splits: bool,
}

/// `function(input) AS output`.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// What is computed.
    pub function: AggregateFunction,
    /// Of what.
    pub input: Input,
    /// Under which name. A pattern if and only if the input is one.
    pub output: Output,
}

/// What an aggregate reads of each row.
#[derive(Clone, Debug)]
pub enum Input {
    /// That it is there: `count`.
    None,
    /// A field.
    Field(FieldId),
    /// Every field that matches, but for BY fields.
    Pattern(FieldPattern),
    /// `eval(...)`.
    Expr(Expr),
}

/// The name of a column.
#[derive(Clone, Debug)]
pub enum Output {
    /// A literal name.
    Field(FieldId),
    /// A name whose `*` are those of the input.
    Pattern(Glob),
}

impl Stats {
    /// Takes a row into its groups, and tells which. What is kept of it is copied, so the row may die.
    pub fn update<'e>(
        &self,
        groups: &mut Groups<'_>,
        row: &Row<'e>,
        env: Env<'e>,
    ) -> &'e [GroupId] {
        self.update_at(row.rank(), groups, row, env)
    }

    /// Takes in what `other`, groups of this same plan, has seen.
    pub fn merge(&self, groups: &mut Groups<'_>, other: &Groups<'_>) {
        groups.count_cut_rows(other.cut_rows());
        other.sorted().into_iter().for_each(|id| self.merge_group(groups, other.group(id)));
    }

    /// Takes in what one group of this same plan has seen.
    pub fn merge_group(&self, groups: &mut Groups<'_>, from: &Group<'_>) {
        let store = groups.store();
        let id = groups.find_or_insert(from.key(), |store| self.partials(store));
        let into = groups.group_mut(id);
        into.hear(from.newest_first_ns());
        into.hear_truncated(from.is_truncated());
        let pairs = into.partials.iter_mut().zip(&from.partials);
        for ((into, from), aggregate) in pairs.zip(&self.aggregates) {
            self.merge_partial(into, from, aggregate.function, store);
        }
    }

    /// Puts into `groups`, which are none yet, what groups of this same plan wrote.
    ///
    /// # Errors
    /// If none can have written the bytes.
    pub fn restore(
        &self,
        groups: &mut Groups<'_>,
        bytes: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        let store = groups.store();
        groups.restore(bytes, |key, bytes| {
            if !is_key_of(key, self.by.len()) {
                return Err(Malformed::new("a key is not one of its BY fields"));
            }
            let mut partials = BumpVec::with_capacity_in(self.aggregates.len(), store.bump);
            for aggregate in &self.aggregates {
                partials.push(self.restored_partial(aggregate, bytes, store)?);
            }
            Ok(partials)
        })
    }

    /// The result so far, in the order of the groups' keys. Nothing is changed: more rows may
    /// follow, and `finish` again.
    #[must_use]
    pub fn finish<'s>(&self, groups: &'s Groups<'s>, env: Env<'s>) -> Vec<Row<'s>> {
        if self.by.is_empty() && groups.is_empty() {
            let nothing = env.bump.alloc(Groups::new_in(env.bump, &KeyHasher::fixed()));
            nothing.find_or_insert(b"", |store| self.partials(store));
            return self.finish(nothing, env);
        }
        let ids = groups.sorted().into_iter().zip(0..);
        ids.filter_map(|(id, offset)| {
            let rank = Rank { offset, ..Rank::default() };
            self.finish_group(groups, id, rank, env)
        })
        .collect()
    }

    /// The row of one group, to stand at `rank`. `None` where there is no BY and no aggregate has a result.
    #[must_use]
    pub fn finish_group<'s>(
        &self,
        groups: &'s Groups<'s>,
        id: GroupId,
        rank: Rank,
        env: Env<'s>,
    ) -> Option<Row<'s>> {
        let group = groups.group(id);
        let rank = Rank { newest_first_ns: group.newest_first_ns(), ..rank };
        let mut cells = BumpVec::new_in(env.bump);
        self.add_by_columns(&mut cells, group.key(), env);
        self.add_columns(&mut cells, group, usize::MAX, env);
        if cells.is_empty() && self.by.is_empty() {
            return None;
        }
        let mut row = Row::empty(env.bump, rank);
        row.replace(cells);
        Some(row.of_group(group.key()).truncated(group.is_truncated()))
    }

    /// Adds the columns of a group's aggregates, at most `limit` of patterns; of two that have the same name the first stays.
    pub(super) fn add_columns<'s>(
        &self,
        cells: &mut BumpVec<'s, Cell<'s>>,
        group: &'s Group<'s>,
        limit: usize,
        env: Env<'s>,
    ) {
        let mut expanded = self.expand(&group.partials, env);
        expanded.truncate(limit);
        for (index, (aggregate, partial)) in self.aggregates.iter().zip(&group.partials).enumerate()
        {
            match (&aggregate.output, partial) {
                (Output::Field(field), Partial::Single(accumulator)) => {
                    add_column(cells, *field, accumulator.finish(env.bump));
                }
                _ => cells.extend(cells_of(&expanded, index)),
            }
        }
    }

    /// Whether some column of its aggregates could have that name. Of a pattern that is not known before it meets a row, but
    /// it never gives a BY field.
    pub(crate) fn adds(&self, field: FieldId) -> bool {
        self.aggregates.iter().any(|aggregate| match &aggregate.output {
            Output::Field(output) => *output == field,
            Output::Pattern(_) => !self.by.contains(&field),
        })
    }

    /// The result over the rows of a finished window; they stand in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut groups = Groups::new_in(env.bump, &KeyHasher::default());
        for (row, offset) in rows.iter().zip(0..) {
            // Commands such as `sort` moved the rows: where they stand now is what counts.
            self.update_at(Rank { offset, ..Rank::default() }, &mut groups, row, env);
        }
        let groups: &'e Groups<'e> = env.bump.alloc(groups);
        self.finish(groups, env)
    }

    pub(super) fn update_at<'e>(
        &self,
        rank: Rank,
        groups: &mut Groups<'_>,
        row: &Row<'e>,
        env: Env<'e>,
    ) -> &'e [GroupId] {
        let ids = self.groups_of(groups, row, env);
        if ids.is_empty() {
            return ids;
        }
        for &id in ids {
            groups.group_mut(id).hear(rank.newest_first_ns);
            groups.group_mut(id).hear_truncated(row.is_truncated());
        }
        self.take_in(ids, rank, &self.inputs(row, env), groups, env.names, env.bump);
        ids
    }

    /// What the aggregates read of a row.
    pub(super) fn inputs<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Inputs<'e> {
        let mut values = BumpVec::with_capacity_in(self.aggregates.len(), env.bump);
        values.extend(self.aggregates.iter().map(|aggregate| aggregate.input.value(row, env)));
        let mut fields = BumpVec::new_in(env.bump);
        if self.aggregates.iter().any(|aggregate| matches!(aggregate.input, Input::Pattern(_))) {
            row.visit(|name, value| fields.push((name, value)));
        }
        Inputs {
            values: values.into_bump_slice(),
            fields: fields.into_bump_slice(),
            time_s: self.time_of(row),
        }
    }

    /// Takes what a row gives into some groups.
    pub(super) fn take_in<'e>(
        &self,
        ids: &[GroupId],
        rank: Rank,
        inputs: &Inputs<'e>,
        groups: &mut Groups<'_>,
        names: &'e Names,
        scratch: &'e Bump,
    ) {
        let origin = Origin { ids, rank, time_s: inputs.time_s, scratch };
        for (index, &value) in inputs.values.iter().enumerate() {
            origin.each_sample(value, groups, |group, sample, store| {
                if let Partial::Single(accumulator) = &mut group.partials[index] {
                    accumulator.update(sample, store);
                }
            });
        }
        for &(name, value) in inputs.fields {
            self.update_patterns(&origin, groups, name, value, names);
        }
    }

    /// The group of that key, made if it is new.
    pub(super) fn open(&self, groups: &mut Groups<'_>, key: &[u8]) -> GroupId {
        groups.find_or_insert(key, |store| self.partials(store))
    }

    /// The key of the first group of a row; `None` if it lacks a BY field.
    pub(super) fn first_key<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Option<&'e [u8]> {
        let mut key = BumpVec::new_in(env.bump);
        for &field in &self.by {
            encode_key(by_value(row, field).texts(env.bump).first()?, &mut key);
        }
        Some(key.into_bump_slice())
    }

    /// Takes one field into every aggregate whose pattern selects it.
    fn update_patterns<'e>(
        &self,
        origin: &Origin<'_, 'e>,
        groups: &mut Groups<'_>,
        name: Name<'e>,
        value: Value<'e>,
        names: &'e Names,
    ) {
        if self.by.iter().any(|&field| name == Name::Known(field)) {
            return;
        }
        let name = names.bytes(name);
        for (index, Aggregate { function, input, .. }) in self.aggregates.iter().enumerate() {
            if !matches!(input, Input::Pattern(pattern) if pattern.is_match(name)) {
                continue;
            }
            origin.each_sample(value, groups, |group, sample, store| {
                if let Partial::PerField(fields) = &mut group.partials[index] {
                    let make = || self.accumulator(*function, store);
                    fields.entry(name, store, make).update(sample, store);
                }
            });
        }
    }

    /// The groups of a row, made if they are new: none if a BY field is absent, one for each combination of their values.
    fn groups_of<'e>(&self, groups: &mut Groups<'_>, row: &Row<'e>, env: Env<'e>) -> &'e [GroupId] {
        let mut by = BumpVec::with_capacity_in(self.by.len(), env.bump);
        by.extend(self.by.iter().map(|&field| {
            let texts = by_value(row, field).texts(env.bump);
            if self.distinct_splits && texts.len() > 1 { distinct(texts, env.bump) } else { texts }
        }));
        let combinations = combinations_of(&by);
        let longest = by.iter().map(|texts| texts.len()).max().unwrap_or(0);
        let limit = longest.max(MAX_COMBINATIONS);
        if combinations > limit {
            groups.count_cut_rows(1);
        }
        let mut ids = BumpVec::new_in(env.bump);
        let mut key = BumpVec::new_in(env.bump);
        for combination in 0..combinations.min(limit) {
            key.clear();
            // The last field turns fastest. A stride that saturates is beyond every combination, so its field stays put.
            for (field, texts) in by.iter().enumerate() {
                let stride = combinations_of(&by[field + 1..]);
                encode_key(texts[combination / stride % texts.len()], &mut key);
            }
            ids.push(groups.find_or_insert(&key, |store| self.partials(store)));
        }
        ids.into_bump_slice()
    }

    /// A new group's state.
    fn partials<'w>(&self, store: Store<'w>) -> BumpVec<'w, Partial<'w>> {
        let mut partials = BumpVec::with_capacity_in(self.aggregates.len(), store.bump);
        partials.extend(self.aggregates.iter().map(|aggregate| match aggregate.input {
            Input::Pattern(_) => Partial::PerField(Distinct::new_in(store.bump)),
            _ => Partial::Single(self.accumulator(aggregate.function, store)),
        }));
        partials
    }

    fn accumulator<'w>(&self, function: AggregateFunction, store: Store<'w>) -> Accumulator<'w> {
        let new = Accumulator::new(function, store);
        if self.all_numeric && function.is_numeric() { new.refusing_texts() } else { new }
    }

    fn merge_partial<'w>(
        &self,
        into: &mut Partial<'w>,
        from: &Partial<'_>,
        function: AggregateFunction,
        store: Store<'w>,
    ) {
        match (into, from) {
            (Partial::Single(into), Partial::Single(from)) => into.merge(from, store),
            (Partial::PerField(into), Partial::PerField(from)) => {
                for (name, from) in from.iter() {
                    let make = || self.accumulator(function, store);
                    into.entry(name, store, make).merge(from, store);
                }
            }
            _ => debug_assert!(false, "partials of one plan have the same shape"),
        }
    }

    fn restored_partial<'w>(
        &self,
        aggregate: &Aggregate,
        bytes: &mut Reader<'_>,
        store: Store<'w>,
    ) -> Result<Partial<'w>, Malformed> {
        let new = || self.accumulator(aggregate.function, store);
        match aggregate.input {
            Input::Pattern(_) => {
                let mut fields = Distinct::new_in(store.bump);
                fields.restore(bytes, store, |bytes| new().restored(bytes, store))?;
                Ok(Partial::PerField(fields))
            }
            _ => new().restored(bytes, store).map(Partial::Single),
        }
    }

    /// The `_time` of a row, if a function asks for it.
    fn time_of(&self, row: &Row<'_>) -> Option<f64> {
        let asked = self.aggregates.iter().any(|aggregate| aggregate.function.reads_time());
        asked
            .then(|| row.get_name(Name::Known(Names::TIME)).number())?
            .filter(|time_s| time_s.is_finite())
    }

    fn add_by_columns<'s>(&self, cells: &mut BumpVec<'s, Cell<'s>>, key: &'s [u8], env: Env<'s>) {
        let mut rest = key;
        for &field in &self.by {
            let (text, after) =
                decode_key(rest, env.bump).expect("a key has a text for each BY field");
            add_column(cells, field, Value::Text(text));
            rest = after;
        }
    }

    /// The columns that patterns give, in the order of their aggregates, then of their names.
    fn expand<'s>(&self, partials: &'s [Partial<'s>], env: Env<'s>) -> BumpVec<'s, Expanded<'s>> {
        let mut columns = BumpVec::new_in(env.bump);
        for (index, (aggregate, partial)) in self.aggregates.iter().zip(partials).enumerate() {
            let (Input::Pattern(from), Output::Pattern(to)) = (&aggregate.input, &aggregate.output)
            else {
                continue;
            };
            let Partial::PerField(fields) = partial else { continue };
            for (name, accumulator) in fields.iter() {
                let Some(captures) = from.captures(name) else { continue };
                let text = to.substitute(&captures, env.bump);
                let cell = Cell { name: env.names.name(text), value: accumulator.finish(env.bump) };
                if !cell.value.is_null() && !self.names_itself(cell.name) {
                    columns.push(Expanded { text, aggregate: index, cell });
                }
            }
        }
        columns.sort_unstable_by_key(|column| (column.text, column.aggregate));
        columns.dedup_by_key(|column| column.text);
        columns.sort_by_key(|column| column.aggregate);
        columns
    }

    /// Whether a BY field or a literal output has that name.
    fn names_itself(&self, name: Name<'_>) -> bool {
        let is = |field: &FieldId| name == Name::Known(*field);
        let written =
            |aggregate: &Aggregate| matches!(&aggregate.output, Output::Field(field) if is(field));
        self.by.iter().any(is) || self.aggregates.iter().any(written)
    }
}

impl Input {
    /// What it reads of a row; null if it is a pattern, which reads one field after another.
    fn value<'e>(&self, row: &Row<'e>, env: Env<'e>) -> Value<'e> {
        match self {
            // A row is a condition that holds.
            Self::None => Value::Bool(true),
            Self::Field(field) => row.get_name(Name::Known(*field)),
            Self::Expr(expr) => {
                let scope = Scope { fields: row, env };
                env.caches.with_allowance(|| expr.value(&scope))
            }
            Self::Pattern(_) => Value::Null,
        }
    }
}

/// What a row gives to the aggregates of a plan.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'e> {
    /// One for each aggregate.
    values: &'e [Value<'e>],
    /// All fields, if some aggregate is over a pattern.
    fields: &'e [(Name<'e>, Value<'e>)],
    time_s: Option<f64>,
}

impl<'e> Inputs<'e> {
    /// The same with its numbers printed, so that they can be taken in any number of times without being printed anew.
    pub(super) fn printed(self, bump: &'e Bump) -> Self {
        let printed = |value: Value<'e>| match value {
            Value::Number(_) => value.text(bump).map_or(value, Value::Text),
            other => other,
        };
        let values = bump.alloc_slice_fill_iter(self.values.iter().map(|&value| printed(value)));
        let fields = self.fields.iter().map(|&(name, value)| (name, printed(value)));
        Self { values, fields: bump.alloc_slice_fill_iter(fields), ..self }
    }
}

/// Where the values of one row go, and what they carry along.
struct Origin<'i, 'e> {
    ids: &'i [GroupId],
    rank: Rank,
    time_s: Option<f64>,
    scratch: &'e Bump,
}

impl<'e> Origin<'_, 'e> {
    /// Calls `take` with each value of `value` for each group of the row.
    fn each_sample<'w>(
        &self,
        value: Value<'e>,
        groups: &mut Groups<'w>,
        mut take: impl FnMut(&mut Group<'w>, &Sample<'e>, Store<'w>),
    ) {
        let store = groups.store();
        Sample::each(value, self.rank, self.time_s, self.scratch, |sample| {
            for &id in self.ids {
                take(groups.group_mut(id), sample, store);
            }
        });
    }
}

/// A column that a pattern gave.
struct Expanded<'s> {
    text: &'s [u8],
    aggregate: usize,
    cell: Cell<'s>,
}

/// The columns that one aggregate's pattern gave.
fn cells_of<'s>(expanded: &[Expanded<'s>], aggregate: usize) -> impl Iterator<Item = Cell<'s>> {
    let its = expanded.iter().filter(move |column| column.aggregate == aggregate);
    its.map(|column| column.cell)
}

/// What a row is grouped by. Times are grouped as numbers, so that `1700000000.0` and `1700000000` are one bucket.
pub(super) fn by_value<'e>(row: &Row<'e>, field: FieldId) -> Value<'e> {
    let value = row.get_name(Name::Known(field));
    let time_s = if field == Names::TIME { value.number() } else { None };
    time_s.map_or(value, Value::Number)
}

/// The distinct ones of `texts`, in the order of their bytes: which group is found first never shows.
fn distinct<'e>(texts: &[&'e [u8]], bump: &'e Bump) -> &'e [&'e [u8]] {
    let mut sorted = BumpVec::from_iter_in(texts.iter().copied(), bump);
    sorted.sort_unstable();
    sorted.dedup();
    sorted.into_bump_slice()
}

fn combinations_of(by: &[&[&[u8]]]) -> usize {
    by.iter().fold(1, |all: usize, texts| all.saturating_mul(texts.len()))
}

/// Adds a literal column; of two that have the same name the first stays.
fn add_column<'s>(cells: &mut BumpVec<'s, Cell<'s>>, field: FieldId, value: Value<'s>) {
    let name = Name::Known(field);
    if !value.is_null() && !cells.iter().any(|cell| cell.name == name) {
        cells.push(Cell { name, value });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        codec::Writer,
        stage::testing::{Lab, stats_plan as plan},
    };

    fn run(text: &str, rows: &[&str]) -> Vec<String> {
        let mut lab = Lab::new(&[]);
        let stats = plan(text, &mut lab);
        let rows = stats.apply_all(lab.rows(rows), lab.env());
        rows.iter().map(|row| lab.show(row)).collect()
    }

    fn check(cases: &[(&str, &[&str], &[&str])]) {
        for (text, rows, expected) in cases {
            assert_eq!(run(text, rows), *expected, "stats {text} over {rows:?}");
        }
    }

    const FOUR: &[&str] = &["h=a v=1", "h=a v=2", "h=b v=5", "v=7"];

    #[test]
    fn groups_by_the_text_of_the_by_fields() {
        check(&[
            ("count BY h", FOUR, &["h=a count=2", "h=b count=1"]),
            ("sum(v) AS total BY h", FOUR, &["h=a total=3", "h=b total=5"]),
            ("count BY u", &["u=a", "u=A"], &["u=A count=1", "u=a count=1"]),
            (
                "count BY x",
                &["x=1", "x=1.0", "x="],
                &["x= count=1", "x=1 count=1", "x=1.0 count=1"],
            ),
            (
                "count BY b a",
                &["a=1 b=2", "a=2 b=1", "a=3"],
                &["b=1 a=2 count=1", "b=2 a=1 count=1"],
            ),
            (
                "count BY _time",
                &["_time=1700000000.0", "_time=1700000000"],
                &["_time=1700000000 count=2"],
            ),
            ("count BY h h", &["h=a"], &["h=a count=1"]),
            ("values(z) BY h", &["h=a"], &["h=a"]),
        ]);
    }

    #[test]
    fn a_multivalue_by_field_fans_out() {
        check(&[
            ("count BY x", &["x=a|b", "x=b"], &["x=a count=1", "x=b count=2"]),
            ("count BY x", &["x=a|a"], &["x=a count=2"]),
            (
                "count BY x y",
                &["x=a|b y=1|2"],
                &["x=a y=1 count=1", "x=a y=2 count=1", "x=b y=1 count=1", "x=b y=2 count=1"],
            ),
            ("values(v) AS v BY x", &["x=a|b v=1|2"], &["x=a v=1|2", "x=b v=1|2"]),
            ("dedup_splitvals; count BY x", &["x=b|a|b", "x=a"], &["x=a count=2", "x=b count=1"]),
            (
                "dedup_splitvals; count BY x y",
                &["x=a|a y=2|1|2"],
                &["x=a y=1 count=1", "x=a y=2 count=1"],
            ),
        ]);
    }

    #[test]
    fn only_combinations_are_cut() {
        let values = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join("|");
        let cases = [
            ("a", vec![3_000], 3_000, 0),
            ("a b", vec![20, 30], 600, 0),
            ("a b", vec![200, 300], MAX_COMBINATIONS, 1),
            ("a b", vec![2, 3_000], 3_000, 1),
            ("a b c d e f g h", vec![400; 8], MAX_COMBINATIONS, 1),
        ];
        for (by, counts, groups_made, rows_cut) in cases {
            let mut lab = Lab::new(&[]);
            let stats = plan(&format!("count BY {by}"), &mut lab);
            let fields = by.split(' ').zip(&counts);
            let text: Vec<_> = fields.map(|(name, &n)| format!("{name}={}", values(n))).collect();
            let mut groups = Groups::new_in(&lab.bump, &KeyHasher::fixed());
            let row = lab.row(&text.join(" "), 0);
            let ids = stats.update(&mut groups, &row, lab.env());
            assert_eq!(
                (ids.len(), groups.len(), groups.cut_rows()),
                (groups_made, groups_made, rows_cut),
                "BY {by} {counts:?}"
            );
        }
    }

    #[test]
    fn without_by_there_is_one_row_or_none() {
        check(&[
            ("count", &[], &["count=0"]),
            ("count BY h", &[], &[]),
            ("dc(x) AS d; sum(x) AS s", &[], &["d=0"]),
            ("sum(x)", &[], &[]),
            ("sum(x)", &["x=a", "y=1"], &[]),
            ("count; max(x) AS x", &["y=1"], &["count=1"]),
            ("values(*) AS *", &["_time=1"], &[]),
        ]);
    }

    #[test]
    fn functions_take_the_values_that_are_theirs() {
        check(&[
            (
                "sum(v); avg(v); min(v); max(v); range(v)",
                FOUR,
                &["sum(v)=15 avg(v)=3.75 min(v)=1 max(v)=7 range(v)=6"],
            ),
            ("count(h) AS c; count AS n", FOUR, &["c=3 n=4"]),
            ("c(v) AS c; dc(h) AS d; distinct_count(h) AS e", FOUR, &["c=4 d=2 e=2"]),
            ("count(eval(h)) AS n", &["h=x", "h=y", "h=x", "k=1"], &["n=2"]),
            ("values(x) AS x", &["x=10", "x=9", "x=70", "x=100", "x=9"], &["x=10|100|70|9"]),
            ("values(x) AS x; count(x) AS c; dc(x) AS d", &["x=b|a", "x=b"], &["x=a|b c=3 d=2"]),
            ("list(x) AS x", &["x=b", "x=a", "y=1", "x=b|c"], &["x=b|a|b|c"]),
            ("max(x) AS hi; min(x) AS lo", &["x=10", "x=9", "x=70", "x=100"], &["hi=100 lo=9"]),
            ("max(x) AS hi; min(x) AS lo", &["x=1", "x=a", "x=3"], &["hi=3 lo=1"]),
            ("max(x) AS hi; min(x) AS lo", &["x=b", "x=a", "x=B"], &["hi=b lo=B"]),
            ("max(x) AS hi; min(x) AS lo", &["x=7.70", "x=0.0"], &["hi=7.70 lo=0.0"]),
            ("max(x) AS hi; min(x) AS lo", &["x=1.0", "x=1"], &["hi=1 lo=1"]),
            ("mode(age) AS a", &["age=32", "age=45", "age=29", "age=45"], &["a=45"]),
            ("mode(x) AS m", &["x=b", "x=a", "x=c|c", "x=b"], &["m=b"]),
            ("median(x) AS m", &["x=37", "x=58", "x=8", "x=34", "x=13", "x=74", "x=38"], &["m=37"]),
            ("median(x) AS m", &["x=1", "x=2", "x=3", "x=4"], &["m=3"]),
            ("median(x) AS m", &["x=2", "x=2.5"], &["m=2.25"]),
            ("median(x) AS m", &["x=2.5"], &["m=2.5"]),
            ("stdev(x) AS s; var(x) AS v; avg(x) AS a", &["x=2", "x=4", "x=6"], &["s=2 v=4 a=4"]),
            (
                "stdev(x) AS s; var(x) AS v; stdevp(x) AS p; varp(x) AS q",
                &["x=3"],
                &["s=0 v=0 p=0 q=0"],
            ),
            ("stdevp(x) AS s; sumsq(x) AS q", &["x=2|4|4|4|5|5|7|9"], &["s=2 q=232"]),
            ("sum(x) AS s; avg(x) AS a; count(x) AS c", &["x=1", "x=a", "x=3"], &["s=4 a=2 c=3"]),
            (
                "sum(x) AS s; avg(x) AS a; median(x) AS m",
                &["x=nan", "x=inf", "x=1"],
                &["s=1 a=1 m=1"],
            ),
            ("first(x) AS f; last(x) AS l", &["y=1", "x=b|c", "x=a|d", "y=2"], &["f=b l=d"]),
            (
                "earliest(x) AS e; latest(x) AS l",
                &["_time=3 x=c", "_time=1 x=a", "_time=0", "x=z"],
                &["e=a l=c"],
            ),
            ("earliest(x) AS e; latest(x) AS l", &["_time=1 x=b", "_time=1 x=a"], &["e=b l=b"]),
        ]);
    }

    #[test]
    fn with_allnum_a_text_takes_the_result_of_the_numbers_away() {
        let rows = &["g=1 v=1 w=2", "g=1 v=3 w=2", "g=2 v=1 w=2", "g=2 v=x w=nan", "g=2 v=3"];
        check(&[
            ("avg(v) AS a BY g", rows, &["g=1 a=2", "g=2 a=2"]),
            ("allnum; avg(v) AS a; sum(w) AS s BY g", rows, &["g=1 a=2 s=4", "g=2"]),
            ("allnum; sum(*) AS * BY g", rows, &["g=1 v=4 w=4", "g=2"]),
            (
                "allnum; max(v) AS m; count(v) AS c; last(v) AS l; values(v) AS v BY g",
                rows,
                &["g=1 m=3 c=2 l=3 v=1|3", "g=2 m=3 c=3 l=3 v=1|3|x"],
            ),
            ("allnum; median(v) AS m; p50(v) AS p; rate(v) AS r", rows, &[]),
        ]);
    }

    #[test]
    fn percentiles_are_those_of_all_numbers() {
        let ten = &["x=3|1|2", "x=10|9|8|7", "x=4|5|6|six", "y=1"];
        check(&[
            ("perc50(x) AS m; p95(x) AS h; perc0(x) AS l", ten, &["m=5.5 h=9.55 l=1"]),
            ("percentile100(x) AS h; upperperc95(x) AS u", ten, &["h=10 u=9.55"]),
            ("perc99.9(x) AS h; perc33.3(x) AS l", ten, &["h=9.991 l=3.997"]),
            (
                "exactperc50(x) AS m; exactperc95(x) AS h; exactperc0(x) AS l; exactperc100(x) AS t",
                ten,
                &["m=6 h=10 l=1 t=10"],
            ),
            ("perc50(x) AS m; median(x) AS d", &["x=1|2|3|4"], &["m=2.5 d=3"]),
            ("p5(x) AS l; p95(x) AS h", &["x=7.5"], &["l=7.5 h=7.5"]),
            ("perc95(x) AS h; count", &["x=a"], &["count=1"]),
            ("p75(*) AS * BY g", &["g=1 a=1|2 b=x", "g=1 a=3"], &["g=1 a=2.5"]),
        ]);
    }

    #[test]
    fn times_and_rates_go_by_the_rows_that_have_the_field() {
        let rows = &["_time=30.5 x=7", "_time=10 x=2", "_time=5", "_time=20 x=100", "x=9"];
        check(&[
            ("earliest_time(x) AS e; latest_time(x) AS l", rows, &["e=10 l=30.5"]),
            ("earliest_time(z) AS e; rate(z) AS r; count", rows, &["count=5"]),
            ("rate(x) AS r", &["_time=30 x=7", "_time=10 x=2", "_time=20 x=100"], &["r=0.25"]),
            ("rate(x) AS r", &["_time=10 x=7", "_time=20 x=2"], &["r=-0.5"]),
            ("rate(x) AS r", &["_time=10 x=1"], &[]),
            ("rate(x) AS r", &["_time=10 x=1", "_time=10 x=5"], &[]),
            ("rate(x) AS r", &["_time=10 x=1", "_time=20 x=high"], &[]),
        ]);
    }

    #[test]
    fn patterns_give_a_column_for_every_field_that_matches() {
        check(&[
            (
                "avg(*lay) BY hr",
                &["hr=1 delay=2 xdelay=4 other=9", "hr=1 delay=4 xdelay=8"],
                &["hr=1 avg(delay)=3 avg(xdelay)=6"],
            ),
            (
                "values(*) AS * BY _time host",
                &["_time=1 host=h p=b q=1", "_time=1 host=h p=a _raw=r", "_time=2 host=h q=2"],
                &["_time=1 host=h p=a|b q=1", "_time=2 host=h q=2"],
            ),
            (
                "values(*) AS *; min(_time) AS _time BY host",
                &["_time=5 host=h a=1", "_time=4 host=h a=1"],
                &["host=h a=1 _time=4"],
            ),
            ("values(*) AS *; count", &["count=9 a=1"], &["a=1 count=1"]),
            ("values(_*) AS _*", &["_raw=r a=1 _time=3"], &["_raw=r _time=3"]),
            ("values(p_*) AS * BY host", &["p_host=x p_user=u host=h"], &["host=h user=u"]),
            ("max(a*) AS *; min(b*) AS *", &["a1=9 b1=2 b2=3"], &["1=9 2=3"]),
            ("sum(*) AS *", &["a=1 b=x", "a=2"], &["a=3"]),
            ("values(*_*) AS *.*", &["a_b=1"], &["a.b=1"]),
            ("count(*) AS n_* BY g", &["g=1 a=1|2", "g=2 b=1"], &["g=1 n_a=2", "g=2 n_b=1"]),
        ]);
    }

    #[test]
    fn a_thousand_columns_come_out_in_the_order_of_their_names() {
        let fields: Vec<_> = (0..1000).rev().map(|number| format!("f{number:03}=1")).collect();
        let sorted: Vec<_> = (0..1000).map(|number| format!("f{number:03}=1")).collect();
        assert_eq!(run("values(*) AS *", &[&fields.join(" ")]), [sorted.join(" ")]);
    }

    #[test]
    fn what_is_kept_outlives_its_event() {
        let mut lab = Lab::new(&[]);
        let stats = plan("values(*) AS *; latest(p) AS last BY host", &mut lab);
        let window = Bump::new();
        let mut groups = Groups::new_in(&window, &KeyHasher::fixed());
        for process in ["b", "a"] {
            let mut event = Lab::new(&[]);
            event.names = lab.names.clone();
            let row = event.event(&format!("_time=1 host=h p={process} unknown=u"));
            assert_eq!(stats.update(&mut groups, &row, event.env()), [GroupId::new(0)]);
        }
        let [row] = &stats.finish(&groups, lab.env())[..] else { panic!("one group") };
        assert_eq!(
            (row.group(), lab.show(row)),
            (&b"h\0\0"[..], "host=h p=a|b unknown=u last=a".to_owned())
        );
    }

    #[test]
    fn finishing_changes_nothing() {
        let mut lab = Lab::new(&[]);
        let stats = plan("values(*) AS *; count; avg(p) BY host", &mut lab);
        let mut groups = Groups::new_in(&lab.bump, &KeyHasher::fixed());
        let rows = lab.rows(&["host=h p=1", "host=g p=2", "host=h p=3"]);
        let show = |groups: &Groups<'_>| {
            let mut scratch = Lab::new(&[]);
            scratch.names = lab.names.clone();
            let rows = stats.finish(groups, scratch.env());
            rows.iter().map(|row| scratch.show(row)).collect::<Vec<_>>()
        };
        stats.update(&mut groups, &rows[0], lab.env());
        assert_eq!(show(&groups), ["host=h p=1 count=1 avg(p)=1"]);
        assert_eq!(show(&groups), ["host=h p=1 count=1 avg(p)=1"]);
        rows[1..].iter().for_each(|row| {
            stats.update(&mut groups, row, lab.env());
        });
        assert_eq!(show(&groups), ["host=g p=2 count=1 avg(p)=2", "host=h p=1|3 count=2 avg(p)=2"]);
    }

    const EVERY_KIND: &str = "count; dc(a); values(*) AS *; list(a); min(b); max(*) AS max_*; range(a); sum(a); \
        avg(*) AS avg_*; mode(b); stdev(b); first(a); latest(b); p95(a); rate(b)";

    fn bytes_of(groups: &Groups<'_>) -> Vec<u8> {
        let mut out = Writer::default();
        groups.encode(&mut out);
        out.into_bytes()
    }

    fn read<'l>(stats: &Stats, bytes: &[u8], lab: &'l Lab) -> Result<Groups<'l>, Malformed> {
        let mut groups = Groups::new_in(&lab.bump, &KeyHasher::random());
        let mut reader = Reader::new(bytes);
        stats.restore(&mut groups, &mut reader)?;
        reader.end().map(|()| groups)
    }

    /// What is read of the bytes of `groups`; to write it again gives the same bytes.
    fn reread<'l>(stats: &Stats, groups: &Groups<'_>, lab: &'l Lab) -> Groups<'l> {
        let bytes = bytes_of(groups);
        let read = read(stats, &bytes, lab).expect("they were written just now");
        assert_eq!(bytes_of(&read), bytes);
        read
    }

    #[test]
    fn groups_that_no_stats_wrote_are_refused() {
        let mut lab = Lab::new(&[]);
        let stats = plan("count BY host", &mut lab);
        let group = |key: &[u8], newest: i64| {
            let mut out = Writer::default();
            out.text(key);
            out.integer(newest);
            out.flag(false);
            out.number(1);
            out.into_bytes()
        };
        let cases = [
            (vec![group(b"b\0\0", 0), group(b"a\0\0", 0)], "groups are out of order"),
            (vec![group(b"a\0\0", 0), group(b"a\0\0", 0)], "groups are out of order"),
            (vec![group(b"a", 0)], "a key is not one of its BY fields"),
            (vec![group(b"a\0\0b\0\0", 0)], "a key is not one of its BY fields"),
            (vec![group(b"a\0\0", i64::MIN)], "a time is out of range"),
        ];
        for (groups, found) in cases {
            let bytes = [vec![0, u8::try_from(groups.len()).unwrap()], groups.concat()].concat();
            let error = read(&stats, &bytes, &lab).map(|read| read.len()).unwrap_err();
            assert_eq!(error.to_string(), found);
        }
    }

    fn hostile_rows() -> impl Strategy<Value = Vec<String>> {
        let value =
            prop::sample::select(vec!["1", "2", "1e308", "-1e308", "x", "nan", "0.1", "", "a|b|1"]);
        let name = prop::sample::select(vec!["a", "b", "c", "host", "_time", "_x"]);
        let row = prop::collection::btree_map(name, value, 0..6).prop_map(|fields| {
            fields
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        });
        prop::collection::vec(row, 0..30)
    }

    proptest! {
        #[test]
        fn changed_groups_are_read_without_harm(
            rows in hostile_rows(),
            by in prop::sample::select(vec!["", " BY host", " BY host a"]),
            changes in prop::collection::vec((any::<usize>(), prop_oneof![0..4_u8, any::<u8>()]), 1..4),
        ) {
            let mut lab = Lab::new(&["b"]);
            let stats = plan(&format!("allnum; {EVERY_KIND}{by}"), &mut lab);
            let mut groups = Groups::new_in(&lab.bump, &KeyHasher::random());
            let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
            for row in lab.rows(&lines) {
                stats.update(&mut groups, &row, lab.env());
            }
            let mut bytes = bytes_of(&groups);
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            if let Ok(read) = read(&stats, &bytes, &lab) {
                prop_assert_eq!(bytes_of(&read), bytes);
                stats.merge(&mut groups, &read);
                let groups: &Groups<'_> = &groups;
                prop_assert!(stats.finish(groups, lab.env()).len() <= groups.len().max(1));
            }
        }

        #[test]
        fn any_split_merges_to_what_one_pass_gives(
            rows in hostile_rows(),
            parts in prop::collection::vec(0..3_usize, 30),
            by in prop::sample::select(vec!["", " BY host", " BY host a"]),
            option in prop::sample::select(vec!["", "allnum; ", "dedup_splitvals; "]),
            are_bytes: [bool; 4],
        ) {
            let mut lab = Lab::new(&["b"]);
            let stats = plan(&format!("{option}{EVERY_KIND}{by}"), &mut lab);
            let new = || Groups::new_in(&lab.bump, &KeyHasher::random());
            let (mut whole, mut split) = (new(), [new(), new(), new()]);
            let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
            for (row, &part) in lab.rows(&lines).iter().zip(&parts) {
                stats.update(&mut whole, row, lab.env());
                stats.update(&mut split[part], row, lab.env());
            }
            let mut merged = new();
            for (part, &is_bytes) in split.iter().rev().zip(&are_bytes) {
                let part = if is_bytes { &reread(&stats, part, &lab) } else { part };
                stats.merge(&mut merged, part);
            }
            let merged = if are_bytes[3] { reread(&stats, &merged, &lab) } else { merged };
            prop_assert_eq!(merged.cut_rows(), whole.cut_rows());
            let show = |groups: &Groups<'_>| -> Vec<String> {
                let groups: &Groups<'_> = groups;
                stats.finish(groups, lab.env()).iter().map(|row| lab.show(row)).collect()
            };
            prop_assert_eq!(show(&merged), show(&whole));
        }
    }
}

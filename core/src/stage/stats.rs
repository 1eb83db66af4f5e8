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
        decode_key, encode_key,
    },
    expr::{
        glob::Glob,
        program::{Expr, Scope},
    },
    ids::{FieldId, GroupId},
    names::{Name, Names},
    row::{Cell, Env, Rank, Row},
    value::Value,
};

/// Multivalue BY fields put a row into every combination of their values, up to this many; a hostile event could make
/// billions.
const MAX_FAN_OUT: usize = 10_000;

/// `stats aggregates BY fields`.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The BY fields. A row that lacks one is in no group.
    pub by: Box<[FieldId]>,
    /// The aggregates as written.
    pub aggregates: Box<[Aggregate]>,
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
        let store = groups.store();
        for id in other.sorted() {
            let from = other.group(id);
            let id = groups.find_or_insert(from.key(), |store| self.partials(store));
            let into = groups.group_mut(id);
            let pairs = into.partials.iter_mut().zip(&from.partials);
            for ((into, from), aggregate) in pairs.zip(&self.aggregates) {
                merge_partial(into, from, aggregate.function, store);
            }
        }
    }

    /// The result so far, with the key of each row's group, in the order of the keys. Nothing is changed: more rows may
    /// follow, and `finish` again.
    #[must_use]
    pub fn finish<'s>(&self, groups: &'s Groups<'s>, env: Env<'s>) -> Vec<(&'s [u8], Row<'s>)> {
        if self.by.is_empty() && groups.is_empty() {
            let nothing = env.bump.alloc(Groups::new_in(env.bump, &KeyHasher::fixed()));
            nothing.find_or_insert(b"", |store| self.partials(store));
            return self.finish(nothing, env);
        }
        let ids = groups.sorted().into_iter().zip(0..);
        ids.filter_map(|(id, offset)| {
            let rank = Rank { offset, ..Rank::default() };
            Some((groups.group(id).key(), self.finish_group(groups, id, rank, env)?))
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
        let mut cells = BumpVec::new_in(env.bump);
        self.add_by_columns(&mut cells, group.key(), env);
        let expanded = self.expand(&group.partials, env);
        for (index, (aggregate, partial)) in self.aggregates.iter().zip(&group.partials).enumerate()
        {
            match (&aggregate.output, partial) {
                (Output::Field(field), Partial::Single(accumulator)) => {
                    add_column(&mut cells, *field, accumulator.finish(env.bump));
                }
                _ => cells.extend(
                    expanded
                        .iter()
                        .filter(|column| column.aggregate == index)
                        .map(|column| column.cell),
                ),
            }
        }
        if cells.is_empty() && self.by.is_empty() {
            return None;
        }
        let mut row = Row::empty(env.bump, rank);
        row.replace(cells);
        Some(row)
    }

    /// The result over the rows of a finished window; they stand in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(
        &self,
        rows: Vec<Row<'e>>,
        env: Env<'e>,
        hasher: &KeyHasher,
    ) -> Vec<Row<'e>> {
        let mut groups = Groups::new_in(env.bump, hasher);
        for (row, offset) in rows.iter().zip(0..) {
            // Commands such as `sort` moved the rows: where they stand now is what counts.
            self.update_at(Rank { offset, ..Rank::default() }, &mut groups, row, env);
        }
        let groups: &'e Groups<'e> = env.bump.alloc(groups);
        self.finish(groups, env).into_iter().map(|(_, row)| row).collect()
    }

    fn update_at<'e>(
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
        let origin = Origin { ids, rank, time_s: self.time_of(row), scratch: env.bump };
        for (index, aggregate) in self.aggregates.iter().enumerate() {
            let value = match &aggregate.input {
                // A row is a condition that holds.
                Input::None => Value::Bool(true),
                Input::Field(field) => row.get_name(Name::Known(*field)),
                Input::Expr(expr) => expr.value(&Scope { fields: row, env }),
                Input::Pattern(_) => continue,
            };
            origin.each_sample(value, groups, |group, sample, store| {
                if let Partial::Single(accumulator) = &mut group.partials[index] {
                    accumulator.update(sample, store);
                }
            });
        }
        if self.aggregates.iter().any(|aggregate| matches!(aggregate.input, Input::Pattern(_))) {
            row.visit(|name, value| self.update_patterns(&origin, groups, name, value, env));
        }
        ids
    }

    /// Takes one field into every aggregate whose pattern selects it.
    fn update_patterns<'e>(
        &self,
        origin: &Origin<'e>,
        groups: &mut Groups<'_>,
        name: Name<'e>,
        value: Value<'e>,
        env: Env<'e>,
    ) {
        if self.by.iter().any(|&field| name == Name::Known(field)) {
            return;
        }
        let name = env.names.bytes(name);
        for (index, Aggregate { function, input, .. }) in self.aggregates.iter().enumerate() {
            if !matches!(input, Input::Pattern(pattern) if pattern.is_match(name)) {
                continue;
            }
            origin.each_sample(value, groups, |group, sample, store| {
                if let Partial::PerField(fields) = &mut group.partials[index] {
                    let make = || Accumulator::new(*function, store);
                    fields.entry(name, store, make).update(sample, store);
                }
            });
        }
    }

    /// The groups of a row, made if they are new: none if a BY field is absent, one for each combination of their values.
    fn groups_of<'e>(&self, groups: &mut Groups<'_>, row: &Row<'e>, env: Env<'e>) -> &'e [GroupId] {
        let mut by = BumpVec::with_capacity_in(self.by.len(), env.bump);
        by.extend(self.by.iter().map(|&field| by_value(row, field).texts(env.bump)));
        let combinations = combinations_of(&by);
        if combinations > MAX_FAN_OUT {
            groups.count_cut_row();
        }
        let mut ids = BumpVec::new_in(env.bump);
        let mut key = BumpVec::new_in(env.bump);
        for combination in 0..combinations.min(MAX_FAN_OUT) {
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
            _ => Partial::Single(Accumulator::new(aggregate.function, store)),
        }));
        partials
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

/// Where the values of one row go, and what they carry along.
struct Origin<'e> {
    ids: &'e [GroupId],
    rank: Rank,
    time_s: Option<f64>,
    scratch: &'e Bump,
}

impl<'e> Origin<'e> {
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

/// What a row is grouped by. Times are grouped as numbers, so that `1700000000.0` and `1700000000` are one bucket.
fn by_value<'e>(row: &Row<'e>, field: FieldId) -> Value<'e> {
    let value = row.get_name(Name::Known(field));
    match value.number() {
        Some(time_s) if field == Names::TIME => Value::Number(time_s),
        _ => value,
    }
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

fn merge_partial<'w>(
    into: &mut Partial<'w>,
    from: &Partial<'_>,
    function: AggregateFunction,
    store: Store<'w>,
) {
    match (into, from) {
        (Partial::Single(into), Partial::Single(from)) => into.merge(from, store),
        (Partial::PerField(into), Partial::PerField(from)) => {
            for (name, from) in from.iter() {
                into.entry(name, store, || Accumulator::new(function, store)).merge(from, store);
            }
        }
        _ => debug_assert!(false, "partials of one plan have the same shape"),
    }
}

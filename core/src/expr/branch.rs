//! What the subpipelines of a rule found in a window, ready for the commands that stand around them.
//!
//! `append` and `join` take the rows; a subsearch in `search` asks whether a row agrees with one of them. A row agrees with
//! another if, for each field of that other, some of its values is one of those; letter case is ignored. Names that begin with
//! `_` are left out, and a row of nothing else agrees with none.
//!
//! Unlike Splunk, which makes the text of a search of the rows, text of events is compared and never read as a search: a `*`
//! or a network in it stands for itself, and so does a field that is called `search` or `query`. Who writes the events cannot
//! so widen what a rule looks for.
//!
//! A row is asked for through the least common of its values, so no flood of rows makes each test cost all of them.

use std::collections::BTreeSet;

use bumpalo::Bump;

use crate::{
    names::Name,
    row::{Cell, Env, Fields, Rank, Row},
    value::Value,
};

/// What one subpipeline found.
#[derive(Clone, Copy)]
pub struct Branch<'e> {
    rows: &'e [FoundRow<'e>],
    index: Index<'e>,
}

/// A row at rest: every field of it is a cell.
#[derive(Clone, Copy)]
struct FoundRow<'e> {
    rank: Rank,
    group: &'e [u8],
    is_truncated: bool,
    cells: &'e [Cell<'e>],
}

/// The rows that a row can agree with.
#[derive(Clone, Copy, Default)]
struct Index<'e> {
    rows: &'e [&'e [Test<'e>]],
    /// Sorted; each row stands here under one of its fields.
    postings: &'e [Posting<'e>],
}

/// A field and what it may be, in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Test<'e> {
    name: Name<'e>,
    texts: &'e [&'e [u8]],
}

/// A value and a row that has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Posting<'e> {
    name: Name<'e>,
    text: &'e [u8],
    row: usize,
}

impl<'e> Branch<'e> {
    /// Rows to be taken as they are.
    #[must_use]
    pub fn of_rows(rows: &[Row<'e>], env: Env<'e>) -> Self {
        let rows = env.bump.alloc_slice_fill_iter(rows.iter().map(|row| found(row, env.bump)));
        Self { rows, index: Index::default() }
    }

    /// Rows to be agreed with.
    #[must_use]
    pub fn of_tests(rows: &[Row<'e>], env: Env<'e>) -> Self {
        Self { rows: &[], index: Index::new(rows, env) }
    }

    /// The rows, in their order.
    #[must_use]
    pub fn rows(&self, env: Env<'e>) -> Vec<Row<'e>> {
        let row = |found: &FoundRow<'e>| {
            let mut row = Row::empty(env.bump, found.rank);
            found.cells.iter().for_each(|cell| row.push(cell.name, cell.value));
            row.of_group(found.group).truncated(found.is_truncated)
        };
        self.rows.iter().map(row).collect()
    }

    /// Whether `row` agrees with one of the rows.
    #[must_use]
    pub fn agrees<'r>(&self, row: &dyn Fields<'r>, bump: &'r Bump) -> bool {
        let Index { rows, postings } = self.index;
        let mut rest = postings;
        while let Some(Posting { name, .. }) = rest.first() {
            let of_name = rest.partition_point(|posting| posting.name == *name);
            let candidates = lowered(row.value_of(*name), bump).into_iter().flat_map(|text| {
                let from = rest[..of_name].partition_point(|posting| posting.text < text);
                rest[from..of_name].iter().take_while(move |posting| posting.text == text)
            });
            if candidates.map(|posting| rows[posting.row]).any(|tests| all_hold(tests, row, bump)) {
                return true;
            }
            rest = &rest[of_name..];
        }
        false
    }
}

impl<'e> Index<'e> {
    fn new(rows: &[Row<'e>], env: Env<'e>) -> Self {
        let rows: BTreeSet<&'e [Test<'e>]> = rows.iter().map(|row| tests(row, env)).collect();
        let rows = rows.into_iter().filter(|tests| !tests.is_empty());
        let rows: &[&[Test<'e>]] = env.bump.alloc_slice_copy(&rows.collect::<Vec<_>>());
        let mut values: Vec<(Name<'e>, &[u8])> =
            rows.iter().flat_map(|tests| *tests).flat_map(values_of).collect();
        values.sort_unstable();
        let commonness = |test: &Test<'e>| -> usize {
            let rows_with = |value| {
                let from = values.partition_point(|other| *other < value);
                values[from..].partition_point(|other| *other == value)
            };
            values_of(test).map(rows_with).sum()
        };
        let mut postings: Vec<Posting<'e>> = Vec::with_capacity(rows.len());
        for (row, tests) in rows.iter().enumerate() {
            let least = tests.iter().min_by_key(|test| commonness(test));
            let posting = |(name, text)| Posting { name, text, row };
            postings.extend(least.into_iter().flat_map(values_of).map(posting));
        }
        postings.sort_unstable();
        Self { rows, postings: env.bump.alloc_slice_copy(&postings) }
    }
}

fn found<'e>(row: &Row<'e>, bump: &'e Bump) -> FoundRow<'e> {
    let mut cells = Vec::with_capacity(row.width());
    row.visit(|name, value| cells.push(Cell { name, value }));
    FoundRow {
        rank: row.rank(),
        group: row.group(),
        is_truncated: row.is_truncated(),
        cells: bump.alloc_slice_copy(&cells),
    }
}

/// What a row asks of those that are to agree with it, in the order of the names.
fn tests<'e>(row: &Row<'e>, env: Env<'e>) -> &'e [Test<'e>] {
    let mut tests = Vec::with_capacity(row.width());
    row.visit(|name, value| {
        if !env.names.bytes(name).starts_with(b"_") {
            let texts = env.bump.alloc_slice_copy(&lowered(value, env.bump));
            tests.push(Test { name, texts });
        }
    });
    tests.sort_unstable();
    env.bump.alloc_slice_copy(&tests)
}

fn values_of<'e>(test: &Test<'e>) -> impl Iterator<Item = (Name<'e>, &'e [u8])> + use<'e> {
    let Test { name, texts } = *test;
    texts.iter().map(move |text| (name, *text))
}

fn all_hold<'r>(tests: &[Test<'_>], row: &dyn Fields<'r>, bump: &'r Bump) -> bool {
    let holds = |test: &Test<'_>| {
        let texts = row.value_of(test.name).texts(bump);
        texts.iter().any(|text| test.texts.iter().any(|wanted| wanted.eq_ignore_ascii_case(text)))
    };
    tests.iter().all(holds)
}

/// The texts of a value in lower case.
fn lowered<'e>(value: Value<'e>, bump: &'e Bump) -> Vec<&'e [u8]> {
    let lower = |text: &&'e [u8]| {
        let text = bump.alloc_slice_copy(text);
        text.make_ascii_lowercase();
        &*text
    };
    value.texts(bump).iter().map(lower).collect()
}

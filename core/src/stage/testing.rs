//! What the tests of the stages share: an arena, names, and rows written as text.

use bumpalo::Bump;
use jiff::tz::TimeZone;

use super::{
    FieldPattern, Stage,
    stats::{Aggregate, Input, Output, Stats},
};
use crate::{
    agg::AggregateFunction,
    expr::{
        glob::{Case, Glob},
        program::{Comparison, Expr, Literal, Relation},
        regex::Caches,
        testing::Bench,
    },
    ids::FieldId,
    knowledge::Knowledge,
    names::{Name, Names},
    plan::lower::{self, Lowering},
    row::{Base, Env, Fields, Rank, Row},
    spl,
    value::Value,
};

/// What a stage runs in. A row is written `host=h p=a|b`: a multivalue by bars, an absent field not at all, and a space in a
/// value as `␣`.
pub(crate) struct Lab {
    pub(crate) bump: Bump,
    pub(crate) names: Names,
    pub(crate) zone: TimeZone,
    caches: Caches,
}

impl Lab {
    /// A lab in UTC, where `fields` are in the table of names and others are not.
    pub(crate) fn new(fields: &[&str]) -> Self {
        let mut names = Names::default();
        for field in fields {
            names.intern(field);
        }
        Self { bump: Bump::new(), names, zone: TimeZone::UTC, caches: Caches::default() }
    }

    pub(crate) fn env(&self) -> Env<'_> {
        let Self { bump, names, zone, caches } = self;
        Env::new(bump, names, caches, zone, 1_700_000_000.5)
    }

    /// A row of cells.
    pub(crate) fn row(&self, text: &str, offset: u64) -> Row<'_> {
        let mut row = Row::empty(&self.bump, Rank { offset, ..Rank::default() });
        for (name, value) in self.fields(text) {
            row.push(name, value);
        }
        row
    }

    /// The same fields as an event that nothing was written over yet.
    pub(crate) fn event(&self, text: &str) -> Row<'_> {
        let event = self.bump.alloc(Event(self.bump.alloc_slice_fill_iter(self.fields(text))));
        Row::over(event, &self.bump, Rank::default())
    }

    /// One row a line.
    pub(crate) fn rows(&self, lines: &[&str]) -> Vec<Row<'_>> {
        lines.iter().zip(0..).map(|(line, offset)| self.row(line, offset)).collect()
    }

    /// A row as it is written.
    pub(crate) fn show(&self, row: &Row<'_>) -> String {
        let mut words = Vec::new();
        row.visit(|name, value| {
            let texts: Vec<_> = value
                .texts(&self.bump)
                .iter()
                .map(|text| text.escape_ascii().to_string())
                .collect();
            words.push(format!("{}={}", self.names.bytes(name).escape_ascii(), texts.join("|")));
        });
        words.join(" ")
    }

    fn spaced<'l>(&'l self, text: &'l str) -> &'l [u8] {
        match text.contains('␣') {
            true => self.bump.alloc_str(&text.replace('␣', " ")).as_bytes(),
            false => text.as_bytes(),
        }
    }

    fn fields(&self, text: &str) -> Vec<(Name<'_>, Value<'_>)> {
        let text = self.bump.alloc_str(text);
        let pairs = text.split(' ').filter_map(|word| word.split_once('='));
        pairs
            .map(|(name, value)| {
                let texts = self.bump.alloc_slice_fill_iter(
                    value.split('|').map(|text| self.spaced(text)).collect::<Vec<_>>(),
                );
                (self.names.name(name.as_bytes()), Value::from_list(texts))
            })
            .collect()
    }
}

/// An expression that is true where `field` is `x`, and null where it is absent.
pub(crate) fn is_x(field: FieldId) -> Expr {
    Expr::Compare(Box::new(Comparison {
        relation: Relation::Eq,
        left: Expr::Field(field),
        right: Expr::Literal(Literal::Text("x".into())),
    }))
}

/// The plan of `values(*) AS *; count(eval(a)) BY host`, where an eval asks whether its field is `x`. The options
/// that are on stand before it: `allnum; count`.
pub(crate) fn stats_plan(text: &str, lab: &mut Lab) -> Stats {
    let (all_numeric, text) = stats_option("allnum; ", text);
    let (distinct_splits, text) = stats_option("dedup_splitvals; ", text);
    let (aggregates, by) = text.split_once(" BY ").unwrap_or((text, ""));
    Stats {
        by: by.split_whitespace().map(|field| lab.names.intern(field)).collect(),
        aggregates: aggregates.split("; ").map(|text| stats_aggregate(text, lab)).collect(),
        all_numeric,
        distinct_splits,
    }
}

fn stats_option<'t>(name: &str, text: &'t str) -> (bool, &'t str) {
    text.strip_prefix(name).map_or((false, text), |rest| (true, rest))
}

fn stats_aggregate(text: &str, lab: &mut Lab) -> Aggregate {
    let (call, output) = text.split_once(" AS ").unwrap_or((text, text));
    let (function, argument) = call.trim_end_matches(')').split_once('(').unwrap_or((call, ""));
    let input = match argument {
        "" => Input::None,
        pattern if pattern.contains('*') => Input::Pattern(FieldPattern::new(pattern)),
        field => match field.strip_prefix("eval(") {
            Some(field) => Input::Expr(is_x(lab.names.intern(field))),
            None => Input::Field(lab.names.intern(field)),
        },
    };
    let output = match output.contains('*') {
        true => Output::Pattern(Glob::new(output, Case::Sensitive)),
        false => Output::Field(lab.names.intern(output)),
    };
    let function = AggregateFunction::parse(function).expect("a function of stats");
    Aggregate { function, input, output }
}

struct Event<'e>(&'e [(Name<'e>, Value<'e>)]);

impl<'e> Fields<'e> for Event<'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        let found = self.0.iter().find(|(name, _)| *name == Name::Known(field));
        found.map_or(Value::Null, |&(_, value)| value)
    }
}

impl<'e> Base<'e> for Event<'e> {
    fn visit(
        &self,
        is_wanted: &dyn Fn(Name<'e>) -> bool,
        visit: &mut dyn FnMut(Name<'e>, Value<'e>),
    ) {
        let wanted = self.0.iter().filter(|(name, _)| is_wanted(*name));
        wanted.for_each(|&(name, value)| visit(name, value));
    }

    fn get_other(&self, text: &[u8]) -> Value<'e> {
        let found =
            self.0.iter().find(|(name, _)| matches!(name, Name::Other(other) if *other == text));
        found.map_or(Value::Null, |&(_, value)| value)
    }
}

/// What the commands `spl` make of one row.
pub(crate) fn run(spl: &str, row: &str) -> String {
    run_all(spl, &[row])
}

/// What the commands `spl` make of the rows of a window.
pub(crate) fn run_all(spl: &str, rows: &[&str]) -> String {
    run_knowing(&Knowledge::default(), spl, rows)
}

/// The same under some knowledge.
pub(crate) fn run_knowing(knowledge: &Knowledge, spl: &str, rows: &[&str]) -> String {
    let source = format!("| {spl}");
    let (pipeline, errors) = spl::parse(&source);
    assert_eq!(errors, [], "{source}");
    let mut bench = Bench::default();
    let commands = pipeline.commands.iter().enumerate();
    let mut lowering = Lowering { knowledge: Some(knowledge), ..bench.lowering(&source) };
    let stages: Vec<Stage> =
        commands.filter_map(|(at, command)| lower::stage(at, command, &mut lowering)).collect();
    assert_eq!(bench.diagnostics, [], "{source}");
    let lab =
        Lab { names: bench.names, caches: Caches::new(bench.regexes.count()), ..Lab::new(&[]) };
    let rows = lab.rows(rows);
    let rows = stages.iter().fold(rows, |rows, stage| stage.apply_all(rows, lab.env()));
    rows.iter().map(|row| lab.show(row)).collect::<Vec<_>>().join(" / ")
}

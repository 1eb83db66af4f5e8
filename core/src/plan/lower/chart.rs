//! `chart` and `timechart` to their stage.

use super::{Lowering, options, stats};
use crate::{
    config::SECOND_NS,
    diag::{Code, Diagnostic, Spanned},
    names::Names,
    spl::tree::{self, AggregateArgument, Chart, Command},
    stage::{
        bin::{Bin, Span},
        chart::{self, Buckets, MAX_BUCKETS, Rate},
        stats::Stats,
    },
};

const OPTIONS: &str = "`span`, `bins`, `limit`, `useother`, `otherstr`, `usenull`, `nullstr`, `sep`, `cont` and `allnum`";

/// The stage of `chart` or `timechart`.
pub(super) fn lower(tree: &Chart, command: &Command, lowering: &mut Lowering<'_>) -> chart::Chart {
    let (sums, rates) = rates(tree, lowering);
    let plan = stats::lower_aggregates(&sums, command, lowering);
    report_patterns(tree, lowering);
    let row = match (tree.is_timechart, &tree.over) {
        (true, _) => Some(Names::TIME),
        (false, Some(over)) => Some(lowering.names.intern(&over.value)),
        (false, None) => plan.by.first().copied(),
    };
    let is_split = tree.is_timechart || tree.over.is_some();
    let column = plan.by.get(usize::from(!is_split)).copied();
    let by = row.into_iter().chain(column).collect();
    let mut stage = chart::Chart {
        row,
        column,
        buckets: if tree.is_timechart { Buckets::Auto(100) } else { Buckets::None },
        limit: Some(10),
        other: Some((*b"OTHER").into()),
        null: Some((*b"NULL").into()),
        separator: (*b": ").into(),
        is_continuous: tree.is_timechart,
        rates,
        stats: Stats { by, ..plan },
    };
    let (mut other, mut null) = (stage.other.clone(), stage.null.clone());
    for (name, value) in &tree.stats.options {
        let text = || Some(value.value.as_bytes().into());
        match name.value.to_ascii_lowercase().as_str() {
            "span" => stage.buckets = span(value, &stage, lowering),
            "bins" if tree.is_timechart => stage.buckets = bins(value, lowering),
            "limit" => stage.limit = limit(value, lowering),
            "useother" => stage.other = options::switch(name, value, lowering).then(Box::default),
            "usenull" => stage.null = options::switch(name, value, lowering).then(Box::default),
            "otherstr" => other = text(),
            "nullstr" => null = text(),
            "sep" => stage.separator = value.value.as_bytes().into(),
            "cont" if tree.is_timechart => {
                stage.is_continuous = options::switch(name, value, lowering);
            }
            "allnum" => stage.stats.all_numeric = options::switch(name, value, lowering),
            _ => options::refuse(name, &command.name.value, OPTIONS, lowering),
        }
    }
    stage.other = stage.other.and(other);
    stage.null = stage.null.and(null);
    stage
}

/// The functions of `timechart` that tell a sum for a length of time, and that in nanoseconds.
const RATES: &[(&str, i64)] = &[
    ("per_second", SECOND_NS),
    ("per_minute", 60 * SECOND_NS),
    ("per_hour", 3600 * SECOND_NS),
    ("per_day", 24 * 3600 * SECOND_NS),
];

/// The aggregates with sums in place of rates, and which these are.
fn rates(tree: &Chart, lowering: &mut Lowering<'_>) -> (tree::Stats, Box<[Rate]>) {
    let (mut sums, mut rates) = (tree.stats.clone(), Vec::new());
    for aggregate in sums.aggregates.iter_mut().filter(|_| tree.is_timechart) {
        let known = |(name, _): &&(&str, i64)| aggregate.function.value.eq_ignore_ascii_case(name);
        let Some((_, unit_ns)) = RATES.iter().find(known) else { continue };
        let output = aggregate.alias.as_ref().map_or(&aggregate.text, |alias| &alias.value);
        rates.push(Rate { field: lowering.names.intern(output), unit_ns: *unit_ns });
        "sum".clone_into(&mut aggregate.function.value);
    }
    (sums, rates.into())
}

fn report_patterns(tree: &Chart, lowering: &mut Lowering<'_>) {
    for aggregate in &tree.stats.aggregates {
        let AggregateArgument::Field(field) = &aggregate.argument else { continue };
        if field.value.contains('*') {
            let message = "caltrop does not run wildcards in a chart yet";
            lowering.report(
                Diagnostic::error(Code::UnsupportedOption, field.span, message)
                    .label("not supported")
                    .help("name each field"),
            );
        }
    }
}

fn span(value: &Spanned<String>, stage: &chart::Chart, lowering: &mut Lowering<'_>) -> Buckets {
    let Some(field) = stage.row else { return Buckets::None };
    match Span::parse(&value.value, field == Names::TIME) {
        Ok(span) => Buckets::Bin(Bin { field, target: field, span }),
        Err(message) => {
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, message).label("not a span"),
            );
            Buckets::None
        }
    }
}

fn bins(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Buckets {
    match value.value.parse() {
        Ok(bins @ 1..=MAX_BUCKETS) => Buckets::Auto(bins),
        _ => {
            let message = format!("`{}` is no number of buckets", value.value);
            lowering.report(
                Diagnostic::error(Code::BadArgument, value.span, message)
                    .label(format!("expected a number up to {MAX_BUCKETS}"))
                    .help("write `bins=100`, or say how long a bucket is with `span=`"),
            );
            Buckets::None
        }
    }
}

/// `limit=10` or `limit=top10`.
fn limit(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<usize> {
    let number = value.value.strip_prefix("top").unwrap_or(&value.value);
    options::limit(&Spanned::new(number.trim().to_owned(), value.span), lowering)
}

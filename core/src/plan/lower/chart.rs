//! `chart` and `timechart` to their stage.

use super::{
    Lowering,
    bin::BinOptions,
    options,
    stats::{self, no_function},
};
use crate::{
    agg::AggregateFunction,
    config::SECOND_NS,
    diag::{Code, Diagnostic, Spanned},
    ids::FieldId,
    names::Names,
    spl::tree::{self, Aggregate, AggregateArgument, Chart, Command, Expr, ExprKind, KeptColumns},
    stage::{
        Stage,
        chart::{self, Buckets, Kept, Piece, Rate, Series, Shown},
        stats::{Input, Output, Stats},
    },
};

const OPTIONS: &str = "`span`, `bins`, `minspan`, `start`, `end`, `aligntime`, `limit`, `agg`, `useother`, `otherstr`, \
     `usenull`, `nullstr`, `sep`, `format`, `cont`, `fixedrange`, `partial`, `dedup_splitvals` and `allnum`";

/// So many columns where nothing is written, as in Splunk.
const USUAL_COLUMNS: usize = 10;

/// The stage of `chart` or `timechart`; `None` once it was reported why there is none.
pub(super) fn lower(
    tree: &Chart,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<chart::Chart> {
    let (mut plain, rates) = rates(tree, lowering);
    let computed = take_evals(&mut plain, lowering);
    let plan = stats::lower_aggregates(&plain, command, lowering);
    report_patterns(tree, lowering);
    let row = match (tree.is_timechart, &tree.over) {
        (true, _) => Some(Names::TIME),
        (false, Some(over)) => Some(lowering.names.intern(&over.value)),
        (false, None) => plan.by.first().copied(),
    };
    let is_split = tree.is_timechart || tree.over.is_some();
    let column = plan.by.get(usize::from(!is_split)).copied();
    let by = row.into_iter().chain(column).collect();
    let shown = shown(&tree.stats, &plan, computed, lowering);
    let mut stage = chart::Chart {
        row,
        column,
        buckets: Buckets::None,
        series: None,
        other: Some((*b"OTHER").into()),
        null: Some((*b"NULL").into()),
        naming: separated(": "),
        is_continuous: true,
        rates,
        shown,
        stats: Stats { by, ..plan },
    };
    let (kept, function) = apply_options(&mut stage, tree, command, lowering)?;
    let usual = || function.as_ref().map_or("sum", |function| &function.value).to_owned();
    stage.series = match &tree.kept {
        Some(kept) => written_series(&stage, kept, lowering),
        None => kept.and_then(|kept| series(&stage, &usual(), kept)),
    };
    Some(stage)
}

/// Reads the options; gives which columns are kept, and by which function of them.
fn apply_options(
    stage: &mut chart::Chart,
    tree: &Chart,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<(Option<Kept>, Option<Spanned<String>>)> {
    let (mut kept, mut function) = (Some(Kept::Greatest(USUAL_COLUMNS)), None);
    let (mut other, mut null) = (stage.other.clone(), stage.null.clone());
    let mut bin = BinOptions::new(stage.row.unwrap_or(Names::TIME));
    for (name, value) in &tree.stats.options {
        let text = || Some(value.value.as_bytes().into());
        match name.value.to_ascii_lowercase().as_str() {
            bin_option if bin.takes(bin_option) => bin.read(bin_option, value, lowering)?,
            "limit" => kept = limit(value, lowering),
            "agg" => function = Some(agg(value, command, lowering)?),
            "useother" => stage.other = options::switch(name, value, lowering).then(Box::default),
            "usenull" => stage.null = options::switch(name, value, lowering).then(Box::default),
            "otherstr" => other = text(),
            "nullstr" => null = text(),
            "sep" => stage.naming = separated(&value.value),
            "format" => stage.naming = formatted(&value.value),
            "cont" => stage.is_continuous = options::switch(name, value, lowering),
            "allnum" => stage.stats.all_numeric = options::switch(name, value, lowering),
            "dedup_splitvals" => {
                stage.stats.distinct_splits = options::switch(name, value, lowering);
            }
            // The events of a window have no other range of time than their own.
            "fixedrange" if tree.is_timechart => _ = options::switch(name, value, lowering),
            "partial" if tree.is_timechart && options::switch(name, value, lowering) => {}
            _ => options::refuse(name, &command.name.value, OPTIONS, lowering),
        }
    }
    stage.other = stage.other.take().and(other);
    stage.null = stage.null.take().and(null);
    stage.buckets = match bin.stage() {
        _ if stage.row.is_none() || !(bin.is_written() || tree.is_timechart) => Buckets::None,
        Stage::Fit(fit) => Buckets::Fit(fit),
        Stage::Bin(bin) => Buckets::Bin(bin),
        _ => unreachable!("the options of `bin` make one of its stages"),
    };
    Some((kept, function))
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
        let output = name(aggregate);
        rates.push(Rate { field: lowering.names.intern(output), unit_ns: *unit_ns });
        "sum".clone_into(&mut aggregate.function.value);
    }
    (sums, rates.into())
}

/// What an aggregate is called.
fn name(aggregate: &Aggregate) -> &str {
    aggregate.alias.as_ref().map_or(&aggregate.text, |alias| &alias.value)
}

/// Puts the aggregates that each `eval(...)` computes with in its place, and gives the expressions, in which each is a field
/// that is called as it is written.
fn take_evals(stats: &mut tree::Stats, lowering: &mut Lowering<'_>) -> Vec<(FieldId, Expr)> {
    let (mut plain, mut computed) = (Vec::new(), Vec::new());
    for aggregate in std::mem::take(&mut stats.aggregates) {
        match &aggregate.argument {
            AggregateArgument::Eval(expr) if aggregate.is_eval() => {
                let mut expr = expr.clone();
                take_aggregates(&mut expr, &mut plain, lowering.source);
                computed.push((lowering.names.intern(name(&aggregate)), expr));
            }
            _ => plain.push(aggregate),
        }
    }
    stats.aggregates = plain;
    computed
}

fn take_aggregates(expr: &mut Expr, taken: &mut Vec<Aggregate>, source: &str) {
    let span = expr.span;
    if let ExprKind::Call { name, arguments } = &expr.kind
        && AggregateFunction::parse(&name.value).is_some()
        && let Some(argument) = argument(arguments)
    {
        let text = span.text(source).to_owned();
        let (function, alias) = (name.clone(), None);
        expr.kind = ExprKind::Field(text.clone());
        taken.push(Aggregate { function, argument, alias, text, span });
        return;
    }
    let children = expr.kind.children_mut();
    children.into_iter().for_each(|child| take_aggregates(child, taken, source));
}

/// The argument of an aggregate within an expression; `None` where it is that of a function of `eval`, such as `max(1, 2)`.
fn argument(arguments: &[Expr]) -> Option<AggregateArgument> {
    match arguments {
        [] => Some(AggregateArgument::None),
        [argument] => match &argument.kind {
            ExprKind::Field(field) => {
                Some(AggregateArgument::Field(Spanned::new(field.clone(), argument.span)))
            }
            ExprKind::Call { name, arguments } if name.value.eq_ignore_ascii_case("eval") => {
                arguments.first().cloned().map(AggregateArgument::Eval)
            }
            _ => None,
        },
        _ => None,
    }
}

/// What is shown, in the order in which it is written.
fn shown(
    written: &tree::Stats,
    plan: &Stats,
    computed: Vec<(FieldId, Expr)>,
    lowering: &mut Lowering<'_>,
) -> Box<[Shown]> {
    let mut computed = computed.into_iter();
    let shown = written.aggregates.iter().filter_map(|aggregate| {
        if aggregate.is_eval() {
            let (field, expr) = computed.next()?;
            let expr = Some(lowering.value(&expr));
            return Some(Shown { field, expr, counts_nothing_as_zero: false });
        }
        let field = lowering.names.intern(name(aggregate));
        let is_it = |output: &Output| matches!(output, Output::Field(output) if *output == field);
        let found = plan.aggregates.iter().find(|aggregate| is_it(&aggregate.output))?;
        let counts_nothing_as_zero = found.function.counts_nothing_as_zero();
        Some(Shown { field, expr: None, counts_nothing_as_zero })
    });
    shown.collect()
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

/// `function` of what the columns show; of several aggregates that is told by the rows that go into a column.
fn series(stage: &chart::Chart, function: &str, kept: Kept) -> Option<Series> {
    match stage.shown.as_ref() {
        [_] => series_of_groups(stage, function, kept),
        _ => scored(stage, AggregateFunction::Count, Input::None, kept),
    }
}

fn series_of_groups(stage: &chart::Chart, function: &str, kept: Kept) -> Option<Series> {
    let function = AggregateFunction::parse(function)?;
    let input = Input::Field(stage.shown.first()?.field);
    scored(stage, function, input, kept)
}

fn scored(
    stage: &chart::Chart,
    function: AggregateFunction,
    input: Input,
    kept: Kept,
) -> Option<Series> {
    let (column, score) = (stage.column?, stage.shown.first()?.field);
    let is_of_groups = matches!(input, Input::Field(_));
    let aggregate =
        crate::stage::stats::Aggregate { function, input, output: Output::Field(score) };
    let (by, aggregates) = ([column].into(), [aggregate].into());
    let scores = Stats { by, aggregates, all_numeric: false, distinct_splits: false };
    Some(Series { scores, score, is_of_groups, kept })
}

/// `where max in top5`, `where avg > 10`.
fn written_series(
    stage: &chart::Chart,
    written: &KeptColumns,
    lowering: &mut Lowering<'_>,
) -> Option<Series> {
    let KeptColumns { function, relation, bound } = written;
    let number = |text: &str| text.trim().parse().ok();
    let (top, bottom) = (bound.value.strip_prefix("top"), bound.value.strip_prefix("bottom"));
    let kept = match (relation.value.as_str(), top.and_then(number), bottom.and_then(number)) {
        ("in", Some(most), _) => Some(Kept::Greatest(most)),
        ("in", _, Some(most)) => Some(Kept::Least(most)),
        ("notin", Some(most), _) => Some(Kept::NotGreatest(most)),
        ("notin", _, Some(most)) => Some(Kept::NotLeast(most)),
        (">", ..) => bound.value.parse().ok().map(Kept::Above),
        ("<", ..) => bound.value.parse().ok().map(Kept::Below),
        _ => None,
    };
    let Some(kept) = kept else {
        let message = format!("`{}` keeps no columns", bound.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, bound.span, message)
                .label("expected `top5`, `bottom5`, or a number behind `<` or `>`")
                .help("write `where max in top5`, or `where avg > 10`"),
        );
        return None;
    };
    let series = series_of_groups(stage, &function.value, kept);
    if series.is_none() && stage.column.is_some() {
        lowering.report(no_function(function));
    }
    series
}

/// `limit=10`, `limit=top10` or `limit=bottom10`.
fn limit(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<Kept> {
    let (number, kept): (_, fn(usize) -> Kept) = match value.value.strip_prefix("bottom") {
        Some(number) => (number, Kept::Least),
        None => (value.value.strip_prefix("top").unwrap_or(&value.value), Kept::Greatest),
    };
    options::limit(&Spanned::new(number.trim().to_owned(), value.span), lowering).map(kept)
}

/// The function that `agg=` names; `None` once it was reported that it names none.
fn agg(
    value: &Spanned<String>,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<Spanned<String>> {
    if AggregateFunction::parse(&value.value).is_none() {
        let message = format!("`{}` is no function of what a column shows", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label("expected such as `max`")
                .help(format!("write `{} agg=max limit=5 ...`", command.name.value)),
        );
        return None;
    }
    Some(value.clone())
}

/// Names such as `count: web1`.
fn separated(separator: &str) -> Box<[Piece]> {
    [Piece::Aggregate, Piece::Text(separator.as_bytes().into()), Piece::Value].into()
}

/// Names made of `$AGG$`, `$VAL$` and text.
fn formatted(format: &str) -> Box<[Piece]> {
    let (mut pieces, mut rest) = (Vec::new(), format);
    let places = [("$AGG$", Piece::Aggregate), ("$VAL$", Piece::Value)];
    loop {
        let found =
            places.iter().filter_map(|(place, piece)| Some((rest.find(place)?, place, piece)));
        let Some((at, place, piece)) = found.min_by_key(|(at, ..)| *at) else { break };
        pieces.extend([Piece::Text(rest.as_bytes()[..at].into()), piece.clone()]);
        rest = &rest[at + place.len()..];
    }
    pieces.push(Piece::Text(rest.as_bytes().into()));
    pieces.into()
}

//! `stats` and its kin to their plan: functions and patterns are found, options read.

use super::{Lowering, options, rename::different_wildcards};
use crate::{
    agg::AggregateFunction,
    diag::{Code, Diagnostic, Span, Spanned},
    expr::{
        glob::{Case, Glob},
        program::Expr,
    },
    plan::suggest::closest,
    spl::tree::{self, Aggregate, AggregateArgument, Command, Stats},
    stage::{
        FieldPattern,
        stats::{self, Input, Output},
    },
};

/// The plan of the aggregates of `command`. What cannot run is reported and left out.
pub(super) fn lower(stats: &Stats, command: &Command, lowering: &mut Lowering<'_>) -> stats::Stats {
    let mut plan = lower_aggregates(stats, command, lowering);
    for (name, value) in &stats.options {
        match name.value.to_ascii_lowercase().as_str() {
            "allnum" => plan.all_numeric = options::switch(name, value, lowering),
            "dedup_splitvals" => plan.distinct_splits = options::switch(name, value, lowering),
            // It only says how a multivalue is shown in one line, which `nomv` asks for.
            "delim" => {}
            _ => {
                let known = "`allnum`, `delim` and `dedup_splitvals`";
                options::refuse(name, &command.name.value, known, lowering);
            }
        }
    }
    plan
}

/// The same without its options.
pub(super) fn lower_aggregates(
    stats: &Stats,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> stats::Stats {
    Lower { command: &command.name.value, lowering }.stats(stats)
}

struct Lower<'a, 'b> {
    /// The name of the command, for messages.
    command: &'a str,
    lowering: &'a mut Lowering<'b>,
}

impl Lower<'_, '_> {
    fn stats(&mut self, stats: &Stats) -> stats::Stats {
        let by = stats.by.iter().map(|name| self.lowering.names.intern(&name.value)).collect();
        let aggregates = stats.aggregates.iter().filter_map(|aggregate| self.aggregate(aggregate));
        let aggregates = aggregates.collect();
        stats::Stats { by, aggregates, all_numeric: false, distinct_splits: false }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.lowering.diagnostics.push(diagnostic);
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Option<stats::Aggregate> {
        if aggregate.is_eval() {
            self.report(only_in_charts(self.command, aggregate));
            return None;
        }
        let Some(function) = AggregateFunction::parse(&aggregate.function.value) else {
            self.report(unknown_function(self.command, &aggregate.function));
            return None;
        };
        let input = match &aggregate.argument {
            AggregateArgument::None if function != AggregateFunction::Count => {
                self.report(no_field(aggregate));
                return None;
            }
            AggregateArgument::None => Input::None,
            AggregateArgument::Field(name) if name.value.contains('*') => {
                Input::Pattern(FieldPattern::new(&name.value))
            }
            AggregateArgument::Field(name) => Input::Field(self.lowering.names.intern(&name.value)),
            AggregateArgument::Eval(expr) => Input::Expr(self.eval(aggregate, function, expr)?),
        };
        let output = self.output(aggregate, &input)?;
        Some(stats::Aggregate { function, input, output })
    }

    /// `count` takes conditions, which count where they hold, and values, which count where they are; any other function
    /// takes values only.
    fn eval(
        &mut self,
        aggregate: &Aggregate,
        function: AggregateFunction,
        expr: &tree::Expr,
    ) -> Option<Expr> {
        let lowered = self.lowering.value(expr);
        if lowered.is_boolean() && function != AggregateFunction::Count {
            self.report(no_condition(&aggregate.function, expr.span));
            return None;
        }
        Some(lowered)
    }

    fn output(&mut self, aggregate: &Aggregate, input: &Input) -> Option<Output> {
        let name = aggregate.alias.as_ref().map_or(&aggregate.text, |alias| &alias.value);
        let Input::Pattern(_) = input else {
            return Some(Output::Field(self.lowering.names.intern(name)));
        };
        let AggregateArgument::Field(pattern) = &aggregate.argument else { return None };
        if pattern.value.matches('*').count() == name.matches('*').count() {
            return Some(Output::Pattern(Glob::new(name, Case::Sensitive)));
        }
        let span = aggregate.alias.as_ref().map_or(aggregate.span, |alias| alias.span);
        self.report(different_wildcards(span, pattern));
        None
    }
}

/// Functions of `stats` that do not run yet.
const LATER: &[&str] = &["sparkline"];

/// Functions that go by the buckets of `timechart`, which alone has them.
const OF_TIMECHART: &[&str] = &["per_day", "per_hour", "per_minute", "per_second"];

fn only_in_charts(command: &str, aggregate: &Aggregate) -> Diagnostic {
    let message = format!("`{command}` takes no `eval(...)` of aggregates");
    Diagnostic::error(Code::UnsupportedFunction, aggregate.span, message)
        .label("computes with aggregates")
        .help("name the aggregates and compute behind: `| stats avg(a) AS a BY b | eval c=a*2`")
}

/// Says that no aggregate has that name.
pub(super) fn no_function(function: &Spanned<String>) -> Diagnostic {
    let message = format!("no function `{}` of aggregates", function.value);
    Diagnostic::error(Code::UnknownFunction, function.span, message)
        .label("not a function of what a column shows")
        .help("write such as `sum`, `max` or `avg`")
}

fn no_field(aggregate: &Aggregate) -> Diagnostic {
    let function = &aggregate.function.value;
    let message = format!("`{function}` needs a field");
    Diagnostic::error(Code::MissingArgument, aggregate.span, message)
        .label("of which field?")
        .help(format!("write `{function}(field)`"))
}

fn no_condition(function: &Spanned<String>, span: Span) -> Diagnostic {
    let message = format!("`{}` takes no yes or no", function.value);
    Diagnostic::error(Code::BooleanResult, span, message)
        .label("this is a condition")
        .help("only `count` takes one; write `if(..., 1, 0)` around it")
}

fn wrong_percent(function: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` has no percentage from 0 to 100", function.value);
    Diagnostic::error(Code::BadArgument, function.span, message)
        .label("expected a number in the name")
        .help(
            "write it right after the name, such as `perc95` or `p99.9`, with six decimals at most",
        )
}

fn unknown_function(command: &str, function: &Spanned<String>) -> Diagnostic {
    let lower = function.value.to_ascii_lowercase();
    if AggregateFunction::wants_percent(&lower) {
        return wrong_percent(function);
    }
    if OF_TIMECHART.contains(&lower.as_str()) {
        let message = format!("`{command}` has no buckets of time for `{}`", function.value);
        return Diagnostic::error(Code::UnknownFunction, function.span, message)
            .label("a function of `timechart`")
            .help("use `timechart`, or divide `sum` by the length of time");
    }
    if LATER.contains(&lower.as_str()) {
        let message = format!("caltrop does not run `{}` of `{command}` yet", function.value);
        return Diagnostic::error(Code::UnsupportedFunction, function.span, message)
            .label("not supported")
            .help(format!(
                "the functions that run are {}, perc95, exactperc95",
                AggregateFunction::names().collect::<Vec<_>>().join(", ")
            ));
    }
    let unknown = Diagnostic::error(
        Code::UnknownFunction,
        function.span,
        format!("no `{command}` function `{}`", function.value),
    )
    .label(format!("not a function of `{command}`"));
    match closest(&lower, AggregateFunction::names()) {
        Some(similar) => unknown.help(format!("did you mean `{similar}`?")),
        None => unknown
            .help(format!("to compute it for each row, write `| eval x={}(...)`", function.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        expr::testing::Bench,
        spl::{self, tree::CommandKind},
    };

    /// Lowers `stats text`; gives its plan and each diagnostic as `code at text: message`.
    fn lowered(text: &str) -> (stats::Stats, Vec<String>) {
        let source = format!("| stats {text}");
        let (pipeline, found) = spl::parse(&source);
        assert!(found.is_empty(), "{source}: {found:?}");
        let [command] = &pipeline.commands[..] else { panic!("{source} is one command") };
        let CommandKind::Stats(stats) = &command.kind else {
            panic!("{source} is one stats");
        };
        let mut bench = Bench::default();
        let plan = lower(stats, command, &mut bench.lowering(&source));
        let show = |diagnostic: &Diagnostic| {
            let place = diagnostic.primary.span.text(&source);
            format!("{} at {place}: {}", diagnostic.code.text(), diagnostic.message)
        };
        (plan, bench.diagnostics.iter().map(show).collect())
    }

    #[test]
    fn options_are_read_in_any_case_and_on_either_side() {
        let cases = [
            ("count BY a", (false, false)),
            ("allnum=t count", (true, false)),
            ("ALLNUM=True count BY a", (true, false)),
            ("allnum=0 count BY a dedup_splitvals=YES", (false, true)),
            ("count BY a, b Dedup_SplitVals = 1 allnum=1", (true, true)),
            ("delim=\",\" allnum=No count dedup_splitvals=F", (false, false)),
            ("delim=: count allnum=t", (true, false)),
        ];
        for (text, switches) in cases {
            let (plan, complaints) = lowered(text);
            assert_eq!((plan.all_numeric, plan.distinct_splits), switches, "{text}");
            assert_eq!(complaints, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_cannot_run_is_told_where_it_stands() {
        let cases = [
            ("allnum=maybe count", "E0108 at maybe: `maybe` is no yes or no"),
            ("count BY a top=3", "E0303 at top: caltrop does not run `top` of `stats` yet"),
            ("perc(a)", "E0108 at perc: `perc` has no percentage from 0 to 100"),
            ("p100.5(a)", "E0108 at p100.5: `p100.5` has no percentage from 0 to 100"),
            ("sparkline(a)", "E0306 at sparkline: caltrop does not run `sparkline` of `stats` yet"),
            ("per_hour(a)", "E0110 at per_hour: `stats` has no buckets of time for `per_hour`"),
            ("meen(a)", "E0110 at meen: no `stats` function `meen`"),
            ("p95", "E0107 at p95: `p95` needs a field"),
            ("sum(eval(a=1))", "E0113 at a=1: `sum` takes no yes or no"),
            (
                "values(a*) AS b",
                "E0108 at b: the new name has another number of `*` than the old one",
            ),
        ];
        for (text, complaint) in cases {
            assert_eq!(lowered(text).1, [complaint], "{text}");
        }
    }
}

//! `chart [options] aggregates [OVER row] [BY row column] [where function in top5]` and `timechart [options] aggregates [BY column] [where ..]`.

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::parser::{Parser, is_word};
use crate::spl::print::{print_name, print_stats};
use crate::spl::tree::{Chart, CommandKind, KeptColumns};

use super::stats;

pub(super) fn parse(parser: &mut Parser<'_>, is_timechart: bool) -> CommandKind {
    let (mut over, mut kept) = (None, None);
    let stats = stats::aggregates(parser, |parser| {
        if kept.is_none() && parser.eat_keyword("where") {
            kept = kept_columns(parser);
            return true;
        }
        let is_over = !is_timechart && over.is_none() && parser.eat_keyword("OVER");
        if is_over {
            parser.skip_space();
            over = parser.name();
            if over.is_none() {
                parser.missing("the field after `OVER`", "name it, or remove `OVER`");
            }
        }
        is_over
    });
    let Some(stats) = stats else { return CommandKind::Broken };
    let most = if is_timechart || over.is_some() { 1 } else { 2 };
    if let Some(surplus) = stats.by.get(most) {
        report_surplus(parser, surplus);
    }
    CommandKind::Chart(Chart { is_timechart, stats, over, kept })
}

/// Reads `function in top5` or `function < 10`; what is no such is reported.
fn kept_columns(parser: &mut Parser<'_>) -> Option<KeptColumns> {
    parser.skip_space();
    let function = parser.take_while(|c| is_word(c) || c == '.');
    parser.skip_space();
    let is_comparison = |c: char| "<>".contains(c);
    let relation = match parser.peek() {
        Some(c) if is_comparison(c) => parser.take_while(is_comparison),
        _ => parser.take_while(is_word),
    };
    parser.skip_space();
    let relation = Spanned::new(relation.value.to_ascii_lowercase(), relation.span);
    let bound = parser.name().filter(|_| !function.value.is_empty());
    let is_known = matches!(relation.value.as_str(), "in" | "notin" | "<" | ">");
    let Some(bound) = bound.filter(|_| is_known) else {
        parser.missing(
            "which columns are kept",
            "write `where max in top5`, `where sum notin bottom3` or `where avg > 10`",
        );
        return None;
    };
    Some(KeptColumns { function, relation, bound })
}

fn report_surplus(parser: &mut Parser<'_>, field: &Spanned<String>) {
    let message = format!("`{}` is one field too many for `{}`", field.value, parser.command);
    parser.report(
        Diagnostic::error(Code::BadArgument, field.span, message)
            .label("a chart has rows and columns only")
            .help("remove it, or use `stats` with all BY fields"),
    );
}

pub(in crate::spl) fn print(out: &mut String, chart: &Chart) {
    print_stats(out, &chart.stats);
    if let Some(over) = &chart.over {
        out.push_str(" OVER ");
        print_name(out, &over.value);
    }
    if let Some(KeptColumns { function, relation, bound }) = &chart.kept {
        for word in [" where ", &function.value, " ", &relation.value, " ", &bound.value] {
            out.push_str(word);
        }
    }
}

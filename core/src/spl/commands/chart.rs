//! `chart [options] aggregates [OVER row] [BY row column]` and `timechart [options] aggregates [BY column]`.

use super::stats;
use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::parser::Parser;
use crate::spl::print::{print_name, print_stats};
use crate::spl::tree::{Chart, CommandKind};

pub(super) fn parse(parser: &mut Parser<'_>, is_timechart: bool) -> CommandKind {
    let mut over = None;
    let stats = stats::aggregates(parser, |parser| {
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
    CommandKind::Chart(Chart { is_timechart, stats, over })
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
}

//! Syntax to stages: one file for each command that is more than its arguments, and the cut where a pipeline first needs
//! more than one row.

mod bin;
mod bracketed;
mod chart;
mod convert;
mod dedup;
mod expr;
mod foreach;
mod head;
mod inputlookup;
mod listed;
mod lookup;
mod makeresults;
mod options;
mod outputlookup;
mod regex;
mod rename;
mod replace;
mod r#return;
mod rex;
mod search;
mod sort;
mod stats;
mod strcat;
mod streamstats;
mod subsearch;
mod top;
mod transaction;

use super::{closing, effects, support};
use crate::{
    compiled::{Branch, Branched, Plan, Purpose, Reduce},
    diag::{Code, Diagnostic, Spanned},
    expr::search::Search,
    ids::BranchId,
    spl::tree::{Command, CommandKind, Fields, Pipeline},
    stage::{
        Class, Column, Stage, eval, eventstats, fields,
        format::Format,
        return_::{Gives, Return},
        reverse, table, tail, where_,
    },
};

pub use expr::Lowering;
pub(super) use listed::location_fields;
pub(super) use search::lower as search;
pub(super) use subsearch::is_generated;
pub(crate) use subsearch::resolve;

/// The stages of `pipeline`, cut into what runs per event and per window. What cannot run is said in
/// `lowering.diagnostics`, for every command, and the plan must then be thrown away.
pub(crate) fn plan(pipeline: &Pipeline, lowering: &mut Lowering<'_>) -> (Plan, String) {
    let stages = stages(pipeline, lowering);
    let generates = generates(&stages);
    let Cut { mapped, expanded, reduce, finish } = cut(stages);
    let branches = std::mem::take(&mut lowering.branches);
    let reduce = match reduce {
        own if !branches.is_empty() => {
            let (own, branches) = (own.unwrap_or(Reduce::Collect), branches.into());
            Some(Reduce::Branched(Box::new(Branched { own, branches })))
        }
        _ if generates => None,
        own => own,
    };
    let (closing, reason) = closing::prove(&mapped, &expanded, reduce.as_ref(), &finish);
    let (mapped, expanded, finish) = (mapped.into(), expanded.into(), finish.into());
    (Plan { mapped, expanded, reduce, finish, closing, generates }, reason)
}

/// A pipeline over the events of its rule's window becomes one of the rule's branches.
fn branch(
    pipeline: &Pipeline,
    purpose: Purpose,
    most_rows: usize,
    lowering: &mut Lowering<'_>,
) -> BranchId {
    let mut stages = stages(pipeline, lowering);
    if purpose == Purpose::Tests {
        match stages.last_mut() {
            Some(Stage::Format(format)) => {
                refuse_other_texts(pipeline, format, lowering);
                stages.pop();
            }
            Some(Stage::Return(returned)) => {
                returned.gives = Gives::Rows;
                refuse_bare_values(pipeline, returned, lowering);
            }
            _ => {}
        }
    }
    let Cut { mapped, expanded, reduce, finish } = cut(stages);
    let (reduce, mapped) = (reduce.unwrap_or(Reduce::Collect), mapped.into());
    let (expanded, finish) = (expanded.into(), finish.into());
    lowering.branches.push(Branch { mapped, expanded, reduce, finish, purpose, most_rows });
    BranchId::new(lowering.branches.len() - 1)
}

/// What rows over events mean is asked of them, never read out of a text: another one than the usual cannot be meant.
fn refuse_other_texts(pipeline: &Pipeline, format: &Format, lowering: &mut Lowering<'_>) {
    if *format == Format::default() {
        return;
    }
    let span = pipeline.commands.last().map_or(pipeline.span, |command| command.span);
    let message = "a subsearch over events is run with the usual texts of `format` only";
    lowering.report(
        Diagnostic::error(Code::UnsupportedSearch, span, message)
            .label("makes another search of its rows")
            .help("leave `format` out, or search a lookup table"),
    );
}

/// `return $field` makes words of a search out of what events say, and these are never read as a search.
fn refuse_bare_values(pipeline: &Pipeline, returned: &Return, lowering: &mut Lowering<'_>) {
    if returned.items.iter().all(|item| item.name.is_some()) {
        return;
    }
    let span = pipeline.commands.last().map_or(pipeline.span, |command| command.span);
    let message = "caltrop does not search for words that events supply";
    lowering.report(
        Diagnostic::error(Code::UnsupportedSearch, span, message)
            .label("returns bare values")
            .help("return the field by its name, such as `return user`"),
    );
}

fn stages(pipeline: &Pipeline, lowering: &mut Lowering<'_>) -> Vec<Stage> {
    let commands = pipeline.commands.iter().enumerate();
    let stages = commands.filter_map(|(index, command)| {
        let stage = stage(index, command, lowering)?;
        Some(delimited(stage, command, &pipeline.commands[..index]))
    });
    stages.collect()
}

/// `nomv` with the `delim` of the last command before it that made a multivalue of its field.
fn delimited(mut stage: Stage, command: &Command, before: &[Command]) -> Stage {
    let (Stage::NoMv(nomv), CommandKind::NoMv(listed)) = (&mut stage, &command.kind) else {
        return stage;
    };
    let field = listed.names.first().map(|name| name.value.as_str());
    let delimiter = before.iter().rev().find_map(|command| match &command.kind {
        CommandKind::MvCombine(combine) if combine.names.first().map(|it| &*it.value) == field => {
            combine.option("delim").map(|delimiter| &*delimiter.value)
        }
        CommandKind::Stats(stats) | CommandKind::Eventstats(stats) => {
            let mut outputs = effects::outputs(stats);
            let is_made = outputs.any(|output| Some(output.name) == field);
            let mut options = stats.options.iter().rev();
            let found = options.find(|(name, _)| name.value.eq_ignore_ascii_case("delim"));
            found.filter(|_| is_made).map(|(_, delimiter)| &*delimiter.value)
        }
        _ => None,
    });
    if let Some(delimiter) = delimiter {
        nomv.delimiter = delimiter.as_bytes().into();
    }
    stage
}

fn generates(stages: &[Stage]) -> bool {
    stages.first().is_some_and(|stage| stage.class() == Class::Generating)
}

/// The stages of a pipeline, by what they run on.
struct Cut {
    mapped: Vec<Stage>,
    expanded: Vec<Stage>,
    reduce: Option<Reduce>,
    finish: Vec<Stage>,
}

/// What stands before the first command that needs more than one row is mapped, that command reduces, the rest finishes.
fn cut(mut stages: Vec<Stage>) -> Cut {
    let at = stages.iter().position(|stage| !stage.class().is_per_event());
    let mut finish = stages.split_off(at.unwrap_or(stages.len()));
    let reduce = match finish.first() {
        None => None,
        Some(Stage::Stats(_)) => match finish.remove(0) {
            Stage::Stats(stats) => Some(Reduce::Stats(stats)),
            _ => unreachable!("matched a line above"),
        },
        Some(_) => Some(Reduce::Collect),
    };
    // Events that fail what is known at once need not wait for the rest.
    if let (Some(Reduce::Collect), Some(Stage::Search(search))) = (&reduce, finish.first_mut()) {
        let (ready, waiting) = std::mem::replace(search, Search::All).parted();
        *search = waiting;
        stages.push(Stage::Search(ready));
    }
    let at = stages.iter().position(|stage| stage.class() == Class::Expanding);
    let expanded = stages.split_off(at.unwrap_or(stages.len()));
    Cut { mapped: stages, expanded, reduce, finish }
}

/// The stage of one command; `None` once it was reported why there is none.
pub(crate) fn stage(index: usize, command: &Command, lowering: &mut Lowering<'_>) -> Option<Stage> {
    Some(match &command.kind {
        CommandKind::Search(search) => Stage::Search(search::lower_command(search, lowering)),
        CommandKind::Regex(regex) => Stage::Regex(regex::lower(regex, lowering)?),
        CommandKind::Table(names) => {
            Stage::Table(table::Table { columns: columns(names, lowering) })
        }
        CommandKind::Fields(fields) => Stage::Fields(lower_fields(fields, lowering)),
        CommandKind::Bin(bin) => bin::lower(bin, lowering)?,
        CommandKind::Stats(stats) => Stage::Stats(stats::lower(stats, command, lowering)),
        CommandKind::Eventstats(stats) => Stage::Eventstats(eventstats::Eventstats {
            stats: stats::lower(stats, command, lowering),
        }),
        CommandKind::Streamstats(tree) => {
            Stage::Streamstats(streamstats::lower(tree, command, lowering))
        }
        CommandKind::Where(expr) => {
            Stage::Where(where_::Where { predicate: lowering.predicate(expr) })
        }
        CommandKind::Eval(assignments) => {
            let assignments = assignments.iter().map(|assignment| lowering.assignment(assignment));
            Stage::Eval(eval::Eval { assignments: assignments.collect() })
        }
        CommandKind::Rename(pairs) => Stage::Rename(rename::lower(pairs, lowering)),
        CommandKind::Foreach(foreach) => Stage::Foreach(foreach::lower(foreach, lowering)?),
        CommandKind::Rex(rex) => Stage::Rex(rex::lower(rex, lowering)?),
        CommandKind::FillNull(listed) => Stage::FillNull(listed::fillnull(listed, lowering)),
        CommandKind::MakeMv(listed) => Stage::MakeMv(listed::makemv(listed, command, lowering)?),
        CommandKind::MvExpand(listed) => {
            Stage::MvExpand(listed::mvexpand(listed, command, lowering)?)
        }
        CommandKind::NoMv(listed) => Stage::NoMv(listed::nomv(listed, command, lowering)?),
        CommandKind::MvCombine(listed) => {
            Stage::MvCombine(listed::mvcombine(listed, command, lowering)?)
        }
        CommandKind::AddTotals(listed) => Stage::AddTotals(listed::addtotals(listed, lowering)),
        CommandKind::AvlBase64(listed) => {
            Stage::AvlBase64(listed::avlbase64(listed, command, lowering)?)
        }
        CommandKind::IpLocation(listed) => {
            Stage::IpLocation(listed::iplocation(listed, command, lowering)?)
        }
        CommandKind::SPath(listed) => Stage::SPath(listed::spath(listed, command, lowering)?),
        CommandKind::FromJson(listed) => {
            Stage::FromJson(listed::fromjson(listed, command, lowering)?)
        }
        CommandKind::ToJson(listed) => Stage::ToJson(listed::tojson(listed, lowering)?),
        CommandKind::MultiKv(listed) => Stage::MultiKv(listed::multikv(listed, lowering)?),
        CommandKind::Outlier(listed) => Stage::Outlier(listed::outlier(listed, lowering)?),
        CommandKind::XmlKv(listed) => Stage::XmlKv(listed::xmlkv(listed, command, lowering)?),
        CommandKind::Extract(listed) => Stage::Extract(listed::extract(listed, lowering)?),
        CommandKind::Convert(convert) => Stage::Convert(convert::lower(convert, lowering)),
        CommandKind::Replace(replace) => Stage::Replace(replace::lower(replace, lowering)),
        CommandKind::StrCat(strcat) => Stage::StrCat(strcat::lower(strcat, lowering)),
        CommandKind::Head(head) => Stage::Head(head::lower(head, lowering)),
        CommandKind::Tail { limit } => Stage::Tail(tail::Tail { limit: *limit }),
        CommandKind::Reverse => Stage::Reverse(reverse::Reverse),
        CommandKind::Sort(sort) => Stage::Sort(sort::lower(sort, lowering)),
        CommandKind::Dedup(dedup) => Stage::Dedup(dedup::lower(dedup, lowering)),
        CommandKind::Top(top) => Stage::Top(top::lower(top, command, lowering)),
        CommandKind::Chart(chart) => Stage::Chart(chart::lower(chart, command, lowering)?),
        CommandKind::Transaction(transaction) => {
            Stage::Transaction(transaction::lower(transaction, lowering))
        }
        CommandKind::MakeResults(listed) => {
            Stage::MakeResults(makeresults::lower(index, listed, command, lowering)?)
        }
        CommandKind::Lookup(lookup) => Stage::Lookup(lookup::lower(lookup, lowering)?),
        CommandKind::InputLookup(lookup) => {
            Stage::InputLookup(inputlookup::lower(index, lookup, command, lowering)?)
        }
        CommandKind::OutputLookup(lookup) => {
            Stage::OutputLookup(outputlookup::lower(lookup, command, lowering)?)
        }
        CommandKind::Append(tree) => Stage::Append(bracketed::append(tree, lowering)?),
        CommandKind::AppendPipe(tree) => Stage::AppendPipe(bracketed::appendpipe(tree, lowering)?),
        CommandKind::Join(tree) => Stage::Join(bracketed::join(tree, lowering)?),
        CommandKind::Format(listed) => Stage::Format(listed::format(listed, lowering)?),
        CommandKind::Return(tree) => Stage::Return(r#return::lower(tree, lowering)),
        CommandKind::Other(_) => {
            lowering.report(support::refuse(&command.name));
            return None;
        }
        CommandKind::Broken => return None,
    })
}

fn columns(names: &[Spanned<String>], lowering: &mut Lowering<'_>) -> Box<[Column]> {
    names.iter().map(|name| Column::new(&name.value, lowering.names)).collect()
}

fn lower_fields(fields: &Fields, lowering: &mut Lowering<'_>) -> fields::Fields {
    let mode = if fields.remove { fields::Mode::Remove } else { fields::Mode::Keep };
    fields::Fields { mode, columns: columns(&fields.names, lowering) }
}

//! Subsearches in `search`, `where` and `eval`: what they find becomes part of the command before anything else looks at it.
//!
//! A subsearch over tables gives the same rows at any time, so it is run once, when the rule is compiled, and the scan can look
//! for what it found. One over events is left, and becomes a branch of the rule where the search is lowered. What is found goes through the text
//! that `format` makes of it, as in Splunk.

use bumpalo::Bump;
use jiff::tz::TimeZone;

use super::{Lowering, bracketed::generated};
use crate::{
    diag::{Code, Diagnostic, Span},
    expr::regex::Caches,
    row::{Env, Fields, Row},
    spl::{
        self,
        tree::{CommandKind, Expr, ExprKind, Pipeline, Search},
    },
    stage::{self, Stage, format::Format},
    value::Value,
};

/// More rows than this say nothing: Splunk takes as many.
const MOST_ROWS: usize = 10_000;

/// Puts what the subsearches of `pipeline` find in their place.
pub(crate) fn resolve(pipeline: &mut Pipeline, lowering: &mut Lowering<'_>) {
    for command in &mut pipeline.commands {
        match &mut command.kind {
            CommandKind::Search(search) => resolve_in(search, lowering),
            CommandKind::Where(expr) => resolve_in_expr(expr, lowering),
            CommandKind::Eval(assignments) => {
                let values = assignments.iter_mut().map(|assignment| &mut assignment.value);
                values.for_each(|value| resolve_in_expr(value, lowering));
            }
            CommandKind::Append(tree) | CommandKind::AppendPipe(tree) | CommandKind::Join(tree) => {
                resolve(&mut tree.pipeline, lowering);
            }
            _ => {}
        }
    }
}

fn resolve_in(search: &mut Search, lowering: &mut Lowering<'_>) {
    match search {
        Search::And(terms) | Search::Or(terms) => {
            terms.iter_mut().for_each(|term| resolve_in(term, lowering));
        }
        Search::Not(term, _) => resolve_in(term, lowering),
        Search::Subsearch(pipeline) => {
            resolve(pipeline, lowering);
            if let Some(found) = found(pipeline, lowering) {
                *search = found;
            }
        }
        Search::All(_)
        | Search::Raw(_)
        | Search::Compare(_)
        | Search::In { .. }
        | Search::TimeModifier { .. } => {}
    }
}

/// What a subsearch over tables gives is read as an expression; over events it cannot be, for events are no rules.
fn resolve_in_expr(expr: &mut Expr, lowering: &mut Lowering<'_>) {
    let ExprKind::Subsearch(pipeline) = &mut expr.kind else {
        let children = expr.kind.children_mut();
        children.into_iter().for_each(|child| resolve_in_expr(child, lowering));
        return;
    };
    let span = expr.span;
    resolve(pipeline, lowering);
    if !is_generated(pipeline) {
        return;
    }
    let stages = generated(pipeline, lowering);
    let Some(text) = stages.and_then(|stages| text(&stages, span, lowering)) else {
        expr.kind = ExprKind::Broken;
        return;
    };
    let (mut found, problems) = spl::parse_expression(&text);
    if let Some(problem) = problems.into_iter().find(Diagnostic::is_error) {
        let message = format!("what the subsearch gives is no expression: {}", problem.message);
        let error = Diagnostic::error(Code::UnsupportedSearch, span, message);
        lowering.report(error.label(format!("gives `{text}`")));
    }
    found.move_to(span);
    *expr = found;
}

/// Says that an expression cannot wait for what a subsearch finds.
pub(super) fn not_here(span: Span) -> Diagnostic {
    let message = "an expression cannot hold a subsearch over events";
    Diagnostic::error(Code::UnsupportedSearch, span, message)
        .label("begins with no table and makes no rows")
        .help("use `join` or `append`, or a lookup table as `[| inputlookup hosts.csv | return $host]`")
}

/// Whether a pipeline makes its rows out of no event.
pub(in crate::plan) fn is_generated(pipeline: &Pipeline) -> bool {
    let head = pipeline.commands.first().map(|command| &command.kind);
    matches!(head, Some(CommandKind::InputLookup(_) | CommandKind::MakeResults(_)))
}

/// The search that a subsearch stands for; `None` once it was reported why there is none.
fn found(pipeline: &Pipeline, lowering: &mut Lowering<'_>) -> Option<Search> {
    let span = pipeline.span;
    if !is_generated(pipeline) {
        return None;
    }
    let stages = generated(pipeline, lowering)?;
    let text = text(&stages, span, lowering)?;
    let (parsed, problems) = spl::parse(&text);
    if let Some(problem) = problems.into_iter().find(Diagnostic::is_error) {
        let message = format!("what the subsearch gives is no search: {}", problem.message);
        lowering.report(Diagnostic::error(Code::UnsupportedSearch, span, message));
    }
    let mut commands = parsed.commands.into_iter();
    let CommandKind::Search(mut search) = commands.next()?.kind else { return None };
    place_at(&mut search, span);
    Some(search)
}

/// What `format`, if no command did it, makes of the rows.
fn text(stages: &[Stage], span: Span, lowering: &mut Lowering<'_>) -> Option<String> {
    let search = lowering.names.intern("search");
    let (bump, caches) = (Bump::new(), Caches::new(lowering.regexes.count()));
    let zone = TimeZone::UTC;
    let env = Env::new(&bump, lowering.names, &caches, &zone, 0.0);
    let mut rows = stage::run(stages, Vec::new(), env);
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let is_formatted = matches!(stages.last(), Some(Stage::Format(_) | Stage::Return(_)));
    if !is_formatted {
        rows = Format::default().apply_all(rows, env);
    }
    let text = |row: &Row<'_>| match row.get(search) {
        Value::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    };
    let text = rows.first().and_then(text);
    drop(rows);
    if left_out > 0 {
        lowering.report(too_many(left_out, span));
    }
    text
}

fn too_many(left_out: usize, span: Span) -> Diagnostic {
    let message = format!("{left_out} rows of the subsearch are left out");
    Diagnostic::warning(Code::UnsupportedSearch, span, message)
        .label(format!("only the first {MOST_ROWS} count"))
        .help("join with `lookup` instead, which has no such limit")
}

/// Points every part of a search, which came from no text of the rule, to the subsearch.
fn place_at(search: &mut Search, span: Span) {
    match search {
        Search::All(place) => *place = span,
        Search::And(terms) | Search::Or(terms) => {
            terms.iter_mut().for_each(|term| place_at(term, span));
        }
        Search::Not(term, place) => {
            *place = span;
            place_at(term, span);
        }
        Search::Raw(term) => term.span = span,
        Search::Compare(test) => {
            (test.span, test.field.span, test.value.span) = (span, span, span);
        }
        Search::In { field, values, span: place } => {
            (*place, field.span) = (span, span);
            values.iter_mut().for_each(|value| value.span = span);
        }
        Search::TimeModifier { name, value } => (name.span, value.span) = (span, span),
        Search::Subsearch(pipeline) => pipeline.span = span,
    }
}

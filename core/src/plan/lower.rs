//! Syntax to stages: one function for each command, and the cut where a pipeline first needs more than one row.

use super::{
    closing,
    lower_expr::{Lowering, in_string},
    lower_search, lower_stats, support,
};
use crate::{
    compiled::{Plan, Reduce},
    diag::{Code, Diagnostic, Span, Spanned},
    expr::{
        glob::{Case, Glob},
        regex::Regex as CompiledRegex,
    },
    names::Names,
    spl::tree::{Assignment, Bin, Command, CommandKind, Fields, Head, Pipeline, Regex, Renaming},
    stage::{
        Class, Column, FieldPattern, Stage,
        bin::{self, Span as BinSpan},
        eval, fields, head, makeresults, regex, rename, table, where_,
    },
};

/// The stages of `pipeline`, cut into what runs per event and per window. What cannot run is said in
/// `lowering.diagnostics`, for every command, and the plan must then be thrown away.
pub(crate) fn plan(pipeline: &Pipeline, lowering: &mut Lowering<'_>) -> (Plan, String) {
    let mut lower = Lower { lowering };
    let stages: Vec<Stage> = pipeline
        .commands
        .iter()
        .enumerate()
        .filter_map(|(index, command)| lower.command(index, command))
        .collect();
    cut(stages)
}

/// What stands before the first command that needs more than one row is mapped, that command reduces, the rest finishes.
fn cut(mut stages: Vec<Stage>) -> (Plan, String) {
    let generates = stages.first().is_some_and(|stage| stage.class() == Class::Generating);
    let at = stages.iter().position(|stage| stage.class() != Class::RowLocal);
    let mut finish = stages.split_off(at.unwrap_or(stages.len()));
    let reduce = match finish.first() {
        _ if generates => None,
        None => None,
        Some(Stage::Stats(_)) => match finish.remove(0) {
            Stage::Stats(stats) => Some(Reduce::Stats(stats)),
            _ => unreachable!("matched a line above"),
        },
        Some(_) => Some(Reduce::Collect),
    };
    let (closing, reason) = closing::prove(&stages, reduce.as_ref(), &finish);
    let plan = Plan { mapped: stages.into(), reduce, finish: finish.into(), closing, generates };
    (plan, reason)
}

struct Lower<'a, 'b> {
    lowering: &'a mut Lowering<'b>,
}

impl Lower<'_, '_> {
    fn command(&mut self, index: usize, command: &Command) -> Option<Stage> {
        Some(match &command.kind {
            CommandKind::Search(search) => {
                Stage::Search(lower_search::lower(search, self.lowering))
            }
            CommandKind::Regex(regex) => Stage::Regex(self.regex(regex)?),
            CommandKind::Table(names) => {
                Stage::Table(table::Table { columns: self.columns(names) })
            }
            CommandKind::Fields(fields) => Stage::Fields(self.fields(fields)),
            CommandKind::Bin(bin) => Stage::Bin(self.bin(bin, command)?),
            CommandKind::Stats(stats) => Stage::Stats(lower_stats::lower(stats, self.lowering)),
            CommandKind::Where(expr) => {
                Stage::Where(where_::Where { predicate: self.lowering.predicate(expr) })
            }
            CommandKind::Eval(assignments) => Stage::Eval(self.eval(assignments)),
            CommandKind::Rename(pairs) => Stage::Rename(self.rename(pairs)),
            CommandKind::Head(head) => Stage::Head(self.head(head)),
            CommandKind::MakeResults { count } => self.make_results(index, *count, command)?,
            CommandKind::Other(_) => {
                self.report(support::refuse(&command.name));
                return None;
            }
            CommandKind::Broken => return None,
        })
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.lowering.diagnostics.push(diagnostic);
    }

    fn columns(&mut self, names: &[Spanned<String>]) -> Box<[Column]> {
        names.iter().map(|name| Column::new(&name.value, self.lowering.names)).collect()
    }

    fn regex(&mut self, regex: &Regex) -> Option<regex::Regex> {
        let field = match &regex.field {
            Some(field) => self.lowering.names.intern(&field.value),
            None => Names::RAW,
        };
        let pattern = &regex.pattern;
        let compiled = CompiledRegex::compile(&pattern.text, self.lowering.regexes);
        // Text glued to a quoted pattern: where the whole does not compile, the quoted part alone is meant.
        let alone = pattern.quoted_alone.as_ref().filter(|_| compiled.is_err());
        let compiled = match alone.map(|alone| CompiledRegex::compile(alone, self.lowering.regexes))
        {
            Some(Ok(alone)) => {
                self.only_quoted_piece(pattern.span);
                Ok(alone)
            }
            _ => compiled,
        };
        match compiled {
            Ok(program) => Some(regex::Regex { field, negated: regex.negated, pattern: program }),
            Err(error) => {
                let bytes = &error.offset_span;
                let span = in_string(self.lowering.source, pattern.span, bytes.start, bytes.end)
                    .unwrap_or(pattern.span);
                self.report(
                    Diagnostic::error(Code::BadRegex, span, error.message)
                        .label("in this regular expression"),
                );
                None
            }
        }
    }

    /// The parser has said that the pieces were read as one, which is now untrue.
    fn only_quoted_piece(&mut self, span: Span) {
        let diagnostics = &mut self.lowering.diagnostics;
        diagnostics.retain(|said| (said.code, said.primary.span) != (Code::MixedQuotes, span));
        let message = "text outside of the quotes of a pattern was left out";
        self.report(
            Diagnostic::warning(Code::MixedQuotes, span, message)
                .label("only the first quoted piece is read")
                .help("put one pair of quotes around the whole pattern"),
        );
    }

    fn fields(&mut self, fields: &Fields) -> fields::Fields {
        let mode = if fields.remove { fields::Mode::Remove } else { fields::Mode::Keep };
        fields::Fields { mode, columns: self.columns(&fields.names) }
    }

    fn bin(&mut self, bin: &Bin, command: &Command) -> Option<bin::Bin> {
        for (name, _) in &bin.options {
            let message = format!("`bin` with `{}` needs all rows at once", name.value);
            self.report(
                Diagnostic::error(Code::UnsupportedOption, name.span, message)
                    .label("not supported")
                    .help("give the buckets a fixed length with `span=`"),
            );
        }
        let field = bin.field.as_ref().map_or("_time", |field| &field.value);
        let field = self.lowering.names.intern(field);
        let target = match &bin.target {
            Some(target) => self.lowering.names.intern(&target.value),
            None => field,
        };
        let Some(span) = &bin.span else {
            if bin.options.is_empty() {
                self.report(
                    Diagnostic::error(
                        Code::MissingArgument,
                        command.span,
                        "`bin` without `span=` needs all rows at once",
                    )
                    .label("expected `span=`")
                    .help("say how long a bucket is, such as `bin span=5m _time`"),
                );
            }
            return None;
        };
        match BinSpan::parse(&span.value, field == Names::TIME) {
            Ok(parsed) => Some(bin::Bin { field, target, span: parsed }),
            Err(message) => {
                self.report(
                    Diagnostic::error(Code::BadArgument, span.span, message).label("not a span"),
                );
                None
            }
        }
    }

    fn eval(&mut self, assignments: &[Assignment]) -> eval::Eval {
        let assignments = assignments.iter().map(|assignment| self.lowering.assignment(assignment));
        eval::Eval { assignments: assignments.collect() }
    }

    fn rename(&mut self, pairs: &[Renaming]) -> rename::Rename {
        let pairs = pairs.iter().filter_map(|pair| {
            let (from, to) = (&pair.from.value, &pair.to.value);
            if from.matches('*').count() != to.matches('*').count() {
                self.report(different_wildcards(pair.to.span, &pair.from));
                return None;
            }
            Some(if from.contains('*') {
                rename::Renaming::Pattern {
                    from: FieldPattern::new(from),
                    to: Glob::new(to, Case::Sensitive),
                }
            } else {
                let names = &mut self.lowering.names;
                rename::Renaming::Field { from: names.intern(from), to: names.intern(to) }
            })
        });
        rename::Rename { pairs: pairs.collect() }
    }

    fn head(&mut self, head: &Head) -> head::Head {
        let condition = head.condition.as_ref();
        let condition = condition.map(|expr| self.lowering.predicate(expr));
        head::Head { limit: Some(head.limit), condition }
    }

    fn make_results(&mut self, index: usize, count: u64, command: &Command) -> Option<Stage> {
        if index > 0 {
            self.report(
                Diagnostic::error(
                    Code::NotAGenerator,
                    command.name.span,
                    "`makeresults` must be the first command",
                )
                .label("makes rows out of nothing")
                .help("start the search with `| makeresults`"),
            );
            return None;
        }
        Some(Stage::MakeResults(makeresults::MakeResults { count }))
    }
}

/// The complaint that the `*` of two names cannot be paired.
pub(super) fn different_wildcards(span: Span, pattern: &Spanned<String>) -> Diagnostic {
    Diagnostic::error(
        Code::BadArgument,
        span,
        "the new name has another number of `*` than the old one",
    )
    .label(format!("expected {} `*`", pattern.value.matches('*').count()))
    .also(pattern.span, "the old name")
    .help("write as many `*` as in the old name: each stands for what it matched there")
}

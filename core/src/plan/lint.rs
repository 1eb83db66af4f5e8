//! Warnings about a sound rule that hardly does what its author meant: it reads what an earlier command has dropped.
//!
//! The law: **no false alarm**. What is kept is over-estimated: a command that this module does not know keeps everything,
//! and a wildcard keeps all that it could match. So it is not good at finding a field that no event has.

use std::collections::BTreeSet;

use super::effects::{self, Effect};
use crate::{
    diag::{Code, Diagnostic, Span, Spanned},
    expr::glob::{Case, Glob},
    spl::tree::{Command, Expr, ExprKind, Pipeline, RawTerm, Search},
};

/// What is to be said of `pipeline`, which has no error, in the order of its places.
pub(crate) fn lint(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut lint = Lint { kept: Kept::default(), said: BTreeSet::new(), diagnostics: Vec::new() };
    for command in &pipeline.commands {
        lint.command(command);
    }
    lint.diagnostics
}

/// The fields that can still be there.
#[derive(Default)]
struct Kept {
    /// What is kept; `None` keeps all.
    only: Option<Vec<Pattern>>,
    /// The name of the command that dropped the others, as written.
    dropper: Option<Spanned<String>>,
}

/// Names that are kept.
struct Pattern {
    glob: Glob,
    /// A wildcard of `stats` leaves the internal fields out, `_raw` among them.
    takes_internal: bool,
}

impl Pattern {
    fn of(kept: &effects::Kept<'_>) -> Self {
        Self { glob: Glob::new(kept.name, Case::Sensitive), takes_internal: !kept.is_result }
    }

    /// What a command writes; `{x}` in its name stands for anything.
    fn written(name: &str) -> Self {
        let name = if name.contains('{') { "*" } else { name };
        Self { glob: Glob::new(name, Case::Sensitive), takes_internal: true }
    }

    fn holds(&self, name: &str) -> bool {
        (self.takes_internal || !name.starts_with('_')) && self.glob.is_match(name.as_bytes())
    }
}

impl Kept {
    fn holds(&self, name: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|patterns| patterns.iter().any(|pattern| pattern.holds(name)))
    }

    /// Keeps what matches one of `kept`, even where an earlier command has dropped it: to list it is harmless, and the
    /// mistake, if it is one, is not to be told far away from it.
    fn keep_only(&mut self, command: &Command, kept: &[effects::Kept<'_>]) {
        self.only = Some(kept.iter().map(Pattern::of).collect());
        self.dropper = Some(command.name.clone());
    }

    fn add(&mut self, name: &str) {
        if let Some(patterns) = &mut self.only {
            patterns.push(Pattern::written(name));
        }
    }
}

struct Lint {
    kept: Kept,
    /// Of each field only the first reading is told.
    said: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Lint {
    /// What a command tests, counts or computes with, and what it drops and adds. A field that is only listed does no harm.
    fn command(&mut self, command: &Command) {
        for effect in effects::effects(command) {
            match effect {
                Effect::Searches(search) => self.search(search),
                Effect::Computes(expr) => self.expr(expr),
                Effect::Reads(field) => self.field(&field.value, field.span),
                Effect::ReadsRaw(span) => self.field("_raw", span),
                Effect::Writes(name) => self.kept.add(name),
                Effect::WritesJoined(start, end) => self.kept.add(&format!("{start}{end}")),
                Effect::KeepsOnly(kept) => self.kept.keep_only(command, &kept),
                Effect::Anything => self.kept = Kept::default(),
                Effect::ReadsTime | Effect::Lists(_) => {}
            }
        }
    }

    fn search(&mut self, search: &Search) {
        match search {
            Search::And(terms) | Search::Or(terms) => {
                terms.iter().for_each(|term| self.search(term));
            }
            Search::Not(term, _) => self.search(term),
            Search::Raw(term) => self.raw(term),
            Search::Compare(test) => self.field(&test.field.value, test.field.span),
            Search::In { field, .. } => self.field(&field.value, field.span),
            Search::All(_) | Search::TimeModifier { .. } | Search::Subsearch(_) => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Field(name) => self.field(name, expr.span),
            ExprKind::Negate(inner) | ExprKind::Not(inner) => self.expr(inner),
            ExprKind::Arithmetic(_, left, right)
            | ExprKind::Compare(_, left, right)
            | ExprKind::Xor(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::And(terms) | ExprKind::Or(terms) => {
                terms.iter().for_each(|term| self.expr(term));
            }
            ExprKind::Call { arguments, .. } => {
                arguments.iter().for_each(|argument| self.expr(argument));
            }
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Subsearch(_)
            | ExprKind::Broken => {}
        }
    }

    /// A keyword needs the raw text.
    fn raw(&mut self, term: &RawTerm) {
        if self.kept.holds("_raw") || !self.said.insert("_raw".to_owned()) {
            return;
        }
        let message = "a keyword is searched after `_raw` was dropped";
        let found = Diagnostic::warning(Code::KeywordWithoutRaw, term.span, message)
            .label("matches nothing")
            .help("search for it before, or test a field, such as `process=\"*word*\"`");
        self.report(found);
    }

    fn field(&mut self, name: &str, span: Span) {
        let is_open = name.contains('*') || effects::is_placeholder(name);
        if is_open || self.kept.holds(name) || !self.said.insert(name.to_owned()) {
            return;
        }
        let dropper = self.kept.dropper.as_ref().map_or("", |dropper| &dropper.value);
        let message = format!("`{name}` is read after `{dropper}` dropped it");
        let help = if dropper.eq_ignore_ascii_case("stats") {
            format!("read it before, or keep it, such as with `values({name}) as {name}`")
        } else {
            format!("read it before, or add it to the list of `{dropper}`")
        };
        let found = Diagnostic::warning(Code::FieldDropped, span, message);
        self.report(found.label("never has a value here").help(help));
    }

    fn report(&mut self, found: Diagnostic) {
        let dropper = self.kept.dropper.as_ref().map(|dropper| dropper.span);
        self.diagnostics.push(match dropper {
            Some(span) => found.also(span, "dropped here"),
            None => found,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spl;

    /// Code and text of each warning.
    fn warnings(source: &str) -> Vec<String> {
        let (pipeline, errors) = spl::parse(source);
        assert_eq!(errors, [], "{source}");
        let found = lint(&pipeline).into_iter();
        found.map(|one| format!("{} {}", one.code.text(), one.primary.span.text(source))).collect()
    }

    #[test]
    fn what_an_earlier_command_dropped_is_told_where_it_is_read() {
        for (source, expected) in [
            ("error | table user | search \"failed\"", "W0504 \"failed\""),
            ("error | fields - x | stats count by user | search TERM(x)", "W0504 TERM(x)"),
            ("error | stats values(*) as * by user | search failed", "W0504 failed"),
            ("error | table user | where process=\"x\"", "W0507 process"),
            ("error | table a b* | search c=1", "W0507 c"),
            ("error | fields a | eval y=lower(b)", "W0507 b"),
            ("error | stats count as n by user | where count > 3", "W0507 count"),
            ("error | stats count by user | stats dc(host) by user", "W0507 host"),
            ("error | stats count by user | bin span=1h _time", "W0507 _time"),
            ("error | table a | regex b=\"x\"", "W0507 b"),
            ("error | table a | regex \"x\"", "W0507 \"x\""),
            ("error | table a | stats count(eval(b=1)) as n by a", "W0507 b"),
        ] {
            assert_eq!(warnings(source), [expected], "{source}");
        }
    }

    #[test]
    fn what_may_still_be_there_is_no_matter() {
        for source in [
            "error | search x=1 failed | where y=2",
            "error | fields a | search failed | bin span=1h _time",
            "error | fields - a | search a=1 failed",
            "error | table _time _raw | search failed",
            "error | table p* | where process=1",
            "error | stats values(*) as * by host | where process=1",
            "error | stats values(p*) as q* | where qrocess=1",
            "error | stats values(*) as *_all | where b_all=2",
            "error | stats values(*) | where 'values(process)'=1",
            "error | stats count, dc(x) by user | where count > 3 AND 'dc(x)' > 2",
            "error | table a | eval b=a, c=b | where c=1",
            "error | table a | eval {a}=1 | where anything=1",
            "error | table a | rename a as b | where b=1",
            "error | table a | rename b as c | table d",
            "error | fields a | spath | search failed x=1",
            "error | table a | bin span=1 a as b | search b=1",
        ] {
            assert!(warnings(source).is_empty(), "{source}: {:?}", warnings(source));
        }
    }

    #[test]
    fn a_field_is_told_once_and_with_its_dropper() {
        let source = "error | table a | where b=1 OR b=2 | where b=3";
        let (pipeline, _) = spl::parse(source);
        let found = lint(&pipeline);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].secondary[0].span.text(source), "table");
        assert_eq!(found[0].message, "`b` is read after `table` dropped it");
        let help = "read it before, or add it to the list of `table`";
        assert_eq!(found[0].help.as_deref(), Some(help));
    }
}

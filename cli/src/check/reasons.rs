//! Why rules were refused and what is said of the others, as tables with counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use caltrop_core::{
    diag::{Code, Diagnostic},
    ruleset::RuleReport,
};
use serde::Serialize;

use crate::rules::is_error;

/// One reason, and how many rules have it.
#[derive(Serialize)]
pub(super) struct Reason {
    code: &'static str,
    message: String,
    rules: usize,
}

/// The errors, each told as its rule was told it, the most frequent first.
pub(super) fn refusals(reports: &[RuleReport]) -> Vec<Reason> {
    reasons(reports, |diagnostic| {
        is_error(diagnostic).then(|| (diagnostic.code, diagnostic.message.clone()))
    })
}

/// The kinds of warnings, the most frequent first.
pub(super) fn warnings(reports: &[RuleReport]) -> Vec<Reason> {
    reasons(reports, |diagnostic| {
        (!is_error(diagnostic)).then(|| (diagnostic.code, diagnostic.code.title().to_owned()))
    })
}

fn reasons(
    reports: &[RuleReport],
    reason_of: impl Fn(&Diagnostic) -> Option<(Code, String)>,
) -> Vec<Reason> {
    let mut counts: BTreeMap<(Code, String), usize> = BTreeMap::new();
    for report in reports {
        // A rule that has a reason twice is one rule that has it.
        let found: BTreeSet<_> = report.diagnostics.iter().filter_map(&reason_of).collect();
        found.into_iter().for_each(|reason| *counts.entry(reason).or_default() += 1);
    }
    let mut reasons: Vec<Reason> = counts
        .into_iter()
        .map(|((code, message), rules)| Reason { code: code.text(), message, rules })
        .collect();
    // The order of codes and messages stays among equals.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.rules));
    reasons
}

/// Writes `reasons` under a head that calls them `kind`, and an empty line; nothing where there is none.
pub(super) fn write_table(out: &mut dyn Write, kind: &str, reasons: &[Reason]) -> io::Result<()> {
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "rules  code   {kind}")?;
    for Reason { code, message, rules } in reasons {
        writeln!(out, "{rules:>5}  {code}  {}", message.replace(char::is_control, " "))?;
    }
    writeln!(out)
}

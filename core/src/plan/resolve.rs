//! What the knowledge says a field is: the mapping that runs, and where each field's value comes from.

use std::collections::BTreeMap;

use super::lower_expr::Lowering;
use crate::{
    diag::{Diagnostic, Span},
    event::mapping::{Alias, AliasSetting, Mapping, Stanza},
    expr::{program::Expr as Program, regex::RegexIds},
    knowledge::{
        Knowledge,
        props::{AliasMode, Calculation, FieldAlias},
    },
    names::Names,
    spl::{
        self,
        tree::{Expr, ExprKind},
    },
};

/// Where a field's value comes from, which decides what it proves about the raw event; each proves less than the one
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The raw text itself.
    Raw,
    /// A value of the event, whole: its edges are boundaries.
    Verbatim,
    /// A contiguous piece of such a value, cut at a breaker or at its edge: its edges are boundaries too.
    Fenced,
    /// Anything else: it proves nothing.
    Opaque,
}

/// Where the fields that the knowledge names come from; any other is the event's own.
#[derive(Clone, Debug)]
pub struct Origins {
    fields: BTreeMap<String, Origin>,
    /// For each field, the settings that make it, as written: for `explain`.
    makers: BTreeMap<String, Vec<String>>,
}

/// Fields that the caller or Splunk itself gives: no bytes of the raw event.
const METADATA: &[&str] = &[
    "_cd",
    "_indextime",
    "_time",
    "date_hour",
    "date_mday",
    "date_minute",
    "date_month",
    "date_second",
    "date_wday",
    "date_year",
    "date_zone",
    "eventtype",
    "host",
    "index",
    "linecount",
    "punct",
    "source",
    "sourcetype",
    "splunk_server",
    "tag",
    "timeendpos",
    "timestartpos",
];

impl Default for Origins {
    fn default() -> Self {
        let opaque = METADATA.iter().map(|&name| (name.to_owned(), Origin::Opaque));
        let mut fields: BTreeMap<_, _> = opaque.collect();
        fields.insert("_raw".to_owned(), Origin::Raw);
        Self { fields, makers: BTreeMap::new() }
    }
}

impl Origins {
    /// Where the values of all fields come from under `knowledge`. A field with several producers proves no more than
    /// the weakest of them.
    #[must_use]
    pub fn of_knowledge(knowledge: &Knowledge) -> Self {
        let mut origins = Self::default();
        let stanzas = knowledge.props.stanzas();
        for stanza in stanzas {
            stanza.aliases.iter().for_each(|setting| origins.add_aliases(&stanza.name, setting));
        }
        // Calculations read aliases, so these must all be known.
        for stanza in stanzas {
            let calculations = stanza.calculations.iter();
            calculations.for_each(|calculation| origins.add_calculation(&stanza.name, calculation));
        }
        origins
    }

    /// Where `field` comes from.
    #[must_use]
    pub fn of(&self, field: &str) -> Origin {
        // A tag of one field is as opaque as `tag`.
        if field.starts_with("tag::") {
            return Origin::Opaque;
        }
        self.fields.get(field).copied().unwrap_or(Origin::Verbatim)
    }

    /// The settings of the knowledge that make `field`, as written; none for the event's own.
    pub fn makers(&self, field: &str) -> impl Iterator<Item = &str> {
        self.makers.get(field).into_iter().flatten().map(String::as_str)
    }

    /// The fields that the knowledge makes, in the order of their names.
    pub fn made(&self) -> impl Iterator<Item = &str> {
        self.makers.keys().map(String::as_str)
    }

    fn add(&mut self, field: &str, origin: Origin, maker: String) {
        let known = self.fields.entry(field.to_owned()).or_insert(Origin::Verbatim);
        *known = origin.max(*known);
        self.makers.entry(field.to_owned()).or_default().push(maker);
    }

    fn add_aliases(&mut self, stanza: &str, setting: &FieldAlias) {
        for alias in &setting.aliases {
            // Aliases read own fields; of those only metadata is no text of the event.
            let origin = self.own(&alias.original);
            let maker = format!(
                "[{stanza}] FIELDALIAS-{} = {} AS {}",
                setting.class, alias.original, alias.name
            );
            self.add(&alias.name, origin, maker);
        }
    }

    fn add_calculation(&mut self, stanza: &str, calculation: &Calculation) {
        let origin =
            parse(&calculation.expression).map_or(Origin::Opaque, |expr| self.of_expr(&expr));
        let maker = format!("[{stanza}] EVAL-{} = {}", calculation.field, calculation.expression);
        self.add(&calculation.field, origin, maker);
    }

    fn of_expr(&self, expr: &Expr) -> Origin {
        match &expr.kind {
            ExprKind::Field(field) => self.of(field).max(Origin::Verbatim),
            ExprKind::Call { name, arguments } => {
                self.of_call(&name.value.to_ascii_lowercase(), arguments)
            }
            _ => Origin::Opaque,
        }
    }

    fn of_call(&self, name: &str, arguments: &[Expr]) -> Origin {
        let worst = |branches: &mut dyn Iterator<Item = &Expr>| {
            branches.map(|branch| self.of_expr(branch)).max().unwrap_or(Origin::Verbatim)
        };
        match (name, arguments) {
            // No value proves anything, since no test of it can pass.
            ("null", []) => Origin::Verbatim,
            ("coalesce", branches) => worst(&mut branches.iter()),
            ("if", [_, then, otherwise]) => worst(&mut [then, otherwise].into_iter()),
            ("case", pairs) => worst(&mut pairs.iter().skip(1).step_by(2)),
            ("mvindex", [pieces, index]) if is_integer(index) => self.of_split(pieces),
            _ => Origin::Opaque,
        }
    }

    /// `split(field, "\\")`: every piece is fenced by the breaker it was cut at.
    fn of_split(&self, expr: &Expr) -> Origin {
        let ExprKind::Call { name, arguments } = &expr.kind else { return Origin::Opaque };
        match (name.value.to_ascii_lowercase().as_str(), arguments.as_slice()) {
            ("split", [field, delimiter]) if is_breaker(delimiter) => {
                self.of_expr(field).max(Origin::Fenced)
            }
            _ => Origin::Opaque,
        }
    }

    fn own(&self, field: &str) -> Origin {
        if METADATA.contains(&field) { Origin::Opaque } else { Origin::Verbatim }
    }
}

fn is_integer(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Negate(inner) => is_integer(inner),
        ExprKind::Number(text) => text.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// A delimiter of which every rendering of an event starts and ends with a breaker.
fn is_breaker(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::String(text) if matches!(text.as_str(), "\\" | "/" | "," | ";" | ":" | " "))
}

/// The expression of a calculated field, if it parses.
fn parse(expression: &str) -> Option<Expr> {
    let (expr, diagnostics) = spl::parse_expression(expression);
    diagnostics.is_empty().then_some(expr)
}

/// The mapping that runs, and what is wrong with it: the file, and a diagnostic whose spans point into that file.
pub(crate) fn mapping(
    knowledge: &Knowledge,
    names: &mut Names,
    regexes: &mut RegexIds,
) -> (Mapping, Vec<(String, Diagnostic)>) {
    let mut problems = Vec::new();
    let stanzas = knowledge.props.stanzas().iter().map(|stanza| Stanza {
        selector: stanza.selector.clone(),
        aliases: stanza.aliases.iter().map(|setting| alias_setting(setting, names)).collect(),
        calculations: stanza
            .calculations
            .iter()
            .filter_map(|calculation| {
                let field = names.intern(&calculation.field);
                if calculation.expression.is_empty() {
                    return Some((field, None));
                }
                let expr = calculated(calculation, names, regexes, &mut problems)?;
                Some((field, Some(expr)))
            })
            .collect(),
    });
    let stanzas = stanzas.collect();
    (Mapping { stanzas }, problems)
}

fn alias_setting(setting: &FieldAlias, names: &mut Names) -> AliasSetting {
    let aliases = setting.aliases.iter().map(|alias| Alias {
        from: names.intern(&alias.original),
        to: names.intern(&alias.name),
        keeps_existing: alias.mode == AliasMode::Keep,
    });
    AliasSetting { class: setting.class.as_str().into(), aliases: aliases.collect() }
}

fn calculated(
    calculation: &Calculation,
    names: &mut Names,
    regexes: &mut RegexIds,
    problems: &mut Vec<(String, Diagnostic)>,
) -> Option<Program> {
    let (expr, mut diagnostics) = spl::parse_expression(&calculation.expression);
    let source = &calculation.expression;
    let mut lowering =
        Lowering { source, names, regexes, diagnostics: &mut diagnostics, strict_raw: false };
    let program = lowering.value(&expr);
    let is_sound = diagnostics.is_empty();
    problems.extend(diagnostics.into_iter().map(|diagnostic| {
        let start = calculation.origin.span.start;
        let moved = diagnostic.map_spans(|span| Span::new(span.start + start, span.end + start));
        (calculation.origin.file.to_string(), moved)
    }));
    is_sound.then_some(program)
}

//! Where each field's value comes from, which decides what a test of it proves about the raw event.
//!
//! A field with several producers proves no more than the weakest of them. What an expression gives is known only for
//! shapes that always give a contiguous piece of one value; any other is opaque.

use std::collections::{BTreeMap, BTreeSet};

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::lookups;
use crate::{
    event::extract::Template,
    expr::dialect,
    knowledge::{
        Knowledge,
        extractions::{Extraction, Report},
        lookups::Lookups,
        props::{AutomaticLookup, Calculation, FieldAlias, Stanza},
        transforms::{self, Transform, Transforms},
    },
    scan::segment::{Breaker, class},
    spl::{
        self,
        tree::{Expr, ExprKind},
    },
};

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How it stands in the event.
    pub shape: Shape,
    /// Whether its letters were made lower-case, those beyond ASCII, too.
    pub is_lowered: bool,
}

/// How a value stands in the event; each proves less than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// It is the raw text itself.
    Raw,
    /// A value of the event, whole: its edges are boundaries.
    Verbatim,
    /// A contiguous piece of such a value, cut at a breaker or at its edge: its edges are boundaries, too.
    Fenced,
    /// A contiguous piece of such a value or of the raw text, cut anywhere.
    Piece,
    /// Anything else: it proves nothing.
    Opaque,
}

impl Origin {
    /// That of a value which proves nothing.
    pub const OPAQUE: Self = Self::plain(Shape::Opaque);
    const VERBATIM: Self = Self::plain(Shape::Verbatim);

    const fn plain(shape: Shape) -> Self {
        Self { shape, is_lowered: false }
    }

    /// What is certain whichever of the two a value comes from.
    fn or(self, other: Self) -> Self {
        let is_lowered = self.is_lowered || other.is_lowered;
        Self { shape: self.shape.max(other.shape), is_lowered }
    }

    /// That of what was cut from it.
    fn cut(self, shape: Shape) -> Self {
        Self { shape: self.shape.max(shape), ..self }
    }
}

/// Where the fields that the knowledge names come from; any other is the event's own.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    extracted: BTreeMap<String, Origin>,
    /// That of every field which some extraction may name by what the event says.
    any: Option<Origin>,
    aliased: BTreeMap<String, Origin>,
    calculated: BTreeMap<String, Origin>,
    /// Fields that a lookup may write; what stands in a table proves nothing about an event.
    looked_up: BTreeSet<String>,
    /// For each field, the settings that make it, as written: for `explain`.
    makers: BTreeMap<String, Vec<String>>,
    /// The settings that may make any field.
    makers_of_any: Vec<String>,
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

impl Origins {
    /// Where the values of all fields come from under `knowledge`.
    #[must_use]
    pub fn of_knowledge(knowledge: &Knowledge) -> Self {
        let mut origins = Self::default();
        let stanzas = knowledge.props.stanzas();
        origins.add_extractions(stanzas, &knowledge.transforms);
        for stanza in stanzas {
            stanza.aliases.iter().for_each(|setting| origins.add_aliases(&stanza.name, setting));
        }
        for stanza in stanzas {
            let calculations = stanza.calculations.iter();
            calculations.for_each(|calculation| origins.add_calculation(&stanza.name, calculation));
        }
        for stanza in stanzas {
            let lookups = stanza.lookups.iter();
            lookups
                .for_each(|setting| origins.add_lookup(&stanza.name, setting, &knowledge.lookups));
        }
        for (name, eventtype) in &knowledge.eventtypes {
            origins.add_maker("eventtype", format!("[{name}] search = {}", eventtype.search));
        }
        for ((field, value), tags) in &knowledge.tags {
            let tags: Vec<&str> =
                tags.iter().filter(|(_, is_on)| **is_on).map(|(tag, _)| tag.as_str()).collect();
            let value = String::from_utf8_lossy(value);
            let maker = format!("[{field}={value}] {}", tags.join(", "));
            origins.add_maker(&format!("tag::{field}"), maker.clone());
            origins.add_maker("tag", maker);
        }
        origins
    }

    /// Where `field` comes from.
    #[must_use]
    pub fn of(&self, field: &str) -> Origin {
        if self.looked_up.contains(field) {
            return Origin::OPAQUE;
        }
        let aliased = self.before_calculations(field);
        self.calculated.get(field).map_or(aliased, |&calculated| calculated.or(aliased))
    }

    /// The settings of the knowledge that make `field`, as written; none for the event's own.
    pub fn makers(&self, field: &str) -> impl Iterator<Item = &str> {
        let own = self.makers.get(field).into_iter().flatten();
        own.chain(&self.makers_of_any).map(String::as_str)
    }

    /// The fields that the knowledge makes, in the order of their names.
    pub fn made(&self) -> impl Iterator<Item = &str> {
        self.makers.keys().map(String::as_str)
    }

    /// Whether the knowledge names `field` as one that it makes.
    #[must_use]
    pub fn makes(&self, field: &str) -> bool {
        self.makers.contains_key(field)
    }

    fn before_calculations(&self, field: &str) -> Origin {
        let extracted = self.before_aliases(field);
        self.aliased.get(field).map_or(extracted, |&aliased| aliased.or(extracted))
    }

    fn before_aliases(&self, field: &str) -> Origin {
        // The text of an event is what it is, whatever is extracted under its name.
        if field == "_raw" {
            return own(field);
        }
        let extracted = [self.extracted.get(field).copied(), self.any];
        extracted.into_iter().flatten().fold(own(field), Origin::or)
    }

    fn add_maker(&mut self, field: &str, maker: String) {
        self.makers.entry(field.to_owned()).or_default().push(maker);
    }

    /// Extractions may read each other, in an order that each event decides, so that what one proves is only certain
    /// once no other takes any more away.
    fn add_extractions(&mut self, stanzas: &[Stanza], transforms: &Transforms) {
        let mut cuts = Vec::new();
        for stanza in stanzas {
            for setting in stanza.extractions.iter().filter(|setting| !setting.pattern.is_empty()) {
                cuts.extend(Cut::of_extraction(&stanza.name, setting));
            }
            for report in &stanza.reports {
                for name in &report.transforms {
                    if let Some((name, transform)) = transforms.get_key_value(&name.value) {
                        cuts.push(Cut::of_report(&stanza.name, report, name, transform));
                    }
                }
            }
        }
        while cuts.iter().filter(|cut| self.weaken(cut)).count() > 0 {}
        cuts.into_iter().for_each(|cut| self.add_makers(cut));
    }

    /// Lets the fields of `cut` prove no more than it gives; whether any proves less than before.
    fn weaken(&mut self, cut: &Cut) -> bool {
        let source = self.before_aliases(&cut.source);
        let mut weaker = false;
        for (field, shape) in &cut.fields {
            let origin = source.cut(*shape);
            let known = match field {
                Some(field) => self.extracted.entry(field.clone()).or_insert(Origin::VERBATIM),
                None => self.any.get_or_insert(Origin::VERBATIM),
            };
            weaker |= known.or(origin) != *known;
            *known = known.or(origin);
        }
        weaker
    }

    fn add_makers(&mut self, cut: Cut) {
        for (field, _) in cut.fields {
            match field {
                Some(field) => self.add_maker(&field, cut.maker.clone()),
                None => self.makers_of_any.push(cut.maker.clone()),
            }
        }
    }

    fn add_aliases(&mut self, stanza: &str, setting: &FieldAlias) {
        for alias in &setting.aliases {
            let origin = self.before_aliases(&alias.original);
            let known = self.aliased.entry(alias.name.clone()).or_insert(origin);
            *known = known.or(origin);
            let maker = format!(
                "[{stanza}] FIELDALIAS-{} = {} AS {}",
                setting.class, alias.original, alias.name
            );
            self.add_maker(&alias.name, maker);
        }
    }

    fn add_calculation(&mut self, stanza: &str, calculation: &Calculation) {
        let Calculation { field, expression, .. } = calculation;
        let origin = parse(expression).map_or(Origin::OPAQUE, |expr| self.of_expr(&expr));
        let known = self.calculated.entry(field.clone()).or_insert(origin);
        *known = known.or(origin);
        self.add_maker(field, format!("[{stanza}] EVAL-{field} = {expression}"));
    }

    fn add_lookup(&mut self, stanza: &str, setting: &AutomaticLookup, known: &Lookups) {
        let AutomaticLookup { class, arguments, .. } = setting;
        let Some(lookup) = spl::parse_lookup(arguments).0 else { return };
        for field in lookups::written(&lookup, known) {
            self.add_maker(&field, format!("[{stanza}] LOOKUP-{class} = {arguments}"));
            self.looked_up.insert(field);
        }
    }

    fn of_expr(&self, expr: &Expr) -> Origin {
        match &expr.kind {
            ExprKind::Field(field) => self.before_calculations(field).cut(Shape::Verbatim),
            ExprKind::Call { name, arguments } => {
                self.of_call(&name.value.to_ascii_lowercase(), arguments)
            }
            _ => Origin::OPAQUE,
        }
    }

    fn of_call(&self, name: &str, arguments: &[Expr]) -> Origin {
        let weakest = |branches: &mut dyn Iterator<Item = &Expr>| {
            branches.map(|branch| self.of_expr(branch)).fold(Origin::VERBATIM, Origin::or)
        };
        match (name, arguments) {
            // No value proves anything, since no test of it can pass.
            ("null", []) => Origin::VERBATIM,
            ("coalesce", branches) => weakest(&mut branches.iter()),
            ("if", [_, then, otherwise]) => weakest(&mut [then, otherwise].into_iter()),
            ("case", pairs) => weakest(&mut pairs.iter().skip(1).step_by(2)),
            ("nullif", [value, _]) | ("mvindex", [value, ..]) => self.of_expr(value),
            ("mvdedup" | "mvsort", [value]) => self.of_expr(value),
            ("lower", [value]) => Origin { is_lowered: true, ..self.of_expr(value) },
            ("trim" | "ltrim" | "rtrim" | "substr", [value, ..]) => {
                self.of_expr(value).cut(Shape::Piece)
            }
            ("split", [value, delimiter]) if is_breaker(delimiter) => {
                self.of_expr(value).cut(Shape::Fenced)
            }
            ("replace", [value, pattern, replacement]) => {
                self.of_expr(value).cut(shape_of_replace(pattern, replacement))
            }
            _ => Origin::OPAQUE,
        }
    }
}

/// That of a field which nothing makes.
fn own(field: &str) -> Origin {
    // A tag of one field is as opaque as `tag`.
    let is_opaque = METADATA.contains(&field) || field.starts_with("tag::");
    Origin::plain(match field {
        "_raw" => Shape::Raw,
        _ if is_opaque => Shape::Opaque,
        _ => Shape::Verbatim,
    })
}

/// One extraction of one stanza.
struct Cut {
    source: String,
    /// The fields that it gives, and what it makes of the source; `None` stands for any field.
    fields: Vec<(Option<String>, Shape)>,
    maker: String,
}

impl Cut {
    fn of_extraction(stanza: &str, setting: &Extraction) -> Option<Self> {
        let Extraction { class, pattern, source, .. } = setting;
        let written = source.as_ref().map_or_else(String::new, |source| format!(" in {source}"));
        Some(Self {
            source: source.as_deref().unwrap_or("_raw").to_owned(),
            fields: named_groups(pattern)?,
            maker: format!("[{stanza}] EXTRACT-{class} = {pattern}{written}"),
        })
    }

    fn of_report(stanza: &str, report: &Report, name: &str, transform: &Transform) -> Self {
        let (fields, method) = match &transform.method {
            transforms::Method::Pattern { pattern, format, .. } => {
                let fields = match named_groups(pattern) {
                    Some(named) if format.is_empty() => named,
                    _ => format.iter().map(formatted).collect(),
                };
                (fields, format!("REGEX = {pattern}"))
            }
            transforms::Method::Columns { delimiters, fields } => {
                let shape = shape_between(delimiters);
                let fields = fields.iter().map(|field| (Some(field.clone()), shape)).collect();
                (fields, format!("DELIMS = {delimiters:?}"))
            }
            transforms::Method::Pairs { between, within } => {
                let shape = shape_between(between).max(shape_between(within));
                (vec![(None, shape)], format!("DELIMS = {between:?}, {within:?}"))
            }
        };
        let maker = format!("[{stanza}] REPORT-{} = {name}: {method}", report.class);
        Self { source: transform.source.clone(), fields, maker }
    }
}

/// The fields that the named groups of a pattern give; none of a pattern that never runs.
fn named_groups(pattern: &str) -> Option<Vec<(Option<String>, Shape)>> {
    let field = |name: String| match name {
        name if name.starts_with("_KEY_") => Some((None, Shape::Piece)),
        name if name.starts_with("_VAL_") => None,
        name => Some((Some(name), Shape::Piece)),
    };
    Some(dialect::group_names(pattern).ok()?.into_iter().filter_map(field).collect())
}

/// The field that a pair of a `FORMAT` gives.
fn formatted((name, value): &(Template, Template)) -> (Option<String>, Shape) {
    let shape = if value.group().is_some() { Shape::Piece } else { Shape::Opaque };
    (name.plain().map(|name| String::from_utf8_lossy(name).into_owned()), shape)
}

/// A character of which every rendering of an event starts and ends with a breaker.
fn is_fence(byte: u8) -> bool {
    class(byte) != Breaker::None && !byte.is_ascii_control()
}

fn shape_between(delimiters: &str) -> Shape {
    if delimiters.bytes().all(is_fence) { Shape::Fenced } else { Shape::Piece }
}

fn is_breaker(delimiter: &Expr) -> bool {
    matches!(&delimiter.kind, ExprKind::String(text) if text.len() == 1 && text.bytes().all(is_fence))
}

/// What `replace(value, pattern, replacement)` leaves of a value.
fn shape_of_replace(pattern: &Expr, replacement: &Expr) -> Shape {
    let (ExprKind::String(pattern), ExprKind::String(replacement)) =
        (&pattern.kind, &replacement.kind)
    else {
        return Shape::Opaque;
    };
    match dialect::parse(pattern) {
        Ok(hir) if replacement.is_empty() && (cuts_start(&hir) || cuts_end(&hir)) => Shape::Fenced,
        _ => Shape::Opaque,
    }
}

/// Whether a pattern matches at most once, from the start of a value up to a breaker: `^.*\\`.
fn cuts_start(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else { return false };
    is_look(parts.first(), &[Look::Start])
        && parts.last().is_some_and(|last| fences(last, Edge::End))
}

/// Whether a pattern matches at most once, from a breaker to the end of a value: `@.*$`. A final newline may stay, which
/// no literal of a test spans.
fn cuts_end(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else { return false };
    is_look(parts.last(), &[Look::End, Look::EndCRLF])
        && parts.first().is_some_and(|first| fences(first, Edge::Start))
}

fn is_look(part: Option<&Hir>, looks: &[Look]) -> bool {
    matches!(part.map(Hir::kind), Some(HirKind::Look(look)) if looks.contains(look))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

/// Whether all that `hir` matches has a breaker at that edge.
fn fences(hir: &Hir, edge: Edge) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let byte = if edge == Edge::Start { literal.0.first() } else { literal.0.last() };
            byte.is_some_and(|&byte| is_fence(byte))
        }
        HirKind::Class(Class::Unicode(class)) => class.iter().all(|range| {
            range.end().is_ascii()
                && (range.start()..=range.end()).all(|letter| is_fence(letter as u8))
        }),
        _ => false,
    }
}

/// The expression of a calculated field, if it parses.
fn parse(expression: &str) -> Option<Expr> {
    let (expr, diagnostics) = spl::parse_expression(expression);
    diagnostics.is_empty().then_some(expr)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the field `f` comes from under these files.
    fn origin(props: &str, transforms: &str) -> Origin {
        let mut knowledge = Knowledge::default();
        let problems = knowledge.overlay(&[("props.conf", props), ("transforms.conf", transforms)]);
        assert_eq!(problems, [], "{props}");
        Origins::of_knowledge(&knowledge).of("f")
    }

    fn shape(props: &str, transforms: &str) -> Shape {
        let origin = origin(&format!("[st]\n{props}"), &format!("[t]\n{transforms}"));
        assert!(!origin.is_lowered, "{props}");
        origin.shape
    }

    #[test]
    fn calculations_of_known_shapes_are_pieces() {
        for (expression, expected) in [
            ("g", Shape::Verbatim),
            ("_raw", Shape::Verbatim),
            ("host", Shape::Opaque),
            (r#"mvindex(split(g,"\\"),-1)"#, Shape::Fenced),
            (r#"split(g,"|")"#, Shape::Fenced),
            (r#"split(g,"a")"#, Shape::Opaque),
            (r#"split(g,"--")"#, Shape::Opaque),
            (r#"replace(g,"^.*\\\\","")"#, Shape::Fenced),
            (r#"replace(g,"^.*[\\\\/]","")"#, Shape::Fenced),
            (r#"replace(g,"@.*$","")"#, Shape::Fenced),
            (r#"replace(g,"(?m)^.*\\\\","")"#, Shape::Opaque),
            (r#"replace(g,"^.*x","")"#, Shape::Opaque),
            (r#"replace(g,".*\\\\","")"#, Shape::Opaque),
            (r#"replace(g,"^.*\\\\","x")"#, Shape::Opaque),
            (r#"replace(g,"^a|\\\\","")"#, Shape::Opaque),
            ("trim(g)", Shape::Piece),
            ("substr(g,1,3)", Shape::Piece),
            (r#"coalesce(g,mvindex(split(h,"/"),0))"#, Shape::Fenced),
            (r#"case(a=1,g,1=1,replace(h,"^.*/",""))"#, Shape::Fenced),
            (r#"if(a=1,g,"x")"#, Shape::Opaque),
            ("nullif(g,\"-\")", Shape::Verbatim),
            ("g.h", Shape::Opaque),
            ("upper(g)", Shape::Opaque),
            ("g +", Shape::Opaque),
        ] {
            assert_eq!(shape(&format!("EVAL-f = {expression}\n"), ""), expected, "{expression}");
        }
        let lowered = origin("[st]\nEVAL-f = lower(mvindex(split(g,\"\\\\\"),-1))\n", "");
        assert_eq!(lowered, Origin { shape: Shape::Fenced, is_lowered: true });
    }

    #[test]
    fn extractions_give_pieces_of_what_they_read() {
        for (props, transforms, expected) in [
            ("EXTRACT-a = (?<f>x)\n", "", Shape::Piece),
            ("EXTRACT-a = (?<f>x) in g\n", "", Shape::Piece),
            ("EXTRACT-a = (?<f>x) in source\n", "", Shape::Opaque),
            ("EXTRACT-a = (?<g>x) in source\nEXTRACT-b = (?<f>x) in g\n", "", Shape::Opaque),
            ("EXTRACT-b = (?<g>x) in source\nEXTRACT-a = (?<f>x) in g\n", "", Shape::Opaque),
            ("EXTRACT-a = (?<g>x)\nFIELDALIAS-a = g AS f\n", "", Shape::Piece),
            ("EXTRACT-a = (?<g>x)\nEVAL-f = mvindex(split(g,\":\"),0)\n", "", Shape::Piece),
            ("REPORT-a = t\n", "REGEX = (?<f>x)\n", Shape::Piece),
            ("REPORT-a = t\n", "REGEX = (x)\nFORMAT = f::$1\n", Shape::Piece),
            ("REPORT-a = t\n", "REGEX = (x)\nFORMAT = f::a$1\n", Shape::Opaque),
            ("REPORT-a = t\n", "REGEX = (x)(y)\nFORMAT = $1::$2\n", Shape::Piece),
            ("REPORT-a = t\n", "REGEX = (?<_KEY_1>x)(?<_VAL_1>y)\n", Shape::Piece),
            ("REPORT-a = t\n", "DELIMS = \"|\"\nFIELDS = f\n", Shape::Fenced),
            ("REPORT-a = t\n", "DELIMS = \"a\"\nFIELDS = f\n", Shape::Piece),
            ("REPORT-a = t\n", "DELIMS = \"\\t\"\nFIELDS = f\n", Shape::Piece),
            ("REPORT-a = t\n", "DELIMS = \",\", \"=\"\n", Shape::Fenced),
            ("REPORT-a = t\n", "DELIMS = \",\", \"=\"\nSOURCE_KEY = source\n", Shape::Opaque),
            ("EXTRACT-a = (?<g>x)\n", "", Shape::Verbatim),
        ] {
            assert_eq!(shape(props, transforms), expected, "{props}{transforms}");
        }
    }

    #[test]
    fn several_makers_prove_what_the_weakest_proves() {
        let props = "[a]\nEVAL-f = g\n[b]\nEVAL-f = lower(g)\n[c]\nEXTRACT-x = (?<f>y)\n";
        assert_eq!(origin(props, ""), Origin { shape: Shape::Piece, is_lowered: true });
    }

    #[test]
    fn what_a_lookup_may_write_is_opaque() {
        let table = ("lookups/t.csv", "a,f\n1,2\n");
        for (lookup, expected) in [
            ("t a OUTPUT f", Shape::Opaque),
            ("t.csv a", Shape::Opaque),
            ("t a OUTPUTNEW f", Shape::Opaque),
            ("t f", Shape::Verbatim),
            ("t a OUTPUT f AS g", Shape::Verbatim),
            ("gone a OUTPUT f", Shape::Verbatim),
        ] {
            let props = format!("[st]\nLOOKUP-x = {lookup}\n");
            let mut knowledge = Knowledge::default();
            assert_eq!(knowledge.overlay(&[("props.conf", &props), table]), []);
            assert_eq!(Origins::of_knowledge(&knowledge).of("f").shape, expected, "{lookup}");
        }
    }

    #[test]
    fn metadata_and_tags_are_opaque() {
        for field in ["host", "sourcetype", "eventtype", "tag", "tag::host"] {
            assert_eq!(Origins::default().of(field), Origin::OPAQUE, "{field}");
        }
        assert_eq!(Origins::default().of("_raw"), Origin::plain(Shape::Raw));
    }
}

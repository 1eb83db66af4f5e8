//! What tests of expressions need: fields from a table, results as text.

use bumpalo::Bump;

use super::{
    Expr, Scope,
    regex::{Caches, RegexIds},
};
use crate::{
    diag::{Diagnostic, Span, Spanned},
    names::{Name, Names},
    plan::lower::Lowering,
    row::{Env, Rank, Row},
    spl::{self, tree},
    stage::eval::Target,
    value::Value,
};

/// Field names and their values; several values are a multivalue.
pub(crate) type Table<'t> = &'t [(&'t str, &'t [&'t str])];

/// What rules share while they are lowered and run.
#[derive(Default)]
pub(crate) struct Bench {
    pub(crate) names: Names,
    pub(crate) regexes: RegexIds,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Bench {
    pub(crate) fn lowering<'a>(&'a mut self, source: &'a str) -> Lowering<'a> {
        Lowering {
            source,
            names: &mut self.names,
            regexes: &mut self.regexes,
            lookups: None,
            diagnostics: &mut self.diagnostics,
            strict_raw: false,
            allow_write: false,
            knowledge: None,
            branches: Vec::new(),
        }
    }

    pub(crate) fn value(&mut self, text: &str) -> Expr {
        let expr = self.lowering(text).value(&read(text));
        assert_eq!(self.diagnostics, [], "{text}");
        expr
    }

    pub(crate) fn predicate(&mut self, text: &str) -> Expr {
        let expr = self.lowering(text).predicate(&read(text));
        assert_eq!(self.diagnostics, [], "{text}");
        expr
    }

    pub(crate) fn target(&mut self, name: &str) -> Target {
        self.lowering(name).target(&Spanned::new(name.to_owned(), Span::default()))
    }

    pub(crate) fn with_row<T>(
        &mut self,
        table: Table,
        run: impl for<'e> FnOnce(&mut Row<'e>, Env<'e>) -> T,
    ) -> T {
        let fields: Vec<_> =
            table.iter().map(|(name, values)| (self.names.intern(name), values)).collect();
        let bump = Bump::new();
        let caches = Caches::new(self.regexes.count());
        let zone = jiff::tz::TimeZone::UTC;
        let env = Env::new(&bump, &self.names, &caches, &zone, 1_700_000_000.0);
        let mut row = Row::empty(&bump, Rank::default());
        for (field, values) in &fields {
            let texts = bump.alloc_slice_fill_iter(values.iter().map(|text| text.as_bytes()));
            row.push(Name::Known(*field), Value::from_list(texts));
        }
        run(&mut row, env)
    }
}

/// The value of an expression as text: `null`, `True`; the values of a multivalue are joined by ` | `. Where the table is
/// empty there is one field, `letters`, with the values `a`, `b` and `c`.
pub(crate) fn evaluate(text: &str, table: Table) -> String {
    let letters: Table = &[("letters", &["a", "b", "c"])];
    let table = if table.is_empty() { letters } else { table };
    let mut bench = Bench::default();
    let expr = bench.value(text);
    bench.with_row(table, |row, env| show(expr.value(&Scope { fields: row, env }), env.bump))
}

/// The text of an expression over the field `f`.
pub(crate) fn evaluate_bytes(text: &str, f: &[u8]) -> Option<Vec<u8>> {
    let mut bench = Bench::default();
    let expr = bench.value(text);
    let field = Name::Known(bench.names.intern("f"));
    bench.with_row(&[], |row, env| {
        row.push(field, Value::Text(env.bump.alloc_slice_copy(f)));
        expr.value(&Scope { fields: row, env }).text(env.bump).map(<[u8]>::to_vec)
    })
}

/// Whether an expression holds.
pub(crate) fn test(text: &str, table: Table) -> Option<bool> {
    let mut bench = Bench::default();
    let expr = bench.predicate(text);
    bench.with_row(table, |row, env| expr.test(&Scope { fields: row, env }))
}

pub(crate) fn show(value: Value<'_>, bump: &Bump) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    let texts: Vec<_> =
        value.texts(bump).iter().map(|text| String::from_utf8_lossy(text)).collect();
    texts.join(" | ")
}

/// The syntax tree of an expression without mistakes.
pub(crate) fn read(text: &str) -> tree::Expr {
    let (expr, diagnostics) = spl::parse_expression(text);
    assert_eq!(diagnostics, [], "{text}");
    expr
}

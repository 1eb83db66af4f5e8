//! Eval expressions to programs.
//!
//! Names become ids, functions their table entries, and patterns that the rule spells out are compiled. Everything that
//! can be known to be wrong is said here, with its place: evaluation itself never fails.

use super::search as search_tests;
use crate::plan::{lookups::Lookups, suggest::closest};
use crate::{
    compiled::Branch,
    diag::{Code, Diagnostic, Severity, Span, Spanned},
    expr::{
        Call, Expr,
        functions::{self, Body, Function, Refusal},
        program::{Chain, Comparison, Literal, MAX_DEPTH, Operator, Prepared, Relation},
        regex::RegexIds,
    },
    knowledge::Knowledge,
    names::Names,
    spl::{self, tree},
    stage::eval::{Piece, Target},
};

/// Names that are functions of `stats` only.
const AGGREGATES: &[&str] = &[
    "c",
    "count",
    "dc",
    "distinct_count",
    "earliest",
    "estdc",
    "first",
    "last",
    "latest",
    "list",
    "mean",
    "median",
    "mode",
    "perc",
    "range",
    "stdev",
    "stdevp",
    "sumsq",
    "values",
    "var",
    "varp",
];

/// What lowering reads and writes.
#[derive(Debug)]
pub struct Lowering<'a> {
    /// The text that the tree was parsed from, to point into its strings.
    pub source: &'a str,
    /// The rule set's names.
    pub names: &'a mut Names,
    /// The caches that its regexes need.
    pub regexes: &'a mut RegexIds,
    /// The lookup tables; none where only an expression is lowered.
    pub lookups: Option<&'a mut Lookups>,
    /// What is wrong with the rule.
    pub diagnostics: &'a mut Vec<Diagnostic>,
    /// Whether event ids count only as they are written.
    pub strict_raw: bool,
    /// Whether `outputlookup` writes.
    pub allow_write: bool,
    /// What names mean; none where only an expression is lowered.
    pub knowledge: Option<&'a Knowledge>,
    /// The subpipelines over events that were met so far, those that stand in another before it.
    pub(crate) branches: Vec<Branch>,
}

impl Lowering<'_> {
    /// An expression of any kind. What is wrong is reported, and the result then must not run.
    pub fn value(&mut self, expr: &tree::Expr) -> Expr {
        self.lower(expr, 0).unwrap_or(Expr::Literal(Literal::Null))
    }

    /// An expression that must be a yes or no: the argument of `where`.
    pub fn predicate(&mut self, expr: &tree::Expr) -> Expr {
        self.lower_test(expr, 0).unwrap_or(Expr::Literal(Literal::Null))
    }

    /// An expression that a field is to hold, so it must not be a yes or no.
    pub fn assignment(&mut self, assignment: &tree::Assignment) -> (Target, Expr) {
        let value = self.value(&assignment.value);
        if value.is_boolean() {
            let message = format!("`{}` cannot hold a boolean", assignment.field.value);
            let help = "write `if(..., 1, 0)` or `tostring(...)`";
            self.report(
                Diagnostic::error(Code::BooleanResult, assignment.value.span, message).help(help),
            );
        }
        (self.target(&assignment.field), value)
    }

    /// The field that an assignment writes: a name, or a template with `{field}` in it.
    pub fn target(&mut self, field: &Spanned<String>) -> Target {
        let (mut pieces, mut rest) = (Vec::new(), field.value.as_str());
        while let Some((before, after)) = rest.split_once('{')
            && let Some((name, after)) = after.split_once('}')
            && !name.is_empty()
        {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            pieces.push(Piece::Field(self.names.intern(name)));
            rest = after;
        }
        if pieces.is_empty() {
            return Target::Field(self.names.intern(&field.value));
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        Target::Template(pieces.into())
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// `None` once something in `expr` was reported.
    fn lower(&mut self, expr: &tree::Expr, depth: usize) -> Option<Expr> {
        if depth > MAX_DEPTH {
            let message = format!("this expression nests deeper than {MAX_DEPTH} levels");
            self.report(
                Diagnostic::error(Code::TooDeep, expr.span, message)
                    .help("compute the inner part in an `eval` before"),
            );
            return None;
        }
        Some(match &expr.kind {
            tree::ExprKind::Number(text) => Expr::Literal(number(text)),
            tree::ExprKind::String(text) => Expr::Literal(Literal::Text(text.as_str().into())),
            tree::ExprKind::Field(name) => Expr::Field(self.names.intern(name)),
            tree::ExprKind::Negate(inner) => negate(self.lower(inner, depth + 1)?),
            tree::ExprKind::Not(inner) => Expr::Not(Box::new(self.lower_test(inner, depth + 1)?)),
            tree::ExprKind::Arithmetic(..) => Expr::Chain(Box::new(self.chain(expr, depth + 1)?)),
            tree::ExprKind::Compare(op, left, right) => {
                let (left, right) = (self.lower(left, depth + 1), self.lower(right, depth + 1));
                Expr::Compare(Box::new(Comparison {
                    relation: relation(*op),
                    left: left?,
                    right: right?,
                }))
            }
            tree::ExprKind::And(parts) => Expr::And(self.tests(parts, depth + 1)?),
            tree::ExprKind::Or(parts) => Expr::Or(self.tests(parts, depth + 1)?),
            tree::ExprKind::Xor(left, right) => {
                let (left, right) =
                    (self.lower_test(left, depth + 1), self.lower_test(right, depth + 1));
                Expr::Xor(Box::new((left?, right?)))
            }
            tree::ExprKind::Call { name, arguments } => {
                self.call(expr.span, name, arguments, depth)?
            }
            tree::ExprKind::Subsearch(_) => {
                self.report(super::subsearch::not_here(expr.span));
                return None;
            }
            tree::ExprKind::Broken => return None,
        })
    }

    /// An expression that must be a yes or no.
    fn lower_test(&mut self, expr: &tree::Expr, depth: usize) -> Option<Expr> {
        let test = self.lower(expr, depth)?;
        if test.is_boolean() {
            return Some(test);
        }
        let diagnostic =
            Diagnostic::error(Code::NotBoolean, expr.span, "a yes or no is needed here")
                .label("this is a value")
                .help("compare it: `field=\"value\"`, `isnotnull(field)`");
        self.report(diagnostic);
        None
    }

    fn tests(&mut self, parts: &[tree::Expr], depth: usize) -> Option<Box<[Expr]>> {
        // Every part is lowered before any failure is passed on, so that all mistakes are told at once.
        let parts: Vec<_> = parts.iter().map(|part| self.lower_test(part, depth)).collect();
        parts.into_iter().collect()
    }

    /// Operators that stand to the left of each other in one chain, however many.
    fn chain(&mut self, expr: &tree::Expr, depth: usize) -> Option<Chain> {
        let (mut first, mut operands) = (expr, Vec::new());
        while let tree::ExprKind::Arithmetic(op, left, right) = &first.kind {
            operands.push((operator(*op), &**right));
            first = left;
        }
        let first = self.lower(first, depth);
        let rest: Vec<_> = operands
            .into_iter()
            .rev()
            .map(|(operator, operand)| {
                self.lower(operand, depth).map(|operand| (operator, operand))
            })
            .collect();
        Some(Chain { first: first?, rest: rest.into_iter().collect::<Option<_>>()? })
    }

    fn call(
        &mut self,
        span: Span,
        name: &Spanned<String>,
        arguments: &[tree::Expr],
        depth: usize,
    ) -> Option<Expr> {
        if name.value.eq_ignore_ascii_case("searchmatch") {
            return self.search_match(span, arguments);
        }
        let Some(function) = functions::find(&name.value) else {
            self.report(unknown(name));
            return None;
        };
        if !function.arguments.contains(&arguments.len()) {
            self.report(wrong_count(function, span, arguments.len()));
            return None;
        }
        let lowered: Vec<_> = arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| self.argument(function, index, argument, depth))
            .collect();
        let mut lowered = lowered.into_iter().collect::<Option<Vec<_>>>()?;
        // Two calls in one row are two draws: each knows its place in the rule.
        if function.name == "random" {
            lowered.push(Expr::Literal(Literal::Number(place(span))));
        }
        let lowered: Box<[Expr]> = lowered.into();
        let prepared = match function.prepare.map(|prepare| prepare(&lowered, self.regexes)) {
            None => Prepared::None,
            Some(Ok(prepared)) => prepared,
            Some(Err(refusal)) => {
                let diagnostic = self.refused(&refusal, arguments);
                self.report(diagnostic);
                return None;
            }
        };
        Some(Expr::Call(Box::new(Call { function, arguments: lowered, prepared })))
    }

    /// `searchmatch("...")`: the text is a search of its own, and its mistakes are shown at the whole of it.
    fn search_match(&mut self, span: Span, arguments: &[tree::Expr]) -> Option<Expr> {
        let [tree::Expr { kind: tree::ExprKind::String(text), span: place }] = arguments else {
            let message = "`searchmatch` takes one quoted search";
            let help = "write `searchmatch(\"field=value\")`";
            self.report(Diagnostic::error(Code::WrongArgumentCount, span, message).help(help));
            return None;
        };
        let (search, mut diagnostics) = spl::parse_search(text);
        let mut inner = Lowering {
            source: text,
            names: self.names,
            regexes: self.regexes,
            lookups: None,
            diagnostics: &mut diagnostics,
            strict_raw: self.strict_raw,
            allow_write: self.allow_write,
            knowledge: self.knowledge,
            branches: Vec::new(),
        };
        let search = search_tests::lower(&search, &mut inner);
        let errors = diagnostics.iter().any(|found| found.severity == Severity::Error);
        self.diagnostics.extend(diagnostics.into_iter().map(|found| found.map_spans(|_| *place)));
        (!errors).then(|| Expr::SearchMatch(Box::new(search)))
    }

    fn argument(
        &mut self,
        function: &Function,
        index: usize,
        argument: &tree::Expr,
        depth: usize,
    ) -> Option<Expr> {
        if function.tests.holds(index) {
            return self.lower_test(argument, depth + 1);
        }
        match function.body {
            // What a function chooses is evaluated in the function's own frame.
            Body::Choose(_) => self.lower(argument, depth),
            Body::Compute(_) => self.lower(argument, depth + 1),
        }
    }

    fn refused(&self, refusal: &Refusal, arguments: &[tree::Expr]) -> Diagnostic {
        let argument =
            arguments.get(refusal.argument).map_or(Span::default(), |argument| argument.span);
        match &refusal.span {
            None => Diagnostic::error(Code::BadArgument, argument, refusal.message.clone()),
            Some(bytes) => {
                let span =
                    in_string(self.source, argument, bytes.start, bytes.end).unwrap_or(argument);
                Diagnostic::error(Code::BadRegex, span, refusal.message.clone())
            }
        }
    }
}

/// Where the bytes `start..end` of a string's value stand in the source; `string` covers its quotes too.
pub(super) fn in_string(source: &str, string: Span, start: usize, end: usize) -> Option<Span> {
    let inside = string.text(source).strip_prefix('"')?.as_bytes();
    let (mut at, mut value, mut first) = (0, 0, None);
    loop {
        if value >= start {
            first.get_or_insert(at);
        }
        if value >= end.max(start + 1) || at >= inside.len() {
            let first = first?;
            return Some(Span::new(string.start + 1 + first, string.start + 1 + at));
        }
        let escaped = inside[at] == b'\\' && matches!(inside.get(at + 1), Some(b'\\' | b'"'));
        at += if escaped { 2 } else { 1 };
        value += 1;
    }
}

fn place(span: Span) -> f64 {
    f64::from(u32::try_from(span.start).unwrap_or(u32::MAX))
}

fn number(text: &str) -> Literal {
    let number = text.parse().unwrap_or(f64::NAN);
    let decimals = text.split_once('.').filter(|(_, decimals)| decimals.ends_with('0'));
    match decimals.and_then(|(_, decimals)| u8::try_from(decimals.len()).ok()) {
        Some(decimals) if !text.contains(['e', 'E']) => Literal::Decimal { number, decimals },
        _ => Literal::Number(number),
    }
}

fn negate(inner: Expr) -> Expr {
    match inner {
        Expr::Literal(Literal::Number(number)) => Expr::Literal(Literal::Number(-number)),
        Expr::Literal(Literal::Decimal { number, decimals }) => {
            Expr::Literal(Literal::Decimal { number: -number, decimals })
        }
        inner => Expr::Negate(Box::new(inner)),
    }
}

fn relation(op: tree::CompareOp) -> Relation {
    match op {
        tree::CompareOp::Eq => Relation::Eq,
        tree::CompareOp::Ne => Relation::Ne,
        tree::CompareOp::Lt => Relation::Lt,
        tree::CompareOp::Le => Relation::Le,
        tree::CompareOp::Gt => Relation::Gt,
        tree::CompareOp::Ge => Relation::Ge,
    }
}

fn operator(op: tree::ArithmeticOp) -> Operator {
    match op {
        tree::ArithmeticOp::Add => Operator::Add,
        tree::ArithmeticOp::Subtract => Operator::Subtract,
        tree::ArithmeticOp::Multiply => Operator::Multiply,
        tree::ArithmeticOp::Divide => Operator::Divide,
        tree::ArithmeticOp::Modulo => Operator::Modulo,
        tree::ArithmeticOp::Concat => Operator::Concat,
    }
}

fn unknown(name: &Spanned<String>) -> Diagnostic {
    let lower = name.value.to_ascii_lowercase();
    if functions::UNSUPPORTED.contains(&lower.as_str()) {
        return Diagnostic::error(
            Code::UnsupportedFunction,
            name.span,
            format!("caltrop does not run `{lower}` yet"),
        );
    }
    let diagnostic = Diagnostic::error(
        Code::UnknownFunction,
        name.span,
        format!("no eval function is called `{}`", name.value),
    );
    if AGGREGATES.contains(&lower.as_str()) {
        return diagnostic.help(format!("aggregates such as `{lower}` belong in `stats`"));
    }
    let known = functions::all().map(|function| function.name);
    match closest(&lower, known) {
        Some(function) => diagnostic.help(format!("did you mean `{function}`?")),
        None => diagnostic,
    }
}

fn wrong_count(function: &Function, span: Span, found: usize) -> Diagnostic {
    let (least, most) = (*function.arguments.start(), *function.arguments.end());
    let expected = match most {
        usize::MAX => format!("at least {least}"),
        most if most == least => format!("{least}"),
        most => format!("{least} to {most}"),
    };
    let plural = if expected == "1" || expected == "at least 1" { "" } else { "s" };
    let message = format!("`{}` takes {expected} argument{plural}, not {found}", function.name);
    Diagnostic::error(Code::WrongArgumentCount, span, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::{Bench, read};

    /// Lowers `text` and shows each diagnostic as `code at text: message`.
    fn complaints(text: &str, lower: impl FnOnce(&mut Lowering<'_>, &tree::Expr)) -> Vec<String> {
        let mut bench = Bench::default();
        lower(&mut bench.lowering(text), &read(text));
        let show = |diagnostic: &Diagnostic| {
            format!(
                "{} at {}: {}",
                diagnostic.code.text(),
                diagnostic.primary.span.text(text),
                diagnostic.message
            )
        };
        bench.diagnostics.iter().map(show).collect()
    }

    fn value(text: &str) -> Vec<String> {
        complaints(text, |lowering, expr| {
            lowering.value(expr);
        })
    }

    fn predicate(text: &str) -> Vec<String> {
        complaints(text, |lowering, expr| {
            lowering.predicate(expr);
        })
    }

    #[test]
    fn calls_are_checked() {
        let cases = [
            ("lenn(x)", "E0110 at lenn: no eval function is called `lenn`"),
            ("cluster(x, y)", "E0306 at cluster: caltrop does not run `cluster` yet"),
            ("len()", "E0111 at len(): `len` takes 1 argument, not 0"),
            ("substr(x)", "E0111 at substr(x): `substr` takes 2 to 3 arguments, not 1"),
            ("mvappend()", "E0111 at mvappend(): `mvappend` takes at least 1 argument, not 0"),
            (
                "cidrmatch(\"10.0.0\", x)",
                "E0108 at \"10.0.0\": this is no network: write `10.0.0.0/8` or `2001:db8::/32`",
            ),
            ("tonumber(\"x\")", "E0108 at \"x\": this text is no number"),
            (
                "mvfilter(a=b)",
                "E0108 at a=b: `mvfilter` filters the values of one field: name exactly one here",
            ),
            (
                "case(a=1, 2, b=3, 4, 5=5)",
                "E0108 at 5=5: this condition has no value: conditions and values come in pairs",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), [expected]);
        }
    }

    #[test]
    fn a_wrong_regex_is_shown_where_it_is_wrong() {
        let cases = [
            (r#"match(x, "a(?R)")"#, "(?R"),
            (r#"match(x, "\\\\\"(?=b)(?R)")"#, "(?R"),
            (r#"match(x, "(?=a)\\k<n>")"#, r"\\k<n>"),
            (r#"replace(x, "\d(", "")"#, "("),
            (r#"mvfind(x, "a**")"#, "*"),
            (r#"match(x, "a{4294967295}")"#, "a{4294967295}"),
        ];
        for (text, place) in cases {
            let complaints = value(text);
            assert!(
                complaints[0].starts_with(&format!("E0305 at {place}: ")),
                "{text}: {complaints:?}"
            );
        }
    }

    #[test]
    fn booleans_stand_where_they_are_needed_and_nowhere_else() {
        assert_eq!(predicate("a"), ["E0112 at a: a yes or no is needed here"]);
        assert_eq!(
            predicate("len(a) AND b"),
            [
                "E0112 at len(a): a yes or no is needed here",
                "E0112 at b: a yes or no is needed here"
            ]
        );
        assert_eq!(predicate("if(a, b=1, c=2)"), ["E0112 at a: a yes or no is needed here"]);
        assert_eq!(predicate("if(a=1, b=1, c=2) OR NOT match(a, \"x\") XOR true()"), [""; 0]);
        let assign = |text: &str| {
            complaints(text, |lowering, expr| {
                let field = Spanned::new("f".to_owned(), Span::default());
                lowering.assignment(&tree::Assignment { field, value: expr.clone() });
            })
        };
        assert_eq!(assign("a=b"), ["E0113 at a=b: `f` cannot hold a boolean"]);
        assert_eq!(assign("if(a=b, true(), false())").len(), 1);
        assert_eq!(assign("if(a=b, 1, 0)"), [""; 0]);
    }

    #[test]
    fn unknown_names_come_with_advice() {
        let help = |text: &str| {
            let mut bench = Bench::default();
            bench.lowering(text).value(&read(text));
            bench.diagnostics[0].help.clone()
        };
        assert_eq!(help("lenn(x)").as_deref(), Some("did you mean `len`?"));
        assert_eq!(help("dc(x)").as_deref(), Some("aggregates such as `dc` belong in `stats`"));
        assert_eq!(help("completely_different(x)"), None);
    }

    #[test]
    fn long_chains_do_not_nest_and_deep_nesting_is_refused() {
        assert_eq!(value(&format!("a{}", ".a+a".repeat(120))), [""; 0]);
        let nested = |depth: usize| format!("{}a{}", "len(".repeat(depth), ")".repeat(depth));
        assert_eq!(value(&nested(MAX_DEPTH)), [""; 0]);
        assert_eq!(value(&nested(MAX_DEPTH + 1)).len(), 1);
        let branches =
            |depth: usize| format!("{}1{}", "if(a=1, 2, ".repeat(depth), ")".repeat(depth));
        assert_eq!(value(&branches(200)), [""; 0]);
    }

    #[test]
    fn names_are_split_at_their_braces() {
        let mut bench = Bench::default();
        let field = bench.names.intern("f");
        assert_eq!(
            bench.target("a_{f}_b"),
            Target::Template(
                [Piece::Text("a_".into()), Piece::Field(field), Piece::Text("_b".into())].into()
            )
        );
        let plain = bench.names.intern("a{}.b");
        assert_eq!(bench.target("a{}.b"), Target::Field(plain));
    }

    #[test]
    fn searchmatch_has_the_rules_of_search() {
        let table: &[(&str, &[&str])] =
            &[("user", &["Admin"]), ("n", &["3"]), ("_raw", &["a b-c"])];
        let matches =
            |search: &str| crate::expr::testing::test(&format!("searchmatch(\"{search}\")"), table);
        assert_eq!(matches("user=ADMIN n>2"), Some(true), "no regard to case");
        assert_eq!(matches("user=x* OR TERM(b)"), Some(true), "OR, TERM, over _raw");
        assert_eq!(matches("NOT missing=1"), Some(true), "an absent field is not equal");
        assert_eq!(matches("missing!=1"), Some(false), "nor different");
    }

    #[test]
    fn a_mistake_in_searchmatch_is_shown_at_its_text() {
        let text = "searchmatch(\"(a=1\")";
        let complaints = complaints(text, |lowering, expr| _ = lowering.predicate(expr));
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("E0103 at \"(a=1\""), "{complaints:?}");
        let not_a_text =
            self::complaints("searchmatch(a)", |lowering, expr| _ = lowering.value(expr));
        assert!(not_a_text[0].starts_with("E0111"), "{not_a_text:?}");
    }
}

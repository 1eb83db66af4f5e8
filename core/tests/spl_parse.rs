//! The parser from outside: trees, places of complaints, hostile texts, and the round trip through `print`.

use caltrop_core::diag::{Diagnostic, Severity, Span};
use caltrop_core::plan::reference;
use caltrop_core::spl::tree::{CommandKind, Expr, ExprKind, Search};
use caltrop_core::spl::{parse, print};
use proptest::prelude::*;

/// The tree of `text`, on one line and without its spans.
fn tree(text: &str) -> String {
    let (pipeline, diagnostics) = parse(text);
    assert!(
        diagnostics.iter().all(|it| it.severity == Severity::Warning),
        "{text}: {diagnostics:?}"
    );
    without_spans(&format!("{:?}", pipeline.commands))
}

/// The arguments of the only command of `text`, in the same form.
fn arguments(text: &str) -> String {
    let (pipeline, diagnostics) = parse(text);
    assert_eq!(diagnostics, [], "{text}");
    let [command] = pipeline.commands.as_slice() else { panic!("{text} is one command") };
    without_spans(&format!("{:?}", command.kind))
}

fn without_spans(debug: &str) -> String {
    let (mut result, mut rest) = (String::new(), debug);
    while let Some((before, after)) = rest.split_once("Span { start: ") {
        result.push_str(before);
        result.push('_');
        rest = after.split_once(" }").expect("Debug closes what it opens").1;
    }
    result.push_str(rest);
    result.replace(", span: _", "").replace(", _)", ")")
}

/// `text` with a line under it for each complaint: carets at its place and its code.
fn annotated(text: &str) -> String {
    let underline = |diagnostic: &Diagnostic| {
        let Span { start, end } = diagnostic.primary.span;
        let column = text[..start].chars().count();
        let width = text[start..end].chars().count().max(1);
        format!("\n{}{} {}", " ".repeat(column), "^".repeat(width), diagnostic.code.text())
    };
    let (_, diagnostics) = parse(text);
    text.to_owned() + &diagnostics.iter().map(underline).collect::<String>()
}

/// The complaints about the first line of `expected`, unless they are those in the lines under it.
fn wrong_complaints(expected: &str) -> Option<String> {
    let expected = expected.trim_matches('\n');
    let found = annotated(expected.lines().next().unwrap_or_default());
    (found != expected).then(|| format!("expected\n{expected}\nfound\n{found}\n"))
}

#[test]
fn complaints_stand_at_their_places() {
    let cases = [
        r#"
error (a OR b
             ^ E0103"#,
        r#"
a) b
 ^ E0104"#,
        r#"
a "b c
  ^ E0101"#,
        r#"
OR a
^^ E0114"#,
        r#"
a OR | head
  ^^ E0114"#,
        r#"
a AND (b OR) NOT
         ^^ E0114
             ^^^ E0114"#,
        r#"
a | | head
  ^ E0106"#,
        r#"
a |
  ^ E0106"#,
        r#"
a | (b)
    ^ E0102"#,
        r#"
a=
 ^ E0114"#,
        r#"
(=b)
 ^ E0114"#,
        r#"
f IN ()
      ^ E0107"#,
        r#"
NOT [ search a | fields b
                         ^ E0105"#,
        r#"
a ] b
  ^ E0116"#,
        r#"
a or b and not c
  ^^ W0502
       ^^^ W0502
           ^^^ W0502"#,
        r#"
| where
       ^ E0107"#,
        r#"
| where count >= 10 AND dc(user > 3
                                   ^ E0103"#,
        r#"
| where a=1) AND b=2
           ^ E0104"#,
        r#"
| where a contains "b"
          ^^^^^^^^ E0102"#,
        r#"
| where match(a,"x") ANDmatch(b,"y"
                     ^^^^^^^^ E0102
                                   ^ E0103"#,
        r#"
| where a AND | eval b=, c=*2
          ^^^ E0114
                       ^ E0102
                           ^ E0114"#,
        r#"
| where if(a b, c, ) = 'x
             ^ E0102
                   ^ E0102
                       ^ E0101"#,
        r#"
| eval a | eval "b c"==1
       ^ E0108
                ^^^^^ E0108"#,
        r#"
| rename a | rename a b, c AS d*
         ^ E0108
                    ^ E0108
                              ^^ E0108"#,
        r#"
| stats by a | stats count by | stats sum(a b)
            ^ E0107
                             ^ E0107
                                          ^^^ E0108"#,
        r#"
| table | fields - | regex a=
       ^ E0107
                  ^ E0107
                             ^ E0107"#,
        r#"
| regex a="x" OR b="y"
              ^^ E0102"#,
        r#"
| bin a b span= | head x | head limit=y
        ^ E0102
                       ^ E0102
                                      ^ E0108"#,
        r#"
| bin a span= | bin a AS | stats count AS
             ^ E0107
                        ^ E0107
                                         ^ E0107"#,
    ];
    let wrong: Vec<String> = cases.iter().filter_map(|case| wrong_complaints(case)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn search_reads_or_before_and() {
    insta::assert_snapshot!(arguments("a b OR NOT c (d e) OR f"), @r#"Search(And([Raw(RawTerm { kind: Word, text: "a" }), Or([Raw(RawTerm { kind: Word, text: "b" }), Not(Raw(RawTerm { kind: Word, text: "c" }))]), Or([And([Raw(RawTerm { kind: Word, text: "d" }), Raw(RawTerm { kind: Word, text: "e" })]), Raw(RawTerm { kind: Word, text: "f" })])]))"#);
    insta::assert_snapshot!(arguments("NOT(a)OR(b) f IN(1,\"2 3\" 4*) g NOT IN (x)"), @r#"Search(And([Or([Not(Raw(RawTerm { kind: Word, text: "a" })), Raw(RawTerm { kind: Word, text: "b" })]), In { field: Spanned { value: "f" }, values: [SearchValue { text: "1", kind: Plain }, SearchValue { text: "2 3", kind: Plain }, SearchValue { text: "4*", kind: Plain }] }, Not(In { field: Spanned { value: "g" }, values: [SearchValue { text: "x", kind: Plain }] })]))"#);
    insta::assert_snapshot!(arguments(r#"x= "a*" y>=1 "r s"!=CASE(B) TERM("C:\\d") earliest=-1h *"#), @r#"Search(And([Compare(Comparison { field: Spanned { value: "x" }, op: Eq, value: SearchValue { text: "a*", kind: Plain } }), Compare(Comparison { field: Spanned { value: "y" }, op: Ge, value: SearchValue { text: "1", kind: Plain } }), Compare(Comparison { field: Spanned { value: "r s" }, op: Ne, value: SearchValue { text: "B", kind: Case } }), Raw(RawTerm { kind: Term, text: "C:\\d" }), TimeModifier { name: Spanned { value: "earliest" }, value: Spanned { value: "-1h" } }, All(_)]))"#);
}

#[test]
fn expressions_read_and_before_or() {
    insta::assert_snapshot!(arguments("| where not a=1 and !b OR 'c d'.\"e\"+-2*3 LIKE f"), @r#"Where(Expr { kind: Or([Expr { kind: And([Expr { kind: Not(Expr { kind: Compare(Eq, Expr { kind: Field("a") }, Expr { kind: Number("1") }) }) }, Expr { kind: Not(Expr { kind: Field("b") }) }]) }, Expr { kind: Call { name: Spanned { value: "LIKE" }, arguments: [Expr { kind: Arithmetic(Concat, Expr { kind: Field("c d") }, Expr { kind: Arithmetic(Add, Expr { kind: String("e") }, Expr { kind: Arithmetic(Multiply, Expr { kind: Negate(Expr { kind: Number("2") }) }, Expr { kind: Number("3") }) }) }) }, Expr { kind: Field("f") }] } }]) })"#);
    insta::assert_snapshot!(arguments("| where x in(1, null) XOR y NOT LIKE \"%\" AND ISNULL( )"), @r#"Where(Expr { kind: Xor(Expr { kind: Call { name: Spanned { value: "in" }, arguments: [Expr { kind: Field("x") }, Expr { kind: Number("1") }, Expr { kind: Field("null") }] } }, Expr { kind: And([Expr { kind: Not(Expr { kind: Call { name: Spanned { value: "LIKE" }, arguments: [Expr { kind: Field("y") }, Expr { kind: String("%") }] } }) }, Expr { kind: Call { name: Spanned { value: "ISNULL" }, arguments: [] } }]) }) })"#);
}

#[test]
fn the_seed_shape() {
    let text = "(\"EventCode=1\" OR \"<EventID>1<\") TERM(Wmi) | regex p=\"(?i)(Wmi)\" \
                | table _time, host user parent_*, | bin span=1s | stats values(*) as * by _time, host";
    insta::assert_snapshot!(tree(text), @r#"[Command { name: Spanned { value: "search" }, kind: Search(And([Or([Raw(RawTerm { kind: Phrase, text: "EventCode=1" }), Raw(RawTerm { kind: Phrase, text: "<EventID>1<" })]), Raw(RawTerm { kind: Term, text: "Wmi" })])) }, Command { name: Spanned { value: "regex" }, kind: Regex(Regex { field: Some(Spanned { value: "p" }), negated: false, pattern: Pattern { text: "(?i)(Wmi)", quoted_alone: None } }) }, Command { name: Spanned { value: "table" }, kind: Table([Spanned { value: "_time" }, Spanned { value: "host" }, Spanned { value: "user" }, Spanned { value: "parent_*" }]) }, Command { name: Spanned { value: "bin" }, kind: Bin(Bin { field: None, span: Some(Spanned { value: "1s" }), target: None, options: [] }) }, Command { name: Spanned { value: "stats" }, kind: Stats(Stats { aggregates: [Aggregate { function: Spanned { value: "values" }, argument: Field(Spanned { value: "*" }), alias: Some(Spanned { value: "*" }), text: "values(*)" }], by: [Spanned { value: "_time" }, Spanned { value: "host" }], options: [] }) }]"#);
}

#[test]
fn commands_with_arguments_in_any_order() {
    for (text, printed) in [
        ("| bucket span = 5m _time AS t", "| bucket span=5m _time AS t"),
        ("| bin size bins=10 span=10", r#"| bin span=10 bins=10 size"#),
        ("| head 5", "| head limit=5"),
        ("| head (a>1) null=t", "| head (a > 1) limit=10 null=t"),
        ("| fields + a b", "| fields a, b"),
        ("| fields -a, \"b c\"", "| fields - a, \"b c\""),
        ("| rename \"a.b\" as \"x y\", c* AS *", "| rename a.b AS \"x y\", c* AS *"),
        (
            "| stats c(eval( x=\"a,b\" )) AS \"n n\" , dc( \"p q\" ) count BY a b allnum=t",
            "| stats allnum=t c(eval( x=\"a,b\" )) AS \"n n\", dc( \"p q\" ), count BY a, b",
        ),
        ("| sort 0 -a, +b c desc", "| sort 0 + a, - b, - c"),
        ("| sort - _time,src, ip(d)", "| sort 10000 - _time, - src, - ip(d)"),
        (
            "| sort limit=5 num(\"a b\"), -\"c d\" -str(e)",
            "| sort 5 + num(\"a b\"), - \"c d\", - str(e)",
        ),
        ("| sort desc", "| sort 10000 + \"desc\""),
        ("| sort 3 \"-x\" \"num(y)\"", "| sort 3 + \"-x\", + \"num(y)\""),
        ("| dedup a, b", "| dedup 1 a, b"),
        (
            "| dedup 3 a keepevents=t sortby -b, +num(c) consecutive=f",
            "| dedup 3 keepevents=t consecutive=f a sortby - b, + num(c)",
        ),
        ("| tail", "| tail 10"),
        ("| tail 3 | reverse", "| tail 3 | reverse"),
        (
            "| streamstats current=f window=2 sum(a) AS b BY c reset_on_change=t",
            "| streamstats current=f window=2 reset_on_change=t sum(a) AS b BY c",
        ),
        (
            "| streamstats reset_after=(a>1) reset_before=\"b=1\" count",
            "| streamstats reset_before=(b = 1) reset_after=(a > 1) count",
        ),
        (
            "| streamstats reset_before=\"(\"match(a, \"x y\")\")\" count by b RESET_AFTER=(\"c\")",
            "| streamstats reset_before=(match(a, \"x y\")) reset_after=(c) count BY b",
        ),
        (
            "| streamstats reset_after=\"(a==\\\"x\\\")\" count",
            "| streamstats reset_after=(a = \"x\") count",
        ),
        (
            "| transaction a, b maxspan=5m startswith=\"log in\" endswith=eval(c>1) mvlist=t",
            "| transaction a, b maxspan=5m mvlist=t startswith=(\"log in\") endswith=eval(c > 1)",
        ),
        (
            "| transaction fields=\"a,b\" startsWith=(x=1 OR y=2) endswith=done",
            "| transaction a, b startswith=(x=1 OR y=2) endswith=(done)",
        ),
        (
            "| transaction startswith=\"x=\\\"a b\\\"\" endswith=\"y=1\"",
            "| transaction startswith=(x=\"a b\") endswith=(y=1)",
        ),
        ("| top 5 useother=t a b by c", "| top limit=5 useother=t a, b BY c"),
        ("| rare a limit=3", "| rare limit=3 a"),
        ("| chart count over a by b limit=3", "| chart limit=3 count BY b OVER a"),
        ("| chart sum(a) by b, c", "| chart sum(a) BY b, c"),
        ("| timechart span=5m limit=0 count by a", "| timechart span=5m limit=0 count BY a"),
        ("| eventstats dc(a) as b count by c", "| eventstats dc(a) AS b, count BY c"),
        ("| regex auid!=^\\d+", "| regex auid!=\"^\\\\d+\""),
        ("| regex \"a b\"=\"x\"", "| regex \"a b\"=\"x\""),
        ("| regex uri-\"x=\"y", "| regex uri-\"x=\"\"y\""),
        (
            "| eval \"a b\"=1, {c}_d=2, 'e f'=<<FIELD>>.x<<MATCHSTR>>",
            "| eval \"a b\"=1, {c}_d=2, \"e f\"=<<FIELD>> . x<<MATCHSTR>>",
        ),
        (
            "| join x type=left [inputlookup y | head 1]",
            "| join type=left x [ inputlookup y | head limit=1 ]",
        ),
        (
            "| lookup update=t local = f t.csv a as b c, \"OUTPUT\" output d AS \"e f\"",
            "| lookup update=t local=f t.csv a AS b, c, \"OUTPUT\" OUTPUT d AS \"e f\"",
        ),
        ("| lookup t a OUTPUTNEW \"outputnew\" as b", "| lookup t a OUTPUTNEW \"outputnew\" AS b"),
        (
            "| inputlookup t.csv append=t max=5 WHERE (a=1 OR b=2) c",
            "| inputlookup append=t max=5 t.csv where (a=1 OR b=2) c",
        ),
        ("| inputlookup where", "| inputlookup where"),
        ("| outputlookup t append=t", "| outputlookup append=t t"),
        ("| fillnull a, \"b c\" value=\"\"", "| fillnull value=\"\" a, \"b c\""),
        ("| kv pairdelim=\";\", kvdelim=\":\"", "| kv pairdelim=\";\" kvdelim=:"),
        ("| spath output=k tags{}.k", "| spath output=k tags{}.k"),
        (
            "| convert timeformat=\"%F %T\" ctime( a ) num(b*)AS c*,none(\"d e\")",
            "| convert timeformat=\"%F %T\" ctime(a), num(b*) AS c*, none(\"d e\")",
        ),
        ("| mvexpand a limit = 3", "| mvexpand limit=3 a"),
        (
            "| replace a* with *b, c WITH d in e f",
            "| replace \"a*\" WITH \"*b\", \"c\" WITH \"d\" IN e, f",
        ),
        ("| replace \"in\" WITH \"with\"", "| replace \"in\" WITH \"with\""),
        ("| strcat a, \":\" \"b\"c d", "| strcat a \":\" bc d"),
        ("| strcat allrequired=t \"a \"b c", "| strcat allrequired=t \"\"\"a b\" c"),
        ("| rex field=a mode=sed \"s/[|]//g\"", "| rex field=a mode=sed \"s/[|]//g\""),
        ("a,b \"c\",d=\"e\",f=g,h, *Get()* x=y()", "a,b \"c\" d=e f=\"g,h\" *Get()* x=\"y()\""),
        ("a | search x", "a | search x"),
        ("", "*"),
    ] {
        let (pipeline, diagnostics) = parse(text);
        assert!(
            diagnostics.iter().all(|it| it.severity == Severity::Warning),
            "{text}: {diagnostics:?}"
        );
        assert_eq!(print(&pipeline), printed, "{text}");
    }
}

#[test]
fn only_three_escapes_are_resolved() {
    for (text, expected) in [
        (r#""C:\\Windows\Temp\*""#, r"C:\Windows\Temp\*"),
        (r#""a\"b \| \n \(""#, r#"a"b | \n \("#),
        (r"C:\\Windows\Temp", r"C:\Windows\Temp"),
    ] {
        let (pipeline, _) = parse(text);
        let CommandKind::Search(Search::Raw(term)) = &pipeline.commands[0].kind else {
            panic!("{text} is one term");
        };
        assert_eq!(term.text, expected, "{text}");
    }
}

#[test]
fn a_regex_argument_joins_its_pieces_and_keeps_its_escaped_pipes() {
    for (text, joined, alone) in [
        (r#"| regex "Policies\\\(?<x>.)""#, r"Policies\\(?<x>.)", None),
        (r#"| regex a="^(a\|b|c)$""#, r"^(a\|b|c)$", None),
        (r#"| regex "-l "(?<u>"[^\s]+")"\s""#, r"-l (?<u>[^\s]+)\s", Some("-l ")),
        (r#"| regex p="(a|b)")"#, r"(a|b))", Some("(a|b)")),
    ] {
        let (pipeline, diagnostics) = parse(text);
        assert!(diagnostics.iter().all(|it| it.severity == Severity::Warning), "{diagnostics:?}");
        let CommandKind::Regex(regex) = &pipeline.commands[0].kind else { panic!("{text}") };
        assert_eq!(regex.pattern.text, joined, "{text}");
        assert_eq!(regex.pattern.quoted_alone.as_deref(), alone, "{text}");
        assert_eq!(diagnostics.len(), usize::from(alone.is_some()), "{text}");
    }
}

#[test]
fn nesting_is_bounded_and_chains_are_not() {
    const MANY: usize = 100_000;
    for (prefix, opening, closing) in [
        ("", "(", ")"),
        ("", "NOT ", "a"),
        ("", "[search ", "]"),
        ("| where ", "(", ")"),
        ("| where ", "-", ""),
        ("| where ", "!", ""),
        ("| where ", "f(", ")"),
        ("| where ", "a+", ""),
        ("| where ", "a XOR ", ""),
        ("| where ", "a IN (", ")"),
        ("| stats c(eval(", "f(", ")"),
        ("| append ", "[append ", "]"),
        ("| head ", "(", ")"),
    ] {
        for closing in [closing, ""] {
            let text = format!("{prefix}{}a{}", opening.repeat(MANY), closing.repeat(MANY));
            let (_, diagnostics) = parse(&text);
            let is_told = diagnostics.iter().any(|it| it.severity == Severity::Error);
            assert!(is_told, "{prefix}{opening}");
            assert!(diagnostics.len() < 5, "{prefix}{opening}: {}", diagnostics.len());
        }
    }
    for (prefix, link) in [
        ("", "a OR "),
        ("", "a "),
        ("", "\"a\" AND "),
        ("| where ", "a AND "),
        ("| where ", "a OR "),
        ("| eval a=", "1, b="),
        ("| table ", "a, "),
        ("", "a | "),
    ] {
        let text = format!("{prefix}{}a", link.repeat(MANY));
        assert_eq!(parse(&text).1, [], "{prefix}{link}");
    }
    for text in ["TERM(", "\"", "'", "(\"", "`", "\\", "<<", "[\"", "|", "a=(", "f IN (", "é\"[("]
    {
        let _ = parse(&text.repeat(MANY / 10));
        let _ = parse(&format!("| where {}", text.repeat(MANY / 10)));
    }
}

/// Pieces that texts are made of: words of the language, and what breaks it.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        prop::sample::select(vec![
            "a",
            "b*",
            "OR",
            "AND",
            "NOT",
            "(",
            ")",
            "[",
            "]",
            "|",
            "\"",
            "'",
            "\\",
            ",",
            "=",
            "!=",
            "<",
            ">=",
            "TERM(",
            "CASE(",
            "IN",
            "in (",
            "\"x y\"",
            "'f g'",
            " where ",
            " eval ",
            " stats ",
            " by ",
            " as ",
            " AS ",
            " bin ",
            " span=1s ",
            "| regex ",
            "| rex ",
            "| fillnull ",
            "| spath path=",
            "| convert ctime(",
            "| makemv delim=",
            "| replace ",
            " WITH ",
            "| strcat ",
            "| table ",
            "| fields ",
            "| rename ",
            "| head ",
            "| search ",
            "| lookup ",
            " OUTPUT ",
            " OUTPUTNEW ",
            "| inputlookup ",
            "| outputlookup ",
            " append=t ",
            "| where ",
            "| eval z=",
            "+",
            "-",
            ".",
            "1.5",
            "1e",
            "f(",
            "<<FIELD>>",
            "```",
            "`m`",
            "é",
            "\u{2028}",
            "\n",
            "\t",
            "{}",
            "*",
            "XOR",
            "LIKE",
            "==",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,4}",
    ];
    prop::collection::vec((pieces, prop::bool::ANY), 0..24).prop_map(|pieces| {
        let glue = |(piece, space): (String, bool)| if space { piece + " " } else { piece };
        pieces.into_iter().map(glue).collect()
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,6}", "[a-z.{}*:]{1,6}", "[ -~]{0,6}"]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,6}", "[ !#-&(-{}~]{0,6}", Just("and".to_owned()), Just("1".to_owned())]
}

fn is_free_word(word: &str) -> bool {
    !["and", "or", "not", "in", "like", "xor"].contains(&word.to_ascii_lowercase().as_str())
}

/// Expressions as text that is fully parenthesised, so that what they mean is plain.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[0-9]{1,3}(\\.[0-9]{1,2})?",
        "[a-z_]{1,5}".prop_filter("an operator", |word| is_free_word(word)),
        field().prop_map(|name| format!("'{name}'")),
        "[a-z %|\\[\\]]{0,5}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "%", ".", "=", "==", "!=", "<", "<=", ">", ">=", "AND", "or",
            "XOR", "LIKE",
        ]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("(NOT {a})")),
            (
                "[a-z]{2,6}".prop_filter("an operator", |word| is_free_word(word)),
                prop::collection::vec(inner.clone(), 0..3)
            )
                .prop_map(|(name, list)| format!("{name}({})", list.join(","))),
            (inner.clone(), prop::collection::vec(inner, 1..3))
                .prop_map(|(a, list)| format!("({a} IN ({}))", list.join(", "))),
        ]
    })
}

fn search() -> impl Strategy<Value = String> {
    let quoted = || {
        "[ -~]{0,6}"
            .prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
    };
    let word = || "[a-z0-9_.*:/-]{1,6}".prop_filter("an operator", |word| is_free_word(word));
    let leaf = prop_oneof![
        word(),
        quoted(),
        quoted().prop_map(|text| format!("TERM({text})")),
        (name(), prop::sample::select(vec!["=", "!=", "<", ">="]), quoted()).prop_map(
            |(field, op, value)| {
                let field = field.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{field}\"{op}{value}")
            }
        ),
        (word(), quoted(), word()).prop_map(|(field, a, b)| format!("f{field} IN ({a}, {b})")),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|list| format!("({})", list.join(" "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|list| format!("({})", list.join(" OR "))),
            inner.prop_map(|term| format!("NOT {term}")),
        ]
    })
}

/// A command of each kind that runs, in some of its forms. What is drawn for them: a field, a list of them, a number, quoted text,
/// an expression, a search, aggregates. Conditions in parentheses that are no expression to `spl` have no expression drawn for them: where
/// their parentheses close is found out without looking for single quotes.
const FORMS: &[&str] = &[
    "addtotals row=t fieldname=FIELD LIST",
    "append [ search SEARCH | fields LIST ]",
    "append [ inputlookup FIELD.csv | head NUMBER ]",
    "appendpipe run_in_preview=f [ stats AGGREGATES BY LIST ]",
    "avlbase64 FIELD",
    "bin span=NUMBERs FIELD AS FIELD",
    "bucket bins=NUMBER FIELD",
    "chart limit=NUMBER AGGREGATES OVER FIELD BY FIELD",
    "chart useother=f AGGREGATES BY FIELD, FIELD",
    "chart AGGREGATES, eval(max(FIELD) * NUMBER) AS FIELD OVER FIELD BY FIELD where max in topNUMBER",
    "timechart agg=max AGGREGATES BY FIELD where sum > NUMBER",
    "convert timeformat=QUOTED ctime(FIELD) AS FIELD, num(FIELD)",
    "dedup NUMBER LIST keepevents=t sortby -FIELD, +num(FIELD)",
    "dedup consecutive=t keepempty=f FIELD",
    "discretize span=1h FIELD",
    "bin bins=NUMBER minspan=NUMBER start=0 end=NUMBER FIELD AS FIELD",
    "bin span=1h aligntime=@d+NUMBERm",
    "eval FIELD=EXPRESSION, {FIELD}_x=EXPRESSION",
    "eventstats AGGREGATES BY LIST",
    "eventstats allnum=t AGGREGATES",
    "extract pairdelim=QUOTED, kvdelim=QUOTED",
    "fields LIST",
    "fields - LIST, FIELD*",
    "fillnull value=QUOTED LIST",
    "fillnull",
    "foreach fieldstr=\"#f\" FIELD* [ where #f > NUMBER | eval FIELD=#f . QUOTED ]",
    "foreach FIELD*, LIST [ eval <<FIELD>>=FIELD . QUOTED ]",
    "format",
    "format mvsep=QUOTED maxresults=NUMBER QUOTED QUOTED QUOTED QUOTED QUOTED QUOTED",
    "fromjson prefix=FIELD FIELD",
    "head NUMBER",
    "head (EXPRESSION) null=t",
    "head (match(FIELD, QUOTED) OR FIELD > NUMBER) limit=NUMBER keeplast=t",
    "inputlookup append=t start=NUMBER max=NUMBER FIELD.csv where SEARCH",
    "iplocation prefix=FIELD allfields=t FIELD",
    "join type=left max=NUMBER LIST [ search SEARCH ]",
    "kv",
    "lookup local=t FIELD.csv FIELD AS FIELD, FIELD OUTPUT FIELD AS FIELD, FIELD",
    "lookup FIELD FIELD OUTPUTNEW QUOTED AS FIELD",
    "makemv delim=QUOTED allowempty=t FIELD",
    "makeresults count=NUMBER",
    "makeresults annotate=t format=csv data=QUOTED",
    "multikv noheader=t fields LIST filter QUOTED",
    "mvcombine FIELD",
    "mvexpand FIELD limit=NUMBER",
    "nomv FIELD",
    "outlier action=rm param=NUMBER LIST",
    "outputlookup append=t FIELD.csv",
    "rare limit=NUMBER LIST BY FIELD",
    "regex FIELD!=QUOTED",
    "regex QUOTED",
    "rename FIELD AS QUOTED, FIELD* AS FIELD*",
    "replace QUOTED WITH QUOTED, QUOTED WITH QUOTED IN LIST",
    "return NUMBER FIELD, FIELD=FIELD, $FIELD",
    "reverse",
    "rex field=FIELD max_match=NUMBER QUOTED",
    "rex mode=sed field=FIELD \"s/a/b/g\"",
    "search SEARCH",
    "sort NUMBER -FIELD, +ip(FIELD), str(FIELD)",
    "sort - FIELD, FIELD desc",
    "spath input=FIELD output=FIELD path=FIELD{}.FIELD",
    "stats AGGREGATES BY LIST",
    "stats dedup_splitvals=t AGGREGATES",
    "strcat allrequired=t FIELD QUOTED FIELD FIELD",
    "streamstats window=NUMBER current=f global=f AGGREGATES BY LIST",
    "streamstats time_window=NUMBERs reset_before=(FIELD > NUMBER) reset_after=(match(FIELD, QUOTED)) AGGREGATES",
    "table LIST, FIELD*",
    "tail NUMBER",
    "timechart span=NUMBERm limit=NUMBER AGGREGATES BY FIELD",
    "tojson output_field=FIELD num(FIELD), LIST",
    "top NUMBER LIST showperc=f BY LIST",
    "transaction LIST maxspan=NUMBERm maxpause=NUMBERs startswith=(SEARCH) endswith=eval(match(FIELD, QUOTED) OR FIELD > NUMBER)",
    "transaction FIELD mvlist=t keepevicted=t",
    "where EXPRESSION",
    "where FIELD = [ inputlookup FIELD.csv | return $FIELD ]",
    "xmlkv FIELD",
];

/// A command of one of the forms.
fn command() -> impl Strategy<Value = String> {
    let word = || "x_[a-z_]{0,3}";
    let list = prop::collection::vec(word(), 1..4).prop_map(|names| names.join(", "));
    let quoted = "[a-z ,=|()\\[\\]]{0,5}".prop_map(|text| format!("\"{text}\""));
    let aggregate =
        (word(), word(), word(), 0..4_u8).prop_map(|(field, name, of, form)| match form {
            0 => "count".to_owned(),
            1 => format!("dc({field})"),
            2 => format!("values({field}) AS {name}"),
            _ => format!("sum(eval({of} * 2)) AS {name}"),
        });
    let aggregates = prop::collection::vec(aggregate, 1..3).prop_map(|all| all.join(", "));
    let fields = prop::collection::vec(word(), 6);
    let form = prop::sample::select(FORMS);
    let drawn = (fields, list, 1..20_u8, quoted, expression(), search(), aggregates);
    (form, drawn).prop_map(
        |(form, (fields, list, number, quoted, expression, search, aggregates))| {
            let others = [
                ("LIST", list),
                ("NUMBER", number.to_string()),
                ("QUOTED", quoted),
                ("EXPRESSION", expression),
                ("SEARCH", search),
                ("AGGREGATES", aggregates),
            ];
            // What is put in is in small letters, but for operators: none of them holds a word of the forms.
            let text = fields.iter().fold(form.replace("<<FIELD>>", "<<F>>"), |text, field| {
                text.replacen("FIELD", field, 1)
            });
            let text = others.iter().fold(text, |text, (place, drawn)| text.replace(place, drawn));
            text.replace("<<F>>", "<<FIELD>>")
        },
    )
}

#[test]
fn every_command_that_runs_has_a_form() {
    for name in reference::names() {
        let is_of_it = |form: &&str| form.split(' ').next() == Some(name);
        assert!(FORMS.iter().any(is_of_it), "{name}");
    }
}

/// Parses `text`; if it is right, prints it and parses again, and both trees must be the same.
fn check_round_trip(text: &str) -> bool {
    let (pipeline, diagnostics) = parse(text);
    for label in diagnostics.iter().flat_map(|it| std::iter::once(&it.primary).chain(&it.secondary))
    {
        assert!(text.get(label.span.start..label.span.end).is_some(), "{text:?}: {label:?}");
    }
    if diagnostics.iter().any(|it| it.severity == Severity::Error) {
        return false;
    }
    let printed = print(&pipeline);
    let (again, complaints) = parse(&printed);
    assert!(
        complaints.iter().all(|it| it.severity == Severity::Warning),
        "{printed:?}: {complaints:?}"
    );
    let trees = [&pipeline, &again].map(|it| without_spans(&format!("{:?}", it.commands)));
    assert_eq!(trees[0], trees[1], "{text:?} prints as {printed:?}");
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_parses_and_right_ones_print(text in fragments()) {
        check_round_trip(&text);
    }

    #[test]
    fn expressions_print_as_they_were_meant(text in expression()) {
        let text = format!("| where {text}");
        prop_assert!(check_round_trip(&text), "{}", text);
    }

    #[test]
    fn searches_print_as_they_were_meant(text in search()) {
        prop_assert!(check_round_trip(&text), "{}", text);
    }

    #[test]
    fn commands_print_as_they_were_meant(commands in prop::collection::vec(command(), 1..4)) {
        let text = format!("| {}", commands.join(" | "));
        prop_assert!(check_round_trip(&text), "{}: {:?}", text, parse(&text).1);
    }

    #[test]
    fn lists_of_names_print_as_they_were_meant(names in prop::collection::vec(name(), 1..4)) {
        let escape = |name: &String| {
            format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let list = names.iter().map(escape).collect::<Vec<_>>().join(", ");
        let (pipeline, _) = parse(&format!("| table {list}"));
        let CommandKind::Table(found) = &pipeline.commands[0].kind else { panic!("a table") };
        prop_assert_eq!(found.iter().map(|name| &name.value).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
        let text = format!("| table {list} | fields - {list} | stats count BY {list}");
        prop_assert!(check_round_trip(&text));
    }
}

/// The power of operators, tested where a wrong one changes the tree.
#[test]
fn operators_bind_as_the_manual_says() {
    fn grouped(expr: &Expr) -> String {
        let list = |operands: &[Expr], op: &str| {
            format!("({})", operands.iter().map(grouped).collect::<Vec<_>>().join(op))
        };
        match &expr.kind {
            ExprKind::Field(name) => name.clone(),
            ExprKind::Negate(a) => format!("(-{})", grouped(a)),
            ExprKind::Not(a) => format!("(!{})", grouped(a)),
            ExprKind::Arithmetic(op, a, b) => format!("({} {op:?} {})", grouped(a), grouped(b)),
            ExprKind::Compare(op, a, b) => format!("({} {op:?} {})", grouped(a), grouped(b)),
            ExprKind::And(operands) => list(operands, " & "),
            ExprKind::Or(operands) => list(operands, " | "),
            ExprKind::Xor(a, b) => format!("({} ^ {})", grouped(a), grouped(b)),
            other => format!("{other:?}"),
        }
    }
    for (text, expected) in [
        ("a OR b AND c XOR d", "((a | (b & c)) ^ d)"),
        ("NOT a=b AND c", "((!(a Eq b)) & c)"),
        ("a-b-c", "((a Subtract b) Subtract c)"),
        ("a+b*c.d<e", "(((a Add (b Multiply c)) Concat d) Lt e)"),
        ("-a*b", "((-a) Multiply b)"),
        ("a AND (b AND c) AND d", "(a & b & c & d)"),
    ] {
        let (pipeline, diagnostics) = parse(&format!("| where {text}"));
        assert_eq!(diagnostics, [], "{text}");
        let CommandKind::Where(expr) = &pipeline.commands[0].kind else { panic!("{text}") };
        assert_eq!(grouped(expr), expected, "{text}");
    }
}

/// Found by `any_text_parses_and_right_ones_print`: printed as `x IN (a OR b)`, it came back as a list of values.
#[test]
fn the_word_in_before_a_group_stays_a_word() {
    for text in ["x IN a OR b", "x in a* OR *", "x NOT IN a OR b", "IN a OR b"] {
        assert!(check_round_trip(text), "{text}");
    }
}

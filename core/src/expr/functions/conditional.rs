//! Functions that choose, and functions that test.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    Body, Function, Kind, MANY, Refusal, Tests, any, boolean, example, is_match, prepare_regex,
    value,
};
use crate::{
    expr::{
        compare::{self, Operand},
        like::{self, Like},
        program::{Call, Expr, Prepared, Relation, Scope},
        regex::RegexIds,
    },
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "if",
        usage: "if(condition, then, else)",
        about: "`then` where the condition holds, `else` where it does not or is null.",
        arguments: 3..=3,
        tests: Tests::First,
        kind: Kind::Chosen,
        body: Body::Choose(choose_if),
        prepare: None,
        examples: &[
            example("if(1=1, \"t\", \"f\")", "t"),
            example("if(missing=\"a\", \"y\", \"n\")", "n"),
            example("if(1=2, \"t\", if(2=2, 5, 6))", "5"),
        ],
    },
    Function {
        name: "case",
        usage: "case(condition, value, ...)",
        about: "The value after the first condition that holds.",
        arguments: 2..=MANY,
        tests: Tests::Pairs,
        kind: Kind::Chosen,
        body: Body::Choose(choose_case),
        prepare: Some(prepare_pairs),
        examples: &[
            example("case(1=2, \"a\", true(), \"b\")", "b"),
            example("case(1=2, \"a\", missing=1, \"b\")", "null"),
        ],
    },
    Function {
        name: "validate",
        usage: "validate(condition, value, ...)",
        about: "The value after the first condition that does not hold.",
        arguments: 2..=MANY,
        tests: Tests::Pairs,
        kind: Kind::Chosen,
        body: Body::Choose(choose_validate),
        prepare: Some(prepare_pairs),
        examples: &[
            example("validate(1=1, \"not one\", 1=2, \"not two\")", "not two"),
            example("validate(1=1, \"not one\")", "null"),
        ],
    },
    Function {
        name: "coalesce",
        usage: "coalesce(value, ...)",
        about: "The first value that is not null; an empty text is one.",
        arguments: 1..=MANY,
        tests: Tests::None,
        kind: Kind::Chosen,
        body: Body::Compute(coalesce),
        prepare: None,
        examples: &[
            example("coalesce(missing, \"b\", \"c\")", "b"),
            example("coalesce(\"\", \"b\")", ""),
        ],
    },
    Function {
        name: "nullif",
        usage: "nullif(left, right)",
        about: "Null where both are equal, else the left one.",
        arguments: 2..=2,
        tests: Tests::None,
        kind: Kind::Chosen,
        body: Body::Compute(nullif),
        prepare: None,
        examples: &[
            example("nullif(\"z\", \"z\")", "null"),
            example("nullif(\"a\", \"z\")", "a"),
            example("nullif(\"a\", missing)", "a"),
        ],
    },
    Function {
        name: "match",
        usage: "match(text, regex)",
        about: "Whether some part of a text, or of one of several, matches a PCRE pattern; the pattern may be computed.",
        arguments: 2..=2,
        tests: Tests::None,
        kind: Kind::Boolean,
        body: Body::Compute(|call, scope| is_match(call, 1, call.argument(0, scope), scope)),
        prepare: Some(|arguments, ids| prepare_regex(arguments, 1, ids)),
        examples: &[
            example("match(\"oh yes!\", \"yes\")", "True"),
            example("match(\"yes\", \"YES\")", "False"),
            example("match(split(\"a,b\", \",\"), \"^b$\")", "True"),
            example("match(\"YES\", \"(?i)\".lower(\"Yes\"))", "True"),
            example("match(\"yes\", \"(\".\"\")", "null"),
            example("match(missing, \"a\")", "null"),
        ],
    },
    Function {
        name: "like",
        usage: "like(text, pattern)",
        about: "Whether the whole text matches, `%` being any run of characters and `_` one; with regard to case.",
        arguments: 2..=2,
        tests: Tests::None,
        kind: Kind::Boolean,
        body: Body::Compute(like),
        prepare: Some(prepare_like),
        examples: &[
            example("like(\"axxbz\", \"a%b_\")", "True"),
            example("like(\"axxb\", \"a%b_\")", "False"),
            example("like(split(\"a,b\", \",\"), \"b\")", "True"),
            example("like(\"abc\", \"a\".\"%\")", "True"),
        ],
    },
    Function {
        name: "cidrmatch",
        usage: "cidrmatch(network, address)",
        about: "Whether a network of IPv4 or IPv6 holds an address.",
        arguments: 2..=2,
        tests: Tests::None,
        kind: Kind::Boolean,
        body: Body::Compute(cidrmatch),
        prepare: Some(prepare_net),
        examples: &[
            example("cidrmatch(\"192.0.2.0/24\", \"192.0.2.56\")", "True"),
            example("cidrmatch(\"192.0.2.0/24\", \"192.0.3.0\")", "False"),
            example("cidrmatch(\"182.236.164.11/16\", \"182.236.1.1\")", "True"),
            example("cidrmatch(\"2001:db8::/32\", \"2001:db8::1\")", "True"),
            example("cidrmatch(\"192.0.2.0/24\", \"no address\")", "False"),
        ],
    },
    boolean(
        "in",
        "in(value, item, ...)",
        "Whether a value equals one of the items; there are no wildcards.",
        2..=MANY,
        is_in,
        &[
            example("in(\"400\", \"400\", \"401\")", "True"),
            example("in(200, \"400\", \"401\")", "False"),
            example("in(missing, 1)", "null"),
        ],
    ),
    boolean(
        "true",
        "true()",
        "Yes.",
        0..=0,
        |_, _| Value::Bool(true),
        &[example("true()", "True"), example("if(true(), 1, 2)", "1")],
    ),
    boolean(
        "false",
        "false()",
        "No.",
        0..=0,
        |_, _| Value::Bool(false),
        &[example("false()", "False"), example("if(false(), 1, 2)", "2")],
    ),
    value(
        "null",
        "null()",
        "No value: assigned to a field, it removes the field.",
        0..=0,
        |_, _| Value::Null,
        &[example("null()", "null"), example("coalesce(null(), 1)", "1")],
    ),
];

fn choose_if<'c>(call: &'c Call, scope: &Scope<'_, '_>) -> Option<&'c Expr> {
    let truth = call.arguments.first()?.test(scope) == Some(true);
    call.arguments.get(if truth { 1 } else { 2 })
}

fn choose_case<'c>(call: &'c Call, scope: &Scope<'_, '_>) -> Option<&'c Expr> {
    choose_pair(call, scope, true)
}

fn choose_validate<'c>(call: &'c Call, scope: &Scope<'_, '_>) -> Option<&'c Expr> {
    choose_pair(call, scope, false)
}

/// The second of the first pair whose first is `truth`.
fn choose_pair<'c>(call: &'c Call, scope: &Scope<'_, '_>, truth: bool) -> Option<&'c Expr> {
    let pair = call.arguments.chunks_exact(2).find(|pair| pair[0].test(scope) == Some(truth))?;
    Some(&pair[1])
}

fn prepare_pairs(arguments: &[Expr], _: &mut RegexIds) -> Result<Prepared, Refusal> {
    match arguments {
        [.., _] if !arguments.len().is_multiple_of(2) => Err(Refusal::argument(
            arguments.len() - 1,
            "this condition has no value: conditions and values come in pairs",
        )),
        _ => Ok(Prepared::None),
    }
}

fn coalesce<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let mut values = call.arguments.iter().map(|argument| argument.value(scope));
    values.find(|value| !value.is_null()).unwrap_or(Value::Null)
}

fn nullif<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    match is_equal(call, 1, scope) {
        Some(true) => Value::Null,
        _ => call.argument(0, scope),
    }
}

fn is_in<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    if call.argument(0, scope).is_null() {
        return Value::Null;
    }
    Value::Bool((1..call.arguments.len()).any(|index| is_equal(call, index, scope) == Some(true)))
}

/// Whether the first argument equals argument `index`.
fn is_equal(call: &Call, index: usize, scope: &Scope<'_, '_>) -> Option<bool> {
    let side =
        |index: usize| call.arguments.get(index).map(|argument: &Expr| argument.operand(scope));
    let (left, right): (Operand<'_>, Operand<'_>) = (side(0)?, side(index)?);
    compare::compare(Relation::Eq, left, right, scope.env.bump)
}

fn like<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (value, env) = (call.argument(0, scope), scope.env);
    if let Prepared::Like(like) = &call.prepared {
        return any(value, env.bump, |text| Some(like.is_match(env.caches, text)));
    }
    let Some(pattern) = call.text(1, scope) else { return Value::Null };
    any(value, env.bump, |text| like::is_match_data(pattern, env.caches, text))
}

fn prepare_like(arguments: &[Expr], ids: &mut RegexIds) -> Result<Prepared, Refusal> {
    let Some(pattern) = arguments.get(1).and_then(Expr::quoted) else { return Ok(Prepared::None) };
    Like::compile(pattern, ids).map(Prepared::Like).map_err(|error| Refusal::regex(1, error))
}

fn cidrmatch<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let net = match &call.prepared {
        Prepared::Net(net) => Some(*net),
        _ => call.text(0, scope).and_then(net),
    };
    let Some(net) = net else { return Value::Null };
    any(call.argument(1, scope), scope.env.bump, |text| {
        Some(address(text).is_some_and(|address| net.contains(&address)))
    })
}

fn prepare_net(arguments: &[Expr], _: &mut RegexIds) -> Result<Prepared, Refusal> {
    let Some(text) = arguments.first().and_then(Expr::quoted) else { return Ok(Prepared::None) };
    match net(text.as_bytes()) {
        Some(net) => Ok(Prepared::Net(net)),
        None => {
            Err(Refusal::argument(0, "this is no network: write `10.0.0.0/8` or `2001:db8::/32`"))
        }
    }
}

fn net(text: &[u8]) -> Option<IpNet> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn address(text: &[u8]) -> Option<IpAddr> {
    // The longest address is 45 bytes; a parser need not see more.
    let text = text.get(..text.len().min(64))?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

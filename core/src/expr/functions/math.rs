//! Functions of numbers. What has no result (`sqrt(-1)` apart, which is `nan`) is null.

use std::{cmp::Ordering, fmt::Write};

use bumpalo::{Bump, collections::String as BumpString};

use super::{Function, MANY, example, value};
use crate::{
    expr::{
        compare::order,
        program::{Call, Scope},
    },
    value::Value,
};

/// Decimals beyond these say nothing about a double.
const MAX_DECIMALS: i64 = 17;

/// Splunk's `pi()` stops after eleven decimals.
#[expect(clippy::approx_constant, reason = "the digits that Splunk gives")]
const SPLUNK_PI: f64 = 3.141_592_653_59;

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "abs",
        "abs(number)",
        "Without its sign.",
        1..=1,
        |call, scope| one(call, scope, f64::abs),
        &[example("abs(-5)", "5"), example("abs(\"x\")", "null")],
    ),
    value(
        "ceil",
        "ceil(number)",
        "The next whole number above.",
        1..=1,
        |call, scope| one(call, scope, f64::ceil),
        &[example("ceil(1.9)", "2"), example("ceil(-1.9)", "-1")],
    ),
    value(
        "ceiling",
        "ceiling(number)",
        "The next whole number above.",
        1..=1,
        |call, scope| one(call, scope, f64::ceil),
        &[example("ceiling(1.1)", "2"), example("ceiling(2)", "2")],
    ),
    value(
        "floor",
        "floor(number)",
        "The next whole number below.",
        1..=1,
        |call, scope| one(call, scope, f64::floor),
        &[example("floor(1.9)", "1"), example("floor(-1.1)", "-2")],
    ),
    value(
        "round",
        "round(number[, decimals])",
        "Rounded half up; with decimals, the text that has them all.",
        1..=2,
        round,
        &[
            example("round(3.5)", "4"),
            example("round(2.555, 2)", "2.56"),
            example("round(10, 2)", "10.00"),
            example("round(-4.5)", "-4"),
        ],
    ),
    value(
        "sqrt",
        "sqrt(number)",
        "The square root.",
        1..=1,
        |call, scope| one(call, scope, f64::sqrt),
        &[example("sqrt(9)", "3"), example("sqrt(-1)", "nan")],
    ),
    value(
        "exp",
        "exp(number)",
        "The power of e.",
        1..=1,
        |call, scope| one(call, scope, f64::exp),
        &[example("exp(0)", "1"), example("round(exp(1), 3)", "2.718")],
    ),
    value(
        "ln",
        "ln(number)",
        "The natural logarithm.",
        1..=1,
        |call, scope| one(call, scope, f64::ln),
        &[example("ln(1)", "0"), example("round(ln(10), 3)", "2.303")],
    ),
    value(
        "log",
        "log(number[, base])",
        "The logarithm, to base 10 if none is named.",
        1..=2,
        log,
        &[example("log(1000)", "3"), example("log(8, 2)", "3")],
    ),
    value(
        "pow",
        "pow(base, exponent)",
        "The power.",
        2..=2,
        |call, scope| two(call, scope, f64::powf),
        &[example("pow(2, 10)", "1024"), example("pow(4, 0.5)", "2")],
    ),
    value(
        "pi",
        "pi()",
        "The circle's ratio to eleven decimals.",
        0..=0,
        |_, _| Value::Number(SPLUNK_PI),
        &[example("pi()", "3.14159265359"), example("round(pi(), 2)", "3.14")],
    ),
    value(
        "exact",
        "exact(number)",
        "The number itself: numbers are never rounded on the way.",
        1..=1,
        |call, scope| one(call, scope, |number| number),
        &[example("exact(0.5)", "0.5"), example("exact(\"x\")", "null")],
    ),
    value(
        "min",
        "min(value, ...)",
        "The least of all values; any text is greater than any number.",
        1..=MANY,
        |call, scope| extreme(call, scope, Ordering::Less),
        &[
            example("min(3, 6, 7, \"maria\", 1)", "1"),
            example("min(\"b\", \"a\")", "a"),
            example("min(missing, 2)", "2"),
        ],
    ),
    value(
        "max",
        "max(value, ...)",
        "The greatest of all values; any text is greater than any number.",
        1..=MANY,
        |call, scope| extreme(call, scope, Ordering::Greater),
        &[
            example("max(1, 3, 6, 7, \"foo\")", "foo"),
            example("max(split(\"1,3,10,4\", \",\"))", "10"),
        ],
    ),
    value(
        "sum",
        "sum(value, ...)",
        "The sum of all values that are numbers.",
        1..=MANY,
        |call, scope| total(call, scope, |sum, _| sum),
        &[example("sum(1, 2, \"3\")", "6"), example("sum(\"x\")", "null")],
    ),
    value(
        "avg",
        "avg(value, ...)",
        "The mean of all values that are numbers.",
        1..=MANY,
        |call, scope| total(call, scope, |sum, count| sum / count),
        &[example("avg(1, 2)", "1.5"), example("avg(split(\"2,4\", \",\"))", "3")],
    ),
    value(
        "hypot",
        "hypot(x, y)",
        "The length of the third side of a right triangle.",
        2..=2,
        |call, scope| two(call, scope, f64::hypot),
        &[example("hypot(3, 4)", "5"), example("hypot(0, 1)", "1")],
    ),
    value(
        "sin",
        "sin(angle)",
        "The sine, of radians.",
        1..=1,
        |call, scope| one(call, scope, f64::sin),
        &[example("sin(0)", "0"), example("round(sin(1), 3)", "0.841")],
    ),
    value(
        "cos",
        "cos(angle)",
        "The cosine, of radians.",
        1..=1,
        |call, scope| one(call, scope, f64::cos),
        &[example("cos(0)", "1"), example("round(cos(1), 3)", "0.540")],
    ),
    value(
        "tan",
        "tan(angle)",
        "The tangent, of radians.",
        1..=1,
        |call, scope| one(call, scope, f64::tan),
        &[example("tan(0)", "0"), example("round(tan(1), 3)", "1.557")],
    ),
    value(
        "asin",
        "asin(number)",
        "The angle of a sine, in radians.",
        1..=1,
        |call, scope| one(call, scope, f64::asin),
        &[example("asin(0)", "0"), example("round(asin(1), 3)", "1.571")],
    ),
    value(
        "acos",
        "acos(number)",
        "The angle of a cosine, in radians.",
        1..=1,
        |call, scope| one(call, scope, f64::acos),
        &[example("acos(1)", "0"), example("round(acos(0), 3)", "1.571")],
    ),
    value(
        "atan",
        "atan(number)",
        "The angle of a tangent, in radians.",
        1..=1,
        |call, scope| one(call, scope, f64::atan),
        &[example("atan(0)", "0"), example("round(atan(1), 3)", "0.785")],
    ),
    value(
        "atan2",
        "atan2(y, x)",
        "The angle of a point, in radians.",
        2..=2,
        |call, scope| two(call, scope, f64::atan2),
        &[example("atan2(0, 1)", "0"), example("round(atan2(1, 0), 3)", "1.571")],
    ),
    value(
        "sinh",
        "sinh(number)",
        "The hyperbolic sine.",
        1..=1,
        |call, scope| one(call, scope, f64::sinh),
        &[example("sinh(0)", "0"), example("round(sinh(1), 3)", "1.175")],
    ),
    value(
        "cosh",
        "cosh(number)",
        "The hyperbolic cosine.",
        1..=1,
        |call, scope| one(call, scope, f64::cosh),
        &[example("cosh(0)", "1"), example("round(cosh(1), 3)", "1.543")],
    ),
    value(
        "tanh",
        "tanh(number)",
        "The hyperbolic tangent.",
        1..=1,
        |call, scope| one(call, scope, f64::tanh),
        &[example("tanh(0)", "0"), example("round(tanh(1), 3)", "0.762")],
    ),
    value(
        "asinh",
        "asinh(number)",
        "The inverse of the hyperbolic sine.",
        1..=1,
        |call, scope| one(call, scope, f64::asinh),
        &[example("asinh(0)", "0"), example("round(asinh(1), 3)", "0.881")],
    ),
    value(
        "acosh",
        "acosh(number)",
        "The inverse of the hyperbolic cosine.",
        1..=1,
        |call, scope| one(call, scope, f64::acosh),
        &[example("acosh(1)", "0"), example("round(acosh(2), 3)", "1.317")],
    ),
    value(
        "atanh",
        "atanh(number)",
        "The inverse of the hyperbolic tangent.",
        1..=1,
        |call, scope| one(call, scope, f64::atanh),
        &[example("atanh(0)", "0"), example("round(atanh(0.5), 3)", "0.549")],
    ),
];

fn one(call: &Call, scope: &Scope<'_, '_>, compute: impl FnOnce(f64) -> f64) -> Value<'static> {
    call.number(0, scope).map_or(Value::Null, |number| Value::Number(compute(number)))
}

fn two(
    call: &Call,
    scope: &Scope<'_, '_>,
    compute: impl FnOnce(f64, f64) -> f64,
) -> Value<'static> {
    let (Some(left), Some(right)) = (call.number(0, scope), call.number(1, scope)) else {
        return Value::Null;
    };
    Value::Number(compute(left, right))
}

fn log<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let base = if call.arguments.len() == 1 { Some(10.0) } else { call.number(1, scope) };
    let (Some(number), Some(base)) = (call.number(0, scope), base) else { return Value::Null };
    // `f64::log` divides two logarithms, which makes `log(1000)` just less than 3.
    Value::Number(match base {
        10.0 => number.log10(),
        2.0 => number.log2(),
        base => number.log(base),
    })
}

/// Half up, on the decimal digits that the number prints as. With decimals the result is the text that has them all.
fn round<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let Some(number) = call.number(0, scope) else { return Value::Null };
    let decimals = if call.arguments.len() == 1 { Some(0) } else { call.integer(1, scope) };
    let Some(decimals) = decimals.filter(|decimals| *decimals >= 0) else { return Value::Null };
    if decimals == 0 || !number.is_finite() {
        return Value::Number((number + 0.5).floor());
    }
    let places = i32::try_from(decimals.min(MAX_DECIMALS)).unwrap_or_default();
    let bump = scope.env.bump;
    let Some(rounded) = round_half_up(number, places, bump) else { return Value::Null };
    let decimals = usize::try_from(places).unwrap_or_default();
    let mut text = BumpString::new_in(bump);
    write!(text, "{rounded:.decimals$}").expect("writing into an arena cannot fail");
    Value::Text(text.into_bump_str().as_bytes())
}

/// Rounds to so many decimals, or to a power of ten where they are negative.
pub(super) fn round_half_up(number: f64, decimals: i32, bump: &Bump) -> Option<f64> {
    let shifted = shift(number, decimals, bump)?;
    shift((shifted + 0.5).floor(), -decimals, bump)
}

/// Moves the decimal point exactly, by way of the digits that `number` prints as.
fn shift(number: f64, places: i32, bump: &Bump) -> Option<f64> {
    let mut text = BumpString::new_in(bump);
    write!(text, "{number}e{places}").expect("writing into an arena cannot fail");
    text.parse().ok()
}

/// The least or greatest of all values of all arguments; any text is greater than any number.
fn extreme<'e>(call: &Call, scope: &Scope<'_, 'e>, wanted: Ordering) -> Value<'e> {
    let mut best = Value::Null;
    each(call, scope, |value| {
        if best.is_null() || rank(value, best, scope.env.bump) == wanted {
            best = value;
        }
    });
    best
}

fn rank(left: Value<'_>, right: Value<'_>, bump: &Bump) -> Ordering {
    let texts = (left.number().is_none(), right.number().is_none());
    let by_kind = texts.0.cmp(&texts.1);
    by_kind.then_with(|| order(left, right, bump).unwrap_or(Ordering::Equal))
}

/// What `compute` makes of the sum and the count of the numbers among all values; null if there are none.
fn total(call: &Call, scope: &Scope<'_, '_>, compute: fn(f64, f64) -> f64) -> Value<'static> {
    let (mut sum, mut count) = (0.0, 0.0);
    each(call, scope, |value| {
        if let Some(number) = value.number() {
            sum += number;
            count += 1.0;
        }
    });
    if count > 0.0 { Value::Number(compute(sum, count)) } else { Value::Null }
}

/// Visits every value of every argument.
fn each<'e>(call: &Call, scope: &Scope<'_, 'e>, mut visit: impl FnMut(Value<'e>)) {
    for argument in &call.arguments {
        match argument.value(scope) {
            Value::Null => {}
            Value::List(texts) => texts.iter().for_each(|text| visit(Value::Text(text))),
            one => visit(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::evaluate;

    #[test]
    fn rounding() {
        let cases = [
            ("round(2.5)", "3"),
            ("round(-4.6)", "-5"),
            ("round(2.675, 2)", "2.68"),
            ("round(1.005, 2)", "1.01"),
            ("round(0.1, 20)", "0.10000000000000001"),
            ("round(1e300, 2) > 1e299", "True"),
            ("round(1.5, -1)", "null"),
            ("round(\"x\", 2)", "null"),
            ("round(10, 2) + 1", "11"),
            ("round(1/3, 3)", "0.333"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, &[]), expected, "{expression}");
        }
    }

    #[test]
    fn what_has_no_result_says_so() {
        let cases = [
            ("ln(0)", "-inf"),
            ("log(-1)", "nan"),
            ("exp(1e9)", "inf"),
            ("pow(\"a\", 1)", "null"),
            ("asin(2)", "nan"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, &[]), expected, "{expression}");
        }
    }
}

//! Functions between numbers and texts.

use std::{fmt::Write, net::Ipv4Addr};

use bumpalo::{Bump, collections::String as BumpString};

use super::{Body, Function, Kind, Refusal, Tests, boolean, example, value};
use crate::{
    expr::{
        number,
        program::{Call, Expr, Prepared, Scope},
        regex::RegexIds,
    },
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "tonumber",
        usage: "tonumber(text[, base])",
        about: "The number that a text reads as, in base 2 to 36.",
        arguments: 1..=2,
        tests: Tests::None,
        kind: Kind::Value,
        body: Body::Compute(tonumber),
        prepare: Some(prepare_tonumber),
        examples: &[
            example("tonumber(\"0A4\", 16)", "164"),
            example("tonumber(\"0101\", 2)", "5"),
            example("tonumber(\"1.50\")", "1.5"),
            example("tonumber(lower(\" 7\"))", "null"),
            example("tonumber(trim(\" 7 \"))", "7"),
        ],
    },
    value(
        "tostring",
        "tostring(value[, format])",
        "A text: of a yes or no, or of a number as `hex`, `binary`, `commas` or `duration`.",
        1..=2,
        tostring,
        &[
            example("tostring(1==1)", "True"),
            example("tostring(15, \"hex\")", "0xF"),
            example("tostring(9, \"binary\")", "1001"),
            example("tostring(12345.6789, \"commas\")", "12,345.68"),
            example("tostring(615, \"duration\")", "00:10:15"),
            example("tostring(90061, \"duration\")", "1+01:01:01"),
            example("tostring(\"abc\")", "abc"),
        ],
    ),
    value(
        "toint",
        "toint(value)",
        "The number without its fraction.",
        1..=1,
        |call, scope| call.number(0, scope).map_or(Value::Null, |n| Value::Number(n.trunc())),
        &[
            example("toint(\"3.9\")", "3"),
            example("toint(-3.9)", "-3"),
            example("toint(\"x\")", "null"),
        ],
    ),
    value(
        "todouble",
        "todouble(value)",
        "The number that a value reads as.",
        1..=1,
        |call, scope| call.number(0, scope).map_or(Value::Null, Value::Number),
        &[example("todouble(\"3.90\")", "3.9"), example("todouble(\"x\")", "null")],
    ),
    boolean(
        "tobool",
        "tobool(value)",
        "The yes or no that `true`, `t`, `1`, `false`, `f` or `0` reads as, in any case.",
        1..=1,
        tobool,
        &[
            example("tobool(\"True\")", "True"),
            example("tobool(0)", "False"),
            example("tobool(\"perhaps\")", "null"),
        ],
    ),
    value(
        "tomv",
        "tomv(value)",
        "The value itself: a single one is a multivalue of one.",
        1..=1,
        |call, scope| call.argument(0, scope),
        &[example("tomv(\"a\")", "a"), example("tomv(split(\"a,b\", \",\"))", "a | b")],
    ),
    value(
        "ipmask",
        "ipmask(mask, address)",
        "The bits of an IPv4 address that a mask has.",
        2..=2,
        ipmask,
        &[
            example("ipmask(\"255.255.255.0\", \"10.20.30.120\")", "10.20.30.0"),
            example("ipmask(\"0.255.0.255\", \"10.20.30.120\")", "0.20.0.120"),
            example("ipmask(\"255.0.0.0\", \"no address\")", "null"),
        ],
    ),
];

fn tobool<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let value = call.argument(0, scope);
    if let Value::Bool(_) = value {
        return value;
    }
    let is =
        |text: &[u8], words: [&[u8]; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match value.text(scope.env.bump) {
        Some(text) if is(text, [b"true", b"t", b"1"]) => Value::Bool(true),
        Some(text) if is(text, [b"false", b"f", b"0"]) => Value::Bool(false),
        _ => Value::Null,
    }
}

/// The bits of an IPv4 address that a mask has.
fn ipmask<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let address = |index| {
        let text = std::str::from_utf8(call.text(index, scope)?).ok()?;
        text.parse::<Ipv4Addr>().ok()
    };
    let (Some(mask), Some(address)) = (address(0), address(1)) else { return Value::Null };
    let mut text = BumpString::new_in(scope.env.bump);
    write!(text, "{}", mask & address).expect("writing into an arena cannot fail");
    Value::Text(text.into_bump_str().as_bytes())
}

fn prepare_tonumber(arguments: &[Expr], _: &mut RegexIds) -> Result<Prepared, Refusal> {
    match arguments {
        [text] if text.quoted().is_some_and(|text| number::parse(text.as_bytes()).is_none()) => {
            Err(Refusal::argument(0, "this text is no number"))
        }
        _ => Ok(Prepared::None),
    }
}

fn tonumber<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let number = match call.arguments.len() {
        1 => call.number(0, scope),
        _ => call
            .text(0, scope)
            .zip(call.integer(1, scope))
            .and_then(|(text, base)| in_base(text, base)),
    };
    number.map_or(Value::Null, Value::Number)
}

fn in_base(text: &[u8], base: i64) -> Option<f64> {
    let base = u32::try_from(base).ok().filter(|base| (2..=36).contains(base))?;
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1.0, digits),
        digits => (1.0, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut digits = digits.iter().map(|digit| char::from(*digit).to_digit(base));
    let number =
        digits.try_fold(0.0, |number, digit| Some(number * f64::from(base) + f64::from(digit?)))?;
    f64::is_finite(number).then_some(sign * number)
}

fn tostring<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (value, bump) = (call.argument(0, scope), scope.env.bump);
    if call.arguments.len() == 1 {
        return match value {
            list @ Value::List(_) => list,
            one => one.text(bump).map_or(Value::Null, Value::Text),
        };
    }
    let (Some(format), Some(number)) = (call.text(1, scope), value.number()) else {
        return Value::Null;
    };
    let text = match format {
        b"hex" => radix(number, "0x", 16, bump),
        b"binary" => radix(number, "", 2, bump),
        b"commas" => Some(commas(number, bump)),
        b"duration" => duration(number, bump),
        _ => None,
    };
    text.map_or(Value::Null, |text| Value::Text(text.into_bump_str().as_bytes()))
}

/// The magnitude of an integral part that a `u64` holds.
fn magnitude(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    let magnitude = (number.abs() < 1.8e19).then_some(number.abs() as u64);
    magnitude
}

fn radix<'e>(number: f64, prefix: &str, base: u32, bump: &'e Bump) -> Option<BumpString<'e>> {
    let magnitude = magnitude(number)?;
    let mut text = BumpString::new_in(bump);
    let sign = if number < 0.0 && magnitude > 0 { "-" } else { "" };
    let written = match base {
        2 => write!(text, "{sign}{prefix}{magnitude:b}"),
        _ => write!(text, "{sign}{prefix}{magnitude:X}"),
    };
    written.expect("writing into an arena cannot fail");
    Some(text)
}

/// Thousands apart; two decimals if there are any.
fn commas(number: f64, bump: &Bump) -> BumpString<'_> {
    let mut plain = BumpString::new_in(bump);
    let decimals = if number.trunc() == number { 0 } else { 2 };
    write!(plain, "{number:.decimals$}").expect("writing into an arena cannot fail");
    let whole = plain.find('.').unwrap_or(plain.len());
    let mut text = BumpString::with_capacity_in(plain.len() * 4 / 3 + 1, bump);
    for (at, character) in plain.char_indices() {
        let between = at > 0 && at < whole && (whole - at).is_multiple_of(3);
        if between && !text.ends_with('-') {
            text.push(',');
        }
        text.push(character);
    }
    text
}

/// `HH:MM:SS`, from a day on `D+HH:MM:SS`; a fraction of a second is kept to the microsecond.
fn duration(number: f64, bump: &Bump) -> Option<BumpString<'_>> {
    let seconds = magnitude(number)?;
    let mut text = BumpString::new_in(bump);
    if number < 0.0 {
        text.push('-');
    }
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if days > 0 {
        write!(text, "{days}+").expect("writing into an arena cannot fail");
    }
    write!(text, "{hours:02}:{minutes:02}:{:02}", seconds % 60)
        .expect("writing into an arena cannot fail");
    let fraction = number.abs().fract();
    if fraction > 0.0 {
        let micros = (fraction * 1e6).floor();
        write!(text, ".{micros:06}").expect("writing into an arena cannot fail");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::evaluate;

    #[test]
    fn formats_at_their_edges() {
        let cases = [
            ("tostring(1000000.1278, \"commas\")", "1,000,000.13"),
            ("tostring(-123456, \"commas\")", "-123,456"),
            ("tostring(999, \"commas\")", "999"),
            ("tostring(0, \"duration\")", "00:00:00"),
            ("tostring(1.5, \"duration\")", "00:00:01.500000"),
            ("tostring(1e300, \"hex\")", "null"),
            ("tostring(\"x\", \"hex\")", "null"),
            ("tostring(1, \"no such\")", "null"),
            ("tostring(null())", "null"),
            ("tonumber(\"z\", 36)", "35"),
            ("tonumber(\"2\", 2)", "null"),
            ("tonumber(\"\", 10)", "null"),
            ("tonumber(\"1\", 99)", "null"),
            ("tonumber(\"-ff\", 16)", "-255"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, &[]), expected, "{expression}");
        }
    }
}

//! Functions of the bits of whole numbers, which are at most 2^53 - 1, so that each is exact.

use super::{Function, MANY, example, value};
use crate::{
    expr::program::{Call, Scope},
    value::Value,
};

/// One more than the largest number whose bits are known.
const LIMIT: i64 = 1 << 53;

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "bit_and",
        "bit_and(number, ...)",
        "The bits that all have.",
        2..=MANY,
        |call, scope| fold(call, scope, |left, right| left & right),
        &[example("bit_and(5, 3)", "1"), example("bit_and(15, 6, 4)", "4")],
    ),
    value(
        "bit_or",
        "bit_or(number, ...)",
        "The bits that one has.",
        2..=MANY,
        |call, scope| fold(call, scope, |left, right| left | right),
        &[example("bit_or(8, 7)", "15"), example("bit_or(1, missing)", "null")],
    ),
    value(
        "bit_xor",
        "bit_xor(number, ...)",
        "The bits that an odd count of them have.",
        2..=MANY,
        |call, scope| fold(call, scope, |left, right| left ^ right),
        &[example("bit_xor(65, 6)", "71"), example("bit_xor(1, -1)", "null")],
    ),
    value(
        "bit_not",
        "bit_not(number[, mask])",
        "The bits of the mask that the number lacks; without a mask, of the 53 that are exact.",
        1..=2,
        |call, scope| {
            let mask = match call.arguments.len() {
                1 => Some(LIMIT - 1),
                _ => bits(call, 1, scope),
            };
            number(bits(call, 0, scope).zip(mask).map(|(bits, mask)| !bits & mask))
        },
        &[example("bit_not(5, 15)", "10"), example("bit_not(0)", "9007199254740991")],
    ),
    value(
        "bit_shift_left",
        "bit_shift_left(number, places)",
        "The bits moved up; null where one would leave the 53 that are exact.",
        2..=2,
        |call, scope| shift(call, scope, |bits, places| bits << places),
        &[example("bit_shift_left(6, 5)", "192"), example("bit_shift_left(1, 53)", "null")],
    ),
    value(
        "bit_shift_right",
        "bit_shift_right(number, places)",
        "The bits moved down.",
        2..=2,
        |call, scope| shift(call, scope, |bits, places| bits >> places),
        &[example("bit_shift_right(37, 2)", "9"), example("bit_shift_right(1, 60)", "0")],
    ),
];

/// The whole number that argument `index` is, if it is one.
fn bits(call: &Call, index: usize, scope: &Scope<'_, '_>) -> Option<i64> {
    let number = call.number(index, scope)?;
    let whole = call.integer(index, scope)?;
    (number.fract() == 0.0 && (0..LIMIT).contains(&whole)).then_some(whole)
}

fn number(whole: Option<i64>) -> Value<'static> {
    let known = whole.filter(|whole| (0..LIMIT).contains(whole));
    known.map_or(Value::Null, |whole| Value::Number(whole as f64))
}

fn fold(call: &Call, scope: &Scope<'_, '_>, join: fn(i64, i64) -> i64) -> Value<'static> {
    let mut all = (0..call.arguments.len()).map(|index| bits(call, index, scope));
    let first = all.next().flatten();
    number(all.fold(first, |joined, bits| Some(join(joined?, bits?))))
}

fn shift(call: &Call, scope: &Scope<'_, '_>, shift: fn(i128, u32) -> i128) -> Value<'static> {
    // Beyond 64 places nothing is left of any number, on either side.
    let places = bits(call, 1, scope).and_then(|places| u32::try_from(places.min(64)).ok());
    let shifted = bits(call, 0, scope).zip(places);
    number(shifted.and_then(|(bits, places)| i64::try_from(shift(bits.into(), places)).ok()))
}

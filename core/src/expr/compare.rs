//! Comparison and arithmetic of values that carry no type.
//!
//! A value is a number if it was computed as one or if the whole of a *field's* text reads as one; a text in quotes is a
//! text. `=` compares two numbers as numbers and anything else as text, by bytes and with regard to case; the orders
//! compare numbers wherever both sides read as numbers, quoted or not. Null makes null. A multivalue satisfies a
//! comparison if one of its values does, and no arithmetic.

use std::cmp::Ordering;

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::program::{Operator, Relation};
use crate::value::Value;

/// The longest text that an expression may build.
pub(super) const MAX_TEXT_BYTES: usize = 16 << 20;

/// How many pairs are compared when both sides are multivalues; pairs beyond count as different.
const MAX_PAIRS: usize = 1 << 16;

/// One side of an operator.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'v> {
    /// Its value.
    pub value: Value<'v>,
    /// Whether it is a text that the rule spells out in quotes.
    pub quoted: bool,
}

impl<'v> Operand<'v> {
    /// A value that was read or computed.
    #[must_use]
    pub fn computed(value: Value<'v>) -> Self {
        Self { value, quoted: false }
    }

    fn with(self, value: Value<'v>) -> Self {
        Self { value, ..self }
    }
}

/// Whether `relation` holds between the two sides; `None` if one is null.
#[must_use]
pub fn compare(
    relation: Relation,
    left: Operand<'_>,
    right: Operand<'_>,
    bump: &Bump,
) -> Option<bool> {
    match (left.value, right.value) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::List(lefts), Value::List(rights)) => {
            let pairs =
                lefts.iter().flat_map(|a| rights.iter().map(move |b| (*a, *b))).take(MAX_PAIRS);
            let mut holds = pairs.map(|(a, b)| {
                one(relation, left.with(Value::Text(a)), right.with(Value::Text(b)), bump)
            });
            Some(holds.any(|holds| holds))
        }
        (Value::List(lefts), _) => {
            Some(lefts.iter().any(|text| one(relation, left.with(Value::Text(text)), right, bump)))
        }
        (_, Value::List(rights)) => {
            Some(rights.iter().any(|text| one(relation, left, right.with(Value::Text(text)), bump)))
        }
        _ => Some(one(relation, left, right, bump)),
    }
}

/// The order that `min`, `max` and the comparison operators share, between two single values.
#[must_use]
pub fn order(left: Value<'_>, right: Value<'_>, bump: &Bump) -> Option<Ordering> {
    match (left.number(), right.number()) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(left.text(bump)?.cmp(right.text(bump)?)),
    }
}

/// The result of an operator on two values; null where it has none.
#[must_use]
pub fn arithmetic<'e>(
    operator: Operator,
    left: Operand<'e>,
    right: Operand<'e>,
    bump: &'e Bump,
) -> Value<'e> {
    if matches!(operator, Operator::Add | Operator::Concat)
        && let Some(joined) = joined(operator, left, right, bump)
    {
        return joined;
    }
    let (Some(left), Some(right)) = (left.value.number(), right.value.number()) else {
        return Value::Null;
    };
    match operator {
        Operator::Add => Value::Number(left + right),
        Operator::Subtract => Value::Number(left - right),
        Operator::Multiply => Value::Number(left * right),
        Operator::Divide if right != 0.0 => Value::Number(left / right),
        Operator::Modulo if right != 0.0 => Value::Number(left % right),
        Operator::Divide | Operator::Modulo | Operator::Concat => Value::Null,
    }
}

/// Appends `piece`, unless the text would grow beyond [`MAX_TEXT_BYTES`].
pub(super) fn append(text: &mut BumpVec<'_, u8>, piece: &[u8]) -> bool {
    let fits = text.len() + piece.len() <= MAX_TEXT_BYTES;
    if fits {
        text.extend_from_slice(piece);
    }
    fits
}

/// What `.` gives, and what `+` gives if it joins: with a quoted side, or between two texts that are no numbers.
fn joined<'e>(
    operator: Operator,
    left: Operand<'e>,
    right: Operand<'e>,
    bump: &'e Bump,
) -> Option<Value<'e>> {
    let texts = !is_number(left) && !is_number(right);
    if operator == Operator::Add && !(left.quoted || right.quoted || texts) {
        return None;
    }
    let (Some(left), Some(right)) = (left.value.text(bump), right.value.text(bump)) else {
        return Some(Value::Null);
    };
    let mut text = BumpVec::with_capacity_in(left.len() + right.len(), bump);
    let fits = append(&mut text, left) && append(&mut text, right);
    Some(if fits { Value::Text(text.into_bump_slice()) } else { Value::Null })
}

fn is_number(operand: Operand<'_>) -> bool {
    !operand.quoted && operand.value.number().is_some()
}

/// Compares two single values.
fn one(relation: Relation, left: Operand<'_>, right: Operand<'_>, bump: &Bump) -> bool {
    match relation {
        Relation::Eq => equal(left, right, bump),
        Relation::Ne => !equal(left, right, bump),
        Relation::Lt => order(left.value, right.value, bump).is_some_and(Ordering::is_lt),
        Relation::Le => order(left.value, right.value, bump).is_some_and(Ordering::is_le),
        Relation::Gt => order(left.value, right.value, bump).is_some_and(Ordering::is_gt),
        Relation::Ge => order(left.value, right.value, bump).is_some_and(Ordering::is_ge),
    }
}

fn equal(left: Operand<'_>, right: Operand<'_>, bump: &Bump) -> bool {
    if let (Value::Text(left), Value::Text(right)) = (left.value, right.value)
        && left == right
    {
        return true;
    }
    if !left.quoted
        && !right.quoted
        && let (Some(left), Some(right)) = (left.value.number(), right.value.number())
    {
        return left == right;
    }
    left.value.text(bump) == right.value.text(bump)
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{Table, evaluate, test};

    #[test]
    fn comparisons() {
        let fields: Table = &[
            ("n", &["10"]),
            ("one", &["1.0"]),
            ("s", &["abc"]),
            ("mv", &["a", "b", "7"]),
            ("e", &[""]),
        ];
        let cases = [
            ("n=10", Some(true)),
            ("n==\"10\"", Some(true)),
            ("n=10.0", Some(true)),
            ("n=\"10.0\"", Some(false)),
            ("one=1", Some(true)),
            ("one=\"1\"", Some(false)),
            ("n+0=\"10\"", Some(true)),
            ("s=\"abc\"", Some(true)),
            ("s=\"ABC\"", Some(false)),
            ("\"abc\"=5", Some(false)),
            ("n>9", Some(true)),
            ("n>\"9\"", Some(true)),
            ("s>\"abb\"", Some(true)),
            ("s<10", Some(false)),
            ("\"Zed\"<\"apple\"", Some(true)),
            ("e=\"\"", Some(true)),
            ("e!=0", Some(true)),
            ("gone=1", None),
            ("gone!=1", None),
            ("1<gone", None),
            ("mv=\"b\"", Some(true)),
            ("mv=7", Some(true)),
            ("mv!=\"a\"", Some(true)),
            ("mv=\"c\"", Some(false)),
            ("mv=mv", Some(true)),
            ("s!=s", Some(false)),
        ];
        for (expression, expected) in cases {
            assert_eq!(test(expression, fields), expected, "{expression}");
        }
    }

    #[test]
    fn nulls_spread_unless_the_other_side_decides() {
        let cases = [
            ("gone=1 AND 1=2", Some(false)),
            ("1=2 AND gone=1", Some(false)),
            ("gone=1 AND 1=1", None),
            ("gone=1 OR 1=1", Some(true)),
            ("gone=1 OR 1=2", None),
            ("NOT gone=1", None),
            ("NOT match(gone,\"x\")", None),
            ("gone=1 XOR 1=1", None),
            ("1=1 XOR 1=2", Some(true)),
            ("1=1 XOR 1=1", Some(false)),
            ("isnull(gone) AND isnotnull(gone)", Some(false)),
        ];
        for (expression, expected) in cases {
            assert_eq!(test(expression, &[]), expected, "{expression}");
        }
    }

    #[test]
    fn arithmetic() {
        let fields: Table =
            &[("a", &["1"]), ("b", &["2"]), ("s", &["x"]), ("mv", &["1", "2"]), ("d", &["7.5"])];
        let cases = [
            ("a+b", "3"),
            ("a+\"2\"", "12"),
            ("\"1\"+\"2\"", "12"),
            ("s+s", "xx"),
            ("s+\"y\"", "xy"),
            ("a+\" x\"", "1 x"),
            ("s+a", "null"),
            ("a.b", "12"),
            ("1 . 2", "12"),
            ("a.\"-\".b.\"-\".s", "1-2-x"),
            ("a.gone", "null"),
            ("gone+a", "null"),
            ("mv+1", "null"),
            ("mv.\"x\"", "null"),
            ("a/0", "null"),
            ("a%0", "null"),
            ("17 % 5", "2"),
            ("-17 % 5", "-2"),
            ("7/2", "3.5"),
            ("d*2", "15"),
            ("s*2", "null"),
            ("-s", "null"),
            ("-a", "-1"),
            ("1+2*3-4/2", "5"),
            ("(1+2)*3", "9"),
            ("0.1+0.2", "0.30000000000000004"),
            ("1 - 2 - 3", "-4"),
            ("-(a+b)", "-3"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, fields), expected, "{expression}");
        }
    }

    #[test]
    fn two_long_multivalues_are_not_compared_pair_by_pair() {
        let texts: Vec<String> = (0..100_000).map(|number| format!("a{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let others: Vec<&str> = texts.iter().map(|_| "b").collect();
        assert_eq!(test("a=b", &[("a", &texts), ("b", &others)]), Some(false));
    }
}

//! `sigfig`: a calculation to as many digits as its operands justify.
//!
//! A product or quotient has as many significant digits as the operand that has the fewest, a sum or difference as many decimals
//! as the operand that has the fewest. Operands are numbers and fields as they are written; a whole number is significant
//! to its last digit.

use super::{Function, example, math, value};
use crate::{
    expr::{
        compare::{self, Operand},
        program::{Call, Chain, Expr, Literal, Operator, Scope},
    },
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[value(
    "sigfig",
    "sigfig(calculation)",
    "The result to as many digits as its operands justify.",
    1..=1,
    sigfig,
    &[
        example("sigfig(1.00*1111)", "1110"),
        example("sigfig(8.250*0.20)", "1.7"),
        example("sigfig(1.5+2.25)", "3.8"),
        example("sigfig(substr(\"3.14159\", 1)*2.0)", "6.3"),
        example("sigfig(\"x\")", "null"),
    ],
)];

/// A number and how many of its decimals are significant; less than none where it ends before the point.
#[derive(Clone, Copy)]
struct Measured {
    number: f64,
    decimals: i32,
}

fn sigfig<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let measured = call.arguments.first().and_then(|argument| measure(argument, scope));
    let rounded = measured.and_then(|Measured { number, decimals }| {
        math::round_half_up(number, decimals, scope.env.bump)
    });
    rounded.map_or(Value::Null, Value::Number)
}

/// Recursion is bounded as that of evaluation is.
fn measure(expr: &Expr, scope: &Scope<'_, '_>) -> Option<Measured> {
    match expr {
        Expr::Literal(Literal::Decimal { number, decimals }) => {
            Some(Measured { number: *number, decimals: i32::from(*decimals) })
        }
        Expr::Negate(inner) => {
            let Measured { number, decimals } = measure(inner, scope)?;
            Some(Measured { number: -number, decimals })
        }
        Expr::Chain(chain) => measure_chain(chain, scope),
        other => {
            let value = other.value(scope);
            let (number, text) = (value.number()?, value.text(scope.env.bump)?);
            let point = text.iter().position(|&byte| byte == b'.');
            let decimals = point.map_or(0, |point| text.len() - point - 1);
            Some(Measured { number, decimals: i32::try_from(decimals).ok()? })
        }
    }
}

fn measure_chain(chain: &Chain, scope: &Scope<'_, '_>) -> Option<Measured> {
    let first = measure(&chain.first, scope)?;
    chain.rest.iter().try_fold(first, |left, (operator, operand)| {
        let right = measure(operand, scope)?;
        let side = |number| Operand { value: Value::Number(number), quoted: false };
        let sides = (side(left.number), side(right.number));
        let result = compare::arithmetic(*operator, sides.0, sides.1, scope.env.bump);
        let number = result.number().filter(|_| *operator != Operator::Concat)?;
        Some(Measured { number, decimals: decimals(*operator, left, right, number) })
    })
}

/// How many decimals of the result of an operation are significant.
fn decimals(operator: Operator, left: Measured, right: Measured, result: f64) -> i32 {
    match operator {
        Operator::Multiply | Operator::Divide => {
            let digits = left.digits().min(right.digits());
            digits - 1 - magnitude(result)
        }
        Operator::Add | Operator::Subtract | Operator::Modulo | Operator::Concat => {
            left.decimals.min(right.decimals)
        }
    }
}

impl Measured {
    /// How many of its digits are significant.
    fn digits(self) -> i32 {
        (self.decimals + 1 + magnitude(self.number)).max(1)
    }
}

/// The power of ten of the first digit.
fn magnitude(number: f64) -> i32 {
    if number == 0.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a double is below 1e309")]
    let magnitude = number.abs().log10().floor() as i32;
    magnitude
}

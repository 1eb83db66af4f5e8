//! `printf`, as in C: flags, width, precision, `*` for either, and the conversions `d i u x X o c s e E f F g G`.
//!
//! A conversion that C does not know, an argument that is missing or has no value, or one that is no number where a
//! number is needed makes the result null.

use std::fmt::Write;

use bumpalo::{Bump, collections::String as BumpString, collections::Vec as BumpVec};

use super::{Function, MANY, example, value};
use crate::{
    expr::{
        compare::append,
        program::{Call, Scope},
    },
    value::Value,
};

/// The largest width and precision.
const MAX_WIDTH: usize = 1 << 10;

pub(super) const FUNCTIONS: &[Function] = &[value(
    "printf",
    "printf(format, value, ...)",
    "Values in the format of C, with `'` for thousands; widths are at most 1,024.",
    1..=MANY,
    printf,
    &[
        example(
            "printf(\"%04d|%x|%s|%.2f|100%%\", 1, 10, \"foo\", 3.14159)",
            "0001|a|foo|3.14|100%",
        ),
        example("printf(\"%-5s|%+d|%'d\", \"ab\", 5, 1234567)", "ab   |+5|1,234,567"),
        example("printf(\"%e %g %g\", 1234.5, 0.0001, 1e10)", "1.234500e+03 0.0001 1e+10"),
        example("printf(\"%d\", \"x\")", "null"),
        example("printf(\"%d\")", "null"),
    ],
)];

fn printf<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let Some(format) = call.text(0, scope) else { return Value::Null };
    let mut text = BumpVec::with_capacity_in(format.len() + 32, scope.env.bump);
    match write_all(&mut text, format, call, scope) {
        Some(()) => Value::Text(text.into_bump_slice()),
        None => Value::Null,
    }
}

fn write_all<'e>(
    text: &mut BumpVec<'e, u8>,
    format: &[u8],
    call: &Call,
    scope: &Scope<'_, 'e>,
) -> Option<()> {
    let mut rest = format;
    let mut argument = 0;
    while let Some(at) = memchr::memchr(b'%', rest) {
        append(text, &rest[..at]).then_some(())?;
        if rest.get(at + 1) == Some(&b'%') {
            text.push(b'%');
            rest = &rest[at + 2..];
            continue;
        }
        let (mut conversion, length) = Conversion::read(&rest[at + 1..])?;
        if conversion.width_is_argument {
            argument += 1;
            conversion.set_width(call.integer(argument, scope)?)?;
        }
        if conversion.precision_is_argument {
            argument += 1;
            conversion.set_precision(call.integer(argument, scope)?)?;
        }
        argument += 1;
        let piece = conversion.convert(call.argument(argument, scope), scope.env.bump)?;
        append(text, piece.as_bytes()).then_some(())?;
        rest = &rest[at + 1 + length..];
    }
    append(text, rest).then_some(())
}

/// One `%...` of a format.
#[derive(Default)]
struct Conversion {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    thousands: bool,
    width: usize,
    width_is_argument: bool,
    precision: Option<usize>,
    precision_is_argument: bool,
    letter: u8,
}

/// A converted argument before it is padded.
struct Body<'e> {
    /// A sign or a `0x`: zeros go behind it.
    prefix: &'static str,
    digits: BumpString<'e>,
}

impl Conversion {
    /// Reads what follows a `%`; also gives its length.
    fn read(text: &[u8]) -> Option<(Self, usize)> {
        let mut conversion = Self::default();
        let mut at = 0;
        loop {
            match text.get(at)? {
                b'-' => conversion.left = true,
                b'+' => conversion.plus = true,
                b' ' => conversion.space = true,
                b'0' => conversion.zero = true,
                b'#' => conversion.alternate = true,
                b'\'' => conversion.thousands = true,
                _ => break,
            }
            at += 1;
        }
        conversion.width_is_argument = star(text, &mut at);
        conversion.width = size(text, &mut at)?.unwrap_or_default();
        if text.get(at) == Some(&b'.') {
            at += 1;
            conversion.precision_is_argument = star(text, &mut at);
            conversion.precision = Some(size(text, &mut at)?.unwrap_or_default());
        }
        conversion.letter = *text.get(at)?;
        Some((conversion, at + 1))
    }

    /// Takes the width from an argument: a negative one is a width to the left.
    fn set_width(&mut self, width: i64) -> Option<()> {
        self.left |= width < 0;
        self.width = bounded(width.abs())?;
        Some(())
    }

    /// Takes the precision from an argument: a negative one is none.
    fn set_precision(&mut self, precision: i64) -> Option<()> {
        self.precision = if precision < 0 { None } else { Some(bounded(precision)?) };
        Some(())
    }

    #[inline(never)] // Keeps the frame that evaluates the arguments short.
    fn convert<'e>(&self, value: Value<'e>, bump: &'e Bump) -> Option<BumpString<'e>> {
        let body = match self.letter {
            b's' => self.text(value, bump)?,
            b'c' => Self::character(value, bump)?,
            b'd' | b'i' | b'u' | b'x' | b'X' | b'o' => self.integer(value.number()?, bump)?,
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => self.real(value.number()?, bump),
            _ => return None,
        };
        Some(self.pad(&body, bump))
    }

    fn text<'e>(&self, value: Value<'e>, bump: &'e Bump) -> Option<Body<'e>> {
        let text = value.text(bump)?;
        let mut digits = BumpString::new_in(bump);
        let limit = self.precision.unwrap_or(usize::MAX);
        for chunk in text.utf8_chunks() {
            digits.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                digits.push('\u{fffd}');
            }
        }
        if let Some((cut, _)) = digits.char_indices().nth(limit) {
            digits.truncate(cut);
        }
        Some(Body { prefix: "", digits })
    }

    /// A code point, or the first character of a text.
    fn character<'e>(value: Value<'e>, bump: &'e Bump) -> Option<Body<'e>> {
        let character = match value.number() {
            Some(number) => char::from_u32(u32::try_from(integral(number)?).ok()?),
            None => std::str::from_utf8(value.text(bump)?).ok()?.chars().next(),
        };
        let mut digits = BumpString::new_in(bump);
        digits.push(character?);
        Some(Body { prefix: "", digits })
    }

    fn integer<'e>(&self, number: f64, bump: &'e Bump) -> Option<Body<'e>> {
        let integer = integral(number)?;
        let magnitude = integer.unsigned_abs();
        let mut digits = BumpString::new_in(bump);
        match self.letter {
            b'x' => write!(digits, "{magnitude:x}"),
            b'X' => write!(digits, "{magnitude:X}"),
            b'o' => write!(digits, "{magnitude:o}"),
            _ => write!(digits, "{magnitude}"),
        }
        .expect("writing into an arena cannot fail");
        for _ in digits.len()..self.precision.unwrap_or_default() {
            digits.insert(0, '0');
        }
        let prefix = match self.letter {
            b'x' if self.alternate && magnitude > 0 => "0x",
            b'X' if self.alternate && magnitude > 0 => "0X",
            b'o' if self.alternate => "0",
            _ => self.sign(integer < 0),
        };
        let digits = if self.thousands { thousands(&digits, bump) } else { digits };
        Some(Body { prefix, digits })
    }

    fn real<'e>(&self, number: f64, bump: &'e Bump) -> Body<'e> {
        let precision = self.precision.unwrap_or(6);
        let magnitude = number.abs();
        let mut digits = BumpString::new_in(bump);
        match self.letter {
            _ if !number.is_finite() => {
                digits.push_str(if number.is_nan() { "nan" } else { "inf" })
            }
            b'e' | b'E' => exponential(magnitude, precision, &mut digits),
            b'g' | b'G' => self.general(magnitude, precision.max(1), &mut digits),
            _ => write!(digits, "{magnitude:.precision$}")
                .expect("writing into an arena cannot fail"),
        }
        if self.letter.is_ascii_uppercase() {
            digits.make_ascii_uppercase();
        }
        let digits = if self.thousands { thousands(&digits, bump) } else { digits };
        Body { prefix: self.sign(number.is_sign_negative() && !number.is_nan()), digits }
    }

    /// `%g`: the shorter of `%e` and `%f`, without trailing zeros.
    fn general(&self, magnitude: f64, significant: usize, digits: &mut BumpString<'_>) {
        exponential(magnitude, significant - 1, digits);
        let exponent = digits
            .rsplit('e')
            .next()
            .and_then(|exponent| exponent.parse::<i64>().ok())
            .unwrap_or_default();
        let significant_i64 = i64::try_from(significant).unwrap_or(i64::MAX);
        if (-4..significant_i64).contains(&exponent) {
            let decimals = usize::try_from(significant_i64 - 1 - exponent).unwrap_or_default();
            digits.clear();
            write!(digits, "{magnitude:.decimals$}").expect("writing into an arena cannot fail");
        }
        if !self.alternate && digits.contains('.') {
            let end = digits.find('e').unwrap_or(digits.len());
            let kept = digits[..end].trim_end_matches('0').trim_end_matches('.').len();
            digits.replace_range(kept..end, "");
        }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    fn pad<'e>(&self, body: &Body<'e>, bump: &'e Bump) -> BumpString<'e> {
        let missing = self.width.saturating_sub(body.prefix.len() + body.digits.chars().count());
        let is_integer = matches!(self.letter, b'd' | b'i' | b'u' | b'x' | b'X' | b'o');
        let is_text = matches!(self.letter, b's' | b'c');
        let has_digits = is_integer && self.precision.is_some();
        let zeros = self.zero && !(self.left || is_text || has_digits);
        let mut text = BumpString::with_capacity_in(self.width + body.digits.len(), bump);
        let fill =
            |text: &mut BumpString<'e>, fill: char| (0..missing).for_each(|_| text.push(fill));
        if !self.left && !zeros {
            fill(&mut text, ' ');
        }
        text.push_str(body.prefix);
        if zeros {
            fill(&mut text, '0');
        }
        text.push_str(&body.digits);
        if self.left {
            fill(&mut text, ' ');
        }
        text
    }
}

/// Reads the digits at `at`; `None` within where there are none, `None` without where they say too much.
fn size(text: &[u8], at: &mut usize) -> Option<Option<usize>> {
    let mut size = None;
    while let Some(digit) = text.get(*at).filter(|byte| byte.is_ascii_digit()) {
        let next = size.unwrap_or(0) * 10 + usize::from(digit - b'0');
        size = Some(next).filter(|size| *size <= MAX_WIDTH);
        size?;
        *at += 1;
    }
    Some(size)
}

/// Whether a `*` stands at `at`; goes past it.
fn star(text: &[u8], at: &mut usize) -> bool {
    let is_star = text.get(*at) == Some(&b'*');
    *at += usize::from(is_star);
    is_star
}

/// A width or precision, if it is not too large.
fn bounded(size: i64) -> Option<usize> {
    usize::try_from(size).ok().filter(|size| *size <= MAX_WIDTH)
}

/// The integral part, if an `i64` holds it.
fn integral(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let integer = (number.abs() < 9.2e18).then_some(number as i64);
    integer
}

/// As C writes it: the exponent has a sign and at least two digits.
fn exponential(magnitude: f64, precision: usize, text: &mut BumpString<'_>) {
    write!(text, "{magnitude:.precision$e}").expect("writing into an arena cannot fail");
    let Some(at) = text.find('e') else { return };
    let negative = text[at + 1..].starts_with('-');
    if !negative {
        text.insert(at + 1, '+');
    }
    if text.len() - at - 2 < 2 {
        text.insert(at + 2, '0');
    }
}

/// Commas between the thousands of the integral part.
fn thousands<'e>(digits: &str, bump: &'e Bump) -> BumpString<'e> {
    let whole = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    let mut text = BumpString::with_capacity_in(digits.len() * 4 / 3 + 1, bump);
    for (at, character) in digits.char_indices() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::evaluate;

    #[test]
    fn conversions_as_in_c() {
        let cases = [
            ("printf(\"%5d|%-5d|%05d|% d\", 42, 42, -42, 42)", "   42|42   |-0042| 42"),
            ("printf(\"%#x|%#X|%#o|%o\", 255, 255, 8, 8)", "0xff|0XFF|010|10"),
            ("printf(\"%.3d|%8.3d\", 7, 7)", "007|     007"),
            ("printf(\"%.2s|%5s|%-5s|\", \"abc\", \"é\", \"é\")", "ab|    é|é    |"),
            ("printf(\"%c%c\", 65, \"bc\")", "Ab"),
            ("printf(\"%08.3f|%+.1f|%.0f\", 3.14159, 2.55, 2.5)", "0003.142|+2.5|2"),
            ("printf(\"%E|%.0e|%e\", 12345, 5e-11, 0)", "1.234500E+04|5e-11|0.000000e+00"),
            (
                "printf(\"%g|%g|%g|%G|%#g\", 100000, 1000000, 0.00001, 1e-10, 1)",
                "100000|1e+06|1e-05|1E-10|1.00000",
            ),
            ("printf(\"%'.2f\", 1234567.891)", "1,234,567.89"),
            ("printf(\"%i %u\", \"7.9\", 7)", "7 7"),
            ("printf(\"%*d|%-*d|%*d|\", 5, 42, 5, 42, -5, 42)", "   42|42   |42   |"),
            ("printf(\"%.*f|%*.*f|%.*f\", 1, 2.55, 6, 2, 1.5, -1, 1)", "2.5|  1.50|1.000000"),
            ("printf(\"%*d\", 9999, 1)", "null"),
            ("printf(\"%*d\", 5)", "null"),
            ("printf(\"%s\", missing)", "null"),
            ("printf(\"%q\", 1)", "null"),
            ("printf(\"%9999999999999999999999d\", 1)", "null"),
            ("printf(\"%d\", 1e300)", "null"),
            ("printf(\"100%\")", "null"),
            ("printf(\"no conversion\")", "no conversion"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, &[]), expected, "{expression}");
        }
    }
}

//! Numbers as Splunk reads and prints them.
//!
//! A text is a number when the *whole* of it reads as a decimal number: `10`, `-1.50`, `.5`, `4.688e3`. Words (`inf`,
//! `nan`), hexadecimal, underscores and surrounding spaces make it a text, and so does a size that no double holds.

use std::fmt::Write;

use bumpalo::{Bump, collections::String as BumpString};

/// Below this every integer is exact in a double.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// The number that the whole of `text` reads as.
#[must_use]
pub fn parse(text: &[u8]) -> Option<f64> {
    if !matches!(text.first()?, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    if text.len() <= 15 && text.iter().all(u8::is_ascii_digit) {
        return Some(small_integer(text));
    }
    if !text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// `number` as Splunk prints it: no decimals where it is integral, else the shortest digits that read back as it.
#[must_use]
pub fn print(number: f64, bump: &Bump) -> &[u8] {
    if number.is_nan() {
        return b"nan";
    }
    if number.is_infinite() {
        return if number > 0.0 { b"inf" } else { b"-inf" };
    }
    if number.trunc() == number && number.abs() < EXACT_INTEGERS {
        return print_integer(number, bump);
    }
    let mut text = BumpString::with_capacity_in(24, bump);
    write!(text, "{number}").expect("writing into an arena cannot fail");
    text.into_bump_str().as_bytes()
}

/// The value of at most 15 digits, each step of which is exact.
fn small_integer(digits: &[u8]) -> f64 {
    let value = digits.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact in a double")]
    let value = value as f64;
    value
}

/// Prints an integral `number` that is smaller than 2^53.
fn print_integer(number: f64, bump: &Bump) -> &[u8] {
    #[expect(clippy::cast_possible_truncation, reason = "the caller checked |number| < 2^53")]
    let mut rest = (number as i64).unsigned_abs();
    let mut buffer = [0_u8; 17];
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + u8::try_from(rest % 10).expect("a remainder of ten is a digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0.0 {
        start -= 1;
        buffer[start] = b'-';
    }
    bump.alloc_slice_copy(&buffer[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_decimal_texts_are_numbers() {
        let cases: &[(&str, f64)] = &[
            ("0", 0.0),
            ("10", 10.0),
            ("007", 7.0),
            ("-1.50", -1.5),
            ("+3", 3.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("4.688e3", 4688.0),
            ("1E-2", 0.01),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("123456789012345", 123_456_789_012_345.0),
        ];
        for (text, number) in cases {
            assert_eq!(parse(text.as_bytes()), Some(*number), "{text}");
        }
    }

    #[test]
    fn everything_else_is_text() {
        let cases = [
            "", " 1", "1 ", "inf", "-inf", "nan", "NaN", "infinity", "0x1F", "1_000", "1,000", "-",
            "+", ".", "e5", "1e", "1.2.3", "--1", "1e999", "１２", "1a", "-e",
        ];
        for text in cases {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"1\xff"), None);
    }

    #[test]
    fn prints_integral_numbers_without_decimals_and_others_shortest() {
        let cases: &[(f64, &str)] = &[
            (28.0, "28"),
            (0.0, "0"),
            (-0.0, "0"),
            (-17.0, "-17"),
            (3.990_000_000_000_005_5, "3.9900000000000055"),
            (0.1, "0.1"),
            (1.0e15, "1000000000000000"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (-9_007_199_254_740_991.0, "-9007199254740991"),
            (1.0e21, "1000000000000000000000"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        let bump = Bump::new();
        for (number, text) in cases {
            assert_eq!(std::str::from_utf8(print(*number, &bump)), Ok(*text));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_reads_back(number in proptest::num::f64::NORMAL) {
            let bump = Bump::new();
            proptest::prop_assert_eq!(parse(print(number, &bump)), Some(number));
        }
    }
}

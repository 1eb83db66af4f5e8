//! Reads the times that events carry.
//!
//! Every event is dated, so times are read by hand and without a format string: [`parse`] reads a text that is a time
//! and nothing else, `2020-09-20T21:39:24.176000000Z` and its relatives; [`find`] looks for the first time in a line of
//! text, in any of the forms that logs write. A time without a zone is read in the caller's.

mod calendar;
mod find;
mod forms;
mod reader;

use bumpalo::Bump;
use jiff::tz::TimeZone;

use crate::{config::SECOND_NS, value::Value};
use reader::Reader;

pub use find::{Found, find};
pub(crate) use forms::named_offset_s;
pub(super) use forms::{Stamp, stamp_at_start};

/// The nanoseconds from the epoch to the time that `text` says, `zone` being that of a text without one.
///
/// Read are `YYYY-MM-DD`, `T` or a space, `hh:mm:ss`, a fraction after `.` or `,` (digits beyond the ninth are cut
/// off), and `Z`, `+hh:mm`, `+hhmm`, `+hh` or nothing; white space around it is ignored. Days and hours must exist; second
/// 60 is the first of the next minute, as in POSIX. A time that a change of clocks leaves out is read as if the clocks
/// had not yet changed, one that comes twice as the first. None for any other text, and outside the years 1677 to 2262.
#[must_use]
pub fn parse(text: &[u8], zone: &TimeZone) -> Option<i64> {
    let mut reader = Reader { rest: text.trim_ascii() };
    let (year, month, day) = reader.date()?;
    reader.one_of(b"Tt ")?;
    let second_of_day = reader.time()?;
    let nanosecond = reader.fraction()?;
    let offset = reader.offset()?;
    let civil_second = calendar::days_since_epoch(year, month, day) * 86_400 + second_of_day;
    calendar::time_ns(civil_second, nanosecond, offset, zone)
}

/// The nanoseconds of a value that holds epoch seconds, by its digits: as a double 1700000000.123 lies below 123 ms. None
/// where it is no number, and beyond the years 1677 to 2262.
#[must_use]
pub fn of_value(value: Value<'_>, bump: &Bump) -> Option<i64> {
    let time_s = value.number().filter(|time_s| time_s.is_finite())?;
    let by_digits = match value {
        Value::Number(whole) if whole.fract() == 0.0 => None,
        value => value.text(bump).and_then(digits_ns),
    };
    by_digits.or_else(|| rounded_ns(time_s))
}

/// Nanoseconds of seconds as near as a double tells. `None` beyond the years 1677 to 2262.
#[expect(clippy::cast_possible_truncation, reason = "both numbers are bounded first")]
fn rounded_ns(time_s: f64) -> Option<i64> {
    const LIMIT_S: f64 = 9.2e9;
    let whole_s = time_s.floor();
    let fraction_ns = ((time_s - whole_s) * 1e9) as i64;
    (whole_s.abs() < LIMIT_S).then(|| whole_s as i64 * SECOND_NS + fraction_ns)
}

/// Nanoseconds of plain decimal seconds such as `1700000000.123`; further digits are cut.
fn digits_ns(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = std::str::from_utf8(text).ok()?.split_once('.')?;
    if whole.starts_with('-')
        || fraction.is_empty()
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let fraction_ns = fraction_ns(fraction.as_bytes());
    whole.parse::<i64>().ok()?.checked_mul(SECOND_NS)?.checked_add(fraction_ns)
}

/// The nanoseconds that the digits behind a decimal point say; those beyond the ninth are cut.
pub(super) fn fraction_ns(digits: &[u8]) -> i64 {
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    padded.fold(0, |number, byte| number * 10 + i64::from(byte - b'0'))
}

/// The epoch seconds of `time_ns`, as `_time` holds them: the nearest double that lies in the same second.
#[must_use]
pub fn seconds(time_ns: i64) -> f64 {
    // Divided as a whole, the nanoseconds of our days would lose their last digits before the division.
    let whole = time_ns.div_euclid(SECOND_NS);
    let nanoseconds = time_ns.rem_euclid(SECOND_NS);
    let nearest = whole as f64 + nanoseconds as f64 / SECOND_NS as f64;
    // Rounded up, the last 100 ns of a second would fall into the next one and its bucket.
    nearest.min(((whole + 1) as f64).next_down())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> Option<i64> {
        parse(text.as_bytes(), &TimeZone::UTC)
    }

    #[test]
    fn the_forms_of_windows_and_their_relatives() {
        const AT: i64 = 1_600_637_964_000_000_000;
        for (text, time_ns) in [
            ("2020-09-20T21:39:24.176000000Z", AT + 176_000_000),
            ("2020-09-20T21:39:24.1768795Z", AT + 176_879_500),
            ("2020-09-20 21:39:24.176", AT + 176_000_000),
            ("2020-09-20 21:39:24", AT),
            ("2020-09-20T21:39:24z", AT),
            ("2020-09-20T21:39:24,5Z", AT + 500_000_000),
            ("2020-09-20T21:39:24.1234567891Z", AT + 123_456_789),
            ("2020-09-20T23:39:24+02:00", AT),
            ("2020-09-20T23:39:24+0200", AT),
            ("2020-09-20T23:39:24+02", AT),
            ("2020-09-20T16:09:24-05:30", AT),
            ("  2020-09-20T21:39:24Z\r\n", AT),
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.25Z", -750_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
        ] {
            assert_eq!(utc(text), Some(time_ns), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_gives_none() {
        for text in [
            "",
            "2020-09-20",
            "2020-09-20T21:39",
            "2020-13-20T21:39:24Z",
            "2020-00-20T21:39:24Z",
            "2020-09-00T21:39:24Z",
            "2020-09-31T21:39:24Z",
            "2021-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2020-09-20T24:00:00Z",
            "2020-09-20T21:60:24Z",
            "2020-09-20T21:39:61Z",
            "2020-09-20T21:39:24.Z",
            "2020-09-20T21:39:24+2",
            "2020-09-20T21:39:24+24:00",
            "2020-09-20T21:39:24+02:60",
            "2020-09-20T21:39:24+02:0",
            "2020-09-20T21:39:24 UTC",
            "2020-09-20T21:39:24ZZ",
            "+020-09-20T21:39:24Z",
            "20-09-20T21:39:24Z",
            "2262-04-11T23:47:16.854775808Z",
            "1600-01-01T00:00:00Z",
            "\u{662}020-09-20T21:39:24Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_read_in_the_callers() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, as_utc) in [
            ("2020-09-20 23:39:24", "2020-09-20T21:39:24Z"),
            ("2020-12-20 22:39:24", "2020-12-20T21:39:24Z"),
            // A zone in the text beats the caller's.
            ("2020-09-20T21:39:24Z", "2020-09-20T21:39:24Z"),
            // In March 02:30 is left out, in October it comes twice.
            ("2020-03-29 02:30:00", "2020-03-29T01:30:00Z"),
            ("2020-10-25 02:30:00", "2020-10-25T00:30:00Z"),
        ] {
            assert_eq!(parse(text.as_bytes(), &berlin), utc(as_utc), "{text}");
            assert!(utc(as_utc).is_some(), "{as_utc}");
        }
    }

    #[test]
    fn seconds_are_the_nearest_double() {
        for (time_ns, second) in [
            (0, 0.0),
            (1_600_637_964_176_000_000, 1_600_637_964.176),
            (1_600_637_964_123_456_789, 1_600_637_964.123_456_7),
            (-750_000_000, -0.75),
        ] {
            assert_eq!(seconds(time_ns), second);
        }
    }

    #[test]
    fn no_time_is_rounded_into_the_next_second() {
        for time_ns in [1_504_443_989_999_999_999, 1_504_443_989_999_999_900, -1, 999_999_999] {
            assert_eq!(seconds(time_ns).floor(), time_ns.div_euclid(SECOND_NS) as f64);
        }
    }

    proptest! {
        #[test]
        fn every_timestamp_is_read_as_jiff_prints_it(time_ns in any::<i64>()) {
            let timestamp = jiff::Timestamp::from_nanosecond(i128::from(time_ns)).unwrap();
            prop_assert_eq!(utc(&timestamp.to_string()), Some(time_ns));
        }

        #[test]
        fn any_bytes_are_survived(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&text, &TimeZone::UTC);
        }

        #[test]
        fn one_changed_byte_agrees_with_jiff(at in 0_usize..24, byte in b' '..b'~') {
            let mut text = *b"2020-09-20T21:39:24.176Z";
            text[at] = byte;
            let jiff = std::str::from_utf8(&text).unwrap().parse::<jiff::Timestamp>().ok();
            let jiff = jiff.and_then(|timestamp| i64::try_from(timestamp.as_nanosecond()).ok());
            // jiff knows forms that are not read here, but what both read they must read alike.
            if let (Some(ours), Some(jiffs)) = (utc(std::str::from_utf8(&text).unwrap()), jiff) {
                prop_assert_eq!(ours, jiffs);
            }
        }
    }
}

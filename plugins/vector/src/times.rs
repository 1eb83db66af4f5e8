//! Times as Vector writes them in Lua: a table of year, month, day, hour, min, sec and nanosec, in UTC.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

const SECOND_NS: i64 = 1_000_000_000;

/// The parts of a time, in the order of [`PARTS`].
pub type Parts = [i64; 7];

/// Their names.
pub const PARTS: [&std::ffi::CStr; 7] =
    [c"year", c"month", c"day", c"hour", c"min", c"sec", c"nanosec"];

/// Nanoseconds since the epoch, where the parts are a time that 64 bits hold.
#[must_use]
pub fn from_parts([year, month, day, hour, minute, second, nanosecond]: Parts) -> Option<i64> {
    let small = |part: i64| i8::try_from(part).ok();
    let time = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        i32::try_from(nanosecond).ok()?,
    );
    let time = Offset::UTC.to_timestamp(time.ok()?).ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// The parts of a time in nanoseconds since the epoch.
#[must_use]
pub fn parts(time_ns: i64) -> Parts {
    let time = Timestamp::from_nanosecond(time_ns.into()).expect("64 bits are in its range");
    let time = Offset::UTC.to_datetime(time);
    [
        time.year().into(),
        time.month().into(),
        time.day().into(),
        time.hour().into(),
        time.minute().into(),
        time.second().into(),
        time.subsec_nanosecond().into(),
    ]
}

/// A whole number as a time: of seconds, milliseconds, microseconds or nanoseconds, as its size says. Seconds reach the year
/// 5138.
#[must_use]
pub fn from_integer(number: i64) -> Option<i64> {
    let unit_ns = match number.unsigned_abs() {
        0..100_000_000_000 => SECOND_NS,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1000,
        _ => 1,
    };
    number.checked_mul(unit_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_nanoseconds_are_the_same_time() {
        let time_ns = 1_767_225_599_000_000_007;
        assert_eq!(parts(time_ns), [2025, 12, 31, 23, 59, 59, 7]);
        for time_ns in [time_ns, 0, -1, i64::MAX, i64::MIN] {
            assert_eq!(from_parts(parts(time_ns)), Some(time_ns));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for parts in [
            [2025, 2, 29, 0, 0, 0, 0],
            [2025, 13, 1, 0, 0, 0, 0],
            [2025, 1, 1, 24, 0, 0, 0],
            [2025, 1, 1, 0, 0, 0, 1_000_000_000],
            [9999, 1, 1, 0, 0, 0, 0],
            [i64::MAX; 7],
        ] {
            assert_eq!(from_parts(parts), None, "{parts:?}");
        }
    }

    #[test]
    fn the_size_of_a_number_says_its_unit() {
        for number in [1_767_225_599, 1_767_225_599_000, 1_767_225_599_000_000] {
            assert_eq!(from_integer(number), Some(1_767_225_599_000_000_000), "{number}");
        }
        assert_eq!(from_integer(1_767_225_599_000_000_007), Some(1_767_225_599_000_000_007));
        assert_eq!(from_integer(-5), Some(-5_000_000_000));
        assert_eq!(from_integer(i64::MIN), Some(i64::MIN));
    }
}

//! From dates and clocks to nanoseconds since the epoch.

use jiff::{civil, tz::TimeZone};

use crate::config::SECOND_NS;

/// Nanoseconds since the epoch of what a clock shows: `offset_seconds` ahead of UTC or, without one, in `zone`. None
/// outside the years 1677 to 2262.
pub(super) fn time_ns(
    civil_second: i64,
    nanosecond: i64,
    offset_seconds: Option<i64>,
    zone: &TimeZone,
) -> Option<i64> {
    let second = match offset_seconds {
        Some(offset_seconds) => civil_second - offset_seconds,
        None if *zone == TimeZone::UTC => civil_second,
        None => in_zone(civil_second, zone)?,
    };
    second.checked_mul(SECOND_NS)?.checked_add(nanosecond)
}

/// The epoch second at which the clocks of `zone` show what those of UTC show at `civil_second`.
fn in_zone(civil_second: i64, zone: &TimeZone) -> Option<i64> {
    let shown = jiff::Timestamp::from_second(civil_second).ok()?;
    let shown: civil::DateTime = TimeZone::UTC.to_datetime(shown);
    Some(zone.to_ambiguous_timestamp(shown).compatible().ok()?.as_second())
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
pub(super) fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years that start in March put the leap day at their end, and then the months follow a straight line.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

/// How many days a month has, 1 being January.
pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

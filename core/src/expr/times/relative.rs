//! Relative times such as `-1d@d+3h`: steps and snaps, one after the other.

use jiff::{SignedDuration, Span, Timestamp, civil::DateTime, tz::TimeZone};

const SECOND_NS: i64 = 1_000_000_000;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many nanoseconds, whatever clocks show: up to hours.
    Fixed(i64),
    /// Of the calendar: from midnight to midnight.
    Day,
    /// So many days after Sunday.
    Week(i64),
    /// So many months.
    Month(i64),
}

/// Every unit that a step or a snap may have, by its names.
const UNITS: &[(&[&str], Unit)] = &[
    (&["us"], Unit::Fixed(1_000)),
    (&["ms"], Unit::Fixed(1_000_000)),
    (&["cs"], Unit::Fixed(10_000_000)),
    (&["ds"], Unit::Fixed(100_000_000)),
    (&["s", "sec", "secs", "second", "seconds"], Unit::Fixed(SECOND_NS)),
    (&["m", "min", "mins", "minute", "minutes"], Unit::Fixed(60 * SECOND_NS)),
    (&["h", "hr", "hrs", "hour", "hours"], Unit::Fixed(3600 * SECOND_NS)),
    (&["d", "day", "days"], Unit::Day),
    (&["w", "week", "weeks"], Unit::Week(0)),
    (&["mon", "month", "months"], Unit::Month(1)),
    (&["q", "qtr", "qtrs", "quarter", "quarters"], Unit::Month(3)),
    (&["y", "yr", "yrs", "year", "years"], Unit::Month(12)),
];

/// The time that lies `specifier` from `time_ns`, both in nanoseconds since the epoch: `-7d@w1+3h`. Days and longer follow
/// the calendar of `zone`. A step without a sign goes forwards, one without a number is one; `now` is `time_ns` itself.
/// `None` for any other text, and beyond the years 1677 to 2262.
#[must_use]
pub fn relative(time_ns: i64, specifier: &[u8], zone: &TimeZone) -> Option<i64> {
    let specifier = std::str::from_utf8(specifier).ok()?.trim();
    if specifier.is_empty() {
        return None;
    }
    let mut rest = specifier.strip_prefix("now").unwrap_or(specifier);
    let mut time_ns = time_ns;
    while !rest.is_empty() {
        (time_ns, rest) = match rest.strip_prefix('@') {
            Some(after) => {
                let (unit, after) = snap_unit(after)?;
                (unit.snap(time_ns, zone)?, after)
            }
            None => {
                let (count, unit, after) = step(rest)?;
                (unit.step(time_ns, count, zone)?, after)
            }
        };
    }
    Some(time_ns)
}

/// The step that `text` starts with, and what follows it.
fn step(text: &str) -> Option<(i64, Unit, &str)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, text) = text.split_at(text.len() - text.trim_start_matches(is_digit).len());
    let count: i64 = if digits.is_empty() { 1 } else { digits.parse().ok()? };
    let (name, after) = word(text);
    Some((sign * count, unit(name)?, after))
}

/// The unit of a snap: any, or `w0` to `w7`, which are Sunday to Sunday.
fn snap_unit(text: &str) -> Option<(Unit, &str)> {
    let (name, after) = word(text);
    match (name, after.as_bytes()) {
        ("w", [day @ b'0'..=b'7', ..]) => {
            Some((Unit::Week(i64::from(day - b'0') % 7), &after[1..]))
        }
        _ => Some((unit(name)?, after)),
    }
}

/// The letters that `text` starts with, and the rest.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len())
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

fn unit(name: &str) -> Option<Unit> {
    let named = |(names, _): &&(&[&str], Unit)| names.contains(&name);
    UNITS.iter().find(named).map(|(_, unit)| *unit)
}

impl Unit {
    fn step(self, time_ns: i64, count: i64, zone: &TimeZone) -> Option<i64> {
        let span = match self {
            Self::Fixed(unit_ns) => return time_ns.checked_add(count.checked_mul(unit_ns)?),
            Self::Day => Span::new().try_days(count),
            Self::Week(_) => Span::new().try_weeks(count),
            Self::Month(months) => Span::new().try_months(count.checked_mul(months)?),
        };
        in_zone(time_ns, zone, |shown| shown.checked_add(span.ok()?).ok())
    }

    /// The start of the unit that holds `time_ns`.
    fn snap(self, time_ns: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Fixed(unit_ns) => {
                // Hours start where clocks show them, which half an hour beside UTC is not where UTC's do.
                let time = Timestamp::from_nanosecond(time_ns.into()).ok()?;
                let ahead_ns = i64::from(zone.to_offset(time).seconds()) * SECOND_NS;
                Some(time_ns - time_ns.checked_add(ahead_ns)?.rem_euclid(unit_ns))
            }
            Self::Day => in_zone(time_ns, zone, |shown| Some(shown.date().at(0, 0, 0, 0))),
            Self::Week(first) => in_zone(time_ns, zone, |shown| {
                let day = i64::from(shown.weekday().to_sunday_zero_offset());
                let ago = SignedDuration::from_hours(24 * (day - first).rem_euclid(7));
                Some(shown.date().checked_sub(ago).ok()?.at(0, 0, 0, 0))
            }),
            Self::Month(months) => in_zone(time_ns, zone, |shown| {
                let month = i64::from(shown.month() - 1) / months * months + 1;
                let first = shown.date().with().month(i8::try_from(month).ok()?).day(1);
                Some(first.build().ok()?.at(0, 0, 0, 0))
            }),
        }
    }
}

/// Changes what the clocks of `zone` show.
fn in_zone(
    time_ns: i64,
    zone: &TimeZone,
    change: impl FnOnce(DateTime) -> Option<DateTime>,
) -> Option<i64> {
    let time = Timestamp::from_nanosecond(time_ns.into()).ok()?;
    let changed = change(zone.to_datetime(time))?;
    i64::try_from(zone.to_timestamp(changed).ok()?.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::expr::times::write;

    /// Tuesday, 2023-11-14 22:13:20.5 in UTC.
    const AT: i64 = 1_700_000_000_500_000_000;

    fn at(specifier: &str, zone: &str) -> Option<String> {
        let (zone, bump) = (TimeZone::get(zone).unwrap(), bumpalo::Bump::new());
        let time_ns = relative(AT, specifier.as_bytes(), &zone)?;
        let text = write(time_ns, b"%F %T.%1N", &zone, &bump)?;
        Some(String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn steps_and_snaps() {
        let cases = [
            ("now", "2023-11-14 22:13:20.5"),
            ("+7d", "2023-11-21 22:13:20.5"),
            ("7d", "2023-11-21 22:13:20.5"),
            ("-d", "2023-11-13 22:13:20.5"),
            ("-70m@m", "2023-11-14 21:03:00.0"),
            ("@s", "2023-11-14 22:13:20.0"),
            ("@h", "2023-11-14 22:00:00.0"),
            ("-24h@h", "2023-11-13 22:00:00.0"),
            ("-1d@d+3h", "2023-11-13 03:00:00.0"),
            ("@d-1h+5min", "2023-11-13 23:05:00.0"),
            ("now-1day@day", "2023-11-13 00:00:00.0"),
            ("@w", "2023-11-12 00:00:00.0"),
            ("@w0", "2023-11-12 00:00:00.0"),
            ("@w7", "2023-11-12 00:00:00.0"),
            ("@w1", "2023-11-13 00:00:00.0"),
            ("@w2", "2023-11-14 00:00:00.0"),
            ("@w3", "2023-11-08 00:00:00.0"),
            ("-2weeks", "2023-10-31 22:13:20.5"),
            ("@mon", "2023-11-01 00:00:00.0"),
            ("@q", "2023-10-01 00:00:00.0"),
            ("@y", "2023-01-01 00:00:00.0"),
            ("-1q@q", "2023-07-01 00:00:00.0"),
            ("+1y", "2024-11-14 22:13:20.5"),
            ("@mon+2mon-1d", "2023-12-31 00:00:00.0"),
            ("@mon-1d-1mon", "2023-09-30 00:00:00.0"),
            ("+250ms", "2023-11-14 22:13:20.7"),
        ];
        for (specifier, expected) in cases {
            assert_eq!(at(specifier, "UTC").as_deref(), Some(expected), "{specifier}");
        }
    }

    #[test]
    fn the_calendar_is_that_of_the_zone() {
        assert_eq!(at("@d", "Asia/Kolkata").unwrap(), "2023-11-15 00:00:00.0");
        assert_eq!(at("@h", "Asia/Kolkata").unwrap(), "2023-11-15 03:00:00.0");
        // The clocks went back on the fifth: ten days are an hour longer than 240 hours.
        assert_eq!(at("-10d", "America/New_York").unwrap(), "2023-11-04 17:13:20.5");
        assert_eq!(at("-240h", "America/New_York").unwrap(), "2023-11-04 18:13:20.5");
    }

    #[test]
    fn what_is_no_relative_time_gives_none() {
        for specifier in
            ["", " ", "1", "-", "@", "-1x", "@x", "-1d@", "@w8", "-1d x", "--1d", "-9999999d", "é"]
        {
            assert_eq!(at(specifier, "UTC"), None, "{specifier}");
        }
        assert_eq!(relative(AT, b"\xff", &TimeZone::UTC), None);
    }

    proptest! {
        #[test]
        fn no_time_and_no_text_panics(time_ns: i64, specifier in "([+-]?[0-9]{0,19}[a-z]{1,3}|@[a-z]{1,3}[0-9]?){0,4}") {
            let _ = relative(time_ns, specifier.as_bytes(), &TimeZone::UTC);
        }

        #[test]
        fn a_snap_is_not_after_its_time_and_is_its_own(time_ns in -5_000_000_000_000_000_000_i64..5_000_000_000_000_000_000) {
            let zone = TimeZone::get("Europe/Berlin").unwrap();
            for snap in ["@s", "@m", "@d", "@w", "@w5", "@mon", "@q", "@y"] {
                let start = relative(time_ns, snap.as_bytes(), &zone).unwrap();
                prop_assert!(start <= time_ns, "{}", snap);
                prop_assert_eq!(relative(start, snap.as_bytes(), &zone), Some(start), "{}", snap);
            }
        }
    }
}

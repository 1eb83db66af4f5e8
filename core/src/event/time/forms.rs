//! The forms in which logs write times.
//!
//! | form | example | writers |
//! | --- | --- | --- |
//! | year first | `2003-10-11T22:14:15.003Z`, `2003-10-11 22:14:15,003 +0200` | ISO 8601, RFC 3339, IIS, log4j |
//! | year first, slashes | `2003/10/11 22:14:15` | nginx error log |
//! | year first, name | `2003 Oct 11 22:14:15` | Cisco NX-OS |
//! | month first | `10/11/2003 10:14:15 PM`, `10-11-2003 22:14:15.003 -0700` | Windows, Splunk |
//! | month first, name | `Oct 11 22:14:15`, `Oct  1 2003 22:14:15`, `October 11, 2003 10:14:15 PM` | RFC 3164, Cisco, Java |
//! | the same, year last | `Oct 11 22:14:15 2003`, `Oct 11 22:14:15 UTC 2003` | ctime, date, Apache error log |
//! | day first, name | `11/Oct/2003:22:14:15 -0700`, `11 Oct 2003 22:14:15 +0200`, `11-Oct-2003 22:14:15` | Apache, RFC 2822, BIND |
//!
//! Every form may have a fraction and a zone: `Z`, `UTC`, `GMT`, the American ones of RFC 2822, or an offset. Weekdays
//! tell nothing more and are passed over by whoever looks for a form. A date without the time of day is none, and
//! neither is one whose month is greater than 12: `13/10/2003` is not guessed to be day first.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    calendar::{self, days_in_month},
    reader::Reader,
};
use crate::config::SECOND_NS;

const DAY_NS: i64 = 86_400 * SECOND_NS;

/// A number of four digits is a year only between these; what nanoseconds can tell ends in 2262.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=2261;

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

/// The zones that RFC 2822 knows by name, and the hours that they are ahead of UTC.
const ZONES: [(&[u8], i64); 10] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"EST", -5),
    (b"EDT", -4),
    (b"CST", -6),
    (b"CDT", -5),
    (b"MST", -7),
    (b"MDT", -6),
    (b"PST", -8),
    (b"PDT", -7),
];

/// The seconds that a zone is ahead of UTC, by the name that RFC 2822 gives it, in any case.
pub(crate) fn named_offset_s(name: &[u8]) -> Option<i64> {
    let zone = ZONES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    zone.map(|(_, hours)| hours * 3600)
}

/// What a written time says; it may leave out the year and the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::event) struct Stamp {
    date: Date,
    clock: Clock,
    offset_seconds: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: Option<i64>,
    month: i64,
    day: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    second_of_day: i64,
    nanosecond: i64,
}

/// The time that `text` starts with, and its length in bytes.
pub(in crate::event) fn stamp_at_start(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut reader = Reader { rest: text };
    let stamp = reader.stamp()?;
    Some((stamp, text.len() - reader.rest.len()))
}

impl Stamp {
    /// Nanoseconds since the epoch. A time without a zone is read in `zone`; one without a year is of the last year that
    /// does not put it more than a day ahead of `clock_s`, in epoch seconds. None for a date that does not exist.
    pub(in crate::event) fn time_ns(&self, zone: &TimeZone, clock_s: f64) -> Option<i64> {
        if let Some(year) = self.date.year {
            return self.in_year(year, zone);
        }
        // A 29th of February may be eight years back, as in 1904.
        const YEARS_BACK: i64 = 8;
        let clock_ns = super::rounded_ns(clock_s)?;
        let this_year = Timestamp::from_nanosecond(i128::from(clock_ns)).ok()?;
        let this_year = i64::from(zone.to_datetime(this_year).year());
        (this_year - YEARS_BACK..=this_year + 1)
            .rev()
            .filter_map(|year| self.in_year(year, zone))
            .find(|time_ns| *time_ns <= clock_ns.saturating_add(DAY_NS))
    }

    /// Whether it says its zone.
    pub(in crate::event) fn has_zone(&self) -> bool {
        self.offset_seconds.is_some()
    }

    /// Whether it says its year.
    pub(in crate::event) fn has_year(&self) -> bool {
        self.date.year.is_some()
    }

    fn in_year(&self, year: i64, zone: &TimeZone) -> Option<i64> {
        let Date { month, day, .. } = self.date;
        if day > days_in_month(year, month) {
            return None;
        }
        let days = calendar::days_since_epoch(year, month, day);
        let civil_second = days * 86_400 + self.clock.second_of_day;
        calendar::time_ns(civil_second, self.clock.nanosecond, self.offset_seconds, zone)
    }
}

impl Reader<'_> {
    fn stamp(&mut self) -> Option<Stamp> {
        let mut date = self.any_date()?;
        self.gap()?;
        let clock = self.clock()?;
        let offset_seconds = self.attempt(Self::zone);
        if date.year.is_none() {
            date.year = self.attempt(Self::year_behind);
        }
        Some(Stamp { date, clock, offset_seconds })
    }

    fn any_date(&mut self) -> Option<Date> {
        let digits = self.rest.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
        match digits {
            0 => self.month_name_first(),
            1 | 2 => match self.rest.get(digits + 1)? {
                byte if byte.is_ascii_digit() => self.month_number_first(),
                _ => self.day_first(),
            },
            4 => self.year_first(),
            _ => None,
        }
    }

    fn year_first(&mut self) -> Option<Date> {
        let year = self.year()?;
        let separator = self.one_of(b"-/ ")?;
        let month = if separator == b' ' { self.month_name() } else { self.month() }?;
        self.one_of(&[separator])?;
        if separator == b' ' {
            self.one_of(b" ");
        }
        Some(Date { year: Some(year), month, day: self.day()? })
    }

    fn month_number_first(&mut self) -> Option<Date> {
        let month = self.month()?;
        let separator = self.one_of(b"/-")?;
        let day = self.day()?;
        self.one_of(&[separator])?;
        Some(Date { year: Some(self.year()?), month, day })
    }

    fn day_first(&mut self) -> Option<Date> {
        let day = self.day()?;
        let separator = self.one_of(b"/- ")?;
        let month = self.month_name()?;
        let year = self.attempt(|reader| {
            reader.one_of(&[separator])?;
            reader.year_of_date()
        });
        Some(Date { year, month, day })
    }

    fn month_name_first(&mut self) -> Option<Date> {
        let month = self.month_name()?;
        self.one_of(b" ")?;
        self.one_of(b" ");
        let day = self.day()?;
        let year = self.attempt(|reader| {
            reader.one_of(b",");
            reader.one_of(b" ")?;
            reader.year_of_date()
        });
        Some(Date { year, month, day })
    }

    fn year(&mut self) -> Option<i64> {
        self.number(4, *YEARS.end()).filter(|year| YEARS.contains(year))
    }

    /// A year in front of the time of day: not the first digits of something longer, and not its hour.
    fn year_of_date(&mut self) -> Option<i64> {
        self.year().filter(|_| self.is_at_word_end())
    }

    /// ` 2003` behind the time of day, and not the start of an address such as `2001:db8::1`.
    fn year_behind(&mut self) -> Option<i64> {
        self.one_of(b" ")?;
        let ends =
            |reader: &Self| reader.rest.first().is_none_or(|byte| b" ]),;\"\t".contains(byte));
        self.year().filter(|_| ends(self))
    }

    fn month(&mut self) -> Option<i64> {
        self.short_number(12).filter(|&month| month > 0)
    }

    /// A month by its name or the first three letters of it.
    fn month_name(&mut self) -> Option<i64> {
        let start = self.rest.get(..3)?;
        let is_named = |month: &&[u8]| month[..3].eq_ignore_ascii_case(start);
        let (number, name) = (1..).zip(MONTHS).find(|(_, month)| is_named(month))?;
        self.rest = &self.rest[3..];
        self.attempt(|reader| reader.word(&name[3..]));
        self.is_at_word_end().then_some(number)
    }

    fn day(&mut self) -> Option<i64> {
        self.short_number(31).filter(|&day| day > 0)
    }

    /// What may stand between the date and the time of day.
    fn gap(&mut self) -> Option<()> {
        if self.one_of(b"Tt:_-").is_some() {
            return Some(());
        }
        self.one_of(b",");
        self.one_of(b" ")?;
        self.one_of(b" ");
        Some(())
    }

    /// The time of day: `h:mm:ss`, a fraction, and `AM` or `PM`.
    fn clock(&mut self) -> Option<Clock> {
        let hour = self.short_number(23)?;
        self.one_of(b":")?;
        let minute = self.number(2, 59)?;
        self.one_of(b":")?;
        let second = self.number(2, 60)?;
        let nanosecond = self.attempt(Self::fraction).unwrap_or(0);
        let hour = match self.attempt(Self::half_of_day) {
            None => hour,
            Some(_) if hour == 0 || hour > 12 => return None,
            Some(afternoon) => hour % 12 + afternoon,
        };
        let is_zone = matches!(self.rest.first(), Some(b'Z' | b'z'));
        let second_of_day = (hour * 60 + minute) * 60 + second;
        (is_zone || self.is_at_word_end()).then_some(Clock { second_of_day, nanosecond })
    }

    /// The hours to add: 0 for `AM`, 12 for `PM`.
    fn half_of_day(&mut self) -> Option<i64> {
        self.one_of(b" ");
        let half = self.one_of(b"AaPp")?;
        self.one_of(b"Mm")?;
        self.is_at_word_end().then_some(if half.eq_ignore_ascii_case(&b'A') { 0 } else { 12 })
    }

    /// The seconds that the zone is ahead of UTC.
    fn zone(&mut self) -> Option<i64> {
        let is_apart = self.one_of(b" ").is_some();
        let seconds = match self.rest.first()? {
            b'Z' | b'z' if !is_apart => {
                self.rest = &self.rest[1..];
                0
            }
            b'+' | b'-' => self.numeric_zone(is_apart)?,
            _ => self.named_zone()?,
        };
        let ends = match self.rest {
            [b':', next, ..] => !next.is_ascii_digit(),
            [next, ..] => !next.is_ascii_alphanumeric(),
            [] => true,
        };
        ends.then_some(seconds)
    }

    /// `+hh:mm`, `+hhmm` or, where it touches the time, `+hh`.
    fn numeric_zone(&mut self, is_apart: bool) -> Option<i64> {
        const FARTHEST_HOURS: i64 = 14;
        let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.number(2, FARTHEST_HOURS)?;
        let minutes = self.attempt(|reader| {
            reader.one_of(b":");
            reader.number(2, 59)
        });
        let minutes = if is_apart { minutes? } else { minutes.unwrap_or(0) };
        Some(sign * (hours * 60 + minutes) * 60)
    }

    fn named_zone(&mut self) -> Option<i64> {
        let (name, hours) = ZONES.iter().find(|(name, _)| self.rest.starts_with(name))?;
        self.rest = &self.rest[name.len()..];
        Some(hours * 3_600)
    }

    /// What `read` reads; where it reads nothing, the reader stays where it is.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.rest;
        let result = read(self);
        if result.is_none() {
            self.rest = before;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK_S: f64 = 1_065_910_455.0; // 2003-10-11T22:14:15Z

    fn utc(text: &str) -> Option<String> {
        let (stamp, length) = stamp_at_start(text.as_bytes())?;
        assert!(length <= text.len());
        let time_ns = stamp.time_ns(&TimeZone::UTC, CLOCK_S)?;
        Some(Timestamp::from_nanosecond(i128::from(time_ns)).unwrap().to_string())
    }

    #[test]
    fn every_form_is_read() {
        const AT: &str = "2003-10-11T22:14:15Z";
        const WITH_FRACTION: &str = "2003-10-11T22:14:15.003Z";
        for (text, expected) in [
            ("2003-10-11T22:14:15Z", AT),
            ("2003-10-11T22:14:15.003Z", WITH_FRACTION),
            ("2003-10-11 22:14:15", AT),
            ("2003-10-11 22:14:15,003", WITH_FRACTION),
            ("2003-10-11 22:14:15, then", AT),
            ("2003-10-11T17:14:15-0500", AT),
            ("2003-10-12 00:14:15 +0200", AT),
            ("2003-10-12T00:14:15+02", AT),
            ("2003-10-11 22:14:15 UTC", AT),
            ("2003-10-11 15:14:15 PDT.", AT),
            ("2003/10/11 22:14:15 [error]", AT),
            ("2003 Oct 11 22:14:15 UTC: %SYS", AT),
            ("10/11/2003 10:14:15 PM", AT),
            ("10/11/2003 10:14:15 pm", AT),
            ("10/11/2003, 10:14:15 PM", AT),
            ("10/11/2003 12:14:15 AM", "2003-10-11T00:14:15Z"),
            ("10/11/2003 12:14:15 PM", "2003-10-11T12:14:15Z"),
            ("1/2/2003 3:04:05 AM", "2003-01-02T03:04:05Z"),
            ("10-11-2003 22:14:15.003 +0000", WITH_FRACTION),
            ("Oct 11 22:14:15 host", AT),
            ("Oct 11 22:14:15", AT),
            ("oct 11 22:14:15.003 host", WITH_FRACTION),
            ("Oct  1 22:14:15 host", "2003-10-01T22:14:15Z"),
            ("Oct 1 22:14:15 host", "2003-10-01T22:14:15Z"),
            ("Oct 11 2003 22:14:15", AT),
            ("Oct  1 2003 22:14:15: %ASA", "2003-10-01T22:14:15Z"),
            ("Oct 11, 2003 10:14:15 PM", AT),
            ("October 11, 2003 10:14:15 PM", AT),
            ("May 11 22:14:15 2002", "2002-05-11T22:14:15Z"),
            ("Oct 11 22:14:15 2002", "2002-10-11T22:14:15Z"),
            ("Oct 11 22:14:15 UTC 2002", "2002-10-11T22:14:15Z"),
            ("Oct 11 22:14:15.003000 2003]", WITH_FRACTION),
            ("Oct 11 22:14:15.003 UTC: %SYS", WITH_FRACTION),
            ("Oct 11 22:14:15 2001:db8::1 app", AT),
            ("11/Oct/2003:15:14:15 -0700", AT),
            ("11 Oct 2003 22:14:15 GMT", AT),
            ("11 Oct 2003 22:14:15 +0000", AT),
            ("11-Oct-2003 22:14:15.003", WITH_FRACTION),
            ("11 Oct 22:14:15.003", WITH_FRACTION),
            ("1 Oct 2003 22:14:15", "2003-10-01T22:14:15Z"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_gives_none() {
        for text in [
            "",
            "2003-10-11",
            "2003-10-11 22:14",
            "2003-13-11 22:14:15",
            "2003-02-29 22:14:15",
            "2003-10-32 22:14:15",
            "2003-10-11 24:14:15",
            "2003-10-11 22:60:15",
            "2003-10-11 22:14:61",
            "2003-10-11 22:14:155",
            "2003-10-11 22:14:15x",
            "1969-10-11 22:14:15",
            "2262-10-11 22:14:15",
            "9999-10-11 22:14:15",
            "20031-10-11 22:14:15",
            "2003-10/11 22:14:15",
            "13/10/2003 22:14:15",
            "10/11/03 22:14:15",
            "10/11/2003 13:14:15 PM",
            "10/11/2003 0:14:15 AM",
            "Oct 11",
            "Oct 32 22:14:15",
            "Oct 0 22:14:15",
            "Octo 11 22:14:15",
            "Okt 11 22:14:15",
            "Feb 30 22:14:15",
            "11/October22:14:15",
            "11 Oct",
            "1.2.3.4",
            "10:11:12",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn what_follows_a_time_is_no_zone_of_it() {
        for text in [
            "2003-10-11 22:14:15 -",
            "2003-10-11 22:14:15 - 10",
            "2003-10-11 22:14:15 -07",
            "2003-10-11 22:14:15-15:30:00",
            "2003-10-11 22:14:15 +9900",
            "2003-10-11 22:14:15 ESTIMATE",
            "2003-10-11 22:14:15 Zone",
        ] {
            let (stamp, _) = stamp_at_start(text.as_bytes()).expect(text);
            assert!(!stamp.has_zone(), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_year_is_never_more_than_a_day_ahead() {
        let at = |text: &str, clock: &str| {
            let clock: Timestamp = clock.parse().unwrap();
            let (stamp, _) = stamp_at_start(text.as_bytes()).unwrap();
            let time_ns = stamp.time_ns(&TimeZone::UTC, clock.as_second() as f64);
            time_ns
                .map(|time_ns| Timestamp::from_nanosecond(i128::from(time_ns)).unwrap().to_string())
        };
        for (text, clock, expected) in [
            ("Dec 31 23:59:59", "2004-01-01T00:00:10Z", "2003-12-31T23:59:59Z"),
            ("Jan  1 00:00:10", "2003-12-31T23:59:59Z", "2004-01-01T00:00:10Z"),
            ("Oct 12 22:14:15", "2003-10-11T22:14:15Z", "2003-10-12T22:14:15Z"),
            ("Oct 12 22:14:16", "2003-10-11T22:14:15Z", "2002-10-12T22:14:16Z"),
            ("Feb 29 00:00:00", "2003-10-11T22:14:15Z", "2000-02-29T00:00:00Z"),
            ("Feb 29 00:00:00", "1904-02-28T00:00:00Z", "1904-02-29T00:00:00Z"),
            ("Feb 29 00:00:00", "1903-02-28T00:00:00Z", "1896-02-29T00:00:00Z"),
        ] {
            assert_eq!(at(text, clock).as_deref(), Some(expected), "{text} at {clock}");
        }
    }
}

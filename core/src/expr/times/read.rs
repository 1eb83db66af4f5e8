//! `strptime`: a text to its time.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::{Offset, TimeZone},
};

use super::{
    directive::{Number, Part, Piece, pieces},
    write::{MONTHS, WEEKDAYS},
};
use crate::event::time;

const SECOND_NS: i64 = 1_000_000_000;

/// What a text leaves out.
#[derive(Clone, Copy)]
pub struct Read<'z> {
    /// The zone of times that carry none.
    pub zone: &'z TimeZone,
    /// The present, in epoch seconds: a date without a year or a month is one of this year and this month.
    pub now_s: f64,
}

/// The nanoseconds from the epoch to the time that `text` says in the words of `format`. What follows it in the text does
/// not matter. `None` where the text is another, where it names no day, and beyond the years 1677 to 2262.
#[must_use]
pub fn read(text: &[u8], format: &[u8], absent: Read<'_>) -> Option<i64> {
    let mut reader = Reader { rest: text, told: Told::default() };
    reader.pieces(format)?;
    reader.told.time_ns(absent)
}

/// What is left of a text, and what was read.
struct Reader<'t> {
    rest: &'t [u8],
    told: Told,
}

/// What a text says of its time.
#[derive(Default)]
struct Told {
    year: Option<i64>,
    year_of_century: Option<i64>,
    century: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    half_day_hour: Option<i64>,
    is_afternoon: bool,
    minute: i64,
    second: i64,
    fraction_ns: i64,
    epoch_s: Option<i64>,
    /// How many seconds its zone is ahead of UTC.
    offset_s: Option<i64>,
}

impl<'t> Reader<'t> {
    fn pieces(&mut self, format: &[u8]) -> Option<()> {
        pieces(format).try_for_each(|piece| match piece {
            Piece::Literal(byte) if byte.is_ascii_whitespace() => {
                self.rest = self.rest.trim_ascii_start();
                Some(())
            }
            Piece::Literal(byte) => self.literal(byte),
            Piece::Format(format) => self.pieces(format),
            Piece::Part(part) => self.part(part),
        })
    }

    fn literal(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    fn part(&mut self, part: Part) -> Option<()> {
        match part {
            Part::Number(number, _) => self.number(number),
            Part::Fraction { digits, .. } => self.fraction(digits.unwrap_or(9)),
            Part::Month(_) => {
                self.told.month = Some(self.name(&MONTHS)? + 1);
                Some(())
            }
            Part::Weekday(_) => self.name(&WEEKDAYS).map(|_| ()),
            Part::HalfDay => {
                self.told.is_afternoon = self.name(&["AM", "PM"])? == 1;
                Some(())
            }
            Part::Epoch => {
                self.told.epoch_s = Some(self.signed()?);
                Some(())
            }
            Part::ZoneName => self.zone_name(),
            Part::Offset(_) => self.offset(),
            Part::OffsetMinutes => {
                self.told.offset_s = Some(self.signed()?.checked_mul(60)?);
                Some(())
            }
        }
    }

    fn number(&mut self, number: Number) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        let digits = self.digits(number.width())?;
        let value = whole(digits);
        let told = &mut self.told;
        match number {
            Number::Year => told.year = Some(value),
            Number::YearOfCentury => told.year_of_century = Some(value),
            Number::Century => told.century = Some(value),
            Number::Month => told.month = Some(value),
            Number::Day => told.day = Some(value),
            Number::DayOfYear => told.day_of_year = Some(value),
            Number::Hour => told.hour = value,
            Number::HalfDayHour => {
                told.half_day_hour = Some(value).filter(|hour| (1..=12).contains(hour));
                told.half_day_hour?;
            }
            Number::Minute => told.minute = value,
            Number::Second => told.second = value,
            // A week and its day say no more than the date that stands beside them.
            Number::IsoYear
            | Number::IsoYearOfCentury
            | Number::Weekday
            | Number::IsoWeekday
            | Number::IsoWeek
            | Number::SundayWeek
            | Number::MondayWeek => {}
        }
        Some(())
    }

    /// One to `most` digits.
    fn digits(&mut self, most: usize) -> Option<&'t [u8]> {
        let count = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        (count > 0).then_some(digits)
    }

    fn fraction(&mut self, most: usize) -> Option<()> {
        let digits = self.digits(most)?;
        let scale = (digits.len()..9).fold(1, |scale, _| scale * 10);
        self.told.fraction_ns = whole(digits) * scale;
        Some(())
    }

    /// Which of `names` stands here, in any case, at length or in its first three letters.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        self.rest = self.rest.trim_ascii_start();
        let starts = |name: &str| {
            let start = self.rest.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        };
        let at_length = |name: &&str| starts(name).then_some(name.len());
        let in_short = |name: &&str| name.get(..3).filter(|short| starts(short)).map(str::len);
        let (index, length) = names.iter().enumerate().find_map(|(index, name)| {
            at_length(name).or_else(|| in_short(name)).map(|length| (index, length))
        })?;
        self.rest = &self.rest[length..];
        i64::try_from(index).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let negative = self.rest.first() == Some(&b'-');
        if matches!(self.rest.first(), Some(b'-' | b'+')) {
            self.rest = &self.rest[1..];
        }
        let number = whole(self.digits(15)?);
        Some(if negative { -number } else { number })
    }

    /// `Z`, `+hh`, `+hhmm`, `+hh:mm` and `+hh:mm:ss`.
    fn offset(&mut self) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        let (&sign, rest) = self.rest.split_first()?;
        self.rest = rest;
        let offset_s = match sign {
            b'Z' | b'z' => 0,
            b'+' | b'-' => {
                let hours = self.two_digits()?;
                let minutes = self.more_digits();
                let seconds = self.more_digits();
                let offset_s = (hours * 60 + minutes) * 60 + seconds;
                if sign == b'-' { -offset_s } else { offset_s }
            }
            _ => return None,
        };
        self.told.offset_s = Some(offset_s);
        Some(())
    }

    fn two_digits(&mut self) -> Option<i64> {
        self.digits(2).filter(|digits| digits.len() == 2).map(whole)
    }

    /// Two more digits, perhaps after a colon; zero if there are none.
    fn more_digits(&mut self) -> i64 {
        let before = self.rest;
        self.rest = before.strip_prefix(b":").unwrap_or(before);
        self.two_digits().unwrap_or_else(|| {
            self.rest = before;
            0
        })
    }

    /// A zone by its abbreviation. Those that are not known say nothing, so the time is one of the usual zone.
    fn zone_name(&mut self) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.told.offset_s = time::named_offset_s(name).or(self.told.offset_s);
        (length > 0).then_some(())
    }
}

impl Told {
    fn time_ns(&self, absent: Read<'_>) -> Option<i64> {
        let whole_s = match self.epoch_s {
            Some(epoch_s) => epoch_s,
            None => self.second_in_zone(absent)?,
        };
        whole_s.checked_mul(SECOND_NS)?.checked_add(self.fraction_ns)
    }

    fn second_in_zone(&self, absent: Read<'_>) -> Option<i64> {
        // Second 60 is the first of the next minute, as in POSIX.
        let leap = i64::from(self.second == 60);
        let field = |value: i64| i8::try_from(value).ok();
        let second = field(self.second - leap)?;
        let time = Time::new(field(self.hour_of_day())?, field(self.minute)?, second, 0).ok()?;
        let shown = self.date(absent)?.to_datetime(time);
        let time = match self.offset_s {
            None => absent.zone.to_timestamp(shown),
            Some(offset_s) => {
                Offset::from_seconds(i32::try_from(offset_s).ok()?).ok()?.to_timestamp(shown)
            }
        };
        Some(time.ok()?.as_second() + leap)
    }

    fn hour_of_day(&self) -> i64 {
        match self.half_day_hour {
            Some(hour) => hour % 12 + if self.is_afternoon { 12 } else { 0 },
            None => self.hour,
        }
    }

    /// The date, if the text names a day.
    fn date(&self, absent: Read<'_>) -> Option<Date> {
        let today = || {
            let now = SignedDuration::try_from_secs_f64(absent.now_s).ok()?;
            let now = Timestamp::from_duration(now).ok()?;
            Some(absent.zone.to_datetime(now).date())
        };
        let year = match self.year() {
            Some(year) => i16::try_from(year).ok()?,
            None => today()?.year(),
        };
        if let Some(day) = self.day_of_year {
            let first = Date::new(year, 1, 1).ok()?;
            return first.with().day_of_year(i16::try_from(day).ok()?).build().ok();
        }
        let day = i8::try_from(self.day?).ok()?;
        let month = match (self.month, self.year()) {
            (Some(month), _) => i8::try_from(month).ok()?,
            (None, None) => today()?.month(),
            (None, Some(_)) => return None,
        };
        Date::new(year, month, day).ok()
    }

    fn year(&self) -> Option<i64> {
        let (century, short) = (self.century, self.year_of_century);
        self.year.or_else(|| match (century, short) {
            (Some(century), short) => Some(century * 100 + short.unwrap_or(0)),
            // POSIX: from 69 on they are those of the last century.
            (None, short) => short.map(|short| short + if short < 69 { 2000 } else { 1900 }),
        })
    }
}

/// The number that at most 18 digits say.
fn whole(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::expr::times::write;

    /// 2024-05-06, noon in UTC.
    const NOW_S: f64 = 1_714_996_800.0;

    fn time(text: &str, format: &str, zone: &str) -> Option<String> {
        let zone = TimeZone::get(zone).unwrap();
        let time_ns = read(text.as_bytes(), format.as_bytes(), Read { zone: &zone, now_s: NOW_S })?;
        let bump = bumpalo::Bump::new();
        let text = write(time_ns, b"%F %T.%6N", &TimeZone::UTC, &bump)?;
        Some(String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn times_are_read_in_every_form() {
        let cases = [
            ("2023-11-14 22:13:20", "%Y-%m-%d %H:%M:%S", "2023-11-14 22:13:20.000000"),
            ("2023-11-14T22:13:20.125Z", "%FT%T.%Q%z", "2023-11-14 22:13:20.125000"),
            ("2023-11-14T22:13:20.123456789", "%FT%T.%N", "2023-11-14 22:13:20.123456"),
            ("20:13.12", "%H:%d.%3N", "2024-05-13 20:00:00.120000"),
            ("14/Nov/2023:22:13:20 -0500", "%d/%b/%Y:%H:%M:%S %z", "2023-11-15 03:13:20.000000"),
            ("nov  4 7:05", "%B %e %H:%M", "2024-11-04 07:05:00.000000"),
            ("11/14/23 12:13:20 am", "%m/%d/%y %I:%M:%S %p", "2023-11-14 00:13:20.000000"),
            ("PM 1 2/3/70", "%p %I %m/%d/%y", "1970-02-03 13:00:00.000000"),
            ("Tue Nov 14 22:13:20 EST 2023", "%+", "2023-11-15 03:13:20.000000"),
            ("Tuesday, 14 November 2023", "%A, %d %B %Y", "2023-11-14 00:00:00.000000"),
            ("1700000000.5", "%s.%Q", "2023-11-14 22:13:20.500000"),
            ("2023 318", "%Y %j", "2023-11-14 00:00:00.000000"),
            ("2023-11-14 and more", "%Y-%m-%d", "2023-11-14 00:00:00.000000"),
            ("2016-12-31 23:59:60", "%F %T", "2017-01-01 00:00:00.000000"),
            ("100%2023-11-14", "100%%%F", "2023-11-14 00:00:00.000000"),
            ("2023-11-14+05:30", "%F%:z", "2023-11-13 18:30:00.000000"),
            ("2023-11-14 +60", "%F %Ez", "2023-11-13 23:00:00.000000"),
            ("2023-11-14", " %F", "2023-11-14 00:00:00.000000"),
        ];
        for (text, format, expected) in cases {
            assert_eq!(time(text, format, "UTC").as_deref(), Some(expected), "{text} as {format}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_one_of_the_usual_zone() {
        let read = |text, format| time(text, format, "America/New_York").unwrap();
        assert_eq!(read("2023-07-22 00:26", "%F %R"), "2023-07-22 04:26:00.000000");
        assert_eq!(read("2023-07-22 00:26 GMT", "%F %R %Z"), "2023-07-22 00:26:00.000000");
        assert_eq!(read("2023-07-22 00:26 XYZ", "%F %R %Z"), "2023-07-22 04:26:00.000000");
        assert_eq!(read("2023-03-12 02:30", "%F %R"), "2023-03-12 07:30:00.000000", "left out");
        assert_eq!(read("2023-11-05 01:30", "%F %R"), "2023-11-05 05:30:00.000000", "twice");
    }

    #[test]
    fn what_is_no_time_gives_none() {
        let cases = [
            ("hello", "%Y-%m-%d"),
            ("", "%F"),
            ("2023-11", "%Y-%m"),
            ("2023 14", "%Y %d"),
            ("22:13", "%H:%M"),
            ("2023-02-29", "%F"),
            ("2023-13-01", "%F"),
            ("2023-11-14 24:00", "%F %R"),
            ("2023-11-14 13:00 PM", "%F %I:%M %p"),
            ("2023 366", "%Y %j"),
            ("2023-11-14 X", "%F %z"),
            ("2023-11-14 +99", "%F %z"),
            ("1500-01-01", "%F"),
            ("999999999999999", "%s"),
            ("Nix 4", "%b %d"),
        ];
        for (text, format) in cases {
            assert_eq!(time(text, format, "UTC"), None, "{text} as {format}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(time_ns in -700_000_000_000_000_000_i64..5_000_000_000_000_000_000) {
            let (bump, zone) = (bumpalo::Bump::new(), TimeZone::get("Asia/Kolkata").unwrap());
            for format in ["%Y-%m-%dT%H:%M:%S.%N%:z", "%s.%9N", "%c.%N %::z", "%d %b %C%y %I:%M:%S %p %9Q %z"] {
                let text = write(time_ns, format.as_bytes(), &zone, &bump).unwrap();
                let back = read(text, format.as_bytes(), Read { zone: &TimeZone::UTC, now_s: NOW_S });
                prop_assert_eq!(back, Some(time_ns), "{}", format);
            }
        }

        #[test]
        fn no_text_and_no_format_panics(text in ".{0,24}", format in "(%[:3-]?[A-Za-z+%]|[ -~é]){0,8}", now_s: f64) {
            let _ = read(text.as_bytes(), format.as_bytes(), Read { zone: &TimeZone::UTC, now_s });
            let bump = bumpalo::Bump::new();
            prop_assert!(write(0, format.as_bytes(), &TimeZone::UTC, &bump).is_some());
        }
    }
}

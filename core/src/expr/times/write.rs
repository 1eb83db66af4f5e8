//! `strftime`: a time to text.

use std::fmt::{self, Write};

use bumpalo::{Bump, collections::Vec as BumpVec};
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{TimeZone, TimeZoneOffsetInfo},
};

use super::directive::{Length, Number, Offset, Pad, Part, Piece, pieces};

/// The names of the months, at length.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days, at length.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The text of `time_ns` as `format` says and as clocks in `zone` show it. What of the format is no directive is kept.
/// `None` beyond the years 1677 to 2262.
#[must_use]
pub fn write<'b>(time_ns: i64, format: &[u8], zone: &TimeZone, bump: &'b Bump) -> Option<&'b [u8]> {
    let time = Timestamp::from_nanosecond(time_ns.into()).ok()?;
    let zone = zone.to_offset_info(time);
    let clock = Clock { time, shown: zone.offset().to_datetime(time), zone };
    let mut text = Text(BumpVec::with_capacity_in(2 * format.len(), bump));
    clock.pieces(format, &mut text).expect("writing into an arena cannot fail");
    Some(text.0.into_bump_slice())
}

/// Text in an arena; what comes from the format may be any bytes.
struct Text<'b>(BumpVec<'b, u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice_copy(text.as_bytes());
        Ok(())
    }
}

/// What the clocks of a zone show at a time.
struct Clock<'z> {
    time: Timestamp,
    shown: DateTime,
    zone: TimeZoneOffsetInfo<'z>,
}

impl Clock<'_> {
    fn pieces(&self, format: &[u8], text: &mut Text<'_>) -> fmt::Result {
        for piece in pieces(format) {
            match piece {
                Piece::Literal(byte) => text.0.push(byte),
                Piece::Format(format) => self.pieces(format, text)?,
                Piece::Part(part) => self.part(part, text)?,
            }
        }
        Ok(())
    }

    fn part(&self, part: Part, text: &mut Text<'_>) -> fmt::Result {
        match part {
            Part::Number(number, pad) => {
                let (value, width) = (self.number(number), number.width());
                match pad {
                    Pad::Zero => write!(text, "{value:0width$}"),
                    Pad::Space => write!(text, "{value:width$}"),
                    Pad::None => write!(text, "{value}"),
                }
            }
            Part::Fraction { digits, default } => self.fraction(digits.unwrap_or(default), text),
            Part::Month(length) => {
                text.write_str(cut(name(&MONTHS, i16::from(self.shown.month()) - 1), length))
            }
            Part::Weekday(length) => text.write_str(cut(name(&WEEKDAYS, self.weekday()), length)),
            Part::HalfDay => text.write_str(if self.shown.hour() < 12 { "AM" } else { "PM" }),
            Part::Epoch => write!(text, "{}", self.second()),
            Part::ZoneName => text.write_str(self.zone.abbreviation()),
            Part::Offset(form) => self.offset(form, text),
            Part::OffsetMinutes => write!(text, "{:+}", self.zone.offset().seconds() / 60),
        }
    }

    fn number(&self, number: Number) -> i16 {
        let shown = self.shown;
        match number {
            Number::Year => shown.year(),
            Number::YearOfCentury => shown.year() % 100,
            Number::Century => shown.year() / 100,
            Number::IsoYear => shown.iso_week_date().year(),
            Number::IsoYearOfCentury => shown.iso_week_date().year() % 100,
            Number::Month => shown.month().into(),
            Number::Day => shown.day().into(),
            Number::DayOfYear => shown.day_of_year(),
            Number::Weekday => self.weekday(),
            Number::IsoWeekday => shown.weekday().to_monday_one_offset().into(),
            Number::IsoWeek => shown.iso_week_date().week().into(),
            Number::SundayWeek => self.week(self.weekday()),
            Number::MondayWeek => self.week(shown.weekday().to_monday_zero_offset().into()),
            Number::Hour => shown.hour().into(),
            Number::HalfDayHour => (i16::from(shown.hour()) + 11) % 12 + 1,
            Number::Minute => shown.minute().into(),
            Number::Second => shown.second().into(),
        }
    }

    fn weekday(&self) -> i16 {
        self.shown.weekday().to_sunday_zero_offset().into()
    }

    /// How many weeks of the year have begun, `day` being how many days ago this one did.
    fn week(&self, day: i16) -> i16 {
        (self.shown.day_of_year() + 6 - day) / 7
    }

    /// Whole seconds since the epoch.
    fn second(&self) -> i128 {
        self.time.as_nanosecond().div_euclid(1_000_000_000)
    }

    /// The first `digits` digits of the fraction, which has nine.
    fn fraction(&self, digits: usize, text: &mut Text<'_>) -> fmt::Result {
        let cut = (digits..9).fold(self.shown.subsec_nanosecond(), |fraction, _| fraction / 10);
        write!(text, "{cut:0digits$}")
    }

    fn offset(&self, form: Offset, text: &mut Text<'_>) -> fmt::Result {
        let offset_s = self.zone.offset().seconds();
        let sign = if offset_s < 0 { '-' } else { '+' };
        let (hours, minutes, seconds) =
            (offset_s.abs() / 3600, offset_s.abs() / 60 % 60, offset_s.abs() % 60);
        match form {
            Offset::Plain => write!(text, "{sign}{hours:02}{minutes:02}"),
            Offset::Minutes => write!(text, "{sign}{hours:02}:{minutes:02}"),
            Offset::Seconds => write!(text, "{sign}{hours:02}:{minutes:02}:{seconds:02}"),
            Offset::Hours => write!(text, "{sign}{hours:02}"),
        }
    }
}

fn name(names: &[&'static str], index: i16) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

fn cut(name: &str, length: Length) -> &str {
    match length {
        Length::Full => name,
        Length::Short => &name[..3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(time_ns: i64, format: &str, zone: &str) -> String {
        let (zone, bump) = (TimeZone::get(zone).unwrap(), Bump::new());
        let text = write(time_ns, format.as_bytes(), &zone, &bump).unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn every_directive() {
        // Wednesday, in the 52nd ISO week of 2009, half an hour before the year ends in UTC.
        const AT: i64 = 1_262_302_200_012_345_678 - 86_400_000_000_000;
        let cases = [
            ("%Y %y %C %G %g", "2009 09 20 2009 09"),
            ("%m %B %b %h", "12 December Dec Dec"),
            ("%d %e %j", "30 30 364"),
            ("%A %a %w %u", "Wednesday Wed 3 3"),
            ("%V %U %W", "53 52 52"),
            ("%H %I %k %l %M %S %p", "23 11 23 11 30 00 PM"),
            ("%s", "1262215800"),
            ("%T|%F|%D|%R|%r", "23:30:00|2009-12-30|12/30/09|23:30|11:30:00 PM"),
            ("%c", "Wed Dec 30 23:30:00 2009"),
            ("%+", "Wed Dec 30 23:30:00 UTC 2009"),
            ("%x %X", "12/30/09 23:30:00"),
            ("%Z %z %:z %::z %:::z %Ez", "UTC +0000 +00:00 +00:00:00 +00 +0"),
            ("%f %N %3N %6N %9N", "012345 012345678 012 012345 012345678"),
            ("%Q %3Q %6Q %9Q %1Q", "012 012 012345 012345678 0"),
            ("%%%n%t%?", "%\n\t%?"),
        ];
        for (format, expected) in cases {
            assert_eq!(written(AT, format, "UTC"), expected, "{format}");
        }
    }

    #[test]
    fn numbers_are_filled_up_as_they_should_be() {
        // 2023-01-01, a Sunday of the last ISO week of 2022, five past three.
        const AT: i64 = 1_672_542_305_000_000_000;
        let cases = [
            ("%e|%k|%l|%I|%p", " 1| 3| 3|03|AM"),
            ("%-d|%_d|%-H|%-m|%0e|%_j", "1| 1|3|1|01|  1"),
            ("%V %U %W %G %w %u", "52 01 00 2022 0 7"),
        ];
        for (format, expected) in cases {
            assert_eq!(written(AT, format, "UTC"), expected, "{format}");
        }
        assert_eq!(written(AT - 3 * 3600 * 1_000_000_000, "%I %p", "UTC"), "12 AM");
        assert_eq!(written(AT + 9 * 3600 * 1_000_000_000, "%l %p", "UTC"), "12 PM");
    }

    #[test]
    fn clocks_show_the_time_of_their_zone() {
        const SUMMER: i64 = 1_690_000_000_000_000_000;
        let cases = [
            ("America/New_York", "2023-07-22 00:26:40 EDT -0400 -240"),
            ("Asia/Kolkata", "2023-07-22 09:56:40 IST +0530 +330"),
            ("Europe/Berlin", "2023-07-22 06:26:40 CEST +0200 +120"),
        ];
        for (zone, expected) in cases {
            assert_eq!(written(SUMMER, "%F %T %Z %z %Ez", zone), expected);
        }
    }

    #[test]
    fn before_the_epoch_fractions_still_count_forwards() {
        assert_eq!(written(-1, "%s %F %T.%N", "UTC"), "-1 1969-12-31 23:59:59.999999999");
        let (zone, bump) = (TimeZone::UTC, Bump::new());
        for time_ns in [i64::MIN, i64::MAX] {
            assert!(write(time_ns, b"%c \xff", &zone, &bump).is_some());
        }
    }
}

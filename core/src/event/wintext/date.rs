//! The line that opens a classic event: `01/14/2021 11:41:39 PM`.
//!
//! Splunk writes the month first and a twelve-hour clock. Other programs write what the machine's locale says; where that
//! could be read in two ways, it is a date but no time.

use std::io::Write;

use jiff::tz::TimeZone;

use crate::event::time;

/// A date and a time as they stand.
#[derive(Clone, Copy)]
pub(super) struct Date<'e> {
    /// The numbers between the separators, in their order.
    numbers: [Number; 3],
    separator: u8,
    hour: u32,
    minute: u32,
    second: u32,
    /// The digits behind the seconds.
    fraction: &'e [u8],
    half: Option<Half>,
}

#[derive(Clone, Copy)]
struct Number {
    value: u32,
    digits: usize,
}

/// The half of the day on a twelve-hour clock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Am,
    Pm,
}

impl<'e> Date<'e> {
    /// Reads `line`: three numbers between `/`, `.` or `-`, a space, `h:mm:ss`, a fraction or none, AM, PM or neither.
    pub(super) fn read(line: &'e [u8]) -> Option<Self> {
        let mut reader = Reader { rest: line.trim_ascii() };
        let first = reader.number()?;
        let separator = reader.one_of(b"/.-")?;
        let second_number = reader.number()?;
        reader.one_of(&[separator])?;
        let numbers = [first, second_number, reader.number()?];
        reader.one_of(b" ")?;
        let hour = reader.number()?.value;
        reader.one_of(b":")?;
        let minute = reader.number()?.value;
        reader.one_of(b":")?;
        let second = reader.number()?.value;
        let (fraction, half) = (reader.fraction()?, reader.half()?);
        Some(Self { numbers, separator, hour, minute, second, fraction, half })
    }

    /// Nanoseconds since the epoch, on the clock of `zone`. None where there is no such day or hour, and where day and month
    /// cannot be told apart.
    pub(super) fn time_ns(self, zone: &TimeZone) -> Option<i64> {
        let (year, month, day) = self.day()?;
        let hour = self.hour_of_day()?;
        let fraction = match self.fraction {
            [] => b"0",
            digits => &digits[..digits.len().min(9)],
        };
        let mut text = [0; 32];
        let mut rest = text.as_mut_slice();
        write!(rest, "{year:04}-{month:02}-{day:02}T{hour:02}:").ok()?;
        write!(rest, "{:02}:{:02}.{}", self.minute, self.second, fraction.escape_ascii()).ok()?;
        let unused = rest.len();
        time::parse(&text[..text.len() - unused], zone)
    }

    /// Year, month and day.
    fn day(self) -> Option<(u32, u32, u32)> {
        let [first, second, third] = self.numbers.map(|number| number.value);
        match self.numbers.map(|number| number.digits) {
            [4, ..] => Some((first, second, third)),
            [.., 4] if first > 12 || self.separator == b'.' => Some((third, second, first)),
            [.., 4] if second > 12 || first == second || self.half.is_some() => {
                Some((third, first, second))
            }
            _ => None,
        }
    }

    fn hour_of_day(self) -> Option<u32> {
        match self.half {
            None => Some(self.hour),
            Some(_) if !(1..=12).contains(&self.hour) => None,
            Some(Half::Am) => Some(self.hour % 12),
            Some(Half::Pm) => Some(self.hour % 12 + 12),
        }
    }
}

struct Reader<'e> {
    rest: &'e [u8],
}

impl<'e> Reader<'e> {
    fn digits(&mut self) -> &'e [u8] {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits
    }

    /// One to four digits.
    fn number(&mut self) -> Option<Number> {
        let digits = self.digits();
        let value = digits.iter().take(4).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        (1..=4).contains(&digits.len()).then_some(Number { value, digits: digits.len() })
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (&first, rest) = self.rest.split_first().filter(|(first, _)| bytes.contains(first))?;
        self.rest = rest;
        Some(first)
    }

    /// The digits behind a point; none for a point without digits.
    fn fraction(&mut self) -> Option<&'e [u8]> {
        match self.one_of(b".,") {
            None => Some(b""),
            Some(_) => Some(self.digits()).filter(|digits| !digits.is_empty()),
        }
    }

    /// What stands to the end: `Some(None)` on a clock of twenty-four hours.
    fn half(&self) -> Option<Option<Half>> {
        let rest = self.rest.trim_ascii_start();
        match rest {
            [] => Some(None),
            _ if rest.eq_ignore_ascii_case(b"AM") => Some(Some(Half::Am)),
            _ if rest.eq_ignore_ascii_case(b"PM") => Some(Some(Half::Pm)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(line: &str) -> Option<i64> {
        Date::read(line.as_bytes())?.time_ns(&TimeZone::UTC)
    }

    #[test]
    fn the_form_of_splunk_and_its_relatives() {
        const EVENING: i64 = 1_610_667_699_000_000_000;
        for (line, time_ns) in [
            ("01/14/2021 11:41:39 PM", EVENING),
            ("1/14/2021 11:41:39 pm\r", EVENING),
            ("01/14/2021 11:41:39.250 PM", EVENING + 250_000_000),
            ("01/14/2021 11:41:39.1234567891 PM", EVENING + 123_456_789),
            ("01/14/2021 23:41:39", EVENING),
            ("14/01/2021 23:41:39", EVENING),
            ("14/01/2021 11:41:39 PM", EVENING),
            ("14.01.2021 23:41:39", EVENING),
            ("14-01-2021 23:41:39", EVENING),
            ("2021-01-14 23:41:39", EVENING),
            ("2021/01/14 11:41:39 PM", EVENING),
            ("01/14/2021 12:00:00 AM", EVENING - 85_299_000_000_000),
            ("01/14/2021 12:00:00 PM", EVENING - 42_099_000_000_000),
            ("02/01/2021 12:00:00 PM", EVENING + 1_513_101_000_000_000),
            ("01.02.2021 12:00:00", EVENING + 1_513_101_000_000_000),
            ("02/02/2021 12:00:00", EVENING + 1_599_501_000_000_000),
        ] {
            assert_eq!(utc(line), Some(time_ns), "{line}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_a_date_but_no_time() {
        for line in ["02/01/2021 12:00:00", "02-01-2021 12:00:00", "02/01/21 12:00:00 PM"] {
            assert!(Date::read(line.as_bytes()).is_some(), "{line}");
            assert_eq!(utc(line), None, "{line}");
        }
    }

    #[test]
    fn days_and_hours_must_exist() {
        for line in [
            "02/30/2021 11:41:39 PM",
            "14/14/2021 11:41:39 PM",
            "01/14/2021 13:41:39 PM",
            "01/14/2021 00:41:39 AM",
            "01/14/2021 24:41:39",
            "01/14/2021 23:60:39",
            "00/14/2021 23:00:39",
        ] {
            assert!(Date::read(line.as_bytes()).is_some(), "{line}");
            assert_eq!(utc(line), None, "{line}");
        }
    }

    #[test]
    fn other_lines_are_no_date() {
        for line in [
            "",
            "01/14/2021",
            "01/14/2021 11:41",
            "01/14-2021 11:41:39",
            "01/14/2021 11:41:39 XM",
            "01/14/2021 11:41:39. PM",
            "01/14/12021 11:41:39",
            "1610667699",
            "01/14/2021 11:41:39 PM LogName=Security",
        ] {
            assert!(Date::read(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn a_time_is_read_on_the_clock_of_the_zone() {
        let new_york = TimeZone::get("America/New_York").unwrap();
        let date = Date::read(b"01/14/2021 06:41:39 PM").unwrap();
        assert_eq!(date.time_ns(&new_york), utc("01/14/2021 11:41:39 PM"));
    }
}

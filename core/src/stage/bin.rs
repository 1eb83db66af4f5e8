//! `bin`: values to the buckets that hold them.
//!
//! A time becomes the start of its bucket: spans up to hours count from the epoch or from where `aligntime` says, days and longer
//! follow the local calendar. A number becomes a range such as `10-20`, start inclusive, end exclusive. What is neither passes unchanged.

use bumpalo::{Bump, collections::Vec as BumpVec};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::Verdict;
use crate::{
    event::time,
    expr::{number, times},
    ids::FieldId,
    names::Name,
    row::{Env, Row},
    value::Value,
};

const SECOND_NS: i64 = 1_000_000_000;

/// `bin span=.. field AS target`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// The field.
    pub field: FieldId,
    /// Where the result goes; the field itself where there is no AS.
    pub target: FieldId,
    /// How wide a bucket is.
    pub span: Span,
    /// Where buckets of a fixed length begin; the epoch where there is no `aligntime`.
    pub origin: Option<Origin>,
}

/// A time at which some bucket begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// So many nanoseconds after the epoch.
    At(i64),
    /// Such as `@d+3h`, as seen from `now()`.
    Relative(Box<[u8]>),
}

/// The width of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    /// That many nanoseconds, counted from the epoch.
    Fixed(i64),
    /// That many days, weeks or months of the local calendar.
    Calendar(i64, CalendarUnit),
    /// A width of numbers: `units` times ten to the minus `decimals`.
    Linear {
        /// The digits of the span.
        units: f64,
        /// How many of them stand behind the point.
        decimals: i32,
    },
    /// Powers: bucket k starts at `coefficient` times `base` to the k. Numbers up to zero have no bucket.
    Log {
        /// What each power is multiplied by.
        coefficient: f64,
        /// Above one.
        base: f64,
    },
}

/// The units that follow the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarUnit {
    /// From midnight; several days are counted from 1970-01-01.
    Day,
    /// From Sunday, as `@w` snaps; several weeks are counted from 1970-01-04.
    Week,
    /// From the first of a month; several months are counted from January 1970. A quarter is three, a year twelve.
    Month,
}

impl Bin {
    /// Puts the field into its bucket. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let ahead_ns = self.ahead_ns(env);
        match row.get_name(Name::Known(self.field)) {
            Value::Null => {}
            Value::List(texts) => {
                let binned = texts.iter().map(|text| {
                    let value = self.span.bin(Value::Text(text), ahead_ns, env);
                    value.text(env.bump).unwrap_or(text)
                });
                let list = Value::List(env.bump.alloc_slice_fill_iter(binned));
                row.set(Name::Known(self.target), list);
            }
            single => row.set(Name::Known(self.target), self.span.bin(single, ahead_ns, env)),
        }
        Verdict::Keep
    }

    /// The bucket of a time: its start and its end, which is the start of the next. `None` where the span is one of numbers.
    #[must_use]
    pub fn bucket_ns(&self, time_ns: i64, env: Env<'_>) -> Option<(i64, i64)> {
        self.span.bucket_ahead_ns(time_ns, self.ahead_ns(env), env.zone)
    }

    /// How far ahead of the epoch, or of another bucket's start, the buckets begin.
    fn ahead_ns(&self, env: Env<'_>) -> i64 {
        match (self.span, &self.origin) {
            (Span::Fixed(width_ns), Some(origin)) => origin.ns(env).rem_euclid(width_ns),
            _ => 0,
        }
    }

    /// The width of every bucket; `None` where the calendar, numbers or `now()` decide.
    #[must_use]
    pub fn fixed_span_ns(&self) -> Option<i64> {
        match self.span {
            Span::Fixed(width_ns) if self.origin.is_none() => Some(width_ns),
            Span::Fixed(_) => None,
            Span::Calendar(..) | Span::Linear { .. } | Span::Log { .. } => None,
        }
    }
}

impl Origin {
    fn ns(&self, env: Env<'_>) -> i64 {
        match self {
            Self::At(origin_ns) => *origin_ns,
            Self::Relative(specifier) => {
                let now = time::of_value(Value::Number(env.now_s), env.bump);
                now.and_then(|now_ns| times::relative(now_ns, specifier, env.zone)).unwrap_or(0)
            }
        }
    }
}

/// Longer calendar spans than a Gregorian cycle could leave the calendar.
const MAX_COUNT: i64 = 146_097;

impl Span {
    /// The most units of a calendar span: those of the longest span in years.
    pub(crate) const MOST_UNITS: i64 = 12 * MAX_COUNT;

    /// The span written as `text`; on `_time` (`is_time`) a bare number is seconds. Spans with a unit of time bin any field as
    /// a time.
    ///
    /// # Errors
    /// What is wrong with it, ready for a diagnostic.
    pub fn parse(text: &str, is_time: bool) -> Result<Self, String> {
        if let Some((span, unit)) = text.split_once('@') {
            return Self::parse(span, is_time)?.snapping_to(unit);
        }
        let unit_at = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        let (digits, unit) = text.split_at(unit_at.unwrap_or(text.len()));
        match (unit, is_time) {
            ("", _) if digits.is_empty() => Err("expected a span such as `5m`".to_owned()),
            ("", true) => time_span(digits, "s"),
            ("", false) => linear_span(digits),
            (unit, false) if unit.starts_with("log") => log_span(digits, &unit["log".len()..]),
            (unit, _) => time_span(digits, unit),
        }
    }

    /// The span written with `@unit` behind it: buckets begin where units do anyway, if they are made of whole ones.
    fn snapping_to(self, unit: &str) -> Result<Self, String> {
        let unit = if unit == "w0" { "w" } else { unit };
        let is_made_of = match (self, time_span("", unit)?) {
            (Self::Fixed(width_ns), Self::Fixed(unit_ns)) => width_ns % unit_ns == 0,
            (Self::Calendar(_, own), Self::Calendar(count, other)) => own == other && count == 1,
            _ => false,
        };
        let refusal = || format!("buckets of this span do not begin at each `{unit}`");
        is_made_of.then_some(self).ok_or_else(refusal)
    }

    /// The bucket of one value; the value itself where it has none.
    fn bin<'e>(self, value: Value<'e>, ahead_ns: i64, env: Env<'e>) -> Value<'e> {
        match self {
            Self::Fixed(_) | Self::Calendar(..) => time::of_value(value, env.bump)
                .and_then(|time_ns| self.bucket_ahead_ns(time_ns, ahead_ns, env.zone))
                .map_or(value, |(start_ns, _)| Value::Number(time::seconds(start_ns))),
            Self::Linear { units, decimals } => finite(value)
                .map_or(value, |number| range(linear_bucket(number, units, decimals), env.bump)),
            Self::Log { coefficient, base } => finite(value)
                .filter(|&number| number > 0.0)
                .map_or(value, |number| range(log_bucket(number, coefficient, base), env.bump)),
        }
    }

    /// About how long a bucket is, months being taken as 30 days; 0 where it is one of numbers.
    #[must_use]
    pub fn length_ns(self) -> i64 {
        const DAY_NS: i64 = 24 * 3600 * SECOND_NS;
        match self {
            Self::Fixed(length_ns) => length_ns,
            Self::Calendar(count, unit) => count.saturating_mul(match unit {
                CalendarUnit::Day => DAY_NS,
                CalendarUnit::Week => 7 * DAY_NS,
                CalendarUnit::Month => 30 * DAY_NS,
            }),
            Self::Linear { .. } | Self::Log { .. } => 0,
        }
    }

    /// The bucket of a time, where buckets begin so far ahead of where they usually do.
    fn bucket_ahead_ns(self, time_ns: i64, ahead_ns: i64, zone: &TimeZone) -> Option<(i64, i64)> {
        let (start_ns, end_ns) = self.bucket_ns(time_ns.checked_sub(ahead_ns)?, zone)?;
        Some((start_ns.checked_add(ahead_ns)?, end_ns.checked_add(ahead_ns)?))
    }

    pub(crate) fn bucket_ns(self, time_ns: i64, zone: &TimeZone) -> Option<(i64, i64)> {
        match self {
            Self::Fixed(width_ns) => {
                let start_ns = time_ns.checked_sub(time_ns.rem_euclid(width_ns))?;
                Some((start_ns, start_ns.saturating_add(width_ns)))
            }
            Self::Calendar(count, unit) => calendar_bucket(time_ns, count, unit, zone),
            Self::Linear { .. } | Self::Log { .. } => None,
        }
    }
}

/// A whole number of some unit of time.
fn time_span(digits: &str, unit: &str) -> Result<Span, String> {
    let count: i64 = match digits {
        "" => 1,
        digits => digits
            .parse()
            .map_err(|_| format!("expected a whole number of `{unit}`, found `{digits}`"))?,
    };
    if count == 0 {
        return Err("a span must be longer than zero".to_owned());
    }
    let fixed = |unit_ns: i64| {
        count
            .checked_mul(unit_ns)
            .map(Span::Fixed)
            .ok_or_else(|| format!("the span `{digits}{unit}` is too long"))
    };
    match unit {
        "us" => fixed(1_000),
        "ms" => fixed(1_000_000),
        "cs" => fixed(10_000_000),
        "ds" => fixed(100_000_000),
        "s" | "sec" | "secs" | "second" | "seconds" => fixed(SECOND_NS),
        "m" | "min" | "mins" | "minute" | "minutes" => fixed(60 * SECOND_NS),
        "h" | "hr" | "hrs" | "hour" | "hours" => fixed(3600 * SECOND_NS),
        _ => calendar_span(count, unit),
    }
}

fn calendar_span(count: i64, unit: &str) -> Result<Span, String> {
    let (months_or_days, unit) = match unit {
        "d" | "day" | "days" => (1, CalendarUnit::Day),
        "w" | "week" | "weeks" => (1, CalendarUnit::Week),
        "mon" | "month" | "months" => (1, CalendarUnit::Month),
        "q" | "qtr" | "qtrs" | "quarter" | "quarters" => (3, CalendarUnit::Month),
        "y" | "yr" | "yrs" | "year" | "years" => (12, CalendarUnit::Month),
        unit => {
            return Err(format!(
                "unknown unit of time `{unit}`: expected us, ms, cs, ds, s, m, h, d, w, mon, q or y"
            ));
        }
    };
    match count <= MAX_COUNT {
        true => Ok(Span::Calendar(count * months_or_days, unit)),
        false => Err(format!("the span of {count} is too long")),
    }
}

fn linear_span(digits: &str) -> Result<Span, String> {
    let width: f64 = digits.parse().map_err(|_| format!("expected a number, found `{digits}`"))?;
    let decimals = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
    let units = digits.replace('.', "").parse().unwrap_or(0.0);
    match i32::try_from(decimals) {
        Ok(decimals @ 0..=15) if width > 0.0 => Ok(Span::Linear { units, decimals }),
        _ => Err(format!("expected a width above zero, found `{digits}`")),
    }
}

fn log_span(coefficient: &str, base: &str) -> Result<Span, String> {
    let parse = |text: &str, default| match text {
        "" => Ok(default),
        text => text.parse::<f64>().map_err(|_| format!("expected a number, found `{text}`")),
    };
    let (coefficient, base) = (parse(coefficient, 1.0)?, parse(base, 10.0)?);
    match base > 1.0 && base.is_finite() && (1.0..base).contains(&coefficient) {
        true => Ok(Span::Log { coefficient, base }),
        false => {
            Err("a log span needs a base above 1 and a coefficient from 1 up to it".to_owned())
        }
    }
}

fn calendar_bucket(
    time_ns: i64,
    count: i64,
    unit: CalendarUnit,
    zone: &TimeZone,
) -> Option<(i64, i64)> {
    let time = Timestamp::from_nanosecond(time_ns.into()).ok()?;
    let date = zone.to_datetime(time).date();
    let (first, next) = match unit {
        CalendarUnit::Day => day_bucket(date, count, Date::constant(1970, 1, 1))?,
        CalendarUnit::Week => day_bucket(date, count * 7, Date::constant(1970, 1, 4))?,
        CalendarUnit::Month => month_bucket(date, count)?,
    };
    Some((midnight_ns(first, zone)?, midnight_ns(next, zone)?))
}

/// The bucket of `count` days that holds `date`, counted from `origin`.
fn day_bucket(date: Date, count: i64, origin: Date) -> Option<(Date, Date)> {
    let days = date.duration_since(origin).as_hours() / 24;
    let first = days - days.rem_euclid(count);
    let day = |days: i64| origin.checked_add(SignedDuration::from_hours(days * 24)).ok();
    Some((day(first)?, day(first + count)?))
}

/// The bucket of `count` months that holds `date`, counted from January 1970.
fn month_bucket(date: Date, count: i64) -> Option<(Date, Date)> {
    let months = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
    let first = months - months.rem_euclid(count);
    let month = |months: i64| {
        let year = i16::try_from(1970 + months.div_euclid(12)).ok()?;
        let month = i8::try_from(1 + months.rem_euclid(12)).ok()?;
        Date::new(year, month, 1).ok()
    };
    Some((month(first)?, month(first + count)?))
}

/// The first instant of a local day, which is not midnight where a clock change skips it.
fn midnight_ns(date: Date, zone: &TimeZone) -> Option<i64> {
    let midnight = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    i64::try_from(midnight.as_nanosecond()).ok()
}

/// The edges around `number`. They are multiples of the span's digits, so 0.3 by 0.1 is not 0.30000000000000004.
fn linear_bucket(number: f64, units: f64, decimals: i32) -> (f64, f64) {
    let scale = 10_f64.powi(decimals);
    bucket_at(number, (number * scale / units).floor(), |step| step * units / scale)
}

fn log_bucket(number: f64, coefficient: f64, base: f64) -> (f64, f64) {
    let step = ((number / coefficient).ln() / base.ln()).floor();
    bucket_at(number, step, |step| coefficient * base.powf(step))
}

/// The edges of the bucket that `step` names, moved by one where rounding put `number` outside.
fn bucket_at(number: f64, step: f64, edge: impl Fn(f64) -> f64) -> (f64, f64) {
    let moved = match number {
        number if edge(step + 1.0) <= number => step + 1.0,
        number if edge(step) > number => step - 1.0,
        _ => step,
    };
    (edge(moved), edge(moved + 1.0))
}

fn range<'e>((start, end): (f64, f64), bump: &'e Bump) -> Value<'e> {
    // Adding zero makes a negative zero positive.
    let [start, end] = [start, end].map(|edge| number::print(edge + 0.0, bump));
    let mut text = BumpVec::with_capacity_in(start.len() + 1 + end.len(), bump);
    for piece in [start, b"-", end] {
        text.extend_from_slice_copy(piece);
    }
    Value::Text(text.into_bump_slice())
}

fn finite(value: Value<'_>) -> Option<f64> {
    value.number().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{names::Names, stage::testing::Lab};

    const HOUR_NS: i64 = 3600 * SECOND_NS;

    #[test]
    fn spans_parse_in_every_unit() {
        let fixed = Span::Fixed;
        let calendar = Span::Calendar;
        let cases = [
            ("us", fixed(1_000)),
            ("10ms", fixed(10_000_000)),
            ("1cs", fixed(10_000_000)),
            ("1ds", fixed(100_000_000)),
            ("1s", fixed(SECOND_NS)),
            ("300secs", fixed(300 * SECOND_NS)),
            ("5m", fixed(300 * SECOND_NS)),
            ("5min", fixed(300 * SECOND_NS)),
            ("24h", fixed(24 * HOUR_NS)),
            ("2hours", fixed(2 * HOUR_NS)),
            ("1d", calendar(1, CalendarUnit::Day)),
            ("2weeks", calendar(2, CalendarUnit::Week)),
            ("1mon", calendar(1, CalendarUnit::Month)),
            ("2q", calendar(6, CalendarUnit::Month)),
            ("1y", calendar(12, CalendarUnit::Month)),
        ];
        for (text, span) in cases {
            for is_time in [true, false] {
                assert_eq!(Span::parse(text, is_time), Ok(span), "{text}");
            }
        }
        assert_eq!(Span::parse("60", true), Ok(fixed(60 * SECOND_NS)));
        for (text, plain) in [("1h@h", "1h"), ("5m@m", "5m"), ("2d@d", "2d"), ("1w@w0", "1w")] {
            assert_eq!(Span::parse(text, true), Span::parse(plain, true), "{text}");
        }
        for text in ["1h@d", "7m@h", "1w@w1", "1d@", "1d@x", "@d@d"] {
            assert!(Span::parse(text, true).is_err(), "{text}");
        }
        assert_eq!(Span::parse("60", false), Ok(Span::Linear { units: 60.0, decimals: 0 }));
        assert_eq!(Span::parse("0.25", false), Ok(Span::Linear { units: 25.0, decimals: 2 }));
        assert_eq!(Span::parse("2log5", false), Ok(Span::Log { coefficient: 2.0, base: 5.0 }));
        assert_eq!(Span::parse("log", false), Ok(Span::Log { coefficient: 1.0, base: 10.0 }));
    }

    #[test]
    fn odd_spans_are_refused_with_a_reason() {
        let cases = [
            ("", true, "such as `5m`"),
            ("0s", true, "longer than zero"),
            ("0", true, "longer than zero"),
            ("1.5h", true, "whole number"),
            ("-1s", true, "unknown unit"),
            ("1M", true, "unknown unit of time `M`"),
            ("1h@d", true, "do not begin at each `d`"),
            ("1d@x", true, "unknown unit of time `x`"),
            ("99999999999999999999s", true, "whole number"),
            ("9999999999999s", true, "too long"),
            ("9999999999y", true, "too long"),
            ("2log5", true, "unknown unit"),
            ("0", false, "above zero"),
            ("", false, "such as `5m`"),
            ("1.2.3", false, "a number"),
            ("5log2", false, "base above 1"),
            ("log1", false, "base above 1"),
            ("logx", false, "a number"),
        ];
        for (text, is_time, reason) in cases {
            let refused = Span::parse(text, is_time).expect_err(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }

    fn bin(span: &str, value: &str, zone: &str) -> String {
        let mut lab = Lab::new(&[]);
        lab.zone = TimeZone::get(zone).expect("the zones are bundled");
        let span = Span::parse(span, true).or_else(|_| Span::parse(span, false)).expect("a span");
        let bin = Bin { field: Names::TIME, target: Names::TIME, span, origin: None };
        let mut row = lab.row(&format!("_time={value}"), 0);
        assert_eq!(bin.apply(&mut row, lab.env()), Verdict::Keep);
        lab.show(&row).trim_start_matches("_time=").to_owned()
    }

    #[test]
    fn times_become_the_start_of_their_bucket() {
        let cases = [
            ("1s", "1700000000.9", "1700000000"),
            ("1s", "1700000001.2", "1700000001"),
            ("1s", "1700000000.9999999", "1700000000"),
            ("1s", "1700000301", "1700000301"),
            ("1h", "1700000000.9", "1699999200"),
            ("5m", "1700000000", "1699999800"),
            ("1ms", "1700000000.123", "1700000000.123"),
            ("1ms", "1700000000.1239", "1700000000.123"),
            ("1ds", "1700000000.99", "1700000000.9"),
            ("1s", "-0.5", "-1"),
            ("1m", "-1", "-60"),
            ("1s", "1.7e9", "1700000000"),
            ("1s", "text", "text"),
            ("1s", "1e300", "1e300"),
            ("1d", "1e300", "1e300"),
            ("1s", "1700000000.5|x|1700000001.5", "1700000000|x|1700000001"),
        ];
        for (span, value, expected) in cases {
            assert_eq!(bin(span, value, "UTC"), expected, "bin span={span} {value}");
        }
    }

    #[test]
    fn days_and_longer_follow_the_local_calendar() {
        // 1700000000 is Tuesday 2023-11-14 22:13:20 UTC.
        let cases = [
            ("1d", "UTC", "1700000000", "1699920000"),
            ("1d", "Asia/Tokyo", "1700000000", "1699974000"),
            ("1d", "America/New_York", "1700000000", "1699938000"),
            ("24h", "America/New_York", "1700000000", "1699920000"),
            // The day on which the clocks go back has 25 hours: 2023-11-05 from 04:00 UTC.
            ("1d", "America/New_York", "1699246799", "1699156800"),
            ("1d", "America/New_York", "1699246800", "1699246800"),
            // Midnight of 2023-03-26 does not exist in Beirut; the day starts at one o'clock.
            ("1d", "Asia/Beirut", "1679781600", "1679781600"),
            ("2d", "UTC", "86400", "0"),
            ("2d", "UTC", "172800", "172800"),
            ("1w", "UTC", "1700000000", "1699747200"),
            ("1w", "UTC", "1699747199", "1699142400"),
            ("1mon", "UTC", "1700000000", "1698796800"),
            ("1q", "UTC", "1700000000", "1696118400"),
            ("1y", "UTC", "1700000000", "1672531200"),
            ("1y", "UTC", "-1", "-31536000"),
        ];
        for (span, zone, value, expected) in cases {
            assert_eq!(bin(span, value, zone), expected, "bin span={span} {value} in {zone}");
        }
    }

    #[test]
    fn numbers_become_ranges() {
        let cases = [
            ("10", "5", "0-10"),
            ("10", "10", "10-20"),
            ("10", "19.99", "10-20"),
            ("10", "-5", "-10-0"),
            ("10", "-10", "-10-0"),
            ("10", "-0.0", "0-10"),
            ("0.1", "0.3", "0.3-0.4"),
            ("0.1", "0.35", "0.3-0.4"),
            ("0.25", "1", "1-1.25"),
            ("2.5", "7.4", "5-7.5"),
            ("10", "abc", "abc"),
            ("10", "", ""),
            ("10", "5|15", "0-10|10-20"),
            ("2log5", "1", "0.4-2"),
            ("2log5", "2", "2-10"),
            ("2log5", "50", "50-250"),
            ("log10", "1000", "1000-10000"),
            ("log10", "0", "0"),
            ("log10", "-3", "-3"),
        ];
        for (span, value, expected) in cases {
            let mut lab = Lab::new(&[]);
            let size = lab.names.intern("size");
            let span = Span::parse(span, false).expect("a span");
            let mut row = lab.row(&format!("size={value}"), 0);
            Bin { field: size, target: size, span, origin: None }.apply(&mut row, lab.env());
            assert_eq!(lab.show(&row), format!("size={expected}"), "bin {span:?} {value}");
        }
    }

    #[test]
    fn the_result_may_go_to_another_field() {
        let mut lab = Lab::new(&[]);
        let hour = lab.names.intern("hour");
        let bin =
            Bin { field: Names::TIME, target: hour, span: Span::Fixed(HOUR_NS), origin: None };
        let shown = ["_time=3601.5", "k=a"].map(|fields| {
            let mut row = lab.event(fields);
            bin.apply(&mut row, lab.env());
            lab.show(&row)
        });
        assert_eq!(shown, ["_time=3601.5 hour=3600", "k=a"]);
    }

    #[test]
    fn only_spans_up_to_hours_are_fixed() {
        let cases =
            [("1h", Some(HOUR_NS)), ("24h", Some(24 * HOUR_NS)), ("1d", None), ("1mon", None)];
        for (span, expected) in cases {
            let span = Span::parse(span, true).expect("a span");
            let bin = Bin { field: Names::TIME, target: Names::TIME, span, origin: None };
            assert_eq!(bin.fixed_span_ns(), expected);
        }
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_time_and_meets_the_next(
            time_ns in any::<i64>(),
            span in prop::sample::select(vec!["1us", "7s", "5m", "1h", "1d", "3d", "1w", "1mon", "1q", "1y"]),
            zone in prop::sample::select(vec!["UTC", "Asia/Tokyo", "America/New_York", "America/Sao_Paulo"]),
        ) {
            let zone = TimeZone::get(zone).expect("the zones are bundled");
            let span = Span::parse(span, true).expect("a span");
            // At the ends of the range a bucket may have no edge.
            if let Some((start_ns, end_ns)) = span.bucket_ns(time_ns, &zone) {
                prop_assert!(start_ns <= time_ns);
                prop_assert!(time_ns < end_ns || end_ns == i64::MAX);
                prop_assert_eq!(span.bucket_ns(start_ns, &zone), Some((start_ns, end_ns)));
                if let Some((next_ns, _)) = span.bucket_ns(end_ns, &zone) {
                    prop_assert!(next_ns == end_ns || end_ns == i64::MAX);
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*", span in "[0-9.]{0,3}(log|s|d|y|mon)?[0-9.]{0,3}", is_time: bool) {
            let lab = Lab::new(&[]);
            if let Ok(span) = Span::parse(&span, is_time) {
                span.bin(Value::Text(text.as_bytes()), 0, lab.env());
            }
        }
    }
}

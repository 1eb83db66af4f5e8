//! `bin` without `span`: how wide a bucket is follows from all values.
//!
//! Class: whole window. Times get the shortest usual length, numbers the least power of ten, of which there are no more than
//! `bins` from the least value to the greatest; `start` and `end` widen that range and never narrow it. Decisions where
//! Splunk's manual is silent:
//!
//! - `minspan` is a bound of the width: a time gets the first usual length that is no shorter, a number that very width if no
//!   power of ten below it would do.
//! - Where no row has a value, or all have the same, times are cut into seconds and numbers into ones.

use super::{
    Verdict,
    bin::{Bin, CalendarUnit, Origin, Span},
};
use crate::{
    config::SECOND_NS,
    ids::FieldId,
    names::{Name, Names},
    row::{Env, Row},
};

/// `bin bins=.. minspan=.. start=.. end=.. field AS target`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The field.
    pub field: FieldId,
    /// Where the result goes; the field itself where there is no AS.
    pub target: FieldId,
    /// How many buckets at most.
    pub most: usize,
    /// How wide a bucket is at least.
    pub least: Option<Span>,
    /// Where the numbers begin, if not above.
    pub start: Option<f64>,
    /// Where the numbers end, if not below.
    pub end: Option<f64>,
    /// Where buckets of time begin.
    pub origin: Option<Origin>,
}

impl Fit {
    /// Puts the field of every row into its bucket.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let bin = self.bin(&rows, env);
        rows.retain_mut(|row| bin.apply(row, env) == Verdict::Keep);
        rows
    }

    /// The buckets that fit `rows`.
    #[must_use]
    pub fn bin<'e>(&self, rows: &[Row<'e>], env: Env<'e>) -> Bin {
        let span = match self.field {
            Names::TIME => self.usual_span(rows),
            _ => self.power_of_ten(rows, env),
        };
        Bin { field: self.field, target: self.target, span, origin: self.origin.clone() }
    }

    fn power_of_ten<'e>(&self, rows: &[Row<'e>], env: Env<'e>) -> Span {
        let values = rows.iter().flat_map(|row| {
            let value = row.get_name(Name::Known(self.field));
            value.texts(env.bump).iter().filter_map(|text| crate::expr::number::parse(text))
        });
        let values = values.filter(|number| number.is_finite()).chain(self.start).chain(self.end);
        let (least, greatest) = ends(values);
        #[expect(clippy::cast_precision_loss, reason = "no table has so many buckets")]
        let width = (greatest - least) / self.most as f64;
        let width = if width > 0.0 && width.is_finite() { width } else { 1.0 };
        let exponent = exponent_above(width);
        match self.least {
            Some(least @ Span::Linear { units, decimals })
                if power_of(exponent) < units / power_of(decimals) =>
            {
                least
            }
            _ => linear(exponent),
        }
    }

    /// The shortest usual length of a bucket of time that is long enough and gives few enough of them.
    fn usual_span(&self, rows: &[Row<'_>]) -> Span {
        const LENGTHS_S: &[i64] = &[1, 5, 10, 30, 60, 300, 600, 1_800, 3_600];
        let times = rows.iter().filter_map(|row| row.get_name(Name::Known(Names::TIME)).number());
        let (first_s, last_s) = ends(times);
        let most = f64::from(u32::try_from(self.most).unwrap_or(u32::MAX));
        let least_s = self.least.map_or(0, Span::length_ns) / SECOND_NS;
        #[expect(clippy::cast_precision_loss, reason = "a usual length is far below 2^52 seconds")]
        let fits =
            |length_s: i64| last_s - first_s <= length_s as f64 * most && length_s >= least_s;
        match LENGTHS_S.iter().find(|&&length_s| fits(length_s)) {
            Some(length_s) => Span::Fixed(length_s * SECOND_NS),
            None if fits(24 * 3_600) => Span::Calendar(1, CalendarUnit::Day),
            None => Span::Calendar(1, CalendarUnit::Month),
        }
    }
}

/// The least and the greatest number; the wrong way round where there is none.
fn ends(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((f64::MAX, f64::MIN), |(least, greatest), number| {
        (least.min(number), greatest.max(number))
    })
}

/// The least power of ten that is no less than `width`. Of what is finer than spans are, the finest.
fn exponent_above(width: f64) -> i32 {
    const FINEST: i32 = -15;
    const COARSEST: i32 = 308;
    /// What the difference of two numbers such as 0.26 and 0.25 may be too large by.
    const ROUNDING: f64 = 1.0 + 1e-9;
    let is_wide_enough = |&exponent: &i32| power_of(exponent) * ROUNDING >= width;
    (FINEST..=COARSEST).find(is_wide_enough).unwrap_or(COARSEST)
}

fn power_of(exponent: i32) -> f64 {
    10_f64.powi(exponent)
}

fn linear(exponent: i32) -> Span {
    match exponent {
        0.. => Span::Linear { units: power_of(exponent), decimals: 0 },
        _ => Span::Linear { units: 1.0, decimals: -exponent },
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run_all;

    #[test]
    fn numbers_get_the_least_power_of_ten_that_gives_few_enough_buckets() {
        let rows = ["n=0", "n=5", "n=59", "n=x", "m=1"];
        for (command, expected) in [
            ("bin bins=5 n", "n=0-100 / n=0-100 / n=0-100 / n=x / m=1"),
            ("bin n bins=60", "n=0-1 / n=5-6 / n=59-60 / n=x / m=1"),
            ("bin n bins=12 AS b", "n=0 b=0-10 / n=5 b=0-10 / n=59 b=50-60 / n=x b=x / m=1"),
            ("bin n", "n=0-1 / n=5-6 / n=59-60 / n=x / m=1"),
            ("bin n end=1000", "n=0-10 / n=0-10 / n=50-60 / n=x / m=1"),
            ("bin n end=10 start=3", "n=0-1 / n=5-6 / n=59-60 / n=x / m=1"),
            ("bin n start=-10000 bins=10", "n=0-10000 / n=0-10000 / n=0-10000 / n=x / m=1"),
            ("bin n minspan=20", "n=0-20 / n=0-20 / n=40-60 / n=x / m=1"),
            ("bin n bins=5 minspan=20", "n=0-100 / n=0-100 / n=0-100 / n=x / m=1"),
            ("bin n span=30 bins=99", "n=0-30 / n=0-30 / n=30-60 / n=x / m=1"),
        ] {
            assert_eq!(run_all(command, &rows), expected, "{command}");
        }
        assert_eq!(run_all("bin n", &["n=0.25", "n=0.26"]), "n=0.25-0.2501 / n=0.26-0.2601");
        assert_eq!(run_all("bin n", &["n=7", "n=7"]), "n=7-8 / n=7-8");
        assert_eq!(run_all("bin n", &["n=1e300", "n=-1e300|x"]).split(" / ").count(), 2);
    }

    #[test]
    fn times_get_the_shortest_usual_length_that_gives_few_enough_buckets() {
        let rows = ["_time=1700000000", "_time=1700000907.5"];
        for (command, expected) in [
            ("bin _time", "_time=1700000000 / _time=1700000900"),
            ("bin bins=1", "_time=1699999200 / _time=1699999200"),
            ("bin bins=2 _time", "_time=1699999800 / _time=1700000400"),
            ("bin minspan=2m _time", "_time=1699999800 / _time=1700000700"),
            (
                "bin minspan=2h _time AS d",
                "_time=1700000000 d=1699920000 / _time=1700000907.5 d=1699920000",
            ),
        ] {
            assert_eq!(run_all(command, &rows), expected, "{command}");
        }
    }

    #[test]
    fn buckets_begin_where_they_are_aligned() {
        let rows = ["_time=1700000000", "_time=1700003600"];
        for (command, expected) in [
            ("bin span=1h aligntime=1800 _time", "_time=1699997400 / _time=1700001000"),
            ("bin span=1h aligntime=@d+10m _time", "_time=1699999800 / _time=1700003400"),
            ("bin span=1d aligntime=@d+3h _time", "_time=1699920000 / _time=1699920000"),
            ("bin bins=1 aligntime=60 _time", "_time=1699999260 / _time=1700002860"),
        ] {
            assert_eq!(run_all(command, &rows), expected, "{command}");
        }
    }
}

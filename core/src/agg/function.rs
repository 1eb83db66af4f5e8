//! The names of the functions of `stats`.

use super::Percent;

/// A function of `stats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AggregateFunction {
    /// `count`: events, values or true conditions.
    Count,
    /// `dc`: distinct values.
    DistinctCount,
    /// `estdc_error`: how far off `estdc` is, which is exact.
    EstimateError,
    /// `values`: the distinct values, sorted.
    Values,
    /// `list`: the first hundred values.
    List,
    /// `min`.
    Min,
    /// `max`.
    Max,
    /// `range`: max less min.
    Range,
    /// `sum`.
    Sum,
    /// `sumsq`: the sum of the squares.
    SumOfSquares,
    /// `avg`.
    Mean,
    /// `mode`: the most frequent value.
    Mode,
    /// `median`.
    Median,
    /// `perc95`: on the line between the two nearest numbers.
    Percentile(Percent),
    /// `exactperc95`: the number of the nearest rank.
    ExactPercentile(Percent),
    /// `stdev`: of a sample.
    Stdev,
    /// `stdevp`: of a population.
    StdevP,
    /// `var`: of a sample.
    Var,
    /// `varp`: of a population.
    VarP,
    /// `first`: of the first row, which is the newest event.
    First,
    /// `last`: of the last row, which is the oldest event.
    Last,
    /// `earliest`: at the smallest `_time`.
    Earliest,
    /// `latest`: at the largest `_time`.
    Latest,
    /// `earliest_time`: the smallest `_time` where the field is there.
    EarliestTime,
    /// `latest_time`: the largest `_time` where the field is there.
    LatestTime,
    /// `rate`: the growth a second, from the earliest value to the latest.
    Rate,
}

/// Every name with its function; the first name of a function is the one that we print.
const NAMES: &[(&str, AggregateFunction)] = &[
    ("count", AggregateFunction::Count),
    ("c", AggregateFunction::Count),
    ("dc", AggregateFunction::DistinctCount),
    ("distinct_count", AggregateFunction::DistinctCount),
    ("estdc", AggregateFunction::DistinctCount),
    ("estdc_error", AggregateFunction::EstimateError),
    ("values", AggregateFunction::Values),
    ("list", AggregateFunction::List),
    ("min", AggregateFunction::Min),
    ("max", AggregateFunction::Max),
    ("range", AggregateFunction::Range),
    ("sum", AggregateFunction::Sum),
    ("sumsq", AggregateFunction::SumOfSquares),
    ("avg", AggregateFunction::Mean),
    ("mean", AggregateFunction::Mean),
    ("mode", AggregateFunction::Mode),
    ("median", AggregateFunction::Median),
    ("stdev", AggregateFunction::Stdev),
    ("stdevp", AggregateFunction::StdevP),
    ("var", AggregateFunction::Var),
    ("varp", AggregateFunction::VarP),
    ("first", AggregateFunction::First),
    ("last", AggregateFunction::Last),
    ("earliest", AggregateFunction::Earliest),
    ("latest", AggregateFunction::Latest),
    ("earliest_time", AggregateFunction::EarliestTime),
    ("latest_time", AggregateFunction::LatestTime),
    ("rate", AggregateFunction::Rate),
];

/// The function that a percentage makes of a percentile's name.
type OfPercent = fn(Percent) -> AggregateFunction;

/// The names that a percentage follows, such as `perc95` and `p99.9`.
const PERCENTILES: &[(&str, OfPercent)] = &[
    ("perc", AggregateFunction::Percentile),
    ("p", AggregateFunction::Percentile),
    ("percentile", AggregateFunction::Percentile),
    ("upperperc", AggregateFunction::Percentile),
    ("exactperc", AggregateFunction::ExactPercentile),
];

impl AggregateFunction {
    /// The function called `name`, in any case.
    ///
    /// Unlike Splunk, `estdc` is exact: it is `dc`. `upperperc95` is `perc95`, which is exact up to 16,384 numbers.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let plain = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        plain.map(|&(_, found)| found).or_else(|| {
            let (family, percent) = split_percent(name);
            let make = PERCENTILES.iter().find(|(known, _)| known.eq_ignore_ascii_case(family))?.1;
            Percent::parse(percent).map(make)
        })
    }

    /// Whether `name` is one that a percentage must follow, whatever follows it here.
    #[must_use]
    pub fn wants_percent(name: &str) -> bool {
        let (family, percent) = split_percent(name);
        let is_family = PERCENTILES.iter().any(|(known, _)| known.eq_ignore_ascii_case(family));
        // A `p` alone is no misspelt percentile.
        is_family && (family.len() > 1 || !percent.is_empty())
    }

    /// Every name of every function, but for percentiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|&(name, _)| name)
    }

    /// Its usual name; that of a percentile lacks the percentage.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Percentile(_) => "perc",
            Self::ExactPercentile(_) => "exactperc",
            plain => NAMES.iter().find(|&&(_, known)| known == plain).map_or("", |&(name, _)| name),
        }
    }

    /// Whether it computes with numbers, so that it has no result under `allnum=t` where any value is none.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        match self {
            Self::Range
            | Self::Sum
            | Self::SumOfSquares
            | Self::Mean
            | Self::Median
            | Self::Percentile(_)
            | Self::ExactPercentile(_)
            | Self::Stdev
            | Self::StdevP
            | Self::Var
            | Self::VarP
            | Self::Rate => true,
            Self::Count
            | Self::DistinctCount
            | Self::EstimateError
            | Self::Values
            | Self::List
            | Self::Min
            | Self::Max
            | Self::Mode
            | Self::First
            | Self::Last
            | Self::Earliest
            | Self::Latest
            | Self::EarliestTime
            | Self::LatestTime => false,
        }
    }

    /// Whether it has a result, zero, even where there is nothing to aggregate.
    #[must_use]
    pub fn counts_nothing_as_zero(self) -> bool {
        matches!(self, Self::Count | Self::DistinctCount)
    }

    /// Whether it goes by the `_time` of the rows.
    #[must_use]
    pub fn reads_time(self) -> bool {
        matches!(
            self,
            Self::Earliest | Self::Latest | Self::EarliestTime | Self::LatestTime | Self::Rate
        )
    }
}

/// What stands before the first digit, and from there on.
fn split_percent(name: &str) -> (&str, &str) {
    let digits = name.find(|character: char| character.is_ascii_digit() || character == '.');
    name.split_at(digits.unwrap_or(name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentile(text: &str) -> Option<AggregateFunction> {
        Percent::parse(text).map(AggregateFunction::Percentile)
    }

    #[test]
    fn names_are_found_in_any_case() {
        let cases = [
            ("Count", Some(AggregateFunction::Count)),
            ("C", Some(AggregateFunction::Count)),
            ("DISTINCT_COUNT", Some(AggregateFunction::DistinctCount)),
            ("avg", Some(AggregateFunction::Mean)),
            ("stdevp", Some(AggregateFunction::StdevP)),
            ("perc95", percentile("95")),
            ("Perc99.9", percentile("99.9")),
            ("P5", percentile("5")),
            ("percentile50", percentile("50")),
            ("upperperc50", percentile("50")),
            ("EXACTPERC50", Percent::parse("50").map(AggregateFunction::ExactPercentile)),
            ("perc", None),
            ("perc101", None),
            ("perc9x", None),
            ("sum95", None),
            ("p", None),
            ("", None),
        ];
        for (name, function) in cases {
            assert_eq!(AggregateFunction::parse(name), function, "{name}");
        }
    }

    #[test]
    fn a_percentage_is_missed_where_one_belongs() {
        let cases =
            [("perc", true), ("p101", true), ("Percentile9x", true), ("p", false), ("sum9", false)];
        for (name, wants) in cases {
            assert_eq!(AggregateFunction::wants_percent(name), wants, "{name}");
        }
    }

    #[test]
    fn every_function_reads_back_its_own_name() {
        for &(_, function) in NAMES {
            assert_eq!(AggregateFunction::parse(function.name()), Some(function));
        }
    }
}

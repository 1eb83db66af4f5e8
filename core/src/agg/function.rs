//! The names of the functions of `stats`.

/// A function of `stats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AggregateFunction {
    /// `count`: events, values or true conditions.
    Count,
    /// `dc`: distinct values.
    DistinctCount,
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
}

/// Every name with its function; the first name of a function is the one that we print.
const NAMES: &[(&str, AggregateFunction)] = &[
    ("count", AggregateFunction::Count),
    ("c", AggregateFunction::Count),
    ("dc", AggregateFunction::DistinctCount),
    ("distinct_count", AggregateFunction::DistinctCount),
    ("estdc", AggregateFunction::DistinctCount),
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
];

impl AggregateFunction {
    /// The function called `name`, in any case.
    ///
    /// Unlike Splunk, `estdc` is exact: it is `dc`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, found)| found)
    }

    /// Every name of every function.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|&(name, _)| name)
    }

    /// Its shortest usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|&&(_, function)| function == self).map_or("", |&(name, _)| name)
    }

    /// Whether it has a result, zero, even where there is nothing to aggregate.
    #[must_use]
    pub fn counts_nothing_as_zero(self) -> bool {
        matches!(self, Self::Count | Self::DistinctCount)
    }

    /// Whether it goes by the `_time` of the rows.
    #[must_use]
    pub fn reads_time(self) -> bool {
        matches!(self, Self::Earliest | Self::Latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let cases = [
            ("Count", Some(AggregateFunction::Count)),
            ("C", Some(AggregateFunction::Count)),
            ("DISTINCT_COUNT", Some(AggregateFunction::DistinctCount)),
            ("avg", Some(AggregateFunction::Mean)),
            ("stdevp", Some(AggregateFunction::StdevP)),
            ("perc95", None),
            ("", None),
        ];
        for (name, function) in cases {
            assert_eq!(AggregateFunction::parse(name), function, "{name}");
        }
    }

    #[test]
    fn every_function_reads_back_its_own_name() {
        for &(_, function) in NAMES {
            assert_eq!(AggregateFunction::parse(function.name()), Some(function));
        }
    }
}

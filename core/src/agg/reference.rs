//! What the functions of `stats` give, by example. A test runs the examples, and `docs/stats.md` is made of them.

/// A function of `stats`, under all its names.
#[derive(Debug)]
pub struct Reference {
    /// Its names; where one ends in `<n>`, a percentage stands for that.
    pub names: &'static [&'static str],
    /// What it gives, in a sentence.
    pub about: &'static str,
    /// What it gives, by example.
    pub examples: &'static [Example],
}

/// Rows and what an aggregate makes of them.
#[derive(Debug)]
pub struct Example {
    /// The aggregate, with its new name.
    pub aggregate: &'static str,
    /// The rows in the order of a search, which is newest first: `x=1 y=a`; values of a multivalue are joined by `|`.
    pub rows: &'static [&'static str],
    /// The row that comes of them.
    pub result: &'static str,
}

const fn reference(
    names: &'static [&'static str],
    about: &'static str,
    examples: &'static [Example],
) -> Reference {
    Reference { names, about, examples }
}

const fn example(
    aggregate: &'static str,
    rows: &'static [&'static str],
    result: &'static str,
) -> Example {
    Example { aggregate, rows, result }
}

/// Ten numbers.
const TEN: &[&str] = &["x=1|2|3|4|5|6|7|8|9|10"];

/// Every function.
pub const FUNCTIONS: &[Reference] = &[
    reference(
        &["count", "c"],
        "Rows; of a field, its values; of `eval(condition)`, the rows where it holds.",
        &[
            example("count AS n", &["x=1", "y=1"], "n=2"),
            example("count(x) AS n", &["x=a|b", "x=a", "y=1"], "n=3"),
            example("count(eval(x>1)) AS n", &["x=1", "x=2", "y=1"], "n=1"),
        ],
    ),
    reference(
        &["dc", "distinct_count", "estdc"],
        "How many different values there are; always exact.",
        &[example("dc(x) AS n", &["x=a", "x=b|a", "x=A"], "n=3")],
    ),
    reference(
        &["estdc_error"],
        "How far off `estdc` is: 0, for it is exact.",
        &[example("estdc_error(x) AS n", &["x=a", "x=b"], "n=0")],
    ),
    reference(
        &["values"],
        "The different values in the order of their bytes.",
        &[example("values(x) AS v", &["x=10", "x=9", "x=100", "x=9"], "v=10|100|9")],
    ),
    reference(
        &["list"],
        "The first hundred values, equal ones too, in the order of the rows.",
        &[example("list(x) AS v", &["x=b", "x=a", "x=b|c"], "v=b|a|b|c")],
    ),
    reference(
        &["sum"],
        "The sum of the numbers; texts are left out. It is rounded once, at the end.",
        &[
            example("sum(x) AS s", &["x=1", "x=a", "x=3"], "s=4"),
            example("sum(x) AS s", &["x=1e16", "x=1", "x=-1e16"], "s=1"),
        ],
    ),
    reference(
        &["sumsq"],
        "The sum of the squares of the numbers.",
        &[example("sumsq(x) AS s", &["x=1|2|3"], "s=14")],
    ),
    reference(
        &["avg", "mean"],
        "The mean of the numbers.",
        &[example("avg(x) AS a", &["x=1", "x=2", "x=a"], "a=1.5")],
    ),
    reference(
        &["min"],
        "The least value: the least number if there is one, else the first text by bytes.",
        &[
            example("min(x) AS m", &["x=10", "x=9", "x=a"], "m=9"),
            example("min(x) AS m", &["x=b", "x=B"], "m=B"),
        ],
    ),
    reference(
        &["max"],
        "The greatest value: the greatest number if there is one, else the last text by bytes.",
        &[
            example("max(x) AS m", &["x=10", "x=9", "x=a"], "m=10"),
            example("max(x) AS m", &["x=7.70", "x=0"], "m=7.70"),
        ],
    ),
    reference(
        &["range"],
        "The greatest number less the least.",
        &[example("range(x) AS r", &["x=10", "x=4", "x=6"], "r=6")],
    ),
    reference(
        &["mode"],
        "The most frequent value.",
        &[example("mode(x) AS m", &["x=b", "x=a", "x=b"], "m=b")],
    ),
    reference(
        &["median"],
        "The middle number; between two, their mean, a half being rounded up.",
        &[
            example("median(x) AS m", &["x=1|5|9"], "m=5"),
            example("median(x) AS m", &["x=1|2|3|4"], "m=3"),
        ],
    ),
    reference(
        &["perc<n>", "p<n>", "percentile<n>", "upperperc<n>"],
        "The number below which so many of a hundred lie, on the line between the nearest two. Exact up to 16,384 numbers; beyond, \
         each is known to a share of itself: a thousandth if all lie within eight powers of two, twice that for each \
         doubling of their range.",
        &[
            example("perc50(x) AS p", TEN, "p=5.5"),
            example("p95(x) AS p", TEN, "p=9.55"),
            example("perc99.9(x) AS p", TEN, "p=9.991"),
        ],
    ),
    reference(
        &["exactperc<n>"],
        "The same, but always one of the numbers, and always exact: all are kept.",
        &[example("exactperc50(x) AS p", TEN, "p=6"), example("exactperc95(x) AS p", TEN, "p=10")],
    ),
    reference(
        &["stdev"],
        "The standard deviation of a sample; zero for one number.",
        &[example("stdev(x) AS s", &["x=2|4|6"], "s=2"), example("stdev(x) AS s", &["x=2"], "s=0")],
    ),
    reference(
        &["stdevp"],
        "The standard deviation of a population.",
        &[example("stdevp(x) AS s", &["x=2|4|4|4|5|5|7|9"], "s=2")],
    ),
    reference(
        &["var"],
        "The variance of a sample; zero for one number.",
        &[example("var(x) AS v", &["x=2|4|6"], "v=4")],
    ),
    reference(
        &["varp"],
        "The variance of a population.",
        &[example("varp(x) AS v", &["x=2|4|4|4|5|5|7|9"], "v=4")],
    ),
    reference(
        &["first"],
        "The value in the first row that has one, which is the newest event.",
        &[example("first(x) AS f", &["y=1", "x=b", "x=a"], "f=b")],
    ),
    reference(
        &["last"],
        "The value in the last row that has one, which is the oldest event.",
        &[example("last(x) AS l", &["x=b", "x=a", "y=1"], "l=a")],
    ),
    reference(
        &["earliest"],
        "The value at the smallest `_time`.",
        &[example("earliest(x) AS e", &["_time=3 x=c", "_time=1 x=a", "_time=0 y=1"], "e=a")],
    ),
    reference(
        &["latest"],
        "The value at the largest `_time`.",
        &[example("latest(x) AS l", &["_time=5 y=1", "_time=3 x=c", "_time=1 x=a"], "l=c")],
    ),
    reference(
        &["earliest_time"],
        "The smallest `_time` of the rows that have the field.",
        &[example("earliest_time(x) AS t", &["_time=3 x=c", "_time=1 x=a", "_time=0 y=1"], "t=1")],
    ),
    reference(
        &["latest_time"],
        "The largest `_time` of the rows that have the field.",
        &[example("latest_time(x) AS t", &["_time=5 y=1", "_time=3 x=c", "_time=1 x=a"], "t=3")],
    ),
    reference(
        &["rate"],
        "The latest number less the earliest, a second.",
        &[example("rate(x) AS r", &["_time=10 x=50", "_time=0 x=20"], "r=3")],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agg::AggregateFunction;

    #[test]
    fn every_name_is_explained_once() {
        let mut explained: Vec<_> = FUNCTIONS.iter().flat_map(|entry| entry.names).collect();
        let count = explained.len();
        explained.sort_unstable();
        explained.dedup();
        assert_eq!(explained.len(), count);
        for name in AggregateFunction::names() {
            assert!(explained.contains(&&name), "{name}");
        }
        for name in explained {
            let example = name.replace("<n>", "95");
            assert!(AggregateFunction::parse(&example).is_some(), "{name}");
        }
    }

    #[test]
    fn the_names_of_one_entry_are_one_function() {
        for entry in FUNCTIONS {
            let parse = |name: &&str| AggregateFunction::parse(&name.replace("<n>", "95"));
            let first = entry.names.first().map(parse);
            assert!(entry.names.iter().all(|name| Some(parse(name)) == first), "{:?}", entry.names);
        }
    }
}

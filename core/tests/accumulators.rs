//! Every function of `stats` against a slow reading of its rule, the law that neither order nor splits nor byte forms show,
//! and what becomes of bytes that no accumulator wrote.

use std::collections::{BTreeMap, BTreeSet};

use bumpalo::Bump;
use caltrop_core::{
    agg::{Accumulator, AggregateFunction, KeyHasher, Sample, Store},
    codec::{Malformed, Reader, Writer},
    row::Rank,
    value::Value,
};
use proptest::prelude::*;

use AggregateFunction as F;

const ALL: &[F] = &[
    F::Count,
    F::DistinctCount,
    F::Values,
    F::List,
    F::Min,
    F::Max,
    F::Range,
    F::Sum,
    F::SumOfSquares,
    F::Mean,
    F::Mode,
    F::Median,
    F::Stdev,
    F::StdevP,
    F::Var,
    F::VarP,
    F::First,
    F::Last,
    F::Earliest,
    F::Latest,
    F::EarliestTime,
    F::LatestTime,
    F::Rate,
];

/// Every function, and of the percentiles two whose places a double holds exactly.
fn all() -> impl Iterator<Item = F> {
    let percentiles = ["perc25", "exactperc75"].map(F::parse);
    ALL.iter().copied().chain(percentiles.into_iter().flatten())
}

/// The values of one field of one row.
#[derive(Clone, Debug)]
struct Row {
    texts: Vec<Vec<u8>>,
    rank: Rank,
    time_s: Option<f64>,
}

fn row(texts: Vec<Vec<u8>>, age_ns: i64, offset: u64, time_s: Option<f64>) -> Row {
    Row { texts, rank: Rank { newest_first_ns: age_ns, input: 0, offset, part: 0 }, time_s }
}

fn update<'w>(accumulator: &mut Accumulator<'w>, row: &Row, store: Store<'w>) {
    let scratch = Bump::new();
    let texts: Vec<&[u8]> = row.texts.iter().map(Vec::as_slice).collect();
    Sample::each(Value::from_list(&texts), row.rank, row.time_s, &scratch, |sample| {
        accumulator.update(sample, store);
    });
}

/// The texts of the result of one pass over `rows`, in their order.
fn one_pass(function: F, rows: &[Row]) -> Vec<Vec<u8>> {
    let bump = Bump::new();
    let store = Store::new(&bump, &KeyHasher::random());
    let mut accumulator = Accumulator::new(function, store);
    rows.iter().for_each(|row| update(&mut accumulator, row, store));
    texts_of(&accumulator)
}

fn texts_of(accumulator: &Accumulator<'_>) -> Vec<Vec<u8>> {
    let scratch = Bump::new();
    accumulator.finish(&scratch).texts(&scratch).iter().map(|text| text.to_vec()).collect()
}

/// A value with its number and all that its order may depend on.
#[derive(Clone, Debug)]
struct Seen<'a> {
    text: &'a [u8],
    number: Option<f64>,
    rank: Rank,
    index: usize,
    time_s: Option<f64>,
}

/// The rules of the functions, read as plainly as they can be; exact for small integers only.
fn oracle(function: F, rows: &[Row]) -> Vec<Vec<u8>> {
    let mut seen: Vec<Seen<'_>> = rows
        .iter()
        .flat_map(|row| {
            row.texts.iter().enumerate().map(|(index, text)| Seen {
                text,
                number: Value::Text(text).number().filter(|number| number.is_finite()),
                rank: row.rank,
                index,
                time_s: row.time_s,
            })
        })
        .collect();
    seen.sort_by_key(|seen| (seen.rank, seen.index, seen.text));
    let mut numbers: Vec<f64> = seen.iter().filter_map(|seen| seen.number).collect();
    numbers.sort_by(f64::total_cmp);
    match function {
        F::Count => vec![print(seen.len() as f64)],
        F::DistinctCount => vec![print(distinct(&seen).len() as f64)],
        F::Values => distinct(&seen),
        F::List => seen.iter().take(100).map(|seen| seen.text.to_vec()).collect(),
        F::Mode => mode(&seen),
        F::Min | F::Max => extreme(function, &seen),
        F::First => seen.first().map(|seen| seen.text.to_vec()).into_iter().collect(),
        F::Last => last(&seen),
        F::Earliest | F::Latest => {
            by_time(function, seen).map(|seen| seen.text.to_vec()).into_iter().collect()
        }
        F::EarliestTime => {
            by_time(F::Earliest, seen).and_then(|seen| seen.time_s).map(print).into_iter().collect()
        }
        F::LatestTime => {
            by_time(F::Latest, seen).and_then(|seen| seen.time_s).map(print).into_iter().collect()
        }
        F::Rate => rate(seen).map(print).into_iter().collect(),
        _ => of_numbers(function, &numbers).map(print).into_iter().collect(),
    }
}

fn distinct(seen: &[Seen<'_>]) -> Vec<Vec<u8>> {
    let distinct: BTreeSet<&[u8]> = seen.iter().map(|seen| seen.text).collect();
    distinct.into_iter().map(<[u8]>::to_vec).collect()
}

fn last(seen: &[Seen<'_>]) -> Vec<Vec<u8>> {
    let place = |seen: &Seen<'_>| (seen.rank, seen.index);
    let last = seen.iter().map(place).max();
    // Where rows tie, the lesser bytes stand first already.
    seen.iter()
        .find(|seen| Some(place(seen)) == last)
        .map(|seen| seen.text.to_vec())
        .into_iter()
        .collect()
}

fn mode(seen: &[Seen<'_>]) -> Vec<Vec<u8>> {
    let mut counts = BTreeMap::<&[u8], usize>::new();
    seen.iter().for_each(|seen| *counts.entry(seen.text).or_default() += 1);
    let most = counts.values().max().copied();
    counts
        .iter()
        .find(|(_, count)| Some(**count) == most)
        .map(|(text, _)| text.to_vec())
        .into_iter()
        .collect()
}

fn extreme(function: F, seen: &[Seen<'_>]) -> Vec<Vec<u8>> {
    let mut texts: Vec<&[u8]> = seen.iter().map(|seen| seen.text).collect();
    let mut numbers: Vec<(f64, &[u8])> =
        seen.iter().filter_map(|seen| Some((seen.number?, seen.text))).collect();
    texts.sort();
    numbers.sort_by(|left, right| left.partial_cmp(right).expect("they are finite"));
    let number = match function {
        F::Min => numbers.first().map(|(number, _)| *number),
        _ => numbers.last().map(|(number, _)| *number),
    };
    let text = if function == F::Min { texts.first() } else { texts.last() };
    let spelled = numbers.iter().find(|(other, _)| Some(*other) == number).map(|(_, text)| text);
    spelled.or(text).map(|text| text.to_vec()).into_iter().collect()
}

fn by_time(function: F, mut seen: Vec<Seen<'_>>) -> Option<Seen<'_>> {
    seen.retain(|seen| seen.time_s.is_some());
    let time = |seen: &Seen<'_>| seen.time_s.expect("the others were left out");
    // Both sorts are stable, and what stands first in the search comes first already.
    match function {
        F::Earliest => {
            seen.sort_by_key(|seen| std::cmp::Reverse(seen.rank.newest_first_ns));
            seen.sort_by(|left, right| time(left).total_cmp(&time(right)));
        }
        _ => seen.sort_by(|left, right| time(right).total_cmp(&time(left))),
    }
    seen.into_iter().next()
}

fn rate(seen: Vec<Seen<'_>>) -> Option<f64> {
    let (first, last) = (by_time(F::Earliest, seen.clone())?, by_time(F::Latest, seen)?);
    let seconds = last.time_s? - first.time_s?;
    (seconds > 0.0).then_some((last.number? - first.number?) / seconds)
}

/// The number a quarter of the way, on the line between the two nearest.
fn quarter(numbers: &[f64]) -> f64 {
    let last = numbers.len() - 1;
    let (low, high) = (numbers[last / 4], numbers[last.min(last / 4 + 1)]);
    low + (high - low) * (last % 4) as f64 / 4.0
}

fn of_numbers(function: F, numbers: &[f64]) -> Option<f64> {
    let (first, last) = (numbers.first()?, numbers.last()?);
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let squares: f64 = numbers.iter().map(|number| number * number).sum();
    let variance = |freedom: f64| {
        if count == 1.0 { 0.0 } else { (count * squares - sum * sum) / (count * freedom) }
    };
    Some(match function {
        F::Range => last - first,
        F::Sum => sum,
        F::SumOfSquares => squares,
        F::Mean => sum / count,
        F::Median if numbers.len() % 2 == 1 => numbers[numbers.len() / 2],
        // The mean of two integers is whole or ends in a half, which goes up.
        F::Median => ((numbers[numbers.len() / 2 - 1] + numbers[numbers.len() / 2]) / 2.0).ceil(),
        F::Percentile(_) => quarter(numbers),
        F::ExactPercentile(_) => numbers[numbers.len() * 3 / 4],
        F::Var => variance(count - 1.0),
        F::VarP => variance(count),
        F::Stdev => variance(count - 1.0).sqrt(),
        F::StdevP => variance(count).sqrt(),
        other => panic!("{other:?} is not a function of numbers"),
    })
}

fn print(number: f64) -> Vec<u8> {
    caltrop_core::expr::number::print(number, &Bump::new()).to_vec()
}

fn small_integers() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (-50_i32..50).prop_map(|number| number.to_string().into_bytes()),
        1 => Just(b"abc".to_vec()),
        1 => Just(Vec::new()),
        1 => Just(b"\xff\xfe".to_vec()),
        1 => Just(b"7.0".to_vec()),
    ]
}

fn hostile_texts() -> impl Strategy<Value = Vec<u8>> {
    let odd = [
        "1e308",
        "-1e308",
        "1.7976931348623157e308",
        "5e-324",
        "-5e-324",
        "nan",
        "-inf",
        "0x10",
        "-0",
        "0.1",
        "1e16",
        "1",
    ];
    prop_oneof![
        prop::sample::select(odd.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        any::<f64>().prop_map(|number| format!("{number:e}").into_bytes()),
        (-1000.0..1000.0).prop_map(|number: f64| number.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..4),
    ]
}

fn rows(texts: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Row>> {
    let time = prop_oneof![Just(None), (0..4_i32).prop_map(|time| Some(f64::from(time)))];
    let one = (prop::collection::vec(texts, 0..4), -3..3_i64, 0..20_u64, time)
        .prop_map(|(texts, age_ns, offset, time_s)| row(texts, age_ns, offset, time_s));
    prop::collection::vec(one, 0..80)
}

proptest! {
    #[test]
    fn every_function_does_what_its_rule_says(rows in rows(small_integers())) {
        for function in all() {
            prop_assert_eq!(one_pass(function, &rows), oracle(function, &rows), "{}", function.name());
        }
    }

    #[test]
    fn the_order_of_the_input_never_shows(
        (rows, shuffled) in rows(hostile_texts()).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        for function in all() {
            prop_assert_eq!(one_pass(function, &rows), one_pass(function, &shuffled), "{}", function.name());
        }
    }

    #[test]
    fn any_split_merges_to_what_one_pass_gives(
        rows in rows(hostile_texts()),
        parts in prop::collection::vec(0..4_usize, 80),
        order in Just([0, 1, 2, 3]).prop_shuffle(),
        are_bytes: [bool; 5],
    ) {
        for function in all() {
            let bump = Bump::new();
            let store = Store::new(&bump, &KeyHasher::random());
            let new = || Accumulator::new(function, store);
            let (mut split, mut merged) = ([new(), new(), new(), new()], new());
            let mut parts_as_bytes = Vec::new();
            for (row, &part) in rows.iter().zip(&parts) {
                update(&mut split[part], row, store);
            }
            let passed = |accumulator, is_bytes: bool| {
                if is_bytes { reread(function, &accumulator, store) } else { accumulator }
            };
            for (part, &is_bytes) in split.into_iter().zip(&are_bytes) {
                parts_as_bytes.push(passed(part, is_bytes));
            }
            order.iter().for_each(|&part| merged.merge(&parts_as_bytes[part], store));
            let merged = passed(merged, are_bytes[4]);
            prop_assert_eq!(texts_of(&merged), one_pass(function, &rows), "{}", function.name());
        }
    }

    /// Numbers of 53 bits whose sum a 128-bit integer holds: what it rounds to is what the sum must be.
    #[test]
    fn sums_are_rounded_once(
        parts in prop::collection::vec((-(1_i64 << 53)..(1_i64 << 53), 0..40_u32), 1..60),
    ) {
        let exact: i128 = parts.iter().map(|&(mantissa, shift)| i128::from(mantissa) << shift).sum();
        let scale = (-20_f64).exp2();
        let rows: Vec<Row> = parts
            .iter()
            .map(|&(mantissa, shift)| format!("{:e}", mantissa as f64 * f64::from(shift).exp2() * scale))
            .map(|text| row(vec![text.into_bytes()], 0, 0, None))
            .collect();
        prop_assert_eq!(one_pass(F::Sum, &rows), vec![print(exact as f64 * scale)]);
    }
}

fn bytes_of(accumulator: &Accumulator<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    accumulator.encode(&mut out);
    out.into_bytes()
}

fn read<'w>(function: F, bytes: &[u8], store: Store<'w>) -> Result<Accumulator<'w>, Malformed> {
    let mut reader = Reader::new(bytes);
    let read = Accumulator::new(function, store).restored(&mut reader, store)?;
    reader.end().map(|()| read)
}

/// What is read of the bytes of `accumulator`; to write it again gives the same bytes.
fn reread<'w>(function: F, accumulator: &Accumulator<'_>, store: Store<'w>) -> Accumulator<'w> {
    let bytes = bytes_of(accumulator);
    let read = read(function, &bytes, store).expect("it was written just now");
    assert_eq!(bytes_of(&read), bytes, "{}", function.name());
    read
}

/// Bytes that were written, some of them changed since.
fn mutated(bytes: &[u8], changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for &(at, byte) in changes {
        let length = bytes.len().max(1);
        if let Some(changed) = bytes.get_mut(at % length) {
            *changed = byte;
        }
    }
    bytes.truncate(bytes.len() - cut.min(bytes.len()));
    bytes
}

/// A text of two bytes costs most: a place in a vector that doubled, one in a table, the text itself.
const MOST_MEMORY_A_BYTE: usize = 80;

/// Reads what an enemy wrote: it is refused, or is an accumulator like any other, in bounded memory.
fn read_hostile(function: F, bytes: &[u8], rows: &[Row]) {
    let bump = Bump::new();
    let store = Store::new(&bump, &KeyHasher::random());
    let fresh = bump.allocated_bytes();
    let found = read(function, bytes, store);
    let used = bump.allocated_bytes() - fresh;
    // An arena asks for memory in doubling chunks.
    let most = 2_048 + 2 * MOST_MEMORY_A_BYTE * bytes.len();
    assert!(used <= most, "{} took {used} for {} bytes", function.name(), bytes.len());
    if let Ok(mut accumulator) = found {
        assert_eq!(bytes_of(&accumulator), bytes, "one value has one form");
        rows.iter().for_each(|row| update(&mut accumulator, row, store));
        let mut merged = Accumulator::new(function, store);
        merged.merge(&accumulator, store);
        merged.merge(&accumulator, store);
        texts_of(&merged);
        reread(function, &merged, store);
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_without_harm(
        bytes in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..200),
        rows in rows(hostile_texts()),
    ) {
        all().for_each(|function| read_hostile(function, &bytes, &rows));
    }

    #[test]
    fn changed_bytes_are_read_without_harm(
        rows in rows(hostile_texts()),
        changes in prop::collection::vec((any::<usize>(), prop_oneof![0..4_u8, any::<u8>()]), 0..4),
        cut in prop_oneof![3 => Just(0_usize), 1 => 0..20_usize],
    ) {
        for function in all() {
            let bump = Bump::new();
            let store = Store::new(&bump, &KeyHasher::random());
            let mut accumulator = Accumulator::new(function, store);
            rows.iter().for_each(|row| update(&mut accumulator, row, store));
            read_hostile(function, &mutated(&bytes_of(&accumulator), &changes, cut), &rows);
        }
    }
}

#[test]
fn bytes_that_no_accumulator_wrote_are_refused() {
    let number = |number: f64| number.to_le_bytes().to_vec();
    let place = |index: u8| [&[0; 8][..], &[0, 0, 0, index]].concat();
    let cases: &[(F, Vec<u8>, &str)] = &[
        (F::Count, vec![0xff; 10], "a number is not in its shortest form"),
        (F::Count, [vec![0xff; 7], vec![0x7f]].concat(), "more values were counted than can be"),
        (F::Values, b"\x00\x02\x01a\x01a".to_vec(), "a text comes twice"),
        (F::DistinctCount, b"\x02\x01a\x02a".to_vec(), "a text is cut short"),
        (
            F::DistinctCount,
            b"\x7f\x01a".to_vec(),
            "more items are announced than there are bytes for",
        ),
        (F::Mode, b"\x01\x01a\x00".to_vec(), "a text is there but never came"),
        (F::List, [&[0, 101][..], &[0; 2000]].concat(), "a list is longer than lists are"),
        (
            F::List,
            [&[0, 2][..], &place(1), b"\x01a", &place(0), b"\x01a"].concat(),
            "a list is out of order",
        ),
        (F::Max, [&[1, 1][..], &number(f64::NAN), &[0]].concat(), "a number is not finite"),
        (
            F::Range,
            [&[1][..], &number(2.0), &number(1.0)].concat(),
            "the least number is above the greatest",
        ),
        (F::Sum, [&[0, 1, 0][..], &[0; 8], &[1, 0, 0, 0]].concat(), "nothing sums up to something"),
        (
            F::Var,
            [&[1, 1, 0][..], &[0; 8], &[1, 0, 0, 0], &[0]].concat(),
            "the squares are less than they can be",
        ),
        (F::Median, [&[0, 1][..], &number(f64::INFINITY)].concat(), "a number is not finite"),
        (F::Median, vec![1, 0, 0], "a sketch holds few numbers"),
        (
            F::Latest,
            [&[1][..], &number(f64::NAN), &place(0), &[0]].concat(),
            "a number is not finite",
        ),
        (
            F::First,
            [&[1][..], &number(0.0), &i64::MIN.to_le_bytes(), &[0; 4]].concat(),
            "a time is out of range",
        ),
        (F::Rate, vec![2, 0], "a flag is neither 0 nor 1"),
        (F::Rate, vec![0], "the bytes end too soon"),
        (F::Rate, vec![0, 0, 0], "bytes follow the end"),
    ];
    for (function, bytes, found) in cases {
        let bump = Bump::new();
        let store = Store::new(&bump, &KeyHasher::fixed());
        let error = read(*function, bytes, store).map(|read| texts_of(&read)).unwrap_err();
        assert_eq!(error.to_string(), *found, "{} of {bytes:?}", function.name());
    }
}

fn numbers(texts: &[&str]) -> Vec<Row> {
    texts.iter().map(|text| row(vec![text.as_bytes().to_vec()], 0, 0, None)).collect()
}

#[test]
fn sums_survive_what_would_overflow_or_cancel() {
    let huge = "1.7976931348623157e308";
    let cases: &[(F, &[&str], f64)] = &[
        (F::Sum, &["1e308", "1e308", "-1e308"], 1e308),
        (F::Sum, &["1e308", "1", "-1e308"], 1.0),
        (F::Sum, &["0.1"; 10], 1.0),
        (F::Sum, &["5e-324", "5e-324"], 1e-323),
        (F::Sum, &["1e308", "5e-324", "-1e308"], 5e-324),
        (F::Sum, &[huge, huge], f64::INFINITY),
        (F::Sum, &["-1e308", "-1e308"], f64::NEG_INFINITY),
        (F::Sum, &["1", "-1"], 0.0),
        (F::Sum, &["9007199254740992", "1"], 9_007_199_254_740_992.0),
        (F::Sum, &["9007199254740992", "1", "1e-300"], 9_007_199_254_740_994.0),
        (F::Mean, &[huge, huge], f64::MAX),
        (F::Mean, &["3.99"; 100], 3.99),
        (F::Mean, &["1", "2", "2"], 5.0 / 3.0),
        (F::Mean, &["-1", "-2", "-2"], -5.0 / 3.0),
        (F::Var, &["1000000000000001", "1000000000000002", "1000000000000003"], 1.0),
        (F::VarP, &["0.1", "0.1", "0.1"], 0.0),
        (F::Stdev, &["1e308", "-1e308"], f64::INFINITY),
        (F::SumOfSquares, &["1e-200"], 0.0),
        (F::Median, &[huge, huge], f64::MAX),
        (F::Median, &["-2", "-3"], -2.0),
        (F::parse("perc50").unwrap(), &[huge, "-1.7976931348623157e308"], 0.0),
        (F::Range, &[huge, "-1e308"], f64::INFINITY),
    ];
    for (function, texts, expected) in cases {
        let found = one_pass(*function, &numbers(texts));
        assert_eq!(found, [print(*expected)], "{} of {texts:?}", function.name());
    }
}

#[test]
fn a_stream_that_brings_the_oldest_first_does_not_make_an_arena_grow() {
    let bump = Bump::new();
    let store = Store::new(&bump, &KeyHasher::fixed());
    for function in [F::List, F::First, F::Latest, F::Max] {
        let mut accumulator = Accumulator::new(function, store);
        let mut push = |number: i32| {
            let text = format!("{number:0100}").into_bytes();
            let time_s = Some(f64::from(number));
            update(&mut accumulator, &row(vec![text], i64::from(-number), 0, time_s), store);
        };
        (0..1000).for_each(&mut push);
        let before = bump.allocated_bytes();
        (1000..20_000).for_each(&mut push);
        assert_eq!(bump.allocated_bytes(), before, "{}", function.name());
        let newest = format!("{:0100}", 19_999).into_bytes();
        assert_eq!(texts_of(&accumulator).first(), Some(&newest), "{}", function.name());
    }
}

#[test]
fn list_gives_the_first_hundred_in_the_order_of_the_search() {
    let rows: Vec<Row> = (0..150_i64)
        .map(|number| row(vec![number.to_string().into_bytes()], -number, 0, None))
        .collect();
    let expected: Vec<Vec<u8>> =
        (50..150).rev().map(|number| number.to_string().into_bytes()).collect();
    assert_eq!(one_pass(F::List, &rows), expected);
}

#[test]
fn two_hundred_thousand_distinct_values_are_counted_and_sorted() {
    let rows: Vec<Row> = (0..200_000)
        .map(|number: u32| row(vec![number.to_be_bytes().to_vec()], 0, 0, None))
        .collect();
    assert_eq!(one_pass(F::DistinctCount, &rows), [b"200000"]);
    let values = one_pass(F::Values, &rows);
    assert!(values.is_sorted() && values.len() == 200_000);
}

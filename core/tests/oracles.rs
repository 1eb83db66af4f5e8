//! Commands that look at more than one row, each against a slow reading of its rule over random rows.
//!
//! The oracles keep all rows and look through them anew for each answer; they share no code with the commands. `stats` and its
//! functions have theirs in `accumulators.rs`, windows and late rows in `streaming.rs`, parts that are merged in `merge.rs`.

mod common;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use caltrop_core::{
    compiled::RuleSet,
    config::{Input, Options},
    engine::Engine,
    event::Head,
};
use common::Random;

/// A row: texts by the names of the fields, those of a multivalue joined by bars.
type Row = BTreeMap<String, String>;

/// So many inputs for each command line.
const INPUTS: u64 = 60;

/// Rows newest first, of the fields `a`, `b` and the number `n`, any of which may be absent.
fn rows(random: &mut Random) -> Vec<Row> {
    let mut time_s = 1_000_000;
    let count = random.below(14);
    let rows = (0..count).map(|_| {
        time_s -= random.below(4);
        let mut row = Row::from([("_time".to_owned(), time_s.to_string())]);
        for (name, kinds) in [("a", 3), ("b", 2), ("n", 12)] {
            let value = random.below(kinds);
            if !random.once_in(6) {
                let letter = |value| char::from(b"xyz"[value]).to_string();
                let text = if name == "n" { value.to_string() } else { letter(value) };
                row.insert(name.to_owned(), text);
            }
        }
        row
    });
    rows.collect()
}

/// What the engine makes of rows, in their given order.
fn made(rules: &Arc<RuleSet>, rows: &[Row]) -> Vec<Row> {
    let options = Options { input: Input::Rows, ..Options::default() };
    let mut engine = Engine::new(Arc::clone(rules), options);
    let mut found = Vec::new();
    let mut keep = |alert: &caltrop_core::alert::Alert<'_>| {
        let json: serde_json::Value = serde_json::from_str(&common::json(alert)).expect("JSON");
        let columns = json["row"].as_object().expect("a row").iter();
        found.push(columns.map(|(name, value)| (name.clone(), text(value))).collect());
    };
    for (row, offset) in rows.iter().zip(0..) {
        let mut json = serde_json::json!(row);
        json["_time"] = row["_time"].parse::<i64>().expect("a whole second").into();
        let head = Head { offset, ..Head::default() };
        engine.push(json.to_string().as_bytes(), head, &mut keep);
    }
    engine.finish(&mut keep);
    found
}

fn text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    }
}

/// Asks the engine and the oracle about many inputs.
fn check(spl: &str, oracle: impl Fn(&[Row]) -> Vec<Row>) {
    let rules = common::searches(&[format!("| {spl}")]);
    let mut results = 0;
    for seed in 0..INPUTS {
        let rows = rows(&mut Random(seed));
        let expected = oracle(&rows);
        assert_eq!(made(&rules, &rows), expected, "{spl}, seed {seed}, of {rows:#?}");
        results += expected.len();
    }
    assert!(results > 30, "{spl}: {results} rows prove nothing");
}

fn number(row: &Row, name: &str) -> Option<i64> {
    row.get(name)?.parse().ok()
}

fn with(mut row: Row, columns: &[(&str, Option<String>)]) -> Row {
    for (name, value) in columns {
        if let Some(value) = value {
            row.insert((*name).to_owned(), value.clone());
        }
    }
    row
}

#[test]
fn head_tail_and_reverse() {
    check("head 4", |rows| rows[..rows.len().min(4)].to_vec());
    check("tail 4", |rows| rows.iter().rev().take(4).cloned().collect());
    check("reverse", |rows| rows.iter().rev().cloned().collect());
    check("head (n>2) limit=5", |rows| {
        let holds = |row: &&Row| number(row, "n").is_some_and(|n| n > 2);
        rows.iter().take_while(holds).take(5).cloned().collect()
    });
}

/// Absent values come last in either direction.
fn compared<T: Ord>(left: Option<T>, right: Option<T>, is_descending: bool) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) if is_descending => right.cmp(&left),
        (Some(left), Some(right)) => left.cmp(&right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}

/// `- n, + a`, by moving each row before all that are greater.
fn sorted(rows: &[Row]) -> Vec<Row> {
    let order = |left: &Row, right: &Row| {
        compared(number(left, "n"), number(right, "n"), true)
            .then_with(|| compared(left.get("a"), right.get("a"), false))
    };
    let mut sorted: Vec<Row> = Vec::new();
    for row in rows {
        let at = sorted.iter().position(|other| order(other, row) == Ordering::Greater);
        sorted.insert(at.unwrap_or(sorted.len()), row.clone());
    }
    sorted
}

#[test]
fn sort() {
    check("sort 0 - n, + a", sorted);
    check("sort 3 - n, + a", |rows| sorted(rows).into_iter().take(3).collect());
}

/// How a `dedup` is written.
#[derive(Clone, Copy, Debug)]
struct Dedup {
    limit: usize,
    keeps_events: bool,
    keeps_empty: bool,
    is_consecutive: bool,
}

impl Dedup {
    fn spl(self) -> String {
        let Self { limit, keeps_events, keeps_empty, is_consecutive } = self;
        format!(
            "dedup {limit} a b keepevents={keeps_events} keepempty={keeps_empty} consecutive={is_consecutive}"
        )
    }

    fn of(self, rows: &[Row]) -> Vec<Row> {
        let key = |row: &Row| Some((row.get("a")?.clone(), row.get("b")?.clone()));
        let mut kept = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let Some(own) = key(row) else {
                kept.extend(self.keeps_empty.then(|| row.clone()));
                continue;
            };
            let before = rows[..at].iter().rev().filter_map(key);
            let earlier = match self.is_consecutive {
                true => before.take_while(|other| *other == own).count(),
                false => before.filter(|other| *other == own).count(),
            };
            let mut row = row.clone();
            if earlier >= self.limit {
                row.retain(|name, _| self.keeps_events && !["a", "b"].contains(&name.as_str()));
            }
            kept.extend((!row.is_empty()).then_some(row));
        }
        kept
    }
}

#[test]
fn dedup() {
    for bits in 0..8 {
        let [keeps_events, keeps_empty, is_consecutive] = [1, 2, 4].map(|bit| bits & bit != 0);
        for limit in [1, 2] {
            let dedup = Dedup { limit, keeps_events, keeps_empty, is_consecutive };
            check(&dedup.spl(), |rows| dedup.of(rows));
        }
    }
    let one = Dedup { limit: 1, keeps_events: false, keeps_empty: false, is_consecutive: false };
    check("dedup a b sortby -n, +a", |rows| one.of(&sorted(rows)));
}

/// `count sum(n) AS s dc(a) AS d` of some rows.
fn columns(group: &[&Row]) -> [(&'static str, Option<String>); 3] {
    let numbers: Vec<i64> = group.iter().filter_map(|row| number(row, "n")).collect();
    let distinct: BTreeSet<&String> = group.iter().filter_map(|row| row.get("a")).collect();
    let sum = (!numbers.is_empty()).then(|| numbers.iter().sum::<i64>().to_string());
    [("count", Some(group.len().to_string())), ("s", sum), ("d", Some(distinct.len().to_string()))]
}

#[test]
fn eventstats() {
    check("eventstats count sum(n) AS s dc(a) AS d BY b", |rows| {
        let of = |row: &Row| {
            let Some(b) = row.get("b") else { return row.clone() };
            let group: Vec<&Row> = rows.iter().filter(|other| other.get("b") == Some(b)).collect();
            with(row.clone(), &columns(&group))
        };
        rows.iter().map(of).collect()
    });
}

/// How a `streamstats` is written.
#[derive(Clone, Copy, Debug)]
struct Streamstats {
    window: usize,
    includes_current: bool,
    is_global: bool,
}

impl Streamstats {
    fn spl(self) -> String {
        let Self { window, includes_current, is_global } = self;
        format!(
            "streamstats window={window} current={includes_current} global={is_global} count sum(n) AS s dc(a) AS d BY b"
        )
    }

    fn of(self, rows: &[Row]) -> Vec<Row> {
        (0..rows.len()).map(|at| with(rows[at].clone(), &self.columns(rows, at))).collect()
    }

    fn columns(self, rows: &[Row], at: usize) -> Vec<(&'static str, Option<String>)> {
        let Some(b) = rows[at].get("b") else { return Vec::new() };
        let seen = &rows[..at + usize::from(self.includes_current)];
        let is_in_group = |row: &&Row| row.get("b") == Some(b);
        let most = if self.window == 0 { usize::MAX } else { self.window };
        let grouped = seen.iter().rev().filter(|row| row.contains_key("b"));
        let group: Vec<&Row> = match self.is_global {
            true => grouped.take(most).filter(is_in_group).collect(),
            false => grouped.filter(is_in_group).take(most).collect(),
        };
        columns(&group).into()
    }
}

#[test]
fn streamstats() {
    for window in [0, 1, 3] {
        for bits in 0..4 {
            let [includes_current, is_global] = [1, 2].map(|bit| bits & bit != 0);
            let streamstats = Streamstats { window, includes_current, is_global };
            check(&streamstats.spl(), |rows| streamstats.of(rows));
        }
    }
}

/// How often each value of `a` is there with each of `b`, the most frequent first, at most two for each `b`.
fn ranked(rows: &[Row], is_rare: bool) -> Vec<Row> {
    let mut counts: BTreeMap<(&String, &String), i64> = BTreeMap::new();
    for row in rows {
        if let (Some(b), Some(a)) = (row.get("b"), row.get("a")) {
            *counts.entry((b, a)).or_default() += 1;
        }
    }
    let groups: BTreeSet<&String> = counts.keys().map(|(b, _)| *b).collect();
    let of_group = |group| {
        let mut of: Vec<_> = counts.iter().filter(|((b, _), _)| *b == group).collect();
        of.sort_by_key(|((_, a), count)| (if is_rare { **count } else { -**count }, *a));
        of.into_iter().take(2).map(|((b, a), count)| {
            let columns = [("b", (*b).clone()), ("a", (*a).clone()), ("count", count.to_string())];
            columns.map(|(name, value)| (name.to_owned(), value)).into()
        })
    };
    groups.into_iter().flat_map(of_group).collect()
}

#[test]
fn top_and_rare() {
    check("top 2 a showperc=f BY b", |rows| ranked(rows, false));
    check("rare a limit=2 showperc=f BY b", |rows| ranked(rows, true));
}

#[test]
fn chart() {
    check("chart limit=0 usenull=f sum(n) OVER a BY b", |rows| {
        let [sides, tops] = ["a", "b"].map(|name| {
            let summed = |row: &&Row| row.contains_key("a") && row.contains_key("b");
            let texts = rows.iter().filter(summed).filter_map(|row| row.get(name));
            texts.cloned().collect::<BTreeSet<_>>()
        });
        let cell = |a: &String, b: &String| {
            let is_in = |row: &&Row| row.get("a") == Some(a) && row.get("b") == Some(b);
            columns(&rows.iter().filter(is_in).collect::<Vec<_>>())[1].1.clone()
        };
        let line = |a: &String| {
            let cells = tops.iter().filter_map(|b| Some((b.clone(), cell(a, b)?)));
            cells.chain([("a".to_owned(), a.clone())]).collect()
        };
        sides.iter().map(line).collect()
    });
}

#[test]
fn mvcombine() {
    check("fields - _time | fields a b | mvcombine a", |rows| {
        let mut combined: Vec<Row> = Vec::new();
        for row in rows {
            let mut row = row.clone();
            row.retain(|name, _| name == "a" || name == "b");
            let is_alike = |other: &&mut Row| {
                row.contains_key("a") && other.contains_key("a") && other.get("b") == row.get("b")
            };
            match combined.iter_mut().find(is_alike) {
                Some(first) => {
                    let gathered = format!("{}|{}", first["a"], row["a"]);
                    first.insert("a".to_owned(), gathered);
                }
                None => combined.push(row),
            }
        }
        combined
    });
}

/// The rows of `transaction a`, newest first: a pause of more than two seconds, or a fourth row, begins another.
fn transactions(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut all: Vec<Vec<&Row>> = Vec::new();
    for row in rows.iter().filter(|row| row.contains_key("a")) {
        let of_it = all.iter_mut().rev().find(|other| other[0].get("a") == row.get("a"));
        let fits = |open: &Vec<&Row>| {
            let oldest = open.last().and_then(|row| number(row, "_time"));
            open.len() < 3 && oldest.zip(number(row, "_time")).is_some_and(|(a, b)| a - b <= 2)
        };
        match of_it {
            Some(open) if fits(open) => open.push(row),
            _ => all.push(vec![row]),
        }
    }
    all
}

#[test]
fn transaction() {
    let spl = "transaction a maxpause=2s maxevents=3 | table _time a eventcount duration";
    check(spl, |rows| {
        let of = |events: Vec<&Row>| {
            let [newest, oldest] = [events[0], events[events.len() - 1]]
                .map(|row| number(row, "_time").expect("every row has one"));
            let columns = [
                ("_time", oldest.to_string()),
                ("a", events[0]["a"].clone()),
                ("eventcount", events.len().to_string()),
                ("duration", (newest - oldest).to_string()),
            ];
            columns.map(|(name, value)| (name.to_owned(), value)).into()
        };
        transactions(rows).into_iter().map(of).collect()
    });
}

/// What a `streamstats` of sums looks at: the rows of the group up to this one, of which `is_near` takes some.
fn streamed(rows: &[Row], at: usize, is_near: impl Fn(usize) -> bool) -> Row {
    let Some(b) = rows[at].get("b") else { return rows[at].clone() };
    let group: Vec<&Row> = (0..=at)
        .filter(|&earlier| rows[earlier].get("b") == Some(b) && is_near(earlier))
        .map(|earlier| &rows[earlier])
        .collect();
    with(rows[at].clone(), &columns(&group))
}

#[test]
fn streamstats_over_a_length_of_time() {
    for seconds in [1, 3, 100] {
        let spl = format!("streamstats time_window={seconds}s count sum(n) AS s dc(a) AS d BY b");
        check(&spl, |rows| {
            let time_s = |at: usize| number(&rows[at], "_time").expect("every row has one");
            let of = |at| streamed(rows, at, |earlier| time_s(earlier) - time_s(at) < seconds);
            (0..rows.len()).map(of).collect()
        });
    }
}

#[test]
fn streamstats_that_begins_anew() {
    let holds = |row: &Row| number(row, "n").is_some_and(|n| n > 7);
    // From which row on the rows count, at each row.
    let check_resets = |options: &str, resets: &dyn Fn(&[Row], usize) -> bool| {
        check(&format!("streamstats {options} count sum(n) AS s dc(a) AS d BY b"), |rows| {
            let of = |at: usize| {
                let first = (0..=at).rev().find(|&at| resets(rows, at)).unwrap_or_default();
                streamed(rows, at, |earlier| earlier >= first)
            };
            (0..rows.len()).map(of).collect()
        });
    };
    check_resets("reset_before=(n>7)", &|rows, at| holds(&rows[at]));
    check_resets("reset_after=(n>7)", &|rows, at| at > 0 && holds(&rows[at - 1]));
    check_resets("reset_on_change=t", &|rows, at| {
        // Rows without the field are in no group, and change nothing.
        let before = rows[..at].iter().rev().find_map(|row| row.get("b"));
        rows[at].get("b").is_some_and(|b| before.is_some_and(|before| before != b))
    });
}

#[test]
fn timechart() {
    check("timechart span=2s limit=0 usenull=f sum(n) BY b", |rows| {
        let bucket = |row: &Row| number(row, "_time").expect("every row has one") / 2 * 2;
        let shown: Vec<&Row> = rows.iter().filter(|row| row.contains_key("b")).collect();
        let times = shown.iter().map(|row| bucket(row));
        let Some((first, last)) = times.clone().min().zip(times.max()) else { return Vec::new() };
        let tops: BTreeSet<&String> = shown.iter().filter_map(|row| row.get("b")).collect();
        let line = |start: i64| {
            let cell = |b: &String| {
                let is_in = |row: &&&Row| row.get("b") == Some(b) && bucket(row) == start;
                columns(&shown.iter().filter(is_in).copied().collect::<Vec<_>>())[1].1.clone()
            };
            let cells = tops.iter().filter_map(|b| Some(((*b).clone(), cell(b)?)));
            cells.chain([("_time".to_owned(), start.to_string())]).collect()
        };
        (first..=last).step_by(2).map(line).collect()
    });
}

/// Of each transaction its oldest time, how many events it has and how long it took.
fn told(transactions: &[Vec<&Row>]) -> Vec<Row> {
    let of = |events: &Vec<&Row>| {
        let [newest, oldest] = [events[0], events[events.len() - 1]]
            .map(|row| number(row, "_time").expect("every row has one"));
        let columns = [
            ("_time", oldest.to_string()),
            ("eventcount", events.len().to_string()),
            ("duration", (newest - oldest).to_string()),
        ];
        columns.map(|(name, value)| (name.to_owned(), value)).into()
    };
    transactions.iter().map(of).collect()
}

#[test]
fn transaction_over_a_length_of_time() {
    check("transaction a maxspan=3s | table _time eventcount duration", |rows| {
        let mut all: Vec<Vec<&Row>> = Vec::new();
        for row in rows.iter().filter(|row| row.contains_key("a")) {
            let open = all.iter_mut().rev().find(|open| open[0].get("a") == row.get("a"));
            let span = |open: &&mut Vec<&Row>| {
                number(open[0], "_time").zip(number(row, "_time")).map(|(new, old)| new - old)
            };
            match open.filter(|open| span(open) <= Some(3)) {
                Some(open) => open.push(row),
                None => all.push(vec![row]),
            }
        }
        told(&all)
    });
}

#[test]
fn transaction_between_borders() {
    let spl = "transaction a unifyends=t startswith=eval(n<6) endswith=eval(n>6) | table _time eventcount duration";
    check(spl, |rows| {
        let mut open: BTreeMap<&String, Vec<&Row>> = BTreeMap::new();
        let mut closed: Vec<Vec<&Row>> = Vec::new();
        // The rows go back in time: the end comes first, and what had another end later has no start.
        for row in rows {
            let Some(a) = row.get("a") else { continue };
            if number(row, "n").is_some_and(|n| n > 6) {
                open.insert(a, vec![row]);
            } else if let Some(events) = open.get_mut(a) {
                events.push(row);
                if number(row, "n").is_some_and(|n| n < 6) {
                    closed.extend(open.remove(a));
                }
            }
        }
        let place = |events: &Vec<&Row>| rows.iter().position(|row| std::ptr::eq(row, events[0]));
        closed.sort_by_key(place);
        told(&closed)
    });
}

#[test]
fn transaction_with_a_pause_beside_its_borders() {
    let spl = "transaction b unifyends=t maxpause=3s startswith=eval(n<5) endswith=eval(n>4) | table _time eventcount duration";
    check(spl, |rows| paused(rows, true));
    let spl = "transaction b unifyends=t maxpause=3s startswith=eval(n<5) | table _time eventcount duration";
    check(spl, |rows| paused(rows, false));
}

/// The transactions of each `b` from an end, or from any row, back to a start. A pause of more than three seconds, or another end, takes
/// away what has no start by then.
fn paused(rows: &[Row], needs_end: bool) -> Vec<Row> {
    let mut open: BTreeMap<&String, Vec<&Row>> = BTreeMap::new();
    let mut closed: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        let Some(b) = row.get("b") else { continue };
        let is_end = needs_end && number(row, "n").is_some_and(|n| n > 4);
        let last = open.get(b).and_then(|events| number(events[events.len() - 1], "_time"));
        let pause = last.zip(number(row, "_time")).map(|(newer, older)| newer - older);
        if is_end || pause.is_some_and(|pause| pause > 3) {
            open.remove(b);
        }
        if is_end || !needs_end || open.contains_key(b) {
            open.entry(b).or_default().push(row);
            if number(row, "n").is_some_and(|n| n < 5) {
                closed.extend(open.remove(b));
            }
        }
    }
    let place = |events: &Vec<&Row>| rows.iter().position(|row| std::ptr::eq(row, events[0]));
    closed.sort_by_key(place);
    told(&closed)
}

#[test]
fn multivalues() {
    // `b` becomes all letters of the rows of one `a`.
    let gathered = |rows: &[Row]| {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.contains_key("a")) {
            groups.entry(row["a"].clone()).or_default().extend(row.get("b").cloned());
        }
        groups
    };
    let row = |columns: &[(&str, String)]| {
        columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Row>()
    };
    check("stats list(b) AS l BY a | mvexpand l", |rows| {
        let of = |(a, letters): (String, Vec<String>)| {
            let alone = letters.is_empty().then(|| row(&[("a", a.clone())]));
            let each = letters.into_iter().map(|letter| row(&[("a", a.clone()), ("l", letter)]));
            each.chain(alone).collect::<Vec<_>>()
        };
        gathered(rows).into_iter().flat_map(of).collect()
    });
    check("stats list(b) AS l BY a | where l=\"x\" | table a", |rows| {
        let has_x = |(_, letters): &(String, Vec<String>)| letters.iter().any(|it| it == "x");
        gathered(rows).into_iter().filter(has_x).map(|(a, _)| row(&[("a", a)])).collect()
    });
    check("stats list(b) AS l BY a | search l!=x | table a", |rows| {
        let other = |(_, letters): &(String, Vec<String>)| letters.iter().any(|it| it != "x");
        gathered(rows).into_iter().filter(other).map(|(a, _)| row(&[("a", a)])).collect()
    });
    check("stats list(b) AS l BY a | stats count BY l", |rows| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for letter in gathered(rows).into_values().flatten() {
            *counts.entry(letter).or_default() += 1;
        }
        let of =
            |(letter, count): (String, usize)| row(&[("l", letter), ("count", count.to_string())]);
        counts.into_iter().map(of).collect()
    });
}

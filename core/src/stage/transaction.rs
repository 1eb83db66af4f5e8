//! `transaction`: events that belong together, as one row.
//!
//! Class: ordered. The rows must come newest first, as a search gives them: so `endswith` opens a transaction and `startswith` closes it.
//! Memory is the rows of the window and a few words for each.
//!
//! Which transaction an event joins: the latest used of those that are open and differ from it in no field. With `connected=t` it must
//! share a field with it, unless it has none to share. An event without any of the fields is in no transaction (an orphan), as is one
//! that may open none because it is not what `endswith` asks for; a border without any of the fields takes part all the same, unless
//! `unifyends=t`.
//!
//! Decisions where Splunk's manual is silent:
//!
//! - A transaction is closed (`closed_txn=1`) by `maxspan`, `maxpause` or `maxevents` where there are no borders, by its `startswith`,
//!   and, where only `endswith` is asked for, by the next `endswith` or the end of the rows. Where there are borders the others are
//!   evicted; without borders the end of the rows leaves it open, and it is a result all the same.
//! - Transactions come out in the order of their newest events. Their rows are told oldest first: `_raw` is joined by line feeds, and
//!   `mvlist` lists values so.
//! - The fields are compared as they are, a multivalue as a whole.
//! - More than `maxopentxn` (5,000) open transactions, or `maxopenevents` (100,000) events in them, evict the one that was least recently
//!   used. Where several fields are only partly there, at most [`MAX_CANDIDATES`] transactions are looked at.
//! - `mvlist` writes `nullstr` where an event lacks a field, up to [`MAX_PLACES`] of a transaction; beyond that such places are left out.

use std::collections::BTreeMap;

use bumpalo::{Bump, collections::Vec as BumpVec};
use hashbrown::HashMap;

use super::stats::by_value;
use crate::{
    agg::{KeyHasher, encode_key},
    codec::Malformed,
    compiled::form::{Form, Loader, Saver, forms},
    config::SECOND_NS,
    expr::{
        program::{Expr, Scope},
        search::Search,
    },
    ids::FieldId,
    names::{Name, Names},
    row::{Cell, Env, Fields, Row},
    value::Value,
};

/// How many open transactions an event is compared with at most.
pub const MAX_CANDIDATES: usize = 100;

/// How many values and places of one transaction are listed with `nullstr`.
pub const MAX_PLACES: usize = 1_000_000;

/// `transaction fields options`.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The fields whose values its events share.
    pub fields: Box<[FieldId]>,
    /// What its first event satisfies.
    pub starts_with: Option<Border>,
    /// What its last event satisfies.
    pub ends_with: Option<Border>,
    /// How far its events are apart at most.
    pub max_span_ns: Option<i64>,
    /// How far neighbours are apart at most.
    pub max_pause_ns: Option<i64>,
    /// How many events it has at most.
    pub max_events: Option<usize>,
    /// How many transactions are open at most.
    pub max_open: usize,
    /// How many events open transactions have at most.
    pub max_open_events: usize,
    /// `connected=t`: an event must share a field with the transaction that it joins.
    pub is_connected: bool,
    /// `unifyends=t`: a border must have one of the fields, too.
    pub unifies_ends: bool,
    /// `keepevicted=t`: those that were not closed are results, too.
    pub keeps_evicted: bool,
    /// `keeporphans=t`: events in no transaction are results, too.
    pub keeps_orphans: bool,
    /// `mvlist`: which fields list the values of all events.
    pub lists: Lists,
    /// `mvraw=t`: `_raw` is a multivalue.
    pub lists_raw: bool,
    /// `nullstr`.
    pub null_text: Box<[u8]>,
    /// The columns that it adds.
    pub columns: Columns,
}

/// What a border satisfies.
#[derive(Clone, Debug)]
pub enum Border {
    /// A search.
    Search(Search),
    /// `eval(expr)`.
    Eval(Expr),
}

/// Which fields list the values of all events, and not the distinct ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lists {
    /// None.
    None,
    /// These.
    Of(Box<[FieldId]>),
    /// All.
    All,
}

/// The names of the columns that a transaction adds.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    duration: FieldId,
    event_count: FieldId,
    closed: FieldId,
    field_match_sum: FieldId,
    line_count: FieldId,
    orphan: FieldId,
}

impl Transaction {
    /// A transaction of everything, with Splunk's limits.
    #[must_use]
    pub fn new(names: &mut Names) -> Self {
        Self {
            fields: Box::default(),
            starts_with: None,
            ends_with: None,
            max_span_ns: None,
            max_pause_ns: None,
            max_events: Some(1_000),
            max_open: 5_000,
            max_open_events: 100_000,
            is_connected: true,
            unifies_ends: false,
            keeps_evicted: false,
            keeps_orphans: false,
            lists: Lists::None,
            lists_raw: false,
            null_text: (*b"NULL").into(),
            columns: Columns {
                duration: names.intern("duration"),
                event_count: names.intern("eventcount"),
                closed: names.intern("closed_txn"),
                field_match_sum: names.intern("field_match_sum"),
                line_count: names.intern("linecount"),
                orphan: names.intern("_txn_orphan"),
            },
        }
    }

    /// The transactions of `rows`, which are in the order of the search.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut run = Run::new(self, env);
        rows.into_iter().for_each(|row| run.take(row));
        run.finish()
    }

    fn has_borders(&self) -> bool {
        self.starts_with.is_some() || self.ends_with.is_some()
    }

    /// What becomes of a transaction that nothing more can join.
    fn is_result(&self, group: &Group<'_>) -> bool {
        group.is_closed || self.keeps_evicted || (!self.has_borders() && !group.is_evicted)
    }
}

impl Border {
    fn holds<'e>(&self, row: &Row<'e>, env: Env<'e>) -> bool {
        match self {
            Self::Search(search) => search.test(row, env),
            Self::Eval(expr) => expr.test(&Scope { fields: row, env }) == Some(true),
        }
    }
}

/// A transaction, open or not.
struct Group<'e> {
    rows: Vec<Row<'e>>,
    /// The value of each field, once an event had it.
    keys: Vec<Option<&'e [u8]>>,
    /// The least and the greatest time, and that of the last event.
    times_s: Option<(f64, f64, f64)>,
    matches: usize,
    /// When it was last used.
    turn: u64,
    is_closed: bool,
    is_evicted: bool,
}

/// What a row gives, in the order of the output.
enum Outcome<'e> {
    Orphan(Row<'e>),
    Group(Group<'e>),
}

/// The way through the rows.
struct Run<'p, 'e> {
    plan: &'p Transaction,
    env: Env<'e>,
    outcomes: Vec<Outcome<'e>>,
    /// Open transactions, the least recently used first.
    open: BTreeMap<u64, usize>,
    /// Open and closed ones by the number of a field and its value, the newest last. Closed ones are swept out when met.
    by_value: HashMap<(usize, &'e [u8]), Vec<usize>, KeyHasher>,
    /// Those that have all fields, by all values.
    by_values: HashMap<&'e [u8], usize, KeyHasher>,
    open_events: usize,
    turns: u64,
}

impl<'p, 'e> Run<'p, 'e> {
    fn new(plan: &'p Transaction, env: Env<'e>) -> Self {
        Self {
            plan,
            env,
            outcomes: Vec::new(),
            open: BTreeMap::new(),
            by_value: HashMap::default(),
            by_values: HashMap::default(),
            open_events: 0,
            turns: 0,
        }
    }

    fn take(&mut self, row: Row<'e>) {
        let holds = |border: &Option<Border>| {
            border.as_ref().is_some_and(|border| border.holds(&row, self.env))
        };
        let (starts, ends) = (holds(&self.plan.starts_with), holds(&self.plan.ends_with));
        let keys = self.keys(&row);
        let has_key = keys.is_empty() || keys.iter().any(Option::is_some);
        if !has_key && (self.plan.unifies_ends || !(starts || ends)) {
            return self.outcomes.push(Outcome::Orphan(row));
        }
        let found = self.find(&keys, has_key).filter(|&index| self.admits(index, &row, ends));
        let is_opener = self.plan.ends_with.is_none() || ends;
        let index = match found {
            Some(index) => index,
            None if is_opener => self.open_new(keys.len()),
            None => return self.outcomes.push(Outcome::Orphan(row)),
        };
        self.add(index, row, &keys);
        let is_full = self.plan.max_events.is_some_and(|most| self.group(index).rows.len() >= most);
        if starts {
            self.close(index, true);
        } else if is_full {
            self.close(index, !self.plan.has_borders());
        }
        self.bound();
    }

    /// The value of each field.
    fn keys(&self, row: &Row<'e>) -> Vec<Option<&'e [u8]>> {
        let key = |&field: &FieldId| key_of(by_value(row, field), self.env.bump);
        self.plan.fields.iter().map(key).collect()
    }

    fn group(&self, index: usize) -> &Group<'e> {
        match &self.outcomes[index] {
            Outcome::Group(group) => group,
            Outcome::Orphan(_) => unreachable!("only groups are found by index"),
        }
    }

    fn group_mut(&mut self, index: usize) -> &mut Group<'e> {
        match &mut self.outcomes[index] {
            Outcome::Group(group) => group,
            Outcome::Orphan(_) => unreachable!("only groups are found by index"),
        }
    }

    fn is_open(&self, index: usize) -> bool {
        self.open.get(&self.group(index).turn) == Some(&index)
    }

    /// The open transaction that an event of those values joins.
    fn find(&mut self, keys: &[Option<&'e [u8]>], has_key: bool) -> Option<usize> {
        if keys.is_empty() || !has_key {
            return self.open.last_key_value().map(|(_, &index)| index);
        }
        let whole = joined(keys, self.env.bump).and_then(|key| self.by_values.get(key).copied());
        if let Some(index) = whole.filter(|&index| self.is_open(index)) {
            return Some(index);
        }
        let connected = self.connected(keys);
        let any = || {
            let latest = self.open.values().rev().copied().take(MAX_CANDIDATES);
            latest.into_iter().find(|&index| agrees(&self.group(index).keys, keys))
        };
        connected.or_else(|| if self.plan.is_connected { None } else { any() })
    }

    /// The latest used of the open ones that share a field with an event and differ from it in none.
    fn connected(&mut self, keys: &[Option<&'e [u8]>]) -> Option<usize> {
        let mut found: Option<usize> = None;
        for (field, key) in keys.iter().enumerate() {
            let Some(mut candidates) =
                key.and_then(|key| self.by_value.get_mut(&(field, key)).map(std::mem::take))
            else {
                continue;
            };
            let mut latest = candidates.iter().rev().take(MAX_CANDIDATES);
            if latest.any(|&index| !self.is_open(index)) {
                candidates.retain(|&index| self.is_open(index));
            }
            let latest = candidates.iter().rev().take(MAX_CANDIDATES).copied();
            let agreeing = latest
                .filter(|&index| self.is_open(index) && agrees(&self.group(index).keys, keys));
            found = agreeing.chain(found).max_by_key(|&index| self.group(index).turn);
            let key = key.unwrap_or_default();
            self.by_value.insert((field, key), candidates);
        }
        found
    }

    /// Whether an event may join; where not, the transaction ends here.
    fn admits(&mut self, index: usize, row: &Row<'e>, ends: bool) -> bool {
        let plan = self.plan;
        if ends && plan.ends_with.is_some() {
            self.close(index, plan.starts_with.is_none());
            return false;
        }
        let (Some((least, greatest, last)), Some(time_s)) =
            (self.group(index).times_s, time_of(row))
        else {
            return true;
        };
        let span_s = greatest.max(time_s) - least.min(time_s);
        let is_beyond = |bound_ns: Option<i64>, seconds: f64| {
            bound_ns.is_some_and(|bound_ns| rounded(seconds) > bound_ns as f64 / SECOND_NS as f64)
        };
        let is_broken = is_beyond(plan.max_span_ns, span_s)
            || is_beyond(plan.max_pause_ns, (last - time_s).abs());
        if is_broken {
            self.close(index, !plan.has_borders());
        }
        !is_broken
    }

    fn open_new(&mut self, fields: usize) -> usize {
        self.turns += 1;
        let index = self.outcomes.len();
        self.open.insert(self.turns, index);
        self.outcomes.push(Outcome::Group(Group {
            rows: Vec::new(),
            keys: vec![None; fields],
            times_s: None,
            matches: 0,
            turn: self.turns,
            is_closed: false,
            is_evicted: false,
        }));
        index
    }

    fn add(&mut self, index: usize, row: Row<'e>, keys: &[Option<&'e [u8]>]) {
        self.turns += 1;
        let (turn, bump) = (self.turns, self.env.bump);
        let group = self.group_mut(index);
        let last_turn = std::mem::replace(&mut group.turn, turn);
        if let Some(time_s) = time_of(&row) {
            let (least, greatest, _) = group.times_s.unwrap_or((time_s, time_s, time_s));
            group.times_s = Some((least.min(time_s), greatest.max(time_s), time_s));
        }
        group.matches += keys.iter().flatten().count();
        group.rows.push(row);
        let mut learnt = Vec::new();
        for (field, (known, key)) in group.keys.iter_mut().zip(keys).enumerate() {
            if let (None, Some(key)) = (&known, key) {
                *known = Some(key);
                learnt.push((field, *key));
            }
        }
        let whole = if learnt.is_empty() { None } else { joined(&group.keys, bump) };
        self.open.remove(&last_turn);
        self.open.insert(turn, index);
        self.open_events += 1;
        for key in learnt {
            self.by_value.entry(key).or_default().push(index);
        }
        if let Some(whole) = whole {
            self.by_values.insert(whole, index);
        }
    }

    fn close(&mut self, index: usize, is_closed: bool) {
        let group = self.group_mut(index);
        group.is_closed = is_closed;
        group.is_evicted = !is_closed;
        let (turn, events) = (group.turn, group.rows.len());
        self.open.remove(&turn);
        self.open_events -= events;
    }

    /// Evicts what was least recently used while too much is open.
    fn bound(&mut self) {
        while self.open.len() > self.plan.max_open || self.open_events > self.plan.max_open_events {
            let Some((_, &index)) = self.open.first_key_value() else { return };
            self.close(index, false);
        }
    }

    fn finish(mut self) -> Vec<Row<'e>> {
        let is_closed = self.plan.ends_with.is_some() && self.plan.starts_with.is_none();
        if is_closed {
            let open: Vec<usize> = self.open.values().copied().collect();
            open.into_iter().for_each(|index| self.close(index, true));
        }
        let (plan, env) = (self.plan, self.env);
        let rows = self.outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Group(group) if plan.is_result(&group) => Some(plan.merged(group, env)),
            Outcome::Orphan(mut row) if plan.keeps_orphans => {
                row.set(Name::Known(plan.columns.orphan), Value::Number(1.0));
                Some(row)
            }
            _ => None,
        });
        rows.collect()
    }
}

/// Whether no field differs.
fn agrees(known: &[Option<&[u8]>], keys: &[Option<&[u8]>]) -> bool {
    known.iter().zip(keys).all(|pair| match pair {
        (Some(known), Some(key)) => known == key,
        _ => true,
    })
}

/// All values as one key; `None` where one lacks.
fn joined<'e>(keys: &[Option<&'e [u8]>], bump: &'e Bump) -> Option<&'e [u8]> {
    if let [one] = keys {
        return *one;
    }
    let mut whole = BumpVec::new_in(bump);
    for key in keys {
        encode_key((*key)?, &mut whole);
    }
    Some(whole.into_bump_slice())
}

fn key_of<'e>(value: Value<'e>, bump: &'e Bump) -> Option<&'e [u8]> {
    match value.texts(bump) {
        [] => None,
        [one] => Some(one),
        many => {
            let mut key = BumpVec::new_in(bump);
            many.iter().for_each(|text| encode_key(text, &mut key));
            Some(key.into_bump_slice())
        }
    }
}

fn time_of(row: &Row<'_>) -> Option<f64> {
    row.get(Names::TIME).number().filter(|time_s| time_s.is_finite())
}

/// A difference of times, to the microsecond: a double holds no more of a time.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// One field of a transaction while its rows are gathered.
struct Gathered<'e> {
    name: Name<'e>,
    texts: Vec<&'e [u8]>,
    /// How many of its rows have been told.
    rows: usize,
}

impl Transaction {
    fn merged<'e>(&self, group: Group<'e>, env: Env<'e>) -> Row<'e> {
        let newest = &group.rows[0];
        let mut row = Row::empty(env.bump, newest.rank()).of_group(newest.group());
        let is_truncated = group.rows.iter().any(Row::is_truncated);
        let fields = self.gathered(&group, env);
        let mut cells = BumpVec::new_in(env.bump);
        if let Some((least_s, ..)) = group.times_s {
            cells.push(Cell { name: Name::Known(Names::TIME), value: Value::Number(least_s) });
        }
        let added = self.added(&group, &fields);
        let is_added = |name: Name<'_>| added.iter().any(|cell| cell.name == name);
        for field in fields {
            if !is_added(field.name) && field.name != Name::Known(Names::TIME) {
                let value = value_of(field.texts, self.lists(field.name), env.bump);
                cells.push(Cell { name: field.name, value });
            }
        }
        cells.extend(added);
        row.replace(cells);
        row.truncated(is_truncated)
    }

    /// The columns of its own.
    fn added<'e>(&self, group: &Group<'e>, fields: &[Gathered<'e>]) -> Vec<Cell<'e>> {
        let count = |count: usize| Value::Number(u32::try_from(count).unwrap_or(u32::MAX).into());
        let duration = group.times_s.map(|(least, greatest, _)| rounded(greatest - least));
        let raw = fields.iter().find(|field| field.name == Name::Known(Names::RAW));
        let lines = raw.map(|raw| {
            let lines = |text: &&[u8]| 1 + memchr::memchr_iter(b'\n', text).count();
            count(raw.texts.iter().map(lines).sum())
        });
        let columns = [
            (self.columns.duration, duration.map(Value::Number)),
            (self.columns.event_count, Some(count(group.rows.len()))),
            (self.columns.closed, Some(count(group.is_closed.into()))),
            (self.columns.field_match_sum, Some(count(group.matches))),
            (self.columns.line_count, lines),
        ];
        let present = columns.into_iter().filter_map(|(field, value)| Some((field, value?)));
        present.map(|(field, value)| Cell { name: Name::Known(field), value }).collect()
    }

    /// Every field of the rows, with its values from the oldest row to the newest.
    fn gathered<'e>(&self, group: &Group<'e>, env: Env<'e>) -> Vec<Gathered<'e>> {
        let mut fields: Vec<Gathered<'e>> = Vec::new();
        let mut places: BTreeMap<Name<'e>, usize> = BTreeMap::new();
        let mut left_places = MAX_PLACES;
        let null: &'e [u8] = env.bump.alloc_slice_copy(&self.null_text);
        let mut fill = |field: &mut Gathered<'e>, rows: usize, lists: bool| {
            let lacking = if lists { (rows - field.rows).min(left_places) } else { 0 };
            left_places -= lacking;
            field.texts.extend(std::iter::repeat_n(null, lacking));
            field.rows = rows;
        };
        for (told, row) in group.rows.iter().rev().enumerate() {
            row.visit(|name, value| {
                let place = *places.entry(name).or_insert(fields.len());
                if place == fields.len() {
                    fields.push(Gathered { name, texts: Vec::new(), rows: 0 });
                }
                let field = &mut fields[place];
                fill(field, told, self.lists(name) == Listing::Every);
                field.texts.extend(value.texts(env.bump));
                field.rows = told + 1;
            });
        }
        let rows = group.rows.len();
        fields.iter_mut().for_each(|field| {
            let lists = self.lists(field.name) == Listing::Every;
            fill(field, rows, lists);
        });
        fields
    }

    fn lists(&self, name: Name<'_>) -> Listing {
        if name == Name::Known(Names::RAW) {
            return if self.lists_raw { Listing::AsTheyAre } else { Listing::Joined };
        }
        match &self.lists {
            Lists::All => Listing::Every,
            Lists::Of(fields) if fields.iter().any(|&field| name == Name::Known(field)) => {
                Listing::Every
            }
            _ => Listing::Distinct,
        }
    }
}

/// How the values of a field become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// The distinct ones, sorted.
    Distinct,
    /// One of every event.
    Every,
    /// As they are.
    AsTheyAre,
    /// By line feeds.
    Joined,
}

fn value_of<'e>(mut texts: Vec<&'e [u8]>, listing: Listing, bump: &'e Bump) -> Value<'e> {
    match listing {
        Listing::Joined => return Value::Text(bump.alloc_slice_copy(&texts.join(&b'\n'))),
        Listing::Distinct => {
            texts.sort_unstable();
            texts.dedup();
        }
        Listing::Every | Listing::AsTheyAre => {}
    }
    Value::from_list(bump.alloc_slice_copy(&texts))
}

forms! {
    struct Columns { duration, event_count, closed, field_match_sum, line_count, orphan };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::testing::{Lab, is_x};

    /// The plan of `maxspan=5 starts=a: user host`, where `starts=a` is a row whose `a` is `x`.
    fn plan(text: &str, lab: &mut Lab) -> Transaction {
        let (options, fields) = text.split_once(':').unwrap_or(("", text));
        let mut plan = Transaction::new(&mut lab.names);
        plan.fields = fields.split_whitespace().map(|name| lab.names.intern(name)).collect();
        for option in options.split_whitespace() {
            let (name, value) = option.split_once('=').expect("name=value");
            let ns = || value.parse().ok().map(|seconds: i64| seconds * SECOND_NS);
            match name {
                "maxspan" => plan.max_span_ns = ns(),
                "maxpause" => plan.max_pause_ns = ns(),
                "maxevents" => plan.max_events = value.parse().ok(),
                "maxopen" => plan.max_open = value.parse().expect("a number"),
                "starts" => plan.starts_with = Some(Border::Eval(is_x(lab.names.intern(value)))),
                "ends" => plan.ends_with = Some(Border::Eval(is_x(lab.names.intern(value)))),
                "connected" => plan.is_connected = value == "t",
                "unifyends" => plan.unifies_ends = value == "t",
                "keepevicted" => plan.keeps_evicted = value == "t",
                "keeporphans" => plan.keeps_orphans = value == "t",
                "mvlist" if value == "t" => plan.lists = Lists::All,
                "mvlist" => plan.lists = Lists::Of(Box::new([lab.names.intern(value)])),
                _ => panic!("no option {name}"),
            }
        }
        plan
    }

    fn run(text: &str, rows: &[&str]) -> Vec<String> {
        let mut lab = Lab::new(&[]);
        let plan = plan(text, &mut lab);
        let rows = plan.apply_all(lab.rows(rows), lab.env());
        rows.iter().map(|row| lab.show(row)).collect()
    }

    /// The number of each event, `n`, by transaction: `3,2 1!`, where `!` is one that is not closed.
    fn grouped(text: &str, rows: &[&str]) -> String {
        let mut lab = Lab::new(&[]);
        let mut plan = plan(text, &mut lab);
        plan.lists = Lists::All;
        let rows = plan.apply_all(lab.rows(rows), lab.env());
        let shown = rows.iter().map(|row| {
            let get = |name: &str| row.get_name(lab.names.name(name.as_bytes())).texts(&lab.bump);
            let mut numbers: Vec<_> =
                get("n").iter().map(|n| n.escape_ascii().to_string()).collect();
            numbers.reverse();
            let is_open = get("closed_txn") == [b"0"];
            numbers.join(",") + if is_open { "!" } else { "" }
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_transaction_is_one_row_with_the_values_of_all_its_events() {
        let rows = ["_time=5.5 u=a n=2 p=y", "_time=1.25 u=a n=1 n2=z p=y|x"];
        assert_eq!(
            run("u", &rows),
            [
                "_time=1.25 u=a n=1|2 n2=z p=x|y duration=4.25 eventcount=2 closed_txn=0 field_match_sum=2"
            ]
        );
        assert_eq!(
            run("mvlist=t: u", &rows),
            [
                "_time=1.25 u=a|a n=1|2 n2=z|NULL p=y|x|y duration=4.25 eventcount=2 closed_txn=0 field_match_sum=2"
            ]
        );
        assert_eq!(
            run("mvlist=p: u", &["_time=2 u=a p=y", "_time=1 u=a"]),
            ["_time=1 u=a p=NULL|y duration=1 eventcount=2 closed_txn=0 field_match_sum=2"]
        );
        assert_eq!(
            run("u", &["_time=2 u=a _raw=second", "_time=1 u=a _raw=first"]),
            [
                r"_time=1 u=a _raw=first\nsecond duration=1 eventcount=2 closed_txn=0 field_match_sum=2 linecount=2"
            ]
        );
    }

    #[test]
    fn bounds_end_a_transaction() {
        let rows: Vec<String> =
            (0..7).map(|n| format!("_time={} u=a n={n}", 100 - n * 10)).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let cases = [
            ("maxspan=11: u", "0,1 2,3 4,5 6!"),
            ("maxspan=20: u", "0,1,2 3,4,5 6!"),
            ("maxpause=9: u", "0 1 2 3 4 5 6!"),
            ("maxpause=10: u", "0,1,2,3,4,5,6!"),
            ("maxevents=3: u", "0,1,2 3,4,5 6!"),
            ("maxevents=1: u", "0 1 2 3 4 5 6"),
            ("", "0,1,2,3,4,5,6!"),
        ];
        for (text, expected) in cases {
            assert_eq!(grouped(text, &rows), expected, "transaction {text}");
        }
    }

    #[test]
    fn borders_open_and_close() {
        // Newest first: e ends, s starts.
        const ROWS: &[&str] = &[
            "_time=9 u=a n=9",
            "_time=8 u=a n=8 e=x",
            "_time=7 u=a n=7",
            "_time=6 u=a n=6 s=x",
            "_time=5 u=a n=5",
            "_time=4 u=a n=4 e=x",
            "_time=3 u=a n=3 e=x",
            "_time=2 u=a n=2 s=x e=x",
        ];
        let cases = [
            ("starts=s ends=e: u", "8,7,6 2"),
            ("starts=s ends=e keepevicted=t: u", "8,7,6 4! 3! 2"),
            ("starts=s ends=e maxspan=1: u", "2"),
            ("starts=s: u", "9,8,7,6 5,4,3,2"),
            ("ends=e: u", "8,7,6,5 4 3 2"),
            ("starts=s ends=e:", "8,7,6 2"),
        ];
        for (text, expected) in cases {
            assert_eq!(grouped(text, ROWS), expected, "transaction {text}");
        }
        // A login that never was.
        assert_eq!(grouped("starts=s: u", &["n=2 u=a s=x", "n=1 u=a"]), "2");
    }

    #[test]
    fn fields_tie_events_together_and_keep_others_apart() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("u", &["u=a n=1", "u=b n=2", "u=a n=3", "n=4"], "1,3! 2!"),
            ("keeporphans=t: u", &["u=a n=1", "n=2"], "1! 2"),
            // By way of another.
            (
                "u h",
                &["u=a n=1", "u=a h=x n=2", "h=x n=3", "h=y n=4", "u=a h=y n=5"],
                "1,2,3! 4,5!",
            ),
            ("u h", &["u=a h=1 n=1", "u=a h=2 n=2", "u=a h=1 n=3", "u=a n=4"], "1,3,4! 2!"),
            ("u h", &["u=a n=1", "h=x n=2"], "1! 2!"),
            ("connected=f: u h", &["u=a n=1", "h=x n=2", "u=b n=3"], "1,2! 3!"),
            ("u", &["u=a|b n=1", "u=b|a n=2", "u=a|b n=3"], "1,3! 2!"),
            ("ends=e: u", &["e=x n=1", "u=a n=2", "u=a e=x n=3"], "1 3"),
            ("ends=e unifyends=t: u", &["e=x n=1", "u=a e=x n=2"], "2"),
            ("maxopen=1: u", &["u=a n=1", "u=b n=2", "u=a n=3"], "3!"),
        ];
        for (text, rows, expected) in cases {
            assert_eq!(grouped(text, rows), *expected, "transaction {text} over {rows:?}");
        }
    }

    proptest! {
        /// Walks down the events of each user alone.
        #[test]
        fn transactions_are_those_that_an_eye_would_find(
            events in prop::collection::vec((0_u8..3, 0_i32..6), 0..30),
            max_span in 0_i32..12,
            max_pause in 0_i32..8,
            max_events in 1_usize..5,
        ) {
            let mut now = 1_000;
            let timed: Vec<(u8, i32)> = events.iter().map(|&(user, gap)| { now -= gap; (user, now) }).collect();
            let rows: Vec<_> = timed.iter().enumerate()
                .map(|(n, (user, time))| format!("_time={time} u={user} n={n}")).collect();
            let rows: Vec<_> = rows.iter().map(String::as_str).collect();
            let mut expected: Vec<(Vec<usize>, bool)> = Vec::new();
            for user in 0..3 {
                let mut open: Vec<usize> = Vec::new();
                for (n, &(_, time)) in timed.iter().enumerate().filter(|(_, event)| event.0 == user) {
                    let too_far = |from: usize, most: i32| timed[from].1 - time > most;
                    if open.first().is_some_and(|&first| too_far(first, max_span))
                        || open.last().is_some_and(|&last| too_far(last, max_pause))
                    {
                        expected.push((std::mem::take(&mut open), true));
                    }
                    open.push(n);
                    if open.len() == max_events {
                        expected.push((std::mem::take(&mut open), true));
                    }
                }
                if !open.is_empty() {
                    expected.push((open, false));
                }
            }
            expected.sort();
            let shown = expected.iter().map(|(numbers, is_closed)| {
                let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
                numbers.join(",") + if *is_closed { "" } else { "!" }
            });
            let text = format!("maxspan={max_span} maxpause={max_pause} maxevents={max_events}: u");
            prop_assert_eq!(grouped(&text, &rows), shown.collect::<Vec<_>>().join(" "));
        }
    }
}

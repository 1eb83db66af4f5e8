//! Event streams of any length whose right answers are known.
//!
//! A [`Generator`] is a recipe: so many hosts over so many seconds, most of it the noise of a quiet network, some of it
//! made to look like what the seed rule hunts, and a few children of the WMI provider host planted in it. From the same
//! recipe [`Generator::truth`] says which rows the seed rule must give, **from what was planted, never from the
//! text**: it knows no SPL and no parser, so it cannot share a mistake with the engine.
//!
//! The same recipe gives the same bytes on every machine; `demo/` is one of them. The stream is made second by second,
//! so its length costs no memory. It is not a model of a real network: the mix of event ids is plausible, no more.

mod event;
mod host;
mod noise;
mod process;
mod random;
mod rendering;
mod wmi;

use std::collections::{BTreeMap, BTreeSet};

pub use event::{Event, Quotes};
pub use rendering::Rendering;
pub use wmi::{Atomic, ExpectedRow, ROW_FIELDS, Truth, ValueOf};

use host::{Host, Moment};
use random::Random;

/// Ticks of 100 ns, the resolution of Windows event times, in a second.
const TICKS_PER_SECOND: i64 = 10_000_000;

/// The recipe of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Chooses everything that the other fields leave open.
    pub seed: u64,
    /// The first second of the stream, in epoch seconds.
    pub start_s: i64,
    /// How many machines send events.
    pub hosts: u32,
    /// How many seconds the stream lasts.
    pub seconds: u32,
    /// How many harmless events all hosts together send each second.
    pub events_per_second: u32,
    /// How many rows the seed rule must give: a (host, second) pair with planted events each. Every third pair holds two
    /// events. At most `hosts * seconds`.
    pub rows: u32,
}

impl Generator {
    /// The recipe of the events under `demo/`.
    #[must_use]
    pub const fn demo() -> Self {
        let start_s = 1_772_443_800;
        Self { seed: 5975, start_s, hosts: 3, seconds: 60, events_per_second: 5, rows: 7 }
    }

    /// The recipe of what is measured: a stream of some ten thousand events, a few of them planted.
    #[must_use]
    pub const fn busy() -> Self {
        let start_s = 1_772_443_800;
        Self { seed: 1, start_s, hosts: 20, seconds: 60, events_per_second: 170, rows: 40 }
    }

    /// The texts of the events in order of time, one each.
    #[must_use]
    pub fn lines(&self, rendering: Rendering) -> Vec<Vec<u8>> {
        self.events().map(|event| event.text(rendering).into_bytes()).collect()
    }

    /// The events in order of time.
    #[must_use]
    pub fn events(&self) -> Events {
        let hosts = self.cast();
        let records = hosts.iter().map(|host| (host.name.clone(), host.last_record)).collect();
        let (plan, generator) = (self.plan(), self.clone());
        Events { generator, plan, hosts, records, second: 0, ready: Vec::new() }
    }

    /// The whole stream as text, each event ended by a newline; in most renderings that is an event a line.
    #[must_use]
    pub fn text(&self, rendering: Rendering) -> String {
        self.events().map(|event| event.text(rendering) + "\n").collect()
    }

    /// The rows that the seed rule must give of events so rendered, by time, then host.
    #[must_use]
    pub fn truth(&self, rendering: Rendering) -> Truth {
        let hosts = self.cast();
        let mut groups: BTreeMap<(i64, String), Vec<Event>> = BTreeMap::new();
        for (cell, atomics) in self.plan() {
            for event in self.planted(cell, &atomics, &hosts) {
                let time_s = rendering.tick(&event).div_euclid(TICKS_PER_SECOND);
                groups.entry((time_s, event.host.clone())).or_default().push(event);
            }
        }
        let row =
            |((time_s, _), events): ((i64, String), Vec<Event>)| ExpectedRow::of(time_s, &events);
        Truth { rows: groups.into_iter().map(row).collect() }
    }

    fn cast(&self) -> Vec<Host> {
        (0..self.hosts).map(|index| Host::new(self.seed, index)).collect()
    }

    /// What is planted where.
    fn plan(&self) -> Plan {
        let mut random = Random::part(self.seed, u64::MAX);
        let room = u64::from(self.hosts) * u64::from(self.seconds);
        let mut cells = BTreeSet::new();
        while u64::try_from(cells.len()).is_ok_and(|taken| taken < room.min(u64::from(self.rows))) {
            let second = u32::try_from(random.below(self.seconds.into())).expect("below a u32");
            let host = u32::try_from(random.below(self.hosts.into())).expect("below a u32");
            cells.insert(Cell { second, host });
        }
        let atomics = |row: usize| {
            let events = if row % 3 == 1 { 2 } else { 1 };
            (row..row + events).map(|turn| Atomic::ALL[turn % Atomic::ALL.len()]).collect()
        };
        cells.into_iter().enumerate().map(|(row, cell)| (cell, atomics(row))).collect()
    }

    /// The planted events of one cell; record numbers are given out later.
    fn planted(&self, cell: Cell, atomics: &[Atomic], hosts: &[Host]) -> Vec<Event> {
        let part = (1 << 63) | (u64::from(cell.host) << 32) | u64::from(cell.second);
        let random = &mut Random::part(self.seed, part);
        let host = &hosts[usize::try_from(cell.host).expect("a u32 fits")];
        let event = |atomic: &Atomic| {
            let tick = self.tick(cell.second, random);
            atomic.event(&mut Moment { host, tick, random })
        };
        atomics.iter().map(event).collect()
    }

    /// A random moment of `second`, in ticks of 100 ns since 1970.
    fn tick(&self, second: u32, random: &mut Random) -> i64 {
        let bound = u64::try_from(TICKS_PER_SECOND).expect("it is positive");
        let within = i64::try_from(random.below(bound)).expect("below ten million");
        (self.start_s + i64::from(second)) * TICKS_PER_SECOND + within
    }
}

/// One host in one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    second: u32,
    host: u32,
}

type Plan = BTreeMap<Cell, Vec<Atomic>>;

/// The events of a [`Generator`], in order of time.
#[derive(Clone, Debug)]
pub struct Events {
    generator: Generator,
    plan: Plan,
    hosts: Vec<Host>,
    /// The number of each host's last event.
    records: BTreeMap<String, u64>,
    second: u32,
    /// The rest of the current second, latest first.
    ready: Vec<Event>,
}

impl Events {
    /// Makes the events of the next second.
    fn refill(&mut self) {
        let second = self.second;
        self.second += 1;
        let whole = Cell { second, host: 0 }..=Cell { second, host: u32::MAX };
        for (cell, atomics) in self.plan.range(whole) {
            self.ready.extend(self.generator.planted(*cell, atomics, &self.hosts));
        }
        self.add_noise(second);
        self.ready.sort_by_key(|event| std::cmp::Reverse(event.tick));
    }

    fn add_noise(&mut self, second: u32) {
        let random = &mut Random::part(self.generator.seed, second.into());
        let first = u64::from(second) * u64::from(self.generator.events_per_second);
        for turn in first..first + u64::from(self.generator.events_per_second) {
            let tick = self.generator.tick(second, random);
            let host = &self.hosts[random.index(self.hosts.len())];
            self.ready.push(noise::event(turn, &mut Moment { host, tick, random }));
        }
    }

    /// Gives `event` the next record number of its host.
    fn number(&mut self, mut event: Event) -> Event {
        let record = self.records.get_mut(&event.host).expect("every event comes from the cast");
        *record += 1;
        event.record = *record;
        event
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.ready.is_empty()
            && self.second < self.generator.seconds
            && !self.hosts.is_empty()
        {
            self.refill();
        }
        let event = self.ready.pop()?;
        Some(self.number(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Generator {
        Generator {
            seed: 7,
            start_s: 1_700_000_000,
            hosts: 4,
            seconds: 30,
            events_per_second: 20,
            rows: 9,
        }
    }

    /// The GUIDs of the processes that a plain reading of the text finds below the provider host.
    fn guids_by_reading(text: &str) -> BTreeSet<String> {
        let item = |line: &str, name: &str| {
            let (_, rest) = line.split_once(&format!("<Data Name='{name}'>"))?;
            rest.split_once("</Data>").map(|(value, _)| value.to_lowercase())
        };
        let processes = text.lines().filter(|line| line.contains("<EventID>1<"));
        let children = processes.filter(|line| {
            item(line, "ParentImage").is_some_and(|image| image.ends_with(r"\wmiprvse.exe"))
        });
        children.filter_map(|line| item(line, "ProcessGuid")).collect()
    }

    #[test]
    fn a_recipe_always_gives_the_same_text_and_another_seed_another() {
        let recipe = small();
        assert_eq!(recipe.text(Rendering::Xml), recipe.text(Rendering::Xml));
        let other = Generator { seed: 8, ..small() };
        assert_ne!(recipe.text(Rendering::Xml), other.text(Rendering::Xml));
    }

    #[test]
    fn truth_names_every_child_of_the_provider_host_and_nothing_else() {
        for recipe in [small(), Generator::demo(), Generator { rows: 0, ..small() }] {
            let rows = recipe.truth(Rendering::Xml).rows;
            let known: BTreeSet<String> =
                rows.iter().flat_map(|row| row.fields["process_guid"].clone()).collect();
            assert_eq!(known, guids_by_reading(&recipe.text(Rendering::Xml)));
            assert_eq!(rows.len(), usize::try_from(recipe.rows).unwrap());
        }
    }

    #[test]
    fn rows_are_ordered_lie_within_the_stream_and_some_hold_two_events() {
        let recipe = small();
        let rows = recipe.truth(Rendering::Xml).rows;
        let keys: Vec<(i64, &str)> =
            rows.iter().map(|row| (row.time_s, row.host.as_str())).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert!(keys.iter().all(|(time_s, _)| (0..30).contains(&(time_s - recipe.start_s))));
        assert!(rows.iter().any(|row| row.fields["process_guid"].len() == 2));
        assert!(rows.iter().any(|row| !row.fields.contains_key("process_current_directory")));
    }

    #[test]
    fn rows_never_outnumber_the_seconds_of_the_hosts() {
        let recipe = Generator { hosts: 2, seconds: 3, rows: 100, ..small() };
        assert_eq!(recipe.truth(Rendering::Xml).rows.len(), 6);
        assert_eq!(Generator { hosts: 0, ..small() }.events().count(), 0);
        assert_eq!(Generator { seconds: 0, ..small() }.truth(Rendering::Xml).rows.len(), 0);
    }

    #[test]
    fn events_come_in_order_of_time_and_are_numbered_by_host() {
        let events: Vec<Event> = small().events().collect();
        assert!(events.is_sorted_by_key(|event| event.tick));
        for host in small().cast() {
            let records: Vec<u64> = events
                .iter()
                .filter(|event| event.host == host.name)
                .map(|event| event.record)
                .collect();
            assert!(records.windows(2).all(|pair| pair[1] == pair[0] + 1), "{records:?}");
        }
    }

    #[test]
    fn the_stream_is_as_long_as_the_recipe_says() {
        let planted: usize = small()
            .truth(Rendering::Xml)
            .rows
            .iter()
            .map(|row| row.fields["process_guid"].len())
            .sum();
        assert_eq!(small().events().count(), 30 * 20 + planted);
    }
}

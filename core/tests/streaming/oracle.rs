//! What a stream must give, worked out the slow way: every event is kept, and everything is counted anew each time.

use std::collections::{BTreeMap, BTreeSet};

/// One event, which every rule takes or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) time_s: i64,
    pub(crate) host: &'static str,
    pub(crate) user: &'static str,
    pub(crate) is_taken: bool,
    pub(crate) offset: u64,
}

/// What happens to the engine.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Event(Event),
    Advance { wall_s: i64, mono_s: i64 },
}

/// `[bin span] | stats count by [_time] by | where least<=count<=most [| behind]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) span_s: Option<i64>,
    pub(crate) by: &'static [&'static str],
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) behind: Behind,
}

/// What looks at the groups of a window together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Nothing,
    /// `stats sum(count) as count by host`
    Totals,
    /// `eventstats sum(count) as all by ` the first field, or of all groups where there is one field only.
    OfAll,
    /// `sort 0 by fields | streamstats sum(count) as sofar`, of each host if the groups have one: made once, and not revised.
    SoFar,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) window_s: i64,
    pub(crate) lateness_s: i64,
    pub(crate) retain_s: i64,
    pub(crate) idle_s: i64,
    pub(crate) max_lag_s: i64,
    pub(crate) max_future_s: i64,
    pub(crate) max_hosts: usize,
    /// Whether some rule waits for all hosts, so that every event is dated.
    pub(crate) always_listens: bool,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) step: usize,
    pub(crate) rule: usize,
    pub(crate) start_s: i64,
    pub(crate) end_s: i64,
    pub(crate) columns: BTreeMap<String, String>,
    pub(crate) revision: u32,
    pub(crate) is_late: bool,
    pub(crate) is_retracted: bool,
    pub(crate) is_partial: bool,
}

/// Which window: in the order in which windows close.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    end_s: i64,
    rule: usize,
    start_s: i64,
    host: Option<&'static str>,
}

#[derive(Clone, Debug, Default)]
struct Window {
    events: Vec<Event>,
    is_closed: bool,
    /// Whether it may lack rows that were sent before.
    is_rest: bool,
    sent: BTreeMap<Vec<String>, u32>,
}

#[derive(Clone, Debug)]
struct Host {
    watermark_s: i64,
    heard_s: i64,
}

pub(crate) struct Oracle {
    rules: Vec<Rule>,
    settings: Settings,
    hosts: BTreeMap<&'static str, Host>,
    /// The hosts, the one that was heard longest ago first.
    heard: Vec<&'static str>,
    /// Hosts that went for others, but have windows yet.
    gone: BTreeMap<&'static str, Host>,
    /// Up to where each host's silence has carried it when a window of it closed or expired.
    gained: BTreeMap<&'static str, i64>,
    /// The same of hosts that went and have no windows.
    forgotten: BTreeMap<&'static str, i64>,
    /// Up to which end windows were sent before their time and are not kept.
    finals: BTreeMap<(usize, Option<&'static str>), i64>,
    windows: BTreeMap<Place, Window>,
    of_all_s: Option<i64>,
    /// Every (elapsed, watermark) that any host has reached.
    reached: Vec<(i64, i64)>,
    wall_s: Option<i64>,
    mono_s: i64,
    elapsed_s: i64,
    listening_since_s: Option<i64>,
    /// When the windows of a host without a watermark are looked at.
    unknown: BTreeMap<&'static str, i64>,
    pub(crate) late: u64,
    pub(crate) late_dropped: u64,
    pub(crate) retained_dropped: u64,
    /// How often a host went for another one.
    pub(crate) went: u64,
    rows: Vec<Row>,
    step: usize,
}

impl Oracle {
    pub(crate) fn new(rules: Vec<Rule>, settings: Settings) -> Self {
        Self {
            rules,
            settings,
            hosts: BTreeMap::new(),
            heard: Vec::new(),
            gone: BTreeMap::new(),
            gained: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            finals: BTreeMap::new(),
            windows: BTreeMap::new(),
            of_all_s: None,
            reached: Vec::new(),
            wall_s: None,
            mono_s: 0,
            elapsed_s: 0,
            listening_since_s: None,
            unknown: BTreeMap::new(),
            late: 0,
            late_dropped: 0,
            retained_dropped: 0,
            went: 0,
            rows: Vec::new(),
            step: 0,
        }
    }

    pub(crate) fn run(&mut self, steps: &[Step]) -> Vec<Row> {
        for (number, step) in steps.iter().enumerate() {
            self.step = number;
            match step {
                Step::Event(event) => self.event(*event),
                Step::Advance { wall_s, mono_s } => self.advance(*wall_s, *mono_s),
            }
            match (self.listens(), self.listening_since_s) {
                (true, None) => self.listening_since_s = Some(self.elapsed_s),
                (false, _) => self.listening_since_s = None,
                _ => {}
            }
        }
        self.step = steps.len();
        let open: Vec<Place> = self.windows.keys().cloned().collect();
        for place in open {
            if !self.windows[&place].is_closed {
                self.close(&place);
            }
        }
        std::mem::take(&mut self.rows)
    }

    fn listens(&self) -> bool {
        self.settings.always_listens || !self.windows.is_empty()
    }

    fn event(&mut self, event: Event) {
        if self.listens() || (event.is_taken && !self.rules.is_empty()) {
            self.hear(event);
            self.close_passed(&[Some(event.host), None], &[]);
        }
        for rule in 0..self.rules.len() {
            if event.is_taken {
                self.take(rule, event);
            }
        }
    }

    fn hear(&mut self, event: Event) {
        let Settings { lateness_s, max_future_s, .. } = self.settings;
        if self.wall_s.is_some_and(|wall_s| event.time_s > wall_s + max_future_s) {
            return;
        }
        let watermark_s = self.of_host(event.host).map_or(i64::MIN, |own_s| own_s);
        let watermark_s = watermark_s.max(event.time_s - lateness_s);
        let is_new = !self.hosts.contains_key(event.host);
        let goes = (is_new && self.hosts.len() >= self.settings.max_hosts).then(|| self.heard[0]);
        if let Some(goes) = goes {
            self.went += 1;
            self.gone.extend(self.hosts.remove_entry(goes));
        }
        self.gone.remove(event.host);
        self.hosts.insert(event.host, Host { watermark_s, heard_s: self.elapsed_s });
        self.heard.retain(|host| *host != event.host && Some(*host) != goes);
        self.heard.push(event.host);
        self.reached.push((self.elapsed_s, watermark_s));
        self.raise_all();
        if let Some(goes) = goes {
            self.close_gone(goes);
        }
    }

    fn close_gone(&mut self, host: &'static str) {
        let of_host = |place: &&Place| place.host == Some(host);
        let open: Vec<Place> = self.windows.keys().filter(of_host).cloned().collect();
        for place in open {
            if !self.windows[&place].is_closed {
                self.close(&place);
            }
        }
        self.let_expired_go(&[Some(host)]);
        self.forget_without_windows(host);
    }

    fn forget_without_windows(&mut self, host: &'static str) {
        let has_windows = self.windows.keys().any(|place| place.host == Some(host));
        if !has_windows && self.gone.remove(host).is_some() {
            self.unknown.remove(host);
            if let Some(end_s) = self.gained.remove(host) {
                let forgotten_s = self.forgotten.entry(host).or_insert(i64::MIN);
                *forgotten_s = end_s.max(*forgotten_s);
            }
        }
    }

    fn advance(&mut self, wall_s: i64, mono_s: i64) {
        let is_first = self.wall_s.is_none();
        if !is_first {
            self.elapsed_s += (mono_s - self.mono_s).max(0);
        }
        (self.wall_s, self.mono_s) = (Some(wall_s), mono_s);
        for name in self.hosts.keys().copied().collect::<Vec<_>>() {
            if self.silence_s(name) > self.settings.idle_s {
                let grown_s =
                    self.hosts[name].watermark_s + self.silence_s(name) - self.settings.idle_s;
                self.reached.push((self.elapsed_s, grown_s));
            }
        }
        self.raise_all();
        if is_first {
            self.watch_unknown();
        }
        let due: Vec<&'static str> = self
            .unknown
            .iter()
            .filter(|(_, at_s)| **at_s <= self.elapsed_s)
            .map(|(host, _)| *host)
            .collect();
        self.unknown.retain(|host, _| !due.contains(host));
        let known: Vec<_> = self.hosts.keys().chain(self.gone.keys()).copied().collect();
        let unknown: Vec<_> = due.into_iter().filter(|host| !known.contains(host)).collect();
        let known: Vec<_> = known.into_iter().map(Some).chain([None]).collect();
        let is_stale = |(place, window): &(&Place, &Window)| {
            window.is_closed && place.host.is_some_and(|host| unknown.contains(&host))
        };
        let stale: Vec<Place> =
            self.windows.iter().filter(is_stale).map(|(place, _)| place.clone()).collect();
        self.close_passed(&known, &unknown);
        for place in stale {
            self.retained_dropped += 1;
            self.make_final(&place);
            self.let_go(&place);
        }
        self.watch_unknown();
    }

    fn watch_unknown(&mut self) {
        // Some time has to pass at least, and clocks move by whole seconds here.
        let at_s = self.elapsed_s + self.settings.idle_s.max(1);
        for host in self.windows.keys().filter_map(|place| place.host) {
            let is_known = self.hosts.contains_key(host) || self.gone.contains_key(host);
            if self.wall_s.is_some() && !is_known {
                self.unknown.entry(host).or_insert(at_s);
            }
        }
    }

    fn silence_s(&self, host: &str) -> i64 {
        let since_s = self.listening_since_s.unwrap_or(self.elapsed_s);
        let own = self.hosts.get(host).or(self.gone.get(host)).expect("it was heard");
        self.elapsed_s - own.heard_s.max(since_s)
    }

    fn of_host(&self, host: &str) -> Option<i64> {
        let own = self.hosts.get(host).or(self.gone.get(host))?;
        let grown_s = own.watermark_s + (self.silence_s(host) - self.settings.idle_s).max(0);
        Some(grown_s.max(self.gained.get(host).copied().unwrap_or(i64::MIN)))
    }

    fn raise_all(&mut self) {
        let grown = |host: &&str| {
            let silence_s = self.silence_s(host);
            self.hosts[*host].watermark_s + (silence_s - self.settings.idle_s).max(0)
        };
        let awake = self.hosts.keys().filter(|host| self.silence_s(host) <= self.settings.idle_s);
        let slowest = awake.map(grown).min().or_else(|| self.hosts.keys().map(grown).min());
        let then_s = self.elapsed_s - self.settings.max_lag_s;
        let lagging =
            self.reached.iter().filter(|(at_s, _)| *at_s <= then_s && self.wall_s.is_some());
        let lagging = lagging.map(|(_, watermark_s)| *watermark_s).max();
        self.of_all_s = self.of_all_s.max(slowest).max(lagging);
    }

    fn watermark(&self, place: &Place) -> Option<i64> {
        match place.host {
            Some(host) => self.of_host(host),
            None => self.of_all_s,
        }
    }

    fn has_reached(&self, place: &Place, by_s: i64) -> bool {
        self.watermark(place).is_some_and(|watermark_s| watermark_s >= by_s)
    }

    fn place(&self, number: usize, event: Event) -> Place {
        let rule = self.rules[number];
        let length_s = rule.span_s.unwrap_or(self.settings.window_s);
        let edge = |length_s: i64| event.time_s.div_euclid(length_s) * length_s;
        let window_s = edge(self.settings.window_s);
        let start_s = edge(length_s).max(window_s);
        let end_s = (edge(length_s) + length_s).min(window_s + self.settings.window_s);
        let host = rule.by.contains(&"host").then_some(event.host);
        Place { end_s, rule: number, start_s, host }
    }

    fn take(&mut self, rule: usize, event: Event) {
        let place = self.place(rule, event);
        let window = self.windows.get(&place);
        let is_closed =
            window.is_some_and(|window| window.is_closed) || self.has_reached(&place, place.end_s);
        let is_retained = window.is_some_and(|window| window.is_closed);
        if !is_closed {
            self.window(&place).events.push(event);
            if place.host.is_some() {
                self.watch_unknown();
            }
        } else if self.retain_s(&place) == 0
            || self.has_reached(&place, place.end_s + self.retain_s(&place))
            || (!is_retained && self.is_final(&place))
        {
            self.late_dropped += 1;
        } else {
            self.late += 1;
            self.revise(&place, event);
        }
    }

    /// How long a closed window is kept for late events.
    fn retain_s(&self, place: &Place) -> i64 {
        match self.rules[place.rule].behind {
            Behind::SoFar => 0,
            _ => self.settings.retain_s,
        }
    }

    fn window(&mut self, place: &Place) -> &mut Window {
        let forgotten_s = place.host.and_then(|host| self.forgotten.get(host).copied());
        let is_rest = self.is_final(place) || forgotten_s.is_some_and(|end_s| place.end_s <= end_s);
        let new = || Window { is_rest, ..Window::default() };
        self.windows.entry(place.clone()).or_insert_with(new)
    }

    fn is_final(&self, place: &Place) -> bool {
        self.finals.get(&(place.rule, place.host)).is_some_and(|end_s| place.end_s <= *end_s)
    }

    fn make_final(&mut self, place: &Place) {
        let end_s = self.finals.entry((place.rule, place.host)).or_insert(i64::MIN);
        *end_s = place.end_s.max(*end_s);
    }

    fn close_passed(&mut self, hosts: &[Option<&'static str>], unknown: &[&'static str]) {
        let is_unknown = |place: &Place| place.host.is_some_and(|host| unknown.contains(&host));
        let due: Vec<Place> = self
            .windows
            .iter()
            .filter(|(place, window)| {
                let passed = hosts.contains(&place.host) && self.has_reached(place, place.end_s);
                !window.is_closed && (passed || is_unknown(place))
            })
            .map(|(place, _)| place.clone())
            .collect();
        due.iter().for_each(|place| self.close(place));
        self.let_expired_go(hosts);
    }

    fn let_expired_go(&mut self, hosts: &[Option<&'static str>]) {
        let has_expired = |(place, window): &(&Place, &Window)| {
            window.is_closed
                && hosts.contains(&place.host)
                && self.has_reached(place, place.end_s + self.retain_s(place))
        };
        let expired: Vec<Place> =
            self.windows.iter().filter(has_expired).map(|(place, _)| place.clone()).collect();
        expired.iter().for_each(|place| self.let_go(place));
    }

    fn let_go(&mut self, place: &Place) {
        self.keep_gained(place, place.end_s + self.retain_s(place));
        self.windows.remove(place);
        if let Some(host) = place.host {
            self.forget_without_windows(host);
        }
    }

    fn keep_gained(&mut self, place: &Place, by_s: i64) {
        if let Some(host) = place.host
            && let Some(now_s) = self.of_host(host)
        {
            let gained_s = self.gained.entry(host).or_insert(i64::MIN);
            *gained_s = (*gained_s).max(by_s.min(now_s));
        }
    }

    fn close(&mut self, place: &Place) {
        self.keep_gained(place, place.end_s);
        let window = self.windows.get_mut(place).expect("it is open");
        window.is_closed = true;
        let rows = results(&self.rules[place.rule], place, &window.events);
        let is_rest = window.is_rest;
        if self.retain_s(place) == 0 {
            if !self.has_reached(place, place.end_s) {
                self.make_final(place);
            }
            self.let_go(place);
        }
        for columns in rows.into_values() {
            self.send(place, columns, is_rest, (0, false, false));
        }
    }

    fn revise(&mut self, place: &Place, event: Event) {
        let rule = self.rules[place.rule];
        let window = self.window(place);
        window.is_closed = true;
        let is_rest = window.is_rest;
        let before = results(&rule, place, &window.events);
        window.events.push(event);
        let after = results(&rule, place, &window.events);
        let groups: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        for group in groups {
            let (sent, found) = (before.get(&group), after.get(&group));
            if sent == found {
                continue;
            }
            let window = self.windows.get_mut(place).expect("made above");
            let last = window.sent.get(&group).copied().or(sent.map(|_| 0));
            let revision = last.map_or(0, |last| last + 1);
            window.sent.insert(group.clone(), revision);
            if revision == 0 {
                window.sent.remove(&group);
            }
            let columns = found.or(sent).expect("it is in one of them").clone();
            self.send(place, columns, is_rest, (revision, true, found.is_none()));
        }
    }

    fn send(
        &mut self,
        place: &Place,
        columns: BTreeMap<String, String>,
        is_partial: bool,
        version: (u32, bool, bool),
    ) {
        let (revision, is_late, is_retracted) = version;
        let Place { end_s, rule, start_s, .. } = *place;
        let step = self.step;
        self.rows.push(Row {
            step,
            rule,
            start_s,
            end_s,
            columns,
            revision,
            is_late,
            is_retracted,
            is_partial,
        });
    }
}

/// The rows of a window by group, in the order of the groups.
fn results(
    rule: &Rule,
    place: &Place,
    events: &[Event],
) -> BTreeMap<Vec<String>, BTreeMap<String, String>> {
    let mut counts: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let value = |event: &Event, field: &str| if field == "host" { event.host } else { event.user };
    for event in events {
        let time = rule.span_s.map(|span_s| event.time_s.div_euclid(span_s) * span_s);
        let time = time.map(|time_s| time_s.to_string());
        let by = rule.by.iter().map(|field| value(event, field).to_owned());
        *counts.entry(time.into_iter().chain(by).collect()).or_default() += 1;
    }
    counts.retain(|_, count| (rule.least..=rule.most).contains(count));
    let mut names: Vec<&str> =
        rule.span_s.map(|_| "_time").into_iter().chain(rule.by.iter().copied()).collect();
    if rule.behind == Behind::Totals {
        let mut totals: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        counts
            .iter()
            .for_each(|(group, count)| *totals.entry(group[..1].to_vec()).or_default() += count);
        (counts, names) = (totals, vec!["host"]);
    }
    debug_assert!(events.iter().all(|event| event.time_s < place.end_s));
    let row = |(group, count): (&Vec<String>, &usize)| {
        let columns = names.iter().map(|name| (*name).to_owned()).zip(group.iter().cloned());
        let mut columns: BTreeMap<_, _> =
            columns.chain([("count".to_owned(), count.to_string())]).collect();
        let is_near = |other: &&(&Vec<String>, &usize)| {
            group.len() == 1 || other.0[..group.len() - 1] == group[..group.len() - 1]
        };
        let all: Vec<_> = counts.iter().collect();
        let sum = |some: &[(&Vec<String>, &usize)]| {
            some.iter().filter(is_near).map(|(_, count)| **count).sum::<usize>().to_string()
        };
        match rule.behind {
            Behind::OfAll => _ = columns.insert("all".to_owned(), sum(&all)),
            Behind::SoFar => {
                let up_to = all.iter().take_while(|(other, _)| *other <= group).count();
                columns.insert("sofar".to_owned(), sum(&all[..up_to]));
            }
            Behind::Nothing | Behind::Totals => {}
        }
        (group.clone(), columns)
    };
    counts.iter().map(row).collect()
}

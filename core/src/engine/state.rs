//! Saving what an engine keeps, and taking it up again: after a restart, or under a new rule set.
//!
//! A saved state is, as [`codec`](crate::codec) writes it:
//!
//! | part | form |
//! | --- | --- |
//! | `caltrop state`, a line feed | 14 bytes |
//! | [`VERSION`], the version of the byte form | 32 bits |
//! | the first 128 bits of SHA-256 over all that follows | 16 bytes |
//! | the options that decide what a window is: mode, length, zone | a text |
//! | the watermarks | as the clocks write them |
//! | the alarms of hosts without a watermark; all others follow from it | as the alarms write them |
//! | the hosts whose watermark was forgotten | as the windows write them |
//! | how many rules have windows or had some, then these in the order of their paths | a count |
//! | each rule: its path, its [`PlanHash`], its windows | a text, 16 bytes, a text |
//! | its windows: how many are open and how many closed ones may be revised, then each, then which are final | two counts, as they write themselves |
//!
//! What is taken up goes on as if nothing had happened, once the engine is told the time: call
//! [`advance`](Engine::advance) before the first event, for an engine that does not know the time takes events of the future for
//! true. A rule that is gone or means something else now, and an option that cuts windows otherwise, leave state out:
//! [`Restored`] says how much of whose. The time between save and load is no silence: no host's watermark grows by it. Counters
//! are of one run and start anew. Only what memory forces may differ from an undisturbed run: the arenas of a state that was
//! taken up are packed otherwise, so a bound is reached a little sooner or later.
//!
//! The checksum finds files that were cut or damaged. It stops no enemy, so whatever passes it is looked at byte by byte.

use std::{fmt, sync::Arc};

use sha2::{Digest, Sha256};

use super::{Engine, alarms::Alarms, clock::Clocks};
use crate::{
    agg::windows::bytes::{Count, Owner},
    codec::{Malformed, Reader, VERSION, Writer},
    compiled::{PlanHash, RuleSet},
    config::{self, Mode, Options},
    ids::RuleId,
};

const MAGIC: &[u8; 14] = b"caltrop state\n";

/// What was taken up of a saved state, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// How many open windows go on.
    pub windows: usize,
    /// How many windows that have closed can be revised still.
    pub retained: usize,
    /// The rules whose windows do not, in the order of their paths.
    pub left_out: Vec<LeftOut>,
}

/// A rule whose saved windows were left out: what the open ones had seen is part of no alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The rule's path.
    pub path: String,
    /// How many windows it had open.
    pub windows: usize,
    /// How many that had closed could have been revised: what comes late to them is dropped, or begins a window of its own.
    pub retained: usize,
    /// Why they were left out.
    pub reason: Reason,
}

/// Why the saved windows of a rule were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No rule has this path now.
    UnknownRule,
    /// The rule, or what the knowledge makes of fields, is another now.
    ChangedRule,
    /// The engine cuts time into other windows now.
    ChangedOptions,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::UnknownRule => "no rule has this path now",
            Self::ChangedRule => "the rule or its knowledge has changed",
            Self::ChangedOptions => "the mode, the window or the zone has changed",
        })
    }
}

/// Why bytes are no saved state that this version can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateError {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NoState,
    OtherVersion(u32),
    Damaged,
    Malformed(Malformed),
}

impl StateError {
    /// The version of the byte form, where it is not the one that this program reads.
    #[must_use]
    pub fn other_version(&self) -> Option<u32> {
        match self.kind {
            Kind::OtherVersion(version) => Some(version),
            _ => None,
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::NoState => out.write_str("this is no saved state: it does not begin as one"),
            Kind::OtherVersion(version) => {
                write!(
                    out,
                    "the state is of version {version}, this program reads version {VERSION}"
                )
            }
            Kind::Damaged => out.write_str("the state is damaged: its checksum differs"),
            Kind::Malformed(found) => write!(out, "no engine wrote this state: {found}"),
        }
    }
}

impl std::error::Error for StateError {}

impl From<Malformed> for StateError {
    fn from(found: Malformed) -> Self {
        Self { kind: Kind::Malformed(found) }
    }
}

impl Engine {
    /// What it keeps of the events so far, as bytes: watermarks and windows. Nothing is changed.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut body = Writer::default();
        body.text(&window_options(&self.options));
        self.clocks.encode(&mut body);
        self.alarms.encode(|host| !self.clocks.knows(host), &mut body);
        self.windows.encode_forgotten(&mut body);
        self.encode_windows(&mut body);
        let body = body.into_bytes();
        let mut out = Writer::default();
        out.plain(MAGIC);
        out.plain(&VERSION.to_le_bytes());
        out.plain(&checksum(&body));
        out.plain(&body);
        out.into_bytes()
    }

    /// An engine that goes on where one that was saved had stopped, and what it could not take up. Takes time and memory in
    /// proportion to `bytes`, whatever they are.
    ///
    /// # Errors
    /// If the bytes are no state, one of another version, or damaged. Nothing of them is taken up then.
    pub fn load(
        rules: Arc<RuleSet>,
        options: Options,
        bytes: &[u8],
    ) -> Result<(Self, Restored), StateError> {
        let mut bytes = Reader::new(body(bytes)?);
        let mut engine = Self::new(rules, options);
        let mut restored = Restored::default();
        let has_same_windows = bytes.text()? == window_options(&engine.options);
        engine.clocks = Clocks::decode(&mut bytes)?;
        let longest_ns = engine.options.idle_ns.max(1);
        let last_alarm_ns = engine.clocks.elapsed_ns().saturating_add(longest_ns);
        engine.alarms = Alarms::decode(last_alarm_ns, &mut bytes)?;
        engine.windows.restore_forgotten(&mut bytes)?;
        let mut last = None;
        for _ in 0..bytes.count(SavedRule::LEAST_BYTES)? {
            let rule = SavedRule::decode(&mut bytes)?;
            if last.replace(rule.path).is_some_and(|last| last >= rule.path) {
                return Err(Malformed::new("rules are out of order").into());
            }
            engine.take_up(rule, has_same_windows, &mut restored)?;
        }
        bytes.end()?;
        engine.forget_hosts_without_windows();
        engine.counters.state_bytes = engine.windows.bytes();
        engine.counters.state_bytes_peak = engine.windows.bytes();
        engine.settle();
        Ok((engine, restored))
    }

    /// Puts a saved state in the place of what this engine keeps, as [`load`](Self::load) does for a new one. Which rules are
    /// disabled stays.
    ///
    /// # Errors
    /// As `load`. The engine is then as it was.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<Restored, StateError> {
        let (rules, options) = (Arc::clone(&self.rules), self.options.clone());
        let (engine, restored) = Self::load(rules, options, bytes)?;
        *self = Self { disabled: std::mem::take(&mut self.disabled), ..engine };
        Ok(restored)
    }

    fn encode_windows(&self, out: &mut Writer) {
        let rules = self.windows.by_rule();
        out.count(rules.len());
        for (rule_id, windows) in rules {
            let rule = self.rules.rule(rule_id);
            out.text(rule.meta.path.as_bytes());
            out.plain(&rule.plan_hash.to_bytes());
            out.section(|out| windows.encode(&self.rules.names, out));
        }
    }

    /// Takes up the windows of a saved rule, if they mean the same now.
    fn take_up(
        &mut self,
        saved: SavedRule<'_>,
        has_same_windows: bool,
        restored: &mut Restored,
    ) -> Result<(), Malformed> {
        let mut bytes = Reader::new(saved.windows);
        let Self { rules, options, windows, .. } = self;
        let heir = heir(rules, saved.path, saved.plan_hash);
        match heir.and_then(|rule| has_same_windows.then_some(rule).ok_or(Reason::ChangedOptions)) {
            Ok(rule) => {
                let owner = owner(rules, rule, options);
                let Count { open, retained } = windows.restore(owner, &mut bytes)?;
                restored.windows += open;
                restored.retained += retained;
                bytes.end()
            }
            Err(reason) => {
                let Count { open: windows, retained } = Count::decode(&mut bytes)?;
                let path = String::from_utf8_lossy(saved.path).into_owned();
                if windows + retained > 0 {
                    restored.left_out.push(LeftOut { path, windows, retained, reason });
                }
                Ok(())
            }
        }
    }

    /// A host that went is remembered for its windows; those of rules that were left out are no more.
    fn forget_hosts_without_windows(&mut self) {
        let Self { clocks, windows, .. } = self;
        let gone = clocks.gone().filter(|host| !windows.has_any_of(host));
        for host in gone.map(Box::from).collect::<Vec<Box<[u8]>>>() {
            if let Some(end_ns) = clocks.forget_gone(&host) {
                windows.forget_host(&host, end_ns);
            }
        }
    }
}

/// The rule that may go on with what one of that path and hash has kept.
pub(super) fn heir(rules: &RuleSet, path: &[u8], plan_hash: PlanHash) -> Result<RuleId, Reason> {
    let rule = rules.find(path).ok_or(Reason::UnknownRule)?;
    match rules.rule(rule).plan_hash == plan_hash {
        true => Ok(rule),
        false => Err(Reason::ChangedRule),
    }
}

fn owner<'r>(rules: &'r RuleSet, rule: RuleId, options: &Options) -> Owner<'r> {
    let plan = &rules.rule(rule).plan;
    let is_closed_by_host = options.mode == Mode::Stream && plan.closing.by_host;
    Owner { rule, plan, names: &rules.names, is_closed_by_host }
}

/// What was saved of one rule.
struct SavedRule<'b> {
    path: &'b [u8],
    plan_hash: PlanHash,
    /// Its windows, not looked at yet.
    windows: &'b [u8],
}

impl<'b> SavedRule<'b> {
    /// The fewest bytes that it is written in: empty texts around a hash.
    const LEAST_BYTES: usize = 18;

    fn decode(bytes: &mut Reader<'b>) -> Result<Self, Malformed> {
        Ok(Self {
            path: bytes.text()?,
            plan_hash: PlanHash::from_bytes(bytes.plain()?),
            windows: bytes.text()?,
        })
    }
}

/// The options that decide what a window is.
fn window_options(options: &Options) -> Vec<u8> {
    let mut out = Writer::default();
    out.flag(options.mode == Mode::Stream);
    match options.window {
        config::Window::All => out.byte(0),
        config::Window::Rule => out.byte(1),
        config::Window::Fixed(length_ns) => {
            out.byte(2);
            out.integer(length_ns);
        }
    }
    out.text(options.zone.iana_name().unwrap_or_default().as_bytes());
    let fixed = options.zone.to_fixed_offset().ok();
    out.option(fixed, |out, offset| out.integer(offset.seconds().into()));
    out.into_bytes()
}

/// The first 128 bits of SHA-256.
fn checksum(body: &[u8]) -> [u8; 16] {
    *Sha256::digest(body).first_chunk().expect("SHA-256 has 32 bytes")
}

/// What follows the head, if the head is right.
fn body(bytes: &[u8]) -> Result<&[u8], StateError> {
    let error = |kind| StateError { kind };
    let rest = bytes.strip_prefix(MAGIC).ok_or(error(Kind::NoState))?;
    let (version, rest) = rest.split_first_chunk().ok_or(error(Kind::Damaged))?;
    match u32::from_le_bytes(*version) {
        VERSION => {}
        version => return Err(error(Kind::OtherVersion(version))),
    }
    let (sum, body) = rest.split_first_chunk().ok_or(error(Kind::Damaged))?;
    if *sum == checksum(body) { Ok(body) } else { Err(error(Kind::Damaged)) }
}

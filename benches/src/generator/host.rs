//! The machines that send events, and the accounts that work on them.

use super::TICKS_PER_SECOND;
use super::event::{Event, Quotes, utc_time};
use super::random::Random;

const TREES: [&str; 12] = [
    "alder", "birch", "cedar", "dogwood", "elder", "fir", "gean", "hazel", "ilex", "juniper",
    "larch", "maple",
];

/// Somebody, or something, that processes run as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) user: &'static str,
    pub(super) logon_id: u64,
    pub(super) session: u32,
    pub(super) integrity: &'static str,
}

/// The accounts of the machine itself: every host has them.
pub(super) const SYSTEM: Account =
    Account { user: r"NT AUTHORITY\SYSTEM", logon_id: 0x3e7, session: 0, integrity: "System" };
pub(super) const NETWORK_SERVICE: Account = Account {
    user: r"NT AUTHORITY\NETWORK SERVICE",
    logon_id: 0x3e4,
    session: 0,
    integrity: "System",
};

/// The people of the domain.
pub(super) const PEOPLE: [Account; 4] = [
    Account { user: r"GROVE\m.holt", logon_id: 0x4_1c7e, session: 1, integrity: "Medium" },
    Account { user: r"GROVE\j.o'shea", logon_id: 0x5_903b, session: 1, integrity: "Medium" },
    Account { user: r"GROVE\svc_backup$", logon_id: 0x6_11d2, session: 0, integrity: "High" },
    Account { user: r"GROVE\adm-lindqvist", logon_id: 0x7_a5f4, session: 2, integrity: "High" },
];

/// A machine with Sysmon on it.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) address: String,
    machine: String,
    /// What this Sysmon writes where no rule of its configuration has a name: old ones nothing, newer ones a dash.
    rule_name: &'static str,
    quotes: Quotes,
    logger_process: u32,
    /// The number of the last event before the stream.
    pub(super) last_record: u64,
}

impl Host {
    /// Host number `index` of the stream of `seed`.
    pub(super) fn new(seed: u64, index: u32) -> Self {
        let place = usize::try_from(index).expect("a u32 fits");
        let tree = TREES[place % TREES.len()];
        let mut random = Random::part(seed, (1 << 62) | u64::from(index));
        let odd = index % 2 == 1;
        Self {
            name: format!("ws-{tree}{:02}.grove.example", place / TREES.len() + 1),
            address: format!("10.20.{}.{}", index / 200, 10 + index % 200),
            machine: random.hex(8).to_lowercase(),
            rule_name: if odd { "" } else { "-" },
            quotes: if odd { Quotes::Entity } else { Quotes::Bare },
            logger_process: process_id(&mut random),
            last_record: random.between(10_000, 900_000),
        }
    }

    /// The GUID of a logon session of this machine.
    pub(super) fn logon_guid(&self, account: &Account) -> String {
        let mut random = Random::of_text(&self.machine);
        let start = random.hex(8).to_lowercase();
        let (low, high) = start.split_at(4);
        format!("{{{}-{low}-{high}-{:04x}-000000000000}}", self.machine, account.logon_id & 0xffff)
    }
}

/// A host at a moment, about to write an event: what every kind of event is made from.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    pub(super) host: &'a Host,
    /// In ticks of 100 ns since 1970.
    pub(super) tick: i64,
    pub(super) random: &'a mut Random,
}

impl Moment<'_> {
    /// An event, not yet numbered, whose own data follows Sysmon's two or three first items.
    pub(super) fn event(&mut self, id: u16, data: Vec<(&'static str, String)>) -> Event {
        let Self { host, tick, random } = self;
        let mut all = vec![("RuleName", host.rule_name.to_owned())];
        all.extend(event_type(id).map(|kind| ("EventType", kind.to_owned())));
        // Sysmon notes the time of what happened, Windows the time of the record, a little later.
        let delay_ticks = i64::try_from(random.between(1, 60) * 10_000).expect("under a second");
        let utc_tick = *tick - delay_ticks;
        all.push(("UtcTime", utc_time(utc_tick)));
        all.extend(data);
        Event {
            id,
            tick: *tick,
            utc_tick,
            host: host.name.clone(),
            record: 0,
            logger_process: host.logger_process,
            logger_thread: host.logger_process + random.pick(&[8, 12, 40]),
            quotes: host.quotes,
            data: all,
        }
    }

    /// The GUID, as Sysmon builds it of machine, start and a serial, of a process that is some seconds old.
    pub(super) fn process_guid(&mut self, age_s: u64) -> String {
        let start_s = self.seconds() - i64::try_from(age_s).expect("an age fits");
        let (high, low) = ((start_s >> 16) & 0xffff, start_s & 0xffff);
        let serial = self.random.below(0x1_0000);
        format!("{{{}-{low:04x}-{high:04x}-{serial:04x}-000000000700}}", self.host.machine)
    }

    /// A process id: Windows hands out multiples of four.
    pub(super) fn process_id(&mut self) -> String {
        process_id(self.random).to_string()
    }

    fn seconds(&self) -> i64 {
        self.tick.div_euclid(TICKS_PER_SECOND)
    }
}

fn process_id(random: &mut Random) -> u32 {
    u32::try_from(random.between(150, 3_000) * 4).expect("below 12,000")
}

/// The sub-kind that registry and pipe events name.
const fn event_type(id: u16) -> Option<&'static str> {
    match id {
        12 => Some("CreateKey"),
        13 => Some("SetValue"),
        17 => Some("CreatePipe"),
        18 => Some("ConnectPipe"),
        _ => None,
    }
}

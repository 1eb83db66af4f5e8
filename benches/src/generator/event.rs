//! An event before it is text.

use jiff::Timestamp;

/// How a writer puts characters in text that its language also uses: two kinds of each writer are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// As they are where that is allowed: a double quote in the text of XML, `<` in a string of JSON.
    Bare,
    /// As `&quot;` and as `\\u003c`: what forwarders write that build the text anew.
    Entity,
}

/// One Sysmon event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Sysmon's event id.
    pub id: u16,
    /// When it was written (`SystemTime`), in ticks of 100 ns since 1970.
    pub tick: i64,
    /// When Sysmon saw it happen (`UtcTime`), a little earlier, in ticks of 100 ns since 1970.
    pub utc_tick: i64,
    /// The fully qualified name of its machine.
    pub host: String,
    /// Its number in that machine's log.
    pub record: u64,
    /// The process id of that machine's Sysmon service.
    pub logger_process: u32,
    /// The thread of it that wrote the event.
    pub logger_thread: u32,
    /// How that machine's forwarder writes special characters.
    pub quotes: Quotes,
    /// The event's own data, in Sysmon's order.
    pub data: Vec<(&'static str, String)>,
}

impl Event {
    /// The value of the data item `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.data.iter().find(|(item, _)| *item == name).map(|(_, value)| value.as_str())
    }
}

/// A tick as Sysmon writes it into `UtcTime`.
pub(super) fn utc_time(tick: i64) -> String {
    timestamp(tick).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

pub(super) fn timestamp(tick: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(tick) * 100).expect("a stream lies within the calendar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_time_has_milliseconds() {
        assert_eq!(utc_time(17_724_438_001_234_567), "2026-03-02 09:30:00.123");
    }
}

//! When and where an event in JSON happened, and from which log of Windows it is: by the names of its fields.
//!
//! Loggers agree on no name, so this is a table of names, each with its rank: the moment that the machine itself gives
//! comes before that of a program, and when a shipper saw the event comes last. It is asked for every event that a rule
//! may match, so the walk enters no container but those that the table names, and stops when nothing better can come.

use bumpalo::Bump;
use jiff::tz::TimeZone;
use memchr::memmem;

use super::walk::Walker;
use crate::{
    event::{Told, time},
    row::Env,
    value::Value,
};

/// What a field is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clue {
    Time(Moment),
    Host(HostRank),
    Channel,
    EventId,
    /// Who wrote a Windows event.
    Provider,
    /// The text of the event; Sysmon writes the time there, too.
    Message,
}

/// Whose moment a time is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// When Windows wrote the event.
    System,
    /// When Sysmon saw it happen; always in UTC.
    Sysmon,
    /// What Splunk, or a host that speaks its language, has made of it.
    Given,
    /// When the event's own program says it happened.
    Own,
    /// The same by programs that mean UTC and do not write so.
    OwnInUtc,
    /// When a shipper wrote or received it.
    Shipper,
}

/// Which name of a machine counts, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum HostRank {
    /// The machine on which a Windows event was written.
    Computer,
    /// What the event calls its host.
    Named,
    /// `host` itself, which shippers set.
    Host,
    /// The machine of the shipper, which may be a collector.
    Shipper,
}

/// What the field at a path says, if it is one of those that are asked.
fn clue(path: &[u8]) -> Option<Clue> {
    Some(match path {
        b"winlog.channel" | b"log_name" | b"Channel" | b"Event.System.Channel" => Clue::Channel,
        b"winlog.event_id"
        | b"event_id"
        | b"EventID"
        | b"EventCode"
        | b"Event.System.EventID"
        | b"Event.System.EventID.#text" => Clue::EventId,
        b"winlog.provider_name" | b"SourceName" | b"ProviderName" => Clue::Provider,
        b"Message" | b"message" => Clue::Message,
        _ => return moment(path).map(Clue::Time).or_else(|| host(path).map(Clue::Host)),
    })
}

fn moment(path: &[u8]) -> Option<Moment> {
    Some(match path {
        // Windows: the attribute of TimeCreated, as winlogbeat and the XML turned to JSON have it.
        b"SystemTime"
        | b"winlog.time_created"
        | b"Event.System.TimeCreated.#attributes.SystemTime"
        | b"Event.System.TimeCreated_attributes.SystemTime"
        | b"Event.System.TimeCreated.SystemTime" => Moment::System,
        b"UtcTime"
        | b"event_data.UtcTime"
        | b"winlog.event_data.UtcTime"
        | b"EventData.UtcTime"
        | b"Event.EventData.UtcTime" => Moment::Sysmon,
        b"_time" => Moment::Given,
        // Fluent Bit and PowerShell; a local time as often as not, so that Sysmon knows better.
        b"TimeCreated"
        // NXLog and syslog in JSON; CloudTrail; Okta; Azure and Microsoft Graph; Google; Auth0; GitHub.
        | b"EventTime"
        | b"eventTime"
        | b"published"
        | b"activityDateTime"
        | b"ActivityDateTime"
        | b"createdDateTime"
        | b"eventTimestamp"
        | b"date"
        | b"created_at"
        // Zeek; firewalls, proxies and everything that logs in JSON; Defender; CrowdStrike; osquery; journald.
        | b"ts"
        | b"timestamp"
        | b"Timestamp"
        | b"time"
        | b"datetime"
        | b"event_time"
        | b"ContextTimeStamp"
        | b"event_creation_time"
        | b"device_timestamp"
        | b"unixTime"
        | b"_SOURCE_REALTIME_TIMESTAMP"
        | b"__REALTIME_TIMESTAMP" => Moment::Own,
        // Microsoft 365; Azure Monitor.
        b"CreationTime" | b"TimeGenerated" => Moment::OwnInUtc,
        b"@timestamp" | b"EventReceivedTime" => Moment::Shipper,
        _ => return None,
    })
}

fn host(path: &[u8]) -> Option<HostRank> {
    Some(match path {
        b"Computer"
        | b"ComputerName"
        | b"winlog.computer_name"
        | b"computer_name"
        | b"Event.System.Computer" => HostRank::Computer,
        b"Hostname" | b"HostName" | b"hostname" | b"DeviceName" | b"device_name"
        | b"hostIdentifier" | b"_HOSTNAME" => HostRank::Named,
        b"host" | b"host.name" | b"host.hostname" => HostRank::Host,
        b"agent.hostname" | b"agent.name" | b"beat.hostname" => HostRank::Shipper,
        _ => return None,
    })
}

/// Whether a container holds fields that are asked for.
fn is_worth_entering(path: &[u8]) -> bool {
    matches!(
        path,
        b"winlog"
            | b"winlog.event_data"
            | b"event_data"
            | b"EventData"
            | b"Event"
            | b"Event.EventData"
            | b"host"
            | b"agent"
            | b"beat"
    ) || path.starts_with(b"Event.System")
}

/// What `raw` says of itself.
pub(in crate::event) fn told<'e>(raw: &'e [u8], env: Env<'e>) -> Told<'e> {
    let mut clues = Clues::default();
    read(raw, env.bump, env.zone, &mut clues);
    clues.told()
}

fn read<'e>(raw: &'e [u8], bump: &'e Bump, zone: &TimeZone, clues: &mut Clues<'e>) {
    let mut walker = Walker::entering(raw, bump, is_worth_entering);
    while !clues.is_complete()
        && let Some(leaf) = walker.next()
    {
        match clue(walker.name()) {
            _ if leaf.written.text.is_empty() => {}
            // Decoded it would cost more than all else, and the time in it needs no decoding.
            Some(Clue::Message) => clues.take(Clue::Message, leaf.written.text, zone),
            Some(clue) => clues.take(clue, leaf.text(bump), zone),
            None => {}
        }
    }
}

/// The same of an event whose fields the caller has found.
pub(in crate::event) fn told_by_fields<'e>(
    fields: &[(&'e [u8], Value<'e>)],
    bump: &'e Bump,
    zone: &TimeZone,
) -> Told<'e> {
    let mut clues = Clues::default();
    for (name, value) in fields {
        if let (Some(clue), Some(text)) = (clue(name), value.text(bump)) {
            clues.take(clue, text, zone);
        }
    }
    clues.told()
}

/// The best that was found so far.
#[derive(Default)]
struct Clues<'e> {
    time: Option<(TimeRank, i64)>,
    host: Option<(HostRank, &'e [u8])>,
    channel: Option<&'e [u8]>,
    event_id: Option<&'e [u8]>,
    has_provider: bool,
    /// As written or decoded.
    message: Option<&'e [u8]>,
}

/// How much a time is to be believed, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TimeRank {
    moment: Moment,
    lacks_zone: bool,
}

impl<'e> Clues<'e> {
    fn take(&mut self, clue: Clue, text: &'e [u8], zone: &TimeZone) {
        match clue {
            Clue::Time(moment) => self.take_time(moment, text, zone),
            Clue::Host(rank) => {
                if self.host.is_none_or(|(best, _)| rank < best) {
                    self.host = Some((rank, text));
                }
            }
            Clue::Channel => self.channel = self.channel.or(Some(text)),
            Clue::EventId => self.event_id = self.event_id.or(Some(text)),
            Clue::Provider => self.has_provider = true,
            Clue::Message => self.message = self.message.or(Some(text)),
        }
    }

    fn take_time(&mut self, moment: Moment, text: &[u8], zone: &TimeZone) {
        let is_utc = matches!(moment, Moment::System | Moment::Sysmon | Moment::OwnInUtc);
        let moment = if moment == Moment::OwnInUtc { Moment::Own } else { moment };
        if self.time.is_some_and(|(best, _)| best <= TimeRank { moment, lacks_zone: false }) {
            return;
        }
        let zone = if is_utc { &TimeZone::UTC } else { zone };
        let Some(read) = read_time(text, zone) else { return };
        let rank = TimeRank { moment, lacks_zone: read.lacks_zone && !is_utc };
        if self.time.is_none_or(|(best, _)| rank < best) {
            self.time = Some((rank, read.time_ns));
        }
    }

    /// Whether no field can say anything better.
    fn is_complete(&self) -> bool {
        let best_time = TimeRank { moment: Moment::System, lacks_zone: false };
        self.channel.is_some()
            && self.event_id.is_some()
            && self.time.is_some_and(|(rank, _)| rank == best_time)
            && self.host.is_some_and(|(rank, _)| rank == HostRank::Computer)
    }

    fn told(mut self) -> Told<'e> {
        let is_windows = self.event_id.is_some() && (self.channel.is_some() || self.has_provider);
        let message = self.message.filter(|_| is_windows);
        if let Some(text) = message.and_then(utc_time_in_message) {
            self.take_time(Moment::Sysmon, text, &TimeZone::UTC);
        }
        Told {
            time_ns: self.time.map(|(_, time_ns)| time_ns),
            host: self.host.map(|(_, host)| host),
            channel: self.channel.filter(|_| is_windows),
            event_id: self.event_id.filter(|_| is_windows),
            leads: false,
        }
    }
}

/// Sysmon's own time in the text of its event, at the start of a line; the line end may be decoded or not.
fn utc_time_in_message(message: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"UtcTime: ";
    let starts_line = |at: &usize| {
        let before = &message[..*at];
        before.is_empty() || before.ends_with(b"\n") || before.ends_with(br"\n")
    };
    let start = memmem::find_iter(message, NAME).find(starts_line)? + NAME.len();
    let rest = &message[start..];
    Some(&rest[..rest.iter().take_while(|byte| !matches!(byte, b'\\' | b'\r' | b'\n')).count()])
}

struct ReadTime {
    time_ns: i64,
    lacks_zone: bool,
}

/// A moment as text or as a number: of seconds, milliseconds, microseconds or nanoseconds, by its size.
fn read_time(text: &[u8], zone: &TimeZone) -> Option<ReadTime> {
    if let Some(time_ns) = epoch(text) {
        return Some(ReadTime { time_ns, lacks_zone: false });
    }
    let (text, is_utc) = match text.trim_ascii().strip_suffix(b" UTC") {
        Some(text) => (text, true),
        None => (text.trim_ascii(), false),
    };
    let mut spaceless = [0; LONGEST_TIME_BYTES];
    let text = without_space_before_zone(text, &mut spaceless).unwrap_or(text);
    let has_zone =
        is_utc || text.iter().skip(b"2026-01-01".len()).any(|byte| b"Zz+-".contains(byte));
    let zone = if is_utc { &TimeZone::UTC } else { zone };
    Some(ReadTime { time_ns: time::parse(text, zone)?, lacks_zone: !has_zone })
}

/// No form of a time is longer.
const LONGEST_TIME_BYTES: usize = 40;

/// `2026-03-02 09:30:00 +0100` as `time` reads it; none where there is no such space.
fn without_space_before_zone<'b>(
    text: &[u8],
    buffer: &'b mut [u8; LONGEST_TIME_BYTES],
) -> Option<&'b [u8]> {
    let space = text.iter().rposition(|&byte| byte == b' ')?;
    let zone = &text[space + 1..];
    if !matches!(zone.first(), Some(b'+' | b'-')) || text.len() > buffer.len() {
        return None;
    }
    buffer[..space].copy_from_slice(&text[..space]);
    buffer[space..text.len() - 1].copy_from_slice(zone);
    Some(&buffer[..text.len() - 1])
}

/// The nanoseconds of epoch time in any unit. Numbers that are not of our century are something else.
fn epoch(text: &[u8]) -> Option<i64> {
    const LONGEST_DIGITS: usize = 19;
    let whole_bytes = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(whole_bytes);
    let unit_ns: i64 = match whole_bytes {
        9..=10 => 1_000_000_000,
        12..=13 => 1_000_000,
        15..=16 => 1_000,
        18..=LONGEST_DIGITS => 1,
        _ => return None,
    };
    let fraction = match rest {
        [] => &[],
        [b'.', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => digits,
        _ => return None,
    };
    let number =
        |number: i64, digit: &u8| number.checked_mul(10)?.checked_add(i64::from(digit - b'0'));
    let units = whole.iter().try_fold(0_i64, number)?;
    let fraction_ns = fraction
        .iter()
        .scan(unit_ns, |place_ns, digit| {
            *place_ns /= 10;
            Some(*place_ns * i64::from(digit - b'0'))
        })
        .sum::<i64>();
    units.checked_mul(unit_ns)?.checked_add(fraction_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When and where `raw` happened, in epoch seconds.
    fn when_and_where(raw: &str, zone: &TimeZone) -> (Option<f64>, Option<String>) {
        let bump = Bump::new();
        let mut clues = Clues::default();
        read(raw.as_bytes(), &bump, zone, &mut clues);
        let told = clues.told();
        let host = told.host.map(|host| String::from_utf8_lossy(host).into_owned());
        (told.time_ns.map(time::seconds), host)
    }

    fn second(raw: &str, zone: &TimeZone) -> Option<f64> {
        when_and_where(raw, zone).0
    }

    /// 2026-03-02T09:30:00Z.
    const AT: f64 = 1_772_443_800.0;

    #[test]
    fn the_machines_own_moment_comes_first_and_the_shippers_last() {
        let system = r##""Event":{"System":{"TimeCreated":{"#attributes":{"SystemTime":"2026-03-02T09:30:00Z"}}}}"##;
        let sysmon = r#""UtcTime":"2026-03-02 09:30:01.000""#;
        let zoned = r#""eventTime":"2026-03-02T09:30:02Z""#;
        let bare = r#""EventTime":"2026-03-02 09:30:03""#;
        let received = r#""EventReceivedTime":"2026-03-02 09:30:05""#;
        let shipped = r#""@timestamp":"2026-03-02T09:30:04Z""#;
        let members = [system, sysmon, zoned, bare, shipped, received];
        for (best, offset_s) in [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].into_iter().enumerate() {
            let mut rest = members[best..].to_vec();
            assert_eq!(
                second(&format!("{{{}}}", rest.join(",")), &TimeZone::UTC),
                Some(AT + offset_s)
            );
            rest.reverse();
            assert_eq!(
                second(&format!("{{{}}}", rest.join(",")), &TimeZone::UTC),
                Some(AT + offset_s)
            );
        }
    }

    #[test]
    fn sysmons_time_is_also_read_from_the_message_of_a_windows_event() {
        let message = r#""Message":"Process Create:\r\nUtcTime: 2026-03-02 09:30:01.000\r\nImage: x\nUtcTime: 2099-01-01 00:00:00""#;
        let windows =
            format!(r#"{{"EventTime":"2026-03-02 10:30:01","EventID":1,"Channel":"S",{message}}}"#);
        assert_eq!(second(&windows, &TimeZone::UTC), Some(AT + 1.0));
        let other = format!(r#"{{"time":"2026-03-02T09:30:07Z",{message}}}"#);
        assert_eq!(second(&other, &TimeZone::UTC), Some(AT + 7.0));
    }

    #[test]
    fn a_time_without_a_zone_is_read_in_the_callers_unless_its_name_means_utc() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (raw, offset_s) in [
            (r#"{"EventTime":"2026-03-02 10:30:00"}"#, 0.0),
            (r#"{"UtcTime":"2026-03-02 09:30:00"}"#, 0.0),
            (r#"{"CreationTime":"2026-03-02T09:30:00"}"#, 0.0),
            (r#"{"TimeCreated":"2026-03-02 18:30:00 +0900"}"#, 0.0),
            (r#"{"createdDateTime":"2026-03-02 09:30:00 UTC"}"#, 0.0),
            (r#"{"published":"2026-03-02T09:30:00.000-0500"}"#, 5.0 * 3600.0),
        ] {
            assert_eq!(second(raw, &berlin), Some(AT + offset_s), "{raw}");
        }
    }

    #[test]
    fn epoch_numbers_are_read_in_their_unit() {
        for (number, expected) in [
            ("1772443800", Some(AT)),
            ("1772443800.25", Some(AT + 0.25)),
            ("\"1772443800.25\"", Some(AT + 0.25)),
            ("1772443800250", Some(AT + 0.25)),
            ("1772443800250000", Some(AT + 0.25)),
            ("1772443800250000000", Some(AT + 0.25)),
            ("9999999999999999999", None),
            ("17724438", None),
            ("-1772443800", None),
            ("1772443800e3", None),
            ("1772443800.2x", None),
            ("true", None),
        ] {
            assert_eq!(
                second(&format!(r#"{{"ts":{number}}}"#), &TimeZone::UTC),
                expected,
                "{number}"
            );
        }
    }

    #[test]
    fn the_computer_comes_before_the_host_and_a_collector_last() {
        let members = [
            r#""Computer":"a""#,
            r#""Hostname":"b""#,
            r#""host":{"name":"c"}"#,
            r#""agent":{"hostname":"d"}"#,
        ];
        for (best, expected) in ["a", "b", "c", "d"].into_iter().enumerate() {
            let mut rest = members[best..].to_vec();
            rest.reverse();
            let raw = format!("{{{}}}", rest.join(","));
            assert_eq!(when_and_where(&raw, &TimeZone::UTC).1.as_deref(), Some(expected));
        }
    }

    #[test]
    fn only_windows_events_have_a_channel_and_an_event_id() {
        let bump = Bump::new();
        for (raw, channel, event_id) in [
            (r#"{"EventID":1,"Channel":"Security"}"#, Some("Security"), Some("1")),
            (
                r#"{"winlog":{"event_id":"4688","channel":"Security"}}"#,
                Some("Security"),
                Some("4688"),
            ),
            (r#"{"event_id":5,"log_name":"System"}"#, Some("System"), Some("5")),
            (r#"{"EventID":5,"SourceName":"p"}"#, None, Some("5")),
            (r#"{"event_id":5,"message":"x"}"#, None, None),
            (r#"{"Channel":"Security"}"#, None, None),
        ] {
            let mut clues = Clues::default();
            read(raw.as_bytes(), &bump, &TimeZone::UTC, &mut clues);
            let told = clues.told();
            assert_eq!(told.channel, channel.map(str::as_bytes), "{raw}");
            assert_eq!(told.event_id, event_id.map(str::as_bytes), "{raw}");
        }
    }

    #[test]
    fn parsed_fields_say_the_same() {
        let bump = Bump::new();
        let fields: [(&[u8], Value<'_>); 4] = [
            (b"winlog.event_id", Value::Text(b"1")),
            (b"winlog.channel", Value::Text(b"Security")),
            (b"winlog.computer_name", Value::Text(b"h")),
            (b"@timestamp", Value::Text(b"2026-03-02T09:30:00Z")),
        ];
        let told = told_by_fields(&fields, &bump, &TimeZone::UTC);
        assert_eq!(told.time_ns.map(time::seconds), Some(AT));
        assert_eq!(
            (told.host, told.channel),
            (Some(b"h".as_slice()), Some(b"Security".as_slice()))
        );
        assert_eq!(told.event_id, Some(b"1".as_slice()));
    }
}

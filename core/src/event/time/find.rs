//! Looks for a time in a line of text.

use jiff::tz::TimeZone;

use super::{
    forms::stamp_at_start,
    reader::{Reader, whole},
};
use crate::config::SECOND_NS;

/// A time counts if it starts in so many first bytes. Splunk looks into the first 128 characters.
const REACH_BYTES: usize = 150;

/// Two readings of one moment by clocks of different zones lie no further apart.
const FARTHEST_ZONES_NS: u64 = 86_400_000_000_000;

/// A time that stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Nanoseconds since the epoch.
    pub time_ns: i64,
    /// Whether the text says its zone, or counts from the epoch.
    pub has_zone: bool,
}

/// The time that the start of `text` tells: the first that stands in its first 150 bytes, in any form of a log.
///
/// A time without a zone is read in `zone`. Where the same moment comes again with a zone, that reading is taken; a time
/// more than a day off is another moment, of which the text tells, and changes nothing. A time without a year is of the
/// last year that does not put it more than a day ahead of `clock_s`, in epoch seconds.
///
/// The forms are ISO 8601, those of syslog, of Apache, nginx and IIS, of RFC 2822, ctime, Cisco and Windows, with the
/// month as an English name or a number; and at the very start seconds (`1157689312.049`), milliseconds or microseconds
/// since the epoch, from 2001 to 2100, also behind a `#`. Allocates nothing.
///
/// ```
/// use caltrop_core::event::time;
/// use jiff::tz::TimeZone;
///
/// let line = b"10.0.0.7 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200";
/// let found = time::find(line, &TimeZone::UTC, 0.0).unwrap();
/// assert_eq!((found.time_ns, found.has_zone), (971_211_336_000_000_000, true));
/// ```
#[must_use]
pub fn find(text: &[u8], zone: &TimeZone, clock_s: f64) -> Option<Found> {
    if let Some(time_ns) = epoch_at_start(text) {
        return Some(Found { time_ns, has_zone: true });
    }
    let mut first: Option<Found> = None;
    let mut at = 0;
    while let Some((found, end)) = next(text, at, zone, clock_s) {
        match first {
            None => first = Some(found),
            Some(local) if found.has_zone && is_same_moment(local, found) => return Some(found),
            Some(_) => {}
        }
        if first.is_some_and(|first| first.has_zone) {
            break;
        }
        at = end;
    }
    first
}

/// The first time that starts at `from` or behind it, and where it ends.
fn next(text: &[u8], from: usize, zone: &TimeZone, clock_s: f64) -> Option<(Found, usize)> {
    (from..text.len().min(REACH_BYTES)).filter(|&at| may_start(text, at)).find_map(|at| {
        let (stamp, length) = stamp_at_start(&text[at..])?;
        let time_ns = stamp.time_ns(zone, clock_s)?;
        Some((Found { time_ns, has_zone: stamp.has_zone() }, at + length))
    })
}

/// Whether a word that could open a time starts at `at`: a number, or the name of a month.
fn may_start(text: &[u8], at: usize) -> bool {
    let opens = |byte: u8| byte.is_ascii_digit() || b"JFMASONDjfmasond".contains(&byte);
    opens(text[at]) && (at == 0 || !text[at - 1].is_ascii_alphanumeric())
}

fn is_same_moment(one: Found, other: Found) -> bool {
    one.time_ns.abs_diff(other.time_ns) <= FARTHEST_ZONES_NS
}

/// Nanoseconds since the epoch where `text` starts with a number of 10, 13 or 16 digits: seconds, which may have a
/// fraction, milliseconds or microseconds.
fn epoch_at_start(text: &[u8]) -> Option<i64> {
    let mut reader = Reader { rest: text.trim_ascii_start() };
    reader.one_of(b"#");
    let digits = reader.digits();
    let unit_ns = match digits.len() {
        10 => SECOND_NS,
        13 => SECOND_NS / 1_000,
        16 => SECOND_NS / 1_000_000,
        _ => return None,
    };
    let has_fraction = digits.len() == 10 && reader.rest.starts_with(b".");
    let fraction_ns = if has_fraction { reader.fraction()? } else { 0 };
    let ends = reader.rest.first().is_none_or(|byte| b" \t\r\n,;|])\"'".contains(byte));
    let time_ns = whole(digits)?.checked_mul(unit_ns)?.checked_add(fraction_ns)?;
    (ends && is_plausible(time_ns)).then_some(time_ns)
}

/// Ten digits may also be a telephone number: those between 2001 and 2100 are taken for a time.
fn is_plausible(time_ns: i64) -> bool {
    (1_000_000_000 * SECOND_NS..4_102_444_800 * SECOND_NS).contains(&time_ns)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const CLOCK_S: f64 = 1_065_910_455.0; // 2003-10-11T22:14:15Z

    fn found(text: &str) -> Option<String> {
        let found = find(text.as_bytes(), &TimeZone::UTC, CLOCK_S)?;
        Some(Timestamp::from_nanosecond(i128::from(found.time_ns)).unwrap().to_string())
    }

    #[test]
    fn the_first_time_of_a_line_counts() {
        const AT: &str = "2003-10-11T22:14:15Z";
        for text in [
            "2003-10-11 22:14:15 10.0.0.1 GET /index.html - 80",
            "2003/10/11 22:14:15 [error] 7#7: *1 open() failed",
            "10.0.0.7 - - [11/Oct/2003:22:14:15 +0000] \"GET / HTTP/1.1\" 200 5",
            "Date: Sat, 11 Oct 2003 22:14:15 +0000",
            "[Sat Oct 11 22:14:15.000000 2003] [core:error] [pid 7]",
            "Sat Oct 11 22:14:15 UTC 2003",
            "<189>29: *Oct 11 22:14:15: %SYS-5-CONFIG_I: Configured",
            "version 1.2 built 9: 10/11/2003 10:14:15 PM",
            "a=1 time=\"2003-10-11 22:14:15\" b=2000-01-01T00:00:00Z",
            "2003-10-11 22:14:15 and then 2003-12-24 00:00:00",
            "2003-10-11 99:99:99 2003-10-11 22:14:15",
            "1065910455 connection opened",
            "#1065910455",
            "  1065910455,5,x",
        ] {
            assert_eq!(found(text).as_deref(), Some(AT), "{text}");
        }
    }

    #[test]
    fn the_start_of_a_line_may_count_from_the_epoch() {
        for (text, expected) in [
            ("1157689312.049   5006 10.0.0.1 TCP_MISS/200", Some("2006-09-08T04:21:52.049Z")),
            ("1157689312049 x", Some("2006-09-08T04:21:52.049Z")),
            ("1157689312049123", Some("2006-09-08T04:21:52.049123Z")),
            ("x 1157689312", None),
            ("1157689312x", None),
            ("1157689312-7", None),
            ("1157689312.", None),
            ("115768931", None),
            ("11576893120", None),
            ("0999999999 ", None),
            ("5551234567 ", None),
        ] {
            assert_eq!(found(text).as_deref(), expected, "{text}");
        }
    }

    /// Else whoever has a word in a message could move its event to any year.
    #[test]
    fn a_zone_tells_only_of_the_same_moment() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, expected) in [
            ("2003-10-11 23:14:15 (2003-10-11T21:14:15Z) up", "2003-10-11T21:14:15Z"),
            ("2003-10-11 23:14:15 until 2099-01-01T00:00:00Z", "2003-10-11T21:14:15Z"),
            ("2003-10-11T21:14:15Z 2003-10-11T22:14:15Z", "2003-10-11T21:14:15Z"),
        ] {
            let found = find(text.as_bytes(), &berlin, CLOCK_S).unwrap();
            let time = Timestamp::from_nanosecond(i128::from(found.time_ns)).unwrap();
            assert_eq!(time.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_time_far_into_the_text_is_not_looked_for() {
        let at = |column: usize| format!("{}2003-10-11 22:14:15", " ".repeat(column));
        assert!(found(&at(REACH_BYTES - 1)).is_some());
        assert!(found(&at(REACH_BYTES)).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = find(&text, &TimeZone::UTC, CLOCK_S);
        }

        #[test]
        fn any_mixture_of_the_parts_of_times_is_survived(
            parts in proptest::collection::vec(prop_oneof![
                Just("2003"), Just("10"), Just("9999"), Just("00"), Just("Oct"), Just("PM"), Just("Z"), Just("+"),
                Just("-"), Just(":"), Just("/"), Just(" "), Just("."), Just("T"), Just("22:14:15"), Just("29"), Just("Feb"),
            ], 0..20),
            clock_s in prop_oneof![any::<f64>(), -1e11..1e11],
        ) {
            let _ = find(parts.concat().as_bytes(), &TimeZone::UTC, clock_s);
        }
    }
}

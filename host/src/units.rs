//! Durations, sizes and zones as people write them, in options of every edge. Errors are one sentence for the operator.

use caltrop_core::config::{SECOND_NS, Window};
use jiff::tz::TimeZone;

/// `all`, `rule` or a duration.
///
/// # Errors
/// When it is neither, or an empty window.
pub fn window(text: &str) -> Result<Window, String> {
    match text {
        "all" => Ok(Window::All),
        "rule" => Ok(Window::Rule),
        duration => match duration_ns(duration) {
            Ok(0) => Err("a window cannot be empty".to_owned()),
            Ok(length_ns) => Ok(Window::Fixed(length_ns)),
            Err(_) => Err("expected `all`, `rule` or a duration such as `1h`".to_owned()),
        },
    }
}

/// `10s`, `5m`, `1h`, `2d`, `250ms`, in nanoseconds.
///
/// # Errors
/// When it is no number with one of these units, or too long for 64 bits.
pub fn duration_ns(text: &str) -> Result<i64, String> {
    let error = || format!("`{text}` is no duration: write a number and ms, s, m, h or d");
    let (number, unit) = split(text);
    let unit_ns = match unit {
        "ms" => SECOND_NS / 1000,
        "s" => SECOND_NS,
        "m" => 60 * SECOND_NS,
        "h" => 3600 * SECOND_NS,
        "d" => 86_400 * SECOND_NS,
        _ => return Err(error()),
    };
    let number: i64 = number.parse().map_err(|_| error())?;
    number.checked_mul(unit_ns).ok_or_else(error)
}

/// `1MiB`, `256KiB`, `1000000`, in bytes.
///
/// # Errors
/// When it is no number with one of these units, zero, or more than the machine can address.
pub fn bytes(text: &str) -> Result<usize, String> {
    let error = || format!("`{text}` is no size: write a number and KiB, MiB or GiB");
    let (number, unit) = split(text);
    let unit_bytes = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(error()),
    };
    let number: usize = number.parse().map_err(|_| error())?;
    number.checked_mul(unit_bytes).filter(|&bytes| bytes > 0).ok_or_else(error)
}

/// A number of threads.
///
/// # Errors
/// When it is none from 1 to 256.
pub fn threads(text: &str) -> Result<usize, String> {
    number(text, "threads")
}

/// A number of runs.
///
/// # Errors
/// When it is none from 1 to 256.
pub fn runs(text: &str) -> Result<usize, String> {
    number(text, "runs")
}

fn number(text: &str, what: &str) -> Result<usize, String> {
    const MOST: usize = 256;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("`{text}` is no number of {what}: write 1 to {MOST}"))
}

/// A name of the zone database, such as `Europe/Berlin`.
///
/// # Errors
/// When there is no such zone.
pub fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text)
        .map_err(|_| format!("no time zone `{text}`: write a name such as `Europe/Berlin`"))
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_need_a_number_and_a_known_unit() {
        assert_eq!(duration_ns("5m"), Ok(300 * SECOND_NS));
        assert_eq!(bytes("256MiB"), Ok(256 << 20));
        for text in ["", "m", "5", "5x", "-5m", "9999999999999d"] {
            assert!(duration_ns(text).is_err(), "{text}");
        }
        for text in ["", "0", "MiB", "5MB", "99999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_window_is_a_word_or_a_duration() {
        assert_eq!(window("all"), Ok(Window::All));
        assert_eq!(window("1h"), Ok(Window::Fixed(3600 * SECOND_NS)));
        assert!(window("0s").is_err() && window("week").is_err());
    }

    #[test]
    fn zones_are_names_of_the_database() {
        assert!(
            zone("Europe/Berlin").is_ok() && zone("UTC").is_ok() && zone("Mars/Olympus").is_err()
        );
    }
}

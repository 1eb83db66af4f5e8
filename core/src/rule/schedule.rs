//! When Splunk would run a search, and over which stretch of time: what a rule's own windows are made of.
//!
//! Only schedules that come round evenly are windows: every so many minutes, hours, days or weeks. Any other is no mistake,
//! the rule then has the windows that its spans ask for. A schedule's times are read as UTC.

/// How often a search runs and what it looks back over, in Splunk's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Five fields: minute, hour, day of the month, month, day of the week.
    pub cron: Option<String>,
    /// Where what a run looks at starts, such as `-70m@m`.
    pub earliest: Option<String>,
    /// Where it ends, such as `-10m@m` or `now`.
    pub latest: Option<String>,
}

/// The windows that a schedule makes: one behind the other, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// How long each is, in seconds.
    pub length_s: i64,
    /// How far their edges lie behind the multiples of that length since 1970, in seconds; less than a length.
    pub offset_s: i64,
    /// Whether a run looks back over more than one length: Splunk would look at events twice, these windows do not.
    pub overlap: bool,
}

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;
const WEEK_S: i64 = 7 * DAY_S;

/// The first of January 1970 was a Thursday: day 4 of a week that starts on Sunday.
const FIRST_DAY_OF_WEEK: i64 = 4;

impl Schedule {
    /// The windows, if the schedule comes round evenly and its times are understood.
    #[must_use]
    pub fn windows(&self) -> Option<Windows> {
        let (length_s, run_s) = evenly(self.cron.as_deref()?)?;
        let end_s = Moment::read(self.latest.as_deref().unwrap_or("now"))?.of_run(run_s);
        let start_s = match self.earliest.as_deref() {
            None | Some("0" | "") => end_s - length_s,
            Some(earliest) => Moment::read(earliest)?.of_run(run_s),
        };
        let offset_s = end_s.rem_euclid(length_s);
        Some(Windows { length_s, offset_s, overlap: end_s - start_s > length_s })
    }
}

/// How many seconds pass between runs, and how long after a multiple of that they come.
fn evenly(cron: &str) -> Option<(i64, i64)> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, "*", "*", day] = fields[..] else { return None };
    match (field(minute, 60)?, field(hour, 24)?, field(day, 7)?) {
        (Field::Every(minutes), Field::Every(1), Field::Every(1)) => Some((minutes * MINUTE_S, 0)),
        (Field::At(minute), Field::Every(hours), Field::Every(1)) => {
            Some((hours * HOUR_S, minute * MINUTE_S))
        }
        (Field::At(minute), Field::At(hour), Field::Every(1)) => {
            Some((DAY_S, hour * HOUR_S + minute * MINUTE_S))
        }
        (Field::At(minute), Field::At(hour), Field::At(day)) => {
            let days = (day - FIRST_DAY_OF_WEEK).rem_euclid(7);
            Some((WEEK_S, days * DAY_S + hour * HOUR_S + minute * MINUTE_S))
        }
        _ => None,
    }
}

/// A field of a cron schedule.
enum Field {
    /// `*` and `*/n`, where `n` divides what the field counts.
    Every(i64),
    /// A number.
    At(i64),
}

/// Reads a field of numbers below `limit`. Sunday is 0 and 7.
fn field(text: &str, limit: i64) -> Option<Field> {
    if text == "*" {
        return Some(Field::Every(1));
    }
    if let Some(step) = text.strip_prefix("*/") {
        let step: i64 = step.parse().ok()?;
        return (step > 0 && limit % step == 0).then_some(Field::Every(step));
    }
    let number: i64 = text.parse().ok()?;
    let number = if limit == 7 { number % 7 } else { number };
    (0..limit).contains(&number).then_some(Field::At(number))
}

/// A time relative to a run: `now`, `-1h`, `-70m@m`, `@d`.
struct Moment {
    shift_s: i64,
    /// What it is cut down to a multiple of.
    snap_s: i64,
}

impl Moment {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = if text.eq_ignore_ascii_case("now") { "" } else { text };
        let (shift, snap) = text.split_once('@').unwrap_or((text, "s"));
        Some(Self { shift_s: shift_s(shift)?, snap_s: unit_s(snap)? })
    }

    /// The time, for a run at `run_s`.
    fn of_run(&self, run_s: i64) -> i64 {
        let moved_s = run_s.saturating_add(self.shift_s);
        moved_s - moved_s.rem_euclid(self.snap_s)
    }
}

/// `-70m` in seconds. Units longer than a day are not read: what they are cut down to is no multiple of seconds.
fn shift_s(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    let unit = rest.find(|c: char| !c.is_ascii_digit())?;
    let count: i64 = if unit == 0 { 1 } else { rest[..unit].parse().ok()? };
    count.checked_mul(unit_s(&rest[unit..])?)?.checked_mul(sign)
}

fn unit_s(text: &str) -> Option<i64> {
    match text.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(MINUTE_S),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(HOUR_S),
        "d" | "day" | "days" => Some(DAY_S),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(cron: &str, earliest: &str, latest: &str) -> Option<(i64, i64, bool)> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let schedule =
            Schedule { cron: text(cron), earliest: text(earliest), latest: text(latest) };
        schedule.windows().map(|found| (found.length_s, found.offset_s, found.overlap))
    }

    #[test]
    fn a_schedule_that_comes_round_evenly_makes_windows() {
        for (cron, earliest, latest, expected) in [
            ("0 * * * *", "-70m@m", "-10m@m", (3600, 3000, false)),
            ("5 * * * *", "-1h@h", "@h", (3600, 0, false)),
            ("*/5 * * * *", "-5m@m", "now", (300, 0, false)),
            ("*/5 * * * *", "-5m@m", "", (300, 0, false)),
            ("15 */4 * * *", "", "", (4 * 3600, 900, false)),
            ("30 2 * * *", "-1d@d", "@d", (86_400, 0, false)),
            ("30 2 * * *", "-24h", "now", (86_400, 9_000, false)),
            ("0 0 * * 4", "-7d", "now", (604_800, 0, false)),
            ("0 6 * * 0", "-7d", "now", (604_800, 3 * 86_400 + 6 * 3600, false)),
            ("0 6 * * 7", "-7d", "now", (604_800, 3 * 86_400 + 6 * 3600, false)),
            ("*/15 * * * *", "-1h", "now", (900, 0, true)),
        ] {
            assert_eq!(
                windows(cron, earliest, latest),
                Some(expected),
                "{cron} {earliest} {latest}"
            );
        }
    }

    #[test]
    fn any_other_makes_none() {
        for (cron, latest) in [
            ("", "now"),
            ("* * *", "now"),
            ("*/7 * * * *", "now"),
            ("*/0 * * * *", "now"),
            ("0 0 1 * *", "now"),
            ("0,30 * * * *", "now"),
            ("1-5 * * * *", "now"),
            ("61 * * * *", "now"),
            ("*/5 3 * * *", "now"),
            ("0 * * * 1", "now"),
            ("0 * * * *", "-1mon@mon"),
            ("0 * * * *", "rt"),
            ("0 * * * *", "-99999999999999999999m"),
            ("0 * * * *", "-9223372036854775807d"),
            ("0 * * * *", "é"),
        ] {
            assert_eq!(windows(cron, "", latest), None, "{cron} {latest}");
        }
    }
}

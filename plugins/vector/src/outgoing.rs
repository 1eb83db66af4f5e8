//! What the module has to say, as events of Vector: alerts are logs, counters are metrics.
//!
//! Vector takes a table with a first element for an array and forgets all else in it, and an empty table for an object; so no
//! table here is mixed, and an empty list is left out.

use caltrop_core::alert::{Alert, Field};

use crate::{
    tape::Tape,
    times::{PARTS, parts},
};

/// The keys of an alert that are ours. A column of such a name gets an underscore behind it.
const OWN: [&[u8]; 2] = [b"caltrop", b"timestamp"];

/// An alert as a log event of that time.
#[must_use]
pub fn alert(alert: &Alert<'_>, time_ns: i64) -> Box<[u8]> {
    let mut tape = Tape::default();
    tape.table(|tape| {
        tape.text(b"log");
        tape.table(|tape| {
            write_time(tape, time_ns);
            tape.text(b"caltrop");
            tape.table(|tape| write_about(tape, alert));
            alert.fields.iter().for_each(|field| write_column(tape, field));
        });
    });
    tape.into_bytes()
}

fn write_time(tape: &mut Tape, time_ns: i64) {
    tape.text(b"timestamp");
    tape.table(|tape| {
        for (name, part) in PARTS.into_iter().zip(parts(time_ns)) {
            tape.text(name.to_bytes());
            tape.integer(part);
        }
    });
}

/// Which rule it is, which result, and of which window.
fn write_about(tape: &mut Tape, alert: &Alert<'_>) {
    let rule = alert.rule;
    write_pair(tape, b"rule", rule.id.as_bytes());
    write_pair(tape, b"title", rule.title.as_bytes());
    write_pair(tape, b"path", rule.path.as_bytes());
    if !rule.technique_ids.is_empty() {
        tape.text(b"techniques");
        tape.list(|tape| rule.technique_ids.iter().for_each(|id| tape.text(id.as_bytes())));
    }
    write_version(tape, alert);
    if let Some((start_s, end_s)) = alert.window_s {
        tape.text(b"window");
        tape.table(|tape| {
            write_number(tape, b"start", start_s);
            write_number(tape, b"end", end_s);
        });
    }
}

fn write_version(tape: &mut Tape, alert: &Alert<'_>) {
    write_pair(tape, b"key", format!("{:016x}", alert.key).as_bytes());
    tape.text(b"revision");
    tape.integer(alert.revision.into());
    let flags: [(&[u8], bool); 4] = [
        (b"late", alert.late),
        (b"partial", alert.partial.is_some()),
        (b"truncated", alert.truncated),
        (b"retracted", alert.retracted),
    ];
    for (name, is_true) in flags {
        tape.text(name);
        tape.flag(is_true);
    }
    if let Some(reason) = alert.partial {
        write_pair(tape, b"reason", reason.text().as_bytes());
    }
}

/// `_time` is a number, everything else text.
fn write_column(tape: &mut Tape, field: &Field<'_>) {
    let is_own = OWN.contains(&field.name);
    let name = if is_own { &[field.name, b"_"].concat() } else { field.name };
    match field.texts {
        [one] => match (name == b"_time").then(|| number(one)).flatten() {
            Some(time_s) => write_number(tape, name, time_s),
            None => write_pair(tape, name, one),
        },
        several => {
            tape.text(name);
            tape.list(|tape| several.iter().for_each(|text| tape.text(text)));
        }
    }
}

/// Vector knows no number that is none.
fn number(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

fn write_pair(tape: &mut Tape, name: &[u8], value: &[u8]) {
    tape.text(name);
    tape.text(value);
}

fn write_number(tape: &mut Tape, name: &[u8], number: f64) {
    tape.text(name);
    tape.number(number);
}

/// Whether a figure only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does.
    Counter,
    /// It is a state of now.
    Gauge,
}

impl Kind {
    /// That of a figure by its name.
    #[must_use]
    pub fn of(figure: &str) -> Self {
        match figure {
            "state_bytes" | "state_bytes_peak" | "pending_alerts" => Self::Gauge,
            _ => Self::Counter,
        }
    }
}

/// A figure as a metric event, such as `caltrop_events_total`; `rule` is its tag, where it has one. It has no timestamp: Vector
/// takes the time at which it gets it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "Vector's metrics are doubles")]
pub fn metric(figure: &str, number: u64, rule: Option<&str>) -> Box<[u8]> {
    let (name, kind): (String, &[u8]) = match Kind::of(figure) {
        Kind::Counter => (format!("{figure}_total"), b"counter"),
        Kind::Gauge => (figure.to_owned(), b"gauge"),
    };
    let mut tape = Tape::default();
    tape.table(|tape| {
        tape.text(b"metric");
        tape.table(|tape| {
            write_pair(tape, b"name", name.as_bytes());
            write_pair(tape, b"namespace", b"caltrop");
            write_pair(tape, b"kind", b"absolute");
            tape.text(kind);
            tape.table(|tape| write_number(tape, b"value", number as f64));
            if let Some(rule) = rule {
                tape.text(b"tags");
                tape.table(|tape| write_pair(tape, b"rule", rule.as_bytes()));
            }
        });
    });
    tape.into_bytes()
}

/// Figures as one table.
#[must_use]
pub fn figures(figures: &[(&str, u64)]) -> Box<[u8]> {
    let mut tape = Tape::default();
    tape.table(|tape| {
        for (name, number) in figures {
            tape.text(name.as_bytes());
            tape.integer(i64::try_from(*number).unwrap_or(i64::MAX));
        }
    });
    tape.into_bytes()
}

//! What the filter itself has to say, as records: alerts and counters.
//!
//! Each has a number in its metadata that is drawn when the library is loaded, so that one which comes by again, in the
//! stream or under another tag, is known and never scanned; nobody else can write such a record.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::LazyLock,
};

use caltrop_core::alert::{Alert, Field};

use crate::{
    msgpack::{write_array, write_bool, write_map, write_number, write_text, write_unsigned},
    splice::KEY,
};

/// The tag of detections, unless the operator chooses another. Records under it are never scanned.
pub const TAG: &[u8] = b"caltrop.detections";

/// The metadata of every record of our own.
static METADATA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut metadata = Vec::new();
    write_map(&mut metadata, 1);
    write_text(&mut metadata, KEY);
    write_unsigned(&mut metadata, RandomState::new().build_hasher().finish());
    metadata
});

/// Whether a record with this metadata is one of our own.
#[must_use]
pub fn is_own(metadata: &[u8]) -> bool {
    metadata == *METADATA
}

/// An alert as a record; `now_s` is its time where it has none.
#[must_use]
pub fn alert(alert: &Alert<'_>, now_s: f64) -> Box<[u8]> {
    let mut out = Vec::with_capacity(512);
    write_record_head(&mut out, alert.time_s.unwrap_or(now_s));
    let pairs = 11 + usize::from(alert.partial.is_some());
    write_map(&mut out, pairs);
    write_pair(&mut out, KEY, b"alert");
    write_rule(&mut out, alert);
    write_text(&mut out, b"time");
    write_number(&mut out, alert.time_s);
    write_window(&mut out, alert.window_s);
    write_pair(&mut out, b"key", format!("{:016x}", alert.key).as_bytes());
    write_text(&mut out, b"revision");
    write_unsigned(&mut out, alert.revision.into());
    write_flag(&mut out, b"late", alert.late);
    write_flag(&mut out, b"partial", alert.partial.is_some());
    write_flag(&mut out, b"truncated", alert.truncated);
    write_flag(&mut out, b"retracted", alert.retracted);
    if let Some(reason) = alert.partial {
        write_pair(&mut out, b"reason", reason.text().as_bytes());
    }
    write_row(&mut out, alert.fields);
    out.into()
}

/// Counters as a record.
#[must_use]
pub fn metrics(filter: &str, figures: &[(&str, u64)], now_s: f64) -> Box<[u8]> {
    let mut out = Vec::with_capacity(512);
    write_record_head(&mut out, now_s);
    write_map(&mut out, 2 + figures.len());
    write_pair(&mut out, KEY, b"metrics");
    write_pair(&mut out, b"filter", filter.as_bytes());
    for (name, number) in figures {
        write_text(&mut out, name.as_bytes());
        write_unsigned(&mut out, *number);
    }
    out.into()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time beyond the range of the shipper's own format becomes its end"
)]
fn write_record_head(out: &mut Vec<u8>, time_s: f64) {
    write_array(out, 2);
    write_array(out, 2);
    let whole_s = time_s.floor().clamp(0.0, f64::from(u32::MAX - 2));
    let rest_ns = ((time_s - whole_s) * 1e9).clamp(0.0, 999_999_999.0);
    out.extend_from_slice(&[0xd7, 0]);
    out.extend_from_slice(&(whole_s as u32).to_be_bytes());
    out.extend_from_slice(&(rest_ns as u32).to_be_bytes());
    out.extend_from_slice(&METADATA);
}

fn write_pair(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    write_text(out, key);
    write_text(out, value);
}

fn write_flag(out: &mut Vec<u8>, key: &[u8], is_true: bool) {
    write_text(out, key);
    write_bool(out, is_true);
}

fn write_rule(out: &mut Vec<u8>, alert: &Alert<'_>) {
    let rule = alert.rule;
    write_text(out, b"rule");
    write_map(out, 4);
    write_pair(out, b"id", rule.id.as_bytes());
    write_pair(out, b"title", rule.title.as_bytes());
    write_pair(out, b"path", rule.path.as_bytes());
    write_text(out, b"techniques");
    write_array(out, rule.technique_ids.len());
    rule.technique_ids.iter().for_each(|id| write_text(out, id.as_bytes()));
}

fn write_window(out: &mut Vec<u8>, window_s: Option<(f64, f64)>) {
    write_text(out, b"window");
    match window_s {
        None => write_number(out, None),
        Some((start_s, end_s)) => {
            write_map(out, 2);
            write_text(out, b"start");
            write_number(out, Some(start_s));
            write_text(out, b"end");
            write_number(out, Some(end_s));
        }
    }
}

/// `_time` is a number, everything else text.
fn write_row(out: &mut Vec<u8>, fields: &[Field<'_>]) {
    write_text(out, b"row");
    write_map(out, fields.len());
    for field in fields {
        write_text(out, field.name);
        match field.texts {
            [one] => match (field.name == b"_time").then(|| number(one)).flatten() {
                Some(time_s) => write_number(out, Some(time_s)),
                None => write_text(out, one),
            },
            several => {
                write_array(out, several.len());
                several.iter().for_each(|text| write_text(out, text));
            }
        }
    }
}

fn number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chunk::{Chunk, Part},
        fields::Fields,
        msgpack::Token,
    };

    #[test]
    fn counters_are_a_record_that_is_known_as_our_own() {
        let bytes = metrics("f", &[("events", 7)], 1.5);
        let Some(Part::Record(record)) = Chunk::new(&bytes).next() else { panic!("a record") };
        assert_eq!((record.time_ns, record.range.end), (Some(1_500_000_000), bytes.len()));
        assert!(is_own(record.metadata) && !is_own(&[0x80]) && !is_own(&[]));
        assert_eq!(record.body.find(b"events").unwrap().value, Token::Unsigned(7));
    }

    #[test]
    fn the_number_is_not_in_what_is_logged() {
        let bytes = metrics("f", &[], 1.0);
        let Some(Part::Record(record)) = Chunk::new(&bytes).next() else { panic!("a record") };
        let mut fields = Fields::default();
        fields.read(&bytes, &record.body);
        let pairs: [(&[u8], &[u8]); 2] = [(KEY, b"metrics"), (b"filter", b"f")];
        assert_eq!(fields.pairs(), pairs);
    }

    #[test]
    fn times_out_of_range_do_not_wrap() {
        for (time_s, expected) in [(-5.0, 0), (1e12, i64::from(u32::MAX - 2)), (f64::NAN, 0)] {
            let bytes = metrics("f", &[], time_s);
            let Some(Part::Record(record)) = Chunk::new(&bytes).next() else { panic!("a record") };
            assert_eq!(record.time_ns.map(|time_ns| time_ns / 1_000_000_000), Some(expected));
        }
    }
}

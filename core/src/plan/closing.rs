//! How soon a rule's window can close, and the proof.
//!
//! A bucket closes on its own, seconds after it is full, if and only if the groups hold the event's own `_time`, passed
//! only through one fixed-span `bin`, and every later command is row-local or a `stats` keyed by that same `_time`: then
//! no event of another bucket can change its rows. Otherwise the rule waits for its window.

use crate::{
    compiled::{Closing, Reduce},
    config::SECOND_NS,
    ids::FieldId,
    names::Names,
    stage::{Class, Stage, bin::Bin},
};

const HOUR_NS: i64 = 3600 * SECOND_NS;

/// When the windows of a plan close, and why so, for `explain`.
pub(crate) fn prove(
    mapped: &[Stage],
    reduce: Option<&Reduce>,
    finish: &[Stage],
) -> (Closing, String) {
    let (bucket, reason) = match early(mapped, reduce, finish) {
        Ok(bucket) => (
            Some(bucket.clone()),
            "grouped by `_time`, which only one fixed `bin` has changed".to_owned(),
        ),
        Err(reason) => (None, reason.to_owned()),
    };
    let by_host = stays_grouped_by(Names::HOST, mapped, reduce, finish);
    (Closing { bucket, by_host, period_ns: period_ns(mapped, finish) }, reason)
}

fn early<'s>(
    mapped: &'s [Stage],
    reduce: Option<&Reduce>,
    finish: &[Stage],
) -> Result<&'s Bin, &'static str> {
    let Some(Reduce::Stats(stats)) = reduce else {
        return Err("no command groups the rows");
    };
    if !stats.by.contains(&Names::TIME) {
        return Err("the groups do not hold `_time`");
    }
    let mut writers = mapped.iter().filter(|stage| stage.may_write(Names::TIME));
    let bucket = match (writers.next(), writers.next()) {
        (None, _) => return Err("`_time` is not cut into buckets by `bin`"),
        (Some(Stage::Bin(bin)), None) if bin.fixed_span_ns().is_some() => bin,
        (Some(Stage::Bin(_)), None) => return Err("the buckets of `bin` have no fixed length"),
        _ => return Err("`_time` is changed by more than one `bin`"),
    };
    if stays_keyed(Names::TIME, finish) {
        Ok(bucket)
    } else {
        Err("a later command looks at rows of more than one bucket")
    }
}

/// Whether every group holds the event's own value of `field`, and no later command mixes two of them.
fn stays_grouped_by(
    field: FieldId,
    mapped: &[Stage],
    reduce: Option<&Reduce>,
    finish: &[Stage],
) -> bool {
    matches!(reduce, Some(Reduce::Stats(stats)) if stats.by.contains(&field))
        && !mapped.iter().any(|stage| stage.may_write(field))
        && stays_keyed(field, finish)
}

/// Whether no command of `finish` takes rows together that differ in `field`.
fn stays_keyed(field: FieldId, finish: &[Stage]) -> bool {
    let mut is_own = true;
    finish.iter().all(|stage| {
        let keeps_apart = match stage {
            Stage::Stats(stats) => is_own && stats.by.contains(&field),
            other => other.class() == Class::RowLocal,
        };
        is_own &= !stage.may_write(field);
        keeps_apart
    })
}

/// The least multiple of the largest fixed span that is at least an hour.
fn period_ns(mapped: &[Stage], finish: &[Stage]) -> i64 {
    let spans = mapped.iter().chain(finish).filter_map(|stage| match stage {
        Stage::Bin(bin) if bin.field == Names::TIME => bin.fixed_span_ns(),
        _ => None,
    });
    let span_ns = spans.max().unwrap_or(HOUR_NS).max(1);
    let spans_an_hour = (HOUR_NS + span_ns - 1) / span_ns;
    span_ns.saturating_mul(spans_an_hour.max(1))
}

impl Stage {
    /// Whether the command can give `field` a value that is not the event's own.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        match self {
            Self::Search(_)
            | Self::Regex(_)
            | Self::Where(_)
            | Self::Table(_)
            | Self::Fields(_) => false,
            Self::Bin(bin) => bin.target == field,
            Self::Eval(eval) => eval.may_write(field),
            Self::Rename(rename) => rename.may_write(field),
            Self::Stats(stats) => !stats.by.contains(&field),
            Self::Head(_) => false,
            Self::MakeResults(_) => true,
        }
    }
}

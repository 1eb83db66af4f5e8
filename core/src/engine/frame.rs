//! The window that a row falls into, and what `now()` is in it.

use std::ops::Range;

use crate::{
    compiled::Closing,
    config::{Mode, Options, Window},
    event::{Event, time},
    names::Names,
    row::{Env, Fields, Row},
};

/// The window of a row; `None` where it lacks the time that says which.
pub(super) fn span(
    options: &Options,
    closing: &Closing,
    row: &Row<'_>,
    event: &Event<'_>,
    env: Env<'_>,
) -> Option<Range<i64>> {
    let window = match options.window {
        Window::All => i64::MIN..i64::MAX,
        _ => period(options, closing, event.meta().time_ns?)?,
    };
    match &closing.bucket {
        Some(bucket) if options.mode == Mode::Stream => {
            let time_ns = time::of_value(row.get(Names::TIME), env.bump)?;
            let (start, end) = bucket.bucket_ns(time_ns, env)?;
            Some(start.max(window.start)..end.min(window.end))
        }
        _ => Some(window),
    }
}

/// `now()` at a time: the end of the rule's window around it, as if its search had run just then. Where the window is all
/// time, or the time is not known, it is what the options say. It is a whole number of seconds, as Splunk's is.
pub(super) fn now_s(options: &Options, closing: &Closing, time_ns: Option<i64>) -> f64 {
    let window = time_ns.and_then(|time_ns| period(options, closing, time_ns));
    window.map_or(options.now_s, |window| time::seconds(window.end)).floor()
}

fn period(options: &Options, closing: &Closing, time_ns: i64) -> Option<Range<i64>> {
    match options.window {
        Window::All => None,
        Window::Rule => closing.period.around(time_ns, &options.zone),
        Window::Fixed(length_ns) => {
            let start = time_ns.div_euclid(length_ns).saturating_mul(length_ns);
            Some(start..start.saturating_add(length_ns))
        }
    }
}

/// The time of day outside, in epoch seconds.
pub(super) fn clock_s(options: &Options, wall_ns: Option<i64>) -> f64 {
    wall_ns.map_or(options.now_s, time::seconds)
}

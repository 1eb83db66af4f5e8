//! What an engine has seen and done, as numbers.

use caltrop_core::config::{Counters, RuleCounters};

use crate::sized::Grown;

/// What an engine has seen and done since it was made.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CaltropCounters {
    /// `sizeof(caltrop_counters)`, to be set by the caller.
    pub struct_size: usize,
    /// Events pushed.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Pairs of an event and a rule that the scan let through.
    pub candidates: u64,
    /// Alerts, delivered or not.
    pub alerts: u64,
    /// Events longer than `max_event_bytes`: their first part was looked at.
    pub cut_events: u64,
    /// Rows that are no JSON object: not looked at.
    pub malformed_rows: u64,
    /// Rows that came after their window had closed and was no longer kept: not part of any alert.
    pub late_dropped: u64,
    /// Rows without a usable `_time`, where a window needs one: not part of any alert.
    pub timeless_dropped: u64,
    /// Events too far ahead of the clock to close a window: looked at like any other.
    pub future_events: u64,
    /// Groups sent early because the state had grown beyond its bounds.
    pub partial_groups: u64,
    /// Bytes of open and kept windows now.
    pub state_bytes: u64,
    /// The most of these so far.
    pub state_bytes_peak: u64,
    /// Rows that came after their window had closed and while it was kept.
    pub late: u64,
    /// Alerts sent because of these: new ones and next revisions.
    pub revised: u64,
    /// Alerts taken back because of these.
    pub retracted: u64,
    /// Closed windows that were let go early because the state had grown near its bounds.
    pub retained_dropped: u64,
    /// Groups whose `values` and `list` took no more because the state had grown near its bounds.
    pub truncated_groups: u64,
    /// Fields beyond the first 512 of an event, and rows beyond the bound of an automatic lookup: not seen.
    pub lost_fields: u64,
    /// Times that the table of kinds of events (source, sourcetype, host) was full and was emptied: slower, no less seen.
    pub kind_resets: u64,
    /// Rows with several multivalue BY fields that were put into their first thousand groups only.
    pub cut_rows: u64,
    /// Searches of a regex that were given up at a bound: taken as no match.
    pub given_up_searches: u64,
}

/// What one rule has made of the events of an engine.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CaltropRuleCounters {
    /// `sizeof(caltrop_rule_counters)`, to be set by the caller.
    pub struct_size: usize,
    /// Events that the scan let through to it.
    pub candidates: u64,
    /// Of these, the events that passed all its per-event stages.
    pub passed: u64,
}

// SAFETY: the first field is its size, the others are integers.
unsafe impl Grown for CaltropCounters {
    const FIRST_BYTES: usize = 104;
    const NAME: &'static str = "counters";
}

// SAFETY: the first field is its size, the others are integers.
unsafe impl Grown for CaltropRuleCounters {
    const FIRST_BYTES: usize = 24;
    const NAME: &'static str = "rule counters";
}

impl CaltropCounters {
    pub(crate) fn of(counters: &Counters) -> Self {
        Self {
            struct_size: size_of::<Self>(),
            events: counters.events,
            bytes: counters.bytes,
            candidates: counters.candidates,
            alerts: counters.alerts,
            cut_events: counters.cut_events,
            malformed_rows: counters.malformed_rows,
            late_dropped: counters.late_dropped,
            timeless_dropped: counters.timeless_dropped,
            future_events: counters.future_events,
            partial_groups: counters.partial_groups,
            state_bytes: counters.state_bytes as u64,
            state_bytes_peak: counters.state_bytes_peak as u64,
            late: counters.late,
            revised: counters.revised,
            retracted: counters.retracted,
            retained_dropped: counters.retained_dropped,
            truncated_groups: counters.truncated_groups,
            lost_fields: counters.lost_fields,
            kind_resets: counters.kind_resets,
            cut_rows: counters.cut_rows,
            given_up_searches: counters.given_up_searches,
        }
    }
}

impl CaltropRuleCounters {
    pub(crate) fn of(counters: RuleCounters) -> Self {
        let RuleCounters { candidates, passed } = counters;
        Self { struct_size: size_of::<Self>(), candidates, passed }
    }
}

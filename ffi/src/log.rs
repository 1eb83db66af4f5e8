//! What an engine has to say between its alerts.
//!
//! Events are never an error, so what is lost of them shows in counters. A host that does not watch these can be called: of each
//! kind of loss once when it is first seen, and again whenever it has doubled. An attacker cannot fill a log with that.

use std::ffi::c_void;

use caltrop_core::config::Counters;

use crate::str::CaltropStr;

/// The level of a line: something was lost, or not looked at whole; the engine goes on.
pub const CALTROP_LOG_WARNING: u32 = 1;
/// The level of a line: something was done that was asked for.
pub const CALTROP_LOG_INFO: u32 = 2;

/// Is called with one line, without a line end, that dies when it returns; on the thread and before the return of the call
/// that causes it. It must not use the engine (`CALTROP_E_BUSY`) and must not unwind. Ignore levels that you do not know.
pub type CaltropLogFn =
    Option<unsafe extern "C" fn(level: u32, line: CaltropStr, userdata: *mut c_void)>;

/// Who is told, and what he was told of each loss.
pub(crate) struct Log {
    on_line: CaltropLogFn,
    userdata: *mut c_void,
    told: [u64; LOSSES.len()],
}

/// What counts a kind of loss.
type Count = fn(&Counters) -> u64;

/// Each kind of loss, and what is said of it behind its number.
const LOSSES: [(&str, Count); 12] = [
    ("events were cut at max_event_bytes", |of| of.cut_events),
    ("rows are no JSON object and were not looked at", |of| of.malformed_rows),
    ("fields were beyond the most that an event has, and were not seen", |of| of.lost_fields),
    ("times the table of kinds of events was full and was emptied", |of| of.kind_resets),
    ("rows were put into the first of too many groups only", |of| of.cut_rows),
    ("rows came too late for any window", |of| of.late_dropped),
    ("rows have no usable _time, where a window needs one", |of| of.timeless_dropped),
    ("events are too far ahead of the clock to close a window", |of| of.future_events),
    ("closed windows can no longer be revised", |of| of.retained_dropped),
    ("groups took no more values for want of memory", |of| of.truncated_groups),
    ("groups were sent early for want of memory", |of| of.partial_groups),
    ("searches of a regex were given up at a bound", |of| of.given_up_searches),
];

impl Log {
    /// Nobody is told anything.
    pub(crate) const SILENT: Self = Self::new(None, std::ptr::null_mut());

    pub(crate) const fn new(on_line: CaltropLogFn, userdata: *mut c_void) -> Self {
        Self { on_line, userdata, told: [0; LOSSES.len()] }
    }

    /// Says one line; it is made only if somebody hears it.
    pub(crate) fn say(&self, level: u32, line: impl FnOnce() -> String) {
        if let Some(on_line) = self.on_line {
            let line = line();
            // SAFETY: whoever set it promised a function of this type; the line lives until it returns.
            unsafe { on_line(level, CaltropStr::of(line.as_bytes()), self.userdata) };
        }
    }

    /// Says what was lost, of each kind when it is new or has doubled.
    pub(crate) fn say_losses(&mut self, counters: &Counters) {
        if self.on_line.is_none() {
            return;
        }
        for (index, (what, count)) in LOSSES.iter().enumerate() {
            let count = count(counters);
            // Counters start anew when an engine is reset.
            let told = self.told[index].min(count);
            self.told[index] = told;
            if count > 0 && count / 2 >= told {
                self.told[index] = count;
                self.say(CALTROP_LOG_WARNING, || format!("{count} {what}"));
            }
        }
    }
}

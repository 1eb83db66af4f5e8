//! One stream of events, and the alerts that come of it.
//!
//! Push, advance and finish look at what they are given, call back for each alert before they return or, without a callback,
//! keep it until it is pulled, and keep nothing
//! that the caller owns. They allocate nothing for an event that no rule selects, and run on a stack of 24 KiB.

use std::{cell::RefCell, ffi::c_void, mem, sync::Arc};

use caltrop_core::{
    alert::{Alert, Partial},
    compiled::RuleSet,
    engine::{Enabled, Engine, Sink, Swapped},
    ids::RuleId,
};

use crate::{
    alert::{CaltropAlert, CaltropRow},
    compiler::{is_optional, is_writable},
    counters::{CaltropCounters, CaltropRuleCounters},
    event::{Batch, CaltropEvent, CaltropPair, Checked, Logged, is_right_at_a_glance, pairs_at},
    log::{CALTROP_LOG_INFO, CaltropLogFn, Log},
    options::{CaltropEngineOptions, engine_options},
    panic::{Gate, guard, guard_alone},
    queue::Queue,
    ruleset::{CaltropRuleset, FREE_STACK_BYTES},
    sized::{check_optional, put, put_optional},
    status::{CALTROP_E_ARGUMENT, CaltropStatus, Fault},
    str::{CaltropStr, CaltropWriteFn},
    transfer::{CaltropLeftOut, CaltropTransfer, Transferred},
};

/// The state of one stream of events. One thread at a time may use it; it may move between threads.
pub struct CaltropEngine(Gate<Stream>);

/// A rule whose per-event stages an event has passed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaltropPass {
    /// The event's index in its batch; 0 for one that was pushed alone.
    pub event_index: usize,
    /// The rule's index in its rule set.
    pub rule_index: usize,
}

/// Is called once for each alert, on the thread and before the return of the call that causes it. A result other than 0
/// asks to stop: the rest of that call's alerts are counted and not delivered, and the call returns `CALTROP_E_STOPPED`.
/// The next call delivers again. It may use the alert, not its engine (`CALTROP_E_BUSY`), and must not unwind: no
/// exception, no `longjmp`.
pub type CaltropAlertFn =
    Option<unsafe extern "C" fn(alert: *const CaltropAlert, userdata: *mut c_void) -> i32>;

/// An engine without any state, in `*out_engine`; free it with `caltrop_engine_free`. It keeps a reference to the rule set;
/// the caller's own may be given back. `options` may be null for the defaults. Without `on_alert` alerts wait in the engine
/// until `caltrop_engine_next_alert` pulls them. Any thread may call it.
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
        // SAFETY: the caller promises null or well-formed options.
        let options = unsafe { engine_options(options) }?;
        let engine = Engine::new(Arc::clone(ruleset.rules()), options);
        let host = Host::new(on_alert, userdata, Arc::clone(ruleset.rules()));
        let stream = Stream::new(engine, host);
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
/// `CALTROP_E_LIMIT`: in a batch, open windows have grown beyond `max_state_bytes`, and the results would be wrong; or
/// without a callback, 64 MiB of alerts wait to be pulled, and the event was not looked at.
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
        unsafe { stream.push(event) }
    })
}

/// Looks at `count` events in their order, as `caltrop_engine_push` does at each. All have the same `struct_size`. How many
/// were looked at is in `*out_pushed` when it returns, also when it refuses an event or is stopped; it may be null.
///
/// # Errors
/// As `caltrop_engine_push`. It ends with the first event that is refused, or whose alert the callback stops at.
///
/// # Safety
/// As `caltrop_engine_push`; `events` is null or has `count` events; `out_pushed` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_push_batch(
    engine: *mut CaltropEngine,
    events: *const CaltropEvent,
    count: usize,
    out_pushed: *mut usize,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_optional(out_pushed) {
        return CALTROP_E_ARGUMENT;
    }
    let mut pushed = 0;
    let status = guard(&engine.0, |stream| {
        // SAFETY: the caller promises null or so many events.
        unsafe { stream.push_batch(events, count, &mut pushed) }
    });
    if !out_pushed.is_null() {
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_pushed = pushed };
    }
    status
}

/// Looks at one event that the caller has parsed into `count` fields. Its raw text may be null; then each name and each
/// value is a text of its own to the words that rules search for. Several values of one name are a multivalue.
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
        let event = unsafe { Checked::examined(event) }?;
        // SAFETY: the caller promises null or `count` pairs.
        let pairs = unsafe { pairs_at(pairs, count) }?;
        stream.push_fields(event, pairs)
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
    guard(&engine.0, |stream| {
        stream.run_and_tell(|engine, sink| engine.advance(wall_ns, mono_ns, sink))
    })
}

/// Which rules the event of the last push, or the events of the last batch, have passed up to their first command that needs
/// more than one event: what a host needs that marks events. `*out_passes` points to `*out_count` pairs, by event and then by
/// rule; they are the engine's and good until the next call that looks at events.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. Nothing is written.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; the other pointers are null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_passes(
    engine: *mut CaltropEngine,
    out_passes: *mut *const CaltropPass,
    out_count: *mut usize,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_passes) || !is_writable(out_count) {
        return CALTROP_E_ARGUMENT;
    }
    guard(&engine.0, |stream| {
        // SAFETY: they are not null, and the caller promises that they can be written.
        unsafe {
            *out_passes = stream.passes.as_ptr();
            *out_count = stream.passes.len();
        }
        Ok(())
    })
}

/// The oldest alert that waits, in `*out_alert`; null if there is none. It is the engine's and good until the next call on
/// the engine. Only engines without a callback have any.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. Nothing is written.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `out_alert` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_next_alert(
    engine: *mut CaltropEngine,
    out_alert: *mut *const CaltropAlert,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    if !is_writable(out_alert) {
        return CALTROP_E_ARGUMENT;
    }
    guard(&engine.0, |stream| {
        // SAFETY: it is not null, and the caller promises that it can be written.
        unsafe { *out_alert = stream.host.queue.next() };
        Ok(())
    })
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
    guard(&engine.0, |stream| stream.run_and_tell(Engine::finish))
}

/// Sends what every open window holds so far, marked `CALTROP_PARTIAL_SHUTDOWN`, and lets it go: for an engine that has to
/// stop before the end of its events and whose state is not saved. The watermarks stay.
///
/// # Errors
/// As `caltrop_engine_finish`.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_interrupt(engine: *mut CaltropEngine) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        stream.run_and_tell(|engine, sink| engine.interrupt(Partial::Shutdown, sink))
    })
}

/// Forgets all events: windows, watermarks, the clock, the counters, and alerts that wait. Nothing is sent. Rules, options,
/// the callbacks, and which rules are disabled stay.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_reset(engine: *mut CaltropEngine) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        stream.engine.reset();
        stream.passes.clear();
        stream.host.queue.clear();
        Ok(())
    })
}

/// Lets the rule at `rule_index` take events (`enabled` is not 0) or none (0). What it has open goes on and closes in its
/// time. All rules are enabled at first; a rule that lives on in `caltrop_engine_swap_ruleset` stays as it is.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or there is no such rule.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_enable_rule(
    engine: *mut CaltropEngine,
    rule_index: usize,
    enabled: i32,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        let rule = stream.rule(rule_index)?;
        let enabled = if enabled == 0 { Enabled::No } else { Enabled::Yes };
        stream.engine.set_enabled(rule, enabled);
        Ok(())
    })
}

/// Goes on with the rules of `ruleset`, all at once: the next event meets these only. A rule of the same path that means the
/// same keeps its windows, its counters, and whether it is disabled. What the open windows of any other have seen is sent
/// now, marked `CALTROP_PARTIAL_RELOAD`. `out_transfer` says what goes on, and may be null; `caltrop_engine_left_out` names
/// the rules that ended. The engine takes a reference of its own.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or `out_transfer->struct_size` is not set; nothing has happened. `CALTROP_E_STOPPED`: the
/// callback said so; the engine has the new rules all the same, and `*out_transfer` is written.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `ruleset` is null or alive; `out_transfer` is null
/// or has as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_swap_ruleset(
    engine: *mut CaltropEngine,
    ruleset: *const CaltropRuleset,
    out_transfer: *mut CaltropTransfer,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    // SAFETY: the caller promises null or a live rule set.
    let Some(ruleset) = (unsafe { ruleset.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        // SAFETY: the caller promises null or a sized struct.
        unsafe { check_optional(out_transfer) }?;
        let result = stream.swap(ruleset);
        // SAFETY: the same.
        unsafe { put_optional(out_transfer, stream.transferred.summary()) }?;
        result
    })
}

/// Gives what the engine keeps, watermarks and windows, as bytes to `write`, in one call: what `caltrop_engine_state_load`
/// takes. Nothing is changed; alerts that wait and counters are no part of it. It needs memory for the bytes.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null. `CALTROP_E_STOPPED`: `write` returned something other than 0.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `write` takes what its type says and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_state_save(
    engine: *mut CaltropEngine,
    write: CaltropWriteFn,
    userdata: *mut c_void,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        let write = write.ok_or_else(|| Fault::argument("the callback is null"))?;
        let state = stacker::grow(STATE_STACK_BYTES, || stream.engine.save());
        // SAFETY: the caller promises a function of this type; the bytes live until it returns.
        match unsafe { write(CaltropStr::of(&state), userdata) } {
            0 => Ok(()),
            _ => Err(Fault::stopped()),
        }
    })
}

/// Puts a saved state in the place of what the engine keeps. Call `caltrop_engine_advance` before the next event. Windows of
/// rules that are gone or mean something else now are left out, as are all if mode, window or zone differ: `out_transfer`
/// says how much goes on, and may be null; `caltrop_engine_left_out` names the rules. Counters start anew. The bytes may come
/// from anywhere: they are looked at one by one.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, or `out_transfer->struct_size` is not set. `CALTROP_E_FORMAT`: the bytes are no state, are
/// damaged, or are of another version. The engine is as it was.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; the bytes can be read; `out_transfer` is null or
/// has as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_state_load(
    engine: *mut CaltropEngine,
    state: CaltropStr,
    out_transfer: *mut CaltropTransfer,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        // SAFETY: the caller promises null or a sized struct.
        unsafe { check_optional(out_transfer) }?;
        // SAFETY: the caller promises that they can be read.
        let bytes = unsafe { state.some_bytes("the state") }?;
        stream.restore(bytes)?;
        // SAFETY: the same as above.
        unsafe { put_optional(out_transfer, stream.transferred.summary()) }
    })
}

/// The rule at `index`, from 0, of those that the last `caltrop_engine_swap_ruleset` ended or the last
/// `caltrop_engine_state_load` left out, in the order of their paths. The texts are the engine's and good until the next such
/// call.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, no such rule, or `out_rule->struct_size` is not set. Nothing is written.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `out_rule` is null or has as many bytes as its
/// `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_left_out(
    engine: *mut CaltropEngine,
    index: usize,
    out_rule: *mut CaltropLeftOut,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        let rule = stream.transferred.left_out(index);
        let rule = rule.ok_or_else(|| Fault::argument("there is no such rule"))?;
        // SAFETY: the caller promises null or a sized struct.
        unsafe { put(out_rule, rule) }
    })
}

/// Who is told in words what is lost of events, and what goes on when rules are swapped or a state is loaded; nobody, with a
/// null `on_line`, as at first. Losses are told by `caltrop_engine_advance`, `caltrop_engine_finish` and
/// `caltrop_engine_interrupt`: each kind when it is first seen, and whenever it has doubled.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: `engine` is null.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `on_line` is null or takes what its type says and
/// does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_set_log(
    engine: *mut CaltropEngine,
    on_line: CaltropLogFn,
    userdata: *mut c_void,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        stream.log = Log::new(on_line, userdata);
        Ok(())
    })
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

/// What the rule at `rule_index` has made of the events.
///
/// # Errors
/// `CALTROP_E_ARGUMENT`: null, no such rule, or `out_counters->struct_size` is not set. Nothing is written.
///
/// # Safety
/// `engine` is null or live and used by no other thread during the call; `out_counters` is null or has as many bytes as
/// its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_engine_rule_counters(
    engine: *mut CaltropEngine,
    rule_index: usize,
    out_counters: *mut CaltropRuleCounters,
) -> CaltropStatus {
    // SAFETY: the caller promises null or a live engine.
    let Some(engine) = (unsafe { engine.as_ref() }) else { return CALTROP_E_ARGUMENT };
    guard(&engine.0, |stream| {
        let counters = stream.engine.rule_counters(stream.rule(rule_index)?);
        // SAFETY: the caller promises null or a sized struct.
        unsafe { put(out_counters, CaltropRuleCounters::of(counters)) }
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
    log: Log,
    /// Empty between calls: where the fields of an event are gathered.
    pairs: Vec<(&'static [u8], &'static [u8])>,
    /// What the last events have passed.
    passes: Vec<CaltropPass>,
    /// What became of the rules when they or the state were last exchanged.
    transferred: Transferred,
}

/// Who gets the alerts.
struct Host {
    on_alert: CaltropAlertFn,
    userdata: *mut c_void,
    /// Whether it has had enough in this call.
    is_stopped: bool,
    json: RefCell<Vec<u8>>,
    /// Where they wait if there is no callback.
    queue: Queue,
}

/// What a state is read and written on: far more than it needs, whatever the rules.
const STATE_STACK_BYTES: usize = 1 << 20;

impl Stream {
    fn new(engine: Engine, host: Host) -> Self {
        Self {
            engine,
            host,
            log: Log::SILENT,
            pairs: Vec::new(),
            passes: Vec::new(),
            transferred: Transferred::default(),
        }
    }

    fn rule(&self, index: usize) -> Result<RuleId, Fault> {
        if index >= self.engine.rules().len() {
            return Err(Fault::argument("there is no such rule"));
        }
        Ok(RuleId::new(index))
    }

    /// Does `work`, and delivers its alerts until the host has had enough.
    #[inline(always)]
    fn run(&mut self, work: impl FnOnce(&mut Engine, &mut Sink<'_>)) -> Result<(), Fault> {
        self.look(work)?;
        self.outcome()
    }

    /// The same; `outcome` tells whether it was the last that may be done.
    #[inline(always)]
    fn look(&mut self, work: impl FnOnce(&mut Engine, &mut Sink<'_>)) -> Result<(), Fault> {
        if self.host.queue.is_full() {
            return Err(too_many_alerts());
        }
        let host = &mut self.host;
        work(&mut self.engine, &mut move |alert| host.deliver(alert));
        Ok(())
    }

    /// An error if no more may be done in this call.
    #[inline(always)]
    fn outcome(&mut self) -> Result<(), Fault> {
        if self.host.is_stopped || self.engine.exhausted().is_some() {
            return Err(self.end());
        }
        Ok(())
    }

    /// Why no more may be done in this call.
    #[cold]
    #[inline(never)]
    fn end(&mut self) -> Fault {
        let is_stopped = mem::take(&mut self.host.is_stopped);
        match self.engine.exhausted() {
            Some(rule) if !is_stopped => self.exhausted(rule),
            _ => Fault::stopped(),
        }
    }

    /// The same, for calls that come now and then: says what was lost.
    fn run_and_tell(&mut self, work: impl FnOnce(&mut Engine, &mut Sink<'_>)) -> Result<(), Fault> {
        let result = self.run(work);
        self.log.say_losses(self.engine.counters());
        result
    }

    fn exhausted(&self, rule: RuleId) -> Fault {
        let path = &self.engine.rules().rule(rule).meta.path;
        Fault::limit(format!("`{path}` keeps more than max_state_bytes of open state"))
    }

    /// # Safety
    /// As for [`Checked::examined`].
    #[inline(always)]
    unsafe fn push(&mut self, event: *const CaltropEvent) -> Result<(), Fault> {
        // SAFETY: the caller promises the same.
        if unsafe { is_right_at_a_glance(event) } {
            // SAFETY: so it is, and the caller promises its texts.
            self.push_logged(unsafe { Logged::of(&*event) })
        } else {
            // SAFETY: the caller promises the same.
            unsafe { self.push_examined(event) }
        }
    }

    /// Looks at an event that is not right at a glance, if it is right.
    ///
    /// # Safety
    /// As for [`Checked::examined`].
    #[cold]
    #[inline(never)]
    unsafe fn push_examined(&mut self, event: *const CaltropEvent) -> Result<(), Fault> {
        // SAFETY: the caller promises the same.
        self.push_logged(unsafe { Logged::examined(event) }?)
    }

    #[inline(always)]
    fn push_logged(&mut self, logged: Logged<'_>) -> Result<(), Fault> {
        self.passes.clear();
        self.look(|engine, sink| engine.push(logged.raw, logged.event, sink))?;
        self.note_passes(0);
        self.outcome()
    }

    /// Looks at the events in their order. How many were looked at is in `out_pushed`, also when there is a panic.
    ///
    /// # Safety
    /// `events` is null or has `count` events, for each of which holds what [`Checked::examined`] asks for.
    #[inline(always)]
    unsafe fn push_batch(
        &mut self,
        events: *const CaltropEvent,
        count: usize,
        out_pushed: &mut usize,
    ) -> Result<(), Fault> {
        let mut pushed = Pushed { events: 0, out: out_pushed };
        self.passes.clear();
        if count == 0 {
            return Ok(());
        }
        // SAFETY: the caller promises that there is one.
        let mut batch = unsafe { Batch::at(events) }?;
        for _ in 0..count {
            // SAFETY: the caller promises that there are so many.
            let logged = unsafe { batch.next() }?;
            self.look(|engine, sink| engine.push_inlined(logged.raw, logged.event, sink))?;
            self.note_passes(pushed.events);
            pushed.events += 1;
            self.outcome()?;
        }
        Ok(())
    }

    #[inline]
    fn note_passes(&mut self, event_index: usize) {
        if !self.engine.passed().is_empty() {
            self.keep_passes(event_index);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep_passes(&mut self, event_index: usize) {
        let pass = |rule: &RuleId| CaltropPass { event_index, rule_index: rule.index() };
        self.passes.extend(self.engine.passed().iter().map(pass));
    }

    fn push_fields(&mut self, event: Checked<'_>, pairs: &[CaltropPair]) -> Result<(), Fault> {
        let mut fields = emptied(mem::take(&mut self.pairs));
        for pair in pairs {
            // SAFETY: whoever calls `caltrop_engine_push_fields` promises that they can be read.
            let pair =
                unsafe { (pair.name.some_bytes("a name")?, pair.value.some_bytes("a value")?) };
            fields.push(pair);
        }
        self.passes.clear();
        let (raw, head) = (event.raw(), event.into());
        let result = self.run(|engine, sink| engine.push_fields(raw, &fields, &head, sink));
        self.note_passes(0);
        self.pairs = emptied(fields);
        result
    }

    fn swap(&mut self, ruleset: &CaltropRuleset) -> Result<(), Fault> {
        let old = Arc::clone(self.engine.rules());
        let mut swapped = Swapped::default();
        let result =
            self.run(|engine, sink| swapped = engine.swap(Arc::clone(ruleset.rules()), sink));
        self.host.queue.set_rules(Arc::clone(ruleset.rules()));
        // It may be the last reference.
        stacker::grow(FREE_STACK_BYTES, || drop(old));
        self.passes.clear();
        self.transferred = Transferred::of_swap(swapped);
        self.log.say(CALTROP_LOG_INFO, || format!("rules swapped: {}", self.transferred));
        result
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let restored = stacker::grow(STATE_STACK_BYTES, || self.engine.restore(bytes));
        let restored = restored.map_err(|error| Fault::format(error.to_string()))?;
        self.passes.clear();
        self.transferred = Transferred::of_state(restored);
        self.log.say(CALTROP_LOG_INFO, || format!("state loaded: {}", self.transferred));
        Ok(())
    }
}

/// Writes how many events were looked at when it goes, on whatever way; so no event has to.
struct Pushed<'a> {
    events: usize,
    out: &'a mut usize,
}

impl Drop for Pushed<'_> {
    fn drop(&mut self) {
        *self.out = self.events;
    }
}

impl Host {
    fn new(on_alert: CaltropAlertFn, userdata: *mut c_void, rules: Arc<RuleSet>) -> Self {
        let (is_stopped, json) = (false, RefCell::default());
        Self { on_alert, userdata, is_stopped, json, queue: Queue::new(rules) }
    }

    /// Hands it an alert, unless it has had enough.
    fn deliver(&mut self, alert: &Alert<'_>) {
        if self.is_stopped {
            return;
        }
        let Some(on_alert) = self.on_alert else { return self.queue.keep(alert) };
        let row = CaltropRow::of(alert, &self.json);
        let view = CaltropAlert::of(alert, &row);
        // SAFETY: whoever made the engine promised a function of this type; what it gets lives until it returns.
        self.is_stopped = unsafe { on_alert(&raw const view, self.userdata) != 0 };
    }
}

#[cold]
#[inline(never)]
fn too_many_alerts() -> Fault {
    Fault::limit("too many alerts wait: pull them with caltrop_engine_next_alert")
}

/// The same allocation for borrows of another lifetime.
fn emptied<'a>(mut pairs: Vec<(&[u8], &[u8])>) -> Vec<(&'a [u8], &'a [u8])> {
    pairs.clear();
    pairs.into_iter().map(|_| -> (&'a [u8], &'a [u8]) { (&[], &[]) }).collect()
}

#[cfg(test)]
mod tests {
    use std::{panic, ptr};

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
        let ruleset = CaltropRuleset::new(builder.build().rules, []).into_raw();
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

    #[test]
    fn how_many_events_were_looked_at_is_told_also_after_a_panic() {
        let mut told = 0;
        let looked_at = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let mut pushed = Pushed { events: 0, out: &mut told };
            pushed.events += 2;
            panic!("at the third");
        }));
        assert!(looked_at.is_err());
        assert_eq!(told, 2);
    }
}

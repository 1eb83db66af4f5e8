//! The one gate of this crate: who may enter a handle, and what happens when the work in it panics.
//!
//! [`guard`] lets one call at a time into a [`Gate`]. A callback that calls back into its handle finds it busy; so does,
//! as a rule, a second thread, but that is a courtesy to whoever debugs it and not a lock to build on. A panic poisons the
//! handle that it happened in, for its contents may be half changed; every other handle goes on.

use std::{
    any::Any,
    cell::UnsafeCell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU8, Ordering},
};

use crate::{
    status::{CALTROP_E_BUSY, CALTROP_E_PANIC, CALTROP_OK, CaltropStatus, Fault},
    str::CaltropStr,
};

/// The contents of a handle behind its gate.
pub(crate) struct Gate<T> {
    state: AtomicU8,
    inside: UnsafeCell<T>,
    last_error: UnsafeCell<String>,
}

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const POISONED: u8 = 2;

impl<T> Gate<T> {
    pub(crate) fn new(inside: T) -> Self {
        Self {
            state: AtomicU8::new(IDLE),
            inside: UnsafeCell::new(inside),
            last_error: UnsafeCell::new(String::new()),
        }
    }

    /// Whether a call is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.state.load(Ordering::Relaxed) == BUSY
    }

    /// Why the last call that failed did.
    ///
    /// # Safety
    /// No other thread is in a call on the same handle.
    pub(crate) unsafe fn last_error(&self) -> CaltropStr {
        // SAFETY: only the end of a call writes it, and none ends on another thread now.
        CaltropStr::of(unsafe { &*self.last_error.get() }.as_bytes())
    }

    /// Ends a call that has failed: the handle can be used again.
    #[cold]
    #[inline(never)]
    fn fail(&self, fault: Fault) -> CaltropStatus {
        self.leave(&fault.message, IDLE);
        fault.status
    }

    /// Ends a call that has panicked: the handle cannot be used any more.
    #[cold]
    #[inline(never)]
    fn poison(&self, payload: Box<dyn Any + Send>) -> CaltropStatus {
        self.leave(&panic_message(payload), POISONED);
        CALTROP_E_PANIC
    }

    fn leave(&self, message: &str, state: u8) {
        // SAFETY: the state is BUSY, set by this call, so nobody else is here.
        let last_error = unsafe { &mut *self.last_error.get() };
        last_error.clear();
        last_error.push_str(message);
        self.state.store(state, Ordering::Release);
    }
}

/// Does `work` with the contents of a handle, alone, and turns what comes of it into a status.
#[inline]
pub(crate) fn guard<T>(
    gate: &Gate<T>,
    work: impl FnOnce(&mut T) -> Result<(), Fault>,
) -> CaltropStatus {
    match gate.state.compare_exchange(IDLE, BUSY, Ordering::Acquire, Ordering::Relaxed) {
        Err(POISONED) => return CALTROP_E_PANIC,
        Err(_) => return CALTROP_E_BUSY,
        Ok(_) => {}
    }
    // SAFETY: the state was IDLE and is BUSY until this call leaves, so nobody else has the contents.
    let inside = unsafe { &mut *gate.inside.get() };
    match catch_unwind(AssertUnwindSafe(|| work(inside))) {
        Ok(Ok(())) => {
            gate.state.store(IDLE, Ordering::Release);
            CALTROP_OK
        }
        Ok(Err(fault)) => gate.fail(fault),
        Err(payload) => gate.poison(payload),
    }
}

/// Does `work` that belongs to no handle.
pub(crate) fn guard_alone(work: impl FnOnce() -> Result<(), Fault>) -> CaltropStatus {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => CALTROP_OK,
        Ok(Err(fault)) => fault.status,
        Err(payload) => {
            mem::forget(payload);
            CALTROP_E_PANIC
        }
    }
}

fn panic_message(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = format!("panic: {}", text.unwrap_or("without a message"));
    // What a panic carries may itself panic when it is dropped. A few bytes are the lesser loss.
    mem::forget(payload);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_error<T>(gate: &Gate<T>) -> String {
        // SAFETY: no other thread knows of the gate.
        let text = unsafe { gate.last_error().text("last error") };
        text.expect("it is UTF-8").to_owned()
    }

    #[test]
    fn a_panic_poisons_its_own_handle_and_no_other() {
        let (bad, good) = (Gate::new(1), Gate::new(2));
        let status = guard(&bad, |_| panic!("slot {} is missing", 7));
        assert_eq!(status, CALTROP_E_PANIC);
        assert_eq!(last_error(&bad), "panic: slot 7 is missing");
        assert_eq!(guard(&bad, |_| unreachable!("it is poisoned")), CALTROP_E_PANIC);
        assert_eq!(last_error(&bad), "panic: slot 7 is missing");
        assert_eq!(guard(&good, |_| Ok(())), CALTROP_OK);
    }

    #[test]
    fn a_call_from_within_finds_the_handle_busy_and_changes_nothing() {
        let gate = Gate::new(1);
        let status = guard(&gate, |inside| {
            assert_eq!(guard(&gate, |_| unreachable!("it is busy")), CALTROP_E_BUSY);
            *inside += 1;
            Ok(())
        });
        assert_eq!(status, CALTROP_OK);
        assert_eq!(gate.inside.into_inner(), 2);
    }

    #[test]
    fn a_fault_is_kept_until_the_next() {
        let gate = Gate::new(());
        assert_eq!(last_error(&gate), "");
        assert_eq!(guard(&gate, |()| Err(Fault::argument("path is null"))), 1);
        assert_eq!(guard(&gate, |()| Ok(())), CALTROP_OK);
        assert_eq!(last_error(&gate), "path is null");
    }

    #[test]
    fn a_payload_that_panics_when_dropped_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let gate = Gate::new(());
        assert_eq!(guard(&gate, |()| std::panic::panic_any(Bomb)), CALTROP_E_PANIC);
        assert_eq!(last_error(&gate), "panic: without a message");
        assert_eq!(guard_alone(|| std::panic::panic_any(Bomb)), CALTROP_E_PANIC);
    }
}

//! Rule files that change while the shipper runs.
//!
//! A thread of its own looks at them and compiles a changed set aside, for that may take seconds, and the shipper waits for
//! its filters. The set is taken over, whole, between two chunks.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use caltrop_host::{Reload, Reloaded};

use crate::load::COMPILE_STACK_BYTES;

/// The thread that looks; it ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    slot: Mutex<Slot>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    found: Option<Box<Reloaded>>,
    is_ended: bool,
}

impl Watch {
    /// Looks at the files of `reload` every so often.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(reload: Arc<Mutex<Reload>>, every: Duration) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("caltrop-reload".to_owned())
            .stack_size(COMPILE_STACK_BYTES)
            .spawn(move || {
                while of_thread.waits(every) {
                    if let Some(found) = poll(&reload) {
                        of_thread.put(found);
                    }
                }
            })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// What has become of changed files since it was last asked.
    #[must_use]
    pub fn take(&self) -> Option<Box<Reloaded>> {
        self.shared.lock().found.take()
    }
}

/// Reads the files, and compiles them where they have changed.
pub fn poll(reload: &Mutex<Reload>) -> Option<Reloaded> {
    // What a panic has left is a set that is told again or not at all.
    reload.lock().unwrap_or_else(PoisonError::into_inner).poll()
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Slot> {
        // What a panic has left is whole: each holder writes one field.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; false when it is to end.
    fn waits(&self, time: Duration) -> bool {
        let slot = self.lock();
        let waited = self.ended.wait_timeout_while(slot, time, |slot| !slot.is_ended);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_ended
    }

    /// A later set takes the place of one that was not taken; a set that cannot be used takes no usable one's.
    fn put(&self, found: Reloaded) {
        let mut slot = self.lock();
        let keeps = |waiting: &Reloaded| {
            matches!((waiting, &found), (Reloaded::Usable(_), Reloaded::Kept(_)))
        };
        if !slot.found.as_deref().is_some_and(keeps) {
            slot.found = Some(Box::new(found));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.lock().is_ended = true;
        self.shared.ended.notify_all();
        // It may have panicked, and has told so itself.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

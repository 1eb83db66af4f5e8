//! The one way into a filter: off the small stack of the shipper, alone, and without a panic on the way out.
//!
//! Fluent Bit may call on a stack of 24 KiB without a guard page. The engine gets a stack of its own, always: how much is
//! left of that one cannot be asked. A panic poisons the filter in which it happened, which from then on leaves every chunk as
//! it is; other filters go on.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use caltrop_shipper::detector::Level;

use crate::{host, instance::Instance};

/// The engine needs a small part of it.
pub const STACK_BYTES: usize = 4 << 20;

/// A filter behind its lock: the shipper may call it from several threads.
pub struct Filter {
    name: String,
    /// `None` once it has ended.
    instance: Mutex<Option<Instance>>,
}

impl Filter {
    /// A filter that has started.
    #[must_use]
    pub fn new(name: String, instance: Instance) -> Self {
        Self { name, instance: Mutex::new(Some(instance)) }
    }

    /// Does `work` with the filter; `None` if it has ended, or if it panics now or has done so before.
    pub fn enter<T>(&self, work: impl FnOnce(&mut Instance) -> T) -> Option<T> {
        guarded(&self.name, || {
            let mut instance = self.instance.lock().ok()?;
            instance.as_mut().map(work)
        })?
    }

    /// Ends it.
    pub fn end(&self) {
        guarded(&self.name, || {
            let instance = self.instance.lock().ok().and_then(|mut instance| instance.take());
            instance.map(Instance::end)
        });
    }
}

/// Does `work` on a stack of its own; `None` if it panics, which is told.
pub fn guarded<T>(name: &str, work: impl FnOnce() -> T) -> Option<T> {
    let done = stacker::grow(STACK_BYTES, || catch_unwind(AssertUnwindSafe(work)));
    done.map_err(|payload| note_panic(name, payload)).ok()
}

fn note_panic(name: &str, payload: Box<dyn Any + Send>) {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("without a message");
    let message = format!(
        "a mistake in caltrop, please report it: panic: {text}; records pass unseen from now on"
    );
    host::log(Level::Error, name, &message);
    // What a panic carries may itself panic when it is dropped. A few bytes are the lesser loss.
    std::mem::forget(payload);
}

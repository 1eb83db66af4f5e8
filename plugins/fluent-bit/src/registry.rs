//! The filters of the process, for the one companion that serves them all.
//!
//! Fluent Bit loads the library twice, as a filter and as an input, and both are the same library in memory: what stands
//! here is shared by both. It also outlives a reload of the shipper.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use caltrop_shipper::outbox::Outbox;

use crate::gate::Filter;

static FILTERS: Mutex<Vec<Entry>> = Mutex::new(Vec::new());
static LEFT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static COMPANIONS: AtomicUsize = AtomicUsize::new(0);

/// A filter, and the file that it keeps its state in.
struct Entry {
    filter: Weak<Filter>,
    state: Option<PathBuf>,
}

/// Adds a filter, which is forgotten when it ends.
///
/// # Errors
/// If another one keeps its state in the same file.
pub fn add(filter: &Arc<Filter>, state: Option<&Path>) -> Result<(), String> {
    let mut filters = lock(&FILTERS);
    filters.retain(|entry| entry.filter.strong_count() > 0);
    if let Some(state) =
        state.filter(|state| filters.iter().any(|entry| entry.state.as_deref() == Some(state)))
    {
        return Err(format!(
            "{}: another filter keeps its state there: each needs a file of its own",
            state.display()
        ));
    }
    filters.push(Entry { filter: Arc::downgrade(filter), state: state.map(Path::to_owned) });
    Ok(())
}

/// The filters that run, in the order in which they were started.
#[must_use]
pub fn filters() -> Vec<Arc<Filter>> {
    lock(&FILTERS).iter().filter_map(|entry| entry.filter.upgrade()).collect()
}

/// Keeps the detections of a filter that has ended for the next companion.
pub fn leave(outbox: &Outbox) {
    lock(&LEFT).extend_from_slice(&outbox.to_bytes());
}

/// Takes what ended filters have left.
#[must_use]
pub fn take_left() -> Vec<u8> {
    std::mem::take(&mut lock(&LEFT))
}

/// Whether a companion runs.
#[must_use]
pub fn has_companion() -> bool {
    COMPANIONS.load(Ordering::Relaxed) > 0
}

/// A companion has started.
pub fn companion_starts() {
    COMPANIONS.fetch_add(1, Ordering::Relaxed);
}

/// A companion has ended.
pub fn companion_ends() {
    // One that never started may be ended.
    let _ =
        COMPANIONS.try_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic has left is whole: nothing here can fail half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The filters of the process, for the one companion that serves them all.
//!
//! Fluent Bit loads the library twice, as a filter and as an input, and both are the same library in memory: what stands
//! here is shared by both. It also outlives a reload of the shipper.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use caltrop_shipper::outbox::Outbox;

use crate::{gate::Filter, msgpack};

static FILTERS: Mutex<Vec<Entry>> = Mutex::new(Vec::new());
static LEFT: Mutex<Outbox> = Mutex::new(Outbox::new());
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
    let state = state.map(resolved);
    if let Some(state) = &state
        && filters.iter().any(|entry| entry.state.as_ref() == Some(state))
    {
        return Err(format!(
            "{}: another filter keeps its state there: each needs a file of its own",
            state.display()
        ));
    }
    filters.push(Entry { filter: Arc::downgrade(filter), state });
    Ok(())
}

/// The one path of a file that need not be there yet, however it is written.
fn resolved(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// The filters that run, in the order in which they were started.
#[must_use]
pub fn filters() -> Vec<Arc<Filter>> {
    lock(&FILTERS).iter().filter_map(|entry| entry.filter.upgrade()).collect()
}

/// Keeps the detections of a filter that has ended for the next companion; how many found no room.
#[must_use]
pub fn leave(outbox: &Outbox) -> u64 {
    let mut left = lock(&LEFT);
    let lost_before = left.lost();
    left.put_all(&outbox.to_bytes(), msgpack::length);
    left.lost() - lost_before
}

/// Moves what ended filters have left to the end of `out`, up to about `max_bytes` of it.
pub fn take_left_into(out: &mut Vec<u8>, max_bytes: usize) {
    lock(&LEFT).take_into(out, max_bytes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_bounded_and_taken_once() {
        let record = |letter: u8| -> Box<[u8]> {
            [&[0xc6, 0, 0xa0, 0, 0][..], &vec![letter; 0xa0_0000]].concat().into()
        };
        let outbox = |letter: u8| {
            let mut outbox = Outbox::new();
            outbox.put(record(letter));
            outbox
        };
        assert_eq!((leave(&outbox(1)), leave(&outbox(2))), (0, 1), "ten mebibytes each");
        let mut taken = Vec::new();
        take_left_into(&mut taken, 1);
        take_left_into(&mut taken, 1);
        assert_eq!(taken, *record(1));
    }
}

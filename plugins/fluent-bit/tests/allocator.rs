//! Who owns the output: the host frees it, so it must come from the `malloc` that the program has, which need not be the C
//! library's.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common;

use std::{
    ffi::c_void,
    sync::atomic::{AtomicUsize, Ordering},
};

use common::{MODIFIED, Plugin, folder_with_rule, record, taken};

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
}

/// What this program's own `malloc` has given last, in a ring.
static GIVEN: [AtomicUsize; 4096] = [const { AtomicUsize::new(0) }; 4096];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// As Fluent Bit's packages have it, which bring an allocator of their own.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    let memory = unsafe { __libc_malloc(size) };
    let place = COUNT.fetch_add(1, Ordering::Relaxed) % GIVEN.len();
    GIVEN[place].store(memory as usize, Ordering::Relaxed);
    memory
}

#[test]
fn the_output_comes_from_the_malloc_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = Plugin::open(folder.path());
    let (_rules, path) = folder_with_rule("TERM(error) | table code");
    let filter = plugin.start("owner", &[("rules", &path), ("emit", "none")]).unwrap();
    let (status, out, bytes) = filter.call(&record(1, &[("log", "error")]), "app");
    let is_given = GIVEN.iter().any(|given| given.load(Ordering::Relaxed) == out as usize);
    assert_eq!((status, is_given), (MODIFIED, true));
    assert!(!taken(out, bytes).is_empty());
}

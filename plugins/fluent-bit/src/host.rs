//! What the library calls in the program that has loaded it.
//!
//! The functions are looked up when they are first called and not linked: a library that wants what one host lacks would not
//! load there at all. Where a function is absent, the call does nothing.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    sync::OnceLock,
};

use caltrop_shipper::detector::Level;
use libloading::os::unix::Library;

/// A level as Fluent Bit numbers it.
fn number(level: Level) -> c_int {
    match level {
        Level::Error => 1,
        Level::Warning => 2,
        Level::Info => 3,
    }
}

type SetContext = unsafe extern "C" fn(*mut c_void, *mut c_void);
type Property = unsafe extern "C" fn(*const c_char, *mut c_void) -> *const c_char;
type Name = unsafe extern "C" fn(*mut c_void) -> *const c_char;
type LogPrint = unsafe extern "C" fn(c_int, *const c_char, c_int, *const c_char, ...);

/// The functions that were found.
#[derive(Clone, Copy, Debug, Default)]
struct Functions {
    set_context: Option<SetContext>,
    property: Option<Property>,
    name: Option<Name>,
    log_print: Option<LogPrint>,
}

unsafe extern "C" {
    /// The C library's. Fluent Bit frees what it is given by `free`, so memory must come from here and not from Rust's
    /// allocator; where the program brings its own `malloc`, this is that one.
    fn malloc(size: usize) -> *mut c_void;
}

fn functions() -> &'static Functions {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let program = Library::this();
        // SAFETY: these are the types that Fluent Bit declares them with since 1.9.
        unsafe {
            Functions {
                set_context: find(&program, c"flb_filter_set_context"),
                property: find(&program, c"flb_filter_get_property"),
                name: find(&program, c"flb_filter_name"),
                log_print: find(&program, c"flb_log_print"),
            }
        }
    })
}

/// # Safety
/// `T` is the type of the function.
unsafe fn find<T: Copy>(program: &Library, name: &CStr) -> Option<T> {
    // SAFETY: the caller promises the same.
    unsafe { program.get::<T>(name) }.ok().map(|symbol| *symbol)
}

/// Whether the program has a function of that name.
#[must_use]
pub fn has(name: &CStr) -> bool {
    // SAFETY: the pointer is not used.
    unsafe { find::<*const c_void>(&Library::this(), name) }.is_some()
}

/// Says something in the log of the shipper, line by line.
pub fn log(level: Level, filter: &str, message: &str) {
    let Some(log_print) = functions().log_print else { return };
    for line in message.lines() {
        let line: String = line.chars().filter(|character| !character.is_control()).collect();
        let Ok(line) = CString::new(format!("[filter:caltrop:{filter}] {line}")) else { continue };
        // SAFETY: the format takes one text; the file is told only with messages of other levels.
        unsafe { log_print(number(level), c"caltrop".as_ptr(), 0, c"%s".as_ptr(), line.as_ptr()) };
    }
}

/// The name of a filter: its alias, or `caltrop.0`.
///
/// # Safety
/// `instance` is the filter instance of the host that the call is about.
pub unsafe fn name(instance: *mut c_void) -> String {
    let Some(name) = functions().name else { return "caltrop".to_owned() };
    // SAFETY: the caller promises that the instance is one.
    unsafe { text(name(instance)) }.unwrap_or_else(|| "caltrop".to_owned())
}

/// The value of a key in the section of a filter.
///
/// # Safety
/// `instance` is the filter instance of the host that the call is about.
pub unsafe fn property(instance: *mut c_void, key: &str) -> Option<String> {
    let (property, key) = (functions().property?, CString::new(key).ok()?);
    // SAFETY: the caller promises that the instance is one; the key outlives the call.
    unsafe { text(property(key.as_ptr(), instance)) }
}

/// Tells the host what to hand back in every call for this filter.
///
/// # Safety
/// `instance` is the filter instance of the host that the call is about.
pub unsafe fn set_context(instance: *mut c_void, context: *mut c_void) {
    if let Some(set_context) = functions().set_context {
        // SAFETY: the caller promises that the instance is one.
        unsafe { set_context(instance, context) };
    }
}

/// # Safety
/// `text` is null or ends in a zero byte.
unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: the caller promises that it ends.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// A copy of `bytes` that the host may free; `None` where there is no memory for it. It is not empty.
#[must_use]
pub fn copy_for_host(bytes: &[u8]) -> Option<*mut c_void> {
    // SAFETY: any size may be asked for.
    let copy = unsafe { malloc(bytes.len().max(1)) };
    if copy.is_null() {
        return None;
    }
    // SAFETY: `copy` has that many bytes and is nobody else's.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), copy.cast(), bytes.len()) };
    Some(copy)
}

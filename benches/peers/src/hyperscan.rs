//! Hyperscan, where its library is on the machine (`libhyperscan5` of Debian). Opened when the program runs, so that it builds
//! everywhere.

use std::{
    ffi::{CString, c_char, c_int, c_uint, c_ulonglong, c_void},
    ptr,
};

use libloading::{Library, Symbol};

const SUCCESS: c_int = 0;
const CASELESS: c_uint = 1;
const SINGLE_MATCH: c_uint = 8;
const BLOCK_MODE: c_uint = 1;

type Compile = unsafe extern "C" fn(
    *const *const c_char,
    *const c_uint,
    *const c_uint,
    c_uint,
    c_uint,
    *const c_void,
    *mut *mut c_void,
    *mut *mut c_void,
) -> c_int;
type AllocateScratch = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> c_int;
type OnMatch = unsafe extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;
type Scan = unsafe extern "C" fn(
    *const c_void,
    *const c_char,
    c_uint,
    c_uint,
    *mut c_void,
    OnMatch,
    *mut c_void,
) -> c_int;

/// A compiled set of literals, in any ASCII case. It lives as long as the program does.
pub struct Hyperscan {
    /// Keeps the functions alive.
    _library: Library,
    scan: Scan,
    database: *mut c_void,
    scratch: *mut c_void,
}

impl Hyperscan {
    /// A search for `literals`, which are letters only; `None` where the machine has no Hyperscan.
    pub fn new(literals: &[&str]) -> Option<Self> {
        // SAFETY: Hyperscan's library does nothing when it is opened.
        let library = unsafe { Library::new("libhs.so.5") }.ok()?;
        // SAFETY: these are the types of `hs_compile.h` and `hs_runtime.h` of version 5.
        let (compile, allocate, scan): (
            Symbol<'_, Compile>,
            Symbol<'_, AllocateScratch>,
            Symbol<'_, Scan>,
        ) = unsafe {
            (
                library.get(b"hs_compile_multi").ok()?,
                library.get(b"hs_alloc_scratch").ok()?,
                library.get(b"hs_scan").ok()?,
            )
        };
        let scan = *scan;
        let texts: Vec<CString> =
            literals.iter().map(|text| CString::new(*text).ok()).collect::<Option<_>>()?;
        let pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        let flags = vec![CASELESS | SINGLE_MATCH; texts.len()];
        let count = c_uint::try_from(texts.len()).ok()?;
        let ids: Vec<c_uint> = (0..count).collect();
        let (mut database, mut error, mut scratch) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the three arrays hold `count` items each, texts end with NUL, and the outputs are ours.
        let compiled = unsafe {
            compile(
                pointers.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                count,
                BLOCK_MODE,
                ptr::null(),
                &raw mut database,
                &raw mut error,
            )
        };
        if compiled != SUCCESS {
            return None;
        }
        // SAFETY: the database was compiled just now.
        let allocated = unsafe { allocate(database, &raw mut scratch) };
        (allocated == SUCCESS).then_some(Self { _library: library, scan, database, scratch })
    }

    /// Whether `text` holds one of the literals. Goes on to the end of the text, as an engine that wants them all must.
    pub fn is_match(&mut self, text: &[u8]) -> bool {
        unsafe extern "C" fn note(
            _: c_uint,
            _: c_ulonglong,
            _: c_ulonglong,
            _: c_uint,
            found: *mut c_void,
        ) -> c_int {
            // SAFETY: it is the `found` that the scan was given, which nobody else looks at meanwhile.
            unsafe { *found.cast::<bool>() = true };
            0
        }
        let mut found = false;
        let length = c_uint::try_from(text.len()).expect("an event is shorter than 4 GiB");
        // SAFETY: the text is as long as it says, database and scratch belong together, and `found` outlives the call.
        let scanned = unsafe {
            (self.scan)(
                self.database,
                text.as_ptr().cast(),
                length,
                0,
                self.scratch,
                note,
                (&raw mut found).cast(),
            )
        };
        assert_eq!(scanned, SUCCESS, "a scan of a sound database succeeds");
        found
    }
}

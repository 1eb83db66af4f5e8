//! Which caltrop this is.

use std::ffi::c_char;

/// Programs built with a header of one major number run with every library of the same: nothing that they use goes or
/// changes its meaning.
pub const CALTROP_ABI_MAJOR: u32 = 1;
/// Grows when something is added.
pub const CALTROP_ABI_MINOR: u32 = 0;

/// The ABI of the library that runs: `CALTROP_ABI_MAJOR << 16 | CALTROP_ABI_MINOR`. Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn caltrop_abi_version() -> u32 {
    CALTROP_ABI_MAJOR << 16 | CALTROP_ABI_MINOR
}

/// The version of the library that runs, such as `0.1.0`. The text is static and ends with a NUL. Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn caltrop_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

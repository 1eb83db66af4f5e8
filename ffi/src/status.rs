//! What calls return.
//!
//! The numbers are permanent: one that appeared in a release is never given another meaning, and a caller must be ready
//! for numbers that it does not know.

use std::{borrow::Cow, ffi::c_char};

/// What a call returns: `CALTROP_OK`, or why it did not do what it was asked to.
pub type CaltropStatus = i32;

/// It is done.
pub const CALTROP_OK: CaltropStatus = 0;
/// An argument is null, too small, not UTF-8 or otherwise not what the function asks for. Nothing has happened.
pub const CALTROP_E_ARGUMENT: CaltropStatus = 1;
/// The handle is in use: a callback called back into it, or another thread is in it. Nothing has happened.
pub const CALTROP_E_BUSY: CaltropStatus = 2;
/// A callback returned something other than 0. The call has done its work all the same; what was left was not reported.
pub const CALTROP_E_STOPPED: CaltropStatus = 3;
/// caltrop has a bug and has met it in this handle, now or in an earlier call. The handle can only be freed; others are
/// not concerned.
pub const CALTROP_E_PANIC: CaltropStatus = 4;
/// A bound is exceeded; the last error says which.
pub const CALTROP_E_LIMIT: CaltropStatus = 5;

/// The bytes are not what the call reads, are damaged, or are of a version that this library does not read.
pub const CALTROP_E_FORMAT: CaltropStatus = 6;
/// A file or a folder cannot be read; the last error says which and why.
pub const CALTROP_E_IO: CaltropStatus = 7;

/// What `status` means, in a few words. Never null: a number that this library does not know is called unknown.
///
/// The text is static and ends with a NUL. Any thread may call it.
#[unsafe(no_mangle)]
pub extern "C" fn caltrop_strerror(status: CaltropStatus) -> *const c_char {
    let text = match status {
        CALTROP_OK => c"done",
        CALTROP_E_ARGUMENT => c"an argument is not what the function asks for",
        CALTROP_E_BUSY => c"the handle is in use by a call that has not returned",
        CALTROP_E_STOPPED => c"the callback asked to stop",
        CALTROP_E_PANIC => {
            c"caltrop met a bug of its own in this handle, which can only be freed now"
        }
        CALTROP_E_LIMIT => c"a bound is exceeded",
        CALTROP_E_FORMAT => c"the bytes are damaged or of another format",
        CALTROP_E_IO => c"a file or folder cannot be read",
        _ => c"unknown status",
    };
    text.as_ptr()
}

/// Why a call failed: what it returns, and what the handle keeps as its last error.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: CaltropStatus,
    pub(crate) message: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: CALTROP_E_ARGUMENT, message: message.into() }
    }

    pub(crate) fn limit(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: CALTROP_E_LIMIT, message: message.into() }
    }

    pub(crate) fn format(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: CALTROP_E_FORMAT, message: message.into() }
    }

    pub(crate) fn io(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: CALTROP_E_IO, message: message.into() }
    }

    #[cold]
    pub(crate) fn stopped() -> Self {
        Self { status: CALTROP_E_STOPPED, message: Cow::Borrowed("the callback asked to stop") }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, ffi::CStr};

    use super::*;

    fn text(status: CaltropStatus) -> &'static CStr {
        // SAFETY: the function returns static texts.
        unsafe { CStr::from_ptr(caltrop_strerror(status)) }
    }

    #[test]
    fn every_status_has_a_sentence_of_its_own() {
        let texts: BTreeSet<_> = (CALTROP_OK..=CALTROP_E_IO).map(text).collect();
        assert_eq!(texts.len(), 8);
        assert!(!texts.contains(c"unknown status"));
        for unknown in [i32::MIN, -1, CALTROP_E_IO + 1, i32::MAX] {
            assert_eq!(text(unknown), c"unknown status");
        }
    }
}

//! Texts that cross the boundary: a pointer and a length.

use std::{
    ffi::{CStr, c_char, c_void},
    ptr, slice, str,
};

use crate::status::Fault;

/// Bytes of someone else: a text or an event. They do not end with a NUL unless it says so. A null `ptr` with length 0 is
/// no text at all, which is not the same as an empty one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CaltropStr {
    /// The first byte; null for no text.
    pub ptr: *const c_char,
    /// How many bytes.
    pub len: usize,
}

/// Is given bytes that die when it returns. A result other than 0 says that they could not be kept.
pub type CaltropWriteFn =
    Option<unsafe extern "C" fn(bytes: CaltropStr, userdata: *mut c_void) -> i32>;

/// The text up to the NUL, for calls that take a `caltrop_str`; no text if `text` is null. It is not copied.
///
/// # Safety
/// `text` is null or ends with a NUL. What it points to must live as long as the result is used. Any thread may call it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn caltrop_cstr(text: *const c_char) -> CaltropStr {
    if text.is_null() {
        return CaltropStr::NONE;
    }
    // SAFETY: it is not null, so it ends with a NUL.
    CaltropStr::of(unsafe { CStr::from_ptr(text) }.to_bytes())
}

impl CaltropStr {
    /// No text.
    pub const NONE: Self = Self { ptr: ptr::null(), len: 0 };

    /// A view of `bytes`, good for as long as they are.
    #[must_use]
    pub const fn of(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr().cast(), len: bytes.len() }
    }

    /// The bytes; `None` where there is no text.
    ///
    /// # Safety
    /// If `ptr` is not null, `len` bytes, not more than `isize::MAX`, can be read there for as long as the result lives.
    #[inline]
    pub(crate) unsafe fn slice<'a>(self) -> Option<&'a [u8]> {
        if self.ptr.is_null() {
            return None;
        }
        // SAFETY: it is not null, and the caller promises the bytes.
        Some(unsafe { slice::from_raw_parts(self.ptr.cast(), self.len) })
    }

    /// The bytes; `None` where there is no text, an error where there cannot be one.
    ///
    /// # Safety
    /// If `ptr` is not null, `len` bytes can be read there for as long as the result lives.
    pub(crate) unsafe fn bytes<'a>(self, what: &'static str) -> Result<Option<&'a [u8]>, Fault> {
        if self.ptr.is_null() {
            return match self.len {
                0 => Ok(None),
                _ => Err(Fault::argument(format!("{what} is null but has a length"))),
            };
        }
        if isize::try_from(self.len).is_err() {
            return Err(Fault::argument(format!("{what} is longer than any memory")));
        }
        // SAFETY: it is neither null nor larger than an allocation can be, and the caller promises the bytes.
        Ok(Some(unsafe { slice::from_raw_parts(self.ptr.cast(), self.len) }))
    }

    /// The bytes, which must be there.
    ///
    /// # Safety
    /// As for `bytes`.
    pub(crate) unsafe fn some_bytes<'a>(self, what: &'static str) -> Result<&'a [u8], Fault> {
        // SAFETY: the caller promises the same.
        let bytes = unsafe { self.bytes(what) }?;
        bytes.ok_or_else(|| Fault::argument(format!("{what} is null")))
    }

    /// The text, which must be there and be UTF-8.
    ///
    /// # Safety
    /// As for `bytes`.
    pub(crate) unsafe fn text<'a>(self, what: &'static str) -> Result<&'a str, Fault> {
        // SAFETY: the caller promises the same.
        let bytes = unsafe { self.some_bytes(what) }?;
        str::from_utf8(bytes).map_err(|error| {
            Fault::argument(format!("{what} is not UTF-8 from byte {}", error.valid_up_to()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<&str, Fault>) -> String {
        result.map_or_else(|fault| fault.message.into_owned(), |text| format!("text: {text}"))
    }

    #[test]
    fn a_text_must_be_there_and_be_utf8() {
        let over = CaltropStr { ptr: c"x".as_ptr(), len: usize::MAX };
        let cases = [
            (CaltropStr::of(b"abc"), "text: abc"),
            (CaltropStr::of(b""), "text: "),
            (CaltropStr::NONE, "path is null"),
            (CaltropStr { ptr: ptr::null(), len: 3 }, "path is null but has a length"),
            (CaltropStr::of(b"ab\xff"), "path is not UTF-8 from byte 2"),
            (over, "path is longer than any memory"),
        ];
        for (given, expected) in cases {
            // SAFETY: each points to what it says, or is refused before it is read.
            assert_eq!(message(unsafe { given.text("path") }), expected);
        }
    }

    #[test]
    fn a_c_string_ends_at_its_nul_and_null_is_no_text() {
        // SAFETY: the text ends with a NUL, and null is allowed.
        let (text, none) = unsafe { (caltrop_cstr(c"ab".as_ptr()), caltrop_cstr(ptr::null())) };
        assert_eq!(text.len, 2);
        assert!(none.ptr.is_null());
        assert_eq!(none.len, 0);
    }
}

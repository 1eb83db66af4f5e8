//! Structs that can grow at their end: their first field is how many bytes the other side knows of.
//!
//! A caller that was built with an older header has a smaller struct: the fields that it lacks are zero. One that was
//! built with a newer header has a larger one: the fields that this library does not know are left alone.

use std::{mem::MaybeUninit, ptr};

use crate::status::Fault;

/// A struct that starts with its `struct_size`.
///
/// # Safety
/// It is `repr(C)`, its first field is `struct_size: usize`, all others are integers, floats, raw pointers or structs of
/// these, so that zeroes are a value of it.
pub(crate) unsafe trait Grown: Copy {
    /// Its size when it first appeared. Whoever passes less has not set `struct_size`.
    const FIRST_BYTES: usize;
    /// What it is called in the header.
    const NAME: &'static str;
}

/// Takes the struct at `pointer`.
///
/// # Safety
/// `pointer` is null, or `struct_size` can be read there and then as many bytes as it says.
pub(crate) unsafe fn take<T: Grown>(pointer: *const T) -> Result<T, Fault> {
    // SAFETY: the caller promises the same.
    let size = unsafe { struct_size(pointer) }?;
    if size >= size_of::<T>() {
        // SAFETY: it is aligned and has all bytes of a `T`.
        return Ok(unsafe { pointer.read() });
    }
    let mut taken = MaybeUninit::<T>::zeroed();
    // SAFETY: `size` bytes can be read there, and `taken` has room for more.
    unsafe { ptr::copy_nonoverlapping(pointer.cast::<u8>(), taken.as_mut_ptr().cast(), size) };
    // SAFETY: zeroes are a value of `T`, and so is what the caller has put over them.
    Ok(unsafe { taken.assume_init() })
}

/// Puts `value` into the struct at `out`, as much of it as the caller knows of. Its `struct_size` stays.
///
/// # Safety
/// `out` is null, or `struct_size` can be read there and then as many bytes as it says can be written.
pub(crate) unsafe fn put<T: Grown>(out: *mut T, value: T) -> Result<(), Fault> {
    // SAFETY: the caller promises the same.
    let size = unsafe { struct_size(out) }?.min(size_of::<T>());
    let front = size_of::<usize>();
    let value: *const u8 = ptr::from_ref(&value).cast();
    // SAFETY: both have `size` bytes and are different objects; `FIRST_BYTES` is more than the front.
    unsafe {
        ptr::copy_nonoverlapping(value.add(front), out.cast::<u8>().add(front), size - front)
    };
    Ok(())
}

/// Whether something can be put there, or is not wanted.
///
/// # Safety
/// As for `put`.
pub(crate) unsafe fn check_optional<T: Grown>(out: *mut T) -> Result<(), Fault> {
    if out.is_null() {
        return Ok(());
    }
    // SAFETY: the caller promises the same.
    unsafe { struct_size(out) }.map(|_| ())
}

/// Puts `value` there, if it is wanted.
///
/// # Safety
/// As for `put`.
pub(crate) unsafe fn put_optional<T: Grown>(out: *mut T, value: T) -> Result<(), Fault> {
    if out.is_null() {
        return Ok(());
    }
    // SAFETY: the caller promises the same.
    unsafe { put(out, value) }
}

/// # Safety
/// As for `take`.
unsafe fn struct_size<T: Grown>(pointer: *const T) -> Result<usize, Fault> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Fault::argument(format!("the {} is null or not aligned", T::NAME)));
    }
    // SAFETY: it is aligned for a struct whose first field this is.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size < T::FIRST_BYTES {
        return Err(Fault::argument(format!(
            "the struct_size of the {} is {size} and must be at least {}",
            T::NAME,
            T::FIRST_BYTES
        )));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1 ended after `first`.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Sample {
        struct_size: usize,
        first: u64,
        second: u64,
    }

    // SAFETY: it is made of integers and starts with its size.
    unsafe impl Grown for Sample {
        const FIRST_BYTES: usize = 16;
        const NAME: &'static str = "sample";
    }

    #[test]
    fn an_older_caller_gives_less_and_gets_less() {
        let mut old = Sample { struct_size: 16, first: 1, second: 77 };
        // SAFETY: it is a whole struct.
        let taken = unsafe { take(&raw const old) }.expect("16 bytes are enough");
        assert_eq!(taken, Sample { struct_size: 16, first: 1, second: 0 });
        let value = Sample { struct_size: 0, first: 5, second: 6 };
        // SAFETY: it is a whole struct.
        unsafe { put(&raw mut old, value) }.expect("16 bytes are enough");
        assert_eq!(old, Sample { struct_size: 16, first: 5, second: 77 });
    }

    #[test]
    fn a_newer_caller_gives_more_and_its_rest_is_left_alone() {
        let mut new = [Sample { struct_size: 48, first: 1, second: 2 }; 2];
        let pointer: *mut Sample = new.as_mut_ptr();
        // SAFETY: 48 bytes are there.
        let taken = unsafe { take(pointer.cast_const()) }.expect("it is large enough");
        assert_eq!((taken.first, taken.second), (1, 2));
        // SAFETY: 48 bytes are there.
        unsafe { put(pointer, Sample { struct_size: 0, first: 8, second: 9 }) }.expect("it is");
        assert_eq!(new[0], Sample { struct_size: 48, first: 8, second: 9 });
        assert_eq!(new[1], Sample { struct_size: 48, first: 1, second: 2 });
    }

    #[test]
    fn null_misaligned_and_unset_are_refused() {
        let unset = Sample { struct_size: 0, first: 1, second: 2 };
        let odd: *const Sample = (&raw const unset).wrapping_byte_add(1);
        for pointer in [ptr::null(), odd, &raw const unset] {
            // SAFETY: none of them is read beyond its size.
            let fault = unsafe { take(pointer) }.expect_err("it is not a sample");
            assert_eq!(fault.status, crate::CALTROP_E_ARGUMENT);
        }
    }
}

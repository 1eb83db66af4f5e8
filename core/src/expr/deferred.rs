//! What is compiled when it is first used.
//!
//! A rule set that was built from its rules has compiled every pattern, for a pattern that does not compile refuses its rule. One
//! that was loaded from a [file](crate::compiled) compiles a pattern that no stored automaton stands for when some value is first
//! matched against it: most patterns of a large set never meet an event. The first thread to come compiles, for all.

use std::sync::OnceLock;

/// The stack for compiling; the 24 KiB that a push has would be too little.
const COMPILE_STACK_BYTES: usize = 4 << 20;

/// A value that may have to be made still.
#[derive(Debug)]
pub(crate) struct Deferred<T>(OnceLock<Option<T>>);

impl<T> Deferred<T> {
    /// A value that is there.
    pub(crate) fn ready(value: T) -> Self {
        Self(OnceLock::from(Some(value)))
    }

    /// A value that is made when it is first asked for.
    pub(crate) fn later() -> Self {
        Self(OnceLock::new())
    }

    /// The value, made by `make` if it is not there yet; `None` where that cannot make it.
    #[inline]
    pub(crate) fn get(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        match self.0.get() {
            Some(made) => made.as_ref(),
            None => self.make(make),
        }
    }

    #[cold]
    fn make(&self, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        self.0.get_or_init(|| stacker::grow(COMPILE_STACK_BYTES, make)).as_ref()
    }
}

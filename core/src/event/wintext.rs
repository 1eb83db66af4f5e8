//! The classic text of Windows events, `WinEventLog`: a header of `name=value` lines, then the message as a person reads it.

use super::{Natives, Told};
use crate::row::Env;

/// Whether `raw` is one.
pub(super) fn is_windows_text(_raw: &[u8]) -> bool {
    false
}

/// When and where it happened, and from which log it is.
pub(super) fn told<'e>(_raw: &'e [u8], _env: Env<'e>) -> Told<'e> {
    Told::default()
}

/// Finds the fields of header and message; those of the message win.
pub(super) fn find<'e>(_raw: &'e [u8], _natives: &mut Natives<'e>) {}

/// Finds the fields of a message alone: other formats carry it as a value.
pub(super) fn find_in_message<'e>(_message: &'e [u8], _natives: &mut Natives<'e>) {}

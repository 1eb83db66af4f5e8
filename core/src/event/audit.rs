//! The Linux audit log: the records of one event.

use bumpalo::Bump;

use super::{Natives, Told};
use crate::row::Env;

/// Whether `raw` opens like a record.
pub(super) fn is_audit(_raw: &[u8]) -> bool {
    false
}

/// When and where it happened.
pub(super) fn told<'e>(_raw: &'e [u8], _env: Env<'e>) -> Told<'e> {
    Told::default()
}

/// Finds the fields of all records.
pub(super) fn find<'e>(_raw: &'e [u8], _natives: &mut Natives<'e>) {}

/// Visits the values that are decoded from hexadecimal digits or joined.
pub(super) fn rewritten_values(_raw: &[u8], _bump: &Bump, _visit: &mut dyn FnMut(&[u8])) {}

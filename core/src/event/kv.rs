//! Text whose fields are its `name=value` pairs.

use super::{Natives, Told};
use crate::row::Env;

/// When it happened: the first time that its first bytes hold.
pub(super) fn told<'e>(_raw: &'e [u8], _env: Env<'e>) -> Told<'e> {
    Told::default()
}

/// Finds the pairs.
pub(super) fn find<'e>(_raw: &'e [u8], _natives: &mut Natives<'e>) {}

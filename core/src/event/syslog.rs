//! The header that syslog puts before an event: RFC 3164 and RFC 5424.

use super::Told;
use crate::row::Env;

/// Where the message starts; `None` where there is no header.
pub(super) fn body_start(_raw: &[u8]) -> Option<usize> {
    None
}

/// What the header says.
pub(super) fn told<'e>(_raw: &'e [u8], _env: Env<'e>) -> Told<'e> {
    Told::default()
}

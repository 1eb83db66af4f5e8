//! Times as SPL writes and reads them: format strings and relative times.
//!
//! `strftime`, `strptime` and `relative_time` stand on this, and so does every command that speaks of times. Formats are
//! those of POSIX and Splunk's own; names of months and days, `%c`, `%x` and `%X` are those of the C locale. All of it is
//! in nanoseconds since the epoch, from 1677 to 2262, and a text that comes from an event may be any bytes.

mod directive;
mod read;
mod relative;
mod write;

pub use read::{Read, read};
pub use relative::relative;
pub use write::write;

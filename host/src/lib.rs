//! What touches the machine, once for all edges.
//!
//! The engine opens no file and reads no clock; the command line, the C library and the plugins do, and they do it here, so
//! that a limit, a sort order or an error message is the same for each of them.
//!
//! - [`Input`] reads event files, line by line, in bounded memory; [`input_files`] finds them.
//! - [`rule_files`] and [`knowledge_files`] read what the operator wrote.
//! - [`Clock`] is the only reader of the machine's clock.
//!
//! Everything here **goes on after an error**: one unreadable file costs that file and one [`FileError`], never the rest.

mod clock;
mod decode;
mod error;
mod files;
mod inputs;
mod knowledge;
mod lines;
mod walk;

pub use clock::Clock;
pub use error::{FileError, Place};
pub use files::{RuleFile, rule_files};
pub use inputs::{Input, InputCounters, InputLimits, input_files};
pub use knowledge::knowledge_files;
pub use lines::Lines;

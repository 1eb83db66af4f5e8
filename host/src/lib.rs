//! What touches the machine, once for all edges.
//!
//! The engine opens no file and reads no clock; the command line, the C library and the plugins do, and they do it here, so
//! that a limit, a sort order or an error message is the same for each of them.
//!
//! - [`Input`] reads event files, event by event, in bounded memory; [`input_files`] finds them; [`Follow`] reads files that grow.
//! - [`load`] makes a rule set of what the operator wrote, [`Reload`] looks whether it has changed; [`rule_files`] and
//!   [`knowledge_files`] are what they are made of.
//! - [`StateFile`] keeps what a stream has [`Saved`]; [`write_file`] writes a file whole or not at all.
//! - [`TableFolder`] writes what rules give to lookup tables.
//! - [`Clock`] is the only reader of the machine's clock; [`units`] reads the durations and sizes of options.
//!
//! Everything here **goes on after an error**: one unreadable file costs that file and one [`FileError`], never the rest.

mod buffer;
mod clock;
mod decode;
mod error;
mod events;
mod evtx;
mod files;
mod follow;
mod inputs;
mod knowledge;
mod live;
mod load;
mod positions;
mod reload;
mod rendered;
mod saved;
mod state;
mod tables;
pub mod units;
mod utf16;
mod walk;
mod whole;

pub use clock::Clock;
pub use error::{FileError, Place};
pub use files::{CompiledFile, RuleFile, RuleFiles, rule_files};
pub use follow::{Follow, Followed};
pub use inputs::{Input, InputCounters, InputLimits, Next, input_files};
pub use knowledge::knowledge_files;
pub use load::{Complaint, Known, Loaded, Sources, load};
pub use positions::{BadPositions, Positions};
pub use reload::{Refusals, Reload, Reloaded};
pub use saved::{Occasion, Saved};
pub use state::StateFile;
pub use tables::TableFolder;
pub use whole::write_file;

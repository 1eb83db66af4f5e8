//! The C ABI of caltrop: `libcaltrop.so`, `libcaltrop.a` and `include/caltrop.h`.
//!
//! A compiler makes a rule set, a rule set makes engines, an engine gives alerts to a callback. The law of this crate: no
//! input makes it read or write what it may not, and no panic leaves it. Each exported function has the same four beats:
//! check pointers, borrow, `guard`, set outputs on success only.
//!
//! What it cannot do: tell a dangling pointer from a live one, or a length that is too large from a right one. These are
//! the caller's promises, and every `# Safety` section is the list of them.
//!
//! It keeps nothing global, starts no thread, prints nothing and sets no panic hook. One thing it cannot help: when a
//! panic does happen, Rust's own hook writes one line to standard error.

// The header says all of it for C; here the names would only repeat their module.
#![allow(clippy::module_name_repetitions, reason = "C has one namespace: every name says caltrop")]

mod alert;
mod compiler;
mod counters;
mod engine;
mod event;
mod log;
mod options;
mod panic;
mod queue;
mod ruleset;
mod sized;
mod status;
mod str;
mod transfer;
mod version;

pub use alert::*;
pub use compiler::*;
pub use counters::*;
pub use engine::*;
pub use event::*;
pub use log::*;
pub use options::*;
pub use ruleset::*;
pub use status::*;
pub use str::*;
pub use transfer::*;
pub use version::*;

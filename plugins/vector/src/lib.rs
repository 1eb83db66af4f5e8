//! A Lua module that Vector's `lua` transform loads: Splunk detection rules run inside the shipper.
//!
//! Vector has no interface for plugins, but its `lua` transform loads Lua 5.4 modules that are written in C, and this is one:
//! `caltrop.so`. It needs no header and no Lua of its own, for all of Lua's functions are in the program that loads it.
//!
//! | what happens | where |
//! | --- | --- |
//! | Lua loads the module and calls its functions | [`module`], over [`lua`] |
//! | the table of options is read | [`options`] |
//! | an event of the shipper is read | [`event`], [`fields`] |
//! | the engine looks at it; a panic ends there | [`stream`], [`handle`] |
//! | alerts and counters become events of the shipper | [`outgoing`], [`tape`] |
//!
//! Lua reports errors by a jump that runs no destructor. So each call has phases: what Lua has is read while nothing on the
//! stack owns memory; the engine works while nothing of Lua is called that
//! could raise; what it has found waits in memory of the [`handle`], and is
//! handed to Lua while, again, nothing on the stack owns memory.
//!
//! It is a bridge and holds no detection logic: what a rule means is `core`'s.

pub mod event;
pub mod fields;
pub mod handle;
pub mod lua;
pub mod module;
pub mod options;
pub mod outgoing;
pub mod stream;
pub mod tape;
pub mod times;

// The unit tests are a program without a Lua of its own, which this one brings.
#[cfg(test)]
use mlua as _;

//! A filter that Fluent Bit loads: Splunk detection rules run inside the shipper.
//!
//! The library is one file, `flb-filter_caltrop.so`, for every Fluent Bit from 2.2 on. It needs no header of Fluent Bit and
//! calls nothing of it that has ever changed: `abi.rs` is all that the two share.
//!
//! | what happens | where |
//! | --- | --- |
//! | Fluent Bit loads, starts, calls and ends the filter | [`abi`] |
//! | the call leaves the shipper's stack; a panic ends there | [`gate`] |
//! | a section of the configuration is read | [`config`] |
//! | a chunk is read, shown to the engine, and changed | [`chunk`], [`fields`], [`instance`], [`splice`] |
//! | alerts become records and wait for the stream or the companion | [`detection`], [`registry`] |
//! | rules are compiled, their files change; the shipper stops and starts again | [`caltrop_shipper`] |
//!
//! It is a bridge and holds no detection logic: what a rule means is `core`'s, what touches the machine is `host`'s.

pub mod abi;
pub mod chunk;
pub mod config;
pub mod detection;
pub mod fields;
pub mod gate;
pub mod host;
pub mod instance;
pub mod msgpack;
pub mod registry;
pub mod splice;

//! What the plugins of log shippers have in common, whatever the shipper.
//!
//! | what happens | where |
//! | --- | --- |
//! | the operator's options are read | [`setup`], [`slips`] |
//! | rules are compiled, now and when their files change | [`load`], [`watch`] |
//! | one stream of events runs: its engine, its clock, its state file | [`detector`], [`checkpoint`] |
//! | what it has found waits to be taken | [`outbox`] |
//!
//! A plugin adds what its shipper is: how it calls, what an event looks like there, and what becomes of an alert.

pub mod checkpoint;
pub mod detector;
pub mod load;
pub mod outbox;
pub mod setup;
pub mod slips;
pub mod watch;

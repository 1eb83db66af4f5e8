//! caltrop-core: Splunk detection rules as an embeddable engine.

#![deny(unsafe_code)]

pub mod diag;
pub mod event;
pub mod expr;
pub mod ids;
pub mod knowledge;
pub mod names;
pub mod row;
pub mod spl;
pub mod stage;
pub mod value;

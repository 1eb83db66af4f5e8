//! caltrop-core: Splunk detection rules as an embeddable engine.

#![deny(unsafe_code)]

pub mod diag;
pub mod expr;
pub mod ids;
pub mod names;
pub mod plan;
pub mod row;
pub mod rule;
pub mod spl;
pub mod stage;
pub mod value;

//! caltrop-core: Splunk detection rules as an embeddable engine.

#![deny(unsafe_code)]

pub mod agg;
pub mod alert;
pub mod compiled;
pub mod config;
pub mod diag;
pub mod engine;
pub mod event;
pub mod expr;
pub mod ids;
pub mod knowledge;
pub mod names;
pub mod plan;
pub mod row;
pub mod rule;
pub mod ruleset;
pub mod scan;
pub mod spl;
pub mod stage;
pub mod value;

//! Syntax and knowledge to an executable plan.
//!
//! The order of a compilation is told by `ruleset`; here are its steps.

pub mod atoms;
pub(crate) mod branches;
pub(crate) mod closing;
pub(crate) mod effects;
pub(crate) mod event_ids;
pub mod expand;
pub mod explain;
pub mod facts;
pub(crate) mod hash;
mod labels;
pub(crate) mod lint;
pub mod lookups;
pub mod lower;
pub(crate) mod macros;
pub(crate) mod misspelt;
pub mod origins;
pub mod reference;
pub mod resolve;
pub(crate) mod schedule;
mod spelling;
pub mod suggest;
pub mod support;
pub(crate) mod terms;

//! Predicates and eval expressions, ready to run.
//!
//! `plan` turns syntax into these programs; evaluating one allocates only in the arena of [`Env`](crate::row::Env).

pub mod branch;
pub mod capture;
pub mod compare;
pub(crate) mod deferred;
pub(crate) mod dense;
pub mod dialect;
pub mod functions;
pub mod glob;
pub mod like;
pub mod number;
pub mod program;
pub mod raw;
pub mod regex;
pub mod regex_set;
pub mod search;
pub(crate) mod substitute;
pub mod terms;
pub mod times;

mod backtrack;
mod caches;
#[cfg(test)]
pub(crate) mod testing;

pub use program::{Call, Expr, Scope};

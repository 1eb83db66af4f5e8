//! Predicates and eval expressions, ready to run.
//!
//! `plan` turns syntax into these programs; evaluating one allocates only in the arena of [`Env`](crate::row::Env).

pub mod glob;
pub mod number;
pub mod program;
pub mod regex;

//! Syntax and knowledge to an executable plan.

pub mod expand;

//! SPL text to a syntax tree.
//!
//! Parsing never fails: it returns a tree and diagnostics. This module knows no fields and no events.

pub mod tree;

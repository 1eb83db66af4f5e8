//! Patterns with `*`.

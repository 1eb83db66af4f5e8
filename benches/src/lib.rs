//! What caltrop is measured and tested with.
//!
//! [`generator`] makes event streams of any length whose right answers are known. Tests of the other crates take this
//! crate as a dev-dependency for it, so it depends on none of them: what the engine gets wrong, it cannot share.

pub mod generator;

//! What caltrop is measured and tested with.
//!
//! [`generator`] makes event streams of any length whose right answers are known, [`maxmind`] databases of locations. Tests of the other crates take this
//! crate as a dev-dependency for them, so it depends on none of them: what the engine gets wrong, it cannot share.

pub mod generator;
pub mod maxmind;

//! What caltrop is measured and tested with.
//!
//! [`generator`] makes event streams of any length whose right answers are known, [`catalog`] rules by the thousand, [`maxmind`]
//! databases of locations; [`measure`] times what is compared, [`page`] draws it. Tests of the other crates take this crate as a
//! dev-dependency for them, so it depends on none of them: what the engine gets wrong, it cannot share.

pub mod catalog;
pub mod generator;
pub mod maxmind;
pub mod measure;
pub mod page;

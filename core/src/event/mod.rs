//! Bytes to fields: what a raw event says, before knowledge says what it means.

pub mod detect;
pub mod entities;
pub mod rows;
pub mod time;
pub mod winxml;

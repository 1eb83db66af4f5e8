//! The `caltrop` program.

fn main() {}

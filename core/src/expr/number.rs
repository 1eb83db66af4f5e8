//! Numbers as Splunk reads and prints them.

use bumpalo::Bump;

/// The number that the whole of `text` reads as.
#[must_use]
pub fn parse(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `number` as Splunk prints it: no decimals where it is integral, else the shortest digits that read back as it.
#[must_use]
pub fn print(number: f64, bump: &Bump) -> &[u8] {
    bump.alloc_str(&format!("{number}")).as_bytes()
}

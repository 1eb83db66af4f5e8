//! A text that is replaced many times.

use bumpalo::{Bump, collections::Vec as BumpVec};

/// One text whose bytes are reused when another takes its place.
///
/// An arena frees nothing, so `latest` over a million events would otherwise keep a million texts. This keeps at most a
/// small multiple of the longest.
#[derive(Debug)]
pub struct Kept<'w>(BumpVec<'w, u8>);

impl<'w> Kept<'w> {
    /// An empty text.
    #[must_use]
    pub fn new_in(bump: &'w Bump) -> Self {
        Self(BumpVec::new_in(bump))
    }

    /// That text.
    #[must_use]
    pub fn of(text: &[u8], bump: &'w Bump) -> Self {
        let mut kept = Self::new_in(bump);
        kept.replace(text);
        kept
    }

    /// Puts `text` in its place.
    pub fn replace(&mut self, text: &[u8]) {
        self.0.clear();
        self.0.extend_from_slice_copy(text);
    }

    /// The text.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_reuses_the_bytes() {
        let bump = Bump::new();
        let mut kept = Kept::new_in(&bump);
        kept.replace(&[b'a'; 1000]);
        let before = bump.allocated_bytes();
        for round in 0..10_000_u32 {
            kept.replace(round.to_string().as_bytes());
        }
        assert_eq!((kept.bytes(), bump.allocated_bytes()), (&b"9999"[..], before));
    }
}

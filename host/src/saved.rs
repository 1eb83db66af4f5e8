//! What is kept of a stream between two runs: how far its files were followed, and what its engine keeps of their events.
//!
//! Both stand in one file, so that they are always of the same moment.

use crate::positions::{BadPositions, Positions};

const MAGIC: &[u8] = b"caltrop stream 1\n";

/// The state of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// How far files were followed.
    pub positions: Positions,
    /// What the engine has saved of itself.
    pub engine: Vec<u8>,
}

impl Saved {
    /// The bytes that stand for it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let positions = self.positions.to_bytes();
        let length = crate::buffer::as_u64(positions.len()).to_le_bytes();
        [MAGIC, &length, &positions, &self.engine].concat()
    }

    /// Reads what [`Saved::to_bytes`] has written. The bytes may have been written by anybody, and the engine's are not looked at.
    ///
    /// # Errors
    /// When they are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadPositions> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BadPositions)?;
        let (length, rest) = rest.split_first_chunk().ok_or(BadPositions)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| BadPositions)?;
        let (positions, engine) = rest.split_at_checked(length).ok_or(BadPositions)?;
        Ok(Self { positions: Positions::from_bytes(positions)?, engine: engine.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_refused() {
        let saved = Saved { positions: Positions::default(), engine: b"engine".to_vec() };
        let bytes = saved.to_bytes();
        assert_eq!(Saved::from_bytes(&bytes), Ok(saved));
        for end in 0..bytes.len() - b"engine".len() {
            assert_eq!(Saved::from_bytes(&bytes[..end]), Err(BadPositions), "cut at {end}");
        }
        let mut long = bytes;
        long[MAGIC.len()..MAGIC.len() + 8].fill(0xff);
        assert_eq!(Saved::from_bytes(&long), Err(BadPositions));
    }
}

//! What is kept of a stream between two runs: how far its files were followed, and what its engine keeps of their events.
//!
//! Both stand in one file, so that they are always of the same moment.

use crate::positions::{BadPositions, Positions};

const MAGIC: &[u8] = b"caltrop stream 2\n";

/// The state of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// When it was saved by the clock on the wall, in nanoseconds since the epoch.
    pub at_ns: i64,
    /// What it was saved for.
    pub occasion: Occasion,
    /// How far files were followed.
    pub positions: Positions,
    /// What the engine has saved of itself.
    pub engine: Vec<u8>,
}

/// What the state of a stream is saved for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The stream goes on. Whoever finds it so knows that the program was killed later.
    Checkpoint,
    /// The stream was ended: the program has taken no event since.
    End,
}

impl Saved {
    /// The bytes that stand for it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let positions = self.positions.to_bytes();
        let length = crate::buffer::as_u64(positions.len()).to_le_bytes();
        let occasion = [u8::from(self.occasion == Occasion::End)];
        let at_ns = self.at_ns.to_le_bytes();
        [MAGIC, &at_ns, &occasion, &length, &positions, &self.engine].concat()
    }

    /// Reads what [`Saved::to_bytes`] has written. The bytes may have been written by anybody, and the engine's are not looked at.
    ///
    /// # Errors
    /// When they are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadPositions> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BadPositions)?;
        let (at_ns, rest) = rest.split_first_chunk().ok_or(BadPositions)?;
        let (occasion, rest) = match rest.split_first().ok_or(BadPositions)? {
            (0, rest) => (Occasion::Checkpoint, rest),
            (1, rest) => (Occasion::End, rest),
            _ => return Err(BadPositions),
        };
        let (length, rest) = rest.split_first_chunk().ok_or(BadPositions)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| BadPositions)?;
        let (positions, engine) = rest.split_at_checked(length).ok_or(BadPositions)?;
        Ok(Self {
            at_ns: i64::from_le_bytes(*at_ns),
            occasion,
            positions: Positions::from_bytes(positions)?,
            engine: engine.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(occasion: Occasion) -> Saved {
        let (at_ns, engine) = (-7, b"engine".to_vec());
        Saved { at_ns, occasion, positions: Positions::default(), engine }
    }

    #[test]
    fn what_is_written_is_read() {
        for occasion in [Occasion::Checkpoint, Occasion::End] {
            let saved = saved(occasion);
            assert_eq!(Saved::from_bytes(&saved.to_bytes()), Ok(saved));
        }
    }

    #[test]
    fn what_is_cut_off_or_no_state_is_refused() {
        let bytes = saved(Occasion::End).to_bytes();
        for end in 0..bytes.len() - b"engine".len() {
            assert_eq!(Saved::from_bytes(&bytes[..end]), Err(BadPositions), "cut at {end}");
        }
        let occasion_at = MAGIC.len() + 8;
        let (mut other, mut long) = (bytes.clone(), bytes);
        other[occasion_at] = 2;
        assert_eq!(Saved::from_bytes(&other), Err(BadPositions));
        long[occasion_at + 1..occasion_at + 9].fill(0xff);
        assert_eq!(Saved::from_bytes(&long), Err(BadPositions));
    }
}

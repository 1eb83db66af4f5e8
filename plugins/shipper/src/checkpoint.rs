//! The state of a stream in its file: what waits to be taken, and what the engine keeps of the events.

use std::path::Path;

use caltrop_host::{FileError, Occasion, Positions, Saved, StateFile};

use crate::detector::TICK_S;

/// No state is larger in its file, in bytes.
const MAX_BYTES: u64 = 4 << 30;

/// Where and how often the state is saved.
#[derive(Debug)]
pub struct Checkpoints {
    /// What the file starts with: detections that wait are written as each shipper has them.
    magic: String,
    file: StateFile,
    every_s: f64,
    saved_s: f64,
}

/// What a stream keeps between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// When it was saved, in nanoseconds since the epoch.
    pub at_ns: i64,
    /// Whether it was ended in order.
    pub occasion: Occasion,
    /// How many events it had seen, which is the number of the next.
    pub events: u64,
    /// The detections that waited to be taken.
    pub pending: Vec<u8>,
    /// What the engine has saved of itself.
    pub engine: Vec<u8>,
}

impl Checkpoints {
    /// Saves the state of a plugin for `shipper` to `path`, every `every_s` seconds.
    #[must_use]
    pub fn new(path: &Path, every_s: f64, shipper: &str) -> Self {
        let magic = format!("caltrop {shipper} 1\n");
        Self { magic, file: StateFile::new(path, MAX_BYTES), every_s, saved_s: 0.0 }
    }

    /// What was saved last.
    ///
    /// # Errors
    /// A sentence, when there is a file that cannot be read or is none of ours.
    pub fn load(&self) -> Result<Option<State>, String> {
        let Some(bytes) = self.file.load().map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let state = bytes.strip_prefix(self.magic.as_bytes()).and_then(State::from_bytes);
        state.map(Some).ok_or_else(|| "this is no saved state of this plugin".to_owned())
    }

    /// Whether it is time to save, for at the next tick it would be too late.
    #[must_use]
    pub fn is_due(&self, now_s: f64) -> bool {
        now_s + TICK_S - self.saved_s >= self.every_s
    }

    /// Saves the state of this moment.
    ///
    /// # Errors
    /// When the file cannot be written; what was saved before is still there.
    pub fn save(&mut self, state: &State, now_s: f64) -> Result<(), FileError> {
        self.saved_s = now_s;
        self.file.save(&[self.magic.as_bytes(), &state.to_bytes()].concat())
    }
}

impl State {
    fn to_bytes(&self) -> Vec<u8> {
        let saved = Saved {
            at_ns: self.at_ns,
            occasion: self.occasion,
            positions: Positions::default(),
            engine: self.engine.clone(),
        };
        let length =
            u64::try_from(self.pending.len()).expect("a length fits 64 bits").to_le_bytes();
        [&self.events.to_le_bytes()[..], &length, &self.pending, &saved.to_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (events, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (pending, saved) = rest.split_at_checked(length)?;
        let Saved { at_ns, occasion, engine, .. } = Saved::from_bytes(saved).ok()?;
        let events = u64::from_le_bytes(*events);
        Some(Self { at_ns, occasion, events, pending: pending.to_vec(), engine })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_what_is_cut_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut checkpoints = Checkpoints::new(&path, 10.0, "test");
        assert_eq!(checkpoints.load(), Ok(None));
        assert!(!checkpoints.is_due(8.9) && checkpoints.is_due(9.0), "the next tick may be late");
        let (pending, engine) = (b"pending".to_vec(), b"engine".to_vec());
        let state = State { at_ns: 5, occasion: Occasion::Checkpoint, events: 7, pending, engine };
        checkpoints.save(&state, 10.0).unwrap();
        assert!(!checkpoints.is_due(18.9));
        assert_eq!(checkpoints.load(), Ok(Some(state)));
        let other = Checkpoints::new(&path, 10.0, "other");
        assert_eq!(other.load(), Err("this is no saved state of this plugin".to_owned()));
        let file = std::fs::read(&path).unwrap();
        let bytes = file.strip_prefix(b"caltrop test 1\n").unwrap();
        for end in 0..bytes.len() - b"engine".len() {
            assert_eq!(State::from_bytes(&bytes[..end]), None, "cut at {end}");
        }
        let mut lying = bytes.to_vec();
        lying[8..16].fill(0xff);
        assert_eq!(State::from_bytes(&lying), None);
    }
}

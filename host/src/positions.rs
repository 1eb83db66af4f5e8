//! How far files have been followed, to go on after a restart.

use std::fmt;

/// So many first bytes of a file tell whether it is still the same one.
pub(crate) const HEAD_BYTES: usize = 256;

const MAGIC: &[u8] = b"caltrop positions 1\n";

/// Paths are no longer on any system, in bytes.
const MAX_PATH_BYTES: usize = 64 << 10;

/// How far each file was followed: the byte behind the last event that was given out.
///
/// Kept beside the state of the engine that has taken the events, so that none is taken twice and none is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    pub(crate) files: Vec<Position>,
}

/// How far one file was followed, and what it is known by whatever its name becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) path: String,
    pub(crate) offset: u64,
    /// The bytes of the files that were read to their end under the path before.
    pub(crate) passed: u64,
    pub(crate) identity: Identity,
    /// When it was last written to, in nanoseconds since the epoch.
    pub(crate) modified_ns: u64,
    /// Its first bytes, at most [`HEAD_BYTES`].
    pub(crate) head: Vec<u8>,
}

/// What a file system knows a file by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// Bytes that are no positions.
#[derive(Debug, PartialEq, Eq)]
pub struct BadPositions;

impl fmt::Display for BadPositions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the saved positions of followed files are damaged: remove the state file to start anew")
    }
}

impl std::error::Error for BadPositions {}

impl Positions {
    /// The bytes that stand for them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for file in &self.files {
            let Identity { device, inode } = file.identity;
            for number in [device, inode, file.offset, file.passed, file.modified_ns] {
                bytes.extend(number.to_le_bytes());
            }
            for text in [file.path.as_bytes(), &file.head] {
                let length = u32::try_from(text.len()).expect("paths and heads are short");
                bytes.extend(length.to_le_bytes());
                bytes.extend(text);
            }
        }
        bytes
    }

    /// Reads what [`Positions::to_bytes`] has written. The bytes may have been written by anybody.
    ///
    /// # Errors
    /// When they are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadPositions> {
        let mut rest = Bytes(bytes.strip_prefix(MAGIC).ok_or(BadPositions)?);
        let mut files = Vec::new();
        while !rest.0.is_empty() {
            files.push(rest.position().ok_or(BadPositions)?);
        }
        Ok(Self { files })
    }

    /// The position of the file at `path`.
    pub(crate) fn of(&self, path: &str) -> Option<&Position> {
        self.files.iter().find(|file| file.path == path)
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn position(&mut self) -> Option<Position> {
        let (device, inode) = (self.number()?, self.number()?);
        let (offset, passed, modified_ns) = (self.number()?, self.number()?, self.number()?);
        let path = String::from_utf8(self.text(MAX_PATH_BYTES)?.to_vec()).ok()?;
        let head = self.text(HEAD_BYTES)?.to_vec();
        let identity = Identity { device, inode };
        Some(Position { path, offset, passed, identity, modified_ns, head })
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take()?))
    }

    fn text(&mut self, max_bytes: usize) -> Option<&'a [u8]> {
        let length = usize::try_from(u32::from_le_bytes(*self.take()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(length).filter(|_| length <= max_bytes)?;
        self.0 = rest;
        Some(text)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions() -> Positions {
        let identity = Identity { device: 1, inode: u64::MAX };
        let first = Position {
            path: "a b\n\u{e9}".to_owned(),
            offset: 7,
            passed: 3,
            identity,
            modified_ns: 9,
            head: vec![0, 10, 255],
        };
        Positions { files: vec![first, Position { path: "c".to_owned(), ..Position::default() }] }
    }

    #[test]
    fn what_is_written_is_read() {
        for positions in [positions(), Positions::default()] {
            assert_eq!(Positions::from_bytes(&positions.to_bytes()), Ok(positions));
        }
    }

    #[test]
    fn bytes_of_anybody_are_refused_or_read_and_never_believed_about_lengths() {
        let bytes = positions().to_bytes();
        for end in 0..bytes.len() {
            let whole = [MAGIC.len(), bytes.len() - 49].contains(&end);
            assert_eq!(Positions::from_bytes(&bytes[..end]).is_ok(), whole, "cut at {end}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            if let Ok(read) = Positions::from_bytes(&changed) {
                assert_eq!(read.to_bytes(), changed);
            }
        }
    }
}

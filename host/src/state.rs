//! The file that a stream's state is kept in between two runs.
//!
//! A reader finds the last state that was saved whole, or none; whenever the machine stops. Others cannot read it, for it holds
//! values of events.

use std::path::{Path, PathBuf};

use crate::error::{FileError, Kind};
use crate::walk::read_at_most;
use crate::whole::{self, Readers};

/// A path where state is kept.
#[derive(Clone, Debug)]
pub struct StateFile {
    path: PathBuf,
    max_bytes: u64,
}

impl StateFile {
    /// State at `path`, of which no more than `max_bytes` are read or written.
    #[must_use]
    pub fn new(path: &Path, max_bytes: u64) -> Self {
        Self { path: path.to_owned(), max_bytes }
    }

    /// The state that was saved last; `None` if there is no file yet.
    ///
    /// The bytes are given as they are: whoever decodes them must not trust them.
    ///
    /// # Errors
    /// When the file cannot be read, is a link or no regular file, or holds more than `max_bytes`.
    pub fn load(&self) -> Result<Option<Vec<u8>>, FileError> {
        if whole::kind(&self.path)?.is_none() {
            return Ok(None);
        }
        let bytes = read_at_most(&self.path, self.max_bytes).map_err(|error| self.error(error))?;
        self.check_length(&bytes)?;
        Ok(Some(bytes))
    }

    /// Puts `bytes` into the place of what was saved before.
    ///
    /// They are on the disk when this returns. Until then, and whenever it fails, the file holds what it held before. Only its
    /// owner may read it.
    ///
    /// # Errors
    /// When the folder cannot be written to, the path is a link or no regular file, or `bytes` are more than `max_bytes`.
    pub fn save(&self, bytes: &[u8]) -> Result<(), FileError> {
        self.check_length(bytes)?;
        whole::write(&self.path, bytes, Readers::Owner)
    }

    fn check_length(&self, bytes: &[u8]) -> Result<(), FileError> {
        let limit_bytes = self.max_bytes;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit_bytes) {
            return Ok(());
        }
        Err(self.error(Kind::TooLarge { limit_bytes }))
    }

    fn error(&self, kind: impl Into<Kind>) -> FileError {
        FileError::new(&self.path, kind)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn state(folder: &tempfile::TempDir, name: &str) -> StateFile {
        StateFile::new(&folder.path().join(name), 100)
    }

    fn message<T: std::fmt::Debug>(outcome: Result<T, FileError>) -> String {
        outcome.unwrap_err().reason()
    }

    #[test]
    fn what_was_saved_last_is_loaded_and_nothing_else_is_left_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder, "state");
        assert_eq!(state.load().unwrap(), None);
        for bytes in [&b"first"[..], b"", b"the third"] {
            state.save(bytes).unwrap();
            assert_eq!(state.load().unwrap().as_deref(), Some(bytes));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_crash_while_saving_leaves_the_last_state() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder, "state");
        state.save(b"whole").unwrap();
        fs::write(folder.path().join(".state.new"), b"ha").unwrap();
        assert_eq!(state.load().unwrap().as_deref(), Some(&b"whole"[..]));
        state.save(b"next").unwrap();
        assert_eq!(state.load().unwrap().as_deref(), Some(&b"next"[..]));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it_even_when_the_file_was_open_to_all() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder, "state");
        fs::write(&state.path, b"old").unwrap();
        fs::set_permissions(&state.path, fs::Permissions::from_mode(0o666)).unwrap();
        state.save(b"new").unwrap();
        assert_eq!(fs::metadata(&state.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_what_is_no_file_are_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("target"), b"precious").unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("target"), folder.path().join("link"))
            .unwrap();
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        for (name, expected) in
            [("link", "a link"), ("folder", "not a regular"), ("socket", "not a regular")]
        {
            let state = state(&folder, name);
            assert!(message(state.load()).starts_with(expected), "{name}");
            assert!(message(state.save(b"x")).starts_with(expected), "{name}");
        }
        assert_eq!(fs::read(folder.path().join("target")).unwrap(), b"precious");
    }

    #[test]
    fn state_beyond_its_limit_is_neither_written_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder, "state");
        state.save(&[1; 100]).unwrap();
        assert_eq!(message(state.save(&[2; 101])), "the file is larger than 100 bytes");
        assert_eq!(state.load().unwrap(), Some(vec![1; 100]));
        fs::write(&state.path, [3; 101]).unwrap();
        assert_eq!(message(state.load()), "the file is larger than 100 bytes");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = state(&folder, "no/state").save(b"x").unwrap_err();
        assert!(error.is_io() && error.to_string().contains("no/state"), "{error}");
    }
}

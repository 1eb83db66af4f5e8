//! The file that a stream's state is kept in between two runs.
//!
//! A reader finds the last state that was saved whole, or none; whenever the machine stops. Others cannot read it, for it holds
//! values of events.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{FileError, Kind};
use crate::walk::read_at_most;

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
        if self.kind()?.is_none() {
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
        self.kind()?;
        self.check_length(bytes)?;
        let draft = self.draft();
        let saved = write_new(&draft, bytes).and_then(|()| fs::rename(&draft, &self.path));
        if let Err(error) = saved {
            // There is nothing to be done about a draft that cannot be removed; the next one takes its place.
            let _ = fs::remove_file(&draft);
            return Err(self.error(error));
        }
        // Without it, a machine that loses power may forget the new name.
        File::open(folder(&self.path))
            .and_then(|folder| folder.sync_all())
            .map_err(|e| self.error(e))
    }

    /// Where the file is written before it gets its name: in the same folder, so that it can be renamed.
    fn draft(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.new"))
    }

    /// What stands at the path, if it is a file or nothing.
    fn kind(&self) -> Result<Option<Metadata>, FileError> {
        match self.path.symlink_metadata() {
            Ok(found) if found.is_symlink() => Err(self.error(Kind::LinkToState)),
            Ok(found) if !found.is_file() => Err(self.error(Kind::NotAFile)),
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(error)),
        }
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

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file that is not there yet, down to the disk. One that a crash has left behind is replaced.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
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
        fs::write(state.draft(), b"ha").unwrap();
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

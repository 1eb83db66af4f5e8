//! Files that are written whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{FileError, Kind};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone.
    Owner,
    /// Everybody whom the process lets.
    All,
}

/// Puts `bytes` into the file at `path`.
///
/// They are on the disk when this returns. Until then, and whenever it fails, the file holds what it held before, or is not there.
///
/// # Errors
/// When the folder cannot be written to, or the path is a link or no regular file.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write(path, bytes, Readers::All)
}

/// The same for a file that only `readers` may read.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), FileError> {
    kind(path)?;
    let draft = draft(path);
    let written = write_new(&draft, bytes, readers).and_then(|()| fs::rename(&draft, path));
    if let Err(error) = written {
        // There is nothing to be done about a draft that cannot be removed; the next one takes its place.
        let _ = fs::remove_file(&draft);
        return Err(FileError::new(path, error));
    }
    // Without it, a machine that loses power may forget the new name.
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    synced.map_err(|error| FileError::new(path, error))
}

/// What stands at the path, if it is a file or nothing.
pub(crate) fn kind(path: &Path) -> Result<Option<Metadata>, FileError> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => Err(FileError::new(path, Kind::LinkToState)),
        Ok(found) if !found.is_file() => Err(FileError::new(path, Kind::NotAFile)),
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::new(path, error)),
    }
}

/// Where the file is written before it gets its name: in the same folder, so that it can be renamed.
fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file that is not there yet, down to the disk. One that a crash has left behind is replaced.
fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

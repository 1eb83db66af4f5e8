//! Files below a folder, and the text of small files.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::decode::Decoded;
use crate::error::{FileError, Kind, Place};
use crate::inputs::InputLimits;

/// Deeper trees are a mistake, or a trap.
const MAX_DEPTH: usize = 64;

/// The regular files below `folder`, sorted by name within each folder, hidden ones left out.
///
/// A link to a file counts as the file, as log folders have them; a link to a folder is not followed, so there are no loops.
pub(crate) fn files_below(folder: &Path, errors: &mut Vec<FileError>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(folder, 0, &mut files, errors);
    files
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>, errors: &mut Vec<FileError>) {
    if depth > MAX_DEPTH {
        errors.push(FileError::new(folder, Kind::TooDeep { limit: MAX_DEPTH }));
        return;
    }
    match visible_entries(folder) {
        Err(error) => errors.push(FileError::new(folder, error)),
        Ok(entries) => {
            for entry in entries {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    walk(&path, depth + 1, files, errors);
                } else if path.is_file() {
                    files.push(path);
                }
            }
        }
    }
}

/// What `folder` holds, sorted by name, without hidden entries.
pub(crate) fn visible_entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// The text of a file of at most `limit_bytes`, without a byte order mark.
pub(crate) fn read_text(path: &Path, limit_bytes: u64) -> Result<String, FileError> {
    let bytes = read_at_most(path, limit_bytes).map_err(|error| FileError::new(path, error))?;
    text_of(path, bytes, limit_bytes)
}

/// The same of a file that is packed, by gzip or zstd; the limit is that of its text.
pub(crate) fn read_packed_text(path: &Path, limit_bytes: u64) -> Result<String, FileError> {
    let unpacked = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let text = Decoded::new(File::open(path)?, InputLimits::default())?;
        text.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    text_of(path, unpacked().map_err(|error| FileError::new(path, error))?, limit_bytes)
}

/// The text that `bytes` of a file are, without a byte order mark, if they are no more than `limit_bytes`.
pub(crate) fn text_of(path: &Path, bytes: Vec<u8>, limit_bytes: u64) -> Result<String, FileError> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit_bytes) {
        return Err(FileError::new(path, Kind::TooLarge { limit_bytes }));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let place = end_of(error.utf8_error().valid_up_to(), error.as_bytes());
            Err(FileError::new(path, Kind::NotUtf8 { place }))
        }
    }
}

/// The place behind the first `length` of `bytes`, which are UTF-8.
pub(crate) fn end_of(length: usize, bytes: &[u8]) -> Place {
    let before = String::from_utf8_lossy(&bytes[..length]);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    let count = |number: usize| u64::try_from(number).expect("a length fits 64 bits") + 1;
    Place { line: count(before.matches('\n').count()), column: count(last_line.chars().count()) }
}

/// One byte more than `limit_bytes` where the file has it: its stated size may lie.
pub(crate) fn read_at_most(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether the file's name ends in a dot and one of `extensions`, in any case.
pub(crate) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

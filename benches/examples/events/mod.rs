//! Files of real events, which examples read and the project does not hold.

use std::{fs, path::Path};

/// What a file of events holds, plain or `.zst`.
pub(crate) fn read(file: &Path) -> Vec<u8> {
    let bytes = fs::read(file).expect("the events can be read");
    let is_packed = file.extension().is_some_and(|extension| extension == "zst");
    if is_packed { zstd::decode_all(bytes.as_slice()).expect("it is zstd") } else { bytes }
}

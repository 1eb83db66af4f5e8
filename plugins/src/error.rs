//! What can go wrong: a library that is not the right one, a call that is refused.

use std::{error, fmt, path::PathBuf};

use caltrop::{CALTROP_ABI_MAJOR, CaltropStatus};

/// Why a file could not be opened as libcaltrop.
#[derive(Debug)]
pub struct LoadError {
    pub(crate) path: PathBuf,
    pub(crate) kind: LoadErrorKind,
}

#[derive(Debug)]
pub(crate) enum LoadErrorKind {
    /// It is no shared library that this machine can open.
    Open(libloading::Error),
    /// It is some other library, or one of an earlier time.
    Missing(&'static str),
    /// It is libcaltrop, with this ABI.
    Abi { major: u32, minor: u32 },
}

impl LoadError {
    /// Whether the file is a libcaltrop, only of an ABI that this loader does not speak.
    #[must_use]
    pub fn is_other_version(&self) -> bool {
        matches!(self.kind, LoadErrorKind::Abi { .. })
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            LoadErrorKind::Open(_) => write!(f, "{path} cannot be opened as a shared library"),
            LoadErrorKind::Missing(name) => {
                write!(f, "{path} is not libcaltrop: it lacks `{name}`")
            }
            LoadErrorKind::Abi { major, minor } => write!(
                f,
                "{path} speaks ABI {major}.{minor} of caltrop and this program {CALTROP_ABI_MAJOR}; install the library of the same major number"
            ),
        }
    }
}

impl error::Error for LoadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.kind {
            LoadErrorKind::Open(error) => Some(error),
            _ => None,
        }
    }
}

/// A call that did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    pub(crate) status: CaltropStatus,
    pub(crate) message: String,
}

impl CallError {
    /// The status, one of the `CALTROP_E_` numbers of `caltrop.h`.
    #[must_use]
    pub fn status(&self) -> i32 {
        self.status
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for CallError {}

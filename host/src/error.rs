//! Why a file could not be used.

use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with one file, folder or pattern. Its text names the file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct FileError {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the file is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the text is not UTF-8 at byte {offset}")]
    NotUtf8 { offset: usize },
    #[error("a rule file ends in {}", crate::files::EXTENSIONS.map(|end| format!(".{end}")).join(", "))]
    NotARule,
    #[error("no rule file is found here")]
    NoRules,
    #[error("not a pattern: {0}")]
    Pattern(#[from] glob::PatternError),
    #[error("links are not followed here")]
    Link,
    #[error("folders are nested more than {limit} deep")]
    TooDeep { limit: usize },
    #[error("not a folder")]
    NotAFolder,
}

impl FileError {
    pub(crate) fn new(path: &Path, kind: impl Into<Kind>) -> Self {
        Self { path: path.to_owned(), kind: kind.into() }
    }

    /// The file, as the operator named it or as the folder listed it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the machine would not give the file, rather than the file being wrong.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(self.kind, Kind::Io(_))
    }
}

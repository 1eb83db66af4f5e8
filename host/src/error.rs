//! Why a file could not be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use caltrop_core::{compiled::LoadError, locations::LocationsError};

/// What is wrong with one file, folder or pattern. Its text names the file, and the place in it where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {kind}", path.display(), place_suffix(kind.place()))]
pub struct FileError {
    path: PathBuf,
    kind: Kind,
}

/// A place in a text: one-based line, and column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the file is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the text is not UTF-8")]
    NotUtf8 { place: Place },
    #[error("a rule file ends in {}, or holds compiled rules", crate::files::EXTENSIONS.map(|end| format!(".{end}")).join(", "))]
    NotARule,
    #[error("no rule file is found here")]
    NoRules,
    #[error(
        "compiled rules are a set of their own: name nothing beside them, or compile all rules into one file"
    )]
    NotAlone,
    #[error(
        "compiled rules mean what they were compiled with: name no knowledge beside them, or compile them again with it"
    )]
    HasItsKnowledge,
    #[error("{0}")]
    Compiled(#[from] LoadError),
    #[error("not a pattern: {0}")]
    Pattern(#[from] glob::PatternError),
    #[error("{0}")]
    Locations(#[from] LocationsError),
    #[error("links are not followed here")]
    Link,
    #[error("folders are nested more than {limit} deep")]
    TooDeep { limit: usize },
    #[error("no name of a table: letters, digits, `_`, `-` and dots, and `.csv` at the end")]
    NotATable,
    #[error("not a folder")]
    NotAFolder,
    #[error("not a regular file: name one, or a path where there is nothing yet")]
    NotAFile,
    #[error("a link: name the file that it leads to, for links could be led elsewhere")]
    LinkToState,
    #[error("{what} cannot be followed, only plain UTF-8 text: run it as an input")]
    NotFollowed { what: &'static str },
    #[error(
        "it was rotated away and is not found: what it gained behind byte {offset} is not read"
    )]
    Lost { offset: u64 },
}

impl Kind {
    fn place(&self) -> Option<Place> {
        match self {
            Self::NotUtf8 { place } => Some(*place),
            _ => None,
        }
    }
}

fn place_suffix(place: Option<Place>) -> String {
    place.map(|place| format!(":{place}")).unwrap_or_default()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
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

    /// The place in the file that is wrong, where there is one.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.kind.place()
    }

    /// What is wrong, without the name of the file.
    #[must_use]
    pub fn reason(&self) -> String {
        self.kind.to_string()
    }
}

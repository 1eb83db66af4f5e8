//! YAML that people wrote, with the place of each text in its file.
//!
//! The law: a file's YAML is bounded in depth and in aliases before anything is made of it, so a hostile one is an error and
//! no work. Which keys there are is for those who read a kind of file to say; here is what they share.

mod scalar;
mod texts;

use serde::de::DeserializeOwned;
use serde_saphyr::{Location, Options, Spanned};

use crate::diag::{Code, Diagnostic, SourceMap, Span};

pub(crate) use texts::Texts;

/// How deep a file may nest, and how many aliases it may use.
const MAX_DEPTH: usize = 64;
const MAX_ALIASES: usize = 256;

/// The keys of `text` that `T` names; those of an empty file are the default.
///
/// # Errors
/// What is wrong, with its place in `text`, if it is not YAML or its keys hold something else than `T` says.
pub(crate) fn read<T: DeserializeOwned + Default>(text: &str) -> Result<T, Problem> {
    let keys: Option<T> = serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| Problem::of(text, &error))?;
    Ok(keys.unwrap_or_default())
}

/// Why a file could not be read.
#[derive(Debug)]
pub(crate) struct Problem {
    reason: String,
    at: usize,
}

impl Problem {
    fn of(text: &str, error: &serde_saphyr::Error) -> Self {
        let at = error.location().map_or(0, |location| start_of(text, &location));
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        // The parser says the place once more in words.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        Self { reason: reason.to_owned(), at }
    }

    /// As a complaint that the file is not `wanted`, such as `a rule in YAML`.
    pub(crate) fn into_diagnostic(self, code: Code, wanted: &str) -> Diagnostic {
        let message = format!("not {wanted}: {}", self.reason);
        Diagnostic::error(code, Span::at(self.at), message).label("here the reading stopped")
    }
}

/// Where `scalar` starts in `text`, of which it was read.
pub(crate) fn start(text: &str, scalar: &Spanned<String>) -> usize {
    start_of(text, &scalar.defined)
}

/// Where each part of `scalar` stands in `text`, of which it was read.
pub(crate) fn map(text: &str, scalar: &Spanned<String>) -> SourceMap {
    scalar::align(text, start(text, scalar), &scalar.value)
}

/// Where `scalar` stands in `text`, of which it was read, without its quotes.
pub(crate) fn span(text: &str, scalar: &Spanned<String>) -> Span {
    map(text, scalar).original(Span::new(0, scalar.value.len()))
}

fn options() -> Options {
    let mut options = serde_saphyr::options! { with_snippet: false };
    if let Some(budget) = &mut options.budget {
        budget.max_depth = MAX_DEPTH;
        budget.max_aliases = MAX_ALIASES;
    }
    options
}

/// The byte at which `location` stands.
fn start_of(text: &str, location: &Location) -> usize {
    if let Some(at) = location.span().byte_offset() {
        return usize::try_from(at).map_or(text.len(), |at| at.min(text.len()));
    }
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let in_line = text[start..].char_indices().nth(column).map_or(0, |(at, _)| at);
    start + in_line
}

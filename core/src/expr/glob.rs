//! Patterns with `*`.

use bumpalo::{Bump, collections::Vec as BumpVec};

/// Whether case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// It does.
    Sensitive,
}

/// A pattern with `*`.
#[derive(Clone, Debug)]
pub struct Glob(Box<str>);

impl Glob {
    /// The pattern `text`.
    #[must_use]
    pub fn new(text: &str, _: Case) -> Self {
        Self(text.into())
    }

    /// Whether all of `text` matches.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.captures(text).is_some()
    }

    /// What each `*` stands for.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t [u8]) -> Option<Vec<&'t [u8]>> {
        let pieces: Vec<&[u8]> = self.0.as_bytes().split(|&byte| byte == b'*').collect();
        let (first, rest) = pieces.split_first()?;
        let mut text = text.strip_prefix(*first)?;
        let Some((last, middle)) = rest.split_last() else { return text.is_empty().then(Vec::new) };
        let mut found = Vec::new();
        for piece in middle {
            let at = (0..=text.len()).find(|&at| text[at..].starts_with(piece))?;
            found.push(&text[..at]);
            text = &text[at + piece.len()..];
        }
        found.push(text.strip_suffix(*last)?);
        Some(found)
    }

    /// The pattern with its stars replaced.
    #[must_use]
    pub fn substitute<'b>(&self, captures: &[&[u8]], bump: &'b Bump) -> &'b [u8] {
        let mut text = BumpVec::new_in(bump);
        let mut captures = captures.iter();
        for &byte in self.0.as_bytes() {
            match byte {
                b'*' => text.extend_from_slice_copy(captures.next().copied().unwrap_or_default()),
                byte => text.push(byte),
            }
        }
        text.into_bump_slice()
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

//! Puts other texts in the place of matches: for `replace` and the sed mode of `rex`.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{capture::Match, compare::append};
use crate::value::Value;

/// Replaces each match that `walk` finds; null if the walk does not come to its end.
#[inline(never)] // Keeps the frame that evaluates the arguments short.
pub(crate) fn replace_all<'e>(
    source: &'e [u8],
    template: &[u8],
    bump: &'e Bump,
    walk: impl FnOnce(&mut dyn FnMut(Match<'_, 'e>) -> bool) -> bool,
) -> Value<'e> {
    let text = BumpVec::with_capacity_in(source.len(), bump);
    let mut replaced = Replaced { text, source, copied: 0, fits: true };
    let complete = walk(&mut |found| replaced.push(&found, template));
    if complete { replaced.finish() } else { Value::Null }
}

/// A text under replacement.
struct Replaced<'e> {
    text: BumpVec<'e, u8>,
    /// The text that was searched.
    source: &'e [u8],
    /// How much of it is in `text`, replaced or not.
    copied: usize,
    fits: bool,
}

impl<'e> Replaced<'e> {
    /// Appends what stood before a match, and `template` in its place.
    fn push(&mut self, found: &Match<'_, 'e>, template: &[u8]) -> bool {
        self.source = found.text;
        let Some(span) = found.span(0) else { return false };
        let before = self.source.get(self.copied..span.start).unwrap_or_default();
        self.fits = append(&mut self.text, before) && self.expand(found, template);
        self.copied = span.end;
        self.fits
    }

    /// Appends `template`: `\1` is a group, `\\` a backslash, any other backslash itself.
    fn expand(&mut self, found: &Match<'_, 'e>, template: &[u8]) -> bool {
        let mut rest = template;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (piece, used): (&[u8], usize) = match rest.get(at + 1) {
                Some(digit @ b'0'..=b'9') => {
                    (found.group(usize::from(digit - b'0')).unwrap_or_default(), 2)
                }
                Some(b'\\') => (b"\\", 2),
                _ => (b"\\", 1),
            };
            if !append(&mut self.text, &rest[..at]) || !append(&mut self.text, piece) {
                return false;
            }
            rest = &rest[at + used..];
        }
        append(&mut self.text, rest)
    }

    fn finish(mut self) -> Value<'e> {
        if self.copied == 0 && self.text.is_empty() {
            return Value::Text(self.source);
        }
        let after = self.source.get(self.copied..).unwrap_or_default();
        let fits = self.fits && append(&mut self.text, after);
        if fits { Value::Text(self.text.into_bump_slice()) } else { Value::Null }
    }
}

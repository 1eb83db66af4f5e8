//! What a field holds while an event or a window is worked on.
//!
//! Splunk stores no types: a value is a list of texts, and a number is a text that parses as one. A [`Value`] is a small
//! Copy handle on bytes that live in the event or in the arena of the work at hand, so nothing is copied to look at it
//! and the borrow checker proves that no value outlives its bytes.

use bumpalo::Bump;

use crate::expr::number;

/// The value of a field, or of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'e> {
    /// No value: the field is absent.
    Null,
    /// The result of a comparison. No field ever holds one.
    Bool(bool),
    /// The result of arithmetic, not yet printed.
    Number(f64),
    /// One text; it may read as a number.
    Text(&'e [u8]),
    /// Two or more texts: a multivalue.
    List(&'e [&'e [u8]]),
}

impl<'e> Value<'e> {
    /// No values are null, one is itself, more are a list.
    #[must_use]
    pub fn from_list(values: &'e [&'e [u8]]) -> Self {
        match values {
            [] => Self::Null,
            [one] => Self::Text(one),
            more => Self::List(more),
        }
    }

    /// Whether the field is absent.
    #[must_use]
    pub fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// How many texts it holds.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => 1,
            Self::List(values) => values.len(),
        }
    }

    /// Its texts as a slice; a number is printed into `bump`. Null gives the empty slice.
    #[must_use]
    pub fn texts(self, bump: &'e Bump) -> &'e [&'e [u8]] {
        match self {
            Self::Null => &[],
            Self::List(values) => values,
            one => bump.alloc_slice_copy(&[one.text(bump).unwrap_or_default()]),
        }
    }

    /// Its text, if it has exactly one; a number is printed into `bump`.
    #[must_use]
    pub fn text(self, bump: &'e Bump) -> Option<&'e [u8]> {
        match self {
            Self::Null | Self::List(_) => None,
            Self::Bool(true) => Some(b"True"),
            Self::Bool(false) => Some(b"False"),
            Self::Number(number) => Some(number::print(number, bump)),
            Self::Text(text) => Some(text),
        }
    }

    /// The number that it is or reads as. Lists, booleans and other texts give none.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => number::parse(text),
            Self::Null | Self::Bool(_) | Self::List(_) => None,
        }
    }
}

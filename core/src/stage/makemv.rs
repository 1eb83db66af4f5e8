//! `makemv`: one text becomes several values.
//!
//! Class: row-local. Decisions where Splunk's manual is silent:
//!
//! - Of a multivalue each value is split, and the pieces stand in the order of the values.
//! - A field of which no piece is left (it held delimiters only) is absent.
//! - A tokenizer without a group takes its whole match. Matches beyond the budget of one walk ([`Finder::for_each`]) are not
//!   found.

use bumpalo::collections::Vec as BumpVec;
use memchr::memmem;

use super::Verdict;
use crate::{
    expr::capture::Finder,
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `makemv field`.
#[derive(Clone, Debug)]
pub struct MakeMv {
    /// The field that is split, in place.
    pub field: FieldId,
    /// How it is split.
    pub splitter: Splitter,
    /// Whether nothing between two delimiters is an empty value.
    pub keeps_empty: bool,
}

/// How a text is split.
#[derive(Clone, Debug)]
pub enum Splitter {
    /// At each occurrence of a text, which is not empty.
    Delimiter(Box<[u8]>),
    /// Each match of a pattern is a value, or what its first group holds.
    Tokenizer(Finder),
}

impl MakeMv {
    /// Splits the field of a row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let texts = row.get(self.field).texts(env.bump);
        if texts.is_empty() {
            return Verdict::Keep;
        }
        let mut pieces = BumpVec::new_in(env.bump);
        for text in texts {
            self.split(text, &mut pieces, env);
        }
        pieces.retain(|piece| self.keeps_empty || !piece.is_empty());
        row.set(Name::Known(self.field), Value::from_list(pieces.into_bump_slice()));
        Verdict::Keep
    }

    fn split<'e>(&self, text: &'e [u8], pieces: &mut BumpVec<'e, &'e [u8]>, env: Env<'e>) {
        match &self.splitter {
            Splitter::Delimiter(delimiter) => {
                let mut start = 0;
                for at in memmem::find_iter(text, &**delimiter) {
                    pieces.push(&text[start..at]);
                    start = at + delimiter.len();
                }
                pieces.push(&text[start..]);
            }
            Splitter::Tokenizer(finder) => {
                let group = usize::from(finder.group_names().count() > 1);
                finder.for_each(env.caches, text, env.bump, |found| {
                    pieces.extend(found.group(group));
                    true
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn texts_are_split_at_delimiters_or_into_tokens() {
        for (command, row, expected) in [
            ("makemv n", "n=1␣3␣5", "n=1|3|5"),
            ("makemv delim=\",\" n", "n=1,,3", "n=1|3"),
            ("makemv delim=\",\" allowempty=t n", "n=1,,3", "n=1||3"),
            ("makemv n delim=\"--\"", "n=a--b-c", "n=a|b-c"),
            ("makemv delim=\",\" n", "n=1,2|3", "n=1|2|3"),
            ("makemv delim=\",\" n", "n=,", ""),
            ("makemv delim=\",\" n", "m=1", "m=1"),
            ("makemv tokenizer=\"([^,]+),?\" n", "n=a,b,c", "n=a|b|c"),
            ("makemv tokenizer=\"\\d+\" n", "n=a1b22", "n=1|22"),
            ("makemv tokenizer=\"x(y)?\" n", "n=xxy", "n=y"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }
}

//! `strcat`: texts and fields joined into a field.
//!
//! Class: row-local. A missing field counts as nothing, unless `allrequired=t`: then the target stays as it is. Where Splunk's
//! manual is silent: the values of a multivalue are joined by spaces, and where every field is missing the target stays as it
//! is, too.

use bumpalo::collections::Vec as BumpVec;

use super::Verdict;
use crate::{
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `strcat a "b" target`.
#[derive(Clone, Debug)]
pub struct StrCat {
    /// What is joined, in order.
    pub sources: Box<[Source]>,
    /// The field that holds the result.
    pub target: FieldId,
    /// Whether nothing is written where a field is missing.
    pub all_required: bool,
}

/// One of the texts that are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This text.
    Text(Box<[u8]>),
    /// What a field holds.
    Field(FieldId),
}

impl StrCat {
    /// Writes the target. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let (mut text, mut present, mut missing) = (BumpVec::new_in(env.bump), 0, 0);
        for source in &self.sources {
            match source {
                Source::Text(piece) => text.extend_from_slice(piece),
                Source::Field(field) => match row.get(*field).texts(env.bump) {
                    [] => missing += 1,
                    texts => {
                        present += 1;
                        text.extend_from_slice(&texts.join(b" ".as_slice()));
                    }
                },
            }
        }
        let writes = missing == 0 || (present > 0 && !self.all_required);
        if writes {
            row.set(Name::Known(self.target), Value::Text(text.into_bump_slice()));
        }
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn texts_and_fields_are_joined() {
        for (command, row, expected) in [
            ("strcat a \":\" b c", "a=1 b=2", "a=1 b=2 c=1:2"),
            ("strcat a \":\" b a", "a=1 b=2", "a=1:2 b=2"),
            ("strcat a, b, c", "a=1", "a=1 c=1"),
            ("strcat allrequired=t a b c", "a=1 c=x", "a=1 c=x"),
            ("strcat allrequired=f a \"/\" b c", "a=1", "a=1 c=1/"),
            ("strcat a b c", "d=1", "d=1"),
            ("strcat a \"x\" c", "a=1|2", "a=1|2 c=1 2x"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }
}

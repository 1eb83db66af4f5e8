//! `xmlkv`: elements become fields.
//!
//! Class: row-local. Each element that holds text only is a field of its name, whatever stands around it. Decisions where
//! Splunk's manual is silent:
//!
//! - Entities are decoded, namespace prefixes left out, empty elements are no fields, and of one text at most
//!   [`MAX_FIELDS`](crate::event::MAX_FIELDS) names count.
//! - An element that comes again makes a multivalue. A field of that name is overwritten, but for those that a row stands on:
//!   see `supplied`.
//! - Of a multivalue the first value that has a name says what its field holds.

use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::{Verdict, supplied};
use crate::{
    event::{MAX_FIELDS, paths},
    ids::FieldId,
    names::Names,
    row::{Env, Fields, Row},
};

/// `xmlkv field`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlKv {
    /// The field that is read.
    pub field: FieldId,
}

impl XmlKv {
    /// Whether it could write `field`.
    pub(crate) fn may_write(field: FieldId) -> bool {
        ![Names::TIME, Names::RAW].contains(&field)
    }

    /// Writes the elements of a row's text. It never ends a row.
    pub fn apply<'e>(self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let (mut found, mut seen) = (Vec::new(), HashSet::with_hasher(FixedState::default()));
        for text in row.get(self.field).texts(env.bump) {
            for (name, value) in paths::elements(text, env.bump) {
                if found.len() < MAX_FIELDS && seen.insert(name) {
                    found.push((env.names.name(name), value));
                }
            }
        }
        supplied::write(row, &found);
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn elements_become_fields() {
        for (command, row, expected) in [
            ("xmlkv", "_raw=<foo>bar</foo><baz>2</baz>", "foo=bar baz=2"),
            ("xmlkv f", "f=x<a>1</a>y<a>2</a>", "a=1|2"),
            ("xmlkv f", "f=<o><i␣n='1'>a&amp;b</i><e/></o>", "i=a&b"),
            ("xmlkv f", "f=<a>1</a> a=old", "a=1"),
            ("xmlkv f", "f=<_time>1</_time><host>forged</host> host=h", "host=h"),
            ("xmlkv f maxinputs=10", "f=<a>1", "a=1"),
        ] {
            let command = format!("{command} | fields - f, _raw");
            assert_eq!(run(&command, row), expected, "{command} on {row}");
        }
    }
}

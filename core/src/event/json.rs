//! JSON events: nested objects by Splunk's paths, and the JSON that shippers make of Windows events.
//!
//! The fields are those of Splunk's `KV_MODE=json`: `a.b`, `a{}` for an array, `a{}.b` below it; numbers keep their digits,
//! `true` and `false` are those words, null is an absent field. Unlike Splunk, which reads the first 5,000 characters, the
//! whole event is read. One that is cut off or broken gives what stands before the damage, because a value that ends
//! early still accuses. Windows events have the names that Windows gives their fields, too ([`windows`]).
//!
//! The reader borrows every text, decodes escapes when a rule first reads the value, keeps its own stack, and is linear in
//! the event whatever it holds. It is no validator.

mod cursor;
mod document;
mod escapes;
mod fields;
mod paths;
mod records;
mod told;
mod walk;
mod windows;

use bumpalo::{Bump, collections::Vec as BumpVec};
use cursor::Cursor;
use fields::Fields;
use walk::Walker;

use super::Natives;
use crate::value::Value;

pub use document::{Document, is_number, write_string};
pub use escapes::unescape;
pub(in crate::event) use paths::at_path;
pub use records::{Records, records};
pub(in crate::event) use told::{told, told_by_fields};

/// Whether `raw` opens like an object. A brace that opens anything else, such as a GUID, does not.
pub(super) fn is_json(raw: &[u8]) -> bool {
    let mut cursor = Cursor::new(raw);
    cursor.eat(b'{') && {
        cursor.skip_space();
        matches!(cursor.peek(), None | Some(b'"' | b'}'))
    }
}

/// Finds the fields.
pub(super) fn find<'e>(raw: &'e [u8], natives: &mut Natives<'e>) {
    let fields = Fields::read(raw, natives.bump());
    windows::add_all(&fields, natives);
    natives.lose(fields.lost());
}

/// The leaves of any JSON text by their paths.
pub(in crate::event) fn leaves<'e>(
    text: &'e [u8],
    bump: &'e Bump,
) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
    let fields = Fields::of(Walker::whole(text, bump), bump);
    BumpVec::from_iter_in(fields.iter().map(|field| (field.name, field.value(bump))), bump)
}

/// Visits the values that are written with escapes which may break a word. Those of a line end or a tab do not: they
/// are letters behind a backslash, which `scan` knows.
pub(super) fn rewritten_values(raw: &[u8], bump: &Bump, visit: &mut dyn FnMut(&[u8])) {
    if !escapes::hides_characters(raw) {
        return;
    }
    let mut walker = Walker::new(raw, bump);
    while let Some(leaf) = walker.next() {
        if leaf.written.is_escaped && escapes::hides_characters(leaf.written.text) {
            visit(leaf.text(bump));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_told_from_other_braces() {
        for raw in [r#"{"a":1}"#, " \r\n{ \"a\":1}", "{}", "{ }", "\u{feff}{\"a\":1}", "{"] {
            assert!(is_json(raw.as_bytes()), "{raw}");
        }
        for raw in ["", "[]", "[{}]", "{5770385F-C22A} x", "{a:1}", "x{\"a\":1}", "{{}}"] {
            assert!(!is_json(raw.as_bytes()), "{raw}");
        }
    }

    #[test]
    fn only_values_that_hide_characters_are_rewritten() {
        let bump = Bump::new();
        let visited = |raw: &str| {
            let mut texts = Vec::new();
            rewritten_values(raw.as_bytes(), &bump, &mut |text| texts.push(text.to_vec()));
            texts
        };
        let raw = r#"{"a":"x\ty","b":["\u0041\\c",1],"u\u0041":"C:\\users","d":{"e":"\u00e9"}}"#;
        assert_eq!(visited(raw), [br"A\c".to_vec(), "\u{e9}".as_bytes().to_vec()]);
        assert!(visited(r#"{"a":"C:\\users\tx"}"#).is_empty());
    }
}

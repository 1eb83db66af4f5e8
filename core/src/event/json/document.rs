//! A JSON text that is whole, to be asked and changed by path.
//!
//! The fields of events are read as far as they make sense; what `eval` makes JSON of must be well-formed, and white space between its
//! parts is left out, so that a change is a cut at a known place. The reader keeps its own stack, at most [`MAX_DEPTH`] deep, and a
//! change walks over the text once for each step of its path.

use std::ops::Range;

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{
    cursor::{Cursor, end_of_string},
    escapes::unescape,
    paths::{decoded, raw_at},
};
use crate::event::{
    paths::{Path, Step},
    rows::MAX_DEPTH,
};

/// A well-formed JSON text without space between its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'e> {
    text: &'e [u8],
}

impl<'e> Document<'e> {
    /// The document that `text` is, if it is one.
    #[must_use]
    pub fn read(text: &[u8], bump: &'e Bump) -> Option<Self> {
        std::str::from_utf8(text).ok()?;
        let (out, open) = (BumpVec::with_capacity_in(text.len(), bump), BumpVec::new_in(bump));
        Reader { rest: text, out, open }.read().map(|text| Self { text })
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> &'e [u8] {
        self.text
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.text.starts_with(b"[")
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.text.starts_with(b"{")
    }

    /// Calls `visit` with each member's key and value, or each element, as they are written; a key is without its quotes.
    pub fn visit(self, mut visit: impl FnMut(Option<&'e [u8]>, &'e [u8])) {
        children(self.text, |key, place| visit(key, &self.text[place]));
    }

    /// What one of its values says: a string without quotes and escapes, anything else as it is written.
    #[must_use]
    pub fn decoded(value: &'e [u8], bump: &'e Bump) -> &'e [u8] {
        decoded(value, bump)
    }

    /// What stands at the path, as it is written.
    #[must_use]
    pub fn at(self, path: &Path, bump: &'e Bump) -> BumpVec<'e, &'e [u8]> {
        raw_at(self.text, path.steps(), bump)
    }

    /// The document with `value` at the path, which is made where it is missing. A path that leads into no object or array changes
    /// nothing.
    #[must_use]
    pub fn with(self, path: &Path, value: &[u8], bump: &'e Bump) -> Self {
        match locate(self.text, path.steps()) {
            Place::Found(place) => self.spliced(place, &[value], bump),
            Place::Missing { at, is_first, depth } => {
                match made(&path.steps()[depth..], value, bump) {
                    Some(made) => {
                        let comma: &[u8] = if is_first { b"" } else { b"," };
                        self.spliced(at..at, &[comma, &made], bump)
                    }
                    None => self,
                }
            }
            Place::Nowhere => self,
        }
    }

    /// The document with `values`, one or more with commas between them, behind those of the array at the path. What is no array
    /// becomes the first element of one.
    #[must_use]
    pub fn with_more(self, path: &Path, values: &[u8], bump: &'e Bump) -> Self {
        match locate(self.text, path.steps()) {
            Place::Found(place) if self.text[place.start] == b'[' => {
                let end = place.end - 1;
                let comma: &[u8] = if place.len() == 2 { b"" } else { b"," };
                self.spliced(end..end, &[comma, values], bump)
            }
            Place::Found(place) => {
                let first = &self.text[place.clone()];
                self.spliced(place, &[b"[", first, b",", values, b"]"], bump)
            }
            Place::Missing { .. } => self.with(path, &[b"[", values, b"]"].concat(), bump),
            Place::Nowhere => self,
        }
    }

    /// The document without what stands at the path.
    #[must_use]
    pub fn without(self, path: &Path, bump: &'e Bump) -> Self {
        let Some((last, parents)) = path.steps().split_last() else { return self };
        let Place::Found(parent) = locate(self.text, parents) else { return self };
        match cut(&self.text[parent.clone()], last) {
            Some(cut) => self.spliced(parent.start + cut.start..parent.start + cut.end, &[], bump),
            None => self,
        }
    }

    fn spliced(self, place: Range<usize>, parts: &[&[u8]], bump: &'e Bump) -> Self {
        let mut text = BumpVec::with_capacity_in(self.text.len(), bump);
        text.extend_from_slice(&self.text[..place.start]);
        parts.iter().for_each(|part| text.extend_from_slice(part));
        text.extend_from_slice(&self.text[place.end..]);
        Self { text: text.into_bump_slice() }
    }
}

/// Where a path leads.
enum Place {
    /// To a value.
    Found(Range<usize>),
    /// To a container that lacks what the step `depth` names; it belongs at `at`.
    Missing {
        at: usize,
        is_first: bool,
        depth: usize,
    },
    Nowhere,
}

fn locate(text: &[u8], steps: &[Step]) -> Place {
    let mut place = 0..text.len();
    for (depth, step) in steps.iter().enumerate() {
        let value = &text[place.clone()];
        let (mut found, mut count) = (None, 0);
        children(value, |key, child| {
            if names(step, key, count) && found.is_none() {
                found = Some(child);
            }
            count += 1;
        });
        match found {
            Some(child) => place = place.start + child.start..place.start + child.end,
            None if can_add(value, step, count) => {
                return Place::Missing { at: place.end - 1, is_first: count == 0, depth };
            }
            None => return Place::Nowhere,
        }
    }
    Place::Found(place)
}

/// Whether a step names the child of that key, or of that number.
fn names(step: &Step, key: Option<&[u8]>, number: usize) -> bool {
    match (step, key) {
        (Step::Name(name), Some(key)) => {
            key == &**name || (key.contains(&b'\\') && unescape(key, &Bump::new()) == &**name)
        }
        (Step::Number(wanted), None) => number == *wanted,
        _ => false,
    }
}

fn can_add(container: &[u8], step: &Step, count: usize) -> bool {
    match step {
        Step::Name(_) => container.starts_with(b"{"),
        Step::Number(number) => container.starts_with(b"[") && *number == count,
        Step::Every | Step::Attribute(_) => false,
    }
}

/// What is to be added to a container for `steps` to lead to `value` in it.
fn made(steps: &[Step], value: &[u8], bump: &Bump) -> Option<Vec<u8>> {
    let (mut text, mut ends) = (BumpVec::new_in(bump), Vec::new());
    for (depth, step) in steps.iter().enumerate() {
        let (start, end): (&[u8], u8) = match step {
            Step::Name(_) => (b"{", b'}'),
            Step::Number(0) | Step::Every => (b"[", b']'),
            // The container is there already: that is how the number was found to be the next.
            Step::Number(_) if depth == 0 => (b"[", b']'),
            _ => return None,
        };
        if depth > 0 {
            text.extend_from_slice(start);
            ends.push(end);
        }
        if let Step::Name(name) = step {
            write_string(&mut text, name);
            text.push(b':');
        }
    }
    text.extend_from_slice(value);
    text.extend(ends.into_iter().rev());
    Some(text.to_vec())
}

/// What must go from `container` so that it lacks the child which `step` names: the child and one comma.
fn cut(container: &[u8], step: &Step) -> Option<Range<usize>> {
    let (mut found, mut count, mut from) = (None, 0, 1);
    children(container, |key, child| {
        if found.is_none() && names(step, key, count) {
            let has_next = container[child.end] == b',';
            found = Some(from..child.end + usize::from(count == 0 && has_next));
        }
        (count, from) = (count + 1, child.end);
    });
    found
}

/// Calls `visit` with each child of an object or array: its key, if it has one, and its place.
fn children<'e>(text: &'e [u8], mut visit: impl FnMut(Option<&'e [u8]>, Range<usize>)) {
    let mut cursor = Cursor::new(text);
    let is_object = cursor.eat(b'{');
    if !is_object && !cursor.eat(b'[') {
        return;
    }
    loop {
        cursor.skip_separators();
        let key = is_object.then(|| cursor.key()).flatten();
        let start = text.len() - cursor.left_bytes();
        if (is_object && key.is_none()) || cursor.value().is_empty() {
            return;
        }
        visit(key.map(|key| key.text), start..text.len() - cursor.left_bytes());
    }
}

/// Appends `text` as a JSON string; what is not UTF-8 becomes U+FFFD.
pub fn write_string(out: &mut BumpVec<'_, u8>, text: &[u8]) {
    let mut written = Vec::with_capacity(text.len() + 2);
    crate::alert::write_string(&mut written, text).expect("a vector takes every byte");
    out.extend_from_slice(&written);
}

/// Whether `text` is a number as JSON writes one.
#[must_use]
pub fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or(rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-"));
        let exponent = exponent.unwrap_or(&rest[1..]);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Reads a text strictly.
struct Reader<'t, 'e> {
    rest: &'t [u8],
    out: BumpVec<'e, u8>,
    /// The brackets that end the open containers.
    open: BumpVec<'e, u8>,
}

impl<'e> Reader<'_, 'e> {
    fn read(mut self) -> Option<&'e [u8]> {
        let mut has_just_opened = self.value()?;
        while let Some(&end) = self.open.last() {
            if self.eat(end) {
                self.open.pop();
                has_just_opened = false;
                continue;
            }
            if !has_just_opened && !self.eat(b',') {
                return None;
            }
            if end == b'}' {
                self.string()?;
                self.eat(b':').then_some(())?;
            }
            has_just_opened = self.value()?;
        }
        self.rest.trim_ascii_start().is_empty().then(|| self.out.into_bump_slice())
    }

    /// Goes past `byte` and the space before it, if it stands here.
    fn eat(&mut self, byte: u8) -> bool {
        let rest = self.rest.trim_ascii_start().strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        self.out.extend(rest.map(|_| byte));
        rest.is_some()
    }

    /// Reads a scalar, or opens a container; whether it did that. `None` where neither stands.
    fn value(&mut self) -> Option<bool> {
        for (start, end) in [(b'{', b'}'), (b'[', b']')] {
            if self.open.len() < MAX_DEPTH && self.eat(start) {
                self.open.push(end);
                return Some(true);
            }
        }
        self.rest = self.rest.trim_ascii_start();
        if self.rest.starts_with(b"\"") {
            self.string()?;
            return Some(false);
        }
        let mut cursor = Cursor::new(self.rest);
        let scalar = cursor.scalar();
        let is_known = matches!(scalar, b"true" | b"false" | b"null") || is_number(scalar);
        self.out.extend_from_slice(scalar);
        self.rest = &self.rest[scalar.len()..];
        is_known.then_some(false)
    }

    fn string(&mut self) -> Option<()> {
        let text = self.rest.trim_ascii_start().strip_prefix(b"\"")?;
        let (inside, rest) = text.split_at(end_of_string(text));
        self.rest = rest.strip_prefix(b"\"")?;
        self.out.push(b'"');
        self.out.extend_from_slice(inside);
        self.out.push(b'"');
        (inside.iter().all(|byte| *byte >= b' ') && has_good_escapes(inside)).then_some(())
    }
}

fn has_good_escapes(mut text: &[u8]) -> bool {
    while let Some(at) = memchr::memchr(b'\\', text) {
        let length = match text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => 6,
            _ => return false,
        };
        let digits = text.get(at + 2..at + length);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return false;
        }
        text = &text[at + length..];
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `change` makes of a document.
    fn changed(
        text: &str,
        change: impl for<'e> Fn(Document<'e>, &'e Bump) -> Document<'e>,
    ) -> String {
        let bump = Bump::new();
        let document = Document::read(text.as_bytes(), &bump).expect(text);
        String::from_utf8(change(document, &bump).text().to_vec()).unwrap()
    }

    #[test]
    fn a_value_is_put_where_the_path_leads_or_the_path_is_made() {
        for (text, path, expected) in [
            (r#"{"a": 1, "b": [2]}"#, "a", r#"{"a":9,"b":[2]}"#),
            (r#"{"a":{"b":1}}"#, "a.b", r#"{"a":{"b":9}}"#),
            (r#"{"a":{}}"#, "a.b.c", r#"{"a":{"b":{"c":9}}}"#),
            ("{}", "a{}.b", r#"{"a":[{"b":9}]}"#),
            (r#"{"a":[1,2]}"#, "a{1}", r#"{"a":[1,9]}"#),
            (r#"{"a":[1,2]}"#, "a{2}", r#"{"a":[1,2,9]}"#),
            (r#"{"a":[1,2]}"#, "a{3}", r#"{"a":[1,2]}"#),
            (r#"{"a":1}"#, "a.b", r#"{"a":1}"#),
            (r#"{"\u0061":1}"#, "a", r#"{"\u0061":9}"#),
            ("{}", "a\"b", r#"{"a\"b":9}"#),
        ] {
            let with =
                changed(text, |document, bump| document.with(&Path::parse(path), b"9", bump));
            assert_eq!(with, expected, "{text} {path}");
        }
    }

    #[test]
    fn more_values_come_behind_those_that_there_are() {
        for (text, path, expected) in [
            (r#"{"a":[1]}"#, "a", r#"{"a":[1,8,9]}"#),
            (r#"{"a":[]}"#, "a", r#"{"a":[8,9]}"#),
            (r#"{"a":1}"#, "a", r#"{"a":[1,8,9]}"#),
            (r#"{"a":1}"#, "b", r#"{"a":1,"b":[8,9]}"#),
        ] {
            let more = |document: Document<'_>, bump: &Bump| {
                document.with_more(&Path::parse(path), b"8,9", bump).text().to_vec()
            };
            let bump = Bump::new();
            let document = Document::read(text.as_bytes(), &bump).unwrap();
            assert_eq!(more(document, &bump), expected.as_bytes(), "{text} {path}");
        }
    }

    #[test]
    fn what_goes_takes_one_comma_with_it() {
        for (text, path, expected) in [
            (r#"{"a":1,"b":2,"c":3}"#, "a", r#"{"b":2,"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, "b", r#"{"a":1,"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, "c", r#"{"a":1,"b":2}"#),
            (r#"{"a":1}"#, "a", "{}"),
            (r#"{"a":{"b":[1,2]}}"#, "a.b{0}", r#"{"a":{"b":[2]}}"#),
            (r#"{"a":1}"#, "b", r#"{"a":1}"#),
        ] {
            let without =
                changed(text, |document, bump| document.without(&Path::parse(path), bump));
            assert_eq!(without, expected, "{text} {path}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let bump = Bump::new();
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Document::read(nested(MAX_DEPTH).as_bytes(), &bump).is_some());
        assert!(Document::read(nested(MAX_DEPTH + 1).as_bytes(), &bump).is_none());
        assert!(Document::read(b"\"\xff\"", &bump).is_none());
    }

    proptest! {
        #[test]
        fn what_serde_json_takes_is_taken_and_nothing_else(
            text in r#"[\[\]{}:, "\\0-1a.eE+u\-]{0,12}|(\{"a": ?)?(-?0?[0-9]*\.?[0-9]*|"[a\\nu0]{0,6}"|true|nul)\}?"#
        ) {
            let bump = Bump::new();
            let read = Document::read(text.as_bytes(), &bump);
            // It refuses numbers that no double can hold, and half a surrogate pair.
            let theirs = serde_json::from_str::<serde_json::value::Value>(&text);
            if let Ok(value) = &theirs {
                let document = read.expect("a good text is read");
                let again: serde_json::Value = serde_json::from_slice(document.text()).unwrap();
                prop_assert_eq!(&again, value);
            } else if !theirs.unwrap_err().is_data() {
                prop_assert!(read.is_none() || text.contains(['e', 'E', 'u']), "{}", text);
            }
        }
    }
}

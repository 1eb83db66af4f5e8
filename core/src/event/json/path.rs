//! What stands at a path of a JSON text.
//!
//! The paths are those of `spath`: `a.b` in objects within objects, `a{}` for every element of an array, `a{2}` for the third.
//! Each step passes over the text once, and a path has [`MAX_STEPS`] at most, so any text and any path cost linear time.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{cursor::Cursor, unescape};
use crate::value::Value;

/// The most steps that a path may have; a longer one leads nowhere.
const MAX_STEPS: usize = 64;

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'p> {
    /// To the member of that name.
    Member(&'p [u8]),
    /// To every element.
    Elements,
    /// To the element of that index.
    Element(usize),
}

/// The values at `path` in `text`, in their order: strings without quotes, anything else as it is written. Null where there
/// is none.
#[must_use]
pub fn at_path<'e>(text: &'e [u8], path: &[u8], bump: &'e Bump) -> Value<'e> {
    let mut places = BumpVec::from_iter_in([Cursor::new(text).value()], bump);
    let mut steps = steps(path);
    for step in steps.by_ref().take(MAX_STEPS) {
        let Some(step) = step else { return Value::Null };
        let mut next = BumpVec::new_in(bump);
        places.iter().for_each(|place| step.take(place, &mut next, bump));
        places = next;
    }
    if steps.next().is_some() {
        return Value::Null;
    }
    let texts = places.iter().map(|place| text_of(place, bump));
    Value::from_list(bump.alloc_slice_fill_iter(texts))
}

/// The steps of a path; `None` for one that makes no sense.
fn steps(path: &[u8]) -> impl Iterator<Item = Option<Step<'_>>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inner) = rest.strip_prefix(b"{") {
            let Some(end) = memchr::memchr(b'}', inner) else {
                rest = b"";
                return Some(None);
            };
            rest = inner.get(end + 1..).unwrap_or_default();
            rest = rest.strip_prefix(b".").unwrap_or(rest);
            return Some(element(&inner[..end]));
        }
        let length = rest.iter().position(|byte| matches!(byte, b'.' | b'{')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        rest = after.strip_prefix(b".").unwrap_or(after);
        Some(Some(Step::Member(name)))
    })
}

fn element(index: &[u8]) -> Option<Step<'static>> {
    match index {
        b"" => Some(Step::Elements),
        digits => std::str::from_utf8(digits).ok()?.parse().ok().map(Step::Element),
    }
}

impl Step<'_> {
    /// Adds what it leads to from `place`, the text of one value.
    fn take<'e>(self, place: &'e [u8], found: &mut BumpVec<'e, &'e [u8]>, bump: &'e Bump) {
        let mut cursor = Cursor::new(place);
        match self {
            Self::Member(name) if cursor.eat(b'{') => {
                while let Some((key, value)) = member(&mut cursor, bump) {
                    if key == name {
                        found.push(value);
                    }
                }
            }
            Self::Elements if cursor.eat(b'[') => {
                found.extend(std::iter::from_fn(|| next_element(&mut cursor)));
            }
            Self::Element(index) if cursor.eat(b'[') => {
                found.extend(std::iter::from_fn(|| next_element(&mut cursor)).nth(index));
            }
            Self::Member(_) | Self::Elements | Self::Element(_) => {}
        }
    }
}

/// The next member of an object: its name and the text of its value.
fn member<'e>(cursor: &mut Cursor<'e>, bump: &'e Bump) -> Option<(&'e [u8], &'e [u8])> {
    cursor.skip_separators();
    let key = cursor.key()?;
    let name = if key.is_escaped { unescape(key.text, bump) } else { key.text };
    let value = cursor.value();
    (!value.is_empty()).then_some((name, value))
}

/// The text of the next element of an array.
fn next_element<'e>(cursor: &mut Cursor<'e>) -> Option<&'e [u8]> {
    cursor.skip_separators();
    let value = cursor.value();
    (!value.is_empty()).then_some(value)
}

/// What the text of one value says.
fn text_of<'e>(place: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let mut cursor = Cursor::new(place);
    if !cursor.eat(b'"') {
        return place;
    }
    let string = cursor.string();
    if string.is_escaped { unescape(string.text, bump) } else { string.text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, path: &str) -> String {
        let bump = Bump::new();
        let values = at_path(text.as_bytes(), path.as_bytes(), &bump).texts(&bump);
        let texts: Vec<_> = values.iter().map(|text| String::from_utf8_lossy(text)).collect();
        texts.join(" | ")
    }

    #[test]
    fn paths_lead_to_values() {
        let text = r#" {"a":{"b":1,"c":"x\"y"},"l":[{"n":"p"},{"n":"q","m":[1,[2]]},3],"t":true,"z":null,"\u0061":2}"#;
        let cases = [
            ("a.b", "1"),
            ("a.c", "x\"y"),
            ("a", r#"{"b":1,"c":"x\"y"} | 2"#),
            ("l{}.n", "p | q"),
            ("l{1}.n", "q"),
            ("l{1}.m{}", "1 | [2]"),
            ("l{1}.m{1}{0}", "2"),
            ("l{2}", "3"),
            ("t", "true"),
            ("z", "null"),
            ("l{9}", ""),
            ("l.n", ""),
            ("a{}", ""),
            ("a.b.c", ""),
            ("nope", ""),
            ("l{x}", ""),
            ("l{", ""),
        ];
        for (path, expected) in cases {
            assert_eq!(shown(text, path), expected, "{path}");
        }
        assert_eq!(shown("[1,[2,3]]", "{1}{}"), "2 | 3");
        assert_eq!(shown("[{\"a\":1},{\"a\":2}]", "{}.a"), "1 | 2");
        assert_eq!(shown("{}", &"a.".repeat(100)), "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_path_panics(text in r#"[{}\[\]",:a1\\ ]{0,24}"#, path in "[a.{}10]{0,12}") {
            let _ = shown(&text, &path);
        }
    }
}

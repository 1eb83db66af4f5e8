//! Any XML: what stands at a path, the leaves by their paths, and the elements that hold text only.
//!
//! Elements deeper than [`MAX_DEPTH`] and paths longer than [`MAX_NAME_BYTES`] are passed over.

use bumpalo::{Bump, collections::Vec as BumpVec};
use foldhash::quality::FixedState;
use hashbrown::HashMap;

use super::{
    MAX_FIELDS, entities,
    paths::Step,
    rows::{MAX_DEPTH, MAX_NAME_BYTES},
    tags::{Attributes, Cursor, Start, Tag},
};
use crate::value::Value;

/// What an element says.
#[derive(Clone, Copy)]
struct Element<'e> {
    attributes: &'e [u8],
    content: &'e [u8],
}

/// The values at the end of `steps`, decoded.
pub(super) fn at_path<'e>(text: &'e [u8], steps: &[Step], bump: &'e Bump) -> BumpVec<'e, &'e [u8]> {
    let mut found = BumpVec::new_in(bump);
    let mut places = BumpVec::new_in(bump);
    places.push(Element { attributes: b"", content: text });
    let mut steps = steps.iter().peekable();
    while let Some(step) = steps.next() {
        match step {
            Step::Name(name) => {
                let number = steps.next_if(|step| matches!(step, Step::Every | Step::Number(_)));
                let mut next = BumpVec::new_in(bump);
                places.iter().for_each(|place| children(place.content, name, number, &mut next));
                places = next;
            }
            Step::Attribute(name) => {
                let attributes = places.iter().filter_map(|place| attribute(place, name));
                found.extend(attributes.map(|value| entities::decode(value, bump)));
                return found;
            }
            Step::Every | Step::Number(_) => return found,
        }
    }
    let texts = places.iter().map(|place| decoded(place.content, bump));
    found.extend(texts.filter(|text| !text.is_empty()));
    found
}

/// Adds the children of that name, or the one of that number among them.
fn children<'e>(
    content: &'e [u8],
    name: &[u8],
    number: Option<&Step>,
    next: &mut BumpVec<'e, Element<'e>>,
) {
    let mut cursor = Cursor { raw: content, pos: 0 };
    let mut count = 0;
    while let Some(tag) = cursor.tag() {
        let Tag::Start(start) = tag else { continue };
        let content = if start.is_empty { b"" } else { cursor.content() };
        if start.name == name {
            count += 1;
            let is_wanted = !matches!(number, Some(Step::Number(wanted)) if *wanted != count);
            if is_wanted {
                next.push(Element { attributes: start.attributes, content });
            }
        }
    }
}

fn attribute<'e>(element: &Element<'e>, name: &[u8]) -> Option<&'e [u8]> {
    let mut attributes = Attributes { rest: element.attributes };
    attributes.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The text of an element; one that holds others is as it is written.
fn decoded<'e>(content: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let holds_elements = Cursor { raw: content, pos: 0 }.tag().is_some();
    if holds_elements { content.trim_ascii() } else { entities::decode(content, bump).trim_ascii() }
}

/// Every text and attribute of `text` by its path.
pub(super) fn leaves<'e>(text: &'e [u8], bump: &'e Bump) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
    let path = ElementPath { bytes: BumpVec::new_in(bump), lengths: BumpVec::new_in(bump) };
    let mut walk = Walk { cursor: Cursor { raw: text, pos: 0 }, path, leaves: Leaves::new(bump) };
    while let Some(tag) = walk.cursor.tag() {
        match tag {
            Tag::Start(start) => walk.element(&start),
            Tag::End(_) => walk.path.leave(),
        }
    }
    walk.leaves.finish()
}

/// A walk over elements.
struct Walk<'e> {
    cursor: Cursor<'e>,
    path: ElementPath<'e>,
    leaves: Leaves<'e>,
}

impl<'e> Walk<'e> {
    /// The element whose start tag was just passed: adds its attributes, and its text if it holds no elements.
    fn element(&mut self, start: &Start<'e>) {
        if !self.path.has_room(start.name) {
            if !start.is_empty {
                self.cursor.content();
            }
            return;
        }
        self.path.enter(start.name);
        let bump = self.leaves.bump;
        for (name, value) in (Attributes { rest: start.attributes }) {
            let name = [&self.path.bytes, b"{@".as_slice(), name, b"}"].concat();
            self.leaves.add(&name, entities::decode(value, bump));
        }
        let text = if start.is_empty { Some(b"".as_slice()) } else { self.cursor.leaf() };
        if let Some(text) = text {
            self.leaves.add(&self.path.bytes, entities::decode(text, bump).trim_ascii());
            self.path.leave();
        }
    }
}

/// Every element of `text` that holds text and no elements, by its own name.
pub(super) fn texts<'e>(text: &'e [u8], bump: &'e Bump) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
    let mut cursor = Cursor { raw: text, pos: 0 };
    let mut leaves = Leaves::new(bump);
    while let Some(tag) = cursor.tag() {
        if let Tag::Start(start) = tag
            && !start.is_empty
            && start.name.len() <= MAX_NAME_BYTES
            && let Some(text) = cursor.leaf()
        {
            leaves.add(start.name, entities::decode(text, bump).trim_ascii());
        }
    }
    leaves.finish()
}

/// The names of the open elements, joined by dots.
struct ElementPath<'e> {
    bytes: BumpVec<'e, u8>,
    /// How long it was before each of them was opened.
    lengths: BumpVec<'e, usize>,
}

impl ElementPath<'_> {
    fn has_room(&self, name: &[u8]) -> bool {
        self.lengths.len() < MAX_DEPTH && self.bytes.len() + name.len() < MAX_NAME_BYTES
    }

    fn enter(&mut self, name: &[u8]) {
        self.lengths.push(self.bytes.len());
        if !self.bytes.is_empty() {
            self.bytes.push(b'.');
        }
        self.bytes.extend_from_slice(name);
    }

    fn leave(&mut self) {
        let length = self.lengths.pop().unwrap_or(0);
        self.bytes.truncate(length);
    }
}

/// Texts by their names, in the order in which the names first stand. Empty texts are none.
struct Leaves<'e> {
    bump: &'e Bump,
    places: HashMap<&'e [u8], usize, FixedState>,
    found: BumpVec<'e, (&'e [u8], BumpVec<'e, &'e [u8]>)>,
}

impl<'e> Leaves<'e> {
    fn new(bump: &'e Bump) -> Self {
        Self { bump, places: HashMap::default(), found: BumpVec::new_in(bump) }
    }

    fn add(&mut self, name: &[u8], text: &'e [u8]) {
        if text.is_empty() {
            return;
        }
        match self.places.get(name) {
            Some(&place) => self.found[place].1.push(text),
            None if self.found.len() < MAX_FIELDS => {
                let name = self.bump.alloc_slice_copy(name);
                self.places.insert(name, self.found.len());
                self.found.push((name, bumpalo::vec![in self.bump; text]));
            }
            None => {}
        }
    }

    fn finish(self) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
        let values = self.found.into_iter();
        let values = values.map(|(name, texts)| (name, Value::from_list(texts.into_bump_slice())));
        BumpVec::from_iter_in(values, self.bump)
    }
}

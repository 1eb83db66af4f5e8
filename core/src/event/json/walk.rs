//! Goes through an object leaf by leaf, and knows the path to each.
//!
//! The paths are Splunk's: `a.b` in objects within objects, `a{}` for the elements of an array, `a{}.b` below these. The
//! walk keeps its own stack, bounded, so nesting costs neither stack nor time; what lies deeper than [`MAX_DEPTH`] or has
//! a longer path than [`MAX_NAME_BYTES`] is passed over and counted. It ends where the text ends or makes no sense.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{
    cursor::{Cursor, Written},
    escapes::unescape,
};
use crate::event::rows::{MAX_DEPTH, MAX_NAME_BYTES};

/// A string, number or word of an object. Null is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf<'e> {
    /// Its text as written.
    pub(super) written: Written<'e>,
    /// Whether it has the name of the leaf before it, as its neighbour in an array.
    pub(super) repeats_name: bool,
}

/// A walk through one object.
pub(super) struct Walker<'e> {
    cursor: Cursor<'e>,
    bump: &'e Bump,
    /// Whether to enter the container of that path.
    enters: fn(&[u8]) -> bool,
    open: BumpVec<'e, Open>,
    /// The path to the innermost open container, and behind it the key of the last leaf.
    path: BumpVec<'e, u8>,
    /// The name of the last leaf, where it is a member of the whole object and holds no escapes.
    top_key: Option<&'e [u8]>,
    has_named: bool,
    lost: u64,
}

/// A container that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    is_array: bool,
    /// How long the path to it is.
    path_bytes: usize,
}

impl<'e> Leaf<'e> {
    /// The text that it stands for.
    pub(super) fn text(self, bump: &'e Bump) -> &'e [u8] {
        if self.written.is_escaped { unescape(self.written.text, bump) } else { self.written.text }
    }
}

impl<'e> Walker<'e> {
    /// A walk through all of `raw`.
    pub(super) fn new(raw: &'e [u8], bump: &'e Bump) -> Self {
        Self::entering(raw, bump, |_| true)
    }

    /// A walk through all of `text`, which may also be an array.
    pub(super) fn whole(text: &'e [u8], bump: &'e Bump) -> Self {
        let mut walker = Self::new(text, bump);
        if walker.cursor.eat(b'[') {
            walker.path.extend_from_slice(b"{}");
            walker.open.push(Open { is_array: true, path_bytes: walker.path.len() });
        }
        walker
    }

    /// A walk that passes over the containers whose paths `enters` does not want.
    pub(super) fn entering(raw: &'e [u8], bump: &'e Bump, enters: fn(&[u8]) -> bool) -> Self {
        let mut cursor = Cursor::new(raw);
        let mut open = BumpVec::new_in(bump);
        if cursor.eat(b'{') {
            open.push(Open { is_array: false, path_bytes: 0 });
        }
        let path = BumpVec::new_in(bump);
        Self { cursor, bump, enters, open, path, top_key: None, has_named: false, lost: 0 }
    }

    /// The next leaf; its name is [`Walker::name`].
    pub(super) fn next(&mut self) -> Option<Leaf<'e>> {
        loop {
            let open = *self.open.last()?;
            self.cursor.skip_separators();
            match self.cursor.peek()? {
                b'}' | b']' => self.close(),
                _ if open.is_array => {
                    if let Some(leaf) = self.element()? {
                        return Some(leaf);
                    }
                }
                _ => {
                    if let Some(leaf) = self.member(open)? {
                        return Some(leaf);
                    }
                }
            }
        }
    }

    /// The path of the last leaf.
    pub(super) fn name(&self) -> &[u8] {
        self.top_key.unwrap_or(&self.path)
    }

    /// The same, for keeps.
    pub(super) fn kept_name(&self) -> &'e [u8] {
        self.top_key.unwrap_or_else(|| self.bump.alloc_slice_copy(&self.path))
    }

    /// How many values were passed over because of a bound.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    fn close(&mut self) {
        self.cursor.skip_end();
        self.open.pop();
        self.has_named = false;
    }

    /// The next element of an array, if it is a leaf. The outer none: nothing that makes sense follows.
    fn element(&mut self) -> Option<Option<Leaf<'e>>> {
        let path_bytes = self.open.last()?.path_bytes;
        self.path.truncate(path_bytes);
        if let Some(b'{' | b'[') = self.cursor.peek() {
            self.enter();
            return Some(None);
        }
        let repeats_name = std::mem::replace(&mut self.has_named, true);
        self.top_key = None;
        Some(self.leaf()?.map(|written| Leaf { written, repeats_name }))
    }

    /// The next member of an object, if it is a leaf.
    fn member(&mut self, open: Open) -> Option<Option<Leaf<'e>>> {
        let key = self.cursor.key()?;
        self.path.truncate(open.path_bytes);
        self.has_named = false;
        let is_container = matches!(self.cursor.peek(), Some(b'{' | b'['));
        let is_on_top = self.open.len() == 1 && !key.is_escaped && !is_container;
        self.top_key = is_on_top.then_some(key.text);
        if !is_on_top {
            self.extend_path(key);
        }
        if is_container {
            self.enter();
            return Some(None);
        }
        let written = self.leaf()?;
        if self.name().len() > MAX_NAME_BYTES {
            self.lost += u64::from(written.is_some());
            return Some(None);
        }
        Some(written.map(|written| Leaf { written, repeats_name: false }))
    }

    fn extend_path(&mut self, key: Written<'e>) {
        if !self.path.is_empty() {
            self.path.push(b'.');
        }
        let key = if key.is_escaped { unescape(key.text, self.bump) } else { key.text };
        self.path.extend_from_slice(key);
    }

    /// Opens the container at the cursor, whose path has just been made, or passes over it.
    fn enter(&mut self) {
        let is_array = self.cursor.peek() == Some(b'[');
        if is_array {
            self.path.extend_from_slice(b"{}");
        }
        self.has_named = false;
        let is_bounded = self.open.len() < MAX_DEPTH && self.path.len() <= MAX_NAME_BYTES;
        self.lost += u64::from(!is_bounded);
        if is_bounded && (self.enters)(&self.path) {
            self.cursor.skip_end();
            self.open.push(Open { is_array, path_bytes: self.path.len() });
        } else {
            self.cursor.skip_container();
        }
    }

    /// The leaf at the cursor; the inner none is null.
    fn leaf(&mut self) -> Option<Option<Written<'e>>> {
        if self.cursor.eat(b'"') {
            return Some(Some(self.cursor.string()));
        }
        match self.cursor.scalar() {
            b"" => None,
            b"null" => Some(None),
            text => Some(Some(Written { text, is_escaped: false })),
        }
    }
}

//! The fields that an event itself holds, as the reader of its format found them.

use std::cell::Cell;

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{entities, json};
use crate::{
    names::{Name, Names},
    value::Value,
};

/// An event has at most this many fields of its own; what is beyond is not seen, but counted.
pub const MAX_FIELDS: usize = 512;

/// How the text of a field is written where it is not written as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// With entities, character references, CDATA or comments of XML.
    Xml,
    /// With the escapes of JSON.
    Json,
}

/// A field as the event itself holds it.
#[derive(Clone, Copy, Debug)]
pub struct Native<'e> {
    /// Its name.
    pub name: Name<'e>,
    value: Value<'e>,
    encoding: Option<Encoding>,
    hidden: bool,
}

/// Gathers the own fields of an event: the first of a name counts, and at most [`MAX_FIELDS`].
pub struct Natives<'e> {
    names: &'e Names,
    bump: &'e Bump,
    found: BumpVec<'e, Native<'e>>,
    lost: u64,
}

impl<'e> Natives<'e> {
    /// No field yet.
    #[must_use]
    pub fn new(names: &'e Names, bump: &'e Bump) -> Self {
        Self { names, bump, found: BumpVec::new_in(bump), lost: 0 }
    }

    /// Where decoded names and values live.
    #[must_use]
    pub fn bump(&self) -> &'e Bump {
        self.bump
    }

    /// A field, unless one of that name is there or `value` is null.
    pub fn add(&mut self, name: &'e [u8], value: Value<'e>) {
        self.insert(name, value, None, false);
    }

    /// A field that is decoded when it is first read.
    pub fn add_encoded(&mut self, name: &'e [u8], text: &'e [u8], encoding: Encoding) {
        self.insert(name, Value::Text(text), Some(encoding), false);
    }

    /// A field that can be named, but that no wildcard and no `values(*)` shows: a second name of another one.
    pub fn add_hidden(&mut self, name: &'e [u8], value: Value<'e>) {
        self.insert(name, value, None, true);
    }

    fn insert(
        &mut self,
        name: &'e [u8],
        value: Value<'e>,
        encoding: Option<Encoding>,
        hidden: bool,
    ) {
        let name = self.names.name(name);
        if value.is_null() || self.found.iter().any(|native| native.name == name) {
            return;
        }
        if self.found.len() == MAX_FIELDS {
            self.lost += 1;
        } else {
            self.found.push(Native { name, value, encoding, hidden });
        }
    }

    /// The fields in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Native<'e>> {
        self.found.iter()
    }

    /// The field of that name, decoded; null where there is none.
    #[must_use]
    pub fn get(&self, name: Name<'_>) -> Value<'e> {
        let found = self.found.iter().find(|native| native.name == name);
        found.map_or(Value::Null, |native| native.decoded(self.bump))
    }

    /// Counts fields that the reader of a format has left out.
    pub fn lose(&mut self, fields: u64) {
        self.lost += fields;
    }

    /// Adds to `count` how many fields were left out beyond [`MAX_FIELDS`].
    pub fn count_lost(&self, count: &Cell<u64>) {
        count.set(count.get() + self.lost);
    }
}

impl<'e> Native<'e> {
    /// The value that rules see.
    #[must_use]
    pub fn decoded(&self, bump: &'e Bump) -> Value<'e> {
        let (Value::Text(text), Some(encoding)) = (self.value, self.encoding) else {
            return self.value;
        };
        let text = match encoding {
            Encoding::Xml => entities::decode(text, bump),
            Encoding::Json => json::unescape(text, bump),
        };
        if text.is_empty() { Value::Null } else { Value::Text(text) }
    }

    /// Whether wildcards see it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.hidden
    }
}

//! The field names that rules and knowledge name, each a [`FieldId`].
//!
//! Names that are met only at run time (`values(*)`, JSON keys) never enter this table: they live in the event's or the
//! window's arena as [`Name::Other`], so hostile events cannot make it grow.

use foldhash::quality::FixedState;
use hashbrown::HashMap;

use crate::ids::FieldId;

/// The names of one rule set.
#[derive(Clone, Debug)]
pub struct Names {
    texts: Vec<Box<str>>,
    ids: HashMap<Box<[u8]>, FieldId, FixedState>,
}

/// A field name of a row. The order is any that is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name<'e> {
    /// A name of the table. A name that is in the table is never written as `Other`.
    Known(FieldId),
    /// A name met at run time.
    Other(&'e [u8]),
}

/// Declares the names that every table starts with.
macro_rules! builtin {
    ($($constant:ident = $index:literal, $text:literal;)*) => {
        impl Names {
            $(#[doc = concat!("`", $text, "`.")] pub const $constant: FieldId = FieldId::builtin($index);)*
            const BUILTIN: &'static [&'static str] = &[$($text),*];
        }
    };
}

builtin! {
    TIME = 0, "_time";
    RAW = 1, "_raw";
    HOST = 2, "host";
    SOURCE = 3, "source";
    SOURCETYPE = 4, "sourcetype";
    INDEX = 5, "index";
    CHANNEL = 6, "Channel";
    EVENT_ID = 7, "EventID";
    EVENT_CODE = 8, "EventCode";
}

impl Default for Names {
    fn default() -> Self {
        let mut names =
            Self { texts: Vec::new(), ids: HashMap::with_hasher(FixedState::default()) };
        for text in Self::BUILTIN {
            names.intern(text);
        }
        names
    }
}

impl Names {
    /// The id of `text`, which enters the table if it is new. Used while a rule set is built.
    pub fn intern(&mut self, text: &str) -> FieldId {
        if let Some(&id) = self.ids.get(text.as_bytes()) {
            return id;
        }
        let id = FieldId::new(self.texts.len());
        self.texts.push(text.into());
        self.ids.insert(text.as_bytes().into(), id);
        id
    }

    /// The id of `text`, if some rule or the knowledge names it.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<FieldId> {
        self.ids.get(text).copied()
    }

    /// `text` as a name of a row.
    #[must_use]
    pub fn name<'e>(&self, text: &'e [u8]) -> Name<'e> {
        self.find(text).map_or(Name::Other(text), Name::Known)
    }

    /// Whether `field` is what is said of an event, or its whole text, and no part of it.
    #[must_use]
    pub fn is_metadata(field: FieldId) -> bool {
        field.index() <= Self::INDEX.index()
    }

    /// The text of `id`.
    #[must_use]
    pub fn text(&self, id: FieldId) -> &str {
        &self.texts[id.index()]
    }

    /// The bytes of `name`.
    #[must_use]
    pub fn bytes<'a>(&'a self, name: Name<'a>) -> &'a [u8] {
        match name {
            Name::Known(id) => self.text(id).as_bytes(),
            Name::Other(text) => text,
        }
    }

    /// The names beyond those that every table starts with, in the order of their ids.
    pub(crate) fn own(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().skip(Self::BUILTIN.len()).map(|text| &**text)
    }

    /// How many names there are: the size of a table that is indexed by [`FieldId`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no name; never true, for the built-in ones are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

//! What an event is an example of, and what its values are tagged with: the fields `eventtype`, `tag` and `tag::field`.
//!
//! Every event type is a search, so finding an event's types costs as many tests; it is done once, when a rule first reads
//! one of these fields.

use std::cell::RefCell;

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::Event;
use crate::{
    expr::search::Search,
    ids::FieldId,
    row::{Env, Fields},
    value::Value,
};

/// The event types and tags of a rule set.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// The event types; one that tests others comes after them.
    pub eventtypes: Vec<Eventtype>,
    /// The fields whose values have tags.
    pub tagged: Vec<Tagged>,
    /// The fields that hold labels.
    pub fields: Vec<(FieldId, Label)>,
}

/// A name for the events that a search finds.
#[derive(Clone, Debug)]
pub struct Eventtype {
    /// Its name.
    pub name: Box<str>,
    /// Finds its events.
    pub search: Search,
}

/// A field whose values have tags.
#[derive(Clone, Debug)]
pub struct Tagged {
    /// The field.
    pub field: FieldId,
    /// Its values that have tags, in order.
    pub values: Vec<TaggedValue>,
}

/// A value and its tags.
#[derive(Clone, Debug)]
pub struct TaggedValue {
    /// The value.
    pub text: Box<[u8]>,
    /// Its tags.
    pub tags: Box<[Box<str>]>,
}

/// What a field of labels holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `eventtype`.
    Eventtype,
    /// `tag`: the tags of all fields.
    Tag,
    /// `tag::field`: those of the field at that place of [`Labels::tagged`].
    TagOf(usize),
}

impl Labels {
    /// What `field` holds, if it holds labels.
    #[must_use]
    pub fn label(&self, field: FieldId) -> Option<Label> {
        self.fields.iter().find(|(known, _)| *known == field).map(|(_, label)| *label)
    }

    /// The value of a field of labels.
    pub(super) fn value<'e>(&'e self, label: Label, event: &Event<'e>, env: Env<'e>) -> Value<'e> {
        match label {
            Label::Eventtype => self.eventtypes_of(event, env),
            Label::Tag => tags(&self.tagged, event, env.bump),
            Label::TagOf(place) => tags(&self.tagged[place..=place], event, env.bump),
        }
    }

    fn eventtypes_of<'e>(&'e self, event: &Event<'e>, env: Env<'e>) -> Value<'e> {
        let found = RefCell::new(BumpVec::new_in(env.bump));
        let typed = Typed { event, labels: self, found: &found, bump: env.bump };
        for eventtype in &self.eventtypes {
            if eventtype.search.test(&typed, env) {
                found.borrow_mut().push(eventtype.name.as_bytes());
            }
        }
        sorted(found.into_inner())
    }
}

/// The tags that the values of some fields have.
fn tags<'e>(tagged: &'e [Tagged], event: &Event<'e>, bump: &'e Bump) -> Value<'e> {
    let mut tags = BumpVec::new_in(bump);
    for Tagged { field, values } in tagged {
        for text in event.get(*field).texts(bump) {
            if let Ok(place) = values.binary_search_by(|value| (*value.text).cmp(text)) {
                tags.extend(values[place].tags.iter().map(|tag| tag.as_bytes()));
            }
        }
    }
    sorted(tags)
}

/// The distinct labels, in order.
fn sorted<'e>(mut labels: BumpVec<'e, &'e [u8]>) -> Value<'e> {
    labels.sort_unstable();
    labels.dedup();
    Value::from_list(labels.into_bump_slice())
}

/// The event as event types see it: with the types that were found before, and without tags.
struct Typed<'a, 'e> {
    event: &'a Event<'e>,
    labels: &'a Labels,
    found: &'a RefCell<BumpVec<'e, &'e [u8]>>,
    bump: &'e Bump,
}

impl<'e> Fields<'e> for Typed<'_, 'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        match self.labels.label(field) {
            None => self.event.get(field),
            Some(Label::Eventtype) => {
                Value::from_list(self.bump.alloc_slice_copy(&self.found.borrow()))
            }
            Some(Label::Tag | Label::TagOf(_)) => Value::Null,
        }
    }

    fn any_raw_text(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.event.any_raw_text(passes)
    }

    fn event_id(&self) -> Option<&'e [u8]> {
        self.event.event_id()
    }
}

//! Bytes to fields, lazily.
//!
//! An [`Event`] finds nothing until a stage asks. Its own fields are then found in one pass and borrowed from the raw
//! bytes; what the knowledge makes of them (aliases, calculated fields) is worked out when it is first read, and kept for
//! every other rule that reads it.

pub mod audit;
mod clean;
pub mod detect;
pub mod entities;
pub mod json;
pub mod kv;
pub mod mapping;
mod meta;
mod natives;
pub mod rows;
pub mod selector;
pub mod syslog;
pub mod time;
pub mod wintext;
pub mod winxml;

use std::cell::{Cell, OnceCell};

use bumpalo::{Bump, collections::Vec as BumpVec};

use crate::{
    config::Input,
    expr::program::Scope,
    ids::FieldId,
    names::{Name, Names},
    row::{Base, Env, Fields},
    value::Value,
};
use detect::Format;
use mapping::{Class, Mapping};
use rows::RowError;

pub use meta::{Meta, Told};
pub use natives::{Encoding, MAX_FIELDS, Native, Natives};

/// What the caller knows of an event beside its bytes. Nothing here is required.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// When it happened, in nanoseconds since the epoch, for events that do not say so themselves.
    pub time_ns: Option<i64>,
    /// The host it happened on; the event's own wins.
    pub host: Option<&'a [u8]>,
    /// Splunk's `source`.
    pub source: Option<&'a [u8]>,
    /// Splunk's `sourcetype`.
    pub sourcetype: Option<&'a [u8]>,
    /// Splunk's `index`.
    pub index: Option<&'a [u8]>,
    /// The number of the input that it came from: the file among the files of a run.
    pub input: u32,
    /// Its number within that input.
    pub offset: u64,
}

/// What is known of a field already.
#[derive(Clone, Copy, Default)]
enum Memo<'e> {
    #[default]
    Unknown,
    Known(Value<'e>),
}

/// One event while rules look at it.
pub struct Event<'e> {
    raw: Option<&'e [u8]>,
    meta: Meta<'e>,
    env: Env<'e>,
    natives: OnceCell<Natives<'e>>,
    lost_fields: Cell<u64>,
    class: Class<'e>,
    memo: &'e [Cell<Memo<'e>>],
}

impl<'e> Event<'e> {
    /// The event `raw` with the metadata `meta`; nothing else is read yet.
    #[must_use]
    pub fn new(raw: &'e [u8], meta: Meta<'e>, mapping: &'e Mapping, env: Env<'e>) -> Self {
        let class = mapping.class(&meta.metadata(), env.bump);
        let memo = env.bump.alloc_slice_fill_with(env.names.len(), |_| Cell::new(Memo::Unknown));
        let (natives, lost_fields) = (OnceCell::new(), Cell::new(0));
        Self { raw: Some(raw), meta, env, natives, lost_fields, class, memo }
    }

    /// A row that is fields already: one JSON object. The knowledge does not apply to it.
    ///
    /// # Errors
    /// If `line` is no JSON object.
    pub fn of_row(line: &'e [u8], head: &Head<'e>, env: Env<'e>) -> Result<Self, RowError> {
        let row = rows::fields(line, env.bump)?;
        let meta = Meta::given(Format::Rows, head).with_fields(&row.fields, env);
        let event = Self::of_natives(None, &row.fields, meta, &NO_MAPPING, env);
        event.lost_fields.set(row.dropped as u64);
        Ok(event)
    }

    /// An event whose fields the caller has found already.
    #[must_use]
    pub fn of_fields(
        raw: Option<&'e [u8]>,
        fields: &[(&'e [u8], &'e [u8])],
        head: &Head<'e>,
        mapping: &'e Mapping,
        env: Env<'e>,
    ) -> Self {
        let present = fields.iter().filter(|(_, value)| !value.is_empty());
        let fields = present.map(|&(name, value)| (name, Value::Text(value)));
        let fields = BumpVec::from_iter_in(fields, env.bump);
        let meta = Meta::given(Format::Fields, head).with_fields(&fields, env);
        Self::of_natives(raw, &fields, meta.with_windows_fields(&fields, env), mapping, env)
    }

    fn of_natives(
        raw: Option<&'e [u8]>,
        fields: &[(&'e [u8], Value<'e>)],
        meta: Meta<'e>,
        mapping: &'e Mapping,
        env: Env<'e>,
    ) -> Self {
        let mut natives = Natives::new(env.names, env.bump);
        fields.iter().for_each(|&(name, value)| natives.add(name, value));
        Self { raw, natives: OnceCell::from(natives), ..Self::new(b"", meta, mapping, env) }
    }

    /// When and where it happened.
    #[must_use]
    pub fn meta(&self) -> &Meta<'e> {
        &self.meta
    }

    /// How many fields were left out beyond [`MAX_FIELDS`], as far as the event was read.
    #[must_use]
    pub fn lost_fields(&self) -> u64 {
        self.lost_fields.get()
    }

    fn natives(&self) -> &Natives<'e> {
        self.natives.get_or_init(|| {
            let mut natives = Natives::new(self.env.names, self.env.bump);
            if let Some(raw) = self.raw {
                self.find_natives(raw, &mut natives);
            }
            natives.count_lost(&self.lost_fields);
            natives
        })
    }

    fn find_natives(&self, raw: &'e [u8], natives: &mut Natives<'e>) {
        let body = &raw[self.meta.body_start..];
        match self.meta.format {
            Format::WinXml => winxml::find(body, natives),
            Format::WinText => wintext::find(body, natives),
            Format::Json => json::find(body, natives),
            Format::Audit => audit::find(body, natives),
            Format::Kv => kv::find(body, natives),
            Format::Rows | Format::Fields => {}
        }
    }

    fn any_name_or_value(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.natives().iter().any(|native| {
            let value = native.decoded(self.env.bump);
            passes(self.env.names.bytes(native.name))
                || value.texts(self.env.bump).iter().any(|text| passes(text))
        })
    }

    /// The field before calculations: an own field, under its own name or an alias.
    fn aliased(&self, field: FieldId) -> Value<'e> {
        self.class.aliases(field).fold(self.own(field), |value, alias| {
            if alias.keeps_existing && !value.is_null() { value } else { self.own(alias.from) }
        })
    }

    /// Metadata, or a field that the event itself holds.
    fn own(&self, field: FieldId) -> Value<'e> {
        let metadata = match field {
            // Rows keep the text of their `_time`.
            Names::TIME if self.meta.format != Format::Rows => {
                self.meta.time_ns.map(|time_ns| Value::Number(time::seconds(time_ns)))
            }
            Names::RAW => self.raw.map(Value::Text),
            Names::HOST => self.meta.host.map(Value::Text),
            Names::SOURCE => self.meta.source.map(Value::Text),
            Names::SOURCETYPE => self.meta.sourcetype.map(Value::Text),
            Names::INDEX => self.meta.index.map(Value::Text),
            _ => None,
        };
        metadata.unwrap_or_else(|| self.natives().get(Name::Known(field)))
    }
}

/// The mapping of rows: their fields are final.
static NO_MAPPING: Mapping = Mapping { stanzas: Vec::new() };

/// Visits the text of every field of `raw` that does not stand in `raw` as rules see it: it is decoded, joined or put
/// together. A scan of `raw` alone would miss what these hold. Visits nothing, at little cost, where there is no such field.
pub fn rewritten_values<'e>(
    raw: &'e [u8],
    input: Input,
    bump: &'e Bump,
    visit: &mut dyn FnMut(&[u8]),
) {
    let shape = detect::shape(raw, input);
    let body = &raw[shape.body_start..];
    match shape.format {
        Format::WinXml => winxml::rewritten_values(body, bump, visit),
        Format::Json => json::rewritten_values(body, bump, visit),
        Format::Audit => audit::rewritten_values(body, bump, visit),
        Format::WinText | Format::Kv | Format::Rows | Format::Fields => {}
    }
}

impl<'e> Fields<'e> for Event<'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        let memo = &self.memo[field.index()];
        if let Memo::Known(value) = memo.get() {
            return value;
        }
        let value = match self.class.calculation(field) {
            Some(expr) => expr.value(&Scope { fields: &Uncalculated(self), env: self.env }),
            None => self.aliased(field),
        };
        memo.set(Memo::Known(value));
        value
    }

    fn any_raw_text(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        match self.get(Names::RAW) {
            Value::Text(raw) => passes(raw),
            _ => self.meta.format == Format::Fields && self.any_name_or_value(passes),
        }
    }

    fn event_id(&self) -> Option<&'e [u8]> {
        self.meta.event_id
    }
}

impl<'e> Base<'e> for Event<'e> {
    fn visit(&self, visit: &mut dyn FnMut(Name<'e>, Value<'e>)) {
        let mut seen =
            BumpVec::from_iter_in(std::iter::repeat_n(false, self.env.names.len()), self.env.bump);
        let builtin =
            [Names::TIME, Names::HOST, Names::SOURCE, Names::SOURCETYPE, Names::INDEX, Names::RAW];
        let mut visit_known = |field: FieldId, visit: &mut dyn FnMut(Name<'e>, Value<'e>)| {
            if !std::mem::replace(&mut seen[field.index()], true) {
                visit(Name::Known(field), self.get(field));
            }
        };
        builtin.into_iter().for_each(|field| visit_known(field, visit));
        for native in self.natives().iter().filter(|native| native.is_shown()) {
            match native.name {
                Name::Known(field) => visit_known(field, visit),
                Name::Other(_) => visit(native.name, native.decoded(self.env.bump)),
            }
        }
        self.class.produced().for_each(|field| visit_known(field, visit));
    }

    fn get_other(&self, name: &[u8]) -> Value<'e> {
        self.natives().get(Name::Other(name))
    }
}

/// The event as calculated fields see it: they read own fields and aliases, and never each other.
struct Uncalculated<'a, 'e>(&'a Event<'e>);

impl<'e> Fields<'e> for Uncalculated<'_, 'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        self.0.aliased(field)
    }
}

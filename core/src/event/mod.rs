//! Bytes to fields, lazily.
//!
//! An [`Event`] finds nothing until a stage asks. Its own fields are then found in one pass and borrowed from the raw
//! bytes; what the knowledge makes of them (aliases, calculated fields) is worked out when it is first read, and kept for
//! every other rule that reads it.

pub mod detect;
pub mod entities;
pub mod mapping;
pub mod rows;
pub mod selector;
pub mod time;
pub mod winxml;

use std::cell::{Cell, OnceCell};

use bumpalo::{Bump, collections::Vec as BumpVec};
use jiff::tz::TimeZone;

use crate::{
    expr::program::Scope,
    ids::FieldId,
    names::{Name, Names},
    row::{Base, Env, Fields},
    value::Value,
};
use detect::Format;
use mapping::{Class, Mapping};
use rows::RowError;
use selector::Metadata;
use winxml::System;

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

/// A field as the event itself holds it.
#[derive(Clone, Copy, Debug)]
struct Native<'e> {
    name: Name<'e>,
    value: Value<'e>,
    /// Whether the text holds entities that are decoded when it is read.
    encoded: bool,
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

/// When and where an event happened, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Meta<'e> {
    /// How its bytes are to be read.
    pub format: Format,
    /// Nanoseconds since the epoch.
    pub time_ns: Option<i64>,
    /// Where it happened.
    pub host: Option<&'e [u8]>,
    /// Splunk's `source`.
    pub source: Option<&'e [u8]>,
    /// What Splunk calls the source of a Windows event: the knowledge holds for it whatever the caller calls it.
    pub channel_source: Option<&'e [u8]>,
    /// Splunk's `sourcetype`.
    pub sourcetype: Option<&'e [u8]>,
    /// Splunk's `index`.
    pub index: Option<&'e [u8]>,
    /// The event id of a Windows event.
    pub event_id: Option<&'e [u8]>,
}

impl<'e> Meta<'e> {
    /// Reads `raw`, and takes from `head` what the event does not say itself.
    #[must_use]
    pub fn read(raw: &'e [u8], head: &Head<'e>, env: Env<'e>) -> Self {
        let format = detect::detect(raw);
        let given = Self::given(format, head);
        match format {
            Format::WinXml => given.with_system(raw, env),
            _ => given,
        }
    }

    fn metadata(&self) -> Metadata<'e> {
        Metadata {
            sources: [self.source, self.channel_source],
            sourcetype: self.sourcetype,
            host: self.host,
        }
    }

    fn given(format: Format, head: &Head<'e>) -> Self {
        Self {
            format,
            time_ns: head.time_ns,
            host: head.host,
            source: head.source,
            channel_source: None,
            sourcetype: head.sourcetype,
            index: head.index,
            event_id: None,
        }
    }

    /// Reads only when and where `raw` happened: all that an event which no rule selects can change.
    #[must_use]
    pub fn read_time_and_host(raw: &'e [u8], head: &Head<'e>, env: Env<'e>) -> Self {
        let format = detect::detect(raw);
        let given = Self::given(format, head);
        match format {
            Format::WinXml => given.with_time_and_host(&winxml::system(raw), raw, env.bump),
            _ => given,
        }
    }

    /// Windows XML: its System element has the time, the host and the channel.
    fn with_system(self, raw: &'e [u8], env: Env<'e>) -> Self {
        let system = winxml::system(raw);
        let channel = system.channel.map(|channel| entities::decode(channel, env.bump));
        Self { event_id: system.event_id, ..self }
            .with_time_and_host(&system, raw, env.bump)
            .with_channel(channel, env.bump)
    }

    fn with_time_and_host(self, system: &System<'e>, raw: &'e [u8], bump: &'e Bump) -> Self {
        let time_ns = system
            .system_time
            .and_then(|text| time::parse(text, &TimeZone::UTC))
            .or_else(|| utc_time(raw))
            .or(self.time_ns);
        let host = system.computer.map(|computer| entities::decode(computer, bump));
        Self { time_ns, host: host.or(self.host), ..self }
    }

    /// Splunk's name for the channel of a Windows event; where the caller names neither, it is source and sourcetype.
    fn with_channel(self, channel: Option<&'e [u8]>, bump: &'e Bump) -> Self {
        let channel_source = channel.map(|channel| {
            let mut source = BumpVec::from_iter_in(*CHANNEL_PREFIX, bump);
            source.extend_from_slice(channel);
            source.into_bump_slice()
        });
        let named = self.source.is_some() || self.sourcetype.is_some();
        let (source, sourcetype) =
            if named { (self.source, self.sourcetype) } else { (channel_source, channel_source) };
        Self { source, sourcetype, channel_source, ..self }
    }

    /// Rows and parsed events: the fields say it.
    fn with_fields(self, fields: &[(&'e [u8], Value<'e>)], env: Env<'e>) -> Self {
        let find = |name: &[u8]| {
            let value = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
            value.and_then(|value| value.text(env.bump))
        };
        let time_ns = find(b"_time").and_then(|text| time::of_value(Value::Text(text), env.bump));
        Self {
            time_ns: time_ns.or(self.time_ns),
            host: find(b"host").or(self.host),
            source: find(b"source").or(self.source),
            sourcetype: find(b"sourcetype").or(self.sourcetype),
            index: find(b"index").or(self.index),
            ..self
        }
    }

    /// A Windows event that another program has parsed: the native names say it.
    fn with_windows_fields(self, fields: &[(&'e [u8], Value<'e>)], env: Env<'e>) -> Self {
        let find = |names: &[&[u8]]| {
            let of_name = |name: &&[u8]| fields.iter().find(|(field, _)| field == name);
            names.iter().find_map(of_name).and_then(|(_, value)| value.text(env.bump))
        };
        let time = find(&[b"SystemTime", b"TimeCreated", b"UtcTime"]);
        Self {
            time_ns: time.and_then(|text| time::parse(text, &TimeZone::UTC)).or(self.time_ns),
            host: find(&[b"Computer", b"ComputerName", b"Hostname"]).or(self.host),
            event_id: find(&[b"EventID", b"EventCode"]),
            ..self.with_channel(find(&[b"Channel"]), env.bump)
        }
    }
}

const CHANNEL_PREFIX: &[u8; 15] = b"XmlWinEventLog:";

/// Sysmon's own `UtcTime`, for an event without a TimeCreated.
fn utc_time(raw: &[u8]) -> Option<i64> {
    let native = winxml::fields(raw).find(|native| native.name == b"UtcTime")?;
    time::parse(native.value, &TimeZone::UTC)
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
        let mut natives = Natives::new(env);
        for &(name, value) in fields {
            natives.add(name, value, false);
        }
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

    fn natives(&self) -> &[Native<'e>] {
        let natives = self.natives.get_or_init(|| {
            let mut natives = Natives::new(self.env);
            if let (Format::WinXml, Some(raw)) = (self.meta.format, self.raw) {
                for found in winxml::fields(raw) {
                    let name = found.field_name(self.env.bump);
                    natives.add(name, Value::Text(found.value), found.encoded);
                }
            }
            self.lost_fields.set(natives.lost);
            natives
        });
        &natives.found
    }

    /// The event's own field, its entities decoded.
    fn native(&self, name: Name<'_>) -> Value<'e> {
        let found = self.natives().iter().find(|native| native.name == name);
        found.map_or(Value::Null, |native| self.decoded(native))
    }

    fn decoded(&self, native: &Native<'e>) -> Value<'e> {
        match native.value {
            Value::Text(text) if native.encoded => {
                let text = entities::decode(text, self.env.bump);
                if text.is_empty() { Value::Null } else { Value::Text(text) }
            }
            value => value,
        }
    }

    fn any_name_or_value(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.natives().iter().any(|native| {
            passes(self.env.names.bytes(native.name))
                || native.value.texts(self.env.bump).iter().any(|text| passes(text))
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
        metadata.unwrap_or_else(|| self.native(Name::Known(field)))
    }
}

/// The mapping of rows: their fields are final.
static NO_MAPPING: Mapping = Mapping { stanzas: Vec::new() };

/// Gathers the own fields of an event: the first of a name counts, and at most [`MAX_FIELDS`].
struct Natives<'e> {
    env: Env<'e>,
    found: BumpVec<'e, Native<'e>>,
    lost: u64,
}

impl<'e> Natives<'e> {
    fn new(env: Env<'e>) -> Self {
        Self { env, found: BumpVec::new_in(env.bump), lost: 0 }
    }

    fn add(&mut self, name: &'e [u8], value: Value<'e>, encoded: bool) {
        let name = self.env.names.name(name);
        if self.found.len() == MAX_FIELDS {
            self.lost += 1;
        } else if !self.found.iter().any(|native| native.name == name) {
            self.found.push(Native { name, value, encoded });
        }
    }
}

/// An event has at most this many fields of its own; what is beyond is not seen, but counted.
pub const MAX_FIELDS: usize = 512;

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
        for native in self.natives() {
            match native.name {
                Name::Known(field) => visit_known(field, visit),
                Name::Other(_) => visit(native.name, self.decoded(native)),
            }
        }
        self.class.produced().for_each(|field| visit_known(field, visit));
    }

    fn get_other(&self, name: &[u8]) -> Value<'e> {
        self.native(Name::Other(name))
    }
}

/// The event as calculated fields see it: they read own fields and aliases, and never each other.
struct Uncalculated<'a, 'e>(&'a Event<'e>);

impl<'e> Fields<'e> for Uncalculated<'_, 'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        self.0.aliased(field)
    }
}

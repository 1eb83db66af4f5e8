//! Bytes to fields, lazily.
//!
//! An [`Event`] finds nothing until a stage asks. Its own fields are then found in one pass and borrowed from the raw
//! bytes; what the knowledge makes of them (extractions, aliases, calculated fields, lookups) is worked out when it is first read,
//! and kept for every other rule that reads it. Even what kind of event it is, which decides what knowledge holds for it,
//! is asked only once a rule reads a field that the knowledge speaks of.

pub mod audit;
pub mod classes;
pub(crate) mod clean;
pub mod detect;
pub mod entities;
mod event_ids;
pub mod extract;
pub mod json;
pub mod kv;
pub mod labels;
pub mod mapping;
mod meta;
mod natives;
pub mod paths;
pub mod recognise;
pub mod rows;
pub mod selector;
pub mod syslog;
mod tags;
pub mod time;
pub mod wintext;
pub mod winxml;
mod xml;

use std::cell::{Cell, OnceCell};

use bumpalo::{Bump, collections::Vec as BumpVec};

use crate::{
    config::Input,
    expr::{
        program::Scope,
        terms::{Route, verdict},
    },
    ids::FieldId,
    lookup::{self, Lookup},
    names::{Name, Names},
    row::{Base, Env, Fields},
    value::Value,
};
use classes::{Asked, Classes, Known};
use detect::Format;
use extract::{Extraction, Found};
use mapping::Mapping;
use rows::RowError;
use selector::Metadata;

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

impl Head<'_> {
    /// The same for one of several events that came as one text: each has a number of its own. They stay apart from
    /// other events as long as an input holds fewer than 2^40.
    #[must_use]
    pub fn of_part(&self, part: u64) -> Self {
        Self { offset: self.offset.wrapping_add(part << 40), ..*self }
    }
}

impl<'a> From<&Head<'a>> for Head<'a> {
    fn from(head: &Head<'a>) -> Self {
        *head
    }
}

/// What is known of a field already.
#[derive(Clone, Copy, Default)]
enum Memo<'e> {
    #[default]
    Unknown,
    Known(Value<'e>),
}

/// A memo for each field, in pages that are made when the first field of one is read: a catalog names thousands of fields, and
/// an event is asked for few of them.
struct Memos<'e> {
    pages: &'e [OnceCell<&'e [Cell<Memo<'e>>]>],
}

impl<'e> Memos<'e> {
    const PAGE_FIELDS: usize = 32;

    fn new(fields: usize, bump: &'e Bump) -> Self {
        let pages = fields.div_ceil(Self::PAGE_FIELDS);
        Self { pages: bump.alloc_slice_fill_with(pages, |_| OnceCell::new()) }
    }

    fn of(&self, field: FieldId, bump: &'e Bump) -> &'e Cell<Memo<'e>> {
        let page = self.pages[field.index() / Self::PAGE_FIELDS]
            .get_or_init(|| bump.alloc_slice_fill_with(Self::PAGE_FIELDS, |_| Cell::default()));
        &page[field.index() % Self::PAGE_FIELDS]
    }
}

/// PERF: a search of the text for a name takes a twentieth of the time in which all fields are found.
const MOST_ASKED_ABSENT: u8 = 8;

/// What is known of the fields of events, whatever the event.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'e> {
    /// The knowledge of the rule set.
    pub mapping: &'e Mapping,
    /// What it says of the kinds of events that were met.
    pub classes: &'e Classes,
    /// Whether what is certain of a kind is taken for granted, and no event of it asked again.
    pub trusts_kinds: bool,
}

/// One event while rules look at it.
pub struct Event<'e> {
    raw: Option<&'e [u8]>,
    meta: Meta<'e>,
    env: Env<'e>,
    /// `None` for rows: their fields are final.
    knowledge: Option<Knowledge<'e>>,
    natives: OnceCell<Natives<'e>>,
    lost_fields: Cell<u64>,
    known: OnceCell<Known<'e>>,
    /// What each extraction of its class has found.
    extracted: OnceCell<&'e [OnceCell<Found<'e>>]>,
    has_plain_names: OnceCell<bool>,
    /// How often it was asked whether a field is absent.
    asked_absent: Cell<u8>,
    /// What the terms that rules share say of it, as far as they were asked.
    verdicts: OnceCell<&'e [verdict::Slot]>,
    /// What each lookup of its class has found.
    looked_up: OnceCell<&'e [OnceCell<lookup::Found<'e>>]>,
    memos: Memos<'e>,
}

/// The fields that have a value, each once, in the order of their first values.
fn grouped<'e>(
    fields: &[(&'e [u8], &'e [u8])],
    bump: &'e Bump,
) -> BumpVec<'e, (&'e [u8], Value<'e>)> {
    let present = fields.iter().enumerate().filter(|(_, (_, value))| !value.is_empty());
    let mut sorted = BumpVec::from_iter_in(present.map(|(index, _)| index), bump);
    sorted.sort_by_key(|&index| (fields[index].0, index));
    let mut groups = BumpVec::new_in(bump);
    for group in sorted.chunk_by(|&a, &b| fields[a].0 == fields[b].0) {
        let values = bump.alloc_slice_fill_iter(group.iter().map(|&index| fields[index].1));
        groups.push((group[0], (fields[group[0]].0, Value::from_list(values))));
    }
    groups.sort_by_key(|&(first, _)| first);
    BumpVec::from_iter_in(groups.into_iter().map(|(_, field)| field), bump)
}

impl<'e> Event<'e> {
    /// The event `raw` with the metadata `meta`; nothing else is read yet.
    #[must_use]
    pub fn new(raw: &'e [u8], meta: Meta<'e>, knowledge: Knowledge<'e>, env: Env<'e>) -> Self {
        Self { raw: Some(raw), ..Self::bare(meta, Some(knowledge), env) }
    }

    fn bare(meta: Meta<'e>, knowledge: Option<Knowledge<'e>>, env: Env<'e>) -> Self {
        Self {
            raw: None,
            meta,
            env,
            knowledge,
            natives: OnceCell::new(),
            lost_fields: Cell::new(0),
            known: OnceCell::new(),
            extracted: OnceCell::new(),
            has_plain_names: OnceCell::new(),
            asked_absent: Cell::new(0),
            verdicts: OnceCell::new(),
            looked_up: OnceCell::new(),
            memos: Memos::new(env.names.len(), env.bump),
        }
    }

    /// A row that is fields already: one JSON object. The knowledge does not apply to it.
    ///
    /// # Errors
    /// If `line` is no JSON object.
    pub fn of_row(line: &'e [u8], head: &Head<'e>, env: Env<'e>) -> Result<Self, RowError> {
        let row = rows::fields(line, env.bump)?;
        let meta = Meta::given(Format::Rows, head).with_fields(&row.fields, env);
        let event = Self::bare(meta, None, env).with_natives(&row.fields);
        event.lost_fields.set(row.dropped as u64);
        Ok(event)
    }

    /// An event whose fields the caller has found already. Several values of one name are a multivalue, in their order.
    #[must_use]
    pub fn of_fields(
        raw: Option<&'e [u8]>,
        fields: &[(&'e [u8], &'e [u8])],
        head: &Head<'e>,
        knowledge: Knowledge<'e>,
        env: Env<'e>,
    ) -> Self {
        let fields = grouped(fields, env.bump);
        let meta = Meta::given(Format::Fields, head).with_fields(&fields, env);
        let meta = meta.with_told_by_fields(&fields, env);
        Self { raw, ..Self::bare(meta, Some(knowledge), env) }.with_natives(&fields)
    }

    fn with_natives(self, fields: &[(&'e [u8], Value<'e>)]) -> Self {
        let mut natives = Natives::new(self.env.names, self.env.bump);
        fields.iter().for_each(|&(name, value)| natives.add(name, value));
        Self { natives: OnceCell::from(natives), ..self }
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
            Format::Kv if self.reads_pairs() => kv::find(body, natives),
            Format::Kv | Format::Rows | Format::Fields => {}
        }
    }

    /// Whether the knowledge leaves a plain text its `name=value` pairs.
    fn reads_pairs(&self) -> bool {
        let mode = self.knowledge.filter(|knowledge| knowledge.mapping.has_modes);
        mode.is_none_or(|knowledge| self.known(knowledge).class.reads_pairs())
    }

    fn any_name_or_value(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.natives().iter().any(|native| {
            let value = native.decoded(self.env.bump);
            passes(self.env.names.bytes(native.name))
                || value.texts(self.env.bump).iter().any(|text| passes(text))
        })
    }

    /// What kind of event it is, and what the knowledge says of that kind.
    fn known(&self, knowledge: Knowledge<'e>) -> &Known<'e> {
        self.known.get_or_init(|| {
            let sourcetype = self.meta.sourcetype.or_else(|| self.recognised(knowledge.mapping));
            let metadata = Metadata { sourcetype, ..self.meta.metadata() };
            let (event_id, leads) = self.only_event_id();
            let asked = Asked { metadata, channel: self.meta.channel(), event_id, leads };
            knowledge.classes.find(knowledge.mapping, self.env.terms, &asked, self.env.bump)
        })
    }

    /// Whether the names of its fields stand in its text, if it is Windows XML.
    fn has_plain_names(&self) -> bool {
        let raw = self.raw.unwrap_or_default();
        *self.has_plain_names.get_or_init(|| winxml::has_plain_names(raw))
    }

    /// The event id, where the text names no other one, and whether the fields that hold it are sure to.
    fn only_event_id(&self) -> (Option<&'e [u8]>, bool) {
        let raw = self.raw.filter(|_| !self.env.terms.is_empty()).unwrap_or_default();
        let event_id = self.meta.event_id.filter(|id| event_ids::names_no_other(raw, id));
        let leads = self.meta.leads
            && event_id.is_some()
            && event_ids::names_one_field(raw)
            && self.has_plain_names();
        (event_id.filter(|_| !raw.is_empty()), leads)
    }

    /// What rules say of all events of its kind; `None` where kinds are not known or not trusted.
    #[must_use]
    pub fn route(&self) -> Option<&'e Route> {
        let knowledge = self.knowledge.filter(|knowledge| knowledge.trusts_kinds);
        knowledge.map(|knowledge| self.known(knowledge).route)
    }

    /// A verdict for each term: what is certain of its kind, the others open.
    fn open_verdicts(&self) -> &'e [verdict::Slot] {
        let bump = self.env.bump;
        match self.route() {
            Some(route) => {
                bump.alloc_slice_fill_iter(route.verdicts.iter().copied().map(Cell::new))
            }
            None => bump.alloc_slice_fill_with(self.env.terms.len(), |_| Cell::default()),
        }
    }

    /// The sourcetype by the text, where neither the caller nor the channel of a Windows event says what it is.
    fn recognised(&self, mapping: &'e Mapping) -> Option<&'e [u8]> {
        let is_named = self.meta.source.is_some() || self.meta.channel_source.is_some();
        let raw = self.raw.filter(|_| !is_named)?;
        mapping.recognisers.sourcetype(raw, self.env)
    }

    fn sourcetype(&self) -> Option<&'e [u8]> {
        match self.knowledge {
            Some(knowledge) if self.meta.sourcetype.is_none() => self.known(knowledge).sourcetype,
            _ => self.meta.sourcetype,
        }
    }

    /// The knowledge, if it may make `field`.
    fn maker(&self, field: FieldId) -> Option<Knowledge<'e>> {
        self.knowledge.filter(|knowledge| knowledge.mapping.may_make(field))
    }

    /// The field as rules see it.
    fn find(&self, field: FieldId) -> Value<'e> {
        let Some(knowledge) = self.maker(field) else { return self.own(field) };
        let labels = &knowledge.mapping.labels;
        if let Some(label) = labels.label(field) {
            let value = labels.value(label, self, self.env);
            return if value.is_null() { self.own(field) } else { value };
        }
        self.looked_up(knowledge, field, usize::MAX)
    }

    /// The field after the lookups of its class that stand before `place`.
    fn looked_up(&self, knowledge: Knowledge<'e>, field: FieldId, place: usize) -> Value<'e> {
        let makers = self.known(knowledge).class.lookups_of(field);
        let before = &makers[..makers.partition_point(|&maker| maker < place)];
        before.iter().fold(self.calculated(knowledge, field), |value, &place| {
            let lookup = self.lookup(knowledge, place);
            if lookup.keeps_existing && !value.is_null() {
                return value;
            }
            let found = self.found_rows(knowledge, place);
            let output = lookup.outputs_to(field).last().filter(|_| found.is_match());
            output.map_or(value, |output| lookup.value(found, *output, self.env.bump))
        })
    }

    /// The rows that the lookup at `place` of the class has found. Those that it needs have run before it, in their order,
    /// so that no chain of them costs stack.
    fn found_rows(&self, knowledge: Knowledge<'e>, place: usize) -> lookup::Found<'e> {
        let class = self.known(knowledge).class;
        let all = self.looked_up.get_or_init(|| {
            let cells = class.lookups().iter().map(|_| OnceCell::new());
            BumpVec::from_iter_in(cells, self.env.bump).into_bump_slice()
        });
        if let Some(found) = all[place].get() {
            return *found;
        }
        let needs = class.lookups()[place].needs.iter();
        for &needed in needs.chain([&place]) {
            all[needed].get_or_init(|| self.run_lookup(knowledge, needed));
        }
        all[place].get().copied().unwrap_or_default()
    }

    fn run_lookup(&self, knowledge: Knowledge<'e>, place: usize) -> lookup::Found<'e> {
        let value_of = |field| self.looked_up(knowledge, field, place);
        let found = self.lookup(knowledge, place).find(value_of, self.env.bump);
        self.lost_fields.set(self.lost_fields.get() + u64::from(found.is_truncated));
        found
    }

    fn lookup(&self, knowledge: Knowledge<'e>, place: usize) -> &'e Lookup {
        &knowledge.mapping.lookups[self.known(knowledge).class.lookups()[place].lookup]
    }

    /// The field before lookups: a calculated one, or one under its own name or an alias.
    fn calculated(&self, knowledge: Knowledge<'e>, field: FieldId) -> Value<'e> {
        match self.known(knowledge).class.calculation(field) {
            None => self.aliased(field),
            Some(place) => {
                let scope = Scope { fields: &Uncalculated(self), env: self.env };
                // It may be read first by any rule, so it has what it may cost to itself.
                let expr = &knowledge.mapping.calculations[place];
                self.env.caches.with_allowance(|| expr.value(&scope))
            }
        }
    }

    /// The field before calculations: an extracted or own field, under its own name or an alias.
    fn aliased(&self, field: FieldId) -> Value<'e> {
        let Some(knowledge) = self.maker(field) else { return self.own(field) };
        let aliases = self.known(knowledge).class.aliases(field);
        // What stands before an alias that always has its way is not asked.
        let last = aliases.iter().rposition(|alias| !alias.keeps_existing);
        let (first, rest) = match last {
            Some(place) => (aliases[place].from, &aliases[place + 1..]),
            None => (field, aliases),
        };
        rest.iter().fold(self.extracted(first), |value, alias| {
            if value.is_null() { self.extracted(alias.from) } else { value }
        })
    }

    /// The field before aliases: an extracted or own field.
    fn extracted(&self, field: FieldId) -> Value<'e> {
        let Some(knowledge) = self.maker(field) else { return self.own(field) };
        let places = self.known(knowledge).class.extractions_of(field);
        self.first_extracted(knowledge, places, Name::Known(field))
    }

    /// What the extractions at `places` have found under `name`, or else the own field.
    fn first_extracted(
        &self,
        knowledge: Knowledge<'e>,
        places: &[usize],
        name: Name<'_>,
    ) -> Value<'e> {
        let own = || match name {
            Name::Known(field) => self.own(field),
            Name::Other(_) => self.natives().get(name),
        };
        if places.is_empty() {
            return own();
        }
        // What the caller and the event's own head say is no matter of its text.
        if let Name::Known(field) = name
            && let Some(metadata) = self.metadata(field)
        {
            return metadata;
        }
        let extracted = places.iter().fold(Value::Null, |value, &place| {
            let adds = || self.extraction(knowledge, place).adds_values;
            if value.is_null() {
                self.found(knowledge, place).get(name)
            } else if adds() {
                self.appended(value, self.found(knowledge, place).get(name))
            } else {
                value
            }
        });
        if extracted.is_null() { own() } else { extracted }
    }

    fn appended(&self, value: Value<'e>, more: Value<'e>) -> Value<'e> {
        let bump = self.env.bump;
        let mut texts = BumpVec::new_in(bump);
        texts.extend_from_slice(value.texts(bump));
        texts.extend_from_slice(more.texts(bump));
        Value::from_list(texts.into_bump_slice())
    }

    fn extraction(&self, knowledge: Knowledge<'e>, place: usize) -> &'e Extraction {
        let placed = &self.known(knowledge).class.extractions()[place];
        &knowledge.mapping.extractions[placed.extraction]
    }

    /// What the extraction at `place` of the class has found. Those that it needs have run before it, in their order, so
    /// that no chain of them costs stack.
    fn found(&self, knowledge: Knowledge<'e>, place: usize) -> Found<'e> {
        let class = self.known(knowledge).class;
        let all = self.extracted.get_or_init(|| {
            let cells = class.extractions().iter().map(|_| OnceCell::new());
            BumpVec::from_iter_in(cells, self.env.bump).into_bump_slice()
        });
        if let Some(found) = all[place].get() {
            return *found;
        }
        let needs = class.extractions()[place].needs.iter();
        for &needed in needs.chain([&place]) {
            all[needed].get_or_init(|| self.run_extraction(knowledge, needed));
        }
        all[place].get().copied().unwrap_or_default()
    }

    fn run_extraction(&self, knowledge: Knowledge<'e>, place: usize) -> Found<'e> {
        let extraction = self.extraction(knowledge, place);
        let source = extraction.source;
        let makers = self.known(knowledge).class.extractions_of(source);
        let before = &makers[..makers.partition_point(|&maker| maker < place)];
        let text = self.first_extracted(knowledge, before, Name::Known(source));
        let found = extraction.run(text, self.env);
        self.lost_fields.set(self.lost_fields.get() + found.lost);
        found
    }

    /// Whether no shown own field and no extraction before that at `place` has a field of this name.
    fn is_first_found(&self, knowledge: Knowledge<'e>, place: usize, name: Name<'_>) -> bool {
        let places = self.known(knowledge).class.extractions_of_any();
        let mut earlier = places.iter().take_while(|&&other| other < place);
        let mut natives = self.natives().iter();
        !natives.any(|native| native.is_shown() && native.name == name)
            && earlier.all(|&other| self.found(knowledge, other).get(name).is_null())
    }

    /// Metadata, or a field that the event itself holds.
    fn own(&self, field: FieldId) -> Value<'e> {
        let told = self.metadata(field).or_else(|| self.told(field));
        told.unwrap_or_else(|| match self.is_surely_absent(field) {
            true => Value::Null,
            false => self.natives().get(Name::Known(field)),
        })
    }

    /// Whether the text shows that the event does not hold a field, so that its fields need not be found for that.
    fn is_surely_absent(&self, field: FieldId) -> bool {
        let asked = self.asked_absent.get();
        let may_tell = self.meta.format == Format::WinXml
            && self.natives.get().is_none()
            && asked < MOST_ASKED_ABSENT
            && self.has_plain_names();
        may_tell && {
            self.asked_absent.set(asked + 1);
            let name = self.env.names.text(field).as_bytes();
            self.raw.is_some_and(|raw| winxml::lacks_field(raw, name))
        }
    }

    /// A field that was read with the metadata, where it is sure: the other fields need not be found for it.
    fn told(&self, field: FieldId) -> Option<Value<'e>> {
        match field {
            Names::CHANNEL => self.meta.channel().map(Value::Text),
            Names::EVENT_ID if self.meta.leads => self.meta.event_id.map(Value::Text),
            _ => None,
        }
    }

    fn metadata(&self, field: FieldId) -> Option<Value<'e>> {
        match field {
            // Rows keep the text of their `_time`.
            Names::TIME if self.meta.format != Format::Rows => {
                self.meta.time_ns.map(|time_ns| Value::Number(time::seconds(time_ns)))
            }
            Names::RAW => self.raw.map(Value::Text),
            Names::HOST => self.meta.host.map(Value::Text),
            Names::SOURCE => self.meta.source.map(Value::Text),
            Names::SOURCETYPE => self.sourcetype().map(Value::Text),
            Names::INDEX => self.meta.index.map(Value::Text),
            _ => None,
        }
    }
}

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
        let memo = self.memos.of(field, self.env.bump);
        if let Memo::Known(value) = memo.get() {
            return value;
        }
        let value = self.find(field);
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

    fn verdicts(&self) -> &'e [verdict::Slot] {
        self.verdicts.get_or_init(|| self.open_verdicts())
    }
}

impl<'e> Base<'e> for Event<'e> {
    fn visit(
        &self,
        is_wanted: &dyn Fn(Name<'e>) -> bool,
        visit: &mut dyn FnMut(Name<'e>, Value<'e>),
    ) {
        let mut seen =
            BumpVec::from_iter_in(std::iter::repeat_n(false, self.env.names.len()), self.env.bump);
        let builtin =
            [Names::TIME, Names::HOST, Names::SOURCE, Names::SOURCETYPE, Names::INDEX, Names::RAW];
        let mut visit_known = |field: FieldId, visit: &mut dyn FnMut(Name<'e>, Value<'e>)| {
            let is_new = !std::mem::replace(&mut seen[field.index()], true);
            if is_new && is_wanted(Name::Known(field)) {
                visit(Name::Known(field), self.get(field));
            }
        };
        builtin.into_iter().for_each(|field| visit_known(field, visit));
        for native in self.natives().iter().filter(|native| native.is_shown()) {
            match native.name {
                Name::Known(field) => visit_known(field, visit),
                Name::Other(name) if is_wanted(native.name) => {
                    visit(native.name, self.get_other(name));
                }
                Name::Other(_) => {}
            }
        }
        let Some(knowledge) = self.knowledge else { return };
        let class = self.known(knowledge).class;
        class.made().iter().for_each(|&field| visit_known(field, visit));
        knowledge.mapping.labels.fields.iter().for_each(|(field, _)| visit_known(*field, visit));
        for &place in class.extractions_of_any() {
            for (name, _) in self.found(knowledge, place).fields {
                match *name {
                    Name::Known(field) => visit_known(field, visit),
                    Name::Other(text)
                        if is_wanted(*name) && self.is_first_found(knowledge, place, *name) =>
                    {
                        visit(*name, self.get_other(text));
                    }
                    Name::Other(_) => {}
                }
            }
        }
    }

    fn get_other(&self, name: &[u8]) -> Value<'e> {
        let name = Name::Other(name);
        match self.knowledge.filter(|knowledge| knowledge.mapping.takes_names) {
            None => self.natives().get(name),
            Some(knowledge) => {
                let places = self.known(knowledge).class.extractions_of_any();
                self.first_extracted(knowledge, places, name)
            }
        }
    }
}

/// The event as calculated fields see it: they read own fields and aliases, and never each other.
struct Uncalculated<'a, 'e>(&'a Event<'e>);

impl<'e> Fields<'e> for Uncalculated<'_, 'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        self.0.aliased(field)
    }
}

//! One result row while it goes down a pipeline.
//!
//! A row starts as a view of its event: fields are found when a stage first reads them. What a stage writes is laid over
//! the event as cells; `table` and `stats` leave the event behind and keep cells only. The order of the cells is the
//! order of the columns.

use bumpalo::{Bump, collections::Vec as BumpVec};
use jiff::tz::TimeZone;

use crate::{
    codec::{Malformed, Reader, Writer},
    expr::{
        branch::Branch,
        regex::Caches,
        terms::{Terms, verdict},
    },
    ids::FieldId,
    names::{Name, Names},
    outbox::Outbox,
    value::Value,
};

/// Where expressions read fields from.
pub trait Fields<'e> {
    /// The value of a field; null where it is absent.
    fn get(&self, field: FieldId) -> Value<'e>;

    /// The value of any name; null where it is absent, or is no name of the table and these are not known by their texts.
    fn value_of(&self, name: Name<'_>) -> Value<'e> {
        match name {
            Name::Known(field) => self.get(field),
            Name::Other(_) => Value::Null,
        }
    }

    /// Whether the raw text passes or, for an event that came as fields without one, some name or value of it, each a
    /// text of its own.
    fn any_raw_text(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        matches!(self.get(Names::RAW), Value::Text(raw) if passes(raw))
    }

    /// Where their row stands among all rows; the first place where that is not known.
    fn rank(&self) -> Rank {
        Rank::default()
    }

    /// The event id, where the fields are those of an event that is recognised as a Windows event.
    fn event_id(&self) -> Option<&'e [u8]> {
        None
    }

    /// What the terms that rules share say of the event, as far as they were asked; empty where the fields are not those of an
    /// event alone.
    fn verdicts(&self) -> &'e [verdict::Slot] {
        &[]
    }
}

/// What lies under a row: an event, whose fields are found lazily.
pub trait Base<'e>: Fields<'e> {
    /// Visits every field that the event has and that is wanted, each name once, in a fixed order. Values may be null; that of a
    /// field that is not wanted is not found out.
    fn visit(
        &self,
        is_wanted: &dyn Fn(Name<'e>) -> bool,
        visit: &mut dyn FnMut(Name<'e>, Value<'e>),
    );

    /// The value of a name that is in no table; null where the event lacks it.
    fn get_other(&self, name: &[u8]) -> Value<'e>;
}

/// Where a row stands among all rows of its search: newest first, then by input and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rank {
    /// Nanoseconds since the epoch, negated so that the newest is the least; zero where the input's order is kept.
    pub newest_first_ns: i64,
    /// The number of the input.
    pub input: u32,
    /// The number of the event in its input.
    pub offset: u64,
    /// The number of the row among those that were made of its event.
    pub part: u32,
}

impl Rank {
    /// The fewest bytes that it is written in.
    pub(crate) const LEAST_BYTES: usize = 11;

    /// Which row of which event it is of, as text: the group of a row that no command took together with others.
    pub(crate) fn ordinal(self) -> String {
        let Self { input, offset, part, .. } = self;
        match part {
            0 => format!("{input}:{offset}"),
            _ => format!("{input}:{offset}:{part}"),
        }
    }

    /// Writes it.
    pub(crate) fn encode(self, out: &mut Writer) {
        out.integer(self.newest_first_ns);
        out.number(self.input.into());
        out.number(self.offset);
        out.number(self.part.into());
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(crate) fn decode(bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        let newest_first_ns = decode_negated_ns(bytes)?;
        let (input, offset) = (bytes.small_number()?, bytes.number()?);
        Ok(Self { newest_first_ns, input, offset, part: bytes.small_number()? })
    }
}

/// A time that can be negated back.
pub(crate) fn decode_negated_ns(bytes: &mut Reader<'_>) -> Result<i64, Malformed> {
    match bytes.integer()? {
        i64::MIN => Err(Malformed::new("a time is out of range")),
        negated_ns => Ok(negated_ns),
    }
}

/// One written field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'e> {
    /// Its name.
    pub name: Name<'e>,
    /// Its value. Null hides the event's own value.
    pub value: Value<'e>,
}

/// What a name stands for while the template of a `foreach` runs.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'e> {
    /// The name.
    pub field: FieldId,
    /// What it stands for.
    pub meaning: Meaning<'e>,
}

/// What a bound name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Meaning<'e> {
    /// Another field.
    Field(Name<'e>),
    /// A value, which cannot be written.
    Value(Value<'e>),
}

/// What the raw tests of `search` see of an event that a row has been parted from, beside the row's own `_raw`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remains<'e> {
    /// The event id, of a Windows event.
    pub event_id: Option<&'e [u8]>,
    /// The texts of an event that came as fields, without a raw text.
    pub texts: &'e [&'e [u8]],
}

/// One result row.
#[derive(Clone)]
pub struct Row<'e> {
    base: Option<&'e dyn Base<'e>>,
    remains: Remains<'e>,
    bindings: &'e [Binding<'e>],
    cells: BumpVec<'e, Cell<'e>>,
    rank: Rank,
    group: &'e [u8],
    is_truncated: bool,
}

impl<'e> Row<'e> {
    /// A row without fields.
    #[must_use]
    pub fn empty(bump: &'e Bump, rank: Rank) -> Self {
        Self {
            base: None,
            remains: Remains::default(),
            bindings: &[],
            cells: BumpVec::new_in(bump),
            rank,
            group: b"",
            is_truncated: false,
        }
    }

    /// A view of an event.
    #[must_use]
    pub fn over(base: &'e dyn Base<'e>, bump: &'e Bump, rank: Rank) -> Self {
        Self {
            base: Some(base),
            remains: Remains::default(),
            bindings: &[],
            cells: BumpVec::new_in(bump),
            rank,
            group: b"",
            is_truncated: false,
        }
    }

    /// The same row, with what was kept of the event that it was a view of.
    #[must_use]
    pub fn with_remains(self, remains: Remains<'e>) -> Self {
        Self { remains, ..self }
    }

    /// How many fields were written to it: those of its event are not counted.
    #[must_use]
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// Its place among the rows of its search.
    #[must_use]
    pub fn rank(&self) -> Rank {
        self.rank
    }

    /// The same row, known to be one of several that were made of its event, by its number among them.
    #[must_use]
    pub fn part(self, part: u32) -> Self {
        Self { rank: Rank { part, ..self.rank }, ..self }
    }

    /// The same row, known to come from the group of that key: it goes into the key of its alert.
    #[must_use]
    pub fn of_group(self, group: &'e [u8]) -> Self {
        Self { group, ..self }
    }

    /// The same row, one of several of one group: the two parts together are its key.
    #[must_use]
    pub fn of_group_parts(self, parts: [&[u8]; 2], bump: &'e Bump) -> Self {
        self.of_group(bump.alloc_slice_copy(&parts.concat()))
    }

    /// The same row, known to lack some values for want of memory, or not.
    #[must_use]
    pub fn truncated(self, is_truncated: bool) -> Self {
        Self { is_truncated, ..self }
    }

    /// Notes that it lacks some values, for there were too many.
    pub fn mark_truncated(&mut self) {
        self.is_truncated = true;
    }

    /// Whether some of its values were left out for want of memory.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// The key of the group that it came from; empty for the row of an event.
    #[must_use]
    pub fn group(&self) -> &'e [u8] {
        self.group
    }

    /// The time of its event or of the newest event of its group, in nanoseconds since the epoch; none for rows of ready
    /// fields and for those that a later command made.
    #[must_use]
    pub fn event_time_ns(&self) -> Option<i64> {
        match self.rank.newest_first_ns {
            0 | i64::MAX => None,
            negated => Some(-negated),
        }
    }

    /// The value of any name; null where it is absent.
    #[must_use]
    pub fn get_name(&self, name: Name<'_>) -> Value<'e> {
        match self.meaning(name) {
            None => self.get_own(name),
            Some(Meaning::Field(name)) => self.get_own(name),
            Some(Meaning::Value(value)) => value,
        }
    }

    fn get_own(&self, name: Name<'_>) -> Value<'e> {
        if let Some(cell) = self.cells.iter().find(|cell| cell.name == name) {
            return cell.value;
        }
        match (self.base, name) {
            (None, _) => Value::Null,
            (Some(base), Name::Known(field)) => base.get(field),
            (Some(base), Name::Other(text)) => base.get_other(text),
        }
    }

    /// Whether it has the field.
    #[must_use]
    pub fn has(&self, field: FieldId) -> bool {
        !self.get_name(Name::Known(field)).is_null()
    }

    /// From here on those names stand for what they are bound to; without any, every name for itself.
    pub fn bind(&mut self, bindings: &'e [Binding<'e>]) {
        self.bindings = bindings;
    }

    fn meaning(&self, name: Name<'_>) -> Option<Meaning<'e>> {
        let bound = self.bindings.iter().find(|binding| name == Name::Known(binding.field))?;
        Some(bound.meaning)
    }

    /// Writes a field in place, or as a new last column. Null removes it.
    pub fn set(&mut self, name: Name<'e>, value: Value<'e>) {
        debug_assert!(!matches!(value, Value::Bool(_)), "no field holds a boolean");
        let name = match self.meaning(name) {
            None => name,
            Some(Meaning::Field(name)) => name,
            Some(Meaning::Value(_)) => return,
        };
        match self.cells.iter_mut().find(|cell| cell.name == name) {
            Some(cell) => cell.value = value,
            None if value.is_null() && self.base.is_none() => {}
            None => self.cells.push(Cell { name, value }),
        }
    }

    /// Writes many fields, no name twice, each in place or as a new last column. What is written is not null.
    pub fn set_all(&mut self, written: &[Cell<'e>]) {
        let mut by_name: Vec<&Cell<'e>> = written.iter().collect();
        by_name.sort_unstable_by_key(|cell| cell.name);
        let mut is_placed = vec![false; by_name.len()];
        for cell in &mut self.cells {
            if let Ok(found) = by_name.binary_search_by_key(&cell.name, |cell| cell.name) {
                cell.value = by_name[found].value;
                is_placed[found] = true;
            }
        }
        for cell in written {
            let found = by_name.binary_search_by_key(&cell.name, |cell| cell.name);
            if found.is_ok_and(|found| !is_placed[found]) {
                self.cells.push(*cell);
            }
        }
    }

    /// Adds a column that the row is known to lack.
    pub fn push(&mut self, name: Name<'e>, value: Value<'e>) {
        self.cells.push(Cell { name, value });
    }

    /// Visits every field that is present: the event's, then the written ones, in the order of the columns.
    pub fn visit(&self, visit: impl FnMut(Name<'e>, Value<'e>)) {
        self.visit_wanted(|_| true, visit);
    }

    /// Visits every wanted field that is present, in the same order.
    pub fn visit_wanted(
        &self,
        is_wanted: impl Fn(Name<'e>) -> bool,
        mut visit: impl FnMut(Name<'e>, Value<'e>),
    ) {
        if let Some(base) = self.base {
            let is_written = |name| self.cells.iter().any(|cell| cell.name == name);
            base.visit(&|name| is_wanted(name) && !is_written(name), &mut |name, value| {
                if !value.is_null() {
                    visit(name, value);
                }
            });
        }
        let written = self.cells.iter().filter(|cell| !cell.value.is_null());
        written.filter(|cell| is_wanted(cell.name)).for_each(|cell| visit(cell.name, cell.value));
    }

    /// Leaves the event behind: from here on the row holds exactly `cells`.
    pub fn replace(&mut self, cells: BumpVec<'e, Cell<'e>>) {
        self.base = None;
        self.remains = Remains::default();
        self.cells = cells;
    }

    /// Copies every present field that `keep` wants and leaves the event behind.
    pub fn retain(&mut self, bump: &'e Bump, mut keep: impl FnMut(Name<'e>) -> bool) {
        let mut kept = BumpVec::new_in(bump);
        self.visit(|name, value| {
            if keep(name) {
                kept.push(Cell { name, value });
            }
        });
        self.replace(kept);
    }
}

impl<'e> Fields<'e> for Row<'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        self.get_name(Name::Known(field))
    }

    fn value_of(&self, name: Name<'_>) -> Value<'e> {
        self.get_name(name)
    }

    fn any_raw_text(&self, passes: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let written = self.cells.iter().find(|cell| cell.name == Name::Known(Names::RAW));
        match (written, self.base) {
            (Some(cell), _) => matches!(cell.value, Value::Text(raw) if passes(raw)),
            (None, Some(base)) => base.any_raw_text(passes),
            (None, None) => self.remains.texts.iter().any(|text| passes(text)),
        }
    }

    fn rank(&self) -> Rank {
        self.rank
    }

    fn event_id(&self) -> Option<&'e [u8]> {
        self.base.map_or(self.remains.event_id, Fields::event_id)
    }

    fn verdicts(&self) -> &'e [verdict::Slot] {
        let is_untouched = self.cells.is_empty() && self.bindings.is_empty();
        self.base.filter(|_| is_untouched).map_or(&[], Fields::verdicts)
    }
}

/// What stages and expressions need beside the row. Small and Copy: a handful of shared references.
#[derive(Clone, Copy)]
pub struct Env<'e> {
    /// Where results live: reset after the event, or with the window.
    pub bump: &'e Bump,
    /// The rule set's names.
    pub names: &'e Names,
    /// Caches of the regexes that need one.
    pub caches: &'e Caches,
    /// `now()`, in epoch seconds, which are whole.
    pub now_s: f64,
    /// The time of day outside, in epoch seconds: what times without a year are near to.
    pub clock_s: f64,
    /// The zone of times that carry none.
    pub zone: &'e TimeZone,
    /// What the subpipelines of the rule found in the window, by [`BranchId`](crate::ids::BranchId): those that are finished.
    pub branches: &'e [Branch<'e>],
    /// Where rows for the host go; `None` where nothing may be written.
    pub outbox: Option<&'e Outbox>,
    /// The terms that rules share.
    pub terms: &'e Terms,
}

impl<'e> Env<'e> {
    /// What stages need while no window closes; both clocks stand at `now_s`, `now()` at its second.
    #[must_use]
    pub fn new(
        bump: &'e Bump,
        names: &'e Names,
        caches: &'e Caches,
        zone: &'e TimeZone,
        now_s: f64,
    ) -> Self {
        Self {
            bump,
            names,
            caches,
            now_s: now_s.floor(),
            clock_s: now_s,
            zone,
            branches: &[],
            outbox: None,
            terms: Terms::NONE,
        }
    }
}

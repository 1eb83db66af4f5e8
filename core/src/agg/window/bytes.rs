//! The byte form of a window, of where it lies, and of the rows that it keeps.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Contents, KeptRow, Slot, Window};
use crate::{
    agg::{Groups, KeyHasher},
    codec::{Malformed, Reader, Writer},
    compiled::Reduce,
    ids::RuleId,
    names::{Name, Names},
    row::{Cell, Rank, Remains},
    value::Value,
};

impl Slot {
    /// The fewest bytes that it is written in: two times and no host.
    pub(crate) const LEAST_BYTES: usize = 17;

    /// Writes it, but for its rule, whose id means nothing elsewhere.
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.integer(self.start_ns);
        out.integer(self.end_ns);
        out.option(self.host.as_deref(), Writer::text);
    }

    /// Reads what [`encode`](Self::encode) wrote, for a window of `rule`.
    ///
    /// # Errors
    /// If no window can lie so.
    pub(crate) fn decode(rule: RuleId, bytes: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (start_ns, end_ns) = (bytes.integer()?, bytes.integer()?);
        if start_ns >= end_ns {
            return Err(Malformed::new("a window ends before it starts"));
        }
        let host = bytes.option(Reader::text)?.map(Into::into);
        Ok(Self { end_ns, rule, start_ns, host })
    }
}

impl Window {
    /// Writes what it has seen.
    pub(crate) fn encode(&self, names: &Names, out: &mut Writer) {
        self.borrow_dependent().encode(names, out);
    }

    /// Reads what [`encode`](Self::encode) wrote, for a rule that reduces so; `bump` is empty.
    ///
    /// # Errors
    /// If no window of such a rule can have written the bytes.
    pub(crate) fn decode(
        bump: Bump,
        reduce: &Reduce,
        names: &Names,
        hasher: &KeyHasher,
        bytes: &mut Reader<'_>,
    ) -> Result<Self, Malformed> {
        Self::try_new(bump, |bump| Contents::decode(bump, reduce, names, hasher, bytes))
    }
}

impl<'w> Contents<'w> {
    fn encode(&self, names: &Names, out: &mut Writer) {
        match self {
            Self::Groups(groups) => groups.encode(out),
            Self::Rows(rows) => {
                out.count(rows.len());
                rows.iter().for_each(|row| row.encode(names, out));
            }
            // How many lanes there are is the rule's to say.
            Self::Lanes(lanes) => lanes.iter().for_each(|lane| lane.encode(names, out)),
        }
    }

    fn decode(
        bump: &'w Bump,
        reduce: &Reduce,
        names: &Names,
        hasher: &KeyHasher,
        bytes: &mut Reader<'_>,
    ) -> Result<Self, Malformed> {
        match reduce {
            Reduce::Stats(stats) => {
                let mut groups = Groups::new_in(bump, hasher);
                stats.restore(&mut groups, bytes)?;
                Ok(Self::Groups(groups))
            }
            Reduce::Collect => {
                let mut rows = BumpVec::new_in(bump);
                for _ in 0..bytes.count(KeptRow::LEAST_BYTES)? {
                    rows.push(KeptRow::decode(bytes, names, bump)?);
                }
                Ok(Self::Rows(rows))
            }
            Reduce::Branched(branched) => {
                let mut lanes = BumpVec::new_in(bump);
                for reduce in branched.lanes() {
                    lanes.push(Self::decode(bump, reduce, names, hasher, bytes)?);
                }
                Ok(Self::Lanes(lanes))
            }
        }
    }
}

impl<'w> KeptRow<'w> {
    /// The fewest bytes that a row is written in: one without a field, and without remains of an event.
    const LEAST_BYTES: usize = Rank::LEAST_BYTES + 3;

    fn encode(&self, names: &Names, out: &mut Writer) {
        self.rank.encode(out);
        out.option(self.remains.event_id, Writer::text);
        out.count(self.remains.texts.len());
        self.remains.texts.iter().for_each(|text| out.text(text));
        out.count(self.cells.len());
        for cell in self.cells {
            out.text(names.bytes(cell.name));
            encode_value(cell.value, out);
        }
    }

    fn decode(bytes: &mut Reader<'_>, names: &Names, bump: &'w Bump) -> Result<Self, Malformed> {
        let rank = Rank::decode(bytes)?;
        let remains = decode_remains(bytes, bump)?;
        // The shortest cell has an empty name and one empty text.
        let count = bytes.count(3)?;
        let mut cells = BumpVec::with_capacity_in(count, bump);
        let mut texts = Vec::with_capacity(count);
        for _ in 0..count {
            let text = bytes.text()?;
            let known = names.find(text).map(Name::Known);
            let name = known.unwrap_or_else(|| Name::Other(bump.alloc_slice_copy(text)));
            cells.push(Cell { name, value: decode_value(bytes, bump)? });
            texts.push(text);
        }
        texts.sort_unstable();
        if texts.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Malformed::new("a row has two fields of one name"));
        }
        Ok(Self { rank, remains, cells: cells.into_bump_slice() })
    }
}

fn decode_remains<'w>(bytes: &mut Reader<'_>, bump: &'w Bump) -> Result<Remains<'w>, Malformed> {
    let event_id = bytes.option(Reader::text)?.map(|id| &*bump.alloc_slice_copy(id));
    let mut texts = BumpVec::new_in(bump);
    for _ in 0..bytes.count(1)? {
        texts.push(&*bump.alloc_slice_copy(bytes.text()?));
    }
    Ok(Remains { event_id, texts: texts.into_bump_slice() })
}

/// How many texts, then these; no text stands for a number. No field of a row that is kept is null or a boolean.
fn encode_value(value: Value<'_>, out: &mut Writer) {
    match value {
        Value::Null | Value::Bool(_) => unreachable!("rows keep the fields that are there"),
        Value::Number(number) => {
            out.count(0);
            out.double(number);
        }
        Value::Text(text) => {
            out.count(1);
            out.text(text);
        }
        Value::List(texts) => {
            out.count(texts.len());
            texts.iter().for_each(|text| out.text(text));
        }
    }
}

fn decode_value<'w>(bytes: &mut Reader<'_>, bump: &'w Bump) -> Result<Value<'w>, Malformed> {
    let count = bytes.count(1)?;
    if count == 0 {
        return bytes.double().map(Value::Number);
    }
    let mut texts = BumpVec::with_capacity_in(count, bump);
    for _ in 0..count {
        texts.push(&*bump.alloc_slice_copy(bytes.text()?));
    }
    Ok(Value::from_list(texts.into_bump_slice()))
}

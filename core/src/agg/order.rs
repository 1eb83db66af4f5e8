//! `first`, `last`, `earliest`, `latest`, `earliest_time` and `latest_time`: the value or time of one chosen row.

use std::cmp::Ordering;

use bumpalo::Bump;

use super::{Kept, Place, Sample, Store};
use crate::{
    codec::{Malformed, Reader, Writer},
    value::Value,
};

/// Which row's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The first in the order of the search: the newest event.
    First,
    /// The last in the order of the search: the oldest event.
    Last,
    /// The one of smallest `_time`.
    Earliest,
    /// The one of largest `_time`.
    Latest,
}

/// What is told of that row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The value.
    Value,
    /// Its `_time` in epoch seconds.
    Time,
}

/// The value or time of one row of one group, chosen among those that have the field.
///
/// `earliest` and `latest` go by the `_time` that the row holds *now*, so where `bin` made two rows equal the times of their
/// events decide; rows without `_time` are ignored. What still ties goes to the row that stands first in the search, then to
/// the lesser bytes. Of a multivalue, `last` takes the last value and the others the first. Memory is one text, reused.
#[derive(Debug)]
pub(super) struct Order<'w> {
    end: End,
    told: Told,
    best: Option<Moment>,
    text: Kept<'w>,
}

/// When and where a value stood.
#[derive(Clone, Copy, Debug)]
struct Moment {
    time_s: f64,
    place: Place,
}

impl<'w> Order<'w> {
    pub(super) fn new_in(end: End, told: Told, bump: &'w Bump) -> Self {
        Self { end, told, best: None, text: Kept::new_in(bump) }
    }

    pub(super) fn update(&mut self, sample: &Sample<'_>, _: Store<'w>) {
        let time_s = match self.end {
            End::First | End::Last => Some(0.0),
            End::Earliest | End::Latest => sample.time_s,
        };
        if let (Some(text), Some(time_s)) = (sample.text(), time_s) {
            self.offer(Moment { time_s, place: sample.place }, text);
        }
    }

    pub(super) fn merge(&mut self, other: &Order<'_>, _: Store<'w>) {
        if let Some(moment) = other.best {
            self.offer(moment, other.text.bytes());
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.option(self.best, |out, best| {
            out.double(best.time_s);
            best.place.encode(out);
            out.text(self.text.bytes());
        });
    }

    pub(super) fn restore(
        &mut self,
        bytes: &mut Reader<'_>,
        _: Store<'w>,
    ) -> Result<(), Malformed> {
        self.best = bytes.option(|bytes| {
            let moment = Moment { time_s: bytes.finite()?, place: Place::decode(bytes)? };
            self.text.replace(bytes.text()?);
            Ok(moment)
        })?;
        Ok(())
    }

    pub(super) fn finish<'s>(&'s self, _: &'s Bump) -> Value<'s> {
        self.best.map_or(Value::Null, |best| match self.told {
            Told::Value => Value::Text(self.text.bytes()),
            Told::Time => Value::Number(best.time_s),
        })
    }

    /// The `_time` of the chosen row in epoch seconds.
    pub(super) fn time_s(&self) -> Option<f64> {
        self.best.map(|best| best.time_s)
    }

    fn offer(&mut self, moment: Moment, text: &[u8]) {
        let better = self.best.is_none_or(|best| {
            self.end.prefer(&moment, &best).then_with(|| text.cmp(self.text.bytes())).is_lt()
        });
        if better {
            self.best = Some(moment);
            self.text.replace(text);
        }
    }
}

impl End {
    /// `Less` where `left` is the one to take.
    fn prefer(self, left: &Moment, right: &Moment) -> Ordering {
        let by_time = left.time_s.total_cmp(&right.time_s);
        // The newest event has the least rank.
        let by_age = right.place.rank.newest_first_ns.cmp(&left.place.rank.newest_first_ns);
        let by_place = left.place.cmp(&right.place);
        match self {
            Self::First => by_place,
            Self::Last => by_place.reverse(),
            Self::Earliest => by_time.then(by_age).then(by_place),
            Self::Latest => by_time.reverse().then(by_place),
        }
    }
}

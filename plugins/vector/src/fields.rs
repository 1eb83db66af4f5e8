//! The fields of an event that the shipper has parsed already.
//!
//! Their names are those that JSON would have in Splunk: `a.b` for a member of a member, `a{}` for what stands in an array.
//! They are put in the order of their names, because Lua tables have none; what stands in one array stays in its order.

use std::{io::Write, ops::Range};

/// Deeper values are left out, and counted.
pub const MAX_DEPTH: usize = 64;

/// More values are left out, and counted once: the engine takes no more fields.
pub const MAX_FIELDS: usize = 512;

/// A name that is longer, in bytes, is no field, but counted.
const MAX_NAME_BYTES: usize = 1024;

/// A value that is no table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leaf<'a> {
    /// A text.
    Text(&'a [u8]),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A time, in nanoseconds since the epoch: its field is a number of seconds.
    Time(i64),
}

/// The fields of one event. Its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Fields {
    names: Vec<u8>,
    values: Vec<u8>,
    found: Vec<Found>,
    /// The name of what is read now, and how long those were of the tables around it.
    path: Vec<u8>,
    levels: Vec<usize>,
    lost: u64,
}

#[derive(Debug)]
struct Found {
    name: Range<usize>,
    value: Range<usize>,
}

impl Fields {
    /// Forgets the event before.
    pub fn clear(&mut self) {
        self.names.clear();
        self.values.clear();
        self.found.clear();
        self.path.clear();
        self.levels.clear();
    }

    /// How deep the table is that is read now: 0 is the event itself.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Goes on with a member of the table; `None` is one of an array.
    pub fn name(&mut self, key: Option<&[u8]>) {
        self.path.truncate(self.levels.last().copied().unwrap_or(0));
        let Some(key) = key else { return self.path.extend_from_slice(b"{}") };
        if !self.levels.is_empty() {
            self.path.push(b'.');
        }
        // It is too long anyway then, and is not kept.
        self.path.extend_from_slice(&key[..key.len().min(MAX_NAME_BYTES + 1)]);
    }

    /// Goes into the member, which is a table; false where it is not to be read.
    pub fn enter(&mut self) -> bool {
        let is_read = self.levels.len() < MAX_DEPTH && self.path.len() <= MAX_NAME_BYTES;
        if is_read {
            self.levels.push(self.path.len());
        } else {
            self.lost += 1;
        }
        is_read
    }

    /// Goes back to the table around.
    pub fn leave(&mut self) {
        self.levels.pop();
    }

    /// The member has this value. False where no more are taken.
    pub fn add(&mut self, leaf: Leaf<'_>) -> bool {
        if self.found.len() == MAX_FIELDS {
            self.lost += 1;
            return false;
        }
        if self.path.len() > MAX_NAME_BYTES {
            self.lost += 1;
            return true;
        }
        let (name, value) = (self.names.len(), self.values.len());
        self.names.extend_from_slice(&self.path);
        write_leaf(leaf, &mut self.values);
        self.found.push(Found { name: name..self.names.len(), value: value..self.values.len() });
        true
    }

    /// Counts what cannot be read.
    pub fn lose(&mut self) {
        self.lost += 1;
    }

    /// How many values of all events so far were left out.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Names and values, by name.
    #[must_use]
    pub fn pairs(&mut self) -> Vec<(&[u8], &[u8])> {
        let Self { names, values, found, .. } = self;
        found.sort_by(|a, b| names[a.name.clone()].cmp(&names[b.name.clone()]));
        let pair = |found: &Found| (&names[found.name.clone()], &values[found.value.clone()]);
        found.iter().map(pair).collect()
    }
}

fn write_leaf(leaf: Leaf<'_>, out: &mut Vec<u8>) {
    let written = match leaf {
        Leaf::Text(text) => out.write_all(text),
        Leaf::Integer(number) => write!(out, "{number}"),
        Leaf::Number(number) => write!(out, "{number}"),
        Leaf::Flag(is_true) => write!(out, "{is_true}"),
        Leaf::Time(time_ns) => write!(out, "{}", caltrop_core::event::time::seconds(time_ns)),
    };
    written.expect("a Vec takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &mut Fields) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pairs = fields.pairs();
        pairs.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect()
    }

    #[test]
    fn names_are_paths_and_stand_in_their_order() {
        let mut fields = Fields::default();
        fields.name(Some(b"z"));
        fields.add(Leaf::Flag(true));
        fields.name(Some(b"a"));
        assert!(fields.enter());
        fields.name(Some(b"b"));
        fields.add(Leaf::Number(1.5));
        fields.name(Some(b"list"));
        assert!(fields.enter());
        for text in [b"y", b"x"] {
            fields.name(None);
            fields.add(Leaf::Text(text));
        }
        fields.leave();
        fields.leave();
        fields.name(Some(b"t"));
        fields.add(Leaf::Time(1_500_000_000));
        let all = ["a.b=1.5", "a.list{}=y", "a.list{}=x", "t=1.5", "z=true"];
        assert_eq!(shown(&mut fields), all);
        fields.clear();
        fields.name(Some(b"n"));
        fields.add(Leaf::Integer(-7));
        assert_eq!(shown(&mut fields), ["n=-7"]);
    }

    #[test]
    fn deep_wide_and_long_values_are_left_out_and_counted() {
        let mut fields = Fields::default();
        fields.name(Some(&[b'x'; MAX_NAME_BYTES + 5]));
        assert!(fields.add(Leaf::Flag(true)) && !fields.enter());
        assert_eq!(fields.lost(), 2);
        for _ in 0..MAX_DEPTH {
            fields.name(Some(b"d"));
            assert!(fields.enter());
        }
        fields.name(Some(b"d"));
        assert!(!fields.enter());
        for _ in 0..MAX_FIELDS {
            assert!(fields.add(Leaf::Flag(true)));
        }
        assert!(!fields.add(Leaf::Flag(true)));
        assert_eq!((fields.lost(), fields.pairs().len()), (4, MAX_FIELDS));
    }
}

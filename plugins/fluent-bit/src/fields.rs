//! The fields of a record that the shipper has parsed already.
//!
//! Their names are those that JSON would have in Splunk: `a.b` for a member of a member, `a{}` for what stands in an array.
//! Numbers are written as text; nil and an empty map or array are no field.

use std::{io::Write, ops::Range};

use crate::{
    chunk::Map,
    msgpack::{Reader, Token},
};

/// Deeper values are left out, and counted.
pub const MAX_DEPTH: usize = 256;

/// More fields are left out, and counted: the engine takes no more.
const MAX_FIELDS: usize = 512;

/// A name that is longer, in bytes, is no field, but counted.
const MAX_NAME_BYTES: usize = 1024;

/// The fields of one record. Its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Fields {
    names: Vec<u8>,
    values: Vec<u8>,
    found: Vec<Found>,
    /// The name of the value that is read, and what holds it.
    path: Vec<u8>,
    levels: Vec<Level>,
    lost: u64,
}

#[derive(Debug)]
struct Found {
    name: Range<usize>,
    value: Range<usize>,
}

/// A map or an array whose values are read.
#[derive(Debug)]
struct Level {
    left: u64,
    is_map: bool,
    /// The length of the path of what holds it.
    path: usize,
}

impl Fields {
    /// Finds the fields of `body`, which stands in `chunk`, in place of those that were found before.
    pub fn read(&mut self, chunk: &[u8], body: &Map<'_>) {
        self.names.clear();
        self.values.clear();
        self.found.clear();
        self.levels.clear();
        let mut reader = Reader::new(chunk, body.head.end);
        self.levels.push(Level { left: body.count.into(), is_map: true, path: 0 });
        while let Some(level) = self.levels.last_mut() {
            self.path.truncate(level.path);
            if level.left == 0 {
                self.levels.pop();
                continue;
            }
            level.left -= 1;
            let (is_map, base) = (level.is_map, level.path);
            if self.step(&mut reader, is_map, base).is_none() {
                return;
            }
        }
    }

    /// Reads one value; `None` where the bytes end.
    fn step(&mut self, reader: &mut Reader<'_>, is_map: bool, base: usize) -> Option<()> {
        if is_map && !read_key(reader, base, &mut self.path)? {
            return reader.skip();
        }
        let before = reader.clone();
        let value = reader.token()?;
        let (left, is_map) = match value {
            Token::Map(count) => (count, true),
            Token::Array(count) => (count, false),
            leaf => {
                self.add(leaf);
                return Some(());
            }
        };
        if self.levels.len() == MAX_DEPTH || self.path.len() > MAX_NAME_BYTES {
            self.lost += 1;
            *reader = before;
            return reader.skip();
        }
        if !is_map {
            self.path.extend_from_slice(b"{}");
        }
        self.levels.push(Level { left: left.into(), is_map, path: self.path.len() });
        Some(())
    }

    fn add(&mut self, leaf: Token<'_>) {
        if matches!(leaf, Token::Nil | Token::Extension(..)) {
            return;
        }
        if self.found.len() == MAX_FIELDS || self.path.len() > MAX_NAME_BYTES {
            self.lost += 1;
            return;
        }
        let (name, value) = (self.names.len(), self.values.len());
        self.names.extend_from_slice(&self.path);
        write_leaf(leaf, &mut self.values);
        self.found.push(Found { name: name..self.names.len(), value: value..self.values.len() });
    }

    /// Names and values, in the order of the record.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&[u8], &[u8])> {
        let pair =
            |found: &Found| (&self.names[found.name.clone()], &self.values[found.value.clone()]);
        self.found.iter().map(pair).collect()
    }

    /// How many values of all records so far were left out.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

/// Puts a key behind the path; whether it is a text.
fn read_key(reader: &mut Reader<'_>, base: usize, path: &mut Vec<u8>) -> Option<bool> {
    let before = reader.clone();
    match reader.token()? {
        Token::Text(key) => {
            if base > 0 {
                path.push(b'.');
            }
            path.extend_from_slice(key);
            Some(true)
        }
        _ => {
            *reader = before;
            reader.skip()?;
            Some(false)
        }
    }
}

fn write_leaf(leaf: Token<'_>, out: &mut Vec<u8>) {
    let written = match leaf {
        Token::Text(text) => out.write_all(text),
        Token::Bool(is_true) => write!(out, "{is_true}"),
        Token::Unsigned(number) => write!(out, "{number}"),
        Token::Signed(number) => write!(out, "{number}"),
        Token::Single(number) => write!(out, "{number}"),
        Token::Double(number) => write!(out, "{number}"),
        Token::Nil | Token::Array(_) | Token::Map(_) | Token::Extension(..) => Ok(()),
    };
    written.expect("a Vec takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Chunk, Part};

    fn read(fields: &mut Fields, body: &[u8]) -> Vec<(String, String)> {
        let chunk = [&[0x92, 0x05], body].concat();
        let Some(Part::Record(record)) = Chunk::new(&chunk).next() else { panic!("a record") };
        fields.read(&chunk, &record.body);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        fields.pairs().into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn names_are_paths_and_values_are_texts() {
        let mut body = vec![0x86];
        body.extend(b"\xa1a\x82\xa1b\x05\xa1c\xc3");
        body.extend(b"\xa1d\x93\xa1x\xfe\x81\xa1e\xca\x3f\x00\x00\x00");
        body.extend(b"\xa1f\xc0");
        body.extend(b"\x07\xa1x");
        body.extend(b"\xa1g\x80");
        body.extend(b"\xa1h\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00");
        let found = read(&mut Fields::default(), &body);
        let found: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found, ["a.b=5", "a.c=true", "d{}=x", "d{}=-2", "d{}.e=0.5", "h=1"]);
    }

    #[test]
    fn fields_of_the_record_before_are_forgotten() {
        let mut fields = Fields::default();
        read(&mut fields, b"\x81\xa1a\x01");
        assert_eq!(read(&mut fields, b"\x81\xa1b\x02"), [("b".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn deep_wide_and_long_values_are_left_out_and_counted() {
        let mut fields = Fields::default();
        let deep = [&b"\x82\xa1a"[..], &[0x91; 100_000], &[1], b"\xa1b\x02"].concat();
        assert_eq!(read(&mut fields, &deep), [("b".to_owned(), "2".to_owned())]);
        assert_eq!(fields.lost(), 1);
        let wide = [&[0xde, 2, 0x58][..], &b"\xa1a\x01".repeat(600)].concat();
        assert_eq!(read(&mut fields, &wide).len(), MAX_FIELDS);
        assert_eq!(fields.lost(), 1 + 88);
        let name = vec![b'x'; MAX_NAME_BYTES + 1];
        let long = [&[0x81, 0xda, 4, 1][..], &name, &[1]].concat();
        assert_eq!(read(&mut fields, &long), []);
        assert_eq!(fields.lost(), 1 + 88 + 1);
    }
}

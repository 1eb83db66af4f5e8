//! A chunk: the records that Fluent Bit hands over in one call, one behind the other.
//!
//! | what it is | how it is written |
//! | --- | --- |
//! | a record | `[[time, metadata], body]` |
//! | one of an old sender | `[time, body]` |
//! | the start or end of a group | a record whose time is -1 or -2 seconds |
//!
//! A record is passed on byte for byte but for what is changed on purpose, so all that is found is where things stand.

use std::ops::Range;

use caltrop_shipper::detector::nanoseconds;

use crate::msgpack::{Reader, Token};

const SECOND_NS: i64 = 1_000_000_000;

/// The next part of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    /// A log record.
    Record(Record<'a>),
    /// A value that is none: the mark of a group, or what no shipper writes.
    Other,
}

/// One log record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Where it stands in its chunk.
    pub range: Range<usize>,
    /// Nanoseconds since the epoch, where the shipper says so.
    pub time_ns: Option<i64>,
    /// The bytes of its metadata; none in a record of an old sender.
    pub metadata: &'a [u8],
    /// What was logged.
    pub body: Map<'a>,
}

/// A map in a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Map<'a> {
    chunk: &'a [u8],
    /// Where its head stands in the chunk.
    pub head: Range<usize>,
    /// How many pairs it has.
    pub count: u32,
    /// Where it ends.
    pub end: usize,
}

/// A pair of a map whose key is a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value, or the head of it.
    pub value: Token<'a>,
    /// Where the head of the value stands in the chunk.
    pub head: Range<usize>,
    /// Where the value ends.
    pub end: usize,
}

/// Reads a chunk from front to back.
#[derive(Clone, Debug)]
pub struct Chunk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Chunk<'a> {
    /// A chunk of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the part stands that comes next; behind the last part, what is left cannot be read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    fn part(&self, end: usize) -> Part<'a> {
        match self.record(end) {
            Some(record) => Part::Record(record),
            None => Part::Other,
        }
    }

    /// The value up to `end` as a record.
    fn record(&self, end: usize) -> Option<Record<'a>> {
        let mut reader = Reader::new(self.bytes, self.at);
        if reader.token()? != Token::Array(2) {
            return None;
        }
        let mut first = reader.token()?;
        let mut metadata = &self.bytes[..0];
        if let Token::Array(count @ 1..) = first {
            first = reader.token()?;
            let start = reader.position();
            (1..count).try_for_each(|_| reader.skip())?;
            metadata = &self.bytes[start..reader.position()];
        }
        let time_ns = time_ns(first)?;
        let head_start = reader.position();
        let Token::Map(count) = reader.token()? else { return None };
        let head = head_start..reader.position();
        let body = Map { chunk: self.bytes, head, count, end };
        Some(Record { range: self.at..end, time_ns, metadata, body })
    }
}

impl<'a> Iterator for Chunk<'a> {
    type Item = Part<'a>;

    /// The next part; `None` at the end, and before one that is cut off.
    fn next(&mut self) -> Option<Part<'a>> {
        let mut reader = Reader::new(self.bytes, self.at);
        reader.skip()?;
        let part = self.part(reader.position());
        self.at = reader.position();
        Some(part)
    }
}

/// The time of a record: `None` where it is no record, `Some(None)` where it says none that can be.
#[expect(clippy::option_option, reason = "a record may lack a usable time and still be one")]
fn time_ns(token: Token<'_>) -> Option<Option<i64>> {
    let (seconds, nanoseconds): (i64, i64) = match token {
        Token::Extension(0, &[a, b, c, d, e, f, g, h]) => {
            let seconds = u32::from_be_bytes([a, b, c, d]);
            if seconds >= u32::MAX - 1 {
                return None;
            }
            (seconds.into(), u32::from_be_bytes([e, f, g, h]).into())
        }
        Token::Unsigned(seconds) => (i64::try_from(seconds).unwrap_or(i64::MAX), 0),
        Token::Single(seconds) => return Some(nanoseconds(seconds.into())),
        Token::Double(seconds) => return Some(nanoseconds(seconds)),
        _ => return None,
    };
    Some(seconds.checked_mul(SECOND_NS).and_then(|whole| whole.checked_add(nanoseconds)))
}

impl<'a> Map<'a> {
    /// The map whose head is `count`, behind `head`.
    #[must_use]
    pub fn nested(&self, pair: &Pair<'a>) -> Option<Self> {
        match pair.value {
            Token::Map(count) => {
                Some(Self { chunk: self.chunk, head: pair.head.clone(), count, end: pair.end })
            }
            _ => None,
        }
    }

    /// Its pairs with a text as key, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'a>> + use<'a> {
        let mut reader = Reader::new(self.chunk, self.head.end);
        (0..self.count)
            .map_while(move |_| {
                let mut behind_key = reader.clone();
                let key = behind_key.token()?;
                reader.skip()?;
                let start = reader.position();
                let mut behind_head = reader.clone();
                let value = behind_head.token()?;
                reader.skip()?;
                let head = start..behind_head.position();
                Some((key, Pair { key: &[], value, head, end: reader.position() }))
            })
            .filter_map(|(key, pair)| match key {
                Token::Text(key) => Some(Pair { key, ..pair }),
                _ => None,
            })
    }

    /// The first pair of that key.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Pair<'a>> {
        self.pairs().find(|pair| pair.key == key)
    }

    /// The pair at the end of a path of keys.
    #[must_use]
    pub fn find_at(&self, path: &[Box<[u8]>]) -> Option<Pair<'a>> {
        let (last, before) = path.split_last()?;
        let start = Some(self.clone());
        let map = before.iter().fold(start, |map, key| {
            let map = map?;
            let pair = map.find(key)?;
            map.nested(&pair)
        })?;
        map.find(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: [u8; 10] = [0xd7, 0, 0x65, 0, 0, 0, 0, 0, 0, 7];
    const TIME_NS: i64 = 0x6500_0000 * SECOND_NS + 7;

    fn record(chunk: &[u8]) -> Record<'_> {
        match Chunk::new(chunk).next() {
            Some(Part::Record(record)) => record,
            other => panic!("{other:?} in {chunk:x?}"),
        }
    }

    #[test]
    fn a_record_is_one_however_its_parts_are_written() {
        let body = &[0x81, 0xa1, b'k', 0xa1, b'v'];
        let wide_body = &[0xdf, 0, 0, 0, 1, 0xd9, 1, b'k', 0xdb, 0, 0, 0, 1, b'v'];
        let heads: [&[u8]; 3] =
            [&[0x92, 0x92], &[0xdc, 0, 2, 0xdc, 0, 2], &[0xdd, 0, 0, 0, 2, 0xdd, 0, 0, 0, 2]];
        for head in heads {
            for metadata in [&[0x80][..], &[0xdf, 0, 0, 0, 0], &[0x81, 0xa1, b'm', 0x01]] {
                for body in [&body[..], wide_body] {
                    let chunk = [head, &TIME, metadata, body].concat();
                    let record = record(&chunk);
                    assert_eq!(record.range, 0..chunk.len());
                    assert_eq!((record.time_ns, record.metadata), (Some(TIME_NS), metadata));
                    assert_eq!(record.body.find(b"k").unwrap().value, Token::Text(b"v"));
                }
            }
        }
    }

    #[test]
    fn old_senders_write_the_time_alone_and_in_several_ways() {
        let half = [&[0xcb][..], &1.5_f64.to_be_bytes()].concat();
        for (time, time_ns) in [
            (&[0x05][..], 5 * SECOND_NS),
            (&[0xce, 0, 1, 0, 0], 65_536 * SECOND_NS),
            (&half, SECOND_NS + SECOND_NS / 2),
            (&TIME, TIME_NS),
        ] {
            let chunk = [&[0x92], time, &[0x80]].concat();
            assert_eq!(record(&chunk).time_ns, Some(time_ns), "{time:x?}");
        }
        let endless = [&[0x92, 0xcb][..], &f64::INFINITY.to_be_bytes(), &[0x80]].concat();
        assert_eq!(record(&endless).time_ns, None);
    }

    #[test]
    fn marks_of_groups_and_foreign_values_are_no_records() {
        let start = [0x92, 0x92, 0xd7, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0x80];
        let end = [0x92, 0x92, 0xd7, 0, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0x80, 0x80];
        let others: [&[u8]; 7] = [
            &start,
            &end,
            &[0x92, 0x92, 0xff, 0x80, 0x80],
            &[0xc0],
            &[0x93, 1, 2, 3],
            &[0x92, 0x01, 0xa1, b'x'],
            &[0x92, 0x90, 0x80],
        ];
        let chunk = others.concat();
        let parts: Vec<_> = Chunk::new(&chunk).collect();
        assert_eq!(parts, vec![Part::Other; others.len()]);
    }

    #[test]
    fn what_is_cut_off_ends_the_chunk_and_what_stands_before_it_is_read() {
        let whole = [&[0x92, 0x92][..], &TIME, &[0x80, 0x80]].concat();
        let two = whole.repeat(2);
        for end in 0..two.len() {
            let mut chunk = Chunk::new(&two[..end]);
            assert_eq!(chunk.by_ref().count(), end / whole.len(), "cut at {end}");
            assert_eq!(chunk.position(), end / whole.len() * whole.len());
        }
    }

    #[test]
    fn pairs_are_found_along_a_path_and_behind_keys_that_are_no_text() {
        let body = [0x83, 0x01, 0xa1, b'x', 0xa1, b'a', 0x81, 0xa1, b'b', 0x07, 0x91, 0x80, 0xc0];
        let chunk = [&[0x92, 0x05], &body[..]].concat();
        let record = record(&chunk);
        assert_eq!(record.body.pairs().count(), 1);
        let path =
            |text: &str| text.split('.').map(|key| key.as_bytes().into()).collect::<Vec<_>>();
        assert_eq!(record.body.find_at(&path("a.b")).unwrap().value, Token::Unsigned(7));
        assert_eq!(record.body.find_at(&path("a.c")), None);
        assert_eq!(record.body.find_at(&path("a.b.c")), None);
    }
}

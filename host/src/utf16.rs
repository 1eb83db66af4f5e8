//! UTF-16 as UTF-8: what Windows tools write when they are told to write text.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::buffer::as_u64;
use crate::rendered::Tally;

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The low one.
    Little,
    /// The high one.
    Big,
}

/// The order of the units if `head` is UTF-16: a byte order mark, or two ASCII characters in units of two bytes.
pub(crate) fn order(head: &[u8]) -> Option<Order> {
    let is_ascii = |byte: u8| byte != 0 && byte.is_ascii();
    match *head {
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        [first, 0, second, 0, ..] if is_ascii(first) && is_ascii(second) => Some(Order::Little),
        [0, first, 0, second, ..] if is_ascii(first) && is_ascii(second) => Some(Order::Big),
        _ => None,
    }
}

/// What is read of the input at a time, in bytes.
const READ_BYTES: usize = 32 << 10;

/// The UTF-8 of a reader of UTF-16. Half a character becomes U+FFFD and is counted. A byte order mark is left out.
pub(crate) struct Utf16<R> {
    reader: R,
    order: Order,
    /// Bytes that are no whole character yet stand at the front.
    units: Vec<u8>,
    text: String,
    given: usize,
    is_at_start: bool,
    tally: Arc<Tally>,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(reader: R, order: Order, tally: Arc<Tally>) -> Self {
        let (units, text) = (Vec::new(), String::new());
        Self { reader, order, units, text, given: 0, is_at_start: true, tally }
    }

    pub(crate) fn reader(&self) -> &R {
        &self.reader
    }

    /// Reads once and translates; false at the end.
    fn refill(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.given = 0;
        let kept = self.units.len();
        self.units.resize(kept + READ_BYTES, 0);
        let count = self.reader.read(&mut self.units[kept..]);
        self.units.truncate(kept + *count.as_ref().unwrap_or(&0));
        let is_end = count? == 0;
        let length = if is_end { self.units.len() } else { self.whole() };
        self.translate(length);
        Ok(!is_end || !self.text.is_empty())
    }

    /// How many bytes are whole characters for certain.
    fn whole(&self) -> usize {
        let length = self.units.len() / 2 * 2;
        let last =
            self.units[..length].chunks_exact(2).next_back().map(|bytes| unit(bytes, self.order));
        if last.is_some_and(|unit| (0xd800..0xdc00).contains(&unit)) { length - 2 } else { length }
    }

    fn translate(&mut self, length: usize) {
        let mut replaced = 0;
        let order = self.order;
        let units = self.units[..length].chunks(2).map(|bytes| unit(bytes, order));
        for character in char::decode_utf16(units) {
            match character {
                Ok('\u{feff}') if self.is_at_start => {}
                Ok(character) => self.text.push(character),
                Err(_) => {
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    replaced += 1;
                }
            }
            self.is_at_start = false;
        }
        self.tally.replaced.fetch_add(as_u64(replaced), Ordering::Relaxed);
        self.units.drain(..length);
    }
}

fn unit(bytes: &[u8], order: Order) -> u16 {
    match (bytes, order) {
        (&[low, high], Order::Little) | (&[high, low], Order::Big) => {
            u16::from_le_bytes([low, high])
        }
        // Half a unit, at the end of the input: the start of what cannot follow.
        _ => 0xd800,
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if !self.refill()? {
                return Ok(0);
            }
        }
        let count = (&self.text.as_bytes()[self.given..]).read(out)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(units: &[u16], order: Order) -> Vec<u8> {
        let bytes = |unit: &u16| match order {
            Order::Little => unit.to_le_bytes(),
            Order::Big => unit.to_be_bytes(),
        };
        units.iter().flat_map(bytes).collect()
    }

    /// Gives one byte a read.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let end = out.len().min(1);
            self.0.read(&mut out[..end])
        }
    }

    /// The text, and how many characters were replaced.
    fn translated(reader: impl Read, order: Order) -> (String, u64) {
        let tally = Arc::new(Tally::default());
        let mut text = String::new();
        Utf16::new(reader, order, Arc::clone(&tally)).read_to_string(&mut text).unwrap();
        (text, tally.replaced.load(Ordering::Relaxed))
    }

    #[test]
    fn both_orders_give_the_same_text_however_it_is_read() {
        let text = "<Event>\u{e9}\u{20ac}\u{1f600}\r\n";
        let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
        for order in [Order::Little, Order::Big] {
            let bytes = bytes(&units, order);
            assert_eq!(super::order(&bytes), Some(order));
            assert_eq!(super::order(&bytes[2..]), Some(order), "known without a mark");
            assert_eq!(translated(bytes.as_slice(), order), (text.to_owned(), 0));
            assert_eq!(translated(Drip(&bytes), order), (text.to_owned(), 0));
        }
    }

    #[test]
    fn half_characters_are_replaced_and_counted() {
        let units = [0x61, 0xd83d, 0x62, 0xde00, 0xd83d];
        let mut bytes = bytes(&units, Order::Little);
        assert_eq!(translated(Drip(&bytes), Order::Little).1, 3);
        bytes.push(b'x');
        let expected = ("a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}".to_owned(), 4);
        assert_eq!(translated(bytes.as_slice(), Order::Little), expected);
    }

    #[test]
    fn text_of_single_bytes_is_not_taken_for_pairs() {
        for head in [&b"ab"[..], b"a\0", b"\0\0\0\0", b"a\0\0b", b"\xc3\xa9\0\0", b""] {
            assert_eq!(order(head), None, "{head:?}");
        }
    }

    #[test]
    fn long_text_is_translated_piece_by_piece() {
        let text = "0123456789\u{1f600}".repeat(20_000);
        let units: Vec<u16> = text.encode_utf16().collect();
        assert_eq!(translated(bytes(&units, Order::Big).as_slice(), Order::Big), (text, 0));
    }
}

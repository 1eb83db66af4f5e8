//! The byte form of what an engine keeps, so that state can be saved, sent and merged.
//!
//! Everything is little-endian and nothing is aligned. Counts and lengths are written seven bits to the byte, lowest first
//! (LEB128), texts behind their length, doubles as their bits. Field names are written as texts, for a
//! [`FieldId`](crate::ids::FieldId) means something in one rule set only. Each struct reads and writes itself; the reader is
//! told the plan, so the bytes never say what kind of thing follows.
//!
//! The law: bytes are read as if an enemy had written them. Reading never panics, takes time in proportion to the bytes, and
//! asks for no more memory than a fixed multiple of them: a [`count`](Reader::count) is refused unless the bytes for so many
//! items are there. One value has one form, so what is not in its shortest form is refused too.

use std::fmt;

/// The version of the byte form and of what the accumulators mean by it. Part of every plan hash and of every saved state:
/// it grows with any change to either, and older bytes are then left out, not misread.
pub const VERSION: u32 = 3;

/// The largest count of values that is believed: beyond it a double is not exact, and no engine has counted so far.
const MAX_TALLY: u64 = 1 << 53;

/// Bytes that no engine has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    found: &'static str,
}

impl Malformed {
    /// What is wrong, in a few words: `a text is cut short`.
    #[must_use]
    pub const fn new(found: &'static str) -> Self {
        Self { found }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.found)
    }
}

impl std::error::Error for Malformed {}

/// Writes values one behind the other.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Everything that was written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Yes or no.
    pub fn flag(&mut self, flag: bool) {
        self.byte(flag.into());
    }

    /// A number that is mostly small, in one to ten bytes.
    pub fn number(&mut self, mut number: u64) {
        while let high @ 1.. = number >> 7 {
            self.byte(low_bits(number) | 0x80);
            number = high;
        }
        self.byte(low_bits(number));
    }

    /// How many items follow, or how many bytes.
    pub fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// An integer of either sign, in eight bytes.
    pub fn integer(&mut self, integer: i64) {
        self.plain(&integer.to_le_bytes());
    }

    /// A double, bit for bit.
    pub fn double(&mut self, double: f64) {
        self.plain(&double.to_bits().to_le_bytes());
    }

    /// A text of any bytes.
    pub fn text(&mut self, text: &[u8]) {
        self.count(text.len());
        self.plain(text);
    }

    /// Bytes whose number the reader knows.
    pub fn plain(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether there is a value, then what `write` writes of it.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// What `write` writes, as one text: whoever does not understand it can pass over it.
    pub fn section(&mut self, write: impl FnOnce(&mut Self)) {
        let mut section = Self::default();
        write(&mut section);
        self.text(&section.bytes);
    }
}

fn low_bits(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

/// Reads what a [`Writer`] wrote, or finds that none did.
///
/// Each method takes one value off the front and returns [`Malformed`] where the bytes end too soon or are not such a
/// value's only form.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.plain().map(|[byte]| byte)
    }

    /// Yes or no.
    pub fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::new("a flag is neither 0 nor 1")),
        }
    }

    /// A number that is mostly small.
    pub fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            let is_over = (bits << shift) >> shift != bits;
            let is_long = byte == 0 && shift > 0;
            if is_over || is_long {
                return Err(Malformed::new("a number is not in its shortest form"));
            }
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed::new("a number is longer than 64 bits"))
    }

    /// A number of 32 bits.
    pub fn small_number(&mut self) -> Result<u32, Malformed> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| Malformed::new("a number is longer than 32 bits"))
    }

    /// How many values were seen; not more than could have been.
    pub fn tally(&mut self) -> Result<u64, Malformed> {
        let tally = self.number()?;
        if tally > MAX_TALLY {
            return Err(Malformed::new("more values were counted than can be"));
        }
        Ok(tally)
    }

    /// How many items follow, each of at least so many bytes: no more than there is room for.
    pub fn count(&mut self, least_bytes: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.number()?).ok();
        let most = self.rest.len() / least_bytes.max(1);
        let count = count.filter(|&count| count <= most);
        count.ok_or(Malformed::new("more items are announced than there are bytes for"))
    }

    /// An integer of either sign.
    pub fn integer(&mut self) -> Result<i64, Malformed> {
        self.plain().map(i64::from_le_bytes)
    }

    /// Any double.
    pub fn double(&mut self) -> Result<f64, Malformed> {
        self.plain().map(|bits| f64::from_bits(u64::from_le_bytes(bits)))
    }

    /// A double that is a number.
    pub fn finite(&mut self) -> Result<f64, Malformed> {
        let double = self.double()?;
        if double.is_finite() { Ok(double) } else { Err(Malformed::new("a number is not finite")) }
    }

    /// A text of any bytes, borrowed from what is read.
    pub fn text(&mut self) -> Result<&'b [u8], Malformed> {
        let cut = Malformed::new("a text is cut short");
        let bytes = self.count(1).map_err(|_| cut)?;
        let (text, rest) = self.rest.split_at_checked(bytes).ok_or(cut)?;
        self.rest = rest;
        Ok(text)
    }

    /// So many bytes.
    pub fn plain<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Malformed> {
        let (plain, rest) =
            self.rest.split_first_chunk().ok_or(Malformed::new("the bytes end too soon"))?;
        self.rest = rest;
        Ok(*plain)
    }

    /// A value that `read` reads, if there is one.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    /// How many bytes have not been read.
    #[must_use]
    pub fn remaining_bytes(&self) -> usize {
        self.rest.len()
    }

    /// That nothing follows.
    pub fn end(self) -> Result<(), Malformed> {
        match self.rest {
            [] => Ok(()),
            _ => Err(Malformed::new("bytes follow the end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut out = Writer::default();
        write(&mut out);
        out.into_bytes()
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number: u64, shift in 0..64_u32, integer: i64, bits: u64, text: Vec<u8>) {
            let number = number >> shift;
            let bytes = written(|out| {
                out.number(number);
                out.integer(integer);
                out.double(f64::from_bits(bits));
                out.section(|out| out.text(&text));
                out.option(Some(&text), |out, text| out.text(text));
                out.option(None, |out, ()| out.byte(7));
            });
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.integer(), Ok(integer));
            prop_assert_eq!(reader.double().map(f64::to_bits), Ok(bits));
            prop_assert_eq!(Reader::new(reader.text().unwrap()).text(), Ok(&text[..]));
            prop_assert_eq!(reader.option(|reader| reader.text()), Ok(Some(&text[..])));
            prop_assert_eq!(reader.option(|reader| reader.byte()), Ok(None));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn a_number_has_one_form(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(number) = reader.number() {
                let read = bytes.len() - reader.rest.len();
                prop_assert_eq!(written(|out| out.number(number)), &bytes[..read]);
            }
        }
    }

    #[test]
    fn what_was_not_written_is_refused() {
        let number = |bytes: &[u8]| Reader::new(bytes).number().map_err(|error| error.found);
        assert_eq!(number(&[0xff; 9]), Err("the bytes end too soon"));
        assert_eq!(number(&[0xff; 11]), Err("a number is not in its shortest form"));
        assert_eq!(number(&[0x80, 0]), Err("a number is not in its shortest form"));
        let huge = written(|out| out.number(u64::MAX));
        assert_eq!(number(&huge), Ok(u64::MAX));
        assert!(Reader::new(&huge).count(1).is_err());
        assert!(Reader::new(&huge).text().is_err());
        assert!(Reader::new(&huge).tally().is_err());
        assert!(Reader::new(&huge).small_number().is_err());
        assert!(Reader::new(&[2]).flag().is_err());
        assert!(Reader::new(&written(|out| out.double(f64::NAN))).finite().is_err());
        assert!(Reader::new(&[3, 0, 0, 0, 0, 0]).count(2).is_err());
        assert!(Reader::new(&[0]).end().is_err());
    }
}

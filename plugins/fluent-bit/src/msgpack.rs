//! MessagePack, as log shippers write it.
//!
//! Every encoding of a number, a text, an array and a map is read, for shippers do not write the shortest one. Nothing that
//! is read is trusted: a length is no promise, a value that is cut off is none, and nothing recurses on what the bytes say. A
//! walk over any bytes costs time in proportion to their number.

/// One value, or the head of one that holds others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// Nothing.
    Nil,
    /// Yes or no.
    Bool(bool),
    /// A number that is not negative.
    Unsigned(u64),
    /// A negative number.
    Signed(i64),
    /// A number of 32 bits with a fraction.
    Single(f32),
    /// A number of 64 bits with a fraction.
    Double(f64),
    /// A text, or bytes: shippers tell them apart by chance only.
    Text(&'a [u8]),
    /// So many values follow.
    Array(u32),
    /// So many pairs of a key and a value follow.
    Map(u32),
    /// What MessagePack itself does not know: its kind, its bytes.
    Extension(i8, &'a [u8]),
}

/// Reads from front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader that stands before `bytes[at]`.
    #[must_use]
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How many bytes stand before it.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Reads a token; `None` at the end, before one that is cut off, and before the one byte that means nothing.
    pub fn token(&mut self) -> Option<Token<'a>> {
        let start = self.at;
        let token = self.read();
        if token.is_none() {
            self.at = start;
        }
        token
    }

    /// Passes over a whole value; `None`, and not a step further, where it is cut off.
    pub fn skip(&mut self) -> Option<()> {
        let start = self.at;
        let mut left: u64 = 1;
        while left > 0 {
            left -= 1;
            let Some(token) = self.token() else {
                self.at = start;
                return None;
            };
            left = left.saturating_add(match token {
                Token::Array(count) => count.into(),
                Token::Map(count) => 2 * u64::from(count),
                _ => 0,
            });
        }
        Some(())
    }

    fn read(&mut self) -> Option<Token<'a>> {
        let [head] = self.array()?;
        Some(match head {
            0x00..=0x7f => Token::Unsigned(head.into()),
            0x80..=0x8f => Token::Map((head & 0x0f).into()),
            0x90..=0x9f => Token::Array((head & 0x0f).into()),
            0xa0..=0xbf => Token::Text(self.take((head & 0x1f).into())?),
            0xc0 => Token::Nil,
            0xc1 => return None,
            0xc2 | 0xc3 => Token::Bool(head == 0xc3),
            0xc4 | 0xd9 => self.text(1)?,
            0xc5 | 0xda => self.text(2)?,
            0xc6 | 0xdb => self.text(4)?,
            0xc7 => self.sized_extension(1)?,
            0xc8 => self.sized_extension(2)?,
            0xc9 => self.sized_extension(4)?,
            0xca => Token::Single(f32::from_be_bytes(self.array()?)),
            0xcb => Token::Double(f64::from_be_bytes(self.array()?)),
            0xcc..=0xcf => Token::Unsigned(self.number(1 << (head - 0xcc))?),
            0xd0 => signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => signed(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (head - 0xd4))?,
            0xdc => Token::Array(self.count(2)?),
            0xdd => Token::Array(self.count(4)?),
            0xde => Token::Map(self.count(2)?),
            0xdf => Token::Map(self.count(4)?),
            0xe0..=0xff => Token::Signed(i8::from_be_bytes([head]).into()),
        })
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    /// A number of `width` bytes, eight at most.
    fn number(&mut self, width: usize) -> Option<u64> {
        let digits = self.take(width)?;
        Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
    }

    /// A number of `width` bytes, four at most.
    fn count(&mut self, width: usize) -> Option<u32> {
        self.number(width).and_then(|count| count.try_into().ok())
    }

    fn length(&mut self, width: usize) -> Option<usize> {
        self.number(width).and_then(|length| length.try_into().ok())
    }

    fn text(&mut self, width: usize) -> Option<Token<'a>> {
        let length = self.length(width)?;
        self.take(length).map(Token::Text)
    }

    fn sized_extension(&mut self, width: usize) -> Option<Token<'a>> {
        let length = self.length(width)?;
        self.extension(length)
    }

    fn extension(&mut self, length: usize) -> Option<Token<'a>> {
        let kind = i8::from_be_bytes(self.array()?);
        self.take(length).map(|bytes| Token::Extension(kind, bytes))
    }
}

fn signed(number: i64) -> Token<'static> {
    u64::try_from(number).map_or(Token::Signed(number), Token::Unsigned)
}

/// How long the first value is, in bytes; `None` where it is cut off.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes, 0);
    reader.skip()?;
    Some(reader.position())
}

/// Writes the head of an array.
pub fn write_array(out: &mut Vec<u8>, count: usize) {
    write_head(out, count, 0x90, [0xdc, 0xdd]);
}

/// Writes the head of a map.
pub fn write_map(out: &mut Vec<u8>, count: usize) {
    write_head(out, count, 0x80, [0xde, 0xdf]);
}

fn write_head(out: &mut Vec<u8>, count: usize, short: u8, wide: [u8; 2]) {
    match u32::try_from(count).unwrap_or(u32::MAX) {
        count @ 0..16 => out.push(short | count.to_be_bytes()[3]),
        count @ 16..0x1_0000 => {
            out.push(wide[0]);
            out.extend_from_slice(&count.to_be_bytes()[2..]);
        }
        count => {
            out.push(wide[1]);
            out.extend_from_slice(&count.to_be_bytes());
        }
    }
}

/// Writes a text; what is not UTF-8 becomes U+FFFD.
pub fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    match text.len() {
        0..32 => out.push(0xa0 | length[3]),
        32..0x100 => out.extend_from_slice(&[0xd9, length[3]]),
        0x100..0x1_0000 => out.extend_from_slice(&[0xda, length[2], length[3]]),
        _ => {
            out.push(0xdb);
            out.extend_from_slice(&length);
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// Writes a number that is not negative.
pub fn write_unsigned(out: &mut Vec<u8>, number: u64) {
    out.push(0xcf);
    out.extend_from_slice(&number.to_be_bytes());
}

/// Writes a number, or nil for one that is none.
pub fn write_number(out: &mut Vec<u8>, number: Option<f64>) {
    match number.filter(|number| number.is_finite()) {
        Some(number) => {
            out.push(0xcb);
            out.extend_from_slice(&number.to_be_bytes());
        }
        None => out.push(0xc0),
    }
}

/// Writes yes or no.
pub fn write_bool(out: &mut Vec<u8>, is_true: bool) {
    out.push(0xc2 | u8::from(is_true));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Token<'_>> {
        let mut reader = Reader::new(bytes, 0);
        let token = reader.token();
        assert_eq!(reader.position(), if token.is_some() { bytes.len() } else { 0 }, "{bytes:x?}");
        token
    }

    #[test]
    fn every_encoding_is_read_and_cut_off_it_is_none() {
        let cases: [(&[u8], Token<'_>); 31] = [
            (&[0xc0], Token::Nil),
            (&[0xc2], Token::Bool(false)),
            (&[0xc3], Token::Bool(true)),
            (&[0x7f], Token::Unsigned(127)),
            (&[0xe0], Token::Signed(-32)),
            (&[0xcc, 0xff], Token::Unsigned(255)),
            (&[0xcd, 1, 0], Token::Unsigned(256)),
            (&[0xce, 0, 1, 0, 0], Token::Unsigned(65_536)),
            (&[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], Token::Unsigned(1 << 32)),
            (&[0xd0, 0x80], Token::Signed(-128)),
            (&[0xd1, 0xff, 0xff], Token::Signed(-1)),
            (&[0xd2, 0, 0, 0, 5], Token::Unsigned(5)),
            (&[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], Token::Signed(-2)),
            (&[0xca, 0x3f, 0, 0, 0], Token::Single(0.5)),
            (&[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0], Token::Double(0.5)),
            (&[0xa1, b'x'], Token::Text(b"x")),
            (&[0xd9, 1, b'x'], Token::Text(b"x")),
            (&[0xda, 0, 1, b'x'], Token::Text(b"x")),
            (&[0xdb, 0, 0, 0, 1, b'x'], Token::Text(b"x")),
            (&[0xc4, 1, b'x'], Token::Text(b"x")),
            (&[0xc5, 0, 1, b'x'], Token::Text(b"x")),
            (&[0xc6, 0, 0, 0, 1, b'x'], Token::Text(b"x")),
            (&[0x9f], Token::Array(15)),
            (&[0xdc, 0, 2], Token::Array(2)),
            (&[0xdd, 0, 0, 0, 2], Token::Array(2)),
            (&[0x81], Token::Map(1)),
            (&[0xde, 0, 2], Token::Map(2)),
            (&[0xdf, 0, 0, 0, 2], Token::Map(2)),
            (&[0xd4, 1, 9], Token::Extension(1, &[9])),
            (&[0xc7, 1, 0xff, 9], Token::Extension(-1, &[9])),
            (&[0xd7, 0, 1, 2, 3, 4, 5, 6, 7, 8], Token::Extension(0, &[1, 2, 3, 4, 5, 6, 7, 8])),
        ];
        for (bytes, token) in cases {
            assert_eq!(read(bytes), Some(token), "{bytes:x?}");
            for end in 0..bytes.len() {
                assert_eq!(read(&bytes[..end]), None, "{bytes:x?} cut at {end}");
            }
        }
        assert_eq!(read(&[0xc1]), None);
    }

    #[test]
    fn deep_and_lying_values_are_passed_over_or_refused_without_recursion() {
        let deep = [vec![0x91; 1_000_000], vec![0xc0]].concat();
        let mut reader = Reader::new(&deep, 0);
        assert_eq!((reader.skip(), reader.position()), (Some(()), deep.len()));
        let mut reader = Reader::new(&deep[..999_999], 0);
        assert_eq!((reader.skip(), reader.position()), (None, 0));
        for lie in
            [&[0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0][..], &[0xdb, 0xff, 0xff, 0xff, 0xff, b'x']]
        {
            assert_eq!(Reader::new(lie, 0).skip(), None);
        }
        let lies = [0xdf, 0xff, 0xff, 0xff, 0xff].repeat(100_000);
        assert_eq!(Reader::new(&lies, 0).skip(), None, "no count overflows");
    }

    #[test]
    fn what_is_written_is_read() {
        for count in [0, 15, 16, 65_535, 65_536] {
            let wanted = u32::try_from(count).unwrap();
            let (mut array, mut map, mut text) = (Vec::new(), Vec::new(), Vec::new());
            write_array(&mut array, count);
            assert_eq!(read(&array), Some(Token::Array(wanted)));
            write_map(&mut map, count);
            assert_eq!(read(&map), Some(Token::Map(wanted)));
            let letters = vec![b'x'; count];
            write_text(&mut text, &letters);
            assert_eq!(read(&text), Some(Token::Text(&letters)));
        }
        let mut out = Vec::new();
        write_text(&mut out, b"a\xff");
        assert_eq!(read(&out), Some(Token::Text("a\u{fffd}".as_bytes())));
        out.clear();
        write_unsigned(&mut out, u64::MAX);
        assert_eq!(read(&out), Some(Token::Unsigned(u64::MAX)));
        for (number, token) in
            [(Some(1.5), Token::Double(1.5)), (Some(f64::NAN), Token::Nil), (None, Token::Nil)]
        {
            out.clear();
            write_number(&mut out, number);
            assert_eq!(read(&out), Some(token));
        }
        out.clear();
        write_bool(&mut out, true);
        assert_eq!(read(&out), Some(Token::Bool(true)));
    }
}

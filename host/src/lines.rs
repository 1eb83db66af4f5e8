//! Lines of any reader, in bounded memory.
//!
//! The law: **whatever the bytes and however the reader cuts them, the same lines come out**, and no more than the longest
//! allowed line and one read are ever held. It knows one event a line only; the classic text form, whose events have several
//! lines, is grouped by its own reader, on top of another than this, since this one drops empty lines.

use std::io::{self, Read};
use std::ops::Range;

/// What is asked of the reader at a time.
const READ_BYTES: usize = 64 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Gives a reader's lines, each without its line end, cut to a length.
///
/// Empty lines are left out: they are no events. A line ends at `\n` or `\r\n`, the last one also at the end of
/// input. A byte order mark at the start of the input is no part of its first line.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    max_line_bytes: usize,
    buffer: Vec<u8>,
    /// What has been read and not yet given out; all of `scanned` before it is free of newlines.
    filled: Range<usize>,
    scanned: usize,
    /// The end of a line that was cut is still to be passed over.
    skipping: bool,
    /// The place in the input of `buffer[filled.start]`, and of the line given out last.
    position: u64,
    line_position: u64,
    line: Range<usize>,
    /// How many line ends have been passed, and before the line given out last.
    newlines: u64,
    line_newlines: u64,
    truncated: u64,
}

impl<R: Read> Lines<R> {
    /// The lines of `reader`, of which none is longer than `max_line_bytes`.
    pub fn new(reader: R, max_line_bytes: usize) -> Self {
        Self {
            reader,
            max_line_bytes,
            buffer: Vec::new(),
            filled: 0..0,
            scanned: 0,
            skipping: false,
            position: 0,
            line_position: 0,
            line: 0..0,
            newlines: 0,
            line_newlines: 0,
            truncated: 0,
        }
    }

    /// The next line that is not empty; `None` at the end of input.
    ///
    /// # Errors
    /// Those of the reader. Whole lines read before were given out; what had been read of the next one is kept, so that a reader
    /// that recovers can go on.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        while let Some(line) = self.next_piece()? {
            if !line.is_empty() {
                self.line = line;
                return Ok(Some(self.line()));
            }
        }
        Ok(None)
    }

    /// The line given out last.
    pub fn line(&self) -> &[u8] {
        &self.buffer[self.line.clone()]
    }

    /// The byte of the input at which the line given out last starts.
    pub fn line_position(&self) -> u64 {
        self.line_position
    }

    /// The number of the line given out last, from 1; empty lines count.
    pub fn line_number(&self) -> u64 {
        self.line_newlines + 1
    }

    /// Where the lines come from.
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// How many bytes of the input have been given out or passed over.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How many lines were cut.
    pub fn truncated(&self) -> u64 {
        self.truncated
    }

    /// The place in the buffer of the next line, or of nothing: an empty line, the end of a line that was cut.
    fn next_piece(&mut self) -> io::Result<Option<Range<usize>>> {
        loop {
            if let Some(newline) = self.find_newline() {
                return Ok(Some(self.give_out(newline, newline + 1)));
            }
            let end = self.filled.end;
            if self.skipping {
                self.pass_to(end);
            } else if self.filled.len() > self.max_line_bytes.saturating_add(1) {
                // One byte more than the limit might still be the `\r` of a line that fits.
                let cut = self.give_out(end, end);
                self.skipping = true;
                return Ok(Some(cut));
            }
            if self.fill()? == 0 {
                let end = self.filled.end;
                return Ok((!self.filled.is_empty()).then(|| self.give_out(end, end)));
            }
        }
    }

    /// Looks at each byte once, however often it is called.
    fn find_newline(&mut self) -> Option<usize> {
        let found = memchr::memchr(b'\n', &self.buffer[self.scanned..self.filled.end]);
        let newline = found.map(|at| self.scanned + at);
        self.scanned = newline.unwrap_or(self.filled.end);
        newline
    }

    /// Takes the line up to `end` out of the buffer, which goes on at `next`.
    fn give_out(&mut self, end: usize, next: usize) -> Range<usize> {
        let mut start = self.filled.start;
        if self.position == 0 && self.buffer[start..end].starts_with(BYTE_ORDER_MARK) {
            start += BYTE_ORDER_MARK.len();
        }
        self.line_position = self.position;
        self.line_newlines = self.newlines;
        self.newlines += u64::from(next > end);
        self.pass_to(next);
        if std::mem::take(&mut self.skipping) {
            return start..start;
        }
        let has_return = self.buffer[start..end].ends_with(b"\r");
        let line = start..end - usize::from(has_return);
        if line.len() <= self.max_line_bytes {
            return line;
        }
        self.truncated += 1;
        start..start + self.max_line_bytes
    }

    fn pass_to(&mut self, next: usize) {
        self.position += u64::try_from(next - self.filled.start).expect("a length fits 64 bits");
        self.filled.start = next;
        self.scanned = self.scanned.max(next);
    }

    /// Reads once; 0 at the end of input.
    fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        loop {
            match self.reader.read(&mut self.buffer[self.filled.end..]) {
                Ok(count) => {
                    self.filled.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves what is left to the front when the end is near: at most once a line, and then less than a read.
    fn make_room(&mut self) {
        if self.buffer.len() - self.filled.end >= READ_BYTES && !self.filled.is_empty() {
            return;
        }
        self.buffer.copy_within(self.filled.clone(), 0);
        self.scanned -= self.filled.start;
        self.filled = 0..self.filled.len();
        let wanted = self.filled.end + READ_BYTES;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives `bytes` in pieces of at most `piece`.
    struct Pieces<'a> {
        bytes: &'a [u8],
        piece: usize,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.piece.min(out.len());
            self.bytes.read(&mut out[..count])
        }
    }

    /// Input, lines with their positions, how many of them are cut at 5 bytes.
    type Case = (&'static [u8], &'static [(u64, &'static str)], u64);

    /// The lines with their positions, and how many were cut.
    fn lines(bytes: &[u8], piece: usize, max_line_bytes: usize) -> (Vec<(u64, String)>, u64) {
        let mut lines = Lines::new(Pieces { bytes, piece }, max_line_bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap().map(<[u8]>::to_vec) {
            all.push((lines.line_position(), String::from_utf8(line).unwrap()));
        }
        assert_eq!(lines.position(), bytes.len() as u64);
        (all, lines.truncated())
    }

    #[test]
    fn the_same_lines_come_out_however_the_reader_cuts_them() {
        let cases: [Case; 14] = [
            (b"", &[], 0),
            (b"\n\r\n\n", &[], 0),
            (b"ab", &[(0, "ab")], 0),
            (b"ab\n", &[(0, "ab")], 0),
            (b"ab\r\ncd\r\n", &[(0, "ab"), (4, "cd")], 0),
            (b"ab\n\n\ncd", &[(0, "ab"), (5, "cd")], 0),
            (b"a\rb\n", &[(0, "a\rb")], 0),
            (b"\xef\xbb\xbfab\n", &[(0, "ab")], 0),
            (b"\xef\xbb\xbf\nab", &[(4, "ab")], 0),
            (b"12345\n", &[(0, "12345")], 0),
            (b"12345\r\n6", &[(0, "12345"), (7, "6")], 0),
            (b"123456\n7", &[(0, "12345"), (7, "7")], 1),
            (b"12345678901\r\n\nb\n", &[(0, "12345"), (14, "b")], 1),
            (b"1234567\n1234567", &[(0, "12345"), (8, "12345")], 2),
        ];
        for (bytes, expected, truncated) in cases {
            let expected: Vec<(u64, String)> =
                expected.iter().map(|(position, line)| (*position, (*line).to_owned())).collect();
            for piece in [1, 2, 3, 7, 1_000_000] {
                let found = lines(bytes, piece, 5);
                assert_eq!(
                    found,
                    (expected.clone(), truncated),
                    "{:?} by {piece}",
                    bytes.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn lines_are_numbered_as_an_editor_numbers_them() {
        for piece in [1, 3, 1_000] {
            let bytes = b"a\n\n\r\n1234567890\nb\n\nc";
            let mut lines = Lines::new(Pieces { bytes, piece }, 5);
            let mut numbers = Vec::new();
            while lines.next_line().unwrap().is_some() {
                numbers.push(lines.line_number());
            }
            assert_eq!(numbers, [1, 4, 5, 7], "by {piece}");
        }
    }

    #[test]
    fn many_lines_longer_than_a_read_come_out_whole() {
        let expected: Vec<String> = (0..40).map(|n| "x".repeat(n * 7_919 % 150_000 + 1)).collect();
        let text = expected.join("\r\n");
        for piece in [1_000, 65_536, 1_000_000] {
            let (found, truncated) = lines(text.as_bytes(), piece, 1 << 20);
            assert!(found.iter().map(|(_, line)| line).eq(&expected), "by {piece}");
            assert_eq!(truncated, 0);
        }
    }

    #[test]
    fn a_line_far_beyond_the_limit_is_cut_without_being_held() {
        let mut bytes = vec![b'a'; 3_000_000];
        bytes.extend(b"\nnext\n");
        let mut lines = Lines::new(bytes.as_slice(), 100_000);
        assert_eq!(lines.next_line().unwrap().unwrap().len(), 100_000);
        assert_eq!(lines.next_line().unwrap(), Some(b"next".as_slice()));
        assert_eq!(lines.next_line().unwrap(), None);
        assert_eq!(lines.truncated(), 1);
        assert!(lines.buffer.len() < 100_000 + 3 * READ_BYTES, "{}", lines.buffer.len());
    }

    #[test]
    fn an_error_comes_after_the_lines_before_it() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let mut lines = Lines::new(b"ab\ncd".chain(Fails), 100);
        assert_eq!(lines.next_line().unwrap(), Some(b"ab".as_slice()));
        assert_eq!(lines.next_line().unwrap_err().to_string(), "gone");
    }
}

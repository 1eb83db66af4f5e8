//! A text line by line, and what names a key may have.

use memchr::memchr;

/// A place in a text; it goes on from line to line.
#[derive(Clone, Copy)]
pub(super) struct Lines<'e> {
    text: &'e [u8],
    pos: usize,
}

/// One line.
#[derive(Clone, Copy)]
pub(super) struct Line<'e> {
    /// Where it starts in the text.
    pub(super) start: usize,
    /// What stands in it, without the line break.
    pub(super) text: &'e [u8],
}

impl<'e> Lines<'e> {
    /// At the start of `text`.
    pub(super) fn new(text: &'e [u8]) -> Self {
        Self { text, pos: 0 }
    }

    /// Goes on behind the line in which `pos` lies.
    pub(super) fn skip_to(&mut self, pos: usize) {
        self.pos = pos;
        self.next();
    }
}

impl<'e> Iterator for Lines<'e> {
    type Item = Line<'e>;

    fn next(&mut self) -> Option<Line<'e>> {
        let start = self.pos;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        self.pos = start + length + 1;
        let text = &rest[..length];
        Some(Line { start, text: text.strip_suffix(b"\r").unwrap_or(text) })
    }
}

impl Line<'_> {
    /// Where it ends, before the line break.
    pub(super) fn end(self) -> usize {
        self.start + self.text.len()
    }
}

/// Whether `name` is an ASCII letter, then letters, digits and `_`.
pub(super) fn is_word(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_or_without_a_carriage_return() {
        let text = b"a\r\n\nb\rc\n\r\nd";
        let lines: Vec<_> = Lines::new(text).map(|line| (line.start, line.text)).collect();
        let expected: [(usize, &[u8]); 5] =
            [(0, b"a"), (3, b""), (4, b"b\rc"), (8, b""), (10, b"d")];
        assert_eq!(lines, expected);
        assert!(Lines::new(b"a\n").nth(1).is_none());
    }

    #[test]
    fn the_rest_of_a_line_is_passed_over() {
        let mut lines = Lines::new(b"one\ntwo\nthree");
        lines.skip_to(5);
        assert_eq!(lines.next().map(|line| line.text), Some(b"three".as_slice()));
        lines.skip_to(13);
        assert!(lines.next().is_none());
    }
}

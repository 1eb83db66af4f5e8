//! A place in JSON text that may be cut off, broken or hostile.
//!
//! Every step is linear in the bytes that it passes and looks at none of them twice but for the backslashes before a
//! quote. Nothing is checked that does not have to be: what a value means is not changed by a comma too many.

use memchr::memchr;

/// A place in the text; never beyond its end.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'e> {
    rest: &'e [u8],
}

/// The text of a string or of a scalar, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written<'e> {
    /// Without quotes.
    pub(super) text: &'e [u8],
    /// Whether it holds backslashes, so that it may mean something else than it says.
    pub(super) is_escaped: bool,
}

impl<'e> Cursor<'e> {
    /// The start of `raw`, past a byte order mark and white space.
    pub(super) fn new(raw: &'e [u8]) -> Self {
        const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
        let rest = raw.strip_prefix(BYTE_ORDER_MARK).unwrap_or(raw);
        Self { rest: rest.trim_ascii_start() }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// How many bytes are not read yet.
    pub(super) fn left_bytes(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Goes past white space and commas, to the next member or element or to an end.
    pub(super) fn skip_separators(&mut self) {
        let is_separator = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let length = self.rest.iter().take_while(|byte| is_separator(byte)).count();
        self.rest = &self.rest[length..];
    }

    /// Goes past `byte`, if it stands here.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The key at the place, and goes past it and its colon. None where no key stands.
    pub(super) fn key(&mut self) -> Option<Written<'e>> {
        let key = self.eat(b'"').then(|| self.string())?;
        self.skip_space();
        let has_value = self.eat(b':');
        self.skip_space();
        has_value.then_some(key)
    }

    /// The string whose opening quote was just passed. One that never ends goes to the end of the text.
    pub(super) fn string(&mut self) -> Written<'e> {
        let length = end_of_string(self.rest);
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest.get(1..).unwrap_or_default();
        Written { text, is_escaped: memchr(b'\\', text).is_some() }
    }

    /// The number or word at the place; empty where none stands.
    pub(super) fn scalar(&mut self) -> &'e [u8] {
        let is_inner =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = self.rest.iter().take_while(|byte| is_inner(byte)).count();
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        text
    }

    /// The value at the place as written, and goes past it. Empty where none stands.
    pub(super) fn value(&mut self) -> &'e [u8] {
        let start = self.rest;
        match self.peek() {
            Some(b'"') => {
                self.rest = &start[1..];
                self.string();
            }
            Some(b'{' | b'[') => self.skip_container(),
            _ => return self.scalar(),
        }
        &start[..start.len() - self.rest.len()]
    }

    /// Goes past the object or array at the place, however deep it is.
    pub(super) fn skip_container(&mut self) {
        let mut depth = 0_usize;
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'"' => _ = self.string(),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Goes past the bracket that ends an object or array.
    pub(super) fn skip_end(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }
}

/// Where the quote is that ends a string: the first one before which an even number of backslashes stands.
pub(super) fn end_of_string(text: &[u8]) -> usize {
    let mut from = 0;
    while let Some(found) = memchr(b'"', &text[from..]) {
        let at = from + found;
        let backslashes = text[from..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
        if backslashes % 2 == 0 {
            return at;
        }
        from = at + 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_a_quote_that_is_not_escaped() {
        for (text, length) in [
            (r#"a"b"#, 1),
            (r#"a\"b"c"#, 4),
            (r#"a\\"b"#, 3),
            (r#"\\\"\\"x"#, 6),
            ("never", 5),
            (r#"half an escape\"#, 15),
            ("", 0),
        ] {
            assert_eq!(end_of_string(text.as_bytes()), length, "{text}");
        }
    }

    #[test]
    fn values_are_passed_whole() {
        for (text, value) in [
            (r#"{"a":"}]","b":[{}]},1"#, r#"{"a":"}]","b":[{}]}"#),
            (r#"[1,[2]] "#, "[1,[2]]"),
            (r#""a\"b","c""#, r#""a\"b""#),
            ("-1.5e+3,", "-1.5e+3"),
            ("true}", "true"),
            (r#"{"cut":[1"#, r#"{"cut":[1"#),
            (":", ""),
        ] {
            let value_at = Cursor::new(text.as_bytes()).value();
            assert_eq!(value_at, value.as_bytes(), "{text}");
        }
    }
}

//! The tags of XML, one behind the other.
//!
//! A scanner and no parser: it borrows everything, keeps no stack, looks at no byte more than a few times, and compares no end
//! tag with its start tag.

use memchr::{memchr, memchr3, memmem};

/// A place in the text. `pos` never exceeds its length.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'e> {
    pub(super) raw: &'e [u8],
    pub(super) pos: usize,
}

/// A tag.
pub(super) enum Tag<'e> {
    /// It begins an element.
    Start(Start<'e>),
    /// It ends one, and starts at that place.
    End(usize),
}

/// A tag that begins an element.
pub(super) struct Start<'e> {
    /// Without a namespace prefix.
    pub(super) name: &'e [u8],
    /// As written; [`Attributes`] takes them apart.
    pub(super) attributes: &'e [u8],
    /// Whether it ends at once: `<Data/>`.
    pub(super) is_empty: bool,
}

impl<'e> Cursor<'e> {
    fn rest(&self) -> &'e [u8] {
        self.raw.get(self.pos..).unwrap_or_default()
    }

    /// The next tag, and goes past it. Text, CDATA, comments and declarations are passed over.
    pub(super) fn tag(&mut self) -> Option<Tag<'e>> {
        loop {
            self.pos += memchr(b'<', self.rest())?;
            match self.rest().get(1)? {
                b'/' => {
                    let start = self.pos;
                    self.skip_end_tag();
                    return Some(Tag::End(start));
                }
                b'!' | b'?' => self.skip_declaration(),
                byte if is_name_start(*byte) => return self.start_tag().map(Tag::Start),
                _ => self.pos += 1,
            }
        }
    }

    /// The start tag at the cursor, which is known to be at `<` and a letter; none if it never ends.
    fn start_tag(&mut self) -> Option<Start<'e>> {
        let inside = &self.rest()[1..];
        let inside = &inside[..end_of_tag(inside)?];
        self.pos += inside.len() + 2;
        let (inside, is_empty) = match inside.strip_suffix(b"/") {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let name_length = inside.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let (name, attributes) = inside.split_at(name_length);
        let name = name.rsplit(|&byte| byte == b':').next().unwrap_or(name);
        Some(Start { name, attributes, is_empty })
    }

    /// The text of the element whose start tag was just passed, if it holds no elements; goes past its end tag then, and
    /// to its first child otherwise.
    pub(super) fn leaf(&mut self) -> Option<&'e [u8]> {
        let start = self.pos;
        loop {
            match memchr(b'<', self.rest()) {
                Some(length) => self.pos += length,
                None => self.pos = self.raw.len(),
            }
            let text = &self.raw[start..self.pos];
            match self.rest().get(1) {
                None | Some(b'/') => {
                    self.skip_end_tag();
                    return Some(text);
                }
                Some(b'!' | b'?') => self.skip_declaration(),
                Some(&byte) if is_name_start(byte) => return None,
                Some(_) => self.pos += 1,
            }
        }
    }

    /// What the element whose start tag was just passed holds; goes past its end tag.
    pub(super) fn content(&mut self) -> &'e [u8] {
        let start = self.pos;
        let mut depth = 0_usize;
        loop {
            match self.tag() {
                Some(Tag::Start(inner)) => depth += usize::from(!inner.is_empty),
                Some(Tag::End(end)) if depth == 0 => return &self.raw[start..end],
                Some(Tag::End(_)) => depth -= 1,
                None => {
                    self.pos = self.raw.len();
                    return &self.raw[start..];
                }
            }
        }
    }

    fn skip_end_tag(&mut self) {
        self.pos += memchr(b'>', self.rest()).map_or_else(|| self.rest().len(), |at| at + 1);
    }

    /// Goes past what opens with `<!` or `<?`.
    fn skip_declaration(&mut self) {
        const LONG: [(&[u8], &[u8]); 3] =
            [(b"<![CDATA[", b"]]>"), (b"<!--", b"-->"), (b"<?", b"?>")];
        for (open, close) in LONG {
            if self.rest().starts_with(open) {
                self.pos += open.len();
                self.pos += memmem::find(self.rest(), close)
                    .map_or_else(|| self.rest().len(), |at| at + close.len());
                return;
            }
        }
        self.skip_end_tag();
    }

    /// What stands before `end`, and goes there.
    pub(super) fn skip_past_content(&mut self, end: &[u8]) -> &'e [u8] {
        let rest = self.rest();
        let length = memmem::find(rest, end).unwrap_or(rest.len());
        self.pos += length;
        &rest[..length]
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Where the `>` is that ends the tag; one within quotes does not.
fn end_of_tag(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr3(b'>', b'\'', b'"', &inside[at..])?;
        match inside[at] {
            b'>' => return Some(at),
            quote => at += memchr(quote, &inside[at + 1..])? + 2,
        }
    }
}

/// The attributes of one start tag, names and values as written. Ends at the first that is malformed.
#[derive(Clone, Debug)]
pub(super) struct Attributes<'e> {
    pub(super) rest: &'e [u8],
}

impl<'e> Attributes<'e> {
    /// What the attribute `Name` says, if anything.
    pub(super) fn name(mut self) -> Option<&'e [u8]> {
        let (_, name) = self.find(|(attribute, _)| *attribute == b"Name")?;
        (!name.is_empty()).then_some(name)
    }
}

impl<'e> Iterator for Attributes<'e> {
    type Item = (&'e [u8], &'e [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        let equals = memchr(b'=', rest)?;
        let name = rest[..equals].trim_ascii();
        let (&quote, value) = rest[equals + 1..].trim_ascii_start().split_first()?;
        if quote != b'\'' && quote != b'"' {
            return None;
        }
        let length = memchr(quote, value)?;
        self.rest = &value[length + 1..];
        Some((name, &value[..length]))
    }
}

//! Reads `--format rows`: fields that are ready, one JSON object a line.
//!
//! What the line says is what a rule sees: numbers keep their digits, `true` and `false` are those words, `null` is an
//! absent field, an array is a multivalue. Objects within are flattened to Splunk's paths: `a.b`, and `a{}.b` below an
//! array. Nothing is extracted from `_raw`. Names keep the order of the line, and the last of a key counts.
//!
//! The reader keeps its own stack, so nesting costs arena and no stack, and every step is linear in the line but for
//! names, which are bounded. It is stricter than it is fast: rows serve tests and hosts that have parsed already.

use std::fmt;

use bumpalo::{Bump, collections::Vec as BumpVec};
use foldhash::quality::FixedState;
use hashbrown::HashMap;

use crate::value::Value;

/// Objects and arrays may be nested this deep.
pub const MAX_DEPTH: usize = 256;
/// A flattened name may be this long; without a bound many fields would cost the square of the line.
pub const MAX_NAME_BYTES: usize = 1024;
/// A row has no more fields than this.
pub const MAX_FIELDS: usize = 512;

/// What one line says.
#[derive(Debug)]
pub struct Row<'e> {
    /// The fields that are present, each name once, in the order of the line.
    pub fields: BumpVec<'e, (&'e [u8], Value<'e>)>,
    /// The data model dataset that the row belongs to: the key `_dataset`, which is no field.
    pub dataset: Option<&'e [u8]>,
    /// How many values were left out because the row had [`MAX_FIELDS`] fields already.
    pub dropped: usize,
}

/// Why a line is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowError {
    offset: usize,
    message: &'static str,
}

impl RowError {
    /// The byte of the line at which reading stopped.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for RowError {}

/// The fields of `line`. Texts are borrowed from it, unless they hold escapes.
///
/// # Errors
/// If the line is no JSON object, is nested too deep or makes a name that is too long. Bytes that are no UTF-8 are none.
pub fn fields<'e>(line: &'e [u8], bump: &'e Bump) -> Result<Row<'e>, RowError> {
    let mut reader = Reader {
        line,
        pos: 0,
        bump,
        nodes: BumpVec::new_in(bump),
        open: BumpVec::new_in(bump),
        scratch: BumpVec::new_in(bump),
    };
    reader.document()?;
    Flattener::new(bump).flatten(&reader.nodes)
}

/// A value of the line. A container is followed by what it holds.
struct Node<'e> {
    /// Empty within an array.
    key: &'e [u8],
    content: Content<'e>,
    /// The node behind all that it holds.
    end: usize,
    /// Whether the same key comes again.
    is_superseded: bool,
    /// The byte of the line behind its first part.
    offset: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content<'e> {
    Object,
    Array,
    Text(&'e [u8]),
    Null,
}

/// Turns a line into nodes.
struct Reader<'e> {
    line: &'e [u8],
    /// Never beyond the end of the line.
    pos: usize,
    bump: &'e Bump,
    nodes: BumpVec<'e, Node<'e>>,
    /// The containers that are not closed yet.
    open: BumpVec<'e, usize>,
    scratch: BumpVec<'e, usize>,
}

impl<'e> Reader<'e> {
    fn document(&mut self) -> Result<(), RowError> {
        self.skip_space();
        if self.peek() != Some(b'{') {
            return Err(self.error("expected an object"));
        }
        self.value(b"")?;
        while let Some(&container) = self.open.last() {
            self.member(container)?;
        }
        self.skip_space();
        if self.pos < self.line.len() {
            return Err(self.error("more follows the object"));
        }
        Ok(())
    }

    /// Reads one member of the innermost container, or its end.
    fn member(&mut self, container: usize) -> Result<(), RowError> {
        let is_object = self.nodes[container].content == Content::Object;
        let is_first = self.nodes.len() == container + 1;
        self.skip_space();
        if self.eat(if is_object { b'}' } else { b']' }) {
            self.close(container);
            return Ok(());
        }
        if !is_first {
            self.expect(b',', "expected `,` or the end of the object or array")?;
            self.skip_space();
        }
        if !is_object {
            return self.value(b"");
        }
        self.expect(b'"', "expected a key")?;
        let key = self.string()?;
        self.skip_space();
        self.expect(b':', "expected `:`")?;
        self.skip_space();
        self.value(key)
    }

    fn value(&mut self, key: &'e [u8]) -> Result<(), RowError> {
        let content = match self.peek() {
            Some(b'{') => self.container(Content::Object)?,
            Some(b'[') => self.container(Content::Array)?,
            Some(b'"') => {
                self.pos += 1;
                Content::Text(self.string()?)
            }
            Some(b'-' | b'0'..=b'9') => Content::Text(self.number()?),
            Some(b't') => Content::Text(self.word(b"true")?),
            Some(b'f') => Content::Text(self.word(b"false")?),
            Some(b'n') => self.word(b"null").map(|_| Content::Null)?,
            _ => return Err(self.error("expected a value")),
        };
        let end = self.nodes.len() + 1;
        self.nodes.push(Node { key, content, end, is_superseded: false, offset: self.pos });
        Ok(())
    }

    fn container(&mut self, content: Content<'e>) -> Result<Content<'e>, RowError> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.error("nested deeper than 256"));
        }
        self.pos += 1;
        self.open.push(self.nodes.len());
        Ok(content)
    }

    fn close(&mut self, container: usize) {
        self.open.pop();
        self.nodes[container].end = self.nodes.len();
        if self.nodes[container].content == Content::Object {
            self.supersede_repeated_keys(container);
        }
    }

    fn supersede_repeated_keys(&mut self, container: usize) {
        self.scratch.clear();
        let mut child = container + 1;
        while child < self.nodes.len() {
            self.scratch.push(child);
            child = self.nodes[child].end;
        }
        let nodes = &mut self.nodes;
        self.scratch.sort_unstable_by_key(|&child| (nodes[child].key, child));
        for pair in self.scratch.windows(2) {
            if nodes[pair[0]].key == nodes[pair[1]].key {
                nodes[pair[0]].is_superseded = true;
            }
        }
    }

    /// The text of the string whose opening quote was just passed.
    fn string(&mut self) -> Result<&'e [u8], RowError> {
        let start = self.pos;
        if self.skip_plain()? == b'"' {
            let text = &self.line[start..self.pos];
            self.pos += 1;
            return Ok(text);
        }
        self.pos = start;
        let mut text = BumpVec::new_in(self.bump);
        loop {
            let start = self.pos;
            let stop = self.skip_plain()?;
            text.extend_from_slice(&self.line[start..self.pos]);
            self.pos += 1;
            if stop == b'"' {
                return Ok(text.into_bump_slice());
            }
            let character = self.escape()?;
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Goes to the quote that ends a string or to the next backslash, and says which.
    fn skip_plain(&mut self) -> Result<u8, RowError> {
        let stops = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
        let rest = &self.line[self.pos..];
        self.pos += rest.iter().position(stops).unwrap_or(rest.len());
        match self.peek() {
            Some(stop @ (b'"' | b'\\')) => Ok(stop),
            Some(_) => Err(self.error("a control character stands in a string")),
            None => Err(self.error("a string never ends")),
        }
    }

    /// What the escape means whose backslash was just passed.
    fn escape(&mut self) -> Result<char, RowError> {
        let character = match self.peek() {
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("no such escape")),
        };
        self.pos += 1;
        Ok(character)
    }

    /// The character of the escape at the `u` of which the cursor stands, or of two that are a surrogate pair. Half a
    /// pair is no character: it becomes U+FFFD.
    fn unicode_escape(&mut self) -> Result<char, RowError> {
        let first = self.code_unit()?;
        if let (0xD800..=0xDBFF, Some(b"\\u")) = (first, self.line.get(self.pos..self.pos + 2)) {
            let after_first = self.pos;
            self.pos += 1;
            let second = self.code_unit()?;
            if let 0xDC00..=0xDFFF = second {
                let number = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // The second escape is a character of its own.
            self.pos = after_first;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The four digits behind the `u` at the cursor.
    fn code_unit(&mut self) -> Result<u32, RowError> {
        let digits = self.line.get(self.pos + 1..self.pos + 5);
        let unit = digits.and_then(|digits| {
            digits.iter().try_fold(0, |unit, &digit| {
                char::from(digit).to_digit(16).map(|digit| unit * 16 + digit)
            })
        });
        let unit = unit.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.pos += 5;
        Ok(unit)
    }

    /// A number as it is written.
    fn number(&mut self) -> Result<&'e [u8], RowError> {
        let start = self.pos;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(&self.line[start..self.pos])
    }

    fn digits(&mut self) -> Result<(), RowError> {
        let rest = &self.line[self.pos..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.pos += length;
        if length == 0 { Err(self.error("expected a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static [u8]) -> Result<&'e [u8], RowError> {
        if !self.line[self.pos..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        self.pos += word.len();
        Ok(word)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.pos).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.pos += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8, message: &'static str) -> Result<(), RowError> {
        if self.eat(byte) { Ok(()) } else { Err(self.error(message)) }
    }

    fn error(&self, message: &'static str) -> RowError {
        RowError { offset: self.pos, message }
    }
}

/// Turns nodes into named fields.
struct Flattener<'e> {
    bump: &'e Bump,
    /// The path to the node at hand.
    name: BumpVec<'e, u8>,
    /// The containers around it, but for the object of the line.
    frames: BumpVec<'e, Frame>,
    /// The member of that object which holds it.
    member: usize,
    fields: BumpVec<'e, Field<'e>>,
    by_name: HashMap<&'e [u8], usize, FixedState, &'e Bump>,
    dataset: Option<&'e [u8]>,
    dropped: usize,
}

struct Frame {
    /// The node behind it.
    end: usize,
    is_array: bool,
    /// How long the name was outside of it.
    outer_name_bytes: usize,
}

struct Field<'e> {
    name: &'e [u8],
    texts: BumpVec<'e, &'e [u8]>,
    /// The member that the texts come from. Texts of one member add up, those of a later one replace them.
    member: usize,
}

impl<'e> Flattener<'e> {
    fn new(bump: &'e Bump) -> Self {
        Self {
            bump,
            name: BumpVec::new_in(bump),
            frames: BumpVec::new_in(bump),
            member: 0,
            fields: BumpVec::new_in(bump),
            by_name: HashMap::with_hasher_in(FixedState::default(), bump),
            dataset: None,
            dropped: 0,
        }
    }

    /// Takes all nodes. The first is the object of the line.
    fn flatten(mut self, nodes: &[Node<'e>]) -> Result<Row<'e>, RowError> {
        let mut index = 1;
        while let Some(node) = nodes.get(index) {
            while let Some(frame) = self.frames.pop_if(|frame| frame.end <= index) {
                self.name.truncate(frame.outer_name_bytes);
            }
            if self.frames.is_empty() {
                self.member = index;
            }
            if node.is_superseded {
                index = node.end;
            } else {
                self.node(node)?;
                index += 1;
            }
        }
        Ok(self.row())
    }

    fn node(&mut self, node: &Node<'e>) -> Result<(), RowError> {
        let outer_name_bytes = self.name.len();
        self.extend_name(node);
        if self.name.len() > MAX_NAME_BYTES {
            return Err(RowError { offset: node.offset, message: "a field name is too long" });
        }
        match node.content {
            Content::Object | Content::Array => {
                let is_array = node.content == Content::Array;
                self.frames.push(Frame { end: node.end, is_array, outer_name_bytes });
                return Ok(());
            }
            Content::Text(text) if self.name.as_slice() == b"_dataset" => self.dataset = Some(text),
            Content::Text(text) => self.add(text),
            Content::Null => {}
        }
        self.name.truncate(outer_name_bytes);
        Ok(())
    }

    /// Adds the step to `node`: `.key` within an object, `{}` to a container within an array, nothing to a text there.
    fn extend_name(&mut self, node: &Node<'_>) {
        let is_in_array = self.frames.last().is_some_and(|frame| frame.is_array);
        match node.content {
            Content::Object | Content::Array if is_in_array => self.name.extend_from_slice(b"{}"),
            Content::Text(_) | Content::Null if is_in_array => {}
            _ => {
                if !self.name.is_empty() {
                    self.name.push(b'.');
                }
                self.name.extend_from_slice(node.key);
            }
        }
    }

    fn add(&mut self, text: &'e [u8]) {
        let Some(index) = self.field() else {
            self.dropped += 1;
            return;
        };
        let field = &mut self.fields[index];
        if field.member != self.member {
            field.texts.clear();
            field.member = self.member;
        }
        field.texts.push(text);
    }

    /// The field that has the name at hand; none if there are too many fields for a new one.
    fn field(&mut self) -> Option<usize> {
        if let Some(&index) = self.by_name.get(self.name.as_slice()) {
            return Some(index);
        }
        let index = self.fields.len();
        if index == MAX_FIELDS {
            return None;
        }
        let name = self.bump.alloc_slice_copy(&self.name);
        self.by_name.insert(name, index);
        let texts = BumpVec::new_in(self.bump);
        self.fields.push(Field { name, texts, member: self.member });
        Some(index)
    }

    fn row(self) -> Row<'e> {
        let mut fields = BumpVec::with_capacity_in(self.fields.len(), self.bump);
        let named =
            |field: Field<'e>| (field.name, Value::from_list(field.texts.into_bump_slice()));
        fields.extend(self.fields.into_iter().map(named));
        Row { fields, dataset: self.dataset, dropped: self.dropped }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Flat = BTreeMap<String, Vec<String>>;

    /// The fields of `line` as `name=value` or `name=[value,value]`, in order; the error, if it is no row.
    fn shown(line: &str) -> String {
        let bump = Bump::new();
        let row = match fields(line.as_bytes(), &bump) {
            Ok(row) => row,
            Err(error) => return format!("error: {error}"),
        };
        let fields = row.fields.iter().map(|(name, value)| match value {
            Value::Text(text) => format!("{}={}", name.escape_ascii(), text.escape_ascii()),
            value => {
                let texts = value.texts(&bump).iter().map(|text| text.escape_ascii().to_string());
                format!("{}=[{}]", name.escape_ascii(), texts.collect::<Vec<_>>().join(","))
            }
        });
        fields.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn members_become_fields() {
        for (line, expected) in [
            (r#"{"_time":1600637964.10,"n":-1.50e+3,"z":0}"#, "_time=1600637964.10 n=-1.50e+3 z=0"),
            (r#"{"t":true,"f":false,"absent":null,"empty":""}"#, "t=true f=false empty="),
            (r#" { "b" : "1" , "a" : [ ] } "#, "b=1"),
            (r#"{"mv":["x",1,true,null],"one":["x"]}"#, "mv=[x,1,true] one=x"),
            (r#"{"a":{"b":{"c":1}},"a.d":2}"#, "a.b.c=1 a.d=2"),
            (r#"{"a":[{"b":1,"c":2},{"b":3}]}"#, "a{}.b=[1,3] a{}.c=2"),
            (r#"{"a":[1,[2,[3]],{"b":[4,5]}]}"#, "a=1 a{}=2 a{}{}=3 a{}.b=[4,5]"),
            (r#"{"":1,"x":{"":2}}"#, "=1 x.=2"),
            ("{}", ""),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn the_last_of_a_key_counts() {
        for (line, expected) in [
            (r#"{"a":1,"b":2,"a":3}"#, "b=2 a=3"),
            (r#"{"a":1,"a":null}"#, ""),
            (r#"{"a":{"b":1,"c":2},"a":{"c":3}}"#, "a.c=3"),
            (r#"{"a":{"b":1,"b":[2,3]}}"#, "a.b=[2,3]"),
            (r#"{"a":[{"b":1,"b":2},{"b":3}]}"#, "a{}.b=[2,3]"),
            (r#"{"a.b":1,"a":{"b":2}}"#, "a.b=2"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        for (line, expected) in [
            (r#"{"a":"\"\\\/\b\f\n\r\t"}"#, r#"a=\"\\/\x08\x0c\n\r\t"#),
            (r#"{"a":"\u0041\u00e9x"}"#, r"a=A\xc3\xa9x"),
            (r#"{"a":"\ud83d\ude00"}"#, r"a=\xf0\x9f\x98\x80"),
            (r#"{"a":"\ud83d"}"#, r"a=\xef\xbf\xbd"),
            (r#"{"a":"\ude00\ud83d"}"#, r"a=\xef\xbf\xbd\xef\xbf\xbd"),
            (r#"{"a":"\ud83d\u0041"}"#, r"a=\xef\xbf\xbdA"),
            (r#"{"a":"\ud83d\n"}"#, r"a=\xef\xbf\xbd\n"),
            (r#"{"\u0061":"\u0000"}"#, r"a=\x00"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_no_object_is_an_error_with_its_place() {
        for (line, expected) in [
            ("", "expected an object at byte 0"),
            ("[1]", "expected an object at byte 0"),
            ("{", "expected a key at byte 1"),
            (r#"{"a"}"#, "expected `:` at byte 4"),
            (r#"{"a":}"#, "expected a value at byte 5"),
            (r#"{"a":1,}"#, "expected a key at byte 7"),
            (r#"{"a":[1,]}"#, "expected a value at byte 8"),
            (r#"{"a":1 "b":2}"#, "expected `,` or the end of the object or array at byte 7"),
            (r#"{"a":[1}"#, "expected `,` or the end of the object or array at byte 7"),
            (r#"{"a":"x"#, "a string never ends at byte 7"),
            (r#"{"a":"\x"}"#, "no such escape at byte 7"),
            (r#"{"a":"\u12"}"#, "expected four hexadecimal digits at byte 7"),
            ("{\"a\":\"\n\"}", "a control character stands in a string at byte 6"),
            (r#"{"a":01}"#, "expected `,` or the end of the object or array at byte 6"),
            (r#"{"a":1.}"#, "expected a digit at byte 7"),
            (r#"{"a":-}"#, "expected a digit at byte 6"),
            (r#"{"a":nul}"#, "expected a value at byte 5"),
            (r#"{} {}"#, "more follows the object at byte 3"),
        ] {
            assert_eq!(shown(line), format!("error: {expected}"), "{line}");
        }
    }

    #[test]
    fn the_dataset_is_no_field() {
        let bump = Bump::new();
        let row = fields(br#"{"_dataset":"Processes","a":{"_dataset":1}}"#, &bump).unwrap();
        assert_eq!(row.dataset, Some(b"Processes".as_slice()));
        let names: Vec<_> = row.fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [b"a._dataset"]);
    }

    #[test]
    fn nesting_is_bounded() {
        let bump = Bump::new();
        let nested =
            |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(fields(nested(MAX_DEPTH - 1).as_bytes(), &bump).is_ok());
        let error = fields(nested(MAX_DEPTH).as_bytes(), &bump).unwrap_err();
        assert_eq!(error.offset(), 5 + MAX_DEPTH - 1);
        assert!(fields(r#"{"a":["#.repeat(1 << 17).as_bytes(), &bump).is_err());
    }

    #[test]
    fn names_and_fields_are_bounded_but_not_values() {
        let bump = Bump::new();
        let long_name = format!(r#"{{"{}":1}}"#, "n".repeat(MAX_NAME_BYTES + 1));
        assert!(fields(long_name.as_bytes(), &bump).is_err());

        let many: Vec<_> = (0..MAX_FIELDS + 7).map(|number| format!(r#""f{number}":1"#)).collect();
        let many = format!("{{{}}}", many.join(","));
        let row = fields(many.as_bytes(), &bump).unwrap();
        assert_eq!((row.fields.len(), row.dropped), (MAX_FIELDS, 7));

        let one_name = format!(r#"{{"a":[{}1]}}"#, r#"{"b":1},"#.repeat(100_000));
        let row = fields(one_name.as_bytes(), &bump).unwrap();
        assert_eq!(row.fields[0].1.count(), 100_000);
    }

    #[test]
    fn plain_texts_are_borrowed() {
        let bump = Bump::new();
        let line = br#"{"a":"text"}"#;
        let row = fields(line, &bump).unwrap();
        let Value::Text(text) = row.fields[0].1 else { panic!("a text") };
        assert!(std::ptr::eq(text.as_ptr(), &raw const line[6]));
    }

    /// What serde_json reads, flattened by the plainest means.
    fn reference(value: &serde_json::Value, name: &str, flat: &mut Flat) {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::Object(members) => {
                for (key, member) in members {
                    let dot = if name.is_empty() { "" } else { "." };
                    reference(member, &format!("{name}{dot}{key}"), flat);
                }
            }
            serde_json::Value::Array(elements) => {
                for element in elements {
                    let is_nested = element.is_array() || element.is_object();
                    reference(
                        element,
                        &format!("{name}{}", if is_nested { "{}" } else { "" }),
                        flat,
                    );
                }
            }
            scalar => {
                let text = scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned);
                flat.entry(name.to_owned()).or_default().push(text);
            }
        }
    }

    fn flat(line: &[u8]) -> Option<Flat> {
        let bump = Bump::new();
        let row = fields(line, &bump).ok()?;
        let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let texts = |value: Value<'_>| value.texts(&bump).iter().map(|one| text(one)).collect();
        Some(row.fields.iter().map(|&(name, value)| (text(name), texts(value))).collect())
    }

    /// Objects with keys that repeat and numbers that serde_json prints as they were written.
    fn json() -> impl Strategy<Value = String> {
        let key = || prop::sample::select(vec!["a", "b", "c", r"\u0061", "d d", r"\\"]);
        let scalar = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|truth| truth.to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        let member =
            move |value| (key(), value).prop_map(|(key, value)| format!(r#""{key}" :{value}"#));
        let object = |members: Vec<String>| format!("{{{}}}", members.join(","));
        let value = scalar.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5)
                    .prop_map(|all| format!("[{}]", all.join(", "))),
                prop::collection::vec(member(inner.boxed()), 0..5).prop_map(object),
            ]
        });
        prop::collection::vec(member(value.boxed()), 0..6).prop_map(object)
    }

    proptest! {
        #[test]
        fn what_serde_json_reads_is_read_alike(line in json()) {
            let mut expected = Flat::new();
            reference(&serde_json::from_str(&line).unwrap(), "", &mut expected);
            prop_assert_eq!(flat(line.as_bytes()), Some(expected), "{}", line);
        }

        #[test]
        fn a_damaged_line_is_refused_where_serde_json_refuses_it(
            line in json(), at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7F,
        ) {
            let mut line = line.into_bytes();
            let at = at.index(line.len());
            line[at] = byte;
            let serde = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line);
            // Broken UTF-8, half a surrogate pair and numbers beyond f64 are taken here.
            let is_lenience = serde.as_ref().is_err_and(|error| {
                let reason = error.to_string();
                ["unicode", "surrogate", "hex escape", "out of range"].iter().any(|word| reason.contains(word))
            });
            prop_assume!(!is_lenience);
            prop_assert_eq!(flat(&line).is_some(), serde.is_ok(), "{}", String::from_utf8_lossy(&line));
        }

        #[test]
        fn any_bytes_are_survived(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = flat(&line);
        }
    }
}

//! The fields of an object by their paths.
//!
//! All values of a path are kept, in their order: Splunk makes a multivalue of an array, and of a key that is repeated, so
//! that nobody can hide a value behind another one. Empty texts are no values, as in every other rendering of an event.

use bumpalo::{Bump, collections::Vec as BumpVec};
use foldhash::quality::FixedState;
use hashbrown::HashMap;

use super::walk::{Leaf, Walker};
use crate::{
    event::{Encoding, MAX_FIELDS, Natives},
    value::Value,
};

/// Few events have more fields. PERF: growing the tables up to here took a seventh of the time of the whole search.
const USUAL_FIELDS: usize = 56;

/// The fields of one object.
pub(super) struct Fields<'e> {
    bump: &'e Bump,
    fields: BumpVec<'e, Field<'e>>,
    by_name: HashMap<&'e [u8], usize, FixedState, &'e Bump>,
    lost: u64,
}

/// One path and its values.
pub(super) struct Field<'e> {
    pub(super) name: &'e [u8],
    first: Leaf<'e>,
    /// Empty while there is one value only; then all of them.
    texts: BumpVec<'e, &'e [u8]>,
}

impl<'e> Fields<'e> {
    /// Reads `raw` as far as it makes sense.
    pub(super) fn read(raw: &'e [u8], bump: &'e Bump) -> Self {
        let mut fields = Self {
            bump,
            fields: BumpVec::with_capacity_in(USUAL_FIELDS, bump),
            by_name: HashMap::with_capacity_and_hasher_in(
                USUAL_FIELDS,
                FixedState::default(),
                bump,
            ),
            lost: 0,
        };
        let mut walker = Walker::new(raw, bump);
        let mut last = None;
        while let Some(leaf) = walker.next() {
            last =
                if leaf.repeats_name { last } else { fields.by_name.get(walker.name()).copied() };
            if !leaf.written.text.is_empty() {
                last = fields.add(leaf, last, &walker);
            }
        }
        fields.lost += walker.lost();
        fields
    }

    /// Adds a value to the field at `index`, or to a new one; says where it is.
    fn add(&mut self, leaf: Leaf<'e>, index: Option<usize>, walker: &Walker<'e>) -> Option<usize> {
        if let Some(index) = index {
            self.fields[index].push(leaf, self.bump);
            return Some(index);
        }
        let index = self.fields.len();
        if index == MAX_FIELDS {
            self.lost += 1;
            return None;
        }
        let name = walker.kept_name();
        self.by_name.insert(name, index);
        self.fields.push(Field { name, first: leaf, texts: BumpVec::new_in(self.bump) });
        Some(index)
    }

    /// The field of that path.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Field<'e>> {
        self.by_name.get(name).map(|&index| &self.fields[index])
    }

    /// Whether there is a field of that path.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name)
    }

    /// All fields in the order in which they stand.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Field<'e>> {
        self.fields.iter()
    }

    /// How many values were left out because of a bound.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }
}

impl<'e> Field<'e> {
    fn push(&mut self, leaf: Leaf<'e>, bump: &'e Bump) {
        if self.texts.is_empty() {
            self.texts.push(self.first.text(bump));
        }
        self.texts.push(leaf.text(bump));
    }

    /// What it says, if it is one text.
    pub(super) fn text(&self, bump: &'e Bump) -> Option<&'e [u8]> {
        self.texts.is_empty().then(|| self.first.text(bump))
    }

    /// Whether its text, if it is one, has something in it that looks like an entity of XML.
    pub(super) fn holds_entity(&self) -> bool {
        const ENTITIES: [&[u8]; 5] = [b"&lt;", b"&gt;", b"&amp;", b"&quot;", b"&apos;"];
        let text = self.first.written.text;
        let is_entity = |at| ENTITIES.iter().any(|entity| text[at..].starts_with(entity));
        self.texts.is_empty() && memchr::memchr_iter(b'&', text).any(is_entity)
    }

    /// Hands it to `natives` under `name`; where it is escaped it is decoded when it is first read.
    pub(super) fn add_to(&self, natives: &mut Natives<'e>, name: &'e [u8]) {
        let written = self.first.written;
        if self.texts.is_empty() && written.is_escaped {
            natives.add_encoded(name, written.text, Encoding::Json);
        } else {
            natives.add(name, self.value(natives.bump()));
        }
    }

    /// What it says.
    pub(super) fn value(&self, bump: &'e Bump) -> Value<'e> {
        match self.text(bump) {
            Some(text) => Value::Text(text),
            None => Value::List(bump.alloc_slice_copy(&self.texts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of `raw` as `name=value` or `name=[value,value]`, in order.
    fn shown(raw: &str) -> String {
        let bump = Bump::new();
        let fields = Fields::read(raw.as_bytes(), &bump);
        let field = |field: &Field<'_>| {
            let texts = field.value(&bump).texts(&bump);
            let texts: Vec<_> = texts.iter().map(|text| text.escape_ascii().to_string()).collect();
            match texts.as_slice() {
                [one] => format!("{}={one}", field.name.escape_ascii()),
                more => format!("{}=[{}]", field.name.escape_ascii(), more.join(",")),
            }
        };
        fields.iter().map(field).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn objects_become_paths() {
        for (raw, expected) in [
            (r#"{"a":{"b":{"c":1}},"a.d":2}"#, "a.b.c=1 a.d=2"),
            (r#"{"a":["x","y"],"b":[3]}"#, "a{}=[x,y] b{}=3"),
            (r#"{"a":[{"b":1,"c":2},{"b":3}]}"#, "a{}.b=[1,3] a{}.c=2"),
            (r#"{"a":[1,[2,[3]],{"b":[4,5]},6]}"#, "a{}=[1,6] a{}{}=2 a{}{}{}=3 a{}.b{}=[4,5]"),
            (r#"{"n":-1.50e+3,"z":0,"t":true,"f":false}"#, "n=-1.50e+3 z=0 t=true f=false"),
            (r#"{"absent":null,"empty":"","none":[],"nothing":{},"x":[null,"","y"]}"#, "x{}=y"),
            (r#"{"a":1,"b":2,"a":3,"c":{"a":4},"c.a":5}"#, "a=[1,3] b=2 c.a=[4,5]"),
            (r#"{"k\u0065y":"v\/w\n","o\"":{"\t":"x"}}"#, r#"key=v/w\n o\".\t=x"#),
            ("\u{feff} {\r\n \"a\" : [ 1 , 2 ] }\n", "a{}=[1,2]"),
            ("{}", ""),
        ] {
            assert_eq!(shown(raw), expected, "{raw}");
        }
    }

    #[test]
    fn what_is_cut_off_or_broken_gives_what_was_read() {
        for (raw, expected) in [
            (r#"{"a":1,"b":"cut o"#, "a=1 b=cut o"),
            (r#"{"a":1,"b":{"c":[2,{"d":"#, "a=1 b.c{}=2"),
            (r#"{"a":1,"b"#, "a=1"),
            (r#"{"a":1,b:2,"c":3}"#, "a=1"),
            (r#"{"a":1,"b":=,"c":3}"#, "a=1"),
            (r#"{"a":1,,"b":2,}"#, "a=1 b=2"),
            (r#"{"a":1 "b":2} {"c":3}"#, "a=1 b=2"),
            (r#"{"a":[1,2},"b":3}"#, "a{}=[1,2] b=3"),
            ("{\"a\":\"two\nlines\"}", r"a=two\nlines"),
            ("[1]", ""),
            ("", ""),
        ] {
            assert_eq!(shown(raw), expected, "{raw}");
        }
    }

    #[test]
    fn depth_names_and_their_number_are_bounded_and_counted() {
        let lost = |raw: String| {
            let bump = Bump::new();
            let fields = Fields::read(raw.as_bytes(), &bump);
            (fields.iter().count(), fields.lost())
        };
        let deep =
            |depth: usize| format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(lost(deep(255)), (2, 0));
        assert_eq!(lost(deep(256)), (1, 1));
        assert_eq!(lost(deep(100_000)), (1, 1));
        let named = |bytes: usize| format!(r#"{{"{}":1,"b":{{"c":2}}}}"#, "x".repeat(bytes));
        assert_eq!(lost(named(1024)), (2, 0));
        assert_eq!(lost(named(1025)), (1, 1));
        let many: Vec<_> = (0..600).map(|index| format!(r#""f{index}":[1,2]"#)).collect();
        assert_eq!(lost(format!("{{{}}}", many.join(","))), (512, 176));
    }

    #[test]
    fn a_plain_name_is_borrowed_and_a_value_always() {
        let raw = br#"{"Image":"C:\\x","n":420}"#;
        let bump = Bump::new();
        let fields = Fields::read(raw, &bump);
        let range = raw.as_ptr_range();
        for field in fields.iter() {
            assert!(range.contains(&field.name.as_ptr()));
            assert!(range.contains(&field.first.written.text.as_ptr()));
        }
    }
}

//! Cuts fields out of a text: what `EXTRACT-` and `REPORT-` of props.conf do to an event.
//!
//! A value is a piece of the text that it was cut from, never a copy, so the scan can look for it there. What an event can
//! make of this is bounded: [`MAX_MATCHES`] matches, and [`MAX_FIELDS`](super::MAX_FIELDS) fields whose names it supplies.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::MAX_FIELDS;
use crate::{
    expr::capture::{Finder, Match},
    ids::FieldId,
    names::Name,
    row::Env,
    value::Value,
};

/// One extraction gives at most this many values; what is beyond is not seen, but counted.
pub const MAX_MATCHES: usize = 16_384;

/// One extraction.
#[derive(Clone, Debug)]
pub struct Extraction {
    /// The field that it cuts.
    pub source: FieldId,
    /// How it cuts.
    pub method: Method,
    /// Whether a field that is there already gets one value more.
    pub adds_values: bool,
    /// Whether a field may be the empty text.
    pub keeps_empty: bool,
}

/// How an extraction cuts.
#[derive(Clone, Debug)]
pub enum Method {
    /// By the groups of a pattern.
    Pattern {
        /// The pattern.
        finder: Finder,
        /// What each match gives.
        outputs: Box<[Output]>,
        /// Which matches count.
        matches: Matches,
    },
    /// At delimiters, into columns.
    Columns {
        /// Each ends a column.
        delimiters: Box<[u8]>,
        /// The names of the columns, in order.
        fields: Box<[FieldId]>,
    },
    /// At delimiters, into names and values.
    Pairs {
        /// Stand between pairs.
        between: Box<[u8]>,
        /// Stand between a name and its value.
        within: Box<[u8]>,
        /// Whether names become names of letters, digits and underscores.
        cleans_names: bool,
    },
}

/// Which matches of a pattern count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matches {
    /// The first one.
    First,
    /// All of them.
    All,
}

/// A field that a match gives.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: OutputName,
    /// Its value.
    pub value: Template,
}

/// What a field is called.
#[derive(Clone, Debug)]
pub enum OutputName {
    /// As the knowledge says.
    Field(FieldId),
    /// As the event says.
    Supplied {
        /// Where its name comes from.
        template: Template,
        /// Whether it becomes a name of letters, digits and underscores.
        cleans: bool,
    },
}

/// Texts and groups, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Box<[Piece]>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Text(Box<[u8]>),
    /// What the group of this number holds.
    Group(usize),
}

/// What an extraction has found: each name once, in the order in which the names were found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found<'e> {
    /// The fields.
    pub fields: &'e [(Name<'e>, Value<'e>)],
    /// How many values were left out.
    pub lost: u64,
}

impl Extraction {
    /// The fields that the event itself names are not known before.
    #[must_use]
    pub fn takes_names(&self) -> bool {
        match &self.method {
            Method::Pattern { outputs, .. } => {
                outputs.iter().any(|output| matches!(output.name, OutputName::Supplied { .. }))
            }
            Method::Columns { .. } => false,
            Method::Pairs { .. } => true,
        }
    }

    /// Calls `visit` with each field whose name is known before.
    pub fn for_each_field(&self, visit: &mut dyn FnMut(FieldId)) {
        match &self.method {
            Method::Pattern { outputs, .. } => {
                for output in outputs {
                    if let OutputName::Field(field) = output.name {
                        visit(field);
                    }
                }
            }
            Method::Columns { fields, .. } => fields.iter().copied().for_each(visit),
            Method::Pairs { .. } => {}
        }
    }

    /// Cuts `source`; of several values each.
    pub fn run<'e>(&self, source: Value<'e>, env: Env<'e>) -> Found<'e> {
        let mut gatherer = Gatherer::new(self, env);
        for text in source.texts(env.bump) {
            match &self.method {
                Method::Pattern { finder, outputs, matches } => {
                    gatherer.match_pattern(finder, outputs, *matches, text);
                }
                Method::Columns { delimiters, fields } => {
                    gatherer.split_columns(delimiters, fields, text);
                }
                Method::Pairs { between, within, cleans_names } => {
                    gatherer.split_pairs(between, within, *cleans_names, text);
                }
            }
        }
        gatherer.found()
    }
}

impl<'e> Found<'e> {
    /// The field of that name; null where there is none.
    #[must_use]
    pub fn get(&self, name: Name<'_>) -> Value<'e> {
        let found = self.fields.iter().find(|(found, _)| *found == name);
        found.map_or(Value::Null, |(_, value)| *value)
    }
}

impl Template {
    /// The group that it is, if it is nothing else.
    #[must_use]
    pub fn group(&self) -> Option<usize> {
        match *self.0 {
            [Piece::Group(group)] => Some(group),
            _ => None,
        }
    }

    /// The text that it is, if it is nothing else.
    #[must_use]
    pub fn plain(&self) -> Option<&[u8]> {
        match &*self.0 {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its text for one match; a group that took no part makes it none.
    fn text<'e>(&self, found: &Match<'_, 'e>, bump: &'e Bump) -> Option<&'e [u8]> {
        if let Some(group) = self.group() {
            return found.group(group);
        }
        let mut text = BumpVec::new_in(bump);
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.extend_from_slice(plain),
                Piece::Group(group) => text.extend_from_slice(found.group(*group)?),
            }
        }
        Some(text.into_bump_slice())
    }
}

/// Collects what one extraction finds.
struct Gatherer<'x, 'e> {
    extraction: &'x Extraction,
    env: Env<'e>,
    names: BumpVec<'e, Name<'e>>,
    /// Each value with the place of its name.
    values: BumpVec<'e, (usize, &'e [u8])>,
    matches: usize,
    lost: u64,
}

impl<'x, 'e> Gatherer<'x, 'e> {
    fn new(extraction: &'x Extraction, env: Env<'e>) -> Self {
        let (names, values) = (BumpVec::new_in(env.bump), BumpVec::new_in(env.bump));
        Self { extraction, env, names, values, matches: 0, lost: 0 }
    }

    /// Counts one match; whether it is still to be looked at.
    fn may_go_on(&mut self) -> bool {
        self.matches += 1;
        let may = self.matches <= MAX_MATCHES;
        self.lost += u64::from(!may);
        may
    }

    fn match_pattern(
        &mut self,
        finder: &Finder,
        outputs: &[Output],
        matches: Matches,
        text: &'e [u8],
    ) {
        if matches == Matches::First && self.matches > 0 {
            return;
        }
        let Env { caches, bump, .. } = self.env;
        let complete = finder.for_each(caches, text, bump, |found| {
            let goes_on = self.may_go_on();
            if goes_on {
                outputs.iter().for_each(|output| self.add_output(output, &found));
            }
            goes_on && matches == Matches::All
        });
        self.lost += u64::from(!complete);
    }

    fn add_output(&mut self, output: &Output, found: &Match<'_, 'e>) {
        let bump = self.env.bump;
        let Some(value) = output.value.text(found, bump) else { return };
        match &output.name {
            OutputName::Field(field) => self.add(Name::Known(*field), value),
            OutputName::Supplied { template, cleans } => {
                if let Some(name) = template.text(found, bump) {
                    self.add_supplied(name, *cleans, value);
                }
            }
        }
    }

    /// Columns stand between single delimiters, so that a column may be empty.
    fn split_columns(&mut self, delimiters: &[u8], fields: &[FieldId], text: &'e [u8]) {
        let mut cursor = Cursor { text, pos: 0, quotes_end: true };
        for &field in fields {
            let value = cursor.value(delimiters);
            self.add(Name::Known(field), value);
            if cursor.pos == text.len() {
                return;
            }
            cursor.pos += 1;
        }
    }

    /// Between pairs, and between a name and its value, may stand several delimiters.
    fn split_pairs(&mut self, between: &[u8], within: &[u8], cleans_names: bool, text: &'e [u8]) {
        let mut cursor = Cursor { text, pos: 0, quotes_end: true };
        loop {
            cursor.skip(between);
            if cursor.pos == text.len() || !self.may_go_on() {
                return;
            }
            let name = cursor.upto(|byte| within.contains(&byte) || between.contains(&byte));
            if cursor.peek().is_some_and(|byte| within.contains(&byte)) {
                cursor.skip(within);
                let value = cursor.value(between);
                self.add_supplied(trim(name), cleans_names, trim(value));
            }
        }
    }

    fn add_supplied(&mut self, name: &'e [u8], cleans: bool, value: &'e [u8]) {
        let name = if cleans { clean(name, self.env.bump) } else { name };
        if !name.is_empty() {
            self.add(self.env.names.name(name), value);
        }
    }

    fn add(&mut self, name: Name<'e>, value: &'e [u8]) {
        if value.is_empty() && !self.extraction.keeps_empty {
            return;
        }
        match self.names.iter().position(|known| *known == name) {
            Some(at) if self.extraction.adds_values => self.values.push((at, value)),
            Some(_) => {}
            None if self.names.len() == MAX_FIELDS => self.lost += 1,
            None => {
                self.values.push((self.names.len(), value));
                self.names.push(name);
            }
        }
    }

    fn found(mut self) -> Found<'e> {
        let bump = self.env.bump;
        // Stable, so that the values of a name keep their order.
        self.values.sort_by_key(|(at, _)| *at);
        let mut fields = BumpVec::with_capacity_in(self.names.len(), bump);
        for values in self.values.chunk_by(|left, right| left.0 == right.0) {
            let texts = bump.alloc_slice_fill_iter(values.iter().map(|(_, text)| *text));
            fields.push((self.names[values[0].0], Value::from_list(texts)));
        }
        Found { fields: fields.into_bump_slice(), lost: self.lost }
    }
}

/// Walks over a text with delimiters.
struct Cursor<'e> {
    text: &'e [u8],
    pos: usize,
    /// Whether a quote may still end: once one did not, none behind it does.
    quotes_end: bool,
}

impl<'e> Cursor<'e> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    fn skip(&mut self, delimiters: &[u8]) {
        self.upto(|byte| !delimiters.contains(&byte));
    }

    fn upto(&mut self, ends: impl Fn(u8) -> bool) -> &'e [u8] {
        let rest = &self.text[self.pos..];
        let length = rest.iter().position(|&byte| ends(byte)).unwrap_or(rest.len());
        self.pos += length;
        &rest[..length]
    }

    /// The text up to one of `delimiters`, or between quotes, which may hold some.
    fn value(&mut self, delimiters: &[u8]) -> &'e [u8] {
        if self.peek() == Some(b'"') && self.quotes_end {
            match closing_quote(&self.text[self.pos..], delimiters) {
                Some(end) => {
                    let inside = &self.text[self.pos + 1..self.pos + end];
                    self.pos += end + 1;
                    return inside;
                }
                None => self.quotes_end = false,
            }
        }
        self.upto(|byte| delimiters.contains(&byte))
    }
}

/// Where the text between quotes at the start of `rest` ends: at a quote before a delimiter or the end.
fn closing_quote(rest: &[u8], delimiters: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'"', rest).skip(1).find(|&at| {
        let is_escaped = rest[at - 1] == b'\\';
        !is_escaped && rest.get(at + 1).is_none_or(|behind| delimiters.contains(behind))
    })
}

fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| byte != b' ').unwrap_or(text.len());
    let end = text.iter().rposition(|&byte| byte != b' ').map_or(start, |last| last + 1);
    &text[start..end]
}

/// `name` with an underscore for each byte that is neither letter nor digit, and without such and digits before it.
fn clean<'e>(name: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    let start = name.iter().position(u8::is_ascii_alphabetic).unwrap_or(name.len());
    let name = &name[start..];
    let is_clean = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if name.iter().all(is_clean) {
        return name;
    }
    let cleaned = name.iter().map(|byte| if is_clean(byte) { *byte } else { b'_' });
    bump.alloc_slice_fill_iter(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::{Bench, show};

    /// The fields that an extraction finds in `text`, and how many values it leaves out.
    fn run(extraction: &Extraction, bench: &mut Bench, text: &str) -> (Vec<String>, u64) {
        bench.with_row(&[], |_, env| {
            let found = extraction.run(Value::Text(env.bump.alloc_str(text).as_bytes()), env);
            let name = |name| String::from_utf8_lossy(env.names.bytes(name)).into_owned();
            let fields = found.fields.iter();
            let shown =
                fields.map(|(at, value)| format!("{}={}", name(*at), show(*value, env.bump)));
            (shown.collect(), found.lost)
        })
    }

    fn extraction(method: Method) -> Extraction {
        Extraction { source: FieldId::new(0), method, adds_values: true, keeps_empty: false }
    }

    fn columns(bench: &mut Bench) -> Extraction {
        let fields = ["a", "b", "c"].map(|name| bench.names.intern(name)).into();
        extraction(Method::Columns { delimiters: b",;".as_slice().into(), fields })
    }

    fn pairs() -> Extraction {
        let (between, within) = (b" ".as_slice().into(), b"=".as_slice().into());
        extraction(Method::Pairs { between, within, cleans_names: true })
    }

    #[test]
    fn quotes_hold_delimiters() {
        let mut bench = Bench::default();
        let columns = columns(&mut bench);
        for (text, expected) in [
            ("1,2;3,4", vec!["a=1", "b=2", "c=3"]),
            (r#""1,2";3"#, vec!["a=1,2", "b=3"]),
            (r#""1\",2",3"#, vec![r#"a=1\",2"#, "b=3"]),
            (r#""1"x,2"#, vec![r#"a="1"x"#, "b=2"]),
            (r#""1,2,3"#, vec![r#"a="1"#, "b=2", "c=3"]),
            (r#"",2"#, vec![r#"a=""#, "b=2"]),
            (",,3", vec!["c=3"]),
            ("", vec![]),
        ] {
            assert_eq!(run(&columns, &mut bench, text).0, expected, "{text}");
        }
    }

    #[test]
    fn names_that_an_event_supplies_are_cleaned() {
        let mut bench = Bench::default();
        for (text, expected) in [
            ("a=1 b==2  a=3", vec!["a=1 | 3", "b=2"]),
            ("9.x-y=1 _z=2 ==3 -=4", vec!["x_y=1", "z=2"]),
            ("a b=", vec![]),
            (r#"a="x y" b=z"#, vec!["a=x y", "b=z"]),
        ] {
            assert_eq!(run(&pairs(), &mut bench, text).0, expected, "{text}");
        }
    }

    #[test]
    fn what_hostile_texts_give_is_bounded_and_counted() {
        let mut bench = Bench::default();
        let names: String = (0..2 * MAX_FIELDS).map(|number| format!("n{number}=x ")).collect();
        let (fields, lost) = run(&pairs(), &mut bench, &names);
        assert_eq!((fields.len(), lost), (MAX_FIELDS, MAX_FIELDS as u64));
        let (fields, lost) = run(&pairs(), &mut bench, &"a=x ".repeat(2 * MAX_MATCHES));
        assert_eq!((fields.len(), lost), (1, 1));
    }

    /// Were every quote looked for its end again, this would take hours.
    #[test]
    fn quotes_that_never_end_cost_one_look() {
        let mut bench = Bench::default();
        let text = "a=\" ".repeat(MAX_MATCHES) + &"\"x".repeat(1 << 20);
        let (fields, _) = run(&pairs(), &mut bench, &text);
        assert_eq!(fields.len(), 1);
        let fields =
            (0..MAX_FIELDS).map(|number| bench.names.intern(&format!("n{number}"))).collect();
        let delimiters = b",".as_slice().into();
        let columns = extraction(Method::Columns { delimiters, fields });
        let _ = run(&columns, &mut bench, &("\"x".repeat(1 << 20) + &",\"".repeat(MAX_FIELDS)));
    }
}

//! `tojson`: a row as a JSON object.
//!
//! Class: row-local. Decisions where Splunk's manual is silent:
//!
//! - Members stand in the order of the row's columns, or of the list if there is one.
//! - Without a type a value is a number where it reads as one in JSON, else a string. A value that cannot be of its type is left out,
//!   alone or of an array.
//! - Of fields that are absent only those that the list names can be filled with `null`.

use bumpalo::collections::Vec as BumpVec;

use super::{Column, Verdict};
use crate::{
    event::json::{Document, is_number, write_string},
    ids::FieldId,
    names::Name,
    row::{Env, Row},
    value::Value,
};

/// `tojson [type(fields)] [options]`.
#[derive(Clone, Debug)]
pub struct ToJson {
    /// The fields, each with the type of its values; none are all.
    pub members: Box<[(Column, Kind)]>,
    /// The type of the values of fields that are not listed, where none are.
    pub usual: Kind,
    /// Whether a listed field that is absent is a null.
    pub fills_null: bool,
    /// Whether fields whose names begin with `_` are members, if no field is listed.
    pub includes_internal: bool,
    /// Where the text goes.
    pub output: FieldId,
}

/// What values become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number where it is one, else a string.
    None,
    /// The same, but also true, false, null, arrays and objects.
    Auto,
    /// True or false.
    Bool,
    /// What they are in JSON already.
    Json,
    /// Numbers.
    Number,
    /// Strings.
    Text,
}

impl ToJson {
    /// Writes the object. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let mut object = Object { text: BumpVec::new_in(env.bump), env };
        object.text.push(b'{');
        if self.members.is_empty() {
            row.visit(|name, value| {
                if self.includes_internal || !env.names.bytes(name).starts_with(b"_") {
                    object.member(env.names.bytes(name), value, self.usual);
                }
            });
        }
        for (column, kind) in &self.members {
            self.listed(column, *kind, row, &mut object);
        }
        object.text.push(b'}');
        row.set(Name::Known(self.output), Value::Text(object.text.into_bump_slice()));
        Verdict::Keep
    }

    fn listed<'e>(&self, column: &Column, kind: Kind, row: &Row<'e>, object: &mut Object<'e>) {
        let names = object.env.names;
        match column {
            Column::Field(field) => match row.get_name(Name::Known(*field)) {
                Value::Null if self.fills_null => object.null(names.text(*field).as_bytes()),
                value => object.member(names.text(*field).as_bytes(), value, kind),
            },
            Column::Pattern(_) => row.visit(|name, value| {
                if column.selects(name, names) {
                    object.member(names.bytes(name), value, kind);
                }
            }),
        }
    }
}

/// An object that is being written.
struct Object<'e> {
    text: BumpVec<'e, u8>,
    env: Env<'e>,
}

impl<'e> Object<'e> {
    fn member(&mut self, name: &[u8], value: Value<'e>, kind: Kind) {
        let texts = value.texts(self.env.bump);
        let mut values = BumpVec::new_in(self.env.bump);
        values.extend(texts.iter().filter_map(|text| kind.written(text, self.env)));
        match (&values[..], texts.len()) {
            ([], _) => {}
            ([value], 1) => {
                self.name(name);
                self.text.extend_from_slice(value);
            }
            (values, _) => {
                self.name(name);
                for (index, value) in values.iter().enumerate() {
                    self.text.push(if index == 0 { b'[' } else { b',' });
                    self.text.extend_from_slice(value);
                }
                self.text.push(b']');
            }
        }
    }

    fn null(&mut self, name: &[u8]) {
        self.name(name);
        self.text.extend_from_slice(b"null");
    }

    fn name(&mut self, name: &[u8]) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        write_string(&mut self.text, name);
        self.text.push(b':');
    }
}

impl Kind {
    /// A value in JSON; `None` where it cannot be of the kind.
    fn written<'e>(self, text: &'e [u8], env: Env<'e>) -> Option<&'e [u8]> {
        let string = || {
            let mut string = BumpVec::new_in(env.bump);
            write_string(&mut string, text);
            string.into_bump_slice() as &[u8]
        };
        match self {
            Self::None if is_number(text) => Some(text),
            Self::None | Self::Text => Some(string()),
            Self::Auto => match Document::read(text, env.bump) {
                Some(document) if text.first() != Some(&b'"') => Some(document.text()),
                _ => Some(string()),
            },
            Self::Json => Document::read(text, env.bump).map(Document::text),
            Self::Number => is_number(text).then_some(text),
            Self::Bool => truth(text),
        }
    }
}

fn truth(text: &[u8]) -> Option<&'static [u8]> {
    let is_any =
        |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    match text {
        _ if is_any(&["t", "true", "yes"]) => Some(b"true"),
        _ if is_any(&["f", "false", "no"]) => Some(b"false"),
        _ => Value::Text(text).number().map(|number| match number == 0.0 {
            true => b"false".as_slice(),
            false => b"true",
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn a_row_becomes_an_object() {
        for (command, row, expected) in [
            ("tojson output_field=j", "a=1 b=x|2 c=true _t=5", r#"{"a":1,"b":["x",2],"c":"true"}"#),
            ("tojson output_field=j include_internal=t", "a=1 _t=5", r#"{"a":1,"_t":5}"#),
            (
                "tojson output_field=j default_type=auto",
                "c=true n=null s=x a=[1]",
                r#"{"c":true,"n":null,"s":"x","a":[1]}"#,
            ),
            (
                "tojson output_field=j str(a) num(b) bool(c)",
                "a=1 b=x|2 c=yes",
                r#"{"a":"1","b":[2],"c":true}"#,
            ),
            ("tojson output_field=j b*, a", "a=1 bb=2 ba=3", r#"{"bb":2,"ba":3,"a":1}"#),
            ("tojson output_field=j fill_null=t x num(a)", "a=1", r#"{"x":null,"a":1}"#),
            ("tojson output_field=j json(a) json(b)", "a=[1] b=x", r#"{"a":[1]}"#),
            ("tojson output_field=j bool(*)", "a=0 b=2 c=maybe", r#"{"a":false,"b":true}"#),
            ("tojson output_field=j none(z)", "a=0", "{}"),
        ] {
            let shown = run(&format!("{command} | table j"), row);
            assert_eq!(unescaped(&shown), format!("j={expected}"), "{command}");
        }
        assert_eq!(unescaped(&run("tojson a | table _raw", "a=1 b=2")), r#"_raw={"a":1}"#);
    }

    fn unescaped(shown: &str) -> String {
        shown.replace("\\\"", "\"")
    }
}

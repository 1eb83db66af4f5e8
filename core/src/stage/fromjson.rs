//! `fromjson`: the members of a JSON object as fields.
//!
//! Class: row-local. Decisions where Splunk's manual is silent:
//!
//! - A string is its text, a number as it is written, an object its JSON; an array is a multivalue of its elements, as `tojson` makes arrays
//!   of multivalues. A null, and a null in an array, is no value.
//! - What is no object gives nothing. Of a multivalue each value is read, and the first that has a member says what its field holds.
//! - A field of that name is overwritten, but for those that a row stands on: see `supplied`.

use bumpalo::collections::Vec as BumpVec;
use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::{Verdict, supplied};
use crate::{
    event::{MAX_FIELDS, json::Document},
    ids::FieldId,
    names::Names,
    row::{Env, Fields, Row},
    value::Value,
};

/// `fromjson field prefix=p`.
#[derive(Clone, Debug)]
pub struct FromJson {
    /// The field that is read.
    pub field: FieldId,
    /// What stands before each name.
    pub prefix: Box<[u8]>,
}

impl FromJson {
    /// Whether it could write `field`.
    pub(crate) fn may_write(field: FieldId) -> bool {
        ![Names::TIME, Names::RAW].contains(&field)
    }

    /// Writes the members. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let (mut found, mut seen) = (Vec::new(), HashSet::with_hasher(FixedState::default()));
        for text in row.get(self.field).texts(env.bump) {
            let Some(object) = Document::read(text, env.bump).filter(|it| it.is_object()) else {
                continue;
            };
            object.visit(|key, value| {
                let name = self.name(key.unwrap_or_default(), env);
                if found.len() < MAX_FIELDS && seen.insert(name) {
                    found.push((env.names.name(name), value_of(value, env)));
                }
            });
        }
        supplied::write(row, &found);
        Verdict::Keep
    }

    /// The name of the field of a member whose name is written so.
    fn name<'e>(&self, key: &'e [u8], env: Env<'e>) -> &'e [u8] {
        let key = name_of(key, env);
        match self.prefix.is_empty() {
            true => key,
            false => env.bump.alloc_slice_copy(&[&self.prefix, key].concat()),
        }
    }
}

/// The name of a member, which is written so.
pub(super) fn name_of<'e>(key: &[u8], env: Env<'e>) -> &'e [u8] {
    let quoted = env.bump.alloc_slice_copy(&[b"\"", key, b"\""].concat());
    Document::decoded(quoted, env.bump)
}

/// The value of a member.
pub(super) fn value_of<'e>(value: &'e [u8], env: Env<'e>) -> Value<'e> {
    let document = Document::read(value, env.bump).filter(|document| document.is_array());
    let Some(array) = document else { return element(value, env).map_or(Value::Null, Value::Text) };
    let mut elements = BumpVec::new_in(env.bump);
    array.visit(|_, value| elements.extend(element(value, env)));
    Value::from_list(elements.into_bump_slice())
}

fn element<'e>(value: &'e [u8], env: Env<'e>) -> Option<&'e [u8]> {
    (value != b"null").then(|| Document::decoded(value, env.bump))
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn each_member_of_an_object_is_a_field() {
        for (command, row, expected) in [
            ("fromjson f", r#"f={"a":"x","n":1.50,"t":true,"z":null} a=old"#, "a=x n=1.50 t=true"),
            ("fromjson f prefix=p.", r#"f={"a":{"b":1}} a=old"#, r#"a=old p.a={"b":1}"#),
            ("fromjson f", r#"f={"l":["x",1,null,{"k":2}]}"#, r#"l=x|1|{"k":2}"#),
            ("fromjson f", r#"f={"l":[]}"#, ""),
            ("fromjson f", r#"f={"a":1}|{"a":2,"b":3}"#, "a=1 b=3"),
            ("fromjson f", r#"f={"\u0061.b":1}"#, "a.b=1"),
            ("fromjson f", r#"f=["a"] a=old"#, "a=old"),
            ("fromjson f", "f={a a=old", "a=old"),
            ("fromjson absent", "a=old", "a=old"),
            (
                "fromjson f",
                r#"f={"_time":1,"_raw":"x","host":"forged","source":"s"} host=h"#,
                "host=h source=s",
            ),
        ] {
            let shown = run(&format!("{command} | fields - f"), row).replace("\\\"", "\"");
            assert_eq!(shown, expected, "{command}: {row}");
        }
    }
}

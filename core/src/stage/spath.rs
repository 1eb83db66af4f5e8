//! `spath`: what JSON or XML holds.
//!
//! Class: row-local. With a path, what stands there becomes a field: its text, the written form of an object or array, several
//! values where there are several places, and the word `null` for a null of JSON. Without one every leaf becomes a field that
//! is named by its path ([`paths`](crate::event::paths)). Decisions where Splunk's manual is silent, and where caltrop differs:
//!
//! - Unlike Splunk, which reads the first 5,000 characters, the whole text is read.
//! - Without a path, empty texts and nulls give no field, as in events. A field of that name is overwritten, but for those
//!   that a row stands on: see `supplied`.
//! - Of a multivalue each value is read, and what is found is in their order; without a path, the first that has a name
//!   says what its field holds.

use bumpalo::collections::Vec as BumpVec;
use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::{Verdict, supplied};
use crate::{
    event::{MAX_FIELDS, paths},
    ids::FieldId,
    names::{Name, Names},
    row::{Env, Fields, Row},
    value::Value,
};

/// `spath input=f path=p output=f`.
#[derive(Clone, Debug)]
pub struct SPath {
    /// The field that is read.
    pub input: FieldId,
    /// Where it is read.
    pub place: Place,
}

/// Where `spath` reads.
#[derive(Clone, Debug)]
pub enum Place {
    /// At a path; what is found goes to that field.
    Path(paths::Path, FieldId),
    /// Everywhere.
    Everywhere,
}

impl SPath {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        match &self.place {
            Place::Path(_, output) => *output == field,
            Place::Everywhere => ![Names::TIME, Names::RAW].contains(&field),
        }
    }

    /// Writes what is found. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let texts = row.get(self.input).texts(env.bump);
        match &self.place {
            Place::Path(path, output) => {
                let found = texts.iter().map(|text| path.find(text, env.bump).texts(env.bump));
                let found = BumpVec::from_iter_in(found.flatten().copied(), env.bump);
                if !found.is_empty() {
                    row.set(Name::Known(*output), Value::from_list(found.into_bump_slice()));
                }
            }
            Place::Everywhere => supplied::write(row, &leaves(texts, env)),
        }
        Verdict::Keep
    }
}

fn leaves<'e>(texts: &[&'e [u8]], env: Env<'e>) -> Vec<(Name<'e>, Value<'e>)> {
    let (mut found, mut seen) = (Vec::new(), HashSet::with_hasher(FixedState::default()));
    for text in texts {
        for (name, value) in paths::leaves(text, env.bump) {
            if found.len() < MAX_FIELDS && seen.insert(name) {
                found.push((env.names.name(name), value));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn a_path_fills_one_field() {
        let json = r#"_raw={"s":{"n":"x","p":[80,443]},"o":[{"k":"a"},{"k":"b"}]}"#;
        for (command, expected) in [
            ("spath s.n", "s.n=x"),
            ("spath path=s.p{1} output=p", "p=443"),
            ("spath output=k \"o{}.k\"", "k=a|b"),
            ("spath output=o path=o{}", "o={\"k\":\"a\"}|{\"k\":\"b\"}"),
            ("spath output=o path=o{} | spath input=o output=k k | fields - o", "k=a|b"),
            ("spath absent", ""),
        ] {
            let command = format!("{command} | fields - _raw");
            assert_eq!(run(&command, json).replace("\\\"", "\""), expected, "{command}");
        }
        assert_eq!(
            run("spath input=f a", "f={\"b\":1} a=old").replace("\\\"", "\""),
            "f={\"b\":1} a=old"
        );
        assert_eq!(run("spath input=f a", "a=1"), "a=1");
    }

    #[test]
    fn without_a_path_every_leaf_is_a_field() {
        for (row, expected) in [
            (r#"f={"a":{"b":1},"l":["x","y"]} a.b=old"#, "a.b=1 l{}=x|y"),
            (r#"f={"a":1}|{"a":2,"b":3}"#, "a=1 b=3"),
            ("f=<a␣x='1'><b>t</b></a>", "a{@x}=1 a.b=t"),
            (r#"f={"_time":1,"_raw":"x","host":"forged","source":"s"} host=h"#, "host=h source=s"),
            ("f=x", ""),
        ] {
            assert_eq!(run("spath input=f | fields - f", row), expected, "{row}");
        }
    }
}

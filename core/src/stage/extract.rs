//! `extract` and its other name `kv`: names and values out of `_raw`.
//!
//! Class: row-local. What stands first counts: the transforms in their order, then the delimiters, then the pairs with `=`, as
//! events without a format of their own have them. Decisions where Splunk's manual is silent, and where caltrop differs:
//!
//! - Unlike Splunk, which reads the first 10,240 characters and takes 50 fields, the whole text is read and
//!   [`MAX_FIELDS`](crate::event::MAX_FIELDS) names count, unless `maxchars` or `limit` say otherwise.
//! - A field that is there stays, with `mv_add=t` it gets the values that are found besides. What a row stands on is never
//!   written by data: see `supplied`.
//! - `segment` and `reload` are about Splunk's own index and files and have no effect.

use bumpalo::collections::Vec as BumpVec;
use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::{Verdict, supplied};
use crate::{
    event::{MAX_FIELDS, extract::Extraction, kv},
    ids::FieldId,
    names::Names,
    row::{Env, Fields, Row},
    value::Value,
};

/// `extract`.
#[derive(Clone, Debug)]
pub struct Extract {
    /// By transforms and delimiters, in their order.
    pub extractions: Box<[Extraction]>,
    /// Whether the pairs with `=` count.
    pub automatic: bool,
    /// Whether a field that is there gets further values.
    pub adds_values: bool,
    /// How many names count.
    pub limit: usize,
    /// How many bytes of the text are read.
    pub max_bytes: usize,
}

impl Extract {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        ![Names::TIME, Names::RAW].contains(&field)
    }

    /// Writes what is found. It never ends a row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let mut found = Vec::new();
        for extraction in &self.extractions {
            let text = self.cut(row.get(extraction.source), env);
            found.extend_from_slice(extraction.run(text, env).fields);
        }
        if self.automatic
            && let Value::Text(text) = self.cut(row.get(Names::RAW), env)
        {
            found.extend(kv::fields(text, env));
        }
        let mut seen = HashSet::with_hasher(FixedState::default());
        found.retain(|(name, _)| seen.insert(env.names.bytes(*name)));
        found.truncate(self.limit.min(MAX_FIELDS));
        let written = found.iter().filter_map(|&(name, value)| {
            Some((name, self.joined(row.get_name(name), value, env)?))
        });
        let written: Vec<_> = written.collect();
        supplied::write(row, &written);
        Verdict::Keep
    }

    fn cut<'e>(&self, value: Value<'e>, env: Env<'e>) -> Value<'e> {
        let texts = value.texts(env.bump).iter();
        let cut = texts.map(|text| &text[..text.len().min(self.max_bytes)]);
        Value::from_list(BumpVec::from_iter_in(cut, env.bump).into_bump_slice())
    }

    /// What a field holds afterwards; `None` where it stays.
    fn joined<'e>(&self, old: Value<'e>, new: Value<'e>, env: Env<'e>) -> Option<Value<'e>> {
        match (old.texts(env.bump), self.adds_values) {
            ([], _) => Some(new),
            (_, false) => None,
            (texts, true) => {
                let all = texts.iter().chain(new.texts(env.bump)).copied();
                Some(Value::from_list(BumpVec::from_iter_in(all, env.bump).into_bump_slice()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        knowledge::Knowledge,
        stage::testing::{run, run_knowing},
    };

    #[test]
    fn pairs_become_fields() {
        for (command, row, expected) in [
            ("extract pairdelim=\";\" kvdelim=\":\"", "_raw=a:1;b:2", "a=1 b=2"),
            ("kv pairdelim=\";\", kvdelim=\":\", auto=f", "_raw=a:1;b=2", "a=1"),
            ("extract", "_raw=a=1,b=2 a=old", "a=old b=2"),
            ("extract mv_add=t", "_raw=a=1 a=old", "a=old|1"),
            ("extract limit=1", "_raw=a=1,b=2", "a=1"),
            ("extract maxchars=4", "_raw=a=1,b=2", "a=1"),
            ("extract auto=f", "_raw=a=1", ""),
            ("extract pairdelim=\";\" kvdelim=\":\" clean_keys=f", "_raw=a-b:1", "a-b=1"),
            ("extract", "_raw=_time=1,host=forged host=h", "host=h time=1"),
        ] {
            let command = format!("{command} | fields - _raw");
            assert_eq!(run(&command, row), expected, "{command} on {row}");
        }
    }

    #[test]
    fn transforms_are_named() {
        let mut knowledge = Knowledge::default();
        let transforms = "[pair]\nREGEX = (\\w+)~(\\w+)\nFORMAT = $1::$2\n\
                          [named]\nREGEX = u:(?<user>\\w+)\nSOURCE_KEY = f\n";
        assert_eq!(knowledge.overlay(&[("transforms.conf", transforms)]), []);
        let row = "_raw=a~1 f=u:root";
        let found =
            run_knowing(&knowledge, "extract pair, named auto=f | fields - _raw, f", &[row]);
        assert_eq!(found, "a=1 user=root");
    }
}

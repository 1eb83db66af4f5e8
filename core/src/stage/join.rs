//! `join`: the fields of rows of another pipeline, by common keys. Whole window.
//!
//! Keys are compared with regard to case, a multivalue as a whole. A row that lacks a key has no partner. Without keys, the
//! fields that rows of both sides have are the keys.

use std::collections::BTreeSet;

use foldhash::quality::FixedState;
use hashbrown::HashMap;

use super::append::Source;
use crate::{
    ids::FieldId,
    names::Name,
    row::{Env, Row},
};

/// `join keys [ pipeline ]`.
#[derive(Debug)]
pub struct Join {
    /// The fields that must be equal; none are all that both sides have.
    pub keys: Box<[FieldId]>,
    /// What becomes of a row without a partner.
    pub kind: Kind,
    /// How many partners a row has at most: each makes a row.
    pub most: usize,
    /// Whether the fields of the partner win.
    pub overwrites: bool,
    /// The other pipeline.
    pub source: Source,
}

/// What becomes of a row without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes.
    Inner,
    /// It stays as it is.
    Left,
}

impl Join {
    /// The rows with the fields of their partners.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let others = self.source.rows(env);
        let keys = match &self.keys[..] {
            [] => common(&rows, &others, env),
            keys => keys.iter().map(|&key| Name::Known(key)).collect(),
        };
        let mut partners: HashMap<Vec<u8>, Vec<&Row<'e>>, FixedState> = HashMap::default();
        for other in &others {
            if let Some(key) = key(other, &keys, env) {
                partners.entry(key).or_default().push(other);
            }
        }
        let mut joined = Vec::with_capacity(rows.len());
        for row in rows {
            let key = key(&row, &keys, env);
            let found = key.and_then(|key| partners.get(&key)).map(Vec::as_slice);
            match (found, self.kind) {
                (Some(found), _) => self.pair(&row, found, &keys, env, &mut joined),
                (None, Kind::Left) => joined.push(row),
                (None, Kind::Inner) => {}
            }
        }
        joined
    }

    fn pair<'e>(
        &self,
        row: &Row<'e>,
        partners: &[&Row<'e>],
        keys: &[Name<'e>],
        env: Env<'e>,
        joined: &mut Vec<Row<'e>>,
    ) {
        for (number, partner) in partners.iter().take(self.most).enumerate() {
            let mut pair = row.clone();
            partner.visit(|name, value| {
                let is_free = self.overwrites || row.get_name(name).is_null();
                if is_free && !keys.contains(&name) {
                    pair.set(name, value);
                }
            });
            joined.push(if number == 0 { pair } else { of_number(pair, number, env) });
        }
    }
}

/// Gives the alert of a further row a key of its own.
fn of_number<'e>(row: Row<'e>, number: usize, env: Env<'e>) -> Row<'e> {
    let group = row.group();
    row.of_group_parts([group, format!(" partner {number}").as_bytes()], env.bump)
}

/// The values of the keys, each with its length; `None` where one is absent.
fn key(row: &Row<'_>, keys: &[Name<'_>], env: Env<'_>) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    for &name in keys {
        let texts = row.get_name(name).texts(env.bump);
        if texts.is_empty() {
            return None;
        }
        key.extend_from_slice(&texts.len().to_le_bytes());
        for text in texts {
            key.extend_from_slice(&text.len().to_le_bytes());
            key.extend_from_slice(text);
        }
    }
    Some(key)
}

/// The fields that some row of each side has, in the order of their names.
fn common<'e>(rows: &[Row<'e>], others: &[Row<'e>], env: Env<'e>) -> Vec<Name<'e>> {
    let names = |rows: &[Row<'e>]| {
        let mut names = BTreeSet::new();
        rows.iter()
            .for_each(|row| row.visit(|name, _| _ = names.insert(env.names.bytes(name).to_vec())));
        names
    };
    let (left, right) = (names(rows), names(others));
    let common = left.intersection(&right).filter(|name| !name.starts_with(b"_"));
    common.map(|name| env.names.name(env.bump.alloc_slice_copy(name))).collect()
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn partners_give_their_fields() {
        let other = "[makeresults count=2 | eval k=\"x\", b=2 | table k b c]";
        for (command, row, expected) in [
            ("join k", "k=x a=1", "k=x a=1 b=2"),
            ("join k", "k=y a=1", ""),
            ("join k", "a=1", ""),
            ("join type=left k", "k=y a=1", "k=y a=1"),
            ("join max=0 k", "k=x", "k=x b=2 / k=x b=2"),
            ("join k", "k=x b=1", "k=x b=2"),
            ("join overwrite=f k", "k=x b=1", "k=x b=1"),
            ("join", "k=x a=1", "k=x a=1 b=2"),
            ("join k", "k=X", ""),
        ] {
            assert_eq!(run(&format!("{command} {other}"), row), expected, "{command} on {row}");
        }
    }
}

//! `rex`: the named groups of a pattern become fields, or `mode=sed` changes a text.
//!
//! Row-local. Where the pattern does not match, and where a group takes no part, a field keeps what it held. Decisions where
//! Splunk's manual is silent:
//!
//! - Of a multivalue each value is searched, and each may give `max_match` matches; sed changes each value.
//! - Matches beyond the budget of one walk ([`Finder::for_each`]) are not found.

use bumpalo::collections::Vec as BumpVec;

use super::Verdict;
use crate::{
    expr::{
        capture::{Finder, Match},
        substitute::replace_all,
    },
    ids::FieldId,
    names::Name,
    row::{Env, Fields, Row},
    value::Value,
};

/// `rex field=f ...`.
#[derive(Clone, Debug)]
pub struct Rex {
    /// The field that is read, and changed by sed.
    pub field: FieldId,
    /// What is done with it.
    pub action: Action,
}

/// What `rex` does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Groups become fields.
    Extract {
        /// The pattern.
        finder: Finder,
        /// Its named groups.
        groups: Box<[Group]>,
        /// How many matches of each value count.
        max_match: usize,
        /// Gets the places of the groups.
        offsets: Option<FieldId>,
    },
    /// The text is changed, by one edit after the other.
    Edit(Box<[Edit]>),
}

/// A named group.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Its number in the pattern.
    pub index: usize,
    /// The field that it becomes.
    pub field: FieldId,
}

/// How sed changes a text.
#[derive(Clone, Debug)]
pub enum Edit {
    /// `s/re/text/`.
    Substitute {
        /// The pattern.
        finder: Finder,
        /// What takes the place of a match; `\1` is a group.
        text: Box<[u8]>,
        /// Which matches are replaced.
        which: Occurrence,
    },
    /// `y/abc/xyz/`.
    Transliterate {
        /// Each character and the one that takes its place.
        pairs: Box<[(char, char)]>,
    },
}

/// Which matches sed replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// All of them.
    Every,
    /// The one of this number, from 1.
    Number(usize),
}

impl Rex {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId) -> bool {
        match &self.action {
            Action::Extract { groups, offsets, .. } => {
                *offsets == Some(field) || groups.iter().any(|group| group.field == field)
            }
            Action::Edit(_) => self.field == field,
        }
    }

    /// Writes the fields of a row. It never ends one.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        let texts = row.get(self.field).texts(env.bump);
        match &self.action {
            _ if texts.is_empty() => {}
            Action::Extract { finder, groups, max_match, offsets } => {
                let mut found = Found::new(groups, offsets.is_some(), env);
                for text in texts {
                    found.search(finder, *max_match, text, env);
                }
                found.write(*offsets, row);
            }
            Action::Edit(edits) => {
                let edited = texts
                    .iter()
                    .map(|&text| edits.iter().fold(text, |text, edit| edit.apply(text, env)));
                let edited = env.bump.alloc_slice_fill_iter(edited.collect::<Vec<_>>());
                row.set(Name::Known(self.field), Value::from_list(edited));
            }
        }
        Verdict::Keep
    }
}

/// What the groups held, in the order of the matches.
struct Found<'g, 'e> {
    groups: &'g [Group],
    values: BumpVec<'e, BumpVec<'e, &'e [u8]>>,
    /// `name=first-last` of each group, joined by `&`.
    places: Option<BumpVec<'e, u8>>,
}

impl<'g, 'e> Found<'g, 'e> {
    fn new(groups: &'g [Group], wants_places: bool, env: Env<'e>) -> Self {
        let bump = env.bump;
        let empty = groups.iter().map(|_| BumpVec::new_in(bump));
        Self {
            groups,
            values: BumpVec::from_iter_in(empty, bump),
            places: wants_places.then(|| BumpVec::new_in(bump)),
        }
    }

    fn search(&mut self, finder: &Finder, max_match: usize, text: &'e [u8], env: Env<'e>) {
        let mut left = max_match;
        finder.for_each(env.caches, text, env.bump, |found| {
            self.add(&found, env);
            left -= 1;
            left > 0
        });
    }

    fn add(&mut self, found: &Match<'_, 'e>, env: Env<'e>) {
        for (group, values) in self.groups.iter().zip(&mut self.values) {
            let Some((value, span)) = found.group(group.index).zip(found.span(group.index)) else {
                continue;
            };
            values.push(value);
            if let Some(places) = &mut self.places {
                let between = if places.is_empty() { "" } else { "&" };
                let name = env.names.text(group.field);
                // Places are counted in characters, and the last one belongs to the value.
                let first = characters(&found.text[..span.start]);
                let last = (first + characters(value)).saturating_sub(1);
                let place = format!("{between}{name}={first}-{last}");
                places.extend_from_slice(place.as_bytes());
            }
        }
    }

    fn write(self, offsets: Option<FieldId>, row: &mut Row<'e>) {
        for (group, values) in self.groups.iter().zip(self.values) {
            if !values.is_empty() {
                row.set(Name::Known(group.field), Value::from_list(values.into_bump_slice()));
            }
        }
        let places = self.places.filter(|places| !places.is_empty());
        if let Some((field, places)) = offsets.zip(places) {
            row.set(Name::Known(field), Value::Text(places.into_bump_slice()));
        }
    }
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| !(0x80..0xC0).contains(&byte)).count()
}

impl Edit {
    fn apply<'e>(&self, source: &'e [u8], env: Env<'e>) -> &'e [u8] {
        match self {
            Self::Substitute { finder, text, which } => {
                let replaced = replace_all(source, text, env.bump, |replace| {
                    let mut number = 0;
                    finder.for_each(env.caches, source, env.bump, |found| {
                        number += 1;
                        match which {
                            Occurrence::Every => replace(found),
                            Occurrence::Number(wanted) if number < *wanted => true,
                            Occurrence::Number(_) => {
                                replace(found);
                                false
                            }
                        }
                    })
                });
                replaced.text(env.bump).unwrap_or(source)
            }
            Self::Transliterate { pairs } => transliterate(source, pairs, env),
        }
    }
}

/// Bytes that are no UTF-8 stay as they are.
fn transliterate<'e>(source: &[u8], pairs: &[(char, char)], env: Env<'e>) -> &'e [u8] {
    let mut changed = BumpVec::with_capacity_in(source.len(), env.bump);
    for chunk in source.utf8_chunks() {
        for c in chunk.valid().chars() {
            let to = pairs.iter().find(|(from, _)| *from == c).map_or(c, |&(_, to)| to);
            changed.extend_from_slice(to.encode_utf8(&mut [0; 4]).as_bytes());
        }
        changed.extend_from_slice(chunk.invalid());
    }
    changed.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn groups_become_fields_and_what_does_not_match_stays() {
        for (command, row, expected) in [
            ("rex field=t \"(?<n>\\d+)\"", "t=a1b22", "t=a1b22 n=1"),
            ("rex field=t \"(?<n>\\d+)\"", "t=abc n=old", "t=abc n=old"),
            ("rex field=t \"(?<n>\\d+)\"", "n=old", "n=old"),
            ("rex field=t max_match=2 \"(?<n>\\d)\"", "t=1a2b3", "t=1a2b3 n=1|2"),
            ("rex field=t \"(?<n>\\d)\" max_match=0", "t=1a2b3", "t=1a2b3 n=1|2|3"),
            ("rex field=t \"(?P<n>\\d)\"", "t=1a2|b|3", "t=1a2|b|3 n=1|3"),
            ("rex field=t \"(?<a>x)|(?<b>y)\"", "t=y a=old", "t=y a=old b=y"),
            ("rex \"(?<n>\\d)\"", "_raw=a1", "_raw=a1 n=1"),
            (
                "rex field=t offset_field=o \"(?<a>c)(?<b>d+)\"",
                "t=abcddd",
                "t=abcddd a=c b=ddd o=a=2-2&b=3-5",
            ),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }

    #[test]
    fn sed_changes_the_first_match_all_or_one() {
        for (command, row, expected) in [
            ("rex field=t mode=sed \"s/a/X/\"", "t=aaa", "t=Xaa"),
            ("rex field=t mode=sed \"s/a/X/g\"", "t=aba|ca", "t=XbX|cX"),
            ("rex field=t mode=sed \"s/a/X/2\"", "t=aaa", "t=aXa"),
            ("rex field=t mode=sed \"s/a/X/9\"", "t=aaa", "t=aaa"),
            ("rex field=t mode=sed \"s/(.)-(.)/\\2\\1/\"", "t=a-b", "t=ba"),
            ("rex field=t mode=sed \"s#/#\\##g\"", "t=a/b/c", "t=a#b#c"),
            ("rex field=t mode=sed \"s/\\///\"", "t=a/b", "t=ab"),
            ("rex field=t mode=sed \"y/ab/xy/\"", "t=cab", "t=cxy"),
            ("rex field=t mode=sed \"s/a/b/g s/b/c/2  y/c/d/\"", "t=aab|ca", "t=bdb|db"),
            ("rex mode=sed \"s/a/b/\"", "t=a", "t=a"),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }
}

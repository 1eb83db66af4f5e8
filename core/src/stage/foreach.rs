//! `foreach`: runs a template for each of some fields, or for each value or element of one.
//!
//! Row-local. The fields are those that the row has when the command begins, pattern by pattern in the order of its columns;
//! what the template adds is not visited. Where Splunk puts text in the place of a placeholder and reads the template anew,
//! here a placeholder is a name: `<<FIELD>>` is the field even where its name has odd letters in it, and `<<MATCHSTR>>` alone
//! is a number where it reads as one.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Column, Stage, Verdict};
use crate::{
    event::json::Document,
    expr::number,
    ids::FieldId,
    row::{Binding, Env, Fields, Meaning, Row},
    value::Value,
};

/// `foreach names [ template ]`.
#[derive(Debug)]
pub struct Foreach {
    /// What it runs over.
    pub over: Over,
    /// What it runs, all of it row-local.
    pub template: Box<[Stage]>,
    /// The names of the template that have placeholders in them.
    pub holes: Box<[Hole]>,
    /// Whether the template could write a field whose name begins with `_`.
    pub may_write_internal: bool,
}

/// What a template is run over.
#[derive(Debug)]
pub enum Over {
    /// Each field that one of these selects.
    Fields(Box<[Column]>),
    /// Each item of a field.
    Items(FieldId, Collection),
}

/// What the items of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Its values.
    Values,
    /// The elements of the JSON array that it holds; what is none has no items.
    JsonArray,
    /// The elements where it holds one JSON array, otherwise its values.
    Any,
}

impl Collection {
    fn items<'e>(self, value: Value<'e>, bump: &'e Bump) -> &'e [&'e [u8]] {
        let text = value.text(bump).filter(|_| self != Self::Values);
        let document = text.and_then(|text| Document::read(text, bump));
        match document.filter(|document| document.is_array()) {
            Some(array) => {
                let mut items = BumpVec::new_in(bump);
                array.visit(|_, element| items.push(Document::decoded(element, bump)));
                items.into_bump_slice()
            }
            None if self == Self::JsonArray => &[],
            None => value.texts(bump),
        }
    }
}

/// A name or a text of the template with placeholders in it.
#[derive(Debug)]
pub struct Hole {
    /// What it is called in the template.
    pub field: FieldId,
    /// What it becomes.
    pub kind: HoleKind,
    /// What it is made of.
    pub parts: Box<[Part]>,
}

/// What a [`Hole`] becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoleKind {
    /// A field.
    Name,
    /// A number where it reads as one, otherwise a field.
    Bare,
    /// A text.
    Text,
}

/// A part of a [`Hole`].
#[derive(Clone, Debug)]
pub enum Part {
    /// This text.
    Text(Box<[u8]>),
    /// The name of the field.
    Field,
    /// What the `*` of the pattern matched, all of it.
    Match,
    /// What the `*` of that number matched, from 0.
    Segment(usize),
    /// The value.
    Item,
}

/// What the placeholders stand for in one round.
struct Round<'r, 'e> {
    field: &'e [u8],
    segments: &'r [&'e [u8]],
    item: &'e [u8],
}

impl Foreach {
    /// Whether it could write `field`.
    pub(crate) fn may_write(&self, field: FieldId, is_internal: bool) -> bool {
        let writes_itself = self.template.iter().any(|stage| stage.may_write(field));
        writes_itself || !is_internal || self.may_write_internal
    }

    /// Runs the template once for each field or value, until it ends the row.
    pub fn apply<'e>(&self, row: &mut Row<'e>, env: Env<'e>) -> Verdict {
        match &self.over {
            Over::Items(field, collection) => {
                let items = collection.items(row.get(*field), env.bump);
                let field = env.names.text(*field);
                let field = env.bump.alloc_slice_copy(field.as_bytes());
                let mut rounds = items.iter().map(|item| Round { field, segments: &[], item });
                Verdict::keep_if(rounds.all(|round| self.run(&round, row, env)))
            }
            Over::Fields(columns) => {
                Verdict::keep_if(columns.iter().all(|column| self.run_over(column, row, env)))
            }
        }
    }

    fn run_over<'e>(&self, column: &Column, row: &mut Row<'e>, env: Env<'e>) -> bool {
        let mut selected = BumpVec::new_in(env.bump);
        row.visit(|name, _| {
            if column.selects(name, env.names) {
                let name: &'e [u8] = env.bump.alloc_slice_copy(env.names.bytes(name));
                selected.push(name);
            }
        });
        selected.into_iter().all(|field| {
            let segments = match column {
                Column::Field(_) => Vec::new(),
                Column::Pattern(pattern) => pattern.captures(field).unwrap_or_default(),
            };
            self.run(&Round { field, segments: &segments, item: b"" }, row, env)
        })
    }

    /// Whether the row goes on.
    fn run<'e>(&self, round: &Round<'_, 'e>, row: &mut Row<'e>, env: Env<'e>) -> bool {
        let bindings = self.holes.iter().map(|hole| hole.fill(round, env));
        row.bind(env.bump.alloc_slice_fill_iter(bindings.collect::<Vec<_>>()));
        let goes_on = self.template.iter().all(|stage| stage.apply(row, env) == Verdict::Keep);
        row.bind(&[]);
        goes_on
    }
}

impl Hole {
    fn fill<'e>(&self, round: &Round<'_, 'e>, env: Env<'e>) -> Binding<'e> {
        let mut text = BumpVec::new_in(env.bump);
        self.parts.iter().for_each(|part| part.append(round, &mut text));
        let text: &'e [u8] = text.into_bump_slice();
        let meaning = match (self.kind, number::parse(text)) {
            (HoleKind::Text, _) => Meaning::Value(Value::Text(text)),
            (HoleKind::Bare, Some(number)) => Meaning::Value(Value::Number(number)),
            (HoleKind::Bare | HoleKind::Name, _) => Meaning::Field(env.names.name(text)),
        };
        Binding { field: self.field, meaning }
    }
}

impl Part {
    fn append(&self, round: &Round<'_, '_>, text: &mut BumpVec<'_, u8>) {
        match self {
            Self::Text(part) => text.extend_from_slice(part),
            Self::Field => text.extend_from_slice(round.field),
            Self::Match => round.segments.iter().for_each(|part| text.extend_from_slice(part)),
            Self::Segment(index) => {
                text.extend_from_slice(round.segments.get(*index).copied().unwrap_or_default());
            }
            Self::Item => text.extend_from_slice(round.item),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn placeholders_are_names_numbers_and_texts() {
        for (command, row, expected) in [
            (
                "foreach t* [eval <<FIELD>> = <<FIELD>> + <<MATCHSTR>>]",
                "t1=5 t2=10 u=1",
                "t1=6 t2=12 u=1",
            ),
            ("foreach a b c [eval <<FIELD>> = \"<<FIELD>>!\"]", "a=1 b=2", "a=a! b=b!"),
            (
                "foreach foo* [eval new_<<MATCHSTR>> = <<FIELD>> . bar<<MATCHSTR>>]",
                "fooX=1 barX=2",
                "fooX=1 barX=2 new_X=12",
            ),
            ("foreach * [| eval '<<FIELD>>' = upper('<<FIELD>>')]", "a-b=x _t=y", "a-b=X _t=y"),
            (
                "foreach x*_*y [eval z = \"<<MATCHSEG2>><<MATCHSEG1>><<MATCHSEG3>>\"]",
                "xa_by=1",
                "xa_by=1 z=ba",
            ),
            ("foreach * [rex field=<<FIELD>> mode=sed \"s/a/b/g\"]", "x=aa y=ca", "x=bb y=cb"),
            ("foreach n* [eval n_<<MATCHSTR>>=1]", "na=1", "na=1 n_a=1"),
            (
                "foreach mode=multivalue m [eval sum = sum + <<ITEM>>, t = t . \"<<ITEM>>,\"]",
                "m=1|2 sum=0 t=.",
                "m=1|2 sum=3 t=.1,2,",
            ),
            (
                "foreach mode=json_array m [eval sum = sum + <<ITEM>>]",
                "m=[1,2,3] sum=0",
                "m=[1,2,3] sum=6",
            ),
            ("foreach mode=json_array m [eval n = n + 1]", "m=1|2 n=0", "m=1|2 n=0"),
            ("foreach mode=auto_collections m [eval n = n + 1]", "m=[1,2,3] n=0", "m=[1,2,3] n=3"),
            ("foreach mode=auto_collections m [eval n = n + 1]", "m=1|2 n=0", "m=1|2 n=2"),
            ("foreach a* [fillnull value=- <<FIELD>> is_<<MATCHSTR>>]", "ab=1", "ab=1 is_b=-"),
            ("foreach a* [makemv delim=\":\" <<FIELD>>]", "ab=1:2 ac=3", "ab=1|2 ac=3"),
            ("foreach a* [nomv <<FIELD>> | eval n = mvcount(<<FIELD>>)]", "ab=1|2", "ab=1\\n2 n=1"),
            ("foreach * [where '<<FIELD>>' > 1]", "a=2 b=1", ""),
            (
                "foreach fieldstr=\"#f#\" matchstr=\"#m#\" t* [eval new_#m# = #f# + #m#]",
                "t1=5 t2=6",
                "t1=5 t2=6 new_1=6 new_2=8",
            ),
            (
                "foreach mode=multivalue itemstr=X m [eval sum = sum + X | where sum < 9]",
                "m=1|2 sum=0",
                "m=1|2 sum=3",
            ),
        ] {
            assert_eq!(run(command, row), expected, "{command} on {row}");
        }
    }
}

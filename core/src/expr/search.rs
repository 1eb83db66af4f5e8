//! The boolean expression of `search`, ready to run on a row.
//!
//! Field tests have SPL's search rules: no regard to case, `*` as a wildcard, and an absent field makes every comparison
//! false, `!=` too. Raw tests look at `_raw` as it is, at Splunk's breakers (`scan::segment`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::{glob::Glob, number, raw::RawMatcher};
use crate::{
    ids::{BranchId, FieldId, TermId},
    names::Names,
    row::{Env, Fields},
    value::Value,
};

/// A search expression.
#[derive(Clone, Debug)]
pub enum Search {
    /// Every row.
    All,
    /// Every one of them.
    And(Box<[Search]>),
    /// At least one of them.
    Or(Box<[Search]>),
    /// Not that.
    Not(Box<Search>),
    /// A test, with its text as written, for `explain`.
    Leaf(Box<str>, Test),
    /// It agrees with a row that a subsearch over events found; with the text of that.
    Agrees(Box<str>, BranchId),
    /// A term that several rules ask for: what it says of an event is kept for all of them. No other term holds it.
    Shared(TermId),
}

/// One test.
#[derive(Clone, Debug)]
pub enum Test {
    /// Of the raw text.
    Raw(RawTest),
    /// Of a field, by `=` or `IN`: some value is one of these.
    Equals(FieldId, Box<[Pattern]>),
    /// Of a field, by `!=`: some value is not this.
    Differs(FieldId, Pattern),
    /// Of a field, by `<` and its like: some value stands in this relation.
    Ordered(FieldId, Relation, Bound),
}

/// A test of the raw text.
#[derive(Clone, Debug)]
pub struct RawTest {
    /// What must stand there. `None` never matches: a TERM() with a major breaker.
    pub matcher: Option<RawMatcher>,
    /// Also true for a Windows event with this event id, however its rendering writes it.
    pub event_id: Option<Box<[u8]>>,
}

/// The right-hand side of `=`: a text with wildcards, or a network.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The text, compared with or without regard to case.
    pub glob: Glob,
    /// The network that the text reads as.
    pub network: Option<IpNet>,
}

/// The order comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The right-hand side of an order comparison.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Its text.
    pub text: Box<[u8]>,
    /// The number that it reads as.
    pub number: Option<f64>,
}

impl Search {
    /// Whether `row` satisfies the expression.
    #[must_use]
    pub fn test<'e>(&self, row: &dyn Fields<'e>, env: Env<'e>) -> bool {
        match self {
            Self::All => true,
            Self::And(terms) => terms.iter().all(|term| term.test(row, env)),
            Self::Or(terms) => terms.iter().any(|term| term.test(row, env)),
            Self::Not(term) => !term.test(row, env),
            Self::Leaf(_, test) => test.test(row, env),
            Self::Agrees(_, branch) => {
                env.branches.get(branch.index()).is_some_and(|branch| branch.agrees(row, env.bump))
            }
            Self::Shared(term) => env.terms.test(*term, row, env),
        }
    }

    /// The first test that makes `row` fail, as written; `None` where it passes or no single test is to blame.
    #[must_use]
    pub fn blame<'e>(&self, row: &dyn Fields<'e>, env: Env<'e>) -> Option<String> {
        match self {
            _ if self.test(row, env) => None,
            Self::And(terms) => terms.iter().find_map(|term| term.blame(row, env)),
            Self::Or(terms) => {
                let alternatives: Vec<_> =
                    terms.iter().filter_map(|term| term.blame(row, env)).collect();
                Some(alternatives.join(" OR "))
            }
            Self::Not(term) => Some(format!("NOT {}", term.text())),
            Self::Leaf(text, _) | Self::Agrees(text, _) => Some(text.to_string()),
            Self::Shared(term) => env.terms.get(*term).blame(row, env),
            Self::All => None,
        }
    }

    /// What the expression says of every event of which these `facts` hold; `None` where that depends on the rest of it.
    #[must_use]
    pub fn certainly(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::And(terms) => unless_all(true, terms, facts),
            Self::Or(terms) => unless_all(false, terms, facts),
            Self::Not(term) => term.certainly(facts).map(|truth| !truth),
            Self::Leaf(_, Test::Raw(RawTest { event_id: Some(id), .. })) => {
                facts.event_id.map(|own| own == &**id)
            }
            Self::Leaf(_, Test::Equals(field, patterns)) => {
                let passes = |text: &[u8]| patterns.iter().any(|pattern| pattern.is_match(text));
                facts.of(*field).map(passes)
            }
            Self::Leaf(..) | Self::Agrees(..) | Self::Shared(_) => None,
        }
    }

    /// Whether the expression asks for a field of which [`Facts`] may tell.
    #[must_use]
    pub fn asks_for_facts(&self) -> bool {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().any(Self::asks_for_facts),
            Self::Not(term) => term.asks_for_facts(),
            Self::Leaf(_, Test::Equals(field, _)) => Facts::FIELDS.contains(field),
            Self::Leaf(_, Test::Raw(test)) => test.event_id.is_some(),
            Self::All | Self::Leaf(..) | Self::Agrees(..) | Self::Shared(_) => false,
        }
    }

    /// The shared terms that must hold where it does.
    #[must_use]
    pub fn shared(&self) -> Box<[TermId]> {
        let mut found = Vec::new();
        match self {
            Self::And(terms) => terms.iter().for_each(|term| found.extend(term.shared())),
            Self::Shared(term) => found.push(*term),
            _ => {}
        }
        found.into()
    }

    /// Whether some test waits for what a subsearch finds in the window.
    #[must_use]
    pub fn waits(&self) -> bool {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().any(Self::waits),
            Self::Not(term) => term.waits(),
            Self::Agrees(..) => true,
            Self::All | Self::Leaf(..) | Self::Shared(_) => false,
        }
    }

    /// The terms that wait for nothing, and those that do: a row passes if it passes both.
    #[must_use]
    pub fn parted(self) -> (Self, Self) {
        match self {
            Self::And(terms) => {
                let (waiting, ready): (Vec<_>, Vec<_>) =
                    terms.into_vec().into_iter().partition(Self::waits);
                (Self::And(ready.into()), Self::And(waiting.into()))
            }
            waiting if waiting.waits() => (Self::All, waiting),
            ready => (ready, Self::All),
        }
    }

    fn text(&self) -> String {
        let join = |terms: &[Search], operator: &str| {
            let texts: Vec<_> = terms.iter().map(Self::text).collect();
            format!("({})", texts.join(operator))
        };
        match self {
            Self::All => "*".to_owned(),
            Self::And(terms) => join(terms, " "),
            Self::Or(terms) => join(terms, " OR "),
            Self::Not(term) => format!("NOT {}", term.text()),
            Self::Leaf(text, _) | Self::Agrees(text, _) => text.to_string(),
            Self::Shared(term) => format!("term {}", term.index()),
        }
    }
}

/// What `terms` come to: `truth` if all are that, the other if one is.
fn unless_all(truth: bool, terms: &[Search], facts: &Facts<'_>) -> Option<bool> {
    let mut all = Some(truth);
    for term in terms {
        match term.certainly(facts) {
            Some(found) if found != truth => return Some(!truth),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

/// What all events of one kind have in common.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Their `source`, where it is known.
    pub source: Option<&'a [u8]>,
    /// Their `sourcetype`, where it is known.
    pub sourcetype: Option<&'a [u8]>,
    /// Their `Channel`, where it is known.
    pub channel: Option<&'a [u8]>,
    /// The event id that they have, where their texts name no other one as rules do.
    pub event_id: Option<&'a [u8]>,
    /// Their `EventID`, where it is known.
    pub event_id_field: Option<&'a [u8]>,
    /// Their `EventCode`, where it is known.
    pub event_code: Option<&'a [u8]>,
}

impl<'a> Facts<'a> {
    /// The fields that it may tell of.
    pub const FIELDS: [FieldId; 5] =
        [Names::SOURCE, Names::SOURCETYPE, Names::CHANNEL, Names::EVENT_ID, Names::EVENT_CODE];

    fn of(&self, field: FieldId) -> Option<&'a [u8]> {
        match field {
            Names::SOURCE => self.source,
            Names::SOURCETYPE => self.sourcetype,
            Names::CHANNEL => self.channel,
            Names::EVENT_ID => self.event_id_field,
            Names::EVENT_CODE => self.event_code,
            _ => None,
        }
    }
}

impl Test {
    fn test<'e>(&self, row: &dyn Fields<'e>, env: Env<'e>) -> bool {
        match self {
            Self::Raw(test) => test.test(row),
            Self::Equals(field, patterns) => any_text(row.get(*field), env, |text| {
                patterns.iter().any(|pattern| pattern.is_match(text))
            }),
            Self::Differs(field, pattern) => {
                any_text(row.get(*field), env, |text| !pattern.is_match(text))
            }
            Self::Ordered(field, relation, bound) => {
                any_text(row.get(*field), env, |text| relation.holds(text, bound))
            }
        }
    }
}

impl RawTest {
    fn test(&self, row: &dyn Fields<'_>) -> bool {
        let matches = |matcher: &RawMatcher| row.any_raw_text(&mut |text| matcher.is_match(text));
        self.event_id.as_ref().is_some_and(|id| row.event_id() == Some(id))
            || self.matcher.as_ref().is_some_and(matches)
    }
}

impl Pattern {
    fn is_match(&self, text: &[u8]) -> bool {
        self.glob.is_match(text)
            || self.network.is_some_and(|network| {
                address(text).is_some_and(|address| network.contains(&address))
            })
    }
}

fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl Relation {
    /// Numbers by value if both sides are numbers, else texts by their bytes.
    fn holds(self, text: &[u8], bound: &Bound) -> bool {
        let order = match (number::parse(text), bound.number) {
            (Some(value), Some(bound)) => value.partial_cmp(&bound),
            _ => Some(text.cmp(&bound.text)),
        };
        order.is_some_and(|order| match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

/// Whether some text of `value` passes; false where it is absent.
fn any_text<'e>(value: Value<'e>, env: Env<'e>, passes: impl Fn(&[u8]) -> bool) -> bool {
    match value {
        Value::Null => false,
        Value::Text(text) => passes(text),
        other => other.texts(env.bump).iter().any(|text| passes(text)),
    }
}

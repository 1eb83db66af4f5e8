//! For which events a stanza of props.conf holds.
//!
//! `knowledge::props` reads selectors, the mapping of an event runs them.

use regex_automata::meta::Regex;

/// For which events a stanza holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Selector {
    /// `[source::pattern]`.
    Source(Pattern),
    /// `[host::pattern]`.
    Host(Pattern),
    /// `[sourcetype]`. A name that starts with `(?::){0}` is a pattern, as add-ons know.
    Sourcetype(Pattern),
    /// `[default]`.
    Everything,
}

/// A source, host or source type, or many.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This one.
    Literal(Box<str>),
    /// Every one that the regex matches as a whole.
    Wild(Regex),
}

/// What decides which stanzas hold for an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metadata<'a> {
    /// Its source. There can be two: what the caller gave, and what Splunk would have called a recognised Windows event.
    pub sources: [Option<&'a [u8]>; 2],
    /// Its source type.
    pub sourcetype: Option<&'a [u8]>,
    /// Its host.
    pub host: Option<&'a [u8]>,
}

impl Selector {
    /// Whether the stanza holds for an event.
    #[must_use]
    pub fn holds(&self, metadata: &Metadata<'_>) -> bool {
        match self {
            Self::Source(pattern) => {
                metadata.sources.into_iter().flatten().any(|source| pattern.matches(source))
            }
            Self::Host(pattern) => metadata.host.is_some_and(|host| pattern.matches(host)),
            Self::Sourcetype(pattern) => {
                metadata.sourcetype.is_some_and(|name| pattern.matches(name))
            }
            Self::Everything => true,
        }
    }
}

impl Pattern {
    /// Whether it stands for `name`.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Literal(literal) => literal.as_bytes() == name,
            Self::Wild(regex) => regex.is_match(name),
        }
    }
}

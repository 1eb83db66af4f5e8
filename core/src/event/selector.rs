//! For which events a stanza of props.conf holds.
//!
//! `knowledge::props` reads selectors, the mapping of an event runs them.

use std::sync::Arc;

use regex_automata::{meta::Regex, util::syntax};

use crate::expr::deferred::Deferred;

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
    /// Every one that the regex matches.
    Wild(Wild),
}

/// A regex over a name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wild(Arc<Shared>);

/// What the clones of a regex share.
#[derive(Debug)]
struct Shared {
    pattern: Box<str>,
    regex: Deferred<Regex>,
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
            Self::Wild(wild) => wild.is_match(name),
        }
    }
}

impl Wild {
    /// Compiles `pattern`, which is made of the name of a stanza and looks at bytes.
    ///
    /// # Errors
    /// If it is no regular expression, with the reason.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let regex = Deferred::ready(compile(pattern)?);
        Ok(Self(Arc::new(Shared { pattern: pattern.into(), regex })))
    }

    /// A pattern that [`compile`](Self::compile) took in another process; it is compiled when it is first used, and where it is no
    /// pattern after all it never matches.
    pub(crate) fn load(pattern: Box<str>) -> Self {
        Self(Arc::new(Shared { pattern, regex: Deferred::later() }))
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.0.pattern
    }

    /// Whether it matches some part of `name`.
    #[must_use]
    pub fn is_match(&self, name: &[u8]) -> bool {
        let regex = self.0.regex.get(|| compile(&self.0.pattern).ok());
        regex.is_some_and(|regex| regex.is_match(name))
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let regex = Regex::builder().syntax(syntax::Config::new().utf8(false)).build(pattern);
    regex.map_err(|error| {
        // The outer error says only that building failed.
        error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string)
    })
}

//! PCRE as Splunk uses it, over finite automata.

/// Caches of the regexes that need one while they run: one set per engine.
#[derive(Debug, Default)]
pub struct Caches {}

//! Finds out the source type of an event by its text: what the `rule::` stanzas of props.conf do.
//!
//! All patterns of all recognisers are looked for in one walk; the first recogniser whose conditions hold has its way.

use bumpalo::collections::Vec as BumpVec;

use crate::{expr::regex_set::RegexSet, row::Env};

/// An event is recognised by its first so many bytes; what stands behind them cannot make the walk long.
pub const MAX_BYTES: usize = 64 << 10;

/// All recognisers of a rule set.
#[derive(Clone, Debug, Default)]
pub struct Recognisers {
    /// The patterns of all conditions; `None` where there are no recognisers.
    pub patterns: Option<RegexSet>,
    /// How many patterns there are.
    pub pattern_count: usize,
    /// In the order in which they are asked.
    pub recognisers: Vec<Recogniser>,
}

/// What makes an event one of a source type.
#[derive(Clone, Debug)]
pub struct Recogniser {
    /// What it then is.
    pub sourcetype: Box<str>,
    /// The number of each pattern, and whether it must match.
    pub conditions: Box<[(usize, bool)]>,
}

impl Recognisers {
    /// The source type of the event `raw`; `None` if nothing recognises it.
    #[must_use]
    pub fn sourcetype<'e>(&'e self, raw: &[u8], env: Env<'e>) -> Option<&'e [u8]> {
        let patterns = self.patterns.as_ref()?;
        let mut matched =
            BumpVec::from_iter_in(std::iter::repeat_n(false, self.pattern_count), env.bump);
        let head = &raw[..raw.len().min(MAX_BYTES)];
        patterns.for_each_match(env.caches, head, &mut |number| matched[number] = true);
        let holds = |recogniser: &&Recogniser| {
            recogniser.conditions.iter().all(|&(pattern, matches)| matched[pattern] == matches)
        };
        let recogniser = self.recognisers.iter().find(holds)?;
        Some(recogniser.sourcetype.as_bytes())
    }
}

//! Words, phrases and TERM() over the raw text of an event.
//!
//! Every form takes time linear in the event, whatever it holds.

use memchr::memmem;

use super::glob::{Case, Glob};
use crate::{
    codec::Malformed,
    compiled::form::{Form, Loader, Saver, check, forms},
    scan::{
        needle::Needle,
        segment::{self, Breaker, class},
    },
};

/// What must stand in the raw text.
#[derive(Clone, Debug)]
pub enum RawMatcher {
    /// A word or a phrase.
    Phrase(Phrase),
    /// TERM() without a wildcard: a token.
    Term {
        /// Its text.
        literal: Needle,
        /// What must stand on both sides: a term with minor breakers is a whole major segment.
        fence: Breaker,
    },
    /// TERM() with wildcards: some token matches.
    TermGlob(Glob),
}

/// A word or a phrase: literal pieces with wildcards between them.
#[derive(Clone, Debug)]
pub struct Phrase {
    pieces: Box<[Literal]>,
    /// Whether a breaker or the edge must stand before the first piece.
    starts_token: bool,
    /// Whether a breaker or the edge must stand behind the last piece.
    ends_token: bool,
    reach: Reach,
}

/// How far a wildcard reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In a bare word: up to the next white space.
    Word,
    /// In a quoted phrase: over anything.
    Anything,
}

#[derive(Clone, Debug)]
enum Literal {
    AnyCase(Needle),
    ExactCase(Box<memmem::Finder<'static>>),
}

impl RawMatcher {
    /// TERM(`text`); `None` when no token can ever match it, since it holds a major breaker.
    #[must_use]
    pub fn term(text: &str) -> Option<Self> {
        let without_wildcards: Vec<u8> = text.bytes().filter(|&byte| byte != b'*').collect();
        if text.is_empty() || segment::contains(&without_wildcards, Breaker::Major) {
            return None;
        }
        if text.contains('*') {
            return Some(Self::TermGlob(Glob::new(text, Case::Insensitive)));
        }
        let fence = if segment::contains(text.as_bytes(), Breaker::Minor) {
            Breaker::Major
        } else {
            Breaker::Minor
        };
        Some(Self::Term { literal: Needle::new(text.as_bytes()), fence })
    }

    /// A word or phrase with `*` as a wildcard.
    #[must_use]
    pub fn phrase(text: &str, case: Case, reach: Reach) -> Self {
        let is_inner = |byte: Option<&u8>| byte.is_some_and(|&byte| class(byte) == Breaker::None);
        let bytes = text.as_bytes();
        Self::Phrase(Phrase {
            pieces: text
                .split('*')
                .filter(|piece| !piece.is_empty())
                .map(|piece| Literal::new(piece.as_bytes(), case))
                .collect(),
            starts_token: is_inner(bytes.first()),
            ends_token: is_inner(bytes.last()),
            reach,
        })
    }

    /// Whether `raw` holds it.
    #[must_use]
    pub fn is_match(&self, raw: &[u8]) -> bool {
        match self {
            Self::Phrase(phrase) => phrase.is_match(raw),
            Self::Term { literal, fence } => is_token(raw, literal, *fence),
            Self::TermGlob(glob) => segment::any_token(raw, |token| glob.is_match(token)),
        }
    }
}

fn is_token(raw: &[u8], literal: &Needle, fence: Breaker) -> bool {
    let mut from = 0;
    while let Some(start) = literal.find(raw, from) {
        let end = start + literal.text().len();
        if segment::starts_token(raw, start, fence) && segment::ends_token(raw, end, fence) {
            return true;
        }
        from = start + 1;
    }
    false
}

impl Phrase {
    fn is_match(&self, raw: &[u8]) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return true };
        let mut from = 0;
        while let Some(start) = first.find(raw, from) {
            let end = start + first.len();
            let starts = !self.starts_token || segment::starts_token(raw, start, Breaker::Minor);
            if starts {
                if rest.is_empty() && self.ends_at(raw, end) {
                    return true;
                }
                if !rest.is_empty() {
                    let limit = self.limit(raw, end);
                    if self.rest_matches(&raw[..limit], raw, rest, end) {
                        return true;
                    }
                    // A later start within the same reach sees less of the text, so it cannot do better.
                    from = limit.max(start + 1);
                    continue;
                }
            }
            from = start + 1;
        }
        false
    }

    /// Where the wildcards that follow `at` cannot reach beyond.
    fn limit(&self, raw: &[u8], at: usize) -> usize {
        match self.reach {
            Reach::Anything => raw.len(),
            Reach::Word => raw[at..]
                .iter()
                .position(u8::is_ascii_whitespace)
                .map_or(raw.len(), |space| at + space),
        }
    }

    /// Whether `rest` stands in order in `within` from `from` on. The earliest place of each piece leaves most room.
    fn rest_matches(&self, within: &[u8], raw: &[u8], rest: &[Literal], from: usize) -> bool {
        let (last, middle) = rest.split_last().expect("called with at least one piece");
        let mut from = from;
        for piece in middle {
            match piece.find(within, from) {
                Some(start) => from = start + piece.len(),
                None => return false,
            }
        }
        while let Some(start) = last.find(within, from) {
            if self.ends_at(raw, start + last.len()) {
                return true;
            }
            from = start + 1;
        }
        false
    }

    fn ends_at(&self, raw: &[u8], end: usize) -> bool {
        !self.ends_token || segment::ends_token(raw, end, Breaker::Minor)
    }
}

impl Literal {
    fn new(text: &[u8], case: Case) -> Self {
        match case {
            Case::Insensitive => Self::AnyCase(Needle::new(text)),
            Case::Sensitive => Self::ExactCase(Box::new(memmem::Finder::new(text).into_owned())),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::AnyCase(needle) => needle.text().len(),
            Self::ExactCase(finder) => finder.needle().len(),
        }
    }

    fn find(&self, haystack: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::AnyCase(needle) => needle.find(haystack, from),
            Self::ExactCase(finder) => Some(from + finder.find(haystack.get(from..)?)?),
        }
    }
}

forms! {
    struct Phrase { pieces, starts_token, ends_token, reach };
}

impl Form for Literal {
    fn save(&self, out: &mut Saver) {
        let (case, text) = match self {
            Self::AnyCase(needle) => (Case::Insensitive, needle.text()),
            Self::ExactCase(finder) => (Case::Sensitive, finder.needle()),
        };
        case.save(out);
        out.out.text(text);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Malformed> {
        let case = Case::load(from)?;
        let text = from.bytes.text()?;
        check(!text.is_empty(), "a phrase has an empty piece")?;
        let is_lower = case == Case::Sensitive || !text.iter().any(u8::is_ascii_uppercase);
        check(is_lower, "a piece in any case is not in lower case")?;
        Ok(Self::new(text, case))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase(text: &str, raw: &str) -> bool {
        RawMatcher::phrase(text, Case::Insensitive, Reach::Anything).is_match(raw.as_bytes())
    }

    fn word(text: &str, raw: &str) -> bool {
        RawMatcher::phrase(text, Case::Insensitive, Reach::Word).is_match(raw.as_bytes())
    }

    fn term(text: &str, raw: &str) -> bool {
        RawMatcher::term(text).is_some_and(|term| term.is_match(raw.as_bytes()))
    }

    #[test]
    fn a_phrase_is_fenced_only_where_its_edge_is_no_breaker() {
        assert!(phrase("<EventID>1<", "<EventID>1</EventID>"));
        assert!(!phrase("<EventID>1<", "<EventID>11</EventID>"));
        assert!(phrase("eventcode=1", "x\nEventCode=1\n"));
        assert!(!phrase("EventCode=1", "EventCode=10"));
        assert!(phrase(".exe", "a.exe b") && !phrase(".exe", "a.exec"));
        assert!(phrase("b_c", "a_b_c_d"), "an underscore is a minor breaker");
    }

    #[test]
    fn wildcards_lift_the_fence_at_an_edge() {
        assert!(word("foo*", "foobar") && !word("foo*", "xfoo") && word("*foo", "xfoo"));
        assert!(!word("foo", "foobar"));
    }

    #[test]
    fn a_wildcard_in_a_word_stays_in_the_word_and_in_a_phrase_does_not() {
        assert!(word("a*z", "a-b-z") && !word("a*z", "a b z"));
        assert!(phrase("a*z", "a b z"));
        assert!(word("a*z", "a b ac-z"), "a later word is tried too");
    }

    #[test]
    fn term_without_minor_breakers_is_any_token() {
        assert!(term("WmiPrvSE", r"C:\Windows\System32\wbem\wmiprvse.exe"));
        assert!(!term("WmiPrvSE", "WmiPrvSEx"));
        assert!(term("abc", "x%20abc%20y") && term("abc", "x--abc--y") && !term("abc", "xabc"));
    }

    #[test]
    fn term_with_minor_breakers_is_a_whole_major_segment() {
        assert!(!term("WmiPrvSE.exe", r"Image: C:\wbem\WmiPrvSE.exe x"));
        assert!(term("WmiPrvSE.exe", "Image: WmiPrvSE.exe x"));
        assert!(term("127.0.0.1", "127.0.0.1 - admin") && !term("127.0.0.1", "ip=127.0.0.1 - x"));
    }

    #[test]
    fn term_with_a_major_breaker_never_matches() {
        for text in ["Maria Dubois", "<EventID>4104<", ">", "a--b", ""] {
            assert!(RawMatcher::term(text).is_none(), "{text}");
        }
    }

    #[test]
    fn term_globs_match_whole_tokens() {
        assert!(term("EventCode=1*", "x EventCode=11\ny") && term("wmi*", r"C:\WmiPrvSE.exe"));
        assert!(!term("*Code=1", "EventCode=11") && term("*prvse", r"C:\WmiPrvSE.exe"));
    }

    #[test]
    fn case_is_regarded_in_exact_phrases() {
        let exact = RawMatcher::phrase("Admin", Case::Sensitive, Reach::Word);
        assert!(exact.is_match(b"user=Admin") && !exact.is_match(b"user=admin"));
    }

    #[test]
    fn hostile_runs_of_first_pieces_take_linear_time() {
        let raw = b"a-".repeat(500_000);
        assert!(!RawMatcher::phrase("a*b", Case::Insensitive, Reach::Word).is_match(&raw));
    }
}

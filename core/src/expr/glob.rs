//! Patterns with `*`: a run of bytes, empty or not.
//!
//! A pattern is its literal pieces between the stars. Each piece but the last is taken at its first place after the one
//! before, which is right whenever any place is, so a match costs one pass over the text however the pattern and the
//! text were chosen. Nothing escapes a `*`.

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::memmem;

/// Whether letters match their other case. Only ASCII letters have one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// `a` is `A`.
    Insensitive,
}

/// A pattern with wildcards, ready to match.
#[derive(Clone, Debug)]
pub struct Glob {
    pieces: Box<[Piece]>,
    case: Case,
}

impl Glob {
    /// The pattern `pattern`, in which `*` is any run of bytes.
    #[must_use]
    pub fn new(pattern: &str, case: Case) -> Self {
        Self::with_wildcard(pattern.as_bytes(), b'*', case)
    }

    /// A pattern whose wildcard is some other byte, such as the `%` of `like`.
    #[must_use]
    pub fn with_wildcard(pattern: &[u8], wildcard: u8, case: Case) -> Self {
        Self::of_pieces(pattern.split(|&byte| byte == wildcard), case)
    }

    /// A pattern of these texts, of which there is one at least, with a wildcard between any two.
    pub(crate) fn of_pieces<'p>(pieces: impl Iterator<Item = &'p [u8]>, case: Case) -> Self {
        let mut pieces: Box<[Piece]> = pieces.map(|text| Piece::at_edge(text, case)).collect();
        if let [_, inner @ .., _] = &mut *pieces {
            inner.iter_mut().for_each(|piece| piece.prepare(case));
        }
        Self { pieces, case }
    }

    /// Whether letters match their other case.
    #[must_use]
    pub fn case(&self) -> Case {
        self.case
    }

    /// Whether there is any wildcard; without one the pattern matches one text only.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.pieces.len() > 1
    }

    /// The texts between the wildcards, in order; those at the edges may be empty. A case-insensitive pattern gives them
    /// in lower case.
    pub fn literal_pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|piece| &*piece.text)
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.walk(text, |_| {})
    }

    /// What each wildcard stands for, if the whole of `text` matches; allocates.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t [u8]) -> Option<Vec<&'t [u8]>> {
        let mut captures = Vec::with_capacity(self.pieces.len() - 1);
        self.walk(text, |capture| captures.push(capture)).then_some(captures)
    }

    /// The pattern with its wildcards replaced by `captures` in order: the new name under `rename a* AS b*`.
    #[must_use]
    pub fn substitute<'b>(&self, captures: &[&[u8]], bump: &'b Bump) -> &'b [u8] {
        let mut text = BumpVec::new_in(bump);
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                text.extend_from_slice(captures.get(index - 1).copied().unwrap_or_default());
            }
            text.extend_from_slice(&piece.text);
        }
        text.into_bump_slice()
    }

    /// Matches the whole of `text` and tells what each wildcard stands for, in order.
    fn walk<'t>(&self, text: &'t [u8], mut capture: impl FnMut(&'t [u8])) -> bool {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else {
            return text.is_empty();
        };
        let Some((head, mut rest)) = text.split_at_checked(first.text.len()) else { return false };
        if !first.equals(head, self.case) {
            return false;
        }
        if !self.has_wildcard() {
            return rest.is_empty();
        }
        for piece in &self.pieces[1..self.pieces.len() - 1] {
            let Some(at) = piece.find(rest) else { return false };
            capture(&rest[..at]);
            rest = &rest[at + piece.text.len()..];
        }
        let Some(at) = rest.len().checked_sub(last.text.len()) else { return false };
        capture(&rest[..at]);
        last.equals(&rest[at..], self.case)
    }
}

/// A literal.
#[derive(Clone, Debug)]
struct Piece {
    text: Box<[u8]>,
    /// What a search for it needs; `None` at the edges of the pattern, where it stands in one place only.
    search: Option<Search>,
}

#[derive(Clone, Debug)]
enum Search {
    Exact(Box<memmem::Finder<'static>>),
    /// For each prefix of the text, how long its longest proper border is (Knuth, Morris and Pratt).
    Folded(Box<[usize]>),
}

impl Piece {
    fn at_edge(text: &[u8], case: Case) -> Self {
        let mut text: Box<[u8]> = text.into();
        if case == Case::Insensitive {
            text.make_ascii_lowercase();
        }
        Self { text, search: None }
    }

    /// Makes it one that is searched for.
    fn prepare(&mut self, case: Case) {
        self.search = Some(match case {
            Case::Sensitive => {
                Search::Exact(Box::new(memmem::Finder::new(&self.text).into_owned()))
            }
            Case::Insensitive => Search::Folded(borders(&self.text)),
        });
    }

    fn equals(&self, text: &[u8], case: Case) -> bool {
        match case {
            Case::Sensitive => *self.text == *text,
            Case::Insensitive => self.text.eq_ignore_ascii_case(text),
        }
    }

    /// Where it first occurs.
    fn find(&self, haystack: &[u8]) -> Option<usize> {
        match self.search.as_ref().expect("only what stands between wildcards is searched for") {
            Search::Exact(finder) => finder.find(haystack),
            Search::Folded(borders) => find_folded(&self.text, borders, haystack),
        }
    }
}

fn borders(text: &[u8]) -> Box<[usize]> {
    let mut borders = vec![0; text.len()];
    let mut length = 0;
    for at in 1..text.len() {
        while length > 0 && text[at] != text[length] {
            length = borders[length - 1];
        }
        length += usize::from(text[at] == text[length]);
        borders[at] = length;
    }
    borders.into()
}

/// Where the lower-case `needle` first occurs in `haystack`, cases aside. Linear in the haystack.
fn find_folded(needle: &[u8], borders: &[usize], haystack: &[u8]) -> Option<usize> {
    let Some(&first) = needle.first() else { return Some(0) };
    let (mut at, mut matched) = (0, 0);
    while at < haystack.len() {
        if matched == 0 {
            at += memchr::memchr2(first, first.to_ascii_uppercase(), &haystack[at..])?;
        }
        let byte = haystack[at].to_ascii_lowercase();
        while matched > 0 && byte != needle[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(byte == needle[matched]);
        at += 1;
        if matched == needle.len() {
            return Some(at - matched);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_match() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aba", false),
            ("a**b", "ab", true),
            ("*\\temp\\*", "C:\\temp\\x", true),
            ("*aab", "aaab", true),
            ("a*b*c", "a--b-bc", true),
            ("a*bc*bc", "abc", false),
        ];
        for (pattern, text, expected) in cases {
            for case in [Case::Sensitive, Case::Insensitive] {
                assert_eq!(
                    Glob::new(pattern, case).is_match(text.as_bytes()),
                    expected,
                    "{pattern} on {text}, {case:?}"
                );
            }
        }
    }

    #[test]
    fn only_ascii_letters_fold_and_only_when_asked() {
        assert!(Glob::new("*WMI*se.EXE", Case::Insensitive).is_match(b"c:\\wmiPrvSE.exe"));
        assert!(!Glob::new("*WMI*", Case::Sensitive).is_match(b"wmi"));
        assert!(!Glob::new("É", Case::Insensitive).is_match("é".as_bytes()));
    }

    #[test]
    fn a_match_tells_what_each_wildcard_stands_for() {
        let captures = Glob::new("a*b*", Case::Sensitive).captures(b"a12b3").unwrap();
        assert_eq!(captures, [b"12".as_slice(), b"3"]);
        let target = Glob::new("x*-*y", Case::Sensitive);
        assert_eq!(target.substitute(&captures, &Bump::new()), b"x12-3y");
        assert_eq!(Glob::new("Processes.*", Case::Sensitive).captures(b"Web.url"), None);
    }

    #[test]
    fn a_folded_search_agrees_with_the_plain_one() {
        let needles = ["a", "ab", "aab", "aaab", "abab", "abaabab"];
        for number in 0_u32..4096 {
            let haystack: Vec<u8> =
                (0..12).map(|bit| if number >> bit & 1 == 1 { b'A' } else { b'b' }).collect();
            for needle in needles {
                let plain = memmem::find(&haystack.to_ascii_lowercase(), needle.as_bytes());
                let folded = find_folded(needle.as_bytes(), &borders(needle.as_bytes()), &haystack);
                assert_eq!(folded, plain);
            }
        }
    }

    #[test]
    fn many_wildcards_on_a_long_text_cost_one_pass() {
        let text = vec![b'a'; 1 << 20];
        let pattern = "*a".repeat(1000) + "*b";
        for case in [Case::Sensitive, Case::Insensitive] {
            assert!(!Glob::new(&pattern, case).is_match(&text));
            assert!(!Glob::new(&format!("*{}b*", "a".repeat(1000)), case).is_match(&text));
        }
    }
}

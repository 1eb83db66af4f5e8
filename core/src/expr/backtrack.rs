//! What finite automata cannot run: look-around, back-references, possessive and atomic groups.
//!
//! Backtracking can take time that grows without bound, so a search may take so many steps only, fewer the longer its text is:
//! one step may look at all of it. A search that reaches its bound has no match, and is counted: nobody evades a rule in
//! silence. Patterns that an automaton can run never come here, nor do those that data supplies. Unlike those, a search
//! allocates on the heap, and has a stack of its own.

use std::ops::Range;

use fancy_regex::{CompileError, Error, ParseError, Regex, RegexBuilder};

use super::{
    dialect::{self, RegexError, Rewritten},
    regex::whole,
};

/// The longest text of each class, in bytes, and how many steps a search of such a text may take. Their product is what a search
/// may look at in all: at most a gibibyte.
const BOUNDS: [(usize, usize); 5] = [
    (4 << 10, 1 << 18),
    (16 << 10, 1 << 16),
    (64 << 10, 1 << 14),
    (256 << 10, 1 << 12),
    (1 << 20, 1 << 10),
];

/// The stack of a search: a foreign library's frames are not for the 24 KiB that a push has.
const SEARCH_STACK_BYTES: usize = 256 << 10;

/// The largest program of a part that an automaton runs.
const DELEGATE_BYTES: usize = 4 << 20;
/// The most instructions of a program.
const PROGRAM_INSTRUCTIONS: usize = 1 << 16;

/// A compiled pattern.
pub(super) struct Backtracker {
    /// One for each of [`BOUNDS`].
    regexes: [Regex; BOUNDS.len()],
}

/// A search took as many steps as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GivenUp;

/// The groups of one match; the first is the whole match.
pub(super) type Groups = Vec<Option<Range<usize>>>;

impl Backtracker {
    /// Compiles `pattern`, which finite automata cannot run.
    pub(super) fn compile(pattern: &str) -> Result<Self, RegexError> {
        let rewritten = dialect::rewrite_for_backtracker(pattern)?;
        let compile = |steps| {
            RegexBuilder::new(&rewritten.text)
                .backtrack_limit(steps)
                .delegate_size_limit(DELEGATE_BYTES)
                .max_prog_size(PROGRAM_INSTRUCTIONS)
                .build()
                .map_err(|error| explain(pattern, &rewritten, &error))
        };
        let mut regexes = Vec::with_capacity(BOUNDS.len());
        for (_, steps) in BOUNDS {
            regexes.push(compile(steps)?);
        }
        let regexes = regexes.try_into().map_err(|_| whole(pattern, "too many bounds"))?;
        Ok(Self { regexes })
    }
}

impl Backtracker {
    /// Whether some part of `text` matches.
    pub(super) fn is_match(&self, text: &str) -> Result<bool, GivenUp> {
        let regex = self.regex_for(text)?;
        stacker::grow(SEARCH_STACK_BYTES, || regex.is_match(text)).map_err(|_| GivenUp)
    }

    /// The first match in `text` that starts at `from` or later, written into `groups`; whether there is one.
    pub(super) fn find(
        &self,
        text: &str,
        from: usize,
        groups: &mut Groups,
    ) -> Result<bool, GivenUp> {
        let regex = self.regex_for(text)?;
        let search = || regex.captures_from_pos(text, from);
        let found = stacker::grow(SEARCH_STACK_BYTES, search).map_err(|_| GivenUp)?;
        groups.clear();
        let captures = found.iter().flat_map(fancy_regex::Captures::iter);
        groups.extend(captures.map(|group| group.map(|group| group.range())));
        Ok(found.is_some())
    }

    /// The names of its groups, in order; group 0 is the whole match.
    pub(super) fn group_names(&self) -> impl Iterator<Item = Option<&str>> {
        self.regexes[0].capture_names()
    }

    /// The regex whose bound is that of `text`; texts beyond all bounds are given up at once.
    fn regex_for(&self, text: &str) -> Result<&Regex, GivenUp> {
        let class = BOUNDS.iter().position(|(most_bytes, _)| text.len() <= *most_bytes);
        class.map(|class| &self.regexes[class]).ok_or(GivenUp)
    }
}

/// What is wrong with a pattern, and where in it.
fn explain(pattern: &str, rewritten: &Rewritten, error: &Error) -> RegexError {
    match error {
        Error::ParseError(at, error) => RegexError::new(rewritten.origin(*at), in_words(error)),
        Error::CompileError(error) => match &**error {
            CompileError::InnerError(_) => whole(
                pattern,
                format!("the pattern needs more than {DELEGATE_BYTES} bytes once compiled"),
            ),
            other => whole(pattern, lower_first(&other.to_string())),
        },
        other => whole(pattern, lower_first(&other.to_string())),
    }
}

fn in_words(error: &ParseError) -> String {
    match error {
        ParseError::GeneralParseError(message) => lower_first(message),
        ParseError::UnclosedOpenParen => "unclosed group".to_owned(),
        other => lower_first(&other.to_string()),
    }
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        let error = dialect::parse(pattern).expect_err(pattern);
        assert!(error.is_beyond_automata, "{pattern}: {error}");
        let regex =
            Backtracker::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        regex.is_match(text).unwrap()
    }

    #[test]
    fn what_automata_cannot_say_means_what_it_means_in_pcre() {
        let cases = [
            ("a(?=b)", "ab", true),
            ("a(?=b)", "ac", false),
            ("a(?!b)", "ac", true),
            ("a(?!b)", "ab", false),
            (r#"(?<=icacls\.exe"\s)(?<path>\S+)"#, r#""icacls.exe" C:\x"#, true),
            (r"(?<!\/)\b\w+:\w+", "/ab c:d", true),
            (r"(?<!\/)\b\w+:", "/ab:", false),
            ("(?<=a|bc)d", "bcd", true),
            ("(?<=[^a]+b)c", "xxbc", true),
            (r"^(.)\1$", "aa", true),
            (r"^(.)\1$", "ab", false),
            (r"^(?<c>.)(.)\2\k<c>$", "abba", true),
            (r"^(?<c>.)\1$", "aa", true),
            (r"^(a)(?P<c>.)\g{2}\g1(?P=c)\k{c}\k'c'$", "abbabbb", true),
            (r"^(.)(.)\g{-1}$", "abb", true),
            (r"(?i)^(a)\1$", "aA", true),
            ("^a++b", "aab", true),
            ("^a++a", "aaa", false),
            ("^(?>a|ab)c", "abc", false),
            ("^a{2,3}+a", "aaa", false),
            ("^(a)?(?(1)b|c)$", "ab", true),
            ("^(a)?(?(1)b|c)$", "b", false),
            ("^(?<n>a)?(?(<n>)b|c)$", "c", true),
            ("^(?<n>a)?(?('n')b|c)$", "ab", true),
            ("^(?<n>a)?(?(n)b|c)$", "ab", true),
            ("^(a)?(?(-1)b|c)$", "ab", true),
            ("^(a)?(?(-1)b|c)$", "b", false),
            ("^(?:(?(+1)b|a)(a)?)+$", "aab", true),
            (r"a\Kb$", "ab", true),
            (r"^a\Rb$", "a\r\nb", true),
            (r"^a\R\n", "a\r\n", false),
            // The rest of the dialect, beside a look-around.
            (r"(?!x)^\w\d\s\S$", "a1\t.", true),
            (r"(?!x)^\w$", "é", false),
            (r"(?!x)^\d$", "１", false),
            (r"(?!x)\bcat\b", "écaté", true),
            (r"(?!x)\Bat", "cat", true),
            (r"(?!x)\Bat", "at", false),
            ("(?!x)^a$", "a\n", true),
            ("(?!x)^a$", "a\n\n", false),
            (r"(?!x)^a\Z", "a\n", true),
            (r"(?!x)^a\z", "a\n", false),
            ("(?!x)^{a}$", "{a}", true),
            (r"(?!x)^\<a\>$", "<a>", true),
            (r"(?!x)^\Qa.b\E$", "a.b", true),
            (r"(?!x)^[\w.-]+$", "a.-b", true),
            (r"(?!x)^[^\W\d]$", "a", true),
            (r"(?!x)^[[:alpha:]&&]+$", "a&", true),
            (r"(?!x)^[]\]]+$", "]]", true),
            (r"(?!x)^\h\H\v\V\N$", "\u{a0}a\u{b}ab", true),
            ("(?i)(?!x)^ABC$", "abc", true),
            ("(?!x)^a(?i)b(?-i)c$", "aBc", true),
            ("(?!x)^a.b$", "a\nb", false),
            ("(?s)(?!x)^a.b$", "a\nb", true),
            ("(?m)(?!x)^b$", "a\nb\nc", true),
            (r"(?x) (?! x ) ^ a \  b $", "a b", true),
            (r"(?!x)^\x41\x{42}\103\cA\e$", "ABC\u{1}\u{1b}", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(is_match(pattern, text), expected, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let cases = [
            (r"(?=a)(b", 6..7),
            (r"a(?=b)\2", 0..8),
            (r"(?=a)\k<n>", 5..10),
            (r"(?=a)[z-a]", 0..10),
            (r"\d(?=a)**", 8..9),
            ("(?=a)(?R)", 5..8),
            (r"(?=a)\C", 5..7),
            (r"(?=a)\X", 5..7),
            ("(?(?=a)b|c)", 0..5),
            ("(?(1))", 0..5),
            ("(a)?(?(2)b|c)", 4..9),
            ("a(?(0)b|c)", 1..6),
            ("a(?(-1)b|c)", 1..7),
            ("(a)(?(+1)b|c)", 3..9),
            ("a(?()b|c)", 1..5),
            ("a(?(99999999999999999999)b|c)", 1..25),
            ("a(?(n)b|c)", 1..6),
            ("(?=a", 3..4),
        ];
        for (pattern, span) in cases {
            let error = Backtracker::compile(pattern).err().expect(pattern);
            assert_eq!(error.offset_span, span, "{pattern}: {error}");
            assert!(
                error.message.starts_with(|first: char| !first.is_ascii_uppercase()),
                "{error}"
            );
        }
    }

    #[test]
    fn a_search_is_given_up_at_its_bound() {
        let hostile = Backtracker::compile(r"^(?=(a+)+$)b|(x+x+)+\2y").unwrap();
        assert_eq!(hostile.is_match(&"x".repeat(1000)), Err(GivenUp));
        let plain = Backtracker::compile("(?<=a)b").unwrap();
        assert_eq!(plain.is_match(&"ab".repeat(1 << 18)), Ok(true));
        assert_eq!(plain.is_match(&"ab".repeat(1 << 20)), Err(GivenUp), "too long");
    }

    #[test]
    fn what_a_search_may_look_at_is_bounded() {
        assert!(BOUNDS.iter().all(|(most_bytes, steps)| most_bytes * steps <= 1 << 30));
        assert!(BOUNDS.is_sorted());
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics(pattern in r"(\(\?(=|!|<=|<!|>|\(1\))|[\\\[\](){}?*+|^$.<>a-c1KRGk]){0,16}", text in "[a-c\n]{0,12}") {
            if let Ok(regex) = Backtracker::compile(&pattern) {
                let _ = regex.is_match(&text);
                let _ = regex.find(&text, 0, &mut Vec::new());
            }
        }
    }
}

//! The patterns of `like`: `%` is any run of characters, `_` is one character. The whole text must match, with regard to
//! case; nothing escapes a `%` or a `_`.

use super::{
    caches::Caches,
    dialect::RegexError,
    glob::{Case, Glob},
    regex::{Regex, RegexIds},
};

/// The longest pattern that data may supply.
const DATA_PATTERN_BYTES: usize = 1 << 12;

/// A compiled pattern of `like`.
#[derive(Clone, Debug)]
pub enum Like {
    /// A pattern without `_`.
    Glob(Glob),
    /// A pattern with `_`, which counts characters and not bytes.
    Regex(Regex),
}

impl Like {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// If the pattern is too large.
    pub fn compile(pattern: &str, ids: &mut RegexIds) -> Result<Self, RegexError> {
        if pattern.contains('_') {
            let regex = Regex::compile(&regex_text(pattern), ids);
            return regex
                .map(Self::Regex)
                .map_err(|error| RegexError { offset_span: 0..pattern.len(), ..error });
        }
        Ok(Self::Glob(Glob::with_wildcard(pattern.as_bytes(), b'%', Case::Sensitive)))
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn is_match(&self, caches: &Caches, text: &[u8]) -> bool {
        match self {
            Self::Glob(glob) => glob.is_match(text),
            Self::Regex(regex) => regex.is_match(caches, text),
        }
    }
}

/// Whether the whole of `text` matches a pattern that data supplied; `None` where that is too long or no UTF-8.
#[must_use]
pub fn is_match_data(pattern: &[u8], caches: &Caches, text: &[u8]) -> Option<bool> {
    if pattern.len() > DATA_PATTERN_BYTES {
        caches.give_up();
        return None;
    }
    if pattern.contains(&b'_') {
        let pattern = std::str::from_utf8(pattern).ok()?;
        return caches.is_match(regex_text(pattern).as_bytes(), text);
    }
    Some(Glob::with_wildcard(pattern, b'%', Case::Sensitive).is_match(text))
}

/// The regex that means the same.
fn regex_text(pattern: &str) -> String {
    let mut text = String::from(r"(?s)\A");
    for character in pattern.chars() {
        match character {
            '%' => text.push_str(".*"),
            '_' => text.push('.'),
            literal => regex_syntax::escape_into(literal.encode_utf8(&mut [0; 4]), &mut text),
        }
    }
    text + r"\z"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_match_with_regard_to_case() {
        let cases = [
            ("a%b_", "axxbz", true),
            ("a%b_", "axxb", false),
            ("10.9.165.%", "10.9.165.7", true),
            ("10.9.165.%", "10x9.165.7", false),
            ("%\\x%", "C:\\x", true),
            ("abc", "ABC", false),
            ("abc", "xabcx", false),
            ("_", "é", true),
            ("__", "é", false),
            ("%_%", "", false),
            ("a_c", "a\nc", true),
            ("a_.%", "ab.c", true),
            ("a_.%", "abxc", false),
            ("<_>", "<a>", true),
        ];
        let mut ids = RegexIds::default();
        let caches = Caches::default();
        for (pattern, text, expected) in cases {
            let like = Like::compile(pattern, &mut ids).unwrap();
            assert_eq!(like.is_match(&caches, text.as_bytes()), expected, "{pattern} on {text}");
            assert_eq!(
                is_match_data(pattern.as_bytes(), &caches, text.as_bytes()),
                Some(expected),
                "{pattern} from data"
            );
        }
    }

    #[test]
    fn a_pattern_from_data_is_bounded() {
        let caches = Caches::default();
        for pattern in ["%".repeat(5000), format!("_{}", "a".repeat(2000))] {
            assert_eq!(is_match_data(pattern.as_bytes(), &caches, b"a"), None);
        }
        assert_eq!(caches.take_given_up(), 2);
    }
}

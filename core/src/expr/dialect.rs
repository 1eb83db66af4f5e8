//! PCRE's syntax, read as PCRE reads it and handed to `regex-syntax`.
//!
//! A pattern that compiles here means what it means in PCRE, which Splunk uses in UTF-8 mode with ASCII classes; what
//! finite automata cannot express (look-around, back-references, possessive and atomic groups) is an error that names
//! the construct and the place. Such patterns are rewritten for a [`backtracker`](super::backtrack) instead. The pattern
//! is rewritten piece by piece, and each piece remembers where it came from, so that errors of those who read the result
//! point into the pattern as it was written.
//!
//! `$` means the very end or the place before one final newline. `regex-syntax` has no such assertion, so `$` is parsed
//! as the CRLF-aware end of line, [`Look::EndCRLF`](regex_syntax::hir::Look), which no PCRE pattern can spell; the
//! automata give it its meaning (see [`regex`](super::regex)). To whoever walks a [`Hir`] it is an assertion like any other.
//!
//! Not exact: inside brackets under `(?i)`, `\w` and `[:alpha:]` also take the two non-ASCII letters that fold into ASCII
//! ones.

use std::ops::Range;

use regex_syntax::{ParserBuilder, hir::Hir, is_meta_character};

/// Groups nest at most this deep.
const NEST_LIMIT: u32 = 256;

/// Why a pattern does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// The bytes of the pattern that are wrong.
    pub offset_span: Range<usize>,
    /// What is wrong with them: lower case, no full stop.
    pub message: String,
    /// Whether that is only that finite automata cannot run it.
    pub is_beyond_automata: bool,
}

impl std::fmt::Display for RegexError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegexError {}

/// Parses a PCRE pattern.
///
/// # Errors
/// If it is not PCRE, or uses what finite automata cannot express.
pub fn parse(pattern: &str) -> Result<Hir, RegexError> {
    let rewritten = Rewriter::new(pattern, Engine::Automata).run()?;
    ParserBuilder::new()
        .utf8(false)
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(&rewritten.text)
        .map_err(|error| rewritten.error(&error))
}

/// Rewrites a PCRE pattern for the backtracker, which knows all that `regex-syntax` does and more.
pub(super) fn rewrite_for_backtracker(pattern: &str) -> Result<Rewritten, RegexError> {
    Rewriter::new(pattern, Engine::Backtracker).run()
}

/// The names of a pattern's groups, in order, whichever engine runs it.
///
/// # Errors
/// If it is not PCRE.
pub fn group_names(pattern: &str) -> Result<Vec<String>, RegexError> {
    Ok(rewrite_for_backtracker(pattern)?.names)
}

/// Who reads a rewritten pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// `regex-syntax`, for finite automata.
    Automata,
    /// `fancy-regex`.
    Backtracker,
}

/// A pattern in the syntax of `regex-syntax`, or in that of `fancy-regex`, which holds it.
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Where each rewritten piece starts in `text`, and the bytes of the pattern that it came from. Sorted.
    pieces: Vec<(usize, Range<usize>)>,
    /// The names of its groups.
    names: Vec<String>,
}

impl Rewritten {
    fn error(&self, error: &regex_syntax::Error) -> RegexError {
        let (span, message) = match error {
            regex_syntax::Error::Parse(error) => (error.span(), error.kind().to_string()),
            regex_syntax::Error::Translate(error) => (error.span(), error.kind().to_string()),
            _ => return RegexError::new(0..self.text.len(), error.to_string()),
        };
        let first = self.origin(span.start.offset);
        let last = self.origin(span.end.offset.saturating_sub(1).max(span.start.offset));
        RegexError::new(first.start..last.end.max(first.end), message)
    }

    /// The bytes of the pattern that the byte `at` of the text came from.
    pub(super) fn origin(&self, at: usize) -> Range<usize> {
        let after = self.pieces.partition_point(|(start, _)| *start <= at);
        after.checked_sub(1).map_or(0..0, |index| self.pieces[index].1.clone())
    }
}

/// What a quantifier would apply to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that can be repeated.
    Nothing,
    /// An atom or a group.
    Atom,
    /// An atom that has its quantifier: `?` makes it lazy, `+` possessive.
    Quantified,
    /// Its quantifier and its `?`.
    Lazy,
}

/// The flags that change how text is read; the others are passed on.
#[derive(Clone, Copy, Default)]
struct Flags {
    multi_line: bool,
    extended: bool,
}

/// What an escape stands for.
enum Escape {
    Char(char),
    /// The inside of a bracket.
    Set(&'static str),
    /// The inside of a bracket that is negated.
    Unset(&'static str),
    /// Passed on as written: `\p{L}`.
    Property,
    /// An assertion, already rewritten.
    Look(&'static str),
    /// `\b`: an assertion outside brackets, a backspace inside.
    Boundary,
    /// `\C`.
    Byte,
    /// A back-reference: the length of its mark, and what closes the name that follows.
    Reference {
        mark: usize,
        close: &'static str,
    },
    /// `\Q`.
    Quote,
    /// `\E` that ends nothing.
    Nothing,
}

const DIGITS: &str = "0-9";
const SPACES: &str = r"\x09-\x0D\x20";
const WORDS: &str = "0-9A-Za-z_";
const HORIZONTAL_SPACES: &str =
    r"\x09\x20\xA0\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
const VERTICAL_SPACES: &str = r"\x0A-\x0D\x{85}\x{2028}\x{2029}";

impl Engine {
    /// The end of the value, or the place before its final newline.
    fn dollar(self) -> &'static str {
        match self {
            Self::Automata => "(?Rm:$)",
            Self::Backtracker => r"(?=\n?\z)",
        }
    }

    /// `\b`, by ASCII.
    fn boundary(self) -> &'static str {
        match self {
            Self::Automata => r"(?-u:\b)",
            Self::Backtracker => {
                "(?-i:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"
            }
        }
    }

    /// `\B`, by ASCII.
    fn no_boundary(self) -> &'static str {
        match self {
            Self::Automata => r"(?-u:\B)",
            Self::Backtracker => {
                "(?-i:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))"
            }
        }
    }
}

impl RegexError {
    /// An error of a pattern that is no PCRE, or too large.
    pub(super) fn new(offset_span: Range<usize>, message: impl Into<String>) -> Self {
        Self { offset_span, message: message.into(), is_beyond_automata: false }
    }
}

struct Rewriter<'p> {
    pattern: &'p str,
    engine: Engine,
    at: usize,
    output: Rewritten,
    before: Before,
    flags: Flags,
    /// The flags to come back to when each open group closes.
    outer: Vec<Flags>,
    /// How many groups that capture have been opened.
    groups: usize,
    /// The groups that conditions ask for by number, and where.
    conditions: Vec<(usize, Range<usize>)>,
}

impl<'p> Rewriter<'p> {
    fn new(pattern: &'p str, engine: Engine) -> Self {
        let output = Rewritten {
            text: String::with_capacity(pattern.len() + 16),
            pieces: Vec::new(),
            names: Vec::new(),
        };
        Self {
            pattern,
            engine,
            at: 0,
            output,
            before: Before::Nothing,
            flags: Flags::default(),
            outer: Vec::new(),
            groups: 0,
            conditions: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Rewritten, RegexError> {
        while let Some(next) = self.peek() {
            match next {
                '\\' => self.escaped()?,
                '[' => self.bracket()?,
                '(' => self.open()?,
                ')' => self.close(),
                '*' | '+' | '?' => self.quantifier(1)?,
                '{' => self.brace()?,
                '|' => self.copy(1, Before::Nothing),
                '$' if !self.flags.multi_line => self.replace(1, self.engine.dollar()),
                '^' | '$' | '.' => self.copy(1, Before::Atom),
                '#' if self.flags.extended => self.comment(),
                space if self.flags.extended && space.is_ascii_whitespace() => self.at += 1,
                literal => self.literal(literal, literal.len_utf8()),
            }
        }
        self.check_conditions()?;
        Ok(self.output)
    }

    /// Refuses conditions on groups that the pattern lacks: the backtracker would look for them all the same.
    fn check_conditions(&mut self) -> Result<(), RegexError> {
        let is_missing = |(group, _): &&(usize, _)| !(1..=self.groups).contains(group);
        let Some((group, span)) = self.conditions.iter().find(is_missing) else { return Ok(()) };
        let message = format!("a condition asks for group {group}, which the pattern lacks");
        Err(RegexError::new(span.clone(), message))
    }

    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Writes `text` for the next `length` bytes of the pattern.
    fn write(&mut self, length: usize, text: &str) {
        self.output.pieces.push((self.output.text.len(), self.at..self.at + length));
        self.output.text.push_str(text);
        self.at += length;
    }

    fn copy(&mut self, length: usize, before: Before) {
        let text = self.rest().get(..length).unwrap_or_default();
        self.write(length, text);
        self.before = before;
    }

    fn replace(&mut self, length: usize, text: &str) {
        self.write(length, text);
        self.before = Before::Atom;
    }

    fn literal(&mut self, literal: char, length: usize) {
        self.write_char(literal, length);
        self.before = Before::Atom;
    }

    fn write_char(&mut self, literal: char, length: usize) {
        let mut buffer = [0; 5];
        buffer[0] = b'\\';
        let end = 1 + literal.encode_utf8(&mut buffer[1..]).len();
        let start = usize::from(!is_meta_character(literal));
        let text = std::str::from_utf8(&buffer[start..end]).expect("a backslash and one character");
        self.write(length, text);
    }

    fn error<T>(&self, length: usize, message: impl Into<String>) -> Result<T, RegexError> {
        let end = (self.at + length).min(self.pattern.len());
        Err(RegexError::new(self.at..end, message))
    }

    fn unsupported<T>(&self, length: usize, construct: &str) -> Result<T, RegexError> {
        self.error(length, format!("{construct} is not supported"))
    }

    /// Refuses what finite automata cannot run, if it is for them that the pattern is rewritten.
    fn needs_backtracker(&self, length: usize, construct: &str) -> Result<(), RegexError> {
        match self.engine {
            Engine::Backtracker => Ok(()),
            Engine::Automata => {
                let message = format!("{construct} is not supported here: it needs backtracking");
                let error = RegexError::new(self.at..self.at + length, message);
                Err(RegexError { is_beyond_automata: true, ..error })
            }
        }
    }

    /// `# ...` to the end of the line, under `(?x)`.
    fn comment(&mut self) {
        self.at += self.rest().find('\n').map_or(self.rest().len(), |newline| newline + 1);
    }

    fn quantifier(&mut self, length: usize) -> Result<(), RegexError> {
        let mark = self.peek();
        match (self.before, mark) {
            (Before::Quantified, Some('?')) => self.copy(length, Before::Lazy),
            (Before::Quantified, Some('+')) => {
                self.needs_backtracker(length, "a possessive quantifier")?;
                self.copy(length, Before::Lazy);
            }
            (Before::Atom, _) => self.copy(length, Before::Quantified),
            _ => return self.error(length, "a quantifier follows nothing that can be repeated"),
        }
        Ok(())
    }

    /// `{`: a quantifier if it is spelled as one, else itself.
    fn brace(&mut self) -> Result<(), RegexError> {
        match counted(self.rest()) {
            Some(length) => self.quantifier(length),
            None => {
                self.literal('{', 1);
                Ok(())
            }
        }
    }

    fn close(&mut self) {
        if let Some(flags) = self.outer.pop() {
            self.flags = flags;
        }
        self.copy(1, Before::Atom);
    }

    fn open(&mut self) -> Result<(), RegexError> {
        let rest = self.rest();
        if rest.starts_with("(*") {
            return self.unsupported(2, "a `(*...)` verb");
        }
        if let Some(comment) = rest.strip_prefix("(?#") {
            let Some(end) = comment.find(')') else {
                return self.error(3, "a comment is never closed");
            };
            self.at += 3 + end + 1;
            return Ok(());
        }
        let Some(special) = rest.strip_prefix("(?") else {
            self.groups += 1;
            return self.enter(1, "(");
        };
        if let Some((construct, length)) = refused_group(special) {
            return self.unsupported(2 + length, construct);
        }
        if let Some((construct, length)) = backtracking_group(special) {
            self.needs_backtracker(2 + length, construct)?;
            return match construct {
                CONDITIONAL => self.conditional(special),
                NAMED_REFERENCE => self.reference(2 + length, ")"),
                _ => self.enter(2 + length, &format!("(?{}", &special[..length])),
            };
        }
        if special.starts_with("P<") {
            return self.enter(4, "(?P<");
        }
        match special.chars().next() {
            Some('<') => self.enter(3, "(?P<"),
            Some('\'') => self.quoted_name(),
            _ => self.flag_group(special),
        }
    }

    /// Opens a group for the next `length` bytes; a name that follows is copied as literals.
    fn enter(&mut self, length: usize, text: &str) -> Result<(), RegexError> {
        self.outer.push(self.flags);
        self.write(length, text);
        if text.ends_with('<') {
            let Some(end) = self.rest().find('>') else {
                return self.error(1, "a group name is never closed");
            };
            self.groups += 1;
            self.output.names.push(self.rest()[..end].to_owned());
            self.copy(end + 1, Before::Nothing);
        }
        self.before = Before::Nothing;
        Ok(())
    }

    /// `(?'name'...)`.
    fn quoted_name(&mut self) -> Result<(), RegexError> {
        let name = self.rest().get(3..).unwrap_or_default();
        let Some(end) = name.find('\'') else {
            return self.error(3, "a group name is never closed");
        };
        let text = format!("(?P<{}>", &name[..end]);
        self.groups += 1;
        self.output.names.push(name[..end].to_owned());
        self.outer.push(self.flags);
        self.write(3 + end + 1, &text);
        self.before = Before::Nothing;
        Ok(())
    }

    /// `(?(1)`, `(?(-1)`, `(?(<name>)`.
    fn conditional(&mut self, special: &str) -> Result<(), RegexError> {
        if special.starts_with("(?") {
            return self.unsupported(5, "a condition that is look-around");
        }
        let Some(end) = special.find(')') else {
            return self.error(3, "a condition is never closed");
        };
        let length = 2 + end + 1;
        let condition = special[1..end].trim_matches(['<', '>', '\'']);
        let text =
            if condition.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
                format!("(?(<{condition}>)")
            } else if let Some(group) = self.numbered_group(condition) {
                self.conditions.push((group, self.at..self.at + length));
                format!("(?({group})")
            } else {
                return self.error(length, "a condition needs a group's number or name");
            };
        self.enter(length, &text)
    }

    /// The group that `1`, `-1` (the last one before this place) or `+1` (the next) means.
    fn numbered_group(&self, number: &str) -> Option<usize> {
        let distance = number.trim_start_matches(['+', '-']).parse().ok()?;
        match number.as_bytes().first()? {
            b'-' => (self.groups + 1).checked_sub(distance),
            b'+' => self.groups.checked_add(distance),
            _ => Some(distance),
        }
    }

    /// A reference to a group whose name or number follows the next `length` bytes, up to `close`.
    fn reference(&mut self, length: usize, close: &str) -> Result<(), RegexError> {
        let name = &self.rest()[length..];
        let end = match close {
            "" => name.find(|c: char| !c.is_ascii_digit() && c != '-').or(Some(name.len())),
            close => name.find(close),
        };
        let Some(end) = end else {
            return self.error(length, "a back-reference is never closed");
        };
        let text = format!(r"\k<{}>", &name[..end]);
        self.replace(length + end + close.len(), &text);
        Ok(())
    }

    /// `(?i)`, `(?i-s:` and `(?:`; `special` follows the `(?`.
    fn flag_group(&mut self, special: &str) -> Result<(), RegexError> {
        let Some(length) = special.find([')', ':']) else {
            return self.error(2, "a group is never closed");
        };
        let scoped = special.as_bytes()[length] == b':';
        let (mut on, mut flags, mut kept) = (true, self.flags, String::new());
        for (at, flag) in special[..length].char_indices() {
            match flag {
                '-' if on => on = false,
                'm' => flags.multi_line = on,
                'x' => flags.extended = on,
                'i' | 's' | 'U' => {}
                _ => {
                    return self
                        .error(2 + at + flag.len_utf8(), format!("`(?{flag}` is not known"));
                }
            }
            if flag != 'x' {
                kept.push(flag);
            }
        }
        let kept = kept.trim_end_matches('-');
        if scoped {
            self.outer.push(self.flags);
            self.write(2 + length + 1, &format!("(?{kept}:"));
        } else if kept.is_empty() {
            self.at += 2 + length + 1;
        } else {
            self.write(2 + length + 1, &format!("(?{kept})"));
        }
        self.flags = flags;
        self.before = Before::Nothing;
        Ok(())
    }

    /// An escape outside brackets.
    fn escaped(&mut self) -> Result<(), RegexError> {
        let (escape, length) = self.escape()?;
        match escape {
            Escape::Char(literal) => self.literal(literal, length),
            Escape::Set(set) => self.replace(length, &format!("(?-i:[{set}])")),
            Escape::Unset(set) => self.replace(length, &format!("(?-i:[^{set}])")),
            Escape::Property => self.copy(length, Before::Atom),
            Escape::Look(look) => self.replace(length, look),
            Escape::Boundary => self.replace(length, self.engine.boundary()),
            Escape::Byte if self.engine == Engine::Backtracker => {
                return self.unsupported(length, "`\\C` beside what needs backtracking");
            }
            Escape::Byte => self.replace(length, "(?s-u:.)"),
            Escape::Reference { mark, close } => return self.reference(mark, close),
            Escape::Nothing => self.at += length,
            Escape::Quote => {
                self.at += length;
                while let Some(literal) = self.quoted() {
                    self.literal(literal, literal.len_utf8());
                }
            }
        }
        Ok(())
    }

    /// The next character after `\Q`; the `\E` is skipped.
    fn quoted(&mut self) -> Option<char> {
        if self.rest().starts_with("\\E") {
            self.at += 2;
            return None;
        }
        self.peek()
    }

    /// `[...]`. Each member is written out escaped, for `regex-syntax` has set operators that PCRE lacks.
    fn bracket(&mut self) -> Result<(), RegexError> {
        let start = self.at;
        let negated = self.rest().starts_with("[^");
        self.write(1 + usize::from(negated), if negated { "[^" } else { "[" });
        let mut first = true;
        loop {
            match self.peek() {
                None => {
                    self.at = start;
                    return self.error(1, "a bracket is never closed");
                }
                Some(']') if !first => break,
                Some(_) => self.member()?,
            }
            first = false;
        }
        self.copy(1, Before::Atom);
        Ok(())
    }

    /// One member of a bracket: a character, a range or a class.
    fn member(&mut self) -> Result<(), RegexError> {
        if let Some(length) = posix_class(self.rest()) {
            self.copy(length, Before::Nothing);
            return Ok(());
        }
        if !self.rest().starts_with('\\') {
            let literal = self.peek().expect("the caller saw a character");
            self.write_char(literal, literal.len_utf8());
            return self.range_end();
        }
        let (escape, length) = self.escape()?;
        match escape {
            Escape::Char(literal) => {
                self.write_char(literal, length);
                return self.range_end();
            }
            Escape::Boundary => {
                self.write_char('\u{8}', length);
                return self.range_end();
            }
            Escape::Set(set) => self.write(length, set),
            Escape::Unset(set) => self.write(length, &format!("[^{set}]")),
            Escape::Property => self.copy(length, Before::Nothing),
            Escape::Nothing => self.at += length,
            Escape::Quote => {
                self.at += length;
                while let Some(literal) = self.quoted() {
                    self.write_char(literal, literal.len_utf8());
                }
            }
            Escape::Look(_) | Escape::Byte | Escape::Reference { .. } => {
                return self.error(length, "this escape cannot stand in brackets");
            }
        }
        Ok(())
    }

    /// The `-z` of `a-z`, if what follows the `-` is a character.
    fn range_end(&mut self) -> Result<(), RegexError> {
        let Some(end) = self.rest().strip_prefix('-').and_then(|end| end.chars().next()) else {
            return Ok(());
        };
        if end == ']' || posix_class(&self.rest()[1..]).is_some() {
            return Ok(());
        }
        let dash = self.at;
        self.at += 1;
        let (literal, length) = if end == '\\' {
            match self.escape()? {
                (Escape::Char(literal), length) => (literal, length),
                (Escape::Boundary, length) => ('\u{8}', length),
                _ => {
                    self.at = dash;
                    return Ok(());
                }
            }
        } else {
            (end, end.len_utf8())
        };
        self.at = dash;
        self.write(1, "-");
        self.write_char(literal, length);
        Ok(())
    }

    /// Reads the escape that starts here; gives its length and moves nothing.
    fn escape(&self) -> Result<(Escape, usize), RegexError> {
        let Some(letter) = self.rest().chars().nth(1) else {
            return self.error(1, "the pattern ends in a lone backslash");
        };
        let escape = match letter {
            'd' => Escape::Set(DIGITS),
            'D' => Escape::Unset(DIGITS),
            's' => Escape::Set(SPACES),
            'S' => Escape::Unset(SPACES),
            'w' => Escape::Set(WORDS),
            'W' => Escape::Unset(WORDS),
            'b' => Escape::Boundary,
            'h' => Escape::Set(HORIZONTAL_SPACES),
            'H' => Escape::Unset(HORIZONTAL_SPACES),
            'v' => Escape::Set(VERTICAL_SPACES),
            'V' => Escape::Unset(VERTICAL_SPACES),
            'N' => Escape::Unset(r"\n"),
            'B' => Escape::Look(self.engine.no_boundary()),
            'A' => Escape::Look(r"\A"),
            'z' => Escape::Look(r"\z"),
            'Z' => Escape::Look(self.engine.dollar()),
            'C' => Escape::Byte,
            'Q' => Escape::Quote,
            'E' => Escape::Nothing,
            'a' => Escape::Char('\u{7}'),
            'e' => Escape::Char('\u{1b}'),
            'f' => Escape::Char('\u{c}'),
            'n' => Escape::Char('\n'),
            'r' => Escape::Char('\r'),
            't' => Escape::Char('\t'),
            'x' => return self.hexadecimal(),
            'c' => return self.control(),
            'p' | 'P' => return self.property(),
            '0'..='9' => return self.digits(letter),
            'g' | 'k' => return self.reference_escape(),
            letter if letter.is_ascii_alphabetic() => return self.rare_escape(letter),
            literal => return Ok((Escape::Char(literal), 1 + literal.len_utf8())),
        };
        Ok((escape, 2))
    }

    /// `\x`, `\xH`, `\xHH` and `\x{H...}`.
    fn hexadecimal(&self) -> Result<(Escape, usize), RegexError> {
        let after = &self.rest()[2..];
        let (digits, length) = match after.strip_prefix('{') {
            Some(braced) => {
                let Some(end) = braced.find('}') else {
                    return self.error(3, "`\\x{` is never closed");
                };
                (&braced[..end], 2 + end + 2)
            }
            None => {
                let count = after.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
                (&after[..count], 2 + count)
            }
        };
        let code = if digits.is_empty() { Ok(0) } else { u32::from_str_radix(digits, 16) };
        match code.ok().and_then(char::from_u32) {
            Some(literal) => Ok((Escape::Char(literal), length)),
            None => self.error(length, "no character has this number"),
        }
    }

    /// `\cA`.
    fn control(&self) -> Result<(Escape, usize), RegexError> {
        match self.rest().as_bytes().get(2) {
            Some(letter @ b' '..=b'~') => {
                Ok((Escape::Char(char::from(letter.to_ascii_uppercase() ^ 0x40)), 3))
            }
            _ => self.error(2, "`\\c` needs a printable ASCII character"),
        }
    }

    /// `\pL`, `\p{Greek}`.
    fn property(&self) -> Result<(Escape, usize), RegexError> {
        let after = &self.rest()[2..];
        match after.chars().next() {
            Some('{') => match after.find('}') {
                Some(end) => Ok((Escape::Property, 2 + end + 1)),
                None => self.error(3, "`\\p{` is never closed"),
            },
            Some(letter) => Ok((Escape::Property, 2 + letter.len_utf8())),
            None => self.error(2, "`\\p` needs a property"),
        }
    }

    /// `\0` and up to two octal digits, or three octal digits; any other number is a back-reference.
    fn digits(&self, first: char) -> Result<(Escape, usize), RegexError> {
        let octal =
            |text: &str| text.bytes().take_while(|digit| matches!(digit, b'0'..=b'7')).count();
        // No pattern has a hundred groups.
        if first != '0' && octal(&self.rest()[1..]) < 3 {
            self.needs_backtracker(2, &format!("a back-reference (`\\{first}`)"))?;
            return Ok((Escape::Reference { mark: 1, close: "" }, 2));
        }
        let count = octal(&self.rest()[2..]).min(2);
        let code = u32::from_str_radix(&self.rest()[1..2 + count], 8).ok().and_then(char::from_u32);
        Ok((Escape::Char(code.expect("three octal digits make a character")), 2 + count))
    }

    /// `\g{1}`, `\k<name>` and their like.
    fn reference_escape(&self) -> Result<(Escape, usize), RegexError> {
        self.needs_backtracker(2, "a back-reference (`\\g`, `\\k`)")?;
        let (mark, close) = match self.rest().as_bytes().get(2) {
            Some(b'{') => (3, "}"),
            Some(b'<') => (3, ">"),
            Some(b'\'') => (3, "'"),
            Some(b'0'..=b'9' | b'-') => (2, ""),
            _ => return self.error(2, "a back-reference needs a name or a number"),
        };
        Ok((Escape::Reference { mark, close }, mark))
    }

    fn rare_escape(&self, letter: char) -> Result<(Escape, usize), RegexError> {
        let (construct, text) = match letter {
            'K' => ("a reset of the match start (`\\K`)", r"\K"),
            'R' => ("a generic newline (`\\R`)", r"\R"),
            'G' => ("the start of the search (`\\G`)", r"\G"),
            'X' => return self.unsupported(2, "a grapheme (`\\X`)"),
            'o' => return self.unsupported(2, "an octal code (`\\o`)"),
            _ => return self.error(2, format!("`\\{letter}` is not an escape of PCRE")),
        };
        self.needs_backtracker(2, construct)?;
        Ok((Escape::Look(text), 2))
    }
}

/// How long the counted quantifier is that `rest` starts with: `{3}`, `{3,}` or `{3,5}`.
fn counted(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('{')?;
    let inside = &inside[..inside.find('}')?];
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(inside.len() + 2)
}

/// How long the POSIX class is that `rest` starts with: `[:alpha:]` or `[:^alpha:]`.
fn posix_class(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix("[:")?;
    let name = &inside[..inside.find(":]")?];
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'^').then_some(name.len() + 4)
}

const CONDITIONAL: &str = "a conditional group";
const NAMED_REFERENCE: &str = "a back-reference";

/// The group that automata cannot run and that follows `(?`, and the length of its mark.
fn backtracking_group(special: &str) -> Option<(&'static str, usize)> {
    const GROUPS: &[(&str, &str)] = &[
        ("=", "look-ahead"),
        ("!", "negative look-ahead"),
        ("<=", "look-behind"),
        ("<!", "negative look-behind"),
        (">", "an atomic group"),
        ("(", CONDITIONAL),
        ("P=", NAMED_REFERENCE),
    ];
    let (mark, construct) = GROUPS.iter().find(|(mark, _)| special.starts_with(mark))?;
    Some((construct, mark.len()))
}

/// The group that nothing here runs and that follows `(?`, and the length of its mark.
fn refused_group(special: &str) -> Option<(&'static str, usize)> {
    const GROUPS: &[(&str, &str)] = &[
        ("|", "a branch reset group"),
        ("R", "recursion"),
        ("&", "recursion"),
        ("P>", "recursion"),
        ("C", "a callout"),
    ];
    let numbered = special.trim_start_matches(['+', '-']);
    if numbered.starts_with(|digit: char| digit.is_ascii_digit()) {
        return Some(("recursion", 1));
    }
    let (mark, construct) = GROUPS.iter().find(|(mark, _)| special.starts_with(mark))?;
    Some((construct, mark.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_construct_and_its_place_in_the_pattern() {
        let cases = [
            ("ab(?=c)", 2..5, "look-ahead"),
            (r"(?<!\/)\bx", 0..4, "negative look-behind"),
            (r"(a)\1", 3..5, "back-reference"),
            ("a++", 2..3, "possessive"),
            ("(?>a)", 0..3, "atomic"),
            (r"foo\Kbar", 3..5, "\\K"),
            (r"a\X", 1..3, "\\X"),
            (r"\R", 0..2, "\\R"),
            ("(?R)", 0..3, "recursion"),
            ("(?1)", 0..3, "recursion"),
            ("(?(1)a)", 0..3, "conditional"),
            ("(?|a)", 0..3, "branch reset"),
            ("(*UTF8)a", 0..2, "verb"),
            (r"a\y", 1..3, "not an escape"),
            (r"a\", 1..2, "lone backslash"),
            ("a**", 2..3, "nothing"),
            ("*a", 0..1, "nothing"),
            ("a|*", 2..3, "nothing"),
            ("{3}", 0..3, "nothing"),
            ("x[a", 1..2, "never closed"),
            (r"[\C]", 1..3, "brackets"),
            (r"\x{D800}", 0..8, "character"),
            (r"\d(", 2..3, "unclosed"),
            (r"\d\d)", 4..5, "unopened"),
            (r"\d[z-a]", 3..6, "range"),
            (r"\s\p{Nope}", 2..10, "property"),
            ("(?<n>a)(?<n>b)", 10..12, "duplicate"),
        ];
        for (pattern, span, message) in cases {
            let error = parse(pattern).expect_err(pattern);
            assert!(error.message.contains(message), "{pattern}: {}", error.message);
            assert_eq!(error.offset_span, span, "{pattern}: {}", error.message);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}a{}", "(?:".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(200)).is_ok());
        assert!(parse(&nested(300)).is_err());
        assert!(parse(&nested(100_000)).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn literals_and_assertions_of_pcre() {
        use regex_syntax::hir::{HirKind, Look};
        let literal = |pattern: &str| match parse(pattern).expect(pattern).into_kind() {
            HirKind::Literal(literal) => String::from_utf8(literal.0.into()).expect("UTF-8"),
            other => panic!("{pattern}: {other:?}"),
        };
        let cases = [
            (r"\QC:\a*\E", r"C:\a*"),
            (r"\Qa.b", "a.b"),
            (r"a\Eb", "ab"),
            (r"\<Data\>", "<Data>"),
            ("{a}", "{a}"),
            ("{", "{"),
            ("a{,3}", "a{,3}"),
            ("a{x}", "a{x}"),
            ("a]", "a]"),
            (r"\x41\x{42}\x9", "AB\t"),
            (r"\e\cA\0\012\103", "\u{1b}\u{1}\0\nC"),
            (r"a\-\/\é", "a-/é"),
            ("a(?#comment)b", "ab"),
            ("(?x)a b # comment\n c", "abc"),
            ("(?x: a )b", "ab"),
            ("[&]", "&"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(literal(pattern), expected, "{pattern}");
        }
        assert!(matches!(parse("$").unwrap().kind(), HirKind::Look(Look::EndCRLF)));
        assert!(matches!(parse(r"\Z").unwrap().kind(), HirKind::Look(Look::EndCRLF)));
        assert!(matches!(parse(r"\z").unwrap().kind(), HirKind::Look(Look::End)));
        assert!(matches!(parse("(?m)$").unwrap().kind(), HirKind::Look(Look::EndLF)));
        assert!(parse("(?:(?m)a)$").unwrap().properties().look_set().contains(Look::EndCRLF));
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_panics_and_errors_point_into_it(pattern in r"[\\\[\](){}?*+|^$.<>!:=#PQExdwsb0-9a-c é,-]{0,24}") {
            if let Err(error) = parse(&pattern) {
                proptest::prop_assert!(error.offset_span.end <= pattern.len(), "{:?}", error);
                proptest::prop_assert!(pattern.get(error.offset_span.clone()).is_some(), "{:?}", error);
            }
        }

        /// Where two dialects agree on what is plain, so must the meaning.
        #[test]
        fn plain_patterns_are_left_as_they_are(pattern in r"([a-d.]|\[a-c\]|\(a\|b\)|\\n){1,8}[*+?]?") {
            let plain = ParserBuilder::new().utf8(false).build().parse(&pattern).expect("plain");
            proptest::prop_assert_eq!(parse(&pattern).expect("plain"), plain);
        }
    }
}

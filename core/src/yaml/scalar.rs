//! Aligns the text of a YAML scalar with the bytes that it was written with.
//!
//! A YAML parser gives a scalar's text and where it starts, but folding, quoting and escapes have changed its bytes. The
//! alignment walks both side by side; it decodes nothing itself, it only asks which bytes must have given the next
//! character. Where the two do not fit (which a correct parser never causes) the rest maps to that place.

use crate::diag::{Origin, SourceMap, Span};

/// Maps the bytes of `decoded` to those of the scalar that starts at `start` of `file`.
pub(super) fn align(file: &str, start: usize, decoded: &str) -> SourceMap {
    let start = after_properties(file, start);
    let start = block_header(file, start).unwrap_or(start);
    let mut alignment =
        Alignment { file, at: start, map: SourceMap::default(), decoded_at: 0, fold: None };
    let first = file[start..].chars().next();
    let style = match first {
        Some('\'') => Style::SingleQuoted,
        Some('"') => Style::DoubleQuoted,
        Some('|' | '>') => Style::Block { indent: alignment.enter_block() },
        _ => Style::Plain,
    };
    if matches!(style, Style::SingleQuoted | Style::DoubleQuoted) {
        alignment.at += 1;
    }
    for c in decoded.chars() {
        let from = alignment.next(style, c);
        alignment.push(c, from);
    }
    alignment.map
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// Literal or folded; every line is indented by this many spaces.
    Block {
        indent: usize,
    },
}

struct Alignment<'t> {
    file: &'t str,
    /// The next byte of the file.
    at: usize,
    map: SourceMap,
    /// The next byte of the decoded text.
    decoded_at: usize,
    /// The fold that has characters left to give.
    fold: Option<Fold>,
}

struct Fold {
    span: Span,
    gives: usize,
}

impl Alignment<'_> {
    /// The bytes that gave the next character, `c`; goes past them.
    fn next(&mut self, style: Style, c: char) -> Span {
        match style {
            Style::Block { indent } => self.next_of_block(indent, c),
            _ => self.next_of_flow(style, c),
        }
    }

    fn next_of_flow(&mut self, style: Style, c: char) -> Span {
        self.skip_joined_lines(style);
        if let Some(fold) = self.fold.take().or_else(|| self.fold_ahead()) {
            return self.take_of_fold(fold);
        }
        let length = match style {
            Style::SingleQuoted if c == '\'' => 2,
            Style::DoubleQuoted => escape_length(&self.file[self.at..]),
            _ => c.len_utf8(),
        };
        self.take(length)
    }

    /// The fold that stands here: white space in which lines end. It gives a space, or one line end less than it has.
    fn fold_ahead(&self) -> Option<Fold> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let line_ends = rest[..length].matches('\n').count();
        let gives = line_ends.saturating_sub(1).max(1);
        (line_ends > 0).then_some(Fold { span: Span::new(self.at, self.at + length), gives })
    }

    /// All of the fold gave each of its characters.
    fn take_of_fold(&mut self, mut fold: Fold) -> Span {
        let span = fold.span;
        fold.gives -= 1;
        if fold.gives == 0 {
            self.at = span.end;
        } else {
            self.fold = Some(fold);
        }
        span
    }

    /// A backslash at the end of a line of a double-quoted scalar joins it to the next.
    fn skip_joined_lines(&mut self, style: Style) {
        while style == Style::DoubleQuoted && self.rest().starts_with("\\\n") {
            let after = &self.rest()[2..];
            let indent = after.len() - after.trim_start_matches([' ', '\t']).len();
            self.at += 2 + indent;
        }
    }

    fn next_of_block(&mut self, indent: usize, c: char) -> Span {
        while self.rest().starts_with(['\n', '\r']) && !matches!(c, ' ' | '\n') {
            self.take_line_end(indent);
        }
        if self.rest().starts_with(['\n', '\r']) {
            return self.take_line_end(indent);
        }
        self.take(c.len_utf8())
    }

    fn take_line_end(&mut self, indent: usize) -> Span {
        let start = self.at;
        let rest = self.rest();
        self.at += if rest.starts_with("\r\n") { 2 } else { 1 };
        self.skip_indent(indent);
        Span::new(start, self.at)
    }

    fn skip_indent(&mut self, indent: usize) {
        let spaces = self.rest().bytes().take(indent).take_while(|&byte| byte == b' ').count();
        self.at += spaces;
    }

    /// Goes past the header of a block scalar; gives the indentation of its lines.
    fn enter_block(&mut self) -> usize {
        let header_end = self.rest().find('\n').map_or(self.file.len(), |end| self.at + end + 1);
        let header = &self.file[self.at..header_end];
        let lines = self.file[header_end..].lines();
        let written = header.chars().find_map(|c| c.to_digit(10));
        let own = lines.clone().find(|line| !line.trim().is_empty()).map_or(0, indent_of);
        let indent = match written.and_then(|digit| usize::try_from(digit).ok()) {
            Some(digit) => digit + self.parent_indent(),
            None => own,
        };
        self.at = header_end;
        self.skip_indent(indent);
        indent
    }

    /// The indentation of the line that the scalar's header stands in.
    fn parent_indent(&self) -> usize {
        let line = self.file[..self.at].rfind('\n').map_or(0, |end| end + 1);
        indent_of(&self.file[line..])
    }

    fn take(&mut self, length: usize) -> Span {
        let end = self.file.ceil_char_boundary((self.at + length).min(self.file.len()));
        let span = Span::new(self.at, end);
        self.at = end;
        span
    }

    fn push(&mut self, c: char, from: Span) {
        let mut bytes = [0; 4];
        let is_copy = from.text(self.file) == c.encode_utf8(&mut bytes);
        let origin = if is_copy { Origin::Copy } else { Origin::Made };
        self.map.push(self.decoded_at, from, origin);
        self.decoded_at += c.len_utf8();
    }

    fn rest(&self) -> &str {
        &self.file[self.at..]
    }
}

/// Past an anchor and a tag, should the parser count them in.
fn after_properties(file: &str, start: usize) -> usize {
    let mut at = start;
    while file[at..].starts_with(['&', '!']) {
        let rest = &file[at..];
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        at += end + (rest[end..].len() - rest[end..].trim_start().len());
    }
    at
}

/// Where the header of the block scalar stands whose text starts at `start`; the parser gives the place of the text.
fn block_header(file: &str, start: usize) -> Option<usize> {
    let before = file[..start].trim_end_matches(' ').strip_suffix('\n')?.trim_end();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = &before[line_start..];
    let line = line.find(" #").map_or(line, |comment| &line[..comment]).trim_end();
    let header = line.rsplit([' ', '\t']).next()?;
    let indicators = header.strip_prefix(['|', '>'])?;
    let is_header = indicators.chars().all(|c| c.is_ascii_digit() || "+-".contains(c));
    is_header.then_some(line_start + line.len() - header.len())
}

/// The length of the escape or character that `text`, inside double quotes, starts with.
fn escape_length(text: &str) -> usize {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), Some('x')) => 4,
        (Some('\\'), Some('u')) => 6,
        (Some('\\'), Some('U')) => 10,
        (Some('\\'), Some(escaped)) => 1 + escaped.len_utf8(),
        (first, _) => first.map_or(0, char::len_utf8),
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

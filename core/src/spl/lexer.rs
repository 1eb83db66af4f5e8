//! Where a text's pipes and brackets are.
//!
//! SPL has no tokens that hold everywhere: `a.b` is one name to `table` and a concatenation to `eval`. What does hold
//! everywhere is that quotes hide everything, that `|` separates commands and that `[ ... ]` holds a pipeline of its
//! own. One pass finds these, so that each command can then be read in its own way, between known borders, and a
//! mistake in one command cannot spill into the next.
//!
//! Some commands bend the rule, so the pass looks at command names: brackets in a `regex` or `rex` argument are part of
//! the pattern, and single quotes hide things in the commands that take expressions only.

use std::collections::BTreeMap;

use super::MAX_DEPTH;
use crate::diag::{Code, Diagnostic, Span};

/// The borders of one text.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The first is the whole text.
    blocks: Vec<Block>,
    /// Of every bracket that opens a block, which.
    by_bracket: BTreeMap<usize, usize>,
    /// The quote that is never closed: it swallows the rest of the text.
    pub(super) unclosed_quote: Option<usize>,
}

/// The whole text, or what stands between two brackets.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Without the brackets.
    pub(super) span: Span,
    /// Where its own pipes stand, not those of the blocks inside it.
    pub(super) pipes: Vec<usize>,
}

impl Layout {
    /// Finds the borders in `text`.
    pub(super) fn scan(text: &str) -> (Self, Vec<Diagnostic>) {
        let mut scan = Scan::new(text);
        scan.run();
        (scan.layout, scan.diagnostics)
    }

    /// The whole text.
    pub(super) fn root(&self) -> Block {
        self.blocks[0].clone()
    }

    /// The block that the bracket at `at` opens.
    pub(super) fn block_at(&self, at: usize) -> Option<Block> {
        self.by_bracket.get(&at).map(|&index| self.blocks[index].clone())
    }
}

/// One past the double quote that closes the one at `open`.
pub(super) fn quote_end(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The length of what `text` starts with, a quoted piece or an escape: what other passes over SPL must not look into.
pub(crate) fn skip_quoted(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => quote_end(text, 0).unwrap_or(text.len()),
        Some(b'\\') if is_escape(text, 0) => 2,
        _ => text.chars().next().map_or(0, char::len_utf8),
    }
}

/// One past the single quote that closes the one at `open`. A field's name holds no pipe, double quote or line end.
pub(super) fn field_quote_end(text: &str, open: usize) -> Option<usize> {
    let inside = text.as_bytes().get(open + 1..)?;
    let stop = inside.iter().position(|byte| matches!(byte, b'\'' | b'|' | b'"' | b'\n'))?;
    (inside[stop] == b'\'').then_some(open + 1 + stop + 1)
}

/// Whether the backslash at `at`, outside quotes, takes the next byte's meaning away.
pub(super) fn is_escape(text: &str, at: usize) -> bool {
    let next = text.as_bytes().get(at + 1);
    matches!(next, Some(b'"' | b'\\' | b'|' | b'[' | b']'))
}

/// How the arguments of the command at hand are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Brackets are subsearches.
    Plain,
    /// Single quotes hide things too.
    Expression,
    /// Brackets belong to a regex.
    Pattern,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    manner: Manner,
    layout: Layout,
    /// The blocks that are open, the innermost last.
    open: Vec<Open>,
    /// How many brackets are open beyond the depth limit: their contents are not looked at.
    beyond: usize,
    diagnostics: Vec<Diagnostic>,
}

struct Open {
    block: usize,
    /// The manner of the command that the block is an argument of.
    outer: Manner,
    /// Brackets of a regex that are open in it.
    pattern_brackets: usize,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Self {
        let root = Block { span: Span::new(0, text.len()), pipes: Vec::new() };
        let layout =
            Layout { blocks: vec![root], by_bracket: BTreeMap::new(), unclosed_quote: None };
        let open = vec![Open { block: 0, outer: Manner::Plain, pattern_brackets: 0 }];
        let (manner, diagnostics) = (Manner::Plain, Vec::new());
        Self { text, at: 0, manner, layout, open, beyond: 0, diagnostics }
    }

    fn run(&mut self) {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' => self.quote(),
                b'\'' if self.manner == Manner::Expression => self.field_quote(),
                b'\\' if is_escape(self.text, self.at) => self.at += 2,
                b'|' => self.pipe(),
                b'[' => self.bracket(),
                b']' => self.closing_bracket(),
                _ => self.at += 1,
            }
        }
        self.report_unclosed_bracket();
    }

    fn quote(&mut self) {
        self.at = quote_end(self.text, self.at).unwrap_or_else(|| {
            self.layout.unclosed_quote = Some(self.at);
            let span = Span::new(self.at, self.at + 1);
            let error = Diagnostic::error(Code::UnclosedQuote, span, "unclosed double quote")
                .label("no `\"` follows it")
                .help("close it; a quote that is searched for is written `\\\"`");
            self.diagnostics.push(error);
            self.text.len()
        });
    }

    fn field_quote(&mut self) {
        self.at = field_quote_end(self.text, self.at).unwrap_or(self.at + 1);
    }

    fn pipe(&mut self) {
        if self.beyond == 0 {
            let block = self.innermost().block;
            self.layout.blocks[block].pipes.push(self.at);
            self.innermost().pattern_brackets = 0;
        }
        self.at += 1;
        self.manner = self.manner_ahead();
    }

    fn bracket(&mut self) {
        if self.manner == Manner::Pattern {
            self.innermost().pattern_brackets += 1;
        } else if self.beyond > 0 || self.open.len() > MAX_DEPTH {
            self.too_deep();
        } else {
            let block = self.layout.blocks.len();
            let span = Span::new(self.at + 1, self.text.len());
            self.layout.blocks.push(Block { span, pipes: Vec::new() });
            self.layout.by_bracket.insert(self.at, block);
            self.open.push(Open { block, outer: self.manner, pattern_brackets: 0 });
            self.at += 1;
            self.manner = self.manner_ahead();
            return;
        }
        self.at += 1;
    }

    fn too_deep(&mut self) {
        if self.beyond == 0 {
            self.diagnostics.push(too_deep(Span::new(self.at, self.at + 1)));
        }
        self.beyond += 1;
    }

    fn closing_bracket(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
        } else if self.manner == Manner::Pattern && self.closes_pattern_bracket() {
        } else if self.open.len() > 1 {
            let closed = self.open.pop().expect("more than one block is open");
            self.layout.blocks[closed.block].span.end = self.at;
            self.manner = closed.outer;
        } else {
            let span = Span::new(self.at, self.at + 1);
            let error = Diagnostic::error(Code::UnopenedBracket, span, "unopened bracket")
                .label("closes nothing")
                .help("remove it, or put the text that it belongs to in double quotes");
            self.diagnostics.push(error);
        }
        self.at += 1;
    }

    /// Whether a `]` belongs to the regex at hand; outside of any subsearch it always does.
    fn closes_pattern_bracket(&mut self) -> bool {
        let outermost = self.open.len() == 1;
        let open = &mut self.innermost().pattern_brackets;
        let closes = *open > 0 || outermost;
        *open = open.saturating_sub(1);
        closes
    }

    fn innermost(&mut self) -> &mut Open {
        self.open.last_mut().expect("the whole text is never closed")
    }

    /// The manner of the command whose name stands ahead.
    fn manner_ahead(&self) -> Manner {
        let rest = self.text[self.at..].trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        match rest[..end].to_ascii_lowercase().as_str() {
            "eval" | "fieldformat" | "where" | "head" | "stats" | "eventstats" | "streamstats"
            | "sistats" | "tstats" | "chart" | "timechart" | "transaction" => Manner::Expression,
            "regex" | "rex" => Manner::Pattern,
            _ => Manner::Plain,
        }
    }

    /// Reports the innermost bracket that is still open: the others are open because of it.
    fn report_unclosed_bracket(&mut self) {
        let block = self.innermost().block;
        if block == 0 || self.layout.unclosed_quote.is_some() {
            return;
        }
        let start = self.layout.blocks[block].span.start;
        let end = self.text.trim_end().len();
        let error = Diagnostic::error(Code::UnclosedBracket, Span::at(end), "unclosed bracket")
            .label("expected `]` here")
            .also(Span::new(start - 1, start), "opened here")
            .help("close the subsearch with `]`");
        self.diagnostics.push(error);
    }
}

/// The complaint about nesting beyond the limit.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("nesting is deeper than {MAX_DEPTH} levels");
    Diagnostic::error(Code::TooDeep, span, message)
        .label("this level is one too many")
        .help("split the rule, or remove parentheses that change nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipes(text: &str) -> Vec<usize> {
        Layout::scan(text).0.root().pipes
    }

    #[test]
    fn pipes_are_found_outside_of_quotes_and_brackets_only() {
        for (text, expected) in [
            ("a | b", vec![2]),
            (r#""a | b" | c"#, vec![8]),
            (r#""a \" | b" | c"#, vec![11]),
            (r"a \| b | c", vec![7]),
            ("x [ y | z ] | c", vec![12]),
            (r#"x [ y "]" | z ] | c"#, vec![16]),
            ("| regex x=[^|] | c", vec![0, 12, 15]),
            ("| where 'a[b'=1 | c", vec![0, 16]),
            ("| search it's | x", vec![0, 14]),
            ("| head ('a[b'=1) | c", vec![0, 17]),
            ("| stats count(eval('a]'=1)) by it's | c", vec![0, 36]),
        ] {
            assert_eq!(pipes(text), expected, "{text}");
        }
    }

    #[test]
    fn brackets_of_a_regex_open_no_block() {
        let text = "| append [| rex x=[a-z]+ | head] | head";
        let (layout, diagnostics) = Layout::scan(text);
        assert_eq!(diagnostics, []);
        assert_eq!(layout.block_at(9).map(|block| block.span.text(text).to_owned()), {
            Some("| rex x=[a-z]+ | head".to_owned())
        });
        assert_eq!(layout.root().pipes, [0, 33]);
    }

    #[test]
    fn brackets_in_the_name_of_a_field_close_no_block() {
        for inside in [
            "head ((0 IN ((']' + 0))))",
            "where ']'=1",
            "stats sum(eval('a]' + 1)) AS n",
            "streamstats reset_before=('a]'>1) count",
            "timechart max(eval('a]'))",
            "transaction a startswith=eval(']'=1)",
        ] {
            let text = format!("| append [{inside}] | tail");
            let (layout, diagnostics) = Layout::scan(&text);
            assert_eq!(diagnostics, [], "{text}");
            let block = layout.block_at(9).expect("the bracket opens a block");
            assert_eq!(block.span.text(&text), inside);
        }
    }

    #[test]
    fn a_hundred_thousand_brackets_are_too_deep() {
        let (_, diagnostics) = Layout::scan(&"[".repeat(100_000));
        assert_eq!(diagnostics[0].code, Code::TooDeep);
        let balanced = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(Layout::scan(&balanced).1.len(), 1);
    }
}

//! Any other command: words and subpipelines, so that the rest of the rule can be read and `check` can say it all.

use crate::diag::Spanned;
use crate::spl::args::Escapes;
use crate::spl::parser::Parser;
use crate::spl::tree::{Argument, CommandKind, Other};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut arguments = Vec::new();
    parser.skip_separators();
    while parser.peek().is_some() {
        match argument(parser) {
            Some(argument) => arguments.push(argument),
            None => parser.bump(),
        }
        parser.skip_separators();
    }
    CommandKind::Other(Other { arguments })
}

fn argument(parser: &mut Parser<'_>) -> Option<Argument> {
    if let Some(pipeline) = parser.subpipeline() {
        return Some(Argument::Subpipeline(pipeline));
    }
    // A bracket that opens no block belongs to a regex.
    let layout = std::mem::take(&mut parser.layout);
    let word = parser.argument(Escapes::Regex, |text, at| {
        text[at..].starts_with(',') || layout.block_at(at).is_some()
    });
    parser.layout = layout;
    word.map(|word| Argument::Word(Spanned::new(word.text, word.span)))
}

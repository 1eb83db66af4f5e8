//! `foreach [options] names [ template ]`.
//!
//! `fieldstr`, `matchstr` and their like give placeholders other names than `<<FIELD>>`. These need not be words of SPL, so a template
//! is read with the usual ones in their place; all of what is read so stands at the template.

use super::bracketed;
use crate::diag::{Code, Diagnostic, Span};
use crate::spl::args::WrittenOption;
use crate::spl::parser::Parser;
use crate::spl::tree::{Command, CommandKind, Pipeline};

/// The options that give a placeholder another name, and its usual one.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("fieldstr", "<<FIELD>>"),
    ("matchstr", "<<MATCHSTR>>"),
    ("matchseg1", "<<MATCHSEG1>>"),
    ("matchseg2", "<<MATCHSEG2>>"),
    ("matchseg3", "<<MATCHSEG3>>"),
    ("itemstr", "<<ITEM>>"),
];

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    bracketed::parse_with(parser, template).map_or(CommandKind::Broken, CommandKind::Foreach)
}

/// The usual name of the placeholder that an option gives another one.
fn renamed(option: &str) -> Option<&'static str> {
    let known = OTHER_NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(option));
    known.map(|(_, usual)| *usual)
}

fn template(parser: &mut Parser<'_>, options: &[WrittenOption]) -> Option<Pipeline> {
    let renamed = options.iter().filter_map(|(name, value)| {
        let usual = self::renamed(&name.value)?;
        (!value.value.is_empty()).then_some((value.value.as_str(), usual))
    });
    let renamed: Vec<_> = renamed.collect();
    if renamed.is_empty() {
        return parser.subpipeline();
    }
    let (start, known) = (parser.at, parser.diagnostics.len());
    parser.subpipeline()?;
    parser.diagnostics.truncate(known);
    let span = parser.since(start);
    let text = renamed.iter().fold(span.text(parser.text).to_owned(), |text, (written, usual)| {
        text.replace(written, usual)
    });
    let mut inner = Parser::new(&text);
    let mut pipeline = inner.subpipeline()?;
    let found = std::mem::take(&mut inner.diagnostics);
    found.into_iter().for_each(|diagnostic| parser.report(diagnostic.map_spans(|_| span)));
    for command in &mut pipeline.commands {
        if !move_to(command, span) {
            parser.report(other_command(&command.name.value, span));
            return None;
        }
    }
    pipeline.span = span;
    Some(pipeline)
}

/// Says that all of a command stands at `span`; of most commands that cannot be said.
fn move_to(command: &mut Command, span: Span) -> bool {
    (command.span, command.name.span) = (span, span);
    match &mut command.kind {
        CommandKind::Eval(assignments) => {
            for assignment in assignments {
                assignment.field.span = span;
                assignment.value.move_to(span);
            }
        }
        CommandKind::Where(condition) => condition.move_to(span),
        _ => return false,
    }
    true
}

fn other_command(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` cannot stand in a template with placeholders of other names");
    Diagnostic::error(Code::UnsupportedCommand, span, message)
        .label("not supported here")
        .help("use `<<FIELD>>` and its like, or `eval` and `where` alone")
}

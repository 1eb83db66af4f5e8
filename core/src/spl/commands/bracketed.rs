//! `foreach`, `append`, `appendpipe` and `join`: names, options and a pipeline in brackets, in any order.

use crate::diag::{Code, Diagnostic};
use crate::spl::args::WrittenOption;
use crate::spl::parser::Parser;
use crate::spl::print::{print_names, print_options, print_subpipeline};
use crate::spl::tree::{Bracketed, Pipeline};

/// Reads the arguments; `None` once it was reported that there are no brackets.
pub(super) fn parse(parser: &mut Parser<'_>) -> Option<Bracketed> {
    parse_with(parser, |parser, _| parser.subpipeline())
}

/// The same, where `read` reads the brackets; it is told the options before them.
pub(super) fn parse_with(
    parser: &mut Parser<'_>,
    read: impl Fn(&mut Parser<'_>, &[WrittenOption]) -> Option<Pipeline>,
) -> Option<Bracketed> {
    let (mut names, mut options, mut pipeline) = (Vec::new(), Vec::new(), None);
    loop {
        parser.skip_separators();
        if parser.peek().is_none() {
            break;
        } else if let Some(option) = parser.option() {
            options.push(option);
        } else if let Some(found) = read(parser, &options) {
            if pipeline.is_some() {
                parser.report(second_brackets(&found));
            }
            pipeline.get_or_insert(found);
        } else {
            match parser.name() {
                Some(name) => names.push(name),
                None => parser.bump(),
            }
        }
    }
    if pipeline.is_none() {
        parser.missing("a pipeline in brackets", "write one, such as `[ stats count ]`");
    }
    Some(Bracketed { names, options, pipeline: pipeline? })
}

fn second_brackets(pipeline: &Pipeline) -> Diagnostic {
    Diagnostic::error(Code::UnexpectedToken, pipeline.span, "a second pipeline in brackets")
        .label("expected the end of the command")
        .help("one command takes one pipeline: remove this one, or repeat the command")
}

pub(in crate::spl) fn print(out: &mut String, bracketed: &Bracketed) {
    print_options(out, &bracketed.options);
    print_names(out, &bracketed.names);
    out.push(' ');
    print_subpipeline(out, &bracketed.pipeline);
}

//! `foreach a* b [mode=multifield|multivalue] [ template ]`.

use crate::spl::parser::Parser;
use crate::spl::print::{print_names, print_options, print_subpipeline};
use crate::spl::tree::{CommandKind, Foreach};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (mut names, mut options, mut template) = (Vec::new(), Vec::new(), None);
    loop {
        parser.skip_separators();
        if parser.peek().is_none() {
            break;
        } else if let Some(option) = parser.option() {
            options.push(option);
        } else if let Some(pipeline) = parser.subpipeline() {
            template = Some(pipeline);
        } else {
            match parser.name() {
                Some(name) => names.push(name),
                None => parser.bump(),
            }
        }
    }
    let help = "write one, such as `foreach count_* [ eval total = total + '<<FIELD>>' ]`";
    match template {
        Some(_) if names.is_empty() => parser.missing("a field", help),
        Some(template) => return CommandKind::Foreach(Foreach { names, options, template }),
        None => parser.missing("a template in brackets", help),
    }
    CommandKind::Broken
}

pub(in crate::spl) fn print(out: &mut String, foreach: &Foreach) {
    print_options(out, &foreach.options);
    print_names(out, &foreach.names);
    out.push(' ');
    print_subpipeline(out, &foreach.template);
}

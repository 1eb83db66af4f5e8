//! `strcat [allrequired=b] a "text" c target`.

use crate::diag::Spanned;
use crate::spl::args::{Argument, Quoting};
use crate::spl::parser::Parser;
use crate::spl::print::{print_name, print_options, print_quoted};
use crate::spl::tree::{CommandKind, StrCat, StrCatSource};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let (mut options, mut words) = (Vec::new(), Vec::new());
    loop {
        parser.skip_separators();
        if let Some(option) = parser.option() {
            options.push(option);
        } else if let Some(word) = parser.word() {
            words.push(word);
        } else {
            break;
        }
    }
    let target = words.pop().filter(|_| !words.is_empty());
    let Some(target) = target else {
        parser.missing("what to join, and a name for it", "write `strcat host \":\" port target`");
        return CommandKind::Broken;
    };
    let sources = words.into_iter().map(source).collect();
    CommandKind::StrCat(StrCat { options, sources, target: Spanned::new(target.text, target.span) })
}

/// Splunk takes a text in quotes as it is, and any other word for a field.
fn source(word: Argument) -> StrCatSource {
    match word.quoting {
        Quoting::Whole => StrCatSource::Text(word.text),
        Quoting::Bare | Quoting::Mixed => StrCatSource::Field(Spanned::new(word.text, word.span)),
    }
}

pub(in crate::spl) fn print(out: &mut String, strcat: &StrCat) {
    print_options(out, &strcat.options);
    for source in &strcat.sources {
        match source {
            StrCatSource::Text(text) => print_quoted(out, text),
            StrCatSource::Field(field) => print_bare(out, &field.value),
        }
        out.push(' ');
    }
    print_name(out, &strcat.target.value);
}

/// Prints a field so that it is no text: an empty piece in front leaves it unquoted as a whole.
fn print_bare(out: &mut String, name: &str) {
    let is_plain = |c: char| c.is_alphanumeric() || "_.{}*:@".contains(c);
    if name.chars().all(is_plain) {
        out.push_str(name);
    } else {
        out.push_str("\"\"");
        print_quoted(out, name);
    }
}

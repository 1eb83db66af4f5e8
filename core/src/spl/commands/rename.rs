//! `rename a AS b, c* AS d*`.

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::parser::Parser;
use crate::spl::tree::{CommandKind, Renaming};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut renamings = Vec::new();
    parser.skip_separators();
    if parser.peek().is_none() {
        parser.missing("fields", "write `rename old AS new`");
        return CommandKind::Broken;
    }
    while let Some(from) = parser.name() {
        renamings.extend(renaming(parser, from));
        parser.skip_separators();
    }
    CommandKind::Rename(renamings)
}

fn renaming(parser: &mut Parser<'_>, from: Spanned<String>) -> Option<Renaming> {
    parser.skip_space();
    let has_as = parser.eat_keyword("AS");
    parser.skip_space();
    let to = if has_as { parser.name() } else { None };
    let Some(to) = to else {
        let message = format!("`{}` is given no new name", from.value);
        let help = format!("write `{} AS new_name`", from.value);
        let error = Diagnostic::error(Code::BadArgument, from.span, message);
        parser.report(error.label("expected `AS` and a name after it").help(help));
        skip_pair(parser);
        return None;
    };
    let stars = |name: &Spanned<String>| name.value.matches('*').count();
    if stars(&from) != stars(&to) {
        let message = "the two names have different numbers of `*`";
        parser.report(
            Diagnostic::error(Code::BadArgument, to.span, message)
                .label(format!("expected {} `*`", stars(&from)))
                .also(from.span, "because of this name")
                .help("each `*` of the old name fills one of the new name"),
        );
    }
    Some(Renaming { from, to })
}

/// Skips to the next comma.
fn skip_pair(parser: &mut Parser<'_>) {
    while parser.peek().is_some_and(|c| c != ',') {
        if parser.word().is_none() {
            parser.skip_space();
        }
    }
}

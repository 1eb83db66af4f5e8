//! `convert [timeformat=s] function(field) [AS field] ...`.

use crate::diag::{Code, Diagnostic, Spanned};
use crate::spl::args::unquote;
use crate::spl::parser::{Parser, is_word};
use crate::spl::print::{print_name, print_options};
use crate::spl::tree::{CommandKind, Conversion, Convert};

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut convert = Convert { options: Vec::new(), conversions: Vec::new() };
    loop {
        parser.skip_separators();
        if let Some(option) = parser.option() {
            convert.options.push(option);
        } else if parser.peek().is_some() {
            match conversion(parser) {
                Some(conversion) => convert.conversions.push(conversion),
                None => return CommandKind::Broken,
            }
        } else {
            break;
        }
    }
    if convert.conversions.is_empty() {
        parser.missing("a function", "write one, such as `convert ctime(firstTime)`");
        return CommandKind::Broken;
    }
    CommandKind::Convert(convert)
}

fn conversion(parser: &mut Parser<'_>) -> Option<Conversion> {
    let function = parser.take_while(is_word);
    parser.skip_space();
    if function.value.is_empty() || parser.peek() != Some('(') {
        let span = if function.value.is_empty() { parser.word_ahead() } else { function.span };
        let message = format!("`{}` converts nothing", span.text(parser.text));
        parser.report(
            Diagnostic::error(Code::UnexpectedToken, span, message)
                .label("expected a function and a field in parentheses")
                .help("write `convert ctime(firstTime)`"),
        );
        return None;
    }
    let field = parser.parenthesised();
    let field = Spanned::new(unquote(field.text(parser.text).trim()), field);
    parser.skip_space();
    let has_as = parser.eat_keyword("AS");
    parser.skip_space();
    let target = if has_as { parser.name() } else { None };
    if has_as && target.is_none() {
        parser.missing("a name after `AS`", "write `ctime(firstTime) AS first`");
    }
    Some(Conversion { function, field, target })
}

pub(in crate::spl) fn print(out: &mut String, convert: &Convert) {
    print_options(out, &convert.options);
    for (index, conversion) in convert.conversions.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(&conversion.function.value);
        out.push('(');
        print_name(out, &conversion.field.value);
        out.push(')');
        if let Some(target) = &conversion.target {
            out.push_str(" AS ");
            print_name(out, &target.value);
        }
    }
}

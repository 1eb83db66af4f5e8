//! `makeresults [count=N]`.

use crate::diag::{Code, Diagnostic};
use crate::spl::parser::Parser;
use crate::spl::tree::CommandKind;

pub(super) fn parse(parser: &mut Parser<'_>) -> CommandKind {
    let mut count = 1;
    loop {
        parser.skip_separators();
        let Some((name, value)) = parser.option() else { break };
        if name.value.eq_ignore_ascii_case("count") {
            count = parser.count(&value).unwrap_or(1);
        } else {
            let message = format!("`makeresults` is run without its option `{}`", name.value);
            let error = Diagnostic::error(Code::UnsupportedOption, name.span, message);
            parser.report(error.label("not run yet").help("make the fields with `eval`"));
        }
    }
    parser.expect_end("write `makeresults count=N`");
    CommandKind::MakeResults { count }
}

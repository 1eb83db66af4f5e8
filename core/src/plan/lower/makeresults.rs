//! `makeresults` to its stage: it can only begin a search.

use super::Lowering;
use crate::{
    diag::{Code, Diagnostic},
    spl::tree::Command,
    stage::makeresults::MakeResults,
};

/// The stage of `makeresults`, which stands at `index` of its pipeline.
pub(super) fn lower(
    index: usize,
    count: u64,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<MakeResults> {
    if index > 0 {
        let message = "`makeresults` must be the first command";
        lowering.report(
            Diagnostic::error(Code::NotAGenerator, command.name.span, message)
                .label("makes rows out of nothing")
                .help("start the search with `| makeresults`"),
        );
        return None;
    }
    Some(MakeResults { count })
}

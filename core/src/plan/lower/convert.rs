//! `convert` to its stage.

use super::{Lowering, options::refuse, rename::different_wildcards};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    expr::glob::{Case, Glob},
    plan::suggest::closest,
    spl::tree::{self, Convert},
    stage::{
        Column, FieldPattern,
        convert::{self, Conversion, Function, Selection},
    },
};

const DEFAULT_TIME_FORMAT: &str = "%m/%d/%Y %H:%M:%S";

/// The stage of `convert`.
pub(super) fn lower(convert: &Convert, lowering: &mut Lowering<'_>) -> convert::Convert {
    let mut time_format = DEFAULT_TIME_FORMAT;
    for (name, value) in &convert.options {
        match name.value.eq_ignore_ascii_case("timeformat") {
            true => time_format = &value.value,
            false => refuse(name, "convert", "`timeformat`", lowering),
        }
    }
    let (mut conversions, mut spared) = (Vec::new(), Vec::new());
    for written in &convert.conversions {
        if written.function.value.eq_ignore_ascii_case("none") {
            spared.push(Column::new(&written.field.value, lowering.names));
        } else if let Some(function) = function(&written.function, lowering) {
            conversions.push(Conversion { function, fields: selection(written, lowering) });
        }
    }
    let (conversions, spared) = (conversions.into(), spared.into());
    convert::Convert { time_format: time_format.as_bytes().into(), conversions, spared }
}

fn function(name: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<Function> {
    let names = || Function::NAMES.iter().map(|(name, _)| *name).chain(["none"]);
    let lower = name.value.to_ascii_lowercase();
    let found = Function::NAMES.iter().find(|(name, _)| *name == lower);
    if found.is_none() {
        let message = format!("no `convert` function `{}`", name.value);
        let error = Diagnostic::error(Code::UnknownFunction, name.span, message)
            .label("not a function of `convert`");
        lowering.report(error.help(match closest(&lower, names()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("its functions are {}", names().collect::<Vec<_>>().join(", ")),
        }));
    }
    found.map(|(_, function)| *function)
}

fn selection(written: &tree::Conversion, lowering: &mut Lowering<'_>) -> Selection {
    let target = written.target.as_ref();
    if let Some(target) = target
        && target.value.matches('*').count() != written.field.value.matches('*').count()
    {
        lowering.report(different_wildcards(target.span, &written.field));
    }
    if written.field.value.contains('*') {
        let target = target.map(|target| Glob::new(&target.value, Case::Sensitive));
        return Selection::Pattern(FieldPattern::new(&written.field.value), target);
    }
    let field = lowering.names.intern(&written.field.value);
    Selection::Field(field, target.map_or(field, |target| lowering.names.intern(&target.value)))
}

//! Commands that are options and names: each to its stage.

use super::{
    Lowering, columns,
    options::{refuse, switch},
    regex::compile,
};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    expr::capture::Finder,
    spl::tree::{Command, Listed, Pattern},
    stage::{
        addtotals::{AddTotals, Summary},
        avlbase64::AvlBase64,
        fillnull::{Columns, FillNull},
        makemv::{MakeMv, Splitter},
        mvcombine::MvCombine,
        mvexpand::MvExpand,
        nomv::NoMv,
    },
};

/// What Splunk fills with where no value is written.
const DEFAULT_FILLING: &str = "0";

/// The stage of `fillnull`.
pub(super) fn fillnull(listed: &Listed, lowering: &mut Lowering<'_>) -> FillNull {
    refuse_others(listed, "fillnull", &["value"], lowering);
    let value = listed.option("value").map_or(DEFAULT_FILLING, |value| &value.value);
    let fields = listed.names.iter().map(|name| lowering.names.intern(&name.value));
    let columns = match listed.names.is_empty() {
        true => Columns::All,
        false => Columns::Listed(fields.collect()),
    };
    FillNull { value: value.as_bytes().into(), columns }
}

/// The stage of `makemv`.
pub(super) fn makemv(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<MakeMv> {
    refuse_others(listed, "makemv", &["delim", "tokenizer", "allowempty"], lowering);
    let field = only_field(listed, command, lowering)?;
    let field = lowering.names.intern(&field.value);
    let keeps_empty = is_on(listed, "allowempty", false, lowering);
    let splitter = match (listed.option("tokenizer"), listed.option("delim")) {
        (Some(tokenizer), _) => Splitter::Tokenizer(finder(tokenizer, lowering)?),
        (None, Some(delimiter)) if delimiter.value.is_empty() => {
            lowering.report(empty_delimiter(delimiter));
            return None;
        }
        (None, delimiter) => {
            let delimiter = delimiter.map_or(" ", |delimiter| &delimiter.value);
            Splitter::Delimiter(delimiter.as_bytes().into())
        }
    };
    Some(MakeMv { field, splitter, keeps_empty })
}

fn finder(tokenizer: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<Finder> {
    let (text, span) = (tokenizer.value.clone(), tokenizer.span);
    compile(&Pattern { text, quoted_alone: None, span }, lowering, Finder::compile)
}

fn empty_delimiter(delimiter: &Spanned<String>) -> Diagnostic {
    let message = "`makemv` cannot split at nothing";
    Diagnostic::error(Code::BadArgument, delimiter.span, message)
        .label("expected a text")
        .help("write `tokenizer=\"(.)\"` for one value of each character")
}

/// The stage of `mvexpand`.
pub(super) fn mvexpand(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<MvExpand> {
    refuse_others(listed, "mvexpand", &["limit"], lowering);
    let field = only_field(listed, command, lowering)?;
    if field.value.starts_with('_') {
        lowering.report(internal_field(field));
        return None;
    }
    let field = lowering.names.intern(&field.value);
    let limit = listed.option("limit").and_then(|limit| count(limit, lowering));
    Some(MvExpand { field, limit: limit.filter(|&limit| limit > 0) })
}

fn internal_field(field: &Spanned<String>) -> Diagnostic {
    let message = format!("`mvexpand` cannot expand the internal field `{}`", field.value);
    Diagnostic::error(Code::BadArgument, field.span, message)
        .label("starts with `_`")
        .help(format!("copy it before: `eval copy={}`", field.value))
}

/// The stage of `nomv`.
pub(super) fn nomv(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<NoMv> {
    refuse_others(listed, "nomv", &[], lowering);
    let field = only_field(listed, command, lowering)?;
    Some(NoMv { field: lowering.names.intern(&field.value) })
}

/// The stage of `mvcombine`. Its `delim` only says how a multivalue is shown in one line, which caltrop never does.
pub(super) fn mvcombine(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<MvCombine> {
    refuse_others(listed, "mvcombine", &["delim"], lowering);
    let field = only_field(listed, command, lowering)?;
    Some(MvCombine { field: lowering.names.intern(&field.value) })
}

/// The stage of `addtotals`.
pub(super) fn addtotals(listed: &Listed, lowering: &mut Lowering<'_>) -> AddTotals {
    refuse_others(
        listed,
        "addtotals",
        &["row", "col", "fieldname", "labelfield", "label"],
        lowering,
    );
    let text = |name: &str| listed.option(name).map_or("Total", |value| &value.value);
    let total =
        is_on(listed, "row", true, lowering).then(|| lowering.names.intern(text("fieldname")));
    let summary = is_on(listed, "col", false, lowering).then(|| Summary {
        field: listed.option("labelfield").map(|field| lowering.names.intern(&field.value)),
        label: text("label").as_bytes().into(),
    });
    AddTotals { columns: columns(&listed.names, lowering), total, summary }
}

/// The stage of `avlbase64`.
pub(super) fn avlbase64(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<AvlBase64> {
    refuse_others(listed, "avlbase64", &["type", "field"], lowering);
    let kind = listed.option("type").filter(|kind| !kind.value.eq_ignore_ascii_case("decode"));
    if let Some(kind) = kind {
        lowering.report(only_decodes(kind));
    }
    let Some(field) = listed.option("field") else {
        lowering.report(lacks_field(command, "write `avlbase64 type=decode field=encoded`"));
        return None;
    };
    let target = lowering.names.intern(&format!("base64_{}", field.value));
    Some(AvlBase64 { field: lowering.names.intern(&field.value), target })
}

fn only_decodes(kind: &Spanned<String>) -> Diagnostic {
    let message = format!("caltrop does not run `type={}` of `avlbase64`", kind.value);
    Diagnostic::error(Code::UnsupportedOption, kind.span, message)
        .label("expected `decode`")
        .help("write `type=decode`")
}

/// Says of each option that is none of `known` that it does not run.
fn refuse_others(listed: &Listed, command: &str, known: &[&str], lowering: &mut Lowering<'_>) {
    let quoted: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let known_text = if known.is_empty() { "none".to_owned() } else { quoted.join(", ") };
    for (name, _) in &listed.options {
        if !known.iter().any(|known| name.value.eq_ignore_ascii_case(known)) {
            refuse(name, command, &known_text, lowering);
        }
    }
}

fn is_on(listed: &Listed, name: &str, default: bool, lowering: &mut Lowering<'_>) -> bool {
    let mut found = listed.options.iter().rev();
    match found.find(|(found, _)| found.value.eq_ignore_ascii_case(name)) {
        Some((name, value)) => switch(name, value, lowering),
        None => default,
    }
}

fn count(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<usize> {
    let number = value.value.parse().ok();
    if number.is_none() {
        let message = format!("`{}` is no number of values", value.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, value.span, message)
                .label("expected a number")
                .help("write a whole number, such as 10"),
        );
    }
    number
}

/// The field of a command that takes exactly one.
fn only_field<'t>(
    listed: &'t Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<&'t Spanned<String>> {
    match &*listed.names {
        [field] => Some(field),
        [] => {
            let help = format!("write `{} field`", command.name.value);
            lowering.report(lacks_field(command, &help));
            None
        }
        [_, second, ..] => {
            let message = format!("`{}` takes one field", command.name.value);
            lowering.report(
                Diagnostic::error(Code::UnexpectedToken, second.span, message)
                    .label("expected the end of the command")
                    .help("write the command once for each field"),
            );
            None
        }
    }
}

fn lacks_field(command: &Command, help: &str) -> Diagnostic {
    let message = format!("`{}` lacks a field", command.name.value);
    Diagnostic::error(Code::MissingArgument, command.span, message)
        .label("expected a field")
        .help(help)
}

//! `makeresults` to its stage: it can only begin a search.

use bumpalo::{Bump, collections::Vec as BumpVec};
use csv::ReaderBuilder;

use super::{
    Lowering,
    listed::{count, refuse_others},
    options::switch,
};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    event::json::{Document, write_string},
    spl::tree::{Command, Listed},
    stage::makeresults::MakeResults,
};

/// The stage of `makeresults`, which stands at `index` of its pipeline. Of a server it knows none, so `annotate` adds nothing.
pub(super) fn lower(
    index: usize,
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<MakeResults> {
    if index > 0 {
        lowering.report(not_first(command));
        return None;
    }
    refuse_others(listed, "makeresults", lowering);
    if let Some(name) = listed.names.first() {
        lowering.report(no_names(name));
        return None;
    }
    let annotates =
        listed.options.iter().find(|(name, _)| name.value.eq_ignore_ascii_case("annotate"));
    if let Some((name, value)) = annotates {
        switch(name, value, lowering);
    }
    match (listed.option("format"), listed.option("data")) {
        (None, None) => {
            let count = listed.option("count").map_or(Some(1), |value| count(value, lowering))?;
            Some(MakeResults::Times(count as u64))
        }
        (Some(format), Some(data)) => objects(format, data, lowering).map(MakeResults::Objects),
        (Some(one), None) | (None, Some(one)) => {
            lowering.report(one_without_the_other(one));
            None
        }
    }
}

fn objects(
    format: &Spanned<String>,
    data: &Spanned<String>,
    lowering: &mut Lowering<'_>,
) -> Option<Box<[Box<[u8]>]>> {
    let objects = match format.value.to_ascii_lowercase().as_str() {
        "csv" => of_csv(&data.value),
        "json" => of_json(&data.value),
        _ => {
            let message = format!("`makeresults` reads no `{}`", format.value);
            lowering.report(
                Diagnostic::error(Code::BadArgument, format.span, message)
                    .label("expected `csv` or `json`")
                    .help("write `format=csv data=\"...\"`"),
            );
            return None;
        }
    };
    if objects.is_none() {
        let message = format!("these data are no {}", format.value);
        lowering.report(
            Diagnostic::error(Code::BadArgument, data.span, message).label("cannot be read").help(
                "JSON is an object or an array of objects; CSV has the names in its first line",
            ),
        );
    }
    objects
}

/// A JSON object of each line but the first, which holds the names.
fn of_csv(text: &str) -> Option<Box<[Box<[u8]>]>> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names = reader.byte_headers().ok()?.clone();
    let bump = Bump::new();
    let objects = reader.byte_records().map(|record| {
        let record = record.ok()?;
        let mut object = BumpVec::new_in(&bump);
        for (name, cell) in names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            object.push(if object.is_empty() { b'{' } else { b',' });
            write_string(&mut object, name);
            object.push(b':');
            write_string(&mut object, cell);
        }
        object.extend_from_slice(if object.is_empty() { b"{}" } else { b"}" });
        Some(Box::from(object.as_slice()))
    });
    objects.collect()
}

/// The JSON objects of an array, or the one that there is.
fn of_json(text: &str) -> Option<Box<[Box<[u8]>]>> {
    let bump = Bump::new();
    let document = Document::read(text.as_bytes(), &bump)?;
    if document.is_object() {
        return Some([document.text().into()].into());
    }
    let (mut objects, mut all_are) = (Vec::new(), document.is_array());
    document.visit(|_, element| {
        let object = Document::read(element, &bump).filter(|element| element.is_object());
        all_are &= object.is_some();
        objects.extend(object.map(|object| Box::from(object.text())));
    });
    all_are.then(|| objects.into())
}

fn not_first(command: &Command) -> Diagnostic {
    let message = "`makeresults` must be the first command";
    Diagnostic::error(Code::NotAGenerator, command.name.span, message)
        .label("makes rows out of nothing")
        .help("start the search with `| makeresults`")
}

fn no_names(name: &Spanned<String>) -> Diagnostic {
    let message = format!("unexpected `{}` in `makeresults`", name.value);
    Diagnostic::error(Code::UnexpectedToken, name.span, message)
        .label("expected the end of the command")
        .help("write `makeresults count=N`")
}

fn one_without_the_other(one: &Spanned<String>) -> Diagnostic {
    let message = "`format` and `data` of `makeresults` need each other";
    Diagnostic::error(Code::MissingArgument, one.span, message)
        .label("stands alone")
        .help("write `format=csv data=\"...\"`")
}

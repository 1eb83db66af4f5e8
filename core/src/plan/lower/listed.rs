//! Commands that are options and names: each to its stage.

use super::{
    Lowering, columns,
    options::{refuse, switch},
    regex::compile,
};
use crate::{
    diag::{Code, Diagnostic, Spanned},
    event::{
        extract::{Extraction, Method},
        paths::Path,
    },
    expr::capture::Finder,
    locations::{Attribute, Language},
    names::Names,
    plan::{reference, resolve},
    spl::tree::{Command, Listed, Pattern},
    stage::{
        Column,
        addtotals::{AddTotals, Summary},
        avlbase64::AvlBase64,
        extract::Extract,
        fillnull::{Columns, FillNull},
        format::Format,
        fromjson::FromJson,
        iplocation::IpLocation,
        makemv::{MakeMv, Splitter},
        multikv::{Header, MultiKv},
        mvcombine::MvCombine,
        mvexpand::MvExpand,
        nomv::NoMv,
        outlier::{Action, Outlier},
        spath::{Place, SPath},
        tojson::{Kind, ToJson},
        xmlkv::XmlKv,
    },
};

/// The fields of `iplocation`, those that it always adds first.
const LOCATION_FIELDS: &[(&str, Attribute)] = &[
    ("City", Attribute::City),
    ("Country", Attribute::Country),
    ("Region", Attribute::Region),
    ("lat", Attribute::Latitude),
    ("lon", Attribute::Longitude),
    ("Continent", Attribute::Continent),
    ("MetroCode", Attribute::MetroCode),
    ("Timezone", Attribute::Timezone),
];

/// How many of them it adds without `allfields=t`.
const USUAL_LOCATION_FIELDS: usize = 5;

/// The names of the fields that `iplocation` may add, without its prefix.
pub(in crate::plan) fn location_fields() -> impl Iterator<Item = &'static str> {
    LOCATION_FIELDS.iter().map(|(name, _)| *name)
}

/// What Splunk fills with where no value is written.
const DEFAULT_FILLING: &str = "0";

/// The stage of `fillnull`.
pub(super) fn fillnull(listed: &Listed, lowering: &mut Lowering<'_>) -> FillNull {
    refuse_others(listed, "fillnull", lowering);
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
    refuse_others(listed, "makemv", lowering);
    let field = only_field(listed, command, lowering)?;
    let field = lowering.names.intern(&field.value);
    let keeps_empty = is_on(listed, "allowempty", false, lowering);
    let as_one = listed.option("setsv").filter(|_| is_on(listed, "setsv", false, lowering));
    if let Some(as_one) = as_one {
        lowering.report(both_forms(as_one));
    }
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

fn both_forms(setsv: &Spanned<String>) -> Diagnostic {
    Diagnostic::error(
        Code::UnsupportedOption,
        setsv.span,
        "caltrop does not run `setsv=t` of `makemv`",
    )
    .label("makes a field both one value and several")
    .help("keep a copy of the field with `eval` before")
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
    refuse_others(listed, "mvexpand", lowering);
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
    refuse_others(listed, "nomv", lowering);
    let field = only_field(listed, command, lowering)?;
    Some(NoMv { field: lowering.names.intern(&field.value), delimiter: (*b"\n").into() })
}

/// The stage of `mvcombine`. Its `delim` only says how a multivalue is shown in one line: see [`delimited`](super::delimited).
pub(super) fn mvcombine(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<MvCombine> {
    refuse_others(listed, "mvcombine", lowering);
    let field = only_field(listed, command, lowering)?;
    Some(MvCombine { field: lowering.names.intern(&field.value) })
}

/// The stage of `addtotals`.
pub(super) fn addtotals(listed: &Listed, lowering: &mut Lowering<'_>) -> AddTotals {
    refuse_others(listed, "addtotals", lowering);
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
    refuse_others(listed, "avlbase64", lowering);
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

/// The stage of `iplocation`.
pub(super) fn iplocation(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<IpLocation> {
    refuse_others(listed, "iplocation", lowering);
    let field = only_field(listed, command, lowering)?;
    let prefix = listed.option("prefix").map_or("", |prefix| &prefix.value);
    let names = match is_on(listed, "allfields", false, lowering) {
        true => LOCATION_FIELDS,
        false => &LOCATION_FIELDS[..USUAL_LOCATION_FIELDS],
    };
    let outputs = names
        .iter()
        .map(|&(name, attribute)| (attribute, lowering.names.intern(&format!("{prefix}{name}"))));
    let outputs = outputs.collect();
    let language = match listed.option("lang").map_or("en", |language| &language.value) {
        "code" => Language::Iso,
        language => Language::Code(language.into()),
    };
    let locations = lowering.knowledge.and_then(|knowledge| knowledge.locations.clone());
    Some(IpLocation { field: lowering.names.intern(&field.value), outputs, language, locations })
}

/// The stage of `spath`.
pub(super) fn spath(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<SPath> {
    refuse_others(listed, "spath", lowering);
    let mut paths = listed.option("path").into_iter().chain(&listed.names);
    let (path, more) = (paths.next(), paths.next());
    if let Some(more) = more {
        lowering.report(one_only(command, more, "a path"));
    }
    let output = listed.option("output");
    if let (Some(output), None) = (output, path) {
        lowering.report(output_without_path(output));
        return None;
    }
    let input = listed.option("input").map_or("_raw", |field| &field.value);
    let input = lowering.names.intern(input);
    let place = path.map_or(Place::Everywhere, |path| {
        let output = lowering.names.intern(&output.unwrap_or(path).value);
        Place::Path(Path::parse(&path.value), output)
    });
    Some(SPath { input, place })
}

fn output_without_path(output: &Spanned<String>) -> Diagnostic {
    let message = "`spath` has an output and no path";
    Diagnostic::error(Code::MissingArgument, output.span, message)
        .label("nothing to put here")
        .help("write `path=a.b`, or leave `output` out for a field of each leaf")
}

/// The stage of `format`, with all six of its texts or none.
pub(super) fn format(listed: &Listed, lowering: &mut Lowering<'_>) -> Option<Format> {
    refuse_others(listed, "format", lowering);
    let mut format = Format::default();
    let bytes = |text: &Spanned<String>| Box::from(text.value.as_bytes());
    match &*listed.names {
        [] => {}
        [start, row_start, between_fields, row_end, between_rows, end] => {
            format = Format {
                start: bytes(start),
                row_start: bytes(row_start),
                between_fields: bytes(between_fields),
                row_end: bytes(row_end),
                between_rows: bytes(between_rows),
                end: bytes(end),
                ..format
            };
        }
        [.., last] => {
            lowering.report(not_six_texts(listed.names.len(), last));
            return None;
        }
    }
    if let Some(between) = listed.option("mvsep") {
        format.between_values = bytes(between);
    }
    if let Some(empty) = listed.option("emptystr") {
        format.empty = bytes(empty);
    }
    if let Some(most) = listed.option("maxresults") {
        format.most_rows = count(most, lowering).filter(|&most| most > 0).unwrap_or(usize::MAX);
    }
    Some(format)
}

fn not_six_texts(found: usize, last: &Spanned<String>) -> Diagnostic {
    let message = format!("`format` takes six texts or none, not {found}");
    Diagnostic::error(Code::MissingArgument, last.span, message)
        .label("the last one")
        .help("write all of them, such as `format \"(\" \"(\" \"AND\" \")\" \"OR\" \")\"`")
}

/// The stage of `fromjson`.
pub(super) fn fromjson(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<FromJson> {
    refuse_others(listed, "fromjson", lowering);
    let field = only_field(listed, command, lowering)?;
    let prefix = listed.option("prefix").map_or("", |prefix| &prefix.value);
    Some(FromJson { field: lowering.names.intern(&field.value), prefix: prefix.as_bytes().into() })
}

/// The stage of `multikv`: what stands behind the word `fields` names columns, behind `filter` words that lines hold.
pub(super) fn multikv(listed: &Listed, lowering: &mut Lowering<'_>) -> Option<MultiKv> {
    refuse_others(listed, "multikv", lowering);
    let (mut fields, mut filters) = (Vec::new(), Vec::new());
    let mut kind: Option<&mut Vec<Box<[u8]>>> = None;
    for name in &listed.names {
        match (name.value.to_ascii_lowercase().as_str(), kind.as_deref_mut()) {
            ("fields", _) => kind = Some(&mut fields),
            ("filter", _) => kind = Some(&mut filters),
            (_, Some(list)) => list.push(name.value.as_bytes().into()),
            (_, None) => {
                lowering.report(bad_choice(name, "`fields` or `filter` before it"));
                return None;
            }
        }
    }
    let header = match listed.option("forceheader") {
        _ if is_on(listed, "noheader", false, lowering) => Header::None,
        Some(line) => match count(line, lowering)?.checked_sub(1) {
            Some(line) => Header::Line(line),
            None => Header::Found,
        },
        None => Header::Found,
    };
    let many = listed.option("multitable");
    if let Some(many) = many.filter(|_| is_on(listed, "multitable", false, lowering)) {
        lowering.report(bad_choice(many, "`f`: of an event the first table is read"));
    }
    let copies = is_on(listed, "copyattrs", true, lowering);
    let replaces = is_on(listed, "rmorig", true, lowering);
    Some(MultiKv { header, fields: fields.into(), filters: filters.into(), copies, replaces })
}

/// The stage of `tojson`.
pub(super) fn tojson(listed: &Listed, lowering: &mut Lowering<'_>) -> Option<ToJson> {
    refuse_others(listed, "tojson", lowering);
    let usual = match listed.option("default_type") {
        Some(kind) => json_kind(&kind.value).or_else(|| {
            lowering.report(bad_choice(kind, "`auto`, `bool`, `json`, `none`, `num` or `str`"));
            None
        })?,
        None => Kind::None,
    };
    let mut members = Vec::new();
    for name in &listed.names {
        let typed = name.value.strip_suffix(')').and_then(|text| text.split_once('('));
        let (kind, field) = match typed.map(|(kind, field)| (json_kind(kind), field)) {
            Some((Some(kind), field)) => (kind, field.trim()),
            Some((None, _)) => {
                lowering.report(bad_choice(name, "a type such as `num(field)`"));
                return None;
            }
            None => (usual, name.value.as_str()),
        };
        members.push((Column::new(field, lowering.names), kind));
    }
    let output = listed.option("output_field").map_or("_raw", |field| &field.value);
    Some(ToJson {
        members: members.into(),
        usual,
        fills_null: is_on(listed, "fill_null", false, lowering),
        includes_internal: is_on(listed, "include_internal", false, lowering),
        output: lowering.names.intern(output),
    })
}

fn json_kind(name: &str) -> Option<Kind> {
    match name.to_ascii_lowercase().as_str() {
        "none" => Some(Kind::None),
        "auto" => Some(Kind::Auto),
        "bool" => Some(Kind::Bool),
        "json" => Some(Kind::Json),
        "num" => Some(Kind::Number),
        "str" => Some(Kind::Text),
        _ => None,
    }
}

/// The stage of `outlier`. Of the ways to find outliers there is one, `type=iqr`.
pub(super) fn outlier(listed: &Listed, lowering: &mut Lowering<'_>) -> Option<Outlier> {
    /// How far off a number lies where nothing is written.
    const USUAL_REACH: f64 = 2.5;
    refuse_others(listed, "outlier", lowering);
    if let Some(pattern) = listed.names.iter().find(|name| name.value.contains('*')) {
        lowering.report(bad_choice(pattern, "the name of a field"));
        return None;
    }
    let mark = is_on(listed, "mark", false, lowering);
    let action = listed.option("action").map(|action| action.value.to_ascii_lowercase());
    let action = match action.as_deref() {
        None | Some("tf" | "transform") if mark => Action::Mark,
        None | Some("tf" | "transform") => Action::Cut,
        Some("rm" | "remove") => Action::Remove,
        Some(_) => {
            lowering.report(bad_choice(listed.option("action")?, "`tf` or `rm`"));
            return None;
        }
    };
    if let Some(kind) = listed.option("type").filter(|kind| !kind.value.eq_ignore_ascii_case("iqr"))
    {
        lowering.report(bad_choice(kind, "`iqr`"));
    }
    let reach = listed.option("param").map_or(Some(USUAL_REACH), |param| {
        let number =
            param.value.parse().ok().filter(|reach: &f64| reach.is_finite() && *reach >= 0.0);
        if number.is_none() {
            lowering.report(bad_choice(param, "a number, 0 or more"));
        }
        number
    })?;
    let looks_below = is_on(listed, "uselower", false, lowering);
    let fields = listed.names.iter().map(|name| lowering.names.intern(&name.value)).collect();
    Some(Outlier { fields, action, reach, looks_below })
}

fn bad_choice(value: &Spanned<String>, expected: &str) -> Diagnostic {
    let message = format!("`{}` is not what is needed here", value.value);
    Diagnostic::error(Code::BadArgument, value.span, message).label(format!("expected {expected}"))
}

/// The stage of `xmlkv`. Its `maxinputs` only says how Splunk feeds the program behind it.
pub(super) fn xmlkv(
    listed: &Listed,
    command: &Command,
    lowering: &mut Lowering<'_>,
) -> Option<XmlKv> {
    refuse_others(listed, "xmlkv", lowering);
    let field = match listed.names.is_empty() {
        true => "_raw",
        false => &only_field(listed, command, lowering)?.value,
    };
    Some(XmlKv { field: lowering.names.intern(field) })
}

/// The stage of `extract`.
pub(super) fn extract(listed: &Listed, lowering: &mut Lowering<'_>) -> Option<Extract> {
    refuse_others(listed, "extract", lowering);
    let named = listed.names.iter().map(|name| transform(name, lowering));
    let mut extractions: Vec<Extraction> = named.collect::<Option<_>>()?;
    let adds_values = is_on(listed, "mv_add", false, lowering);
    if listed.option("pairdelim").or(listed.option("kvdelim")).is_some() {
        extractions.push(delimited(listed, adds_values, lowering));
    }
    let automatic = is_on(listed, "auto", true, lowering);
    let most = |name: &str, lowering: &mut Lowering<'_>| {
        listed.option(name).and_then(|value| count(value, lowering)).unwrap_or(usize::MAX)
    };
    let (limit, max_bytes) = (most("limit", lowering), most("maxchars", lowering));
    Some(Extract { extractions: extractions.into(), automatic, adds_values, limit, max_bytes })
}

/// By delimiters; where one of the two is not given it is what stands in text with `a=1, b=2`.
fn delimited(listed: &Listed, adds_values: bool, lowering: &mut Lowering<'_>) -> Extraction {
    let delimiters = |name: &str, default: &str| {
        let written = listed.option(name).map_or(default, |value| &value.value);
        let plain = written.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r");
        plain.into_bytes().into()
    };
    let method = Method::Pairs {
        between: delimiters("pairdelim", " ,;|&\t\r\n"),
        within: delimiters("kvdelim", "="),
        cleans_names: is_on(listed, "clean_keys", true, lowering),
    };
    Extraction { source: Names::RAW, method, adds_values, keeps_empty: false }
}

fn transform(name: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<Extraction> {
    let found = lowering.knowledge.and_then(|knowledge| {
        resolve::transform(&name.value, knowledge, lowering.names, lowering.regexes)
    });
    if found.is_none() {
        let message = format!("no transforms.conf has an extraction `{}` that runs", name.value);
        lowering.report(
            Diagnostic::error(Code::BadKnowledge, name.span, message).label("not defined").help(
                "give the app that defines it with `--knowledge`, or use `pairdelim` and `kvdelim`",
            ),
        );
    }
    found
}

/// Says of each option that is none of the command's that it does not run.
pub(super) fn refuse_others(listed: &Listed, command: &str, lowering: &mut Lowering<'_>) {
    let known = reference::find(command).map_or(&[][..], |command| command.options);
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

/// The number that an option says; `None` once it was reported that it is none.
pub(super) fn count(value: &Spanned<String>, lowering: &mut Lowering<'_>) -> Option<usize> {
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
            lowering.report(one_only(command, second, "a field"));
            None
        }
    }
}

fn one_only(command: &Command, second: &Spanned<String>, what: &str) -> Diagnostic {
    let message = format!("`{}` takes {what} and no second one", command.name.value);
    Diagnostic::error(Code::UnexpectedToken, second.span, message)
        .label("expected the end of the command")
        .help("write the command once for each")
}

fn lacks_field(command: &Command, help: &str) -> Diagnostic {
    let message = format!("`{}` lacks a field", command.name.value);
    Diagnostic::error(Code::MissingArgument, command.span, message)
        .label("expected a field")
        .help(help)
}

#[cfg(test)]
mod tests {
    use crate::{diag::Diagnostic, expr::testing::Bench, plan::lower, spl};

    /// What is said of a command: `code at text`.
    fn complaints(command: &str) -> Vec<String> {
        let source = format!("| {command}");
        let (pipeline, errors) = spl::parse(&source);
        assert_eq!(errors, [], "{source}");
        let mut bench = Bench::default();
        let _ = lower::stage(0, &pipeline.commands[0], &mut bench.lowering(&source));
        let show = |found: &Diagnostic| {
            format!("{} at {}", found.code.text(), found.primary.span.text(&source))
        };
        bench.diagnostics.iter().map(show).collect()
    }

    #[test]
    fn what_cannot_run_is_told_where_it_stands() {
        for (command, expected) in [
            ("fillnull values=x a", "E0303 at values"),
            ("makemv", "E0107 at makemv"),
            ("makemv a b", "E0102 at b"),
            ("makemv delim=\"\" a", "E0108 at \"\""),
            ("makemv tokenizer=\"(\" a", "E0305 at ("),
            ("makemv setsv=t a", "E0303 at t"),
            ("makemv allowempty=maybe a", "E0108 at maybe"),
            ("mvexpand _raw", "E0108 at _raw"),
            ("mvexpand a limit=few", "E0108 at few"),
            ("nomv delim=x a", "E0303 at delim"),
            ("mvcombine", "E0107 at mvcombine"),
            ("addtotals cols=t", "E0303 at cols"),
            ("avlbase64 type=encode field=a", "E0303 at encode"),
            ("avlbase64 type=decode", "E0107 at avlbase64 type=decode"),
            ("iplocation", "E0107 at iplocation"),
            ("iplocation language=de ip", "E0303 at language"),
            ("spath output=a", "E0107 at a"),
            ("spath path=a b", "E0102 at b"),
            ("format \"(\" \"(\"", "E0107 at \"(\""),
            ("format mvsep=x rows=3", "E0303 at rows"),
            ("tojson default_type=text a", "E0108 at text"),
            ("tojson text(a)", "E0108 at text(a)"),
            ("multikv a", "E0108 at a"),
            ("multikv conf=x", "E0303 at conf"),
            ("multikv forceheader=first", "E0108 at first"),
            ("fromjson", "E0107 at fromjson"),
            ("fromjson a b", "E0102 at b"),
            ("fromjson to=x a", "E0303 at to"),
            ("outlier action=hide n", "E0108 at hide"),
            ("outlier param=much n", "E0108 at much"),
            ("outlier type=sd n", "E0108 at sd"),
            ("outlier n*", "E0108 at n*"),
            ("xmlkv a b", "E0102 at b"),
            ("extract nowhere", "E0205 at nowhere"),
            ("extract limit=x", "E0108 at x"),
            ("replace a* WITH *b* IN f", "E0108 at *b*"),
            ("strcat all=t a b c", "E0303 at all"),
            ("convert ctim(a)", "E0110 at ctim"),
            ("convert ctime(a*) AS b", "E0108 at b"),
            ("convert format=x ctime(a)", "E0303 at format"),
        ] {
            assert_eq!(complaints(command), [expected], "{command}");
        }
    }
}

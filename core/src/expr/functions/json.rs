//! Functions that make JSON, ask it and change it.
//!
//! What goes into a document: a number, or a field that reads as one, as a number; a yes or no as `true` or `false`; null as `null`; a
//! multivalue as an array; a text that is an object or an array as that, unless the rule spells it out; any other as a string. Unlike
//! Splunk, a field whose text is an object need not pass through `json` first. What is no well-formed JSON gives null, and a change
//! whose path leads nowhere leaves the document as it is.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Function, MANY, boolean, example, value};
use crate::{
    event::{
        json::{Document, is_number, write_string},
        paths::Path,
    },
    expr::program::{Call, Expr, Scope},
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "json_object",
        "json_object(name, value, ...)",
        "An object of these members.",
        0..=MANY,
        object,
        &[
            example(
                r#"json_object("name", "amy", "uid", 7, "ok", 1=1)"#,
                r#"{"name":"amy","uid":7,"ok":true}"#,
            ),
            example(
                r#"json_object("in", json_object("all", letters))"#,
                r#"{"in":{"all":["a","b","c"]}}"#,
            ),
            example("json_object()", "{}"),
        ],
    ),
    value(
        "json_array",
        "json_array(value, ...)",
        "An array of these values.",
        0..=MANY,
        |call, scope| {
            let mut text = BumpVec::new_in(scope.env.bump);
            text.push(b'[');
            write_all(call, 0, scope, &mut text);
            text.push(b']');
            Value::Text(text.into_bump_slice())
        },
        &[
            example(r#"json_array("a", 1.5, missing)"#, r#"["a",1.5,null]"#),
            example(r#"json_array("[1]", json_array(1))"#, r#"["[1]",[1]]"#),
        ],
    ),
    value(
        "json",
        "json(text)",
        "The text without space between its parts if it is well-formed JSON, else null.",
        1..=1,
        |call, scope| document(call, scope).map_or(Value::Null, shown),
        &[
            example(r#"json("{\"a\": [1, 2]}")"#, r#"{"a":[1,2]}"#),
            example("json(\"{a:1}\")", "null"),
        ],
    ),
    boolean(
        "json_valid",
        "json_valid(text)",
        "Whether the text is well-formed JSON.",
        1..=1,
        |call, scope| match call.argument(0, scope) {
            Value::Null => Value::Null,
            _ => Value::Bool(document(call, scope).is_some()),
        },
        &[example(r#"json_valid("[1, \"a\"]")"#, "True"), example("json_valid(\"[1,]\")", "False")],
    ),
    value(
        "json_extract",
        "json_extract(json, path, ...)",
        "What stands at a path such as `a.b{0}`; an array for `{}` and for several paths, the whole without any.",
        1..=MANY,
        |call, scope| extract(call, scope, path),
        &[
            example(r#"json_extract("{\"a\":{\"b\":[1,\"x\"]}}", "a.b{1}")"#, "x"),
            example(r#"json_extract("[{\"n\":1},{\"n\":2}]", "{}.n")"#, "[1,2]"),
            example(r#"json_extract("{\"a\":1,\"b\":\"x\"}", "b", "c", "a")"#, r#"["x",null,1]"#),
            example(r#"json_extract("{\"a\":1}", "b")"#, "null"),
        ],
    ),
    value(
        "json_extract_exact",
        "json_extract_exact(json, name, ...)",
        "What the members of these very names hold, whatever characters they have.",
        1..=MANY,
        |call, scope| extract(call, scope, name),
        &[
            example(r#"json_extract_exact("{\"a.b\":1,\"a\":2}", "a.b")"#, "1"),
            example(r#"json_extract_exact("{\"a\":{\"b\":1}}", "a.b")"#, "null"),
        ],
    ),
    value(
        "json_keys",
        "json_keys(object)",
        "The names of the members, as an array.",
        1..=1,
        keys,
        &[
            example(r#"json_keys("{\"a\":1,\"b\":{\"c\":2}}")"#, r#"["a","b"]"#),
            example("json_keys(\"[1]\")", "null"),
        ],
    ),
    value(
        "json_entries",
        "json_entries(object)",
        "An array of objects with the `key` and the `value` of each member.",
        1..=1,
        entries,
        &[
            example(r#"json_entries("{\"a\":[1]}")"#, r#"[{"key":"a","value":[1]}]"#),
            example("json_entries(\"1\")", "null"),
        ],
    ),
    boolean(
        "json_has_key_exact",
        "json_has_key_exact(object, name, ...)",
        "Whether it has members of all these very names.",
        2..=MANY,
        has_keys,
        &[
            example(r#"json_has_key_exact("{\"a\":null}", "a")"#, "True"),
            example(r#"json_has_key_exact("{\"a\":1}", "a", "b")"#, "False"),
        ],
    ),
    value(
        "json_set",
        "json_set(json, path, value, ...)",
        "The document with the values at these paths, which are made where they are missing.",
        3..=MANY,
        |call, scope| set(call, scope, path),
        &[
            example(r#"json_set("{\"a\":1}", "a", "x", "b.c", 2)"#, r#"{"a":"x","b":{"c":2}}"#),
            example(r#"json_set("{\"a\":[1,2]}", "a{0}", 9)"#, r#"{"a":[9,2]}"#),
        ],
    ),
    value(
        "json_set_exact",
        "json_set_exact(json, name, value, ...)",
        "The object with these values as members of these very names.",
        3..=MANY,
        |call, scope| set(call, scope, name),
        &[
            example(r#"json_set_exact("{}", "a.b", 1)"#, r#"{"a.b":1}"#),
            example(r#"json_set_exact("no", "a", 1)"#, "null"),
        ],
    ),
    value(
        "json_append",
        "json_append(json, path, value, ...)",
        "The document with the values added to the arrays at these paths; what is no array becomes one.",
        3..=MANY,
        |call, scope| add(call, scope, written),
        &[
            example(r#"json_append("{\"a\":[1]}", "a", "x")"#, r#"{"a":[1,"x"]}"#),
            example(r#"json_append("{\"a\":1}", "a", json_array(2, 3))"#, r#"{"a":[1,[2,3]]}"#),
        ],
    ),
    value(
        "json_extend",
        "json_extend(json, path, value, ...)",
        "The same, but of an array its elements are added.",
        3..=MANY,
        |call, scope| add(call, scope, unwrapped),
        &[
            example(r#"json_extend("{\"a\":[1]}", "a", json_array(2, 3))"#, r#"{"a":[1,2,3]}"#),
            example(r#"json_extend("{}", "a", "x")"#, r#"{"a":["x"]}"#),
        ],
    ),
    value(
        "json_delete",
        "json_delete(json, path, ...)",
        "The document without what stands at these paths.",
        2..=MANY,
        delete,
        &[
            example(r#"json_delete("{\"a\":1,\"b\":{\"c\":2}}", "a", "b.c")"#, r#"{"b":{}}"#),
            example(r#"json_delete("{\"a\":1}", "x")"#, r#"{"a":1}"#),
        ],
    ),
    value(
        "json_array_to_mv",
        "json_array_to_mv(array[, quotes])",
        "The elements as a multivalue; strings without quotes, unless `quotes` is true.",
        1..=2,
        array_to_mv,
        &[
            example(r#"json_array_to_mv("[1, \"a\", {\"b\": 2}]")"#, r#"1 | a | {"b":2}"#),
            example(r#"json_array_to_mv("[1, \"a\"]", true())"#, r#"1 | "a""#),
            example("json_array_to_mv(\"{}\")", "null"),
        ],
    ),
    value(
        "mv_to_json_array",
        "mv_to_json_array(values[, infer])",
        "The values as an array of strings; if `infer` is true, those that are JSON as such.",
        1..=2,
        mv_to_array,
        &[
            example("mv_to_json_array(letters)", r#"["a","b","c"]"#),
            example(r#"mv_to_json_array(split("1,x,true", ","), true())"#, r#"[1,"x",true]"#),
            example("mv_to_json_array(missing)", "null"),
        ],
    ),
    boolean(
        "isarray",
        "isarray(value)",
        "Whether it is the text of a JSON array.",
        1..=1,
        |call, scope| Value::Bool(document(call, scope).is_some_and(Document::is_array)),
        &[example("isarray(json_array(1))", "True"), example("isarray(letters)", "False")],
    ),
    boolean(
        "isobject",
        "isobject(value)",
        "Whether it is the text of a JSON object.",
        1..=1,
        |call, scope| Value::Bool(document(call, scope).is_some_and(Document::is_object)),
        &[example("isobject(json_object())", "True"), example("isobject(\"a\")", "False")],
    ),
];

/// How a text is read as a path.
type ReadPath = fn(&[u8]) -> Option<Path>;

fn path(text: &[u8]) -> Option<Path> {
    std::str::from_utf8(text).ok().map(Path::parse)
}

fn name(text: &[u8]) -> Option<Path> {
    Some(Path::exact(text))
}

/// The document that the first argument is.
fn document<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Option<Document<'e>> {
    Document::read(call.text(0, scope)?, scope.env.bump)
}

fn shown(document: Document<'_>) -> Value<'_> {
    Value::Text(document.text())
}

/// Appends what `argument` is in JSON.
fn write(argument: &Expr, scope: &Scope<'_, '_>, out: &mut BumpVec<'_, u8>) {
    let bump = scope.env.bump;
    let operand = argument.operand(scope);
    match operand.value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Value::List(texts) => {
            out.push(b'[');
            for (number, text) in texts.iter().enumerate() {
                out.extend((number > 0).then_some(b','));
                write_text(text, bump, out);
            }
            out.push(b']');
        }
        Value::Text(text) if operand.quoted => write_string(out, text),
        value => write_text(value.text(bump).unwrap_or_default(), bump, out),
    }
}

fn write_text(text: &[u8], bump: &Bump, out: &mut BumpVec<'_, u8>) {
    let container = matches!(text.first(), Some(b'{' | b'['));
    match container.then(|| Document::read(text, bump)).flatten() {
        Some(document) => out.extend_from_slice(document.text()),
        None if is_number(text) => out.extend_from_slice(text),
        None => write_string(out, text),
    }
}

/// Appends the arguments from `first` on, with commas between them.
fn write_all(call: &Call, first: usize, scope: &Scope<'_, '_>, out: &mut BumpVec<'_, u8>) {
    for (number, argument) in call.arguments.iter().skip(first).enumerate() {
        out.extend((number > 0).then_some(b','));
        write(argument, scope, out);
    }
}

/// What `argument` is in JSON.
fn written<'e>(argument: &Expr, scope: &Scope<'_, 'e>) -> &'e [u8] {
    let mut text = BumpVec::new_in(scope.env.bump);
    write(argument, scope, &mut text);
    text.into_bump_slice()
}

/// The same, of an array its elements.
fn unwrapped<'e>(argument: &Expr, scope: &Scope<'_, 'e>) -> &'e [u8] {
    let text = written(argument, scope);
    text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).unwrap_or(text)
}

fn object<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let mut text = BumpVec::new_in(scope.env.bump);
    text.push(b'{');
    for (number, member) in call.arguments.chunks(2).enumerate() {
        let [name, value] = member else { return Value::Null };
        let Some(name) = name.value(scope).text(scope.env.bump) else { return Value::Null };
        text.extend((number > 0).then_some(b','));
        write_string(&mut text, name);
        text.push(b':');
        write(value, scope, &mut text);
    }
    text.push(b'}');
    Value::Text(text.into_bump_slice())
}

fn extract<'e>(call: &Call, scope: &Scope<'_, 'e>, read: ReadPath) -> Value<'e> {
    let bump = scope.env.bump;
    let Some(document) = document(call, scope) else { return Value::Null };
    let places = 1..call.arguments.len();
    let found = places.map(|index| at(document, read(call.text(index, scope)?)?, bump));
    let found = BumpVec::from_iter_in(found, bump);
    match &found[..] {
        [] => shown(document),
        [None | Some(b"null")] => Value::Null,
        [Some(one)] => Value::Text(Document::decoded(one, bump)),
        several => Value::Text(array(several.iter().map(|found| found.unwrap_or(b"null")), bump)),
    }
}

/// What stands at a path; of several places an array.
fn at<'e>(document: Document<'e>, path: Path, bump: &'e Bump) -> Option<&'e [u8]> {
    let found = document.at(&path, bump);
    match path.is_plural() && !found.is_empty() {
        true => Some(array(found.iter().copied(), bump)),
        false => found.first().copied(),
    }
}

/// An array of values that are written already.
fn array<'e>(values: impl Iterator<Item = &'e [u8]>, bump: &'e Bump) -> &'e [u8] {
    let mut text = BumpVec::new_in(bump);
    text.push(b'[');
    for (number, value) in values.enumerate() {
        text.extend((number > 0).then_some(b','));
        text.extend_from_slice(value);
    }
    text.push(b']');
    text.into_bump_slice()
}

/// The keys, in quotes, and the values of the object that the first argument is.
fn members<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Option<BumpVec<'e, (&'e [u8], &'e [u8])>> {
    let bump = scope.env.bump;
    let object = document(call, scope).filter(|document| document.is_object())?;
    let mut members = BumpVec::new_in(bump);
    object.visit(|key, value| members.push((key.unwrap_or_default(), value)));
    for (key, _) in &mut members {
        let quoted = [b"\"", *key, b"\""];
        *key = bump.alloc_slice_copy(&quoted.concat());
    }
    Some(members)
}

fn keys<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    members(call, scope).map_or(Value::Null, |members| {
        Value::Text(array(members.iter().map(|(key, _)| *key), scope.env.bump))
    })
}

fn entries<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let bump = scope.env.bump;
    members(call, scope).map_or(Value::Null, |members| {
        let entries = members.iter().map(|(key, value)| {
            let parts: [&[u8]; 5] = [b"{\"key\":", key, b",\"value\":", value, b"}"];
            &*bump.alloc_slice_copy(&parts.concat())
        });
        Value::Text(array(entries, bump))
    })
}

fn has_keys(call: &Call, scope: &Scope<'_, '_>) -> Value<'static> {
    let bump = scope.env.bump;
    let Some(object) = document(call, scope).filter(|it| it.is_object()) else {
        return Value::Null;
    };
    let has = |index| {
        let name = call.text(index, scope);
        name.is_some_and(|name| !object.at(&Path::exact(name), bump).is_empty())
    };
    Value::Bool((1..call.arguments.len()).all(has))
}

/// Changes the document by each pair of a path and a value.
fn change<'e>(
    call: &Call,
    scope: &Scope<'_, 'e>,
    read: ReadPath,
    step: impl Fn(Document<'e>, &Path, &Expr) -> Document<'e>,
) -> Value<'e> {
    let Some(mut document) = document(call, scope) else { return Value::Null };
    for pair in call.arguments[1..].chunks(2) {
        let [path, value] = pair else { return Value::Null };
        let Some(path) = path.value(scope).text(scope.env.bump).and_then(read) else {
            return Value::Null;
        };
        document = step(document, &path, value);
    }
    shown(document)
}

fn set<'e>(call: &Call, scope: &Scope<'_, 'e>, read: ReadPath) -> Value<'e> {
    let bump = scope.env.bump;
    change(call, scope, read, |document, path, value| {
        document.with(path, written(value, scope), bump)
    })
}

/// Adds what `values` gives of each argument to the arrays at the paths.
fn add<'e>(
    call: &Call,
    scope: &Scope<'_, 'e>,
    values: for<'v> fn(&Expr, &Scope<'v, 'e>) -> &'e [u8],
) -> Value<'e> {
    let bump = scope.env.bump;
    change(call, scope, path, |document, path, value| match values(value, scope) {
        b"" => document,
        values => document.with_more(path, values, bump),
    })
}

fn delete<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let bump = scope.env.bump;
    let Some(document) = document(call, scope) else { return Value::Null };
    let paths = (1..call.arguments.len()).map(|index| path(call.text(index, scope)?));
    let without = paths.flatten().fold(document, |document, path| document.without(&path, bump));
    shown(without)
}

fn is_on(call: &Call, index: usize, scope: &Scope<'_, '_>) -> bool {
    matches!(call.argument(index, scope), Value::Bool(true))
}

fn array_to_mv<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let bump = scope.env.bump;
    let Some(array) = document(call, scope).filter(|it| it.is_array()) else { return Value::Null };
    let (keeps_quotes, mut texts) = (is_on(call, 1, scope), BumpVec::new_in(bump));
    array.visit(|_, value| {
        texts.push(if keeps_quotes { value } else { Document::decoded(value, bump) });
    });
    Value::from_list(texts.into_bump_slice())
}

fn mv_to_array<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let bump = scope.env.bump;
    let infers = is_on(call, 1, scope);
    let quoted = |text: &'e [u8]| match infers.then(|| Document::read(text, bump)).flatten() {
        Some(document) => document.text(),
        None => {
            let mut string = BumpVec::new_in(bump);
            write_string(&mut string, text);
            string.into_bump_slice()
        }
    };
    match call.argument(0, scope).texts(bump) {
        [] => Value::Null,
        texts => Value::Text(array(texts.iter().map(|text| quoted(text)), bump)),
    }
}

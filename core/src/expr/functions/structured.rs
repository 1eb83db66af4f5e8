//! Functions of texts that have a structure of their own.

use super::{Function, example, value};
use crate::{
    event::json,
    expr::program::{Call, Scope},
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[value(
    "spath",
    "spath(json, path)",
    "What stands at a path of a JSON text: `a.b{0}.c`, with `{}` for every element.",
    2..=2,
    spath,
    &[
        example(r#"spath("{\"a\":{\"b\":[1,\"x\"]}}", "a.b{}")"#, "1 | x"),
        example(r#"spath("{\"a\":{\"b\":[1,\"x\"]}}", "a.b{1}")"#, "x"),
        example(r#"spath("{\"a\":{\"b\":[1,\"x\"]}}", "a")"#, r#"{"b":[1,"x"]}"#),
        example(r#"spath("{\"a\":1}", "b")"#, "null"),
    ],
)];

fn spath<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    match (call.text(0, scope), call.text(1, scope)) {
        (Some(text), Some(path)) => json::at_path(text, path, scope.env.bump),
        _ => Value::Null,
    }
}

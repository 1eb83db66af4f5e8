//! Functions that ask what a value is.

use super::{Function, boolean, example, value};
use crate::{
    expr::program::{Call, Expr, Scope},
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    boolean(
        "isnull",
        "isnull(value)",
        "Whether there is no value.",
        1..=1,
        |call, scope| Value::Bool(call.argument(0, scope).is_null()),
        &[example("isnull(missing)", "True"), example("isnull(\"\")", "False")],
    ),
    boolean(
        "isnotnull",
        "isnotnull(value)",
        "Whether there is a value; an empty text is one.",
        1..=1,
        |call, scope| Value::Bool(!call.argument(0, scope).is_null()),
        &[example("isnotnull(missing)", "False"), example("isnotnull(\"\")", "True")],
    ),
    boolean(
        "isnum",
        "isnum(value)",
        "Whether it is a number, or a field whose text reads as one.",
        1..=1,
        |call, scope| is(call, scope, |kind| matches!(kind, Type::Number(_))),
        &[
            example("isnum(1.5)", "True"),
            example("isnum(\"1.5\")", "False"),
            example("isnum(substr(\"15\", 1))", "True"),
        ],
    ),
    boolean(
        "isint",
        "isint(value)",
        "Whether it is a whole number.",
        1..=1,
        |call, scope| is(call, scope, is_integer),
        &[example("isint(15)", "True"), example("isint(1.5)", "False")],
    ),
    boolean(
        "isstr",
        "isstr(value)",
        "Whether it is a text that is no number.",
        1..=1,
        |call, scope| is(call, scope, |kind| matches!(kind, Type::Text)),
        &[
            example("isstr(\"1.5\")", "True"),
            example("isstr(1.5)", "False"),
            example("isstr(missing)", "False"),
        ],
    ),
    boolean(
        "isbool",
        "isbool(value)",
        "Whether it is a yes or no.",
        1..=1,
        |call, scope| is(call, scope, |kind| matches!(kind, Type::Boolean)),
        &[example("isbool(1=1)", "True"), example("isbool(1)", "False")],
    ),
    boolean(
        "isdouble",
        "isdouble(value)",
        "Whether it is a number that is not whole.",
        1..=1,
        |call, scope| is(call, scope, |kind| matches!(kind, Type::Number(_)) && !is_integer(kind)),
        &[example("isdouble(1.5)", "True"), example("isdouble(15)", "False")],
    ),
    boolean(
        "ismv",
        "ismv(value)",
        "Whether it holds several values.",
        1..=1,
        |call, scope| Value::Bool(matches!(call.argument(0, scope), Value::List(_))),
        &[example("ismv(split(\"a,b\", \",\"))", "True"), example("ismv(\"a\")", "False")],
    ),
    value(
        "typeof",
        "typeof(value)",
        "`Number`, `String`, `Boolean`, or `Invalid` for null.",
        1..=1,
        type_name,
        &[
            example("typeof(12)", "Number"),
            example("typeof(\"12\")", "String"),
            example("typeof(1=2)", "Boolean"),
            example("typeof(missing)", "Invalid"),
        ],
    ),
];

/// What a value counts as.
enum Type {
    Null,
    Boolean,
    Number(f64),
    Text,
}

fn type_of(call: &Call, scope: &Scope<'_, '_>) -> Type {
    let Some(argument) = call.arguments.first() else { return Type::Null };
    let operand = Expr::operand(argument, scope);
    match operand.value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Boolean,
        value if operand.quoted || value.number().is_none() => Type::Text,
        value => Type::Number(value.number().unwrap_or_default()),
    }
}

fn is(call: &Call, scope: &Scope<'_, '_>, test: impl FnOnce(Type) -> bool) -> Value<'static> {
    Value::Bool(test(type_of(call, scope)))
}

fn is_integer(kind: Type) -> bool {
    matches!(kind, Type::Number(number) if number.trunc() == number)
}

fn type_name<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    Value::Text(match type_of(call, scope) {
        Type::Null => b"Invalid",
        Type::Boolean => b"Boolean",
        Type::Number(_) => b"Number",
        Type::Text => b"String",
    })
}

//! Functions of several values. A single value is a multivalue of one; null is a multivalue of none.

use bumpalo::{Bump, collections::Vec as BumpVec};
use memchr::memmem;

use super::{
    Body, Function, Kind, MANY, Refusal, Tests, example, is_match, prepare_regex, text::count,
    value,
};
use crate::{
    expr::{
        compare::append,
        number,
        program::{Call, Expr, Prepared, Scope},
        regex::RegexIds,
    },
    ids::FieldId,
    row::{Fields, Rank},
    value::Value,
};

/// How many values `mvrange` makes at most.
const MAX_RANGE: f64 = 65_536.0;

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "mvappend",
        "mvappend(value, ...)",
        "All values of all arguments; nulls are left out.",
        1..=MANY,
        mvappend,
        &[
            example("mvappend(\"a\", missing, \"b\")", "a | b"),
            example("mvappend(split(\"a,b\", \",\"), 3)", "a | b | 3"),
            example("mvappend(missing)", "null"),
        ],
    ),
    value(
        "mvcount",
        "mvcount(values)",
        "How many values there are; null for none.",
        1..=1,
        mvcount,
        &[
            example("mvcount(split(\"a,b,c\", \",\"))", "3"),
            example("mvcount(\"a\")", "1"),
            example("mvcount(missing)", "null"),
        ],
    ),
    value(
        "mvdedup",
        "mvdedup(values)",
        "The first of each of several equal values, in their order.",
        1..=1,
        mvdedup,
        &[example("mvdedup(split(\"b,a,b\", \",\"))", "b | a"), example("mvdedup(\"a\")", "a")],
    ),
    Function {
        name: "mvfilter",
        usage: "mvfilter(condition)",
        about: "The values of the one field in the condition for which it holds.",
        arguments: 1..=1,
        tests: Tests::First,
        kind: Kind::Value,
        body: Body::Compute(mvfilter),
        prepare: Some(prepare_mvfilter),
        examples: &[
            example("mvfilter(match(letters, \"[ac]\"))", "a | c"),
            example("mvfilter(letters > \"x\")", "null"),
        ],
    },
    Function {
        name: "mvfind",
        usage: "mvfind(values, regex)",
        about: "The index, from 0, of the first value that matches.",
        arguments: 2..=2,
        tests: Tests::None,
        kind: Kind::Value,
        body: Body::Compute(mvfind),
        prepare: Some(|arguments, ids| prepare_regex(arguments, 1, ids)),
        examples: &[
            example(r#"mvfind(split("ok,err12,err13", ","), "err\d+")"#, "1"),
            example("mvfind(\"ok\", \"err\")", "null"),
            example("mvfind(\"ok\", lower(\"(\"))", "null"),
        ],
    },
    value(
        "mvindex",
        "mvindex(values, first[, last])",
        "One value by its index from 0, or those from one to another; negative ones count from the end.",
        2..=3,
        mvindex,
        &[
            example("mvindex(split(\"a,b,c\", \",\"), 1)", "b"),
            example("mvindex(split(\"a,b,c\", \",\"), -1)", "c"),
            example("mvindex(split(\"a,b,c\", \",\"), 0, 1)", "a | b"),
            example("mvindex(split(\"a,b,c\", \",\"), 9)", "null"),
        ],
    ),
    value(
        "mvjoin",
        "mvjoin(values, delimiter)",
        "All values as one text.",
        2..=2,
        mvjoin,
        &[
            example("mvjoin(mvrange(1, 6), \" OR \")", "1 OR 2 OR 3 OR 4 OR 5"),
            example("mvjoin(missing, \",\")", "null"),
        ],
    ),
    Function {
        name: "mvmap",
        usage: "mvmap(values, expression)",
        about: "What the expression makes of each value; its field stands for that value.",
        arguments: 2..=2,
        tests: Tests::None,
        kind: Kind::Value,
        body: Body::Compute(mvmap),
        prepare: Some(prepare_mvmap),
        examples: &[
            example("mvmap(letters, upper(letters))", "A | B | C"),
            example("mvmap(mvindex(letters, 1, 2), letters.\"!\")", "b! | c!"),
            example("mvmap(letters, if(letters=\"b\", null(), letters))", "a | c"),
        ],
    },
    value(
        "mvrange",
        "mvrange(first, end[, step])",
        "Numbers up to but not including the end, 65,536 at most; the step may be a span of time.",
        2..=3,
        mvrange,
        &[
            example("mvrange(1, 4)", "1 | 2 | 3"),
            example("mvrange(1, 10, 4)", "1 | 5 | 9"),
            example("mvrange(0, 180, \"1m\")", "0 | 60 | 120"),
            example("mvrange(3, 1)", "null"),
        ],
    ),
    value(
        "mvreverse",
        "mvreverse(values)",
        "The values in the opposite order.",
        1..=1,
        mvreverse,
        &[
            example("mvreverse(split(\"a,b,c\", \",\"))", "c | b | a"),
            example("mvreverse(\"a\")", "a"),
        ],
    ),
    value(
        "mvsort",
        "mvsort(values)",
        "The values in the order of their bytes.",
        1..=1,
        mvsort,
        &[
            example("mvsort(split(\"b,10,a,9,B\", \",\"))", "10 | 9 | B | a | b"),
            example("mvsort(missing)", "null"),
        ],
    ),
    value(
        "mvzip",
        "mvzip(left, right[, delimiter])",
        "The values of both in pairs, up to the shorter one; a comma joins them if nothing else is named.",
        2..=3,
        mvzip,
        &[
            example("mvzip(split(\"a,b\", \",\"), split(\"1,2,3\", \",\"))", "a,1 | b,2"),
            example("mvzip(\"a\", \"1\", \"-\")", "a-1"),
        ],
    ),
    value(
        "split",
        "split(text, delimiter)",
        "The pieces between delimiters; its characters where the delimiter is empty.",
        2..=2,
        split,
        &[
            example("split(\"1a2b3c4def567890\", \"def\")", "1a2b3c4 | 567890"),
            example("split(\"abé\", \"\")", "a | b | é"),
            example("split(\"a;;b\", \";\")", "a |  | b"),
            example("split(\"a\", \";\")", "a"),
        ],
    ),
];

/// The texts of argument `index`.
fn texts<'e>(call: &Call, index: usize, scope: &Scope<'_, 'e>) -> &'e [&'e [u8]] {
    call.argument(index, scope).texts(scope.env.bump)
}

fn mvappend<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let mut values = BumpVec::new_in(scope.env.bump);
    for index in 0..call.arguments.len() {
        values.extend_from_slice(texts(call, index, scope));
    }
    Value::from_list(values.into_bump_slice())
}

fn mvcount<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    match call.argument(0, scope).count() {
        0 => Value::Null,
        values => count(values),
    }
}

/// Sorts places by text, so that hostile values cost no more than others, and keeps the first place of each text.
fn mvdedup<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (values, bump) = (texts(call, 0, scope), scope.env.bump);
    let mut places = BumpVec::from_iter_in(0..values.len(), bump);
    places.sort_unstable_by_key(|&place| (values[place], place));
    places.dedup_by_key(|place| values[*place]);
    places.sort_unstable();
    Value::from_list(bump.alloc_slice_fill_iter(places.iter().map(|&place| values[place])))
}

/// Fields of which one stands for each value of a multivalue in turn.
struct Element<'a, 'e> {
    fields: &'a dyn Fields<'e>,
    field: FieldId,
    text: &'e [u8],
}

impl<'e> Fields<'e> for Element<'_, 'e> {
    fn get(&self, field: FieldId) -> Value<'e> {
        if field == self.field { Value::Text(self.text) } else { self.fields.get(field) }
    }

    fn rank(&self) -> Rank {
        self.fields.rank()
    }
}

fn mvfilter<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (Prepared::Element(field), [test]) = (&call.prepared, &*call.arguments) else {
        return Value::Null;
    };
    let (field, fields, env) = (*field, scope.fields, scope.env);
    let mut kept = BumpVec::new_in(env.bump);
    for text in fields.get(field).texts(env.bump) {
        let element = Element { fields, field, text };
        if test.test(&Scope { fields: &element, env }) == Some(true) {
            kept.push(*text);
        }
    }
    Value::from_list(kept.into_bump_slice())
}

fn mvmap<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (Prepared::Element(field), [values, change]) = (&call.prepared, &*call.arguments) else {
        return Value::Null;
    };
    let (field, fields, env) = (*field, scope.fields, scope.env);
    let mut changed = BumpVec::new_in(env.bump);
    for text in values.value(scope).texts(env.bump) {
        let element = Element { fields, field, text };
        changed.extend_from_slice(change.value(&Scope { fields: &element, env }).texts(env.bump));
    }
    Value::from_list(changed.into_bump_slice())
}

fn prepare_mvfilter(arguments: &[Expr], _: &mut RegexIds) -> Result<Prepared, Refusal> {
    prepare_element(arguments, "`mvfilter` filters the values of one field: name exactly one here")
}

fn prepare_mvmap(arguments: &[Expr], _: &mut RegexIds) -> Result<Prepared, Refusal> {
    prepare_element(
        arguments,
        "`mvmap` goes through the values of one field: name exactly one here",
    )
}

/// The one field that the first argument reads.
fn prepare_element(arguments: &[Expr], otherwise: &str) -> Result<Prepared, Refusal> {
    let mut fields = Vec::new();
    if let Some(first) = arguments.first() {
        first.for_each_field(&mut |field| fields.push(field));
    }
    fields.sort_unstable();
    fields.dedup();
    match *fields {
        [field] => Ok(Prepared::Element(field)),
        _ => Err(Refusal::argument(0, otherwise)),
    }
}

fn mvfind<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let matching = |text: &&[u8]| is_match(call, 1, Value::Text(text), scope) == Value::Bool(true);
    texts(call, 0, scope).iter().position(matching).map_or(Value::Null, count)
}

fn mvindex<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let values = texts(call, 0, scope);
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let place = |index: i64| if index < 0 { index + length } else { index };
    let Some(first) = call.integer(1, scope).map(place) else { return Value::Null };
    let (first, last) = match (call.arguments.len(), call.integer(2, scope).map(place)) {
        (2, _) => (first, first),
        (_, Some(last)) => (first.max(0), last),
        (_, None) => return Value::Null,
    };
    let (Ok(first), Ok(end)) = (usize::try_from(first), usize::try_from(last.min(length - 1) + 1))
    else {
        return Value::Null;
    };
    Value::from_list(values.get(first..end).unwrap_or_default())
}

fn mvjoin<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let values = texts(call, 0, scope);
    let Some(delimiter) = call.text(1, scope).filter(|_| !values.is_empty()) else {
        return Value::Null;
    };
    let mut text = BumpVec::new_in(scope.env.bump);
    for (place, value) in values.iter().enumerate() {
        let fits = (place == 0 || append(&mut text, delimiter)) && append(&mut text, value);
        if !fits {
            return Value::Null;
        }
    }
    Value::Text(text.into_bump_slice())
}

/// From the first number up to, and without, the second. Null rather than more than [`MAX_RANGE`] values.
fn mvrange<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (Some(start), Some(end)) = (call.number(0, scope), call.number(1, scope)) else {
        return Value::Null;
    };
    let step = if call.arguments.len() == 2 { Some(1.0) } else { step(call.argument(2, scope)) };
    let Some(step) = step.filter(|step| *step != 0.0) else { return Value::Null };
    let count = ((end - start) / step).ceil();
    if !(1.0..=MAX_RANGE).contains(&count) {
        return Value::Null;
    }
    let mut values = BumpVec::new_in(scope.env.bump);
    for place in (0_u32..).map(f64::from).take_while(|place| *place < count) {
        values.push(number::print(start + place * step, scope.env.bump));
    }
    Value::from_list(values.into_bump_slice())
}

/// A step of `mvrange`: a number, or a span of time such as `7d`, in seconds.
fn step(value: Value<'_>) -> Option<f64> {
    let Value::Text(text) = value else { return value.number() };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit = match &text[digits..] {
        b"" => return value.number(),
        b"s" | b"sec" | b"secs" | b"second" | b"seconds" => 1.0,
        b"m" | b"min" | b"mins" | b"minute" | b"minutes" => 60.0,
        b"h" | b"hr" | b"hrs" | b"hour" | b"hours" => 3600.0,
        b"d" | b"day" | b"days" => 86_400.0,
        b"w" | b"week" | b"weeks" => 604_800.0,
        _ => return value.number(),
    };
    Some(number::parse(&text[..digits])? * unit)
}

fn mvreverse<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let values = texts(call, 0, scope);
    Value::from_list(scope.env.bump.alloc_slice_fill_iter(values.iter().rev().copied()))
}

fn mvsort<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let values = scope.env.bump.alloc_slice_copy(texts(call, 0, scope));
    values.sort_unstable();
    Value::from_list(values)
}

fn mvzip<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let bump = scope.env.bump;
    let delimiter =
        if call.arguments.len() == 2 { Some(b",".as_slice()) } else { call.text(2, scope) };
    let Some(delimiter) = delimiter else { return Value::Null };
    let pairs = texts(call, 0, scope).iter().zip(texts(call, 1, scope));
    let zipped = BumpVec::from_iter_in(
        pairs.map(|(left, right)| concat([left, delimiter, right], bump)),
        bump,
    );
    Value::from_list(zipped.into_bump_slice())
}

fn concat<'e>(pieces: [&[u8]; 3], bump: &'e Bump) -> &'e [u8] {
    let mut text = BumpVec::with_capacity_in(pieces.iter().map(|piece| piece.len()).sum(), bump);
    pieces.iter().for_each(|piece| text.extend_from_slice(piece));
    text.into_bump_slice()
}

/// At every occurrence of a literal delimiter; between characters where that is empty. Empty pieces are kept.
fn split<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (Some(text), Some(delimiter)) = (call.text(0, scope), call.text(1, scope)) else {
        return Value::Null;
    };
    let mut pieces = BumpVec::new_in(scope.env.bump);
    let mut start = 0;
    if delimiter.is_empty() {
        for end in (1..text.len()).filter(|&at| !(0x80..0xC0).contains(&text[at])) {
            pieces.push(&text[start..end]);
            start = end;
        }
    } else {
        for end in memmem::find_iter(text, delimiter) {
            pieces.push(&text[start..end]);
            start = end + delimiter.len();
        }
    }
    pieces.push(&text[start..]);
    Value::from_list(pieces.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{Table, evaluate};

    #[test]
    fn indexes_count_from_either_end() {
        let fields: Table = &[("f", &["a", "b", "c", "d"])];
        let cases = [
            ("mvindex(f, -4)", "a"),
            ("mvindex(f, -5)", "null"),
            ("mvindex(f, 1, -1)", "b | c | d"),
            ("mvindex(f, -2, -1)", "c | d"),
            ("mvindex(f, 2, 99)", "c | d"),
            ("mvindex(f, 3, 1)", "null"),
            ("mvindex(f, 4, 9)", "null"),
            ("mvindex(f, -9, 0)", "a"),
            ("mvindex(f, \"x\")", "null"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, fields), expected, "{expression}");
        }
    }

    #[test]
    fn the_element_hides_its_field_only() {
        let fields: Table = &[("f", &["1", "2", "3"]), ("t", &["2"])];
        assert_eq!(evaluate("mvmap(mvindex(f, 1, 2), f*t)", fields), "4 | 6");
        assert_eq!(evaluate("mvfilter(f >= 2) . \"\"", fields), "null");
        assert_eq!(evaluate("mvfilter(f >= 3) . \"!\"", fields), "3!");
        assert_eq!(evaluate("mvmap(t, mvcount(f) + t)", fields), "5");
        assert_eq!(evaluate("mvmap(f, split(f.\"-\", \"-\"))", fields), "1 |  | 2 |  | 3 | ");
    }

    #[test]
    fn ranges_are_bounded() {
        for range in
            ["mvrange(0, 1e9)", "mvrange(0, 10, 0)", "mvrange(0, 10, -1)", "mvrange(0, 1, 1e-300)"]
        {
            assert_eq!(evaluate(range, &[]), "null", "{range}");
        }
        assert_eq!(evaluate("mvcount(mvrange(0, 65536))", &[]), "65536");
        assert_eq!(evaluate("mvrange(3, 0, -1)", &[]), "3 | 2 | 1");
    }

    #[test]
    fn many_values_are_sorted_and_deduplicated_quickly() {
        let texts: Vec<String> =
            (0..200_000).map(|number| format!("a{}", number % 100_000)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(evaluate("mvcount(mvdedup(f))", &[("f", &texts)]), "100000");
    }
}

//! Functions of one text. A multivalue has no single text, so they give null for it; `lower` and `upper` take each value.

use bumpalo::{Bump, collections::Vec as BumpVec};

use super::{Body, Function, Kind, Refusal, Tests, example, value};
use crate::{
    expr::{
        capture::{DataFinder, Finder},
        program::{Call, Expr, Prepared, Scope},
        regex::RegexIds,
        substitute::replace_all,
    },
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    value(
        "len",
        "len(text)",
        "The number of characters.",
        1..=1,
        len,
        &[
            example("len(\"buttercup\")", "9"),
            example("len(\"café\")", "4"),
            example("len(split(\"a,b\", \",\"))", "null"),
        ],
    ),
    value(
        "lower",
        "lower(text)",
        "In lower case, each value of a multivalue.",
        1..=1,
        |call, scope| each(call, scope, lower),
        &[example("lower(\"AbÉ\")", "abé"), example("lower(split(\"A,B\", \",\"))", "a | b")],
    ),
    value(
        "upper",
        "upper(text)",
        "In upper case, each value of a multivalue.",
        1..=1,
        |call, scope| each(call, scope, upper),
        &[example("upper(\"abé\")", "ABÉ"), example("upper(missing)", "null")],
    ),
    value(
        "trim",
        "trim(text[, characters])",
        "Without the characters at either end; spaces and tabs if none are named.",
        1..=2,
        |call, scope| trim(call, scope, Ends::Both),
        &[
            example("trim(\"  a b  \")", "a b"),
            example("trim(\"   ZZZZabcZZ \", \" Z\")", "abc"),
            example("trim(\"éaé\", \"é\")", "a"),
        ],
    ),
    value(
        "ltrim",
        "ltrim(text[, characters])",
        "Without the characters at the start.",
        1..=2,
        |call, scope| trim(call, scope, Ends::Left),
        &[example("ltrim(\" a \")", "a "), example("ltrim(\"   ZZZZabcZZ \", \" Z\")", "abcZZ ")],
    ),
    value(
        "rtrim",
        "rtrim(text[, characters])",
        "Without the characters at the end.",
        1..=2,
        |call, scope| trim(call, scope, Ends::Right),
        &[example("rtrim(\" a \")", " a"), example("rtrim(\" ZZZZabcZZ \", \" Z\")", " ZZZZabc")],
    ),
    value(
        "substr",
        "substr(text, start[, length])",
        "A part by its first character, from 1; a negative start counts from the end.",
        2..=3,
        substr,
        &[
            example("substr(\"hello\", 2, 3)", "ell"),
            example("substr(\"string\", 1, 3) + substr(\"string\", -3)", "string"),
            example("substr(\"café!\", 4)", "é!"),
            example("substr(\"hello\", 9)", ""),
        ],
    ),
    Function {
        name: "replace",
        usage: "replace(text, regex, replacement)",
        about: "With every match replaced; `\\1` in the replacement is a group.",
        arguments: 3..=3,
        tests: Tests::None,
        kind: Kind::Value,
        body: Body::Compute(replace),
        prepare: Some(prepare_finder),
        examples: &[
            example("replace(\"banana\", \"a\", \"-\")", "b-n-n-"),
            example(r#"replace("1/14/2023", "^(\d{1,2})/(\d{1,2})/", "\2/\1/")"#, "14/1/2023"),
            example(r#"replace("C:\a\b", "\\\\", "/")"#, "C:/a/b"),
            example("replace(\"abc\", \".*\", \"x\")", "x"),
            example("replace(\"abc\", lower(\"B\"), \"x\")", "axc"),
        ],
    },
    value(
        "urldecode",
        "urldecode(text)",
        "With `%41` decoded; a `+` stays.",
        1..=1,
        urldecode,
        &[
            example("urldecode(\"a%3A%2f+b\")", "a:/+b"),
            example("urldecode(\"100% %zz %4\")", "100% %zz %4"),
        ],
    ),
];

fn len<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let Some(text) = call.text(0, scope) else { return Value::Null };
    count(char_starts(text).count())
}

/// A count as a number.
pub(super) fn count(count: usize) -> Value<'static> {
    u32::try_from(count).map_or(Value::Null, |count| Value::Number(f64::from(count)))
}

/// Where the characters start. What is not UTF-8 counts by its leading bytes.
fn char_starts(text: &[u8]) -> impl Iterator<Item = usize> {
    text.iter().enumerate().filter(|(_, byte)| !(0x80..0xC0).contains(*byte)).map(|(at, _)| at)
}

fn each<'e>(
    call: &Call,
    scope: &Scope<'_, 'e>,
    change: fn(&'e [u8], &'e Bump) -> &'e [u8],
) -> Value<'e> {
    let bump = scope.env.bump;
    match call.argument(0, scope) {
        Value::List(texts) => {
            Value::List(bump.alloc_slice_fill_iter(texts.iter().map(|text| change(text, bump))))
        }
        one => one.text(bump).map_or(Value::Null, |text| Value::Text(change(text, bump))),
    }
}

fn lower<'e>(text: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    if text.is_ascii() && !text.iter().any(u8::is_ascii_uppercase) {
        return text;
    }
    change_case(text, bump, |character, lower| lower.extend(character.to_lowercase()))
}

fn upper<'e>(text: &'e [u8], bump: &'e Bump) -> &'e [u8] {
    if text.is_ascii() && !text.iter().any(u8::is_ascii_lowercase) {
        return text;
    }
    change_case(text, bump, |character, upper| upper.extend(character.to_uppercase()))
}

/// Changes every character; bytes that are not UTF-8 stay.
fn change_case<'e>(
    text: &[u8],
    bump: &'e Bump,
    change: impl Fn(char, &mut bumpalo::collections::String<'e>),
) -> &'e [u8] {
    let mut changed = BumpVec::with_capacity_in(text.len(), bump);
    for chunk in text.utf8_chunks() {
        let mut valid = bumpalo::collections::String::with_capacity_in(chunk.valid().len(), bump);
        chunk.valid().chars().for_each(|character| change(character, &mut valid));
        changed.extend_from_slice(valid.as_bytes());
        changed.extend_from_slice(chunk.invalid());
    }
    changed.into_bump_slice()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Left,
    Right,
    Both,
}

fn trim<'e>(call: &Call, scope: &Scope<'_, 'e>, ends: Ends) -> Value<'e> {
    let Some(mut text) = call.text(0, scope) else { return Value::Null };
    let set: &[u8] = match call.arguments.len() {
        1 => b" \t",
        _ => match call.text(1, scope) {
            Some(set) => set,
            None => return Value::Null,
        },
    };
    // A set that is not UTF-8 holds its ASCII characters only.
    let members = std::str::from_utf8(set).unwrap_or(" \t");
    while ends != Ends::Right
        && let Some(rest) = members
            .chars()
            .find_map(|member| text.strip_prefix(member.encode_utf8(&mut [0; 4]).as_bytes()))
    {
        text = rest;
    }
    while ends != Ends::Left
        && let Some(rest) = members
            .chars()
            .find_map(|member| text.strip_suffix(member.encode_utf8(&mut [0; 4]).as_bytes()))
    {
        text = rest;
    }
    Value::Text(text)
}

/// As SQLite does it: from one, from the end where negative; a negative length takes what stands before.
fn substr<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (Some(text), Some(start)) = (call.text(0, scope), call.integer(1, scope)) else {
        return Value::Null;
    };
    let characters = i64::try_from(char_starts(text).count()).unwrap_or(i64::MAX);
    let length = match call.arguments.len() {
        2 => i64::MAX / 2,
        _ => match call.integer(2, scope) {
            Some(length) => length,
            None => return Value::Null,
        },
    };
    let from = match start {
        1.. => start - 1,
        0 if length > 0 => -1,
        0 => 0,
        _ => characters + start,
    };
    let (first, last) = if length < 0 { (from + length, from) } else { (from, from + length) };
    Value::Text(characters_between(text, first.max(0), last.min(characters)))
}

/// The characters `first..last` of `text`.
fn characters_between(text: &[u8], first: i64, last: i64) -> &[u8] {
    let (Ok(first), Ok(last)) = (usize::try_from(first), usize::try_from(last)) else { return b"" };
    if first >= last {
        return b"";
    }
    let mut starts = char_starts(text).skip(first);
    let start = starts.next().unwrap_or(text.len());
    let end = starts.nth(last - first - 1).unwrap_or(text.len());
    text.get(start..end).unwrap_or_default()
}

fn prepare_finder(arguments: &[Expr], ids: &mut RegexIds) -> Result<Prepared, Refusal> {
    let Some(pattern) = arguments.get(1).and_then(Expr::quoted) else { return Ok(Prepared::None) };
    Finder::compile(pattern, ids).map(Prepared::Finder).map_err(|error| Refusal::regex(1, error))
}

fn replace<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let (Some(text), Some(template)) = (call.text(0, scope), call.text(2, scope)) else {
        return Value::Null;
    };
    let (bump, caches) = (scope.env.bump, scope.env.caches);
    if let Prepared::Finder(finder) = &call.prepared {
        return replace_all(text, template, bump, |found| {
            finder.for_each(caches, text, bump, found)
        });
    }
    let Some(pattern) = call.text(1, scope) else { return Value::Null };
    replace_all(text, template, bump, |found| {
        let walk = |finder: &mut DataFinder| finder.for_each(text, bump, found);
        caches.data_finder(pattern, walk).is_some_and(|is_complete| is_complete || caches.give_up())
    })
}

/// Decodes `%41`; a `+` stays, and so does a `%` that no two hexadecimal digits follow.
fn urldecode<'e>(call: &Call, scope: &Scope<'_, 'e>) -> Value<'e> {
    let Some(text) = call.text(0, scope) else { return Value::Null };
    let mut decoded = BumpVec::with_capacity_in(text.len(), scope.env.bump);
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        decoded.extend_from_slice(&rest[..at]);
        let byte = rest.get(at + 1..at + 3).and_then(hex_byte);
        decoded.push(byte.unwrap_or(b'%'));
        rest = &rest[at + if byte.is_some() { 3 } else { 1 }..];
    }
    decoded.extend_from_slice(rest);
    Value::Text(decoded.into_bump_slice())
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit =
        |at: usize| char::from(digits[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(0)? << 4 | digit(1)?)
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{evaluate, evaluate_bytes};

    #[test]
    fn substr_counts_as_sqlite_does() {
        let cases = [
            ("substr(\"hello\", 0, 3)", "he"),
            ("substr(\"hello\", 0)", "hello"),
            ("substr(\"hello\", -2)", "lo"),
            ("substr(\"hello\", -9, 6)", "he"),
            ("substr(\"hello\", 4, -2)", "el"),
            ("substr(\"hello\", 2, 0)", ""),
            ("substr(\"hello\", 2, 99)", "ello"),
            ("substr(\"hello\", 1e300)", "null"),
            ("substr(\"hello\", -8999999999999999, 8999999999999999)", "hello"),
            ("substr(\"hello\", -9)", "hello"),
            ("substr(missing, 1)", "null"),
        ];
        for (expression, expected) in cases {
            assert_eq!(evaluate(expression, &[]), expected, "{expression}");
        }
    }

    #[test]
    fn replace_keeps_final_newlines_and_expands_groups() {
        let cases: &[(&str, &str, &str)] = &[
            ("ab\n", r#"replace(f, "b$", "X")"#, "aX\n"),
            ("ab\n", r#"replace(f, "b\s$", "X")"#, "aX"),
            ("ab\n", r#"replace(f, "(.)$", "<\1>")"#, "a<b>\n"),
            ("ab", r#"replace(f, "x*", "-")"#, "-a-b-"),
            ("é", r#"replace(f, "x*", "-")"#, "-é-"),
            ("ab", r#"replace(f, "(a)|(b)", "[\1\2\3]")"#, "[a][b]"),
            ("a", r#"replace(f, "a", "\x\\\\\\")"#, "\\x\\\\"),
            ("C:\\x\\y.exe", r#"replace(f, "^.*\\\\", "")"#, "y.exe"),
            ("abc", r#"replace(f, "z", "y")"#, "abc"),
            ("aaa", r#"replace(f, "a", "")"#, ""),
        ];
        for (field, expression, expected) in cases {
            assert_eq!(
                evaluate(expression, &[("f", &[field])]),
                *expected,
                "{expression} on {field:?}"
            );
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_do_no_harm() {
        let text: &[u8] = b"A\xff\x80\xc3B\xe2\x82";
        for function in [
            "lower(f)",
            "upper(f)",
            "len(f)",
            "trim(f)",
            "substr(f, 2, 3)",
            "replace(f, \".\", \"x\")",
            "urldecode(f)",
        ] {
            assert!(evaluate_bytes(function, text).is_some(), "{function}");
        }
        assert_eq!(evaluate_bytes("lower(f)", text).unwrap(), b"a\xff\x80\xc3b\xe2\x82");
        assert_eq!(evaluate_bytes("replace(f, \"A.\", \"x\")", b"A\xffB").unwrap(), b"xB");
    }

    #[test]
    fn a_walk_that_would_cost_the_square_of_the_text_gives_up() {
        let text = "a".repeat(1 << 20);
        for pattern in ["a.*b|a", "a{5000}b|a"] {
            let expression = format!("replace(f, \"{pattern}\", \"x\")");
            assert_eq!(evaluate(&expression, &[("f", &[&text])]), "null", "{pattern}");
        }
        assert_eq!(
            evaluate("len(replace(f, \"a\", \"x\"))", &[("f", &[&text])]),
            (1 << 20).to_string()
        );
    }
}

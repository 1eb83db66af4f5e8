//! The eval functions: one file for each family, one table entry for each function.
//!
//! An entry holds all that is known of its function: how many arguments it takes, whether it gives a yes or no, what it
//! makes of literal arguments when a rule is compiled, how it is computed, what it is good for, and examples. A test runs
//! these, and the page `docs/functions.md` is made of them.

mod bits;
mod conditional;
mod conversion;
mod figures;
mod hash;
mod informational;
mod json;
mod math;
mod multivalue;
mod printf;
mod random;
mod structured;
mod text;
mod time;

use std::ops::{Range, RangeInclusive};

use bumpalo::Bump;

use super::{
    program::{Call, Expr, Prepared, Scope},
    regex::{Regex, RegexError, RegexIds},
};
use crate::value::Value;

/// An eval function.
#[derive(Debug)]
pub struct Function {
    /// Its name, in lower case. SPL does not regard the case of function names.
    pub name: &'static str,
    /// How it is called, optional arguments in brackets.
    pub usage: &'static str,
    /// What it gives, in a sentence.
    pub about: &'static str,
    /// How many arguments it takes.
    pub arguments: RangeInclusive<usize>,
    /// Which of them must be a yes or no.
    pub tests: Tests,
    /// What it gives.
    pub kind: Kind,
    /// How it is computed.
    pub body: Body,
    /// What it makes of its arguments when the rule is compiled.
    pub prepare: Option<Prepare>,
    /// What it gives, by example.
    pub examples: &'static [Example],
}

/// Which arguments of a function must be a yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tests {
    /// None of them.
    None,
    /// The first.
    First,
    /// The first of each pair.
    Pairs,
}

impl Tests {
    /// Whether argument `index` must be a yes or no.
    #[must_use]
    pub fn holds(self, index: usize) -> bool {
        match self {
            Self::None => false,
            Self::First => index == 0,
            Self::Pairs => index.is_multiple_of(2),
        }
    }
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A yes or no.
    Boolean,
    /// A value that a field can hold.
    Value,
    /// What those arguments give that are no tests.
    Chosen,
}

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// From the values of its arguments.
    Compute(for<'e> fn(&Call, &Scope<'_, 'e>) -> Value<'e>),
    /// As one of its arguments; null if it chooses none.
    Choose(for<'c> fn(&'c Call, &Scope<'_, '_>) -> Option<&'c Expr>),
}

/// Prepares a call of a function from its lowered arguments.
pub type Prepare = fn(&[Expr], &mut RegexIds) -> Result<Prepared, Refusal>;

/// Why a call cannot be prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The argument that is wrong.
    pub argument: usize,
    /// Which bytes of its text, if it is one.
    pub span: Option<Range<usize>>,
    /// What is wrong with it.
    pub message: String,
}

impl Refusal {
    fn regex(argument: usize, error: RegexError) -> Self {
        Self { argument, span: Some(error.offset_span), message: error.message }
    }

    fn argument(argument: usize, message: &str) -> Self {
        Self { argument, span: None, message: message.to_owned() }
    }
}

/// An expression and the value that it has.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The expression, as a rule writes it.
    pub expression: &'static str,
    /// Its value as text: `null`, `True` and `False` stand for themselves, the values of a multivalue are joined by ` | `.
    pub value: &'static str,
}

/// A function that gives a value and prepares nothing: most do.
const fn value(
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    arguments: RangeInclusive<usize>,
    compute: for<'e> fn(&Call, &Scope<'_, 'e>) -> Value<'e>,
    examples: &'static [Example],
) -> Function {
    let (tests, kind, body) = (Tests::None, Kind::Value, Body::Compute(compute));
    Function { name, usage, about, arguments, tests, kind, body, prepare: None, examples }
}

/// A function that gives a yes or no and prepares nothing.
const fn boolean(
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    arguments: RangeInclusive<usize>,
    compute: for<'e> fn(&Call, &Scope<'_, 'e>) -> Value<'e>,
    examples: &'static [Example],
) -> Function {
    let (tests, kind, body) = (Tests::None, Kind::Boolean, Body::Compute(compute));
    Function { name, usage, about, arguments, tests, kind, body, prepare: None, examples }
}

/// As many arguments as one likes.
const MANY: usize = usize::MAX;

/// Shorthand of the tables.
const fn example(expression: &'static str, value: &'static str) -> Example {
    Example { expression, value }
}

/// Functions that belong together.
#[derive(Debug)]
pub struct Family {
    /// What they are about.
    pub title: &'static str,
    /// The tables of its functions.
    pub tables: &'static [&'static [Function]],
}

/// Every function, by family.
pub const FAMILIES: &[Family] = &[
    Family { title: "Comparison and conditions", tables: &[conditional::FUNCTIONS] },
    Family {
        title: "Text",
        tables: &[text::FUNCTIONS, printf::FUNCTIONS, structured::FUNCTIONS, hash::FUNCTIONS],
    },
    Family { title: "JSON", tables: &[json::FUNCTIONS] },
    Family { title: "Kinds of values", tables: &[informational::FUNCTIONS, conversion::FUNCTIONS] },
    Family { title: "Multivalues", tables: &[multivalue::FUNCTIONS] },
    Family {
        title: "Numbers",
        tables: &[math::FUNCTIONS, figures::FUNCTIONS, bits::FUNCTIONS, random::FUNCTIONS],
    },
    Family { title: "Time", tables: &[time::FUNCTIONS] },
];

/// Every function.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(Family::functions)
}

impl Family {
    /// Its functions.
    pub fn functions(&self) -> impl Iterator<Item = &'static Function> {
        self.tables.iter().copied().flatten()
    }
}

/// Functions of Splunk that caltrop does not run yet.
pub const UNSUPPORTED: &[&str] =
    &["cluster", "commands", "getfields", "lookup", "toarray", "toobject"];

/// The function of that name, in whatever case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// Whether one of the texts of `value` passes; null if there is none, or if `test` cannot tell.
fn any(
    value: Value<'_>,
    bump: &Bump,
    mut test: impl FnMut(&[u8]) -> Option<bool>,
) -> Value<'static> {
    let mut result = Value::Null;
    let mut look = |text: &[u8]| {
        let truth = test(text);
        result = truth.map_or(Value::Null, Value::Bool);
        truth == Some(true)
    };
    match value {
        Value::List(texts) => {
            texts.iter().any(|text| look(text));
        }
        one => {
            one.text(bump).map(look);
        }
    }
    result
}

/// Looks for a regex: the prepared one, or the one that argument `index` holds.
fn is_match(call: &Call, index: usize, value: Value<'_>, scope: &Scope<'_, '_>) -> Value<'static> {
    let caches = scope.env.caches;
    if let Prepared::Regex(regex) = &call.prepared {
        return any(value, scope.env.bump, |text| Some(regex.is_match(caches, text)));
    }
    let Some(pattern) = call.text(index, scope) else { return Value::Null };
    any(value, scope.env.bump, |text| caches.is_match(pattern, text))
}

/// Compiles the regex that argument `index` spells out, if it does.
fn prepare_regex(
    arguments: &[Expr],
    index: usize,
    ids: &mut RegexIds,
) -> Result<Prepared, Refusal> {
    let Some(pattern) = arguments.get(index).and_then(Expr::quoted) else {
        return Ok(Prepared::None);
    };
    Regex::compile(pattern, ids).map(Prepared::Regex).map_err(|error| Refusal::regex(index, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing;

    #[test]
    fn every_example_holds() {
        for example in all().flat_map(|function| function.examples) {
            assert_eq!(
                testing::evaluate(example.expression, &[]),
                example.value,
                "{}",
                example.expression
            );
        }
    }

    #[test]
    fn every_function_has_two_examples_that_call_it() {
        for function in all() {
            let calling =
                |example: &&Example| example.expression.contains(&format!("{}(", function.name));
            assert!(function.examples.iter().filter(calling).count() >= 2, "{}", function.name);
        }
    }

    #[test]
    fn a_usage_calls_its_function_with_as_many_arguments_as_it_takes() {
        for function in all() {
            let usage = function.usage.strip_prefix(function.name).expect(function.name);
            let inside = usage.strip_prefix('(').and_then(|usage| usage.strip_suffix(')'));
            let (required, optional) =
                inside.unwrap().split_once('[').unwrap_or((inside.unwrap(), ""));
            let count = |text: &str| text.split(", ").filter(|text| !text.is_empty()).count();
            let most = match inside {
                Some(inside) if inside.ends_with("...") => MANY,
                _ => count(required) + count(optional.trim_start_matches(", ")),
            };
            assert_eq!(*function.arguments.end(), most, "{}", function.usage);
            if most != MANY {
                assert_eq!(*function.arguments.start(), count(required), "{}", function.usage);
            }
            assert!(function.about.ends_with('.'), "{}", function.name);
        }
    }

    #[test]
    fn names_are_in_lower_case_and_used_once() {
        let mut names: Vec<&str> =
            all().map(|function| function.name).chain(UNSUPPORTED.iter().copied()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| !byte.is_ascii_uppercase())));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_function_is_found_in_any_case() {
        assert_eq!(find("IsNotNull").map(|function| function.name), Some("isnotnull"));
        assert!(find("nosuch").is_none());
    }
}

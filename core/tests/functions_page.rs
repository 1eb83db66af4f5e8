//! The page of the eval functions says what their tables say: `docs/functions.md` is made of them.
//!
//! `CALTROP_BLESS=1` writes the page; the diff is the review.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fmt::Write;

use caltrop_core::expr::functions::{self, Function};

const INTRODUCTION: &str = "# Functions of eval

What `eval`, `where` and the `eval(...)` of `stats` can call. Made from the tables of the functions by a test, which also runs
every example; do not write here.

An argument in brackets may be left out. In a result, `|` stands between the values of a multivalue. `now()` is
1700000000 in the examples, the zone is UTC, and there is one field, `letters`, with the values `a`, `b` and `c`; any other,
such as `missing`, is absent. `searchmatch(\"search\")` says whether the row passes a search, by the rules of `search`.

Null spreads: what is computed of no value is no value, unless the function says otherwise. Functions of one text give null for
several.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for family in functions::FAMILIES {
        let _ = write!(page, "\n## {}\n", family.title);
        family.functions().for_each(|function| write_function(function, &mut page));
    }
    let unsupported: Vec<_> =
        functions::UNSUPPORTED.iter().map(|name| format!("`{name}`")).collect();
    let _ = write!(
        page,
        "\n## Not yet\n\nFunctions of Splunk that are refused by name: {}.\n",
        unsupported.join(", ")
    );
    page
}

fn write_function(function: &Function, page: &mut String) {
    let Function { name, usage, about, examples, .. } = function;
    let _ = write!(page, "\n### {name}\n\n`{usage}`: {}\n\n", lower_first(about));
    let _ = write!(page, "| example | result |\n| --- | --- |\n");
    for example in *examples {
        let _ = writeln!(page, "| {} | {} |", code(example.expression), code(example.value));
    }
}

/// A sentence that goes on after a colon.
fn lower_first(about: &str) -> String {
    let mut letters = about.chars();
    let first = letters.next().unwrap().to_ascii_lowercase();
    let second = letters.clone().next();
    // `IPv4`, `MD5`: a word in capitals keeps them.
    match second.is_some_and(char::is_uppercase) {
        true => about.to_owned(),
        false => std::iter::once(first).chain(letters).collect(),
    }
}

fn code(text: &str) -> String {
    match text {
        "" => "(empty)".to_owned(),
        text => format!("`{}`", text.replace('|', "\\|")),
    }
}

#[test]
fn the_page_is_current() {
    common::assert_page("functions.md", &page());
}

//! The page of the functions of `stats` says what their reference says, and that is true: `docs/stats.md` is made of it, and its
//! examples are run.
//!
//! `CALTROP_BLESS=1` writes the page; the diff is the review.

mod common;

use std::fmt::Write;

use caltrop_core::{
    agg::reference::{self, Example, Reference},
    config::{Input, Options},
};
use serde_json::{Map, Value, json};

const INTRODUCTION: &str = "# Functions of stats

What `stats` and its relatives can compute. Made from the reference of the functions by a test, which also runs every example; do
not write here.

Each value of a multivalue counts on its own, an absent field not at all; a group in which a function has nothing to compute
with has no such column, but `count` and `dc` are 0. What does not go by order gives the same however the input is split and merged, to
the last bit. In the examples rows stand newest first, as in a search, and `|` stands between the values of a multivalue.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for Reference { names, about, examples } in reference::FUNCTIONS {
        let names: Vec<_> = names.iter().map(|name| code(name)).collect();
        let _ = write!(page, "\n## {}\n\n{about}\n\n", names.join(", "));
        let _ = write!(page, "| aggregate | rows | result |\n| --- | --- | --- |\n");
        for Example { aggregate, rows, result } in *examples {
            let rows: Vec<_> = rows.iter().map(|row| code(row)).collect();
            let _ =
                writeln!(page, "| {} | {} | {} |", code(aggregate), rows.join(", "), code(result));
        }
    }
    page
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

#[test]
fn the_page_is_current() {
    common::assert_page("stats.md", &page());
}

/// The row that `x=1 y=a|b` writes.
fn row(text: &str) -> Value {
    let field = |field: &str| {
        let (name, value) = field.split_once('=').expect("a name and a value");
        let values: Vec<_> = value.split('|').collect();
        let value = match (name, &values[..]) {
            ("_time", [time]) => json!(time.parse::<u64>().expect("a time")),
            (_, [one]) => json!(one),
            (_, several) => json!(several),
        };
        (name.to_owned(), value)
    };
    Value::Object(text.split(' ').map(field).collect::<Map<_, _>>())
}

#[test]
fn every_example_holds() {
    let options = Options { input: Input::Rows, ..Options::default() };
    for Example { aggregate, rows, result } in
        reference::FUNCTIONS.iter().flat_map(|function| function.examples)
    {
        let rules = common::searches(&[format!("* | stats {aggregate}")]);
        let rows: Vec<_> = rows.iter().map(|text| row(text).to_string()).collect();
        let outcome = common::run(&rules, &options, rows.iter().map(|row| row.as_bytes()));
        let [alert] = &outcome.alerts[..] else { panic!("{aggregate}: {:?}", outcome.alerts) };
        let alert: Value = serde_json::from_str(alert).expect("alerts are JSON");
        assert_eq!(alert["row"], row(result), "{aggregate} over {rows:?}");
    }
}

//! `format`: all rows as the text of a search, as a subsearch hands them to the search around it. Whole window.
//!
//! A row is an AND of its fields, the rows are joined by OR. A field `search` or `query` stands for itself. Without any row the
//! text matches nothing.

use bumpalo::collections::Vec as BumpVec;

use super::append::number_of_row;
use crate::{
    names::Name,
    row::{Env, Row},
    value::Value,
};

/// `format`.
#[derive(Clone, Copy, Debug)]
pub struct Format;

impl Format {
    /// One row with the field `search`.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let mut text = BumpVec::new_in(env.bump);
        for row in &rows {
            text.extend_from_slice(if text.is_empty() { b"( " } else { b" OR " });
            append_row(&mut text, row, env);
        }
        text.extend_from_slice(if text.is_empty() { b"NOT ( )" } else { b" )" });
        vec![row_of(text.into_bump_slice(), env)]
    }
}

/// A row that holds nothing but the text of a search.
pub(super) fn row_of<'e>(text: &'e [u8], env: Env<'e>) -> Row<'e> {
    let mut row = Row::empty(env.bump, number_of_row(0));
    row.set(env.names.name(b"search"), Value::Text(text));
    row
}

fn append_row(text: &mut BumpVec<'_, u8>, row: &Row<'_>, env: Env<'_>) {
    text.extend_from_slice(b"( ");
    let start = text.len();
    row.visit(|name, value| {
        let bytes = env.names.bytes(name);
        if !bytes.starts_with(b"_") {
            let between: &[u8] = if text.len() > start { b" AND " } else { b"" };
            text.extend_from_slice(between);
            append_field(text, name, value, env);
        }
    });
    text.extend_from_slice(b" )");
}

fn append_field(text: &mut BumpVec<'_, u8>, name: Name<'_>, value: Value<'_>, env: Env<'_>) {
    let texts = value.texts(env.bump);
    let several = texts.len() > 1;
    if several {
        text.extend_from_slice(b"( ");
    }
    for (index, one) in texts.iter().enumerate() {
        if index > 0 {
            text.extend_from_slice(b" OR ");
        }
        append_test(text, env.names.bytes(name), one);
    }
    if several {
        text.extend_from_slice(b" )");
    }
}

/// `name="value"`; the value alone where the name says that it is a search.
pub(super) fn append_test(text: &mut BumpVec<'_, u8>, name: &[u8], value: &[u8]) {
    if matches!(name, b"search" | b"query") {
        text.extend_from_slice(value);
        return;
    }
    if name.iter().all(|byte| matches!(byte, b'_' | b'.') || byte.is_ascii_alphanumeric()) {
        text.extend_from_slice(name);
    } else {
        append_quoted(text, name);
    }
    text.push(b'=');
    append_quoted(text, value);
}

fn append_quoted(text: &mut BumpVec<'_, u8>, value: &[u8]) {
    text.push(b'"');
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn rows_become_the_text_of_a_search() {
        for (row, expected) in [
            ("a=1 b=x|y", "search=( ( a=\\\"1\\\" AND ( b=\\\"x\\\" OR b=\\\"y\\\" ) ) )"),
            ("search=evil _time=1", "search=( ( evil ) )"),
        ] {
            assert_eq!(run("format", row), expected, "{row}");
        }
        assert_eq!(run("where a=1 | format", "a=2"), "search=NOT ( )");
    }
}

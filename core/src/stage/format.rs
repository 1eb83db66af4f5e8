//! `format`: all rows as the text of a search, as a subsearch hands them to the search around it. Whole window.
//!
//! A row is an AND of its fields, the rows are joined by OR, or by whatever texts the command gives. A field `search` or `query`
//! stands for itself. Without any row the text matches nothing.

use bumpalo::collections::Vec as BumpVec;

use super::append::number_of_row;
use crate::{
    names::Name,
    row::{Env, Row},
    value::Value,
};

/// `format mvsep="OR" maxresults=0 "(" "(" "AND" ")" "OR" ")" emptystr="NOT ()"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// What stands before all rows.
    pub start: Box<[u8]>,
    /// What stands before each row.
    pub row_start: Box<[u8]>,
    /// What stands between the fields of a row.
    pub between_fields: Box<[u8]>,
    /// What stands behind each row.
    pub row_end: Box<[u8]>,
    /// What stands between rows.
    pub between_rows: Box<[u8]>,
    /// What stands behind all rows.
    pub end: Box<[u8]>,
    /// What stands between the values of a multivalue.
    pub between_values: Box<[u8]>,
    /// The text where there is no row.
    pub empty: Box<[u8]>,
    /// More rows than this are left out.
    pub most_rows: usize,
}

impl Default for Format {
    fn default() -> Self {
        let [start, row_start, between_fields, row_end, between_rows, end, between_values] =
            [&b"("[..], b"(", b"AND", b")", b"OR", b")", b"OR"].map(Into::into);
        let (empty, most_rows) = (b"NOT ()".as_slice().into(), usize::MAX);
        Self {
            start,
            row_start,
            between_fields,
            row_end,
            between_rows,
            end,
            between_values,
            empty,
            most_rows,
        }
    }
}

impl Format {
    /// One row with the field `search`.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        if rows.is_empty() {
            return vec![row_of(env.bump.alloc_slice_copy(&self.empty), env)];
        }
        let mut text = BumpVec::new_in(env.bump);
        for (index, row) in rows.iter().take(self.most_rows).enumerate() {
            let before = if index == 0 { &self.start } else { &self.between_rows };
            text.extend_from_slice(before);
            text.push(b' ');
            self.append_row(&mut text, row, env);
        }
        text.extend_from_slice(&self.end);
        vec![row_of(text.into_bump_slice(), env)]
    }

    /// A row, with a space behind it.
    fn append_row(&self, text: &mut BumpVec<'_, u8>, row: &Row<'_>, env: Env<'_>) {
        append_all(text, [&self.row_start, b" "]);
        let start = text.len();
        row.visit(|name, value| {
            let bytes = env.names.bytes(name);
            if !bytes.starts_with(b"_") {
                if text.len() > start {
                    append_all(text, [&self.between_fields, b" "]);
                }
                self.append_field(text, name, value, env);
            }
        });
        append_all(text, [&self.row_end, b" "]);
    }

    /// A field, with a space behind it.
    fn append_field(
        &self,
        text: &mut BumpVec<'_, u8>,
        name: Name<'_>,
        value: Value<'_>,
        env: Env<'_>,
    ) {
        let texts = value.texts(env.bump);
        let several = texts.len() > 1;
        if several {
            text.extend_from_slice(b"( ");
        }
        for (index, one) in texts.iter().enumerate() {
            if index > 0 {
                append_all(text, [&self.between_values, b" "]);
            }
            append_test(text, env.names.bytes(name), one);
            text.push(b' ');
        }
        if several {
            text.extend_from_slice(b") ");
        }
    }
}

fn append_all(text: &mut BumpVec<'_, u8>, pieces: [&[u8]; 2]) {
    pieces.into_iter().for_each(|piece| text.extend_from_slice(piece));
}

/// A row that holds nothing but the text of a search.
pub(super) fn row_of<'e>(text: &'e [u8], env: Env<'e>) -> Row<'e> {
    let mut row = Row::empty(env.bump, number_of_row(0));
    row.set(env.names.name(b"search"), Value::Text(text));
    row
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
        assert_eq!(run("where a=1 | format", "a=2"), "search=NOT ()");
    }

    #[test]
    fn other_texts_stand_where_the_usual_ones_do() {
        for (command, row, expected) in [
            (
                r#"format "[" "{" "&&" "}" "||" "]" | eval search=replace(search, "\"", "")"#,
                "a=1 b=x|y",
                "search=[ { a=1 && ( b=x OR b=y ) } ]",
            ),
            (
                r#"format mvsep="or" maxresults=1 | eval search=replace(search, "\"", "")"#,
                "a=1|2",
                "search=( ( ( a=1 or a=2 ) ) )",
            ),
            (
                r#"mvexpand a | format "" "" "," "" ";" "" | eval search=replace(search, "\"", "")"#,
                "a=1|2 b=3",
                "search=  a=1 , b=3  ;  a=2 , b=3  ",
            ),
            (r#"mvexpand a | format maxresults=1 | eval n=len(search) | table n"#, "a=1|2", "n=13"),
            (r#"where a=1 | format emptystr="none""#, "a=2", "search=none"),
        ] {
            assert_eq!(run(command, row), expected, "{command}");
        }
    }
}

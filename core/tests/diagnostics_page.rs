//! The page of the diagnostics is complete, and its examples have the codes that they stand for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use caltrop_core::{
    diag::Code,
    knowledge::Knowledge,
    ruleset::{BuildOptions, RuleSetBuilder},
};

/// One row: code, meaning, example, what to do.
struct Row {
    cells: Vec<String>,
}

fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `E") || line.starts_with("| `W"));
    rows.map(|line| Row { cells: cells(line) }).collect()
}

/// The cells of a table's line; `\|` is no border.
fn cells(line: &str) -> Vec<String> {
    let inside = line.trim_start_matches("| ").trim_end_matches(" |");
    let cells = inside.split(" | ").map(|cell| cell.trim().to_owned());
    cells.map(|cell| cell.replace("\\|", "|")).collect()
}

/// What stands in code, if the whole cell does: between backticks, a single one or more.
fn code(cell: &str) -> Option<&str> {
    let fence = cell.len() - cell.trim_start_matches('`').len();
    let inside = cell.get(fence..cell.len().checked_sub(fence)?)?;
    let is_code =
        fence > 0 && cell.ends_with(&"`".repeat(fence)) && (fence > 1 || !inside.contains('`'));
    let inside = inside.strip_prefix(' ').and_then(|text| text.strip_suffix(' ')).unwrap_or(inside);
    is_code.then_some(inside)
}

#[test]
fn every_code_has_its_row_and_in_order() {
    let found: Vec<(String, String)> = rows()
        .into_iter()
        .map(|row| (row.cells[0].trim_matches('`').to_owned(), row.cells[1].clone()))
        .collect();
    let expected: Vec<(String, String)> =
        Code::ALL.iter().map(|code| (code.text().to_owned(), code.title().to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_row_says_what_to_do() {
    for row in rows() {
        assert_eq!(row.cells.len(), 4, "{:?}", row.cells);
        assert!(row.cells.iter().all(|cell| !cell.is_empty()), "{:?}", row.cells);
    }
}

#[test]
fn every_example_has_its_code() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for row in rows() {
        let Some(example) = code(&row.cells[2]) else { continue };
        count += 1;
        let mut builder = RuleSetBuilder::new(Knowledge::builtin(), BuildOptions::default());
        builder.add_spl("example", example);
        let reports = builder.build().reports;
        let found: Vec<&str> =
            reports[0].diagnostics.iter().map(|diagnostic| diagnostic.code.text()).collect();
        if !found.contains(&row.cells[0].trim_matches('`')) {
            wrong.push(format!("{}: {example}: {found:?}", row.cells[0]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 25, "{count} examples");
}

//! The page of the fields says what the knowledge says: `docs/fields.md` is made from the props.conf files that ship.
//!
//! `CALTROP_BLESS=1` writes the page; the diff is the review.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use caltrop_core::{
    knowledge::conf::{self, Conf, Setting},
    spl::{
        self,
        tree::{Expr, ExprKind},
    },
};

const INTRODUCTION: &str = "# Fields

What the knowledge that ships calls the fields of an event, by the stanzas of its props.conf files. Made from them by a
test; do not write here. A field that an event holds itself keeps its name and is not listed.

A stanza `source::...WinEventLog:Security` holds for every event whose source, or whose Windows event log, has that name;
`...` stands for anything. Where several stanzas that hold give the same setting, the more specific one counts. Settings
are applied as Splunk applies them: EXTRACT and REPORT cut fields out of a text, FIELDALIAS gives a field a second name,
EVAL calculates one from what is there so far and never from another EVAL.
";

/// One row of the page.
struct Row {
    field: String,
    sources: Vec<String>,
    setting: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> Conf {
    let text = fs::read_to_string(path).unwrap_or_default();
    conf::parse(&path.to_string_lossy(), &text).0
}

/// The folders of the knowledge that name fields, in order.
fn apps() -> Vec<PathBuf> {
    let folders = fs::read_dir(repository().join("knowledge")).unwrap();
    let mut apps: Vec<_> = folders.map(|folder| folder.unwrap().path().join("default")).collect();
    apps.retain(|app| app.join("props.conf").exists());
    apps.sort();
    apps
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for app in apps() {
        let props = read(&app.join("props.conf"));
        let transforms = read(&app.join("transforms.conf"));
        let name = app.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let _ = write!(page, "\n## {name}\n");
        let mut stanzas: Vec<_> = props.stanzas.iter().collect();
        stanzas.sort_by_key(|(_, stanza)| {
            stanza.settings.values().map(|setting| setting.key.start).min()
        });
        for (name, stanza) in stanzas {
            let mut settings: Vec<_> = stanza.settings.iter().collect();
            settings.sort_by_key(|(_, setting)| setting.key.start);
            let rows: Vec<Row> = settings
                .into_iter()
                .flat_map(|(key, setting)| rows(key, setting, &transforms))
                .collect();
            if !rows.is_empty() {
                write_table(name, &rows, &mut page);
            }
        }
    }
    page
}

fn write_table(stanza: &str, rows: &[Row], page: &mut String) {
    let _ =
        write!(page, "\n### `{stanza}`\n\n| field | comes from | setting |\n| --- | --- | --- |\n");
    for Row { field, sources, setting } in rows {
        let mut sources: Vec<String> = sources.iter().map(|source| code(source)).collect();
        if sources.is_empty() {
            sources.push("a constant".to_owned());
        }
        let _ = writeln!(page, "| {} | {} | {} |", code(field), sources.join(", "), code(setting));
    }
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// The fields that one setting makes.
fn rows(key: &str, setting: &Setting, transforms: &Conf) -> Vec<Row> {
    let value = setting.value.value.as_str();
    let row = |field: &str, sources: Vec<String>| Row {
        field: field.to_owned(),
        sources,
        setting: key.to_owned(),
    };
    match key.split_once('-') {
        Some(("FIELDALIAS", _)) => {
            aliases(value).into_iter().map(|(field, sources)| row(&field, sources)).collect()
        }
        Some(("EVAL", field)) => vec![row(field, fields_read(value))],
        Some(("EXTRACT", _)) => {
            let (regex, source) = value.rsplit_once(" in ").unwrap_or((value, "_raw"));
            groups(regex).iter().map(|field| row(field, vec![source.to_owned()])).collect()
        }
        Some(("REPORT", _)) => {
            let names = value.split(',').map(str::trim);
            let made =
                names.filter_map(|name| transforms.stanzas.get(name)).flat_map(|transform| {
                    let source = transform.value("SOURCE_KEY").unwrap_or("_raw");
                    transformed(transform)
                        .into_iter()
                        .map(move |field| (field, vec![source.to_owned()]))
                });
            made.map(|(field, sources)| row(&field, sources)).collect()
        }
        _ => Vec::new(),
    }
}

/// The names that aliases give, each once, with all the fields that they are given to.
fn aliases(value: &str) -> Vec<(String, Vec<String>)> {
    let mut aliases: Vec<(String, Vec<String>)> = Vec::new();
    for words in words(value).chunks(3) {
        let [original, _, name] = words else { panic!("an incomplete alias in `{value}`") };
        match aliases.iter_mut().find(|(other, _)| other == name) {
            Some((_, sources)) => sources.push(original.clone()),
            None => aliases.push((name.clone(), vec![original.clone()])),
        }
    }
    aliases
}

/// The words of an alias; quotes hold a word with spaces together.
fn words(value: &str) -> Vec<String> {
    let parts = value.split('"').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part
            .split([' ', ',', '\n'])
            .filter(|word| !word.is_empty())
            .map(ToOwned::to_owned)
            .collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// The fields that an expression reads, in the order in which it names them.
fn fields_read(expression: &str) -> Vec<String> {
    let (expr, problems) = spl::parse_expression(expression);
    assert!(problems.is_empty(), "{expression}: {problems:?}");
    let mut fields = Vec::new();
    visit(&expr, &mut fields);
    fields
}

fn visit(expr: &Expr, fields: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Field(field) if !fields.contains(field) => fields.push(field.clone()),
        ExprKind::Field(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Subsearch(_)
        | ExprKind::Broken => {}
        ExprKind::Negate(inner) | ExprKind::Not(inner) => visit(inner, fields),
        ExprKind::Arithmetic(_, left, right)
        | ExprKind::Compare(_, left, right)
        | ExprKind::Xor(left, right) => {
            visit(left, fields);
            visit(right, fields);
        }
        ExprKind::And(terms) | ExprKind::Or(terms) => {
            terms.iter().for_each(|term| visit(term, fields))
        }
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(|term| visit(term, fields)),
    }
}

/// The names of a regular expression's groups.
fn groups(regex: &str) -> Vec<String> {
    let opened = regex.split("(?").skip(1);
    let names = opened.filter_map(|group| {
        let name = group.strip_prefix("P<").or_else(|| group.strip_prefix('<'))?;
        let name = name.split_once('>')?.0;
        (!name.starts_with(['=', '!'])).then(|| name.to_owned())
    });
    names.collect()
}

/// The fields that a stanza of transforms.conf makes.
fn transformed(transform: &conf::Stanza) -> Vec<String> {
    let named = transform.value("FORMAT").into_iter().flat_map(str::split_whitespace);
    let named = named.filter_map(|pair| pair.split_once("::")).map(|(name, _)| name.to_owned());
    let listed = transform.value("FIELDS").map(words).unwrap_or_default();
    let captured = transform.value("REGEX").map(groups).unwrap_or_default();
    named.chain(listed).chain(captured).collect()
}

#[test]
fn the_page_is_what_the_knowledge_says() {
    common::assert_page("fields.md", &page());
}

#[test]
fn the_page_shows_the_fields_of_the_seed_rule() {
    let page = page();
    for row in [
        "| `process` | `EventCode`, `CommandLine`, `Image` | `EVAL-process` |",
        "| `signature_id` | `EventID`, `EventCode` | `FIELDALIAS-event_number` |",
        "| `host_application` | `ContextInfo` | `EXTRACT-host_application` |",
    ] {
        assert!(page.lines().any(|line| line == row), "{row}");
    }
}

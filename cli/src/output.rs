//! Where results and messages go.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufWriter, IsTerminal, StdoutLock, Write},
};

use caltrop_core::{
    alert::Alert,
    diag::{Diagnostic, render, render_colour},
    outbox::Written,
};
use caltrop_host::{FileError, TableFolder};

use crate::args::{Output, ResultArgs};

/// Says something to the person at the terminal: on standard error, never among the results.
pub(crate) fn note(message: fmt::Arguments<'_>) {
    // A closed standard error is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Standard output, buffered.
pub(crate) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// Where a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl Stream {
    /// Whether a person looks at it who has not asked for plain text.
    fn has_colour(self) -> bool {
        let is_terminal = match self {
            Self::Output => io::stdout().is_terminal(),
            Self::Error => io::stderr().is_terminal(),
        };
        is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }
}

/// `diagnostic` with its lines and carets.
pub(crate) fn draw(diagnostic: &Diagnostic, path: &str, text: &str, stream: Stream) -> String {
    let draw = if stream.has_colour() { render_colour } else { render };
    draw(diagnostic, path, text)
}

/// So many diagnostics of one rule are drawn: each costs the length of its text, and nobody reads more.
pub(crate) const MAX_DRAWN: usize = 100;

/// What stands for the diagnostics of one rule that are not drawn, if it has so many.
pub(crate) fn undrawn(count: usize) -> Option<String> {
    let more = count.checked_sub(MAX_DRAWN).filter(|more| *more > 0)?;
    Some(format!("... and {more} more: `caltrop check --json` lists them\n"))
}

/// Says what is wrong with a rule, a search or a knowledge file.
pub(crate) fn note_diagnostic(diagnostic: &Diagnostic, path: &str, text: &str) {
    note(format_args!("{}\n", draw(diagnostic, path, text, Stream::Error)));
}

/// `1 rule`, `2 rules`.
pub(crate) fn counted<N: fmt::Display>(number: N, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// What a result is to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The alert of a rule, with the rule's own metadata.
    Alert,
    /// A row of an ad-hoc search.
    Row,
}

/// A row without a column, as it is printed.
const EMPTY_ROW: &[u8] = b"{}\n";

/// Prints results as they come, or all at the end where columns must be known first; and writes the tables that rules make.
pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    shape: Shape,
    form: Form,
    /// The first error of the output: everything after it is dropped.
    failed: Option<io::Error>,
    flush: bool,
    /// Where tables are written, if that is allowed.
    tables: Option<TableFolder>,
    /// How many rows without a column wait for one that has some; `None` where they do not wait.
    empty_rows: Option<u64>,
}

enum Form {
    Ndjson,
    /// Rows wait here until the last one has said which columns there are.
    Columns(Output, Vec<Record>),
}

/// One row, each column as one text.
pub(crate) type Record = Vec<(String, String)>;

/// A result as it will be printed.
pub(crate) enum Rendered {
    /// One line.
    Line(Vec<u8>),
    /// One row of columns.
    Record(Record),
}

/// Renders results for a printer that is elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renderer {
    output: Output,
    shape: Shape,
}

impl Renderer {
    /// What `alert` will be printed as.
    pub(crate) fn render(self, alert: &Alert<'_>) -> Rendered {
        if self.output != Output::Ndjson {
            return Rendered::Record(record(alert, self.shape));
        }
        let mut line = Vec::new();
        write_json(alert, self.shape, &mut line).expect("a Vec takes everything");
        Rendered::Line(line)
    }
}

fn write_json(alert: &Alert<'_>, shape: Shape, out: &mut dyn Write) -> io::Result<()> {
    match shape {
        Shape::Alert => alert.write_json(out)?,
        Shape::Row => alert.write_row_json(out)?,
    }
    out.write_all(b"\n")
}

impl Printer {
    /// A printer of `shape`; with `flush`, every result is written at once.
    ///
    /// # Errors
    /// When there is no folder where tables are to be written.
    pub(crate) fn new(args: &ResultArgs, shape: Shape, flush: bool) -> Result<Self, FileError> {
        let tables = args.allow_write.as_deref().map(TableFolder::open).transpose()?;
        let form = match args.output {
            Output::Ndjson => Form::Ndjson,
            columns => Form::Columns(columns, Vec::new()),
        };
        let flush = flush || io::stdout().is_terminal();
        let (failed, empty_rows) = (None, None);
        Ok(Self { out: stdout(), shape, form, failed, flush, tables, empty_rows })
    }

    /// Prints rows without a column only if some row has one: where the fields that a search lists exist nowhere, it has no results.
    pub(crate) fn hold_empty_rows(&mut self) {
        self.empty_rows = Some(0);
    }

    /// Whether a row waits; one that has columns lets those go that waited.
    fn waits(&mut self, is_empty: bool) -> io::Result<bool> {
        if let Some(waiting) = self.empty_rows.as_mut().filter(|_| is_empty) {
            *waiting += 1;
            return Ok(true);
        }
        (0..self.empty_rows.take().unwrap_or_default())
            .try_for_each(|_| self.out.write_all(EMPTY_ROW))?;
        Ok(false)
    }

    /// Writes rows that a rule gives to a lookup table.
    ///
    /// # Errors
    /// When the file of the table cannot be written.
    pub(crate) fn write_table(&self, written: &Written) -> Result<(), FileError> {
        self.tables.as_ref().map_or(Ok(()), |tables| tables.write(written))
    }

    /// Prints one result.
    pub(crate) fn print(&mut self, alert: &Alert<'_>) {
        if self.failed.is_some() {
            return;
        }
        match &mut self.form {
            Form::Columns(_, records) => records.push(record(alert, self.shape)),
            Form::Ndjson => {
                if let Err(error) = self.print_json(alert) {
                    self.failed = Some(error);
                }
            }
        }
    }

    /// Whether nobody reads the results any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Renders results as this printer does.
    pub(crate) fn renderer(&self) -> Renderer {
        let output = match self.form {
            Form::Ndjson => Output::Ndjson,
            Form::Columns(output, _) => output,
        };
        Renderer { output, shape: self.shape }
    }

    /// Prints one result that was rendered elsewhere.
    pub(crate) fn print_rendered(&mut self, result: Rendered) {
        if self.failed.is_some() {
            return;
        }
        match (&mut self.form, result) {
            (Form::Columns(_, records), Rendered::Record(record)) => records.push(record),
            (_, Rendered::Line(line)) => self.failed = self.print_line(&line).err(),
            (Form::Ndjson, Rendered::Record(_)) => {}
        }
    }

    fn print_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.waits(line == EMPTY_ROW)? { Ok(()) } else { self.out.write_all(line) }
    }

    fn print_json(&mut self, alert: &Alert<'_>) -> io::Result<()> {
        if self.waits(alert.fields.is_empty())? {
            return Ok(());
        }
        write_json(alert, self.shape, &mut self.out)?;
        if self.flush { self.out.flush() } else { Ok(()) }
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Form::Columns(output, records) = &self.form {
            let columns = columns(records);
            match output {
                Output::Csv => write_csv(&mut self.out, &columns, records)?,
                _ => write_table(&mut self.out, &columns, records)?,
            }
        }
        self.out.flush()
    }
}

fn record(alert: &Alert<'_>, shape: Shape) -> Record {
    let mut record = Record::new();
    if shape == Shape::Alert {
        record.push(("rule".to_owned(), alert.rule.id.clone()));
    }
    for field in alert.fields {
        let texts: Vec<_> = field.texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
        record.push((String::from_utf8_lossy(field.name).into_owned(), texts.join("\n")));
    }
    record
}

/// Every column, in the order in which they were first met.
fn columns(records: &[Record]) -> Vec<String> {
    let mut order = Vec::new();
    let mut seen = BTreeMap::new();
    for (name, _) in records.iter().flatten() {
        if seen.insert(name.clone(), ()).is_none() {
            order.push(name.clone());
        }
    }
    order
}

fn cell<'r>(record: &'r Record, column: &str) -> &'r str {
    record.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text)
}

fn write_csv(out: &mut dyn Write, columns: &[String], records: &[Record]) -> io::Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    write_line(out, columns.iter().map(String::as_str))?;
    for record in records {
        write_line(out, columns.iter().map(|column| cell(record, column)))?;
    }
    Ok(())
}

fn write_line<'t>(out: &mut dyn Write, cells: impl Iterator<Item = &'t str>) -> io::Result<()> {
    let cells: Vec<String> = cells.map(csv_cell).collect();
    writeln!(out, "{}", cells.join(","))
}

/// A cell that no spreadsheet takes for a formula and no terminal for a command, quoted where it must be. A multivalue has
/// one line for each value.
fn csv_cell(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = text.split('\n').map(without_controls).collect::<Vec<_>>().join("\n");
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn write_table(out: &mut dyn Write, columns: &[String], records: &[Record]) -> io::Result<()> {
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|record| columns.iter().map(|column| table_cell(cell(record, column))).collect())
        .collect();
    let header: Vec<String> = columns.iter().map(|name| table_cell(name)).collect();
    let width = |index: usize| {
        let cells =
            rows.iter().chain(std::iter::once(&header)).map(|row| row[index].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in std::iter::once(&header).chain(&rows) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(text, &width)| format!("{text:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// A cell on one line; the values of a multivalue stand between semicolons.
fn table_cell(text: &str) -> String {
    without_controls(&text.replace('\n', "; "))
}

/// `text` with control characters written out, so that none reaches a terminal.
fn without_controls(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_defuses_formulas_and_leaves_numbers() {
        assert_eq!(csv_cell("=cmd()"), "'=cmd()");
        assert_eq!(csv_cell("-5"), "-5");
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv_cell("\u{1b}[2J\nx"), "\"\\u{1b}[2J\nx\"");
        assert_eq!(csv_cell("\tx"), "'\\tx");
    }

    #[test]
    fn a_table_never_passes_control_characters_on() {
        let records = vec![vec![("a".to_owned(), "\u{1b}[31mred".to_owned())]];
        let mut out = Vec::new();
        write_table(&mut out, &columns(&records), &records).expect("a Vec takes everything");
        assert_eq!(String::from_utf8_lossy(&out), "a\n\\u{1b}[31mred\n");
    }

    #[test]
    fn columns_come_in_the_order_in_which_they_were_met() {
        let field = |name: &str| (name.to_owned(), "x".to_owned());
        let records = vec![vec![field("b")], vec![field("a"), field("b"), field("c")]];
        assert_eq!(columns(&records), ["b", "a", "c"]);
    }
}

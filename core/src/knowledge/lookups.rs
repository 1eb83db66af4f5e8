//! Lookup tables and what transforms.conf says of them.
//!
//! A table is a file of the folder `lookups` of an app: its first line names the columns, and each line after it is a row. It
//! is known by the name of its file, and by any stanza of transforms.conf with that `filename`. A stanza whose rows come from
//! somewhere else (a program, a KV store) stands for whatever file has the stanza's own name, so that a user can
//! give the answers of `dnslookup` in `lookups/dnslookup.csv`; without such a file it is empty.
//!
//! `max_matches`, `min_matches`, `default_match`, `case_sensitive_match`, `match_type` and `filename` count, and for lookups by time
//! `time_field`, `time_format`, `min_offset_secs` and `max_offset_secs`. Settings that
//! change how fast a table is read and not what it answers (`batch_index_query`, `allow_caching`, `index_fields_list`) are taken
//! without effect; `filter` would change answers, so a stanza with it is refused.

use std::{collections::BTreeMap, str, sync::Arc};

use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest, Sha256};

use super::conf::{Setting, Stanza};
use crate::{
    diag::{Code, Diagnostic, Span},
    lookup::{Limits, Matching, Table, TableBuilder},
};

/// How the names of files end that hold tables.
const ENDINGS: [&str; 2] = [".csv", ".csv.gz"];

/// The most that `max_matches` and `min_matches` may be.
const MOST_MATCHES: usize = 1000;

/// The tables and definitions of all apps.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    definitions: BTreeMap<String, Definition>,
    files: BTreeMap<String, File>,
}

/// A table as its file holds it.
#[derive(Clone, Debug)]
pub struct File {
    /// Its rows.
    pub table: Arc<Table>,
    /// SHA-256 of the text of the file.
    pub digest: [u8; 32],
}

/// One stanza of transforms.conf that defines a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Where its rows come from.
    pub source: Source,
    /// How the cells of a column are compared; columns that are not named are exact.
    pub matchings: BTreeMap<String, Matching>,
    /// Whether letters are compared with regard to their case.
    pub is_case_sensitive: bool,
    /// How many rows may match.
    pub limits: Limits,
    /// Which column says since when a row holds, for a lookup by time.
    pub times: Option<TimeColumn>,
}

/// The column of a lookup by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeColumn {
    /// `time_field`: its name.
    pub name: String,
    /// `time_format`: how its times are written; `None` where they are epoch seconds.
    pub format: Option<String>,
    /// `min_offset_secs`: an event lies at least so far behind, in seconds.
    pub least_offset_s: i64,
    /// `max_offset_secs`: and at most so far.
    pub most_offset_s: i64,
}

/// Where the rows of a lookup come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `filename`: a file of some app's folder `lookups`.
    File(String),
    /// `collection`: a KV store, which caltrop does not have.
    Collection,
    /// `external_cmd` or another `external_type`: a program, which caltrop does not run.
    External,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub struct Named<'k> {
    /// The stanza of that name, if there is one.
    pub definition: Option<&'k Definition>,
    /// Its table and the name of its file, if there is one.
    pub file: Option<(&'k str, &'k File)>,
}

impl Lookups {
    /// What the name of a stanza or a file stands for. Unlike Splunk, the ending of a file's name can be left out.
    #[must_use]
    pub fn named(&self, name: &str) -> Named<'_> {
        let definition = self.definitions.get(name);
        let file = match definition.map(|definition| &definition.source) {
            Some(Source::File(file)) => self.file(file),
            _ => self.file(name).or_else(|| {
                ENDINGS.iter().find_map(|ending| self.file(&format!("{name}{ending}")))
            }),
        };
        Named { definition, file }
    }

    /// Every name that stands for something, stanzas first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().chain(self.files.keys()).map(String::as_str)
    }

    /// Defines the lookup `name`, instead of an earlier one of that name.
    pub fn define(&mut self, name: &str, definition: Definition) {
        self.definitions.insert(name.to_owned(), definition);
    }

    /// Takes the definition of `name` away.
    pub(super) fn remove(&mut self, name: &str) {
        self.definitions.remove(name);
    }

    /// Adds the table in the text of the file `name`, instead of an earlier one of that name. Returns what is wrong with it;
    /// what is right counts all the same.
    pub fn add_file(&mut self, name: &str, text: &str) -> Vec<Diagnostic> {
        let (table, problems) = read(text);
        let digest = Sha256::digest(text.as_bytes()).into();
        self.files.insert(name.to_owned(), File { table: Arc::new(table), digest });
        problems
    }

    /// The name of the file that rows for the lookup `name` are written to: its own, or a CSV file of that name.
    #[must_use]
    pub fn file_name(&self, name: &str) -> String {
        let Named { definition, file } = self.named(name);
        match (file, definition.map(|definition| &definition.source)) {
            (Some((file, _)), _) => file.to_owned(),
            (None, Some(Source::File(file))) => file.clone(),
            _ if ENDINGS.iter().any(|ending| name.ends_with(ending)) => name.to_owned(),
            _ => format!("{name}.csv"),
        }
    }

    fn file(&self, name: &str) -> Option<(&str, &File)> {
        self.files.get_key_value(name).map(|(name, file)| (name.as_str(), file))
    }
}

impl Default for Definition {
    fn default() -> Self {
        Self {
            source: Source::File(String::new()),
            matchings: BTreeMap::new(),
            is_case_sensitive: true,
            limits: Limits::default(),
            times: None,
        }
    }
}

/// The name of the table that the file at `path` of an app holds, if it holds one.
pub(super) fn table_name(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once(['/', '\\'])?;
    let lower = name.to_ascii_lowercase();
    let is_table = ENDINGS.iter().any(|ending| lower.ends_with(ending));
    (is_table && folder.rsplit(['/', '\\']).next() == Some("lookups")).then_some(name)
}

/// The table in the text of a file.
fn read(text: &str) -> (Table, Vec<Diagnostic>) {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = ByteRecord::new();
    let mut next = |record: &mut ByteRecord| reader.read_byte_record(record).unwrap_or(false);
    if !next(&mut record) {
        let problem = Diagnostic::error(Code::BadKnowledge, Span::at(0), "a lookup table is empty")
            .help("name the columns in the first line");
        return (Table::default(), vec![problem]);
    }
    let columns: Vec<String> =
        record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let mut problems = Vec::new();
    problems.extend(repeated_column(&columns));
    let mut builder = TableBuilder::new(columns.iter().map(String::as_str));
    let mut is_longer = false;
    while next(&mut record) {
        if record.len() > columns.len() && !std::mem::replace(&mut is_longer, true) {
            problems.push(longer_row(&record, columns.len(), text));
        }
        if builder.push(record.iter()).is_err() {
            problems.push(too_large(&record, text));
            break;
        }
    }
    (builder.build(), problems)
}

fn repeated_column(columns: &[String]) -> Option<Diagnostic> {
    let mut earlier = columns.iter().enumerate();
    let (_, repeated) = earlier.find(|(place, name)| columns[..*place].contains(name))?;
    let message = format!("two columns are called `{repeated}`");
    Some(
        Diagnostic::error(Code::BadKnowledge, Span::at(0), message)
            .help("give each column a name of its own; the first of that name counts"),
    )
}

fn longer_row(record: &ByteRecord, column_count: usize, text: &str) -> Diagnostic {
    let message = format!("a row has {} cells and the table {column_count} columns", record.len());
    Diagnostic::error(Code::BadKnowledge, line_of(record, text), message)
        .label("the cells beyond the columns are left out, here and below")
        .help("name every column in the first line, and put cells that hold commas in quotes")
}

fn too_large(record: &ByteRecord, text: &str) -> Diagnostic {
    Diagnostic::error(Code::BadKnowledge, line_of(record, text), "a lookup table exceeds 1 GiB")
        .label("this row and those below are left out")
}

/// Where a record begins.
fn line_of(record: &ByteRecord, text: &str) -> Span {
    let byte = record.position().map_or(0, csv::Position::byte);
    let start = usize::try_from(byte).unwrap_or(text.len()).min(text.len());
    let line = text[start..].lines().next().unwrap_or_default();
    Span::new(start, start + line.len())
}

/// The lookup that a stanza of transforms.conf defines; none if it is of another kind.
pub(super) fn define(stanza: &Stanza) -> (Option<Definition>, Vec<Diagnostic>) {
    let Some(source) = source(stanza) else { return (None, Vec::new()) };
    let refused: Vec<Diagnostic> = ["filter"]
        .iter()
        .filter_map(|key| stanza.settings.get(*key).filter(|it| !it.value.value.is_empty()))
        .map(refused)
        .collect();
    if !refused.is_empty() {
        return (None, refused);
    }
    let mut problems = Vec::new();
    let (matchings, found) = stanza.settings.get("match_type").map(matchings).unwrap_or_default();
    problems.extend(found);
    let times = time_column(stanza, &mut problems);
    let usually = if times.is_some() { 1 } else { Limits::default().most };
    let limits = Limits {
        most: count(stanza, "max_matches", 1, usually, &mut problems),
        least: count(stanza, "min_matches", 0, 0, &mut problems),
        default: stanza.value("default_match").unwrap_or_default().as_bytes().into(),
    };
    let is_case_sensitive = stanza.value("case_sensitive_match").is_none_or(str::is_empty)
        || stanza.is_true("case_sensitive_match");
    (Some(Definition { source, matchings, is_case_sensitive, limits, times }), problems)
}

fn source(stanza: &Stanza) -> Option<Source> {
    let value = |key| stanza.value(key).filter(|value| !value.is_empty());
    let kind = value("external_type").map(str::to_ascii_lowercase);
    match (value("filename"), kind.as_deref()) {
        (_, Some("kvstore")) => Some(Source::Collection),
        (None, _) if value("collection").is_some() => Some(Source::Collection),
        (Some(file), None) => Some(Source::File(file.to_owned())),
        (_, Some(_)) => Some(Source::External),
        (None, None) => value("external_cmd").map(|_| Source::External),
    }
}

/// What `time_field` and its companions say; nothing without it.
fn time_column(stanza: &Stanza, problems: &mut Vec<Diagnostic>) -> Option<TimeColumn> {
    /// About 63 years: no bound.
    const MOST_OFFSET_S: i64 = 2_000_000_000;
    let value = |key| stanza.value(key).filter(|value| !value.is_empty());
    let name = value("time_field")?.to_owned();
    // What Splunk takes where nothing is written: epoch seconds, with or without a fraction.
    let format = value("time_format").filter(|format| !matches!(*format, "%s" | "%s.%Q"));
    Some(TimeColumn {
        name,
        format: format.map(str::to_owned),
        least_offset_s: seconds(stanza, "min_offset_secs", 0, problems),
        most_offset_s: seconds(stanza, "max_offset_secs", MOST_OFFSET_S, problems),
    })
}

/// The seconds that `key` says.
fn seconds(stanza: &Stanza, key: &str, default: i64, problems: &mut Vec<Diagnostic>) -> i64 {
    let Some(setting) = stanza.settings.get(key).filter(|it| !it.value.value.is_empty()) else {
        return default;
    };
    let number = setting.value.value.parse().ok().filter(|seconds| *seconds >= 0);
    number.unwrap_or_else(|| {
        let message = format!("`{}` is no number of seconds", setting.value.value);
        problems.push(
            Diagnostic::error(Code::BadKnowledge, setting.value.span, message)
                .label("expected a whole number, 0 or more"),
        );
        default
    })
}

fn refused(setting: &Setting) -> Diagnostic {
    let key = &setting.key;
    let message = "caltrop runs no lookup with this setting";
    Diagnostic::error(Code::BadKnowledge, *key, message)
        .label("would change what the table answers")
        .help("remove the setting, and give a table that holds what it would have chosen")
}

/// The number of rows that `key` says.
fn count(
    stanza: &Stanza,
    key: &str,
    least: usize,
    default: usize,
    problems: &mut Vec<Diagnostic>,
) -> usize {
    let Some(setting) = stanza.settings.get(key).filter(|it| !it.value.value.is_empty()) else {
        return default;
    };
    let number = setting.value.value.parse().ok();
    number.filter(|number| (least..=MOST_MATCHES).contains(number)).unwrap_or_else(|| {
        let message = format!("`{}` is no number of rows", setting.value.value);
        problems.push(
            Diagnostic::error(Code::BadKnowledge, setting.value.span, message)
                .label(format!("expected a number from {least} to {MOST_MATCHES}")),
        );
        default
    })
}

/// The columns in `WILDCARD(a), CIDR(b)`.
fn matchings(setting: &Setting) -> (BTreeMap<String, Matching>, Vec<Diagnostic>) {
    let (mut matchings, mut problems) = (BTreeMap::new(), Vec::new());
    let mut rest = setting.value.value.as_str();
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
        if rest.is_empty() {
            return (matchings, problems);
        }
        let end = rest.find(')').map_or(rest.len(), |at| at + 1);
        let (word, after) = rest.split_at(end);
        match matching(word) {
            Some((column, matching)) => _ = matchings.insert(column.to_owned(), matching),
            None => problems.push(bad_matching(setting, word, rest)),
        }
        rest = after;
    }
}

fn matching(word: &str) -> Option<(&str, Matching)> {
    let (kind, column) = word.strip_suffix(')')?.split_once('(')?;
    let matching = match kind.trim().to_ascii_uppercase().as_str() {
        "WILDCARD" => Matching::Wildcard,
        "CIDR" => Matching::Network,
        "EXACT" => Matching::Exact,
        _ => return None,
    };
    Some((column.trim(), matching)).filter(|(column, _)| !column.is_empty())
}

fn bad_matching(setting: &Setting, word: &str, rest: &str) -> Diagnostic {
    let start = setting.value.span.end - rest.len();
    let message = format!("`{word}` is no way to compare a column");
    Diagnostic::error(Code::BadKnowledge, Span::new(start, start + word.len()), message)
        .label("expected `WILDCARD(column)`, `CIDR(column)` or `EXACT(column)`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::conf;

    fn defined(settings: &str) -> (Option<Definition>, Vec<String>) {
        let text = format!("[t]\n{settings}");
        let (conf, problems) = conf::parse("transforms.conf", &text);
        assert_eq!(problems, []);
        let (definition, problems) = define(&conf.stanzas["t"]);
        let shown = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.primary.span.text(&text), problem.message));
        (definition, shown.collect())
    }

    #[test]
    fn a_stanza_says_how_rows_match() {
        let (definition, problems) = defined(
            "filename = t.csv\nmatch_type = WILDCARD(a), cidr( b ) EXACT(c)\nmax_matches = 1\n\
             min_matches = 2\ndefault_match = none\ncase_sensitive_match = false\n\
             batch_index_query = 0\n",
        );
        let matchings =
            [("a", Matching::Wildcard), ("b", Matching::Network), ("c", Matching::Exact)];
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            definition,
            Some(Definition {
                source: Source::File("t.csv".to_owned()),
                matchings: matchings.map(|(column, it)| (column.to_owned(), it)).into(),
                is_case_sensitive: false,
                limits: Limits { most: 1, least: 2, default: b"none"[..].into() },
                times: None,
            })
        );
    }

    #[test]
    fn a_stanza_says_where_rows_come_from() {
        for (settings, expected) in [
            ("filename = a.csv\n", Some(Source::File("a.csv".to_owned()))),
            ("external_cmd = resolve.py host ip\n", Some(Source::External)),
            ("external_type = geo\nfilename = a.kmz\n", Some(Source::External)),
            ("external_type = kvstore\ncollection = c\n", Some(Source::Collection)),
            ("collection = c\n", Some(Source::Collection)),
            ("REGEX = x\n", None),
            ("filename =\n", None),
        ] {
            let (definition, problems) = defined(settings);
            assert_eq!(definition.map(|it| it.source), expected, "{settings}");
            assert_eq!(problems, [""; 0], "{settings}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_stanza_is_said_where_it_stands() {
        for (settings, expected) in [
            ("max_matches = 0\n", "0: `0` is no number of rows"),
            ("min_matches = some\n", "some: `some` is no number of rows"),
            (
                "match_type = WILDCARD(a), FUZZY(b)\n",
                "FUZZY(b): `FUZZY(b)` is no way to compare a column",
            ),
            ("match_type = CIDR(a\n", "CIDR(a: `CIDR(a` is no way to compare a column"),
            ("filter = a=b\n", "filter: caltrop runs no lookup with this setting"),
            ("time_field = t\nmax_offset_secs = -1\n", "-1: `-1` is no number of seconds"),
        ] {
            assert_eq!(defined(&format!("filename = t.csv\n{settings}")).1, [expected]);
        }
        assert_eq!(defined("filename = t.csv\nfilter = a=b\n").0, None);
    }

    #[test]
    fn a_stanza_says_since_when_rows_hold() {
        let column = |format: Option<&str>, least_offset_s, most_offset_s| TimeColumn {
            name: "seen".to_owned(),
            format: format.map(str::to_owned),
            least_offset_s,
            most_offset_s,
        };
        for (settings, expected, most) in [
            ("", None, 100),
            ("time_format = %Y\n", None, 100),
            ("time_field = seen\n", Some(column(None, 0, 2_000_000_000)), 1),
            (
                "time_field = seen\ntime_format = %s.%Q\nmax_matches = 3\n",
                Some(column(None, 0, 2_000_000_000)),
                3,
            ),
            (
                "time_field = seen\ntime_format = %d/%m/%Y\nmax_offset_secs = 60\nmin_offset_secs = 5\n",
                Some(column(Some("%d/%m/%Y"), 5, 60)),
                1,
            ),
        ] {
            let (definition, problems) = defined(&format!("filename = t.csv\n{settings}"));
            let definition = definition.expect("it is a table");
            assert_eq!((definition.times, definition.limits.most), (expected, most), "{settings}");
            assert_eq!(problems, [""; 0]);
        }
    }

    fn rows(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
        let (table, problems) = read(text);
        let cell = |row, column| String::from_utf8_lossy(table.cell(row, column)).into_owned();
        let columns = 0..table.columns().len();
        let rows =
            table.rows().map(|row| columns.clone().map(|column| cell(row, column)).collect());
        let header = table.columns().iter().map(|name| name.to_string()).collect();
        let problems =
            problems.iter().map(|it| format!("{}: {}", it.primary.span.text(text), it.message));
        (std::iter::once(header).chain(rows).collect(), problems.collect())
    }

    #[test]
    fn a_file_has_columns_and_rows() {
        for text in [
            "a,b\n1,x\n\"2,2\",\"say \"\"y\"\"\"\n",
            "\u{FEFF}\"a\",b\r\n1,x\r\n\r\n\"2,2\",\"say \"\"y\"\"\"",
        ] {
            let (found, problems) = rows(text);
            assert_eq!(found, [["a", "b"], ["1", "x"], ["2,2", "say \"y\""]], "{text:?}");
            assert_eq!(problems, [""; 0]);
        }
        assert_eq!(rows("a, b\n1, 2\n").0, [["a", "b"], ["1", " 2"]]);
        assert_eq!(rows("a,b\n\"1\n2\"\n").0, [["a", "b"], ["1\n2", ""]]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        for (text, problem) in [
            ("", ": a lookup table is empty"),
            ("a,b,a\n1,2,3\n", ": two columns are called `a`"),
            ("a\n1\n2,3\n4,5\n", "2,3: a row has 2 cells and the table 1 columns"),
        ] {
            assert_eq!(rows(text).1, [problem], "{text:?}");
        }
    }

    #[test]
    fn a_name_is_a_stanza_or_a_file() {
        let mut lookups = Lookups::default();
        for name in ["hosts.csv", "resolver.csv", "packed.csv.gz"] {
            assert_eq!(lookups.add_file(name, &format!("{name}\n")), []);
        }
        let source = |source| Definition { source, ..Definition::default() };
        lookups.define("machines", source(Source::File("hosts.csv".to_owned())));
        lookups.define("gone", source(Source::File("gone.csv".to_owned())));
        lookups.define("resolver", source(Source::External));
        lookups.define("store", source(Source::Collection));
        for (name, file) in [
            ("machines", Some("hosts.csv")),
            ("hosts.csv", Some("hosts.csv")),
            ("hosts", Some("hosts.csv")),
            ("packed", Some("packed.csv.gz")),
            ("resolver", Some("resolver.csv")),
            ("gone", None),
            ("store", None),
            ("nothing", None),
        ] {
            assert_eq!(lookups.named(name).file.map(|(name, _)| name), file, "{name}");
        }
    }

    #[test]
    fn tables_lie_in_a_folder_of_their_own() {
        for (path, name) in [
            ("lookups/a.csv", Some("a.csv")),
            ("app/lookups/a.csv.gz", Some("a.csv.gz")),
            ("lookups/A.CSV", Some("A.CSV")),
            ("a.csv", None),
            ("default/a.csv", None),
            ("lookups/a.txt", None),
        ] {
            assert_eq!(table_name(path), name, "{path}");
        }
    }
}

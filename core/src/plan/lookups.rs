//! The lookups of rules and of the knowledge, ready to run: names become tables, columns and fields their places.
//!
//! A table is indexed once for each set of keys, whatever number of rules look it up by them. A lookup without a table is a
//! warning and not a refusal: it finds nothing and writes no field. For the names that a program answers on a Splunk that is said
//! once for all rules; half a catalog may enrich its alerts by them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::suggest::closest;
use crate::{
    config::SECOND_NS,
    diag::{Code, Diagnostic, Spanned},
    knowledge::{
        self,
        lookups::{Definition, Named, Source},
    },
    lookup::{Index, Key, Limits, Lookup, Output, Table, Times, by_time},
    names::Names,
    spl::tree,
};

/// Tables by the names of their files, each with SHA-256 of its text.
pub(crate) type TableDigests = BTreeMap<String, [u8; 32]>;

/// How many columns a message names.
const MOST_NAMED: usize = 12;

/// The lookups of a rule set.
#[derive(Debug, Default)]
pub struct Lookups {
    known: knowledge::lookups::Lookups,
    indexes: BTreeMap<IndexKey, Arc<Index>>,
    /// Tables by time, by their file, the column of their times and how these are written.
    timed: BTreeMap<TimedKey, (Arc<Table>, Box<[i64]>)>,
    used: TableDigests,
    /// The names of which it was said that a program answers them.
    said: BTreeSet<String>,
}

/// The file, its keys, and whether they regard case; for a lookup by time also what its rows are in the order of.
type IndexKey = (String, Vec<Key>, bool, Option<TimedKey>);

type TimedKey = (String, String, Option<String>);

/// A table that a name stands for.
struct Found {
    file: String,
    table: Arc<Table>,
    definition: Definition,
    times: Option<Times>,
}

impl Lookups {
    /// The lookups that `known` defines.
    pub(crate) fn new(known: &knowledge::lookups::Lookups) -> Self {
        Self { known: known.clone(), ..Self::default() }
    }

    /// The tables that were asked for since the last call.
    pub(crate) fn take_used(&mut self) -> TableDigests {
        std::mem::take(&mut self.used)
    }

    /// The name of the file that rows for the lookup `name` are written to.
    pub(crate) fn file_name(&self, name: &str) -> String {
        self.known.file_name(name)
    }

    /// The table of that name; empty where there is none. What is wrong with it is reported.
    pub(crate) fn table(
        &mut self,
        name: &Spanned<String>,
        report: &mut Report<'_>,
    ) -> Option<Arc<Table>> {
        self.find(name, report).map(|found| found.table)
    }

    /// The lookup that runs, which finds nothing where it has no table; `None` once its mistakes are reported.
    pub(crate) fn lower(
        &mut self,
        lookup: &tree::Lookup,
        names: &mut Names,
        report: &mut Report<'_>,
    ) -> Option<Lookup> {
        let Some(found) = self.find(&lookup.table, report) else {
            return Some(nothing());
        };
        let found = self.by_time(found, &lookup.table, report)?;
        let written = lookup.outputs.iter().flat_map(|outputs| &outputs.fields);
        let columns = lookup.inputs.iter().chain(written);
        let missing: Vec<_> = columns
            .filter(|field| found.table.column(&field.column.value).is_none())
            .map(|field| no_column(&field.column, &lookup.table, &found.table))
            .collect();
        if !missing.is_empty() {
            missing.into_iter().for_each(report);
            return None;
        }
        let field_of = |field: &tree::LookupField| names.intern(&field.field().value);
        let inputs = lookup.inputs.iter().map(field_of).collect();
        let outputs = outputs(lookup, &found.table)
            .map(|(column, field)| Output { column, field: names.intern(&field) })
            .collect();
        Some(Lookup {
            inputs,
            outputs,
            keeps_existing: lookup.outputs.as_ref().is_some_and(|outputs| outputs.keeps_existing),
            limits: found.definition.limits.clone(),
            times: found.times.clone(),
            index: self.index(found, &lookup.inputs),
        })
    }

    fn find(&mut self, name: &Spanned<String>, report: &mut Report<'_>) -> Option<Found> {
        let Named { definition, file } = self.known.named(&name.value);
        let Some((file, known)) = file else {
            let problem = without_table(name, definition, &self.known);
            let is_external = definition.is_some_and(|it| it.source == Source::External);
            if !is_external || self.said.insert(name.value.clone()) {
                report(problem);
            }
            return None;
        };
        self.used.insert(file.to_owned(), known.digest);
        let definition = definition.cloned().unwrap_or_default();
        let (file, table) = (file.to_owned(), Arc::clone(&known.table));
        Some(Found { file, table, definition, times: None })
    }

    /// The same with its rows in the order of their times, where those say which of them hold; `None` once it is reported that it
    /// has no such column.
    fn by_time(
        &mut self,
        found: Found,
        name: &Spanned<String>,
        report: &mut Report<'_>,
    ) -> Option<Found> {
        let Some(times) = &found.definition.times else { return Some(found) };
        let Some(column) = found.table.column(&times.name) else {
            report(no_column(&Spanned::new(times.name.clone(), name.span), name, &found.table));
            return None;
        };
        let key = (found.file.clone(), times.name.clone(), times.format.clone());
        let (table, rows_ns) = self.timed.entry(key).or_insert_with(|| {
            let (table, rows_ns) = by_time(&found.table, column, times.format.as_deref());
            (Arc::new(table), rows_ns)
        });
        let times = Times {
            rows_ns: rows_ns.clone(),
            least_offset_ns: times.least_offset_s.saturating_mul(SECOND_NS),
            most_offset_ns: times.most_offset_s.saturating_mul(SECOND_NS),
        };
        Some(Found { table: Arc::clone(table), times: Some(times), ..found })
    }

    /// The index of a table by these keys, whose columns are there.
    fn index(&mut self, found: Found, inputs: &[tree::LookupField]) -> Arc<Index> {
        let Found { file, table, definition, .. } = found;
        let timed = definition.times.as_ref();
        let timed = timed.map(|it| (file.clone(), it.name.clone(), it.format.clone()));
        let keys: Vec<Key> = inputs
            .iter()
            .map(|field| {
                let name = &field.column.value;
                let column = table.column(name).expect("columns that are missing were reported");
                let matching = definition.matchings.get(name).copied().unwrap_or_default();
                Key { column, matching }
            })
            .collect();
        let is_case_sensitive = definition.is_case_sensitive;
        let index = self.indexes.entry((file, keys.clone(), is_case_sensitive, timed));
        let index = index.or_insert_with(|| Arc::new(Index::new(table, keys, is_case_sensitive)));
        Arc::clone(index)
    }
}

/// Takes what is wrong.
pub(crate) type Report<'r> = dyn FnMut(Diagnostic) + 'r;

/// The fields that a lookup may write: those it names, or those of its table.
pub(super) fn written(lookup: &tree::Lookup, known: &knowledge::lookups::Lookups) -> Vec<String> {
    let file = known.named(&lookup.table.value).file;
    file.map_or_else(Vec::new, |(_, file)| {
        outputs(lookup, &file.table).map(|(_, field)| field).collect()
    })
}

/// The place of each column that is taken, and the name of its field.
fn outputs<'t>(
    lookup: &'t tree::Lookup,
    table: &'t Table,
) -> impl Iterator<Item = (usize, String)> + 't {
    let named = lookup.outputs.iter().flat_map(|outputs| &outputs.fields).filter_map(|field| {
        Some((table.column(&field.column.value)?, field.field().value.clone()))
    });
    let is_key = |name: &str| lookup.inputs.iter().any(|field| field.column.value == name);
    let is_first = |place: usize, name: &str| table.column(name) == Some(place);
    let all = table.columns().iter().enumerate().filter(move |(place, name)| {
        lookup.outputs.is_none() && is_first(*place, name) && !is_key(name)
    });
    named.chain(all.map(|(place, name)| (place, name.to_string())))
}

/// A lookup that finds nothing.
fn nothing() -> Lookup {
    Lookup {
        index: Arc::new(Index::new(Arc::default(), Vec::new(), true)),
        inputs: Box::default(),
        outputs: Box::default(),
        keeps_existing: false,
        limits: Limits::default(),
        times: None,
    }
}

fn without_table(
    name: &Spanned<String>,
    definition: Option<&Definition>,
    known: &knowledge::lookups::Lookups,
) -> Diagnostic {
    let Spanned { value, span } = name;
    let message = match definition.map(|definition| &definition.source) {
        None => format!("no app has a lookup `{value}`"),
        Some(Source::File(file)) => format!("no app has the file `{file}` of the lookup `{value}`"),
        Some(Source::Collection) => {
            format!("`{value}` is a KV store, and no app has a table in its place")
        }
        Some(Source::External) => format!(
            "`{value}` is answered by a program on a Splunk, and no app has a table in its place"
        ),
    };
    let similar = if definition.is_none() { closest(value, known.names()) } else { None };
    let help = match (similar, definition.map(|definition| &definition.source)) {
        (Some(similar), _) => format!("did you mean `{similar}`?"),
        (None, Some(Source::File(file))) => {
            format!("put the table into `lookups/{file}` of a folder that `--knowledge` names")
        }
        _ => format!(
            "put its table into `lookups/{}.csv` of a folder that `--knowledge` names",
            value.strip_suffix(".csv").unwrap_or(value)
        ),
    };
    Diagnostic::warning(Code::LookupWithoutTable, *span, message).label("finds nothing").help(help)
}

fn no_column(column: &Spanned<String>, name: &Spanned<String>, table: &Table) -> Diagnostic {
    let message = format!("`{}` has no column `{}`", name.value, column.value);
    let columns = || table.columns().iter().map(|column| &**column);
    let help = match closest(&column.value, columns()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => {
            let named: Vec<&str> = columns().take(MOST_NAMED).collect();
            let rest = if table.columns().len() > MOST_NAMED { ", ..." } else { "" };
            format!("its columns are {}{rest}", named.join(", "))
        }
    };
    Diagnostic::error(Code::BadArgument, column.span, message).label("no such column").help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{knowledge::Knowledge, spl};

    const TRANSFORMS: &str = "[hosts]\nfilename = hosts.csv\n[gone]\nfilename = gone.csv\n\
        [store]\nexternal_type = kvstore\n[program]\nexternal_cmd = x.py\n";

    fn lookups() -> Lookups {
        let mut knowledge = Knowledge::default();
        let files = [
            ("default/transforms.conf", TRANSFORMS),
            ("lookups/hosts.csv", "ip,name,owner\n10.0.0.1,oak,ann\n"),
        ];
        assert_eq!(knowledge.overlay(&files), []);
        Lookups::new(&knowledge.lookups)
    }

    fn lowered(lookups: &mut Lookups, text: &str) -> (Option<Lookup>, Vec<String>) {
        let (lookup, problems) = spl::parse_lookup(text);
        assert_eq!(problems, []);
        let mut said = Vec::new();
        let mut report = |it: Diagnostic| {
            let help = it.help.clone().unwrap_or_default();
            let place = it.primary.span.text(text);
            said.push(format!("{} at {place}: {}; {help}", it.code.text(), it.message));
        };
        let lookup = lookups.lower(&lookup.unwrap(), &mut Names::default(), &mut report);
        (lookup, said)
    }

    #[test]
    fn rules_share_the_index_of_the_same_keys() {
        let mut lookups = lookups();
        let mut index = |text| lowered(&mut lookups, text).0.unwrap().index;
        let first = index("hosts ip AS src OUTPUT name");
        assert!(Arc::ptr_eq(&first, &index("hosts.csv ip OUTPUTNEW owner")));
        assert!(!Arc::ptr_eq(&first, &index("hosts ip, name OUTPUT owner")));
        assert_eq!(lookups.take_used().into_keys().collect::<Vec<_>>(), ["hosts.csv"]);
        assert!(lookups.take_used().is_empty());
    }

    #[test]
    fn without_an_output_clause_every_column_is_taken_that_is_no_key() {
        let (lookup, _) = spl::parse_lookup("hosts name AS host");
        let known = &lookups().known;
        assert_eq!(written(&lookup.unwrap(), known), ["ip", "owner"]);
        let (lookup, _) = spl::parse_lookup("hosts name OUTPUT ip AS src, owner");
        assert_eq!(written(&lookup.unwrap(), known), ["src", "owner"]);
        let (lookup, _) = spl::parse_lookup("gone name OUTPUT ip");
        assert_eq!(written(&lookup.unwrap(), known), [""; 0]);
    }

    #[test]
    fn a_lookup_without_a_table_finds_nothing_and_says_so() {
        for (text, expected) in [
            ("host ip", "W0523 at host: no app has a lookup `host`; did you mean `hosts`?"),
            (
                "gone a",
                "W0523 at gone: no app has the file `gone.csv` of the lookup `gone`; \
                 put the table into `lookups/gone.csv` of a folder that `--knowledge` names",
            ),
            (
                "store a OUTPUT b",
                "W0523 at store: `store` is a KV store, and no app has a table in its place; \
                 put its table into `lookups/store.csv` of a folder that `--knowledge` names",
            ),
            (
                "unheard.csv a",
                "W0523 at unheard.csv: no app has a lookup `unheard.csv`; \
                 put its table into `lookups/unheard.csv` of a folder that `--knowledge` names",
            ),
        ] {
            let (lookup, said) = lowered(&mut lookups(), text);
            assert_eq!(said, [expected]);
            assert_eq!(lookup.unwrap().outputs.len(), 0, "{text}");
        }
    }

    #[test]
    fn that_a_program_does_not_run_is_said_once() {
        let mut lookups = lookups();
        assert_eq!(lowered(&mut lookups, "program a").1.len(), 1);
        let (lookup, said) = lowered(&mut lookups, "program a OUTPUT b");
        assert_eq!((lookup.is_some(), said.len()), (true, 0));
    }

    #[test]
    fn a_column_that_the_table_lacks_is_an_error() {
        for (text, expected) in [
            ("hosts ipp", vec!["E0108 at ipp: `hosts` has no column `ipp`; did you mean `ip`?"]),
            (
                "hosts x OUTPUT y AS ip",
                vec![
                    "E0108 at x: `hosts` has no column `x`; its columns are ip, name, owner",
                    "E0108 at y: `hosts` has no column `y`; its columns are ip, name, owner",
                ],
            ),
        ] {
            let (lookup, said) = lowered(&mut lookups(), text);
            assert_eq!(said, expected);
            assert!(lookup.is_none());
        }
    }
}

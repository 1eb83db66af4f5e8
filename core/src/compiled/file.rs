//! A rule set as bytes, so that it loads at once: no rule is read, no pattern determinised, no anchor sought.
//!
//! A file is, as [`codec`](crate::codec) writes it:
//!
//! | part | form |
//! | --- | --- |
//! | `caltrop rules`, a line feed | 14 bytes |
//! | [`FILE_VERSION`], the version of this form | 32 bits |
//! | a checksum of all that follows | 64 bits |
//! | the version of the program that wrote it; how many rules there are | a text, a number |
//! | how many bytes the parts have that follow, up to the automata | a count |
//! | the names of fields, but for those that every set has; of functions | two lists of texts |
//! | the patterns that are matched, each with the length of its dense automaton if it has one | a list |
//! | the patterns whose matches are found | a list of texts |
//! | the lookup tables; their indexes by table and keys | two lists |
//! | what the knowledge makes of fields; the rules in the order of their paths | as [`form`](super::form) writes them |
//! | the automata, each at a multiple of four bytes from the start of the file, with zeros before it | bytes |
//!
//! Only what is dear to make is stored. Dense automata are, for determinising them is most of what compiling a catalog costs; they
//! run where they stand in the bytes of the file, which therefore stay in memory. Lazy automata and those that find groups have no
//! byte form and are made when they are first used. Indexes of tables and what the scan looks for are made while the file is
//! loaded. The machine that reads need not be the one that wrote: on one of another byte order the automata are made when they are
//! first used. Zones, and the database of locations, are of the process that runs the rules, and are not in the file; a plan hash
//! is that of the database with which the rule was compiled.
//!
//! The checksum finds files that were cut or damaged. It stops no enemy, so whatever passes it is checked part by part while it is
//! read, and what is loaded can only do what some rule could.

use std::{fmt, sync::Arc};

use super::{
    Rule, RuleSet,
    bytes::{ALIGNMENT, Automata, FileBytes},
    form::{Form, Loader, Pools, Saver, check, place},
};
use crate::{
    codec::{Malformed, Reader, Writer},
    event::mapping::Mapping,
    expr::{
        capture::Finder,
        functions::{self, Function},
        regex::{Regex, RegexIds, Stored},
        search::Search,
    },
    locations::Locations,
    lookup::{Index, Key, Table, TableBuilder},
    names::Names,
};

/// The version of the form of compiled files. It grows with every change to what a part of a rule set is or means.
pub const FILE_VERSION: u32 = 4;

const MAGIC: &[u8; 14] = b"caltrop rules\n";

/// What stands before what the checksum is of.
const HEAD_BYTES: usize = MAGIC.len() + size_of::<u32>() + size_of::<u64>();

/// Loading recurses as deep as rules nest.
const LOAD_STACK_BYTES: usize = 16 << 20;

/// How many cells of tables the indexes of a file may hold together, for each of its bytes.
const INDEXED_CELLS_PER_BYTE: usize = 64;

/// What a compiled file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe<'b> {
    /// The version of its form.
    pub version: u32,
    /// The version of the program that wrote it; empty if the form is another.
    pub program: &'b str,
    /// How many rules it holds; 0 if the form is another.
    pub rules: u64,
}

impl Probe<'_> {
    /// Whether this program reads files of that form.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.version == FILE_VERSION
    }
}

/// Why bytes are no compiled rules that this program can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadError {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NoRules,
    OtherVersion(u32),
    Damaged,
    Malformed(Malformed),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::NoRules => out.write_str("these are no compiled rules: they do not begin as such"),
            Kind::OtherVersion(version) => write!(
                out,
                "the compiled rules are of version {version}, this program reads version {FILE_VERSION}: \
                 compile the rules again with this program"
            ),
            Kind::Damaged => out.write_str(
                "the compiled rules are cut short or damaged: copy them again, or compile the rules again",
            ),
            Kind::Malformed(found) => {
                write!(out, "no version of caltrop compiled these rules: {found}")
            }
        }
    }
}

impl std::error::Error for LoadError {}

impl From<Malformed> for LoadError {
    fn from(found: Malformed) -> Self {
        Self { kind: Kind::Malformed(found) }
    }
}

impl RuleSet {
    /// The set as bytes; the same set gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut plans = Saver::default();
        self.mapping.save(&mut plans);
        plans.out.count(self.terms.len());
        self.terms.all().iter().for_each(|term| term.save(&mut plans));
        self.rules.save(&mut plans);
        let Saver { out: plans, pools } = plans;
        let mut parts = Saver::default();
        save_names(&self.names, &mut parts);
        let automata = save_pools(&pools, &mut parts);
        parts.out.plain(&plans.into_bytes());
        let mut body = Writer::default();
        body.text(env!("CARGO_PKG_VERSION").as_bytes());
        body.count(self.rules.len());
        body.text(&parts.out.into_bytes());
        with_head(with_automata(body.into_bytes(), &automata))
    }

    /// The set that [`to_bytes`](Self::to_bytes) wrote, with the `locations` that `iplocation` asks.
    ///
    /// # Errors
    /// If the bytes are none, are damaged, or are of another version.
    pub fn from_bytes(bytes: &[u8], locations: Option<Locations>) -> Result<Self, LoadError> {
        Self::from_shared(&Arc::new(bytes.to_vec()), locations)
    }

    /// The same without a copy: the set goes on to use these bytes.
    ///
    /// # Errors
    /// If the bytes are none, are damaged, or are of another version.
    pub fn from_shared(
        bytes: &Arc<Vec<u8>>,
        locations: Option<Locations>,
    ) -> Result<Self, LoadError> {
        let (version, sum, body) = split(bytes).ok_or(LoadError { kind: Kind::NoRules })?;
        if version != FILE_VERSION {
            return Err(LoadError { kind: Kind::OtherVersion(version) });
        }
        if sum != checksum(body) {
            return Err(LoadError { kind: Kind::Damaged });
        }
        let file = FileBytes::new(bytes);
        stacker::grow(LOAD_STACK_BYTES, || Ok(load(&file, locations)?))
    }

    /// What compiled rules say of themselves; `None` where the bytes do not begin as such. The rest of them is not looked at.
    #[must_use]
    pub fn probe(bytes: &[u8]) -> Option<Probe<'_>> {
        let (version, _, body) = split(bytes)?;
        if version != FILE_VERSION {
            return Some(Probe { version, program: "", rules: 0 });
        }
        let (program, rules) = heading(&mut Reader::new(body)).ok()?;
        Some(Probe { version, program, rules })
    }
}

/// The version, the checksum and the rest of what begins as a file does.
fn split(bytes: &[u8]) -> Option<(u32, u64, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first_chunk()?;
    let (sum, body) = rest.split_first_chunk()?;
    Some((u32::from_le_bytes(*version), u64::from_le_bytes(*sum), body))
}

/// The automata behind the body, each where it may stand once the head is before the body.
fn with_automata(mut body: Vec<u8>, automata: &[Vec<u8>]) -> Vec<u8> {
    for automaton in automata {
        let place = (HEAD_BYTES + body.len()).next_multiple_of(ALIGNMENT);
        body.resize(place - HEAD_BYTES, 0);
        body.extend_from_slice(automaton);
    }
    body
}

fn with_head(body: Vec<u8>) -> Vec<u8> {
    let mut file = Writer::default();
    file.plain(MAGIC);
    file.plain(&FILE_VERSION.to_le_bytes());
    file.plain(&checksum(&body).to_le_bytes());
    file.plain(&body);
    file.into_bytes()
}

/// The checksum of what follows it in a file. Each word of eight bytes is mixed in by a step that loses nothing, so one damaged
/// word is always found.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(FACTOR).rotate_left(29);
    // PERF: one sum at a time waited for each multiplication, and took a tenth of loading a catalog.
    let mut sums = [0, 1, 2, 3].map(|sum| sum + bytes.len() as u64);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut take = |block: &[u8; 32]| {
        for (sum, word) in sums.iter_mut().zip(block.as_chunks().0) {
            *sum = mix(*sum, u64::from_le_bytes(*word));
        }
    };
    blocks.iter().for_each(&mut take);
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    take(&last);
    sums.into_iter().fold(0, |whole, sum| mix(mix(whole, sum), 0))
}

fn heading<'b>(bytes: &mut Reader<'b>) -> Result<(&'b str, u64), Malformed> {
    let program = std::str::from_utf8(bytes.text()?);
    let program = program.map_err(|_| Malformed::new("a version is not UTF-8"))?;
    Ok((program, bytes.number()?))
}

fn load(file: &FileBytes, locations: Option<Locations>) -> Result<RuleSet, Malformed> {
    let mut bytes = Reader::new(&file[HEAD_BYTES..]);
    let (_, announced) = heading(&mut bytes)?;
    let parts = Reader::new(bytes.text()?);
    let automata = Automata::new(file.clone(), file.len() - bytes.remaining_bytes());
    let mut from = Loader::new(parts, automata, locations);
    load_names(&mut from)?;
    load_pools(&mut from, file.len())?;
    let mapping = Mapping::load(&mut from)?;
    let terms = Vec::<Search>::load(&mut from)?;
    from.terms = terms.len();
    let rules = Vec::<Rule>::load(&mut from)?;
    check(rules.len() as u64 == announced, "there are not as many rules as announced")?;
    let in_order = rules.is_sorted_by(|left, right| left.meta.path < right.meta.path);
    check(in_order, "the rules are not in the order of their paths")?;
    from.bytes.end()?;
    from.automata.end()?;
    Ok(RuleSet::new(rules, terms, from.names, mapping, from.ids.count()))
}

fn save_names(names: &Names, out: &mut Saver) {
    let own: Vec<Box<str>> = names.own().map(Into::into).collect();
    own.save(out);
}

fn load_names(from: &mut Loader<'_>) -> Result<(), Malformed> {
    for name in Vec::<Box<str>>::load(from)? {
        let known = from.names.len();
        let id = from.names.intern(&name);
        check(id.index() == known, "two fields have one name")?;
    }
    Ok(())
}

/// Writes what the rules share but for the automata, which are returned.
fn save_pools(pools: &Pools, out: &mut Saver) -> Vec<Vec<u8>> {
    let Pools { functions, regexes, finders, tables, indexes } = pools;
    out.out.count(functions.values.len());
    functions.values.iter().for_each(|function| out.out.text(function.name.as_bytes()));
    out.out.count(regexes.values.len());
    let automata = regexes.values.iter().filter_map(|regex| save_regex(regex, out)).collect();
    out.out.count(finders.values.len());
    finders.values.iter().for_each(|finder| out.out.text(finder.pattern().as_bytes()));
    // The table of an index may be that of no command.
    let mut tables = tables.clone();
    let mut saved = Saver::default();
    saved.out.count(indexes.values.len());
    for index in &indexes.values {
        let table = index.shared_table();
        tables.number(place(table), table).save(&mut saved);
        index.keys().to_vec().save(&mut saved);
        index.is_case_sensitive().save(&mut saved);
    }
    out.out.count(tables.values.len());
    tables.values.iter().for_each(|table| save_table(table, out));
    out.out.plain(&saved.out.into_bytes());
    automata
}

fn load_pools(from: &mut Loader<'_>, file_bytes: usize) -> Result<(), Malformed> {
    for _ in 0..from.bytes.count(1)? {
        let function = load_function(from)?;
        from.functions.push(function);
    }
    for _ in 0..from.bytes.count(1)? {
        let regex = load_regex(from)?;
        from.regexes.push(regex);
    }
    for _ in 0..from.bytes.count(1)? {
        let pattern = Box::<str>::load(from)?;
        let finder = Finder::load(&pattern, &mut from.ids);
        from.finders.push(finder);
    }
    for _ in 0..from.bytes.count(1)? {
        let table = load_table(from)?;
        from.tables.push(Arc::new(table));
    }
    let mut cells_left = file_bytes.saturating_mul(INDEXED_CELLS_PER_BYTE);
    for _ in 0..from.bytes.count(1)? {
        let index = load_index(from, &mut cells_left)?;
        from.indexes.push(Arc::new(index));
    }
    Ok(())
}

fn load_function(from: &mut Loader<'_>) -> Result<&'static Function, Malformed> {
    let name = from.bytes.text()?;
    let function = functions::all().find(|known| known.name.as_bytes() == name);
    function.ok_or(Malformed::new("a function is none that there is"))
}

/// Writes a pattern; its automaton, if it has one that is stored, goes to the end of the file.
fn save_regex(regex: &Regex, out: &mut Saver) -> Option<Vec<u8>> {
    out.out.text(regex.pattern().as_bytes());
    let stored = regex.stored();
    out.out.option(stored.as_ref(), |out, stored| {
        out.flag(stored.has_dollar);
        out.count(stored.bytes.len());
    });
    stored.map(|stored| stored.bytes)
}

fn load_regex(from: &mut Loader<'_>) -> Result<Regex, Malformed> {
    let pattern = Box::<str>::load(from)?;
    let stored = from.bytes.option(|bytes| Ok((bytes.flag()?, bytes.number()?)))?;
    let stored = match stored {
        None => None,
        Some((has_dollar, length)) => {
            // More than the machine can address is more than there is.
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            Some(Stored { has_dollar, bytes: from.automata.take(length)? })
        }
    };
    Regex::load(&pattern, stored, &mut from.ids)
        .map_err(|_| Malformed::new("bytes are no automaton"))
}

fn save_table(table: &Table, out: &mut Saver) {
    table.columns().to_vec().save(out);
    out.out.count(table.row_count());
    for row in table.rows() {
        (0..table.columns().len()).for_each(|column| out.out.text(table.cell(row, column)));
    }
}

fn load_table(from: &mut Loader<'_>) -> Result<Table, Malformed> {
    let columns = Vec::<Box<str>>::load(from)?;
    let rows = from.bytes.count(columns.len())?;
    check(rows == 0 || !columns.is_empty(), "a table has rows and no columns")?;
    let mut builder = TableBuilder::new(columns.iter().map(|column| &**column));
    let mut cells = Vec::with_capacity(columns.len());
    for _ in 0..rows {
        cells.clear();
        for _ in &columns {
            cells.push(from.bytes.text()?);
        }
        let pushed = builder.push(cells.iter().copied());
        pushed.map_err(|_| Malformed::new("a table is larger than may be"))?;
    }
    Ok(builder.build())
}

fn load_index(from: &mut Loader<'_>, cells_left: &mut usize) -> Result<Index, Malformed> {
    let table = Arc::<Table>::load(from)?;
    let keys = Vec::<Key>::load(from)?;
    let has_columns = keys.iter().all(|key| key.column < table.columns().len());
    check(has_columns, "a key is no column of its table")?;
    let cells = table.row_count().saturating_mul(keys.len()).saturating_add(keys.len());
    let left = cells_left.checked_sub(cells);
    *cells_left = left.ok_or(Malformed::new("tables are indexed too often"))?;
    Ok(Index::new(table, keys, bool::load(from)?))
}

impl<'b> Loader<'b> {
    fn new(bytes: Reader<'b>, automata: Automata, locations: Option<Locations>) -> Self {
        Self {
            bytes,
            automata,
            functions: Vec::new(),
            names: Names::default(),
            ids: RegexIds::default(),
            regexes: Vec::new(),
            finders: Vec::new(),
            tables: Vec::new(),
            indexes: Vec::new(),
            terms: 0,
            locations,
            depth: 0,
            levels: 0,
        }
    }
}

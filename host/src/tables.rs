//! The folder that rules may write lookup tables into.
//!
//! A table is written beside its file and takes its place in one step, so that whoever reads it finds all of it or all of what it was.
//! Only its owner may read it, for it holds values of events. No name leads out of the folder, links are not followed, and no table
//! grows beyond 64 MiB.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    path::{Path, PathBuf},
};

use caltrop_core::outbox::{IfEmpty, MAX_WAITING_BYTES, Manner, Written, is_file_name};
use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use crate::{
    buffer::as_u64,
    error::{FileError, Kind},
    state::StateFile,
};

/// A folder of tables.
#[derive(Clone, Debug)]
pub struct TableFolder {
    path: PathBuf,
}

/// The rows of a file, and the names of their columns.
#[derive(Debug, Default)]
struct Table {
    columns: Vec<Vec<u8>>,
    rows: Vec<Vec<Vec<u8>>>,
}

impl TableFolder {
    /// The folder at `path`.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let found = path.metadata().map_err(|error| FileError::new(path, error))?;
        if !found.is_dir() {
            return Err(FileError::new(path, Kind::NotAFolder));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Writes rows into the file of their table.
    ///
    /// # Errors
    /// When the file cannot be read or written, is a link, or would be too large. It is as it was then.
    pub fn write(&self, written: &Written) -> Result<(), FileError> {
        let path = self.path.join(&written.file);
        if !is_file_name(&written.file) {
            return Err(FileError::new(&path, Kind::NotATable));
        }
        let file = StateFile::new(&path, as_u64(MAX_WAITING_BYTES));
        let Written { columns, rows, manner, .. } = written;
        match manner {
            Manner::Replace(IfEmpty::Keep) if rows.is_empty() => Ok(()),
            Manner::Replace(IfEmpty::Remove) if rows.is_empty() => remove(&path),
            Manner::Replace(_) if rows.is_empty() => file.save(b""),
            Manner::Replace(_) => file.save(&Table::default().with(columns, rows, None).to_bytes()),
            Manner::Append | Manner::Update(_) if rows.is_empty() => Ok(()),
            Manner::Append => self.add(&file, written, None),
            Manner::Update(key) => self.add(&file, written, Some(key)),
        }
    }

    fn add(&self, file: &StateFile, written: &Written, key: Option<&str>) -> Result<(), FileError> {
        let before = Table::read(&file.load()?.unwrap_or_default());
        file.save(&before.with(&written.columns, &written.rows, key).to_bytes())
    }
}

fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::new(path, error))
        }
        _ => Ok(()),
    }
}

impl Table {
    /// The table in the text of a file; what is no CSV ends it.
    fn read(text: &[u8]) -> Self {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        let mut records = reader.byte_records().map_while(Result::ok).map(|it| cells(&it));
        Self { columns: records.next().unwrap_or_default(), rows: records.collect() }
    }

    /// The same with more rows, whose columns come behind those that it lacks. With a key, a row takes the place of the one that
    /// has the same text there.
    fn with(mut self, columns: &[String], rows: &[Vec<Vec<u8>>], key: Option<&str>) -> Self {
        let places: Vec<usize> = columns.iter().map(|name| self.place(name.as_bytes())).collect();
        let key = key.map(|name| self.place(name.as_bytes()));
        let key_of = |row: &Vec<Vec<u8>>| row.get(key?).filter(|cell| !cell.is_empty()).cloned();
        let mut by_key: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        by_key
            .extend(self.rows.iter().enumerate().filter_map(|(at, row)| Some((key_of(row)?, at))));
        for row in rows {
            let mut placed = vec![Vec::new(); self.columns.len()];
            row.iter().zip(&places).for_each(|(cell, &place)| placed[place].clone_from(cell));
            match key_of(&placed) {
                Some(key) => match by_key.entry(key) {
                    Entry::Occupied(earlier) => self.rows[*earlier.get()] = placed,
                    Entry::Vacant(first) => {
                        first.insert(self.rows.len());
                        self.rows.push(placed);
                    }
                },
                None => self.rows.push(placed),
            }
        }
        self
    }

    /// The place of a column, which is there from now on.
    fn place(&mut self, name: &[u8]) -> usize {
        self.columns.iter().position(|column| *column == name).unwrap_or_else(|| {
            self.columns.push(name.to_vec());
            self.columns.len() - 1
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            let missing = self.columns.len().saturating_sub(row.len());
            let cells = row.iter().map(Vec::as_slice).chain((0..missing).map(|_| &b""[..]));
            writer.write_record(cells).expect("a vector takes everything");
        }
        writer.into_inner().expect("a vector takes everything")
    }
}

fn cells(record: &ByteRecord) -> Vec<Vec<u8>> {
    record.iter().map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(manner: Manner, columns: &[&str], rows: &[&[&str]]) -> Written {
        let row = |row: &&[&str]| row.iter().map(|cell| cell.as_bytes().to_vec()).collect();
        Written {
            file: "seen.csv".to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: rows.iter().map(row).collect(),
            manner,
        }
    }

    const REPLACE: Manner = Manner::Replace(IfEmpty::Remove);

    #[test]
    fn each_manner_makes_of_the_file_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let tables = TableFolder::open(folder.path()).unwrap();
        let user = || Manner::Update("user".to_owned());
        let steps = [
            (written(Manner::Append, &["user"], &[&["bob"]]), "user\nbob\n"),
            (
                written(REPLACE, &["user", "n"], &[&["amy", "1"], &["a,\"b", ""]]),
                "user,n\namy,1\n\"a,\"\"b\",\n",
            ),
            (
                written(Manner::Append, &["n", "at"], &[&["2", "9"]]),
                "user,n,at\namy,1,\n\"a,\"\"b\",,\n,2,9\n",
            ),
            (
                written(Manner::Replace(IfEmpty::Keep), &[], &[]),
                "user,n,at\namy,1,\n\"a,\"\"b\",,\n,2,9\n",
            ),
            (
                written(REPLACE, &["user", "n"], &[&["amy", "1"], &["bob", "2"]]),
                "user,n\namy,1\nbob,2\n",
            ),
            (
                written(
                    user(),
                    &["n", "user"],
                    &[&["3", "bob"], &["4", "eve"], &["5", ""], &["6", "eve"]],
                ),
                "user,n\namy,1\nbob,3\neve,6\n,5\n",
            ),
            (written(Manner::Replace(IfEmpty::Empty), &[], &[]), ""),
        ];
        for (written, expected) in steps {
            tables.write(&written).unwrap();
            let text = fs::read_to_string(folder.path().join("seen.csv")).unwrap();
            assert_eq!(text, expected, "{written:?}");
        }
        tables.write(&written(REPLACE, &[], &[])).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        tables.write(&written(REPLACE, &[], &[])).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_outside_of_the_folder_or_for_others_to_read() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let tables = TableFolder::open(folder.path()).unwrap();
        let rows = written(REPLACE, &["user"], &[&["bob"]]);
        for file in ["../seen.csv", "a/seen.csv", ".seen.csv", "seen"] {
            let named = Written { file: file.to_owned(), ..rows.clone() };
            assert!(tables.write(&named).is_err(), "{file}");
        }
        let kept = elsewhere.path().join("kept.csv");
        fs::write(&kept, "kept").unwrap();
        symlink(&kept, folder.path().join("seen.csv")).unwrap();
        for manner in [REPLACE, Manner::Append] {
            let linked = Written { manner, ..rows.clone() };
            assert!(tables.write(&linked).is_err());
        }
        assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
        fs::remove_file(folder.path().join("seen.csv")).unwrap();
        tables.write(&rows).unwrap();
        let mode = folder.path().join("seen.csv").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(TableFolder::open(&kept).is_err());
        assert!(TableFolder::open(&elsewhere.path().join("gone")).is_err());
    }

    #[test]
    fn a_table_does_not_grow_beyond_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let tables = TableFolder::open(folder.path()).unwrap();
        let half = "x".repeat(MAX_WAITING_BYTES / 2);
        let rows = written(Manner::Append, &["text"], &[&[&half]]);
        tables.write(&rows).unwrap();
        let before = folder.path().join("seen.csv").metadata().unwrap().len();
        assert!(tables.write(&rows).is_err());
        assert_eq!(folder.path().join("seen.csv").metadata().unwrap().len(), before);
    }
}

//! What rules give their host to write: an engine opens no file, so `outputlookup` leaves its rows here, and the host takes them.
//!
//! So much may wait ([`MAX_WAITING_BYTES`]); rows beyond it are left out and counted. Rows that a later command replaces before the
//! host came are gone, as they would be from a file.

use std::cell::{Cell, RefCell};

/// So many bytes of rows may wait for the host.
pub const MAX_WAITING_BYTES: usize = 64 << 20;

/// Rows for the file of a lookup table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The name of the file; no path ([`is_file_name`] holds).
    pub file: String,
    /// The columns of the rows, in order.
    pub columns: Vec<String>,
    /// The rows: a cell for each column, empty where the row lacks the field. The values of a multivalue stand on lines of one cell.
    pub rows: Vec<Vec<Vec<u8>>>,
    /// What becomes of what the file holds.
    pub manner: Manner,
}

/// What becomes of what a file holds when rows are written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The rows take its place.
    Replace(IfEmpty),
    /// The rows come behind.
    Append,
    /// A row takes the place of the one that has the same text in this column, or comes behind.
    Update(String),
}

/// What becomes of a file that is to be replaced by no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfEmpty {
    /// It goes.
    Remove,
    /// It stays as it is.
    Keep,
    /// It becomes an empty file.
    Empty,
}

/// Whether `name` can be the name of a table's file and leads nowhere: letters, digits, `_`, `-` and dots, of which none is first.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    name.ends_with(".csv") && !name.starts_with('.') && name.bytes().all(is_plain)
}

/// What waits for the host of one engine.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: RefCell<Vec<Written>>,
    left_out: Cell<u64>,
}

impl Outbox {
    /// Adds rows, as many as have room.
    pub fn add(&self, mut written: Written) {
        let mut waiting = self.waiting.borrow_mut();
        if written.replaces() {
            waiting.retain(|earlier| earlier.file != written.file);
        }
        let mut bytes: usize = waiting.iter().map(Written::bytes).sum();
        let has_room = |row: &&Vec<Vec<u8>>| {
            bytes += row_bytes(row);
            bytes <= MAX_WAITING_BYTES
        };
        let taken = written.rows.iter().take_while(has_room).count();
        self.left_out.set(self.left_out.get() + (written.rows.len() - taken) as u64);
        written.rows.truncate(taken);
        waiting.push(written);
    }

    /// What waits, in the order in which it came.
    pub fn take(&self) -> Vec<Written> {
        self.waiting.take()
    }

    /// How many rows were left out for want of room since the last call.
    pub fn take_left_out(&self) -> u64 {
        self.left_out.take()
    }
}

impl Written {
    /// Whether nothing that was written before shows behind it.
    fn replaces(&self) -> bool {
        match self.manner {
            Manner::Replace(IfEmpty::Keep) => !self.rows.is_empty(),
            Manner::Replace(_) => true,
            Manner::Append | Manner::Update(_) => false,
        }
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row_bytes(row)).sum()
    }
}

/// About how much memory a row takes.
fn row_bytes(row: &[Vec<u8>]) -> usize {
    /// What a row and each of its cells take beside their text.
    const OVERHEAD_BYTES: usize = 32;
    OVERHEAD_BYTES + row.iter().map(|cell| OVERHEAD_BYTES + cell.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(file: &str, manner: Manner, cells: &[&str]) -> Written {
        let rows = cells.iter().map(|cell| vec![cell.as_bytes().to_vec()]).collect();
        Written { file: file.to_owned(), columns: vec!["a".to_owned()], rows, manner }
    }

    #[test]
    fn rows_that_are_replaced_before_the_host_comes_are_gone() {
        let outbox = Outbox::default();
        outbox.add(written("t.csv", Manner::Append, &["1"]));
        outbox.add(written("u.csv", Manner::Append, &["2"]));
        outbox.add(written("t.csv", Manner::Replace(IfEmpty::Keep), &[]));
        outbox.add(written("u.csv", Manner::Replace(IfEmpty::Remove), &["3"]));
        outbox.add(written("u.csv", Manner::Append, &["4"]));
        let shown: Vec<_> =
            outbox.take().into_iter().map(|it| (it.file, it.rows.concat().concat())).collect();
        let expected = [("t.csv", "1"), ("t.csv", ""), ("u.csv", "3"), ("u.csv", "4")];
        assert_eq!(shown, expected.map(|(file, text)| (file.to_owned(), text.into())));
        assert_eq!(outbox.take(), []);
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let outbox = Outbox::default();
        let long = "x".repeat(MAX_WAITING_BYTES / 2);
        outbox.add(written("t.csv", Manner::Append, &[&long, &long, "x"]));
        assert_eq!(outbox.take_left_out(), 2);
        assert_eq!(outbox.take()[0].rows.len(), 1);
        assert_eq!(outbox.take_left_out(), 0);
    }

    #[test]
    fn names_of_files_lead_nowhere() {
        for (name, expected) in [
            ("seen.csv", true),
            ("a-b_c.1.csv", true),
            ("", false),
            (".csv", false),
            ("..csv", false),
            ("../seen.csv", false),
            ("a/b.csv", false),
            ("a\\b.csv", false),
            ("seen.csv.gz", false),
            ("seen", false),
            ("s\u{e9}en.csv", false),
            ("a b.csv", false),
        ] {
            assert_eq!(is_file_name(name), expected, "{name}");
        }
    }
}

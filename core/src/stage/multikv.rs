//! `multikv`: a table in the text of an event, as one row for each of its lines.
//!
//! Class: expanding. Decisions where Splunk's manual is silent:
//!
//! - Cells end at white space; the last column has the rest of its line. The first line that holds two names or more names the
//!   columns, or the line that `forceheader` says; with `noheader=t` they are called `Column_1` and so on.
//! - A name is cleaned as in events: `sc(status)` is `sc_status_`.
//! - A row has its line as `_raw` and, unless `copyattrs=f`, the other fields of the event. An event in which there is no table goes on
//!   unchanged; with `rmorig=f` every event does, before its rows.
//! - The rows that are added to those of one event, or of one window, have [`MAX_CELLS`] fields together; lines beyond get no row.

use bumpalo::collections::Vec as BumpVec;
use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::{
    mvexpand::{MAX_CELLS, of_number},
    supplied,
};
use crate::{
    event::clean::field_name,
    names::{Name, Names},
    row::{Cell, Env, Fields, Row},
    value::Value,
};

/// The most columns of a table.
const MAX_COLUMNS: usize = 512;

/// `multikv fields names filter words options`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiKv {
    /// Which line holds the names.
    pub header: Header,
    /// The columns that become fields; none are all.
    pub fields: Box<[Box<[u8]>]>,
    /// A line must hold one of these; none are all lines.
    pub filters: Box<[Box<[u8]>]>,
    /// Whether a row has the other fields of the event.
    pub copies: bool,
    /// Whether the event itself is no row.
    pub replaces: bool,
}

/// Which line holds the names of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The first that looks so.
    Found,
    /// That of this number, from 0.
    Line(usize),
    /// None: columns are numbered.
    None,
}

impl MultiKv {
    /// Makes rows of the tables of `rows`.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let (mut made, mut cells_left) = (Vec::with_capacity(rows.len()), MAX_CELLS);
        for row in rows {
            self.expand(row, &mut cells_left, &mut made, env);
        }
        made
    }

    fn expand<'e>(
        &self,
        row: Row<'e>,
        cells_left: &mut usize,
        made: &mut Vec<Row<'e>>,
        env: Env<'e>,
    ) {
        let text = row.get(Names::RAW).text(env.bump).unwrap_or_default();
        let lines = text.split(|&byte| byte == b'\n').map(|line| line.trim_ascii());
        let mut lines = lines.filter(|line| !line.is_empty());
        let Some(names) = self.names(&mut lines, env) else { return made.push(row) };
        if !self.replaces {
            made.push(row.clone());
        }
        let width = names.len() + if self.copies { row.width() } else { 2 };
        for (line, number) in lines.filter(|line| self.is_wanted(line)).zip(0..) {
            let Some(left) = cells_left.checked_sub(width) else { return };
            *cells_left = left;
            made.push(self.row_of(line, &names, of_number(self.base(&row, env), number, env), env));
        }
    }

    /// The names of the columns, none where it stands twice; of the lines those behind the header are left. `None` where there is no table.
    fn names<'e>(
        &self,
        lines: &mut (impl Iterator<Item = &'e [u8]> + Clone),
        env: Env<'e>,
    ) -> Option<Vec<&'e [u8]>> {
        let header = match self.header {
            Header::Found => lines.find(|line| cells(line, MAX_COLUMNS).nth(1).is_some())?,
            Header::Line(number) => lines.nth(number)?,
            Header::None => {
                let widths = lines.clone().map(|line| cells(line, MAX_COLUMNS).count());
                let numbers = 1..=widths.max()?;
                let name = |number| &*env.bump.alloc_str(&format!("Column_{number}"));
                return Some(numbers.map(|number| name(number).as_bytes()).collect());
            }
        };
        let mut seen = HashSet::with_hasher(FixedState::default());
        let names = cells(header, MAX_COLUMNS).map(|name| field_name(name, env.bump));
        Some(names.map(|name| if seen.insert(name) { name } else { b"" }).collect())
    }

    fn is_wanted(&self, line: &[u8]) -> bool {
        self.filters.is_empty()
            || self.filters.iter().any(|word| memchr::memmem::find(line, word).is_some())
    }

    /// What a row begins as.
    fn base<'e>(&self, event: &Row<'e>, env: Env<'e>) -> Row<'e> {
        let mut row = event.clone();
        if !self.copies {
            let time = Name::Known(Names::TIME);
            let mut cells = BumpVec::new_in(env.bump);
            let value = event.get_name(time);
            cells.extend((!value.is_null()).then_some(Cell { name: time, value }));
            row.replace(cells);
        }
        row
    }

    fn row_of<'e>(
        &self,
        line: &'e [u8],
        names: &[&'e [u8]],
        mut row: Row<'e>,
        env: Env<'e>,
    ) -> Row<'e> {
        row.set(Name::Known(Names::RAW), Value::Text(line));
        let columns = names.iter().zip(cells(line, names.len()));
        let is_wanted = |name: &[u8]| {
            !name.is_empty()
                && (self.fields.is_empty() || self.fields.iter().any(|field| &**field == name))
        };
        let fields = columns.filter(|(name, _)| is_wanted(name));
        let fields: Vec<_> =
            fields.map(|(name, cell)| (env.names.name(name), Value::Text(cell))).collect();
        supplied::write(&mut row, &fields);
        row
    }
}

/// The cells of a line, the last of `most` with all that is left.
fn cells(line: &[u8], most: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = line.trim_ascii();
    let mut left = most;
    std::iter::from_fn(move || {
        if rest.is_empty() || left == 0 {
            return None;
        }
        left -= 1;
        let is_space = u8::is_ascii_whitespace;
        let end = if left == 0 { None } else { rest.iter().position(is_space) };
        let (cell, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind.trim_ascii_start();
        Some(cell)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::Lab;

    fn multikv() -> MultiKv {
        let (fields, filters) = (Box::default(), Box::default());
        MultiKv { header: Header::Found, fields, filters, copies: true, replaces: true }
    }

    fn run(multikv: &MultiKv, raw: &str) -> String {
        let lab = Lab::new(&[]);
        let mut row = lab.row("_time=1 h=a", 0);
        let raw = lab.env().bump.alloc_str(raw).as_bytes();
        row.set(Name::Known(Names::RAW), Value::Text(raw));
        let rows = multikv.apply_all(vec![row], lab.env());
        rows.iter().map(|row| lab.show(row)).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn each_line_of_a_table_becomes_a_row() {
        let table =
            "up 3 days\nPID  sc(status)\tCOMMAND\n\n 1  ok  /sbin/init splash\n22 bad cmd\n";
        let told = multikv();
        let found = MultiKv { header: Header::Line(1), ..told.clone() };
        assert_eq!(
            run(&found, table),
            "_time=1 h=a _raw=1  ok  /sbin/init splash PID=1 sc_status_=ok COMMAND=/sbin/init splash / \
             _time=1 h=a _raw=22 bad cmd PID=22 sc_status_=bad COMMAND=cmd"
        );
        let some = MultiKv {
            fields: [(*b"PID").into()].into(),
            filters: [(*b"bad").into()].into(),
            copies: false,
            ..found.clone()
        };
        assert_eq!(run(&some, table), "_time=1 _raw=22 bad cmd PID=22");
        let kept = MultiKv { replaces: false, fields: [(*b"n").into()].into(), ..told.clone() };
        assert_eq!(run(&kept, "n m\n1 2"), "_time=1 h=a _raw=n m\\n1 2 / _time=1 h=a _raw=1 2 n=1");
        let numbered = MultiKv { header: Header::None, ..told.clone() };
        assert_eq!(
            run(&numbered, "1 2\n3"),
            "_time=1 h=a _raw=1 2 Column_1=1 Column_2=2 / _time=1 h=a _raw=3 Column_1=3"
        );
        assert_eq!(run(&told, "word\nother"), "_time=1 h=a _raw=word\\nother");
        assert_eq!(run(&told, "n n-\n1 2"), "_time=1 h=a _raw=1 2 n=1 n_=2");
        assert_eq!(run(&told, "n n\n1 2"), "_time=1 h=a _raw=1 2 n=1");
        // What a row stands on is no column of a table, and of an event nobody says another host.
        assert_eq!(run(&told, "_time host h\n5 6 7"), "_time=1 h=7 _raw=5 6 7 time=5 host=6");
    }
}

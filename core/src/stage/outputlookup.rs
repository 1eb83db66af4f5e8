//! `outputlookup`: rows pass on, and the host gets them to write into the file of a table.
//!
//! Class: ordered: what it writes is what a whole window came to, once, and no late row takes it back.
//!
//! Where Splunk's manual is silent: the columns stand in the order in which the rows show them; of the internal fields `_time` alone is
//! written; the values of a multivalue stand on lines of one cell. A window without rows never closes, so it writes nothing; that no row
//! is left counts where a later command has dropped them.

use std::collections::BTreeSet;

use crate::{
    names::{Name, Names},
    outbox::{Manner, Written},
    row::{Env, Row},
};

/// `outputlookup table`.
#[derive(Clone, Debug)]
pub struct OutputLookup {
    /// The name of the table's file.
    pub file: String,
    /// What becomes of what it holds.
    pub manner: Manner,
    /// So many rows are written, the first ones.
    pub most: usize,
}

impl OutputLookup {
    /// The same rows. What they hold goes to the host, if there is one that writes.
    #[must_use]
    pub fn apply_all<'e>(&self, rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        if let Some(outbox) = env.outbox {
            let written = &rows[..rows.len().min(self.most)];
            let columns = columns(written, env);
            outbox.add(Written {
                file: self.file.clone(),
                rows: written.iter().map(|row| cells(row, &columns, env)).collect(),
                columns: columns.iter().map(|name| text(env.names.bytes(*name))).collect(),
                manner: self.manner.clone(),
            });
        }
        rows
    }
}

/// The fields of the rows, in the order in which they show up.
fn columns<'e>(rows: &[Row<'e>], env: Env<'e>) -> Vec<Name<'e>> {
    let (mut columns, mut known) = (Vec::new(), BTreeSet::new());
    for row in rows {
        row.visit(|name, _| {
            let is_told =
                name == Name::Known(Names::TIME) || !env.names.bytes(name).starts_with(b"_");
            if is_told && known.insert(name) {
                columns.push(name);
            }
        });
    }
    columns
}

fn cells<'e>(row: &Row<'e>, columns: &[Name<'e>], env: Env<'e>) -> Vec<Vec<u8>> {
    columns.iter().map(|name| row.get_name(*name).texts(env.bump).join(&b'\n')).collect()
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        outbox::{IfEmpty, Outbox},
        stage::testing::Lab,
    };

    #[test]
    fn the_host_gets_every_field_that_is_not_internal() {
        let lab = Lab::new(&["a"]);
        let outbox = Outbox::default();
        let env = Env { outbox: Some(&outbox), ..lab.env() };
        let manner = Manner::Replace(IfEmpty::Remove);
        let write = OutputLookup { file: "t.csv".to_owned(), manner: manner.clone(), most: 2 };
        let rows = lab.rows(&["_time=1 _raw=x a=1|2", "b=3 a=4", "c=5"]);
        assert_eq!(write.apply_all(rows, env).len(), 3, "all rows pass on");
        let [written] = <[Written; 1]>::try_from(outbox.take()).expect("one table was written");
        assert_eq!(written.columns, ["_time", "a", "b"]);
        assert_eq!(written.rows, [[&b"1"[..], b"1\n2", b""], [b"", b"4", b"3"]]);
        assert_eq!((written.file.as_str(), written.manner), ("t.csv", manner));
    }

    #[test]
    fn without_a_host_that_writes_rows_only_pass_on() {
        let lab = Lab::new(&[]);
        let write = OutputLookup { file: "t.csv".to_owned(), manner: Manner::Append, most: 9 };
        assert_eq!(write.apply_all(lab.rows(&["a=1"]), lab.env()).len(), 1);
    }
}

//! `append` and `appendpipe`: rows behind the rows. Whole window.

use super::{Stage, run};
use crate::{
    ids::BranchId,
    row::{Env, Rank, Row},
};

/// Where the rows of a pipeline in brackets come from.
#[derive(Debug)]
pub enum Source {
    /// It begins with a generating command, and runs when its rows are asked for.
    Generated(Box<[Stage]>),
    /// It looks at the events of the window, and is finished before.
    Branch(BranchId),
}

impl Source {
    /// The rows.
    #[must_use]
    pub fn rows<'e>(&self, env: Env<'e>) -> Vec<Row<'e>> {
        match self {
            Self::Generated(stages) => run(stages, Vec::new(), env),
            Self::Branch(id) => {
                env.branches.get(id.index()).map_or_else(Vec::new, |branch| branch.rows(env))
            }
        }
    }

    /// What the keys of its rows begin with, so that those of two sources differ.
    fn key(&self) -> String {
        match self {
            Self::Generated(_) => "added".to_owned(),
            Self::Branch(id) => format!("added of {}", id.index()),
        }
    }
}

/// `append [ pipeline ]`: the rows of another pipeline.
#[derive(Debug)]
pub struct Append {
    /// The pipeline.
    pub source: Source,
    /// How many of its rows at most.
    pub most: usize,
}

/// `appendpipe [ pipeline ]`: what a pipeline makes of the rows themselves, which stay.
#[derive(Debug)]
pub struct AppendPipe {
    /// The pipeline.
    pub stages: Box<[Stage]>,
}

impl Append {
    /// The rows, and those of the pipeline behind them.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let key = self.source.key();
        let more = self.source.rows(env).into_iter().take(self.most);
        rows.extend(more.zip(0..).map(|(row, number)| of_source(row, &key, number, env)));
        rows
    }
}

impl AppendPipe {
    /// The rows, and what the pipeline makes of them behind.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let more = run(&self.stages, rows.clone(), env).into_iter();
        rows.extend(more.zip(0..).map(|(row, number)| of_source(row, "added", number, env)));
        rows
    }
}

/// The rank of a row that came from no event, by its number.
pub(super) fn number_of_row(number: u64) -> Rank {
    Rank { newest_first_ns: i64::MAX, input: u32::MAX, offset: number, part: 0 }
}

/// A row that was added: its alert has a key of its own, though its group be that of another row.
fn of_source<'e>(row: Row<'e>, key: &str, number: u64, env: Env<'e>) -> Row<'e> {
    let group = row.group();
    row.of_group_parts([format!("{key} {number} ").as_bytes(), group], env.bump)
}

#[cfg(test)]
mod tests {
    use crate::stage::testing::run;

    #[test]
    fn rows_are_added_behind_the_rows() {
        for (command, expected) in [
            (
                "append [| makeresults count=2 | eval b=2 | fields b | fields - _time]",
                "a=1 / b=2 / b=2",
            ),
            ("append maxout=1 [makeresults count=2 | eval b=2 | table b]", "a=1 / b=2"),
            ("appendpipe [eval b=a+1 | where b=2]", "a=1 / a=1 b=2"),
            ("appendpipe [where a=3]", "a=1"),
        ] {
            assert_eq!(run(command, "a=1"), expected, "{command}");
        }
    }
}

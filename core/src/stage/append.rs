//! `append` and `appendpipe`: rows behind the rows. Whole window.

use super::{Stage, run};
use crate::row::{Env, Rank, Row};

/// `append [ pipeline ]`: what a pipeline makes of no event.
#[derive(Debug)]
pub struct Append {
    /// The pipeline, which begins with a generating command.
    pub stages: Box<[Stage]>,
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
        let more = run(&self.stages, Vec::new(), env).into_iter().take(self.most);
        rows.extend(more.zip(0..).map(|(row, number)| of_branch(row, number, env)));
        rows
    }
}

impl AppendPipe {
    /// The rows, and what the pipeline makes of them behind.
    #[must_use]
    pub fn apply_all<'e>(&self, mut rows: Vec<Row<'e>>, env: Env<'e>) -> Vec<Row<'e>> {
        let more = run(&self.stages, rows.clone(), env).into_iter();
        rows.extend(more.zip(0..).map(|(row, number)| of_branch(row, number, env)));
        rows
    }
}

/// The rank of a row that came from no event, by its number.
pub(super) fn number_of_row(number: u64) -> Rank {
    Rank { newest_first_ns: i64::MAX, input: u32::MAX, offset: number, part: 0 }
}

/// A row that was added: its alert has a key of its own, though its group be that of another row.
fn of_branch<'e>(row: Row<'e>, number: u64, env: Env<'e>) -> Row<'e> {
    let group = row.group();
    row.of_group_parts([format!("added {number} ").as_bytes(), group], env.bump)
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

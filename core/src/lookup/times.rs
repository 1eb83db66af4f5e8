//! Lookups by time: of the rows that fit, those that were true when the event happened.
//!
//! The rows of such a table stand newest first, so that the rows which an event may take stand side by side wherever its keys are
//! found, and the nearest one is the first of them. A row whose time cannot be read is never taken.

use bumpalo::Bump;
use jiff::tz::TimeZone;

use super::table::{Table, TableBuilder};
use crate::{
    event::time,
    expr::times::{Read, read},
    value::Value,
};

/// When the rows of a table began to hold, and how far an event may lie behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// The time of each row, newest first, in nanoseconds since the epoch.
    pub rows_ns: Box<[i64]>,
    /// `min_offset_secs`: an event lies at least so far behind a row that it takes, in nanoseconds.
    pub least_offset_ns: i64,
    /// `max_offset_secs`: and at most so far.
    pub most_offset_ns: i64,
}

impl Times {
    /// Of `rows`, which are in order, those that an event of `time_ns` may take, the nearest first.
    pub(super) fn within<'r>(&self, rows: &'r [u32], time_ns: i64) -> &'r [u32] {
        let newest_ns = time_ns.saturating_sub(self.least_offset_ns);
        let oldest_ns = time_ns.saturating_sub(self.most_offset_ns);
        let time_of = |row: u32| self.rows_ns[row as usize];
        let start = rows.partition_point(|&row| time_of(row) > newest_ns);
        let end = rows.partition_point(|&row| time_of(row) >= oldest_ns);
        rows.get(start..end).unwrap_or_default()
    }
}

/// The rows of `table` whose time can be read, newest first, and their times. `format` is one of `strptime`; without one the cells
/// are epoch seconds. Unlike Splunk, times without a zone are of UTC.
#[must_use]
pub fn by_time(table: &Table, column: usize, format: Option<&str>) -> (Table, Box<[i64]>) {
    let time_of = |row| time_ns(table.cell(row, column), format);
    let mut timed: Vec<(i64, u32)> =
        table.rows().filter_map(|row| Some((time_of(row)?, row))).collect();
    timed.sort_by_key(|(time_ns, _)| std::cmp::Reverse(*time_ns));
    let mut sorted = TableBuilder::new(table.columns().iter().map(|name| &**name));
    for (_, row) in &timed {
        let cells = (0..table.columns().len()).map(|column| table.cell(*row, column));
        sorted.push(cells).expect("a table has room for its own rows");
    }
    (sorted.build(), timed.into_iter().map(|(time_ns, _)| time_ns).collect())
}

fn time_ns(cell: &[u8], format: Option<&str>) -> Option<i64> {
    match format {
        Some(format) => read(cell, format.as_bytes(), Read { zone: &TimeZone::UTC, now_s: 0.0 }),
        None => time::of_value(Value::Text(cell), &Bump::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cells: &[&str]) -> Table {
        let mut builder = TableBuilder::new(["at", "n"]);
        for (cell, number) in cells.iter().zip(b'0'..) {
            builder.push([cell.as_bytes(), &[number]]).expect("it has room");
        }
        builder.build()
    }

    #[test]
    fn rows_stand_newest_first_and_those_without_a_time_are_gone() {
        for (format, cells) in [
            (None, ["10", "30.5", "", "never", "30.5", "20"]),
            (
                Some("%Y-%m-%d %H:%M:%S.%3N"),
                [
                    "1970-01-01 00:00:10.000",
                    "1970-01-01 00:00:30.500",
                    "",
                    "10",
                    "1970-01-01 00:00:30.500",
                    "1970-01-01 00:00:20.000",
                ],
            ),
        ] {
            let (sorted, times_ns) = by_time(&table(&cells), 0, format);
            let order: Vec<_> = sorted.rows().map(|row| sorted.cell(row, 1)[0]).collect();
            assert_eq!(order, b"1450", "{format:?}");
            assert_eq!(*times_ns, [30_500_000_000, 30_500_000_000, 20_000_000_000, 10_000_000_000]);
        }
    }

    #[test]
    fn an_event_takes_the_rows_that_lie_before_it_and_not_too_far() {
        let times =
            Times { rows_ns: [50, 40, 40, 30, 10].into(), least_offset_ns: 5, most_offset_ns: 20 };
        for (time_ns, expected) in [
            (55, &[0, 1, 2][..]),
            (54, &[1, 2]),
            (50, &[1, 2, 3]),
            (35, &[3]),
            (34, &[]),
            (30, &[4]),
            (31, &[]),
            (i64::MIN, &[]),
        ] {
            assert_eq!(times.within(&[0, 1, 2, 3, 4], time_ns), expected, "{time_ns}");
        }
        assert_eq!(times.within(&[1, 4], 50), [1]);
        assert_eq!(times.within(&[], 50), [0_u32; 0]);
        let odd = Times { least_offset_ns: 20, most_offset_ns: 5, ..times };
        assert_eq!(odd.within(&[0, 1, 2, 3, 4], 55), [0_u32; 0]);
    }
}

//! Times that mean something on a machine that others use too: medians of interleaved runs.
//!
//! Whatever is compared runs in turn, so that what else the machine does meets all of it alike. Figures of one call may be
//! compared with each other, those of two calls hardly.

use std::{any::Any, time::Instant};

/// One thing to measure.
pub struct Subject<'s> {
    /// Does it once; returns what was found, the same each time, and what is let go once the clock has stopped.
    work: Box<dyn FnMut() -> (u64, Box<dyn Any>) + 's>,
    times_s: Vec<f64>,
    found: Option<u64>,
}

/// What became of a subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The median of its runs, in seconds.
    pub seconds: f64,
    /// What each run found.
    pub found: u64,
}

impl<'s> Subject<'s> {
    /// Something that does `work` and tells what it has found.
    pub fn new(mut work: impl FnMut() -> u64 + 's) -> Self {
        Self::making(move || (work(), ()))
    }

    /// The same, where the work also makes something. What it takes to let that go is not measured.
    pub fn making<T: 'static>(mut work: impl FnMut() -> (u64, T) + 's) -> Self {
        let work = move || {
            let (found, made) = work();
            (found, Box::new(made) as Box<dyn Any>)
        };
        Self { work: Box::new(work), times_s: Vec::new(), found: None }
    }

    fn run(&mut self, is_timed: bool) {
        #[expect(clippy::disallowed_methods, reason = "what is measured is time")]
        let started = Instant::now();
        let (found, _made) = std::hint::black_box((self.work)());
        let took_s = started.elapsed().as_secs_f64();
        assert_eq!(*self.found.get_or_insert(found), found, "each run finds the same");
        if is_timed {
            self.times_s.push(took_s);
        }
    }

    fn measured(mut self) -> Measured {
        self.times_s.sort_by(f64::total_cmp);
        let found = self.found.expect("it has run");
        Measured { seconds: self.times_s[self.times_s.len() / 2], found }
    }
}

/// Runs all subjects in turn, `runs` times and once before to warm up; what became of each, in their order.
///
/// # Panics
/// If a subject does not find the same in each run.
#[must_use]
pub fn interleaved(runs: usize, mut subjects: Vec<Subject<'_>>) -> Vec<Measured> {
    subjects.iter_mut().for_each(|subject| subject.run(false));
    for _ in 0..runs.max(1) {
        subjects.iter_mut().for_each(|subject| subject.run(true));
    }
    subjects.into_iter().map(Subject::measured).collect()
}

/// How many bytes the lines have together.
#[must_use]
pub fn bytes(lines: &[Vec<u8>]) -> usize {
    lines.iter().map(Vec::len).sum()
}

/// Millions of bytes a second.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub fn megabytes_per_second(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / 1e6 / seconds.max(1e-9)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn subjects_run_in_turn() {
        let order = RefCell::new(Vec::new());
        let subject = |name: char, found| {
            let order = &order;
            Subject::new(move || {
                order.borrow_mut().push(name);
                found
            })
        };
        let measured = interleaved(2, vec![subject('a', 1), subject('b', 2)]);
        assert_eq!(measured.iter().map(|it| it.found).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(*order.borrow(), ['a', 'b', 'a', 'b', 'a', 'b']);
    }
}

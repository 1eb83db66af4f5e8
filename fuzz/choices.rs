//! Choices that the fuzzer makes: a random source whose numbers are the input's bytes, so that a changed byte is another
//! choice and all others stay.

/// The rest of the input, last byte first.
pub(crate) struct Random {
    data: Vec<u8>,
}

impl Random {
    pub(crate) fn new(data: &[u8]) -> Self {
        Self { data: data.iter().rev().copied().collect() }
    }

    /// A number below `bound`, which is not zero; 0 behind the end.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bytes = if bound > 256 { 2 } else { 1 };
        let mut number = 0;
        for _ in 0..bytes {
            number = number * 256 + usize::from(self.data.pop().unwrap_or(0));
        }
        number % bound
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 1 % times
    }

    /// One of `choices`.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

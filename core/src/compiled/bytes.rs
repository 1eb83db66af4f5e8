//! The bytes of a compiled file, which the rule set goes on to use where they stand.

use std::{
    ops::{Deref, Range},
    sync::Arc,
};

use crate::codec::Malformed;

/// Where an automaton may begin: at a multiple of so many bytes from the start of the file.
pub(super) const ALIGNMENT: usize = align_of::<u32>();

/// A whole file. Cheap to clone; its first byte stands where a number of 32 bits may.
#[derive(Clone)]
pub(super) struct FileBytes {
    shared: Arc<Vec<u8>>,
    /// How many bytes before the file there are for its sake.
    start: usize,
}

impl FileBytes {
    /// The file, copied only where it stands wrong: allocators hardly ever do that.
    pub(super) fn new(bytes: &Arc<Vec<u8>>) -> Self {
        if bytes.as_ptr().align_offset(ALIGNMENT) == 0 {
            return Self { shared: Arc::clone(bytes), start: 0 };
        }
        let mut moved: Vec<u8> = Vec::with_capacity(bytes.len() + ALIGNMENT);
        let start = moved.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        moved.resize(start, 0);
        moved.extend_from_slice(bytes);
        Self { shared: Arc::new(moved), start }
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.shared[self.start..]
    }
}

/// Some bytes of a file, which stays in memory for them.
pub(crate) struct Part {
    file: FileBytes,
    range: Range<usize>,
}

impl Deref for Part {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.file[self.range.clone()]
    }
}

/// Takes the automata off the end of a file, in their order.
pub(crate) struct Automata {
    file: FileBytes,
    next: usize,
}

impl Automata {
    /// Those that begin at byte `start` of the file.
    pub(super) fn new(file: FileBytes, start: usize) -> Self {
        Self { file, next: start }
    }

    /// The next one, of so many bytes.
    ///
    /// # Errors
    /// If there are not so many, or something stands before it.
    pub(super) fn take(&mut self, bytes: usize) -> Result<Part, Malformed> {
        let start = self.next.next_multiple_of(ALIGNMENT);
        let end = start.checked_add(bytes).filter(|&end| end <= self.file.len());
        let end = end.ok_or(Malformed::new("an automaton is cut short"))?;
        if self.file[self.next..start].iter().any(|&byte| byte != 0) {
            return Err(Malformed::new("something stands between automata"));
        }
        self.next = end;
        Ok(Part { file: self.file.clone(), range: start..end })
    }

    /// That there are no more.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        let is_end = self.next == self.file.len();
        if is_end { Ok(()) } else { Err(Malformed::new("bytes follow the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automata_stand_where_numbers_may_and_nothing_stands_between_them() {
        let file = FileBytes::new(&Arc::new(b"head!\0\0\0abc\0defg".to_vec()));
        let mut automata = Automata::new(file.clone(), 5);
        assert_eq!(&*automata.take(3).unwrap(), b"abc");
        let last = automata.take(4).unwrap();
        assert_eq!((&*last, last.as_ptr().align_offset(ALIGNMENT)), (&b"defg"[..], 0));
        assert_eq!(automata.end(), Ok(()));
        assert!(automata.take(1).is_err(), "there is no more");
        assert!(Automata::new(file.clone(), 3).take(3).is_err(), "`d` stands before it");
        assert!(Automata::new(file, 5).end().is_err());
    }
}

//! A copy of a chunk with changes; none is made before the first change.

use std::ops::Range;

use crate::{
    chunk::{Map, Pair, Record},
    msgpack::{Token, write_array, write_map, write_text},
};

/// The key under which a record says which rules it passed.
pub const KEY: &[u8] = b"caltrop";

/// The changes of a chunk, from front to back.
#[derive(Debug)]
pub struct Splice<'a> {
    chunk: &'a [u8],
    out: Vec<u8>,
    /// So much of the chunk is in the copy, or left out of it.
    done: usize,
    is_changed: bool,
}

impl<'a> Splice<'a> {
    /// No changes yet. `out` is an empty vector whose memory is used.
    #[must_use]
    pub fn new(chunk: &'a [u8], out: Vec<u8>) -> Self {
        Self { chunk, out, done: 0, is_changed: false }
    }

    /// Puts `bytes` in the place of a range that ends behind every other so far.
    pub fn replace(&mut self, range: Range<usize>, bytes: &[u8]) {
        self.out.extend_from_slice(&self.chunk[self.done..range.start]);
        self.out.extend_from_slice(bytes);
        self.done = range.end;
        self.is_changed = true;
    }

    /// Leaves a range out.
    pub fn cut(&mut self, range: Range<usize>) {
        self.replace(range, &[]);
    }

    /// Puts `bytes` before the byte at `at`.
    pub fn insert(&mut self, at: usize, bytes: &[u8]) {
        self.replace(at..at, bytes);
    }

    /// Adds `ids` to those that the record has under [`KEY`]; a value there that is no array is replaced.
    pub fn annotate<'t>(
        &mut self,
        record: &Record<'_>,
        ids: impl ExactSizeIterator<Item = &'t str>,
    ) {
        let (count, mut written) = (ids.len(), Vec::new());
        ids.for_each(|id| write_text(&mut written, id.as_bytes()));
        match record.body.find(KEY) {
            Some(Pair { value: Token::Array(before), head, end, .. }) => {
                self.replace(head, &array_head(sum(before, count)));
                self.insert(end, &written);
            }
            Some(Pair { head, end, .. }) => {
                self.replace(head.start..end, &[array_head(count), written].concat());
            }
            None => self.add_list(&record.body, count, &written),
        }
    }

    /// Adds a list under [`KEY`] behind the other pairs.
    fn add_list(&mut self, body: &Map<'_>, count: usize, written: &[u8]) {
        let mut head = Vec::new();
        write_map(&mut head, sum(body.count, 1));
        self.replace(body.head.clone(), &head);
        let mut key = Vec::new();
        write_text(&mut key, KEY);
        self.insert(body.end, &[&key, array_head(count).as_slice(), written].concat());
    }

    /// The changed chunk, or else the memory that was lent.
    ///
    /// # Errors
    /// If nothing was changed.
    pub fn finish(mut self) -> Result<Vec<u8>, Vec<u8>> {
        if !self.is_changed {
            return Err(self.out);
        }
        self.out.extend_from_slice(&self.chunk[self.done..]);
        Ok(self.out)
    }
}

/// A count that was read and so many more.
fn sum(count: u32, more: usize) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).saturating_add(more)
}

fn array_head(count: usize) -> Vec<u8> {
    let mut head = Vec::new();
    write_array(&mut head, count);
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{Chunk, Part};

    fn annotated(body: &[u8], ids: &[&str]) -> Vec<u8> {
        let chunk = [&[0x92, 0x05], body, &[0xc0]].concat();
        let Some(Part::Record(record)) = Chunk::new(&chunk).next() else { panic!("a record") };
        let mut splice = Splice::new(&chunk, Vec::new());
        splice.annotate(&record, ids.iter().copied());
        let out = splice.finish().expect("it is changed");
        assert_eq!((&out[..2], out.last()), (&[0x92, 0x05][..], Some(&0xc0)));
        out[2..out.len() - 1].to_vec()
    }

    #[test]
    fn a_chunk_without_changes_is_not_copied() {
        let splice = Splice::new(b"chunk", Vec::with_capacity(7));
        let lent = splice.finish().unwrap_err();
        assert_eq!((lent.len(), lent.capacity()), (0, 7));
    }

    #[test]
    fn what_is_cut_and_put_in_leaves_the_rest() {
        let mut splice = Splice::new(b"0123456789", Vec::new());
        splice.cut(1..3);
        splice.insert(3, b"ab");
        splice.replace(5..6, b"X");
        assert_eq!(splice.finish().unwrap(), b"0ab34X6789");
    }

    #[test]
    fn ids_are_added_behind_the_other_keys() {
        let key = b"\xa7caltrop";
        let empty = annotated(&[0x80], &["r"]);
        assert_eq!(empty, [&[0x81], &key[..], &[0x91, 0xa1, b'r']].concat());
        let wide = annotated(&[0xde, 0, 1, 0xa1, b'k', 1], &["r", "s"]);
        assert_eq!(
            wide,
            [&[0x82, 0xa1, b'k', 1], &key[..], &[0x92, 0xa1, b'r', 0xa1, b's']].concat()
        );
        let full = [&[0x8f][..], &[0xa1, b'k', 1].repeat(15)].concat();
        assert_eq!(annotated(&full, &["r"])[..3], [0xde, 0, 16]);
    }

    #[test]
    fn ids_of_another_filter_stay_and_what_is_no_list_goes() {
        let key = b"\xa7caltrop";
        let body = |value: &[u8]| [&[0x82], &key[..], value, &[0xa1, b'k', 1]].concat();
        assert_eq!(
            annotated(&body(&[0x91, 0xa1, b'q']), &["r"]),
            body(&[0x92, 0xa1, b'q', 0xa1, b'r'])
        );
        assert_eq!(annotated(&body(&[0xa1, b'q']), &["r"]), body(&[0x91, 0xa1, b'r']));
    }
}

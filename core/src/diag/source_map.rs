//! Where each part of a text came from in another: expanded SPL in the rule's SPL, a rule's SPL in its file.

use super::Span;

/// Maps places of a text to places of the original that it was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    /// In order; each ends where the next one starts.
    pieces: Vec<Piece>,
}

/// How a stretch of text came from its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Byte by byte.
    Copy,
    /// All of it from all of the original's stretch, such as a macro's text from its call.
    Made,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    start: usize,
    original: Span,
    origin: Origin,
}

impl SourceMap {
    /// Says that from byte `start` on, the text came from `original`. Calls come in the order of the text; one that only
    /// goes on with the last is joined to it.
    pub fn push(&mut self, start: usize, original: Span, origin: Origin) {
        if let Some(last) = self.pieces.last_mut().filter(|last| last.origin == origin) {
            let is_next = last.original.end == original.start
                && start - last.start == original.start - last.original.start;
            match origin {
                Origin::Copy if is_next => return last.original.end = original.end,
                Origin::Made if last.original == original => return,
                _ => {}
            }
        }
        self.pieces.push(Piece { start, original, origin });
    }

    /// The place in the original that `span` came from; all of a stretch that was not copied.
    #[must_use]
    pub fn original(&self, span: Span) -> Span {
        if span.end > span.start {
            return self.place(span.start).to(self.place(span.end - 1));
        }
        // The end of the text, and the place before something made, belong to what stands before them.
        let before = span.start.checked_sub(1).map(|at| self.place(at).end);
        let after = self.place(span.start);
        Span::at(before.filter(|_| after.start == after.end).unwrap_or(after.start))
    }

    /// The place of the byte at `at`; empty behind the end.
    fn place(&self, at: usize) -> Span {
        let after = self.pieces.partition_point(|piece| piece.start <= at);
        let Some(piece) = after.checked_sub(1).map(|index| &self.pieces[index]) else {
            return Span::at(at);
        };
        if piece.origin == Origin::Made {
            return piece.original;
        }
        let start = (piece.original.start + (at - piece.start)).min(piece.original.end);
        Span::new(start, (start + 1).min(piece.original.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_map_byte_by_byte_and_made_text_maps_to_all_of_its_origin() {
        let mut map = SourceMap::default();
        map.push(0, Span::new(10, 12), Origin::Copy);
        map.push(2, Span::new(12, 14), Origin::Copy);
        map.push(4, Span::new(20, 30), Origin::Made);
        map.push(9, Span::new(30, 33), Origin::Copy);
        assert_eq!(map.pieces.len(), 3);
        for (span, expected) in [
            (Span::new(1, 3), Span::new(11, 13)),
            (Span::new(3, 5), Span::new(13, 30)),
            (Span::new(6, 7), Span::new(20, 30)),
            (Span::new(8, 11), Span::new(20, 32)),
            (Span::at(3), Span::at(13)),
            (Span::at(12), Span::at(33)),
        ] {
            assert_eq!(map.original(span), expected, "{span:?}");
        }
        assert_eq!(SourceMap::default().original(Span::new(3, 4)), Span::at(3).to(Span::at(3)));
    }
}

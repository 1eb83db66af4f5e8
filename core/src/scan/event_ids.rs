//! The event ids that rules ask for, and those that a text names as rules do.

use super::needle::Needle;
use crate::ids::AtomId;

/// The ids, each with its atom.
#[derive(Clone, Debug)]
pub(super) struct EventIds {
    /// In the order of their texts.
    atoms: Vec<(Box<[u8]>, AtomId)>,
    names: [Needle; 2],
}

impl EventIds {
    /// The ids of `atoms`, in any order.
    pub(super) fn new(mut atoms: Vec<(Box<[u8]>, AtomId)>) -> Self {
        atoms.sort();
        Self { atoms, names: [b"eventcode=".as_slice(), b"eventid>"].map(Needle::new) }
    }

    /// The atom of an id.
    pub(super) fn atom(&self, id: &[u8]) -> Option<AtomId> {
        let place = self.atoms.binary_search_by(|(text, _)| (**text).cmp(id));
        place.ok().map(|place| self.atoms[place].1)
    }

    /// The numbers behind `EventCode=` and `EventID>`, wherever they stand.
    pub(super) fn named<'r>(&'r self, raw: &'r [u8]) -> impl Iterator<Item = &'r [u8]> {
        self.names.iter().flat_map(move |name| {
            name.starts(raw).map(move |start| {
                let rest = &raw[start + name.text().len()..];
                &rest[..rest.iter().take_while(|byte| byte.is_ascii_digit()).count()]
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_text_names_are_found_in_either_form() {
        let ids = EventIds::new(vec![(b"4688".as_slice().into(), AtomId::new(3))]);
        let raw = b"<EventID>4688</EventID> eventcode=1 EventCode= EVENTCODE=22";
        let named: Vec<_> = ids.named(raw).collect();
        assert_eq!(named, [b"1".as_slice(), b"", b"22", b"4688", b""]);
        assert_eq!(ids.atom(b"4688"), Some(AtomId::new(3)));
        assert_eq!(ids.atom(b"468"), None);
    }
}

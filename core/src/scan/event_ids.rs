//! The rules that ask for the id of an event, by that id.

use std::collections::BTreeMap;

use super::{candidates::Candidates, needle::Needle};
use crate::ids::RuleId;

/// For each id, the rules that can match an event of it.
#[derive(Clone, Debug)]
pub(super) struct EventIds {
    /// In the order of the ids.
    rules: Vec<(Box<[u8]>, Candidates)>,
    /// The rules that ask for some id.
    asking: Candidates,
    names: [Needle; 2],
}

impl EventIds {
    /// Rules, each with the ids of which an event must have one.
    pub(super) fn new<'a>(asked: impl Iterator<Item = (RuleId, &'a [u8])>, rules: usize) -> Self {
        let mut by_id = BTreeMap::new();
        let mut asking = Candidates::new(rules);
        for (rule, id) in asked {
            asking.insert(rule);
            by_id.entry(id.into()).or_insert_with(|| Candidates::new(rules)).insert(rule);
        }
        let names = [b"eventcode=".as_slice(), b"eventid>"].map(Needle::new);
        Self { rules: by_id.into_iter().collect(), asking, names }
    }

    /// Takes from `candidates` the rules that ask for other ids than an event with this text has or names; `excluded` is a place to
    /// work in.
    pub(super) fn narrow(
        &self,
        raw: &[u8],
        own: Option<&[u8]>,
        candidates: &mut Candidates,
        excluded: &mut Candidates,
    ) {
        excluded.clone_from(&self.asking);
        for rules in own.into_iter().chain(self.named(raw)).filter_map(|id| self.rules_of(id)) {
            excluded.remove_all(rules);
        }
        candidates.remove_all(excluded);
    }

    fn rules_of(&self, id: &[u8]) -> Option<&Candidates> {
        let place = self.rules.binary_search_by(|(text, _)| (**text).cmp(id));
        place.ok().map(|place| &self.rules[place].1)
    }

    /// The numbers behind `EventCode=` and `EventID>`, wherever they stand.
    fn named<'r>(&'r self, raw: &'r [u8]) -> impl Iterator<Item = &'r [u8]> {
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
        let asked = [(0, b"4688".as_slice()), (1, b"1"), (1, b"22"), (2, b"7")];
        let ids = EventIds::new(asked.map(|(rule, id)| (RuleId::new(rule), id)).into_iter(), 4);
        let raw = b"<EventID>4688</EventID> eventcode=1 EventCode= EVENTCODE=22";
        let named: Vec<_> = ids.named(raw).collect();
        assert_eq!(named, [b"1".as_slice(), b"", b"22", b"4688", b""]);
        for (raw, own, left) in [
            (raw.as_slice(), None, vec![0, 1, 3]),
            (b"EventCode=468", Some(b"7".as_slice()), vec![2, 3]),
            (b"", Some(b"46"), vec![3]),
        ] {
            let mut candidates = Candidates::new(4);
            (0..4).for_each(|rule| candidates.insert(RuleId::new(rule)));
            ids.narrow(raw, own, &mut candidates, &mut Candidates::default());
            assert_eq!(candidates.iter().map(RuleId::index).collect::<Vec<_>>(), left);
        }
    }
}

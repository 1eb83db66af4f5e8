//! Windows that go on under other rules.

use super::{Window, Windows};
use crate::{agg::window::Slot, ids::RuleId, names::Names};

impl Windows {
    /// The same windows for another rule set, in which `heir` is the rule that goes on with those of a rule. `names` are what
    /// the two sets call fields, the old one's first.
    ///
    /// # Panics
    /// If there are windows of a rule without an heir.
    #[must_use]
    pub(crate) fn handed_over(
        self,
        heir: impl Fn(RuleId) -> Option<RuleId>,
        names: [&Names; 2],
    ) -> Self {
        let Self { open, retained, rests, finals, pool, hasher, .. } = self;
        let mut to = Self { pool, hasher, finals: finals.handed_over(&heir), ..Self::default() };
        let moved = |slot: &Slot| {
            let rule = heir(slot.rule).expect("the windows of all others have ended");
            Slot { rule, ..slot.clone() }
        };
        for (slot, window) in open.into_things() {
            let window = to.renamed(window, names);
            match rests.contains(&slot) {
                true => to.put_rest(&moved(&slot), window),
                false => to.put(&moved(&slot), window),
            }
        }
        // What is retained are groups, and these know fields by their texts.
        for (slot, retained) in retained.into_things() {
            to.retain(&moved(&slot), retained);
        }
        to
    }

    fn renamed(&mut self, window: Window, names: [&Names; 2]) -> Window {
        let Some(renamed) = window.renamed(|| self.arena(), names) else { return window };
        self.recycle(window.into_owner());
        renamed
    }
}

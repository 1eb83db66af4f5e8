//! Windows that go on under other rules.

use super::{Window, Windows};
use crate::{
    agg::window::Slot,
    compiled::{Reduce, RuleSet},
    ids::RuleId,
    names::Names,
};

impl Windows {
    /// The same windows for the rule set `rules`, in which `heir` is the rule that goes on with those of a rule. `names` are what
    /// the old set calls fields.
    ///
    /// # Panics
    /// If there are windows of a rule without an heir.
    #[must_use]
    pub(crate) fn handed_over(
        self,
        heir: impl Fn(RuleId) -> Option<RuleId>,
        names: &Names,
        rules: &RuleSet,
    ) -> Self {
        let Self { open, retained, rests, finals, pool, hasher, .. } = self;
        let mut to = Self { pool, hasher, finals: finals.handed_over(&heir), ..Self::default() };
        let moved = |slot: &Slot| {
            let rule = heir(slot.rule).expect("the windows of all others have ended");
            Slot { rule, ..slot.clone() }
        };
        for (slot, window) in open.into_things() {
            let heir = moved(&slot);
            let reduce = rules.rule(heir.rule).plan.reduce.as_ref();
            let reduce = reduce.expect("a rule means the same as the one it is heir of");
            let window = to.renamed(window, reduce, [names, &rules.names]);
            match rests.contains(&slot) {
                true => to.put_rest(&heir, window),
                false => to.put(&heir, window),
            }
        }
        // What is retained are groups, and these know fields by their texts.
        for (slot, retained) in retained.into_things() {
            to.retain(&moved(&slot), retained);
        }
        to
    }

    fn renamed(&mut self, window: Window, reduce: &Reduce, names: [&Names; 2]) -> Window {
        let arena = || self.pool.pop().unwrap_or_default();
        let Some(renamed) = window.renamed(arena, reduce, &self.hasher, names) else {
            return window;
        };
        self.recycle(window.into_owner());
        renamed
    }
}

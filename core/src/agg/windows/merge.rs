//! The windows of two engines over the same rules, put together.

use super::Windows;
use crate::{
    agg::window::{Slot, Window},
    compiled::Reduce,
};

impl Windows {
    /// Every open window, in the order in which the windows of one host, or of all, close.
    pub(crate) fn into_open(self) -> impl Iterator<Item = (Slot, Window)> {
        self.open.into_things()
    }

    /// Takes in what a window of the same slot has seen, under another engine over the same rules.
    pub(crate) fn merge(&mut self, slot: &Slot, other: Window, reduce: &Reduce) {
        let Some(window) = self.open.get_mut(slot) else {
            return self.put(slot, other);
        };
        let before = window.bytes();
        window.merge(&other, reduce);
        let after = window.bytes();
        self.count(slot.rule, before, after);
        self.recycle(other.into_owner());
    }
}
